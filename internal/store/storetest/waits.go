package storetest

import (
	"testing"

	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/job"
	"github.com/broked/broked/internal/runs"
)

// waitingRun returns a run whose first node has finished and whose second one waits.
func waitingRun(t *testing.T, b Backend) runs.Claim {
	t.Helper()
	c := claimed(t, b, saved(t, b, "Sales"), "me")
	must(t, b.WaitRun(t.Context(), c.Run.ID, c.Fence, after(900), []runs.Event{
		started("a", 100), {Type: job.Artifact, At: after(200), Node: "a", Message: "/x/a.parquet"}, finished("a", 500, job.Success, 7), started("b", 600),
	}))
	return c
}

// testWaits: a waiting run is looked at when it is due, goes on with what it has, and
// nobody else is asked about it.
func testWaits(t *testing.T, b Backend) {
	ctx := t.Context()
	c := waitingRun(t, b)
	run := c.Run.ID
	wantKind(t, b.WaitRun(ctx, run, c.Fence, noon, nil), fault.Stale, "stale_fence")
	due, next, err := b.DueRuns(ctx, after(899), 10)
	must(t, err)
	if len(due) != 0 || next == nil || !next.Equal(after(900)) {
		t.Errorf("before it is due: %v, next %v", due, next)
	}
	due, next, err = b.DueRuns(ctx, after(900), 10)
	must(t, err)
	if len(due) != 1 || next != nil || due[0].Run.ID != run || due[0].Document.Name != "Sales" || !due[0].Began.Equal(noon) || due[0].Run.Nodes[1].Status != runs.NodeRunning {
		t.Fatalf("due: %+v, next %v", due, next)
	}
	later := after(5000)
	must(t, b.NoteLook(ctx, run, runs.Look{At: after(900), Next: &later}))
	_, next, err = b.DueRuns(ctx, after(4999), 10)
	must(t, err)
	if next == nil || !next.Equal(later) {
		t.Errorf("the next look is at %v", next)
	}
	queuedBefore := queued(t, b)
	must(t, b.NoteLook(ctx, run, runs.Look{At: later, Events: []runs.Event{{Type: job.NodeFinished, At: later, Node: "b", Status: "success"}}}))
	if got := queued(t, b) - queuedBefore; got != 1 {
		t.Errorf("%d entries in the queue, want 1", got)
	}
	wantKind(t, b.NoteLook(ctx, run, runs.Look{At: later}), fault.Conflict, "run_pending")
	again, err := b.ClaimRun(ctx, run, "me", after(6000))
	must(t, err)
	if again.Before == nil || again.Before.Run != run || again.Before.Artifacts["a"].File != "/x/a.parquet" || again.Before.Nodes["b"].Status != runs.NodeSuccess {
		t.Errorf("what is left: %+v", again.Before)
	}
	got, err := b.Run(ctx, run)
	must(t, err)
	if got.Status != runs.Running || got.Attempt != 0 || !got.StartedAt.Equal(noon) || got.Nodes[0].Millis != 500 || got.Nodes[2].Status != runs.NodePending {
		t.Errorf("it goes on as %+v", got)
	}
	must(t, b.PutBackRun(ctx, run, again.Fence, after(7000)))
	again, err = b.ClaimRun(ctx, run, "me", after(8000))
	must(t, err)
	if again.Before == nil || again.Before.Nodes["a"].Status != runs.NodeSuccess || again.Before.Nodes["b"].Status != runs.NodeSuccess || len(again.Before.Nodes) != 2 {
		t.Errorf("a run that was interrupted after it waited begins with %+v", again.Before)
	}
}

// testEndOfWaits: a waiting run ends at once when it is cancelled or was waited for in
// vain, and one that was to be cancelled before it waits does not wait.
func testEndOfWaits(t *testing.T, b Backend) {
	ctx := t.Context()
	cancelled := waitingRun(t, b)
	status, err := b.CancelRun(ctx, cancelled.Run.ID, after(1000))
	must(t, err)
	wantSame(t, "status", status, runs.Cancelled)
	failed := claimed(t, b, cancelled.Document, "me")
	must(t, b.WaitRun(ctx, failed.Run.ID, failed.Fence, after(900), []runs.Event{started("a", 600)}))
	failure := &job.Failure{Code: "wait_timeout", Message: "it did not come"}
	must(t, b.NoteLook(ctx, failed.Run.ID, runs.Look{At: after(1000), Failure: failure}))
	marked := claimed(t, b, cancelled.Document, "me")
	_, err = b.CancelRun(ctx, marked.Run.ID, after(10))
	must(t, err)
	must(t, b.WaitRun(ctx, marked.Run.ID, marked.Fence, after(900), nil))
	for run, want := range map[runs.ID]runs.Status{cancelled.Run.ID: runs.Cancelled, failed.Run.ID: runs.Failed, marked.Run.ID: runs.Cancelled} {
		got, err := b.Run(ctx, run)
		must(t, err)
		if got.Status != want || got.FinishedAt == nil {
			t.Errorf("the run is %+v, want it %s", got, want)
		}
	}
	due, next, err := b.DueRuns(ctx, after(1_000_000), 10)
	must(t, err)
	if len(due) != 0 || next != nil {
		t.Errorf("due: %+v, next %v", due, next)
	}
}
