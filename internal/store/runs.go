package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/id"
	"github.com/broked/broked/internal/job"
	"github.com/broked/broked/internal/runs"
)

// Without its pipeline a run is in no workspace, and the foreign key says so. One that
// goes on with what another has begun, or does a part of it, has passed the gates with it.
const insertRun = `
	INSERT INTO runs (
		id, pipeline_id, pipeline_version, pipeline_name, status, params, cause, started_by, created_at, resumed_from, resumed_at, priority,
		parent_run_id, parent_node, parent_index, kept_node, depth, workspace_id, pool, label, upstream_run_id, gate_until
	) VALUES (
		?1, ?2, ?3, ?4, 'pending', ?5, ?6, ?7, ?8, ?9, ?10, ?11,
		?12, ?13, ?14, coalesce((SELECT kept_node FROM runs WHERE id = ?9), ''), coalesce((SELECT depth FROM runs WHERE id = ?9), 0),
		coalesce((SELECT workspace_id FROM pipelines WHERE id = ?2), ''), coalesce((SELECT pool FROM pipelines WHERE id = ?2), ''),
		coalesce((SELECT label FROM pipelines WHERE id = ?2), ''), ?15,
		CASE WHEN ?9 = '' AND ?12 = '' AND EXISTS (SELECT 1 FROM pipeline_dependencies WHERE pipeline_id = ?2 AND mode = 'gate' AND paused = 0)
			THEN ?8 + 1000 * (SELECT gate_seconds FROM pipelines WHERE id = ?2) END
	)
	RETURNING workspace_id, CASE WHEN gate_until IS NULL THEN 0 ELSE 1 END`

// InsertRun implements runs.Store.
func (s *Store) InsertRun(ctx context.Context, r runs.Run) error {
	_, err := s.InsertRunOnce(ctx, runs.Once{}, r)
	return err
}

// InsertRunOnce implements runs.Store.
func (s *Store) InsertRunOnce(ctx context.Context, o runs.Once, r runs.Run) (before runs.ID, err error) {
	inside := context.WithoutCancel(ctx)
	err = s.together(ctx, "insert run", func(tx *sql.Tx) (err error) {
		before, err = s.insertOnce(inside, tx, o, r)
		return err
	})
	if err == nil {
		s.queue.Wake()
	}
	return before, err
}

// insertOnce puts a run on record unless it is there already. A fault leaves nothing
// behind, but that keys which are over may be forgotten.
func (s *Store) insertOnce(ctx context.Context, tx *sql.Tx, o runs.Once, r runs.Run) (runs.ID, error) {
	if before, err := earlier(ctx, tx, o, r.CreatedAt); err != nil || before != "" {
		return before, err
	}
	if err := noOtherResumes(ctx, tx, r); err != nil {
		return "", err
	}
	other, err := s.overlap(ctx, tx, r.Pipeline, r.CreatedAt)
	if err == nil && other != "" {
		err = notSkipped(other)
	}
	if err != nil {
		return "", err
	}
	if err := s.insertRun(ctx, tx, r); err != nil {
		return "", err
	}
	return "", noteOnce(ctx, tx, o, r)
}

// insertRun puts a pending run on record and, when it may start, in the queue.
func (s *Store) insertRun(ctx context.Context, tx *sql.Tx, r runs.Run) error {
	params, err := json.Marshal(r.Params)
	if err != nil {
		return err
	}
	var in auth.WorkspaceID
	var gated bool
	err = tx.QueryRowContext(ctx, insertRun,
		r.ID, r.Pipeline, r.PipelineVersion, r.PipelineName, string(params), r.Trigger, r.StartedBy, millis(r.CreatedAt), r.ResumedFrom, r.ResumedAt, r.Priority,
		r.ParentRun, r.ParentNode, r.ParentRow, r.UpstreamRun).Scan(&in, &gated)
	if isOrphan(err) {
		return noPipeline(string(r.Pipeline))
	}
	if err == nil {
		err = arrived(ctx, tx, r)
	}
	if err == nil && gated {
		err = pass(ctx, tx, r)
	}
	if err != nil {
		return err
	}
	switch run, err := mayStartNow(ctx, tx, r.ID); {
	case err != nil:
		return err
	case run != "":
		if err := s.enqueue(ctx, tx, run); err != nil {
			return err
		}
	}
	details := map[string]any{"pipeline": r.Pipeline, "version": r.PipelineVersion, "cause": r.Trigger}
	if r.ResumedFrom != "" {
		details["resumed_from"] = r.ResumedFrom
	}
	return s.audit(auth.WithWorkspace(ctx, in), tx, auth.AuditEvent{
		Event: "run_triggered", Target: string(r.ID), Outcome: auth.Success, Details: details,
	})
}

