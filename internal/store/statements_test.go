package store_test

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"path/filepath"
	"testing"

	"github.com/broked/broked/internal/store"
)

func writer(t *testing.T) *sql.DB {
	t.Helper()
	db, err := store.Open(t.Context(), store.Options{Path: filepath.Join(t.TempDir(), "x.db"), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.WithoutCancel(t.Context())
	t.Cleanup(func() {
		if err := db.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	return db.Writer()
}

func do(t *testing.T, db interface {
	ExecContext(ctx context.Context, text string, args ...any) (sql.Result, error)
}, text string, args ...any,
) {
	t.Helper()
	if _, err := db.ExecContext(t.Context(), text, args...); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
}

// TestAStatementInsideItself checks that a statement may be executed while its own rows
// are being read, and again when they were left.
func TestAStatementInsideItself(t *testing.T) {
	t.Parallel()
	db := writer(t)
	do(t, db, `CREATE TABLE n (i INTEGER)`)
	do(t, db, `INSERT INTO n VALUES (1), (2), (3)`)
	tx, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }()
	const above = `SELECT i FROM n WHERE i > ?1 ORDER BY i`
	var pairs []string
	for range 2 {
		pairs = nil
		outer, err := tx.QueryContext(t.Context(), above, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = outer.Close() }()
		for outer.Next() {
			var i, k int
			if err := outer.Scan(&i); err != nil {
				t.Fatal(err)
			}
			if err := tx.QueryRowContext(t.Context(), above, i).Scan(&k); err == nil { // the rest of its rows is left
				pairs = append(pairs, fmt.Sprint(i, k))
			}
		}
		if err := outer.Err(); err != nil {
			t.Fatal(err)
		}
	}
	if fmt.Sprint(pairs) != "[1 2 2 3]" {
		t.Errorf("read %v", pairs)
	}
}

// TestStatementsOutliveWhatTheyAreAbout checks statements whose table was made anew, that
// failed, whose caller left, and more of them than are kept.
func TestStatementsOutliveWhatTheyAreAbout(t *testing.T) {
	t.Parallel()
	db := writer(t)
	const insert, count = `INSERT INTO n (i) VALUES (?1)`, `SELECT count(*) FROM n`
	do(t, db, `CREATE TABLE n (i INTEGER PRIMARY KEY)`)
	do(t, db, insert, 1)
	if _, err := db.ExecContext(t.Context(), insert, 1); err == nil {
		t.Error("one key was inserted twice")
	}
	gone, leave := context.WithCancel(t.Context())
	leave()
	if _, err := db.ExecContext(gone, insert, 2); err == nil {
		t.Error("inserted for a caller who had left")
	}
	do(t, db, `DROP TABLE n`)
	do(t, db, `CREATE TABLE n (other TEXT, i INTEGER PRIMARY KEY)`)
	for i := range 1200 {
		do(t, db, fmt.Sprintf(`UPDATE n SET other = '%d'`, i))
	}
	do(t, db, insert, 1)
	var n int
	if err := db.QueryRowContext(t.Context(), count).Scan(&n); err != nil || n != 1 {
		t.Errorf("%d rows: %v", n, err)
	}
	if _, err := db.ExecContext(t.Context(), `SELECT nonsense`); err == nil {
		t.Error("nonsense was executed")
	}
}
