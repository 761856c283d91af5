package store

import (
	"context"
	"database/sql"

	"github.com/broked/broked/internal/pipelines"
)

// What belongs to a node goes by way of a name that no node has, as two nodes may have
// changed their names with each other.
const (
	setPinAside     = `UPDATE pins SET node_id = ?3 WHERE pipeline_id = ?1 AND node_id = ?2`
	setStateAside   = `UPDATE node_states SET node_id = ?3 WHERE pipeline_id = ?1 AND node_id = ?2`
	elsewhere       = "\x01"
	overwrittenPin  = `DELETE FROM pins WHERE pipeline_id = ?1 AND node_id = ?2 AND EXISTS (SELECT 1 FROM pins WHERE pipeline_id = ?1 AND node_id = ?3)`
	overwrittenMark = `DELETE FROM node_states WHERE pipeline_id = ?1 AND node_id = ?2 AND EXISTS (SELECT 1 FROM node_states WHERE pipeline_id = ?1 AND node_id = ?3)`
)

// follow gives what is pinned to nodes, and what they remember from run to run, to those
// that they are called now.
func follow(ctx context.Context, tx *sql.Tx, v pipelines.Version) error {
	for old, next := range v.Renamed {
		for _, aside := range []string{setPinAside, setStateAside} {
			if _, err := tx.ExecContext(ctx, aside, v.Document.ID, old, elsewhere+next); err != nil {
				return err
			}
		}
	}
	for _, next := range v.Renamed {
		for _, overwritten := range []string{overwrittenPin, overwrittenMark} {
			if _, err := tx.ExecContext(ctx, overwritten, v.Document.ID, next, elsewhere+next); err != nil {
				return err
			}
		}
		for _, back := range []string{setPinAside, setStateAside} {
			if _, err := tx.ExecContext(ctx, back, v.Document.ID, elsewhere+next, next); err != nil {
				return err
			}
		}
	}
	return nil
}
