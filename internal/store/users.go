package store

import (
	"context"
	"database/sql"
	"errors"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/fault"
)

// inSight is the condition that an account u is in the sight of somebody; see
// auth.Store. Its parameters are those that viewer returns.
const inSight = `(
		?1 OR u.id = ?2 OR u.role = 'superadmin'
		OR EXISTS (
			SELECT 1 FROM workspace_members m
			WHERE m.user_id = u.id
				AND (m.workspace_id = ?3 OR m.workspace_id IN (SELECT workspace_id FROM workspace_members WHERE user_id = ?2))
		)
	)`

// viewer returns whether the actor of ctx sees all, which account they are, and
// where they are, followed by more.
func viewer(ctx context.Context, more ...any) []any {
	a, acts := auth.ActorFrom(ctx)
	return append([]any{!acts || a.Role == auth.Superadmin, a.User, auth.WorkspaceFrom(ctx)}, more...)
}

const userByID = `
	SELECT u.id, u.username, u.canonical, u.role, u.hash, u.epoch, u.disabled, u.created_at, u.last_login_at, u.must_change_by
	FROM users u
	WHERE u.id = ?4 AND ` + inSight

// User implements auth.Store.
func (s *Store) User(ctx context.Context, id auth.UserID) (auth.User, error) {
	u, err := theUser(ctx, s.db.read, id)
	return u, border("user", err)
}

// querier is a pool or a transaction.
type querier interface {
	QueryRowContext(ctx context.Context, text string, args ...any) *sql.Row
}

// theUser returns an account in the sight of the actor of ctx.
func theUser(ctx context.Context, q querier, id auth.UserID) (auth.User, error) {
	u, err := scanUser(q.QueryRowContext(ctx, userByID, viewer(ctx, id)...))
	if errors.Is(err, sql.ErrNoRows) {
		return auth.User{}, fault.New(fault.NotFound, "there is no such account").With("user_not_found")
	}
	return u, err
}

const (
	updateUser = `
		UPDATE users
		SET role = ?2, hash = ?3, epoch = ?4, disabled = ?5, must_change_by = ?6
		WHERE id = ?1`
	endSessions = `
		DELETE FROM sessions
		WHERE user_id = ?1`
	// Devices that an account is known by count under its own key with more behind it.
	unlockUser = `
		DELETE FROM login_attempts
		WHERE key = ?1 OR substr(key, 1, length(?1) + 1) = ?1 || ' '`
)

// ChangeUser implements auth.Store.
func (s *Store) ChangeUser(ctx context.Context, id auth.UserID, c auth.UserChange) (auth.User, error) {
	var after auth.User
	err := s.change(ctx, "change user", func(tx *sql.Tx) error {
		before, err := theUser(ctx, tx, id)
		if err != nil {
			return err
		}
		after = before
		if err := c.Apply(&after); err != nil {
			return err
		}
		after.MustChange = after.MustChangeBy != nil
		if err := keepAdmin(ctx, tx, before, after); err != nil {
			return err
		}
		if err := putUser(ctx, tx, before, after); err != nil {
			return err
		}
		if c.Unlock {
			if _, err := tx.ExecContext(ctx, unlockUser, auth.AttemptKey(id)); err != nil {
				return err
			}
		}
		return s.audit(ctx, tx, auth.AuditEvent{Event: c.Event, Target: string(id), Outcome: auth.Success, Details: c.Details})
	})
	return after, err
}

func putUser(ctx context.Context, tx *sql.Tx, before, after auth.User) error {
	_, err := tx.ExecContext(ctx, updateUser, after.ID, after.Role, after.Hash, after.Epoch, after.Disabled, column(after.MustChangeBy))
	if err == nil && after.Epoch != before.Epoch {
		_, err = tx.ExecContext(ctx, endSessions, after.ID)
	}
	return err
}

const otherAdmins = `
	SELECT count(*) FILTER (WHERE role = 'superadmin'), count(*) FILTER (WHERE role = 'admin')
	FROM users
	WHERE disabled = 0 AND id <> ?1`

// keepAdmin returns a Conflict fault when a change would leave nobody who could
// undo it. An account that is about to be deleted has no role after.
func keepAdmin(ctx context.Context, tx *sql.Tx, before, after auth.User) error {
	if rank(after) >= rank(before) {
		return nil
	}
	var superadmins, admins int
	if err := tx.QueryRowContext(ctx, otherAdmins, before.ID).Scan(&superadmins, &admins); err != nil {
		return err
	}
	if superadmins > 0 || before.Role == auth.Admin && admins > 0 {
		return nil
	}
	return fault.New(fault.Conflict, "%q is the last active %s: give somebody else that role first", before.Name, before.Role).With("last_admin")
}

// rank tells how much an account can undo: a disabled one nothing, and of the
// roles only the two that manage accounts count.
func rank(u auth.User) int {
	switch {
	case u.Disabled:
		return 0
	case u.Role == auth.Superadmin:
		return 2
	case u.Role == auth.Admin:
		return 1
	}
	return 0
}

const deleteUser = `
	DELETE FROM users
	WHERE id = ?1`

// DeleteUser implements auth.Store.
func (s *Store) DeleteUser(ctx context.Context, id auth.UserID, may func(auth.User) error) error {
	return s.change(ctx, "delete user", func(tx *sql.Tx) error {
		u, err := theUser(ctx, tx, id)
		if err != nil {
			return err
		}
		if err := may(u); err != nil {
			return err
		}
		if err := keepAdmin(ctx, tx, u, auth.User{}); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, deleteUser, id); err != nil {
			return err
		}
		return s.audit(ctx, tx, auth.AuditEvent{
			Event: "user_deleted", Target: string(id), Outcome: auth.Success, Details: map[string]any{"username": u.Name, "role": u.Role},
		})
	})
}
