package storetest

import (
	"maps"
	"testing"
	"time"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/id"
	"github.com/broked/broked/internal/pipelines"
	"github.com/broked/broked/internal/runs"
)

// march is the first day of backfills here.
var march = time.Date(2025, 3, 1, 0, 0, 0, 0, time.UTC)

// backfill returns a backfill of so many days that is in the store, after change has
// been made to it.
func backfill(t *testing.T, b Backend, d pipelines.Document, days int, change func(f *runs.Backfill)) runs.Backfill {
	t.Helper()
	f := runs.Backfill{
		ID: runs.BackfillID(id.New()), Pipeline: d.ID, PipelineName: d.Name, Start: march, End: march.AddDate(0, 0, days), Interval: "@daily", Concurrency: 1,
		OnFailure: "continue", Params: map[string]string{"month": "${interval.start_date}"}, Priority: runs.BackfillPriority,
		Status: runs.BackfillRunning, StartedBy: "ada", CreatedAt: noon, Progress: runs.Progress{Total: days},
	}
	if change != nil {
		change(&f)
	}
	must(t, b.InsertBackfill(t.Context(), f))
	return f
}

// advance starts the next runs of backfills, and fails unless there are so many.
func advance(t *testing.T, b Backend, want int) {
	t.Helper()
	all := 0
	for more := true; more; {
		var started int
		var err error
		started, more, err = b.AdvanceBackfills(t.Context(), noon)
		must(t, err)
		all += started
	}
	if all != want {
		t.Errorf("%d runs are started, want %d", all, want)
	}
}

// ends claims the next run, ends it and returns it.
func ends(t *testing.T, b Backend, status runs.Status) runs.Run {
	t.Helper()
	c := next(t, b)
	must(t, b.FinishRun(t.Context(), c.Run.ID, c.Fence, runs.Outcome{Status: status, At: after(10)}, nil))
	return c.Run
}

func wantProgress(t *testing.T, b Backend, f runs.Backfill, status runs.BackfillStatus, want runs.Progress) runs.Backfill {
	t.Helper()
	got, err := b.Backfill(t.Context(), f.ID)
	must(t, err)
	want.Total = f.Progress.Total
	wantSame(t, "progress", got.Progress, want)
	if got.Status != status {
		t.Errorf("the backfill is %s (%s), want %s", got.Status, got.Reason, status)
	}
	return got
}

// testBackfills: runs are put on record as those before them end, for every interval in
// its order, and not before.
func testBackfills(t *testing.T, b Backend) {
	ctx := t.Context()
	d := saved(t, b, "Sales")
	f := backfill(t, b, d, 5, func(f *runs.Backfill) { f.Concurrency, f.Newest = 2, true })
	want := f
	want.Progress.Running = 2
	got := wantProgress(t, b, f, runs.BackfillRunning, runs.Progress{Running: 2})
	got.Failures = nil
	wantSame(t, "backfill", got, want)
	advance(t, b, 0)
	ordinary := pending(t, b, d)
	if r := ends(t, b, runs.Success); r.ID != ordinary {
		t.Errorf("run %s of the backfill starts before an ordinary one", r.ID)
	}
	for i, days := range []int{4, 3, 2, 1, 0} {
		status := runs.Success
		if i == 1 {
			status = runs.Failed
		}
		r := ends(t, b, status)
		start := march.AddDate(0, 0, days)
		if r.Trigger != runs.Backfilled || r.Backfill != f.ID || r.Priority != runs.BackfillPriority || r.StartedBy != "ada" ||
			!r.IntervalStart.Equal(start) || !r.IntervalEnd.Equal(start.AddDate(0, 0, 1)) || r.Params["month"] != start.Format(time.DateOnly) {
			t.Errorf("run number %d is %+v", i, r)
		}
		advance(t, b, map[bool]int{true: 1, false: 0}[i < 3])
	}
	got = wantProgress(t, b, f, runs.BackfillDone, runs.Progress{Done: 4, Failed: 1})
	if len(got.Failures) != 1 || !got.Failures[0].Start.Equal(march.AddDate(0, 0, 3)) || got.FinishedAt == nil {
		t.Errorf("it ends with %+v", got)
	}
	wantNone(t, b)
	all, err := b.Backfills(ctx, runs.BackfillFilter{Pipeline: d.ID, Page: pipelines.Page{Limit: 10}})
	must(t, err)
	n, err := b.CountBackfills(ctx, runs.BackfillFilter{Pipeline: "other"})
	must(t, err)
	if len(all) != 1 || all[0].Status != runs.BackfillDone || n != 0 {
		t.Errorf("listed are %+v, and %d of another pipeline", all, n)
	}

	// The interval is done as soon as its run was resumed with success.
	again := newRun(d)
	again.ResumedFrom = got.Failures[0].Run
	must(t, b.InsertRun(ctx, again))
	if r := ends(t, b, runs.Success); r.Backfill != f.ID || !r.IntervalStart.Equal(march.AddDate(0, 0, 3)) {
		t.Errorf("the run that resumes another is for %v of %q", r.IntervalStart, r.Backfill)
	}
	wantProgress(t, b, f, runs.BackfillDone, runs.Progress{Done: 5})
	must(t, b.DeletePipelines(ctx, nil, d.ID))
	_, err = b.Backfill(ctx, f.ID)
	wantKind(t, err, fault.NotFound, "backfill_not_found")
	advance(t, b, 0)
}

