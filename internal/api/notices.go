package api

import (
	"context"
	"errors"
	"time"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/fault"
)

// How often the audit log is told the same of the same caller.
const (
	refusedEvery = time.Minute
	openEvery    = 10 * time.Minute
)

// noteRefusal tells the audit log that a request was refused for what its caller
// may do, or for how much was asked.
func (s *server) noteRefusal(ctx context.Context, err error) {
	n := auth.Notice{Every: refusedEvery, Outcome: auth.Failure}
	limited, isLimited := errors.AsType[*limitedError](err)
	switch kind := fault.KindOf(err); {
	case isLimited:
		n.Event, n.About = "excess_rate_limit_exceeded", string(limited.class)
		n.Details = map[string]any{"class": limited.class}
	case kind == fault.Denied:
		n.Event, n.About = "authz_fail", fault.MessageOf(err)
		n.Details = map[string]any{"code": fault.CodeOf(err), "reason": fault.MessageOf(err)}
	case kind == fault.Unavailable && fault.CodeOf(err) == "busy":
		n.Event = "hash_queue_full"
	default:
		return
	}
	s.Auth.Notice(ctx, n)
}

// noteOpen tells the audit log who used the server while it had no account.
func (s *server) noteOpen(ctx context.Context, a auth.Actor) {
	if a.Open {
		s.Auth.Notice(ctx, auth.Notice{Event: "open_mode_request", Every: openEvery, Outcome: auth.Success})
	}
}
