package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/fault"
)

const (
	serviceColumns = `
		s.id, s.workspace_id, s.name, s.canonical, s.permissions, s.prefix, s.last4, s.owner_id, s.owner_name,
		s.created_at, s.expires_at, s.last_used_at, s.revoked_at`
	insertService = `
		INSERT INTO services (id, name, canonical, permissions, hash, prefix, last4, owner_id, owner_name, created_at, expires_at, workspace_id)
		VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)`
	countServices = `
		SELECT count(*)
		FROM services
		WHERE owner_id = ?1 AND revoked_at IS NULL`
)

// InsertServiceAccount implements auth.KeyStore.
func (s *Store) InsertServiceAccount(ctx context.Context, a auth.ServiceAccount, hash auth.KeyHash) error {
	permissions, err := list(a.Permissions)
	if err != nil {
		return err
	}
	return s.change(ctx, "insert service account", func(tx *sql.Tx) error {
		// The table has no foreign key to say so.
		there, err := hasWorkspace(ctx, tx, a.Workspace)
		if err != nil {
			return err
		}
		if !there {
			return auth.NoWorkspace(a.Workspace)
		}
		var n int
		if err := tx.QueryRowContext(ctx, countServices, a.Owner).Scan(&n); err != nil {
			return err
		}
		if n >= auth.MaxKeys {
			return fault.New(fault.Conflict, "%d keys are in use already, which is the most: revoke one first", n).With("too_many_keys")
		}
		_, err = tx.ExecContext(ctx, insertService, a.ID, a.Name, a.Canonical, permissions, hash[:], a.Prefix, a.Last4,
			a.Owner, a.OwnerName, millis(a.CreatedAt), column(a.ExpiresAt), a.Workspace)
		if err != nil {
			return nameTaken(err, a)
		}
		return s.audit(ctx, tx, aboutService("service_created", a))
	})
}

// aboutService is an event of a service account, with what it may do.
func aboutService(event string, a auth.ServiceAccount) auth.AuditEvent {
	return auth.AuditEvent{Event: event, Target: string(a.ID), Outcome: auth.Success, Details: map[string]any{
		"service_name": a.Name, "permissions": a.Permissions, "expires_at": a.ExpiresAt,
	}}
}

func nameTaken(err error, a auth.ServiceAccount) error {
	if isTaken(err) {
		return fault.Wrap(fault.Conflict, err, "there is already a service %q", a.Name).With("service_exists")
	}
	return err
}

const services = `
	SELECT` + serviceColumns + `
	FROM services s
	WHERE ?1 = '' OR s.workspace_id = ?1
	ORDER BY s.canonical, s.id`

// ServiceAccounts implements auth.KeyStore.
func (s *Store) ServiceAccounts(ctx context.Context) ([]auth.ServiceAccount, error) {
	rows, err := s.db.read.QueryContext(ctx, services, auth.WorkspaceFrom(ctx))
	all, err := collect(rows, err, func(r *sql.Rows) (auth.ServiceAccount, error) { return scanService(r) })
	return all, border("service accounts", err)
}

// scanService scans serviceColumns, and what comes after them into more.
func scanService(row scanner, more ...any) (auth.ServiceAccount, error) {
	var a auth.ServiceAccount
	var permissions string
	var created int64
	var expires, used, revoked instant
	err := row.Scan(append([]any{
		&a.ID, &a.Workspace, &a.Name, &a.Canonical, &permissions, &a.Prefix, &a.Last4, &a.Owner, &a.OwnerName,
		&created, &expires, &used, &revoked,
	}, more...)...)
	if err != nil {
		return auth.ServiceAccount{}, err
	}
	a.CreatedAt, a.ExpiresAt, a.LastUsedAt, a.RevokedAt = moment(created), optional(expires), optional(used), optional(revoked)
	return a, json.Unmarshal([]byte(permissions), &a.Permissions)
}

const serviceByID = `
	SELECT` + serviceColumns + `
	FROM services s
	WHERE s.id = ?1 AND (?2 = '' OR s.workspace_id = ?2)`

// ServiceAccount implements auth.KeyStore.
func (s *Store) ServiceAccount(ctx context.Context, id auth.ServiceID) (auth.ServiceAccount, error) {
	a, err := scanService(s.db.read.QueryRowContext(ctx, serviceByID, id, auth.WorkspaceFrom(ctx)))
	return a, border("service account", noService(err))
}

func noService(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return fault.New(fault.NotFound, "there is no such service").With("service_not_found")
	}
	return err
}

