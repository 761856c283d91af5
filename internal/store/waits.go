package store

import (
	"context"
	"database/sql"
	"time"

	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/runs"
)

const suspendRun = `
	UPDATE runs
	SET status = 'waiting', look_at = ?2
	WHERE id = ?1`

// WaitRun makes a running run wait, with its last events; it is due at once. One
// that somebody has asked to cancel is cancelled instead. A stale fence is as in
// RecordEvents.
func (s *Store) WaitRun(ctx context.Context, run runs.ID, fence int64, now time.Time, last []runs.Event) error {
	return s.leaving(ctx, "wait", func(tx *sql.Tx) (bool, error) {
		if err := held(ctx, tx, run, fence); err != nil {
			return false, err
		}
		if err := leave(ctx, tx, run, runs.Waiting, last); err != nil {
			return false, err
		}
		var cancelled bool
		if err := tx.QueryRowContext(ctx, cancelRequested, run).Scan(&cancelled); err != nil {
			return false, err
		}
		if cancelled {
			return s.end(ctx, tx, run, runs.Outcome{Status: runs.Cancelled, At: now})
		}
		if err := tell(ctx, tx, run, runs.Event{Type: runs.RunWaiting, At: now, Status: string(runs.Waiting)}); err != nil {
			return false, err
		}
		if _, err := tx.ExecContext(ctx, suspendRun, run, millis(now)); err != nil {
			return false, err
		}
		return s.release(ctx, tx, run)
	})
}

const (
	dueRuns = `
		SELECT id
		FROM runs
		WHERE look_at <= ?1
		ORDER BY look_at
		LIMIT ?2`
	nextLook = `
		SELECT min(look_at)
		FROM runs
		WHERE look_at > ?1`
	firstLook = `
		SELECT min(look_at)
		FROM runs
		WHERE look_at IS NOT NULL`
	lookOf = `
		SELECT look_at
		FROM runs
		WHERE id = ?1`
)

// DueRuns returns the waiting runs that are to be looked at by now, at most limit,
// and when the next one is; nil is never.
func (s *Store) DueRuns(ctx context.Context, now time.Time, limit int) (due []runs.Waiter, next *time.Time, err error) {
	// This is asked at every change of every run, and most of the time none is due.
	var first instant
	err = s.db.read.QueryRowContext(ctx, firstLook).Scan(&first)
	if err != nil || !first.Valid || first.V > millis(now) {
		return nil, optional(first), border("first look", err)
	}
	err = s.view(ctx, "due runs", func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, dueRuns, millis(now), limit)
		ids, err := collect(rows, err, func(r *sql.Rows) (id runs.ID, err error) { return id, r.Scan(&id) })
		if err != nil {
			return err
		}
		due = make([]runs.Waiter, len(ids))
		for i, id := range ids {
			if due[i].Run, err = readRun(ctx, tx, id); err != nil {
				return err
			}
			if due[i].Document, err = readDocument(ctx, tx, due[i].Run); err != nil {
				return err
			}
			var began instant
			if err := tx.QueryRowContext(ctx, firstStart, id).Scan(&began); err != nil {
				return err
			}
			if err := tx.QueryRowContext(ctx, lookOf, id).Scan(&due[i].LookAt); err != nil {
				return err
			}
			due[i].Began = optional(began)
		}
		var at instant
		err = tx.QueryRowContext(ctx, nextLook, millis(now)).Scan(&at)
		next = optional(at)
		return err
	})
	return due, next, err
}

const (
	// Below 1 is a run that was woken, which is due until a look has seen it so.
	lookAgain = `
		UPDATE runs
		SET look_at = ?2
		WHERE id = ?1 AND (look_at > 0 OR look_at = ?3)`
	goOn = `
		UPDATE runs
		SET status = 'pending', look_at = NULL
		WHERE id = ?1`
	settleNodes = `
		UPDATE node_runs
		SET settled = 1
		WHERE run_id = ?1 AND status = 'success'`
)

// NoteLook writes down what a look at a waiting run has found. A run that does not
// wait any more is a Conflict fault.
func (s *Store) NoteLook(ctx context.Context, run runs.ID, l runs.Look) error {
	err := s.change(ctx, "note look", func(tx *sql.Tx) error {
		status, err := readStatus(ctx, tx, run)
		if err != nil {
			return err
		}
		if status != runs.Waiting {
			return fault.New(fault.Conflict, "the run is %s and does not wait", status).With("run_" + string(status))
		}
		if err := tell(ctx, tx, run, l.Events...); err != nil {
			return err
		}
		switch {
		case l.Failure != nil:
			_, err := s.end(ctx, tx, run, runs.Outcome{Status: runs.Failed, Failure: l.Failure, At: l.At})
			return err
		case l.Next != nil:
			_, err := tx.ExecContext(ctx, lookAgain, run, millis(*l.Next), l.LookAt)
			return err
		}
		if err := status.Move(runs.Pending); err != nil {
			return err
		}
		for _, text := range []string{goOn, settleNodes} {
			if _, err := tx.ExecContext(ctx, text, run); err != nil {
				return err
			}
		}
		return s.enqueue(ctx, tx, run)
	})
	if err == nil {
		s.queue.Wake()
	}
	return err
}

const forgetUnfinished = `
	DELETE FROM node_runs
	WHERE run_id = ?1 AND status <> 'success'`

// before returns what is left of the run that c goes on with: of itself before it
// waited, or of the one that it resumes.
func before(ctx context.Context, tx *sql.Tx, c *runs.Claim) (err error) {
	from := c.Run.ResumedFrom
	if len(c.Run.Nodes) > 0 {
		from = c.Run.ID
	}
	if from == "" {
		return nil
	}
	if c.Before, err = readBefore(ctx, tx, from); err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, forgetUnfinished, c.Run.ID)
	return err
}
