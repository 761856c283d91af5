package api_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/broked/broked/internal/api"
	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/limits"
)

const tokenPath = "/api/v1/auth/token"

// client is a service account as OAuth 2.0 knows it.
type client struct{ id, secret string }

func (w *world) client(name string, ps ...auth.Permission) client {
	w.t.Helper()
	id, key := w.service(name, ps...)
	return client{id, key}
}

func (c client) basic() map[string]string {
	pair := url.QueryEscape(c.id) + ":" + url.QueryEscape(c.secret)
	return map[string]string{"Authorization": "Basic " + base64.StdEncoding.EncodeToString([]byte(pair))}
}

func (c client) form(pairs ...string) string {
	v := url.Values{"client_id": {c.id}, "client_secret": {c.secret}}
	for i := 0; i < len(pairs); i += 2 {
		v.Add(pairs[i], pairs[i+1])
	}
	return v.Encode()
}

func (c client) json(scope string) string {
	text := fmt.Sprintf(`{"client_id":%q,"client_secret":%q,"grant_type":"client_credentials"`, c.id, c.secret)
	if scope != "" {
		text += fmt.Sprintf(`,"scope":%q`, scope)
	}
	return text + "}"
}

var asForm = map[string]string{"Content-Type": "application/x-www-form-urlencoded"}

func merged(headers ...map[string]string) map[string]string {
	all := map[string]string{}
	for _, h := range headers {
		maps.Copy(all, h)
	}
	return all
}

// access returns an access token of c.
func (w *world) access(c client, scope string) string {
	w.t.Helper()
	return member(w.t, w.run(scenario{name: "token", method: "POST", path: tokenPath, body: c.json(scope), want: 200}), "access_token")
}

