package api_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/broked/broked/internal/api"
	"github.com/broked/broked/internal/auth"
)

// session exchanges the key of a service for a session.
func (w *world) session(key string) string {
	w.t.Helper()
	text := w.run(scenario{name: "exchange", method: "POST", path: "/api/auth/service", header: bearer(key), want: 200, has: []string{`"expires_in":900`}})
	return member(w.t, text, "session_token")
}

func asked(question string) string { return "/api/request?request=" + url.QueryEscape(question) }

func TestServiceSessions(t *testing.T) {
	t.Parallel()
	w := newWorld(t).withAccounts()
	id, key := w.service("monitor", auth.UsersView, auth.SystemView, auth.ServicesManage)
	_, plain := w.service("plain")
	token := bearer(w.session(key))
	second, third := bearer(w.session(key)), bearer(w.session(key))
	const exchange = "/api/auth/service"
	for _, sc := range []scenario{
		{name: "exchange: nobody", method: "POST", path: exchange, want: 401},
		{name: "exchange: a person", as: auth.Admin, method: "POST", path: exchange, want: 401},
		{name: "exchange: an unknown key", method: "POST", path: exchange, header: bearer("brk_x"), want: 401},
		{name: "exchange: the server's key", method: "POST", path: exchange, header: bearer(serverKey), want: 403, has: []string{"key_required"}},
		{name: "K15 exchange: a session", method: "POST", path: exchange, header: token, want: 403, has: []string{"key_required"}},
		{name: "K15 a session makes a key", method: "POST", path: "/api/services", header: token, body: `{"service_name":"x","permissions":[]}`, want: 403},
		{name: "the key itself does", method: "GET", path: "/api/services", header: bearer(key), want: 200},
		{name: "users", method: "GET", path: "/api/users", header: token, want: 200, has: []string{`"username":"admin"`}, hasNot: []string{"argon2"}},
		{name: "users: another session of it", method: "GET", path: "/api/users", header: second, want: 200},
		{name: "users: without the permission", method: "GET", path: "/api/users", header: bearer(w.session(plain)), want: 403},
		{name: "users: nobody", method: "GET", path: "/api/users", want: 401},
		{name: "users: a viewer", as: auth.Viewer, method: "GET", path: "/api/users", want: 403},
		{name: "users: an admin", as: auth.Admin, method: "GET", path: "/api/users", want: 200},
		{name: "take the permission away", as: auth.Admin, method: "PUT", path: "/api/services/" + id, body: `{"permissions":["system.view"]}`, want: 200},
		{name: "on the next request", method: "GET", path: "/api/users", header: third, want: 403},
		{name: "what is left", method: "GET", path: asked(`{"RequestName":"RequestNodesInfo"}`), header: third, want: 200},
		{name: "log out", method: "POST", path: "/api/auth/logout", header: second, want: 200},
		{name: "is out", method: "GET", path: "/api/auth/me", header: second, want: 401, has: []string{"invalid_token"}},
		{name: "others are not", method: "GET", path: "/api/auth/me", header: third, want: 200, has: []string{`"service_id":"` + id}},
		{name: "revoke", as: auth.Admin, method: "DELETE", path: "/api/services/" + id, want: 204},
		{name: "its sessions end", method: "GET", path: "/api/auth/me", header: third, want: 401, has: []string{"invalid_token"}},
		{name: "and its key", method: "POST", path: exchange, header: bearer(key), want: 401},
	} {
		w.run(sc)
	}
}

func TestTokensOfServicesEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t).withAccounts()
	c := w.client("monitor", auth.PipelinesView)
	session, access := bearer(w.session(c.secret)), bearer(w.access(c, ""))
	at := func(name string, since time.Duration, token map[string]string, want int) {
		t.Helper()
		w.ahead.Store(int64(since))
		w.run(scenario{name: name, method: "GET", path: "/api/pipelines", header: token, want: want})
	}
	at("K16 a session before its end", 14*time.Minute+50*time.Second, session, 200)
	at("K16 a session after its end", 15*time.Minute+time.Second, session, 401)
	at("an access token before its end", 59*time.Minute+50*time.Second, access, 200)
	at("an access token after its end", time.Hour+time.Second, access, 401)
	w.ahead.Store(0)
	w.run(scenario{name: "the owner is disabled", as: auth.Superadmin, method: "PUT", path: "/api/auth/users/" + w.idOf("admin"), body: `{"disabled":true}`, want: 200})
	at("a session of a service without an owner", 0, session, 401)
	at("an access token of it", 0, access, 401)
}

