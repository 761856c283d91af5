package id_test

import (
	"slices"
	"testing"
	"time"

	"github.com/broked/broked/internal/id"
)

func TestIdsSortByCreation(t *testing.T) {
	t.Parallel()
	made := make([]string, 1000)
	for i := range made {
		made[i] = id.New()
	}
	if !slices.IsSorted(made) || len(slices.Compact(slices.Clone(made))) != len(made) {
		t.Error("ids are not strictly increasing")
	}
}

func TestSince(t *testing.T) {
	t.Parallel()
	before := time.Now()
	made := id.New()
	if made < id.Since(before) || made >= id.Since(time.Now().Add(time.Millisecond)) {
		t.Errorf("%s is not between %s and %s", made, id.Since(before), id.Since(time.Now()))
	}
}

func TestPlausible(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]bool{
		id.New(): true, "weather-by-month": true, "a": true,
		"": false, "../etc/passwd": false, "-x": false, ".x": false, "a b": false, "a/b": false, "ä": false,
	} {
		if got := id.Plausible(s); got != want {
			t.Errorf("Plausible(%q) = %v, want %v", s, got, want)
		}
	}
}
