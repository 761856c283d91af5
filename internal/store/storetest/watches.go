package storetest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/files"
	"github.com/broked/broked/internal/pipelines"
	"github.com/broked/broked/internal/runs"
	"github.com/broked/broked/internal/triggers"
)

// watching returns a pipeline in the store with a trigger, which was made at noon.
func watching(t *testing.T, b Backend, name string, w pipelines.Watcher, change func(*pipelines.Document)) (pipelines.Document, triggers.Watch) {
	t.Helper()
	w.Name = "it"
	d := limited(t, b, name, func(d *pipelines.Document) {
		d.Triggers = []pipelines.Watcher{w}
		change(d)
	})
	all, err := b.WatchesOf(t.Context(), d.ID)
	must(t, err)
	wantSame(t, "the trigger", all, []triggers.Watch{{Watcher: w, Pipeline: d.ID, Workspace: "default", MadeAt: noon}})
	return d, all[0]
}

func asItIs(*pipelines.Document) {}

// file returns a file whose content and name are of a moment after noon.
func file(path string, size int64, ms int) files.Found {
	return files.Found{Path: path, Size: size, Modified: after(ms), Changed: after(ms)}
}

// sees has a trigger see files, and fails unless it starts so many runs.
func (b Backend) sees(t *testing.T, w triggers.Watch, ms, want int, found ...files.Found) {
	t.Helper()
	started, more, err := b.SeeFiles(t.Context(), w, found, after(ms))
	must(t, err)
	if started != want || more {
		t.Fatalf("after %d ms %d runs are started, want %d; more is %t", ms, started, want, more)
	}
}

// testArrivals: each version of a file starts one run, once it has stayed as it is.
func testArrivals(t *testing.T, b Backend) {
	ctx := t.Context()
	d, w := watching(t, b, "Sales", pipelines.Watcher{Type: pipelines.WatchFiles, Path: "in/*.csv", StableFor: "10s", Params: map[string]string{"month": "2026-03"}}, asItIs)
	old, one := file("/in/old.csv", 5, -1000), file("/in/one.csv", 5, 100)
	b.sees(t, w, 1_000, 0, old, one)
	b.sees(t, w, 10_999, 0, old, one)
	before := queued(t, b)
	b.sees(t, w, 11_000, 1, old, one)
	b.sees(t, w, 20_000, 0, old, one)
	all := of(t, b, d)
	if len(all) != 1 || all[0].Trigger != triggers.ByFile || queued(t, b) != before+1 {
		t.Fatalf("%+v", all)
	}
	wantSame(t, "parameters", all[0].Params, map[string]string{"month": "2026-03", "file": "/in/one.csv", "file_name": "one.csv"})

	// One that grows waits for its end, and one that was there before is new when it changes.
	b.sees(t, w, 30_000, 0, file("/in/old.csv", 6, 29_000), file("/in/one.csv", 9, 29_000))
	b.sees(t, w, 39_000, 0, file("/in/old.csv", 7, 38_000), file("/in/one.csv", 9, 29_000))
	b.sees(t, w, 41_000, 1, file("/in/old.csv", 7, 38_000), file("/in/one.csv", 9, 29_000))
	b.sees(t, w, 50_000, 1, file("/in/old.csv", 7, 38_000), file("/in/one.csv", 9, 29_000))
	// What went and comes back is not new, as after a disk was away for a while.
	b.sees(t, w, 60_000, 0)
	b.sees(t, w, 90_000, 0, file("/in/old.csv", 7, 38_000), file("/in/one.csv", 9, 29_000))
	// The name of an old file is new.
	moved := files.Found{Path: "/in/moved.csv", Size: 1, Modified: after(-100_000), Changed: after(91_000)}
	b.sees(t, w, 95_000, 0, moved)
	b.sees(t, w, 106_000, 1, moved)

	got, err := b.WatchesOf(ctx, d.ID)
	must(t, err)
	if all = of(t, b, d); len(all) != 4 || got[0].LastRun != all[0].ID || got[0].LastAt == nil || got[0].Files != 3 {
		t.Errorf("%d runs, and the trigger is %+v", len(all), got)
	}
	must(t, b.NoteProblem(ctx, w, "cannot be read"))
	d.Triggers[0].StableFor, d.Version = "1s", 2
	must(t, b.AppendVersion(ctx, pipelines.Version{Document: d}))
	if got, err = b.WatchesOf(ctx, d.ID); err != nil || got[0].Files != 3 || got[0].StableFor != "1s" || got[0].Problem != "cannot be read" {
		t.Errorf("another time has it forget: %+v %v", got, err)
	}
	d.Triggers[0].Path, d.Version, d.UpdatedAt = "other/*.csv", 3, after(200_000)
	must(t, b.AppendVersion(ctx, pipelines.Version{Document: d}))
	if got, err = b.WatchesOf(ctx, d.ID); err != nil || got[0].Files != 0 || !got[0].MadeAt.Equal(after(200_000)) {
		t.Errorf("another path has it remember: %+v %v", got, err)
	}
	b.sees(t, w, 300_000, 0, file("/in/late.csv", 1, 250_000)) // a look that began before
	d.Triggers, d.Version = nil, 4
	must(t, b.AppendVersion(ctx, pipelines.Version{Document: d}))
	b.sees(t, got[0], 400_000, 0, file("/in/late.csv", 1, 250_000))
}

