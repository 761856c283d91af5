package storetest

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/job"
	"github.com/broked/broked/internal/node"
	"github.com/broked/broked/internal/pipelines"
	"github.com/broked/broked/internal/runs"
)

// after returns the instant so many milliseconds after noon.
func after(ms int) time.Time { return noon.Add(time.Duration(ms) * time.Millisecond) }

func started(node string, ms int) runs.Event {
	return runs.Event{Type: job.NodeStarted, At: after(ms), Node: node}
}

func progress(node string, ms int, share float64) runs.Event {
	return runs.Event{Type: job.NodeProgress, At: after(ms), Node: node, Progress: &share}
}

func finished(node string, ms int, status job.Status, rows int64) runs.Event {
	return runs.Event{Type: job.NodeFinished, At: after(ms), Node: node, Status: string(status), Rows: &rows, Millis: 500}
}

func testLife(t *testing.T, b Backend) {
	ctx := t.Context()
	d := saved(t, b, "Sales")
	c := claimed(t, b, d, "me")
	run := c.Run.ID
	wantSame(t, "claimed document", c.Document, d)
	if c.Fence != 1 || c.Run.Status != runs.Running || c.Run.StartedAt == nil || !c.Run.StartedAt.Equal(noon) || c.Run.Params["month"] != "2026-02" {
		t.Errorf("the claim is %+v", c)
	}
	sample := &job.Sample{Columns: []node.Column{{Name: "x", Type: "BIGINT"}}, Rows: [][]any{{json.Number("1.50")}, {nil}, {"<b>"}}, Truncated: true}
	failure := &job.Failure{Code: "bad_rule", Message: "no column y", Problems: []fault.Problem{{Path: "where", Message: "no column y"}}}
	must(t, b.RecordEvents(ctx, run, c.Fence, []runs.Event{
		started("a", 250),
		{Type: job.Log, At: after(300), Node: "a", Level: "info", Message: "reading"},
		{Type: job.Log, At: after(300), Level: "warning", Message: "slow disk"},
		{Type: job.Preview, At: after(700), Node: "a", Preview: sample},
	}))
	must(t, b.RecordEvents(ctx, run, c.Fence, []runs.Event{finished("a", 750, job.Success, 1000)}))
	must(t, b.RecordEvents(ctx, run, c.Fence, nil))
	failed := finished("b", 1400, job.Failed, 0)
	failed.Rows, failed.Error, failed.Failure = nil, failure.Message, failure
	must(t, b.FinishRun(ctx, run, c.Fence, runs.Outcome{Status: runs.Failed, Failure: failure, At: after(1500)}, []runs.Event{
		started("b", 900), {Type: job.NodeRetrying, At: after(950), Node: "b", Message: "attempt 2 of 2"}, failed,
	}))

	got, err := b.Run(ctx, run)
	must(t, err)
	if got.Status != runs.Failed || got.Error != failure.Message || got.ErrorCode != "bad_rule" || !got.FinishedAt.Equal(after(1500)) {
		t.Errorf("the run ended as %+v", got)
	}
	for i := range got.Nodes {
		if got.Nodes[i].ID == "" || got.Nodes[i].Run != run {
			t.Errorf("node run %d is %+v", i, got.Nodes[i])
		}
		got.Nodes[i].ID, got.Nodes[i].Run = "", ""
	}
	a, bee := after(250), after(900)
	wantSame(t, "nodes", got.Nodes, []runs.NodeRun{
		{Node: "a", Status: runs.NodeSuccess, Rows: 1000, StartedAt: &a, Millis: 500, QueueMS: 250, RowsPerSec: 2000},
		{Node: "b", Status: runs.NodeFailed, StartedAt: &bee, Millis: 500, QueueMS: 900, Error: failure.Message, Failure: failure, Attempt: 1},
		{Node: "c", Status: runs.NodeSkipped},
	})
	preview, err := b.NodePreview(ctx, run, "a")
	must(t, err)
	rows := int64(1000)
	wantSame(t, "preview", preview, runs.Preview{Sample: *sample, Total: &rows})
	_, err = b.NodePreview(ctx, run, "b")
	wantKind(t, err, fault.NotFound, "preview_not_found")
	lifeAsTold(t, b, run, failure)
}

