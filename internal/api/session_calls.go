package api

import (
	"context"
	"net/http"

	"github.com/broked/broked/internal/auth"
)

func (s *server) sessionCalls() {
	register(s, call{
		method: http.MethodGet, path: "/api/auth/sessions", may: auth.SignedIn, tag: "auth",
		summary: "List one's sessions, or as a manager of accounts those of another",
	}, s.listSessions)
	register(s, call{
		method: http.MethodDelete, path: "/api/auth/sessions/{id}", may: auth.SignedIn, tag: "auth", status: http.StatusNoContent,
		summary: "End a session",
	}, s.endSession)
	register(s, call{
		method: http.MethodDelete, path: "/api/auth/sessions", may: auth.SignedIn, tag: "auth",
		summary: "End one's other sessions",
	}, s.endOtherSessions)
	register(s, call{
		method: http.MethodPost, path: "/api/auth/signing-key/rotate", may: auth.RotateKeys, tag: "auth",
		summary: "Sign sessions by a new key from now on",
	}, s.rotateKeys)
}

func (s *server) listSessions(ctx context.Context, in *struct {
	User auth.UserID `query:"user_id" maxLength:"128" doc:"Account whose sessions to list; one's own when not given"`
},
) (*body[[]auth.SessionInfo], error) {
	actor, _ := auth.ActorFrom(ctx)
	all, err := s.Auth.Sessions(ctx, actor, in.User)
	if err != nil {
		return nil, err
	}
	return &body[[]auth.SessionInfo]{all}, nil
}

func (s *server) endSession(ctx context.Context, in *struct {
	ID auth.SessionID `path:"id" maxLength:"128"`
},
) (*struct{}, error) {
	actor, _ := auth.ActorFrom(ctx)
	return nil, s.Auth.EndSession(ctx, actor, in.ID)
}

type sessionsEnded struct {
	Ended int `json:"ended" doc:"How many sessions there were"`
}

func (s *server) endOtherSessions(ctx context.Context, _ *struct{}) (*body[sessionsEnded], error) {
	actor, _ := auth.ActorFrom(ctx)
	n, err := s.Auth.EndOtherSessions(ctx, actor)
	if err != nil {
		return nil, err
	}
	return &body[sessionsEnded]{sessionsEnded{n}}, nil
}

type rotation struct {
	RevokeAll bool `json:"revoke_all,omitempty" doc:"End all sessions, also one's own: the old key is not to be trusted"`
}

func (s *server) rotateKeys(ctx context.Context, in *struct{ Body rotation }) (*body[auth.Rotated], error) {
	r, err := s.Auth.RotateKeys(ctx, in.Body.RevokeAll)
	if err != nil {
		return nil, err
	}
	return &body[auth.Rotated]{r}, nil
}
