package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/fault"
)

const (
	insertSession = `
		INSERT INTO sessions (id, user_id, epoch, created_at, expires_at, address, agent)
		VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)`
	forgetAttempts = `
		DELETE FROM login_attempts
		WHERE key = ?1
		RETURNING attempts`
	deleteExpired = `
		DELETE FROM sessions
		WHERE expires_at <= ?1`
	markLogin = `
		UPDATE users
		SET last_login_at = ?2
		WHERE id = ?1`
	// The one that is about to be inserted makes twenty.
	deleteOldest = `
		DELETE FROM sessions
		WHERE user_id = ?1 AND id NOT IN (
			SELECT id FROM sessions
			WHERE user_id = ?1
			ORDER BY created_at DESC, id DESC
			LIMIT 19
		)`
)

// InsertSession implements auth.Store. Sessions that have expired by the new
// one's beginning are forgotten.
func (s *Store) InsertSession(ctx context.Context, n auth.Session, key string) error {
	return s.change(ctx, "insert session", func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, deleteExpired, millis(n.CreatedAt)); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, deleteOldest, n.User); err != nil {
			return err
		}
		var attempts int
		err := tx.QueryRowContext(ctx, forgetAttempts, key).Scan(&attempts)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		_, err = tx.ExecContext(ctx, insertSession, n.ID, n.User, n.Epoch, millis(n.CreatedAt), millis(n.ExpiresAt), n.Address, n.Agent)
		if isOrphan(err) {
			return fault.Wrap(fault.NotFound, err, "that account is no longer there").With("user_not_found")
		}
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, markLogin, n.User, millis(n.CreatedAt)); err != nil {
			return err
		}
		event := "authn_login_success"
		if attempts > 1 {
			event = "authn_login_successafterfail"
		}
		return s.audit(ctx, tx, auth.AuditEvent{Event: event, Target: string(n.User), Outcome: auth.Success})
	})
}

// The branches of CASE that are not taken cost nothing.
const sessionUser = `
	SELECT
		s.id, s.user_id, s.epoch, s.created_at, s.expires_at, s.address, s.agent, s.last_seen_at,
		coalesce(CASE
			WHEN ?3 = '' AND u.role = 'superadmin' THEN 'default'
			WHEN ?3 = '' THEN (
				SELECT workspace_id FROM workspace_members
				WHERE user_id = u.id
				ORDER BY workspace_id <> 'default', workspace_id
				LIMIT 1
			)
			WHEN u.role = 'superadmin' THEN (SELECT id FROM workspaces WHERE id = ?3)
			ELSE (SELECT workspace_id FROM workspace_members WHERE user_id = u.id AND workspace_id = ?3)
		END, ''),
		u.id, u.username, u.canonical, u.role, u.hash, u.epoch, u.disabled, u.created_at, u.last_login_at, u.must_change_by
	FROM sessions s
	JOIN users u ON u.id = s.user_id AND u.epoch = s.epoch AND u.disabled = 0
	WHERE s.id = ?1 AND s.expires_at > ?2`

// SessionUser implements auth.Store.
func (s *Store) SessionUser(ctx context.Context, id auth.SessionID, now time.Time, wanted auth.WorkspaceID) (auth.Session, auth.User, error) {
	var n auth.Session
	var u userRow
	var began, expires int64
	var seen instant
	into := append([]any{&n.ID, &n.User, &n.Epoch, &began, &expires, &n.Address, &n.Agent, &seen, &n.Workspace}, u.columns()...)
	err := s.db.read.find(ctx, sessionUser, id, millis(now), wanted).Scan(into...)
	if errors.Is(err, sql.ErrNoRows) {
		return auth.Session{}, auth.User{}, fault.New(fault.NotFound, "that session has ended").With("session_not_found")
	}
	n.CreatedAt, n.ExpiresAt, n.LastSeen = moment(began), moment(expires), optional(seen)
	return n, u.user(), border("session user", err)
}

