package auth

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/broked/broked/internal/fault"
)

// How long the tokens are good that a service account gets for its key.
const (
	ServiceSessionLife = 15 * time.Minute
	AccessLife         = time.Hour
)

// Scope is a part of what a service account may do, as OAuth 2.0 names it.
type Scope string

// The scopes.
const (
	ScopeRead  Scope = "read"
	ScopeWrite Scope = "write"
)

// Access is by what a service account has come.
type Access string

// The ways of a service account.
const (
	ByKey     Access = ""                // with its key itself
	BySession Access = "service_session" // with the token of a short session
	ByOAuth   Access = "access_token"    // with an OAuth 2.0 access token
)

// AccessToken stands for a service account for a while. It ends at once when the
// account does.
type AccessToken struct {
	ID        TokenID
	Text      string // a JWT
	Access    Access
	Service   ServiceID
	Name      string // of the service
	Scopes    []Scope
	IssuedAt  time.Time
	ExpiresAt time.Time
}

// TokenID identifies an access token: the SHA-256 of its id, in hexadecimal.
type TokenID string

// AccessStore remembers what must be known of access tokens. Package store
// implements it; every method is one transaction.
type AccessStore interface {
	// ServiceInUse returns a service account and the role of its owner now, as
	// KeyHolder does. It is a NotFound fault, too, when token was revoked.
	ServiceInUse(ctx context.Context, id ServiceID, token TokenID, now time.Time) (ServiceAccount, Role, error)
	// NoteIssued tells the audit log of a new token.
	NoteIssued(ctx context.Context, t AccessToken) error
	// RevokeToken ends a token before its time. To revoke it again changes nothing.
	RevokeToken(ctx context.Context, t AccessToken, now time.Time) error
}

// OpenServiceSession gives the service account whose key the actor has shown a
// token for ServiceSessionLife. A session does not open another one, and the
// server's own key, which no administrator can revoke, opens none.
func (s *Service) OpenServiceSession(ctx context.Context, a Actor) (AccessToken, error) {
	switch {
	case a.Service == "":
		return AccessToken{}, fault.New(fault.Unknown, "send the token of a service account: Authorization: Bearer brk_...")
	case a.Token.Access != ByKey:
		return AccessToken{}, fault.New(fault.Denied, "a session is opened with the key of the service, not with another session or token").With("key_required")
	case a.Service == ServerKey:
		return AccessToken{}, fault.New(fault.Denied, "the server's own key opens no sessions: make a service account").With("key_required")
	}
	return s.issue(ctx, a, BySession, nil)
}

// Client returns the service account that an OAuth 2.0 client is: its id is the
// account's id, and its secret the account's key. Whatever does not fit is an
// Unknown fault with code invalid_client.
func (s *Service) Client(ctx context.Context, id, secret string) (Actor, error) {
	a, err := s.keys.actor(ctx, secret)
	if err == nil && a.Service == ServiceID(id) && a.Service != ServerKey {
		return a, nil
	}
	if err != nil && fault.KindOf(err) != fault.Unknown {
		return Actor{}, err
	}
	return Actor{}, fault.Wrap(fault.Unknown, err, "the client is not known, or its secret is wrong, has expired or was revoked").With("invalid_client")
}

// GrantAccess gives a client an access token with the scopes that it asks for,
// separated by single spaces (RFC 6749 section 3.3), or with all that its
// account has when it asks for none. A scope that is not one, or more than the
// account has, is an Invalid fault with code invalid_scope.
func (s *Service) GrantAccess(ctx context.Context, client Actor, asked string) (AccessToken, error) {
	has := scopesOf(client.Granted)
	if len(has) == 0 {
		return AccessToken{}, fault.New(fault.Invalid, "the service account has no permissions: an administrator switches them on").With("invalid_scope")
	}
	if asked == "" {
		return s.issue(ctx, client, ByOAuth, has)
	}
	var scopes []Scope
	for word := range strings.SplitSeq(asked, " ") {
		scope := Scope(word)
		if !slices.Contains(has, scope) {
			return AccessToken{}, fault.New(fault.Invalid, "the scope may be any of these, separated by one space: %s", JoinScopes(has)).With("invalid_scope")
		}
		scopes = append(scopes, scope)
	}
	slices.Sort(scopes)
	return s.issue(ctx, client, ByOAuth, slices.Compact(scopes))
}

// JoinScopes returns scopes as OAuth 2.0 writes them.
func JoinScopes(scopes []Scope) string {
	words := make([]string, len(scopes))
	for i, s := range scopes {
		words[i] = string(s)
	}
	return strings.Join(words, " ")
}

