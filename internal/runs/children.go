package runs

import (
	"context"
	"time"

	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/pipelines"
)

// Called is the cause of runs that another run has started.
const Called = "pipeline"

// Limits of runs that start others.
const (
	// MaxDepth is how many runs may be above a run, each started by the one above it.
	MaxDepth = 8
	// MaxChildren is how many runs one node may start.
	MaxChildren = 10_000
	// MaxPlanned is how many runs one question plans.
	MaxPlanned = 1000
)

// AskPlan is the question by which a node plans runs of another pipeline: a
// PlanRequest, and the answer is empty.
const AskPlan = "runs.plan"

// PlanRequest plans some of the runs that a node has other pipelines do.
type PlanRequest struct {
	First  int                 `json:"first"`  // the position of the first of them, from 0
	Params []map[string]string `json:"params"` // of each, at most MaxPlanned
}

// Plan is runs that a node of a run is going to start. Planning the same again
// changes nothing; as long as none has been started it may be replaced, by a plan
// that begins at 0.
type Plan struct {
	Parent   ID
	Node     string
	Fence    int64 // of a parent that is running; 0 for one that waits
	Pipeline string
	First    int
	Params   []map[string]string
	Output   string // the node of the pipeline whose rows the parent takes, or empty
	Detached bool   // the parent does not wait for them
	// Anew says that the runs of an earlier run, which the parent resumes, do not count.
	Anew bool
	// Document is what is run; PlanChildren of a Service finds it.
	Document pipelines.Document
}

// Call has planned runs started.
type Call struct {
	Parent ID
	Node   string
	AtOnce int  // so many are under way at once; 0 is all
	GoOn   bool // after one that did not succeed
}

// ChildStatus is where a run is that another has planned: one of these, or the final
// status of a run.
type ChildStatus string

// The statuses of runs that another has planned, besides the final ones of runs.
const (
	ChildPlanned ChildStatus = "planned"
	ChildStarted ChildStatus = "started"
)

// Child is a run that another has planned.
type Child struct {
	Position int
	Run      ID // empty when it has not been started
	Pipeline string
	Status   ChildStatus
	Error    string
}

// Tally is how far the runs of a node are.
type Tally struct {
	Planned, Started, Succeeded, Failed int // Failed: ended without success
	// More says that others can be started at once.
	More bool
	// Blamed is the first that did not succeed; nil when there is none.
	Blamed *Child
	// Began are those that this call has started.
	Began []Child
}

// Total returns how many runs there are.
func (t Tally) Total() int { return t.Planned + t.Started + t.Succeeded + t.Failed }

// ChildStore remembers which runs others have started, for Service. Its methods go by
// the id of a run that was found.
type ChildStore interface {
	// PlanChildren implements Service.PlanChildren for a plan with its document.
	PlanChildren(ctx context.Context, p Plan) error
	// CallChildren implements Service.CallChildren.
	CallChildren(ctx context.Context, c Call, now time.Time) (Tally, error)
	// Children implements Service.Children.
	Children(ctx context.Context, parent ID, node string) ([]Child, error)
	// Artifact implements Service.Artifact.
	Artifact(ctx context.Context, run ID, node string) (Artifact, error)
}

// PlanChildren puts on record which runs of another pipeline a run is going to start.
// A pipeline that is not in the workspace of ctx, a draft, parameters that it does not take, too many runs and too many
// runs above them are faults. So are other parameters than those with which a run has
// been started.
func (s *Service) PlanChildren(ctx context.Context, p Plan) error {
	d, err := s.pipelines.Get(ctx, p.Pipeline)
	if err != nil {
		return err
	}
	switch {
	case d.Draft:
		return fault.New(fault.Conflict, "%q is a draft: publish it before it is run", d.Name).With("draft")
	case p.First < 0 || p.First+len(p.Params) > MaxChildren:
		return TooManyChildren()
	case len(p.Params) > MaxPlanned:
		return fault.New(fault.Invalid, "at most %d runs can be planned at once", MaxPlanned)
	}
	for i, params := range p.Params {
		if err := d.CheckParams(params); err != nil {
			return fault.Wrap(fault.Invalid, err, "row %d: %s", p.First+i+1, fault.MessageOf(err)).With(fault.CodeOf(err))
		}
	}
	p.Document = d
	return s.store.PlanChildren(ctx, p)
}

// TooManyChildren is the fault of a node that wants to start more than MaxChildren runs.
func TooManyChildren() error {
	return fault.New(fault.Invalid, "a node starts at most %d runs, one for each row: let fewer rows come into it", MaxChildren).With("too_many_runs")
}

// CallChildren starts as many of the planned runs of a waiting run as may be under
// way, each of them once whoever asks and how often, and returns how far all are. A
// run that does not wait any more is a Conflict fault.
func (s *Service) CallChildren(ctx context.Context, c Call) (Tally, error) {
	t, err := s.store.CallChildren(ctx, c, time.Now().UTC())
	if err == nil && len(t.Began) > 0 {
		s.news.Post(Changed)
	}
	return t, err
}

// Children returns the runs that a node of a run has planned, in order.
func (s *Service) Children(ctx context.Context, parent ID, node string) ([]Child, error) {
	return s.store.Children(ctx, parent, node)
}

// Artifact returns the newest file with the rows of a node of a run. Without one that
// has no name.
func (s *Service) Artifact(ctx context.Context, run ID, node string) (Artifact, error) {
	return s.store.Artifact(ctx, run, node)
}
