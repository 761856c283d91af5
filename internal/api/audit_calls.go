package api

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/broked/broked/internal/auth"
)

func (s *server) auditCalls() {
	register(s, call{
		method: http.MethodGet, path: "/api/audit", may: auth.AuditView, tag: "audit",
		summary: "List what was done in the workspace, newest first; to superadmins, in all",
	}, s.listAudit)
	register(s, call{
		method: http.MethodGet, path: "/api/audit/verify", may: auth.AuditView, tag: "audit",
		summary: "Check that the audit log is as it was written",
	}, s.verifyAudit)
}

func (s *server) listAudit(ctx context.Context, in *struct {
	After  int64     `query:"after" minimum:"0" doc:"The cursor of the answer before"`
	Limit  int       `query:"limit" minimum:"0" maximum:"500" doc:"How many records, 25 when 0"`
	Event  string    `query:"event" maxLength:"128" doc:"Only this event, such as user_created"`
	Actor  string    `query:"actor" maxLength:"512" doc:"Only what this account or key did, by id or name"`
	Target string    `query:"target" maxLength:"128" doc:"Only what was done to this id"`
	Since  time.Time `query:"since" doc:"Only from this time on"`
	Until  time.Time `query:"until" doc:"Only before this time"`
},
) (*body[cursorPage[auth.AuditRecord]], error) {
	limit := orDefault(in.Limit)
	actor, _ := auth.ActorFrom(ctx)
	items, err := s.Auth.Audit(ctx, actor, auth.AuditFilter{
		Before: in.After, Event: in.Event, Actor: in.Actor, Target: in.Target, Since: in.Since, Until: in.Until, Limit: limit + 1,
	})
	if err != nil {
		return nil, err
	}
	page := cursorPage[auth.AuditRecord]{Items: items, Limit: limit}
	if len(items) > limit {
		page.Items, page.HasNext = items[:limit], true
		page.Cursor = strconv.FormatInt(page.Items[limit-1].Seq, 10)
	}
	return &body[cursorPage[auth.AuditRecord]]{page}, nil
}

func (s *server) verifyAudit(ctx context.Context, _ *struct{}) (*body[auth.AuditVerdict], error) {
	v, err := s.Auth.VerifyAudit(ctx)
	if err != nil {
		return nil, err
	}
	return &body[auth.AuditVerdict]{v}, nil
}