func (s *Service) issue(ctx context.Context, a Actor, by Access, scopes []Scope) (AccessToken, error) {
	life, kind := ServiceSessionLife, serviceToken
	if by == ByOAuth {
		life, kind = AccessLife, accessToken
	}
	now := s.now().UTC().Truncate(time.Second)
	jti := newTokenID()
	t := AccessToken{
		ID: TokenID(sessionOf(jti)), Access: by, Service: a.Service, Name: a.Name, Scopes: scopes, IssuedAt: now, ExpiresAt: now.Add(life),
	}
	var err error
	t.Text, err = s.signer.sign(kind, claims{
		Subject: string(a.Service), Client: string(a.Service), Username: a.Name, Scope: JoinScopes(scopes),
		Issuer: issuer, Audience: audience, ID: jti, IssuedAt: now.Unix(), ExpiresAt: t.ExpiresAt.Unix(),
	})
	if err != nil {
		return AccessToken{}, err
	}
	return t, s.store.NoteIssued(ctx, t)
}

// byAccess returns the service account that an access token stands for.
func (s *Service) byAccess(ctx context.Context, t AccessToken, now time.Time) (Actor, error) {
	account, ceiling, err := s.store.ServiceInUse(ctx, t.Service, t.ID, now)
	if fault.KindOf(err) == fault.NotFound {
		return Actor{}, fault.Wrap(fault.Unknown, err, "the token was revoked, or its service account was").With("invalid_token")
	}
	if err != nil {
		return Actor{}, err
	}
	s.keys.touch(ctx, account, now)
	a := actorOf(account, ceiling)
	a.Token = t
	a.Granted = slices.DeleteFunc(a.Granted, func(p Permission) bool { return !t.carries(p) })
	return a, nil
}

// carries reports whether a token carries a permission that its account has. A
// service's session does not make services: what is short must not beget what
// lasts.
func (t AccessToken) carries(p Permission) bool {
	if t.Access == BySession {
		return p != ServicesManage
	}
	return p.scope() == "" || slices.Contains(t.Scopes, p.scope())
}

func tokenOf(kind tokenKind, c claims) AccessToken {
	t := AccessToken{
		ID: TokenID(sessionOf(c.ID)), Access: BySession, Service: ServiceID(c.Subject), Name: c.Username,
		IssuedAt: time.Unix(c.IssuedAt, 0).UTC(), ExpiresAt: time.Unix(c.ExpiresAt, 0).UTC(),
	}
	if kind == accessToken {
		t.Access = ByOAuth
		for word := range strings.FieldsSeq(c.Scope) {
			t.Scopes = append(t.Scopes, Scope(word))
		}
	}
	return t
}

// Introspect returns an access token of the client, and whether it is one and
// good now (RFC 7662). Of the tokens of others the client learns nothing.
func (s *Service) Introspect(ctx context.Context, client Actor, text string) (AccessToken, bool, error) {
	now := s.now()
	kind, c, err := s.signer.read(text, now)
	t := tokenOf(kind, c)
	if err != nil || kind == sessionToken || t.Service != client.Service {
		return AccessToken{}, false, nil //nolint:nilerr // what is no token is not active
	}
	account, _, err := s.store.ServiceInUse(ctx, t.Service, t.ID, now)
	if fault.KindOf(err) == fault.NotFound {
		return AccessToken{}, false, nil
	}
	t.Name = account.Name
	return t, err == nil, err
}

// RevokeToken ends an access token of the client before its time (RFC 7009).
// What is no token, or not the client's, is left alone without a word.
func (s *Service) RevokeToken(ctx context.Context, client Actor, text string) error {
	now := s.now()
	kind, c, err := s.signer.read(text, now)
	t := tokenOf(kind, c)
	if err != nil || kind == sessionToken || t.Service != client.Service {
		return nil //nolint:nilerr // RFC 7009 section 2.2
	}
	return s.store.RevokeToken(ctx, t, now)
}

// scopesOf returns the scopes that granted permissions make up.
func scopesOf(granted []Permission) []Scope {
	var scopes []Scope
	for _, scope := range []Scope{ScopeRead, ScopeWrite} {
		if slices.ContainsFunc(granted, func(p Permission) bool { return p.scope() == scope }) {
			scopes = append(scopes, scope)
		}
	}
	return scopes
}

// scope returns the scope that an access token needs for p; "" when any will do.
func (p Permission) scope() Scope {
	_, deed, found := strings.Cut(string(p), ".")
	switch {
	case p == SignedIn || p == AnyPassword || !found:
		return ""
	case deed == "view" || deed == "view_secrets" || deed == "export":
		return ScopeRead
	}
	return ScopeWrite
}

// ScopeError says that an access token lacks a scope, which its account may have.
type ScopeError struct {
	Scope      Scope
	Permission Permission // that needs the scope
}

// Error implements error.
func (e *ScopeError) Error() string { return e.fault().Error() }

// Unwrap returns the fault that e is.
func (e *ScopeError) Unwrap() error { return e.fault() }

func (e *ScopeError) fault() *fault.Error {
	return fault.New(fault.Denied, "the access token lacks the scope %s, which the permission %s needs", e.Scope, e.Permission).With("insufficient_scope")
}
