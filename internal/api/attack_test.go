package api_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/broked/broked/internal/api"
	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/limits"
)

func TestFormsInOpenMode(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, tc := range map[string]struct {
		header map[string]string
		want   int
	}{
		"another site":  {map[string]string{"Sec-Fetch-Site": "cross-site"}, 403},
		"no origin":     {map[string]string{"Origin": "null"}, 403},
		"plain text":    {map[string]string{"Content-Type": "text/plain"}, 415},
		"form":          {map[string]string{"Content-Type": "application/x-www-form-urlencoded"}, 415},
		"upload":        {map[string]string{"Content-Type": "multipart/form-data; boundary=x"}, 415},
		"text, charset": {map[string]string{"Content-Type": "Text/Plain; charset=utf-8"}, 415},
	} {
		for _, path := range []string{"/api/pipelines", "/api/pipelines/import"} {
			w.run(scenario{name: name, method: "POST", path: path, body: document("forged"), header: tc.header, want: tc.want})
		}
	}
	w.run(scenario{name: "nothing was made", method: "GET", path: "/api/pipelines", want: 200, has: []string{"[]"}})
}

// TestBodiesOnTheirWayWhenOpenModeEnds begins a request while no account exists,
// and ends it when there is one.
func TestBodiesOnTheirWayWhenOpenModeEnds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c, err := new(net.Dialer).DialContext(t.Context(), "tcp", strings.TrimPrefix(w.url, "http://"))
	must(t, err)
	defer c.Close()
	must(t, c.SetDeadline(time.Now().Add(soon)))
	body := document("late")
	host := strings.TrimPrefix(w.url, "http://")
	_, err = fmt.Fprintf(c, "POST /api/pipelines HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: %d\r\n\r\n", host, len(body))
	must(t, err)
	answer := bufio.NewReader(c)
	line, err := answer.ReadString('\n') // the server wants the body now, so it has let the caller in
	if err != nil || !strings.Contains(line, "100 Continue") {
		t.Fatalf("%q %v", line, err)
	}
	_, err = answer.ReadString('\n')
	must(t, err)
	w.run(scenario{name: "first account", method: "POST", path: "/api/auth/users", body: `{"username":"root","password":"secure-password","role":"superadmin"}`, want: 201})
	_, err = io.WriteString(c, body)
	must(t, err)
	res, err := http.ReadResponse(answer, nil)
	must(t, err)
	defer res.Body.Close()
	if res.StatusCode != http.StatusUnauthorized {
		t.Errorf("%s", res.Status)
	}
	w.signIn("root", "secure-password", 200)
	if n, err := w.store.CountPipelines(t.Context()); err != nil || n != 0 {
		t.Errorf("%d pipelines (%v)", n, err)
	}
}

func TestStreamsEndWithOpenMode(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.url+"/api/events", http.NoBody)
	must(t, err)
	res, err := http.DefaultClient.Do(req)
	must(t, err)
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		t.Fatal(res.Status)
	}
	w.run(scenario{name: "first account", method: "POST", path: "/api/auth/users", body: `{"username":"root","password":"secure-password"}`, want: 201})
	ended := make(chan error, 1)
	go func() {
		_, err := io.Copy(io.Discard, res.Body)
		ended <- err
	}()
	select {
	case err := <-ended:
		must(t, err)
	case <-time.After(soon):
		t.Error("the stream goes on")
	}
}

func TestUnreadableAccountsOpenNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.run(scenario{name: "open", method: "GET", path: "/api/pipelines", want: 200})
	_, err := w.db.Writer().ExecContext(t.Context(), `ALTER TABLE users RENAME TO gone`)
	must(t, err)
	for _, sc := range []scenario{
		{method: "GET", path: "/api/pipelines"},
		{method: "GET", path: "/api/auth/setup"},
		{method: "POST", path: "/api/pipelines", body: document("x")},
		{method: "POST", path: "/api/auth/users", body: `{"username":"root","password":"secure-password"}`},
	} {
		sc.name, sc.want, sc.has = "without accounts to read", 503, []string{"accounts_unreadable"}
		w.run(sc)
	}
	w.run(scenario{name: "health", method: "GET", path: "/health", want: 200})
}

