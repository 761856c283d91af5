package store_test

import (
	"context"
	"log/slog"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/broked/broked/internal/id"
	"github.com/broked/broked/internal/pipelines"
	"github.com/broked/broked/internal/postgres"
	"github.com/broked/broked/internal/queue"
	"github.com/broked/broked/internal/runs"
	"github.com/broked/broked/internal/store"
	"github.com/broked/broked/internal/store/storetest"
)

func TestSQLite(t *testing.T) {
	t.Parallel()
	// Migrating every test's database anew would be most of the work.
	storetest.Run(t, func(t *testing.T) storetest.Backend {
		t.Helper()
		return backend(t, storetest.SQLite(t))
	})
}

func TestPostgreSQL(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T) storetest.Backend {
		t.Helper()
		return backend(t, storetest.Postgres(t))
	})
}

// TestServersFireATickOnce checks that of several servers which see that a schedule is
// due one starts its run.
func TestServersFireATickOnce(t *testing.T) {
	t.Parallel()
	database := storetest.Postgres(t)
	servers := []storetest.Backend{backend(t, database), backend(t, database), backend(t, database)}
	v := pipelineOf(t, "")
	v.Document.Schedule, v.Document.Enabled, v.Document.UpdatedAt = "0 * * * *", true, time.Now()
	if err := servers[0].InsertPipeline(t.Context(), v); err != nil {
		t.Fatal(err)
	}
	var fired atomic.Int64
	var all sync.WaitGroup
	for _, s := range slices.Concat(servers, servers) {
		all.Go(func() {
			n, _, err := s.FireDue(t.Context(), time.Now().Add(time.Hour))
			if err != nil {
				t.Error(err)
			}
			fired.Add(int64(n))
		})
	}
	all.Wait()
	if fired.Load() != 1 {
		t.Errorf("one tick started %d runs", fired.Load())
	}
}

func backend(tb testing.TB, path string) storetest.Backend {
	tb.Helper()
	db := open(tb, path)
	o := queue.Options{Slots: 4, Grace: time.Second}
	if postgres.Is(path) {
		o.Postgres = path
	}
	q, err := queue.New(tb.Context(), db.Writer(), slog.New(slog.DiscardHandler), o)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(q.Close)
	return storetest.Backend{DB: db, Queue: q, Store: store.New(db, q)}
}

// open opens a database and closes it when the test is over.
func open(tb testing.TB, path string) *store.DB {
	tb.Helper()
	db, err := store.Open(tb.Context(), store.Options{Path: path, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		tb.Fatal(err)
	}
	ctx := context.WithoutCancel(tb.Context()) // the test's own ends before its cleanup
	tb.Cleanup(func() { _ = db.Close(ctx) })
	return db
}

func pipelineOf(tb testing.TB, description string) pipelines.Version {
	tb.Helper()
	d, err := pipelines.Decode([]byte(`{"name": "p", "nodes": [{"id": "a", "type": "x", "name": "A"}], "edges": []}`))
	if err != nil {
		tb.Fatal(err)
	}
	d.ID, d.Workspace, d.Version, d.Description = pipelines.ID(id.New()), "default", 1, description
	return pipelines.Version{Document: d}
}

func BenchmarkInsertRun(b *testing.B) {
	b.Run("sqlite", func(b *testing.B) { benchmarkInsertRun(b, filepath.Join(b.TempDir(), "broked.db")) })
	b.Run("postgres", func(b *testing.B) { benchmarkInsertRun(b, storetest.Postgres(b)) })
}

func benchmarkInsertRun(b *testing.B, database string) {
	b.Helper()
	s := backend(b, database)
	v := pipelineOf(b, "")
	if err := s.InsertPipeline(b.Context(), v); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		err := s.InsertRun(b.Context(), runs.Run{
			ID: runs.ID(id.New()), Pipeline: v.Document.ID, PipelineVersion: 1, PipelineName: "p", Trigger: "api", CreatedAt: time.Now(),
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}
