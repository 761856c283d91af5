package runs_test

import (
	"context"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/broked/broked/internal/id"
	"github.com/broked/broked/internal/news"
	"github.com/broked/broked/internal/pipelines"
	"github.com/broked/broked/internal/queue"
	"github.com/broked/broked/internal/runs"
	"github.com/broked/broked/internal/store"
	"github.com/broked/broked/internal/store/storetest"
)

// scheduled is a server's record with pipelines that have schedules.
type scheduled struct {
	t     *testing.T
	store *store.Store
}

func newScheduled(t *testing.T) (scheduled, func()) {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	db, err := store.Open(t.Context(), store.Options{Path: storetest.SQLite(t), Log: log})
	must(t, err)
	q, err := queue.New(t.Context(), db.Writer(), log, queue.Options{})
	must(t, err)
	return scheduled{t, store.New(db, q)}, func() { must(t, db.Close(context.WithoutCancel(t.Context()))) }
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (s scheduled) save(d pipelines.Document) {
	s.t.Helper()
	d.Name, d.Workspace, d.UpdatedAt = "Sales", "default", time.Now()
	if d.Version == 1 {
		d.CreatedAt = time.Now()
		must(s.t, s.store.InsertPipeline(s.t.Context(), pipelines.Version{Document: d}))
		return
	}
	must(s.t, s.store.AppendVersion(s.t.Context(), pipelines.Version{Document: d}))
}

// runs returns the runs of a pipeline, oldest first.
func (s scheduled) runs(p pipelines.ID) []runs.Run {
	s.t.Helper()
	all, err := s.store.Runs(s.t.Context(), runs.Filter{Pipeline: p, Page: pipelines.Page{Limit: 500}})
	must(s.t, err)
	for i, j := 0, len(all)-1; i < j; i, j = i+1, j-1 {
		all[i], all[j] = all[j], all[i]
	}
	return all
}

func (s scheduled) clock(ctx context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan error)
	clock := runs.Clock{Ticks: s.store, News: &news.Board{}, Log: slog.New(slog.DiscardHandler), Room: func() error { return nil }}
	go func() { ended <- clock.Run(ctx) }()
	return func() {
		cancel()
		must(s.t, <-ended)
	}
}

// wait lets time pass until everything has been done that is to be done by then.
func wait(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func TestSchedulesFire(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) { // it begins at midnight UTC
		s, end := newScheduled(t)
		defer end()
		stop := s.clock(t.Context())
		d := pipelines.Document{ID: pipelines.ID(id.New()), Version: 1, Schedule: "*/10 * * * *", Enabled: true}
		s.save(d)
		step := func(name string, pass time.Duration, want int) {
			t.Helper()
			wait(pass)
			if n := len(s.runs(d.ID)); n != want {
				t.Errorf("%s: %d runs, want %d", name, n, want)
			}
		}
		step("before", 9*time.Minute+59*time.Second, 0)
		step("the tick", time.Second, 1)
		first := s.runs(d.ID)[0]
		if late := first.CreatedAt.Sub(first.CreatedAt.Truncate(10 * time.Minute)); late > 100*time.Millisecond || first.Trigger != runs.Scheduled {
			t.Errorf("the run is late by %s: %+v", late, first)
		}
		got, err := s.store.Run(t.Context(), first.ID)
		must(t, err)
		if got.IntervalEnd == nil || !got.IntervalEnd.Equal(got.CreatedAt.Truncate(10*time.Minute)) || got.IntervalEnd.Sub(*got.IntervalStart) != 10*time.Minute {
			t.Errorf("the run is for %v to %v", got.IntervalStart, got.IntervalEnd)
		}
		step("two more", 20*time.Minute, 3)
		d.Version, d.Enabled = 2, false
		s.save(d)
		step("off", 11*time.Minute, 3)
		d.Version, d.Enabled, d.Draft = 3, true, true
		s.save(d)
		step("a draft", 11*time.Minute, 3)
		d.Version, d.Draft, d.Schedule = 4, false, "*/15 * * * *"
		s.save(d)
		step("another schedule", 15*time.Minute, 4)
		times, err := s.store.NextRuns(t.Context())
		must(t, err)
		if next := times[d.ID]; time.Until(next) <= 0 || time.Until(next) > 15*time.Minute {
			t.Errorf("the next run is at %s", next)
		}
		stop()
	})
}

func TestMissedTicks(t *testing.T) {
	t.Parallel()
	for policy, want := range map[string]int{`"none"`: 0, "": 1, "false": 1, "true": 50, `"all"`: 50} {
		t.Run("catchup "+policy, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s, end := newScheduled(t)
				defer end()
				d := pipelines.Document{ID: pipelines.ID(id.New()), Version: 1, Schedule: "*/10 * * * *", Enabled: true}
				if policy != "" {
					d.Catchup = pipelines.RawObject(policy)
				}
				s.save(d)
				wait(72*time.Hour + 5*time.Minute) // no server is there
				stop := s.clock(t.Context())
				wait(time.Second)
				if n := len(s.runs(d.ID)); n != want {
					t.Errorf("%d runs are caught up, want %d", n, want)
				}
				wait(10 * time.Minute)
				if n := len(s.runs(d.ID)); n != want+1 {
					t.Errorf("ten minutes later there are %d runs, want %d", n, want+1)
				}
				stop()
			})
		})
	}
}

// TestTicksFireOnce has several servers ask at the same moment, and a clock that is
// put back.
func TestTicksFireOnce(t *testing.T) {
	t.Parallel()
	s, end := newScheduled(t)
	defer end()
	d := pipelines.Document{ID: pipelines.ID(id.New()), Version: 1, Schedule: "*/5 * * * *", Enabled: true}
	s.save(d)
	now := time.Now()
	ask := func(at time.Time) {
		t.Helper()
		ends := make(chan error)
		for range 8 {
			go func() {
				_, _, err := s.store.FireDue(t.Context(), at)
				ends <- err
			}()
		}
		for range 8 {
			must(t, <-ends)
		}
	}
	ask(now.Add(5 * time.Minute))
	if n := len(s.runs(d.ID)); n != 1 {
		t.Fatalf("one tick has started %d runs", n)
	}
	ask(now.AddDate(1, 0, 0)) // the clock is wrong by a year
	if n := len(s.runs(d.ID)); n != 2 {
		t.Fatalf("a clock that is wrong has started %d runs", n)
	}
	must(t, s.store.Reschedule(t.Context(), now)) // and right again when a server starts
	ask(now.Add(10 * time.Minute))
	if n := len(s.runs(d.ID)); n != 3 {
		t.Errorf("there are %d runs, want one more and none twice", n)
	}
}