// TestPasswordsAreTakenWhole signs in with what is nearly the password.
func TestPasswordsAreTakenWhole(t *testing.T) {
	t.Parallel()
	w := newWorld(t).withAccounts()
	long := strings.Repeat("0123456789", 8)
	composed, decomposed := "caf\u00e9-au-lait", "cafe\u0301-au-lait"
	emoji := strings.Repeat("\U0001f511\U0001f40e", 32)
	for name, tc := range map[string]struct {
		password string
		right    []string
		wrong    []string
	}{
		"spaced": {" in the middle of words ", []string{" in the middle of words "}, []string{"in the middle of words", " in the middle of words", " In the middle of words "}},
		"long":   {long, []string{long}, []string{long[:72], long[:79], long + "0"}},
		"accent": {composed, []string{composed, decomposed}, []string{"cafe-au-lait"}},
		"parted": {decomposed + "!", []string{composed + "!"}, nil},
		"emoji":  {emoji, []string{emoji}, []string{emoji + emoji}},
		"null":   {"before\x00behind", []string{"before\x00behind"}, []string{"before", "before\x00"}},
		"spaces": {"         a", []string{"         a"}, []string{"a", "          "}},
	} {
		body := func(password string) string {
			text, err := json.Marshal(map[string]string{"username": name, "password": password})
			must(t, err)
			return string(text)
		}
		w.run(scenario{name: name, as: auth.Admin, method: "POST", path: "/api/auth/users", body: body(tc.password), want: 201})
		for _, wrong := range tc.wrong {
			w.run(scenario{name: fmt.Sprintf("%s: %.20q", name, wrong), method: "POST", path: "/api/auth/login", body: body(wrong), want: 401})
		}
		for _, right := range tc.right {
			w.run(scenario{name: name, method: "POST", path: "/api/auth/login", body: body(right), want: 200})
		}
	}
}

// TestGuessedTokensAreLimited sends bad tokens of every kind from one address.
func TestGuessedTokensAreLimited(t *testing.T) {
	t.Parallel()
	w := newWorldWith(t, func(d *api.Deps) {
		d.Limits = map[api.Class]limits.Rate{"people": limits.Per(1, time.Hour, 60)}
	}).withAccounts()
	key := auth.NewKey()
	for i := range 100 {
		want := http.StatusUnauthorized
		if i >= 60 {
			want = http.StatusTooManyRequests
		}
		token := []string{key, "x", "a.b.c", key[:20]}[i%4]
		res, text := w.call(scenario{method: "GET", path: "/api/pipelines", header: map[string]string{"Authorization": "Bearer " + token, "X-Forwarded-For": fmt.Sprintf("192.0.2.%d", i)}})
		if res.StatusCode != want {
			t.Fatalf("request %d answers %d, want %d: %s", i+1, res.StatusCode, want, text)
		}
	}
	res, text := w.call(scenario{method: "GET", path: "/api/pipelines"})
	for name, shape := range map[string]string{
		"Retry-After":      `^[1-9][0-9]*$`,
		"Content-Type":     `^application/json$`,
		"RateLimit-Policy": `^"[a-z]+";q=[0-9]+;w=[1-9][0-9]*$`, // a list of one string with parameters (RFC 9651)
		"RateLimit":        `^"[a-z]+";r=0;t=[1-9][0-9]*$`,
	} {
		if value := res.Header.Get(name); !regexp.MustCompile(shape).MatchString(value) {
			t.Errorf("%s is %q, want %s", name, value, shape)
		}
	}
	if !strings.Contains(text, `"code":"rate_limited"`) {
		t.Errorf("the body is %s", text)
	}
	w.run(scenario{name: "health", method: "GET", path: "/health", want: 200})
	w.run(scenario{name: "the interface", method: "HEAD", path: "/", want: 200})
}

func TestHugeHeaders(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	res, _ := w.call(scenario{method: "GET", path: "/health", header: map[string]string{"X-API-Key": "brk_" + strings.Repeat("a", 2<<20)}})
	if res.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("two megabytes of a header: %s", res.Status)
	}
	w.run(scenario{name: "afterwards", method: "GET", path: "/health", want: 200})
}
