package storetest

import (
	"strings"
	"testing"
	"time"

	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/id"
	"github.com/broked/broked/internal/pipelines"
	"github.com/broked/broked/internal/runs"
)

// depending returns a pipeline in the store with rules about others.
func depending(t *testing.T, b Backend, name string, rules ...pipelines.Dependency) pipelines.Document {
	t.Helper()
	return limited(t, b, name, func(d *pipelines.Document) { d.DependencyRules = rules })
}

// on returns a rule about a pipeline.
func on(d pipelines.Document, mode pipelines.DependencyMode, state pipelines.DependencyState) pipelines.Dependency {
	return pipelines.Dependency{Pipeline: d.Slug, Mode: mode, State: state}
}

// of returns the runs of a pipeline, newest first.
func of(t *testing.T, b Backend, d pipelines.Document) []runs.Run {
	t.Helper()
	all, err := b.Runs(t.Context(), runs.Filter{Pipeline: d.ID, Page: pipelines.Page{Limit: 100}})
	must(t, err)
	return all
}

// gated reports whether a run waits at a gate.
func gated(t *testing.T, b Backend, run runs.ID) bool {
	t.Helper()
	r, err := b.Run(t.Context(), run)
	must(t, err)
	return r.Status == runs.Pending && r.GateUntil != nil
}

// testGates: a run starts when the last runs of its upstreams are what it asks for, and
// then at once.
func testGates(t *testing.T, b Backend) {
	ctx := t.Context()
	sales, stock := saved(t, b, "Sales"), saved(t, b, "Stock")
	report := depending(t, b, "Report", on(sales, pipelines.Gate, pipelines.Succeeded), on(stock, pipelines.Gate, pipelines.Completed))
	run := pending(t, b, report)
	if !gated(t, b, run) || queued(t, b) != 0 {
		t.Fatalf("with %d entries in the queue the run is gated: %v", queued(t, b), gated(t, b, run))
	}
	_, err := b.ClaimRun(ctx, run, "me", noon)
	wantKind(t, err, fault.Conflict, "run_held")
	wantNone(t, b)
	line, err := b.Line(ctx, runs.Place{Pipeline: report.ID})
	must(t, err)
	wantSame(t, "why it waits", runs.Closed(line.Upstreams, noon), []string{"upstream Sales has not run", "upstream Stock has not run"})

	b.ends(t, pending(t, b, sales), runs.Failed)
	b.ends(t, pending(t, b, stock), runs.Failed)
	ups, err := b.Upstreams(ctx, report.ID)
	must(t, err)
	wantSame(t, "why it waits after failures", runs.Closed(ups, noon), []string{"the last run of upstream Sales is failed, not succeeded"})
	going := claimed(t, b, sales, "me")
	if ups, err = b.Upstreams(ctx, report.ID); err != nil || runs.Closed(ups, noon)[0] != "upstream Sales not finished" {
		t.Errorf("%v %v", runs.Closed(ups, noon), err)
	}
	before := queued(t, b)
	succeeded(t, b, going)
	if gated(t, b, run) || queued(t, b) != before+1 {
		t.Errorf("the run is gated: %v, and there are %d entries more", gated(t, b, run), queued(t, b)-before)
	}
	// What has passed does not wait again.
	pending(t, b, sales)
	c, err := b.ClaimRun(ctx, run, "me", noon)
	must(t, err)
	if late := pending(t, b, report); !gated(t, b, late) {
		t.Error("a run passes a gate while the upstream is pending")
	}
	must(t, b.PutBackRun(ctx, run, c.Fence, after(500)))
	if _, err := b.ClaimRun(ctx, run, "me", after(600)); err != nil {
		t.Errorf("a run that has begun does not go on: %v", err)
	}
}

