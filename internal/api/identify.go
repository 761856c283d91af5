package api

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/broked/broked/internal/auth"
)

const cookieName = "brokoli_session"

// identify finds out who is calling.
func (s *server) identify(ctx context.Context, c huma.Context, caller auth.Caller) (auth.Actor, error) {
	token, err := credential(c)
	if err != nil {
		return auth.Actor{}, err
	}
	return s.Auth.Authenticate(ctx, token, caller)
}

// caller tells where a request comes from. It is local only when the peer is
// this machine, no proxy stands in between, and the name it was called by cannot
// be a stranger's that points here (DNS rebinding).
func (s *server) caller(c huma.Context) auth.Caller {
	host, _, err := net.SplitHostPort(c.RemoteAddr())
	if err != nil {
		host = c.RemoteAddr()
	}
	peer, err := netip.ParseAddr(host)
	local := err == nil && peer.Unmap().IsLoopback() && s.trustedHost(c.Host())
	for _, proxy := range []string{"Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-Ip"} {
		if c.Header(proxy) != "" {
			local = false
		}
	}
	return auth.Caller{Local: local, Address: host, Agent: c.Header("User-Agent")}
}

func (s *server) trustedHost(hostport string) bool {
	host := hostport
	if h, _, err := net.SplitHostPort(hostport); err == nil {
		host = h
	}
	host = strings.ToLower(strings.Trim(host, "[]"))
	if addr, err := netip.ParseAddr(host); err == nil {
		return addr.Unmap().IsLoopback()
	}
	return host == "localhost" || s.PublicHost != "" && host == strings.ToLower(s.PublicHost)
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
