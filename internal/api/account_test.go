package api_test

import (
	"net/http"
	"testing"

	"github.com/broked/broked/internal/auth"
)

// idOf returns the id of the account with a name.
func (w *world) idOf(name string) string {
	w.t.Helper()
	users, err := w.auth.Users(w.t.Context())
	must(w.t, err)
	for _, u := range users {
		if u.Name == name {
			return string(u.ID)
		}
	}
	w.t.Fatalf("there is no account %s", name)
	return ""
}

// signIn returns what a sign-in answers.
func (w *world) signIn(name, password string, want int) string {
	w.t.Helper()
	return w.run(scenario{name: "sign in as " + name, method: http.MethodPost, path: "/api/auth/login", body: `{"username":"` + name + `","password":"` + password + `"}`, want: want})
}

func bearer(token string) map[string]string {
	return map[string]string{"Authorization": "Bearer " + token}
}

func TestAccountCalls(t *testing.T) {
	t.Parallel()
	w := newWorld(t).withAccounts()
	const users = "/api/auth/users/"
	root, admin, editor, viewer := users+w.idOf("superadmin"), users+w.idOf("admin"), users+w.idOf("editor"), users+w.idOf("viewer")
	const absent = users + "01a200af-0000-7000-8000-000000000000"
	for _, sc := range []scenario{
		{name: "list: nobody", method: "GET", path: "/api/auth/users", want: 401},
		{name: "list: editor", as: auth.Editor, method: "GET", path: "/api/auth/users", want: 403},
		{name: "list", as: auth.Admin, method: "GET", path: "/api/auth/users", want: 200, has: []string{`"must_change_password":false`, `"disabled":false`, `"last_login_at":"`}, hasNot: []string{"argon2"}},
		{name: "read: nobody", method: "GET", path: viewer, want: 401},
		{name: "read: viewer", as: auth.Viewer, method: "GET", path: viewer, want: 403},
		{name: "read: absent", as: auth.Admin, method: "GET", path: absent, want: 404, has: []string{"user_not_found"}},
		{name: "read: hostile", as: auth.Admin, method: "GET", path: users + "%27%20or%201=1", want: 404},
		{name: "read", as: auth.Admin, method: "GET", path: viewer, want: 200, has: []string{`"username":"viewer"`, `"role":"viewer"`}, hasNot: []string{"argon2"}},

		{name: "change: nobody", method: "PUT", path: viewer, body: `{"role":"editor"}`, want: 401},
		{name: "change: editor", as: auth.Editor, method: "PUT", path: viewer, body: `{"role":"editor"}`, want: 403},
		{name: "change: no such role", as: auth.Admin, method: "PUT", path: viewer, body: `{"role":"operator"}`, want: 400, has: []string{"role"}},
		{name: "change: unknown member", as: auth.Admin, method: "PUT", path: viewer, body: `{"username":"x"}`, want: 400, has: []string{"username"}},
		{name: "change: absent", as: auth.Admin, method: "PUT", path: absent, body: `{"role":"editor"}`, want: 404},
		{name: "change: above one's own", as: auth.Admin, method: "PUT", path: root, body: `{"role":"viewer"}`, want: 403, has: []string{"above_own_role"}},
		{name: "change: to above one's own", as: auth.Admin, method: "PUT", path: viewer, body: `{"role":"superadmin"}`, want: 403, has: []string{"above_own_role"}},
		{name: "change: last superadmin, lower", as: auth.Superadmin, method: "PUT", path: root, body: `{"role":"admin"}`, want: 409, has: []string{"last_admin"}},
		{name: "change: last superadmin, disable", as: auth.Superadmin, method: "PUT", path: root, body: `{"disabled":true}`, want: 409, has: []string{"last_admin"}},
		{name: "change: raise", as: auth.Admin, method: "PUT", path: viewer, body: `{"role":"editor"}`, want: 200, has: []string{`"role":"editor"`}},
		{name: "a raised role counts at once", as: auth.Viewer, method: "POST", path: "/api/pipelines", body: document("x"), want: 201},
		{name: "change: lower", as: auth.Admin, method: "PUT", path: viewer, body: `{"role":"viewer"}`, want: 200},
		{name: "a lowered role counts at once", as: auth.Viewer, method: "POST", path: "/api/pipelines", body: document("y"), want: 403},
		{name: "change: disable", as: auth.Admin, method: "PUT", path: viewer, body: `{"disabled":true}`, want: 200, has: []string{`"disabled":true`}},
		{name: "disabling ends sessions", as: auth.Viewer, method: "GET", path: "/api/auth/me", want: 401, has: []string{"invalid_token"}},
		{name: "disabled accounts cannot sign in", method: "POST", path: "/api/auth/login", body: `{"username":"viewer","password":"secure-password"}`, want: 401, has: []string{"invalid_credentials"}},
		{name: "change: enable", as: auth.Admin, method: "PUT", path: viewer, body: `{"disabled":false}`, want: 200},
		{name: "enabling brings no session back", as: auth.Viewer, method: "GET", path: "/api/auth/me", want: 401},
		{name: "enabled accounts can sign in", method: "POST", path: "/api/auth/login", body: `{"username":"viewer","password":"secure-password"}`, want: 200},

		{name: "unlock: nobody", method: "POST", path: viewer + "/unlock", want: 401},
		{name: "unlock: editor", as: auth.Editor, method: "POST", path: viewer + "/unlock", want: 403},
		{name: "unlock: absent", as: auth.Admin, method: "POST", path: absent + "/unlock", want: 404, has: []string{"user_not_found"}},
		{name: "unlock: hostile", as: auth.Admin, method: "POST", path: users + "%27%20or%201=1/unlock", want: 404},
		{name: "unlock: above one's own", as: auth.Admin, method: "POST", path: root + "/unlock", want: 403, has: []string{"above_own_role"}},
		{name: "unlock", as: auth.Admin, method: "POST", path: viewer + "/unlock", want: 204},

		{name: "delete: nobody", method: "DELETE", path: editor, want: 401},
		{name: "delete: editor", as: auth.Editor, method: "DELETE", path: viewer, want: 403},
		{name: "delete: absent", as: auth.Admin, method: "DELETE", path: absent, want: 404},
		{name: "delete: above one's own", as: auth.Admin, method: "DELETE", path: root, want: 403},
		{name: "delete: last superadmin", as: auth.Superadmin, method: "DELETE", path: root, want: 409, has: []string{"last_admin"}},
		{name: "delete", as: auth.Admin, method: "DELETE", path: editor, want: 204},
		{name: "deleting ends sessions", as: auth.Editor, method: "GET", path: "/api/auth/me", want: 401},
		{name: "the same name again", as: auth.Admin, method: "POST", path: "/api/auth/users", body: `{"username":"editor","password":"secure-password","role":"editor"}`, want: 201},
		{name: "is another account", as: auth.Editor, method: "GET", path: "/api/auth/me", want: 401},
		{name: "an admin may go", as: auth.Superadmin, method: "DELETE", path: admin, want: 204},
		{name: "what was done", as: auth.Superadmin, method: "GET", path: "/api/audit?event=user_updated", want: 200, has: []string{`{"role":"editor","role_before":"viewer"}`, `{"disabled":true}`}},
	} {
		w.run(sc)
	}
}

