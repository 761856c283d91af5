package storetest

import (
	"testing"
	"time"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/id"
	"github.com/broked/broked/internal/job"
	"github.com/broked/broked/internal/node"
	"github.com/broked/broked/internal/pipelines"
	"github.com/broked/broked/internal/runs"
)

// recordedAt returns a run of d that was put on record at a time.
func recordedAt(t *testing.T, b Backend, d pipelines.Document, when time.Time, change func(*runs.Run)) runs.ID {
	t.Helper()
	r := newRun(d)
	r.ID, r.CreatedAt = runs.ID(id.Since(when))+r.ID[13:], when
	if change != nil {
		change(&r)
	}
	must(t, b.InsertRun(t.Context(), r))
	return r.ID
}

// testChosenRuns: lists are narrowed by what started runs and when, and counted alike.
func testChosenRuns(t *testing.T, b Backend) {
	ctx := t.Context()
	d, other := saved(t, b, "Sales"), saved(t, b, "Other")
	hour := func(n int) time.Time { return noon.Add(time.Duration(n) * time.Hour) }
	var all []runs.ID
	for i := range 6 {
		of := d
		if i == 5 {
			of = other
		}
		all = append(all, recordedAt(t, b, of, hour(i), func(r *runs.Run) {
			if i%2 == 1 {
				r.Trigger = "scheduled"
			}
		}))
	}
	for name, c := range map[string]struct {
		filter runs.Filter
		want   []runs.ID
	}{
		"since":        {runs.Filter{Since: hour(4)}, []runs.ID{all[5], all[4]}},
		"until":        {runs.Filter{Until: hour(2)}, []runs.ID{all[1], all[0]}},
		"both":         {runs.Filter{Since: hour(1), Until: hour(3)}, []runs.ID{all[2], all[1]}},
		"trigger":      {runs.Filter{Trigger: "scheduled"}, []runs.ID{all[5], all[3], all[1]}},
		"of one":       {runs.Filter{Trigger: "scheduled", Pipeline: d.ID, Since: hour(2)}, []runs.ID{all[3]}},
		"no such":      {runs.Filter{Trigger: "webhook"}, nil},
		"no such time": {runs.Filter{Since: hour(9)}, nil},
	} {
		c.filter.Limit = 10
		list, err := b.Runs(ctx, c.filter)
		must(t, err)
		var got []runs.ID
		for _, r := range list {
			got = append(got, r.ID)
		}
		wantSame(t, name, got, c.want)
		n, err := b.CountRuns(ctx, c.filter)
		must(t, err)
		if n != len(c.want) {
			t.Errorf("%s: counted %d, want %d", name, n, len(c.want))
		}
	}
	before, err := b.Runs(ctx, runs.Filter{Until: hour(3), Page: pipelines.Page{After: string(all[1]), Limit: 10}})
	must(t, err)
	if len(before) != 1 || before[0].ID != all[0] {
		t.Errorf("behind a cursor are %d runs, want the first one", len(before))
	}
}

