package api_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/broked/broked/internal/api"
	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/outbound"
)

// canary is a secret that must be shown nowhere.
const canary = "canary-s3cret/é+="

func TestConnectionCalls(t *testing.T) {
	t.Parallel()
	w := newWorld(t).withAccounts()
	must(t, os.MkdirAll(w.folder, 0o700))
	must(t, os.WriteFile(filepath.Join(w.folder, "shop.db"), nil, 0o600))
	const path = "/api/connections"
	web := `{"conn_id":" CRM ","type":"http","host":"api.example.com","login":"ann","password":"` + canary + `","extra":"{\"headers\":{\"X-Tenant\":\"` + canary + `7\"}}","options":{"test_path":"/me"}}`
	no := []string{"canary", "enc:v1"}
	for _, sc := range []scenario{
		{name: "list: nobody", method: "GET", path: path, want: 401},
		{name: "list: empty", as: auth.Viewer, method: "GET", path: path, want: 200, has: []string{"[]"}},
		{name: "make: nobody", method: "POST", path: path, body: web, want: 401},
		{name: "make: viewer", as: auth.Viewer, method: "POST", path: path, body: web, want: 403},
		{name: "make: no conn_id", as: auth.Editor, method: "POST", path: path, body: `{"type":"http","host":"x"}`, want: 400, has: []string{"conn_id is required"}},
		{name: "make: no type", as: auth.Editor, method: "POST", path: path, body: `{"conn_id":"x"}`, want: 400, has: []string{"type is required"}},
		{name: "make: unknown type", as: auth.Editor, method: "POST", path: path, body: `{"conn_id":"x","type":"htp"}`, want: 400, has: []string{`"path":"type"`, "http"}},
		{name: "make: bad name", as: auth.Editor, method: "POST", path: path, body: `{"conn_id":"a b","type":"http","host":"h"}`, want: 400, has: []string{`"path":"conn_id"`}},
		{name: "make: no host", as: auth.Editor, method: "POST", path: path, body: `{"conn_id":"x","type":"http"}`, want: 400, has: []string{`"path":"host"`}},
		{name: "make: password in the host", as: auth.Editor, method: "POST", path: path, body: `{"conn_id":"x","type":"http","host":"https://a:b@example.com"}`, want: 400, has: []string{`"path":"host"`}},
		{name: "make: unknown option", as: auth.Editor, method: "POST", path: path, body: `{"conn_id":"x","type":"http","host":"x","options":{"headers":{"a":"b"}}}`, want: 400, has: []string{`"path":"options.headers"`}},
		{name: "make: header without a name", as: auth.Editor, method: "POST", path: path, body: `{"conn_id":"x","type":"http","host":"x","options":{"auth":"header"}}`, want: 400, has: []string{`"path":"options.header"`}},
		{name: "make: a token from nowhere", as: auth.Editor, method: "POST", path: path, body: `{"conn_id":"x","type":"http","host":"x","options":{"auth":"oauth2","token_member":"a["}}`, want: 400, has: []string{`"path":"options.token_url"`, `"path":"login"`, `"path":"options.token_member"`}},
		{name: "make: a token for nothing", as: auth.Editor, method: "POST", path: path, body: `{"conn_id":"x","type":"http","host":"x","options":{"auth":"bearer","token_url":"/t","scope":"a","max_concurrency":0}}`, want: 400, has: []string{`"path":"options.token_url"`, `"path":"options.scope"`, `"path":"options.max_concurrency"`}},
		{name: "make: bad extra", as: auth.Editor, method: "POST", path: path, body: `{"conn_id":"x","type":"http","host":"x","extra":"canary"}`, want: 400, has: []string{`"path":"extra"`}, hasNot: no},
		{name: "make: password for a file", as: auth.Editor, method: "POST", path: path, body: `{"conn_id":"x","type":"sqlite","host":"shop.db","password":"canary"}`, want: 400, has: []string{`"path":"password"`}, hasNot: no},
		{name: "make: forbidden variable", as: auth.Editor, method: "POST", path: path, body: `{"conn_id":"x","type":"http","host":"h","password_ref":"env://PATH"}`, want: 400, has: []string{`"path":"password_ref"`, "--secret-env"}},
		{name: "make: forbidden file", as: auth.Editor, method: "POST", path: path, body: `{"conn_id":"x","type":"http","host":"h","password_ref":"file:///etc/shadow"}`, want: 400, has: []string{"--secret-files"}},
		{name: "make: unknown place", as: auth.Editor, method: "POST", path: path, body: `{"conn_id":"x","type":"http","host":"h","password_ref":"vault://a#b"}`, want: 400, has: []string{`"path":"password_ref"`}},
		{name: "make: unknown member", as: auth.Editor, method: "POST", path: path, body: `{"conn_id":"x","type":"http","host":"h","color":"red"}`, want: 400},
		{name: "make", as: auth.Editor, method: "POST", path: path, body: web, want: 201, has: []string{`"conn_id":"crm"`, `"password_ref":"encrypted://********"`, `"extra_ref":"encrypted://********"`}, hasNot: no},
		{name: "make: taken", as: auth.Editor, method: "POST", path: path, body: web, want: 409, has: []string{"conn_id already exists"}, hasNot: no},
		{name: "make: by reference", as: auth.Editor, method: "POST", path: path, body: `{"conn_id":"env","type":"http","password_ref":"env://HOME","host":"h"}`, want: 201, has: []string{`"password_ref":"env://HOME"`}},
		{name: "make: a file", as: auth.Editor, method: "POST", path: path, body: `{"conn_id":"shop","type":"sqlite","host":"shop.db"}`, want: 201},
		{name: "list", as: auth.Viewer, method: "GET", path: path, want: 200, has: []string{`"conn_id":"crm"`, `"conn_id":"env"`}, hasNot: no},
		{name: "list: a page", as: auth.Viewer, method: "GET", path: path + "?page=2&page_size=1", want: 200, has: []string{`"total":3`, `"conn_id":"env"`}, hasNot: []string{"crm"}},
		{name: "list: after", as: auth.Viewer, method: "GET", path: path + "?after=crm&limit=1", want: 200, has: []string{`"has_next":true`, `"cursor":"env"`}, hasNot: []string{"crm"}},
		{name: "show: nobody", method: "GET", path: path + "/crm", want: 401},
		{name: "show: absent", as: auth.Viewer, method: "GET", path: path + "/nothing", want: 404, has: []string{"connection_not_found"}},
		{name: "show", as: auth.Viewer, method: "GET", path: path + "/crm", want: 200, has: []string{`"test_path":"/me"`}, hasNot: no},
		{name: "change: viewer", as: auth.Viewer, method: "PUT", path: path + "/crm", body: `{}`, want: 403},
		{name: "change: absent", as: auth.Editor, method: "PUT", path: path + "/nothing", body: `{}`, want: 404},
		{name: "change: bad", as: auth.Editor, method: "PUT", path: path + "/crm", body: `{"port":70000}`, want: 400, has: []string{`"path":"port"`}},
		{name: "change: mask keeps", as: auth.Editor, method: "PUT", path: path + "/crm", body: `{"password":"********","extra":"","password_ref":"encrypted://********","description":"Ours"}`, want: 200, has: []string{`"description":"Ours"`, "encrypted://"}, hasNot: no},
		{name: "change: elsewhere", as: auth.Editor, method: "PUT", path: path + "/crm", body: `{"host":"evil.example.com","password":"********"}`, want: 422, has: []string{`"path":"password"`, `"path":"extra"`, "secret_needed"}, hasNot: no},
		{name: "change: another port", as: auth.Editor, method: "PUT", path: path + "/crm", body: `{"port":8443}`, want: 422},
		{name: "change: another user", as: auth.Editor, method: "PUT", path: path + "/crm", body: `{"login":"bob"}`, want: 422},
		{name: "change: another type", as: auth.Editor, method: "PUT", path: path + "/crm", body: `{"type":"sqlite","options":{},"login":""}`, want: 422},
		{name: "change: another place of tokens", as: auth.Editor, method: "PUT", path: path + "/crm", body: `{"options":{"auth":"oauth2","token_url":"https://evil.example.com/token"}}`, want: 422, has: []string{"secret_needed"}},
		{name: "test elsewhere: not either", as: auth.Editor, method: "POST", path: "/api/test-connection", body: `{"connection":{"conn_id":"crm","host":"evil.example.com"}}`, want: 422},
		{name: "unchanged", as: auth.Viewer, method: "GET", path: path + "/crm", want: 200, has: []string{`"host":"api.example.com"`, `"login":"ann"`}},
		{name: "change: elsewhere with its secrets", as: auth.Editor, method: "PUT", path: path + "/crm", body: `{"host":"api2.example.com","password":"canary2","extra":"{}"}`, want: 200, has: []string{"api2"}, hasNot: no},
		{name: "used by: nobody", method: "GET", path: path + "/crm/used-by", want: 401},
		{name: "used by: absent", as: auth.Viewer, method: "GET", path: path + "/nothing/used-by", want: 404},
		{name: "used by: none", as: auth.Viewer, method: "GET", path: path + "/crm/used-by", want: 200, has: []string{"[]"}},
		{name: "types: nobody", method: "GET", path: "/api/connection-types", want: 401},
		{name: "types", as: auth.Viewer, method: "GET", path: "/api/connection-types", want: 200, has: []string{`"type":"http"`, `"label":"HTTP / REST API"`, `"fields":["host"]`, `"options_schema"`, "Sign in by", `"presets":[{"name":"service","label":"Service API"`}},
		{name: "test: nobody", method: "POST", path: path + "/shop/test", want: 401},
		{name: "test: viewer", as: auth.Viewer, method: "POST", path: path + "/shop/test", want: 403},
		{name: "test: absent", as: auth.Editor, method: "POST", path: path + "/nothing/test", want: 404},
		{name: "test: a file", as: auth.Editor, method: "POST", path: path + "/shop/test", want: 200, has: []string{`"success":true`, `"driver":"sqlite"`}},
		{name: "test draft: viewer", as: auth.Viewer, method: "POST", path: "/api/test-connection", body: `{}`, want: 403},
		{name: "test draft: nothing", as: auth.Editor, method: "POST", path: "/api/test-connection", body: `{}`, want: 400, has: []string{"uri is required"}},
		{name: "test draft: both", as: auth.Editor, method: "POST", path: "/api/test-connection", body: `{"uri":"http://x","connection":{"type":"http"}}`, want: 400},
		{name: "test draft: unknown type", as: auth.Editor, method: "POST", path: "/api/test-connection", body: `{"uri":"teradata://x"}`, want: 400, has: []string{`"path":"type"`}},
		{name: "test draft: outside the roots", as: auth.Editor, method: "POST", path: "/api/test-connection", body: `{"uri":"sqlite:///etc/passwd"}`, want: 200, has: []string{`"success":false`, `"failed":"file"`}},
		{name: "test draft: ourselves", as: auth.Editor, method: "POST", path: "/api/test-connection", body: `{"uri":"http://ann:canary@127.0.0.1:9"}`, want: 200, has: []string{`"success":false`, `"failed":"blocked"`}, hasNot: no},
		{name: "test draft: no secret", as: auth.Editor, method: "POST", path: "/api/test-connection", body: `{"connection":{"type":"http","host":"x","port":1,"password_ref":"env://BROKED_SECRET_GONE"}}`, want: 200, has: []string{`"failed":"secret"`, "BROKED_SECRET_GONE"}},
		{name: "delete: viewer", as: auth.Viewer, method: "DELETE", path: path + "/env", want: 403},
		{name: "delete: absent", as: auth.Editor, method: "DELETE", path: path + "/nothing", want: 404},
		{name: "delete", as: auth.Editor, method: "DELETE", path: path + "/env", want: 204},
		{name: "deleted", as: auth.Editor, method: "GET", path: path + "/env", want: 404},
		{name: "audit", as: auth.Admin, method: "GET", path: "/api/audit?limit=500", want: 200, has: []string{"connection_created", "connection_changed", "connection_tested", "connection_deleted"}, hasNot: no},
	} {
		w.run(sc)
	}
	files, err := filepath.Glob(filepath.Join(filepath.Dir(w.file), "*"))
	must(t, err)
	for _, name := range files {
		if text, err := os.ReadFile(name); err == nil && strings.Contains(string(text), "canary") {
			t.Errorf("%s has a secret in clear", filepath.Base(name))
		}
	}
}

