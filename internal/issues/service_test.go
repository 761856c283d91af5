package issues_test

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/id"
	"github.com/broked/broked/internal/issues"
	"github.com/broked/broked/internal/news"
	"github.com/broked/broked/internal/pipelines"
	"github.com/broked/broked/internal/queue"
	"github.com/broked/broked/internal/runs"
	"github.com/broked/broked/internal/store"
	"github.com/broked/broked/internal/store/storetest"
)

// world is a store with a pipeline, and the service over it.
type world struct {
	*issues.Service
	t        *testing.T
	store    *store.Store
	board    *news.Board
	pipeline pipelines.Document
}

// newWorld returns a world and what ends it.
func newWorld(t *testing.T) (*world, func()) {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	db, err := store.Open(t.Context(), store.Options{Path: storetest.SQLite(t), Log: log})
	must(t, err)
	q, err := queue.New(t.Context(), db.Writer(), log, queue.Options{})
	must(t, err)
	d, err := pipelines.Decode([]byte(`{"name": "Sales", "nodes": [{"id": "a", "type": "x", "name": "A"}], "edges": []}`))
	must(t, err)
	d.ID, d.Version, d.Workspace, d.CreatedAt = pipelines.ID(id.New()), 1, "default", time.Now()
	w := &world{t: t, store: store.New(db, q), board: &news.Board{}, pipeline: d}
	must(t, w.store.InsertPipeline(t.Context(), pipelines.Version{Document: d}))
	w.Service = issues.NewService(w.store, w.board)
	return w, func() { must(t, db.Close(context.WithoutCancel(t.Context()))) }
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (w *world) start() runs.ID {
	w.t.Helper()
	r := runs.Run{
		ID: runs.ID(id.New()), Pipeline: w.pipeline.ID, PipelineName: "Sales", PipelineVersion: 1, Trigger: "api", CreatedAt: time.Now(),
	}
	must(w.t, w.store.InsertRun(w.t.Context(), r))
	return r.ID
}

func (w *world) fail() issues.Issue {
	w.t.Helper()
	claim, err := w.store.ClaimRun(w.t.Context(), w.start(), "me", time.Now())
	must(w.t, err)
	must(w.t, w.store.FinishRun(w.t.Context(), claim.Run.ID, claim.Fence, runs.Outcome{Status: runs.Failed, At: time.Now()}, nil))
	return w.open(issues.RunFailed)[0]
}

// open returns the unresolved issues of a kind.
func (w *world) open(kind issues.Kind) []issues.Issue {
	w.t.Helper()
	all, err := w.List(w.t.Context(), issues.Filter{State: issues.Unresolved, Kind: kind, Page: pipelines.Page{Limit: 10}})
	must(w.t, err)
	return all
}

func TestTheLifeOfAnIssue(t *testing.T) {
	t.Parallel()
	w, end := newWorld(t)
	defer end()
	ada := auth.User{ID: "u1", Name: "ada", Canonical: "ada", Role: auth.Superadmin, CreatedAt: time.Now()}
	gone := auth.User{ID: "u2", Name: "gone", Canonical: "gone", Role: auth.Editor, Disabled: true, CreatedAt: time.Now()}
	must(t, w.store.InsertUser(t.Context(), ada, true))
	must(t, w.store.InsertUser(t.Context(), gone, false))
	ctx := auth.WithActor(t.Context(), auth.Actor{User: ada.ID, Name: "ada", Role: ada.Role})
	i := w.fail()
	told, unwatch := w.board.Watch(issues.ChangedIn(auth.DefaultWorkspace))
	defer unwatch()
	until := time.Now().Add(time.Hour)
	acknowledge := func() (issues.Issue, error) { return w.Acknowledge(ctx, i.ID) }
	resolve := func() (issues.Issue, error) { return w.Resolve(ctx, i.ID) }
	assign := func(to auth.UserID) func() (issues.Issue, error) {
		return func() (issues.Issue, error) { return w.Assign(ctx, i.ID, to) }
	}
	mute := func(until time.Time) func() (issues.Issue, error) {
		return func() (issues.Issue, error) { return w.Mute(ctx, i.ID, until) }
	}
	unmute := func() (issues.Issue, error) { return w.Unmute(ctx, i.ID) }
	for _, step := range []struct {
		name string
		do   func() (issues.Issue, error)
		code string // of the error, or ""
		last issues.EventType
		then func(issues.Issue) bool
	}{
		{"acknowledge", acknowledge, "", issues.WasAcknowledged, func(i issues.Issue) bool {
			return i.State == issues.Acknowledged && i.AcknowledgedBy == "ada" && i.AcknowledgedAt != nil
		}},
		{"acknowledge again", acknowledge, "", issues.WasAcknowledged, nil},
		{"assign", assign("u1"), "", issues.WasAssigned, func(i issues.Issue) bool { return i.Assignee == "u1" && i.AssigneeName == "ada" }},
		{"assign to nobody known", assign("u9"), "invalid_document", "", nil},
		{"assign to a disabled account", assign("u2"), "invalid_document", "", nil},
		{"unmute what is not muted", unmute, "", issues.WasAssigned, nil},
		{"mute", mute(until), "", issues.WasMuted, func(i issues.Issue) bool { return i.MutedUntil != nil && i.MutedUntil.Before(until) }},
		{"mute until yesterday", mute(time.Now().Add(-time.Hour)), "invalid_document", "", nil},
		{"mute for good", mute(time.Now().AddDate(1, 0, 0)), "invalid_document", "", nil},
		{"unmute", unmute, "", issues.WasUnmuted, func(i issues.Issue) bool { return i.MutedUntil == nil }},
		{"take back", assign(""), "", issues.WasAssigned, func(i issues.Issue) bool { return i.Assignee == "" }},
		{"resolve", resolve, "", issues.WasResolved, func(i issues.Issue) bool { return i.State == issues.Resolved && i.ResolvedBy == "ada" }},
		{"resolve again", resolve, "", issues.WasResolved, nil},
		{"acknowledge what is resolved", acknowledge, "issue_resolved", "", nil},
		{"assign what is resolved", assign("u1"), "issue_resolved", "", nil},
		{"mute what is resolved", mute(until), "issue_resolved", "", nil},
		{"unmute what is resolved", unmute, "issue_resolved", "", nil},
	} {
		got, err := step.do()
		if step.code != "" {
			if fault.CodeOf(err) != step.code {
				t.Errorf("%s: error %v, want code %s", step.name, err, step.code)
			}
			continue
		}
		if err != nil || step.then != nil && !step.then(got) || got.History[len(got.History)-1].Type != step.last {
			t.Errorf("%s: %+v (%v)", step.name, got, err)
		}
	}
	select {
	case <-told:
	default:
		t.Error("nobody was told that the issue changed")
	}
	got, err := w.Get(ctx, i.ID)
	must(t, err)
	var history []issues.EventType
	for _, e := range got.History {
		history = append(history, e.Type)
	}
	if diff := cmp.Diff([]issues.EventType{
		issues.WasOpened, issues.WasAcknowledged, issues.WasAssigned, issues.WasMuted, issues.WasUnmuted, issues.WasAssigned, issues.WasResolved,
	}, history); diff != "" {
		t.Errorf("history (-want +got):\n%s", diff)
	}
	if again := w.fail(); again.Previous != i.ID {
		t.Errorf("%+v does not come after %s", again, i.ID)
	}
	for _, bad := range []issues.ID{"", "../x", "01a200af-0000-7000-8000-000000000000"} {
		if _, err := w.Get(ctx, bad); fault.CodeOf(err) != "issue_not_found" {
			t.Errorf("get %q: %v", bad, err)
		}
		if _, err := w.Acknowledge(ctx, bad); fault.CodeOf(err) != "issue_not_found" {
			t.Errorf("acknowledge %q: %v", bad, err)
		}
		if err := w.Dismiss(ctx, bad); fault.CodeOf(err) != "issue_not_found" {
			t.Errorf("dismiss %q: %v", bad, err)
		}
	}
}

func TestWatchFindsWhatLasts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w, end := newWorld(t)
		defer end()
		ctx, stop := context.WithCancel(t.Context())
		var free atomic.Uint64
		var broken atomic.Bool
		const gib = 1 << 30
		free.Store(50 * gib)
		watch := &issues.Watch{
			Store: w.store, News: w.board, Log: slog.New(slog.DiscardHandler), StuckAfter: 30 * time.Minute,
			Disk: func() (issues.Space, error) {
				if broken.Load() {
					return issues.Space{}, errors.New("no such disk")
				}
				return issues.Space{Free: free.Load(), Total: 100 * gib}, nil
			},
		}
		told, unwatch := w.board.Watch(issues.ChangedIn(auth.DefaultWorkspace))
		defer unwatch()
		over := make(chan error)
		run := w.start()
		go func() { over <- watch.Run(ctx) }()
		step := func(name string, wait time.Duration, stuck, low int) {
			t.Helper()
			time.Sleep(wait)
			synctest.Wait()
			if n := len(w.open(issues.RunStuck)); n != stuck {
				t.Errorf("%s: %d issues of stuck runs, want %d", name, n, stuck)
			}
			if n := len(w.open(issues.DiskLow)); n != low {
				t.Errorf("%s: %d issues of the disk, want %d", name, n, low)
			}
		}
		step("at once", time.Second, 0, 0)
		step("nearly", 29*time.Minute, 0, 0)
		select {
		case <-told:
			t.Error("told, although nothing changed")
		default:
		}
		step("the run waits too long", 2*time.Minute, 1, 0)
		select {
		case <-told:
		default:
			t.Error("nobody was told")
		}
		_, err := w.store.CancelRun(t.Context(), run, time.Now())
		must(t, err)
		free.Store(gib / 2)
		step("it is cancelled, and the disk fills up", time.Minute, 0, 1)
		broken.Store(true)
		step("nobody knows", time.Minute, 0, 1)
		broken.Store(false)
		free.Store(5*gib + gib/2)
		step("hardly any room", time.Minute, 0, 1)
		free.Store(7 * gib)
		step("room again", time.Minute, 0, 0)
		stop()
		must(t, <-over)
	})
}

