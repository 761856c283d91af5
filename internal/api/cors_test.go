package api_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/broked/broked/internal/api"
	"github.com/broked/broked/internal/auth"
)

const friend = "https://ops.example.com"

func TestPagesFromElsewhere(t *testing.T) {
	t.Parallel()
	shared := newWorldWith(t, func(d *api.Deps) { d.Network.Origins = api.Origins{friend, "http://127.0.0.1:3000"} }).withAccounts()
	alone := newWorld(t).withAccounts()
	for _, tc := range []struct {
		name, origin  string
		w             *world
		allowed, vary string
	}{
		{"nobody is named", friend, alone, "", ""},
		{"a named one", friend, shared, friend, "Origin"},
		{"another named one", "http://127.0.0.1:3000", shared, "http://127.0.0.1:3000", "Origin"},
		{"no page", "", shared, "", "Origin"},
		{"a longer name", friend + ".evil.example", shared, "", "Origin"},
		{"a name before it", "https://evil-ops.example.com", shared, "", "Origin"},
		{"another scheme", "http://ops.example.com", shared, "", "Origin"},
		{"another port", friend + ":8443", shared, "", "Origin"},
		{"capitals", "https://OPS.example.com", shared, "", "Origin"},
		{"no origin", "null", shared, "", "Origin"},
		{"a list", friend + ", https://evil.example", shared, "", "Origin"},
	} {
		for _, method := range []string{http.MethodGet, http.MethodOptions} {
			header := map[string]string{}
			if tc.origin != "" {
				header["Origin"] = tc.origin
			}
			want, as := http.StatusOK, auth.Viewer
			if method == http.MethodOptions {
				header["Access-Control-Request-Method"] = "POST"
				want, as = http.StatusNoContent, auth.Role("") // browsers ask without credentials
			}
			res, text := tc.w.call(scenario{as: as, method: method, path: "/api/pipelines", header: header})
			got := res.Header.Get("Access-Control-Allow-Origin")
			credentials := res.Header.Get("Access-Control-Allow-Credentials")
			if res.StatusCode != want || got != tc.allowed || res.Header.Get("Vary") != tc.vary || (credentials == "true") != (tc.allowed != "") {
				t.Errorf("%s, %s: %d, allows %q, credentials %q, varies by %q: %s", tc.name, method, res.StatusCode, got, credentials, res.Header.Get("Vary"), text)
			}
			for name, want := range map[string]string{
				"Access-Control-Allow-Methods": "GET, POST, PUT, DELETE, OPTIONS",
				"Access-Control-Allow-Headers": "Content-Type, Authorization, X-Workspace-ID, X-Webhook-Token, Idempotency-Key",
			} {
				if tc.allowed == "" {
					want = ""
				}
				if got := res.Header.Get(name); got != want {
					t.Errorf("%s, %s: %s is %q, want %q", tc.name, method, name, got, want)
				}
			}
		}
	}
	res, _ := shared.call(scenario{method: "GET", path: "/", header: map[string]string{"Origin": friend}})
	if res.Header.Get("Access-Control-Allow-Origin") != "" {
		t.Error("the interface's files are shared")
	}
}

