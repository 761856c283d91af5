package executor

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/job"
	"github.com/broked/broked/internal/pipelines"
	"github.com/broked/broked/internal/runs"
)

// Asker is the node that asks a question.
type Asker struct {
	Run   runs.ID // empty in a trial
	Fence int64   // under which the run is executed
	Step  job.Step
	// Anew says that the node is done again because somebody has asked for that, so
	// that what an earlier run has done does not count.
	Anew bool
}

// Answer answers one sort of question that nodes ask. What it returns is sent as
// JSON. The context is confined to the workspace of the run's pipeline, and its
// actor is the pipeline.
type Answer func(ctx context.Context, from Asker, body json.RawMessage) (any, error)

// Answering returns the Answer that call gives. A question that it cannot read is
// an Invalid fault.
func Answering[Q, A any](call func(ctx context.Context, question Q) (A, error)) Answer {
	return func(ctx context.Context, _ Asker, body json.RawMessage) (any, error) {
		var question Q
		if err := json.Unmarshal(body, &question); err != nil {
			return nil, fault.Wrap(fault.Invalid, err, "the question is not readable")
		}
		return call(ctx, question)
	}
}

// conversation is what is heard from an engine and answered to it.
type conversation struct {
	*recorder
	pipeline pipelines.Document
	askers   map[string]asker // by node
	hidden   *masks
}

// secretive is an answer that the engine may see and nobody else.
type secretive interface{ Secrets() []string }

// asker is a node of the run with the questions that it may ask.
type asker struct {
	Asker
	allowed []string
}

// converse returns the conversation about a run of d whose job is j. Its engine may ask
// for every node what its kind does, and nothing else, whatever is done to it.
func (x *Executor) converse(r *recorder, d pipelines.Document, j job.Job) (*conversation, error) {
	c := &conversation{recorder: r, pipeline: d, askers: make(map[string]asker, len(j.Nodes)), hidden: masksOf(j)}
	for _, s := range j.Nodes {
		spec, err := x.Kinds.Spec(s.Kind)
		if err != nil {
			return nil, err
		}
		c.askers[s.ID] = asker{Asker{Run: r.run, Fence: r.fence, Step: s, Anew: r.anew[s.ID]}, spec.Asks}
	}
	return c, nil
}

// Answer implements Ear.
func (c *conversation) Answer(ctx context.Context, q job.Question) job.Reply {
	body, err := c.answer(ctx, q)
	if err != nil {
		if fault.KindOf(err) == fault.Internal && ctx.Err() == nil {
			c.x.Log.ErrorContext(ctx, "question of a run cannot be answered", "run", c.run, "question", q.What, "error", err)
		}
		return job.Reply{ID: q.ID, Error: job.FailureOf(err)}
	}
	return job.Reply{ID: q.ID, Body: body}
}

func (c *conversation) answer(ctx context.Context, q job.Question) (json.RawMessage, error) {
	answer, from := c.x.Answers[q.What], c.askers[q.Node]
	if answer == nil || !slices.Contains(from.allowed, q.What) {
		return nil, fault.New(fault.Denied, "nodes of this pipeline may not ask for %q", q.What)
	}
	ctx = auth.WithWorkspace(ctx, auth.WorkspaceID(c.pipeline.Workspace))
	ctx = auth.WithActor(ctx, auth.Actor{Name: "pipeline " + c.pipeline.Name})
	result, err := answer(ctx, from.Asker, q.Body)
	if err != nil {
		return nil, err
	}
	if secret, is := result.(secretive); is {
		c.hidden.learn(secret.Secrets())
	}
	body, err := json.Marshal(result)
	if err != nil {
		return nil, fmt.Errorf("answer %s: %w", q.What, err)
	}
	return body, nil
}