const endSession = `
	DELETE FROM sessions
	WHERE id = ?1
	RETURNING user_id`

// EndSession implements auth.Store.
func (s *Store) EndSession(ctx context.Context, id auth.SessionID) error {
	return s.change(ctx, "end session", func(tx *sql.Tx) error {
		var user string
		err := tx.QueryRowContext(ctx, endSession, id).Scan(&user)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		return s.audit(ctx, tx, auth.AuditEvent{Event: "session_ended", Target: user, Outcome: auth.Success})
	})
}

const sessionsOfUser = `
	SELECT s.id, s.user_id, u.username, s.created_at, s.expires_at, s.last_seen_at, s.address, s.agent
	FROM sessions s
	JOIN users u ON u.id = s.user_id AND u.epoch = s.epoch
	WHERE s.user_id = ?1 AND s.expires_at > ?2
	ORDER BY s.created_at DESC, s.id DESC`

// Sessions implements auth.Store.
func (s *Store) Sessions(ctx context.Context, user auth.UserID, now time.Time) ([]auth.SessionInfo, error) {
	rows, err := s.db.read.QueryContext(ctx, sessionsOfUser, user, millis(now))
	all, err := collect(rows, err, func(r *sql.Rows) (auth.SessionInfo, error) {
		var n auth.SessionInfo
		var began, expires int64
		var seen instant
		err := r.Scan(&n.ID, &n.User, &n.Username, &began, &expires, &seen, &n.Address, &n.Agent)
		n.CreatedAt, n.ExpiresAt, n.LastSeen = moment(began), moment(expires), optional(seen)
		return n, err
	})
	return all, border("sessions", err)
}

const touchSession = `
	UPDATE sessions
	SET last_seen_at = ?2
	WHERE id = ?1 AND (last_seen_at IS NULL OR last_seen_at <= ?3)`

// TouchSession implements auth.Store.
func (s *Store) TouchSession(ctx context.Context, id auth.SessionID, now time.Time, every time.Duration) error {
	_, err := s.db.write.ExecContext(ctx, touchSession, id, millis(now), millis(now.Add(-every)))
	return border("touch session", err)
}

const endAllSessions = `DELETE FROM sessions`

// RotateSigning implements auth.Store.
func (s *Store) RotateSigning(ctx context.Context, revokeAll bool, change func() error) (int, error) {
	var ended int64
	err := s.change(ctx, "rotate signing key", func(tx *sql.Tx) error {
		if revokeAll {
			r, err := tx.ExecContext(ctx, endAllSessions)
			if err != nil {
				return err
			}
			if ended, err = r.RowsAffected(); err != nil {
				return err
			}
		}
		err := s.audit(ctx, tx, auth.AuditEvent{
			Event: "key_rotated", Outcome: auth.Success, Details: map[string]any{"revoke_all": revokeAll, "sessions_ended": ended},
		})
		if err != nil {
			return err
		}
		return change()
	})
	if err != nil {
		return 0, err
	}
	return int(ended), nil
}

const endOtherSessions = `
	DELETE FROM sessions
	WHERE user_id = ?1 AND id <> ?2`

// EndOtherSessions implements auth.Store.
func (s *Store) EndOtherSessions(ctx context.Context, user auth.UserID, keep auth.SessionID) (int, error) {
	var ended int64
	err := s.change(ctx, "end other sessions", func(tx *sql.Tx) error {
		r, err := tx.ExecContext(ctx, endOtherSessions, user, keep)
		if err != nil {
			return err
		}
		if ended, err = r.RowsAffected(); err != nil || ended == 0 {
			return err
		}
		return s.audit(ctx, tx, auth.AuditEvent{
			Event: "sessions_revoked_all", Target: string(user), Outcome: auth.Success, Details: map[string]any{"ended": ended},
		})
	})
	return int(ended), err
}
