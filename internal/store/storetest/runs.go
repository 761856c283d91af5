package storetest

import (
	"fmt"
	"testing"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/pipelines"
	"github.com/broked/broked/internal/runs"
)

func testRuns(t *testing.T, b Backend) {
	ctx := t.Context()
	d := saved(t, b, "Sales")
	r := newRun(d)
	must(t, b.InsertRun(ctx, r))
	got, err := b.Run(ctx, r.ID)
	must(t, err)
	r.Nodes = []runs.NodeRun{}
	wantSame(t, "run", got, r)
	if n := queued(t, b); n != 1 {
		t.Errorf("%d entries in the queue, want 1", n)
	}
	_, err = b.Run(ctx, "nothing")
	wantKind(t, err, fault.NotFound, "run_not_found")
	missing := newRun(d)
	missing.PipelineVersion = 2
	wantKind(t, b.InsertRun(ctx, missing), fault.NotFound, "pipeline_not_found")
	if n := queued(t, b); n != 1 {
		t.Errorf("%d entries in the queue after a run that was refused, want 1", n)
	}
	plain := newRun(d)
	plain.Params = nil
	must(t, b.InsertRun(ctx, plain))
	got, err = b.Run(ctx, plain.ID)
	must(t, err)
	if got.Params != nil {
		t.Errorf("a run without params has %v", got.Params)
	}
}

func testRunPages(t *testing.T, b Backend) {
	ctx := t.Context()
	d, other := saved(t, b, "Sales"), saved(t, b, "Other")
	var mine, all []runs.ID // newest first
	for i := range 8 {
		of := d
		if i%4 == 3 {
			of = other
		}
		run := pending(t, b, of)
		all = append([]runs.ID{run}, all...)
		if of.ID == d.ID {
			mine = append([]runs.ID{run}, mine...)
		}
	}
	_, err := b.CancelRun(ctx, mine[1], noon)
	must(t, err)
	for name, c := range map[string]struct {
		filter runs.Filter
		want   []runs.ID
		count  int
	}{
		"all":          {runs.Filter{Page: pipelines.Page{Limit: 3}}, all[:3], 8},
		"after":        {runs.Filter{Page: pipelines.Page{After: string(all[2]), Limit: 3}}, all[3:6], 8},
		"skip":         {runs.Filter{Page: pipelines.Page{Skip: 6, Limit: 3}}, all[6:], 8},
		"of one":       {runs.Filter{Pipeline: d.ID, Page: pipelines.Page{Limit: 4}}, mine[:4], 6},
		"of one after": {runs.Filter{Pipeline: d.ID, Page: pipelines.Page{After: string(mine[3]), Limit: 4}}, mine[4:], 6},
		"cancelled":    {runs.Filter{Status: runs.Cancelled, Page: pipelines.Page{Limit: 4}}, mine[1:2], 1},
		"both":         {runs.Filter{Pipeline: d.ID, Status: runs.Pending, Page: pipelines.Page{Limit: 2}}, []runs.ID{mine[0], mine[2]}, 5},
		"nothing":      {runs.Filter{Pipeline: "none", Page: pipelines.Page{Limit: 2}}, nil, 0},
	} {
		list, err := b.Runs(ctx, c.filter)
		must(t, err)
		var got []runs.ID
		for _, r := range list {
			got = append(got, r.ID)
			if r.Nodes != nil {
				t.Errorf("%s: a run in a list has nodes", name)
			}
		}
		wantSame(t, name, got, c.want)
		n, err := b.CountRuns(ctx, c.filter)
		must(t, err)
		if n != c.count {
			t.Errorf("%s: counted %d, want %d", name, n, c.count)
		}
	}
}

func testRecentRuns(t *testing.T, b Backend) {
	ctx := t.Context()
	idle := saved(t, b, "Idle")
	want := map[pipelines.ID][]runs.ID{}
	for i := range 3 {
		d := saved(t, b, fmt.Sprint("p", i))
		for range 4 {
			want[d.ID] = append([]runs.ID{pending(t, b, d)}, want[d.ID]...)
		}
		_, err := b.CancelRun(ctx, want[d.ID][3], noon)
		must(t, err)
	}
	recent, err := b.RecentRuns(ctx, 3)
	must(t, err)
	if len(recent[idle.ID].Runs) > 0 {
		t.Errorf("a pipeline that never ran has runs")
	}
	for pipeline, all := range want {
		var got []runs.ID
		for _, r := range recent[pipeline].Runs {
			got = append(got, r.ID)
		}
		wantSame(t, "recent runs", got, all[:3])
		wantSame(t, "counts", recent[pipeline].Counts, map[runs.Status]int{runs.Pending: 3, runs.Cancelled: 1})
	}
}

func testCancel(t *testing.T, b Backend) {
	ctx := t.Context()
	d := saved(t, b, "Sales")
	waits := pending(t, b, d)
	status, err := b.CancelRun(ctx, waits, noon)
	must(t, err)
	got, err := b.Run(ctx, waits)
	must(t, err)
	if status != runs.Cancelled || got.Status != runs.Cancelled || got.FinishedAt == nil || !got.FinishedAt.Equal(noon) {
		t.Errorf("a pending run became %s, %+v; want cancelled at noon", status, got)
	}
	told := events(t, b, waits)
	if len(told) != 1 || !told[0].Ends() || told[0].Status != string(runs.Cancelled) {
		t.Errorf("a cancelled run tells %+v, want its end", told)
	}
	_, err = b.ClaimRun(ctx, waits, "me", noon)
	wantKind(t, err, fault.Conflict, "run_cancelled")
	_, err = b.CancelRun(ctx, waits, noon)
	wantKind(t, err, fault.Conflict, "run_cancelled")

	c := claimed(t, b, d, "me")
	asked, err := b.CancelRequested(ctx, c.Run.ID)
	must(t, err)
	if asked {
		t.Error("a run is to be cancelled before anybody asked")
	}
	for range 2 { // asking again changes nothing
		status, err = b.CancelRun(ctx, c.Run.ID, noon)
		must(t, err)
		if status != runs.Running {
			t.Errorf("a running run became %s at once, want running: its executor ends it", status)
		}
	}
	asked, err = b.CancelRequested(ctx, c.Run.ID)
	must(t, err)
	if !asked {
		t.Error("the executor does not learn that its run is to be cancelled")
	}
	_, err = b.CancelRun(ctx, "nothing", noon)
	wantKind(t, err, fault.NotFound, "run_not_found")
	_, err = b.CancelRequested(ctx, "nothing")
	wantKind(t, err, fault.NotFound, "run_not_found")
	for id, want := range map[runs.ID]runs.Status{waits: runs.Cancelled, c.Run.ID: runs.Running} {
		status, err = b.RunStatus(ctx, id)
		must(t, err)
		if status != want {
			t.Errorf("the status of run %s is %s, want %s", id, status, want)
		}
		_, err = b.RunStatus(auth.WithWorkspace(ctx, "another"), id)
		wantKind(t, err, fault.NotFound, "run_not_found")
	}
	_, err = b.RunStatus(ctx, "nothing")
	wantKind(t, err, fault.NotFound, "run_not_found")
}
