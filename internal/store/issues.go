package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/issues"
	"github.com/broked/broked/internal/runs"
)

const (
	// What a reader, ?1, sees of an issue.
	issueColumns = `
		i.id, i.workspace_id, i.kind, i.severity, i.state, i.title, i.body, coalesce(i.pipeline_id, ''), coalesce(p.name, ''),
		i.node_id, i.code, i.first_run, i.last_run, i.count, coalesce(i.assignee_id, ''), coalesce(u.username, ''), i.muted_until,
		i.opened_at, i.last_seen_at, i.acknowledged_at, i.acknowledged_by, i.resolved_at, i.resolved_by, i.previous_id, m.read_at
		FROM issues i
		LEFT JOIN pipelines p ON p.id = i.pipeline_id
		LEFT JOIN users u ON u.id = i.assignee_id
		LEFT JOIN issue_marks m ON m.issue_id = i.id AND m.reader = ?1`
	// Nobody needs to read what is over, or what they do not want to hear of.
	unread       = `i.state <> 'resolved' AND m.read_at IS NULL AND coalesce(i.muted_until, 0) <= ?2`
	issuesChosen = `
		WHERE i.workspace_id = ?3 AND (?4 = '' OR i.state = ?4 OR ?4 = 'unresolved' AND i.state <> 'resolved')
			AND (?5 = '' OR i.kind = ?5) AND (?6 = '' OR i.pipeline_id = ?6) AND (?7 = '' OR i.assignee_id = ?7)
			AND (NOT ?8 OR ` + unread + `) AND (NOT ?9 OR m.dismissed_at IS NULL)`
	issuePage = `
		SELECT` + issueColumns + issuesChosen + `
			AND i.id < ?10
		ORDER BY i.id DESC
		LIMIT ?11 OFFSET ?12`
	countIssues = `
		SELECT count(*)
		FROM issues i
		LEFT JOIN issue_marks m ON m.issue_id = i.id AND m.reader = ?1` + issuesChosen
)

func chosen(f issues.Filter) []any {
	return []any{f.Reader, millis(f.Now), f.Workspace, f.State, f.Kind, f.Pipeline, f.Assignee, f.Unread, f.Listed}
}

// Issues implements issues.Store.
func (s *Store) Issues(ctx context.Context, f issues.Filter) ([]issues.Issue, error) {
	rows, err := s.db.read.QueryContext(ctx, issuePage, append(chosen(f), below(f.Page), f.Limit, f.Skip)...)
	all, err := collect(rows, err, func(r *sql.Rows) (issues.Issue, error) { return scanIssue(r) })
	return all, border("issues", err)
}

// CountIssues implements issues.Store.
func (s *Store) CountIssues(ctx context.Context, f issues.Filter) (int, error) {
	var n int
	err := s.db.read.QueryRowContext(ctx, countIssues, chosen(f)...).Scan(&n)
	return n, border("count issues", err)
}

func scanIssue(row scanner) (issues.Issue, error) {
	var i issues.Issue
	var opened, seen int64
	var muted, acknowledged, resolved, read instant
	err := row.Scan(
		&i.ID, &i.Workspace, &i.Kind, &i.Severity, &i.State, &i.Title, &i.Body, &i.Pipeline, &i.PipelineName,
		&i.Node, &i.Code, &i.FirstRun, &i.LastRun, &i.Count, &i.Assignee, &i.AssigneeName, &muted,
		&opened, &seen, &acknowledged, &i.AcknowledgedBy, &resolved, &i.ResolvedBy, &i.Previous, &read)
	i.OpenedAt, i.LastSeenAt, i.ReadAt = moment(opened), moment(seen), optional(read)
	i.MutedUntil, i.AcknowledgedAt, i.ResolvedAt = optional(muted), optional(acknowledged), optional(resolved)
	return i, err
}

const (
	issueByID = `
		SELECT` + issueColumns + `
		WHERE i.id = ?2 AND i.workspace_id = ?3`
	historyOfIssue = `
		SELECT type, at, actor, run_id, detail
		FROM issue_events
		WHERE issue_id = ?1
		ORDER BY seq`
)

// Issue implements issues.Store.
func (s *Store) Issue(ctx context.Context, v issues.Viewer, id issues.ID) (issues.Issue, error) {
	var i issues.Issue
	err := s.view(ctx, "issue", func(tx *sql.Tx) (err error) {
		i, err = readIssue(ctx, tx, v, id)
		return err
	})
	return i, err
}

