package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/pipelines"
	"github.com/broked/broked/internal/runs"
	"github.com/broked/broked/internal/triggers"
)

const putWebhook = `
	INSERT INTO webhooks (pipeline_id, token_hash, token_end, salt, created_at)
	VALUES (?1, ?2, ?3, ?4, ?5)
	ON CONFLICT (pipeline_id)
	DO UPDATE SET token_hash = excluded.token_hash, token_end = excluded.token_end, salt = excluded.salt, created_at = excluded.created_at`

// PutWebhook implements triggers.Store.
func (s *Store) PutWebhook(ctx context.Context, w triggers.Webhook) error {
	return s.change(ctx, "put webhook", func(tx *sql.Tx) error { return s.putWebhook(ctx, tx, w) })
}

func (s *Store) putWebhook(ctx context.Context, tx *sql.Tx, w triggers.Webhook) error {
	_, err := tx.ExecContext(ctx, putWebhook, w.Pipeline, w.Hash, w.End, w.Salt, millis(w.CreatedAt))
	if isOrphan(err) {
		return noPipeline(string(w.Pipeline))
	}
	if err != nil {
		return err
	}
	return s.audit(ctx, tx, auth.AuditEvent{
		Event: "webhook_made", Target: string(w.Pipeline), Outcome: auth.Success, Details: map[string]any{"signed": w.Signed()},
	})
}

// takeToken makes the token of a version's document that of the pipeline's webhook.
func (s *Store) takeToken(ctx context.Context, tx *sql.Tx, v pipelines.Version) error {
	if v.WebhookToken == "" {
		return nil
	}
	d := v.Document
	return s.putWebhook(ctx, tx, triggers.ByToken(d.ID, v.WebhookToken, d.UpdatedAt))
}

const (
	webhookOf = `
		SELECT w.pipeline_id, p.workspace_id, w.token_hash, w.token_end, w.salt, w.paused, w.created_at, w.last_run_id, w.last_at
		FROM webhooks w
		JOIN pipelines p ON p.id = w.pipeline_id
		WHERE w.pipeline_id = ?1`
	webhookWithHash = `
		SELECT w.pipeline_id, p.workspace_id, w.token_hash, w.token_end, w.salt, w.paused, w.created_at, w.last_run_id, w.last_at
		FROM webhooks w
		JOIN pipelines p ON p.id = w.pipeline_id
		WHERE w.token_hash = ?2 AND (p.id = ?1 OR p.slug = ?1)
		ORDER BY w.pipeline_id
		LIMIT 1`
)

// Webhook implements triggers.Store.
func (s *Store) Webhook(ctx context.Context, pipeline pipelines.ID) (triggers.Webhook, error) {
	w, err := scanWebhook(s.db.read.QueryRowContext(ctx, webhookOf, pipeline))
	return w, border("webhook", err)
}

// WebhookByToken implements triggers.Store.
func (s *Store) WebhookByToken(ctx context.Context, pipeline string, hash []byte) (triggers.Webhook, error) {
	w, err := scanWebhook(s.db.read.QueryRowContext(ctx, webhookWithHash, pipeline, hash))
	return w, border("webhook by token", err)
}

func scanWebhook(row scanner) (triggers.Webhook, error) {
	var w triggers.Webhook
	var created int64
	var last instant
	err := row.Scan(&w.Pipeline, &w.Workspace, &w.Hash, &w.End, &w.Salt, &w.Paused, &created, &w.LastRun, &last)
	if errors.Is(err, sql.ErrNoRows) {
		return w, triggers.NoWebhook()
	}
	w.CreatedAt, w.LastAt = moment(created), optional(last)
	return w, err
}

const pauseWebhook = `
	UPDATE webhooks
	SET paused = ?2
	WHERE pipeline_id = ?1`

// PauseWebhook implements triggers.Store.
func (s *Store) PauseWebhook(ctx context.Context, pipeline pipelines.ID, paused bool) error {
	event := "webhook_resumed"
	if paused {
		event = "webhook_paused"
	}
	return s.change(ctx, "pause webhook", func(tx *sql.Tx) error {
		return s.changedWebhook(ctx, tx, event, pauseWebhook, pipeline, paused)
	})
}

const deleteWebhook = `
	DELETE FROM webhooks
	WHERE pipeline_id = ?1`

// DeleteWebhook implements triggers.Store.
func (s *Store) DeleteWebhook(ctx context.Context, pipeline pipelines.ID) error {
	return s.change(ctx, "delete webhook", func(tx *sql.Tx) error {
		return s.changedWebhook(ctx, tx, "webhook_removed", deleteWebhook, pipeline)
	})
}

// changedWebhook changes the webhook of a pipeline by a statement, whose first argument
// the pipeline is, and tells so.
func (s *Store) changedWebhook(ctx context.Context, tx *sql.Tx, event, text string, args ...any) error {
	done, err := affected(tx.ExecContext(ctx, text, args...))
	if err == nil && !done {
		err = triggers.NoWebhook()
	}
	if err != nil {
		return err
	}
	return s.audit(ctx, tx, auth.AuditEvent{Event: event, Target: fmt.Sprint(args[0]), Outcome: auth.Success})
}

const (
	putInput = `
		INSERT INTO run_inputs (run_id, body)
		VALUES (?1, ?2)`
	noteWebhook = `
		UPDATE webhooks
		SET last_run_id = ?2, last_at = ?3
		WHERE pipeline_id = ?1`
)

// arrived keeps what has come with the request that starts a run.
func arrived(ctx context.Context, tx *sql.Tx, r runs.Run) error {
	if len(r.Input) > 0 {
		if _, err := tx.ExecContext(ctx, putInput, r.ID, r.Input); err != nil {
			return err
		}
	}
	if r.Trigger != runs.ByWebhook {
		return nil
	}
	_, err := tx.ExecContext(ctx, noteWebhook, r.Pipeline, r.ID, millis(r.CreatedAt))
	return err
}

// A run that was resumed goes on with what came for the one before.
const inputOfRun = `
	WITH RECURSIVE origins (id) AS (
		SELECT id FROM runs WHERE id = ?1
		UNION
		SELECT r.resumed_from FROM runs r JOIN origins o ON r.id = o.id WHERE r.resumed_from <> ''
	)
	SELECT body
	FROM run_inputs
	WHERE run_id IN (SELECT id FROM origins)
	LIMIT 1`

// RunInput implements runs.Store.
func (s *Store) RunInput(ctx context.Context, run runs.ID) ([]byte, error) {
	var body []byte
	err := s.db.read.QueryRowContext(ctx, inputOfRun, run).Scan(&body)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return body, border("input of run", err)
}