// testGatesOfOthers: gates do not hold what goes on with another run or is a part of one,
// and such a part says nothing of its pipeline.
func testGatesOfOthers(t *testing.T, b Backend) {
	ctx := t.Context()
	sales := saved(t, b, "Sales")
	report := depending(t, b, "Report", on(sales, pipelines.Gate, pipelines.Succeeded))
	first := pending(t, b, report)
	_, err := b.CancelRun(ctx, first, after(1))
	must(t, err)
	again := newRun(report)
	again.ResumedFrom = first
	must(t, b.InsertRun(ctx, again))
	if gated(t, b, again.ID) {
		t.Error("a run that resumes another waits at a gate")
	}
	waits := pending(t, b, report)
	p := parent(t, b, saved(t, b, "Every"), "", 1)
	p.Document = sales
	tally := b.called(t, p, 1, false)
	b.ends(t, tally.Began[0].Run, runs.Success)
	if !gated(t, b, waits) {
		t.Error("a run that is a part of another opens a gate")
	}
	// A new version is heeded by what waits.
	report.DependencyRules[0].Paused, report.Version = true, 2
	must(t, b.AppendVersion(ctx, pipelines.Version{Document: report}))
	if gated(t, b, waits) {
		t.Error("a paused gate holds a run")
	}
}

// testGateTime: a run that has waited for too long is blocked, says why, and is told of.
func testGateTime(t *testing.T, b Backend) {
	ctx := t.Context()
	sales := saved(t, b, "Sales")
	seconds := int64(60)
	report := limited(t, b, "Report", func(d *pipelines.Document) {
		d.DependsOn, d.GateSeconds = []string{string(sales.ID)}, &seconds
	})
	below := depending(t, b, "Below", on(report, pipelines.Trigger, pipelines.Completed))
	run := pending(t, b, report)
	closed, err := b.CloseGates(ctx, noon.Add(59*time.Second))
	must(t, err)
	if len(closed) != 0 || !gated(t, b, run) {
		t.Fatalf("%v are closed too early", closed)
	}
	closed, err = b.CloseGates(ctx, noon.Add(time.Minute))
	must(t, err)
	r, err := b.Run(ctx, run)
	must(t, err)
	if len(closed) != 1 || r.Status != runs.Blocked || r.ErrorCode != runs.CodeDependencies || r.GateUntil != nil || r.FinishedAt == nil ||
		r.Error != "dependencies not satisfied: upstream Sales has not run" {
		t.Errorf("%v are closed, and the run is %+v", closed, r)
	}
	if told := events(t, b, run); len(told) != 1 || !told[0].Ends() {
		t.Errorf("the run told %+v", told)
	}
	if all := of(t, b, below); len(all) != 0 {
		t.Errorf("a run that never began has started %+v", all)
	}
	if closed, err = b.CloseGates(ctx, noon.Add(time.Hour)); err != nil || len(closed) != 0 {
		t.Errorf("a second time: %v %v", closed, err)
	}
}

// testDependencyTriggers: each run of an upstream that ends as is asked for starts one
// run, whatever has started it.
func testDependencyTriggers(t *testing.T, b Backend) {
	ctx := t.Context()
	sales := saved(t, b, "Sales")
	good := depending(t, b, "Good", on(sales, pipelines.Trigger, pipelines.Succeeded))
	bad := depending(t, b, "Bad", on(sales, pipelines.Trigger, pipelines.FailedRun))
	any1 := depending(t, b, "Any", on(sales, pipelines.Trigger, pipelines.Completed))
	next := depending(t, b, "Next", on(good, pipelines.Trigger, pipelines.Succeeded))
	quiet := depending(t, b, "Quiet", pipelines.Dependency{Pipeline: sales.Slug, Mode: pipelines.Trigger, State: pipelines.Completed, Paused: true})
	off := limited(t, b, "Off", func(d *pipelines.Document) {
		d.DependencyRules, d.Enabled = []pipelines.Dependency{on(sales, pipelines.Trigger, pipelines.Completed)}, false
	})
	causes := []string{"manual", "api", runs.Scheduled, runs.ByWebhook, runs.Backfilled}
	var last runs.ID
	for i, cause := range causes {
		r := newRun(sales)
		r.Trigger = cause
		must(t, b.InsertRun(ctx, r))
		before := queued(t, b)
		b.ends(t, r.ID, runs.Success)
		if all := of(t, b, good); len(all) != i+1 || all[0].UpstreamRun != r.ID || all[0].Trigger != runs.ByDependency || queued(t, b) != before+2 {
			t.Fatalf("after a run by %s there are %+v and %d entries more", cause, all, queued(t, b)-before)
		}
		last = of(t, b, good)[0].ID
	}
	b.ends(t, pending(t, b, sales), runs.Failed)
	_, err := b.CancelRun(ctx, pending(t, b, sales), after(5))
	must(t, err)
	b.ends(t, last, runs.Success)
	for _, tc := range []struct {
		of   pipelines.Document
		want int
	}{{good, 5}, {bad, 1}, {any1, 7}, {next, 1}, {quiet, 0}, {off, 0}} {
		if n := len(of(t, b, tc.of)); n != tc.want {
			t.Errorf("%s has %d runs, want %d", tc.of.Name, n, tc.want)
		}
	}
}

