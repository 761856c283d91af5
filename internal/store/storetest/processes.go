package storetest

import (
	"testing"
	"time"

	"github.com/broked/broked/internal/pipelines"
	"github.com/broked/broked/internal/runs"
)

// testProcesses checks that what a process leaves behind goes to the others, once it
// has not been seen for as long as its lease.
func testProcesses(t *testing.T, b Backend) {
	if !b.postgres(t) {
		t.Skip("a file has one server at a time")
	}
	ctx := t.Context()
	d := saved(t, b, "Sales")
	beat := func(id string, wantFirst bool) []runs.ID {
		t.Helper()
		done, first, err := b.Beat(ctx, runs.Process{ID: id, Kind: runs.Server, Host: "h", Version: "v", Slots: 2, Labels: []string{"gpu"}, Load: runs.Load{CPUs: 4}}, after(10))
		must(t, err)
		if first != wantFirst {
			t.Errorf("%s is the first: %v", id, first)
		}
		return done.PutBack
	}
	exec := func(text string) {
		t.Helper()
		_, err := b.DB.Writer().ExecContext(ctx, text)
		must(t, err)
	}
	beat("old", true)
	exec(`UPDATE processes SET started_at = started_at - 1000`)
	beat("new", false)
	theirs, ours, waits := claimed(t, b, d, "old"), claimed(t, b, d, "new"), pending(t, b, d)
	if taken := beat("new", false); len(taken) > 0 {
		t.Errorf("%v were taken from a process that is alive", taken)
	}
	all, err := b.Processes(ctx)
	must(t, err)
	if len(all) != 2 || all[0].ID != "old" || all[1].Slots != 2 || all[1].Kind != runs.Server || !all[1].Does("gpu") || all[1].Load.CPUs != 4 || all[1].SeenAt.IsZero() {
		t.Errorf("processes %+v", all)
	}

	exec(`UPDATE river_job SET state = 'running', attempted_by = ARRAY['x', 'old']`)
	exec(`UPDATE processes SET seen_at = seen_at - 31000 WHERE id = 'old'`)
	wantSame(t, "taken from the dead", beat("new", true), []runs.ID{theirs.Run.ID})
	if n := queued(t, b); n != 2 {
		t.Errorf("%d entries in the queue, want one for each pending run, 2", n)
	}
	for run, want := range map[runs.ID]runs.Status{theirs.Run.ID: runs.Pending, ours.Run.ID: runs.Running, waits: runs.Pending} {
		r, err := b.Run(ctx, run)
		must(t, err)
		if r.Status != want {
			t.Errorf("run %s is %s, want %s", run, r.Status, want)
		}
	}
	if err := b.RecordEvents(ctx, theirs.Run.ID, theirs.Fence, nil); err == nil {
		t.Error("a process that was taken for dead still writes to its run")
	}

	exec(`UPDATE river_job SET state = 'running', attempted_by = ARRAY['gone']`)
	if taken := beat("old", false); len(taken) > 0 { // it is back, and the younger one now
		t.Errorf("%v were taken from a process that is alive", taken)
	}
	if n := queued(t, b); n != 2 {
		t.Errorf("%d entries in the queue after those of a process that is not there were forgotten, want 2", n)
	}
	must(t, b.Leave(ctx, "new"))
	wantSame(t, "taken from the one that left", beat("old", true), []runs.ID{ours.Run.ID})
}

// testWorkers checks what is said of a process that went while it had a run, and that a
// worker never does what one server does for all.
func testWorkers(t *testing.T, b Backend) {
	if !b.postgres(t) {
		t.Skip("a file has one server at a time")
	}
	ctx := t.Context()
	d := limited(t, b, "Sales", func(d *pipelines.Document) { d.Label = "gpu" })
	beat := func(p runs.Process) bool {
		t.Helper()
		_, first, err := b.Beat(ctx, p, after(10))
		must(t, err)
		return first
	}
	die := func(id string) {
		t.Helper()
		_, err := b.DB.Writer().ExecContext(ctx, `UPDATE processes SET seen_at = 0 WHERE id = ?1`, id)
		must(t, err)
	}
	lost := func(want int) []runs.LostProcess {
		t.Helper()
		all, err := b.LostProcesses(ctx)
		must(t, err)
		if len(all) != want {
			t.Errorf("%d processes are lost, want %d: %+v", len(all), want, all)
		}
		return all
	}
	worker := runs.Process{ID: "w", Kind: runs.Worker, Host: "one", Slots: 3, Labels: []string{"gpu"}}
	if beat(worker) {
		t.Error("a worker is the first")
	}
	server := runs.Process{ID: "s", Kind: runs.Server, Host: "two"}
	if !beat(server) {
		t.Error("the only server is not the first")
	}
	line, err := b.Line(ctx, runs.Place{Pipeline: d.ID, Label: "gpu"})
	must(t, err)
	wantSame(t, "line", line, runs.Line{Slots: -1, Shared: true, Doers: 1, AllSlots: 3})

	c := claimed(t, b, d, "w")
	if line, err = b.Line(ctx, runs.Place{Pipeline: d.ID, Label: "far"}); err != nil || line.Doers != 0 {
		t.Errorf("of a label that nobody has: %+v, %v", line, err)
	}
	die("w")
	beat(server)
	if all := lost(1); len(all) == 1 {
		all[0].LostAt = time.Time{}
		wantSame(t, "lost", all[0], runs.LostProcess{ID: "w", Kind: runs.Worker, Host: "one", Runs: 1, Left: 1, Newest: c.Run.ID})
	}
	beat(runs.Process{ID: "beside", Kind: runs.Worker, Host: "three"})
	lost(1)
	beat(worker) // it was only slow
	lost(0)

	_, err = b.ClaimNext(ctx, "gpu", "w", noon)
	must(t, err)
	die("w")
	beat(server)
	lost(1)
	beat(runs.Process{ID: "w2", Kind: runs.Worker, Host: "one", Slots: 3, Labels: []string{"gpu"}}) // its machine is back
	lost(0)
	c, err = b.ClaimNext(ctx, "gpu", "w2", noon)
	must(t, err)
	succeeded(t, b, c)
	claimed(t, b, d, "w2")
	die("w2")
	beat(server)
	lost(1)
	c, err = b.ClaimNext(ctx, "gpu", "beside", noon)
	must(t, err)
	lost(1)
	succeeded(t, b, c)
	lost(0)
}
