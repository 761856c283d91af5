package api_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/broked/broked/internal/auth"
)

// service makes a service account of the admin and returns its id and key.
func (w *world) service(name string, ps ...auth.Permission) (id, key string) {
	w.t.Helper()
	list, err := json.Marshal(words(ps))
	must(w.t, err)
	text := w.run(scenario{
		name: "make " + name, as: auth.Admin, method: "POST", path: "/api/services", want: 201,
		body: fmt.Sprintf(`{"service_name":%q,"permissions":%s}`, name, list),
	})
	return member(w.t, text, "id"), member(w.t, text, "token")
}

func words(ps []auth.Permission) []string {
	all := make([]string, len(ps))
	for i, p := range ps {
		all[i] = string(p)
	}
	return all
}

func TestServiceCalls(t *testing.T) {
	t.Parallel()
	w := newWorld(t).withAccounts()
	const services = "/api/services"
	const absent = services + "/01a200af-0000-7000-8000-000000000000"
	past, future := time.Now().Add(-time.Hour).UTC().Format(time.RFC3339), time.Now().Add(time.Hour).UTC().Format(time.RFC3339)
	for _, sc := range []scenario{
		{name: "permissions: nobody", method: "GET", path: "/api/permissions", want: 401},
		{name: "permissions", as: auth.Viewer, method: "GET", path: "/api/permissions", want: 200, has: []string{`"name":"pipelines.run","group":"pipelines","summary":"`, "services.manage"}, hasNot: []string{`"self`}},
		{name: "none yet", as: auth.Admin, method: "GET", path: services, want: 200, has: []string{"[]"}},

		{name: "make: nobody", method: "POST", path: services, body: `{"service_name":"x","permissions":[]}`, want: 401},
		{name: "make: editor", as: auth.Editor, method: "POST", path: services, body: `{"service_name":"x","permissions":["pipelines.view"]}`, want: 403},
		{name: "make: says everything that is wrong", as: auth.Admin, method: "POST", path: services, body: `{"service_name":"  ","permissions":["pipelines.view","pipelines.fly","self"],"expires_at":"` + past + `"}`, want: 400, has: []string{`"path":"service_name"`, `"path":"permissions[1]"`, `"path":"permissions[2]"`, `"path":"expires_at"`}},
		{name: "make: no permissions given", as: auth.Admin, method: "POST", path: services, body: `{"service_name":"x"}`, want: 400, has: []string{"permissions"}},
		{name: "make: null", as: auth.Admin, method: "POST", path: services, body: `{"service_name":"x","permissions":null}`, want: 400},
		{name: "make: unknown member", as: auth.Admin, method: "POST", path: services, body: `{"service_name":"x","permissions":[],"role":"admin"}`, want: 400, has: []string{`"path":"role"`}},
		{name: "make", as: auth.Admin, method: "POST", path: services, body: `{"service_name":"Nightly","permissions":["runs.view","pipelines.run","runs.view"],"expires_at":"` + future + `"}`, want: 201, has: []string{`"token":"brk_`, `"permissions":["pipelines.run","runs.view"]`, `"owner":"admin"`, `"prefix":"brk_`, `"last4":"`, `"expires_at":"`}, hasNot: []string{"last_used_at", "revoked_at"}},
		{name: "make: name is taken", as: auth.Superadmin, method: "POST", path: services, body: `{"service_name":"nightly ","permissions":[]}`, want: 409, has: []string{"service_exists"}},
		{name: "list", as: auth.Admin, method: "GET", path: services, want: 200, has: []string{`"service_name":"Nightly"`}, hasNot: []string{`"token"`}},
		{name: "list: editor", as: auth.Editor, method: "GET", path: services, want: 403},
		{name: "read: absent", as: auth.Admin, method: "GET", path: absent, want: 404, has: []string{"service_not_found"}},
		{name: "change: absent", as: auth.Admin, method: "PUT", path: absent, body: `{"permissions":[]}`, want: 404},
		{name: "revoke: absent", as: auth.Admin, method: "DELETE", path: absent, want: 404},
	} {
		w.run(sc)
	}

	id, key := w.service("other", auth.PipelinesView)
	one := services + "/" + id
	for _, sc := range []scenario{
		{name: "read: viewer", as: auth.Viewer, method: "GET", path: one, want: 403},
		{name: "read", as: auth.Admin, method: "GET", path: one, want: 200, has: []string{`"service_name":"other"`, `"prefix":"` + key[:8], `"last4":"` + key[38:]}, hasNot: []string{key, key[8:38], `"token"`}},
		{name: "change: editor", as: auth.Editor, method: "PUT", path: one, body: `{"permissions":[]}`, want: 403},
		{name: "change: unknown permission", as: auth.Admin, method: "PUT", path: one, body: `{"permissions":["x"]}`, want: 400, has: []string{`"path":"permissions[0]"`}},
		{name: "change: name is taken", as: auth.Admin, method: "PUT", path: one, body: `{"permissions":[],"service_name":"NIGHTLY"}`, want: 409, has: []string{"service_exists"}},
		{name: "before the change", header: bearer(key), method: "GET", path: "/api/runs", want: 403, has: []string{"permission_denied", "runs.view"}},
		{name: "change", as: auth.Admin, method: "PUT", path: one, body: `{"permissions":["runs.view"]}`, want: 200, has: []string{`"service_name":"other"`, `"permissions":["runs.view"]`}, hasNot: []string{`"token"`}},
		{name: "on the next request", header: bearer(key), method: "GET", path: "/api/runs", want: 200},
		{name: "what was taken away", header: bearer(key), method: "GET", path: "/api/pipelines", want: 403},
		{name: "another name and end", as: auth.Admin, method: "PUT", path: one, body: `{"permissions":["runs.view"],"service_name":"renamed","expires_at":"` + future + `"}`, want: 200, has: []string{`"service_name":"renamed"`, `"expires_at":"` + future}},
		{name: "the end stays", as: auth.Admin, method: "PUT", path: one, body: `{"permissions":["runs.view"],"service_name":"other"}`, want: 200, has: []string{`"expires_at":"` + future}},
		{name: "no end", as: auth.Admin, method: "PUT", path: one, body: `{"permissions":["runs.view"],"expires_at":null}`, want: 200, hasNot: []string{"expires_at"}},
		{name: "an end that is none", as: auth.Admin, method: "PUT", path: one, body: `{"permissions":[],"expires_at":7}`, want: 400, has: []string{"expires_at"}},
		{name: "use is noted", as: auth.Admin, method: "GET", path: one, want: 200, has: []string{"last_used_at"}},
		{name: "revoke: viewer", as: auth.Viewer, method: "DELETE", path: one, want: 403},
		{name: "revoke", as: auth.Admin, method: "DELETE", path: one, want: 204},
		{name: "revoke again", as: auth.Admin, method: "DELETE", path: one, want: 204},
		{name: "after revoking", header: bearer(key), method: "GET", path: "/api/runs", want: 401, has: []string{"invalid_token"}},
		{name: "the row stays", as: auth.Admin, method: "GET", path: one, want: 200, has: []string{"revoked_at"}},
		{name: "change what is revoked", as: auth.Admin, method: "PUT", path: one, body: `{"permissions":[]}`, want: 409, has: []string{"service_revoked"}},
		{name: "the name is free again", as: auth.Admin, method: "POST", path: services, body: `{"service_name":"other","permissions":[]}`, want: 201},
		{name: "audit", as: auth.Admin, method: "GET", path: "/api/audit", want: 200, has: []string{"service_created", "service_changed", "service_revoked", id}, hasNot: []string{key, key[8:38]}},
	} {
		w.run(sc)
	}
}