// testTriggersAreAtomic: a run does not end without the runs that it starts, and starts
// them once, though several say that it has ended.
func testTriggersAreAtomic(t *testing.T, b Backend) {
	ctx := t.Context()
	sales := saved(t, b, "Sales")
	report := depending(t, b, "Report", on(sales, pipelines.Trigger, pipelines.Completed))
	c := claimed(t, b, sales, "me")
	b.refuse(t, "runs")
	end := runs.Outcome{Status: runs.Success, At: after(10)}
	if err := b.FinishRun(ctx, c.Run.ID, c.Fence, end, nil); err == nil {
		t.Fatal("a run has ended without starting what it should")
	}
	if status, err := b.RunStatus(ctx, c.Run.ID); err != nil || status != runs.Running {
		t.Errorf("the run is %s, %v", status, err)
	}
	b.dropTrigger(t, "refused", "runs")
	won, _ := atOnce(5, func(int) error { return b.FinishRun(ctx, c.Run.ID, c.Fence, end, nil) })
	if all := of(t, b, report); won != 1 || len(all) != 1 {
		t.Errorf("%d ends have started %d runs", won, len(all))
	}
	// One whose server was killed ends when the next server finds it.
	c = claimed(t, b, sales, "gone")
	_, err := b.CancelRun(ctx, c.Run.ID, after(20))
	must(t, err)
	_, err = b.Recover(ctx, "me", after(30))
	must(t, err)
	if all := of(t, b, report); len(all) != 2 || all[0].UpstreamRun != c.Run.ID {
		t.Errorf("after a recovery there are %+v", all)
	}
	_, err = b.Recover(ctx, "me", after(40))
	must(t, err)
	if all := of(t, b, report); len(all) != 2 {
		t.Errorf("after another recovery there are %d", len(all))
	}
}

// testTriggersOverlap: a run that must not overlap another one is blocked, and opens no
// gates.
func testTriggersOverlap(t *testing.T, b Backend) {
	sales := saved(t, b, "Sales")
	report := limited(t, b, "Report", func(d *pipelines.Document) {
		d.DependencyRules, d.Overlap = []pipelines.Dependency{on(sales, pipelines.Trigger, pipelines.Succeeded)}, pipelines.OverlapSkip
	})
	for range 2 {
		b.ends(t, pending(t, b, sales), runs.Success)
	}
	if all := of(t, b, report); len(all) != 2 || all[0].Status != runs.Blocked || all[1].Status != runs.Pending {
		t.Errorf("%+v", all)
	}
}

