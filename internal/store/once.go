package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/runs"
)

const (
	// What is over is forgotten for all keys, which keeps the table small.
	forgetKeys = `
		DELETE FROM idempotency_keys
		WHERE created_at <= ?1 AND kept_until <= ?2`
	runOfKey = `
		SELECT request, run_id
		FROM idempotency_keys
		WHERE scope = ?1 AND key = ?2`
	keepKey = `
		INSERT INTO idempotency_keys (scope, key, request, run_id, created_at, kept_until)
		VALUES (?1, ?2, ?3, ?4, ?5, ?6)`
)

// earlier returns the run that a request has started before; "" is none. Another
// request with the same key is a Conflict fault.
func earlier(ctx context.Context, tx *sql.Tx, o runs.Once, now time.Time) (runs.ID, error) {
	if o.Key == "" {
		return "", nil
	}
	if _, err := tx.ExecContext(ctx, forgetKeys, millis(now.Add(-runs.KeyLife)), millis(now)); err != nil {
		return "", err
	}
	var request string
	var run runs.ID
	err := tx.QueryRowContext(ctx, runOfKey, o.Scope, o.Key).Scan(&request, &run)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return "", nil
	case err == nil && request != o.Request:
		err = fault.New(fault.Conflict, "this Idempotency-Key was used for something else: run %s; give each request a key of its own", run).With("idempotency_key_reused")
	}
	return run, err
}

// noteOnce remembers which run a request has started.
func noteOnce(ctx context.Context, tx *sql.Tx, o runs.Once, r runs.Run) error {
	if o.Key == "" {
		return nil
	}
	_, err := tx.ExecContext(ctx, keepKey, o.Scope, o.Key, o.Request, r.ID, millis(r.CreatedAt), millis(r.CreatedAt.Add(max(o.Life, runs.KeyLife))))
	return err
}
