package storetest

import (
	"strconv"
	"testing"

	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/job"
	"github.com/broked/broked/internal/pipelines"
	"github.com/broked/broked/internal/runs"
)

// parent returns a run whose node b waits for so many runs of another pipeline, none of
// which has been started.
func parent(t *testing.T, b Backend, of pipelines.Document, origin runs.ID, n int) runs.Plan {
	t.Helper()
	r := newRun(of)
	r.ResumedFrom = origin
	must(t, b.InsertRun(t.Context(), r))
	c, err := b.ClaimRun(t.Context(), r.ID, "me", noon)
	must(t, err)
	p := runs.Plan{Parent: r.ID, Node: "b", Fence: c.Fence, Document: of}
	for i := range n {
		p.Params = append(p.Params, map[string]string{"k": strconv.Itoa(i)})
	}
	must(t, b.PlanChildren(t.Context(), p))
	must(t, b.WaitRun(t.Context(), r.ID, c.Fence, after(100), []runs.Event{started("b", 50)}))
	return p
}

func (b Backend) called(t *testing.T, p runs.Plan, atOnce int, goOn bool) runs.Tally {
	t.Helper()
	tally, err := b.CallChildren(t.Context(), runs.Call{Parent: p.Parent, Node: p.Node, AtOnce: atOnce, GoOn: goOn}, after(200))
	must(t, err)
	return tally
}

// ends claims a pending run and ends it.
func (b Backend) ends(t *testing.T, run runs.ID, status runs.Status) {
	t.Helper()
	c, err := b.ClaimRun(t.Context(), run, "me", after(300))
	must(t, err)
	o := runs.Outcome{Status: status, At: after(400)}
	if status == runs.Failed {
		o.Failure = &job.Failure{Code: "bad", Message: "it broke"}
	}
	must(t, b.FinishRun(t.Context(), run, c.Fence, o, nil))
}

// testChildren: planned runs are started some at a time, and their ends wake the run
// that waits for them.
func testChildren(t *testing.T, b Backend) {
	ctx := t.Context()
	d := saved(t, b, "Sales")
	p := parent(t, b, d, "", 3)
	wantKind(t, b.PlanChildren(ctx, p), fault.Stale, "stale_fence")
	before := queued(t, b)
	first := b.called(t, p, 2, false)
	if first.Planned != 1 || first.Started != 2 || len(first.Began) != 2 || first.More || queued(t, b)-before != 2 {
		t.Fatalf("%+v", first)
	}
	if again := b.called(t, p, 2, false); len(again.Began) != 0 || again.Started != 2 {
		t.Errorf("a second time: %+v", again)
	}
	child, err := b.Run(ctx, first.Began[1].Run)
	must(t, err)
	if child.ParentRun != p.Parent || child.ParentNode != "b" || child.ParentRow != 1 || child.Params["k"] != "1" || child.Trigger != runs.Called {
		t.Errorf("%+v", child)
	}
	due, _, err := b.DueRuns(ctx, after(100), 10)
	must(t, err)
	later := after(90_000)
	must(t, b.NoteLook(ctx, p.Parent, runs.Look{At: after(250), Next: &later, LookAt: due[0].LookAt}))
	b.ends(t, first.Began[0].Run, runs.Success)
	due, _, err = b.DueRuns(ctx, after(0), 10)
	must(t, err)
	if len(due) != 1 {
		t.Fatal("the end of a run does not wake the one that waits for it")
	}
	// One that ends while the look is under way is not lost either.
	b.ends(t, first.Began[1].Run, runs.Failed)
	must(t, b.NoteLook(ctx, p.Parent, runs.Look{At: after(500), Next: &later, LookAt: due[0].LookAt}))
	if due, _, err = b.DueRuns(ctx, after(0), 10); err != nil || len(due) != 1 {
		t.Errorf("%d due, %v", len(due), err)
	}
	stopped := b.called(t, p, 2, false)
	if len(stopped.Began) != 0 || stopped.Failed != 1 || stopped.Blamed == nil || stopped.Blamed.Error != "it broke" || stopped.Blamed.Position != 1 {
		t.Errorf("after a failure: %+v", stopped)
	}
	if goesOn := b.called(t, p, 2, true); len(goesOn.Began) != 1 || goesOn.Total() != 3 {
		t.Errorf("in spite of a failure: %+v", goesOn)
	}
	all, err := b.Children(ctx, p.Parent, "b")
	must(t, err)
	if len(all) != 3 || all[0].Status != "success" || all[1].Status != "failed" || all[2].Status != runs.ChildStarted {
		t.Errorf("%+v", all)
	}
	page, err := b.Runs(ctx, runs.Filter{Parent: p.Parent, Page: pipelines.Page{Limit: 2}})
	must(t, err)
	n, err := b.CountRuns(ctx, runs.Filter{Parent: p.Parent, Status: runs.Failed})
	must(t, err)
	if len(page) != 2 || n != 1 {
		t.Errorf("%d runs, %d failed", len(page), n)
	}
	p.Fence, p.Params = 0, []map[string]string{{"k": "another"}}
	wantKind(t, b.PlanChildren(ctx, p), fault.Conflict, "rows_changed")
}

