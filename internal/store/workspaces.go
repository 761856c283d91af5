package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/workspaces"
)

var _ workspaces.Store = (*Store)(nil)

const workspaceThere = `
	SELECT EXISTS (SELECT 1 FROM workspaces WHERE id = ?1)`

// HasWorkspace implements auth.Store.
func (s *Store) HasWorkspace(ctx context.Context, id auth.WorkspaceID) (bool, error) {
	there, err := hasWorkspace(ctx, s.db.read, id)
	return there, border("has workspace", err)
}

func hasWorkspace(ctx context.Context, q querier, id auth.WorkspaceID) (there bool, err error) {
	err = q.QueryRowContext(ctx, workspaceThere, id).Scan(&there)
	return there, err
}

// gone returns a NotFound fault when err means that a workspace is not there,
// which a row was to be in.
func gone(err error, id auth.WorkspaceID) error {
	if isOrphan(err) {
		return auth.NoWorkspace(id)
	}
	return err
}

const organization = `
	SELECT id, name, created_at
	FROM organizations
	WHERE id = 'default'`

// Organization implements workspaces.Store.
func (s *Store) Organization(ctx context.Context) (workspaces.Organization, error) {
	o, err := scanOrganization(s.db.read.QueryRowContext(ctx, organization))
	return o, border("organization", err)
}

func scanOrganization(row scanner) (workspaces.Organization, error) {
	var o workspaces.Organization
	var created int64
	err := row.Scan(&o.ID, &o.Name, &created)
	o.CreatedAt = moment(created)
	return o, err
}

const renameOrganization = `
	UPDATE organizations
	SET name = ?1
	WHERE id = 'default'
	RETURNING id, name, created_at`

// RenameOrganization implements workspaces.Store.
func (s *Store) RenameOrganization(ctx context.Context, name string) (workspaces.Organization, error) {
	var o workspaces.Organization
	err := s.change(ctx, "rename organization", func(tx *sql.Tx) (err error) {
		if o, err = scanOrganization(tx.QueryRowContext(ctx, renameOrganization, name)); err != nil {
			return err
		}
		return s.audit(ctx, tx, auth.AuditEvent{
			Event: "organization_renamed", Target: o.ID, Outcome: auth.Success, Details: map[string]any{"name": name},
		})
	})
	return o, err
}

const (
	// Parameters are those that viewer returns.
	workspaceInSight = `(
		?1 OR w.id = ?3
		OR EXISTS (SELECT 1 FROM workspace_members WHERE workspace_id = w.id AND user_id = ?2)
	)`
	workspaceColumns = `
		w.id, w.name, w.organization_id, w.created_at,
		(SELECT count(*) FROM pipelines WHERE workspace_id = w.id),
		(SELECT count(*) FROM workspace_members WHERE workspace_id = w.id)`
	workspacesInSight = `
		SELECT` + workspaceColumns + `
		FROM workspaces w
		WHERE ` + workspaceInSight + `
		ORDER BY w.id <> 'default', w.name, w.id`
	workspaceByID = `
		SELECT` + workspaceColumns + `
		FROM workspaces w
		WHERE w.id = ?4 AND ` + workspaceInSight
)

// Workspaces implements workspaces.Store.
func (s *Store) Workspaces(ctx context.Context) ([]workspaces.Workspace, error) {
	rows, err := s.db.read.QueryContext(ctx, workspacesInSight, viewer(ctx)...)
	all, err := collect(rows, err, func(r *sql.Rows) (workspaces.Workspace, error) { return scanWorkspace(r) })
	return all, border("workspaces", err)
}

func scanWorkspace(row scanner) (workspaces.Workspace, error) {
	var w workspaces.Workspace
	var created int64
	err := row.Scan(&w.ID, &w.Name, &w.Organization, &created, &w.Pipelines, &w.Members)
	w.CreatedAt = moment(created)
	return w, err
}

// Workspace implements workspaces.Store.
func (s *Store) Workspace(ctx context.Context, id auth.WorkspaceID) (workspaces.Workspace, error) {
	w, err := theWorkspace(ctx, s.db.read, id)
	return w, border("workspace", err)
}

// theWorkspace returns a workspace in the sight of the actor of ctx.
func theWorkspace(ctx context.Context, q querier, id auth.WorkspaceID) (workspaces.Workspace, error) {
	w, err := scanWorkspace(q.QueryRowContext(ctx, workspaceByID, viewer(ctx, id)...))
	if errors.Is(err, sql.ErrNoRows) {
		return workspaces.Workspace{}, auth.NoWorkspace(id)
	}
	return w, err
}

