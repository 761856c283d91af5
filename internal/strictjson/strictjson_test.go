package strictjson_test

import (
	"strings"
	"testing"

	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/strictjson"
)

type body struct {
	Name  string `json:"name"`
	Count int    `json:"count"`
	Nodes []struct {
		ID string `json:"id"`
	} `json:"nodes"`
}

func TestDecodeRefuses(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ in, path, message string }{
		"duplicate":     {`{"name":"a","name":"b"}`, "name", "is there twice"},
		"other case":    {`{"Name":"a"}`, "Name", "is not a member that this call takes"},
		"unknown deep":  {`{"nodes":[{"id":"a"},{"idd":"b"}]}`, "nodes[1].idd", "is not a member that this call takes"},
		"wrong type":    {`{"count":"7"}`, "count", "must be a whole number, not text"},
		"fraction":      {`{"count":7.5}`, "count", "must be a whole number, not a number like this"},
		"too deep":      {strings.Repeat(`[`, 65) + strings.Repeat(`]`, 65), strings.Repeat("[0]", 64), "is nested more than 64 levels deep"},
		"bad utf-8":     {"{\"name\":\"\xff\"}", "", ""},
		"two values":    {`{} {}`, "", ""},
		"nothing":       {``, "", ""},
		"not JSON":      {`{name: 1}`, "", ""},
		"wrong at root": {`[]`, "", "must be an object, not a list"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var b body
			err := strictjson.Decode([]byte(tc.in), &b)
			if fault.KindOf(err) != fault.Invalid {
				t.Fatalf("err = %v, want an Invalid fault", err)
			}
			if tc.message == "" {
				return
			}
			ps := fault.ProblemsOf(err)
			if len(ps) != 1 || ps[0].Message != tc.message || !strings.HasPrefix(tc.path, ps[0].Path) {
				t.Errorf("problems = %v, want %s: %s", ps, tc.path, tc.message)
			}
		})
	}
}

func TestDecode(t *testing.T) {
	t.Parallel()
	var b body
	if err := strictjson.Decode([]byte(`{"name":"é","count":3,"nodes":[{"id":"x"}]}`), &b); err != nil {
		t.Fatal(err)
	}
	if b.Name != "é" || b.Count != 3 || b.Nodes[0].ID != "x" {
		t.Errorf("got %+v", b)
	}
}
