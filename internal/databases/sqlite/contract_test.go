package sqlite_test

import (
	"path/filepath"
	"testing"

	"github.com/broked/broked/internal/databases/contract"
	"github.com/broked/broked/internal/databases/sqlite"
)

func TestContract(t *testing.T) {
	t.Parallel()
	contract.Run(t, contract.Sort{
		New: func(t *testing.T) contract.Database {
			t.Helper()
			dir := t.TempDir()
			f := sqlite.File{Path: filepath.Join(dir, "x.db"), Fresh: filepath.Join(dir, ".x.db.part")}
			if _, err := f.Script(t.Context(), "CREATE TABLE IF NOT EXISTS there (i INTEGER)"); err != nil {
				t.Fatal(err)
			}
			return f
		},
		Values: []contract.Value{
			{SQL: "9223372036854775807", Column: "INTEGER", Type: "BIGINT", Text: "9223372036854775807"},
			{SQL: "0.1", Column: "REAL", Type: "DOUBLE", Text: "0.1"},
			{SQL: "1", Column: "BOOLEAN", Type: "BOOLEAN", Text: "true"},
			{SQL: "12.34", Column: "DECIMAL(10,2)", Type: "DECIMAL(10,2)", Text: "12.34"},
			{SQL: "'2024-02-29'", Column: "DATE", Type: "DATE", Text: "2024-02-29"},
			{SQL: "'2024-02-29 23:59:59.123456'", Column: "TIMESTAMP", Type: "TIMESTAMP", Text: "2024-02-29 23:59:59.123456"},
			{SQL: "x'00ff5c'", Column: "BLOB", Type: "BLOB", Text: "00ff5c"},
			{SQL: "'a''b'", Column: "TEXT", Type: "VARCHAR", Text: "a'b"},
		},
	})
}
