package engine

import (
	"testing"

	"github.com/duckdb/duckdb-go/v2"

	"github.com/broked/broked/internal/fault"
)

// TestDisksThatFail: what a file system says is told apart from what lies in a file.
func TestDisksThatFail(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		of        duckdb.ErrorType
		msg, code string
	}{
		{duckdb.ErrorTypeIO, `IO Error: Could not write file "/r/a.parquet": Input/output error`, "disk_failed"},
		{duckdb.ErrorTypeIO, `IO Error: Cannot open file "/r/a.parquet": Read-only file system`, "disk_failed"},
		{duckdb.ErrorTypeIO, `IO Error: Could not write file "/r/a.parquet": No space left on device`, "disk_full"},
		{duckdb.ErrorTypeConversion, `Conversion Error: Could not convert string 'Input/output error' to INT64`, "bad_value"},
	} {
		err := translate{}.fault(t.Context(), &duckdb.Error{Type: tc.of, Msg: tc.msg})
		if fault.CodeOf(err) != tc.code {
			t.Errorf("%s: %v", tc.msg, err)
		}
	}
}
