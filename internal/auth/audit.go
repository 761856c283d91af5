package auth

import (
	"context"
	"encoding/json"
	"strings"
	"time"
)

// Outcomes of what the audit log tells.
const (
	Success = "success"
	Failure = "failure"
)

// AuditEvent is something that somebody did, or tried. Who and from where is
// taken from the context; see WithActor and WithOrigin.
type AuditEvent struct {
	Event   string         // what, such as user_created
	Target  string         // to what: the id of an account, a pipeline, a run
	Outcome string         // Success or Failure
	Details map[string]any // ids, names and numbers; never a secret
}

// AuditRecord is an event as the audit log tells it.
type AuditRecord struct {
	Seq       int64           `json:"seq" doc:"Its number in the log, without gaps"`
	At        time.Time       `json:"at"`
	Event     string          `json:"event"`
	ActorID   string          `json:"actor_id" doc:"Id of the account or key; empty when it was neither"`
	Actor     string          `json:"actor" doc:"Name of the account or key, as it was then"`
	ActorKind string          `json:"actor_kind" doc:"user, key, open (no account existed), anonymous, host (the command line) or system"`
	Address   string          `json:"address" doc:"Where the request came from"`
	Agent     string          `json:"agent" doc:"What the client called itself"`
	RequestID string          `json:"request_id"`
	Target    string          `json:"target" doc:"Id of what it was done to"`
	Outcome   string          `json:"outcome" enum:"success,failure"`
	Details   json.RawMessage `json:"details"`
	// Records from before there were workspaces hash without it.
	Workspace WorkspaceID `json:"workspace_id,omitempty" doc:"Where it happened; absent when that was in no workspace, as a sign-in"`
	Hash      string      `json:"hash" doc:"SHA-256, in hexadecimal, of the hash before and this record"`
}

// AuditFilter chooses records; members with the zero value choose all.
type AuditFilter struct {
	Before int64  // numbers below it; 0 means from the newest
	Event  string // exactly
	Actor  string // id or name
	Target string
	Since  time.Time
	Until  time.Time // not included
	Limit  int
	// Workspace chooses what happened in it, and in none to or by its members; in
	// the default one also what concerns nobody's member.
	Workspace WorkspaceID
}

// AuditVerdict tells whether the audit log is as it was written.
type AuditVerdict struct {
	OK       bool   `json:"ok"`
	Checked  int64  `json:"checked" doc:"How many records were checked"`
	BrokenAt int64  `json:"broken_at,omitempty" doc:"The first record that is not as it was written, or before which one is missing"`
	Head     string `json:"head" doc:"Hash of the last record that was checked: kept elsewhere, it shows later whether the end was cut off"`
}

// Audit returns records, newest first: a superadmin's all, everybody else's of
// their workspace.
func (s *Service) Audit(ctx context.Context, a Actor, f AuditFilter) ([]AuditRecord, error) {
	if f.Workspace = a.Workspace; a.Role == Superadmin {
		f.Workspace = ""
	} else if a.Workspace == "" {
		f.Workspace = nowhere
	}
	return s.store.AuditRecords(ctx, f)
}

// VerifyAudit checks the whole audit log.
func (s *Service) VerifyAudit(ctx context.Context) (AuditVerdict, error) {
	return s.store.VerifyAudit(ctx)
}

// Origin is where a request came from, for the audit log.
type Origin struct {
	Address   string
	Agent     string // User-Agent
	RequestID string
}

type originKey struct{}

// WithOrigin returns ctx carrying o.
func WithOrigin(ctx context.Context, o Origin) context.Context {
	o.Agent = cut(o.Agent, maxAgent)
	return context.WithValue(ctx, originKey{}, o)
}

// OriginFrom returns the origin of ctx and whether there is one.
func OriginFrom(ctx context.Context) (Origin, bool) {
	o, ok := ctx.Value(originKey{}).(Origin)
	return o, ok
}

// maxAgent is how many bytes of a User-Agent are kept.
const maxAgent = 256

// cut returns at most so many bytes of s, and valid UTF-8.
func cut(s string, most int) string {
	if len(s) > most {
		s = s[:most]
	}
	return strings.ToValidUTF8(s, "?")
}
