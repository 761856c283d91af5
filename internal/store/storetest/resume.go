package storetest

import (
	"testing"

	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/job"
	"github.com/broked/broked/internal/runs"
)

// testResumedRuns: a run that resumes another knows what that has left, however often
// it is claimed, and there is one at a time.
func testResumedRuns(t *testing.T, b Backend) {
	ctx := t.Context()
	d := saved(t, b, "Sales")
	old := claimed(t, b, d, "me")
	seven, stored := int64(7), runs.Stored{Place: "x/a.parquet", Bytes: 99, SHA256: "abc"}
	kept := runs.KeptState{Begun: []byte(`{"to":1}`), Kept: []byte(`{"to":2}`)}
	must(t, b.RecordEvents(ctx, old.Run.ID, old.Fence, []runs.Event{
		started("a", 1),
		{Type: job.Artifact, At: after(2), Node: "a", Message: "/x/old.parquet"},
		{Type: job.Artifact, At: after(3), Node: "a", Message: "/x/a.parquet", Rows: &seven, Stored: stored},
		{Type: job.Kept, At: after(3), Node: "a", Kept: &kept},
		finished("a", 4, job.Success, 7),
	}))
	must(t, b.FinishRun(ctx, old.Run.ID, old.Fence, runs.Outcome{Status: runs.Failed, At: after(5)}, nil))

	r := newRun(d)
	r.Trigger, r.ResumedFrom, r.ResumedAt = runs.Resumed, old.Run.ID, "b"
	must(t, b.InsertRun(ctx, r))
	wantKind(t, b.InsertRun(ctx, newResume(r)), fault.Conflict, "run_resuming")
	c, err := b.ClaimRun(ctx, r.ID, "me", after(10))
	must(t, err)
	if c.Run.ResumedFrom != old.Run.ID || c.Run.ResumedAt != "b" || c.Before == nil {
		t.Fatalf("the claim is %+v", c)
	}
	wantSame(t, "artifacts", c.Before.Artifacts, map[string]runs.Artifact{"a": {File: "/x/a.parquet", Rows: 7, Stored: stored}})
	wantSame(t, "states", c.Before.States, map[string]runs.KeptState{"a": kept})
	one, err := b.Artifact(ctx, old.Run.ID, "a")
	must(t, err)
	wantSame(t, "artifact", one, c.Before.Artifacts["a"])
	if n := c.Before.Nodes["a"]; n.Status != runs.NodeSuccess || n.Rows != 7 || c.Before.Nodes["b"].Status != runs.NodeSkipped {
		t.Errorf("nodes before: %+v", c.Before.Nodes)
	}
	restored := finished("a", 12, job.Success, 7)
	restored.Restored, restored.Pushed = true, "SELECT 1"
	must(t, b.RecordEvents(ctx, r.ID, c.Fence, []runs.Event{restored}))
	must(t, b.PutBackRun(ctx, r.ID, c.Fence, after(13)))
	c, err = b.ClaimRun(ctx, r.ID, "you", after(14))
	must(t, err)
	if c.Before == nil || c.Before.Run != old.Run.ID {
		t.Errorf("the second claim is %+v", c)
	}
	must(t, b.FinishRun(ctx, r.ID, c.Fence, runs.Outcome{Status: runs.Failed, At: after(15)}, []runs.Event{restored}))
	got, err := b.Run(ctx, r.ID)
	must(t, err)
	if !got.Nodes[0].Restored || got.Nodes[0].Pushed != "SELECT 1" || got.Nodes[1].Restored {
		t.Errorf("nodes %+v", got.Nodes)
	}

	third := newResume(r)
	third.ResumedFrom = r.ID
	must(t, b.InsertRun(ctx, third))
	c, err = b.ClaimRun(ctx, third.ID, "me", after(20))
	must(t, err)
	if c.Before.StartedAt == nil || !c.Before.StartedAt.Equal(noon) {
		t.Errorf("the first of them started at %v", c.Before.StartedAt)
	}
}

func newResume(of runs.Run) runs.Run {
	r := of
	r.ID = newRun(document("x")).ID
	return r
}
