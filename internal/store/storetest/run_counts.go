package storetest

import (
	"testing"
	"time"

	"github.com/broked/broked/internal/runs"
)

// testRunCounts sees that how many runs have which status is known after whatever happens
// to runs, without anybody counting them.
func testRunCounts(t *testing.T, b Backend) {
	ctx := t.Context()
	d, other := saved(t, b, "Sales"), saved(t, b, "Other")
	pending(t, b, other)
	check := func(after string, want map[runs.Status]int) {
		t.Helper()
		recent, err := b.RecentRuns(ctx, 1)
		must(t, err)
		wantSame(t, "counts after "+after, recent[d.ID].Counts, want)
		all := 0
		for status, n := range want {
			all += n
			got, err := b.CountRuns(ctx, runs.Filter{Pipeline: d.ID, Status: status})
			must(t, err)
			wantSame(t, string(status)+" after "+after, got, n)
		}
		got, err := b.CountRuns(ctx, runs.Filter{Pipeline: d.ID})
		must(t, err)
		wantSame(t, "all after "+after, got, all)
	}
	check("nothing", nil)
	cancelled := pending(t, b, d)
	check("a run was made", map[runs.Status]int{runs.Pending: 1})
	_, err := b.CancelRun(ctx, cancelled, noon)
	must(t, err)
	c := claimed(t, b, d, "x")
	check("one was cancelled and one begun", map[runs.Status]int{runs.Cancelled: 1, runs.Running: 1})
	must(t, b.PutBackRun(ctx, c.Run.ID, c.Fence, noon))
	check("it was put back", map[runs.Status]int{runs.Cancelled: 1, runs.Pending: 1})
	c, err = b.ClaimRun(ctx, c.Run.ID, "y", noon)
	must(t, err)
	must(t, b.FinishRun(ctx, c.Run.ID, c.Fence, runs.Outcome{Status: runs.Success, At: noon}, nil))
	check("it has ended", map[runs.Status]int{runs.Cancelled: 1, runs.Success: 1})
	_, err = b.ForgetRuns(ctx, noon.Add(time.Hour), 1, 10)
	must(t, err)
	check("the older one was forgotten", map[runs.Status]int{runs.Success: 1})
}
