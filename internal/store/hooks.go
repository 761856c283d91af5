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
	"github.com/broked/broked/internal/hooks"
	"github.com/broked/broked/internal/id"
	"github.com/broked/broked/internal/pipelines"
)

var _ hooks.Store = (*Store)(nil)

const (
	hookColumns = `
		h.id, h.workspace_id, coalesce(h.pipeline_id, ''), h.name, h.type, h.url, h.receivers, h.channel, h.events, h.tag, h.pipelines,
		h.enabled, h.secret, h.created_at, h.updated_at`
	hooksOf = `
		SELECT` + hookColumns + `
		FROM hooks h
		WHERE h.id IN (
			SELECT id FROM hooks WHERE workspace_id = ?1 AND pipeline_id = ?2
			UNION ALL
			SELECT id FROM hooks WHERE workspace_id = ?1 AND pipeline_id IS NULL AND ?2 = ''
		)
		ORDER BY h.name, h.id`
	hookByID = `
		SELECT` + hookColumns + `
		FROM hooks h
		WHERE h.id = ?1 AND h.workspace_id = ?2`
	insertHook = `
		INSERT INTO hooks (
			id, workspace_id, pipeline_id, name, type, url, receivers, channel, events, tag, pipelines, enabled, secret, created_at, updated_at
		) VALUES (?1, ?2, nullif(?3, ''), ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)`
	changeHook = `
		UPDATE hooks
		SET name = ?3, type = ?4, url = ?5, receivers = ?6, channel = ?7, events = ?8, tag = ?9, pipelines = ?10, enabled = ?11, updated_at = ?12
		WHERE id = ?1 AND workspace_id = ?2`
	countHooks = `
		SELECT count(*)
		FROM hooks
		WHERE workspace_id = ?1 AND pipeline_id IS NULL`
	sealHook = `
		UPDATE hooks
		SET secret = ?3
		WHERE id = ?1 AND workspace_id = ?2`
	deleteHook = `
		DELETE FROM hooks
		WHERE id = ?1 AND workspace_id = ?2`
)

// scanHook reads a hook with its sealed secret.
func scanHook(row scanner, more ...any) (h hooks.Hook, secret string, err error) {
	var receivers, events []byte
	var created, updated int64
	err = row.Scan(append([]any{
		&h.ID, &h.Workspace, &h.Pipeline, &h.Name, &h.Type, &h.URL, &receivers, &h.Channel, &events, &h.Tag, &h.Pipelines,
		&h.Enabled, &secret, &created, &updated,
	}, more...)...)
	if err != nil {
		return h, "", err
	}
	h.CreatedAt, h.UpdatedAt, h.Signed = moment(created), moment(updated), secret != ""
	return h, secret, errors.Join(json.Unmarshal(receivers, &h.To), json.Unmarshal(events, &h.Events))
}

func scanHookRow(r *sql.Rows) (hooks.Hook, error) {
	h, _, err := scanHook(r)
	return h, err
}

// Hooks implements hooks.Store.
func (s *Store) Hooks(ctx context.Context, pipeline pipelines.ID) ([]hooks.Hook, error) {
	rows, err := s.db.read.QueryContext(ctx, hooksOf, auth.HomeFrom(ctx), pipeline)
	all, err := collect(rows, err, scanHookRow)
	return all, border("hooks", err)
}

// Hook implements hooks.Store.
func (s *Store) Hook(ctx context.Context, id hooks.ID) (hooks.Hook, error) {
	h, _, err := scanHook(s.db.read.QueryRowContext(ctx, hookByID, id, auth.HomeFrom(ctx)))
	if errors.Is(err, sql.ErrNoRows) {
		return hooks.Hook{}, hooks.NotFound(string(id))
	}
	return h, border("hook", err)
}

// InsertHook implements hooks.Store.
func (s *Store) InsertHook(ctx context.Context, h hooks.Hook, secret string) error {
	return s.change(ctx, "insert hook", func(tx *sql.Tx) error {
		var n int
		if err := tx.QueryRowContext(ctx, countHooks, h.Workspace).Scan(&n); err != nil {
			return err
		}
		if n >= hooks.MaxHooks {
			return fault.New(fault.Conflict, "there are %d hooks already: delete one first", n).With("too_many_hooks")
		}
		if err := putHook(ctx, tx, h, secret); err != nil {
			return gone(err, h.Workspace)
		}
		return s.auditHook(ctx, tx, "hook_created", h)
	})
}

