package contacts_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/broked/broked/internal/contacts"
	"github.com/broked/broked/internal/fault"
)

func TestReadSaysEverythingThatIsWrong(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 300)
	for name, tc := range map[string]struct {
		body string
		kind fault.Kind
		want []string // paths
	}{
		"no JSON":       {`{`, fault.Invalid, nil},
		"nothing":       {``, fault.Invalid, nil},
		"two values":    {`{} {}`, fault.Invalid, nil},
		"a list":        {`[]`, fault.Invalid, nil},
		"null":          {`null`, fault.Invalid, nil},
		"a name twice":  {`{"email": "a@b.cd", "email": "c@d.ef"}`, fault.Invalid, []string{"email"}},
		"invalid UTF-8": {"{\"email\": \"\xff@b.cd\"}", fault.Invalid, nil},
		"too deep":      {`{"custom": {"a": ` + strings.Repeat("[", 100) + strings.Repeat("]", 100) + `}}`, fault.Invalid, []string{"custom.a" + strings.Repeat("[0]", 62)}},
		"test as text":  {`{"test": "true"}`, fault.Unprocessable, []string{"test"}},
		"test as 1":     {`{"test": 1}`, fault.Unprocessable, []string{"test"}},
		"test as null":  {`{"test": null}`, fault.Unprocessable, []string{"test"}},
		"unknown":       {`{"email": "a@b.cd", "emial": "x", "zzz": 1}`, fault.Unprocessable, []string{"emial", "zzz"}},
		"other case":    {`{"Email": "a@b.cd"}`, fault.Unprocessable, []string{"Email"}},
		"many":          {`{"phone": "x", "birthday": "1990-12-31", "email": "a", "product": "lead"}`, fault.Unprocessable, []string{"product", "email", "phone", "birthday"}},
		"wrong kinds":   {`{"first_name": 1, "email": {}, "tags": "a", "document_urls": [1, "ftp://x"], "custom": []}`, fault.Unprocessable, []string{"first_name", "email", "tags", "document_urls[0]", "document_urls[1]", "custom"}},
		"too long":      {`{"first_name": "` + long + `", "tags": ["` + long + `"]}`, fault.Unprocessable, []string{"first_name", "tags[0]"}},
		"too many":      {`{"tags": [` + strings.Repeat(`"a",`, 50) + `"a"]}`, fault.Unprocessable, []string{"tags"}},
		"control":       {`{"first_name": "a\u0000b", "notes": "a\u0007", "last_name": "a\nb"}`, fault.Unprocessable, []string{"first_name", "last_name", "notes"}},
		"twice":         {`{"keep_unknown": true, "custom": {"a": 1}, "a": 2}`, fault.Unprocessable, []string{"a"}},
		"keep as text":  {`{"keep_unknown": "yes", "a": 2}`, fault.Unprocessable, []string{"keep_unknown", "a"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := contacts.Read([]byte(tc.body))
			if err == nil || fault.KindOf(err) != tc.kind {
				t.Fatalf("got %v (kind %d), want kind %d", err, fault.KindOf(err), tc.kind)
			}
			var paths []string
			for _, p := range fault.ProblemsOf(err) {
				paths = append(paths, p.Path)
			}
			if diff := cmp.Diff(tc.want, paths); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
		})
	}
}

