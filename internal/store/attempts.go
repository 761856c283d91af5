package store

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"time"

	"github.com/broked/broked/internal/auth"
)

const (
	// After the clock went back, a lock lasts no longer than it would have anyway.
	clampAttempts = `
		UPDATE login_attempts
		SET
			locked_until = CASE WHEN locked_until > ?3 THEN ?3 ELSE locked_until END,
			window_start = CASE WHEN window_start > ?2 THEN ?2 ELSE window_start END
		WHERE key = ?1 AND (locked_until > ?3 OR window_start > ?2)`
	// What is over is forgotten for all keys, which keeps the table small.
	deleteAttempts = `
		DELETE FROM login_attempts
		WHERE window_start <= ?2 AND locked_until <= ?1`
	reserveAttempt = `
		INSERT INTO login_attempts (key, attempts, window_start, locked_until)
		VALUES (?1, 1, ?2, 0)
		ON CONFLICT (key) DO UPDATE SET attempts = login_attempts.attempts + 1
		WHERE login_attempts.attempts < ?3 AND login_attempts.locked_until = 0
		RETURNING attempts`
	// Used up but not locked: the verdicts are still to come, or never will.
	attemptsFreeAt = `
		SELECT CASE WHEN locked_until > window_start + ?2 THEN locked_until ELSE window_start + ?2 END
		FROM login_attempts
		WHERE key = ?1`
)

// ReserveAttempt implements auth.Store.
func (s *Store) ReserveAttempt(ctx context.Context, key string, now time.Time) (locked time.Duration, err error) {
	at, window := millis(now), auth.LockWindow.Milliseconds()
	err = s.change(ctx, "reserve attempt", func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, clampAttempts, key, at, at+window); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, deleteAttempts, at, at-window); err != nil {
			return err
		}
		var attempts int
		err := tx.QueryRowContext(ctx, reserveAttempt, key, at, auth.MaxFailures).Scan(&attempts)
		if !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		var free int64
		err = tx.QueryRowContext(ctx, attemptsFreeAt, key, window).Scan(&free)
		locked = time.Duration(free-at) * time.Millisecond
		return err
	})
	return locked, err
}

const failAttempt = `
	UPDATE login_attempts
	SET locked_until = ?2
	WHERE key = ?1 AND attempts >= ?3 AND locked_until = 0`

// FailAttempt implements auth.Store. The log is told the account or the
// hash of a name, never the name that was typed: people type passwords there.
func (s *Store) FailAttempt(ctx context.Context, key string, now time.Time) error {
	return s.change(ctx, "fail attempt", func(tx *sql.Tx) error {
		user, _, _ := strings.Cut(strings.TrimPrefix(key, auth.AttemptKey("")), " ")
		failure := auth.AuditEvent{Event: "authn_login_fail", Target: user, Outcome: auth.Failure}
		if err := s.audit(ctx, tx, failure); err != nil {
			return err
		}
		locked, err := affected(tx.ExecContext(ctx, failAttempt, key, millis(now.Add(auth.LockWindow)), auth.MaxFailures))
		if err != nil || !locked {
			return err
		}
		failure.Event = "authn_login_lock"
		return s.audit(ctx, tx, failure)
	})
}
