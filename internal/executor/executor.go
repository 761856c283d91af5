// Package executor takes a run from the queue, prepares its job, supervises the
// engine process that does it, and records what that says.
package executor

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/connection"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/job"
	"github.com/broked/broked/internal/news"
	"github.com/broked/broked/internal/node"
	"github.com/broked/broked/internal/outbound"
	"github.com/broked/broked/internal/pipelines"
	"github.com/broked/broked/internal/runs"
)

// Store is what an executor asks of the record. Package store implements it;
// every method is one transaction. A fence that is no longer the run's is a
// Stale fault, and nothing is written.
type Store interface {
	// ClaimNext makes the pending run of a label running that is to start next, under a new
	// fence. When there is none, the fault is a Conflict.
	ClaimNext(ctx context.Context, label, owner string, now time.Time) (runs.Claim, error)
	// RecordEvents appends events and keeps the run's nodes and previews up to date.
	RecordEvents(ctx context.Context, id runs.ID, fence int64, events []runs.Event) error
	// FinishRun appends the last events and ends the run.
	FinishRun(ctx context.Context, id runs.ID, fence int64, o runs.Outcome, last []runs.Event) error
	// WaitRun makes a running run wait, with its last events.
	WaitRun(ctx context.Context, id runs.ID, fence int64, now time.Time, last []runs.Event) error
	// PutBackRun makes a running run pending again and queues it.
	PutBackRun(ctx context.Context, id runs.ID, fence int64, now time.Time) error
	// CancelRequested reports whether a running run is to be cancelled.
	CancelRequested(ctx context.Context, id runs.ID) (bool, error)
}

// Executor executes runs, each in an engine process of its own.
type Executor struct {
	Deps
	active atomic.Int64
	live   sync.Map      // of context.CancelCauseFunc by runs.ID
	trials chan struct{} // one for each trial that is under way
	asks   chan struct{} // one for each query that is under way
}

// Active returns how many runs are being worked on.
func (x *Executor) Active() int { return int(x.active.Load()) }

// Deps is what an Executor needs. Every field is required, but for Connection and Names.
type Deps struct {
	Store   Store
	Engines *Engines
	Kinds   *node.Registry
	News    *news.Board
	Log     *slog.Logger
	Owner   string    // names this process in the record
	Dir     string    // holds a folder for every run
	Roots   job.Roots // what file nodes may reach
	Limits  job.Limits
	Out     outbound.Exit // to other machines
	// Artifacts keeps rows besides Dir.
	Artifacts Artifacts
	// Connection returns a connection of a workspace with its secrets. One that is not there is
	// a NotFound fault. Nil is for programs without a server, which have none.
	Connection func(ctx context.Context, workspace auth.WorkspaceID, name string) (connection.Connection, error)
	// Names returns what names in settings stand for in a workspace, with secrets. Nil is as with
	// Connection.
	Names func(ctx context.Context, workspace auth.WorkspaceID, names []string) (*pipelines.Known, error)
	// Called returns what has become of the runs that a node of a run has started.
	Called func(ctx context.Context, run runs.ID, node string) ([]runs.Child, error)
	// Answers are what the server answers to questions of nodes, by their names.
	Answers map[string]Answer
}

// New returns an executor. It works when its Execute is called.
func New(d Deps) *Executor {
	return &Executor{Deps: d, trials: make(chan struct{}, mostTrials), asks: make(chan struct{}, mostAsked)}
}

// Abandon stops the engines of all runs, and puts the runs back as soon as the record
// can be reached. It is for a server that the others must take for dead by now.
func (x *Executor) Abandon() {
	x.live.Range(func(_, cancel any) bool {
		cancel.(context.CancelCauseFunc)(errAbandoned) //nolint:errcheck,forcetypeassert // nothing else is put there
		return true
	})
}

// errAbandoned is the cause of a run's context when this server has lost touch.
var errAbandoned = errors.New("the record could not be reached for too long")

// errCancelled is the cause of a run's context when somebody cancelled the run.
var errCancelled = errors.New("the run was cancelled")

// glance is how often the record is asked whether a run is to be cancelled.
const glance = time.Second

// settle is how long writing down a run's end may take after the server was told
// to stop.
const settle = 10 * time.Second

