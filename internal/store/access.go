package store

import (
	"context"
	"database/sql"
	"time"

	"github.com/broked/broked/internal/auth"
)

const serviceInUse = servicesInUse + `
		AND s.id = ?1 AND NOT EXISTS (SELECT 1 FROM revoked_tokens t WHERE t.id = ?3)`

// ServiceInUse implements auth.AccessStore.
func (s *Store) ServiceInUse(ctx context.Context, id auth.ServiceID, token auth.TokenID, now time.Time) (auth.ServiceAccount, auth.Role, error) {
	return scanHolder(s.db.read.find(ctx, serviceInUse, id, millis(now), token))
}

// NoteIssued implements auth.AccessStore.
func (s *Store) NoteIssued(ctx context.Context, t auth.AccessToken) error {
	return s.change(ctx, "note issued token", func(tx *sql.Tx) error {
		return s.audit(ctx, tx, aboutToken("token_issued", t))
	})
}

// aboutToken is an event of a token, by the service account that it stands for.
func aboutToken(event string, t auth.AccessToken) auth.AuditEvent {
	details := map[string]any{"service_name": t.Name, "kind": t.Access, "expires_at": t.ExpiresAt}
	if t.Access == auth.ByOAuth {
		details["scope"] = auth.JoinScopes(t.Scopes)
	}
	return auth.AuditEvent{Event: event, Target: string(t.Service), Outcome: auth.Success, Details: details}
}

const (
	insertRevoked = `
		INSERT INTO revoked_tokens (id, ends_at)
		VALUES (?1, ?2)
		ON CONFLICT (id) DO NOTHING`
	deleteEnded = `
		DELETE FROM revoked_tokens
		WHERE ends_at < ?1`
)

// RevokeToken implements auth.AccessStore.
func (s *Store) RevokeToken(ctx context.Context, t auth.AccessToken, now time.Time) error {
	return s.change(ctx, "revoke token", func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, deleteEnded, millis(now)); err != nil {
			return err
		}
		revoked, err := affected(tx.ExecContext(ctx, insertRevoked, t.ID, millis(t.ExpiresAt)))
		if err != nil || !revoked {
			return err
		}
		return s.audit(ctx, tx, aboutToken("token_revoked", t))
	})
}
