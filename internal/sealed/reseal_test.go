package sealed_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/broked/broked/internal/sealed"
)

// table is texts by their rows.
type table struct {
	texts map[string]string
	fails int // after so many texts; 0 is never
}

func (m *table) SealedOtherwise(_ context.Context, key string, after sealed.Place, limit int) ([]sealed.Text, error) {
	var all []sealed.Text
	for row, text := range m.texts {
		if row > after.Row && !strings.HasPrefix(text, "enc:v1:"+key) {
			all = append(all, sealed.Text{Place: sealed.Place{Table: "t", Row: row, Column: "c"}, Sealed: text})
		}
	}
	slices.SortFunc(all, func(a, b sealed.Text) int { return strings.Compare(a.Row, b.Row) })
	return all[:min(limit, len(all))], nil
}

func (m *table) Reseal(_ context.Context, old sealed.Text, now string) error {
	if m.fails--; m.fails == 0 {
		return errors.New("cut short")
	}
	m.texts[old.Row] = now
	return nil
}

func TestResealingIsCutShortAndGoesOn(t *testing.T) {
	t.Parallel()
	old, other := given(t, "a"), given(t, "c")
	m := &table{texts: map[string]string{}, fails: 120}
	at := func(i int) sealed.Place { return sealed.Place{Table: "t", Row: fmt.Sprintf("%03d", i), Column: "c"} }
	for i := range 250 {
		m.texts[at(i).Row] = old.Seal(at(i), fmt.Sprint("secret ", i))
	}
	m.texts["x"] = other.Seal(sealed.Place{Table: "t", Row: "x", Column: "c"}, "of nobody here")
	both, err := sealed.Given(key("b") + "\n" + key("a") + "\n")
	if err != nil || !slices.Equal(both.Keys(), []string{given(t, "b").Key(), old.Key()}) {
		t.Fatalf("%v, %v", both, err)
	}
	if done, _, err := both.Reseal(t.Context(), m); err == nil || done != 119 {
		t.Errorf("%d were sealed before it was cut short, %v", done, err)
	}
	for i := range 250 { // whichever key it is
		if s, err := both.Open(at(i), m.texts[at(i).Row]); err != nil || s != fmt.Sprint("secret ", i) {
			t.Fatalf("meanwhile: %q, %v", s, err)
		}
	}
	if done, closed, err := both.Reseal(t.Context(), m); err != nil || done != 131 || closed != 1 {
		t.Errorf("%d more, %d closed, %v", done, closed, err)
	}
	for i := range 250 {
		if s, err := given(t, "b").Open(at(i), m.texts[at(i).Row]); err != nil || s != fmt.Sprint("secret ", i) {
			t.Fatalf("with the new key alone: %q, %v", s, err)
		}
	}
}