// Execute works on the run of a label that is to start next, if there is one, until it has ended
// on record. When ctx ends first, the run is put back to be started again later. The
// entry of the queue only says that there may be something to do: its run may have
// been cancelled, or another one comes first. The error is of recording only: a run
// that fails has failed on record and is no error here.
func (x *Executor) Execute(ctx context.Context, entry runs.ID, label string) error {
	claim, err := x.Store.ClaimNext(ctx, label, x.Owner, time.Now().UTC())
	if err != nil && fault.CodeOf(err) == "no_run" {
		return nil
	}
	if err != nil {
		return fmt.Errorf("claim a run for the entry of %s: %w", entry, err)
	}
	id := claim.Run.ID
	x.active.Add(1)
	defer x.active.Add(-1)
	x.tell(id)
	x.News.Post(runs.Changed)
	defer x.News.Post(runs.Changed)
	work, stop := x.untilCancelled(ctx, claim.Run)
	defer stop()
	r := newRecorder(x, claim)
	last, err := x.work(work, claim, r)
	return x.conclude(ctx, work, r, last, err)
}

// work does the run's job and returns the engine's last message.
func (x *Executor) work(ctx context.Context, claim runs.Claim, r *recorder) (job.Message, error) {
	dir := x.folder(claim.Run.ID)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return job.Message{}, fmt.Errorf("make run folder: %w", err)
	}
	defer clean(dir)
	j, err := x.job(ctx, claim, r)
	if err != nil {
		return job.Message{}, err
	}
	again, err := x.goOn(ctx, claim, &j, r)
	if err != nil {
		return job.Message{}, err
	}
	if r.waits, err = x.hold(claim, &j, again); err != nil {
		return job.Message{}, err
	}
	talk, err := x.converse(r, claim.Document, j)
	if err != nil {
		return job.Message{}, err
	}
	last, err := x.Engines.Do(r.begin(ctx), alike(claim, j), j, masked{talk, talk.hidden})
	last = talk.hidden.message(last)
	if broken := r.end(); broken != nil {
		return last, broken // what the engine said is not on record
	}
	if unsafe := r.rest(ctx); unsafe != nil && err == nil && last.Status == job.Success {
		return last, unsafe
	}
	return last, err
}

// job returns what the run's engine is told, but for what is there of an earlier attempt.
func (x *Executor) job(ctx context.Context, claim runs.Claim, r *recorder) (job.Job, error) {
	known, err := known(ctx, x.Names, claim.Document)
	if err != nil {
		return job.Job{}, err
	}
	j, err := NewJob(claim.Document, x.Kinds, asBefore(claim), known)
	if err != nil {
		return job.Job{}, err
	}
	r.uses(known)
	j.Dir, j.Roots, j.Limits, j.Out, j.Claim = x.folder(claim.Run.ID), x.Roots, x.Limits, x.Out, claim.Fence
	for i, s := range j.Nodes {
		j.Nodes[i].State, j.Nodes[i].Keep = claim.States[s.ID], s.ID == claim.Kept
	}
	return j, x.connect(ctx, claim.Document, &j)
}

// NewJob returns the job of a run of d, without what belongs to the place where
// it runs. Known is what the names in it stand for. A placeholder without a value is an
// Invalid fault.
func NewJob(d pipelines.Document, kinds *node.Registry, r runs.Run, known *pipelines.Known) (job.Job, error) {
	if err := d.CheckParams(r.Params); err != nil {
		return job.Job{}, err
	}
	started := time.Now()
	if r.StartedAt != nil {
		started = *r.StartedAt
	}
	values := pipelines.NewValues(string(r.ID), started, d.Params, r.Params)
	start, end := d.LastInterval(started)
	if r.IntervalStart != nil && r.IntervalEnd != nil {
		start, end = *r.IntervalStart, *r.IntervalEnd
	}
	values.Interval(start, end)
	resolved, err := d.Resolve(kinds, values, known)
	if err != nil {
		return job.Job{}, err
	}
	j := job.Job{Run: string(r.ID), Name: d.Name, Values: resolved.Values, Hidden: resolved.Secrets, Legacy: d.Legacy(), Limits: job.DefaultLimits()}
	for i, n := range d.Nodes {
		j.Nodes = append(j.Nodes, job.Step{ID: n.ID, Name: n.Name, Kind: n.Type, Config: resolved.Configs[i]})
	}
	for _, e := range d.RowEdges(kinds) {
		j.Edges = append(j.Edges, job.Edge{From: e.From, To: e.To, Condition: e.Condition})
	}
	return j, nil
}