const (
	insertWorkspace = `
		INSERT INTO workspaces (id, organization_id, name, created_at)
		VALUES (?1, 'default', ?2, ?3)`
	wasWorkspace = `
		SELECT EXISTS (SELECT 1 FROM audit WHERE event = 'workspace_deleted' AND target = ?1)`
)

// InsertWorkspace implements workspaces.Store. What the audit log and revoked
// keys tell of a workspace must not seem to be of another one.
func (s *Store) InsertWorkspace(ctx context.Context, w workspaces.Workspace) (workspaces.Workspace, error) {
	w.Organization = "default"
	err := s.change(ctx, "insert workspace", func(tx *sql.Tx) error {
		var was bool
		if err := tx.QueryRowContext(ctx, wasWorkspace, w.ID).Scan(&was); err != nil {
			return err
		}
		if was {
			return fault.New(fault.Conflict, "there was a workspace %q before: choose another id", w.ID).With("workspace_exists")
		}
		_, err := tx.ExecContext(ctx, insertWorkspace, w.ID, w.Name, millis(w.CreatedAt))
		if isTaken(err) {
			return fault.Wrap(fault.Conflict, err, "there is already a workspace %q", w.ID).With("workspace_exists")
		}
		if err != nil {
			return err
		}
		return s.aboutWorkspace(ctx, tx, "workspace_created", w.ID, map[string]any{"name": w.Name})
	})
	return w, err
}

// aboutWorkspace tells in the log of a workspace what was done to it.
func (s *Store) aboutWorkspace(ctx context.Context, tx *sql.Tx, event string, id auth.WorkspaceID, details map[string]any) error {
	return s.audit(auth.WithWorkspace(ctx, id), tx, auth.AuditEvent{
		Event: event, Target: string(id), Outcome: auth.Success, Details: details,
	})
}

const renameWorkspace = `
	UPDATE workspaces
	SET name = ?2
	WHERE id = ?1`

// RenameWorkspace implements workspaces.Store.
func (s *Store) RenameWorkspace(ctx context.Context, id auth.WorkspaceID, name string) (workspaces.Workspace, error) {
	var w workspaces.Workspace
	err := s.change(ctx, "rename workspace", func(tx *sql.Tx) (err error) {
		if w, err = theWorkspace(ctx, tx, id); err != nil {
			return err
		}
		w.Name = name
		if _, err := tx.ExecContext(ctx, renameWorkspace, id, name); err != nil {
			return err
		}
		return s.aboutWorkspace(ctx, tx, "workspace_renamed", id, map[string]any{"name": name})
	})
	return w, err
}

const (
	// A table of things that belong to a workspace adds its line.
	contents = `
		SELECT 'pipeline', 'pipelines', count(*) FROM pipelines WHERE workspace_id = ?1
		UNION ALL
		SELECT 'connection', 'connections', count(*) FROM connections WHERE workspace_id = ?1
		UNION ALL
		SELECT 'variable', 'variables', count(*) FROM variables WHERE workspace_id = ?1
		UNION ALL
		SELECT 'contact', 'contacts', count(*) FROM contacts WHERE workspace_id = ?1
		UNION ALL
		SELECT 'key in use', 'keys in use', count(*) FROM services WHERE workspace_id = ?1 AND revoked_at IS NULL
		UNION ALL
		SELECT 'account that belongs to no other workspace', 'accounts that belong to no other workspace', count(*)
		FROM workspace_members m
		JOIN users u ON u.id = m.user_id AND u.role <> 'superadmin'
		WHERE m.workspace_id = ?1
			AND NOT EXISTS (SELECT 1 FROM workspace_members o WHERE o.user_id = m.user_id AND o.workspace_id <> ?1)`
	deleteWorkspace = `
		DELETE FROM workspaces
		WHERE id = ?1`
)

// DeleteWorkspace implements workspaces.Store.
func (s *Store) DeleteWorkspace(ctx context.Context, id auth.WorkspaceID) error {
	return s.change(ctx, "delete workspace", func(tx *sql.Tx) error {
		w, err := theWorkspace(ctx, tx, id)
		if err != nil {
			return err
		}
		rows, err := tx.QueryContext(ctx, contents, id)
		left, err := collect(rows, err, scanContent)
		if err != nil {
			return err
		}
		if what := strings.Join(left, ""); what != "" {
			return notEmpty(id, strings.TrimPrefix(what, ", "))
		}
		if _, err := tx.ExecContext(ctx, deleteWorkspace, id); isOrphan(err) {
			return notEmpty(id, "things")
		} else if err != nil {
			return err
		}
		return s.aboutWorkspace(ctx, tx, "workspace_deleted", id, map[string]any{"name": w.Name})
	})
}

