package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"

	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/pipelines"
	"github.com/broked/broked/internal/trials"
)

const (
	pins = `
		SELECT node_id, data, pinned_by, pinned_at
		FROM pins
		WHERE pipeline_id = ?1
		ORDER BY node_id`
	putPin = `
		INSERT INTO pins (pipeline_id, node_id, data, pinned_by, pinned_at)
		VALUES (?1, ?2, ?3, ?4, ?5)
		ON CONFLICT (pipeline_id, node_id)
		DO UPDATE SET data = excluded.data, pinned_by = excluded.pinned_by, pinned_at = excluded.pinned_at`
	deletePin = `
		DELETE FROM pins
		WHERE pipeline_id = ?1 AND node_id = ?2`
)

// Pins implements trials.Store.
func (s *Store) Pins(ctx context.Context, pipeline pipelines.ID) ([]trials.Pin, error) {
	rows, err := s.db.read.QueryContext(ctx, pins, pipeline)
	all, err := collect(rows, err, func(r *sql.Rows) (p trials.Pin, err error) {
		var data []byte
		var at int64
		if err := r.Scan(&p.Node, &data, &p.By, &at); err != nil {
			return p, err
		}
		p.At = moment(at)
		return p, json.Unmarshal(data, &p.Rows)
	})
	return all, border("pins", err)
}

// PutPin implements trials.Store.
func (s *Store) PutPin(ctx context.Context, pipeline pipelines.ID, p trials.Pin) error {
	data, err := json.Marshal(p.Rows)
	if err != nil {
		return fmt.Errorf("pin rows: %w", err)
	}
	return s.change(ctx, "put pin", func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, putPin, pipeline, p.Node, string(data), p.By, millis(p.At))
		return err
	})
}

// DeletePin implements trials.Store.
func (s *Store) DeletePin(ctx context.Context, pipeline pipelines.ID, node string) error {
	return s.change(ctx, "delete pin", func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, deletePin, pipeline, node)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n > 0 {
			return err
		}
		return fault.New(fault.NotFound, "no rows are pinned to the node %q", node).With("no_pin")
	})
}
