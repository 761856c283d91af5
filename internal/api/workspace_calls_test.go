package api_test

import (
	"bufio"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/id"
	"github.com/broked/broked/internal/job"
	"github.com/broked/broked/internal/runs"
	"github.com/broked/broked/internal/workspaces"
)

// withWorkspace makes a workspace with an admin of its own, and returns the
// header of the admin's requests.
func (w *world) withWorkspace(name string) map[string]string {
	w.t.Helper()
	_, err := w.store.InsertWorkspace(w.t.Context(), workspaces.Workspace{ID: auth.WorkspaceID(name), Name: name, CreatedAt: time.Now()})
	must(w.t, err)
	return bearer(w.admitted(auth.WorkspaceID(name), "admin-of-"+name, auth.Admin))
}

// admitted makes an account that belongs to one workspace and returns its token.
func (w *world) admitted(in auth.WorkspaceID, name string, role auth.Role) string {
	w.t.Helper()
	must(w.t, w.store.InsertUser(auth.WithWorkspace(w.t.Context(), in), auth.User{
		ID: auth.UserID(id.New()), Name: name, Canonical: name, Role: role, Hash: passwordHash, CreatedAt: time.Now(),
	}, false))
	as, err := w.auth.SignIn(w.t.Context(), name, password, auth.Caller{})
	must(w.t, err)
	return as.Token
}

// in returns headers with the name of a workspace.
func in(workspace string, headers map[string]string) map[string]string {
	all := map[string]string{"X-Workspace-ID": workspace}
	maps.Copy(all, headers)
	return all
}

