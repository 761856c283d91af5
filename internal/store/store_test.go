package store_test

import (
	"context"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/broked/broked/internal/queue"
	"github.com/broked/broked/internal/store"
	"github.com/broked/broked/internal/store/storetest"
)

func TestSQLite(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T) storetest.Backend {
		t.Helper()
		db := open(t, filepath.Join(t.TempDir(), "broked.db"))
		q, err := queue.New(t.Context(), db.Writer(), slog.New(slog.DiscardHandler), queue.Options{Slots: 4, Grace: time.Second})
		if err != nil {
			t.Fatal(err)
		}
		return storetest.Backend{DB: db, Queue: q, Store: store.New(db, q)}
	})
}

// open opens a database and closes it when the test is over.
func open(t *testing.T, path string) *store.DB {
	t.Helper()
	db, err := store.Open(t.Context(), store.Options{Path: path, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close(contextOf(t)) })
	return db
}

func contextOf(t *testing.T) context.Context {
	t.Helper()
	return context.WithoutCancel(t.Context()) // the test's own ends before its cleanup
}
