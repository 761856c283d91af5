package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/broked/broked/internal/api"
	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/limits"
)

// told returns the records of an event, oldest first.
func (w *world) told(event string) []auth.AuditRecord {
	w.t.Helper()
	all, err := w.store.AuditRecords(w.t.Context(), auth.AuditFilter{Event: event, Limit: 500})
	must(w.t, err)
	for i, j := 0, len(all)-1; i < j; i, j = i+1, j-1 {
		all[i], all[j] = all[j], all[i]
	}
	return all
}

func TestRefusalsAreToldOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t).withAccounts()
	for range 5 {
		w.run(scenario{name: "viewer, audit", as: auth.Viewer, method: "GET", path: "/api/audit", want: 403})
		w.run(scenario{name: "viewer, audit again", as: auth.Viewer, method: "GET", path: "/api/audit/verify", want: 403})
		w.run(scenario{name: "viewer, create", as: auth.Viewer, method: "POST", path: "/api/pipelines", body: document("x"), want: 403})
		w.run(scenario{name: "editor, audit", as: auth.Editor, method: "GET", path: "/api/audit", want: 403})
		w.run(scenario{name: "admin, above", as: auth.Admin, method: "POST", path: "/api/auth/users", body: `{"username":"new","password":"secure-password","role":"superadmin"}`, want: 403})
		w.run(scenario{name: "nobody", method: "GET", path: "/api/audit", want: 401})
	}
	var got []string
	for _, r := range w.told("authz_fail") {
		var details struct{ Code, Reason string }
		must(t, json.Unmarshal(r.Details, &details))
		if r.Outcome != auth.Failure || r.Address != "127.0.0.1" || r.RequestID == "" || r.ActorKind != "user" {
			t.Errorf("%+v", r)
		}
		got = append(got, r.Actor+": "+details.Reason+" ("+details.Code+")")
	}
	want := []string{
		"viewer: your role viewer does not include the permission audit.view (permission_denied)",
		"viewer: your role viewer does not include the permission pipelines.create (permission_denied)",
		"editor: your role editor does not include the permission audit.view (permission_denied)",
		"admin: the role superadmin is above yours (above_own_role)",
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("the audit log tells\n%q\nwant\n%q", got, want)
	}
}

func TestUsedUpLimitsAreToldOnce(t *testing.T) {
	t.Parallel()
	w := newWorldWith(t, func(d *api.Deps) {
		d.Limits = map[api.Class]limits.Rate{"auth": limits.Per(1, time.Hour, 2), "list": limits.Per(1, time.Hour, 1)}
	}).withAccounts()
	text := w.run(scenario{name: "key", as: auth.Admin, method: "POST", path: "/api/services", body: `{"service_name":"robot","permissions":["pipelines.view"]}`, want: 201})
	key := map[string]string{"X-API-Key": member(t, text, "token")}
	for i := range 6 {
		want := http.StatusBadRequest
		if i >= 2 {
			want = http.StatusTooManyRequests
		}
		w.run(scenario{name: "sign-in", method: "POST", path: "/api/auth/login", body: `{}`, want: want})
		want = http.StatusOK
		if i >= 1 {
			want = http.StatusTooManyRequests
		}
		w.run(scenario{name: "list", method: "GET", path: "/api/pipelines", header: key, want: want})
	}
	var got []string
	for _, r := range w.told("excess_rate_limit_exceeded") {
		got = append(got, r.ActorKind+" "+r.Actor+" "+string(r.Details))
	}
	want := []string{`key robot {"class":"list"}`, `anonymous  {"class":"auth"}`}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("the audit log tells %q, want %q", got, want)
	}
}

func TestOpenModeIsTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for range 3 {
		w.run(scenario{name: "open", method: "GET", path: "/api/pipelines", want: 200})
	}
	w.run(scenario{name: "from elsewhere", method: "GET", path: "/api/pipelines", header: map[string]string{"Via": "1.1 proxy"}, want: 403})
	told := w.told("open_mode_request")
	if len(told) != 1 || told[0].ActorKind != "open" || told[0].Outcome != auth.Success || told[0].Address != "127.0.0.1" {
		t.Errorf("the audit log tells %+v", told)
	}
	if refused := w.told("authz_fail"); len(refused) != 1 || refused[0].ActorKind != "anonymous" {
		t.Errorf("the audit log tells of the stranger: %+v", refused)
	}
}

// TestStrangersDoNotFillTheDisk checks the bound on what all callers together
// can make the audit log grow by.
func TestStrangersDoNotFillTheDisk(t *testing.T) {
	t.Parallel()
	w := newWorld(t).withAccounts()
	for i := range 300 {
		ctx := auth.WithOrigin(t.Context(), auth.Origin{Address: fmt.Sprintf("2001:db8::%x", i)})
		w.auth.Notice(ctx, auth.Notice{Event: "authz_fail", Every: time.Minute, Outcome: auth.Failure})
	}
	// The test may be slow, and ten more are told each minute.
	if n := len(w.told("authz_fail")); n < 100 || n > 150 {
		t.Errorf("the audit log tells %d of 300 refusals, want 100", n)
	}
}

func TestStreamsOfOne(t *testing.T) {
	t.Parallel()
	w := newWorld(t).withAccounts()
	w.tokenOf(auth.Editor)
	open := func(as auth.Role) *http.Response {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.url+"/api/events", http.NoBody)
		must(t, err)
		req.Header.Set("Authorization", "Bearer "+w.tokenOf(as))
		res, err := http.DefaultClient.Do(req)
		must(t, err)
		t.Cleanup(func() { _ = res.Body.Close() })
		return res
	}
	var streams []*http.Response
	for range 20 {
		res := open(auth.Viewer)
		if res.StatusCode != http.StatusOK {
			t.Fatalf("stream %d: %d", len(streams)+1, res.StatusCode)
		}
		streams = append(streams, res)
	}
	if res := open(auth.Viewer); res.StatusCode != http.StatusTooManyRequests || res.Header.Get("Retry-After") == "" {
		t.Errorf("the 21st stream: %d %v", res.StatusCode, res.Header)
	}
	if res := open(auth.Editor); res.StatusCode != http.StatusOK {
		t.Errorf("somebody else's: %d", res.StatusCode)
	}
	w.run(scenario{name: "other requests", as: auth.Viewer, method: "GET", path: "/api/pipelines", want: 200})
	must(t, streams[0].Body.Close())
	for deadline := time.Now().Add(soon); ; {
		if open(auth.Viewer).StatusCode == http.StatusOK {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("a stream that was closed still counts")
		}
	}
}
