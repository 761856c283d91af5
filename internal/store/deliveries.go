package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/hooks"
	"github.com/broked/broked/internal/id"
	"github.com/broked/broked/internal/job"
	"github.com/broked/broked/internal/runs"
)

var _ hooks.Outbox = (*Store)(nil)

const (
	// Those of the run's pipeline, and those for many.
	hooksForRun = `
		SELECT` + hookColumns + `, r.pipeline_id, r.pipeline_name, r.workspace_id, coalesce(p.slug, ''), p.tags
		FROM runs r
		JOIN pipelines p ON p.id = r.pipeline_id
		JOIN hooks h ON h.id IN (
			SELECT id FROM hooks WHERE workspace_id = r.workspace_id AND pipeline_id = r.pipeline_id
			UNION ALL
			SELECT id FROM hooks WHERE workspace_id = r.workspace_id AND pipeline_id IS NULL
		)
		WHERE r.id = ?1 AND h.enabled = 1`
	insertDelivery = `
		INSERT INTO deliveries (
			id, hook_id, workspace_id, pipeline_id, run_id, node_id, event, payload, state, next_at, created_at
		) VALUES (?1, ?2, ?3, ?4, nullif(?5, ''), ?6, ?7, ?8, 'pending', ?9, ?9)`
)

// concerned is a hook beside a run that it may be told about.
type concerned struct {
	hook hooks.Hook
	told hooks.Payload
	slug string
	tags []string
}

// announce puts on record that hooks are to be told of something in a run. Of what is
// told only the status, the node and the error count.
func announce(ctx context.Context, tx *sql.Tx, run runs.ID, e hooks.Event, told hooks.Payload) error {
	rows, err := tx.QueryContext(ctx, hooksForRun, run)
	all, err := collect(rows, err, func(r *sql.Rows) (c concerned, err error) {
		var tags []byte
		c.told = told
		c.hook, _, err = scanHook(r, &c.told.Pipeline, &c.told.PipelineName, &c.told.Workspace, &c.slug, &tags)
		if err == nil {
			err = json.Unmarshal(tags, &c.tags)
		}
		return c, err
	})
	if err != nil {
		return err
	}
	for _, c := range all {
		if !slices.Contains(c.hook.Events, e) || !c.hook.Concerns(c.told.PipelineName, c.slug, c.tags) {
			continue
		}
		c.told.Run = run
		d := hooks.Delivery{
			ID: hooks.DeliveryID(id.New()), Hook: c.hook.ID, Workspace: c.told.Workspace, Pipeline: c.told.Pipeline,
			Run: run, Node: told.Node, Event: e, CreatedAt: told.Timestamp,
		}
		if err := putDelivery(ctx, tx, d, c.told.Named(c.hook.Name, e)); err != nil {
			return err
		}
	}
	return nil
}

func putDelivery(ctx context.Context, tx *sql.Tx, d hooks.Delivery, p hooks.Payload) error {
	text, err := json.Marshal(p)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, insertDelivery, d.ID, d.Hook, d.Workspace, d.Pipeline, d.Run, d.Node, d.Event, string(text), millis(d.CreatedAt))
	return err
}

// announceStart has hooks told that a run begins. One that goes on was announced before.
func announceStart(ctx context.Context, tx *sql.Tx, c runs.Claim, now time.Time) error {
	if c.Fence > 1 {
		return nil
	}
	return announce(ctx, tx, c.Run.ID, hooks.OnStart, hooks.Payload{Timestamp: now, Status: string(runs.Running)})
}

// announceEnd has hooks told that a run is over.
func announceEnd(ctx context.Context, tx *sql.Tx, run runs.ID, o runs.Outcome) error {
	told := hooks.Payload{Timestamp: o.At, Status: string(o.Status)}
	if o.Failure != nil {
		told.Error, told.ErrorCode = o.Failure.Message, o.Failure.Code
	}
	e := map[runs.Status]hooks.Event{
		runs.Success: hooks.OnSuccess, runs.Failed: hooks.OnFailure, runs.Blocked: hooks.OnFailure, runs.Cancelled: hooks.OnCancel,
	}[o.Status]
	return announce(ctx, tx, run, e, told)
}

// announceNode has hooks told of an event when a node has failed by it.
func announceNode(ctx context.Context, tx *sql.Tx, run runs.ID, e runs.Event) error {
	if e.Type != job.NodeFinished || e.Status != string(runs.NodeFailed) {
		return nil
	}
	told := hooks.Payload{Timestamp: e.At, Status: e.Status, Node: e.Node, Error: e.Error}
	if e.Failure != nil {
		told.ErrorCode = e.Failure.Code
	}
	return announce(ctx, tx, run, hooks.OnNodeFailure, told)
}

