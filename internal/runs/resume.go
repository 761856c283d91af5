package runs

import (
	"context"
	"slices"

	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/pipelines"
)

// Resumed is the cause of runs that go on where another has stopped.
const Resumed = "resume"

// resumable lists how a run must have ended to be resumed.
var resumable = []Status{Failed, Cancelled, Blocked}

// Resume puts a run on record and in the queue that does what run has left undone:
// of the same version and with the same parameters. From, unless empty, is a node
// that is done again with all that follow it. A run that has not failed, was not
// cancelled and was not blocked, or a from that is none of its nodes, is an Invalid
// fault; a run that is being resumed already is a Conflict. Key is as in Start, and
// replayed as of Trigger.
func (s *Service) Resume(ctx context.Context, run ID, from, key string) (r Run, replayed bool, err error) {
	old, err := s.Get(ctx, run)
	if err != nil {
		return Run{}, false, err
	}
	if !slices.Contains(resumable, old.Status) {
		return Run{}, false, fault.New(fault.Invalid, "can only resume failed, cancelled or blocked runs (current: %s)", old.Status).With("not_resumable")
	}
	d, err := s.Document(ctx, old)
	if err != nil {
		return Run{}, false, err
	}
	if from != "" && !slices.ContainsFunc(d.Nodes, func(n pipelines.Node) bool { return n.ID == from }) {
		return Run{}, false, fault.Rejected("the run cannot be resumed there", []fault.Problem{{Path: "from", Message: "no node of this run has the id " + from}})
	}
	once, err := once(ctx, key, []any{"resume", run, from})
	if err != nil {
		return Run{}, false, err
	}
	return s.insert(ctx, once, Run{
		Pipeline:        old.Pipeline,
		PipelineName:    old.PipelineName,
		PipelineVersion: old.PipelineVersion,
		Params:          old.Params,
		Trigger:         Resumed,
		Priority:        old.Priority,
		ResumedFrom:     old.ID,
		ResumedAt:       from,
	})
}
