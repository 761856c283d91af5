package runs

import (
	"context"
	"fmt"
	"iter"
	"time"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/id"
	"github.com/broked/broked/internal/news"
	"github.com/broked/broked/internal/pipelines"
)

// Changed is the news key that is posted whenever any run changes its status.
const Changed = "runs"

// CancelKey is the news key by which the executor of a run learns that the run
// has been marked to be cancelled.
func CancelKey(run ID) string { return "cancel:" + string(run) }

// Service starts runs, ends them and tells what happened in them.
type Service struct {
	store     Store
	pipelines *pipelines.Service
	news      *news.Board
	own       Process // how much this process executes; no slots: not known
	room      func() error
}

// NewService returns a service that keeps its runs in store and posts on board.
func NewService(store Store, p *pipelines.Service, board *news.Board) *Service {
	return &Service{store: store, pipelines: p, news: board, room: func() error { return nil }}
}

// Start is what somebody who starts a run may say of it.
type Start struct {
	Params   map[string]string
	Priority *int   // instead of the pipeline's
	Cause    string // what started it
	// Key, unless empty, is the caller's own for this request: when it comes again with
	// the same key within KeyLife, no other run is started.
	Key string
	// Once is instead of Key, for those who are not told apart by their accounts.
	Once Once
	// Input is what the run's node may ask for by AskInput.
	Input []byte
}

// What starts runs besides people, by the API or not, and other runs.
const (
	ByWebhook = "webhook"
)

// AskHeld is the question by which a node learns whether the run is still executed by
// those who execute the node. The answer is empty, or a Stale fault.
const AskHeld = "run.held"

// AskInput is the question by which a node reads what came with the request that has
// started its run: an Input.
const AskInput = "run.input"

// Input is the answer to AskInput.
type Input struct {
	Body []byte `json:"body"` // JSON; nil when nothing came, or the run was started by something else
}

// Input returns what came with the request that has started a run, or the run that it
// resumes.
func (s *Service) Input(ctx context.Context, run ID) (Input, error) {
	body, err := s.store.RunInput(ctx, run)
	return Input{Body: body}, err
}

// Trigger puts a run of the pipeline's newest version on record and in the
// queue, and returns it without waiting for it to start. A draft is a Conflict fault,
// and so is, when the pipeline skips runs that overlap, one that has not ended.
// Parameters that the pipeline does not take are an Invalid fault. When a request with
// the same key has started a run before, that run is returned, and replayed is true; when it
// asked for something else, the fault is a Conflict.
func (s *Service) Trigger(ctx context.Context, pipeline string, start Start) (r Run, replayed bool, err error) {
	d, err := s.pipelines.Get(ctx, pipeline)
	if err != nil {
		return Run{}, false, err
	}
	if d.Draft {
		return Run{}, false, fault.New(fault.Conflict, "%q is a draft: publish it before running it", d.Name).With("draft")
	}
	priority := d.Priority
	if start.Priority != nil {
		priority = *start.Priority
	}
	if err := pipelines.CheckPriority(priority); err != nil {
		return Run{}, false, err
	}
	if err := d.CheckParams(start.Params); err != nil {
		return Run{}, false, err
	}
	once, err := once(ctx, start.Key, []any{d.ID, start.Params, start.Priority})
	if err != nil {
		return Run{}, false, err
	}
	if start.Once.Key != "" {
		once = start.Once
	}
	return s.insert(ctx, once, Run{
		Pipeline:        d.ID,
		Input:           start.Input,
		PipelineName:    d.Name,
		PipelineVersion: d.Version,
		Params:          start.Params,
		Trigger:         start.Cause,
		Priority:        priority,
	})
}

// insert puts a new run on record, as one of whoever is asking, unless they have asked
// for it before.
func (s *Service) insert(ctx context.Context, o Once, r Run) (Run, bool, error) {
	if err := s.room(); err != nil {
		return Run{}, false, err
	}
	actor, _ := auth.ActorFrom(ctx)
	r.ID, r.Status, r.StartedBy = ID(id.New()), Pending, actor.Name
	r.CreatedAt = time.Now().UTC().Truncate(time.Millisecond)
	before, err := s.store.InsertRunOnce(ctx, o, r)
	if err != nil {
		return Run{}, false, fmt.Errorf("start a run of %s: %w", r.Pipeline, err)
	}
	if before != "" {
		r, err = s.Get(ctx, before)
		return r, true, err
	}
	s.news.Post(Changed)
	return r, false, nil
}

