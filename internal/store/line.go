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
// takes it starts the best of the same label. So for every label there must be an entry
// whenever there is a run that may start. A run that may not gets none; whatever makes
// room for it does.
const (
	// Of the runs r, those that have passed their gates, and that a slot of their pipeline
	// and of their pool is free for. A run that has begun holds that of its pipeline already.
	fits = `
		r.status = 'pending'
		AND r.gate_until IS NULL
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
		WHERE r.label = ?1 AND ` + fits + `
		ORDER BY r.priority DESC, r.id
		LIMIT 1`
	thisRun = `
		SELECT r.id
		FROM runs r
		WHERE r.id = ?1 AND ` + fits
	labelOf = `
		SELECT label
		FROM runs
		WHERE id = ?1`
)

// startable returns the run of a label that is to start next; "" is none.
func startable(ctx context.Context, tx *sql.Tx, label string) (runs.ID, error) {
	return found(tx.QueryRowContext(ctx, bestRun, label))
}

// mayStartNow returns run when it may start, else "".
func mayStartNow(ctx context.Context, tx *sql.Tx, run runs.ID) (runs.ID, error) {
	return found(tx.QueryRowContext(ctx, thisRun, run))
}

func found(row scanner) (run runs.ID, err error) {
	err = row.Scan(&run)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return run, err
}

// enqueue puts a run into the queue for its label.
func (s *Store) enqueue(ctx context.Context, tx *sql.Tx, run runs.ID) error {
	var label string
	if err := tx.QueryRowContext(ctx, labelOf, run).Scan(&label); err != nil {
		return err
	}
	return s.queue.EnqueueTx(ctx, tx, run, label)
}

// Of every pipeline and pool no more than fit into it at best, of each label.
const mayStart = `
	SELECT id, label
	FROM (
		SELECT r.id, r.label, r.started_at, p.most_runs, o.slots,
			row_number() OVER (PARTITION BY r.pipeline_id, r.label ORDER BY r.priority DESC, r.id) AS of_pipeline,
			row_number() OVER (PARTITION BY r.pool, r.label ORDER BY r.priority DESC, r.id) AS of_pool
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
	all, err := collect(rows, err, func(r *sql.Rows) (run labelled, err error) { return run, r.Scan(&run.id, &run.label) })
	if err != nil {
		return 0, err
	}
	for _, run := range all {
		if err := s.queue.EnqueueTx(ctx, tx, run.id, run.label); err != nil {
			return 0, err
		}
	}
	return len(all), nil
}

// labelled is a run with its label.
type labelled struct {
	id    runs.ID
	label string
}

// madeRoom is whether runs may wait for what a run has held, for each label of those that
// wait for anything: the labels are found by jumping from one to the next in the index.
const madeRoom = `
	WITH RECURSIVE labels (label) AS (
		SELECT min(w.label) FROM runs w WHERE w.status = 'pending'
		UNION ALL
		SELECT (SELECT min(w.label) FROM runs w WHERE w.status = 'pending' AND w.label > l.label) FROM labels l WHERE l.label IS NOT NULL
	)
	SELECT
		l.label,
		p.most_runs > 0 AND EXISTS (SELECT 1 FROM runs o WHERE o.pipeline_id = r.pipeline_id AND o.status = 'pending' AND o.label = l.label),
		r.pool <> '' AND EXISTS (
			SELECT 1 FROM runs o WHERE o.pool = r.pool AND o.pool <> '' AND o.status = 'pending' AND o.finished_at IS NULL AND o.label = l.label
		)
	FROM runs r
	JOIN pipelines p ON p.id = r.pipeline_id
	JOIN labels l ON l.label IS NOT NULL
	WHERE r.id = ?1`

// holdsSlot is whether a run has a slot that others may wait for at all: most have none, and
// to see that is cheaper than to look for who waits.
const holdsSlot = `
	SELECT EXISTS (
		SELECT 1
		FROM runs r
		JOIN pipelines p ON p.id = r.pipeline_id
		WHERE r.id = ?1 AND (p.most_runs > 0 OR r.pool <> '')
	)`

// room is what there is room in for runs of a label.
type room struct {
	label              string
	ofPipeline, ofPool bool
}

// release queues those that waited for what run holds no more: of each label one for its
// pipeline and one for its pool. It reports whether there are any.
func (s *Store) release(ctx context.Context, tx *sql.Tx, run runs.ID) (bool, error) {
	var slot bool
	if err := tx.QueryRowContext(ctx, holdsSlot, run).Scan(&slot); err != nil || !slot {
		return false, err
	}
	rows, err := tx.QueryContext(ctx, madeRoom, run)
	all, err := collect(rows, err, func(r *sql.Rows) (at room, err error) { return at, r.Scan(&at.label, &at.ofPipeline, &at.ofPool) })
	if err != nil {
		return false, err
	}
	some := false
	for _, at := range all {
		for _, waits := range []bool{at.ofPipeline, at.ofPool} {
			if !waits {
				continue
			}
			some = true
			if err := s.queue.EnqueueTx(ctx, tx, run, at.label); err != nil {
				return false, err
			}
		}
	}
	return some, nil
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
			(SELECT count(*) FROM runs b WHERE b.status = 'running')
		FROM pipelines p
		WHERE p.id = ?1`
	activeOf = `
		SELECT count(*)
		FROM runs
		WHERE status = 'running' AND owner = ?1`
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
		err := tx.QueryRowContext(ctx, lineOf, of.Pipeline, of.Pool).Scan(&l.Most, &l.UnderWay, &l.Slots, &l.Used, &l.AllActive)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err == nil {
			err = doers(ctx, tx, of.Label, &l)
		}
		if err == nil {
			l.Upstreams, err = upstreams(ctx, tx, of.Pipeline)
		}
		if err != nil || l.Used == 0 {
			return err
		}
		rows, err := tx.QueryContext(ctx, poolUsers, of.Pool, auth.HomeFrom(ctx))
		l.Users, err = collect(rows, err, func(r *sql.Rows) (name string, err error) { return name, r.Scan(&name) })
		return err
	})
	return l, err
}

// doers counts the processes that share the database, those that may do runs of a label,
// and what these do now.
func doers(ctx context.Context, tx *sql.Tx, label string, l *runs.Line) error {
	rows, err := tx.QueryContext(ctx, allProcesses)
	all, err := collect(rows, err, scanProcess)
	if err != nil || len(all) == 0 {
		return err
	}
	l.Shared, l.AllActive = true, 0
	for _, p := range all {
		if !p.Does(label) {
			continue
		}
		var active int
		if err := tx.QueryRowContext(ctx, activeOf, p.ID).Scan(&active); err != nil {
			return err
		}
		l.Doers, l.AllSlots, l.AllActive = l.Doers+1, l.AllSlots+p.Slots, l.AllActive+active
	}
	return nil
}
