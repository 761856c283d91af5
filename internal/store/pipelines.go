package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	jsonv2 "github.com/go-json-experiment/json"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/pipelines"
	"github.com/broked/broked/internal/runs"
)

const (
	insertPipeline = `
		INSERT INTO pipelines (
			id, workspace_id, slug, version, name, description, schedule, enabled, draft, tags, node_count, edge_count,
			sla_deadline, sla_timezone, depends_on, dependency_rules, source, created_at, updated_at, most_runs, overlap, pool, label, gate_seconds
		) VALUES (
			?1, ?2, nullif(?3, ''), ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12,
			?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, nullif(?22, ''), ?23, ?24
		)`
	insertVersion = `
		INSERT INTO pipeline_versions (pipeline_id, number, document, yaml, message, author, created_at)
		VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)`
)

// InsertPipeline implements pipelines.Store.
func (s *Store) InsertPipeline(ctx context.Context, v pipelines.Version) error {
	d := v.Document
	sum, err := summarise(d)
	if err != nil {
		return err
	}
	return s.change(ctx, "insert pipeline", func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, insertPipeline,
			d.ID, d.Workspace, d.Slug, d.Version, d.Name, d.Description, d.Schedule, d.Enabled, d.Draft, sum.tags, len(d.Nodes), len(d.Edges),
			d.SLADeadline, d.SLATimezone, sum.dependsOn, sum.rules, d.Source, millis(d.CreatedAt), millis(d.UpdatedAt), d.MostRuns(), d.Overlap, d.Pool, d.Label,
			int64(d.GateTime()/time.Second))
		if isTaken(err) {
			return fault.Wrap(fault.Conflict, err, "the pipeline_id %q is taken", d.Slug).With("pipeline_exists")
		}
		if err != nil {
			return noPoolOr(gone(err, auth.WorkspaceID(d.Workspace)), err, d)
		}
		if err := s.settle(ctx, tx, v); err != nil {
			return err
		}
		return s.audit(ctx, tx, savedPipeline("pipeline_created", d))
	})
}

func savedPipeline(event string, d pipelines.Document) auth.AuditEvent {
	return auth.AuditEvent{
		Event: event, Target: string(d.ID), Outcome: auth.Success,
		Details: map[string]any{"name": d.Name, "version": d.Version},
	}
}

// summary is the lists of a document as the columns of its pipeline hold them.
type summary struct{ tags, dependsOn, rules string }

func summarise(d pipelines.Document) (summary, error) {
	tags, err1 := list(d.Tags)
	dependsOn, err2 := list(d.DependsOn)
	rules, err3 := list(d.DependencyRules)
	return summary{tags, dependsOn, rules}, errors.Join(err1, err2, err3)
}

func putVersion(ctx context.Context, tx *sql.Tx, v pipelines.Version) error {
	d := v.Document
	// Version 2 of the encoder leaves the members that we do not understand as
	// they came; the standard one would escape in them.
	text, err := jsonv2.Marshal(d)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, insertVersion, d.ID, d.Version, string(text), v.YAML, v.Message, v.Author, millis(d.UpdatedAt))
	return err
}

const (
	updatePipeline = `
		UPDATE pipelines
		SET version = ?2, name = ?3, description = ?4, schedule = ?5, enabled = ?6, draft = ?7, tags = ?8,
			node_count = ?9, edge_count = ?10, sla_deadline = ?11, sla_timezone = ?12,
			depends_on = ?13, dependency_rules = ?14, updated_at = ?15, most_runs = ?16, overlap = ?17, pool = nullif(?18, ''), label = ?19, gate_seconds = ?20
		WHERE id = ?1 AND version = ?2 - 1`
	newestVersion = `
		SELECT version
		FROM pipelines
		WHERE id = ?1`
)

// settle stores a version, and keeps what depends on it as it says.
func (s *Store) settle(ctx context.Context, tx *sql.Tx, v pipelines.Version) error {
	d := v.Document
	if err := depend(ctx, tx, d); err != nil {
		return err
	}
	if err := watch(ctx, tx, d, d.UpdatedAt); err != nil {
		return err
	}
	return errors.Join(putVersion(ctx, tx, v), schedule(ctx, tx, d, d.UpdatedAt), hook(ctx, tx, d, d.UpdatedAt), s.takeToken(ctx, tx, v))
}

// AppendVersion implements pipelines.Store.
func (s *Store) AppendVersion(ctx context.Context, v pipelines.Version) error {
	return s.leaving(ctx, "append version", func(tx *sql.Tx) (bool, error) { return s.appendVersion(ctx, tx, v) })
}

