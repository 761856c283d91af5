package queue_test

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/broked/broked/internal/queue"
	"github.com/broked/broked/internal/runs"
	"github.com/broked/broked/internal/store"
	"github.com/broked/broked/internal/store/storetest"
)

// reader returns one of the queues of a database that several servers share.
func reader(t *testing.T, database, id string) line {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	db, err := store.Open(t.Context(), store.Options{Path: database, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.WithoutCancel(t.Context())
	t.Cleanup(func() { _ = db.Close(ctx) })
	q, err := queue.New(t.Context(), db.Writer(), log, queue.Options{Slots: 2, Grace: time.Second, Postgres: database, ID: id})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(q.Close)
	if err := q.Healthy(t.Context()); err != nil {
		t.Fatal(err)
	}
	return line{q, db.Writer()}
}

// TestServersShareTheQueue checks that every entry is worked on by one of two servers,
// whoever enqueued it, and that none has to wait for the next look at the queue.
func TestServersShareTheQueue(t *testing.T) {
	t.Parallel()
	database := storetest.Postgres(t)
	a, b := reader(t, database, "a"), reader(t, database, "b")
	const entries = 100
	got, work := collector(entries + 1)
	a.enqueue(t, "before the start")
	a.start(t, work)
	b.start(t, work)
	if run := <-got; run != "before the start" {
		t.Errorf("worked %q first", run)
	}
	b.in(t, (*sql.Tx).Rollback, func(tx *sql.Tx) error { return b.EnqueueTx(t.Context(), tx, "dropped", "") })
	seen := map[runs.ID]bool{}
	for i := range entries { // each only when the one before has been worked on
		run := runs.ID(fmt.Sprint("r", i))
		[]line{a, b}[i%2].enqueue(t, run)
		if worked := <-got; worked != run || seen[worked] {
			t.Fatalf("worked %q, want %q", worked, run)
		}
		seen[run] = true
	}
}
