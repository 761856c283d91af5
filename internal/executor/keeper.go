package executor

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/job"
	"github.com/broked/broked/internal/news"
	"github.com/broked/broked/internal/node"
	"github.com/broked/broked/internal/runs"
)

// WaitStore remembers waiting runs for a Keeper. Package store implements it; every
// method is one transaction.
type WaitStore interface {
	// DueRuns returns runs that are to be looked at by now, at most limit, and when the
	// next one is; nil is never.
	DueRuns(ctx context.Context, now time.Time, limit int) ([]runs.Waiter, *time.Time, error)
	// NoteLook writes down what a look has found. A run that does not wait any more is a
	// Conflict fault.
	NoteLook(ctx context.Context, run runs.ID, l runs.Look) error
}

// Keeper looks after waiting runs: when what one waits for has come it is queued
// again, and when that takes too long it fails. Every member is required.
type Keeper struct {
	Store WaitStore
	Kinds *node.Registry
	News  *news.Board
	Log   *slog.Logger
	// Around is what waiting nodes may look at; it need not have times.
	Around node.Surroundings
}

const (
	dueAtOnce   = 100 // runs read at once
	looksBeside = 8   // runs looked at side by side
	breath      = 100 * time.Millisecond
	restless    = 30 * time.Second // news may be lost; the record is looked at anyway
)

// Run looks at runs when they are due, until ctx ends.
func (k *Keeper) Run(ctx context.Context) error {
	woken, end := k.News.Watch(runs.WaitsKey)
	defer end()
	for {
		timer := time.NewTimer(k.look(ctx))
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-woken:
			timer.Stop()
		case <-timer.C:
		}
	}
}

// look looks at the runs that are due and returns how long nothing is to be done.
func (k *Keeper) look(ctx context.Context) time.Duration {
	due, next, err := k.Store.DueRuns(ctx, time.Now(), dueAtOnce)
	if err != nil {
		if ctx.Err() == nil {
			k.Log.ErrorContext(ctx, "look for waiting runs", "error", err)
		}
		return restless
	}
	g := errgroup.Group{}
	g.SetLimit(looksBeside)
	for _, w := range due {
		g.Go(func() error { k.keep(ctx, w); return nil })
	}
	_ = g.Wait()
	switch {
	case len(due) > 0:
		return breath // there may be more, and these have a next look
	case next == nil:
		return restless
	}
	return min(restless, max(0, time.Until(*next)))
}

// keep looks at one run and writes down what it has found.
func (k *Keeper) keep(ctx context.Context, w runs.Waiter) {
	l := k.lookAt(ctx, w)
	if ctx.Err() != nil {
		return // the look may have been cut short
	}
	err := k.Store.NoteLook(ctx, w.Run.ID, l)
	if kind := fault.KindOf(err); err != nil && kind != fault.Conflict && kind != fault.NotFound && ctx.Err() == nil {
		k.Log.ErrorContext(ctx, "note a look at a waiting run", "run", w.Run.ID, "error", err)
	}
	k.News.Post(string(w.Run.ID))
	if l.Next == nil {
		k.News.Post(runs.Changed)
	}
}

// lookAt asks every node that waits whether its waiting is over.
func (k *Keeper) lookAt(ctx context.Context, w runs.Waiter) runs.Look {
	now := time.Now().UTC()
	l := runs.Look{At: now}
	began := now
	if w.Began != nil {
		began, w.Run.StartedAt = *w.Began, w.Began
	}
	j, err := NewJob(w.Document, k.Kinds, w.Run)
	if err != nil {
		l.Failure = job.FailureOf(err)
		return l
	}
	around := k.Around
	around.Began, around.Now = began, now
	ctx = auth.WithWorkspace(ctx, auth.WorkspaceID(w.Document.Workspace))
	steps := make(map[string]job.Step, len(j.Nodes))
	for _, s := range j.Nodes {
		steps[s.ID] = s
	}
	for _, n := range w.Run.Nodes {
		if n.Status == runs.NodeRunning {
			k.ask(ctx, steps[n.Node], n, around, &l)
		}
	}
	return l
}

// ask asks one node, and adds to l what it says.
func (k *Keeper) ask(ctx context.Context, s job.Step, n runs.NodeRun, around node.Surroundings, l *runs.Look) {
	waiter, err := waiterOf(k.Kinds, s)
	if err != nil {
		l.Failure = job.FailureOf(err)
		return
	}
	came, err := waiter.Come(ctx, around)
	if err != nil && fault.KindOf(err) == fault.Internal {
		k.Log.ErrorContext(ctx, "a waiting node cannot be asked", "run", n.Run, "node", n.Node, "error", err)
		came, err = false, nil // it is ours, and may be over at the next look
	}
	waited := time.Duration(0)
	if n.StartedAt != nil {
		waited = around.Now.Sub(*n.StartedAt)
	}
	finished := runs.Event{Run: n.Run, Type: job.NodeFinished, At: around.Now, Node: n.Node, Status: string(job.Success), Millis: waited.Milliseconds()}
	said := runs.Event{Run: n.Run, Type: job.Log, At: around.Now, Node: n.Node, Level: string(node.Info)}
	switch {
	case err == nil && came:
		said.Message = fmt.Sprintf("Waited %v for %s", waited.Round(time.Second), waiter.Subject())
		l.Events = append(l.Events, finished, said)
		return
	case err == nil && waited < waiter.Pace().AtMost:
		next := around.Now.Add(min(waiter.Pace().Every, waiter.Pace().AtMost-waited))
		if l.Next == nil || next.Before(*l.Next) {
			l.Next = &next
		}
		return
	case err == nil:
		err = fault.New(fault.Invalid, "waited %v for %s, and it did not come", waiter.Pace().AtMost, waiter.Subject()).With("wait_timeout")
	}
	failure := job.FailureOf(err)
	finished.Status, finished.Error, finished.Failure = string(job.Failed), failure.Message, failure
	said.Level, said.Message = string(node.Error), failure.Message
	l.Events, l.Failure = append(l.Events, finished, said), failure
}

func waiterOf(kinds *node.Registry, s job.Step) (node.Waiter, error) {
	spec, err := kinds.Spec(s.Kind)
	if err != nil {
		return nil, err
	}
	made, problems := spec.Build(s.Config)
	if len(problems) > 0 {
		return nil, fault.Rejected("the settings cannot be used", problems)
	}
	w, is := made.(node.Waiter)
	if !is {
		return nil, fmt.Errorf("%s: a node of kind %s does not wait", s.ID, s.Kind)
	}
	return w, nil
}