// TestTestsOfAnAddress tries connections to a server that knows who is calling.
func TestTestsOfAnAddress(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.HandlerFunc(func(res http.ResponseWriter, req *http.Request) {
		name, pass, _ := req.BasicAuth()
		switch {
		case req.URL.Path == "/v1/token" && req.Header.Get("Authorization") == "Bearer "+canary:
			_, _ = res.Write([]byte(`{"session_token": "canary-session"}`))
		case req.URL.Path != "/v1/token" && req.Header.Get("Authorization") == "Bearer canary-session":
			_, _ = res.Write([]byte("{}"))
		case req.URL.Path == "/v1/gone":
			res.WriteHeader(http.StatusNotFound)
		case name == "ann" && pass == canary, req.Header.Get("Authorization") == "Bearer "+canary, req.Header.Get("Authorization") == "Token token="+canary, req.Header.Get("X-Key") == canary:
			_, _ = res.Write([]byte("{}"))
		case name == "bob":
			res.WriteHeader(http.StatusForbidden)
		default:
			res.WriteHeader(http.StatusUnauthorized)
		}
	}))
	t.Cleanup(srv.Close)
	w := newWorldWith(t, func(d *api.Deps) {
		d.Connections.Out = func() outbound.Exit { return outbound.Exit{Policy: outbound.Policy{Allow: outbound.Loopback()}} }
	}).withAccounts()
	for members, has := range map[string]string{
		`"password":"SECRET","options":{"auth":"service","token_url":"/token"}`:                                            `"success":true`,
		`"password":"wrong","options":{"auth":"service","token_url":"/token"}`:                                             `"failed":"login"`,
		`"login":"me","password":"SECRET","options":{"auth":"oauth2","token_url":"/token","token_member":"session_token"}`: `"failed":"login"`,
		`"password":"SECRET","options":{"auth":"service","token_url":"/gone"}`:                                             `"failed":"login"`,
		`"login":"ann","password":"SECRET"`:                                                                                `"success":true`,
		`"password":"SECRET","options":{"auth":"bearer"}`:                                                                  `"success":true`,
		`"password":"SECRET","options":{"auth":"token","test_path":"me"}`:                                                  `"success":true`,
		`"password":"SECRET","options":{"auth":"header","header":"X-Key"}`:                                                 `"success":true`,
		`"extra":"{\"headers\":{\"X-Key\":\"SECRET\"}}"`:                                                                   `"success":true`,
		`"login":"ann","password":"wrong-SECRET"`:                                                                          `"failed":"login"`,
		`"login":"ann","password":"SECRET","options":{"auth":"none"}`:                                                      `"failed":"login"`,
		`"login":"bob","password":"SECRET"`:                                                                                `"failed":"permission"`,
		`"login":"ann","password":"SECRET","options":{"test_path":"/gone"}`:                                                `"failed":"other"`,
		`"login":"ann","password":"SECRET","host":"` + srv.Listener.Addr().String() + `"`:                                  `"failed":"tls"`,
	} {
		body := `{"connection":{"type":"http",` + strings.ReplaceAll(members, "SECRET", canary)
		if !strings.Contains(members, `"host"`) {
			body += `,"host":"` + srv.URL + `/v1"`
		}
		w.run(scenario{name: members, as: auth.Editor, method: "POST", path: "/api/test-connection", body: body + "}}", want: 200, has: []string{has}, hasNot: []string{"canary"}})
	}
	w.run(scenario{name: "nobody listens", as: auth.Editor, method: "POST", path: "/api/test-connection", body: `{"connection":{"type":"http","host":"http://localhost:1"}}`, want: 200, has: []string{`"failed":"refused"`}})
	w.run(scenario{name: "no such host", as: auth.Editor, method: "POST", path: "/api/test-connection", body: `{"connection":{"type":"http","host":"nothing.invalid"}}`, want: 200, has: []string{`"success":false`}})
}
