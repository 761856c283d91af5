package fault_test

import (
	"testing"

	"github.com/broked/broked/internal/fault"
)

func TestDidYouMean(t *testing.T) {
	t.Parallel()
	known := []string{"amount", "country", "created_at"}
	for word, want := range map[string]string{
		"amonut":     ` (did you mean "amount"?)`,
		"Country":    ` (did you mean "country"?)`,
		"created_ot": ` (did you mean "created_at"?)`,
		"price":      "",
		"":           "",
	} {
		if got := fault.DidYouMean(word, known); got != want {
			t.Errorf("DidYouMean(%q) = %q, want %q", word, got, want)
		}
	}
}
