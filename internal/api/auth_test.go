package api_test

import (
	"bufio"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/broked/broked/internal/auth"
)

func TestOpenMode(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, sc := range []scenario{
		{name: "setup", method: "GET", path: "/api/auth/setup", want: 200, has: []string{`{"needs_setup":true,"open":true,"token_required":false}`}},
		{name: "local caller", method: "GET", path: "/api/pipelines", want: 200},
		{name: "me", method: "GET", path: "/api/auth/me", want: 200, has: []string{`"open":true`, `"role":"superadmin"`}},
		{name: "bad token is no open mode", method: "GET", path: "/api/pipelines", header: map[string]string{"Authorization": "Bearer x"}, want: 401},
		{name: "unknown scheme", method: "GET", path: "/api/pipelines", header: map[string]string{"Authorization": "Basic eDp5"}, want: 401},
		{name: "key", method: "GET", path: "/api/pipelines", header: map[string]string{"X-API-Key": "brk_x"}, want: 401},
		{name: "proxied", method: "GET", path: "/api/pipelines", header: map[string]string{"X-Forwarded-For": "8.8.8.8"}, want: 403, has: []string{"setup_required"}},
		{name: "proxied, standard header", method: "GET", path: "/api/pipelines", header: map[string]string{"Forwarded": "for=8.8.8.8"}, want: 403},
		{name: "rebound name", method: "GET", path: "/api/pipelines", header: map[string]string{"Host": "attacker.example"}, want: 403},
		{name: "rebound name that looks local", method: "GET", path: "/api/pipelines", header: map[string]string{"Host": "127.0.0.1.nip.io"}, want: 403},
		{name: "proxied setup", method: "GET", path: "/api/auth/setup", header: map[string]string{"Via": "1.1 x"}, want: 200, has: []string{`"token_required":true`, `"open":false`}},
		{name: "proxied first account", method: "POST", path: "/api/auth/users", body: `{"username":"a","password":"secure-password","role":"superadmin"}`, header: map[string]string{"Via": "1.1 x"}, want: 403, has: []string{"setup_token_required"}},
		{name: "wrong token", method: "POST", path: "/api/auth/users", body: `{"username":"a","password":"secure-password"}`, header: map[string]string{"Via": "1.1 x", "X-Setup-Token": "y"}, want: 403},
		{name: "short password", method: "POST", path: "/api/auth/users", body: `{"username":"a","password":"short"}`, want: 400, has: []string{`"path":"password"`}},
		{name: "first account with token", method: "POST", path: "/api/auth/users", body: `{"username":"Root","password":"secure-password","role":"superadmin"}`, header: map[string]string{"Via": "1.1 x", "X-Setup-Token": setupToken}, want: 201, has: []string{`"role":"superadmin"`}, hasNot: []string{"argon2", "secure-password"}},
		{name: "open mode has ended", method: "GET", path: "/api/pipelines", want: 401},
		{name: "setup is over", method: "GET", path: "/api/auth/setup", want: 200, has: []string{`"needs_setup":false`}},
		{name: "no second first account", method: "POST", path: "/api/auth/users", body: `{"username":"b","password":"secure-password"}`, want: 401},
	} {
		w.run(sc)
	}
}

func TestFirstAccountHasOneWinner(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var made, refused atomic.Int64
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() {
			res, _ := w.call(scenario{method: "POST", path: "/api/auth/users", body: fmt.Sprintf(`{"username":"u%d","password":"secure-password"}`, i)})
			switch res.StatusCode {
			case http.StatusCreated:
				made.Add(1)
			case http.StatusConflict, http.StatusUnauthorized, http.StatusServiceUnavailable:
				refused.Add(1)
			}
		})
	}
	wg.Wait()
	if made.Load() != 1 || refused.Load() != 49 {
		t.Errorf("%d made, %d refused, want 1 and 49", made.Load(), refused.Load())
	}
}

func TestSignIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t).withAccounts()
	const login = "/api/auth/login"
	for _, sc := range []scenario{
		{name: "wrong password", method: "POST", path: login, body: `{"username":"editor","password":"wrong-password"}`, want: 401, has: []string{"invalid_credentials"}},
		{name: "unknown name", method: "POST", path: login, body: `{"username":"ghost","password":"wrong-password"}`, want: 401, has: []string{"invalid_credentials"}},
		{name: "unknown member", method: "POST", path: login, body: `{"username":"editor","password":"x","role":"admin"}`, want: 400},
		{name: "member twice", method: "POST", path: login, body: `{"username":"editor","password":"x","password":"y"}`, want: 400},
		{name: "null", method: "POST", path: login, body: `{"username":"editor","password":null}`, want: 400},
		{name: "another spelling of the name", method: "POST", path: login, body: `{"username":" ＥDITOR ","password":"secure-password"}`, want: 200, has: []string{`"token":"`, `"username":"editor"`}, hasNot: []string{"argon2"}},
		{name: "me", as: auth.Editor, method: "GET", path: "/api/auth/me", want: 200, has: []string{`"username":"editor"`, `"role":"editor"`}},
		{name: "permissions", as: auth.Viewer, method: "GET", path: "/api/auth/me/permissions", want: 200, has: []string{`"pipelines.view"`}, hasNot: []string{"pipelines.run"}},
		{name: "accounts: editor", as: auth.Editor, method: "GET", path: "/api/auth/users", want: 403},
		{name: "accounts: admin", as: auth.Admin, method: "GET", path: "/api/auth/users", want: 200, has: []string{`"username":"viewer"`}, hasNot: []string{"argon2"}},
		{name: "new account: editor", as: auth.Editor, method: "POST", path: "/api/auth/users", body: `{"username":"n","password":"secure-password","role":"viewer"}`, want: 403},
		{name: "new account above one's own", as: auth.Admin, method: "POST", path: "/api/auth/users", body: `{"username":"n","password":"secure-password","role":"superadmin"}`, want: 403},
		{name: "new account", as: auth.Admin, method: "POST", path: "/api/auth/users", body: `{"username":"n","password":"new-pass","role":"viewer"}`, want: 201},
		{name: "name is taken", as: auth.Admin, method: "POST", path: "/api/auth/users", body: `{"username":"N","password":"new-pass","role":"viewer"}`, want: 409},
		{name: "two credentials", as: auth.Editor, method: "GET", path: "/api/auth/me", header: map[string]string{"X-API-Key": "brk_x"}, want: 400},
		{name: "token with a changed role", method: "GET", path: "/api/auth/me", header: map[string]string{"Authorization": "Bearer " + w.tokenOf(auth.Viewer) + "x"}, want: 401, has: []string{"invalid_token"}},
		{name: "unsigned token", method: "GET", path: "/api/auth/me", header: map[string]string{"Authorization": "Bearer eyJhbGciOiJub25lIn0.e30.x"}, want: 401},
	} {
		w.run(sc)
	}
}

func TestSessionCookie(t *testing.T) {
	t.Parallel()
	w := newWorld(t).withAccounts()
	res, _ := w.call(scenario{method: "POST", path: "/api/auth/login", body: `{"username":"viewer","password":"secure-password"}`})
	cookies := res.Cookies()
	if len(cookies) != 2 {
		t.Fatalf("%d cookies, want the session's and the device's", len(cookies))
	}
	c := cookies[0]
	if c.Name != "brokoli_session" || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Secure || c.MaxAge < 86_398 || c.MaxAge > 86_400 {
		t.Errorf("cookie %v", c)
	}
	with := map[string]string{"Cookie": c.Name + "=" + c.Value}
	w.run(scenario{name: "cookie", method: "GET", path: "/api/auth/me", header: with, want: 200})
	w.run(scenario{name: "a bad header does not fall back to the cookie", method: "GET", path: "/api/auth/me", header: map[string]string{"Cookie": with["Cookie"], "Authorization": "Bearer x"}, want: 401})
	w.run(scenario{name: "logout", method: "POST", path: "/api/auth/logout", header: with, body: `{}`, want: 200, has: []string{`"status":"ok"`}})
	w.run(scenario{name: "after logout", method: "GET", path: "/api/auth/me", header: with, want: 401})
}