// testBackfillsSkip: an interval with a run that has succeeded is left out, whoever has
// started that.
func testBackfillsSkip(t *testing.T, b Backend) {
	ctx := t.Context()
	d := limited(t, b, "Sales", func(d *pipelines.Document) { d.Schedule = "@daily" })
	must(t, b.Reschedule(ctx, noon))
	fired, _, err := b.FireDue(ctx, noon.AddDate(0, 0, 1))
	must(t, err)
	if fired != 1 {
		t.Fatalf("%d runs are scheduled", fired)
	}
	last := ends(t, b, runs.Success)
	first := backfill(t, b, d, 3, func(f *runs.Backfill) {
		f.Start, f.End = last.IntervalStart.AddDate(0, 0, -2), last.IntervalEnd.UTC()
		f.SkipDone = true
	})
	ends(t, b, runs.Success)
	advance(t, b, 1)
	ends(t, b, runs.Failed)
	advance(t, b, 0)
	wantProgress(t, b, first, runs.BackfillDone, runs.Progress{Done: 1, Failed: 1, Skipped: 1})

	for skip, want := range map[bool]int{true: 1, false: 3} {
		f := backfill(t, b, d, 3, func(f *runs.Backfill) { f.Start, f.End, f.SkipDone = first.Start, first.End, skip; f.Concurrency = 3 })
		wantProgress(t, b, f, runs.BackfillRunning, runs.Progress{Running: want, Skipped: 3 - want})
		_, err := b.MoveBackfill(ctx, f.ID, runs.BackfillCancelled, noon)
		must(t, err)
	}
}

func testBackfillsPause(t *testing.T, b Backend) {
	ctx := t.Context()
	d := saved(t, b, "Sales")
	f := backfill(t, b, d, 4, func(f *runs.Backfill) { f.OnFailure = "pause" })
	r := ends(t, b, runs.Failed)
	advance(t, b, 0)
	if got := wantProgress(t, b, f, runs.BackfillPaused, runs.Progress{Failed: 1}); got.Reason != "run "+string(r.ID)+" has failed" {
		t.Errorf("it pauses because %q", got.Reason)
	}
	move := func(to runs.BackfillStatus) {
		t.Helper()
		_, err := b.MoveBackfill(ctx, f.ID, to, noon)
		must(t, err)
	}
	_, err := b.MoveBackfill(ctx, f.ID, runs.BackfillPaused, noon)
	wantKind(t, err, fault.Conflict, "backfill_paused")
	move(runs.BackfillRunning)
	advance(t, b, 1)
	move(runs.BackfillPaused)
	ends(t, b, runs.Success) // what has been started goes on
	advance(t, b, 0)
	wantProgress(t, b, f, runs.BackfillPaused, runs.Progress{Done: 1, Failed: 1})
	move(runs.BackfillRunning)

	d.Version, d.Draft = 2, true
	must(t, b.AppendVersion(ctx, pipelines.Version{Document: d}))
	advance(t, b, 0)
	if got := wantProgress(t, b, f, runs.BackfillPaused, runs.Progress{Done: 1, Failed: 1}); got.Reason != "the pipeline is a draft" {
		t.Errorf("it pauses because %q", got.Reason)
	}
	d.Version, d.Draft = 3, false
	must(t, b.AppendVersion(ctx, pipelines.Version{Document: d}))
	move(runs.BackfillRunning)
	advance(t, b, 1)
	if r := ends(t, b, runs.Success); r.PipelineVersion != 3 {
		t.Errorf("the run is of version %d", r.PipelineVersion)
	}
}

func testBackfillsAreCancelled(t *testing.T, b Backend) {
	ctx := t.Context()
	d := saved(t, b, "Sales")
	f := backfill(t, b, d, 9, func(f *runs.Backfill) { f.Concurrency = 3 })
	going := next(t, b)
	ended, err := b.MoveBackfill(ctx, f.ID, runs.BackfillCancelled, noon)
	must(t, err)
	asked, err := b.CancelRequested(ctx, going.Run.ID)
	must(t, err)
	if len(ended) != 3 || !asked {
		t.Errorf("ended are %v, and the one that runs: %v", ended, asked)
	}
	left, err := b.BackfillRuns(ctx, f.ID)
	must(t, err)
	wantSame(t, "runs that have not ended", left, []runs.ID{going.Run.ID})
	must(t, b.FinishRun(ctx, going.Run.ID, going.Fence, runs.Outcome{Status: runs.Cancelled, At: after(10)}, nil))
	advance(t, b, 0)
	wantProgress(t, b, f, runs.BackfillCancelled, runs.Progress{Cancelled: 3})
	_, err = b.MoveBackfill(ctx, f.ID, runs.BackfillRunning, noon)
	wantKind(t, err, fault.Conflict, "backfill_cancelled")
	wantNone(t, b)
}