func TestWorkspaceCalls(t *testing.T) {
	t.Parallel()
	w := newWorld(t).withAccounts()
	const all = "/api/workspaces"
	viewer, admin := w.idOf("viewer"), w.idOf("admin")
	ofViewer := `{"user_id":"` + viewer + `"}`
	for _, sc := range []scenario{
		{name: "organization: nobody", method: "GET", path: "/api/organization", want: 401},
		{name: "organization", as: auth.Viewer, method: "GET", path: "/api/organization", want: 200, has: []string{`"id":"default","name":"Default organization"`}},
		{name: "rename it: admin", as: auth.Admin, method: "PUT", path: "/api/organization", body: `{"name":"X"}`, want: 403},
		{name: "rename it: nothing", as: auth.Superadmin, method: "PUT", path: "/api/organization", body: `{"name":" "}`, want: 400, has: []string{`"path":"name"`}},
		{name: "rename it", as: auth.Superadmin, method: "PUT", path: "/api/organization", body: `{"name":" Harbour Works "}`, want: 200, has: []string{`"name":"Harbour Works"`}},

		{name: "list: nobody", method: "GET", path: all, want: 401},
		{name: "list", as: auth.Viewer, method: "GET", path: all, want: 200, has: []string{`[{"id":"default","name":"Default","organization_id":"default"`, `"members":4`}},
		{name: "make: nobody", method: "POST", path: all, body: `{"id":"north"}`, want: 401},
		{name: "make: admin", as: auth.Admin, method: "POST", path: all, body: `{"id":"north"}`, want: 403, has: []string{"permission_denied"}},
		{name: "make: bad id", as: auth.Superadmin, method: "POST", path: all, body: `{"id":"no rth","name":"a\u0000"}`, want: 400, has: []string{`"path":"id"`, `"path":"name"`}},
		{name: "make: unknown member", as: auth.Superadmin, method: "POST", path: all, body: `{"id":"north","members":[]}`, want: 400},
		{name: "make", as: auth.Superadmin, method: "POST", path: all, body: `{"id":"north","name":"Der Norden"}`, want: 201, has: []string{`"id":"north","name":"Der Norden"`}},
		{name: "make: without a name", as: auth.Superadmin, method: "POST", path: all, body: `{"id":"south"}`, want: 201, has: []string{`"name":"south"`}},
		{name: "make: taken", as: auth.Superadmin, method: "POST", path: all, body: `{"id":"north"}`, want: 409, has: []string{"workspace_exists"}},
		{name: "list: admin", as: auth.Admin, method: "GET", path: all, want: 200, hasNot: []string{"north"}},
		{name: "list: superadmin", as: auth.Superadmin, method: "GET", path: all, want: 200, has: []string{"north", "south", "default"}},
		{name: "read: not a member", as: auth.Admin, method: "GET", path: all + "/north", want: 404, has: []string{"workspace_not_found"}},
		{name: "read: absent", as: auth.Superadmin, method: "GET", path: all + "/absent", want: 404, has: []string{"workspace_not_found"}},
		{name: "read: hostile", as: auth.Superadmin, method: "GET", path: all + "/..%2fdefault", want: 404},
		{name: "rename: admin", as: auth.Admin, method: "PUT", path: all + "/default", body: `{"name":"X"}`, want: 403},
		{name: "rename", as: auth.Superadmin, method: "PUT", path: all + "/north", body: `{"name":"North"}`, want: 200, has: []string{`"name":"North"`}},
		{name: "rename: absent", as: auth.Superadmin, method: "PUT", path: all + "/absent", body: `{"name":"North"}`, want: 404},

		{name: "members: editor", as: auth.Editor, method: "GET", path: all + "/default/members", want: 403},
		{name: "members", as: auth.Admin, method: "GET", path: all + "/default/members", want: 200, has: []string{`"username":"viewer","role":"viewer"`}, hasNot: []string{"argon2"}},
		{name: "members: not a member", as: auth.Admin, method: "GET", path: all + "/north/members", want: 404},
		{name: "add: nobody", method: "POST", path: all + "/north/members", body: ofViewer, want: 401},
		{name: "add: editor", as: auth.Editor, method: "POST", path: all + "/default/members", body: ofViewer, want: 403},
		{name: "add: not a member", as: auth.Admin, method: "POST", path: all + "/north/members", body: ofViewer, want: 404, has: []string{"workspace_not_found"}},
		{name: "add: absent", as: auth.Superadmin, method: "POST", path: all + "/north/members", body: `{"user_id":"nobody"}`, want: 404, has: []string{"user_not_found"}},
		{name: "add: nothing", as: auth.Superadmin, method: "POST", path: all + "/north/members", body: `{}`, want: 400, has: []string{"user_id"}},
		{name: "before", as: auth.Viewer, method: "GET", path: "/api/pipelines", header: in("north", nil), want: 404, has: []string{"workspace_not_found"}},
		{name: "add", as: auth.Superadmin, method: "POST", path: all + "/north/members", body: ofViewer, want: 201, has: []string{`"username":"viewer"`, `"since":"`}},
		{name: "on the next request", as: auth.Viewer, method: "GET", path: "/api/pipelines", header: in("north", nil), want: 200},
		{name: "me", as: auth.Viewer, method: "GET", path: "/api/auth/me", header: in("north", nil), want: 200, has: []string{`"workspace_id":"north","workspaces":[{"id":"default","name":"Default"},{"id":"north","name":"North"}]`}},
		{name: "add: an admin of two", as: auth.Superadmin, method: "POST", path: all + "/south/members", body: `{"user_id":"` + admin + `"}`, want: 201},
		{name: "add: by that admin", as: auth.Admin, method: "POST", path: all + "/south/members", body: ofViewer, want: 201},
		{name: "remove: editor", as: auth.Editor, method: "DELETE", path: all + "/default/members/" + viewer, want: 403},
		{name: "remove: not a member", as: auth.Admin, method: "DELETE", path: all + "/north/members/" + viewer, want: 404},
		{name: "remove: oneself", as: auth.Admin, method: "DELETE", path: all + "/south/members/" + admin, want: 409, has: []string{"own_membership"}},
		{name: "remove", as: auth.Admin, method: "DELETE", path: all + "/south/members/" + viewer, want: 204},
		{name: "remove: again", as: auth.Admin, method: "DELETE", path: all + "/south/members/" + viewer, want: 404, has: []string{"member_not_found"}},

		{name: "delete: admin", as: auth.Admin, method: "DELETE", path: all + "/south", want: 403},
		{name: "delete: default", as: auth.Superadmin, method: "DELETE", path: all + "/default", want: 409, has: []string{"default_workspace"}},
		{name: "a pipeline in it", as: auth.Superadmin, method: "POST", path: "/api/pipelines", header: in("south", nil), body: document("p"), want: 201, has: []string{`"workspace_id":"south"`}},
		{name: "delete: not empty", as: auth.Superadmin, method: "DELETE", path: all + "/south", want: 409, has: []string{"workspace_not_empty", "it has 1 pipeline"}},
		{name: "empty it", as: auth.Superadmin, method: "DELETE", path: "/api/pipelines/p", header: in("south", nil), want: 204},
		{name: "delete", as: auth.Superadmin, method: "DELETE", path: all + "/south", want: 204},
		{name: "delete: absent", as: auth.Superadmin, method: "DELETE", path: all + "/south", want: 404},
		{name: "who was in it", as: auth.Admin, method: "GET", path: "/api/auth/me", want: 200, hasNot: []string{"south"}},
		{name: "what was done", as: auth.Superadmin, method: "GET", path: "/api/audit?limit=100", want: 200, has: []string{"organization_renamed", "workspace_created", "workspace_renamed", "member_added", "member_removed", "workspace_deleted"}},
		{name: "the log is whole", as: auth.Superadmin, method: "GET", path: "/api/audit/verify", want: 200, has: []string{`"ok":true`}},
	} {
		w.run(sc)
	}
}

