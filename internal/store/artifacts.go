package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"

	"github.com/broked/broked/internal/job"
	"github.com/broked/broked/internal/runs"
)

const insertStored = `
	INSERT INTO run_artifacts (run_id, seq, place, bytes, sha256)
	VALUES (?1, ?2, ?3, ?4, ?5)`

// noteStored writes down where the file of an artifact event is besides the folder of its
// run, if it is anywhere.
func noteStored(ctx context.Context, tx *sql.Tx, run runs.ID, seq int64, s runs.Stored) error {
	if s.Place == "" {
		return nil
	}
	_, err := tx.ExecContext(ctx, insertStored, run, seq, s.Place, s.Bytes, s.SHA256)
	return err
}

const artifactOf = `
	SELECT e.message, coalesce(e.row_count, 0), coalesce(a.place, ''), coalesce(a.bytes, 0), coalesce(a.sha256, '')
	FROM run_events e
	LEFT JOIN run_artifacts a ON a.run_id = e.run_id AND a.seq = e.seq
	WHERE e.run_id = ?1 AND e.node_id = ?2 AND e.type = 'artifact'
	ORDER BY e.seq DESC
	LIMIT 1`

// Artifact implements runs.ChildStore.
func (s *Store) Artifact(ctx context.Context, run runs.ID, node string) (runs.Artifact, error) {
	var a runs.Artifact
	err := s.db.read.QueryRowContext(ctx, artifactOf, run, node).Scan(&a.File, &a.Rows, &a.Stored.Place, &a.Stored.Bytes, &a.Stored.SHA256)
	if errors.Is(err, sql.ErrNoRows) {
		return runs.Artifact{}, nil
	}
	return a, border("artifact", err)
}

const (
	putKept = `
		INSERT INTO run_states (run_id, node_id, begun, kept)
		VALUES (?1, ?2, ?3, ?4)
		ON CONFLICT (run_id, node_id) DO UPDATE SET begun = excluded.begun, kept = excluded.kept`
	keptStates = `
		SELECT node_id, begun, kept
		FROM run_states
		WHERE run_id = ?1`
)

// keepKept writes down what nodes of a run want to keep, as its events say.
func keepKept(ctx context.Context, tx *sql.Tx, run runs.ID, events []runs.Event) error {
	for _, e := range events {
		if e.Type != job.Kept || e.Kept == nil {
			continue
		}
		if _, err := tx.ExecContext(ctx, putKept, run, e.Node, string(e.Kept.Begun), string(e.Kept.Kept)); err != nil {
			return err
		}
	}
	return nil
}

const (
	putName = `
		INSERT INTO run_names (run_id, name, version)
		VALUES (?1, ?2, ?3)
		ON CONFLICT (run_id, name) DO UPDATE SET version = excluded.version`
	namesOfRun = `
		SELECT name, version
		FROM run_names
		WHERE run_id = ?1
		ORDER BY name`
)

// keepNames writes down what settings of a run have named, as its events say.
func keepNames(ctx context.Context, tx *sql.Tx, run runs.ID, events []runs.Event) error {
	for _, e := range events {
		for _, n := range e.Names {
			if _, err := tx.ExecContext(ctx, putName, run, n.Name, n.Version); err != nil {
				return err
			}
		}
	}
	return nil
}

func scanName(row *sql.Rows) (n runs.Name, err error) {
	err = row.Scan(&n.Name, &n.Version)
	return n, err
}

// keptBy returns what nodes of a run wanted to keep.
func keptBy(ctx context.Context, tx *sql.Tx, run runs.ID) (map[string]runs.KeptState, error) {
	all := make(map[string]runs.KeptState)
	rows, err := tx.QueryContext(ctx, keptStates, run)
	_, err = collect(rows, err, func(r *sql.Rows) (none struct{}, err error) {
		var node, begun, kept string
		err = r.Scan(&node, &begun, &kept)
		k := runs.KeptState{Kept: json.RawMessage(kept)}
		if begun != "" {
			k.Begun = json.RawMessage(begun)
		}
		all[node] = k
		return none, err
	})
	return all, err
}