// testParallelChildren: whoever asks, and how often, each run is started once.
func testParallelChildren(t *testing.T, b Backend) {
	p := parent(t, b, saved(t, b, "Sales"), "", 50)
	won, errs := atOnce(8, func(int) error {
		_, err := b.CallChildren(t.Context(), runs.Call{Parent: p.Parent, Node: "b", AtOnce: 30}, after(200))
		return err
	})
	if won == 0 {
		t.Fatal(errs)
	}
	n, err := b.CountRuns(t.Context(), runs.Filter{Parent: p.Parent})
	must(t, err)
	if n != 30 {
		t.Errorf("%d runs, want 30", n)
	}
}

// testResumedChildren: what a run has done before is done, what has failed is resumed
// while its pipeline is the same, and a row that has changed is a new one.
func testResumedChildren(t *testing.T, b Backend) {
	ctx := t.Context()
	d := saved(t, b, "Sales")
	p := parent(t, b, d, "", 4)
	tally := b.called(t, p, 3, true)
	b.ends(t, tally.Began[0].Run, runs.Success)
	b.ends(t, tally.Began[1].Run, runs.Failed)
	c, err := b.ClaimRun(ctx, tally.Began[2].Run, "me", after(300))
	must(t, err)
	must(t, b.NoteLook(ctx, p.Parent, runs.Look{At: after(500), Failure: &job.Failure{Code: "child_failed"}}))
	// The third is about to be cancelled: neither is it waited for, nor begun beside itself.
	r := parent(t, b, d, p.Parent, 4)
	next := b.called(t, r, 0, true)
	if next.Succeeded != 1 || len(next.Began) != 2 || next.Planned != 1 || next.More {
		t.Fatalf("%+v", next)
	}
	must(t, b.FinishRun(ctx, c.Run.ID, c.Fence, runs.Outcome{Status: runs.Cancelled, At: after(600)}, nil))
	if next = b.called(t, r, 0, true); len(next.Began) != 1 || next.Planned != 0 {
		t.Fatalf("%+v", next)
	}
	all, err := b.Children(ctx, r.Parent, "b")
	must(t, err)
	if all[0].Run != tally.Began[0].Run {
		t.Error("what has succeeded is done again")
	}
	for i, want := range []runs.ID{"", tally.Began[1].Run, tally.Began[2].Run, ""} {
		got, err := b.Run(ctx, all[i].Run)
		must(t, err)
		if got.ResumedFrom != want {
			t.Errorf("run %d resumes %q, want %q", i, got.ResumedFrom, want)
		}
	}
	// By way of a run that has planned nothing, and with a newer version.
	must(t, b.NoteLook(ctx, r.Parent, runs.Look{At: after(700), Failure: &job.Failure{Code: "wait_timeout"}}))
	between := newRun(d)
	between.ResumedFrom = r.Parent
	must(t, b.InsertRun(ctx, between))
	if _, err := b.CancelRun(ctx, between.ID, after(800)); err != nil {
		t.Fatal(err)
	}
	d.Version++
	must(t, b.AppendVersion(ctx, pipelines.Version{Document: d}))
	last := parent(t, b, d, between.ID, 1)
	if got := b.called(t, last, 0, true); got.Succeeded != 1 {
		t.Errorf("%+v", got)
	}
	changed := parent(t, b, d, last.Parent, 0)
	wantSame(t, "runs for no rows", b.called(t, changed, 0, true), runs.Tally{})
}

// testEndOfAFamily: a run that ends without success ends those that it waits for.
func testEndOfAFamily(t *testing.T, b Backend) {
	ctx := t.Context()
	d := saved(t, b, "Sales")
	p := parent(t, b, d, "", 3)
	tally := b.called(t, p, 2, false)
	going, err := b.ClaimRun(ctx, tally.Began[0].Run, "me", after(300))
	must(t, err)
	_, err = b.CancelRun(ctx, p.Parent, after(400))
	must(t, err)
	asked, err := b.CancelRequested(ctx, going.Run.ID)
	must(t, err)
	other, err := b.Run(ctx, tally.Began[1].Run)
	must(t, err)
	if !asked || other.Status != runs.Cancelled {
		t.Errorf("the one that is going: %v, the other one: %s", asked, other.Status)
	}
	_, err = b.CallChildren(ctx, runs.Call{Parent: p.Parent, Node: "b"}, after(500))
	wantKind(t, err, fault.Conflict, "run_cancelled")
	free := parent(t, b, d, "", 0)
	free.Fence, free.Detached, free.Params = 0, true, []map[string]string{{}}
	must(t, b.PlanChildren(ctx, free))
	alone := b.called(t, free, 0, false).Began[0].Run
	_, err = b.CancelRun(ctx, free.Parent, after(600))
	must(t, err)
	if got, err := b.Run(ctx, alone); err != nil || got.Status != runs.Pending {
		t.Errorf("a run that nobody waits for is %s, %v", got.Status, err)
	}
}
