package triggers

import (
	"context"
	"path"
	"strings"
	"sync"
	"time"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/connection"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/files"
	"github.com/broked/broked/internal/outbound"
	"github.com/broked/broked/internal/pipelines"
	"github.com/broked/broked/internal/remote"
	"github.com/broked/broked/internal/runs"
)

// How files elsewhere are looked at.
const (
	mostFar  = 8               // looks at once
	farLimit = 5 * time.Minute // for one look
	// restMost bounds how much longer is waited for each look that has failed.
	restMost = 10 * time.Minute
)

// Elsewhere returns what looks at files by connections.
func Elsewhere(resolve func(context.Context, auth.WorkspaceID, string) (connection.Connection, error), out func() outbound.Exit) func(context.Context, Watch) ([]files.Found, error) {
	return func(ctx context.Context, w Watch) ([]files.Found, error) {
		c, err := resolve(ctx, w.Workspace, w.ConnID)
		if err != nil {
			return nil, err
		}
		found, err := lookBy(ctx, c, out(), w.Path)
		if err != nil && fault.KindOf(err) != fault.Internal {
			said := outbound.Said(fault.MessageOf(err), c.Secrets()...)
			err = fault.Wrap(fault.KindOf(err), err, "connection %s: %s", c.Name, said).With(fault.CodeOf(err))
		}
		return found, err
	}
}

func lookBy(ctx context.Context, c connection.Connection, out outbound.Exit, pattern string) ([]files.Found, error) {
	place, err := remote.Open(c, out)
	if err != nil {
		return nil, err
	}
	defer place.Close()
	there, err := place.Look(ctx, pattern)
	found := make([]files.Found, len(there))
	for i, f := range there {
		found[i] = files.Found{Path: f.Name, Size: f.Size, Modified: f.Modified, Changed: f.Modified, Version: f.Version}
	}
	return found, err
}

// BaseName returns the last part of a path, here or elsewhere.
func BaseName(name string) string { return path.Base(strings.TrimSuffix(name, "/")) }

// farLooks is when triggers that look elsewhere are due.
type farLooks struct {
	mu  sync.Mutex
	all map[farKey]*farLook
}

type farKey struct {
	pipeline pipelines.ID
	name     string
}

// farLook is one trigger between two looks.
type farLook struct {
	is       pipelines.Watcher // as it was
	busy     bool
	failures int
	due      time.Time
}

// begin reports whether a trigger is to be looked at now. If so it is busy until done.
func (l *farLooks) begin(w Watch, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	key := farKey{w.Pipeline, w.Name}
	one := l.all[key]
	if one == nil {
		one = &farLook{is: w.Watcher}
		l.all[key] = one
	}
	if one.busy {
		return false
	}
	if !one.is.Same(w.Watcher) || one.is.Every != w.Every {
		one.is, one.failures, one.due = w.Watcher, 0, time.Time{}
	}
	one.busy = !now.Before(one.due)
	return one.busy
}

// done says when the trigger is due again: with each failure after a longer rest, and never
// sooner than a look has taken ten times over.
func (l *farLooks) done(w Watch, begun, now time.Time, failed bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	one := l.all[farKey{w.Pipeline, w.Name}]
	if one == nil {
		return // it went meanwhile
	}
	one.busy = false
	if one.failures++; !failed {
		one.failures = 0
	}
	one.due = begun.Add(max(restFor(w.Interval(), one.failures), restAfter*now.Sub(begun)))
}

// restFor returns how long is waited after so many failures.
func restFor(interval time.Duration, failures int) time.Duration {
	rest := interval
	for range failures {
		if rest >= restMost {
			break
		}
		rest = min(2*rest, restMost)
	}
	return rest
}

// keep forgets triggers that are not there any more, or paused.
func (l *farLooks) keep(there []Watch) {
	l.mu.Lock()
	defer l.mu.Unlock()
	known := make(map[farKey]bool, len(there))
	for _, w := range there {
		known[farKey{w.Pipeline, w.Name}] = true
	}
	for key, one := range l.all {
		if !known[key] && !one.busy {
			delete(l.all, key)
		}
	}
}

// runFar looks at files elsewhere until ctx ends.
func (w *Watcher) runFar(ctx context.Context) {
	looks := farLooks{all: map[farKey]*farLook{}}
	slots := make(chan struct{}, mostFar)
	var looking sync.WaitGroup
	defer looking.Wait()
	for {
		if w.Room() == nil {
			w.beginFar(ctx, &looks, slots, &looking)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(lookEvery / 4):
		}
	}
}

// beginFar begins to look at what is due.
func (w *Watcher) beginFar(ctx context.Context, looks *farLooks, slots chan struct{}, looking *sync.WaitGroup) {
	all, err := w.Store.Watches(ctx)
	if err != nil {
		w.tell(ctx, err, Watch{})
		return
	}
	looks.keep(all)
	for _, one := range all {
		if one.ConnID == "" || !looks.begin(one, time.Now()) {
			continue
		}
		looking.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			begun := time.Now()
			started, failed, err := w.LookFar(ctx, one, time.Now)
			looks.done(one, begun, time.Now(), failed)
			w.tell(ctx, err, one)
			if started > 0 {
				w.News.Post(runs.Changed)
			}
		})
	}
}

// LookFar looks at the files of a trigger elsewhere, and returns how many runs that has
// started, and whether it could not be looked at. Why not is written down with the trigger.
func (w *Watcher) LookFar(ctx context.Context, one Watch, now func() time.Time) (started int, failed bool, err error) {
	bounded, stop := context.WithTimeout(ctx, farLimit)
	defer stop()
	found, err := w.Far(bounded, one)
	if ctx.Err() != nil {
		return 0, true, ctx.Err()
	}
	if bounded.Err() != nil {
		err = fault.New(fault.Unavailable, "connection %s: %s was not looked through within %s", one.ConnID, one.Path, farLimit)
	}
	if noted := w.note(ctx, one, err); noted != nil || err != nil {
		if noted == nil && fault.KindOf(err) == fault.Internal {
			noted = err // its words are for the log
		}
		return 0, true, noted
	}
	started, err = w.see(ctx, one, found, now())
	return started, err != nil, err
}