func readIssue(ctx context.Context, tx *sql.Tx, v issues.Viewer, id issues.ID) (issues.Issue, error) {
	i, err := scanIssue(tx.QueryRowContext(ctx, issueByID, v.Reader, id, v.Workspace))
	if errors.Is(err, sql.ErrNoRows) {
		return issues.Issue{}, issues.NotFound(id)
	}
	if err != nil {
		return issues.Issue{}, err
	}
	rows, err := tx.QueryContext(ctx, historyOfIssue, id)
	i.History, err = collect(rows, err, func(r *sql.Rows) (issues.Event, error) {
		var e issues.Event
		var at int64
		err := r.Scan(&e.Type, &at, &e.Actor, &e.Run, &e.Detail)
		e.At = moment(at)
		return e, err
	})
	return i, err
}

// ChangeIssue implements issues.Store.
func (s *Store) ChangeIssue(ctx context.Context, v issues.Viewer, id issues.ID, do func(*issues.Issue) ([]issues.Event, error)) (issues.Issue, error) {
	var after issues.Issue
	err := s.change(ctx, "change issue", func(tx *sql.Tx) error {
		i, err := readIssue(ctx, tx, v, id)
		if err != nil {
			return err
		}
		events, err := do(&i)
		if err != nil {
			return err
		}
		err = putIssue(ctx, tx, i, events)
		if isOrphan(err) {
			return fault.Wrap(fault.Conflict, err, "the account was deleted meanwhile").With("user_not_found")
		}
		if err != nil {
			return err
		}
		for _, e := range events {
			if err := s.audit(ctx, tx, aboutIssue(i, e)); err != nil {
				return err
			}
		}
		after, err = readIssue(ctx, tx, v, id)
		return err
	})
	return after, err
}

func aboutIssue(i issues.Issue, e issues.Event) auth.AuditEvent {
	details := map[string]any{"kind": i.Kind}
	if i.Pipeline != "" {
		details["pipeline"] = i.Pipeline
	}
	if e.Detail != "" {
		details[string(e.Type)] = e.Detail
	}
	return auth.AuditEvent{Event: "issue_" + string(e.Type), Target: string(i.ID), Outcome: auth.Success, Details: details}
}

const (
	putIssueRow = `
		INSERT INTO issues (
			id, workspace_id, kind, severity, state, title, body, pipeline_id, node_id, code, first_run, last_run, count,
			assignee_id, muted_until, opened_at, last_seen_at, acknowledged_at, acknowledged_by, resolved_at, resolved_by, previous_id
		) VALUES (
			?1, ?2, ?3, ?4, ?5, ?6, ?7, nullif(?8, ''), ?9, ?10, ?11, ?12, ?13,
			nullif(?14, ''), ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22
		)
		ON CONFLICT (id) DO UPDATE SET
			severity = excluded.severity, state = excluded.state, title = excluded.title, body = excluded.body,
			last_run = excluded.last_run, count = excluded.count, assignee_id = excluded.assignee_id,
			muted_until = excluded.muted_until, last_seen_at = excluded.last_seen_at,
			acknowledged_at = excluded.acknowledged_at, acknowledged_by = excluded.acknowledged_by,
			resolved_at = excluded.resolved_at, resolved_by = excluded.resolved_by`
	insertIssueEvent = `
		INSERT INTO issue_events (issue_id, seq, type, at, actor, run_id, detail)
		SELECT ?1, coalesce(max(seq), 0) + 1, ?2, ?3, ?4, ?5, ?6
		FROM issue_events
		WHERE issue_id = ?1`
)

// putIssue writes an issue, new or changed, and what happened to it.
func putIssue(ctx context.Context, tx *sql.Tx, i issues.Issue, events []issues.Event) error {
	_, err := tx.ExecContext(ctx, putIssueRow,
		i.ID, i.Workspace, i.Kind, i.Severity, i.State, i.Title, i.Body, i.Pipeline, i.Node, i.Code, i.FirstRun, i.LastRun, i.Count,
		i.Assignee, column(i.MutedUntil), millis(i.OpenedAt), millis(i.LastSeenAt),
		column(i.AcknowledgedAt), i.AcknowledgedBy, column(i.ResolvedAt), i.ResolvedBy, i.Previous)
	if err != nil {
		return err
	}
	for _, e := range events {
		if _, err := tx.ExecContext(ctx, insertIssueEvent, i.ID, e.Type, millis(e.At), e.Actor, e.Run, e.Detail); err != nil {
			return err
		}
	}
	return nil
}

const issueOfCause = `
	SELECT` + issueColumns + `
	WHERE i.kind = ?2 AND coalesce(i.pipeline_id, '') = ?3 AND i.node_id = ?4 AND i.code = ?5
	ORDER BY i.id DESC
	LIMIT 1`