const activeResume = `
	SELECT id
	FROM runs
	WHERE resumed_from = ?1 AND resumed_from <> '' AND finished_at IS NULL
	LIMIT 1`

// noOtherResumes returns a Conflict fault while another run resumes what r does: its
// sinks would write twice.
func noOtherResumes(ctx context.Context, tx *sql.Tx, r runs.Run) error {
	var other runs.ID
	switch err := tx.QueryRowContext(ctx, activeResume, r.ResumedFrom).Scan(&other); {
	case errors.Is(err, sql.ErrNoRows):
		return nil
	case err != nil:
		return err
	}
	return fault.New(fault.Conflict, "the run is being resumed already, by run %s", other).With("run_resuming")
}

const (
	runByID = `
		SELECT
			id, pipeline_id, pipeline_name, pipeline_version, status, error, error_code, params,
			cause, started_by, attempt, resumed_from, resumed_at, priority, pool, label,
			parent_run_id, parent_node, parent_index, created_at, started_at, finished_at, gate_until, upstream_run_id
		FROM runs
		WHERE id = ?1 AND (?2 = '' OR workspace_id = ?2)`
	nodesOfRun = `
		SELECT id, run_id, node_id, status, row_count, started_at, duration_ms, progress, error, failure, attempt, restored, pushed
		FROM node_runs
		WHERE run_id = ?1
		ORDER BY position`
)

// Run implements runs.Store. The nodes are in the order of the document; they
// are there from the run's first claim on.
func (s *Store) Run(ctx context.Context, id runs.ID) (runs.Run, error) {
	var r runs.Run
	err := s.view(ctx, "run", func(tx *sql.Tx) (err error) {
		r, err = readRun(ctx, tx, id)
		return err
	})
	return r, err
}

const confinedStatus = `
	SELECT status
	FROM runs
	WHERE id = ?1 AND (?2 = '' OR workspace_id = ?2)`

// RunStatus implements runs.Store.
func (s *Store) RunStatus(ctx context.Context, id runs.ID) (runs.Status, error) {
	var status runs.Status
	err := s.db.read.QueryRowContext(ctx, confinedStatus, id, auth.WorkspaceFrom(ctx)).Scan(&status)
	if errors.Is(err, sql.ErrNoRows) {
		return "", runs.NotFound(id)
	}
	return status, border("status of run", err)
}

func readRun(ctx context.Context, tx *sql.Tx, id runs.ID) (runs.Run, error) {
	r, err := scanRun(tx.QueryRowContext(ctx, runByID, id, auth.WorkspaceFrom(ctx)))
	if errors.Is(err, sql.ErrNoRows) {
		return runs.Run{}, runs.NotFound(id)
	}
	if err != nil {
		return runs.Run{}, err
	}
	if err := readInterval(ctx, tx, &r); err != nil {
		return runs.Run{}, err
	}
	names, err := tx.QueryContext(ctx, namesOfRun, id)
	if r.Names, err = collect(names, err, scanName); err != nil {
		return runs.Run{}, err
	}
	if len(r.Names) == 0 {
		r.Names = nil
	}
	rows, err := tx.QueryContext(ctx, nodesOfRun, id)
	r.Nodes, err = collect(rows, err, func(row *sql.Rows) (runs.NodeRun, error) { return scanNode(row, r.StartedAt) })
	return r, err
}

func scanRun(row scanner) (runs.Run, error) {
	var r runs.Run
	var params []byte
	var created int64
	var started, finished, gate instant
	err := row.Scan(
		&r.ID, &r.Pipeline, &r.PipelineName, &r.PipelineVersion, &r.Status, &r.Error, &r.ErrorCode, &params,
		&r.Trigger, &r.StartedBy, &r.Attempt, &r.ResumedFrom, &r.ResumedAt, &r.Priority, &r.Pool, &r.Label,
		&r.ParentRun, &r.ParentNode, &r.ParentRow, &created, &started, &finished, &gate, &r.UpstreamRun)
	if err != nil {
		return runs.Run{}, err
	}
	r.CreatedAt, r.StartedAt, r.FinishedAt, r.GateUntil = moment(created), optional(started), optional(finished), optional(gate)
	return r, json.Unmarshal(params, &r.Params)
}

// scanNode reads a node of a run that began at began.
func scanNode(row scanner, began *time.Time) (runs.NodeRun, error) {
	var n runs.NodeRun
	var count sql.Null[int64]
	var started instant
	var failure sql.Null[string]
	err := row.Scan(&n.ID, &n.Run, &n.Node, &n.Status, &count, &started, &n.Millis, &n.Progress, &n.Error, &failure, &n.Attempt, &n.Restored, &n.Pushed)
	if err != nil {
		return runs.NodeRun{}, err
	}
	n.Rows, n.StartedAt = count.V, optional(started)
	if n.StartedAt != nil && began != nil {
		n.QueueMS = n.StartedAt.Sub(*began).Milliseconds()
	}
	if n.Millis > 0 {
		n.RowsPerSec = float64(n.Rows) * 1000 / float64(n.Millis)
	}
	n.Failure, err = unpack[job.Failure](failure)
	return n, err
}

