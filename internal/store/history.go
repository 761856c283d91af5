package store

import (
	"context"
	"database/sql"
	"time"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/node"
	"github.com/broked/broked/internal/pipelines"
	"github.com/broked/broked/internal/runs"
)

const (
	// Costs a few index look-ups a pipeline, however many runs there are; numbering
	// all runs of each by a window function would read every one.
	recentRuns = `
		SELECT
			r.id, r.pipeline_id, r.pipeline_name, r.pipeline_version, r.status, r.error, r.error_code, r.params,
			r.cause, r.started_by, r.attempt, r.resumed_from, r.resumed_at, r.priority, r.pool, r.label,
			r.parent_run_id, r.parent_node, r.parent_index, r.created_at, r.started_at, r.finished_at, r.gate_until, r.upstream_run_id
		FROM pipelines p
		JOIN runs r ON r.id IN (
			SELECT id FROM runs
			WHERE pipeline_id = p.id
			ORDER BY id DESC
			LIMIT ?1
		)
		WHERE p.workspace_id = ?2
		ORDER BY r.id DESC`
	runCounts = `
		SELECT c.pipeline_id, c.status, c.n
		FROM pipelines p
		JOIN run_counts c ON c.pipeline_id = p.id
		WHERE p.workspace_id = ?1 AND c.n > 0`
)

// RecentRuns implements runs.Store. Pipelines that never ran are left out.
func (s *Store) RecentRuns(ctx context.Context, each int) (map[pipelines.ID]runs.Recent, error) {
	recent := map[pipelines.ID]runs.Recent{}
	err := s.view(ctx, "recent runs", func(tx *sql.Tx) error {
		counts, err := countByStatus(ctx, tx)
		if err != nil {
			return err
		}
		for pipeline, of := range counts {
			recent[pipeline] = runs.Recent{Counts: of}
		}
		rows, err := tx.QueryContext(ctx, recentRuns, each, auth.HomeFrom(ctx))
		newest, err := collect(rows, err, func(r *sql.Rows) (runs.Run, error) { return scanRun(r) })
		for _, r := range newest {
			all := recent[r.Pipeline]
			all.Runs = append(all.Runs, r)
			recent[r.Pipeline] = all
		}
		return err
	})
	return recent, err
}

func countByStatus(ctx context.Context, tx *sql.Tx) (map[pipelines.ID]map[runs.Status]int, error) {
	rows, err := tx.QueryContext(ctx, runCounts, auth.HomeFrom(ctx))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	counts := map[pipelines.ID]map[runs.Status]int{}
	for rows.Next() {
		var pipeline pipelines.ID
		var status runs.Status
		var n int
		if err := rows.Scan(&pipeline, &status, &n); err != nil {
			return nil, err
		}
		if counts[pipeline] == nil {
			counts[pipeline] = map[runs.Status]int{}
		}
		counts[pipeline][status] = n
	}
	return counts, rows.Err()
}

const (
	// The index runs_by_day has all of it.
	countBySlot = `
		SELECT created_at / ?5, status, count(*)
		FROM runs
		WHERE workspace_id = ?1 AND created_at >= ?2 AND created_at < ?3 AND (?4 = '' OR pipeline_id = ?4)
		GROUP BY created_at / ?5, status`
	mostFailing = `
		SELECT pipeline_id, count(*)
		FROM runs
		WHERE workspace_id = ?1 AND created_at >= ?2 AND status = 'failed'
		GROUP BY pipeline_id
		ORDER BY count(*) DESC, pipeline_id
		LIMIT ?3`
)

// CountBySlot implements runs.HistoryStore.
func (s *Store) CountBySlot(ctx context.Context, of pipelines.ID, since, until time.Time, slot time.Duration) ([]runs.SlotCount, error) {
	ms := slot.Milliseconds()
	rows, err := s.db.read.QueryContext(ctx, countBySlot, auth.HomeFrom(ctx), millis(since), millis(until), of, ms)
	all, err := collect(rows, err, func(r *sql.Rows) (c runs.SlotCount, err error) {
		var at int64
		err = r.Scan(&at, &c.Status, &c.Runs)
		c.At = moment(at * ms)
		return c, err
	})
	return all, border("count runs by time", err)
}

