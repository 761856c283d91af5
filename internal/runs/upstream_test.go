package runs_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/broked/broked/internal/pipelines"
	"github.com/broked/broked/internal/runs"
)

func TestUnmet(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	ended := func(ago time.Duration) *time.Time { at := now.Add(-ago); return &at }
	for name, tc := range map[string]struct {
		of   runs.Upstream
		want string
	}{
		"never ran":          {runs.Upstream{State: pipelines.Succeeded}, "upstream Sales has not run"},
		"pending":            {runs.Upstream{State: pipelines.Completed, LastRun: "r", LastStatus: runs.Pending}, "upstream Sales not finished"},
		"running":            {runs.Upstream{State: pipelines.Succeeded, LastRun: "r", LastStatus: runs.Running}, "upstream Sales not finished"},
		"waiting":            {runs.Upstream{State: pipelines.FailedRun, LastRun: "r", LastStatus: runs.Waiting}, "upstream Sales not finished"},
		"success":            {runs.Upstream{State: pipelines.Succeeded, LastRun: "r", LastStatus: runs.Success, LastEnd: ended(time.Hour)}, ""},
		"failed":             {runs.Upstream{State: pipelines.Succeeded, LastRun: "r", LastStatus: runs.Failed, LastEnd: ended(0)}, "the last run of upstream Sales is failed, not succeeded"},
		"cancelled":          {runs.Upstream{State: pipelines.Succeeded, LastRun: "r", LastStatus: runs.Cancelled, LastEnd: ended(0)}, "the last run of upstream Sales is cancelled, not succeeded"},
		"failed is wanted":   {runs.Upstream{State: pipelines.FailedRun, LastRun: "r", LastStatus: runs.Failed, LastEnd: ended(0)}, ""},
		"success is not":     {runs.Upstream{State: pipelines.FailedRun, LastRun: "r", LastStatus: runs.Success, LastEnd: ended(0)}, "the last run of upstream Sales is success, not failed"},
		"any: success":       {runs.Upstream{State: pipelines.Completed, LastRun: "r", LastStatus: runs.Success, LastEnd: ended(0)}, ""},
		"any: failed":        {runs.Upstream{State: pipelines.Completed, LastRun: "r", LastStatus: runs.Failed, LastEnd: ended(0)}, ""},
		"any: cancelled":     {runs.Upstream{State: pipelines.Completed, LastRun: "r", LastStatus: runs.Cancelled, LastEnd: ended(0)}, ""},
		"just fresh":         {runs.Upstream{State: pipelines.Succeeded, Within: time.Hour, LastRun: "r", LastStatus: runs.Success, LastEnd: ended(time.Hour)}, ""},
		"stale":              {runs.Upstream{State: pipelines.Succeeded, Within: time.Hour, LastRun: "r", LastStatus: runs.Success, LastEnd: ended(time.Hour + 1)}, "the last run of upstream Sales has ended more than 1h0m0s ago"},
		"a clock that jumps": {runs.Upstream{State: pipelines.Succeeded, Within: time.Hour, LastRun: "r", LastStatus: runs.Success, LastEnd: ended(-time.Hour)}, ""},
	} {
		tc.of.Name = "Sales"
		if got := tc.of.Unmet(now); got != tc.want {
			t.Errorf("%s: %q, want %q", name, got, tc.want)
		}
	}
}

// TestClosed: gates are open when each of them is, whatever else there is.
func TestClosed(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	pick := func(n int) bool { return random.IntN(n) == 0 }
	states := []pipelines.DependencyState{pipelines.Succeeded, pipelines.Completed, pipelines.FailedRun}
	for range 20_000 {
		var all []runs.Upstream
		closed := 0
		for range random.IntN(4) {
			u := runs.Upstream{Mode: pipelines.Gate, State: states[random.IntN(3)], Paused: pick(4), LastRun: "r", LastStatus: runs.Statuses[random.IntN(7)]}
			if pick(3) {
				u.Mode = pipelines.Trigger
			}
			if u.LastStatus.Final() {
				at := now.Add(-time.Duration(random.IntN(100)) * time.Second)
				u.LastEnd = &at
			}
			if pick(2) {
				u.Within = time.Minute
			}
			fresh := u.Within == 0 || u.LastEnd != nil && now.Sub(*u.LastEnd) <= u.Within
			if u.Mode == pipelines.Gate && !u.Paused && (u.LastEnd == nil || !runs.Met(u.State, u.LastStatus) || !fresh) {
				closed++
			}
			all = append(all, u)
		}
		if got := runs.Closed(all, now); len(got) != closed {
			t.Fatalf("%d gates are closed, want %d: %+v", len(got), closed, all)
		}
	}
}
