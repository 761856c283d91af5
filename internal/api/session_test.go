package api_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/broked/broked/internal/auth"
)

func TestSessionCalls(t *testing.T) {
	t.Parallel()
	w := newWorld(t).withAccounts()
	const sessions = "/api/auth/sessions"
	second := member(t, w.signIn("viewer", password, 200), "token")
	list := func(name string, as auth.Role, path string) []auth.SessionInfo {
		t.Helper()
		var all []auth.SessionInfo
		must(t, json.Unmarshal([]byte(w.run(scenario{name: name, as: as, method: "GET", path: path, want: 200})), &all))
		return all
	}
	own := list("own", auth.Viewer, sessions)
	if len(own) != 2 || own[0].Current == own[1].Current || own[0].Username != "viewer" {
		t.Fatalf("sessions %+v", own)
	}
	current, other := own[0], own[1]
	if other.Current {
		current, other = other, current
	}
	root := list("root", auth.Superadmin, sessions)[0]
	editor := list("editor", auth.Editor, sessions)[0]
	for _, sc := range []scenario{
		{name: "list: nobody", method: "GET", path: sessions, want: 401},
		{name: "list: another's, viewer", as: auth.Viewer, method: "GET", path: sessions + "?user_id=" + w.idOf("editor"), want: 403},
		{name: "list: absent account", as: auth.Admin, method: "GET", path: sessions + "?user_id=nobody", want: 404},
		{name: "list: another's, admin", as: auth.Admin, method: "GET", path: sessions + "?user_id=" + w.idOf("viewer"), want: 200, has: []string{`"current":false`, `"address":"127.0.0.1"`}, hasNot: []string{`"current":true`, second}},
		{name: "end: nobody", method: "DELETE", path: sessions + "/" + string(other.ID), want: 401},
		{name: "end: absent", as: auth.Viewer, method: "DELETE", path: sessions + "/nothing", want: 404, has: []string{"session_not_found"}},
		{name: "end: another's, viewer", as: auth.Viewer, method: "DELETE", path: sessions + "/" + string(editor.ID), want: 404, has: []string{"session_not_found"}},
		{name: "end: above one's own", as: auth.Admin, method: "DELETE", path: sessions + "/" + string(root.ID), want: 403, has: []string{"above_own_role"}},
		{name: "both go on", header: bearer(second), method: "GET", path: "/api/auth/me", want: 200},
		{name: "end: one's other", as: auth.Viewer, method: "DELETE", path: sessions + "/" + string(other.ID), want: 204},
		{name: "it has ended", header: bearer(second), method: "GET", path: "/api/auth/me", want: 401, has: []string{"invalid_token"}},
		{name: "end: again", as: auth.Viewer, method: "DELETE", path: sessions + "/" + string(other.ID), want: 404},
		{name: "end: another's, admin", as: auth.Admin, method: "DELETE", path: sessions + "/" + string(current.ID), want: 204},
		{name: "that has ended, too", as: auth.Viewer, method: "GET", path: "/api/auth/me", want: 401},
		{name: "end others: nobody", method: "DELETE", path: sessions, want: 401},
		{name: "end others: there are none", as: auth.Editor, method: "DELETE", path: sessions, want: 200, has: []string{`{"ended":0}`}},
	} {
		w.run(sc)
	}
	for range 3 {
		second = member(t, w.signIn("editor", password, 200), "token")
	}
	w.run(scenario{name: "end others", as: auth.Editor, method: "DELETE", path: sessions, want: 200, has: []string{`{"ended":3}`}})
	w.run(scenario{name: "the others", header: bearer(second), method: "GET", path: "/api/auth/me", want: 401})
	w.run(scenario{name: "this one", as: auth.Editor, method: "GET", path: "/api/auth/me", want: 200})
	w.run(scenario{name: "the log", as: auth.Admin, method: "GET", path: "/api/audit?event=sessions_revoked_all", want: 200, has: []string{`"actor":"editor"`, `{"ended":3}`}})
}

// TestKnownBrowser checks that a stranger can lock an account, but not out of a
// browser in which its owner has signed in before.
func TestKnownBrowser(t *testing.T) {
	t.Parallel()
	w := newWorld(t).withAccounts()
	login := func(as, password, device string) (*http.Response, string) {
		t.Helper()
		return w.call(scenario{
			method: "POST", path: "/api/auth/login", body: `{"username":"` + as + `","password":"` + password + `"}`,
			header: map[string]string{"Cookie": "brokoli_device=" + device},
		})
	}
	deviceOf := func(as string) string {
		t.Helper()
		res, text := login(as, password, "")
		for _, c := range res.Cookies() {
			if c.Name == "brokoli_device" && c.HttpOnly && c.MaxAge == 90*24*3600 && c.SameSite == http.SameSiteStrictMode {
				return c.Value
			}
		}
		t.Fatalf("no device cookie: %v %s", res.Header, text)
		return ""
	}
	want := func(what string, res *http.Response, status int) {
		t.Helper()
		if res.StatusCode != status {
			t.Errorf("%s: %d, want %d", what, res.StatusCode, status)
		}
	}
	known, foreign := deviceOf("editor"), deviceOf("viewer")
	for range auth.MaxFailures {
		res, _ := login("editor", "wrong-password", "")
		want("a stranger's guess", res, 401)
	}
	for what, device := range map[string]string{
		"no device": "", "another's": foreign, "nonsense": "x.y.z", "changed": strings.Replace(known, ".", ".A", 1), "no MAC": known[:strings.LastIndex(known, ".")+1],
	} {
		res, _ := login("editor", password, device)
		want(what, res, 429)
	}
	res, _ := login("editor", password, known)
	want("the owner, in a known browser", res, 200)
	for range auth.MaxFailures {
		res, _ := login("editor", "wrong-password", known)
		want("guesses in the known browser", res, 401)
	}
	res, _ = login("editor", password, known)
	want("the known browser has a lock of its own", res, 429)
	w.run(scenario{name: "reset", as: auth.Admin, method: "POST", path: "/api/auth/admin-reset-password", body: `{"user_id":"` + w.idOf("editor") + `","new_password":"new-pass"}`, want: 200})
	res, _ = login("editor", "new-pass", known)
	want("a reset unlocks every browser", res, 200)
}

// TestIdleSessions checks that a session lasts while it is used, 24 hours at most,
// and that one that is not used ends.
func TestIdleSessions(t *testing.T) {
	t.Parallel()
	w := newWorld(t).withAccounts()
	token := member(t, w.signIn("viewer", password, 200), "token")
	me := func(what string, want int) {
		t.Helper()
		w.run(scenario{name: what, header: bearer(token), method: "GET", path: "/api/auth/me", want: want})
	}
	for range 3 {
		w.later(sessionIdle - 5*time.Minute)
		me("used every eight hours", 200)
	}
	w.later(24*time.Hour - 3*(sessionIdle-5*time.Minute))
	me("after 24 hours", 401)

	token = member(t, w.signIn("viewer", password, 200), "token")
	w.later(sessionIdle)
	admin := bearer(member(t, w.signIn("admin", password, 200), "token"))
	w.run(scenario{name: "not listed", header: admin, method: "GET", path: "/api/auth/sessions?user_id=" + w.idOf("viewer"), want: 200, has: []string{"[]"}})
	me("after eight idle hours", 401)
	me("again", 401)
}