func TestWhereARequestActs(t *testing.T) {
	t.Parallel()
	w := newWorld(t).withAccounts()
	north := w.withWorkspace("north")
	homeless := bearer(w.admitted("north", "homeless", auth.Admin))
	must(t, w.store.RemoveMember(t.Context(), "north", auth.UserID(w.idOf("homeless"))))
	_, key := w.service("key", auth.PipelinesView, auth.PipelinesCreate)
	text := w.run(scenario{name: "key of north", method: "POST", path: "/api/services", header: north, body: `{"service_name":"key","permissions":["pipelines.view","pipelines.create"]}`, want: 201, has: []string{`"workspace_id":"north"`}})
	keyOfNorth := member(t, text, "token")
	const me, list = "/api/auth/me", "/api/pipelines"
	for _, sc := range []scenario{
		{name: "default", as: auth.Viewer, path: me, want: 200, has: []string{`"workspace_id":"default"`}},
		{name: "named", as: auth.Viewer, path: me, header: in("default", nil), want: 200, has: []string{`"workspace_id":"default"`}},
		{name: "one's first", path: me, header: north, want: 200, has: []string{`"workspace_id":"north","workspaces":[{"id":"north","name":"north"}]`}},
		{name: "characters that no name has are dropped", path: me, header: in(" n/o;r'th ", north), want: 200, has: []string{`"workspace_id":"north"`}},
		{name: "nothing but such characters", path: me, header: in("'; --", north), want: 404}, // "--" may be a name
		{name: "nothing left", path: me, header: in("';", north), want: 200, has: []string{`"workspace_id":"north"`}},
		{name: "another's", path: list, header: in("default", north), want: 404, has: []string{"workspace_not_found"}},
		{name: "another's, about oneself", path: me, header: in("default", north), want: 404},
		{name: "absent", path: list, header: in("absent", north), want: 404, has: []string{"workspace_not_found"}},
		{name: "in the address", path: list + "?workspace=default", header: north, want: 404},
		{name: "in the address, one's own", as: auth.Superadmin, path: me + "?workspace=north", want: 200, has: []string{`"workspace_id":"north"`}},
		{name: "the header counts", as: auth.Superadmin, path: me + "?workspace=absent", header: in("north", nil), want: 200, has: []string{`"workspace_id":"north"`}},
		{name: "not in the address of a change", as: auth.Superadmin, method: "POST", path: list + "?workspace=north", body: document("here"), want: 201, has: []string{`"workspace_id":"default"`}},
		{name: "superadmin", as: auth.Superadmin, path: me, header: in("north", nil), want: 200, has: []string{`"workspace_id":"north"`}},
		{name: "superadmin, absent", as: auth.Superadmin, path: list, header: in("absent", nil), want: 404},
		{name: "stream", path: "/api/events?workspace=default", header: north, want: 404},
		{name: "public calls do not ask", path: "/health", header: in("absent", nil), want: 200},
		{name: "nor with credentials", path: "/api/auth/setup", header: in("absent", north), want: 200},
		{name: "a public call that does", method: "POST", path: "/api/auth/users", header: in("default", north), body: `{"username":"x","password":"secure-password"}`, want: 404, has: []string{"workspace_not_found"}},

		{name: "nowhere: me", path: me, header: homeless, want: 200, has: []string{`"workspace_id":"","workspaces":[]`}},
		{name: "nowhere: list", path: list, header: homeless, want: 403, has: []string{"no_workspace"}},
		{name: "nowhere: new account", method: "POST", path: "/api/auth/users", header: homeless, body: `{"username":"x","password":"secure-password"}`, want: 403, has: []string{"no_workspace"}},
		{name: "nowhere: sessions of others", path: "/api/auth/sessions?user_id=" + w.idOf("viewer"), header: homeless, want: 404},

		{name: "key", path: me, header: bearer(key), want: 200, has: []string{`"workspace_id":"default"`}},
		{name: "key, named", path: me, header: in("default", bearer(key)), want: 200},
		{name: "key, elsewhere", path: list, header: in("north", bearer(key)), want: 404, has: []string{"workspace_not_found"}},
		{name: "key of north", method: "POST", path: list, header: bearer(keyOfNorth), body: document("p"), want: 201, has: []string{`"workspace_id":"north"`}},
		{name: "key of north, elsewhere", path: list, header: in("default", bearer(keyOfNorth)), want: 404},
		{name: "the server's key", path: me, header: bearer(serverKey), want: 200, has: []string{`"workspace_id":"default"`}},
		{name: "the server's key, anywhere", path: list, header: in("north", bearer(serverKey)), want: 200, has: []string{`"pipeline_id":"p"`}},
		{name: "the server's key, absent", path: list, header: in("absent", bearer(serverKey)), want: 404},

		{name: "new account", method: "POST", path: "/api/auth/users", header: north, body: `{"username":"nina","password":"secure-password"}`, want: 201},
		{name: "is in the workspace of its maker", path: "/api/workspaces/north/members", header: north, want: 200, has: []string{`"username":"nina"`}},
		{name: "and nowhere else", as: auth.Admin, path: "/api/auth/users", want: 200, hasNot: []string{"nina", "admin-of-north"}},
		{name: "log out with a workspace that is gone", method: "POST", path: "/api/auth/logout", header: in("absent", north), body: `{}`, want: 200},
		{name: "did end the session", path: me, header: north, want: 401},
	} {
		if sc.method == "" {
			sc.method = "GET"
		}
		w.run(sc)
	}
	must(t, w.store.RemoveMember(t.Context(), "north", auth.UserID(w.idOf("admin-of-north"))))
	w.run(scenario{name: "a key ends when its owner leaves", method: "GET", path: me, header: bearer(keyOfNorth), want: 401})
}