// sight writes down what was seen, and returns what became of it.
func sight(ctx context.Context, tx *sql.Tx, s issues.Sighting, now time.Time) (issues.Issue, []issues.Event, error) {
	var before *issues.Issue
	found, err := scanIssue(tx.QueryRowContext(ctx, issueOfCause, "", s.Kind, s.Pipeline, s.Node, s.Code))
	if err == nil {
		before = &found
	} else if !errors.Is(err, sql.ErrNoRows) {
		return issues.Issue{}, nil, err
	}
	i, events := issues.Seen(before, s, now)
	return i, events, putIssue(ctx, tx, i, events)
}

const (
	unresolvedOfPipeline = `
		SELECT` + issueColumns + `
		WHERE i.pipeline_id = ?2 AND i.state <> 'resolved'`
	unresolvedOfKind = `
		SELECT` + issueColumns + `
		WHERE i.kind = ?2 AND i.state <> 'resolved'`
)

func unresolved(ctx context.Context, tx *sql.Tx, text string, by any) ([]issues.Issue, error) {
	rows, err := tx.QueryContext(ctx, text, "", by)
	return collect(rows, err, func(r *sql.Rows) (issues.Issue, error) { return scanIssue(r) })
}

const (
	pipelineOfRun = `
		SELECT p.id, p.workspace_id
		FROM runs r
		JOIN pipelines p ON p.id = r.pipeline_id
		WHERE r.id = ?1`
	documentText = `
		SELECT document
		FROM pipeline_versions
		WHERE pipeline_id = ?1 AND number = ?2`
)

// noteEnd opens, counts or closes issues by how a run ended, in the transaction in
// which it did: no failure is lost, and none is counted twice.
func noteEnd(ctx context.Context, tx *sql.Tx, run runs.ID, o runs.Outcome) error {
	if o.Status != runs.Failed && o.Status != runs.Success && o.Status != runs.Blocked {
		return nil
	}
	var pipeline string
	var workspace auth.WorkspaceID
	if err := tx.QueryRowContext(ctx, pipelineOfRun, run).Scan(&pipeline, &workspace); err != nil {
		return err
	}
	if o.Status == runs.Success {
		return succeed(ctx, tx, pipeline, run, o.At)
	}
	r, err := readRun(ctx, tx, run)
	if err != nil {
		return err
	}
	name, err := nodeName(ctx, tx, r, issues.Blamed(r))
	if err != nil {
		return err
	}
	_, _, err = sight(ctx, tx, issues.OfFailure(workspace, r, name), o.At)
	return err
}

// nodeName returns what a node of a run was called, if its document tells: one that
// cannot be read any more does not keep its runs from ending.
func nodeName(ctx context.Context, tx *sql.Tx, r runs.Run, node string) (string, error) {
	var text []byte
	err := tx.QueryRowContext(ctx, documentText, r.Pipeline, r.PipelineVersion).Scan(&text)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return "", err
	}
	var document struct{ Nodes []struct{ ID, Name string } }
	_ = json.Unmarshal(text, &document)
	for _, n := range document.Nodes {
		if n.ID == node {
			return n.Name, nil
		}
	}
	return "", nil
}

// succeed closes what a pipeline's success is the end of.
func succeed(ctx context.Context, tx *sql.Tx, pipeline string, run runs.ID, now time.Time) error {
	all, err := unresolved(ctx, tx, unresolvedOfPipeline, pipeline)
	if err != nil {
		return err
	}
	for _, i := range all {
		if !i.Kind.ClosedBySuccess() {
			continue
		}
		if err := putIssue(ctx, tx, i, i.Resolve("", run, now)); err != nil {
			return err
		}
	}
	return nil
}

