package store

import (
	"context"
	"database/sql"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/runs"
)

const (
	poolColumns = `
		SELECT name, slots, description, created_at,
			(SELECT count(*) FROM runs r WHERE r.pool = o.name AND r.pool <> '' AND r.status = 'running' AND r.finished_at IS NULL),
			(SELECT count(*) FROM runs r WHERE r.pool = o.name AND r.pool <> '' AND r.status = 'pending' AND r.finished_at IS NULL)
		FROM pools o`
	allPools   = poolColumns + ` ORDER BY name`
	poolByName = poolColumns + ` WHERE name = ?1`
	insertPool = `
		INSERT INTO pools (name, slots, description, created_at)
		VALUES (?1, ?2, ?3, ?4)`
	changePool = `
		UPDATE pools
		SET slots = ?2, description = ?3
		WHERE name = ?1`
	deletePool = `
		DELETE FROM pools
		WHERE name = ?1`
	poolExists = `
		SELECT EXISTS (SELECT 1 FROM pools WHERE name = ?1)`
)

func scanPool(row scanner) (runs.Pool, error) {
	var p runs.Pool
	var created int64
	err := row.Scan(&p.Name, &p.Slots, &p.Description, &created, &p.Used, &p.Pending)
	p.CreatedAt = moment(created)
	return p, err
}

// Pools implements runs.Store.
func (s *Store) Pools(ctx context.Context) ([]runs.Pool, error) {
	rows, err := s.db.read.QueryContext(ctx, allPools)
	all, err := collect(rows, err, func(r *sql.Rows) (runs.Pool, error) { return scanPool(r) })
	return all, border("pools", err)
}

// HasPool implements pipelines.Store.
func (s *Store) HasPool(ctx context.Context, name string) (bool, error) {
	var there bool
	err := s.db.read.QueryRowContext(ctx, poolExists, name).Scan(&there)
	return there, border("pool", err)
}

// InsertPool implements runs.Store.
func (s *Store) InsertPool(ctx context.Context, p runs.Pool) error {
	return s.change(ctx, "insert pool", func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, insertPool, p.Name, p.Slots, p.Description, millis(p.CreatedAt))
		if isTaken(err) {
			return fault.Wrap(fault.Conflict, err, "there is a pool %q already", p.Name).With("pool_exists")
		}
		if err != nil {
			return err
		}
		return s.auditPool(ctx, tx, "pool_created", p.Name, map[string]any{"slots": p.Slots})
	})
}

// ChangePool implements runs.Store.
func (s *Store) ChangePool(ctx context.Context, p runs.Pool) (after runs.Pool, err error) {
	err = s.leaving(ctx, "change pool", func(tx *sql.Tx) (bool, error) {
		done, err := affected(tx.ExecContext(ctx, changePool, p.Name, p.Slots, p.Description))
		if err == nil && !done {
			err = runs.NoPool(p.Name)
		}
		if err != nil {
			return false, err
		}
		if after, err = scanPool(tx.QueryRowContext(ctx, poolByName, p.Name)); err != nil {
			return false, err
		}
		if err := s.auditPool(ctx, tx, "pool_changed", p.Name, map[string]any{"slots": p.Slots}); err != nil {
			return false, err
		}
		n, err := s.ring(ctx, tx, runs.Place{Pool: p.Name})
		return n > 0, err
	})
	return after, err
}

// DeletePool implements runs.Store. Runs that were started in it take no slots then.
func (s *Store) DeletePool(ctx context.Context, name string) error {
	return s.leaving(ctx, "delete pool", func(tx *sql.Tx) (bool, error) {
		done, err := affected(tx.ExecContext(ctx, deletePool, name))
		switch {
		case isOrphan(err):
			return false, fault.Wrap(fault.Conflict, err, "the pool %q is named by a pipeline: change that first", name).With("pool_in_use")
		case err == nil && !done:
			err = runs.NoPool(name)
		}
		if err != nil {
			return false, err
		}
		if err := s.auditPool(ctx, tx, "pool_deleted", name, nil); err != nil {
			return false, err
		}
		n, err := s.ring(ctx, tx, runs.Place{Pool: name})
		return n > 0, err
	})
}

func (s *Store) auditPool(ctx context.Context, tx *sql.Tx, event, name string, details map[string]any) error {
	return s.audit(ctx, tx, auth.AuditEvent{Event: event, Target: name, Outcome: auth.Success, Details: details})
}
