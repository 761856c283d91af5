package auth

import (
	"context"
	"time"

	"github.com/broked/broked/internal/limits"
)

// allNotices bounds what callers can make the audit log grow by, whoever they
// say they are: at most 14,500 records a day, which are about 6 MB.
var allNotices = limits.Per(10, time.Minute, 100)

// Notice is an event that changed nothing, such as a refusal. The audit log is
// told of the first one in a while: who is refused all day fills no disk.
type Notice struct {
	Event   string
	About   string         // what of the same event of the same caller is told apart
	Every   time.Duration  // how long the next one of the same caller about the same is not told
	Outcome string         // Success or Failure
	Details map[string]any // as in AuditEvent
}

// Notice tells the audit log of n, unless it was told of such a one already. That
// it cannot be written is logged: the request has its answer.
func (s *Service) Notice(ctx context.Context, n Notice) {
	actor, _ := ActorFrom(ctx)
	who := actor.ID()
	if who == "" {
		origin, _ := OriginFrom(ctx)
		who = origin.Address
	}
	once := limits.Rate{Every: n.Every, Burst: 1}
	if !s.notices.Take(n.Event+"\n"+who+"\n"+n.About, once).OK || !s.notices.Take("", allNotices).OK {
		return
	}
	s.Tell(ctx, AuditEvent{Event: n.Event, Outcome: n.Outcome, Details: n.Details})
}

// Tell tells the audit log of e, which changed nothing. That it cannot be written
// is logged.
func (s *Service) Tell(ctx context.Context, e AuditEvent) {
	ctx = context.WithoutCancel(ctx) // whoever was refused may have left
	if err := s.store.Note(ctx, e); err != nil {
		s.log.WarnContext(ctx, "the audit log is not told", "event", e.Event, "error", err)
	}
}