// SettleIssues implements issues.Store. That the disk is low is told to the audit
// log as well.
func (s *Store) SettleIssues(ctx context.Context, kind issues.Kind, found []issues.Sighting, now time.Time) ([]auth.WorkspaceID, error) {
	var changed []auth.WorkspaceID
	err := s.change(ctx, "settle issues", func(tx *sql.Tx) error {
		before, err := unresolved(ctx, tx, unresolvedOfKind, kind)
		if err != nil {
			return err
		}
		there := map[issues.ID]bool{}
		for _, f := range found {
			i, events, err := sight(ctx, tx, f, now)
			if err != nil {
				return err
			}
			there[i.ID] = true
			if len(events) == 0 {
				continue
			}
			changed = append(changed, i.Workspace)
			if kind == issues.DiskLow {
				e := auth.AuditEvent{Event: "disk_low", Target: string(i.ID), Outcome: auth.Success, Details: map[string]any{"severity": i.Severity}}
				if err := s.audit(auth.WithWorkspace(ctx, i.Workspace), tx, e); err != nil {
					return err
				}
			}
		}
		for _, i := range before {
			if there[i.ID] {
				continue
			}
			changed = append(changed, i.Workspace)
			if err := putIssue(ctx, tx, i, i.Resolve("", "", now)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	slices.Sort(changed)
	return slices.Compact(changed), nil
}

const quietRuns = `
	SELECT id, pipeline_id, pipeline_name, workspace_id, status, since
	FROM (
		SELECT r.id, r.pipeline_id, r.pipeline_name, p.workspace_id, r.status,
			coalesce((SELECT e.at FROM run_events e WHERE e.run_id = r.id ORDER BY e.seq DESC LIMIT 1), r.created_at) AS since
		FROM runs r
		JOIN pipelines p ON p.id = r.pipeline_id
		WHERE r.status IN ('pending', 'running') AND r.gate_until IS NULL
	) AS quiet
	WHERE since <= ?1
	ORDER BY since, id`

// QuietRuns implements issues.Store.
func (s *Store) QuietRuns(ctx context.Context, since time.Time) ([]issues.QuietRun, error) {
	rows, err := s.db.read.QueryContext(ctx, quietRuns, millis(since))
	all, err := collect(rows, err, func(r *sql.Rows) (issues.QuietRun, error) {
		var q issues.QuietRun
		var last int64
		err := r.Scan(&q.Run, &q.Pipeline, &q.PipelineName, &q.Workspace, &q.Status, &last)
		q.Since = moment(last)
		return q, err
	})
	return all, border("quiet runs", err)
}

// A pipeline's runs are found by the index over pipeline and id, and the newest
// come first.
const promises = `
	SELECT p.id, p.name, p.workspace_id, p.sla_deadline, p.sla_timezone, p.created_at,
		(SELECT r.finished_at FROM runs r WHERE r.pipeline_id = p.id AND r.status = 'success' ORDER BY r.id DESC LIMIT 1),
		coalesce((SELECT r.id FROM runs r WHERE r.pipeline_id = p.id ORDER BY r.id DESC LIMIT 1), '')
	FROM pipelines p
	WHERE p.sla_deadline <> '' AND p.enabled = 1 AND p.draft = 0
	ORDER BY p.id`

// Promises implements issues.Store.
func (s *Store) Promises(ctx context.Context) ([]issues.Promise, error) {
	rows, err := s.db.read.QueryContext(ctx, promises)
	all, err := collect(rows, err, func(r *sql.Rows) (issues.Promise, error) {
		var p issues.Promise
		var since int64
		var success instant
		err := r.Scan(&p.Pipeline, &p.PipelineName, &p.Workspace, &p.Deadline, &p.Zone, &since, &success, &p.LastRun)
		p.Since = moment(since)
		if success.Valid {
			p.LastSuccess = moment(success.V)
		}
		return p, err
	})
	return all, border("promises", err)
}

const (
	hasIssue = `
		SELECT EXISTS (SELECT 1 FROM issues WHERE id = ?1 AND workspace_id = ?2)`
	markIssue = `
		INSERT INTO issue_marks (issue_id, reader, read_at, dismissed_at)
		VALUES (?1, ?2, ?3, ?4)
		ON CONFLICT (issue_id, reader) DO UPDATE SET dismissed_at = coalesce(issue_marks.dismissed_at, excluded.dismissed_at)`
	markAllIssues = `
		INSERT INTO issue_marks (issue_id, reader, read_at)
		SELECT id, ?1, ?2
		FROM issues
		WHERE workspace_id = ?3
		ON CONFLICT (issue_id, reader) DO NOTHING`
)

// MarkIssue implements issues.Store.
func (s *Store) MarkIssue(ctx context.Context, v issues.Viewer, id issues.ID, dismiss bool) error {
	return s.change(ctx, "mark issue", func(tx *sql.Tx) error {
		var there bool
		if err := tx.QueryRowContext(ctx, hasIssue, id, v.Workspace).Scan(&there); err != nil {
			return err
		}
		if !there {
			return issues.NotFound(id)
		}
		var dismissed instant
		if dismiss {
			dismissed = column(&v.Now)
		}
		_, err := tx.ExecContext(ctx, markIssue, id, v.Reader, millis(v.Now), dismissed)
		return err
	})
}

// MarkAllIssues implements issues.Store.
func (s *Store) MarkAllIssues(ctx context.Context, v issues.Viewer) error {
	_, err := s.db.write.ExecContext(ctx, markAllIssues, v.Reader, millis(v.Now), v.Workspace)
	return border("mark all issues", err)
}