func TestChangePassword(t *testing.T) {
	t.Parallel()
	w := newWorld(t).withAccounts()
	const change = "/api/auth/change-password"
	other := member(t, w.signIn("editor", password, 200), "token")
	for _, sc := range []scenario{
		{name: "nobody", method: "POST", path: change, body: `{"current_password":"a","new_password":"b"}`, want: 401},
		{name: "nothing", as: auth.Editor, method: "POST", path: change, body: `{}`, want: 400, has: []string{"current_password"}},
		{name: "number", as: auth.Editor, method: "POST", path: change, body: `{"current_password":1,"new_password":"secure-pass-2"}`, want: 400},
		{name: "short", as: auth.Editor, method: "POST", path: change, body: `{"current_password":"secure-password","new_password":"short"}`, want: 400, has: []string{`"path":"new_password"`, "at least 8"}},
		{name: "common", as: auth.Editor, method: "POST", path: change, body: `{"current_password":"secure-password","new_password":"iloveyou1"}`, want: 400, has: []string{"most common"}},
		{name: "the same", as: auth.Editor, method: "POST", path: change, body: `{"current_password":"secure-password","new_password":"secure-password"}`, want: 400, has: []string{"must not be the current"}},
		{name: "nothing has changed", as: auth.Editor, method: "GET", path: "/api/auth/me", want: 200},
	} {
		w.run(sc)
	}
	res, text := w.call(scenario{as: auth.Editor, method: "POST", path: change, body: `{"current_password":"secure-password","new_password":"new-pass"}`})
	if res.StatusCode != http.StatusOK || len(res.Cookies()) == 0 || res.Cookies()[0].Value != member(t, text, "token") {
		t.Fatalf("%d %v: %s", res.StatusCode, res.Cookies(), text)
	}
	w.run(scenario{name: "the session before", as: auth.Editor, method: "GET", path: "/api/auth/me", want: 401})
	w.run(scenario{name: "another session", header: bearer(other), method: "GET", path: "/api/auth/me", want: 401})
	w.run(scenario{name: "the new session", header: bearer(member(t, text, "token")), method: "GET", path: "/api/auth/me", want: 200, has: []string{`"must_change_password":false`}})
	w.signIn("editor", password, 401)
	w.signIn("editor", "new-pass", 200)

	for i := range auth.MaxFailures {
		w.run(scenario{name: "wrong", as: auth.Viewer, method: "POST", path: change, body: `{"current_password":"wrong-password","new_password":"new-pass"}`, want: 400, has: []string{"wrong_password"}})
		if i == 0 {
			w.run(scenario{name: "wrong, and nothing changed", as: auth.Viewer, method: "GET", path: "/api/auth/me", want: 200})
		}
	}
	w.run(scenario{name: "locked", as: auth.Viewer, method: "POST", path: change, body: `{"current_password":"secure-password","new_password":"new-pass"}`, want: 429, has: []string{"login_locked"}})
	w.signIn("viewer", password, 429)
	w.run(scenario{name: "a locked account is unlocked by a reset", as: auth.Admin, method: "POST", path: "/api/auth/admin-reset-password", body: `{"user_id":"` + w.idOf("viewer") + `","new_password":"new-pass-2"}`, want: 200, has: []string{`{"status":"password reset"}`}})
	w.signIn("viewer", "new-pass-2", 200)
}

