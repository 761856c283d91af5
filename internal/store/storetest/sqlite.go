package storetest

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/broked/broked/internal/queue"
	"github.com/broked/broked/internal/store"
)

// SQLite returns the path of a database of its own for a test, with the newest schema and
// nothing in it. The schema is made once for all tests of a package, which with the race
// detector takes longer than most of them.
func SQLite(tb testing.TB) string {
	tb.Helper()
	emptySQLite.once.Do(func() { emptySQLite.file, emptySQLite.err = newSQLite(context.WithoutCancel(tb.Context())) })
	if emptySQLite.err != nil {
		tb.Fatal(emptySQLite.err)
	}
	path := filepath.Join(tb.TempDir(), "broked.db")
	if err := os.WriteFile(path, emptySQLite.file, 0o600); err != nil {
		tb.Fatal(err)
	}
	return path
}

// emptySQLite is what all tests begin with.
var emptySQLite struct {
	once sync.Once
	file []byte
	err  error
}

// newSQLite returns a database with the newest schema.
func newSQLite(ctx context.Context) (_ []byte, err error) {
	dir, err := os.MkdirTemp("", "broked-schema-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	path, log := filepath.Join(dir, "broked.db"), slog.New(slog.DiscardHandler)
	db, err := store.Open(ctx, store.Options{Path: path, Log: log})
	if err != nil {
		return nil, err
	}
	_, made := queue.New(ctx, db.Writer(), log, queue.Options{})
	if err := errors.Join(made, db.Close(ctx)); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
}
