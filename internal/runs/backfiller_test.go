package runs_test

import (
	"context"
	"log/slog"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/id"
	"github.com/broked/broked/internal/news"
	"github.com/broked/broked/internal/pipelines"
	"github.com/broked/broked/internal/runs"
)

// TestBackfillsGoOn: when a run has ended the next one starts at once, or soon when
// nobody tells, and none while there is no room.
func TestBackfillsGoOn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, end := newScheduled(t)
		defer end()
		d := pipelines.Document{ID: pipelines.ID(id.New()), Version: 1}
		s.save(d)
		board := &news.Board{}
		var full atomic.Bool
		loop := runs.Backfiller{Store: s.store, News: board, Log: slog.New(slog.DiscardHandler), Room: func() error {
			if full.Load() {
				return fault.New(fault.Full, "the disk is full")
			}
			return nil
		}}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- loop.Run(ctx) }()
		start := time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC)
		must(t, s.store.InsertBackfill(ctx, runs.Backfill{
			ID: runs.BackfillID(id.New()), Pipeline: d.ID, PipelineName: "Sales", Start: start, End: start.AddDate(0, 0, 5), Interval: "@daily", Concurrency: 1,
			OnFailure: "continue", Status: runs.BackfillRunning, CreatedAt: time.Now(), Progress: runs.Progress{Total: 5},
		}))
		step := func(name string, want int) {
			t.Helper()
			synctest.Wait()
			if n := len(s.runs(d.ID)); n != want {
				t.Errorf("%s: %d runs, want %d", name, n, want)
			}
		}
		finish := func() {
			t.Helper()
			c, err := s.store.ClaimNext(ctx, "", "me", time.Now())
			must(t, err)
			must(t, s.store.FinishRun(ctx, c.Run.ID, c.Fence, runs.Outcome{Status: runs.Success, At: time.Now()}, nil))
		}
		step("the first", 1)
		finish()
		board.Post(runs.Changed)
		step("told", 2)
		finish()
		wait(10 * time.Second)
		step("not told", 3)
		full.Store(true)
		finish()
		board.Post(runs.Changed)
		wait(time.Minute)
		step("no room", 3)
		full.Store(false)
		wait(10 * time.Second)
		step("room again", 4)
		cancel()
		must(t, <-ended)
	})
}