func TestFields(t *testing.T) {
	t.Parallel()
	for field, tc := range map[string]struct{ right, wrong []string }{
		"email": {
			right: []string{"a@b.cd", "Ada.Lovelace+x@Example.co.uk", "o'neil@example.com", "jörg@müller.de", "x@xn--mller-kva.de", "1@2.de", " a@b.cd "},
			wrong: []string{
				"a", "@b.cd", "a@", "a@b", "a b@c.de", "a@b..cd", "a@-b.cd", "a@b.cd.", "Ada <a@b.cd>", "a@b.cd, c@d.ef", "a@b@c.de", `"a b"@c.de`,
				"a@[127.0.0.1]", strings.Repeat("a", 65) + "@b.cd", "a@" + strings.Repeat("b", 64) + ".cd", "a..b@c.de", ".a@b.cd", "a@b.cd\u0000",
			},
		},
		"phone": {
			right: []string{"+1 555 010 0199", "(555) 010-0199", "555.010.0199", "01234/56789", "+49 89 1234567 ext. 12", "5550100199x7"},
			wrong: []string{"1234", "call me", "+1 555 010 0199 0199 0199", "++1555010", "555-CALL-NOW"},
		},
		"birthday": {
			right: []string{"31/12/1990", "29/02/2000", "01/01/1900"},
			wrong: []string{"12/31/1990", "31/04/1990", "29/02/2001", "1990-12-31", "1/2/1990", "01/01/9999", "31/12/90", "00/01/1990"},
		},
		"resume_url": {
			right: []string{"https://example.com/a.pdf?x=1", "http://example.com:8080/"},
			wrong: []string{"example.com/a.pdf", "/a.pdf", "ftp://example.com/a", "file:///etc/passwd", "https://me:pw@example.com/", "https://", "http://example.com:0/", "http://a b/"},
		},
		"first_name": {right: []string{"Ada", "Zoë", "李", "O'Neil-Smith"}, wrong: []string{"a\tb"}},
		"notes":      {right: []string{"two\nlines\tand more"}},
	} {
		for _, s := range tc.right {
			if _, err := contacts.Read(fmt.Appendf(nil, `{%q: %s}`, field, quote(s))); err != nil {
				t.Errorf("%s %q: %v", field, s, err)
			}
		}
		for _, s := range tc.wrong {
			_, err := contacts.Read(fmt.Appendf(nil, `{%q: %s}`, field, quote(s)))
			if ps := fault.ProblemsOf(err); len(ps) != 1 || ps[0].Path != field || fault.KindOf(err) != fault.Unprocessable {
				t.Errorf("%s %q is taken, or the problem is elsewhere: %v", field, s, err)
			}
		}
	}
}

func quote(s string) string {
	return `"` + strings.NewReplacer(`"`, `\"`, "\n", `\n`, "\t", `\t`, "\x00", `\u0000`).Replace(s) + `"`
}

func TestCanonical(t *testing.T) {
	t.Parallel()
	for _, same := range [][]contacts.Key{{"Ada@Example.com", " ada@EXAMPLE.COM "}, {"JÖRG@müller.de", "jo\u0308rg@müller.de"}, {"straße@a.de", "STRASSE@a.de"}} {
		if contacts.Canonical(same[0]) != contacts.Canonical(same[1]) {
			t.Errorf("%q and %q are two people", same[0], same[1])
		}
	}
	if contacts.Canonical("a.b@c.de") == contacts.Canonical("ab@c.de") {
		t.Error("two people are one")
	}
}

func TestCursors(t *testing.T) {
	t.Parallel()
	for _, wrong := range []string{"x", ".", "12", "12.", ".a", "zzzzzzzzzzzzzzzzzzzz.a", "12.a b", "12.../../x"} {
		if c, err := contacts.ParseCursor(wrong); fault.CodeOf(err) != "bad_cursor" {
			t.Errorf("%q is read as %+v, %v", wrong, c, err)
		}
	}
}

func FuzzRead(f *testing.F) {
	for _, seed := range []string{`{"email": "a@b.cd"}`, `{"custom": {"a": [1, null]}, "tags": ["x"], "keep_unknown": true, "y": 1e400}`, `{"phone": null}`, `[`, "\xff"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		_, err := contacts.Read(body)
		if k := fault.KindOf(err); err != nil && !slices.Contains([]fault.Kind{fault.Invalid, fault.Unprocessable}, k) {
			t.Errorf("%q: kind %d: %v", body, k, err)
		}
	})
}
