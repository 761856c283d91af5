package jsonwalk_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/broked/broked/internal/jsonwalk"
)

func parse(tb testing.TB, text string) jsonwalk.Path {
	tb.Helper()
	p, err := jsonwalk.Parse(text)
	if err != nil {
		tb.Fatal(err)
	}
	return p
}

func TestParse(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]string{
		"": nil, "$": nil, "$[*]": nil, "data": {"data"}, "data.items": {"data", "items"}, "$.data.items[*]": {"data", "items"}, "$.data.*": {"data"},
		"data[0].id": {"data", "0", "id"}, "data['a.b']": {"data", "a.b"}, `["x"][-1]`: {"x", "-1"}, `a\.b.c`: {"a.b", "c"}, "$['@odata.nextLink']": {"@odata.nextLink"},
		"0.id": {"0", "id"}, "@odata": {"@odata"},
	} {
		if got, err := jsonwalk.Parse(text); err != nil || !slices.Equal(got, want) {
			t.Errorf("%q: %q, %v", text, got, err)
		}
	}
	for _, wrong := range []string{"a..b", ".", "a.", "a[", "a[]", "a[x]", "a['x", "a[0", "a[0]b", "*.a", "a.*.b", "a[-2]", "a[01]", "a[*].b"} {
		if got, err := jsonwalk.Parse(wrong); err == nil {
			t.Errorf("%q is read as %q", wrong, got)
		}
	}
}

func TestWalk(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		document, records string
		wanted            []string
		rows              string
		values            string
	}{
		{`[{"a":1},{"a":2}]`, "", nil, `{"a":1} {"a":2}`, ""},
		{`{"a": 1, "b": [ 1, 2 ]}`, "", []string{"b[1]", "b.-1", "c"}, `{"a":1,"b":[ 1, 2 ]}`, `b.1=2 b.-1=2`},
		{`{"next":"x","data":[1,"é",null],"skip":{"data":[9]},"meta":{"end":true,"n":[[1],[2]]}}`, "data", []string{"next", "meta.end", "meta.n[1]"}, `1 "é" null`, `next="x" meta.end=true meta.n.1=[2]`},
		{`{"a":[{"b":{"rows":[{"x":12345678901234567890}]}}]}`, "a[0].b.rows", nil, `{"x":12345678901234567890}`, ""},
		{`{"a":{"rows":[1,2],"c":3}}`, "a.rows", []string{"a", "a.c"}, `1 2`, `a={"rows":[1,2],"c":3} a.c=3`},
		{`{"data":null}`, "data", nil, ``, ""},
		{`{"data":7}`, "data", []string{"data.x"}, `7`, ""},
		{`{"data":{"id":"x"}}`, "data", []string{"data.id"}, `{"id":"x"}`, `data.id="x"`},
		{`"text"`, "", nil, `"text"`, ""},
	} {
		var rows, wanted []string
		var paths []jsonwalk.Path
		for _, text := range tc.wanted {
			paths = append(paths, parse(t, text))
		}
		found, err := jsonwalk.Walk(strings.NewReader(tc.document), parse(t, tc.records), paths, func(r json.RawMessage) error {
			rows = append(rows, string(r))
			return nil
		})
		for _, p := range paths {
			if v, there := found.Values[p.String()]; there {
				wanted = append(wanted, fmt.Sprintf("%s=%s", strings.Join(p, "."), v))
			}
		}
		if err != nil || !found.There || strings.Join(rows, " ") != tc.rows || strings.Join(wanted, " ") != tc.values {
			t.Errorf("%s: rows %q, values %q, %+v, %v", tc.document, rows, wanted, found, err)
		}
	}
}

func TestWalkSaysWhatIsMissing(t *testing.T) {
	t.Parallel()
	found, err := jsonwalk.Walk(strings.NewReader(`{"data":{"list":[1],"total":1},"x":2}`), parse(t, "data.items"), nil, func(json.RawMessage) error { return nil })
	if err != nil || found.There || !slices.Equal(found.Names, []string{"list", "total"}) {
		t.Errorf("%+v, %v", found, err)
	}
}

func TestWhatIsNoDocument(t *testing.T) {
	t.Parallel()
	for _, wrong := range []string{"", "{", "[1", "[1,]", `{"data":[{"a":1}`, `{"data":[1]} x`, `{"data":[1]}{}`, "<html>", `{"a" 1}`, `{"data":[{"a":}]}`, "nul"} {
		_, err := jsonwalk.Walk(strings.NewReader(wrong), parse(t, "data"), nil, func(json.RawMessage) error { return nil })
		if err == nil {
			t.Errorf("%q is a document", wrong)
		}
	}
	full := io.ErrShortWrite
	if _, err := jsonwalk.Walk(strings.NewReader("[1]"), nil, nil, func(json.RawMessage) error { return full }); err != full { //nolint:errorlint // it is this one
		t.Errorf("the error of a record: %v", err)
	}
}

// FuzzParse holds that what is read can be written, and is read again as the same.
func FuzzParse(f *testing.F) {
	for _, text := range []string{"data.items", "$.a[0]['x.y']", `a\.b`, "[", "[*]", "..", "a[*].b"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := jsonwalk.Parse(text)
		if err != nil {
			return
		}
		again, err := jsonwalk.Parse(p.String())
		if err != nil || !slices.Equal(p, again) {
			t.Errorf("%q is %q, written as %q, which is %q, %v", text, p, p.String(), again, err)
		}
	})
}

// FuzzWalk holds that Walk takes what encoding/json takes, and finds what Lookup
// finds.
func FuzzWalk(f *testing.F) {
	for _, seed := range [][2]string{{`{"data":[{"a":1}],"n":[1]}`, "data"}, {`[1,[2],{"a":null}]`, ""}, {`{"a":{"b":"x"}}`, "a.b"}, {`{"a":`, "a"}} {
		f.Add([]byte(seed[0]), seed[1])
	}
	f.Fuzz(func(t *testing.T, document []byte, path string) {
		p, err := jsonwalk.Parse(path)
		if err != nil || len(p) > 5 || slices.Contains(p, jsonwalk.Last) {
			return
		}
		var rows [][]byte
		found, err := jsonwalk.Walk(bytes.NewReader(document), p, nil, func(r json.RawMessage) error {
			rows = append(rows, r)
			return nil
		})
		if (err == nil) != json.Valid(document) {
			t.Fatalf("valid: %t, walked: %v", json.Valid(document), err)
		}
		if err != nil || strings.Count(string(document), `"`) > 12 { // twice the same name: which one counts is open
			return
		}
		at, there := jsonwalk.Lookup(document, p)
		if !there && found.There {
			t.Fatalf("%q is found by Walk alone", p)
		}
		var list []json.RawMessage
		if there && json.Unmarshal(at, &list) == nil && found.List && len(list) > len(rows) {
			t.Errorf("%d rows of %d", len(rows), len(list))
		}
	})
}
