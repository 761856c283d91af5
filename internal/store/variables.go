package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/pipelines"
	"github.com/broked/broked/internal/variables"
)

var _ variables.Store = (*Store)(nil)

const (
	variableColumns = `
		id, workspace_id, name, type, value, description, version, created_at, updated_at`
	variablePage = `
		SELECT` + variableColumns + `
		FROM variables
		WHERE workspace_id = ?1 AND name > ?2
		ORDER BY name
		LIMIT ?3 OFFSET ?4`
	countVariables = `
		SELECT count(*)
		FROM variables
		WHERE workspace_id = ?1`
	variableByName = `
		SELECT` + variableColumns + `
		FROM variables
		WHERE workspace_id = ?1 AND name = ?2`
	insertVariable = `
		INSERT INTO variables (` + variableColumns + `
		) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)`
	changeVariable = `
		UPDATE variables
		SET type = ?4, value = ?5, description = ?6, version = ?7, updated_at = ?8
		WHERE id = ?1 AND workspace_id = ?2 AND updated_at = ?3`
	deleteVariable = `
		DELETE FROM variables
		WHERE workspace_id = ?1 AND name = ?2`
)

func scanVariable(row scanner) (v variables.Stored, err error) {
	var created, updated int64
	err = row.Scan(&v.ID, &v.Workspace, &v.Key, &v.Type, &v.Value, &v.Description, &v.Version, &created, &updated)
	v.CreatedAt, v.UpdatedAt = moment(created), moment(updated)
	return v, err
}

// Variables implements variables.Store.
func (s *Store) Variables(ctx context.Context, p pipelines.Page) ([]variables.Stored, error) {
	rows, err := s.db.read.QueryContext(ctx, variablePage, auth.HomeFrom(ctx), p.After, p.Limit, p.Skip)
	all, err := collect(rows, err, func(r *sql.Rows) (variables.Stored, error) { return scanVariable(r) })
	return all, border("variables", err)
}

// CountVariables implements variables.Store.
func (s *Store) CountVariables(ctx context.Context) (n int, err error) {
	err = s.db.read.QueryRowContext(ctx, countVariables, auth.HomeFrom(ctx)).Scan(&n)
	return n, border("count variables", err)
}

// Variable implements variables.Store.
func (s *Store) Variable(ctx context.Context, key string) (variables.Stored, error) {
	v, err := scanVariable(s.db.read.QueryRowContext(ctx, variableByName, auth.HomeFrom(ctx), key))
	if errors.Is(err, sql.ErrNoRows) {
		return variables.Stored{}, variables.NotFound(key)
	}
	return v, border("variable", err)
}

// InsertVariable implements variables.Store.
func (s *Store) InsertVariable(ctx context.Context, v variables.Stored) error {
	return s.change(ctx, "insert variable", func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, insertVariable,
			v.ID, v.Workspace, v.Key, v.Type, v.Value, v.Description, v.Version, millis(v.CreatedAt), millis(v.UpdatedAt))
		if isTaken(err) {
			return fault.Wrap(fault.Conflict, err, "there is a variable %q already", v.Key).With("variable_exists")
		}
		if err != nil {
			return gone(err, v.Workspace)
		}
		return s.auditVariable(ctx, tx, "variable_created", v)
	})
}

// ChangeVariable implements variables.Store.
func (s *Store) ChangeVariable(ctx context.Context, v variables.Stored, read time.Time) error {
	return s.change(ctx, "change variable", func(tx *sql.Tx) error {
		done, err := affected(tx.ExecContext(ctx, changeVariable,
			v.ID, v.Workspace, millis(read), v.Type, v.Value, v.Description, v.Version, millis(v.UpdatedAt)))
		if err == nil && !done {
			err = fault.New(fault.Stale, "somebody else has changed the variable %q: look at it again", v.Key).With("version_conflict")
		}
		if err != nil {
			return err
		}
		return s.auditVariable(ctx, tx, "variable_changed", v)
	})
}

// DeleteVariable implements variables.Store.
func (s *Store) DeleteVariable(ctx context.Context, key string) error {
	return s.change(ctx, "delete variable", func(tx *sql.Tx) error {
		v, err := scanVariable(tx.QueryRowContext(ctx, variableByName, auth.HomeFrom(ctx), key))
		if errors.Is(err, sql.ErrNoRows) {
			return variables.NotFound(key)
		}
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, deleteVariable, v.Workspace, key); err != nil {
			return err
		}
		return s.auditVariable(ctx, tx, "variable_deleted", v)
	})
}

// auditVariable notes what has become of a variable, and never its value.
func (s *Store) auditVariable(ctx context.Context, tx *sql.Tx, event string, v variables.Stored) error {
	return s.audit(ctx, tx, auth.AuditEvent{
		Event: event, Target: v.Key, Outcome: auth.Success, Details: map[string]any{"id": v.ID, "type": v.Type, "version": v.Version},
	})
}