// TestRevokingClosesEveryDoor shows one secret at each of them.
func TestRevokingClosesEveryDoor(t *testing.T) {
	t.Parallel()
	w := newWorld(t).withAccounts()
	c := w.client("partner", auth.PipelinesView, auth.UsersView, auth.ContactsView)
	doors := []scenario{
		{name: "the key as Bearer", path: "/api/pipelines", header: bearer(c.secret)},
		{name: "the key in X-API-Key", path: "/api/pipelines", header: map[string]string{"X-API-Key": c.secret}},
		{name: "a service's session", path: "/api/users", header: bearer(w.session(c.secret))},
		{name: "an access token", path: "/api/v1/pipelines", header: bearer(w.access(c, ""))},
		{name: "the key as Token", path: "/v2/leads", header: map[string]string{"Authorization": "Token token=" + c.secret}},
	}
	for _, sc := range doors {
		sc.method, sc.want = "GET", 200
		w.run(sc)
	}
	w.run(scenario{name: "revoke", as: auth.Admin, method: "DELETE", path: "/api/services/" + c.id, want: 204})
	for _, sc := range doors {
		sc.method, sc.want = "GET", 401
		w.run(sc)
	}
}

func TestRequests(t *testing.T) {
	t.Parallel()
	w := newWorldWith(t, func(d *api.Deps) {
		d.Machines = func(context.Context) ([]api.Machine, error) {
			return []api.Machine{{Node: "one", Platform: "linux/amd64"}, {Node: "two", Platform: "linux/arm64"}}, nil
		}
	}).withAccounts()
	_, key := w.service("monitor", auth.SystemView, auth.PipelinesView, auth.RunsView, auth.IssuesView)
	_, some := w.service("some", auth.SystemView)
	orders := w.create(auth.Admin, "orders")
	w.fail(orders, "in")
	w.trigger(auth.Admin, orders)
	const guid = "0f8fad5b-d9cb-469f-a165-70867728950e"
	for _, sc := range []scenario{
		{name: "nodes", path: `{"RequestName":"RequestNodesInfo"}`, want: 200, has: []string{`"Result":[{"Node":"one","Platform":"linux/amd64"`, `"Node":"two"`, `"Errors":[]`, `"ResponseMaster":"ResponseNodesInfo"`, `"RequestId":"`}},
		{name: "one of them", path: `{"RequestName":"RequestNodesInfo","Nodes":["two"],"RequestId":"` + guid + `"}`, want: 200, has: []string{`"Node":"two"`, guid}, hasNot: []string{`"Node":"one"`}},
		{name: "one that is not there", path: `{"RequestName":"RequestNodesInfo","Nodes":["one","three"]}`, want: 200, has: []string{`"Node":"one"`, `"Errors":[{"Node":"three","Platform":"","Result":"there is no node of this name","ResponseNode":"ResponseNodeError"}]`}},
		{name: "no names", path: `{"RequestName":"RequestNodesInfo","Nodes":[]}`, want: 200, has: []string{`"Node":"two"`}},
		{name: "issues", path: `{"RequestName":"RequestIssues"}`, want: 200, has: []string{`"kind":"run_failed"`, `"state":"open"`, `"ResponseMaster":"ResponseIssues"`}},
		{name: "pipelines", path: `{"RequestName":"RequestPipelines"}`, want: 200, has: []string{`"name":"orders"`, `"ResponseMaster":"ResponsePipelines"`}},
		{name: "runs", path: `{"RequestName":"RequestRuns","Nodes":["one","two"]}`, want: 200, has: []string{`"status":"pending"`, `"Errors":[]`}},
		{name: "metadata", path: `{"RequestName":"RequestMetadata"}`, want: 200, has: []string{`"RequestName":"RequestNodesInfo"`, `"Permission":"system.view"`, `"Version":"test"`}},
		{name: "unknown name", path: `{"RequestName":"RequestNodeInfo"}`, want: 400, has: []string{"RequestNodesInfo", `"path":"RequestName"`}},
		{name: "no name", path: `{}`, want: 400},
		{name: "bad JSON", path: `{"RequestName":`, want: 400},
		{name: "unknown member", path: `{"RequestName":"RequestNodesInfo","Node":"one"}`, want: 400, has: []string{`"path":"Node"`}},
		{name: "no GUID", path: `{"RequestName":"RequestNodesInfo","RequestId":"7"}`, want: 400, has: []string{`"path":"RequestId"`}},
	} {
		sc.method, sc.path, sc.header = "GET", asked(sc.path), bearer(key)
		w.run(sc)
	}
	for _, sc := range []scenario{
		{name: "no request", header: bearer(key), path: "/api/request", want: 400},
		{name: "nobody", path: asked(`{"RequestName":"RequestNodesInfo"}`), want: 401},
		{name: "a viewer", as: auth.Viewer, path: asked(`{"RequestName":"RequestNodesInfo"}`), want: 403},
		{name: "without the permission of the request", header: bearer(some), path: asked(`{"RequestName":"RequestIssues"}`), want: 403, has: []string{"issues.view"}},
	} {
		sc.method = "GET"
		w.run(sc)
	}
}

