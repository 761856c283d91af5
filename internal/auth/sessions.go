package auth

import (
	"context"
	"time"

	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/id"
)

// SessionInfo describes a session to people. Its id opens nothing.
type SessionInfo struct {
	ID        SessionID  `json:"id"`
	User      UserID     `json:"user_id"`
	Username  string     `json:"username"`
	CreatedAt time.Time  `json:"created_at"`
	ExpiresAt time.Time  `json:"expires_at"`
	LastSeen  *time.Time `json:"last_seen_at,omitempty" doc:"To the minute"`
	Address   string     `json:"address" doc:"Where the sign-in came from"`
	Agent     string     `json:"agent" doc:"What the browser called itself"`
	Current   bool       `json:"current" doc:"It is the session of this request"`
}

// Sessions returns the sessions of an account, newest first. An empty user means
// the actor's own; those of others need ManageUsers.
func (s *Service) Sessions(ctx context.Context, a Actor, user UserID) ([]SessionInfo, error) {
	if user == "" {
		user = a.User
	}
	if user != a.User {
		if err := a.May(ManageUsers); err != nil {
			return nil, err
		}
		if _, err := s.User(ctx, user); err != nil {
			return nil, err
		}
	}
	all, err := s.store.Sessions(ctx, user, time.Now())
	for i := range all {
		all[i].Current = all[i].ID == a.Session
	}
	return all, err
}

// EndSession ends a session of the actor, or with ManageUsers one of an account
// that is not above theirs. To everybody else it is not there.
func (s *Service) EndSession(ctx context.Context, a Actor, session SessionID) error {
	gone := fault.New(fault.NotFound, "there is no such session").With("session_not_found")
	if !id.Plausible(string(session)) {
		return gone
	}
	_, u, err := s.store.SessionUser(ctx, session, time.Now())
	if fault.KindOf(err) == fault.NotFound {
		return gone
	}
	if err != nil {
		return err
	}
	if u.ID != a.User {
		if a.May(ManageUsers) != nil {
			return gone
		}
		if err := a.above(u.Role); err != nil {
			return err
		}
	}
	return s.store.EndSession(ctx, session)
}

// EndOtherSessions ends all sessions of the actor but the one that asks, and
// returns how many there were.
func (s *Service) EndOtherSessions(ctx context.Context, a Actor) (int, error) {
	return s.store.EndOtherSessions(ctx, a.User, a.Session)
}

// seenEvery is how often it is noted that a session is used.
const seenEvery = time.Minute

// seen notes that a session is used. A note that cannot be made is no reason to
// refuse a request.
func (s *Service) seen(ctx context.Context, session Session, now time.Time) {
	last := session.CreatedAt
	if session.LastSeen != nil {
		last = *session.LastSeen
	}
	if now.Sub(last) < seenEvery {
		return
	}
	if err := s.store.TouchSession(ctx, session.ID, now, seenEvery); err != nil {
		s.log.WarnContext(ctx, "last use of a session was not noted", "error", err)
	}
}