func TestParallelGuesses(t *testing.T) {
	t.Parallel()
	w := newWorld(t).withAccounts()
	w.tokenOf(auth.Admin) // a session from before the guesses
	var looked, locked atomic.Int64
	var wg sync.WaitGroup
	for range 200 {
		wg.Go(func() {
			res, _ := w.call(scenario{method: "POST", path: "/api/auth/login", body: `{"username":"admin","password":"wrong-password"}`})
			switch res.StatusCode {
			case http.StatusUnauthorized, http.StatusServiceUnavailable: // 503: reserved, and then no core was free
				looked.Add(1)
			case http.StatusTooManyRequests:
				locked.Add(1)
				if res.Header.Get("Retry-After") == "" {
					t.Error("locked without Retry-After")
				}
			}
		})
	}
	wg.Wait()
	if looked.Load() != auth.MaxFailures || locked.Load() != 200-auth.MaxFailures {
		t.Errorf("%d guesses looked at and %d locked out, want %d and %d", looked.Load(), locked.Load(), auth.MaxFailures, 200-auth.MaxFailures)
	}
	w.run(scenario{name: "right password while locked", method: "POST", path: "/api/auth/login", body: `{"username":"admin","password":"secure-password"}`, want: 429, has: []string{"login_locked"}})
	w.run(scenario{name: "sessions go on", as: auth.Admin, method: "GET", path: "/api/auth/me", want: 200})
}

func TestStreamsTellAndEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t).withAccounts()
	w.create(auth.Editor, "p")
	lines := w.stream("/api/events", w.tokenOf(auth.Viewer))
	run := w.trigger(auth.Editor, "p")
	await(t, lines, run)
	w.run(scenario{name: "logout", as: auth.Viewer, method: "POST", path: "/api/auth/logout", body: `{}`, want: 200})
	timeout := time.After(soon)
	for {
		select {
		case _, more := <-lines:
			if !more {
				return // the stream ended with the session
			}
		case <-timeout:
			t.Fatal("the stream goes on after its session has ended")
		}
	}
}

// stream opens a stream of events, as whoever has the token, and returns its lines.
func (w *world) stream(path, token string) <-chan string {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), http.MethodGet, w.url+path, nil)
	must(w.t, err)
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := http.DefaultClient.Do(req)
	must(w.t, err)
	w.t.Cleanup(func() { _ = res.Body.Close() })
	lines := make(chan string)
	go func() {
		defer close(lines)
		for s := bufio.NewScanner(res.Body); s.Scan(); {
			select {
			case lines <- s.Text():
			case <-w.t.Context().Done():
				return
			}
		}
	}()
	await(w.t, lines, "retry: 1000") // the stream is open: what comes now is told
	return lines
}

func await(t *testing.T, lines <-chan string, part string) {
	t.Helper()
	timeout := time.After(soon)
	for {
		select {
		case line, more := <-lines:
			if !more {
				t.Fatalf("the stream ended before %q", part)
			}
			if strings.Contains(line, part) {
				return
			}
		case <-timeout:
			t.Fatalf("no %q in the stream", part)
		}
	}
}

// TestUnknownNamesAreLockedAlike guesses at an account and at a name that nobody
// has: what is answered must not tell which is which.
func TestUnknownNamesAreLockedAlike(t *testing.T) {
	t.Parallel()
	w := newWorld(t).withAccounts()
	guess := func(name string) (status int, body string, headers []string) {
		res, text := w.call(scenario{method: "POST", path: "/api/auth/login", body: `{"username":"` + name + `","password":"wrong-password"}`})
		text, _, _ = strings.Cut(text, `"request_id"`)
		return res.StatusCode, text, slices.Sorted(maps.Keys(res.Header))
	}
	for i := range 7 {
		status, body, headers := guess("viewer")
		otherStatus, otherBody, otherHeaders := guess("ghost")
		if status != otherStatus || body != otherBody || !slices.Equal(headers, otherHeaders) {
			t.Errorf("guess %d: %d %s %v, but of an unknown name %d %s %v", i+1, status, body, headers, otherStatus, otherBody, otherHeaders)
		}
		if want := i >= 5; want != (status == http.StatusTooManyRequests) {
			t.Errorf("guess %d answers %d", i+1, status)
		}
	}
}