// TestOneRequestAtATime holds a service's first request open for as long as it
// takes to send others.
func TestOneRequestAtATime(t *testing.T) {
	t.Parallel()
	entered, leave := make(chan struct{}), make(chan struct{})
	var once sync.Once
	w := newWorldWith(t, func(d *api.Deps) {
		d.Machines = func(context.Context) ([]api.Machine, error) {
			once.Do(func() { close(entered); <-leave })
			return []api.Machine{{Node: "one"}}, nil
		}
	}).withAccounts()
	_, key := w.service("monitor", auth.SystemView)
	_, other := w.service("other", auth.SystemView)
	token, elsewhere := w.session(key), w.session(other)
	nodes := asked(`{"RequestName":"RequestNodesInfo"}`)
	first := make(chan int, 1)
	go func() {
		res, _ := w.call(scenario{method: "GET", path: nodes, header: bearer(token)})
		first <- res.StatusCode
	}()
	<-entered
	res, text := w.call(scenario{method: "GET", path: "/api/auth/me", header: bearer(token)})
	if res.StatusCode != http.StatusTooManyRequests || res.Header.Get("Retry-After") != "1" || !strings.Contains(text, "service_busy") {
		t.Errorf("a second request answers %d (Retry-After %q): %s", res.StatusCode, res.Header.Get("Retry-After"), text)
	}
	w.run(scenario{name: "another service", method: "GET", path: "/api/auth/me", header: bearer(elsewhere), want: 200})
	w.run(scenario{name: "the key itself", method: "GET", path: "/api/auth/me", header: bearer(key), want: 200})
	close(leave)
	if code := <-first; code != http.StatusOK {
		t.Errorf("the first request is disturbed: %d", code)
	}
	w.run(scenario{name: "when it is over", method: "GET", path: "/api/auth/me", header: bearer(token), want: 200})

	var passed, busy atomic.Int64
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			switch res, _ := w.call(scenario{method: "GET", path: nodes, header: bearer(token)}); res.StatusCode {
			case http.StatusOK:
				passed.Add(1)
			case http.StatusTooManyRequests:
				busy.Add(1)
			}
		})
	}
	wg.Wait()
	if passed.Load() == 0 || passed.Load()+busy.Load() != 50 {
		t.Errorf("of 50 at once %d pass and %d are told to wait", passed.Load(), busy.Load())
	}
}