// testDeleteUpstream: what others depend on is deleted with them, or without that they
// depend on it.
func testDeleteUpstream(t *testing.T, b Backend) {
	ctx := t.Context()
	sales := saved(t, b, "Sales")
	report := depending(t, b, "Report", on(sales, pipelines.Gate, pipelines.Succeeded))
	mail := depending(t, b, "Mail", on(report, pipelines.Trigger, pipelines.Succeeded))
	err := b.DeletePipelines(ctx, nil, sales.ID)
	wantKind(t, err, fault.Conflict, "pipeline_has_dependents")
	if ps := fault.ProblemsOf(err); len(ps) != 1 || !strings.Contains(ps[0].Message, "Report") {
		t.Errorf("the dependents are %+v", ps)
	}
	direct, err := b.Dependents(ctx, sales.ID, false)
	must(t, err)
	wantSame(t, "dependents", direct, []pipelines.Named{{ID: report.ID, Name: "Report"}})
	all, err := b.Dependents(ctx, sales.ID, true)
	must(t, err)
	wantSame(t, "all dependents", all, []pipelines.Named{{ID: mail.ID, Name: "Mail"}, {ID: report.ID, Name: "Report"}})
	graph, err := b.DependencyGraph(ctx)
	must(t, err)
	if len(graph.Nodes) != 3 || len(graph.Edges) != 2 || graph.Truncated {
		t.Errorf("%+v", graph)
	}

	run := pending(t, b, report)
	wantKind(t, b.DeletePipelines(ctx, nil, sales.ID, mail.ID, report.ID), fault.Conflict, "pipeline_busy")
	if direct, err = b.Dependents(ctx, sales.ID, false); err != nil || len(direct) != 1 {
		t.Errorf("a deletion that was refused has changed the dependents: %v %v", direct, err)
	}
	without := report
	without.DependencyRules, without.Version = nil, 2
	must(t, b.DeletePipelines(ctx, []pipelines.Version{{Document: without}}, sales.ID))
	if gated(t, b, run) {
		t.Error("a run waits for a pipeline that is deleted")
	}
	_, err = b.CancelRun(ctx, run, after(5))
	must(t, err)
	must(t, b.DeletePipelines(ctx, nil, report.ID, mail.ID))
	n, err := b.CountPipelines(ctx)
	must(t, err)
	if n != 0 {
		t.Errorf("%d pipelines are left", n)
	}
}

// testCircles: two saves at once cannot make pipelines depend on each other.
func testCircles(t *testing.T, b Backend) {
	ctx := t.Context()
	lost := document("Lost")
	lost.DependsOn = []string{"nowhere"}
	wantKind(t, b.InsertPipeline(ctx, pipelines.Version{Document: lost}), fault.Conflict, "dependency_not_found")
	for range 10 {
		one, other := saved(t, b, "One "+id.New()), saved(t, b, "Other "+id.New())
		one.DependsOn, one.Version = []string{string(other.ID)}, 2
		other.DependsOn, other.Version = []string{string(one.ID)}, 2
		docs := []pipelines.Document{one, other}
		won, errs := atOnce(2, func(i int) error { return b.AppendVersion(ctx, pipelines.Version{Document: docs[i]}) })
		if won != 1 {
			t.Fatalf("%d of two saves went through", won)
		}
		wantKind(t, errs[0], fault.Conflict, "dependency_cycle")
	}
}

// testRelate: databases of releases that did not heed dependencies are brought up to date.
func testRelate(t *testing.T, b Backend) {
	ctx := t.Context()
	sales := saved(t, b, "Sales")
	report := limited(t, b, "Report", func(d *pipelines.Document) {
		d.DependsOn = []string{sales.Slug}
		d.DependencyRules = []pipelines.Dependency{{Pipeline: string(sales.ID), Within: 60}}
	})
	for range 2 {
		_, err := b.DB.Writer().ExecContext(ctx, `DELETE FROM pipeline_dependencies`)
		must(t, err)
		must(t, b.Relate(ctx))
		must(t, b.Relate(ctx))
		ups, err := b.Upstreams(ctx, report.ID)
		must(t, err)
		wantSame(t, "upstreams", ups, []runs.Upstream{{
			Pipeline: sales.ID, Slug: sales.Slug, Name: "Sales", State: pipelines.Succeeded, Mode: pipelines.Gate, Within: time.Minute,
		}})
	}
}
