package storetest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/job"
	"github.com/broked/broked/internal/pipelines"
	"github.com/broked/broked/internal/runs"
)

// half is a run of a pipeline with a policy whose first node is done.
func half(t *testing.T, b Backend, policy pipelines.OnRestart) runs.Claim {
	t.Helper()
	d := limited(t, b, "On "+string(policy), func(d *pipelines.Document) { d.OnRestart = policy })
	c := claimed(t, b, d, "boot 0")
	must(t, b.RecordEvents(t.Context(), c.Run.ID, c.Fence, []runs.Event{
		started("a", 1), finished("a", 2, job.Success, 7), {Type: job.Artifact, At: after(2), Node: "a", Message: "a.parquet"}, started("b", 3),
	}))
	return c
}

func nodesOf(t *testing.T, b Backend, run runs.ID) string {
	t.Helper()
	r, err := b.Run(t.Context(), run)
	must(t, err)
	parts := []string{string(r.Status) + " " + r.ErrorCode}
	for _, n := range r.Nodes {
		parts = append(parts, n.Node+" "+string(n.Status))
	}
	return strings.Join(parts, ", ")
}

// testOnRestart: a pipeline says what becomes of its runs when the server is killed, and
// when it is told to stop.
func testOnRestart(t *testing.T, b Backend) {
	ctx := t.Context()
	for policy, want := range map[pipelines.OnRestart]string{
		"":                       "pending , a success",
		pipelines.RestartResumes: "pending , a success",
		pipelines.RestartBegins:  "pending ",
		pipelines.RestartFails:   "failed interrupted, a success, b failed, c skipped",
	} {
		killed := half(t, b, policy)
		_, err := b.Recover(ctx, "boot 1", after(10))
		must(t, err)
		if got := nodesOf(t, b, killed.Run.ID); got != want {
			t.Errorf("%s, killed: %s, want %s", policy, got, want)
		}
		d, err := b.Pipeline(ctx, string(killed.Run.Pipeline))
		must(t, err)
		stopped := claimed(t, b, d.Document, "boot 1")
		must(t, b.RecordEvents(ctx, stopped.Run.ID, stopped.Fence, []runs.Event{started("a", 1), finished("a", 2, job.Success, 7), started("b", 3)}))
		must(t, b.PutBackRun(ctx, stopped.Run.ID, stopped.Fence, after(20)))
		if got := nodesOf(t, b, stopped.Run.ID); got != want {
			t.Errorf("%s, stopped: %s, want %s", policy, got, want)
		}
		again, err := b.ClaimRun(ctx, killed.Run.ID, "boot 1", after(30))
		if policy == pipelines.RestartFails {
			wantKind(t, err, fault.Conflict, "run_failed")
			continue
		}
		must(t, err)
		if goesOn := again.Before != nil && again.Before.Run == killed.Run.ID && again.Before.Artifacts["a"].File == "a.parquet"; goesOn != (policy != pipelines.RestartBegins) {
			t.Errorf("%s: what was done before is %+v", policy, again.Before)
		}
		if !again.Run.StartedAt.Equal(noon) {
			t.Errorf("%s: the run began at %v", policy, again.Run.StartedAt)
		}
		must(t, b.FinishRun(ctx, killed.Run.ID, again.Fence, runs.Outcome{Status: runs.Success, At: after(40)}, nil))
	}
}

// testOrderlyStopsDoNotCount: only servers that are killed in a row quarantine a run.
func testOrderlyStopsDoNotCount(t *testing.T, b Backend) {
	ctx := t.Context()
	c := claimed(t, b, saved(t, b, "Sales"), "boot 0")
	claim := func(boot int) {
		t.Helper()
		var err error
		c, err = b.ClaimRun(ctx, c.Run.ID, fmt.Sprint("boot ", boot), after(boot))
		must(t, err)
	}
	for boot := range 4 {
		must(t, b.PutBackRun(ctx, c.Run.ID, c.Fence, after(boot)))
		claim(boot)
	}
	for boot := 10; boot < 12; boot++ {
		_, err := b.Recover(ctx, fmt.Sprint("boot ", boot), after(boot))
		must(t, err)
		claim(boot)
	}
	// It gets on, so that what comes is no longer in a row with what was.
	must(t, b.WaitRun(ctx, c.Run.ID, c.Fence, after(13), nil))
	must(t, b.NoteLook(ctx, c.Run.ID, runs.Look{At: after(14)}))
	claim(14)
	for boot := 20; boot < 22; boot++ {
		_, err := b.Recover(ctx, fmt.Sprint("boot ", boot), after(boot))
		must(t, err)
		claim(boot)
	}
	done, err := b.Recover(ctx, "boot 30", after(30))
	must(t, err)
	if len(done.Failed) != 1 {
		t.Errorf("recovered %+v", done)
	}
}