func TestWhereAKeyIsTaken(t *testing.T) {
	t.Parallel()
	w := newWorld(t).withAccounts()
	_, key := w.service("one", auth.PipelinesView)
	_, other := w.service("two", auth.PipelinesView, auth.RunsView)
	header := func(pairs ...string) map[string]string {
		h := map[string]string{}
		for i := 0; i < len(pairs); i += 2 {
			h[pairs[i]] = pairs[i+1]
		}
		return h
	}
	last := "0"
	if strings.HasSuffix(key, "0") {
		last = "1"
	}
	cookie := "brokoli_session=" + w.tokenOf(auth.Admin)
	const me = "/api/auth/me"
	for _, sc := range []scenario{
		{name: "Bearer", header: bearer(key), want: 200, has: []string{`"username":"one"`, `"role":""`, `"service_id":"`}},
		{name: "Bearer in other case", header: header("Authorization", "bEaReR  "+key), want: 200},
		{name: "X-API-Key", header: header("X-API-Key", key), want: 200},
		{name: "Token", header: header("Authorization", "Token token="+key), want: 200},
		{name: "Token in other case", header: header("Authorization", "tOKEN token="+key), want: 200},
		{name: "Token, quoted", header: header("Authorization", `Token token="`+key+`"`), want: 200},
		{name: "Token, half quoted", header: header("Authorization", `Token token="`+key), want: 401},
		{name: "Token without its name", header: header("Authorization", "Token "+key), want: 401},
		{name: "the same key twice", header: header("Authorization", "Bearer "+key, "X-API-Key", key), want: 200},
		{name: "two keys", header: header("Authorization", "Bearer "+key, "X-API-Key", other), want: 400, has: []string{"invalid_request"}},
		{name: "a key and a session", header: header("Authorization", "Bearer "+w.tokenOf(auth.Admin), "X-API-Key", key), want: 400},
		{name: "a key and what is none", header: header("Authorization", "Basic eDp5", "X-API-Key", key), want: 401},
		{name: "joined by a comma", header: header("Authorization", "Bearer "+key+", Bearer "+other), want: 401},
		{name: "a key wins over a cookie", header: header("X-API-Key", key, "Cookie", cookie), want: 200, has: []string{`"username":"one"`}},
		{name: "a bad key does not fall back to the cookie", header: header("X-API-Key", "brk_x", "Cookie", cookie), want: 401, has: []string{"invalid_token"}},
		{name: "a session is no key", header: header("X-API-Key", w.tokenOf(auth.Admin)), want: 401},
		{name: "empty", header: header("X-API-Key", " "), want: 401},
		{name: "prefix only", header: bearer("brk_"), want: 401},
		{name: "shown parts only", header: bearer(key[:8] + key[38:]), want: 401},
		{name: "wrong checksum", header: bearer(key[:41] + last), want: 401},
		{name: "unknown key", header: bearer(auth.NewKey()), want: 401, has: []string{"invalid_token"}},
		{name: "Brokoli's form, but not the server's key", header: bearer("brk_" + strings.Repeat("a", 48)), want: 401},
		{name: "the server's key", header: bearer(serverKey), want: 200, has: []string{`"role":"superadmin"`, `"service_id":"server-key"`}},
		{name: "as a password", header: header("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte("x:"+key))), want: 401},
	} {
		sc.method, sc.path = "GET", me
		sc.hasNot = append(sc.hasNot, key, other)
		w.run(sc)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.url+me, nil)
	must(t, err)
	req.Header["Authorization"] = []string{"Bearer " + key, "Bearer " + key}
	res, err := http.DefaultClient.Do(req)
	must(t, err)
	must(t, res.Body.Close())
	if res.StatusCode != http.StatusBadRequest {
		t.Errorf("two Authorization headers: %d, want 400", res.StatusCode)
	}
	for _, query := range []string{"api_key=" + key, "token=x", "access_token=", "API_KEY=x", "api%5Fkey=x"} {
		for _, path := range []string{"/api/pipelines", me, "/api/auth/setup", "/api/events", "/health"} {
			w.run(scenario{name: "in the address", header: bearer(key), method: "GET", path: path + "?" + query, want: 400, has: []string{"credential_in_query"}, hasNot: []string{key}})
		}
	}
}

func TestAKeyInAnAddressIsTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t).withAccounts()
	id, key := w.service("careless", auth.PipelinesView)
	w.run(scenario{name: "in the address", method: "GET", path: "/api/pipelines?api_key=" + key, want: 400, has: []string{"credential_in_query"}})
	w.run(scenario{name: "of nobody", method: "GET", path: "/api/pipelines?api_key=" + auth.NewKey(), want: 400})
	text := w.run(scenario{name: "audit", as: auth.Admin, method: "GET", path: "/api/audit?event=key_in_address", want: 200, has: []string{id, `"service_name":"careless"`}, hasNot: []string{key}})
	if n := strings.Count(text, `"event":"key_in_address"`); n != 1 {
		t.Errorf("%d records, want 1: %s", n, text)
	}
}

