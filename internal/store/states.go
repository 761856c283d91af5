package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"time"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/pipelines"
	"github.com/broked/broked/internal/runs"
)

const (
	nodeStates = `
		SELECT node_id, state, run_id, updated_at
		FROM node_states
		WHERE pipeline_id = ?1
		ORDER BY node_id`
	keepState = `
		INSERT INTO node_states (pipeline_id, node_id, state, run_id, updated_at)
		SELECT pipeline_id, ?2, ?3, id, ?4 FROM runs WHERE id = ?1
		ON CONFLICT (pipeline_id, node_id)
		DO UPDATE SET state = excluded.state, run_id = excluded.run_id, updated_at = excluded.updated_at`
	forgetState = `
		DELETE FROM node_states
		WHERE pipeline_id = ?1 AND node_id = ?2`
)

// NodeStates implements runs.Store.
func (s *Store) NodeStates(ctx context.Context, pipeline pipelines.ID) ([]runs.NodeState, error) {
	rows, err := s.db.read.QueryContext(ctx, nodeStates, pipeline)
	all, err := collect(rows, err, scanState)
	return all, border("node states", err)
}

func scanState(r *sql.Rows) (n runs.NodeState, err error) {
	var at instant
	err = r.Scan(&n.Node, (*[]byte)(&n.State), &n.Run, &at)
	n.UpdatedAt = time.UnixMilli(at.V).UTC()
	return n, err
}

// ForgetNodeState implements runs.Store.
func (s *Store) ForgetNodeState(ctx context.Context, pipeline pipelines.ID, node string) error {
	return s.change(ctx, "forget node state", func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, forgetState, pipeline, node)
		if err != nil {
			return err
		}
		n, err := res.RowsAffected()
		switch {
		case err != nil:
			return err
		case n == 0:
			return fault.New(fault.NotFound, "the node %q keeps nothing from run to run", node).With("no_state")
		}
		return s.audit(ctx, tx, auth.AuditEvent{
			Event: "node_state_forgotten", Target: string(pipeline), Outcome: auth.Success, Details: map[string]any{"node": node},
		})
	})
}

// statesOf returns what the nodes of a pipeline keep, by their ids.
func statesOf(ctx context.Context, tx *sql.Tx, pipeline pipelines.ID) (map[string]json.RawMessage, error) {
	rows, err := tx.QueryContext(ctx, nodeStates, pipeline)
	all, err := collect(rows, err, scanState)
	states := make(map[string]json.RawMessage, len(all))
	for _, n := range all {
		states[n.Node] = n.State
	}
	return states, err
}

// keepStates writes down what nodes keep at the end of a run.
func keepStates(ctx context.Context, tx *sql.Tx, run runs.ID, o runs.Outcome) error {
	if o.Status != runs.Success {
		return nil
	}
	for node, state := range o.States {
		if _, err := tx.ExecContext(ctx, keepState, run, node, string(state), millis(o.At)); err != nil {
			return err
		}
	}
	return nil
}
