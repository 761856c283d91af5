package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"time"

	"github.com/broked/broked/internal/auth"
)

const (
	lastAudit = `
		SELECT seq, hash
		FROM audit
		ORDER BY seq DESC
		LIMIT 1`
	insertAudit = `
		INSERT INTO audit (seq, at, event, actor_id, actor, actor_kind, address, agent, request_id, target, outcome, details, hash, workspace_id)
		VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)`
)

// audit appends e to the audit log, in the transaction of the change that it
// tells: there is no change without its record, and no record of a change that
// was not made.
func (*Store) audit(ctx context.Context, tx *sql.Tx, e auth.AuditEvent) error {
	r, err := record(ctx, e)
	if err != nil {
		return err
	}
	var last []byte
	err = tx.QueryRowContext(ctx, lastAudit).Scan(&r.Seq, &last)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	r.Seq++
	sum, err := chain(last, r)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, insertAudit,
		r.Seq, millis(r.At), r.Event, r.ActorID, r.Actor, r.ActorKind, r.Address, r.Agent, r.RequestID, r.Target, r.Outcome, string(r.Details), sum, r.Workspace)
	return err
}

// Note implements auth.Store.
func (s *Store) Note(ctx context.Context, e auth.AuditEvent) error {
	return s.change(ctx, "note "+e.Event, func(tx *sql.Tx) error { return s.audit(ctx, tx, e) })
}

// record is e with who, from where and when, but without its place in the log.
func record(ctx context.Context, e auth.AuditEvent) (auth.AuditRecord, error) {
	if e.Details == nil {
		e.Details = map[string]any{}
	}
	details, err := json.Marshal(e.Details)
	if err != nil {
		return auth.AuditRecord{}, err
	}
	actor, acts := auth.ActorFrom(ctx)
	origin, asked := auth.OriginFrom(ctx)
	in := auth.WorkspaceFrom(ctx)
	if !in.Valid() {
		in = "" // somebody who belongs to none
	}
	kind := actor.Kind()
	if !acts && !asked {
		kind = "system"
	}
	return auth.AuditRecord{
		At: moment(millis(time.Now())), Event: e.Event, ActorID: actor.ID(), Actor: actor.Name, ActorKind: kind,
		Address: origin.Address, Agent: origin.Agent, RequestID: origin.RequestID,
		Target: e.Target, Outcome: e.Outcome, Details: details, Workspace: in,
	}, nil
}

// chain returns the hash of r after the record whose hash is last.
func chain(last []byte, r auth.AuditRecord) ([]byte, error) {
	r.Hash = ""
	text, err := json.Marshal(r)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(append(bytes.Clone(last), text...))
	return sum[:], nil
}

// A row chosen by nothing but its number is found by the key; the others are
// looked for among all, which an administrator may wait for.
const auditPage = `
	SELECT seq, at, event, actor_id, actor, actor_kind, address, agent, request_id, target, outcome, details, hash, workspace_id
	FROM audit
	WHERE (seq < ?1 OR ?1 = 0) AND (?2 = '' OR event = ?2) AND (?3 = '' OR actor_id = ?3 OR actor = ?3) AND (?4 = '' OR target = ?4)
		AND at >= ?5 AND (at < ?6 OR ?6 = 0)
		AND (
			?8 = '' OR workspace_id = ?8
			OR workspace_id = '' AND target IN (SELECT user_id FROM workspace_members WHERE workspace_id = ?8)
			OR workspace_id = '' AND ?8 = 'default' AND target NOT IN (SELECT user_id FROM workspace_members)
		)
	ORDER BY seq DESC
	LIMIT ?7`

// AuditRecords implements auth.Store.
func (s *Store) AuditRecords(ctx context.Context, f auth.AuditFilter) ([]auth.AuditRecord, error) {
	var since, until int64
	if !f.Since.IsZero() {
		since = millis(f.Since)
	}
	if !f.Until.IsZero() {
		until = millis(f.Until)
	}
	rows, err := s.db.read.QueryContext(ctx, auditPage, f.Before, f.Event, f.Actor, f.Target, since, until, f.Limit, f.Workspace)
	all, err := collect(rows, err, func(r *sql.Rows) (auth.AuditRecord, error) {
		a, sum, err := scanAudit(r)
		a.Hash = hex.EncodeToString(sum)
		return a, err
	})
	return all, border("audit records", err)
}

func scanAudit(row scanner) (auth.AuditRecord, []byte, error) {
	var a auth.AuditRecord
	var at int64
	var details, sum []byte
	err := row.Scan(&a.Seq, &at, &a.Event, &a.ActorID, &a.Actor, &a.ActorKind, &a.Address, &a.Agent, &a.RequestID, &a.Target, &a.Outcome, &details, &sum, &a.Workspace)
	a.At, a.Details = moment(at), details
	return a, sum, err
}

const wholeAudit = `
	SELECT seq, at, event, actor_id, actor, actor_kind, address, agent, request_id, target, outcome, details, hash, workspace_id
	FROM audit
	ORDER BY seq`

// VerifyAudit implements auth.Store.
func (s *Store) VerifyAudit(ctx context.Context) (auth.AuditVerdict, error) {
	rows, err := s.db.read.QueryContext(ctx, wholeAudit)
	if err != nil {
		return auth.AuditVerdict{}, border("verify audit", err)
	}
	defer rows.Close()
	var last []byte
	var v auth.AuditVerdict
	for rows.Next() {
		r, sum, err := scanAudit(rows)
		if err != nil {
			return auth.AuditVerdict{}, border("verify audit", err)
		}
		want, err := chain(last, r)
		if r.Seq != v.Checked+1 || err != nil || !bytes.Equal(sum, want) {
			v.BrokenAt, v.Head = r.Seq, hex.EncodeToString(last)
			return v, nil
		}
		v.Checked, last = r.Seq, sum
	}
	v.OK, v.Head = true, hex.EncodeToString(last)
	return v, border("verify audit", rows.Err())
}
