package store

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/id"
	"github.com/broked/broked/internal/job"
	"github.com/broked/broked/internal/pipelines"
	"github.com/broked/broked/internal/runs"
)

var _ runs.Gates = (*Store)(nil)

const (
	dropDependencies = `
		DELETE FROM pipeline_dependencies
		WHERE pipeline_id = ?1`
	putDependency = `
		INSERT INTO pipeline_dependencies (pipeline_id, upstream_id, mode, state, within, paused)
		VALUES (?1, ?2, ?3, ?4, ?5, ?6)`
	upstreamByRef = `
		SELECT id
		FROM pipelines
		WHERE workspace_id = ?2 AND (id = ?1 OR slug = ?1)
		ORDER BY id = ?1 DESC
		LIMIT 1`
	reaches = `
		WITH RECURSIVE above (id) AS (
			SELECT upstream_id FROM pipeline_dependencies WHERE pipeline_id = ?1
			UNION
			SELECT d.upstream_id FROM pipeline_dependencies d JOIN above a ON d.pipeline_id = a.id
		)
		SELECT EXISTS (SELECT 1 FROM above WHERE id = ?2)`
)

// depend keeps what a pipeline depends on as its document says. That these are there,
// and that they do not go round in a circle, was checked, and may have changed since.
func depend(ctx context.Context, tx *sql.Tx, d pipelines.Document) error {
	if _, err := tx.ExecContext(ctx, dropDependencies, d.ID); err != nil {
		return err
	}
	for _, rule := range effective(ctx, tx, d) {
		switch {
		case errors.Is(rule.err, sql.ErrNoRows):
			return fault.New(fault.Conflict, "dependency pipeline not found: %s", rule.Pipeline).With("dependency_not_found")
		case rule.err != nil:
			return rule.err
		}
		if err := putRule(ctx, tx, d.ID, rule); err != nil {
			return err
		}
		var circle bool
		if err := tx.QueryRowContext(ctx, reaches, rule.upstream, d.ID).Scan(&circle); err != nil {
			return err
		}
		if circle || rule.upstream == d.ID {
			return fault.New(fault.Conflict, "dependency cycle detected: %s and %s depend on each other", d.Name, rule.Pipeline).With("dependency_cycle")
		}
	}
	return nil
}

func putRule(ctx context.Context, tx *sql.Tx, of pipelines.ID, rule resolved) error {
	_, err := tx.ExecContext(ctx, putDependency, of, rule.upstream, rule.Mode, rule.State, rule.Within, rule.Paused)
	return err
}

// resolved is a rule with the pipeline that it names, or why that is not known.
type resolved struct {
	pipelines.Dependency
	upstream pipelines.ID
	err      error
}

// effective returns the rules of a document, each once: one of dependency_rules is
// instead of what depends_on says of the same pipeline.
func effective(ctx context.Context, tx *sql.Tx, d pipelines.Document) []resolved {
	var all []resolved
	for i, rule := range d.Dependencies() {
		r := resolved{Dependency: rule}
		r.err = tx.QueryRowContext(ctx, upstreamByRef, rule.Pipeline, d.Workspace).Scan(&r.upstream)
		listed := i >= len(d.DependencyRules)
		there := func(o resolved) bool { return o.err == nil && o.upstream == r.upstream && (listed || o.Mode == r.Mode) }
		if !slices.ContainsFunc(all, there) || r.err != nil {
			all = append(all, r)
		}
	}
	return all
}

const unrelated = `
	SELECT p.id
	FROM pipelines p
	LEFT JOIN pipeline_dependencies d ON d.pipeline_id = p.id
	WHERE (p.depends_on <> '[]' OR p.dependency_rules <> '[]') AND d.pipeline_id IS NULL`

