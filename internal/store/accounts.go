package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/fault"
)

const setupState = `
	SELECT EXISTS (SELECT 1 FROM settings WHERE key = 'setup_done'), (SELECT count(*) FROM users)`

// SetupState implements auth.Store. Setup stays done when the last account goes.
func (s *Store) SetupState(ctx context.Context) (done bool, users int, err error) {
	err = s.db.read.QueryRowContext(ctx, setupState).Scan(&done, &users)
	return done || users > 0, users, border("setup state", err)
}

const markSetupDone = `
	INSERT INTO settings (key, value) VALUES ('setup_done', 'true')
	ON CONFLICT (key) DO NOTHING`

const insertUser = `
	INSERT INTO users (id, username, canonical, role, hash, epoch, disabled, created_at)
	VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)`

// InsertUser implements auth.Store.
func (s *Store) InsertUser(ctx context.Context, u auth.User, first bool) error {
	return s.change(ctx, "insert user", func(tx *sql.Tx) error {
		var done bool
		var users int
		if err := tx.QueryRowContext(ctx, setupState).Scan(&done, &users); err != nil {
			return err
		}
		if first && (done || users > 0) {
			return fault.New(fault.Conflict, "this server has been set up already: sign in").With("setup_done")
		}
		if _, err := tx.ExecContext(ctx, markSetupDone); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, insertUser, u.ID, u.Name, u.Canonical, u.Role, u.Hash, u.Epoch, u.Disabled, millis(u.CreatedAt))
		if isTaken(err) {
			return fault.Wrap(fault.Conflict, err, "there is already an account %q", u.Name).With("user_exists")
		}
		if err != nil {
			return err
		}
		return s.audit(ctx, tx, auth.AuditEvent{
			Event: "user_created", Target: string(u.ID), Outcome: auth.Success,
			Details: map[string]any{"username": u.Name, "role": u.Role, "first": first},
		})
	})
}

const userByName = `
	SELECT id, username, canonical, role, hash, epoch, disabled, created_at
	FROM users
	WHERE canonical = ?1`

// UserByName implements auth.Store.
func (s *Store) UserByName(ctx context.Context, canonical string) (auth.User, error) {
	u, err := scanUser(s.db.read.QueryRowContext(ctx, userByName, canonical))
	if errors.Is(err, sql.ErrNoRows) {
		return auth.User{}, fault.New(fault.NotFound, "there is no account of that name").With("user_not_found")
	}
	return u, border("user by name", err)
}

// scanner is a row, or the current one of several.
type scanner interface{ Scan(into ...any) error }

func scanUser(row scanner) (auth.User, error) {
	var u auth.User
	var created int64
	err := row.Scan(&u.ID, &u.Name, &u.Canonical, &u.Role, &u.Hash, &u.Epoch, &u.Disabled, &created)
	u.CreatedAt = moment(created)
	return u, err
}

const users = `
	SELECT id, username, canonical, role, hash, epoch, disabled, created_at
	FROM users
	ORDER BY canonical`

// Users implements auth.Store.
func (s *Store) Users(ctx context.Context) ([]auth.User, error) {
	rows, err := s.db.read.QueryContext(ctx, users)
	all, err := collect(rows, err, func(r *sql.Rows) (auth.User, error) { return scanUser(r) })
	return all, border("users", err)
}

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
		u.id, u.username, u.canonical, u.role, u.hash, u.epoch, u.disabled, u.created_at
	FROM sessions s
	JOIN users u ON u.id = s.user_id AND u.epoch = s.epoch AND u.disabled = 0
	WHERE s.id = ?1 AND s.expires_at > ?2`

// SessionUser implements auth.Store.
func (s *Store) SessionUser(ctx context.Context, id auth.SessionID, now time.Time) (auth.Session, auth.User, error) {
	var n auth.Session
	var u auth.User
	var began, expires, created int64
	err := s.db.read.QueryRowContext(ctx, sessionUser, id, millis(now)).Scan(
		&n.ID, &n.User, &n.Epoch, &began, &expires, &n.Address, &n.Agent,
		&u.ID, &u.Name, &u.Canonical, &u.Role, &u.Hash, &u.Epoch, &u.Disabled, &created)
	if errors.Is(err, sql.ErrNoRows) {
		return auth.Session{}, auth.User{}, fault.New(fault.NotFound, "that session has ended").With("session_not_found")
	}
	n.CreatedAt, n.ExpiresAt, u.CreatedAt = moment(began), moment(expires), moment(created)
	return n, u, border("session user", err)
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