func TestKeysInOpenMode(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	far := func(more map[string]string) map[string]string {
		more["Via"] = "1.1 x"
		return more
	}
	const services = "/api/services"
	for _, sc := range []scenario{
		{name: "the server's key from elsewhere", method: "GET", path: services, header: far(bearer(serverKey)), want: 200},
		{name: "no key from elsewhere", method: "GET", path: services, header: far(map[string]string{}), want: 403, has: []string{"setup_required"}},
		{name: "a bad key from here", method: "GET", path: services, header: bearer("brk_x"), want: 401},
		{name: "no key from here", method: "GET", path: services, want: 200},
		{name: "a service without an owner", method: "POST", path: services, body: `{"service_name":"s","permissions":["runs.view"]}`, want: 201, has: []string{`"owner":""`}},
		{name: "the first account by the server's key", method: "POST", path: "/api/auth/users", body: `{"username":"root","password":"secure-password","role":"superadmin"}`, header: far(bearer(serverKey)), want: 201},
		{name: "the server's key goes on", method: "GET", path: services, header: far(bearer(serverKey)), want: 200},
		{name: "open mode does not", method: "GET", path: services, want: 401},
	} {
		w.run(sc)
	}
}

func TestAKeyNeverMayMoreThanItsOwner(t *testing.T) {
	t.Parallel()
	w := newWorld(t).withAccounts()
	id, key := w.service("s", auth.PipelinesView, auth.PipelinesCreate, auth.ServicesManage, auth.ManageUsers)
	create := scenario{header: bearer(key), method: "POST", path: "/api/pipelines", body: document("p")}
	step := func(name, change string, want int) {
		t.Helper()
		_, err := w.db.Writer().ExecContext(t.Context(), change)
		must(t, err)
		create.name, create.want = name, want
		w.run(create)
	}
	for _, sc := range []scenario{
		{name: "gives what it does not have", method: "POST", path: "/api/services", body: `{"service_name":"x","permissions":["runs.view"]}`, want: 403, has: []string{"runs.view"}},
		{name: "gives itself more", method: "PUT", path: "/api/services/" + id, body: `{"permissions":["runs.view"]}`, want: 403},
		{name: "gives what it has, to a service of its owner", method: "POST", path: "/api/services", body: `{"service_name":"x","permissions":["pipelines.view"]}`, want: 201, has: []string{`"owner":"admin"`}},
		{name: "makes an admin", method: "POST", path: "/api/auth/users", body: `{"username":"y","password":"secure-password","role":"admin"}`, want: 403},
		{name: "what it may", method: "GET", path: "/api/auth/me/permissions", want: 200, has: []string{"pipelines.create"}, hasNot: []string{"runs.view"}},
	} {
		sc.header = bearer(key)
		w.run(sc)
	}
	step("owner is an admin", `SELECT 1`, 201)
	step("owner is lowered", `UPDATE users SET role = 'viewer' WHERE username = 'admin'`, 403)
	w.run(scenario{name: "what a viewer may", header: bearer(key), method: "GET", path: "/api/pipelines", want: 200})
	w.run(scenario{name: "a new service of it", header: bearer(key), method: "POST", path: "/api/services", body: `{"service_name":"z","permissions":[]}`, want: 403})
	step("owner is raised again", `UPDATE users SET role = 'admin' WHERE username = 'admin'`, 201)
	step("owner is disabled", `UPDATE users SET disabled = 1 WHERE username = 'admin'`, 401)
	step("owner is enabled", `UPDATE users SET disabled = 0 WHERE username = 'admin'`, 201)
	step("the key has expired", `UPDATE services SET expires_at = 1`, 401)
	step("the key lives again", `UPDATE services SET expires_at = NULL`, 201)
	step("owner is gone", `DELETE FROM users WHERE username = 'admin'`, 401)
}

func TestFiftyKeysOfAnOwner(t *testing.T) {
	t.Parallel()
	w := newWorld(t).withAccounts()
	var id string
	for i := range auth.MaxKeys {
		id, _ = w.service(fmt.Sprint("s", i), auth.RunsView)
	}
	more := scenario{name: "one more", as: auth.Admin, method: "POST", path: "/api/services", body: `{"service_name":"more","permissions":[]}`, want: 409, has: []string{"too_many_keys"}}
	w.run(more)
	w.run(scenario{name: "revoke one", as: auth.Admin, method: "DELETE", path: "/api/services/" + id, want: 204})
	more.want, more.has = 201, nil
	w.run(more)
}