// testArrivalsOnce: however many look at once, and whatever fails, a version starts one run.
func testArrivalsOnce(t *testing.T, b Backend) {
	ctx := t.Context()
	d, w := watching(t, b, "Sales", pipelines.Watcher{Type: pipelines.WatchFiles, Path: "in/*.csv", StableFor: "0s", Existing: true}, asItIs)
	var found []files.Found
	for i := range 250 {
		found = append(found, file(fmt.Sprintf("/in/%d.csv", i), 1, -1000))
	}
	b.refuse(t, "runs")
	if _, _, err := b.SeeFiles(ctx, w, found, after(5)); err == nil {
		t.Fatal("no run could be stored, and nobody says so")
	}
	b.dropTrigger(t, "refused", "runs")
	_, errs := atOnce(5, func(int) error {
		for more := true; more; {
			var err error
			if _, more, err = b.SeeFiles(ctx, w, found, after(10)); err != nil {
				return err
			}
		}
		return nil
	})
	n, err := b.CountRuns(ctx, runs.Filter{Pipeline: d.ID})
	must(t, err)
	if len(errs) > 0 || n != 250 {
		t.Errorf("%d runs, %v", n, errs)
	}
}

// testArrivalsWait: a file is not lost because it comes while its pipeline is busy, and
// what its pipeline does not take is told.
func testArrivalsWait(t *testing.T, b Backend) {
	d, w := watching(t, b, "Sales", pipelines.Watcher{Type: pipelines.WatchFiles, Path: "in/*.csv", StableFor: "0s"}, func(d *pipelines.Document) {
		d.Overlap = pipelines.OverlapSkip
		d.Parameters = map[string]pipelines.Parameter{"file_name": {OneOf: []string{"one.csv", "two.csv"}}}
	})
	found := []files.Found{file("/in/one.csv", 1, 1), file("/in/other.csv", 1, 1), file("/in/two.csv", 1, 1)}
	b.sees(t, w, 10, 1, found...)
	b.sees(t, w, 20, 0, found...)
	b.ends(t, of(t, b, d)[0].ID, runs.Success)
	b.sees(t, w, 30, 2, found...)
	all := of(t, b, d)
	if len(all) != 3 || all[1].Status != runs.Blocked || all[1].ErrorCode != "invalid_params" || all[0].Params["file_name"] != "two.csv" || len(all[0].Params) != 1 {
		t.Errorf("%+v", all)
	}
}

// testFilesAreBounded: of files that are gone only as many are remembered as there is room
// for beside those that are there.
func testFilesAreBounded(t *testing.T, b Backend) {
	_, w := watching(t, b, "Sales", pipelines.Watcher{Type: pipelines.WatchFiles, Path: "in/*.csv"}, asItIs)
	many := func(from, n int) []files.Found {
		var all []files.Found
		for i := range n {
			all = append(all, file(fmt.Sprintf("/in/%05d.csv", from+i), 1, -100))
		}
		return all
	}
	b.sees(t, w, 10, 0, many(0, 6000)...)
	b.sees(t, w, 20, 0, many(6000, 6000)...)
	all, err := b.WatchesOf(t.Context(), w.Pipeline)
	must(t, err)
	if all[0].Files != triggers.MaxFiles {
		t.Errorf("%d files are remembered", all[0].Files)
	}
}

