package snowflake_test

import (
	"testing"

	"github.com/broked/broked/internal/fault"
)

func TestScript(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	n, err := f.server().Script(t.Context(), "BEGIN; DELETE FROM a WHERE s = 'x;'; -- ;\nINSERT INTO a VALUES (1); COMMIT")
	if err != nil || n != 4 || f.seen["parameters"].(map[string]any)["MULTI_STATEMENT_COUNT"] != "4" {
		t.Error(n, err, f.seen)
	}
	if _, err := f.server().Script(t.Context(), "DELETE FROM a; ROLLBACK"); fault.CodeOf(err) != "script_failed" {
		t.Error(err)
	}
}
