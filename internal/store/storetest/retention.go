package storetest

import (
	"maps"
	"slices"
	"testing"

	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/runs"
)

// testForget: old runs go with everything that is about them, the oldest first, and the
// newest of a pipeline stay, as does what has not ended and what that needs.
func testForget(t *testing.T, b Backend) {
	ctx := t.Context()
	sales, stock := saved(t, b, "Sales"), saved(t, b, "Stock")
	ended := func(c runs.Claim, day int) runs.ID {
		must(t, b.FinishRun(ctx, c.Run.ID, c.Fence, runs.Outcome{Status: runs.Failed, At: after(day * 86_400_000)}, nil))
		return c.Run.ID
	}
	var old []runs.ID
	for range 5 {
		old = append(old, ended(claimed(t, b, sales, "me"), 0))
	}
	late := ended(claimed(t, b, sales, "me"), 9)
	only := ended(claimed(t, b, stock, "me"), 0)
	resuming := newRun(stock)
	resuming.ResumedFrom = only
	must(t, b.InsertRun(ctx, resuming))
	open := claimed(t, b, sales, "me").Run.ID

	forget := func(newest, limit int, want ...runs.ID) {
		t.Helper()
		gone, err := b.ForgetRuns(ctx, after(5*86_400_000), newest, limit)
		must(t, err)
		wantSame(t, "runs that were forgotten", gone, append([]runs.ID{}, want...))
		for _, run := range gone {
			_, err := b.Run(ctx, run)
			wantKind(t, err, fault.NotFound, "run_not_found")
			if told := events(t, b, run); len(told) > 0 {
				t.Errorf("a run that was forgotten tells %+v", told)
			}
		}
	}
	forget(100, 10)
	forget(5, 10, old[:2]...) // the newest five are the open one, the late one and three
	forget(0, 1, old[2])
	forget(0, 10, old[3:]...) // the late one is not old, and the only one is being resumed
	forget(0, 10)
	kept, err := b.OpenRuns(ctx)
	must(t, err)
	want := []runs.ID{only, resuming.ID, open}
	got := slices.Sorted(maps.Keys(kept))
	slices.Sort(want)
	wantSame(t, "runs that are open", got, want)
	_, err = b.CancelRun(ctx, resuming.ID, noon)
	must(t, err)
	forget(1, 10, only)
	_, err = b.Run(ctx, late)
	must(t, err)
}