// MostFailing implements runs.HistoryStore.
func (s *Store) MostFailing(ctx context.Context, since time.Time, limit int) ([]runs.FailCount, error) {
	rows, err := s.db.read.QueryContext(ctx, mostFailing, auth.HomeFrom(ctx), millis(since), limit)
	all, err := collect(rows, err, func(r *sql.Rows) (c runs.FailCount, err error) {
		err = r.Scan(&c.Pipeline, &c.Runs)
		return c, err
	})
	return all, border("most failing pipelines", err)
}

const nodesOfRuns = `
	SELECT
		r.started_at, n.id, n.run_id, n.node_id, n.status, n.row_count, n.started_at, n.duration_ms, n.progress, n.error, n.failure, n.attempt, n.restored, n.pushed
	FROM runs r
	JOIN node_runs n ON n.run_id = r.id
	WHERE r.id IN (
		SELECT id FROM runs
		WHERE pipeline_id = ?1 AND workspace_id = ?2
		ORDER BY id DESC
		LIMIT ?3
	)
	ORDER BY n.run_id, n.position`

// NodesOfRuns implements runs.HistoryStore.
func (s *Store) NodesOfRuns(ctx context.Context, of pipelines.ID, limit int) (map[runs.ID][]runs.NodeRun, error) {
	all := make(map[runs.ID][]runs.NodeRun)
	rows, err := s.db.read.QueryContext(ctx, nodesOfRuns, of, auth.HomeFrom(ctx), limit)
	_, err = collect(rows, err, func(r *sql.Rows) (none struct{}, err error) {
		var began instant
		n, err := scanNode(behind{r, &began}, nil)
		if at := optional(began); at != nil && n.StartedAt != nil {
			n.QueueMS = n.StartedAt.Sub(*at).Milliseconds()
		}
		all[n.Run] = append(all[n.Run], n)
		return none, err
	})
	return all, border("nodes of runs", err)
}

// behind scans what comes behind a first column.
type behind struct {
	scanner
	first any
}

// Scan implements scanner.
func (b behind) Scan(into ...any) error { return b.scanner.Scan(append([]any{b.first}, into...)...) }

const milestones = `
	SELECT run_id, seq, type, at, node_id, level, message, status, progress, row_count, duration_ms, error, failure
	FROM run_events
	WHERE run_id = ?1 AND type IN ('run.started', 'run.interrupted', 'run.waiting', 'run.finished', 'node.started', 'node.retrying', 'node.finished')
	ORDER BY seq
	LIMIT ?2`

// Milestones implements runs.HistoryStore.
func (s *Store) Milestones(ctx context.Context, run runs.ID, limit int) ([]runs.Event, error) {
	rows, err := s.db.read.QueryContext(ctx, milestones, run, limit)
	all, err := collect(rows, err, scanEvent)
	return all, border("milestones", err)
}

const samplesOf = `
	SELECT node_id, sample
	FROM run_previews
	WHERE run_id = ?1`

// Columns implements runs.HistoryStore. One sample is in memory at once.
func (s *Store) Columns(ctx context.Context, run runs.ID) (map[string][]node.Column, error) {
	all := make(map[string][]node.Column)
	rows, err := s.db.read.QueryContext(ctx, samplesOf, run)
	_, err = collect(rows, err, func(r *sql.Rows) (none struct{}, err error) {
		var of string
		var text sql.Null[string]
		if err := r.Scan(&of, &text); err != nil {
			return none, err
		}
		sample, err := unpackSample(text.V)
		all[of] = sample.Columns
		return none, err
	})
	return all, border("columns of run", err)
}