// appendVersion reports whether runs may start then.
func (s *Store) appendVersion(ctx context.Context, tx *sql.Tx, v pipelines.Version) (bool, error) {
	d := v.Document
	sum, err := summarise(d)
	if err != nil {
		return false, err
	}
	done, err := affected(tx.ExecContext(ctx, updatePipeline,
		d.ID, d.Version, d.Name, d.Description, d.Schedule, d.Enabled, d.Draft, sum.tags,
		len(d.Nodes), len(d.Edges), d.SLADeadline, d.SLATimezone,
		sum.dependsOn, sum.rules, millis(d.UpdatedAt), d.MostRuns(), d.Overlap, d.Pool, d.Label, int64(d.GateTime()/time.Second)))
	if err != nil {
		return false, noPoolOr(err, err, d)
	}
	if !done {
		return false, notNewest(ctx, tx, d.ID)
	}
	if err := errors.Join(s.settle(ctx, tx, v), follow(ctx, tx, v)); err != nil {
		return false, err
	}
	if err := s.audit(ctx, tx, savedPipeline("pipeline_updated", d)); err != nil {
		return false, err
	}
	if _, err := reopen(ctx, tx, d.ID, d.UpdatedAt); err != nil {
		return false, err
	}
	n, err := s.ring(ctx, tx, runs.Place{Pipeline: d.ID})
	return n > 0, err
}

// noPoolOr returns the fault of a document whose pool was deleted while it was saved,
// when cause says that, else err.
func noPoolOr(err, cause error, d pipelines.Document) error {
	if d.Pool != "" && isOrphan(cause) {
		return fault.Wrap(fault.Conflict, cause, "the pool %q was deleted meanwhile", d.Pool).With("pool_not_found")
	}
	return err
}

// notNewest returns why a version could not be appended.
func notNewest(ctx context.Context, tx *sql.Tx, id pipelines.ID) error {
	var newest int
	err := tx.QueryRowContext(ctx, newestVersion, id).Scan(&newest)
	if errors.Is(err, sql.ErrNoRows) {
		return noPipeline(string(id))
	}
	if err != nil {
		return err
	}
	return fault.New(fault.Stale, "the pipeline was changed meanwhile: its newest version is %d", newest)
}

func noPipeline(ref string) error {
	return fault.New(fault.NotFound, "there is no pipeline %q", ref).With("pipeline_not_found")
}

// An id is never mistaken for the slug of another pipeline that looks like it.
const pipeline = `
	SELECT v.document, v.yaml, v.message, v.author
	FROM pipelines p
	JOIN pipeline_versions v ON v.pipeline_id = p.id AND v.number = p.version
	WHERE (p.id = ?1 OR p.slug = ?1) AND (?2 = '' OR p.workspace_id = ?2)
	ORDER BY p.id = ?1 DESC
	LIMIT 1`

// Pipeline implements pipelines.Store.
func (s *Store) Pipeline(ctx context.Context, ref string) (pipelines.Version, error) {
	v, err := scanVersion(s.db.read.QueryRowContext(ctx, pipeline, ref, auth.WorkspaceFrom(ctx)))
	if errors.Is(err, sql.ErrNoRows) {
		return pipelines.Version{}, noPipeline(ref)
	}
	return v, border("pipeline", err)
}

func scanVersion(row scanner) (pipelines.Version, error) {
	var v pipelines.Version
	var document []byte
	if err := row.Scan(&document, &v.YAML, &v.Message, &v.Author); err != nil {
		return pipelines.Version{}, err
	}
	return v, jsonv2.Unmarshal(document, &v.Document)
}

const pipelineVersion = `
	SELECT document, yaml, message, author
	FROM pipeline_versions
	WHERE pipeline_id = ?1 AND number = ?2`

// PipelineVersion implements pipelines.Store.
func (s *Store) PipelineVersion(ctx context.Context, id pipelines.ID, number int) (pipelines.Version, error) {
	v, err := scanVersion(s.db.read.QueryRowContext(ctx, pipelineVersion, id, number))
	if errors.Is(err, sql.ErrNoRows) {
		return pipelines.Version{}, fault.New(fault.NotFound, "the pipeline %q has no version %d", id, number).With("version_not_found")
	}
	return v, border("pipeline version", err)
}

const versions = `
	SELECT number, message, author, created_at
	FROM pipeline_versions
	WHERE pipeline_id = ?1
	ORDER BY number DESC
	LIMIT ?2`

// Versions implements pipelines.Store.
func (s *Store) Versions(ctx context.Context, id pipelines.ID, limit int) ([]pipelines.VersionInfo, error) {
	rows, err := s.db.read.QueryContext(ctx, versions, id, limit)
	all, err := collect(rows, err, func(r *sql.Rows) (pipelines.VersionInfo, error) {
		var v pipelines.VersionInfo
		var created int64
		err := r.Scan(&v.Number, &v.Message, &v.Author, &created)
		v.CreatedAt = moment(created)
		return v, err
	})
	return all, border("versions", err)
}

const pipelinePage = `
	SELECT
		id, coalesce(slug, ''), name, description, schedule, enabled, draft, tags, node_count, edge_count,
		sla_deadline, sla_timezone, depends_on, dependency_rules, source, created_at, updated_at
	FROM pipelines
	WHERE workspace_id = ?4 AND id < ?1
	ORDER BY id DESC
	LIMIT ?2 OFFSET ?3`

