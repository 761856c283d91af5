package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/id"
	"github.com/broked/broked/internal/pipelines"
	"github.com/broked/broked/internal/runs"
	"github.com/broked/broked/internal/schedules"
)

var _ runs.BackfillWork = (*Store)(nil)

const (
	// Those that have a slot and an interval for it, or have nothing left to do.
	backfillsWithRoom = `
		SELECT o.id
		FROM (
			SELECT b.id, b.concurrency, b.next_at,
				(SELECT count(*) FROM backfill_runs r WHERE r.backfill_id = b.id AND r.status = 'started') AS active
			FROM backfills b
			WHERE b.status = 'running'
		) AS o
		WHERE o.next_at IS NOT NULL AND o.active < o.concurrency OR o.next_at IS NULL AND o.active = 0
		ORDER BY o.id`
	succeededBefore = `
		SELECT EXISTS (
			SELECT 1
			FROM backfill_runs
			WHERE pipeline_id = ?1 AND interval_start = ?2 AND interval_end = ?3 AND status = 'success'
		) OR EXISTS (
			WITH RECURSIVE resumed (id) AS (
				SELECT run_id FROM run_ticks WHERE pipeline_id = ?1 AND tick = ?3 AND interval_start = ?2
				UNION
				SELECT r.id FROM runs r JOIN resumed o ON r.resumed_from = o.id WHERE r.resumed_from <> ''
			)
			SELECT 1 FROM runs WHERE id IN (SELECT id FROM resumed) AND status = 'success'
		)`
	insertBackfillRun = `
		INSERT INTO backfill_runs (backfill_id, interval_start, interval_end, pipeline_id, run_id, status)
		VALUES (?1, ?2, ?3, ?4, ?5, 'started')`
	advanceBackfill = `
		UPDATE backfills
		SET next_at = ?2, skipped = ?3
		WHERE id = ?1`
	unendedOfPipeline = `
		SELECT count(*)
		FROM runs
		WHERE pipeline_id = ?1 AND status IN ('pending', 'waiting', 'running')`
)

// skippedAtOnce is how many intervals one transaction skips.
const skippedAtOnce = 200

// AdvanceBackfills implements runs.BackfillWork.
func (s *Store) AdvanceBackfills(ctx context.Context, now time.Time) (started int, more bool, err error) {
	rows, err := s.db.read.QueryContext(ctx, backfillsWithRoom)
	all, err := collect(rows, err, func(r *sql.Rows) (b runs.BackfillID, err error) { return b, r.Scan(&b) })
	if err != nil {
		return 0, false, border("backfills with room", err)
	}
	for _, b := range all {
		err := s.leaving(ctx, "advance backfill", func(tx *sql.Tx) (bool, error) {
			n, left, err := s.advance(ctx, tx, b, now)
			started, more = started+n, more || left
			return n > 0, err
		})
		if err != nil && fault.CodeOf(err) != "backfill_not_found" { // it was deleted with its pipeline
			return started, false, err
		}
	}
	return started, more, nil
}

// advance starts the next runs of a backfill, and ends it when there are none. It
// reports whether intervals are left that nothing keeps.
func (s *Store) advance(ctx context.Context, tx *sql.Tx, of runs.BackfillID, now time.Time) (started int, more bool, err error) {
	b, err := readBackfill(ctx, tx, of)
	if err != nil || b.Status != runs.BackfillRunning {
		return 0, false, err
	}
	all, err := b.Range()
	if err != nil {
		return 0, false, pauseBackfill(ctx, tx, of, "its schedule "+fault.MessageOf(err))
	}
	v, err := scanVersion(tx.QueryRowContext(ctx, pipeline, b.Pipeline, ""))
	if err != nil {
		return 0, false, err
	}
	if v.Document.Draft {
		return 0, false, pauseBackfill(ctx, tx, of, "the pipeline is a draft")
	}
	before := b.Progress
	if more, err = s.fill(ctx, tx, &b, all, runOf(b, v.Document, now)); err != nil {
		return 0, false, err
	}
	if _, err := tx.ExecContext(ctx, advanceBackfill, of, nextColumn(b.next), b.Progress.Skipped); err != nil {
		return 0, false, err
	}
	if b.next.IsZero() && b.Progress.Running == 0 {
		_, err = tx.ExecContext(ctx, moveBackfill, of, runs.BackfillDone, "", millis(now))
	}
	return b.Progress.Running - before.Running, more, err
}

// runOf returns what all runs of a backfill have in common.
func runOf(b backfill, d pipelines.Document, now time.Time) runs.Run {
	return runs.Run{
		Pipeline: d.ID, PipelineName: d.Name, PipelineVersion: d.Version, Trigger: runs.Backfilled,
		StartedBy: b.StartedBy, Priority: b.Priority, CreatedAt: now,
	}
}

// fill starts runs like r until none is left or no more may be on record, and reports
// whether it has skipped as many intervals as it may.
func (s *Store) fill(ctx context.Context, tx *sql.Tx, b *backfill, all schedules.Range, r runs.Run) (more bool, err error) {
	for seen := b.Progress.Skipped; !b.next.IsZero() && b.Progress.Running < b.Concurrency; b.next = b.Next(all, b.next) {
		if b.Progress.Skipped-seen == skippedAtOnce {
			return true, nil
		}
		took, err := s.take(ctx, tx, b, runs.Interval{Start: b.next, End: all.Next(b.next)}, r)
		if err != nil || !took {
			return false, err
		}
	}
	return false, nil
}

func pauseBackfill(ctx context.Context, tx *sql.Tx, of runs.BackfillID, why string) error {
	_, err := tx.ExecContext(ctx, moveBackfill, of, runs.BackfillPaused, why, instant{})
	return err
}

// take starts a run like r for an interval, or skips it. It reports whether it has; else
// the interval is for later.
func (s *Store) take(ctx context.Context, tx *sql.Tx, b *backfill, of runs.Interval, r runs.Run) (bool, error) {
	if b.SkipDone {
		var done bool
		if err := tx.QueryRowContext(ctx, succeededBefore, b.Pipeline, millis(of.Start), millis(of.End)).Scan(&done); err != nil {
			return false, err
		}
		if done {
			b.Progress.Skipped++
			return true, nil
		}
	}
	full, err := overlaps(ctx, tx, b.Pipeline)
	if err != nil || full {
		return false, err
	}
	r.ID, r.Params = runs.ID(id.New()), b.ParamsFor(of)
	if err := s.insertRun(ctx, tx, r); err != nil {
		return false, err
	}
	b.Progress.Running++
	_, err = tx.ExecContext(ctx, insertBackfillRun, b.ID, millis(of.Start), millis(of.End), b.Pipeline, r.ID)
	return true, err
}

// overlaps reports whether one more run of a pipeline would be skipped, or would cancel
// another. Then a backfill waits.
func overlaps(ctx context.Context, tx *sql.Tx, of pipelines.ID) (bool, error) {
	var most, there int
	var policy pipelines.Overlap
	err := tx.QueryRowContext(ctx, overlapOf, of).Scan(&most, &policy)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	err = tx.QueryRowContext(ctx, unendedOfPipeline, of).Scan(&there)
	return there >= most, err
}
