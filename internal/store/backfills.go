package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/runs"
)

const (
	insertBackfill = `
		INSERT INTO backfills (
			id, pipeline_id, range_start, range_end, spec, zone, total, concurrency, newest_first, skip_done, on_failure,
			params, priority, status, next_at, started_by, created_at
		) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)`
	backfillColumns = `
		SELECT
			b.id, b.pipeline_id, p.name, b.range_start, b.range_end, b.spec, b.zone, b.total, b.concurrency, b.newest_first,
			b.skip_done, b.on_failure, b.params, b.priority, b.status, b.reason, b.skipped, b.started_by, b.created_at, b.finished_at, b.next_at,
			(SELECT count(*) FROM backfill_runs r WHERE r.backfill_id = b.id AND r.status = 'success'),
			(SELECT count(*) FROM backfill_runs r WHERE r.backfill_id = b.id AND r.status IN ('failed', 'blocked')),
			(SELECT count(*) FROM backfill_runs r WHERE r.backfill_id = b.id AND r.status = 'cancelled'),
			(SELECT count(*) FROM backfill_runs r WHERE r.backfill_id = b.id AND r.status = 'started')
		FROM backfills b
		JOIN pipelines p ON p.id = b.pipeline_id`
	backfillByID = backfillColumns + `
		WHERE b.id = ?1 AND (?2 = '' OR p.workspace_id = ?2)`
	backfillPage = backfillColumns + `
		WHERE p.workspace_id = ?1 AND b.id < ?2 AND (?3 = '' OR b.pipeline_id = ?3)
		ORDER BY b.id DESC
		LIMIT ?4 OFFSET ?5`
	countBackfills = `
		SELECT count(*)
		FROM backfills b
		JOIN pipelines p ON p.id = b.pipeline_id
		WHERE p.workspace_id = ?1 AND (?2 = '' OR b.pipeline_id = ?2)`
	failuresOfBackfill = `
		SELECT run_id, interval_start, interval_end
		FROM backfill_runs
		WHERE backfill_id = ?1 AND status IN ('failed', 'blocked')
		ORDER BY run_id DESC
		LIMIT 20`
	startedByBackfill = `
		SELECT run_id
		FROM backfill_runs
		WHERE backfill_id = ?1 AND status = 'started'
		ORDER BY run_id`
)

// backfill is a backfill with what only the store knows of it.
type backfill struct {
	runs.Backfill
	next time.Time // when the next interval begins; zero when none is left
}

func scanBackfill(row scanner) (backfill, error) {
	var b backfill
	var start, end, created int64
	var finished, next instant
	var params []byte
	p := &b.Progress
	err := row.Scan(
		&b.ID, &b.Pipeline, &b.PipelineName, &start, &end, &b.Interval, &b.Timezone, &p.Total, &b.Concurrency, &b.Newest,
		&b.SkipDone, &b.OnFailure, &params, &b.Priority, &b.Status, &b.Reason, &p.Skipped, &b.StartedBy, &created, &finished, &next,
		&p.Done, &p.Failed, &p.Cancelled, &p.Running)
	if err != nil {
		return backfill{}, err
	}
	b.Start, b.End, b.CreatedAt, b.FinishedAt = moment(start), moment(end), moment(created), optional(finished)
	if next.Valid {
		b.next = moment(next.V)
	}
	return b, json.Unmarshal(params, &b.Params)
}

// nextColumn returns what scanBackfill reads as next.
func nextColumn(next time.Time) instant { return instant{V: millis(next), Valid: !next.IsZero()} }

// InsertBackfill implements runs.BackfillStore.
func (s *Store) InsertBackfill(ctx context.Context, b runs.Backfill) error {
	all, err := b.Range()
	if err != nil {
		return err
	}
	if b.Params == nil {
		b.Params = map[string]string{}
	}
	params, err := json.Marshal(b.Params)
	if err != nil {
		return err
	}
	return s.leaving(ctx, "insert backfill", func(tx *sql.Tx) (bool, error) {
		_, err := tx.ExecContext(ctx, insertBackfill,
			b.ID, b.Pipeline, millis(b.Start), millis(b.End), b.Interval, b.Timezone, b.Progress.Total, b.Concurrency, b.Newest, b.SkipDone, b.OnFailure,
			string(params), b.Priority, b.Status, nextColumn(b.Next(all, time.Time{})), b.StartedBy, millis(b.CreatedAt))
		if isOrphan(err) {
			return false, noPipeline(string(b.Pipeline))
		}
		if err != nil {
			return false, err
		}
		err = s.audit(ctx, tx, auth.AuditEvent{Event: "backfill_started", Target: string(b.ID), Outcome: auth.Success, Details: map[string]any{
			"pipeline": b.Pipeline, "start": b.Start.Format(time.RFC3339), "end": b.End.Format(time.RFC3339), "interval": b.Interval, "intervals": b.Progress.Total,
		}})
		if err != nil {
			return false, err
		}
		started, _, err := s.advance(ctx, tx, b.ID, b.CreatedAt)
		return started > 0, err
	})
}

func readBackfill(ctx context.Context, tx *sql.Tx, id runs.BackfillID) (backfill, error) {
	b, err := scanBackfill(tx.QueryRowContext(ctx, backfillByID, id, auth.WorkspaceFrom(ctx)))
	if errors.Is(err, sql.ErrNoRows) {
		return b, runs.NoBackfill(id)
	}
	return b, err
}

