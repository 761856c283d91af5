package store

import (
	"context"
	"database/sql"
	"time"

	"github.com/broked/broked/internal/retention"
	"github.com/broked/broked/internal/runs"
)

var _ retention.Store = (*Store)(nil)

const (
	// Runs are in the order of their making by their ids, so the oldest that have ended
	// are found at the beginning of the table. The Nth newest of a pipeline is found in
	// an index.
	oldRuns = `
		SELECT r.id
		FROM runs r
		WHERE r.finished_at < ?1
		AND r.id <= coalesce((
			SELECT n.id FROM runs n WHERE n.pipeline_id = r.pipeline_id ORDER BY n.id DESC LIMIT 1 OFFSET ?2
		), '')
		AND NOT EXISTS (SELECT 1 FROM runs o WHERE o.resumed_from = r.id AND o.finished_at IS NULL)
		ORDER BY r.id
		LIMIT ?3`
	forgetRun = `
		DELETE FROM runs
		WHERE id = ?1`
)

// ForgetRuns implements retention.Store.
func (s *Store) ForgetRuns(ctx context.Context, before time.Time, newest, limit int) ([]runs.ID, error) {
	var gone []runs.ID
	err := s.change(ctx, "forget runs", func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, oldRuns, millis(before), newest, limit)
		if gone, err = collect(rows, err, scanRunID); err != nil {
			return err
		}
		for _, run := range gone {
			if _, err := tx.ExecContext(ctx, forgetRun, run); err != nil {
				return err
			}
		}
		return nil
	})
	return gone, err
}

const openRuns = `
	SELECT id, resumed_from
	FROM runs
	WHERE status IN ('pending', 'running', 'waiting') AND finished_at IS NULL`

// OpenRuns implements retention.Store.
func (s *Store) OpenRuns(ctx context.Context) (map[runs.ID]bool, error) {
	open := make(map[runs.ID]bool)
	err := s.view(ctx, "open runs", func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, openRuns)
		_, err = collect(rows, err, func(row *sql.Rows) (runs.ID, error) {
			var run, from runs.ID
			err := row.Scan(&run, &from)
			open[run] = true
			if from != "" {
				open[from] = true
			}
			return run, err
		})
		return err
	})
	return open, err
}

const knownRun = `
	SELECT EXISTS (SELECT 1 FROM runs WHERE id = ?1)`

// KnownRuns implements retention.Store.
func (s *Store) KnownRuns(ctx context.Context, all []runs.ID) (map[runs.ID]bool, error) {
	known := make(map[runs.ID]bool, len(all))
	err := s.view(ctx, "known runs", func(tx *sql.Tx) error {
		for _, run := range all {
			var there bool
			if err := tx.QueryRowContext(ctx, knownRun, run).Scan(&there); err != nil {
				return err
			}
			known[run] = there
		}
		return nil
	})
	return known, err
}

func scanRunID(row *sql.Rows) (runs.ID, error) {
	var run runs.ID
	err := row.Scan(&run)
	return run, err
}