// Room has the service ask, before it puts a run on record, whether there is room for
// what the run will leave. The error is the caller's answer. It is not for use while
// others use the service.
func (s *Service) Room(ask func() error) { s.room = ask }

// Get returns a run with its nodes.
func (s *Service) Get(ctx context.Context, run ID) (Run, error) {
	if !id.Plausible(string(run)) {
		return Run{}, NotFound(run)
	}
	r, err := s.store.Run(ctx, run)
	if err != nil {
		return Run{}, err
	}
	one := []Run{r}
	err = s.explain(ctx, one)
	return one[0], err
}

// exists returns a NotFound fault when a run is not there.
func (s *Service) exists(ctx context.Context, run ID) error {
	if !id.Plausible(string(run)) {
		return NotFound(run)
	}
	_, err := s.store.RunStatus(ctx, run)
	return err
}

// NotFound is the fault of asking for a run that is not there.
func NotFound(run ID) error {
	return fault.New(fault.NotFound, "there is no run %q", run).With("run_not_found")
}

// Document returns the version of the pipeline that a run executes.
func (s *Service) Document(ctx context.Context, r Run) (pipelines.Document, error) {
	return s.pipelines.Version(ctx, string(r.Pipeline), r.PipelineVersion)
}

// List returns a page of runs, newest first.
func (s *Service) List(ctx context.Context, f Filter) ([]Run, error) {
	all, err := s.store.Runs(ctx, f)
	if err != nil {
		return nil, err
	}
	return all, s.explain(ctx, all)
}

// Count returns how many runs f chooses.
func (s *Service) Count(ctx context.Context, f Filter) (int, error) { return s.store.CountRuns(ctx, f) }

// Recent returns how every pipeline fared in its newest runs, at most each.
func (s *Service) Recent(ctx context.Context, each int) (map[pipelines.ID]Recent, error) {
	return s.store.RecentRuns(ctx, each)
}

// Next returns when pipelines start next by themselves; those that do not are not in
// it.
func (s *Service) Next(ctx context.Context) (map[pipelines.ID]time.Time, error) {
	return s.store.NextRuns(ctx)
}

// Logs returns log lines of a run in order.
func (s *Service) Logs(ctx context.Context, run ID, f LogFilter) ([]Event, error) {
	if err := s.exists(ctx, run); err != nil {
		return nil, err
	}
	return s.store.LogLines(ctx, run, f)
}

// Preview returns the first rows of a node's output in a run.
func (s *Service) Preview(ctx context.Context, run ID, node string) (Preview, error) {
	if err := s.exists(ctx, run); err != nil {
		return Preview{}, err
	}
	return s.store.NodePreview(ctx, run, node)
}

// Cancel ends a run. A pending one is cancelled when Cancel returns; a running
// one is when its executor has stopped the engine, soon after. A run that has
// ended already is a Conflict fault.
func (s *Service) Cancel(ctx context.Context, run ID) (Status, error) {
	if err := s.exists(ctx, run); err != nil {
		return "", err
	}
	status, err := s.store.CancelRun(ctx, run, time.Now().UTC())
	if err != nil {
		return "", err
	}
	s.news.Post(CancelKey(run))
	s.news.Post(string(run))
	s.news.Post(Changed)
	return status, nil
}

const (
	poll  = 5 * time.Second // news may be lost; the record is looked at anyway
	batch = 500             // events read at once: bounds memory of a follower
)

// Follow yields the events of run numbered above seq, first those on record
// and then each new one as it is told, until the run has ended or ctx ends.
func (s *Service) Follow(ctx context.Context, run ID, seq int64) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		woken, end := s.news.Watch(string(run))
		defer end()
		for over := false; ctx.Err() == nil; {
			events, err := s.store.EventsAfter(ctx, run, seq, batch)
			if err != nil {
				yield(Event{}, fmt.Errorf("follow %s: %w", run, err))
				return
			}
			for _, e := range events {
				if !yield(e, nil) || e.Ends() {
					return
				}
				seq = e.Seq
			}
			if len(events) > 0 {
				continue // there may be more
			}
			if over {
				return
			}
			if over = s.over(ctx, run); over {
				continue // its last events may have come after the look above
			}
			select {
			case <-ctx.Done():
			case <-woken:
			case <-time.After(poll):
			}
		}
	}
}

// over reports whether a run that has told nothing more has ended, as happens to
// a follower who asks for events behind the last one.
func (s *Service) over(ctx context.Context, run ID) bool {
	status, err := s.store.RunStatus(ctx, run)
	return err != nil || status.Final()
}