// testContactTriggers: changes of contacts start a run when they have come to rest, and
// each is in one run.
func testContactTriggers(t *testing.T, b Backend) {
	ctx := t.Context()
	s := people(t, b)
	person(t, s, `{"email": "before@example.com"}`)
	d, w := watching(t, b, "Leads", pipelines.Watcher{Type: pipelines.WatchContacts, QuietFor: "10s", AtMost: "1m", Product: "recruiting", Events: []string{"created", "deleted"}}, asItIs)
	other, theirs := watching(t, b, "All", pipelines.Watcher{Type: pipelines.WatchContacts, QuietFor: "0s"}, asItIs)
	see := func(w triggers.Watch, in time.Duration, want int) {
		t.Helper()
		started, err := b.SeeContacts(ctx, w, time.Now().Add(in))
		must(t, err)
		if started != want {
			t.Fatalf("%d runs are started, want %d", started, want)
		}
	}
	see(w, time.Hour, 0)
	ada, _ := person(t, s, `{"email": "ada@example.com"}`)
	person(t, s, `{"email": "bob@example.com", "product": "retention"}`)
	see(w, 0, 0)
	won, _ := atOnce(3, func(int) error {
		n, err := b.SeeContacts(ctx, w, time.Now().Add(time.Minute))
		if err == nil && n == 0 {
			err = errors.New("none")
		}
		return err
	})
	all := of(t, b, d)
	if won != 1 || len(all) != 1 || all[0].Trigger != triggers.ByContacts || all[0].Params["contacts_changed"] != "1" || all[0].Params["contacts_created"] != "1" {
		t.Fatalf("%d of three have started %+v", won, all)
	}
	since, err := time.Parse(time.RFC3339, all[0].Params["contacts_since"])
	must(t, err)
	if since.After(ada.UpdatedAt) || ada.UpdatedAt.Sub(since) > time.Minute {
		t.Errorf("changes are told from %s on, and one was at %s", since, ada.UpdatedAt)
	}
	see(w, time.Hour, 0)
	see(theirs, time.Second, 1)
	if p := of(t, b, other)[0].Params; p["contacts_changed"] != "2" {
		t.Errorf("the other trigger tells %v", p)
	}
	person(t, s, `{"email": "ada@example.com", "first_name": "Ada"}`) // not what it is for
	see(w, time.Hour, 0)
	see(theirs, time.Second, 1)
	must(t, s.Erase(auth.WithWorkspace(ctx, "default"), ada.ID))
	see(w, time.Hour, 1)
	see(w, time.Hour, 0)
	see(theirs, time.Hour, 0)
	if p := of(t, b, d)[0].Params; p["contacts_deleted"] != "1" || p["contacts_created"] != "0" {
		t.Errorf("a deletion tells %v", p)
	}
	if p := of(t, b, other)[0].Params; p["contacts_updated"] != "1" || p["contacts_created"] != "0" {
		t.Errorf("a change tells %v", p)
	}
	for _, r := range of(t, b, d) {
		_, err := b.CancelRun(ctx, r.ID, noon)
		must(t, err)
	}
	must(t, b.DeletePipelines(ctx, nil, d.ID))
	see(w, time.Hour, 0)
}

// testWatches: triggers that are paused, and those of pipelines that are, are not looked
// at.
func testWatches(t *testing.T, b Backend) {
	ctx := t.Context()
	on, _ := watching(t, b, "On", pipelines.Watcher{Type: pipelines.WatchContacts}, asItIs)
	watching(t, b, "Paused", pipelines.Watcher{Type: pipelines.WatchContacts, Paused: true}, asItIs)
	watching(t, b, "Off", pipelines.Watcher{Type: pipelines.WatchContacts}, func(d *pipelines.Document) { d.Enabled = false })
	watching(t, b, "Draft", pipelines.Watcher{Type: pipelines.WatchContacts}, func(d *pipelines.Document) { d.Draft = true })
	all, err := b.Watches(ctx)
	must(t, err)
	if len(all) != 1 || all[0].Pipeline != on.ID {
		t.Errorf("%+v", all)
	}
}