func lifeAsTold(t *testing.T, b Backend, run runs.ID, failure *job.Failure) {
	t.Helper()
	all := events(t, b, run)
	var told []string
	for i, e := range all {
		if e.Seq != int64(i+1) || e.Run != run {
			t.Errorf("event %d is number %d of run %s", i+1, e.Seq, e.Run)
		}
		told = append(told, fmt.Sprint(e.Type, " ", e.Node, " ", e.Status))
	}
	wantSame(t, "events", told, []string{
		"run.started  running", "node.started a ", "log a ", "log  ", "preview a ", "node.finished a success",
		"node.started b ", "node.retrying b ", "node.finished b failed", "node.finished c skipped", "run.finished  failed",
	})
	last := all[len(all)-1]
	if !last.Ends() || last.Error != failure.Message {
		t.Errorf("the last event is %+v", last)
	}
	wantSame(t, "failure", last.Failure, failure)
	some, err := b.EventsAfter(t.Context(), run, 3, 2)
	must(t, err)
	wantSame(t, "events after 3, at most 2", some, all[3:5])
	for name, c := range map[string]struct {
		filter runs.LogFilter
		want   []runs.Event
	}{
		"all lines":     {runs.LogFilter{Limit: 10}, all[2:4]},
		"one line":      {runs.LogFilter{Limit: 1}, all[2:3]},
		"after":         {runs.LogFilter{After: 3, Limit: 10}, all[3:4]},
		"of a node":     {runs.LogFilter{Node: "a", Limit: 10}, all[2:3]},
		"of a level":    {runs.LogFilter{Level: "warning", Limit: 10}, all[3:4]},
		"of both":       {runs.LogFilter{Node: "a", Level: "warning", Limit: 10}, []runs.Event{}},
		"of no such id": {runs.LogFilter{Node: "z", Limit: 10}, []runs.Event{}},
	} {
		lines, err := b.LogLines(t.Context(), run, c.filter)
		must(t, err)
		wantSame(t, name, lines, c.want)
	}
}

func testParallelClaims(t *testing.T, b Backend) {
	run := pending(t, b, saved(t, b, "Sales"))
	won, errs := atOnce(20, func(i int) error {
		_, err := b.ClaimRun(t.Context(), run, fmt.Sprint("worker ", i), noon)
		return err
	})
	if won != 1 {
		t.Errorf("%d claims won, want 1", won)
	}
	for _, err := range errs {
		wantKind(t, err, fault.Conflict, "run_running")
	}
	_, err := b.ClaimRun(t.Context(), "nothing", "me", noon)
	wantKind(t, err, fault.NotFound, "run_not_found")
}

func testFences(t *testing.T, b Backend) {
	ctx := t.Context()
	old := claimed(t, b, saved(t, b, "Sales"), "me")
	run := old.Run.ID
	must(t, b.PutBackRun(ctx, run, old.Fence, noon))
	refused := func(when string) {
		t.Helper()
		before := events(t, b, run)
		wantKind(t, b.RecordEvents(ctx, run, old.Fence, []runs.Event{started("a", 1)}), fault.Stale, "stale_fence")
		wantKind(t, b.FinishRun(ctx, run, old.Fence, runs.Outcome{Status: runs.Success, At: noon}, nil), fault.Stale, "stale_fence")
		wantKind(t, b.PutBackRun(ctx, run, old.Fence, noon), fault.Stale, "stale_fence")
		wantSame(t, when+": events after a stale result", events(t, b, run), before)
	}
	refused("pending again")
	now, err := b.ClaimRun(ctx, run, "you", after(5))
	must(t, err)
	if now.Fence <= old.Fence {
		t.Errorf("fences %d, then %d: they must rise", old.Fence, now.Fence)
	}
	refused("claimed by another")
	must(t, b.FinishRun(ctx, run, now.Fence, runs.Outcome{Status: runs.Success, At: noon}, nil))
	old = now
	refused("ended")
	wantKind(t, b.RecordEvents(ctx, "nothing", 1, nil), fault.Stale, "stale_fence")
	if err := b.FinishRun(ctx, run, now.Fence, runs.Outcome{Status: runs.Pending, At: noon}, nil); err == nil {
		t.Error("a run ended as pending")
	}
}