// testBackfillsOverlap: where runs must not overlap a backfill waits, and neither skips
// an interval nor cancels a run.
func testBackfillsOverlap(t *testing.T, b Backend) {
	for _, policy := range []pipelines.Overlap{pipelines.OverlapSkip, "cancel_previous"} {
		d := limited(t, b, "Sales "+string(policy), func(d *pipelines.Document) { d.MaxActiveRuns, d.Overlap = 1, policy })
		other := pending(t, b, d)
		f := backfill(t, b, d, 2, func(f *runs.Backfill) { f.Concurrency = 2 })
		wantProgress(t, b, f, runs.BackfillRunning, runs.Progress{})
		if r := ends(t, b, runs.Success); r.ID != other {
			t.Errorf("%s: the run is %s", policy, r.ID)
		}
		for range 2 {
			advance(t, b, 1)
			ends(t, b, runs.Success)
		}
		advance(t, b, 0)
		wantProgress(t, b, f, runs.BackfillDone, runs.Progress{Done: 2})
	}
}

// testBackfillsOnce: of ten thousand intervals no more runs are on record than may be at
// once, and whoever asks, each gets one.
func testBackfillsOnce(t *testing.T, b Backend) {
	ctx := t.Context()
	d := saved(t, b, "Sales")
	f := backfill(t, b, d, 10_000, func(f *runs.Backfill) {
		f.Interval, f.End, f.Concurrency = "* * * * *", march.Add(10_000*time.Minute), 7
	})
	wantProgress(t, b, f, runs.BackfillRunning, runs.Progress{Running: 7})
	seen := map[time.Time]bool{}
	for range 5 {
		for range 7 {
			seen[*ends(t, b, runs.Success).IntervalStart] = true
		}
		_, errs := atOnce(4, func(int) error { _, _, err := b.AdvanceBackfills(ctx, noon); return err })
		if len(errs) > 0 {
			t.Fatal(errs)
		}
	}
	wantProgress(t, b, f, runs.BackfillRunning, runs.Progress{Running: 7, Done: 35})
	if n, err := b.CountRuns(ctx, runs.Filter{Pipeline: d.ID}); err != nil || n != 42 {
		t.Errorf("%d runs are on record (%v)", n, err)
	}
	want := map[time.Time]bool{}
	for i := range 35 {
		want[march.Add(time.Duration(i)*time.Minute)] = true
	}
	if !maps.Equal(seen, want) {
		t.Errorf("there were runs for %d intervals: %v", len(seen), seen)
	}

	// Those that are done are skipped a part at a time.
	b.put(t, d, f, 10_000)
	_, err := b.MoveBackfill(ctx, f.ID, runs.BackfillCancelled, noon)
	must(t, err)
	again := backfill(t, b, d, 10_000, func(n *runs.Backfill) { n.Interval, n.End, n.SkipDone = f.Interval, f.End, true })
	advance(t, b, 0)
	wantProgress(t, b, again, runs.BackfillDone, runs.Progress{Skipped: 10_000})
}

// put makes every interval of a backfill one that has succeeded.
func (b Backend) put(t *testing.T, d pipelines.Document, f runs.Backfill, n int) {
	t.Helper()
	tx, err := b.DB.Writer().BeginTx(t.Context(), nil)
	must(t, err)
	defer tx.Rollback()
	for i := range n {
		start := march.Add(time.Duration(i) * time.Minute)
		_, err := tx.ExecContext(t.Context(), `
			INSERT INTO backfill_runs (backfill_id, interval_start, interval_end, pipeline_id, run_id, status)
			VALUES (?1, ?2, ?3, ?4, ?5, 'success')
			ON CONFLICT (backfill_id, interval_start) DO NOTHING`, f.ID, start.UnixMilli(), start.Add(time.Minute).UnixMilli(), d.ID, id.New())
		must(t, err)
	}
	_, err = tx.ExecContext(t.Context(), `UPDATE backfill_runs SET status = 'success' WHERE backfill_id = ?1 AND status = 'started'`, f.ID)
	must(t, err)
	must(t, tx.Commit())
}

func testBackfillsOfWorkspaces(t *testing.T, b Backend) {
	d := saved(t, b, "Sales")
	f := backfill(t, b, d, 3, nil)
	elsewhere := auth.WithWorkspace(t.Context(), "elsewhere")
	_, err := b.Backfill(elsewhere, f.ID)
	wantKind(t, err, fault.NotFound, "backfill_not_found")
	_, err = b.MoveBackfill(elsewhere, f.ID, runs.BackfillCancelled, noon)
	wantKind(t, err, fault.NotFound, "backfill_not_found")
	all, err := b.Backfills(elsewhere, runs.BackfillFilter{Page: pipelines.Page{Limit: 10}})
	must(t, err)
	n, err := b.CountBackfills(elsewhere, runs.BackfillFilter{})
	must(t, err)
	if len(all) != 0 || n != 0 {
		t.Errorf("elsewhere there are %d backfills: %v", n, all)
	}
}