func TestResetPassword(t *testing.T) {
	t.Parallel()
	w := newWorld(t).withAccounts()
	const reset = "/api/auth/admin-reset-password"
	of := func(name string) string { return `{"user_id":"` + w.idOf(name) + `"}` }
	for _, sc := range []scenario{
		{name: "nobody", method: "POST", path: reset, body: of("viewer"), want: 401},
		{name: "editor", as: auth.Editor, method: "POST", path: reset, body: of("viewer"), want: 403},
		{name: "nothing", as: auth.Admin, method: "POST", path: reset, body: `{}`, want: 400, has: []string{"user_id"}},
		{name: "absent", as: auth.Admin, method: "POST", path: reset, body: `{"user_id":"nobody"}`, want: 404},
		{name: "above one's own", as: auth.Admin, method: "POST", path: reset, body: of("superadmin"), want: 403, has: []string{"above_own_role"}},
		{name: "short", as: auth.Admin, method: "POST", path: reset, body: `{"user_id":"` + w.idOf("viewer") + `","new_password":"short"}`, want: 400, has: []string{`"path":"new_password"`}},
		{name: "nothing has changed", as: auth.Viewer, method: "GET", path: "/api/auth/me", want: 200},
	} {
		w.run(sc)
	}
	made := member(t, w.run(scenario{name: "made up", as: auth.Admin, method: "POST", path: reset, body: of("viewer"), want: 200}), "password")
	if len(made) != 24 {
		t.Errorf("password %q, want 24 characters", made)
	}
	w.run(scenario{name: "sessions have ended", as: auth.Viewer, method: "GET", path: "/api/auth/me", want: 401})
	w.signIn("viewer", password, 401)
	as := bearer(member(t, w.signIn("viewer", made, 200), "token"))
	for _, sc := range []scenario{
		{name: "me", method: "GET", path: "/api/auth/me", header: as, want: 200, has: []string{`"must_change_password":true`}},
		{name: "permissions", method: "GET", path: "/api/auth/me/permissions", header: as, want: 200},
		{name: "setup", method: "GET", path: "/api/auth/setup", header: as, want: 200},
		{name: "pipelines", method: "GET", path: "/api/pipelines", header: as, want: 403, has: []string{"password_change_required"}},
		{name: "events", method: "GET", path: "/api/events", header: as, want: 403, has: []string{"password_change_required"}},
		{name: "new account", method: "POST", path: "/api/auth/users", header: as, body: `{"username":"x","password":"secure-password"}`, want: 403, has: []string{"password_change_required"}},
		{name: "change", method: "POST", path: "/api/auth/change-password", header: as, body: `{"current_password":"` + made + `","new_password":"new-pass"}`, want: 200},
	} {
		w.run(sc)
	}
	as = bearer(member(t, w.signIn("viewer", "new-pass", 200), "token"))
	w.run(scenario{name: "everything works again", method: "GET", path: "/api/pipelines", header: as, want: 200})
	w.run(scenario{name: "the log has no password", as: auth.Admin, method: "GET", path: "/api/audit?limit=100", want: 200, has: []string{"admin_password_reset", "authn_password_change"}, hasNot: []string{made, "new-pass"}})
}