// There are two texts, because no index serves a pipeline that may be any.
const (
	runPage = `
		SELECT
			id, pipeline_id, pipeline_name, pipeline_version, status, error, error_code, params,
			cause, started_by, attempt, resumed_from, resumed_at, priority, pool, label,
			parent_run_id, parent_node, parent_index, created_at, started_at, finished_at, gate_until, upstream_run_id
		FROM runs
		WHERE workspace_id = ?5 AND id < ?1 AND (?2 = '' OR status = ?2) AND id >= ?6 AND (?7 = '' OR cause = ?7)
		ORDER BY id DESC
		LIMIT ?3 OFFSET ?4`
	runPageOfPipeline = `
		SELECT
			id, pipeline_id, pipeline_name, pipeline_version, status, error, error_code, params,
			cause, started_by, attempt, resumed_from, resumed_at, priority, pool, label,
			parent_run_id, parent_node, parent_index, created_at, started_at, finished_at, gate_until, upstream_run_id
		FROM runs
		WHERE pipeline_id = ?8 AND workspace_id = ?5 AND id < ?1 AND (?2 = '' OR status = ?2) AND id >= ?6 AND (?7 = '' OR cause = ?7)
		ORDER BY id DESC
		LIMIT ?3 OFFSET ?4`
)

// Of the runs that a run has planned, those that it found done when it resumed
// another one are its own as well.
const runPageOfParent = `
	SELECT
		r.id, r.pipeline_id, r.pipeline_name, r.pipeline_version, r.status, r.error, r.error_code, r.params,
		r.cause, r.started_by, r.attempt, r.resumed_from, r.resumed_at, r.priority, r.pool, r.label,
		r.parent_run_id, r.parent_node, r.parent_index, r.created_at, r.started_at, r.finished_at, r.gate_until, r.upstream_run_id
	FROM run_children c
	JOIN runs r ON r.id = c.run_id
	WHERE c.parent_id = ?8 AND c.run_id <> '' AND r.workspace_id = ?5 AND r.id < ?1 AND (?2 = '' OR r.status = ?2) AND (?9 = '' OR r.pipeline_id = ?9)
		AND r.id >= ?6 AND (?7 = '' OR r.cause = ?7)
	ORDER BY r.id DESC
	LIMIT ?3 OFFSET ?4`

// Runs implements runs.Store.
func (s *Store) Runs(ctx context.Context, f runs.Filter) ([]runs.Run, error) {
	since, until := between(f)
	text, args := runPage, []any{min(below(f.Page), until), f.Status, f.Limit, f.Skip, auth.HomeFrom(ctx), since, f.Trigger}
	switch {
	case f.Parent != "":
		text, args = runPageOfParent, append(args, f.Parent, f.Pipeline)
	case f.Pipeline != "":
		text, args = runPageOfPipeline, append(args, f.Pipeline)
	}
	rows, err := s.db.read.QueryContext(ctx, text, args...)
	all, err := collect(rows, err, func(r *sql.Rows) (runs.Run, error) { return scanRun(r) })
	return all, border("runs", err)
}

// between returns the bounds of the ids of runs that were put on record when f says.
func between(f runs.Filter) (since, until string) {
	until = lastID
	if !f.Since.IsZero() {
		since = id.Since(f.Since)
	}
	if !f.Until.IsZero() {
		until = id.Since(f.Until)
	}
	return since, until
}

// The database keeps these counts itself: counting the runs would take longer the more
// there are.
const countRuns = `
	SELECT CAST(coalesce(sum(c.n), 0) AS BIGINT)
	FROM pipelines p
	JOIN run_counts c ON c.pipeline_id = p.id
	WHERE p.workspace_id = ?3 AND (?1 = '' OR p.id = ?1) AND (?2 = '' OR c.status = ?2)`

// The others are chosen by what no index of pipelines has.
const countChosen = `
	SELECT count(*)
	FROM runs
	WHERE workspace_id = ?3 AND (?1 = '' OR pipeline_id = ?1) AND (?2 = '' OR status = ?2) AND id >= ?4 AND id < ?5 AND (?6 = '' OR cause = ?6)`

