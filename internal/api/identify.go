package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/broked/broked/internal/auth"
)

const cookieName = "brokoli_session"

// identify finds out who is calling. Health checks are answered to nobody in
// particular, also when the accounts cannot be read.
func (s *server) identify(ctx context.Context, c huma.Context, class Class, caller auth.Caller) (auth.Actor, error) {
	token, err := s.credential(ctx, c)
	if err != nil || class == classFree {
		return auth.Actor{}, err
	}
	return s.Auth.Authenticate(ctx, token, caller)
}

// sessionCookie returns the cookie that carries a session, or ends it when token
// is "".
func sessionCookie(token string, ends time.Time, secure bool) http.Cookie {
	//nolint:gosec // Secure is set when the request came by TLS: on plain HTTP a browser would not send it back
	c := http.Cookie{Name: cookieName, Value: token, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: secure, MaxAge: -1}
	if token != "" {
		c.MaxAge = int(time.Until(ends).Round(time.Second).Seconds())
	}
	return c
}

const deviceCookie = "brokoli_device"

// signInCookies returns what a browser keeps after a sign-in: its session, and
// by what it is known at the next one.
func signInCookies(as auth.SignedInAs, secure bool) []http.Cookie {
	return []http.Cookie{
		sessionCookie(as.Token, as.ExpiresAt, secure),
		//nolint:gosec // Secure as for the session
		{
			Name: deviceCookie, Value: as.Device, Path: "/api/auth", HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: secure,
			MaxAge: int(auth.DeviceLife.Seconds()),
		},
	}
}