// scanContent returns how many there are of something, in words that go on, or "".
func scanContent(r *sql.Rows) (string, error) {
	var one, many string
	var n int
	if err := r.Scan(&one, &many, &n); err != nil || n == 0 {
		return "", err
	}
	if n == 1 {
		many = one
	}
	return fmt.Sprintf(", %d %s", n, many), nil
}

func notEmpty(id auth.WorkspaceID, what string) error {
	return fault.New(fault.Conflict, "the workspace %q is not empty, it has %s", id, what).With("workspace_not_empty")
}

const membersOfWorkspace = `
	SELECT u.id, u.username, u.role, u.disabled, m.since
	FROM users u
	LEFT JOIN workspace_members m ON m.user_id = u.id AND m.workspace_id = ?1
	WHERE m.user_id IS NOT NULL OR u.role = 'superadmin'
	ORDER BY u.canonical`

// Members implements workspaces.Store.
func (s *Store) Members(ctx context.Context, id auth.WorkspaceID) ([]workspaces.Member, error) {
	var all []workspaces.Member
	err := s.view(ctx, "members", func(tx *sql.Tx) error {
		if _, err := theWorkspace(ctx, tx, id); err != nil {
			return err
		}
		rows, err := tx.QueryContext(ctx, membersOfWorkspace, id)
		all, err = collect(rows, err, func(r *sql.Rows) (workspaces.Member, error) {
			var m workspaces.Member
			var since instant
			err := r.Scan(&m.User, &m.Name, &m.Role, &m.Disabled, &since)
			m.Since = optional(since)
			return m, err
		})
		return err
	})
	return all, err
}

const memberSince = `
	SELECT since
	FROM workspace_members
	WHERE user_id = ?1 AND workspace_id = ?2`

// AddMember implements workspaces.Store.
func (s *Store) AddMember(ctx context.Context, id auth.WorkspaceID, user auth.UserID, now time.Time) (workspaces.Member, error) {
	var m workspaces.Member
	err := s.change(ctx, "add member", func(tx *sql.Tx) error {
		if _, err := theWorkspace(ctx, tx, id); err != nil {
			return err
		}
		u, err := theUser(ctx, tx, user)
		if err != nil {
			return err
		}
		added, err := affected(tx.ExecContext(ctx, insertMember, user, id, millis(now)))
		if err != nil {
			return err
		}
		var since instant
		if err := tx.QueryRowContext(ctx, memberSince, user, id).Scan(&since); err != nil {
			return err
		}
		m = workspaces.Member{User: u.ID, Name: u.Name, Role: u.Role, Disabled: u.Disabled, Since: optional(since)}
		if !added {
			return nil
		}
		return s.aboutMember(ctx, tx, "member_added", id, u)
	})
	return m, err
}

func (s *Store) aboutMember(ctx context.Context, tx *sql.Tx, event string, id auth.WorkspaceID, u auth.User) error {
	return s.audit(auth.WithWorkspace(ctx, id), tx, auth.AuditEvent{
		Event: event, Target: string(u.ID), Outcome: auth.Success, Details: map[string]any{"workspace": id, "username": u.Name},
	})
}

const deleteMember = `
	DELETE FROM workspace_members
	WHERE user_id = ?1 AND workspace_id = ?2`

// RemoveMember implements workspaces.Store.
func (s *Store) RemoveMember(ctx context.Context, id auth.WorkspaceID, user auth.UserID) error {
	return s.change(ctx, "remove member", func(tx *sql.Tx) error {
		if _, err := theWorkspace(ctx, tx, id); err != nil {
			return err
		}
		u, err := theUser(ctx, tx, user)
		if fault.KindOf(err) == fault.NotFound {
			return workspaces.NoMember(id)
		}
		if err != nil {
			return err
		}
		removed, err := affected(tx.ExecContext(ctx, deleteMember, user, id))
		if err != nil {
			return err
		}
		if !removed {
			return workspaces.NoMember(id)
		}
		return s.aboutMember(ctx, tx, "member_removed", id, u)
	})
}
