package retention_test

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/id"
	"github.com/broked/broked/internal/pipelines"
	"github.com/broked/broked/internal/queue"
	"github.com/broked/broked/internal/retention"
	"github.com/broked/broked/internal/runs"
	"github.com/broked/broked/internal/store"
	"github.com/broked/broked/internal/store/storetest"
)

const day = 24 * time.Hour

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// world is a record with one pipeline, and the folder of its runs.
type world struct {
	t     *testing.T
	now   time.Time
	store *store.Store
	dir   string
	names map[runs.ID]string
	of    pipelines.Document
}

func newWorld(t *testing.T) *world {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	db, err := store.Open(t.Context(), store.Options{Path: storetest.SQLite(t), Log: log})
	must(t, err)
	ctx := context.WithoutCancel(t.Context())
	t.Cleanup(func() { _ = db.Close(ctx) })
	q, err := queue.New(t.Context(), db.Writer(), log, queue.Options{})
	must(t, err)
	now := time.Now().Truncate(time.Second)
	w := &world{t: t, now: now, store: store.New(db, q), dir: t.TempDir(), names: make(map[runs.ID]string)}
	w.of = pipelines.Document{ID: pipelines.ID(id.New()), Version: 1, Name: "Sales", Workspace: "default", CreatedAt: now, UpdatedAt: now}
	must(t, w.store.InsertPipeline(t.Context(), pipelines.Version{Document: w.of}))
	return w
}

// run makes a run that ended some time ago, or has not when that is negative, and left so
// many bytes of rows.
func (w *world) run(name string, ago time.Duration, bytes int) {
	w.t.Helper()
	r := runs.Run{ID: runs.ID(id.New()), Pipeline: w.of.ID, PipelineName: w.of.Name, PipelineVersion: 1, Status: runs.Pending, Trigger: "manual", CreatedAt: w.now}
	must(w.t, w.store.InsertRun(w.t.Context(), r))
	c, err := w.store.ClaimRun(w.t.Context(), r.ID, "me", w.now)
	must(w.t, err)
	w.names[r.ID] = name
	if ago >= 0 {
		must(w.t, w.store.FinishRun(w.t.Context(), r.ID, c.Fence, runs.Outcome{Status: runs.Success, At: w.now.Add(-ago)}, nil))
	}
	w.rows(r.ID, max(ago, -ago), bytes)
}

// rows writes rows of a run some time ago.
func (w *world) rows(run runs.ID, ago time.Duration, bytes int) {
	w.t.Helper()
	folder := filepath.Join(w.dir, string(run))
	must(w.t, os.MkdirAll(folder, 0o700))
	file := filepath.Join(folder, "in.parquet")
	must(w.t, os.WriteFile(file, make([]byte, bytes), 0o600))
	for _, path := range []string{file, folder} {
		must(w.t, os.Chtimes(path, w.now.Add(-ago), w.now.Add(-ago)))
	}
}

// left returns the runs that are on record and those whose rows are there, oldest first.
func (w *world) left() (record, rows []string) {
	w.t.Helper()
	all, err := w.store.Runs(w.t.Context(), runs.Filter{Page: pipelines.Page{Limit: 500}})
	must(w.t, err)
	for i := range all {
		record = append(record, w.names[all[len(all)-1-i].ID])
	}
	entries, err := os.ReadDir(w.dir)
	must(w.t, err)
	for _, e := range entries {
		rows = append(rows, w.names[runs.ID(e.Name())])
	}
	return record, rows
}

func TestSweep(t *testing.T) {
	t.Parallel()
	all := []string{"ancient", "open", "old", "recent", "fresh"}
	for name, test := range map[string]struct {
		policy       retention.Policy
		record, rows []string
	}{
		"everything stays":         {retention.Policy{}, all, all},
		"by the age of runs":       {retention.Policy{Runs: 30 * day}, all[1:], all[1:]},
		"but for the newest":       {retention.Policy{Runs: 30 * day, Newest: 4}, all[1:], all[1:]},
		"however old they are":     {retention.Policy{Runs: 30 * day, Newest: 5}, all, all},
		"by the age of rows":       {retention.Policy{Rows: 5 * day}, all, []string{"open", "recent", "fresh"}},
		"by what rows take":        {retention.Policy{RowsBytes: 3500}, all, []string{"open", "recent", "fresh"}},
		"but for what is in use":   {retention.Policy{RowsBytes: 1500}, all, []string{"open", "fresh"}},
		"or has just been written": {retention.Policy{RowsBytes: 1}, all, []string{"open", "fresh"}},
		"by both":                  {retention.Policy{Runs: 30 * day, Rows: 5 * day}, all[1:], []string{"open", "recent", "fresh"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.rows("forgotten by another process", 2*time.Hour, 1000)
			w.run("ancient", 100*day, 1000)
			w.run("open", -50*day, 1000)
			w.run("old", 10*day, 1000)
			w.run("recent", 2*day, 1000)
			w.run("fresh", time.Minute, 1000)
			s := &retention.Sweeper{Policy: test.policy, Store: w.store, Log: slog.New(slog.DiscardHandler), Rows: retention.Dir(w.dir)}
			for range 2 { // the second time there is nothing to do
				must(t, s.Sweep(t.Context(), w.now))
				record, rows := w.left()
				if diff := cmp.Diff(test.record, record); diff != "" {
					t.Errorf("runs on record (-want +got)\n%s", diff)
				}
				if diff := cmp.Diff(test.rows, rows); diff != "" {
					t.Errorf("runs with rows (-want +got)\n%s", diff)
				}
				if u := s.Usage(); u.Folders != len(test.rows) || u.Bytes != int64(1000*len(test.rows)) || !u.At.Equal(w.now) {
					t.Errorf("usage is %+v", u)
				}
			}
		})
	}
}

// TestManyAreForgotten: more than one transaction takes.
func TestManyAreForgotten(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for range 250 {
		w.run("old", 10*day, 1)
	}
	s := &retention.Sweeper{Policy: retention.Policy{Runs: day, Newest: 7}, Store: w.store, Log: slog.New(slog.DiscardHandler), Rows: retention.Dir(w.dir)}
	must(t, s.Sweep(t.Context(), w.now))
	if record, rows := w.left(); len(record) != 7 || len(rows) != 7 {
		t.Errorf("%d runs and the rows of %d are left, want 7", len(record), len(rows))
	}
}

func TestRoom(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		free uint64
		err  error
		full bool
	}{
		"enough":         {free: 1 << 30},
		"just enough":    {free: 256 << 20},
		"less":           {free: 256<<20 - 1, full: true},
		"none":           {full: true},
		"nobody can say": {err: errors.New("no")},
	} {
		s := &retention.Sweeper{Policy: retention.Policy{Reserve: 256 << 20}, Space: func() (uint64, error) { return test.free, test.err }}
		if err := s.Room(); (err != nil) != test.full || err != nil && fault.KindOf(err) != fault.Full {
			t.Errorf("%s: %v", name, err)
		}
	}
}