func TestWorkspacesInOpenMode(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, sc := range []scenario{
		{name: "make", method: "POST", path: "/api/workspaces", body: `{"id":"north"}`, want: 201},
		{name: "me", method: "GET", path: "/api/auth/me", header: in("north", nil), want: 200, has: []string{`"workspace_id":"north"`}},
		{name: "absent", method: "GET", path: "/api/pipelines", header: in("absent", nil), want: 404},
		{name: "first account", method: "POST", path: "/api/auth/users", body: `{"username":"root","password":"secure-password"}`, want: 201},
		{name: "open mode has ended", method: "GET", path: "/api/auth/me", want: 401},
	} {
		w.run(sc)
	}
	as := bearer(member(t, w.signIn("root", password, 200), "token"))
	w.run(scenario{name: "the first account is in the default one", method: "GET", path: "/api/auth/me", header: as, want: 200, has: []string{`"workspaces":[{"id":"default","name":"Default"}]`}})
}

// TestNothingLeaksToAnotherWorkspace fills the default workspace and looks, as
// the admin of another, at everything that can be listed.
func TestNothingLeaksToAnotherWorkspace(t *testing.T) {
	t.Parallel()
	w := newWorld(t).withAccounts()
	north := w.withWorkspace("north")
	of := w.fill()
	secrets := []string{"canary", of.pipeline, of.run, of.service, of.issue, of.contact, w.idOf("viewer"), `"editor"`}
	lists := 0
	for _, op := range operations(t, w) {
		if op.method != http.MethodGet || strings.Contains(op.path, "{") || op.path == "/api/events" || op.path == "/ready" || op.path == "/api/openapi.json" {
			continue
		}
		if op.path == "/api/request" {
			continue // see below
		}
		w.run(scenario{name: "list", method: "GET", path: op.path, header: north, want: 200, hasNot: secrets})
		lists++
	}
	if lists < 15 {
		t.Errorf("%d lists were looked at, which are not all", lists)
	}
	for _, path := range []string{
		"/api/runs?pipeline_id=" + of.pipeline, "/api/runs?page=1", "/api/runs?limit=5", "/api/pipelines?page=1", "/api/pipelines?limit=5",
		"/api/audit?target=" + of.pipeline, "/api/audit?limit=500",
	} {
		w.run(scenario{name: "asked for", method: "GET", path: path, header: north, want: 200, hasNot: secrets[:6]})
	}
	for _, name := range []string{"RequestIssues", "RequestPipelines", "RequestRuns"} {
		path := "/api/request?request=" + url.QueryEscape(`{"RequestName":"`+name+`"}`)
		w.run(scenario{name: name, method: "GET", path: path, header: north, want: 200, has: []string{`"Result":[`}, hasNot: secrets})
	}
	w.run(scenario{name: "counts", method: "GET", path: "/api/runs?page=1", header: north, want: 200, has: []string{`"total":0`}})
	w.run(scenario{name: "depends on what is elsewhere", method: "POST", path: "/api/pipelines", header: north, body: strings.Replace(document("p"), "{", `{"depends_on":["canary"],`, 1), want: 400, has: []string{"not found: canary"}})
	w.run(scenario{name: "the same slug", method: "POST", path: "/api/pipelines", header: north, body: strings.Replace(document("p"), "{", `{"pipeline_id":"canary",`, 1), want: 201, hasNot: []string{of.pipeline}})
	w.run(scenario{name: "and the default one's is another", as: auth.Viewer, method: "GET", path: "/api/pipelines/canary", want: 200, has: []string{of.pipeline}})

	// A stream of all runs tells those of its workspace: the first that north hears
	// of is its own, though another one began before.
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.url+"/api/events?workspace=north", nil)
	must(t, err)
	req.Header.Set("Authorization", north["Authorization"])
	res, err := http.DefaultClient.Do(req)
	must(t, err)
	defer res.Body.Close()
	heard := bufio.NewScanner(res.Body)
	next := func(prefix string) string {
		for heard.Scan() {
			if strings.HasPrefix(heard.Text(), prefix) {
				return heard.Text()
			}
		}
		t.Fatalf("the stream ended before %q", prefix)
		return ""
	}
	next("retry")
	theirs := w.trigger(auth.Editor, "canary")
	mine := member(t, w.run(scenario{name: "trigger", method: "POST", path: "/api/pipelines/canary/run", header: north, want: 202}), "run_id")
	if line := next("data"); !strings.Contains(line, mine) || strings.Contains(line, theirs) {
		t.Errorf("the first that is heard is %s, want %s", line, mine)
	}
}

