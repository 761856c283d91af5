package nodes

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/node"
)

// subpipelineSpec runs another pipeline as a step of this one.
var subpipelineSpec = node.Spec{
	Kind: "subpipeline", Title: "Subpipeline", Icon: "nested", Category: node.Transform, MinInputs: 0, MaxInputs: 1, Effects: true, Waits: true,
	Summary:     "Run another pipeline of this workspace and wait for it, without a slot. The rows of one of its nodes can become the rows of this node; else those that come in go on. It fails when the other run does, which ends with this one when this one is cancelled.",
	Permissions: []string{string(auth.PipelinesRun)},
	Settings: node.Schema{Type: node.TypeObject, Fields: []node.Field{
		pipelineSetting,
		{Name: "params", Schema: node.Schema{Type: node.TypeObject, Title: "Parameters", Values: &node.Schema{Type: node.TypeString}, Help: "Values of its parameters, over its own; they may have placeholders of this run, such as `${param.month}` and `${run.date}`."}},
		{Name: "wait", Schema: node.Schema{Type: node.TypeBoolean, Title: "Wait for it", Default: true, Help: "Without it the node has done its part when the other run has been started, and that goes its own way."}},
		{Name: "outputs", Schema: node.Schema{Type: node.TypeString, Title: "Rows of its node", Help: "The id of a node of the other pipeline, which is no sink. Its rows are kept there and become those of this node. Without it the rows that come in go on."}},
		longestSetting,
	}},
	New: newSubpipeline,
}

var (
	pipelineSetting = node.Field{Name: "pipeline", Required: true, Schema: node.Schema{Type: node.TypeString, Format: node.FormatPipeline, Title: "Pipeline", MinLen: 1, Help: "The slug or id of a pipeline of the same workspace. Its newest version is run."}}
	longestSetting  = node.Field{Name: "timeout", Schema: node.Schema{Type: node.TypeString, Title: "Wait at most", Default: longestCall, Help: "Such as 30m or 48h, from the moment at which the run waits. Then the node has failed, and what it waits for is cancelled."}}
)

const (
	longestCall = "24h"
	// callPause is the time between two looks when nobody says that a run has ended.
	callPause = 5 * time.Second
)

type subpipeline struct {
	pace     node.Pace
	Pipeline string            `json:"pipeline"`
	Params   map[string]string `json:"params"`
	Wait     bool              `json:"wait"`
	Outputs  string            `json:"outputs"`
	Most     string            `json:"timeout"`
}

func newSubpipeline(config json.RawMessage) (node.Node, error) {
	s := &subpipeline{Wait: true, Most: longestCall}
	if err := json.Unmarshal(config, s); err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "the settings of the subpipeline are not readable")
	}
	if s.Params == nil {
		s.Params = map[string]string{}
	}
	if s.Outputs != "" && !s.Wait {
		return nil, settingFault("outputs", "needs wait: the rows are there when the other run has ended")
	}
	var err error
	if s.pace, err = callPace(s.Most); err != nil {
		return nil, err
	}
	return s, nil
}

// callPace returns how to wait for runs, for at most so long.
func callPace(most string) (node.Pace, error) {
	d, err := duration(most, leastPause)
	if err != nil {
		return node.Pace{}, settingFault("timeout", "%s", fault.MessageOf(err))
	}
	return node.Pace{Every: callPause, AtMost: d}, nil
}

// Select implements node.Relational: the server puts the rows of the other run in the
// place of these.
func (*subpipeline) Select(ctx context.Context, env node.Env, in []node.Relation) (node.Relation, error) {
	return (&wait{}).Select(ctx, env, in)
}

// Rehearse implements node.Rehearser.
func (s *subpipeline) Rehearse(ctx context.Context, env node.Env, in []node.Relation) (node.Relation, error) {
	if s.Outputs != "" {
		return node.Relation{}, fault.New(fault.Invalid, "a trial runs no other pipelines, so nobody knows the rows of %q: pin some to this node", s.Outputs).With("not_in_trial")
	}
	env.Log(node.Info, "a trial: the pipeline %q would run here", s.Pipeline)
	return s.Select(ctx, env, in)
}

// Calls implements node.Caller.
func (s *subpipeline) Calls() node.Calls {
	return node.Calls{Pipeline: s.Pipeline, Params: s.Params, AtOnce: 1, Detached: !s.Wait, Output: s.Outputs}
}

// Pace implements node.Patient.
func (s *subpipeline) Pace() node.Pace { return s.pace }

// Subject implements node.Patient.
func (s *subpipeline) Subject() string {
	if !s.Wait {
		return fmt.Sprintf("a run of %q to be started", s.Pipeline)
	}
	return fmt.Sprintf("a run of %q", s.Pipeline)
}