// testDays: runs are counted by the quarter of an hour in which they were put on record.
func testDays(t *testing.T, b Backend) {
	ctx := t.Context()
	d, other := saved(t, b, "Sales"), saved(t, b, "Other")
	recordedAt(t, b, d, noon, nil)
	recordedAt(t, b, d, noon.Add(runs.Slot-time.Millisecond), nil)
	failed := recordedAt(t, b, d, noon.Add(runs.Slot), nil)
	recordedAt(t, b, other, noon, nil)
	c, err := b.ClaimRun(ctx, failed, "me", noon)
	must(t, err)
	must(t, b.FinishRun(ctx, failed, c.Fence, runs.Outcome{Status: runs.Failed, Failure: &job.Failure{Code: "x", Message: "y"}, At: noon}, nil))
	count := func(of pipelines.ID, since, until time.Time) map[string]int {
		slots, err := b.CountBySlot(ctx, of, since, until, runs.Slot)
		must(t, err)
		all := make(map[string]int)
		for _, s := range slots {
			all[s.At.UTC().Format("15:04 ")+string(s.Status)] += s.Runs
		}
		return all
	}
	day := noon.Add(24 * time.Hour)
	wantSame(t, "all", count("", noon, day), map[string]int{"12:00 pending": 3, "12:15 failed": 1})
	wantSame(t, "of one", count(d.ID, noon, day), map[string]int{"12:00 pending": 2, "12:15 failed": 1})
	wantSame(t, "until", count("", noon, noon.Add(runs.Slot)), map[string]int{"12:00 pending": 3})
	wantSame(t, "since", count("", noon.Add(runs.Slot), day), map[string]int{"12:15 failed": 1})
	elsewhere, err := b.CountBySlot(auth.WithWorkspace(ctx, "elsewhere"), "", noon, day, time.Hour)
	must(t, err)
	if len(elsewhere) > 0 {
		t.Errorf("another workspace has %v", elsewhere)
	}
	worst, err := b.MostFailing(ctx, noon, 5)
	must(t, err)
	wantSame(t, "most failing", worst, []runs.FailCount{{Pipeline: d.ID, Runs: 1}})
	worst, err = b.MostFailing(ctx, day, 5)
	must(t, err)
	wantSame(t, "most failing later", worst, []runs.FailCount{})
}

func testGrid(t *testing.T, b Backend) {
	ctx := t.Context()
	d := saved(t, b, "Sales")
	first := claimed(t, b, d, "me")
	must(t, b.RecordEvents(ctx, first.Run.ID, first.Fence, []runs.Event{started("a", 250), finished("a", 750, job.Success, 1000)}))
	second := claimed(t, b, d, "me")
	last := pending(t, b, d)
	nodes, err := b.NodesOfRuns(ctx, d.ID, 10)
	must(t, err)
	if len(nodes) != 2 || len(nodes[first.Run.ID]) != 3 || len(nodes[second.Run.ID]) != 3 || len(nodes[last]) != 0 {
		t.Fatalf("the grid is %v", nodes)
	}
	if a := nodes[first.Run.ID][0]; a.Node != "a" || a.Status != runs.NodeSuccess || a.Rows != 1000 || a.QueueMS != 250 {
		t.Errorf("the first node of the first run is %+v", a)
	}
	newest, err := b.NodesOfRuns(ctx, d.ID, 2)
	must(t, err)
	if len(newest) != 1 || newest[second.Run.ID] == nil {
		t.Errorf("of the newest two runs %d have nodes, want the second one", len(newest))
	}
}

func testMilestones(t *testing.T, b Backend) {
	ctx := t.Context()
	c := claimed(t, b, saved(t, b, "Sales"), "me")
	run := c.Run.ID
	columns := []node.Column{{Name: "x", Type: "BIGINT"}, {Name: "y", Type: "VARCHAR"}}
	must(t, b.RecordEvents(ctx, run, c.Fence, []runs.Event{
		started("a", 250),
		{Type: job.Log, At: after(300), Node: "a", Level: "info", Message: "reading"},
		progress("a", 400, 0.5),
		{Type: job.NodeRetrying, At: after(500), Node: "a", Message: "attempt 2 of 3"},
		{Type: job.Preview, At: after(700), Node: "a", Preview: &job.Sample{Columns: columns, Rows: [][]any{}}},
		finished("a", 750, job.Success, 1000),
	}))
	all, err := b.Milestones(ctx, run, 10)
	must(t, err)
	var told []runs.EventType
	for _, e := range all {
		told = append(told, e.Type)
	}
	wantSame(t, "milestones", told, []runs.EventType{runs.RunStarted, job.NodeStarted, job.NodeRetrying, job.NodeFinished})
	some, err := b.Milestones(ctx, run, 2)
	must(t, err)
	if len(some) != 2 {
		t.Errorf("%d milestones, want 2", len(some))
	}
	got, err := b.Columns(ctx, run)
	must(t, err)
	wantSame(t, "columns", got, map[string][]node.Column{"a": columns})
}
