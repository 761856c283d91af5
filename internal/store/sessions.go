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

const sessionUser = `
	SELECT
		s.id, s.user_id, s.epoch, s.created_at, s.expires_at, s.address, s.agent,
		u.id, u.username, u.canonical, u.role, u.hash, u.epoch, u.disabled, u.created_at, u.last_login_at, u.must_change_by
	FROM sessions s
	JOIN users u ON u.id = s.user_id AND u.epoch = s.epoch AND u.disabled = 0
	WHERE s.id = ?1 AND s.expires_at > ?2`

// SessionUser implements auth.Store.
func (s *Store) SessionUser(ctx context.Context, id auth.SessionID, now time.Time) (auth.Session, auth.User, error) {
	var n auth.Session
	var u userRow
	var began, expires int64
	into := append([]any{&n.ID, &n.User, &n.Epoch, &began, &expires, &n.Address, &n.Agent}, u.columns()...)
	err := s.db.read.QueryRowContext(ctx, sessionUser, id, millis(now)).Scan(into...)
	if errors.Is(err, sql.ErrNoRows) {
		return auth.Session{}, auth.User{}, fault.New(fault.NotFound, "that session has ended").With("session_not_found")
	}
	n.CreatedAt, n.ExpiresAt = moment(began), moment(expires)
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