func testProgress(t *testing.T, b Backend) {
	ctx := t.Context()
	c := claimed(t, b, saved(t, b, "Sales"), "me")
	run := c.Run.ID
	shares := func() (all []float64) {
		for _, e := range events(t, b, run) {
			if e.Type == job.NodeProgress {
				all = append(all, *e.Progress)
			}
		}
		return all
	}
	must(t, b.RecordEvents(ctx, run, c.Fence, []runs.Event{
		started("a", 0), progress("a", 1, 0.25), started("b", 2), progress("b", 3, 0.125), progress("a", 4, 0.5),
	}))
	wantSame(t, "progress after a batch", shares(), []float64{0.125, 0.5})
	must(t, b.RecordEvents(ctx, run, c.Fence, []runs.Event{progress("a", 5, 0.75)}))
	wantSame(t, "newest progress", shares(), []float64{0.125, 0.75})
	got, err := b.Run(ctx, run)
	must(t, err)
	if got.Nodes[0].Progress != 0.75 || got.Nodes[0].Status != runs.NodeRunning {
		t.Errorf("the node is %+v, want it running at 0.75", got.Nodes[0])
	}
	must(t, b.RecordEvents(ctx, run, c.Fence, []runs.Event{progress("a", 6, 0.875), finished("a", 7, job.Success, 3)}))
	wantSame(t, "progress after the end of a", shares(), []float64{0.125})
	all := events(t, b, run)
	if !slices.IsSortedFunc(all, func(x, y runs.Event) int { return int(x.Seq - y.Seq) }) {
		t.Errorf("events are out of order: %+v", all)
	}
	must(t, b.FinishRun(ctx, run, c.Fence, runs.Outcome{Status: runs.Success, At: noon}, nil))
	wantSame(t, "progress after the end of the run", shares(), []float64(nil))
}

func testCutShort(t *testing.T, b Backend) {
	ctx := t.Context()
	d := saved(t, b, "Sales")
	for status, want := range map[runs.Status][]runs.NodeStatus{
		runs.Success:   {runs.NodeSuccess, runs.NodeSuccess, runs.NodeSkipped},
		runs.Failed:    {runs.NodeSuccess, runs.NodeFailed, runs.NodeSkipped},
		runs.Cancelled: {runs.NodeSuccess, runs.NodeCancelled, runs.NodeCancelled},
	} {
		c := claimed(t, b, d, "me")
		must(t, b.FinishRun(ctx, c.Run.ID, c.Fence, runs.Outcome{Status: status, At: after(900)}, []runs.Event{
			started("a", 0), finished("a", 500, job.Success, 1), started("b", 600),
		}))
		got, err := b.Run(ctx, c.Run.ID)
		must(t, err)
		var nodes []runs.NodeStatus
		for _, n := range got.Nodes {
			nodes = append(nodes, n.Status)
		}
		wantSame(t, "nodes of a run that ended as "+string(status), nodes, want)
		if got.Nodes[1].Millis != 300 {
			t.Errorf("the node that was cut short took %d ms, want 300", got.Nodes[1].Millis)
		}
	}
}

