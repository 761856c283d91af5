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
	"github.com/broked/broked/internal/pipelines"
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
	// Children are the runs that waiting nodes have other pipelines do; Dir holds a
	// folder for every run.
	Children  Children
	Dir       string
	Artifacts Artifacts
	// Names is as in Deps.
	Names func(ctx context.Context, workspace auth.WorkspaceID, names []string) (*pipelines.Known, error)
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
	ended, endOthers := k.News.Watch(runs.Changed) // a run that others wait for may have ended
	defer endOthers()
	for {
		timer := time.NewTimer(k.look(ctx))
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-woken:
			timer.Stop()
		case <-ended:
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
	if err == nil && l.Next == nil {
		k.News.Post(runs.Changed)
	}
}

// lookAt asks every node that waits whether its waiting is over.
func (k *Keeper) lookAt(ctx context.Context, w runs.Waiter) runs.Look {
	now := time.Now().UTC()
	l := runs.Look{At: now, LookAt: w.LookAt}
	began := now
	if w.Began != nil {
		began, w.Run.StartedAt = *w.Began, w.Began
	}
	known, err := known(ctx, k.Names, w.Document)
	if kind := fault.KindOf(err); err != nil && kind != fault.Invalid {
		k.Log.ErrorContext(ctx, "names of a waiting run", "run", w.Run.ID, "error", err)
		l.Next = new(now.Add(restless))
		return l
	}
	j, err := NewJob(w.Document, k.Kinds, w.Run, known)
	if err != nil {
		l.Failure = job.FailureOf(err)
		return l
	}
	around := k.Around
	around.Began, around.Now = began, now
	ctx = auth.WithWorkspace(ctx, auth.WorkspaceID(w.Document.Workspace))
	ctx = auth.WithActor(ctx, auth.Actor{Name: "pipeline " + w.Document.Name})
	anew := wanted(runs.Claim{Run: w.Run, Document: w.Document})
	steps := make(map[string]job.Step, len(j.Nodes))
	for _, s := range j.Nodes {
		steps[s.ID] = s
	}
	for _, n := range w.Run.Nodes {
		if n.Status == runs.NodeRunning {
			k.ask(ctx, &asked{Step: steps[n.Node], of: n, anew: anew[n.Node]}, around, &l)
		}
	}
	return l
}

// asked is a node that waits.
type asked struct {
	job.Step
	of   runs.NodeRun
	anew bool // as in runs.Plan

	more bool   // something can be done for it at once
	rows *int64 // how many it has when its waiting is over, unless that is known
}

// ask asks one node, and adds to l what it says.
func (k *Keeper) ask(ctx context.Context, a *asked, around node.Surroundings, l *runs.Look) {
	patient, err := patientOf(k.Kinds, a.Step)
	if err != nil {
		l.Failure = job.FailureOf(err)
		return
	}
	came, err := k.come(ctx, patient, a, around, l)
	if err != nil && fault.KindOf(err) == fault.Internal {
		k.Log.ErrorContext(ctx, "a waiting node cannot be asked", "run", a.of.Run, "node", a.of.Node, "error", err)
		came, err = false, nil // it is ours, and may be over at the next look
	}
	waited := time.Duration(0)
	if a.of.StartedAt != nil {
		waited = around.Now.Sub(*a.of.StartedAt)
	}
	finished := runs.Event{Run: a.of.Run, Type: job.NodeFinished, At: around.Now, Node: a.of.Node, Status: string(job.Success), Rows: a.rows, Millis: waited.Milliseconds()}
	said := runs.Event{Run: a.of.Run, Type: job.Log, At: around.Now, Node: a.of.Node, Level: string(node.Info)}
	pace := patient.Pace()
	switch {
	case err == nil && came:
		said.Message = fmt.Sprintf("Waited %v for %s", waited.Round(time.Second), patient.Subject())
		l.Events = append(l.Events, finished, said)
		return
	case err == nil && waited < pace.AtMost:
		a.later(around.Now, min(pace.Every, pace.AtMost-waited), l)
		return
	case err == nil:
		err = fault.New(fault.Invalid, "waited %v for %s, and it did not come", pace.AtMost, patient.Subject()).With("wait_timeout")
	}
	failure := job.FailureOf(err)
	finished.Status, finished.Error, finished.Failure = string(job.Failed), failure.Message, failure
	said.Level, said.Message = string(node.Error), failure.Message
	l.Events, l.Failure = append(l.Events, finished, said), failure
}

// later has the run looked at again after a pause, or at once.
func (a *asked) later(now time.Time, pause time.Duration, l *runs.Look) {
	next := now.Add(pause)
	if a.more {
		next = now
	}
	if l.Next == nil || next.Before(*l.Next) {
		l.Next = &next
	}
}

// come reports whether the waiting of a node is over.
func (k *Keeper) come(ctx context.Context, p node.Patient, a *asked, around node.Surroundings, l *runs.Look) (bool, error) {
	switch p := p.(type) {
	case node.Waiter:
		return p.Come(ctx, around)
	case node.Caller:
		return (&call{Keeper: k, Calls: p.Calls(), asked: a, now: around.Now, look: l}).come(ctx)
	}
	return false, fmt.Errorf("%s: nobody knows what a node of kind %s waits for", a.ID, a.Kind)
}

func patientOf(kinds *node.Registry, s job.Step) (node.Patient, error) {
	spec, err := kinds.Spec(s.Kind)
	if err != nil {
		return nil, err
	}
	made, problems := spec.Build(s.Config)
	if len(problems) > 0 {
		return nil, fault.Rejected("the settings cannot be used", problems)
	}
	p, is := made.(node.Patient)
	if !is {
		return nil, fmt.Errorf("%s: a node of kind %s does not wait", s.ID, s.Kind)
	}
	return p, nil
}
