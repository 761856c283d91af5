package storetest

import (
	"testing"

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
		done, first, err := b.Beat(ctx, runs.Process{ID: id, Host: "h", Version: "v", Slots: 2}, after(10))
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
	if len(all) != 2 || all[0].ID != "old" || all[1].Slots != 2 || all[1].SeenAt.IsZero() {
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
