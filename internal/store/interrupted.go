package store

import (
	"context"
	"database/sql"
	"time"

	"github.com/broked/broked/internal/job"
	"github.com/broked/broked/internal/node"
	"github.com/broked/broked/internal/pipelines"
	"github.com/broked/broked/internal/runs"
)

// PutBackRun interrupts a running run, whose server was told to stop: it does with it
// what its pipeline says. One that somebody has asked to cancel is cancelled instead. A
// stale fence is as in RecordEvents.
func (s *Store) PutBackRun(ctx context.Context, run runs.ID, fence int64, now time.Time) error {
	err := s.change(ctx, "put back run", func(tx *sql.Tx) error {
		if err := held(ctx, tx, run, fence); err != nil {
			return err
		}
		status, err := s.interrupt(ctx, tx, run, node.Info, now)
		if err != nil || status != runs.Pending {
			return err
		}
		return s.enqueue(ctx, tx, run)
	})
	if err == nil {
		s.queue.Wake()
	}
	return err
}

// maxInterruptions is how many servers in a row may be killed while a run is going
// before it counts as the reason: it would otherwise stop them for ever.
const maxInterruptions = 3

// Interruptions before a run has waited do not count: it got on after them.
const interruptions = `
	SELECT count(*)
	FROM run_events
	WHERE run_id = ?1 AND type = 'run.interrupted' AND level = 'error'
		AND seq > coalesce((SELECT max(seq) FROM run_events WHERE run_id = ?1 AND type = 'run.waiting'), 0)`

// interrupt does with a running run whose server is gone what its pipeline says, and
// returns its status after that. Level is Error when the server was killed, and Info
// when it was told to stop.
func (s *Store) interrupt(ctx context.Context, tx *sql.Tx, run runs.ID, level node.Level, now time.Time) (runs.Status, error) {
	var cancelled bool
	if err := tx.QueryRowContext(ctx, cancelRequested, run).Scan(&cancelled); err != nil {
		return "", err
	}
	if cancelled {
		_, err := s.end(ctx, tx, run, runs.Outcome{Status: runs.Cancelled, At: now})
		return runs.Cancelled, err
	}
	policy, err := onRestart(ctx, tx, run)
	if err != nil {
		return "", err
	}
	if policy == pipelines.RestartFails {
		return s.giveUp(ctx, tx, run, now, &job.Failure{
			Code:    runs.CodeInterrupted,
			Message: "the server stopped while this run was going, and its pipeline says on_restart: fail; resume it to do what it has left undone",
		})
	}
	var before int
	if err := tx.QueryRowContext(ctx, interruptions, run).Scan(&before); err != nil {
		return "", err
	}
	if level == node.Error && before+1 >= maxInterruptions {
		return s.giveUp(ctx, tx, run, now, &job.Failure{
			Code:    runs.CodeQuarantined,
			Message: "the server was killed three times in a row while this run was going, so it is not tried again by itself; look for the reason, then resume it",
		})
	}
	return runs.Pending, putBack(ctx, tx, run, policy, runs.Event{Type: runs.RunInterrupted, At: now, Level: string(level), Status: string(runs.Pending)})
}

func (s *Store) giveUp(ctx context.Context, tx *sql.Tx, run runs.ID, now time.Time, why *job.Failure) (runs.Status, error) {
	_, err := s.end(ctx, tx, run, runs.Outcome{Status: runs.Failed, Failure: why, At: now})
	return runs.Failed, err
}

// onRestart returns what the version of the pipeline that run executes says.
func onRestart(ctx context.Context, tx *sql.Tx, run runs.ID) (pipelines.OnRestart, error) {
	r, err := readRun(ctx, tx, run)
	if err != nil {
		return "", err
	}
	d, err := readDocument(ctx, tx, r)
	return d.OnRestart, err
}

const (
	resetRun = `
		UPDATE runs
		SET status = 'pending', attempt = attempt + 1
		WHERE id = ?1`
	// A run that resumes another may not have told yet what it was given by that. It
	// begins again with all of it instead.
	settleDone = `
		UPDATE node_runs
		SET settled = 1
		WHERE run_id = ?1 AND status = 'success' AND EXISTS (SELECT 1 FROM runs WHERE id = ?1 AND resumed_from = '')`
	unsettleNodes = `
		UPDATE node_runs
		SET settled = 0
		WHERE run_id = ?1`
	resetNodes = `
		DELETE FROM node_runs
		WHERE run_id = ?1 AND settled = 0`
	resetPreviews = `
		DELETE FROM run_previews
		WHERE run_id = ?1 AND node_id NOT IN (SELECT node_id FROM node_runs WHERE run_id = ?1)`
	resetStates = `
		DELETE FROM run_states
		WHERE run_id = ?1 AND node_id NOT IN (SELECT node_id FROM node_runs WHERE run_id = ?1)`
	resetProgress = `
		DELETE FROM run_events
		WHERE run_id = ?1 AND type = 'node.progress'`
)

// putBack makes a running run pending. What it logged stays. What its nodes had reached
// does not, but for those that had finished when it is to go on.
func putBack(ctx context.Context, tx *sql.Tx, run runs.ID, policy pipelines.OnRestart, told runs.Event) error {
	keep := settleDone
	if policy == pipelines.RestartBegins {
		keep = unsettleNodes
	}
	for _, text := range []string{resetRun, keep, resetNodes, resetPreviews, resetStates, resetProgress} {
		if _, err := tx.ExecContext(ctx, text, run); err != nil {
			return err
		}
	}
	return tell(ctx, tx, run, told)
}

// takeBack interrupts the runs that a statement finds.
func (s *Store) takeBack(ctx context.Context, tx *sql.Tx, now time.Time, text string, args ...any) (Recovered, error) {
	rows, err := tx.QueryContext(ctx, text, args...)
	all, err := collect(rows, err, func(r *sql.Rows) (run runs.ID, err error) { return run, r.Scan(&run) })
	var done Recovered
	for _, run := range all {
		status, err := s.interrupt(ctx, tx, run, node.Error, now)
		if err != nil {
			return Recovered{}, err
		}
		switch status {
		case runs.Cancelled:
			done.Cancelled = append(done.Cancelled, run)
		case runs.Failed:
			done.Failed = append(done.Failed, run)
		default:
			done.PutBack = append(done.PutBack, run)
		}
	}
	return done, err
}