// known returns what the names in a document stand for, by look; nothing when there are
// none, or when look is nil.
func known(ctx context.Context, look func(context.Context, auth.WorkspaceID, []string) (*pipelines.Known, error), d pipelines.Document) (*pipelines.Known, error) {
	names := d.Names()
	if len(names) == 0 || look == nil {
		return nil, nil //nolint:nilnil // nothing is known
	}
	return look(ctx, auth.WorkspaceID(d.Workspace), names)
}

// folder returns the folder of a run.
func (x *Executor) folder(run runs.ID) string { return filepath.Join(x.Dir, string(run)) }

// conclude writes down how the run ended.
func (x *Executor) conclude(ctx, work context.Context, r *recorder, last job.Message, err error) error {
	defer x.tell(r.run)
	// The end is recorded even when the server has been told to stop.
	write, done := context.WithCancel(context.WithoutCancel(ctx))
	defer done()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(settle, done) })()
	putBack := ctx.Err() != nil || errors.Is(context.Cause(work), errAbandoned)
	if errors.Is(context.Cause(work), errCancelled) && fault.KindOf(err) != fault.Stale {
		putBack, err = false, errCancelled
	}
	taken := err
	if fault.KindOf(err) != fault.Stale {
		taken = patiently(write, func() error { return x.record(write, r, last, err, putBack) })
	}
	if fault.KindOf(taken) == fault.Stale {
		x.Log.WarnContext(ctx, "result of a run that was taken away is dropped", "run", r.run)
		return nil
	}
	return taken
}

// patiently does what writes to the record, again and again while that cannot be
// reached: a run that has ended must not seem to go on.
func patiently(ctx context.Context, do func() error) error {
	for {
		err := do()
		if fault.KindOf(err) != fault.Unavailable {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(glance):
		}
	}
}

// record writes down what has become of a run.
func (x *Executor) record(ctx context.Context, r *recorder, last job.Message, err error, putBack bool) error {
	now := time.Now().UTC()
	switch {
	case errors.Is(err, errCancelled):
		return r.finish(ctx, runs.Outcome{Status: runs.Cancelled, At: now})
	case putBack:
		return x.Store.PutBackRun(ctx, r.run, r.fence, now)
	case err != nil:
		if fault.KindOf(err) == fault.Internal {
			x.Log.ErrorContext(ctx, "run failed", "run", r.run, "error", err)
		}
		return r.finish(ctx, runs.Outcome{Status: runs.Failed, Failure: job.FailureOf(err), At: now})
	case last.Status == job.Success && len(r.waits) > 0:
		defer x.News.Post(runs.WaitsKey)
		return x.Store.WaitRun(ctx, r.run, r.fence, now, r.left())
	case last.Status == job.Success:
		return r.finish(ctx, runs.Outcome{Status: runs.Success, At: now, States: r.states})
	}
	return r.finish(ctx, runs.Outcome{Status: runs.Failed, Failure: last.Error, At: now})
}

// untilCancelled returns a context that ends, with errCancelled as its cause,
// when the run is marked to be cancelled. A run that another has started is when that
// one has ended.
func (x *Executor) untilCancelled(ctx context.Context, r runs.Run) (context.Context, func()) {
	work, cancel := context.WithCancelCause(ctx)
	x.live.Store(r.ID, cancel)
	woken, unwatch := x.News.Watch(runs.CancelKey(r.ID))
	others, unwatchOthers := x.News.Watch(runs.Changed)
	if r.ParentRun == "" {
		others = nil
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			if yes, err := x.Store.CancelRequested(work, r.ID); err == nil && yes {
				cancel(errCancelled)
				return
			}
			select {
			case <-work.Done():
				return
			case <-woken:
			case <-others:
			case <-time.After(glance): // news may be lost; the record is looked at anyway
			}
		}
	}()
	return work, func() {
		x.live.Delete(r.ID)
		cancel(nil)
		<-ended
		unwatch()
		unwatchOthers()
	}
}

func (x *Executor) tell(id runs.ID) { x.News.Post(string(id)) }