// filled is what is in the default workspace.
type filled struct{ pipeline, run, service, session, issue, contact, connection, variable string }

// fill makes one of everything in the default workspace, called canary.
func (w *world) fill() filled {
	w.t.Helper()
	pipeline := w.create(auth.Editor, "canary")
	run := w.trigger(auth.Editor, "canary")
	service, _ := w.service("canary", auth.RunsView)
	w.tokenOf(auth.Viewer)
	sessions, err := w.store.Sessions(w.t.Context(), auth.UserID(w.idOf("viewer")), time.Now())
	must(w.t, err)
	failed := runs.ID(w.trigger(auth.Editor, "canary"))
	c, err := w.store.ClaimRun(w.t.Context(), failed, "me", time.Now())
	must(w.t, err)
	must(w.t, w.store.FinishRun(w.t.Context(), failed, c.Fence, runs.Outcome{
		Status: runs.Failed, At: time.Now(), Failure: &job.Failure{Code: "canary", Message: "canary"},
	}, nil))
	opened := w.run(scenario{name: "issues", as: auth.Viewer, method: "GET", path: "/api/issues?limit=1", want: 200})
	_, issue, _ := strings.Cut(opened, `"id":"`)
	issue, _, found := strings.Cut(issue, `"`)
	if !found {
		w.t.Fatalf("a failed run opens no issue: %s", opened)
	}
	lead := w.run(scenario{name: "lead", as: auth.Editor, method: "POST", path: "/v2/leads", body: `{"email":"canary@example.org"}`, want: 201})
	w.run(scenario{name: "connection", as: auth.Editor, method: "POST", path: "/api/connections", body: `{"conn_id":"canary-1","type":"sqlite","host":"canary.db"}`, want: 201})
	w.run(scenario{name: "variable", as: auth.Editor, method: "POST", path: "/api/variables", body: `{"key":"canary-2","value":"canary"}`, want: 200})
	return filled{pipeline, run, service, string(sessions[0].ID), issue, member(w.t, lead, "id"), "canary-1", "canary-2"}
}