// TestForgedRequests sends what a page from elsewhere makes a browser send, with
// the cookie that the browser adds.
func TestForgedRequests(t *testing.T) {
	t.Parallel()
	w := newWorldWith(t, func(d *api.Deps) { d.Network.Origins = api.Origins{friend} }).withAccounts()
	cookie := "brokoli_session=" + w.tokenOf(auth.Editor)
	id := w.create(auth.Editor, "mine")
	header := func(pairs ...string) map[string]string {
		h := map[string]string{"Cookie": cookie}
		for i := 0; i < len(pairs); i += 2 {
			h[pairs[i]] = pairs[i+1]
		}
		return h
	}
	for name, h := range map[string]map[string]string{
		"another site":              header("Sec-Fetch-Site", "cross-site"),
		"another port or subdomain": header("Sec-Fetch-Site", "same-site"),
		"an old browser, elsewhere": header("Origin", "https://evil.example"),
		"an old browser, no origin": header("Origin", "null"),
		"a name like a friend's":    header("Origin", friend+".evil.example", "Sec-Fetch-Site", "cross-site"),
	} {
		for _, r := range []struct{ method, path, body string }{
			{"POST", "/api/pipelines", document("forged")},
			{"PUT", "/api/pipelines/" + id, document("forged")},
			{"PATCH", "/api/pipelines/" + id, document("forged")},
			{"DELETE", "/api/pipelines/" + id, ""},
			{"POST", "/api/pipelines/" + id + "/run", ""},
			{"POST", "/api/auth/login", `{"username":"viewer","password":"secure-password"}`},
			{"POST", "/api/v1/pipelines", document("forged")},
		} {
			w.run(scenario{name: name, method: r.method, path: r.path, body: r.body, header: h, want: 403, has: []string{`"code":"cross_origin"`}})
		}
	}
	for name, h := range map[string]map[string]string{
		"curl":                  header(),
		"our own page":          header("Sec-Fetch-Site", "same-origin"),
		"typed by the person":   header("Sec-Fetch-Site", "none"),
		"an old browser, ours":  header("Origin", w.url),
		"a page that was named": header("Origin", friend, "Sec-Fetch-Site", "cross-site"),
	} {
		w.run(scenario{name: name, method: "POST", path: "/api/pipelines", body: document(name), header: h, want: 201})
	}
	for _, kind := range []string{"text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"} {
		w.run(scenario{name: kind, method: "POST", path: "/api/pipelines", body: document("form"), header: header("Content-Type", kind), want: 415})
	}
	text := w.run(scenario{name: "what is there", as: auth.Viewer, method: "GET", path: "/api/pipelines", want: 200})
	if strings.Contains(text, "forged") || strings.Contains(text, `"form"`) || !strings.Contains(text, `"mine"`) {
		t.Errorf("a forged request has done something: %s", text)
	}
}

func TestOrigins(t *testing.T) {
	t.Parallel()
	if err := (api.Origins{friend, "http://[::1]:3000"}).Check(); err != nil {
		t.Error(err)
	}
	for _, bad := range []string{"*", "", "ops.example.com", friend + "/", friend + "/path", "null", "https://"} {
		if (api.Origins{bad}).Check() == nil {
			t.Errorf("%q is taken for an origin", bad)
		}
	}
}

func TestRequestsThatAreMeantForOthers(t *testing.T) {
	t.Parallel()
	w := newWorldWith(t, func(d *api.Deps) { d.Network.PublicHost = "pipes.example.com" }).withAccounts()
	host := strings.TrimPrefix(w.url, "http://")
	for _, tc := range []struct {
		name, line, host string
		want             string
	}{
		{"trace", "TRACE /api/pipelines HTTP/1.1", host, "405"},
		{"trace of a page", "TRACE / HTTP/1.1", host, "405"},
		{"a tunnel", "CONNECT evil.example:443 HTTP/1.1", "evil.example:443", "405"},
		{"a made-up method", "FROB /api/pipelines HTTP/1.1", host, "405"},
		{"a made-up method of a page", "FROB / HTTP/1.1", host, "405"},
		{"a method in small letters", "get /health HTTP/1.1", host, "405"},
		{"a whole address, ours", "GET " + w.url + "/health HTTP/1.1", host, "200"},
		{"a whole address, our name", "GET http://pipes.example.com/health HTTP/1.1", host, "200"},
		{"a whole address, another's", "GET http://evil.example/health HTTP/1.1", host, "421"},
		{"a whole address, another's, with a path that is ours", "POST http://evil.example/api/auth/login HTTP/1.1", host, "421"},
		{"the metadata service", "GET http://169.254.169.254/latest/meta-data HTTP/1.1", host, "421"},
		{"two hosts", "GET /health HTTP/1.1\r\nHost: evil.example", host, "400"},
		{"no host", "GET /health HTTP/1.1\r\nX-None: 1", "", "400"},
	} {
		text := w.raw(tc.line + "\r\nHost: " + tc.host + "\r\nConnection: close\r\n\r\n")
		if tc.host == "" {
			text = w.raw(tc.line + "\r\nConnection: close\r\n\r\n")
		}
		if status, _, _ := strings.Cut(strings.TrimPrefix(text, "HTTP/1.1 "), " "); status != tc.want {
			t.Errorf("%s: %q, want %s", tc.name, text, tc.want)
		}
	}
}
