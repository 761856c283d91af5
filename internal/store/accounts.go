package store

import (
	"context"
	"database/sql"
	"errors"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/fault"
)

const setupState = `
	SELECT EXISTS (SELECT 1 FROM settings WHERE key = 'setup_done'), (SELECT count(*) FROM users)`

// SetupState implements auth.Store. Setup stays done when the last account goes.
func (s *Store) SetupState(ctx context.Context) (done bool, users int, err error) {
	err = s.db.read.find(ctx, setupState).Scan(&done, &users)
	return done || users > 0, users, border("setup state", err)
}

const markSetupDone = `
	INSERT INTO settings (key, value) VALUES ('setup_done', 'true')
	ON CONFLICT (key) DO NOTHING`

const (
	insertUser = `
		INSERT INTO users (id, username, canonical, role, hash, epoch, disabled, created_at, must_change_by)
		VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)`
	insertMember = `
		INSERT INTO workspace_members (user_id, workspace_id, since)
		VALUES (?1, ?2, ?3)
		ON CONFLICT (user_id, workspace_id) DO NOTHING`
)

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
		_, err := tx.ExecContext(ctx, insertUser, u.ID, u.Name, u.Canonical, u.Role, u.Hash, u.Epoch, u.Disabled, millis(u.CreatedAt), column(u.MustChangeBy))
		if isTaken(err) {
			return fault.Wrap(fault.Conflict, err, "there is already an account %q", u.Name).With("user_exists")
		}
		if err != nil {
			return err
		}
		home := auth.HomeFrom(ctx)
		if _, err := tx.ExecContext(ctx, insertMember, u.ID, home, millis(u.CreatedAt)); err != nil {
			return gone(err, home)
		}
		return s.audit(ctx, tx, auth.AuditEvent{
			Event: "user_created", Target: string(u.ID), Outcome: auth.Success,
			Details: map[string]any{"username": u.Name, "role": u.Role, "first": first},
		})
	})
}

const userByName = `
	SELECT id, username, canonical, role, hash, epoch, disabled, created_at, last_login_at, must_change_by
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

// userRow is the columns of an account, to be scanned into.
type userRow struct {
	auth.User
	created     int64
	login, term instant
}

func (u *userRow) columns() []any {
	return []any{&u.ID, &u.Name, &u.Canonical, &u.Role, &u.Hash, &u.Epoch, &u.Disabled, &u.created, &u.login, &u.term}
}

func (u *userRow) user() auth.User {
	u.CreatedAt, u.LastLogin, u.MustChangeBy = moment(u.created), optional(u.login), optional(u.term)
	u.MustChange = u.term.Valid
	return u.User
}

func scanUser(row scanner) (auth.User, error) {
	var u userRow
	err := row.Scan(u.columns()...)
	return u.user(), err
}

const users = `
	SELECT u.id, u.username, u.canonical, u.role, u.hash, u.epoch, u.disabled, u.created_at, u.last_login_at, u.must_change_by
	FROM users u
	WHERE ` + inSight + `
	ORDER BY u.canonical`

// Users implements auth.Store.
func (s *Store) Users(ctx context.Context) ([]auth.User, error) {
	rows, err := s.db.read.QueryContext(ctx, users, viewer(ctx)...)
	all, err := collect(rows, err, func(r *sql.Rows) (auth.User, error) { return scanUser(r) })
	return all, border("users", err)
}
