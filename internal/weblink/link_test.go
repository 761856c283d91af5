package weblink_test

import (
	"strings"
	"testing"

	"github.com/broked/broked/internal/weblink"
)

func TestFind(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		headers string // one a line
		want    string // - is none
	}{
		{`<https://api.example.com/x?page=2>; rel="next"`, "https://api.example.com/x?page=2"},
		{`<https://a/1>; rel="prev", <https://a/3?ids=1,2;3>; rel="next"; title="a, \"b\"; c", <https://a/9>; rel=last`, "https://a/3?ids=1,2;3"},
		{`</x?after=7>;REL=NEXT`, "/x?after=7"},
		{`<1>;title="x;rel=next,<2>;rel=next";rel="prev"`, "-"},
		{`<1>; rel="start next"`, "1"},
		{`<1>; rel="first"; rel="next"`, "-"},
		{"<1>; rel=prev\n<2> ; rel = next", "2"},
		{`<1>; crossorigin; rel=next`, "1"},
		{`<1>, <2>; rel=next`, "2"},
		{`<1>;`, "-"},
		{`<1; rel=next`, "-"},
		{`1; rel=next`, "-"},
		{`<1>; rel="next`, "1"},
		{``, "-"},
		{`<>; rel=next`, ""},
	} {
		got, found := weblink.Find(strings.Split(tc.headers, "\n"), "next")
		if !found {
			got = "-"
		}
		if got != tc.want {
			t.Errorf("%s: %q, want %q", tc.headers, got, tc.want)
		}
	}
}

// FuzzFind holds that a target is a part of the header, and is found behind others.
func FuzzFind(f *testing.F) {
	for _, seed := range []string{`<a>; rel=next`, `<a>; rel="x\"y", <b>; rel="next"`, `<`, `<a>;;;rel`, `<a>;="`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, header string) {
		target, found := weblink.Find([]string{header}, "next")
		if found && !strings.Contains(header, target) {
			t.Errorf("%q is no part of %q", target, header)
		}
		if again, also := weblink.Find([]string{"<z>; rel=\"prev\"; title=\",;<\", " + header}, "next"); also != found || again != target {
			t.Errorf("behind another link it is %q, not %q", again, target)
		}
	})
}