const countChildren = `
	SELECT count(*)
	FROM run_children c
	JOIN runs r ON r.id = c.run_id
	WHERE c.parent_id = ?7 AND c.run_id <> '' AND r.workspace_id = ?3 AND (?1 = '' OR r.pipeline_id = ?1) AND (?2 = '' OR r.status = ?2)
		AND r.id >= ?4 AND r.id < ?5 AND (?6 = '' OR r.cause = ?6)`

// CountRuns implements runs.Store.
func (s *Store) CountRuns(ctx context.Context, f runs.Filter) (int, error) {
	text, args := countRuns, []any{f.Pipeline, f.Status, auth.HomeFrom(ctx)}
	since, until := between(f)
	chosen := append(args, since, until, f.Trigger)
	switch {
	case f.Parent != "":
		text, args = countChildren, append(chosen, f.Parent)
	case f.Trigger != "" || !f.Since.IsZero() || !f.Until.IsZero():
		text, args = countChosen, chosen
	}
	var n int
	err := s.db.read.QueryRowContext(ctx, text, args...).Scan(&n)
	return n, border("count runs", err)
}

const (
	markCancel = `
		UPDATE runs
		SET cancel_requested = 1
		WHERE id = ?1`
	statusOfRun = `
		SELECT status
		FROM runs
		WHERE id = ?1`
)

// CancelRun implements runs.Store.
func (s *Store) CancelRun(ctx context.Context, id runs.ID, now time.Time) (runs.Status, error) {
	var status runs.Status
	err := s.leaving(ctx, "cancel run", func(tx *sql.Tx) (room bool, err error) {
		status, room, err = s.stop(ctx, tx, id, now)
		return room, err
	})
	return status, err
}

func readStatus(ctx context.Context, tx *sql.Tx, id runs.ID) (runs.Status, error) {
	var status runs.Status
	err := tx.QueryRowContext(ctx, statusOfRun, id).Scan(&status)
	if errors.Is(err, sql.ErrNoRows) {
		return "", runs.NotFound(id)
	}
	return status, err
}

const (
	eventsAfter = `
		SELECT run_id, seq, type, at, node_id, level, message, status, progress, row_count, duration_ms, error, failure
		FROM run_events
		WHERE run_id = ?1 AND seq > ?2
		ORDER BY seq
		LIMIT ?3`
	logLines = `
		SELECT run_id, seq, type, at, node_id, level, message, status, progress, row_count, duration_ms, error, failure
		FROM run_events
		WHERE run_id = ?1 AND seq > ?2 AND type = 'log' AND (?4 = '' OR node_id = ?4) AND (?5 = '' OR level = ?5)
		ORDER BY seq
		LIMIT ?3`
)

// EventsAfter implements runs.Store. Of the progress events of a node only the
// newest is there, so numbers may be missing between events.
func (s *Store) EventsAfter(ctx context.Context, run runs.ID, seq int64, limit int) ([]runs.Event, error) {
	rows, err := s.db.read.QueryContext(ctx, eventsAfter, run, seq, limit)
	all, err := collect(rows, err, scanEvent)
	return all, border("events", err)
}

// LogLines implements runs.Store.
func (s *Store) LogLines(ctx context.Context, run runs.ID, f runs.LogFilter) ([]runs.Event, error) {
	rows, err := s.db.read.QueryContext(ctx, logLines, run, f.After, f.Limit, f.Node, f.Level)
	all, err := collect(rows, err, scanEvent)
	return all, border("log lines", err)
}

func scanEvent(r *sql.Rows) (runs.Event, error) {
	var e runs.Event
	var at int64
	var failure sql.Null[string]
	err := r.Scan(&e.Run, &e.Seq, &e.Type, &at, &e.Node, &e.Level, &e.Message, &e.Status, &e.Progress, &e.Rows, &e.Millis, &e.Error, &failure)
	if err != nil {
		return runs.Event{}, err
	}
	e.At = moment(at)
	e.Failure, err = unpack[job.Failure](failure)
	return e, err
}

const nodePreview = `
	SELECT p.sample, n.row_count
	FROM run_previews p
	LEFT JOIN node_runs n ON n.run_id = p.run_id AND n.node_id = p.node_id
	WHERE p.run_id = ?1 AND p.node_id = ?2`

// NodePreview implements runs.Store.
func (s *Store) NodePreview(ctx context.Context, run runs.ID, node string) (runs.Preview, error) {
	var sample sql.Null[string]
	var p runs.Preview
	err := s.db.read.QueryRowContext(ctx, nodePreview, run, node).Scan(&sample, &p.Total)
	if errors.Is(err, sql.ErrNoRows) {
		return runs.Preview{}, fault.New(fault.NotFound, "there is no preview of node %q in run %s", node, run).With("preview_not_found")
	}
	if err != nil {
		return runs.Preview{}, border("node preview", err)
	}
	p.Sample, err = unpackSample(sample.V)
	return p, border("node preview", err)
}
