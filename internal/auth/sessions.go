package auth

import (
	"context"
	"slices"
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
	now := s.now()
	all, err := s.store.Sessions(ctx, user, now)
	all = slices.DeleteFunc(all, func(n SessionInfo) bool { return s.idled(n.CreatedAt, n.LastSeen, now) })
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
	_, u, err := s.store.SessionUser(ctx, session, s.now(), "")
	if fault.KindOf(err) == fault.NotFound {
		return gone
	}
	if err != nil {
		return err
	}
	switch {
	case u.ID == a.User:
		return s.store.EndSession(ctx, session)
	case a.May(ManageUsers) != nil:
		return gone
	}
	u, err = s.store.User(ctx, u.ID)
	if fault.KindOf(err) == fault.NotFound {
		return gone // out of their sight
	}
	if err != nil {
		return err
	}
	if err := a.above(u.Role); err != nil {
		return err
	}
	return s.store.EndSession(ctx, session)
}

// EndOtherSessions ends all sessions of the actor but the one that asks, and
// returns how many there were.
func (s *Service) EndOtherSessions(ctx context.Context, a Actor) (int, error) {
	return s.store.EndOtherSessions(ctx, a.User, a.Session)
}

// Rotated is what became of a signing key that another took the place of.
type Rotated struct {
	VerifiesUntil *time.Time `json:"old_key_verifies_until,omitempty" doc:"Until when tokens of before work; absent when they do not work any longer"`
	Ended         int        `json:"sessions_ended" doc:"How many sessions have ended by it"`
}

// RotateKeys makes a new key that signs session tokens. Sessions go on, and the
// old key verifies for as long as they last; with revokeAll all sessions end. A
// key that was given by the environment is a Conflict fault with code key_given.
func (s *Service) RotateKeys(ctx context.Context, revokeAll bool) (Rotated, error) {
	var r Rotated
	// A caller who leaves must not undo the record of what the files already say.
	ctx = context.WithoutCancel(ctx)
	ended, err := s.store.RotateSigning(ctx, revokeAll, func() error {
		ends, err := s.signer.keys.rotate(s.now().UTC().Truncate(time.Second), revokeAll)
		if err == nil && !revokeAll {
			r.VerifiesUntil = &ends
		}
		return err
	})
	r.Ended = ended
	return r, err
}

// idled reports whether a session that began and was seen then has not been used
// for so long that it is over.
func (s *Service) idled(began time.Time, seen *time.Time, now time.Time) bool {
	last := began
	if seen != nil {
		last = *seen
	}
	return s.idle > 0 && now.Sub(last) >= s.idle
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