const updateService = `
	UPDATE services
	SET name = ?2, canonical = ?3, permissions = ?4, expires_at = ?5
	WHERE id = ?1 AND revoked_at IS NULL`

// UpdateServiceAccount implements auth.KeyStore.
func (s *Store) UpdateServiceAccount(ctx context.Context, a auth.ServiceAccount) error {
	permissions, err := list(a.Permissions)
	if err != nil {
		return err
	}
	return s.change(ctx, "update service account", func(tx *sql.Tx) error {
		done, err := affected(tx.ExecContext(ctx, updateService, a.ID, a.Name, a.Canonical, permissions, column(a.ExpiresAt)))
		if err != nil {
			return nameTaken(err, a)
		}
		if !done {
			return fault.New(fault.Conflict, "the service has been revoked: make a new one").With("service_revoked")
		}
		return s.audit(ctx, tx, aboutService("service_changed", a))
	})
}

const (
	revokeService = `
		UPDATE services
		SET revoked_at = ?2
		WHERE id = ?1 AND revoked_at IS NULL`
	hasService = `
		SELECT name
		FROM services
		WHERE id = ?1 AND (?2 = '' OR workspace_id = ?2)`
)

// RevokeServiceAccount implements auth.KeyStore.
func (s *Store) RevokeServiceAccount(ctx context.Context, id auth.ServiceID, now time.Time) error {
	return s.change(ctx, "revoke service account", func(tx *sql.Tx) error {
		var name string
		if err := tx.QueryRowContext(ctx, hasService, id, auth.WorkspaceFrom(ctx)).Scan(&name); err != nil {
			return noService(err)
		}
		revoked, err := affected(tx.ExecContext(ctx, revokeService, id, millis(now)))
		if err != nil || !revoked {
			return err
		}
		return s.audit(ctx, tx, auth.AuditEvent{
			Event: "service_revoked", Target: string(id), Outcome: auth.Success, Details: map[string]any{"service_name": name},
		})
	})
}

// servicesInUse selects those at ?2.
const (
	servicesInUse = `
	SELECT` + serviceColumns + `, coalesce(u.role, '')
	FROM services s
	LEFT JOIN users u ON u.id = s.owner_id AND u.disabled = 0
	WHERE s.revoked_at IS NULL AND (s.expires_at IS NULL OR s.expires_at > ?2)
		AND (s.owner_id = '' OR u.role = 'superadmin'
			OR EXISTS (SELECT 1 FROM workspace_members m WHERE m.user_id = u.id AND m.workspace_id = s.workspace_id))`
	keyHolder = servicesInUse + `
		AND s.hash = ?1`
)

// KeyHolder implements auth.KeyStore.
func (s *Store) KeyHolder(ctx context.Context, hash auth.KeyHash, now time.Time) (auth.ServiceAccount, auth.Role, error) {
	return scanHolder(s.db.read.find(ctx, keyHolder, hash[:], millis(now)))
}

// scanHolder scans serviceColumns and the role of the owner. Without an owner
// there is no row of users, and nothing that caps the account.
func scanHolder(row scanner) (auth.ServiceAccount, auth.Role, error) {
	var role auth.Role
	a, err := scanService(row, &role)
	if a.Owner == "" {
		role = auth.Superadmin
	}
	return a, role, border("key holder", noService(err))
}

const shownKey = `
	SELECT id, name, workspace_id
	FROM services
	WHERE hash = ?1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > ?2)`

// NoteShownKey implements auth.KeyStore.
func (s *Store) NoteShownKey(ctx context.Context, hash auth.KeyHash, now time.Time) error {
	return s.change(ctx, "note shown key", func(tx *sql.Tx) error {
		var id, name string
		var in auth.WorkspaceID
		err := tx.QueryRowContext(ctx, shownKey, hash[:], millis(now)).Scan(&id, &name, &in)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		return s.audit(auth.WithWorkspace(ctx, in), tx, auth.AuditEvent{
			Event: "key_in_address", Target: id, Outcome: auth.Failure, Details: map[string]any{"service_name": name},
		})
	})
}

// After the clock went back, the time of the last use goes back too.
const touchService = `
	UPDATE services
	SET last_used_at = ?2
	WHERE id = ?1 AND (last_used_at IS NULL OR last_used_at > ?2 OR last_used_at <= ?2 - 60000)`

// TouchServiceAccount implements auth.KeyStore.
func (s *Store) TouchServiceAccount(ctx context.Context, id auth.ServiceID, now time.Time) error {
	_, err := s.db.write.ExecContext(ctx, touchService, id, millis(now))
	return border("touch service account", err)
}
