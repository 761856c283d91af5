package runs

import (
	"context"
	"encoding/json"
	"time"
)

// NodeState is what a node remembers from one run of its pipeline to the next,
// such as how far it has read. It is written when a run succeeds, so that what a
// failed run has read is read again.
type NodeState struct {
	Node      string          `json:"node_id"`
	State     json.RawMessage `json:"state" doc:"What it keeps, in its kind's own form"`
	Run       ID              `json:"run_id" doc:"The run that wrote it"`
	UpdatedAt time.Time       `json:"updated_at"`
}

// States returns what the nodes of a pipeline keep, by node.
func (s *Service) States(ctx context.Context, pipeline string) ([]NodeState, error) {
	d, err := s.pipelines.Get(ctx, pipeline)
	if err != nil {
		return nil, err
	}
	return s.store.NodeStates(ctx, d.ID)
}

// ForgetState makes a node start from the beginning in the next run. A node that
// keeps nothing is a NotFound fault.
func (s *Service) ForgetState(ctx context.Context, pipeline, node string) error {
	d, err := s.pipelines.Get(ctx, pipeline)
	if err != nil {
		return err
	}
	return s.store.ForgetNodeState(ctx, d.ID, node)
}