// Deliver implements hooks.Store.
func (s *Store) Deliver(ctx context.Context, d hooks.Delivery, p hooks.Payload) error {
	return s.change(ctx, "deliver", func(tx *sql.Tx) error {
		err := putDelivery(ctx, tx, d, p)
		if isOrphan(err) {
			return hooks.NotFound(string(d.Hook))
		}
		if err != nil {
			return err
		}
		return s.audit(ctx, tx, auth.AuditEvent{Event: "hook_tested", Target: string(d.Hook), Outcome: auth.Success})
	})
}

// There are texts for what an index serves.
const (
	deliveryColumns = `
		d.id, d.hook_id, h.name, h.type, d.workspace_id, d.pipeline_id, coalesce(d.run_id, ''), d.node_id, d.event, d.state, d.attempts,
		d.status, d.error, d.next_at, d.created_at, d.sent_at`
	deliveryPage = `
		SELECT` + deliveryColumns + `
		FROM deliveries d
		JOIN hooks h ON h.id = d.hook_id
		WHERE d.workspace_id = ?1 AND d.id < ?2 AND (?3 = '' OR d.state = ?3)`
	newestDeliveries     = ` ORDER BY d.id DESC LIMIT ?4 OFFSET ?5`
	deliveriesOfHook     = deliveryPage + ` AND d.hook_id = ?6` + newestDeliveries
	deliveriesOfRun      = deliveryPage + ` AND d.run_id = ?6` + newestDeliveries
	deliveriesOfPipeline = deliveryPage + ` AND d.pipeline_id = ?6 AND h.pipeline_id = ?6` + newestDeliveries
	allDeliveries        = deliveryPage + newestDeliveries
	deliveryByID         = `
		SELECT` + deliveryColumns + `
		FROM deliveries d
		JOIN hooks h ON h.id = d.hook_id
		WHERE d.id = ?1 AND d.hook_id = ?2 AND d.workspace_id = ?3`
)

func scanDelivery(row scanner, more ...any) (hooks.Delivery, error) {
	var d hooks.Delivery
	var next, created int64
	var sent instant
	err := row.Scan(append([]any{
		&d.ID, &d.Hook, &d.HookName, &d.HookType, &d.Workspace, &d.Pipeline, &d.Run, &d.Node, &d.Event, &d.State, &d.Attempts,
		&d.Status, &d.Error, &next, &created, &sent,
	}, more...)...)
	d.CreatedAt, d.SentAt = moment(created), optional(sent)
	if d.State == hooks.Pending {
		at := moment(next)
		d.NextAt = &at
	}
	return d, err
}

// Deliveries implements hooks.Store.
func (s *Store) Deliveries(ctx context.Context, f hooks.Filter) ([]hooks.Delivery, error) {
	text, args := allDeliveries, []any{auth.HomeFrom(ctx), below(f.Page), f.State, f.Limit, f.Skip}
	switch {
	case f.Hook != "":
		text, args = deliveriesOfHook, append(args, f.Hook)
	case f.Run != "":
		text, args = deliveriesOfRun, append(args, f.Run)
	case f.Pipeline != "":
		text, args = deliveriesOfPipeline, append(args, f.Pipeline)
	}
	rows, err := s.db.read.QueryContext(ctx, text, args...)
	all, err := collect(rows, err, func(r *sql.Rows) (hooks.Delivery, error) { return scanDelivery(r) })
	return all, border("deliveries", err)
}

const resend = `
	UPDATE deliveries
	SET state = 'pending', attempts = 0, status = 0, error = '', next_at = ?2
	WHERE id = ?1`

// Resend implements hooks.Store.
func (s *Store) Resend(ctx context.Context, hook hooks.ID, id hooks.DeliveryID, now time.Time) (hooks.Delivery, error) {
	var d hooks.Delivery
	err := s.change(ctx, "resend", func(tx *sql.Tx) (err error) {
		if _, err := tx.ExecContext(ctx, resend, id, millis(now)); err != nil {
			return err
		}
		d, err = scanDelivery(tx.QueryRowContext(ctx, deliveryByID, id, hook, auth.HomeFrom(ctx)))
		if errors.Is(err, sql.ErrNoRows) {
			return hooks.NoDelivery(id) // and what was done is undone
		}
		if err != nil {
			return err
		}
		return s.audit(ctx, tx, auth.AuditEvent{Event: "delivery_resent", Target: string(id), Outcome: auth.Success})
	})
	return d, err
}