func TestTokenEndpoint(t *testing.T) {
	t.Parallel()
	w := newWorld(t).withAccounts()
	c := w.client("loader", auth.PipelinesView, auth.PipelinesCreate)
	other := w.client("other", auth.PipelinesView)
	none := w.client("none")
	const grant = "client_credentials"
	granted := []string{`"access_token":"ey`, `"token_type":"Bearer"`, `"expires_in":3600`, `"scope":"read write"`}
	for _, sc := range []scenario{
		{name: "T01 by Basic", body: "grant_type=client_credentials", header: merged(asForm, c.basic()), want: 200, has: granted, hasNot: []string{"refresh"}},
		{name: "T01 by form", body: c.form("grant_type", grant), header: asForm, want: 200, has: granted},
		{name: "T02 by JSON", body: c.json(""), want: 200, has: granted},
		{name: "fewer scopes", body: c.json("read"), want: 200, has: []string{`"scope":"read"`}},
		{name: "both scopes in any order, also twice", body: c.json("write read write"), want: 200, has: []string{`"scope":"read write"`}},
		{name: "what the account has", body: other.json(""), want: 200, has: []string{`"scope":"read"`}},
		{name: "an account without permissions", body: none.json(""), want: 400, has: []string{`"error":"invalid_scope"`}},

		{name: "T03 Basic and form", body: c.form("grant_type", grant), header: merged(asForm, c.basic()), want: 400, has: []string{`"error":"invalid_request"`, "error_description"}},
		{name: "T03 Basic and the same id", body: "grant_type=client_credentials&client_id=" + c.id, header: merged(asForm, c.basic()), want: 200},
		{name: "T03 Basic and another id", body: "grant_type=client_credentials&client_id=" + other.id, header: merged(asForm, c.basic()), want: 401, has: []string{"invalid_client"}},
		{name: "T04 wrong secret", body: client{c.id, other.secret}.json(""), want: 401, has: []string{`"error":"invalid_client"`}},
		{name: "T04 unknown client", body: client{"x", c.secret}.json(""), want: 401, has: []string{`"error":"invalid_client"`}},
		{name: "the server's own key", body: client{"server-key", serverKey}.json(""), want: 401, has: []string{`"error":"invalid_client"`}},
		{name: "no client", body: "grant_type=client_credentials", header: asForm, want: 401, has: []string{`"error":"invalid_client"`}},
		{name: "Bearer where Basic belongs", body: "grant_type=client_credentials", header: merged(asForm, bearer(c.secret)), want: 401, has: []string{`"error":"invalid_client"`}},
		{name: "T05 password", body: c.form("grant_type", "password"), header: asForm, want: 400, has: []string{`"error":"unsupported_grant_type"`}},
		{name: "T05 authorization_code", body: c.form("grant_type", "authorization_code"), header: asForm, want: 400, has: []string{`"error":"unsupported_grant_type"`}},
		{name: "T05 missing", body: c.form(), header: asForm, want: 400, has: []string{`"error":"invalid_request"`}},
		{name: "T05 repeated", body: c.form("grant_type", grant, "grant_type", grant), header: asForm, want: 400, has: []string{`"error":"invalid_request"`}},
		{name: "T06 beyond the account", body: other.json("write"), want: 400, has: []string{`"error":"invalid_scope"`}},
		{name: "T06 unknown", body: c.json("admin"), want: 400, has: []string{`"error":"invalid_scope"`}},
		{name: "T06 empty", body: c.form("grant_type", grant, "scope", ""), header: asForm, want: 400, has: []string{`"error":"invalid_scope"`}},
		{name: "T06 two spaces", body: c.json("read  write"), want: 400, has: []string{`"error":"invalid_scope"`}},
		{name: "T06 ten thousand", body: c.json(strings.Repeat("x ", 10000) + "read"), want: 400, has: []string{`"error":"invalid_scope"`}},
		{name: "T07 hostile secret in Basic", body: "grant_type=client_credentials", header: merged(asForm, client{c.id, "%:+ü"}.basic()), want: 401, has: []string{`"error":"invalid_client"`}},
		{name: "T07 not form-encoded", body: "grant_type=client_credentials", header: merged(asForm, map[string]string{"Authorization": "Basic " + base64.StdEncoding.EncodeToString([]byte("%zz:x"))}), want: 401},
		{name: "T16 strange ids", body: client{"a\x00b\n" + strings.Repeat("c", 10000), c.secret}.form("grant_type", grant), header: asForm, want: 401, has: []string{`"error":"invalid_client"`}},
		{name: "XML", body: "<a/>", header: map[string]string{"Content-Type": "text/xml"}, want: 400, has: []string{`"error":"invalid_request"`}},
		{name: "no JSON", body: `{"client_id":`, want: 400, has: []string{`"error":"invalid_request"`}},
		{name: "members twice", body: `{"grant_type":"client_credentials","grant_type":"client_credentials"}`, want: 400, has: []string{`"error":"invalid_request"`}},
	} {
		sc.method, sc.path = "POST", tokenPath
		w.run(sc)
	}
	w.run(scenario{name: "T08", method: "GET", path: tokenPath, want: 405})
	w.run(scenario{name: "T09", method: "POST", path: tokenPath + "?grant_type=client_credentials", body: c.json(""), want: 400, has: []string{`"error":"invalid_request"`}})
	res, _ := w.call(scenario{method: "POST", path: tokenPath, body: c.json("")})
	if res.Header.Get("Cache-Control") != "no-store" || res.Header.Get("Pragma") != "no-cache" || len(res.Cookies()) != 0 {
		t.Errorf("the token's headers: %v", res.Header)
	}
	res, _ = w.call(scenario{method: "POST", path: tokenPath, body: client{"x", "y"}.json("")})
	if got := res.Header.Get("WWW-Authenticate"); !strings.HasPrefix(got, "Basic ") {
		t.Errorf("WWW-Authenticate is %q", got)
	}
	res, _ = w.call(scenario{method: "OPTIONS", path: tokenPath, header: map[string]string{"Origin": "https://elsewhere.example", "Access-Control-Request-Method": "POST"}})
	if got := res.Header.Get("Access-Control-Allow-Origin"); got != "" {
		t.Errorf("T17: any origin is let in: %q", got)
	}
	w.run(scenario{name: "where it is", method: "GET", path: "/.well-known/oauth-authorization-server", want: 200, has: []string{`"token_endpoint":"` + w.url + tokenPath, `"issuer":"` + w.url, "client_secret_basic"}})
	w.run(scenario{name: "audit", as: auth.Admin, method: "GET", path: "/api/audit", want: 200, has: []string{"token_issued", `"scope":"read write"`}, hasNot: []string{c.secret, "eyJ"}})
}

