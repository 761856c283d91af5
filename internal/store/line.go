package store

import (
	"context"
	"database/sql"
	"errors"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/runs"
)

// Which runs may start is decided by the runs that are there, in the transaction that
// starts one. An entry of the queue says only that there may be one to start: whoever
// takes it starts the best. So there must be an entry whenever there is a run that may
// start. A run that may not gets none; whatever makes room for it does.
const (
	// Of the runs r, those that a slot of their pipeline and of their pool is free for.
	// A run that has begun holds that of its pipeline already.
	fits = `
		r.status = 'pending'
		AND (r.started_at IS NOT NULL OR r.pipeline_id NOT IN (
			SELECT b.pipeline_id
			FROM runs b
			JOIN pipelines p ON p.id = b.pipeline_id
			WHERE b.started_at IS NOT NULL AND b.finished_at IS NULL AND p.most_runs > 0
			GROUP BY b.pipeline_id, p.most_runs
			HAVING count(*) >= p.most_runs
		))
		AND r.pool NOT IN (
			SELECT o.name
			FROM pools o
			WHERE o.slots <= (SELECT count(*) FROM runs b WHERE b.pool = o.name AND b.pool <> '' AND b.status = 'running' AND b.finished_at IS NULL)
		)`
	bestRun = `
		SELECT r.id
		FROM runs r
		WHERE ` + fits + `
		ORDER BY r.priority DESC, r.id
		LIMIT 1`
	thisRun = `
		SELECT r.id
		FROM runs r
		WHERE r.id = ?1 AND ` + fits
)

// startable returns the run that is to start next, or only, when it is not empty and
// may start; "" is none.
func startable(ctx context.Context, tx *sql.Tx, only runs.ID) (runs.ID, error) {
	text, args := bestRun, []any{}
	if only != "" {
		text, args = thisRun, []any{only}
	}
	var run runs.ID
	err := tx.QueryRowContext(ctx, text, args...).Scan(&run)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return run, err
}

// Of every pipeline and pool no more than fit into it at best.
const mayStart = `
	SELECT id
	FROM (
		SELECT r.id, r.started_at, p.most_runs, o.slots,
			row_number() OVER (PARTITION BY r.pipeline_id ORDER BY r.priority DESC, r.id) AS of_pipeline,
			row_number() OVER (PARTITION BY r.pool ORDER BY r.priority DESC, r.id) AS of_pool
		FROM runs r
		JOIN pipelines p ON p.id = r.pipeline_id
		LEFT JOIN pools o ON o.name = r.pool
		WHERE ` + fits + ` AND (?1 = '' OR r.pipeline_id = ?1) AND (?2 = '' OR r.pool = ?2)
	) AS l
	WHERE (most_runs = 0 OR of_pipeline <= most_runs OR started_at IS NOT NULL) AND (slots IS NULL OR of_pool <= slots)`

// ring puts an entry into the queue for every run that may start, of those in a place
// whose members need not be set, and returns how many.
func (s *Store) ring(ctx context.Context, tx *sql.Tx, at runs.Place) (int, error) {
	rows, err := tx.QueryContext(ctx, mayStart, at.Pipeline, at.Pool)
	all, err := collect(rows, err, func(r *sql.Rows) (run runs.ID, err error) { return run, r.Scan(&run) })
	if err != nil {
		return 0, err
	}
	for _, run := range all {
		if err := s.queue.EnqueueTx(ctx, tx, run); err != nil {
			return 0, err
		}
	}
	return len(all), nil
}

// madeRoom is whether runs may wait for what a run has held.
const madeRoom = `
	SELECT
		p.most_runs > 0 AND EXISTS (SELECT 1 FROM runs o WHERE o.pipeline_id = r.pipeline_id AND o.status = 'pending'),
		r.pool <> '' AND EXISTS (SELECT 1 FROM runs o WHERE o.pool = r.pool AND o.pool <> '' AND o.status = 'pending' AND o.finished_at IS NULL)
	FROM runs r
	JOIN pipelines p ON p.id = r.pipeline_id
	WHERE r.id = ?1`

// release queues those that waited for what run holds no more: one for its pipeline
// and one for its pool. It reports whether there are any.
func (s *Store) release(ctx context.Context, tx *sql.Tx, run runs.ID) (bool, error) {
	var of [2]bool
	if err := tx.QueryRowContext(ctx, madeRoom, run).Scan(&of[0], &of[1]); err != nil {
		return false, err
	}
	for _, waits := range of {
		if !waits {
			continue
		}
		if err := s.queue.EnqueueTx(ctx, tx, run); err != nil {
			return false, err
		}
	}
	return of[0] || of[1], nil
}

// leaving runs fn, which may make room, in a transaction, and wakes the queue when it
// has.
func (s *Store) leaving(ctx context.Context, doing string, fn func(tx *sql.Tx) (bool, error)) error {
	var room bool
	err := s.change(ctx, doing, func(tx *sql.Tx) (err error) {
		room, err = fn(tx)
		return err
	})
	if err == nil && room {
		s.queue.Wake()
	}
	return err
}

const (
	lineOf = `
		SELECT
			p.most_runs,
			(SELECT count(*) FROM runs b WHERE b.pipeline_id = ?1 AND b.started_at IS NOT NULL AND b.finished_at IS NULL),
			coalesce((SELECT o.slots FROM pools o WHERE o.name = ?2), -1),
			(SELECT count(*) FROM runs b WHERE b.pool = ?2 AND b.pool <> '' AND b.status = 'running' AND b.finished_at IS NULL),
			(SELECT count(*) FROM runs b WHERE b.status = 'running'),
			(SELECT coalesce(sum(o.slots), 0) FROM processes o)
		FROM pipelines p
		WHERE p.id = ?1`
	poolUsers = `
		SELECT DISTINCT pipeline_name
		FROM runs
		WHERE pool = ?1 AND pool <> '' AND status = 'running' AND finished_at IS NULL AND workspace_id = ?2
		LIMIT 3`
)

// Line implements runs.Store.
func (s *Store) Line(ctx context.Context, of runs.Place) (runs.Line, error) {
	var l runs.Line
	err := s.view(ctx, "line", func(tx *sql.Tx) error {
		err := tx.QueryRowContext(ctx, lineOf, of.Pipeline, of.Pool).Scan(&l.Most, &l.UnderWay, &l.Slots, &l.Used, &l.AllActive, &l.AllSlots)
		if errors.Is(err, sql.ErrNoRows) || err == nil && l.Used == 0 {
			return nil
		}
		if err != nil {
			return err
		}
		rows, err := tx.QueryContext(ctx, poolUsers, of.Pool, auth.HomeFrom(ctx))
		l.Users, err = collect(rows, err, func(r *sql.Rows) (name string, err error) { return name, r.Scan(&name) })
		return err
	})
	return l, err
}