func testPutBack(t *testing.T, b Backend) {
	ctx := t.Context()
	d := saved(t, b, "Sales")
	c := claimed(t, b, d, "me")
	run := c.Run.ID
	must(t, b.RecordEvents(ctx, run, c.Fence, []runs.Event{
		started("a", 1), progress("a", 2, 0.5), {Type: job.Preview, At: after(3), Node: "a", Preview: &job.Sample{}},
	}))
	before := queued(t, b)
	must(t, b.PutBackRun(ctx, run, c.Fence, after(10)))
	if n := queued(t, b); n != before+1 {
		t.Errorf("%d entries in the queue, want %d", n, before+1)
	}
	got, err := b.Run(ctx, run)
	must(t, err)
	if got.Status != runs.Pending || got.Attempt != 1 || len(got.Nodes) != 0 || got.FinishedAt != nil {
		t.Errorf("the run that was put back is %+v", got)
	}
	_, err = b.NodePreview(ctx, run, "a")
	wantKind(t, err, fault.NotFound, "preview_not_found")
	again, err := b.ClaimRun(ctx, run, "you", after(20))
	must(t, err)
	if !again.Run.StartedAt.Equal(noon) || again.Run.Attempt != 1 || len(again.Run.Nodes) > 0 {
		t.Errorf("claimed again: %+v", again.Run)
	}
	got, err = b.Run(ctx, run)
	must(t, err)
	if len(got.Nodes) != 3 || got.Nodes[0].Attempt != 1 || got.Nodes[0].Status != runs.NodePending {
		t.Errorf("nodes of the second attempt: %+v", got.Nodes)
	}
	var told []runs.EventType
	for _, e := range events(t, b, run) {
		told = append(told, e.Type)
	}
	wantSame(t, "events", told, []runs.EventType{runs.RunStarted, job.NodeStarted, job.Preview, runs.RunInterrupted, runs.RunStarted})

	_, err = b.CancelRun(ctx, run, noon)
	must(t, err)
	must(t, b.PutBackRun(ctx, run, again.Fence, after(30)))
	got, err = b.Run(ctx, run)
	must(t, err)
	if got.Status != runs.Cancelled {
		t.Errorf("a run that was to be cancelled became %s when it was put back", got.Status)
	}
}

func testRecover(t *testing.T, b Backend) {
	ctx := t.Context()
	d := saved(t, b, "Sales")
	orphan, mine, unwanted := claimed(t, b, d, "old boot"), claimed(t, b, d, "this boot"), claimed(t, b, d, "old boot")
	_, err := b.CancelRun(ctx, unwanted.Run.ID, noon)
	must(t, err)
	waits := pending(t, b, d)
	for range 2 { // a second recovery finds nothing left to do
		_, err = b.DB.Writer().ExecContext(ctx, `UPDATE river_job SET state = 'running' WHERE id % 2 = 0`)
		must(t, err)
		_, err = b.Recover(ctx, "this boot", after(10))
		must(t, err)
		if n := queued(t, b); n != 2 {
			t.Errorf("%d entries in the queue, want one for each pending run, 2", n)
		}
	}
	for run, want := range map[runs.ID]runs.Status{
		orphan.Run.ID: runs.Pending, mine.Run.ID: runs.Running, unwanted.Run.ID: runs.Cancelled, waits: runs.Pending,
	} {
		got, err := b.Run(ctx, run)
		must(t, err)
		if got.Status != want {
			t.Errorf("run %s became %s, want %s", run, got.Status, want)
		}
	}
	wantKind(t, b.RecordEvents(ctx, orphan.Run.ID, orphan.Fence, nil), fault.Stale, "stale_fence")
	must(t, b.RecordEvents(ctx, mine.Run.ID, mine.Fence, nil))
}

func testRecoverGivesUp(t *testing.T, b Backend) {
	ctx := t.Context()
	c := claimed(t, b, saved(t, b, "Sales"), "boot 0")
	run := c.Run.ID
	for boot := 1; ; boot++ {
		owner := fmt.Sprint("boot ", boot)
		done, err := b.Recover(ctx, owner, after(boot))
		must(t, err)
		if boot == 3 {
			wantSame(t, "recovered", fmt.Sprint(done), fmt.Sprintf("{[] [] [%s] 0}", run))
			break
		}
		wantSame(t, "recovered", fmt.Sprint(done), fmt.Sprintf("{[%s] [] [] 1}", run))
		_, err = b.ClaimRun(ctx, run, owner, after(boot))
		must(t, err)
	}
	got, err := b.Run(ctx, run)
	must(t, err)
	if got.Status != runs.Failed || got.ErrorCode != runs.CodeQuarantined || got.FinishedAt == nil {
		t.Errorf("the run that stopped three servers is %+v", got)
	}
	all := events(t, b, run)
	if last := all[len(all)-1]; !last.Ends() {
		t.Errorf("its last event is %+v", last)
	}
}

