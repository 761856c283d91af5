package api_test

import (
	"net/http"
	"net/netip"
	"strconv"
	"testing"
	"time"

	"github.com/broked/broked/internal/api"
	"github.com/broked/broked/internal/limits"
)

func TestLimitsAreTrue(t *testing.T) {
	t.Parallel()
	w := newWorldWith(t, func(d *api.Deps) {
		d.Limits = map[api.Class]limits.Rate{"people": limits.Per(1, time.Hour, 40), "auth": limits.Per(1, time.Hour, 3)}
	})
	login := scenario{name: "login", method: "POST", path: "/api/auth/login", body: `{"username":"x","password":"wrong-password"}`, want: 401}
	for range 3 {
		w.run(login)
	}
	res, _ := w.call(login)
	// The test itself takes a few of the seconds.
	if wait, err := strconv.Atoi(res.Header.Get("Retry-After")); err != nil || wait < 3500 || wait > 3600 ||
		res.StatusCode != http.StatusTooManyRequests || res.Header.Get("RateLimit-Policy") != `"auth";q=3;w=10800` {
		t.Errorf("after the burst: %d %v", res.StatusCode, res.Header)
	}
	w.run(scenario{name: "in words", method: "POST", path: "/api/auth/login", body: `{}`, want: 429, has: []string{"rate_limited", "the next one passes in 3"}})
	for range 35 {
		w.run(scenario{name: "people", method: "GET", path: "/api/pipelines", want: 200})
	}
	w.run(scenario{name: "people: over", method: "GET", path: "/api/pipelines", want: 429})
	w.run(scenario{name: "a changing proxy header is no new person", method: "GET", path: "/api/pipelines", header: map[string]string{"X-Forwarded-For": "9.9.9.9"}, want: 429})
	w.run(scenario{name: "health is free", method: "GET", path: "/health", want: 200})
}

func TestTrustedProxies(t *testing.T) {
	t.Parallel()
	w := newWorldWith(t, func(d *api.Deps) {
		d.Network.Proxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("10.0.0.0/8")}
		d.Limits = map[api.Class]limits.Rate{"people": limits.Per(1, time.Hour, 1)}
	})
	for _, sc := range []scenario{
		{name: "a client behind two proxies is not here", header: map[string]string{"X-Forwarded-For": "127.0.0.1, 8.8.8.8, 10.1.2.3"}, want: 403, has: []string{"setup_required"}},
		{name: "and is counted by its own address", header: map[string]string{"X-Forwarded-For": "8.8.8.8"}, want: 429},
		{name: "another one has a limit of its own", header: map[string]string{"X-Forwarded-For": "8.8.4.4"}, want: 403},
		{name: "what it wrote itself does not count", header: map[string]string{"X-Forwarded-For": "1.2.3.4, 8.8.4.4"}, want: 429},
		{name: "addresses of one subscriber are one", header: map[string]string{"X-Forwarded-For": "2001:db8::1"}, want: 403},
		{name: "addresses of one subscriber are one, again", header: map[string]string{"X-Forwarded-For": "2001:db8::ffff:2"}, want: 429},
		{name: "nonsense is the proxy itself", header: map[string]string{"X-Forwarded-For": "nonsense"}, want: 403},
	} {
		sc.method, sc.path = "GET", "/api/pipelines"
		w.run(sc)
	}
}

func TestCookieIsSecureBehindTLS(t *testing.T) {
	t.Parallel()
	w := newWorldWith(t, func(d *api.Deps) { d.Network.Proxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")} }).withAccounts()
	login := scenario{method: "POST", path: "/api/auth/login", body: `{"username":"viewer","password":"secure-password"}`}
	for proto, want := range map[string]bool{"https": true, "http": false} {
		login.header = map[string]string{"X-Forwarded-For": "8.8.8.8", "X-Forwarded-Proto": proto}
		res, text := w.call(login)
		for _, c := range res.Cookies() {
			if c.Secure != want {
				t.Errorf("%s: cookie %v, want Secure %v (%s)", proto, c, want, text)
			}
		}
	}
}

func TestOpenNetwork(t *testing.T) {
	t.Parallel()
	w := newWorldWith(t, func(d *api.Deps) { d.Network.Open = true })
	far := map[string]string{"X-Forwarded-For": "8.8.8.8"}
	w.run(scenario{name: "from elsewhere", method: "GET", path: "/api/pipelines", header: far, want: 200})
	w.run(scenario{name: "first account", method: "POST", path: "/api/auth/users", header: far, body: `{"username":"a","password":"secure-password","role":"superadmin"}`, want: 201})
	w.run(scenario{name: "then no more", method: "GET", path: "/api/pipelines", header: far, want: 401})
}

func TestParseLimits(t *testing.T) {
	t.Parallel()
	rates, err := api.ParseLimits(map[string]string{"write": "5/s:7", "people": "off"})
	if err != nil || rates["write"] != limits.Per(5, time.Second, 7) || rates["people"].Burst != 0 || rates["list"] != limits.Per(100, time.Minute, 200) {
		t.Errorf("%v %v", rates, err)
	}
	for class, rate := range map[string]string{"wirte": "5/s", "write": "often"} {
		if _, err := api.ParseLimits(map[string]string{class: rate}); err == nil {
			t.Errorf("%s=%s is accepted", class, rate)
		}
	}
}

func TestHeaders(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for path, want := range map[string]map[string]string{
		"/":              {"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; object-src 'none'; frame-ancestors 'none'", "Cross-Origin-Opener-Policy": "same-origin"},
		"/api/pipelines": {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'", "Referrer-Policy": "no-referrer", "X-Frame-Options": "DENY"},
		"/assets/a.js":   {"Cache-Control": "public, max-age=31536000, immutable"},
	} {
		res, _ := w.call(scenario{method: "GET", path: path})
		for name, value := range want {
			if got := res.Header.Get(name); got != value {
				t.Errorf("%s: %s is %q, want %q", path, name, got, value)
			}
		}
	}
}
