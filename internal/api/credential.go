package api

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/fault"
)

// credential returns the token or key of a request: that of its headers, else
// that of its cookie, else "". A header that is there but is of no use never
// gives way to the cookie or to open mode, and one in the address is refused and
// told to the audit log.
func (s *server) credential(ctx context.Context, c huma.Context) (string, error) {
	if shown, found := inAddress(c.URL()); found {
		s.Keys.Shown(ctx, shown)
		return "", fault.New(fault.Invalid, "a credential does not belong in the address, where logs keep it: send it in the header Authorization, and replace it").With("credential_in_query")
	}
	var headers []string
	var cookie string
	var authorizations int
	c.EachHeader(func(name, value string) {
		switch name {
		case "Authorization":
			authorizations++
			headers = append(headers, authorization(value))
		case "X-Api-Key":
			headers = append(headers, key(value))
		case "Cookie":
			if cookie == "" {
				cookie = sessionIn(value)
			}
		}
	})
	slices.Sort(headers)
	headers = slices.Compact(headers)
	switch {
	case slices.Contains(headers, ""):
		return "", fault.New(fault.Unknown, "the credential is not one that this server takes").With("invalid_token")
	case authorizations > 1, len(headers) > 1:
		return "", fault.New(fault.Invalid, "the request has more than one credential")
	case len(headers) == 1:
		return headers[0], nil
	}
	return cookie, nil
}

// authorization returns the token or key in an Authorization header, or "".
func authorization(header string) string {
	scheme, rest, _ := strings.Cut(header, " ")
	rest = strings.TrimSpace(rest)
	switch strings.ToLower(scheme) {
	case "bearer":
		return rest
	case "token":
		value, ok := strings.CutPrefix(rest, "token=")
		if !ok {
			return ""
		}
		if inside, quoted := strings.CutPrefix(value, `"`); quoted {
			if value, ok = strings.CutSuffix(inside, `"`); !ok {
				return ""
			}
		}
		return key(value)
	}
	return ""
}

// key returns s when it looks like an API key, else "".
func key(s string) string {
	if s = strings.TrimSpace(s); strings.HasPrefix(s, auth.KeyPrefix) {
		return s
	}
	return ""
}

// sessionIn returns the first session among the cookies of a header, or "". What
// another program on this host name has set, well or badly, does not matter.
func sessionIn(header string) string {
	r := http.Request{Header: http.Header{"Cookie": {header}}}
	all := r.CookiesNamed(cookieName)
	if len(all) == 0 {
		return ""
	}
	if all[0].Quoted { // which we never do
		return strconv.Quote(all[0].Value)
	}
	return all[0].Value
}

// inAddress returns the credential in an address, where proxies, histories and
// logs keep it, and whether there is a place for one.
func inAddress(u url.URL) (string, bool) {
	for name, values := range u.Query() {
		switch strings.ToLower(name) {
		case "api_key", "token", "access_token", "password":
			return values[0], true
		}
	}
	return "", false
}
