package main

import (
	"context"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/store"
)

// tellStarted tells the audit log that the server answers from now on, and what
// it is.
func (s *assembled) tellStarted(ctx context.Context, address string) {
	ctx = context.WithoutCancel(ctx) // also when it is told to stop at once
	details := map[string]any{"version": version, "address": address}
	if info, err := s.db.Info(ctx); err == nil {
		details["database"], details["schema"] = info.Engine, info.Schema
	}
	if needs, err := s.auth.NeedsSetup(ctx); err == nil {
		details["open"] = needs
	}
	s.auth.Tell(ctx, auth.AuditEvent{Event: "sys_startup", Outcome: auth.Success, Details: details})
}

// tellStopped tells the audit log that the server was stopped. One that was
// killed leaves its start without it.
func (s *assembled) tellStopped(ctx context.Context, err error) {
	e := auth.AuditEvent{Event: "sys_shutdown", Outcome: auth.Success}
	if err != nil {
		e.Outcome = auth.Failure
	}
	s.auth.Tell(ctx, e)
}

// tellRecovered says which runs were cut short when the server last ended, and
// what has become of them.
func (s *assembled) tellRecovered(ctx context.Context, r store.Recovered) {
	if len(r.PutBack)+len(r.Failed)+len(r.Cancelled) == 0 {
		return
	}
	s.log.WarnContext(ctx, "runs were cut short when the server last ended", "put_back", len(r.PutBack),
		"failed", len(r.Failed), "cancelled", len(r.Cancelled))
	err := s.memory.Note(context.WithoutCancel(ctx), auth.AuditEvent{Event: "sys_crash_recovered", Outcome: auth.Success, Details: map[string]any{
		"put_back": len(r.PutBack), "failed": len(r.Failed), "cancelled": len(r.Cancelled),
	}})
	if err != nil {
		s.log.WarnContext(ctx, "the audit log is not told", "event", "sys_crash_recovered", "error", err)
	}
}