// Backfill implements runs.BackfillStore.
func (s *Store) Backfill(ctx context.Context, id runs.BackfillID) (runs.Backfill, error) {
	var b backfill
	err := s.view(ctx, "backfill", func(tx *sql.Tx) (err error) {
		if b, err = readBackfill(ctx, tx, id); err != nil {
			return err
		}
		rows, err := tx.QueryContext(ctx, failuresOfBackfill, id)
		b.Failures, err = collect(rows, err, func(r *sql.Rows) (f runs.BackfillRun, err error) {
			var start, end int64
			err = r.Scan(&f.Run, &start, &end)
			f.Start, f.End = moment(start), moment(end)
			return f, err
		})
		return err
	})
	return b.Backfill, err
}

// Backfills implements runs.BackfillStore.
func (s *Store) Backfills(ctx context.Context, f runs.BackfillFilter) ([]runs.Backfill, error) {
	rows, err := s.db.read.QueryContext(ctx, backfillPage, auth.HomeFrom(ctx), below(f.Page), f.Pipeline, f.Limit, f.Skip)
	all, err := collect(rows, err, func(r *sql.Rows) (runs.Backfill, error) {
		b, err := scanBackfill(r)
		return b.Backfill, err
	})
	return all, border("backfills", err)
}

// CountBackfills implements runs.BackfillStore.
func (s *Store) CountBackfills(ctx context.Context, f runs.BackfillFilter) (int, error) {
	var n int
	err := s.db.read.QueryRowContext(ctx, countBackfills, auth.HomeFrom(ctx), f.Pipeline).Scan(&n)
	return n, border("count backfills", err)
}

// BackfillRuns implements runs.BackfillStore.
func (s *Store) BackfillRuns(ctx context.Context, id runs.BackfillID) ([]runs.ID, error) {
	rows, err := s.db.read.QueryContext(ctx, startedByBackfill, id)
	all, err := collect(rows, err, scanRunID)
	return all, border("runs of backfill", err)
}

const moveBackfill = `
	UPDATE backfills
	SET status = ?2, reason = ?3, finished_at = ?4
	WHERE id = ?1`

// backfillEvents are what the audit log calls what people do to a backfill.
var backfillEvents = map[runs.BackfillStatus]string{
	runs.BackfillPaused: "backfill_paused", runs.BackfillRunning: "backfill_continued", runs.BackfillCancelled: "backfill_cancelled",
}

// MoveBackfill implements runs.BackfillStore.
func (s *Store) MoveBackfill(ctx context.Context, id runs.BackfillID, to runs.BackfillStatus, now time.Time) ([]runs.ID, error) {
	var ended []runs.ID
	err := s.leaving(ctx, "move backfill", func(tx *sql.Tx) (room bool, err error) {
		ended = nil
		b, err := readBackfill(ctx, tx, id)
		if err != nil {
			return false, err
		}
		if err := b.Status.Move(to); err != nil {
			return false, err
		}
		finished := instant{}
		if to == runs.BackfillCancelled {
			finished = column(&now)
			if ended, room, err = s.stopAll(ctx, tx, id, now); err != nil {
				return false, err
			}
		}
		if _, err := tx.ExecContext(ctx, moveBackfill, id, to, "", finished); err != nil {
			return false, err
		}
		return room, s.audit(ctx, tx, auth.AuditEvent{Event: backfillEvents[to], Target: string(id), Outcome: auth.Success})
	})
	return ended, err
}

// stopAll ends the runs of a backfill, and reports whether others may start instead.
func (s *Store) stopAll(ctx context.Context, tx *sql.Tx, id runs.BackfillID, now time.Time) ([]runs.ID, bool, error) {
	rows, err := tx.QueryContext(ctx, startedByBackfill, id)
	all, err := collect(rows, err, scanRunID)
	if err != nil {
		return nil, false, err
	}
	room := false
	for _, run := range all {
		_, more, err := s.stop(ctx, tx, run, now)
		if err != nil {
			return nil, false, err
		}
		room = room || more
	}
	return all, room, nil
}

const (
	noteBackfillRun = `
		UPDATE backfill_runs
		SET status = ?2
		WHERE run_id = ?1 AND status = 'started'
		RETURNING backfill_id`
	// A run that was resumed with success is one that has succeeded.
	noteResumedRun = `
		WITH RECURSIVE origins (id) AS (
			SELECT resumed_from FROM runs WHERE id = ?1 AND resumed_from <> ''
			UNION
			SELECT r.resumed_from FROM runs r JOIN origins o ON r.id = o.id WHERE r.resumed_from <> ''
		)
		UPDATE backfill_runs
		SET status = 'success'
		WHERE run_id IN (SELECT id FROM origins)`
	pauseAfterFailure = `
		UPDATE backfills
		SET status = 'paused', reason = ?2
		WHERE id = ?1 AND status = 'running' AND on_failure = 'pause'`
)

// noteBackfill notes the end of a run with the backfill that has started it.
func noteBackfill(ctx context.Context, tx *sql.Tx, run runs.ID, o runs.Outcome) error {
	var of runs.BackfillID
	err := tx.QueryRowContext(ctx, noteBackfillRun, run, o.Status).Scan(&of)
	switch {
	case errors.Is(err, sql.ErrNoRows) && o.Status == runs.Success:
		_, err = tx.ExecContext(ctx, noteResumedRun, run)
		return err
	case errors.Is(err, sql.ErrNoRows):
		return nil
	case err != nil:
		return err
	}
	if o.Status == runs.Failed || o.Status == runs.Blocked {
		_, err = tx.ExecContext(ctx, pauseAfterFailure, of, "run "+string(run)+" has failed")
	}
	return err
}
