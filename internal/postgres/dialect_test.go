package postgres_test

import (
	"testing"

	"github.com/broked/broked/internal/postgres"
)

func TestTranslate(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                             "",
		"SELECT ?1, ?12":               "SELECT $1, $12",
		"SELECT '?1', a FROM b":        "SELECT '?1', a FROM b",
		"SELECT 'it''s ?1', ?2":        "SELECT 'it''s ?1', $2",
		`SELECT "?1", ?1`:              `SELECT "?1", $1`,
		"SELECT 1 -- what is ?1\n+ ?1": "SELECT 1 -- what is ?1\n+ $1",
		"SELECT 'open ?1":              "SELECT 'open ?1",
		"SELECT a ? b":                 "SELECT a ? b",
		"SELECT 1 FROM json_each(tags) WHERE value = ?1": "SELECT 1 FROM json_array_elements_text(tags::json) AS each (value) WHERE value = $1",
	} {
		if got := postgres.Translate(text); got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	}
}

func FuzzTranslate(f *testing.F) {
	f.Add("SELECT '?1', ?1 -- ?2")
	f.Fuzz(func(t *testing.T, text string) {
		once := postgres.Translate(text)
		if twice := postgres.Translate(once); twice != once {
			t.Errorf("%q became %q and then %q", text, once, twice)
		}
	})
}