// address returns the path of a call, about what is in the default workspace,
// and a body that would be right.
func (w *world) address(op operation, of filled) (path, body string) {
	w.t.Helper()
	viewer := w.idOf("viewer")
	ids := strings.NewReplacer(
		"/pipelines/{id}", "/pipelines/"+of.pipeline, "/users/{id}", "/users/"+viewer, "/services/{id}", "/services/"+of.service,
		"/issues/{id}", "/issues/"+of.issue, "/alerts/{id}", "/alerts/"+of.issue,
		"/leads/{id}", "/leads/"+of.contact, "/agents/{id}", "/agents/"+of.contact,
		"/sessions/{id}", "/sessions/"+of.session, "/workspaces/{id}", "/workspaces/default", "{user_id}", viewer,
		"{conn_id}", of.connection, "{key}", of.variable, "{run}", of.run, "{node}", "in", "{version}", "1",
	)
	path = ids.Replace(op.path)
	if strings.HasSuffix(path, "/diff") {
		path += "?against=1"
	}
	bodies := map[string]string{
		"POST /api/pipelines/{id}/rollback":   `{"version":1}`,
		"POST /api/runs/{run}/query":          `{"sql":"SELECT 1"}`,
		"POST /api/runs/{run}/query/export":   `{"sql":"SELECT 1","format":"csv"}`,
		"PUT /api/auth/users/{id}":            `{"disabled":true}`,
		"PUT /api/services/{id}":              `{"permissions":[]}`,
		"POST /api/workspaces/{id}/members":   `{"user_id":"` + viewer + `"}`,
		"POST /api/issues/{id}/assign":        `{"user_id":null}`,
		"POST /api/alerts/{id}/assign":        `{"user_id":null}`,
		"POST /api/issues/{id}/mute":          `{"until":"` + time.Now().Add(time.Hour).UTC().Format(time.RFC3339) + `"}`,
		"POST /api/auth/admin-reset-password": `{"user_id":"` + viewer + `"}`,
	}
	if body = bodies[op.method+" "+op.path]; body == "" {
		body = "{}"
	}
	return pathParameter.ReplaceAllString(path, "none"), body
}

// TestElsewhereIsNowhere checks that what is in another workspace answers word
// for word as what is not there at all.
func TestElsewhereIsNowhere(t *testing.T) {
	t.Parallel()
	w := newWorld(t).withAccounts()
	north := w.withWorkspace("north")
	of := w.fill()
	const absent = "01a200af-0000-7000-8000-000000000000"
	none := filled{absent, absent, absent, strings.Repeat("0", 64), absent, absent, absent, absent}
	looked := 0
	for _, op := range operations(t, w) {
		there, body := w.address(op, of)
		if there == op.path || strings.Contains(there, "none") {
			continue
		}
		gone, _ := w.address(op, none)
		gone = strings.ReplaceAll(strings.ReplaceAll(gone, w.idOf("viewer"), absent), "/workspaces/default", "/workspaces/nothing")
		ask := func(path string) string {
			res, text := w.call(scenario{method: op.method, path: path, body: body, header: north})
			for _, ref := range []string{of.pipeline, of.run, of.issue, of.contact, of.connection, of.variable, absent, "default", "nothing"} {
				text = strings.ReplaceAll(text, ref, "REF")
			}
			_, text, _ = strings.Cut(text, `"error"`)
			text, _, _ = strings.Cut(text, `"request_id"`)
			return fmt.Sprint(res.StatusCode, text)
		}
		// A webhook says to everybody that the token is wrong.
		known := []string{"404", "403", "401"}
		if a, b := ask(there), ask(gone); a != b || !slices.Contains(known, a[:3]) {
			t.Errorf("%s %s answers %s, and when there is no such thing %s", op.method, op.path, a, b)
		}
		looked++
	}
	if looked < 25 {
		t.Errorf("%d calls were looked at, which are not all", looked)
	}
}