func testParallelEvents(t *testing.T, b Backend) {
	c := claimed(t, b, saved(t, b, "Sales"), "me")
	const writers, each = 8, 20
	_, errs := atOnce(writers, func(i int) error {
		for range each {
			e := runs.Event{Type: job.Log, At: noon, Level: "info", Message: fmt.Sprint("from ", i)}
			if err := b.RecordEvents(t.Context(), c.Run.ID, c.Fence, []runs.Event{e, e}); err != nil {
				return err
			}
		}
		return nil
	})
	for _, err := range errs {
		t.Error(err)
	}
	for i, e := range events(t, b, c.Run.ID) {
		if e.Seq != int64(i+1) {
			t.Fatalf("event %d is number %d", i+1, e.Seq)
		}
	}
	if n := len(events(t, b, c.Run.ID)); n != 1+writers*each*2 {
		t.Errorf("%d events, want %d", n, 1+writers*each*2)
	}
}

func testInfo(t *testing.T, b Backend) {
	must(t, b.DB.Ping(t.Context()))
	must(t, b.Queue.Healthy(t.Context()))
	info, err := b.DB.Info(t.Context())
	must(t, err)
	if info.Engine == "" || info.Schema < 1 || info.Bytes < 4096 {
		t.Errorf("the database is %+v", info)
	}
}

func testNodeStates(t *testing.T, b Backend) {
	ctx := t.Context()
	d := saved(t, b, "Sales")
	end := func(status runs.Status, state string) runs.Claim {
		t.Helper()
		c := claimed(t, b, d, "me")
		must(t, b.FinishRun(ctx, c.Run.ID, c.Fence, runs.Outcome{Status: status, At: after(1500), States: map[string]json.RawMessage{"a": json.RawMessage(state)}}, nil))
		return c
	}
	if c := end(runs.Success, `{"after":1}`); len(c.States) > 0 {
		t.Errorf("the first run is given %v", c.States)
	}
	second := end(runs.Success, `{"after":2}`)
	wantSame(t, "state of the first run", second.States, map[string]json.RawMessage{"a": json.RawMessage(`{"after":1}`)})
	end(runs.Failed, `{"after":3}`)
	end(runs.Cancelled, `{"after":4}`)
	all, err := b.NodeStates(ctx, d.ID)
	must(t, err)
	wantSame(t, "states", all, []runs.NodeState{{Node: "a", State: json.RawMessage(`{"after":2}`), Run: second.Run.ID, UpdatedAt: after(1500)}})

	wantKind(t, b.ForgetNodeState(ctx, d.ID, "b"), fault.NotFound, "no_state")
	d.Version++
	must(t, b.AppendVersion(ctx, pipelines.Version{Document: d, Renamed: map[string]string{"a": "b", "b": "a"}}))
	if all, err = b.NodeStates(ctx, d.ID); err != nil || len(all) != 1 || all[0].Node != "b" {
		t.Errorf("a node that has another id: %v, %v", all, err)
	}
	d.Version++
	must(t, b.AppendVersion(ctx, pipelines.Version{Document: d, Renamed: map[string]string{"b": "a"}}))
	must(t, b.ForgetNodeState(ctx, d.ID, "a"))
	if c := end(runs.Success, `{"after":5}`); len(c.States) > 0 {
		t.Errorf("after forgetting, a run is given %v", c.States)
	}
	must(t, b.DeletePipelines(ctx, nil, d.ID))
	all, err = b.NodeStates(ctx, d.ID)
	if must(t, err); len(all) > 0 {
		t.Errorf("a pipeline that is gone keeps %v", all)
	}
}