const (
	// A few of each hook, however many wait for one that does not answer.
	dueDeliveries = `
		SELECT` + deliveryColumns + `, d.payload,` + hookColumns + `
		FROM hooks h
		JOIN deliveries d ON d.id IN (
			SELECT id FROM deliveries
			WHERE hook_id = h.id AND state = 'pending' AND next_at <= ?1
			ORDER BY next_at
			LIMIT ?2
		)
		WHERE h.id IN (SELECT hook_id FROM deliveries WHERE state = 'pending' AND next_at <= ?1)
		ORDER BY d.next_at, d.id`
	nextDelivery = `
		SELECT min(next_at)
		FROM deliveries
		WHERE state = 'pending' AND next_at > ?1`
	firstDelivery = `
		SELECT min(next_at)
		FROM deliveries
		WHERE state = 'pending'`
)

// DueDeliveries implements hooks.Outbox.
func (s *Store) DueDeliveries(ctx context.Context, now time.Time, each int) ([]hooks.Parcel, *time.Time, error) {
	var due []hooks.Parcel
	var next instant
	// This is asked at every change of every run, and most of the time nothing is due.
	err := s.db.read.QueryRowContext(ctx, firstDelivery).Scan(&next)
	if err != nil || !next.Valid || next.V > millis(now) {
		return nil, optional(next), border("first delivery", err)
	}
	err = s.view(ctx, "due deliveries", func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, dueDeliveries, millis(now), each)
		if due, err = collect(rows, err, scanParcel); err != nil {
			return err
		}
		return tx.QueryRowContext(ctx, nextDelivery, millis(now)).Scan(&next)
	})
	return due, optional(next), err
}

func scanParcel(row *sql.Rows) (hooks.Parcel, error) {
	var p hooks.Parcel
	var payload []byte
	var err error
	p.Delivery, err = scanDelivery(scanning(func(dest ...any) error {
		to, secret, err := scanHook(scanning(func(more ...any) error { return row.Scan(append(append(dest, &payload), more...)...) }))
		p.To, p.Secret = to, secret
		return err
	}))
	if err != nil {
		return p, err
	}
	return p, json.Unmarshal(payload, &p.Payload)
}

// scanning is a function as a scanner.
type scanning func(dest ...any) error

// Scan implements scanner.
func (f scanning) Scan(dest ...any) error { return f(dest...) }

const saveDelivery = `
	UPDATE deliveries
	SET state = ?2, attempts = ?3, status = ?4, error = ?5, next_at = ?6, sent_at = ?7
	WHERE id = ?1 AND state = 'pending' AND attempts = ?3 - 1`

// SaveDelivery implements hooks.Outbox.
func (s *Store) SaveDelivery(ctx context.Context, d hooks.Delivery) error {
	var next int64
	if d.NextAt != nil {
		next = millis(*d.NextAt)
	}
	return s.change(ctx, "save delivery", func(tx *sql.Tx) error {
		done, err := affected(tx.ExecContext(ctx, saveDelivery, d.ID, d.State, d.Attempts, d.Status, d.Error, next, column(d.SentAt)))
		if err != nil || !done || d.Status != hooks.Gone {
			return err
		}
		return s.retire(ctx, tx, d)
	})
}

const (
	switchOff = `
		UPDATE hooks
		SET enabled = 0
		WHERE id = ?1 AND enabled = 1`
	endWaiting = `
		UPDATE deliveries
		SET state = 'failed', next_at = 0, error = ?2
		WHERE hook_id = ?1 AND state = 'pending'`
)

// retire switches a hook off whose receiver wants to be told nothing more, and gives up
// what it was to be told.
func (s *Store) retire(ctx context.Context, tx *sql.Tx, d hooks.Delivery) error {
	done, err := affected(tx.ExecContext(ctx, switchOff, d.Hook))
	if err != nil || !done {
		return err
	}
	if _, err := tx.ExecContext(ctx, endWaiting, d.Hook, "the receiver has answered 410 Gone to another message"); err != nil {
		return err
	}
	return s.audit(auth.WithWorkspace(ctx, d.Workspace), tx, auth.AuditEvent{
		Event: "hook_switched_off", Target: string(d.Hook), Outcome: auth.Success, Details: map[string]any{"delivery": d.ID, "status": d.Status},
	})
}

const forgetDeliveries = `
	DELETE FROM deliveries
	WHERE id IN (SELECT id FROM deliveries WHERE id < ?1 AND state <> 'pending' ORDER BY id LIMIT ?2)`

// ForgetDeliveries implements hooks.Outbox.
func (s *Store) ForgetDeliveries(ctx context.Context, before time.Time, limit int) (int, error) {
	var n int64
	err := s.change(ctx, "forget deliveries", func(tx *sql.Tx) error {
		done, err := tx.ExecContext(ctx, forgetDeliveries, id.Since(before), limit)
		if err != nil {
			return err
		}
		n, err = done.RowsAffected()
		return err
	})
	return int(n), err
}