func putHook(ctx context.Context, tx *sql.Tx, h hooks.Hook, secret string) error {
	receivers, err1 := list(h.To)
	events, err2 := list(h.Events)
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, insertHook,
		h.ID, h.Workspace, h.Pipeline, h.Name, h.Type, h.URL, receivers, h.Channel, events, h.Tag, h.Pipelines, h.Enabled, secret,
		millis(h.CreatedAt), millis(h.UpdatedAt))
	return err
}

func changeHookRow(ctx context.Context, tx *sql.Tx, h hooks.Hook) error {
	receivers, err1 := list(h.To)
	events, err2 := list(h.Events)
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	done, err := affected(tx.ExecContext(ctx, changeHook,
		h.ID, h.Workspace, h.Name, h.Type, h.URL, receivers, h.Channel, events, h.Tag, h.Pipelines, h.Enabled, millis(h.UpdatedAt)))
	if err == nil && !done {
		return hooks.NotFound(string(h.ID))
	}
	return err
}

func (s *Store) auditHook(ctx context.Context, tx *sql.Tx, event string, h hooks.Hook) error {
	return s.audit(ctx, tx, auth.AuditEvent{
		Event: event, Target: string(h.ID), Outcome: auth.Success,
		Details: map[string]any{"name": h.Name, "type": h.Type, "pipeline": h.Pipeline},
	})
}

// ChangeHook implements hooks.Store.
func (s *Store) ChangeHook(ctx context.Context, h hooks.Hook) error {
	return s.change(ctx, "change hook", func(tx *sql.Tx) error {
		if err := changeHookRow(ctx, tx, h); err != nil {
			return err
		}
		return s.auditHook(ctx, tx, "hook_changed", h)
	})
}

// SealHook implements hooks.Store.
func (s *Store) SealHook(ctx context.Context, id hooks.ID, secret string) error {
	return s.onHook(ctx, id, "hook_secret_made", func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, sealHook, id, auth.HomeFrom(ctx), secret)
		return err
	})
}

// DeleteHook implements hooks.Store.
func (s *Store) DeleteHook(ctx context.Context, id hooks.ID) error {
	return s.onHook(ctx, id, "hook_deleted", func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, deleteHook, id, auth.HomeFrom(ctx))
		return err
	})
}

// onHook does something to a hook that is there, and tells the audit log.
func (s *Store) onHook(ctx context.Context, id hooks.ID, event string, fn func(tx *sql.Tx) error) error {
	return s.change(ctx, event, func(tx *sql.Tx) error {
		h, _, err := scanHook(tx.QueryRowContext(ctx, hookByID, id, auth.HomeFrom(ctx)))
		if errors.Is(err, sql.ErrNoRows) {
			return hooks.NotFound(string(id))
		}
		if err != nil {
			return err
		}
		if err := fn(tx); err != nil {
			return err
		}
		return s.auditHook(ctx, tx, event, h)
	})
}

// hook keeps the hooks of a pipeline as its document says. What stays under its name
// keeps its id and secret.
func hook(ctx context.Context, tx *sql.Tx, d pipelines.Document, now time.Time) error {
	rows, err := tx.QueryContext(ctx, hooksOf, d.Workspace, d.ID)
	old, err := collect(rows, err, scanHookRow)
	if err != nil {
		return err
	}
	wanted := hooks.OfDocument(d)
	for _, set := range wanted {
		at := slices.IndexFunc(old, func(o hooks.Hook) bool { return o.Name == set.Name })
		if at >= 0 {
			h := old[at]
			h.Settings, h.UpdatedAt = set, now
			if err := changeHookRow(ctx, tx, h); err != nil {
				return err
			}
			continue
		}
		h := hooks.Hook{
			ID: hooks.ID(id.New()), Workspace: auth.WorkspaceID(d.Workspace), Pipeline: d.ID, Settings: set, CreatedAt: now, UpdatedAt: now,
		}
		if err := putHook(ctx, tx, h, ""); err != nil {
			return err
		}
	}
	for _, o := range old {
		if slices.ContainsFunc(wanted, func(set hooks.Settings) bool { return set.Name == o.Name }) {
			continue
		}
		if _, err := tx.ExecContext(ctx, deleteHook, o.ID, o.Workspace); err != nil {
			return err
		}
	}
	return nil
}