// Pipelines implements pipelines.Store.
func (s *Store) Pipelines(ctx context.Context, p pipelines.Page) ([]pipelines.Summary, error) {
	rows, err := s.db.read.QueryContext(ctx, pipelinePage, below(p), p.Limit, p.Skip, auth.HomeFrom(ctx))
	all, err := collect(rows, err, scanSummary)
	return all, border("pipelines", err)
}

func scanSummary(r *sql.Rows) (pipelines.Summary, error) {
	var sum pipelines.Summary
	var tags, dependsOn, rules []byte
	var created, updated int64
	err := r.Scan(
		&sum.ID, &sum.Slug, &sum.Name, &sum.Description, &sum.Schedule, &sum.Enabled, &sum.Draft, &tags, &sum.NodeCount, &sum.EdgeCount,
		&sum.SLADeadline, &sum.SLATimezone, &dependsOn, &rules, &sum.Source, &created, &updated)
	if err != nil {
		return pipelines.Summary{}, err
	}
	sum.CreatedAt, sum.UpdatedAt = moment(created), moment(updated)
	return sum, errors.Join(
		json.Unmarshal(tags, &sum.Tags), json.Unmarshal(dependsOn, &sum.DependsOn), json.Unmarshal(rules, &sum.Dependencies))
}

const documents = `
	SELECT v.document, v.yaml, v.message, v.author
	FROM pipelines p
	JOIN pipeline_versions v ON v.pipeline_id = p.id AND v.number = p.version
	WHERE p.workspace_id = ?1
	ORDER BY p.id DESC
	LIMIT ?2`

// Documents implements lineage.Documents.
func (s *Store) Documents(ctx context.Context, limit int) ([]pipelines.Document, error) {
	rows, err := s.db.read.QueryContext(ctx, documents, auth.HomeFrom(ctx), limit)
	all, err := collect(rows, err, func(r *sql.Rows) (pipelines.Document, error) {
		v, err := scanVersion(r)
		return v.Document, err
	})
	return all, border("documents", err)
}

const countPipelines = `
	SELECT count(*)
	FROM pipelines
	WHERE workspace_id = ?1`

// CountPipelines implements pipelines.Store.
func (s *Store) CountPipelines(ctx context.Context) (int, error) {
	var n int
	err := s.db.read.QueryRowContext(ctx, countPipelines, auth.HomeFrom(ctx)).Scan(&n)
	return n, border("count pipelines", err)
}

const (
	unendedRun = `
		SELECT id, status
		FROM runs
		WHERE pipeline_id = ?1 AND status IN ('pending', 'waiting', 'running')
		LIMIT 1`
	deletePipeline = `
		DELETE FROM pipelines
		WHERE id = ?1`
)

// DeletePipelines implements pipelines.Store.
func (s *Store) DeletePipelines(ctx context.Context, changed []pipelines.Version, ids ...pipelines.ID) error {
	return s.leaving(ctx, "delete pipelines", func(tx *sql.Tx) (room bool, err error) {
		for _, v := range changed {
			more, err := s.appendVersion(ctx, tx, v)
			if err != nil {
				return false, err
			}
			room = room || more
		}
		for _, id := range ids { // what is deleted together depends on nothing
			if _, err := tx.ExecContext(ctx, dropDependencies, id); err != nil {
				return false, err
			}
		}
		for _, id := range ids {
			if err := s.deletePipeline(ctx, tx, id); err != nil {
				return false, err
			}
		}
		return room, nil
	})
}

func (s *Store) deletePipeline(ctx context.Context, tx *sql.Tx, id pipelines.ID) error {
	var run runs.ID
	var status runs.Status
	switch err := tx.QueryRowContext(ctx, unendedRun, id).Scan(&run, &status); {
	case err == nil:
		return fault.New(fault.Conflict, "the pipeline has a %s run, %s: wait for it or cancel it", status, run).With("pipeline_busy")
	case !errors.Is(err, sql.ErrNoRows):
		return err
	}
	rows, err := tx.QueryContext(ctx, dependentsOf, id)
	if others, err := collect(rows, err, scanNamed); err != nil || len(others) > 0 {
		return errors.Join(err, hasDependents(others))
	}
	done, err := affected(tx.ExecContext(ctx, deletePipeline, id))
	if err != nil {
		return err
	}
	if !done {
		return noPipeline(string(id))
	}
	return s.audit(ctx, tx, auth.AuditEvent{Event: "pipeline_deleted", Target: string(id), Outcome: auth.Success})
}

// hasDependents returns the fault of a pipeline that others depend on; nil for none.
func hasDependents(others []pipelines.Named) error {
	if len(others) == 0 {
		return nil
	}
	refused := fault.New(fault.Conflict,
		"other pipelines depend on it: delete them as well by resolve=cascade, or save them without that by resolve=decouple").With("pipeline_has_dependents")
	for i, o := range others {
		refused.Problems = append(refused.Problems, fault.Problem{Path: fmt.Sprintf("dependents[%d]", i), Message: fmt.Sprintf("%s (%s)", o.Name, o.ID)})
	}
	return refused
}