func TestWhatAnAccessTokenSays(t *testing.T) {
	t.Parallel()
	w := newWorld(t).withAccounts()
	c := w.client("loader", auth.PipelinesView)
	parts := strings.Split(w.access(c, ""), ".")
	part := func(i int) map[string]any {
		text, err := base64.RawURLEncoding.DecodeString(parts[i])
		must(t, err)
		var members map[string]any
		must(t, json.Unmarshal(text, &members))
		return members
	}
	if head := part(0); head["typ"] != "at+jwt" || head["alg"] != "HS256" {
		t.Errorf("header %v", head)
	}
	says := part(1)
	for _, name := range []string{"iss", "sub", "aud", "client_id", "iat", "exp", "jti", "scope"} {
		if says[name] == nil {
			t.Errorf("%s is missing: %v", name, says)
		}
	}
	if says["sub"] != c.id || says["client_id"] != c.id || says["exp"].(float64)-says["iat"].(float64) != 3600 {
		t.Errorf("claims %v", says)
	}
}

func TestScopes(t *testing.T) {
	t.Parallel()
	w := newWorld(t).withAccounts()
	c := w.client("loader", auth.PipelinesView, auth.PipelinesCreate)
	read, write, both := bearer(w.access(c, "read")), bearer(w.access(c, "write")), bearer(w.access(c, ""))
	for _, sc := range []scenario{
		{name: "read reads", header: read, method: "GET", path: "/api/v1/pipelines", want: 200},
		{name: "read does not write", header: read, method: "POST", path: "/api/v1/pipelines", body: document("a"), want: 403, has: []string{"insufficient_scope"}},
		{name: "write writes", header: write, method: "POST", path: "/api/v1/pipelines", body: document("b"), want: 201},
		{name: "write does not read", header: write, method: "GET", path: "/api/v1/pipelines", want: 403, has: []string{"insufficient_scope"}},
		{name: "both", header: both, method: "GET", path: "/api/pipelines", want: 200},
		{name: "no more than the account", header: both, method: "GET", path: "/api/v1/runs", want: 403, has: []string{"permission_denied"}},
		{name: "T18 a cookie session", header: both, method: "POST", path: "/api/v1/auth/service", want: 403, has: []string{"key_required"}},
		{name: "T18 a key", header: both, method: "POST", path: "/api/v1/services", body: `{"service_name":"x","permissions":[]}`, want: 403},
		{name: "T18 a user", header: both, method: "POST", path: "/api/v1/auth/users", body: `{"username":"x","password":"secure-password","role":"viewer"}`, want: 403},
		{name: "who it is", header: read, method: "GET", path: "/api/v1/auth/me", want: 200, has: []string{`"username":"loader"`, `"service_id":"` + c.id}},
	} {
		w.run(sc)
	}
	res, _ := w.call(scenario{header: read, method: "POST", path: "/api/v1/pipelines", body: document("a")})
	if got := res.Header.Get("WWW-Authenticate"); got != `Bearer error="insufficient_scope", scope="write"` {
		t.Errorf("T11: WWW-Authenticate is %q", got)
	}
	w.run(scenario{name: "revoke the account", as: auth.Admin, method: "DELETE", path: "/api/services/" + c.id, want: 204})
	w.run(scenario{name: "T12", header: read, method: "GET", path: "/api/v1/pipelines", want: 401, has: []string{"invalid_token"}})
	w.run(scenario{name: "T12 another token", method: "POST", path: tokenPath, body: c.json(""), want: 401})
}

