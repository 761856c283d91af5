package triggers

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/files"
	"github.com/broked/broked/internal/news"
	"github.com/broked/broked/internal/pipelines"
	"github.com/broked/broked/internal/runs"
)

// What starts runs by looking.
const (
	ByFile     = "file"
	ByContacts = "contacts"
)

// MaxFiles bounds the files that one trigger remembers, and so how many it may match.
const MaxFiles = 10_000

// Watch is a trigger of a pipeline that looks at something, and what became of it.
type Watch struct {
	pipelines.Watcher
	Pipeline  pipelines.ID
	Workspace auth.WorkspaceID
	MadeAt    time.Time
	Looked    bool       // what was there at first is known
	Problem   string     // why it could not be looked at; empty when it could
	Files     int        // that it remembers
	LastRun   runs.ID    // the last run that it has started; empty when there is none
	LastAt    *time.Time // when it did
}

// WatchStore remembers what triggers have seen. Package store implements it; every method
// is one transaction.
type WatchStore interface {
	// Watches returns the triggers that may start runs: neither they nor their pipelines
	// are paused, and these are no drafts. Of what they have seen nothing is read.
	Watches(ctx context.Context) ([]Watch, error)
	// SeeFiles notes which files there are, and puts a run on record and in the queue for
	// each version of a file that has started none and has been as it is for long enough.
	// No version starts two, whoever asks and how often. More says that more is due than
	// one transaction takes.
	SeeFiles(ctx context.Context, w Watch, found []files.Found, now time.Time) (started int, more bool, err error)
	// SeeContacts puts a run on record and in the queue when contacts have changed since
	// the last one, and have not for long enough. No change is in two runs.
	SeeContacts(ctx context.Context, w Watch, now time.Time) (started int, err error)
	// NoteProblem writes down why a trigger cannot be looked at; nothing when it can.
	NoteProblem(ctx context.Context, w Watch, problem string) error
}

// Watcher looks at what triggers watch.
type Watcher struct {
	Store WatchStore
	Roots files.Roots
	News  *news.Board
	Log   *slog.Logger
	// Room returns why no run may be started now, or nil.
	Room func() error
	// Far looks at files elsewhere, and returns what was found.
	Far func(ctx context.Context, w Watch) ([]files.Found, error)
}

// How often is looked. A look that takes long is followed by a longer rest, so that a
// large folder does not keep the server busy.
const (
	glanceEvery = time.Second     // at contacts
	lookEvery   = 5 * time.Second // at files
	restAfter   = 10              // times as long as the look took
)

// Run looks until ctx ends. What fails is logged and tried again. Other machines keep nobody
// waiting.
func (w *Watcher) Run(ctx context.Context) error {
	var far sync.WaitGroup
	far.Go(func() { w.runFar(ctx) })
	defer far.Wait()
	var files time.Time // when they are due
	for {
		begun := time.Now()
		look := !begun.Before(files)
		if w.Room() == nil {
			w.round(ctx, look)
		}
		took := time.Since(begun)
		if look {
			files = begun.Add(max(lookEvery, restAfter*took))
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(max(glanceEvery, restAfter*took)):
		}
	}
}

// round looks at everything once, at files only when they are due.
func (w *Watcher) round(ctx context.Context, files bool) {
	all, err := w.Store.Watches(ctx)
	if err != nil {
		w.tell(ctx, err, Watch{})
		return
	}
	started := 0
	for _, one := range all {
		var n int
		switch {
		case one.Type == pipelines.WatchContacts:
			n, err = w.Store.SeeContacts(ctx, one, time.Now())
		case files && one.ConnID == "":
			n, err = w.Look(ctx, one, time.Now())
		default:
			continue
		}
		started += n
		w.tell(ctx, err, one)
	}
	if started > 0 {
		w.News.Post(runs.Changed)
	}
}

func (w *Watcher) tell(ctx context.Context, err error, of Watch) {
	if err != nil && ctx.Err() == nil {
		w.Log.ErrorContext(ctx, "a trigger cannot be looked at", "pipeline", string(of.Pipeline), "trigger", of.Name, "error", err)
	}
}

// Look looks at the files of one trigger, and returns how many runs that has started. What
// its author can mend is written down with the trigger.
func (w *Watcher) Look(ctx context.Context, one Watch, now time.Time) (started int, err error) {
	found, err := w.Roots.Look(one.Path)
	if err == nil && len(found) > MaxFiles {
		err = fault.New(fault.Invalid, "%q matches %d files, and a trigger remembers %d: name fewer", one.Path, len(found), MaxFiles)
	}
	if noted := w.note(ctx, one, err); noted != nil || err != nil {
		return 0, noted
	}
	return w.see(ctx, one, found, now)
}

// note writes down why a trigger could not be looked at, if that is news.
func (w *Watcher) note(ctx context.Context, one Watch, why error) error {
	problem := ""
	if why != nil {
		problem = fault.MessageOf(why)
	}
	if problem == one.Problem {
		return nil
	}
	return w.Store.NoteProblem(ctx, one, problem)
}

// see starts the runs of files that were found.
func (w *Watcher) see(ctx context.Context, one Watch, found []files.Found, now time.Time) (started int, err error) {
	for more := true; more && ctx.Err() == nil; {
		var n int
		if n, more, err = w.Store.SeeFiles(ctx, one, found, now); err != nil {
			return started, err
		}
		started += n
	}
	return started, nil
}

// Watches returns the triggers of a pipeline that look at something, by name.
func (s *Service) Watches(ctx context.Context, pipeline string) (pipelines.Document, []Watch, error) {
	d, err := s.pipelines.Get(ctx, pipeline)
	if err != nil {
		return d, nil, err
	}
	all, err := s.store.WatchesOf(ctx, d.ID)
	return d, all, err
}
