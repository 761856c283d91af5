package engine

import (
	"context"

	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/job"
	"github.com/broked/broked/internal/node"
)

// closed reports whether no rows can reach node i, because it is behind a branch
// that was not taken, and says that it is skipped. A kind that merges loses the
// inputs that are closed, and goes on with the others.
func (r *run) closed(i int) bool {
	s, all := r.steps[i], len(r.plan.inputs[i])
	left := r.plan.close(i, func(in int, mark bool) bool {
		from := r.steps[in]
		return from.skipped || from.answer != nil && *from.answer != mark
	})
	if left == all || left > 0 && s.spec.Merges {
		return false
	}
	s.skipped, s.ended = true, true
	r.say(job.Message{Type: job.NodeFinished, Node: s.ID, Status: job.Skipped})
	return true
}

// inspect lets a node look at its inputs, which are kept for it, and says what it
// has found. When its rows are those of its first input, they are not copied.
func (r *run) inspect(ctx context.Context, i int, n node.Inspector) error {
	s := r.steps[i]
	for _, in := range r.plan.inputs[i] {
		if !r.traits[in].kept {
			if err := r.execute(ctx, in); err != nil {
				return err
			}
		}
	}
	r.begin(s)
	verdict, err := guarded(func() (node.Verdict, error) { return n.Inspect(ctx, s.env, r.inputs(i)) })
	for _, f := range verdict.Findings {
		r.say(job.Message{Type: job.Log, Node: s.ID, Level: f.Level, Message: f.Message, Error: r.attached(ctx, i, f)})
	}
	if err != nil {
		return r.failed(s, err)
	}
	if s.spec.Branches {
		s.answer = new(!verdict.No)
	}
	if err := r.selected(ctx, i); err != nil {
		return r.failed(s, err)
	}
	inputs := r.plan.inputs[i]
	if len(inputs) == 0 || s.rel.SQL != r.steps[inputs[0]].rel.SQL {
		return r.relate(ctx, i)
	}
	first := r.steps[inputs[0]]
	s.rel, s.kept, r.traits[i] = first.rel, first.kept, traits{kept: true}
	if sample := r.look(ctx, i, s.rel); sample != nil {
		r.say(job.Message{Type: job.Preview, Node: s.ID, Table: sample})
	}
	r.say(job.Message{Type: job.Artifact, Node: s.ID, Path: s.kept, Rows: &s.rel.Rows})
	r.finish(s, s.rel.Rows)
	return nil
}

// attached returns the rows that a finding is about with its place, or nil when it
// is about none.
func (r *run) attached(ctx context.Context, i int, f node.Finding) *job.Failure {
	if f.Code == "" {
		return nil
	}
	return &job.Failure{
		Code: f.Code, Message: f.Message, Rows: r.look(ctx, i, f.Rows),
		Problems: []fault.Problem{{Path: f.Path, Message: f.Message}},
	}
}

// explained returns the member of a stage on whose rows it failed, and the failure
// with their numbers; without an error nobody can tell.
func (r *run) explained(ctx context.Context, members []int, failure error) (*state, error) {
	if code := fault.CodeOf(failure); ctx.Err() != nil || code != "bad_value" && code != "out_of_range" {
		return nil, nil //nolint:nilerr // a failure of another sort is not explained
	}
	for _, m := range members {
		s := r.steps[m]
		explainer, is := s.node.(node.Explainer)
		if !is {
			continue
		}
		f, err := guarded(func() (node.Finding, error) { return explainer.Explain(ctx, s.env, r.inputs(m)) })
		if err != nil {
			r.log.DebugContext(ctx, "no explanation", "node", s.ID, "error", err)
			return nil, nil // the rows that come in fail already
		}
		if f.Message == "" {
			continue
		}
		r.begin(s)
		r.say(job.Message{Type: job.Log, Node: s.ID, Level: f.Level, Message: f.Message, Error: r.attached(ctx, m, f)})
		why := fault.Wrap(fault.Invalid, failure, "%s: %s", fault.MessageOf(failure), f.Message).With(fault.CodeOf(failure))
		why.Problems = []fault.Problem{{Path: f.Path, Message: why.Msg}}
		return s, why
	}
	return nil, nil
}