// Relate notes what pipelines of older databases depend on, as far as that is there. It is
// for the start of a server.
func (s *Store) Relate(ctx context.Context) error {
	return s.change(ctx, "relate", func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, unrelated)
		all, err := collect(rows, err, func(r *sql.Rows) (p pipelines.ID, err error) { return p, r.Scan(&p) })
		if err != nil {
			return err
		}
		for _, p := range all {
			v, err := scanVersion(tx.QueryRowContext(ctx, pipeline, p, ""))
			if err != nil {
				return err
			}
			for _, rule := range effective(ctx, tx, v.Document) {
				if rule.err != nil && !errors.Is(rule.err, sql.ErrNoRows) {
					return rule.err
				}
				if rule.err != nil || rule.upstream == p {
					continue
				}
				if err := putRule(ctx, tx, p, rule); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

const upstreamsOf = `
	SELECT d.upstream_id, coalesce(p.slug, ''), p.name, d.state, d.mode, d.within, d.paused, coalesce(r.id, ''), coalesce(r.status, ''), r.finished_at
	FROM pipeline_dependencies d
	JOIN pipelines p ON p.id = d.upstream_id
	LEFT JOIN runs r ON r.id = (
		SELECT n.id
		FROM runs n
		WHERE n.pipeline_id = d.upstream_id AND n.parent_run_id = '' AND n.status <> 'blocked'
		ORDER BY n.id DESC
		LIMIT 1
	)
	WHERE d.pipeline_id = ?1
	ORDER BY p.name, d.upstream_id, d.mode`

func upstreams(ctx context.Context, tx *sql.Tx, of pipelines.ID) ([]runs.Upstream, error) {
	rows, err := tx.QueryContext(ctx, upstreamsOf, of)
	all, err := collect(rows, err, func(r *sql.Rows) (u runs.Upstream, err error) {
		var within int64
		var ended instant
		err = r.Scan(&u.Pipeline, &u.Slug, &u.Name, &u.State, &u.Mode, &within, &u.Paused, &u.LastRun, &u.LastStatus, &ended)
		u.Within, u.LastEnd = time.Duration(within)*time.Second, optional(ended)
		return u, err
	})
	if len(all) == 0 {
		return nil, err
	}
	return all, err
}

// Upstreams implements runs.Store.
func (s *Store) Upstreams(ctx context.Context, of pipelines.ID) ([]runs.Upstream, error) {
	var all []runs.Upstream
	err := s.view(ctx, "upstreams", func(tx *sql.Tx) (err error) {
		all, err = upstreams(ctx, tx, of)
		return err
	})
	return all, err
}

const (
	openForOne = `
		UPDATE runs
		SET gate_until = NULL
		WHERE id = ?1`
	waitsAtGate = `
		SELECT EXISTS (SELECT 1 FROM runs WHERE pipeline_id = ?1 AND gate_until IS NOT NULL AND status = 'pending')`
	openForAll = `
		UPDATE runs
		SET gate_until = NULL
		WHERE pipeline_id = ?1 AND gate_until IS NOT NULL AND status = 'pending'`
)

// pass lets a run that was just stored through when its gates are open.
func pass(ctx context.Context, tx *sql.Tx, r runs.Run) error {
	all, err := upstreams(ctx, tx, r.Pipeline)
	if err != nil || len(runs.Closed(all, r.CreatedAt)) > 0 {
		return err
	}
	_, err = tx.ExecContext(ctx, openForOne, r.ID)
	return err
}

// reopen lets the runs of a pipeline through that wait at its gates, when they are open,
// and reports whether there are any. They are not in the queue then.
func reopen(ctx context.Context, tx *sql.Tx, of pipelines.ID, now time.Time) (bool, error) {
	var waits bool
	if err := tx.QueryRowContext(ctx, waitsAtGate, of).Scan(&waits); err != nil || !waits {
		return false, err
	}
	all, err := upstreams(ctx, tx, of)
	if err != nil || len(runs.Closed(all, now)) > 0 {
		return false, err
	}
	return affected(tx.ExecContext(ctx, openForAll, of))
}

const (
	// A run that is a part of another one starts nothing: that other one does when it ends.
	downstreams = `
		SELECT d.pipeline_id, d.mode, d.state, CASE WHEN d.paused = 0 AND p.enabled = 1 AND p.draft = 0 THEN 1 ELSE 0 END
		FROM runs r
		JOIN pipeline_dependencies d ON d.upstream_id = r.pipeline_id
		JOIN pipelines p ON p.id = d.pipeline_id
		WHERE r.id = ?1 AND r.parent_run_id = ''
		ORDER BY d.pipeline_id, d.mode`
	startedAfter = `
		SELECT EXISTS (SELECT 1 FROM runs WHERE upstream_run_id = ?1 AND upstream_run_id <> '' AND pipeline_id = ?2)`
)

// downstream is a pipeline that depends on the one of a run.
type downstream struct {
	pipeline pipelines.ID
	mode     pipelines.DependencyMode
	state    pipelines.DependencyState
	live     bool // neither the rule nor the pipeline is paused
}

// onward lets the runs through that have waited for the end of a run, and starts those
// that it is the trigger of: one of each pipeline, in the transaction in which it ends. It
// reports whether there are any.
func (s *Store) onward(ctx context.Context, tx *sql.Tx, run runs.ID, o runs.Outcome) (some bool, err error) {
	rows, err := tx.QueryContext(ctx, downstreams, run)
	all, err := collect(rows, err, func(r *sql.Rows) (d downstream, err error) {
		return d, r.Scan(&d.pipeline, &d.mode, &d.state, &d.live)
	})
	if err != nil {
		return false, err
	}
	for _, d := range all {
		did := false
		switch {
		case d.mode == pipelines.Gate:
			if did, err = reopen(ctx, tx, d.pipeline, o.At); err == nil && did {
				_, err = s.ring(ctx, tx, runs.Place{Pipeline: d.pipeline})
			}
		case d.live && runs.Met(d.state, o.Status):
			did, err = s.follow(ctx, tx, d.pipeline, run, o.At)
		}
		if err != nil {
			return false, err
		}
		some = some || did
	}
	return some, nil
}

// follow starts a run of a pipeline because another run has ended.
func (s *Store) follow(ctx context.Context, tx *sql.Tx, of pipelines.ID, after runs.ID, now time.Time) (bool, error) {
	var there bool
	if err := tx.QueryRowContext(ctx, startedAfter, after, of).Scan(&there); err != nil || there {
		return false, err
	}
	v, err := scanVersion(tx.QueryRowContext(ctx, pipeline, of, ""))
	if err != nil {
		return false, err
	}
	return true, s.startOrSkip(ctx, tx, runs.Run{
		ID: runs.ID(id.New()), Pipeline: of, PipelineName: v.Document.Name, PipelineVersion: v.Document.Version,
		Trigger: runs.ByDependency, UpstreamRun: after, Priority: v.Document.Priority, CreatedAt: now,
	})
}

// startOrSkip puts a run on record that nobody waits for: when its pipeline skips runs
// that overlap and one has not ended, it says so.
func (s *Store) startOrSkip(ctx context.Context, tx *sql.Tx, r runs.Run) error {
	other, err := s.overlap(ctx, tx, r.Pipeline, r.CreatedAt)
	if err != nil {
		return err
	}
	if err := s.insertRun(ctx, tx, r); err != nil {
		return err
	}
	if other == "" {
		return nil
	}
	return skip(ctx, tx, r.ID, other, r.CreatedAt)
}

const lateRuns = `
	SELECT id
	FROM runs
	WHERE gate_until <= ?1 AND status = 'pending'
	ORDER BY gate_until
	LIMIT ?2`

// closedAtOnce is how many runs one transaction blocks.
const closedAtOnce = 100

// CloseGates implements runs.Gates.
func (s *Store) CloseGates(ctx context.Context, now time.Time) ([]runs.ID, error) {
	late := func(db interface {
		QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	},
	) ([]runs.ID, error) {
		rows, err := db.QueryContext(ctx, lateRuns, millis(now), closedAtOnce)
		return collect(rows, err, func(r *sql.Rows) (run runs.ID, err error) { return run, r.Scan(&run) })
	}
	// Nobody is late most of the time, and to see that must not keep writers waiting.
	if all, err := late(s.db.read); err != nil || len(all) == 0 {
		return nil, border("late runs", err)
	}
	var closed []runs.ID
	err := s.leaving(ctx, "close gates", func(tx *sql.Tx) (room bool, err error) {
		if closed, err = late(tx); err != nil {
			return false, err
		}
		for _, run := range closed {
			more, err := s.shut(ctx, tx, run, now)
			if err != nil {
				return false, err
			}
			room = room || more
		}
		return room, nil
	})
	return closed, err
}

// shut blocks a run that waits at gates which are still closed, and lets it through when
// they are not.
func (s *Store) shut(ctx context.Context, tx *sql.Tx, run runs.ID, now time.Time) (bool, error) {
	r, err := readRun(ctx, tx, run)
	if err != nil {
		return false, err
	}
	all, err := upstreams(ctx, tx, r.Pipeline)
	if err != nil {
		return false, err
	}
	why := runs.Closed(all, now)
	if len(why) == 0 {
		if _, err := tx.ExecContext(ctx, openForOne, run); err != nil {
			return false, err
		}
		return true, s.enqueue(ctx, tx, run)
	}
	failure := &job.Failure{Code: runs.CodeDependencies, Message: "dependencies not satisfied: " + strings.Join(why, "; ")}
	if err := r.Status.Move(runs.Blocked); err != nil {
		return false, err
	}
	return s.end(ctx, tx, run, runs.Outcome{Status: runs.Blocked, Failure: failure, At: now})
}

const (
	dependentsOf = `
		SELECT p.id, p.name
		FROM pipelines p
		WHERE p.id IN (SELECT pipeline_id FROM pipeline_dependencies WHERE upstream_id = ?1)
		ORDER BY p.name, p.id`
	allDependentsOf = `
		WITH RECURSIVE below (id) AS (
			SELECT pipeline_id FROM pipeline_dependencies WHERE upstream_id = ?1
			UNION
			SELECT d.pipeline_id FROM pipeline_dependencies d JOIN below b ON d.upstream_id = b.id
		)
		SELECT p.id, p.name
		FROM pipelines p
		WHERE p.id IN (SELECT id FROM below)
		ORDER BY p.name, p.id`
)

// Dependents implements pipelines.Store.
func (s *Store) Dependents(ctx context.Context, of pipelines.ID, all bool) ([]pipelines.Named, error) {
	text := dependentsOf
	if all {
		text = allDependentsOf
	}
	rows, err := s.db.read.QueryContext(ctx, text, of)
	named, err := collect(rows, err, scanNamed)
	return named, border("dependents", err)
}

func scanNamed(r *sql.Rows) (n pipelines.Named, err error) { return n, r.Scan(&n.ID, &n.Name) }

const (
	graphNodes = `
		SELECT p.id, p.name
		FROM pipelines p
		WHERE p.workspace_id = ?1 AND p.id IN (SELECT pipeline_id FROM pipeline_dependencies UNION SELECT upstream_id FROM pipeline_dependencies)
		ORDER BY p.name, p.id
		LIMIT ?2`
	graphEdges = `
		SELECT d.upstream_id, d.pipeline_id, d.state, d.mode
		FROM pipeline_dependencies d
		JOIN pipelines p ON p.id = d.pipeline_id
		WHERE p.workspace_id = ?1
		ORDER BY d.upstream_id, d.pipeline_id, d.mode`
)

// DependencyGraph implements pipelines.Store.
func (s *Store) DependencyGraph(ctx context.Context) (pipelines.DependencyGraph, error) {
	var g pipelines.DependencyGraph
	err := s.view(ctx, "dependency graph", func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, graphNodes, auth.HomeFrom(ctx), pipelines.MaxGraph+1)
		if g.Nodes, err = collect(rows, err, scanNamed); err != nil {
			return err
		}
		if len(g.Nodes) > pipelines.MaxGraph {
			g.Nodes, g.Truncated = g.Nodes[:pipelines.MaxGraph], true
		}
		there := make(map[pipelines.ID]bool, len(g.Nodes))
		for _, n := range g.Nodes {
			there[n.ID] = true
		}
		rows, err = tx.QueryContext(ctx, graphEdges, auth.HomeFrom(ctx))
		all, err := collect(rows, err, func(r *sql.Rows) (e pipelines.DependencyEdge, err error) {
			return e, r.Scan(&e.From, &e.To, &e.State, &e.Mode)
		})
		g.Edges = slices.DeleteFunc(all, func(e pipelines.DependencyEdge) bool { return !there[e.From] || !there[e.To] })
		return err
	})
	return g, err
}
