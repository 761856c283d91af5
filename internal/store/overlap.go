package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/job"
	"github.com/broked/broked/internal/pipelines"
	"github.com/broked/broked/internal/runs"
)

const (
	overlapOf = `
		SELECT most_runs, overlap
		FROM pipelines
		WHERE id = ?1 AND overlap IN ('skip', 'cancel_previous')`
	unended = `
		SELECT id, status
		FROM runs
		WHERE pipeline_id = ?1 AND status IN ('pending', 'waiting', 'running')
		ORDER BY id`
)

// overlap makes room for one more run of a pipeline that does not let its runs
// overlap, by cancelling the oldest of those that have not ended, or returns one that
// is in its way.
func (s *Store) overlap(ctx context.Context, tx *sql.Tx, of pipelines.ID, now time.Time) (inTheWay runs.ID, err error) {
	var most int
	var policy pipelines.Overlap
	err = tx.QueryRowContext(ctx, overlapOf, of).Scan(&most, &policy)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	rows, err := tx.QueryContext(ctx, unended, of)
	all, err := collect(rows, err, func(r *sql.Rows) (o runs.Run, err error) { return o, r.Scan(&o.ID, &o.Status) })
	if err != nil || len(all) < most {
		return "", err
	}
	if policy == pipelines.OverlapSkip {
		return all[0].ID, nil
	}
	for _, old := range all[:len(all)+1-most] {
		// What it has held is for the run that is about to be stored.
		if _, _, err := s.stop(ctx, tx, old.ID, now); err != nil {
			return "", err
		}
	}
	return "", nil
}

// stop ends a run, or marks a running one to be ended by its executor, and returns its
// status after that and whether others may start in its place.
func (s *Store) stop(ctx context.Context, tx *sql.Tx, run runs.ID, now time.Time) (runs.Status, bool, error) {
	status, err := readStatus(ctx, tx, run)
	if err != nil {
		return "", false, err
	}
	if err := status.Move(runs.Cancelled); err != nil {
		return "", false, err
	}
	if err := s.audit(ctx, tx, auth.AuditEvent{Event: "run_cancelled", Target: string(run), Outcome: auth.Success}); err != nil {
		return "", false, err
	}
	if status == runs.Running {
		_, err := tx.ExecContext(ctx, markCancel, run)
		return status, false, err
	}
	room, err := s.end(ctx, tx, run, runs.Outcome{Status: runs.Cancelled, At: now})
	return runs.Cancelled, room, err
}

// notSkipped returns the Conflict fault of a run that was not started because of
// another one.
func notSkipped(other runs.ID) error {
	return fault.New(fault.Conflict, "%s", skipReason(other)).With(runs.CodeActive)
}

func skipReason(other runs.ID) string {
	return fmt.Sprintf("not started, because run %s of this pipeline has not ended, and its runs must not overlap", other)
}

const blockRun = `
	UPDATE runs
	SET status = 'blocked', error = ?2, error_code = ?3, finished_at = ?4, gate_until = NULL
	WHERE id = ?1`

// skip records that run, which was just stored, is not started because of another one.
func skip(ctx context.Context, tx *sql.Tx, run, other runs.ID, now time.Time) error {
	return block(ctx, tx, run, &job.Failure{Code: runs.CodeActive, Message: skipReason(other)}, now)
}

// block records that run, which was just stored, is not started.
func block(ctx context.Context, tx *sql.Tx, run runs.ID, why *job.Failure, now time.Time) error {
	told := runs.Event{Type: runs.RunFinished, At: now, Status: string(runs.Blocked), Error: why.Message, Failure: why}
	if err := tell(ctx, tx, run, told); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, blockRun, run, why.Message, why.Code, millis(now))
	return err
}

const cancelRequested = `
	SELECT cancel_requested
	FROM runs
	WHERE id = ?1`

// CancelRequested reports whether somebody asked to end a run while it was
// running.
func (s *Store) CancelRequested(ctx context.Context, id runs.ID) (bool, error) {
	var asked bool
	err := s.db.read.QueryRowContext(ctx, cancelRequested, id).Scan(&asked)
	if errors.Is(err, sql.ErrNoRows) {
		return false, runs.NotFound(id)
	}
	return asked, border("cancel requested", err)
}