func TestWatchFindsMissedDeadlines(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) { // it begins at midnight UTC
		w, end := newWorld(t)
		defer end()
		d := w.pipeline
		d.Version, d.SLADeadline, d.SLATimezone = 2, "01:00", "Europe/London"
		must(t, w.store.AppendVersion(t.Context(), pipelines.Version{Document: d}))
		ctx, stop := context.WithCancel(t.Context())
		watch := &issues.Watch{
			Store: w.store, News: w.board, Log: slog.New(slog.DiscardHandler), StuckAfter: 30 * time.Minute,
			Disk: func() (issues.Space, error) { return issues.Space{Free: 1 << 40, Total: 1 << 40}, nil },
		}
		over := make(chan error)
		go func() { over <- watch.Run(ctx) }()
		step := func(name string, wait time.Duration, want int) {
			t.Helper()
			time.Sleep(wait)
			synctest.Wait()
			if n := len(w.open(issues.DeadlineMissed)); n != want {
				t.Errorf("%s: %d issues, want %d", name, n, want)
			}
		}
		step("before", 59*time.Minute, 0)
		step("missed", 2*time.Minute, 1)
		w.fail()
		step("failed", time.Minute, 1)
		step("a day later", 24*time.Hour, 1)
		if i := w.open(issues.DeadlineMissed)[0]; i.Count != 2 {
			t.Errorf("%d days are counted, want 2", i.Count)
		}
		claim, err := w.store.ClaimRun(t.Context(), w.start(), "me", time.Now())
		must(t, err)
		must(t, w.store.FinishRun(t.Context(), claim.Run.ID, claim.Fence, runs.Outcome{Status: runs.Success, At: time.Now()}, nil))
		step("succeeded", 0, 0)
		step("and is in time", 22*time.Hour, 0)
		stop()
		must(t, <-over)
	})
}