func TestIntrospectAndRevoke(t *testing.T) {
	t.Parallel()
	w := newWorld(t).withAccounts()
	c, other := w.client("loader", auth.PipelinesView), w.client("other", auth.PipelinesView)
	mine, theirs := w.access(c, ""), w.access(other, "")
	const introspect, revoke = "/api/v1/auth/introspect", "/api/v1/auth/revoke"
	ask := func(name, path, token string, want int, has ...string) {
		t.Helper()
		w.run(scenario{name: name, method: "POST", path: path, body: c.form("token", token), header: asForm, want: want, has: has})
	}
	ask("T13 own", introspect, mine, 200, `"active":true`, `"scope":"read"`, `"client_id":"`+c.id, `"username":"loader"`, `"exp":`)
	ask("T13 other's", introspect, theirs, 200, `{"active":false}`)
	ask("T13 garbage", introspect, "x.y.z", 200, `{"active":false}`)
	ask("T13 a person's session", introspect, w.tokenOf(auth.Admin), 200, `{"active":false}`)
	w.run(scenario{name: "T13 nobody", method: "POST", path: introspect, body: "token=" + mine, header: asForm, want: 401})
	w.run(scenario{name: "no token", method: "POST", path: introspect, body: c.form(), header: asForm, want: 400, has: []string{`"error":"invalid_request"`}})
	w.run(scenario{name: "T14 nobody", method: "POST", path: revoke, body: "token=" + mine, header: asForm, want: 401})
	w.run(scenario{name: "T14 no token", method: "POST", path: revoke, body: c.form(), header: asForm, want: 400})

	ask("T14 other's", revoke, theirs, 200)
	w.run(scenario{name: "is not revoked", header: bearer(theirs), method: "GET", path: "/api/v1/pipelines", want: 200})
	ask("T14 garbage", revoke, "garbage", 200)
	ask("T14 a person's session", revoke, w.tokenOf(auth.Viewer), 200)
	w.run(scenario{name: "goes on", as: auth.Viewer, method: "GET", path: "/api/pipelines", want: 200})
	again := w.access(c, "")
	ask("T14 own", revoke, mine, 200)
	ask("T14 repeated", revoke, mine, 200)
	ask("T13 revoked", introspect, mine, 200, `{"active":false}`)
	w.run(scenario{name: "revoked", header: bearer(mine), method: "GET", path: "/api/v1/pipelines", want: 401, has: []string{"invalid_token"}})
	w.run(scenario{name: "another token of it", header: bearer(again), method: "GET", path: "/api/v1/pipelines", want: 200})
}

func TestGuessedSecretsAreLimited(t *testing.T) {
	t.Parallel()
	w := newWorldWith(t, func(d *api.Deps) {
		d.Limits = map[api.Class]limits.Rate{"token": limits.Per(10, time.Minute, 20)}
	}).withAccounts()
	c := w.client("loader", auth.PipelinesView)
	for i := range 20 {
		w.run(scenario{name: fmt.Sprint("guess ", i), method: "POST", path: tokenPath, body: client{c.id, fmt.Sprint("x", i)}.json(""), want: 401})
	}
	res, text := w.call(scenario{method: "POST", path: tokenPath, body: client{c.id, "x"}.json("")})
	if got := res.Header.Get("Retry-After"); res.StatusCode != http.StatusTooManyRequests || got != "6" && got != "5" {
		t.Errorf("T10: the 21st guess answers %d, Retry-After %q: %s", res.StatusCode, got, text)
	}
}
