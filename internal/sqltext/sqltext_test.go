package sqltext_test

import (
	"strings"
	"testing"
	"time"

	"github.com/broked/broked/internal/sqltext"
)

func TestLiteral(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		in   any
		want string
	}{
		{nil, "NULL"},
		{true, "TRUE"},
		{"it's", "'it''s'"},
		{42, "42"},
		{int64(-7), "-7"},
		{1.5, "CAST(1.5 AS DOUBLE)"},
		{time.Date(2026, 3, 29, 1, 2, 3, 4000, time.UTC), "TIMESTAMP '2026-03-29 01:02:03.000004'"},
	} {
		if got := sqltext.Literal(tc.in); got != tc.want {
			t.Errorf("Literal(%v) = %s, want %s", tc.in, got, tc.want)
		}
	}
	if got, want := sqltext.Idents([]string{`a"b`, "c d"}), `"a""b", "c d"`; got != want {
		t.Errorf("Idents = %s, want %s", got, want)
	}
}

// FuzzQuoting checks that what is quoted can be read back and never ends early.
func FuzzQuoting(f *testing.F) {
	for _, s := range []string{"", "a", `'; DROP TABLE x; --`, `"`, "\x00'", "ü\n", `\'`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		want := strings.ReplaceAll(s, "\x00", "")
		for quote, got := range map[string]string{`'`: sqltext.Text(s), `"`: sqltext.Ident(s)} {
			inner := got[1 : len(got)-1]
			if strings.Count(strings.ReplaceAll(inner, quote+quote, ""), quote) != 0 {
				t.Fatalf("%q ends early as %s", s, got)
			}
			if back := strings.ReplaceAll(inner, quote+quote, quote); back != want {
				t.Fatalf("%q reads back as %q", s, back)
			}
		}
	})
}
