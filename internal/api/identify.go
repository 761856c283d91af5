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
	"github.com/broked/broked/internal/fault"
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

// credential returns the token of a request: that of its Authorization header,
// else that of its cookie, else "". A header that is there but is of no use never
// gives way to the cookie or to open mode.
func credential(c huma.Context) (string, error) {
	var headers []string
	var cookies []*http.Cookie
	c.EachHeader(func(name, value string) {
		switch name {
		case "Authorization":
			headers = append(headers, value)
		case "X-Api-Key":
			headers = append(headers, "key "+value)
		case "Cookie":
			if parsed, err := http.ParseCookie(value); err == nil {
				cookies = append(cookies, parsed...)
			}
		}
	})
	switch len(headers) {
	case 0:
		for _, cookie := range cookies {
			if cookie.Name == cookieName {
				return cookie.Value, nil
			}
		}
		return "", nil
	case 1:
		scheme, token, _ := strings.Cut(headers[0], " ")
		if token = strings.TrimSpace(token); !strings.EqualFold(scheme, "Bearer") || token == "" {
			return "", fault.New(fault.Unknown, "the credential is not one that this server takes").With("invalid_token")
		}
		return token, nil
	}
	return "", fault.New(fault.Invalid, "the request has more than one credential")
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
