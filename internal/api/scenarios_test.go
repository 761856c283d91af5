package api_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/runs"
)

func TestPipelineCalls(t *testing.T) {
	t.Parallel()
	w := newWorld(t).withAccounts()
	id := w.create(auth.Editor, "first")
	const absent = "/api/pipelines/01a200af-0000-7000-8000-000000000000"
	const broken = `{"name":"","nodes":[{"id":"a","type":"sorce_file","name":"A","config":{}},{"id":"b","type":"source_file","config":{"pth":"x"}}],"edges":[{"from":"a","to":"z"}]}`
	const drawn = `# Every morning.
name: first
nodes:
  - {id: in, type: source_file, name: In, config: {path: in.csv}}
  - {id: out, type: sink_file, name: Out, config: {path: out.csv}}
edges:
  - {from: in, to: out}
notes:
  - id: why
    text: Ask Ada # she knows
    position: {x: 10, y: 20}
    color: yellow
groups:
  - {id: g, name: All of it, nodes: [in, out]}
`
	for _, sc := range []scenario{
		{name: "list: nobody", method: "GET", path: "/api/pipelines", want: 401, has: []string{"authentication_required"}},
		{name: "list: viewer", as: auth.Viewer, method: "GET", path: "/api/pipelines", want: 200, has: []string{`[{"id":`, `"node_count":2`}},
		{name: "list: cursor", as: auth.Viewer, method: "GET", path: "/api/pipelines?limit=1", want: 200, has: []string{`"has_next":false`, `"items":[{`}},
		{name: "list: page", as: auth.Viewer, method: "GET", path: "/api/pipelines?page=1&per_page=10", want: 200, has: []string{`"total":1`, `"pages":1`}},
		{name: "list: bad limit", as: auth.Viewer, method: "GET", path: "/api/pipelines?limit=x", want: 400, has: []string{"limit"}},

		{name: "create: nobody", method: "POST", path: "/api/pipelines", body: `{}`, want: 401},
		{name: "create: viewer", as: auth.Viewer, method: "POST", path: "/api/pipelines", body: `{}`, want: 403, has: []string{"permission_denied"}},
		{name: "create: not JSON", as: auth.Editor, method: "POST", path: "/api/pipelines", body: `{`, want: 400, has: []string{"invalid_json"}},
		{name: "create: nothing", as: auth.Editor, method: "POST", path: "/api/pipelines", want: 400},
		{name: "create: duplicate member", as: auth.Editor, method: "POST", path: "/api/pipelines", body: `{"name":"a","name":"b"}`, want: 400, has: []string{"is there twice"}},
		{name: "create: too deep", as: auth.Editor, method: "POST", path: "/api/pipelines", body: `{"name":` + strings.Repeat("[", 5000) + strings.Repeat("]", 5000) + `}`, want: 400, has: []string{"levels deep"}},
		{name: "create: 2 MB", as: auth.Editor, method: "POST", path: "/api/pipelines", body: `{"name":"` + strings.Repeat("x", 2<<20) + `"}`, want: 413, has: []string{"body_too_large"}},
		{
			name: "create: says everything that is wrong", as: auth.Editor, method: "POST", path: "/api/pipelines", body: broken, want: 400,
			has: []string{`"path":"name"`, `"path":"nodes[0].type"`, `did you mean \"source_file\"`, `"path":"nodes[1].config.path"`, `"path":"nodes[1].config.pth"`, `"path":"edges[0].to"`, "invalid_document"},
		},
		{name: "create: slug is taken", as: auth.Editor, method: "POST", path: "/api/pipelines", body: strings.Replace(document("x"), "{", `{"pipeline_id":"first",`, 1), want: 409, has: []string{id}},
		{name: "create: derived slug is numbered", as: auth.Editor, method: "POST", path: "/api/pipelines", body: document("first"), want: 201, has: []string{`"pipeline_id":"first-2"`, `"version":1`}},
		{name: "create: draft is not checked", as: auth.Editor, method: "POST", path: "/api/pipelines", body: `{"name":"sketch","draft":true}`, want: 201},
		{name: "create: unknown member is kept", as: auth.Editor, method: "POST", path: "/api/pipelines", body: strings.Replace(document("kept"), "{", `{"colour":"x",`, 1), want: 201, has: []string{`"extensions":{"colour":"x"}`}},
		{name: "create: unknown member with ir_version", as: auth.Editor, method: "POST", path: "/api/pipelines", body: strings.Replace(document("kept"), "{", `{"ir_version":"2.0","colour":"x",`, 1), want: 400, has: []string{`"path":"colour"`}},

		{name: "read: by id", as: auth.Viewer, method: "GET", path: "/api/pipelines/" + id, want: 200, has: []string{`"name":"first"`}},
		{name: "read: by slug", as: auth.Viewer, method: "GET", path: "/api/pipelines/first", want: 200, has: []string{id}},
		{name: "read: absent", as: auth.Viewer, method: "GET", path: absent, want: 404, has: []string{"pipeline_not_found"}},
		{name: "read: hostile id", as: auth.Viewer, method: "GET", path: "/api/pipelines/..%2f..%2fetc", want: 404},
		{name: "read: nobody", method: "GET", path: "/api/pipelines/first", want: 401},

		{name: "save: viewer", as: auth.Viewer, method: "PUT", path: "/api/pipelines/first", body: `{}`, want: 403},
		{name: "save: stale", as: auth.Editor, method: "PUT", path: "/api/pipelines/first", body: `{"description":"x"}`, header: map[string]string{"If-Match": `"7"`}, want: 412, has: []string{"version_conflict"}},
		{name: "save: absent members stay", as: auth.Editor, method: "PUT", path: "/api/pipelines/first", body: `{"description":"words"}`, header: map[string]string{"If-Match": `"1"`}, want: 200, has: []string{`"version":2`, `"node`, `"tags":["a"]`, `"enabled":true`, `"description":"words"`}},
		{name: "save: bad cron", as: auth.Editor, method: "PUT", path: "/api/pipelines/first", body: `{"schedule":"every day","schedule_timezone":"Mars/X"}`, want: 400, has: []string{`"path":"schedule"`, `"path":"schedule_timezone"`}},
		{name: "save: YAML is stale", as: auth.Editor, method: "PUT", path: "/api/pipelines/first", body: "name: first", header: map[string]string{"If-Match": `"1"`, "Content-Type": "application/x-yaml"}, want: 412, has: []string{"version_conflict"}},
		{name: "save: bad YAML", as: auth.Editor, method: "PUT", path: "/api/pipelines/first", body: "a: [", header: map[string]string{"Content-Type": "application/x-yaml"}, want: 400, has: []string{"invalid_yaml"}},
		{name: "save: YAML of a viewer", as: auth.Viewer, method: "PUT", path: "/api/pipelines/first", body: "name: first", header: map[string]string{"Content-Type": "application/yaml"}, want: 403},
		{name: "save: YAML of an absent one", as: auth.Editor, method: "PUT", path: absent, body: "name: first", header: map[string]string{"Content-Type": "application/x-yaml"}, want: 404},
		{name: "save: notes and groups that cannot be drawn", as: auth.Editor, method: "PUT", path: "/api/pipelines/first", body: `{"notes":[{"id":"n","text":"a","position":{"x":0,"y":0},"color":"pink"}],"groups":[{"id":"g","name":"G","nodes":["gone"]}]}`, want: 400, has: []string{`"path":"notes[0].color"`, `"path":"groups[0].nodes[0]"`}},
		{name: "save: a note with a member of its own", as: auth.Editor, method: "PUT", path: "/api/pipelines/first", body: `{"notes":[{"id":"n","text":"a","position":{"x":0,"y":0},"size":1}]}`, want: 400, has: []string{`"path":"notes[0].size"`}},
		{name: "save: absent", as: auth.Editor, method: "PUT", path: absent, body: `{}`, want: 404},

		{name: "validate: viewer", as: auth.Viewer, method: "POST", path: "/api/pipelines/validate", body: broken, want: 200, has: []string{`"valid":false`, `"errors":["`, `nodes[0].type`}},
		{name: "validate: fine", as: auth.Viewer, method: "POST", path: "/api/pipelines/validate", body: document("x"), want: 200, has: []string{`"valid":true`, `"errors":[]`}},
		{name: "validate: dependency", as: auth.Viewer, method: "POST", path: "/api/pipelines/validate", body: strings.Replace(document("x"), "{", `{"depends_on":["first"],`, 1), want: 200, has: []string{`"valid":true`, `"warnings":[]`}},
		{name: "validate: catchup", as: auth.Viewer, method: "POST", path: "/api/pipelines/validate", body: strings.Replace(document("x"), "{", `{"schedule":"@daily","catchup":"some",`, 1), want: 200, has: []string{`"valid":false`, `"path":"catchup"`}},

		{name: "schedule: in the summary", as: auth.Editor, method: "POST", path: "/api/pipelines", body: strings.Replace(document("by the clock"), "{", `{"schedule":"@daily",`, 1), want: 201},
		{name: "schedule: next run", as: auth.Viewer, method: "GET", path: "/api/pipelines/summary", want: 200, has: []string{`"next_run_at":"20`}},

		{name: "schedule: nobody", method: "POST", path: "/api/schedule/preview", body: `{"input":"@daily"}`, want: 401},
		{name: "schedule: nothing", as: auth.Viewer, method: "POST", path: "/api/schedule/preview", body: `{}`, want: 400},
		{name: "schedule: too many", as: auth.Viewer, method: "POST", path: "/api/schedule/preview", body: `{"input":"@daily","count":11}`, want: 400},
		{name: "schedule: words", as: auth.Viewer, method: "POST", path: "/api/schedule/preview", body: `{"input":"every weekday at 9","timezone":"Europe/Berlin","count":2}`, want: 200, has: []string{`"valid":true,"cron":"0 9 * * 1-5","description":"at 09:00 on Monday to Friday","timezone":"Europe/Berlin","next":["20`}},
		{name: "schedule: no words", as: auth.Viewer, method: "POST", path: "/api/schedule/preview", body: `{"input":"sometimes"}`, want: 200, has: []string{`"valid":false`, `"suggestion":"`, `"next":[]`}},
		{name: "schedule: no zone", as: auth.Viewer, method: "POST", path: "/api/schedule/preview", body: `{"input":"@daily","timezone":"Mars/X"}`, want: 200, has: []string{`"valid":false`, "Mars/X"}},
		{name: "validate: saved", as: auth.Viewer, method: "GET", path: "/api/pipelines/first/validate", want: 200, has: []string{`"valid":true`}},
		{name: "validate: saved draft", as: auth.Viewer, method: "GET", path: "/api/pipelines/sketch/validate", want: 200, has: []string{`"valid":false`}},

		{name: "versions", as: auth.Viewer, method: "GET", path: "/api/pipelines/first/versions", want: 200, has: []string{`[{"version":2`, `"author":"editor"`, `"version":1,"message":"created"`}},
		{name: "version", as: auth.Viewer, method: "GET", path: "/api/pipelines/first/versions/1", want: 200, has: []string{`"description":""`}},
		{name: "version: absent", as: auth.Viewer, method: "GET", path: "/api/pipelines/first/versions/9", want: 404},
		{name: "diff", as: auth.Viewer, method: "GET", path: "/api/pipelines/first/versions/2/diff?against=1", want: 200, has: []string{`{"changes":[{"path":"description","op":"changed","before":"","after":"words"}]}`}},
		{name: "diff: against what", as: auth.Viewer, method: "GET", path: "/api/pipelines/first/versions/2/diff", want: 400},
		{name: "rollback: viewer", as: auth.Viewer, method: "POST", path: "/api/pipelines/first/rollback", body: `{"version":1}`, want: 403},
		{name: "rollback", as: auth.Editor, method: "POST", path: "/api/pipelines/first/rollback", body: `{"version":1}`, want: 200, has: []string{`"version":3`, `"description":""`}},
		{name: "rollback: absent", as: auth.Editor, method: "POST", path: "/api/pipelines/first/rollback", body: `{"version":77}`, want: 404},
		{name: "rollback: nothing", as: auth.Editor, method: "POST", path: "/api/pipelines/first/rollback", body: `{}`, want: 400},

		{name: "states", as: auth.Viewer, method: "GET", path: "/api/pipelines/first/states", want: 200, has: []string{"[]"}},
		{name: "states: absent", as: auth.Viewer, method: "GET", path: absent + "/states", want: 404},
		{name: "forget state: viewer", as: auth.Viewer, method: "DELETE", path: "/api/pipelines/first/states/in", want: 403},
		{name: "forget state: nothing", as: auth.Editor, method: "DELETE", path: "/api/pipelines/first/states/in", want: 404, has: []string{"no_state"}},
		{name: "forget state: absent", as: auth.Editor, method: "DELETE", path: absent + "/states/in", want: 404, has: []string{"pipeline_not_found"}},

		{name: "export: viewer", as: auth.Viewer, method: "GET", path: "/api/pipelines/first/export", want: 403},
		{name: "export", as: auth.Editor, method: "GET", path: "/api/pipelines/first/export", want: 200, has: []string{"version: \"1\"\n", "pipeline_id: first\n", "from: in\n"}, hasNot: []string{id, "created_at"}},
		{name: "import: viewer", as: auth.Viewer, method: "POST", path: "/api/pipelines/import", body: `{}`, want: 403},
		{name: "import: empty", as: auth.Editor, method: "POST", path: "/api/pipelines/import", want: 400},
		{name: "import: bad YAML", as: auth.Editor, method: "POST", path: "/api/pipelines/import", body: "a: [", header: map[string]string{"Content-Type": "application/x-yaml"}, want: 400, has: []string{"invalid_yaml"}},
		{name: "import: JSON", as: auth.Editor, method: "POST", path: "/api/pipelines/import", body: document("imported"), want: 201},
		{name: "clone", as: auth.Editor, method: "POST", path: "/api/pipelines/first/clone", want: 201, has: []string{`"name":"first (copy)"`, `"pipeline_id":"first-copy"`}},
		{name: "clone: viewer", as: auth.Viewer, method: "POST", path: "/api/pipelines/first/clone", want: 403},

		{name: "save: YAML is the whole document", as: auth.Editor, method: "PUT", path: "/api/pipelines/first", body: drawn, header: map[string]string{"Content-Type": "application/x-yaml; charset=utf-8"}, want: 200, has: []string{`"tags":[]`, `"pipeline_id":"first"`, `"notes":[{"id":"why","text":"Ask Ada"`, `"nodes":["in","out"]`}},
		{name: "export: comments of a save", as: auth.Editor, method: "GET", path: "/api/pipelines/first/export", want: 200, has: []string{"# Every morning.\n", "text: Ask Ada # she knows\n"}},
		{name: "diff: notes by their ids", as: auth.Viewer, method: "GET", path: "/api/pipelines/first/versions/4/diff?against=3", want: 200, has: []string{`"path":"groups","op":"added"`}},

		{name: "delete: viewer", as: auth.Viewer, method: "DELETE", path: "/api/pipelines/first", want: 403},
		{name: "delete", as: auth.Editor, method: "DELETE", path: "/api/pipelines/first", want: 204},
		{name: "delete: absent", as: auth.Editor, method: "DELETE", path: "/api/pipelines/first", want: 404},
	} {
		w.run(sc)
	}
}

func TestRunCalls(t *testing.T) {
	t.Parallel()
	w := newWorld(t).withAccounts()
	w.create(auth.Editor, "p")
	w.run(scenario{name: "draft", as: auth.Editor, method: "POST", path: "/api/pipelines", body: `{"name":"sketch","draft":true}`, want: 201})
	run := w.trigger(auth.Editor, "p")
	other := w.trigger(auth.Editor, "p")
	for _, sc := range []scenario{
		{name: "start: nobody", method: "POST", path: "/api/pipelines/p/run", want: 401},
		{name: "start: viewer", as: auth.Viewer, method: "POST", path: "/api/pipelines/p/run", want: 403},
		{name: "start: absent", as: auth.Editor, method: "POST", path: "/api/pipelines/q/run", want: 404},
		{name: "start: draft", as: auth.Editor, method: "POST", path: "/api/pipelines/sketch/run", want: 409, has: []string{`"code":"draft"`}},
		{name: "start: malformed", as: auth.Editor, method: "POST", path: "/api/pipelines/p/run", body: `{"params":`, want: 400},
		{name: "start: odd parameter", as: auth.Editor, method: "POST", path: "/api/pipelines/p/run", body: `{"params":{"a":[]}}`, want: 400, has: []string{"params.a"}},
		{name: "start: parameters", as: auth.Editor, method: "POST", path: "/api/pipelines/p/run", body: `{"params":{"a":"x","n":3}}`, want: 202, has: []string{`"status":"pending"`}},

		{name: "start: by a button", as: auth.Editor, method: "POST", path: "/api/pipelines/sketch/run", header: map[string]string{"Sec-Fetch-Site": "same-origin"}, want: 409},

		{name: "read: nobody", method: "GET", path: "/api/runs/" + run, want: 401},
		{name: "read", as: auth.Viewer, method: "GET", path: "/api/runs/" + run, want: 200, has: []string{`"status":"pending"`, `"pipeline_version":1`, `"started_by":"editor"`, `"node_runs":[]`, `"document":{"nodes":[`}},
		{name: "read: absent", as: auth.Viewer, method: "GET", path: "/api/runs/01a200af-0000-7000-8000-000000000000", want: 404, has: []string{"run_not_found"}},
		{name: "of pipeline", as: auth.Viewer, method: "GET", path: "/api/pipelines/p/runs", want: 200, has: []string{run, other}},
		{name: "of pipeline: page", as: auth.Viewer, method: "GET", path: "/api/pipelines/p/runs?page=2&page_size=2", want: 200, has: []string{`"total":3`, `"pages":2`, run}, hasNot: []string{other}},
		{name: "of pipeline: cursor", as: auth.Viewer, method: "GET", path: "/api/pipelines/p/runs?limit=1&after=" + other, want: 200, has: []string{run, `"has_next":false`}},
		{name: "all", as: auth.Viewer, method: "GET", path: "/api/runs?status=pending", want: 200, has: []string{run, `"pipeline_name":"p"`}},
		{name: "all: none", as: auth.Viewer, method: "GET", path: "/api/runs?status=failed", want: 200, has: []string{"[]"}},
		{name: "of a run: none", as: auth.Viewer, method: "GET", path: "/api/runs?parent=" + run, want: 200, has: []string{"[]"}},
		{name: "of a run: absent", as: auth.Viewer, method: "GET", path: "/api/runs?parent=nope&page=1", want: 200, has: []string{`"total":0`}},
		{name: "of a run: nobody", method: "GET", path: "/api/runs?parent=" + run, want: 401},
		{name: "of a run: bad input", as: auth.Viewer, method: "GET", path: "/api/runs?parent=" + strings.Repeat("x", 200), want: 400},
		{name: "all: bad status", as: auth.Viewer, method: "GET", path: "/api/runs?status=lost", want: 400},
		{name: "logs", as: auth.Viewer, method: "GET", path: "/api/runs/" + run + "/logs", want: 200, has: []string{"[]"}},
		{name: "logs: absent", as: auth.Viewer, method: "GET", path: "/api/runs/nope/logs", want: 404},
		{name: "log file", as: auth.Viewer, method: "GET", path: "/api/runs/" + run + "/logs/export", want: 200},
		{name: "preview: none yet", as: auth.Viewer, method: "GET", path: "/api/runs/" + run + "/nodes/in/preview", want: 404},
		{name: "summary", as: auth.Viewer, method: "GET", path: "/api/pipelines/summary", want: 200, has: []string{`"runs_total":3`, `"recent":[{`, `"last_run_status":"pending"`}},

		{name: "resume: pending", as: auth.Editor, method: "POST", path: "/api/runs/" + run + "/resume", want: 400, has: []string{"can only resume failed, cancelled or blocked runs (current: pending)", `"code":"not_resumable"`}},

		{name: "cancel: viewer", as: auth.Viewer, method: "POST", path: "/api/runs/" + run + "/cancel", body: `{}`, want: 403},
		{name: "delete pipeline with a run", as: auth.Editor, method: "DELETE", path: "/api/pipelines/p", want: 409},
		{name: "cancel", as: auth.Editor, method: "POST", path: "/api/runs/" + run + "/cancel", body: `{}`, want: 200, has: []string{`{"status":"cancelled"}`}},
		{name: "cancelled", as: auth.Viewer, method: "GET", path: "/api/runs/" + run, want: 200, has: []string{`"status":"cancelled"`}},
		{name: "cancel again", as: auth.Editor, method: "POST", path: "/api/runs/" + run + "/cancel", body: `{}`, want: 409},
		{name: "cancel: absent", as: auth.Editor, method: "POST", path: "/api/runs/nope/cancel", body: `{}`, want: 404},
		{name: "resume: nobody", method: "POST", path: "/api/runs/" + run + "/resume", want: 401},
		{name: "resume: viewer", as: auth.Viewer, method: "POST", path: "/api/runs/" + run + "/resume", body: `{}`, want: 403},
		{name: "resume: absent", as: auth.Editor, method: "POST", path: "/api/runs/nope/resume", body: `{}`, want: 404, has: []string{"run_not_found"}},
		{name: "resume: malformed", as: auth.Editor, method: "POST", path: "/api/runs/" + run + "/resume", body: `{"from":`, want: 400},
		{name: "resume: unknown member", as: auth.Editor, method: "POST", path: "/api/runs/" + run + "/resume", body: `{"form":"in"}`, want: 400},
		{name: "resume: no such node", as: auth.Editor, method: "POST", path: "/api/runs/" + run + "/resume", body: `{"from":"zz"}`, want: 400, has: []string{`"path":"from"`, "zz"}},
		{name: "resume", as: auth.Editor, method: "POST", path: "/api/runs/" + run + "/resume", body: `{"from":"in"}`, want: 202, has: []string{
			`"status":"pending"`, `"trigger":"resume"`, `"resumed_from_run_id":"` + run + `"`, `"resumed_from_node_id":"in"`, `"started_by":"editor"`, `"run_id":"`, `"pipeline_version":1`,
		}},
		{name: "resume: twice at once", as: auth.Editor, method: "POST", path: "/api/runs/" + run + "/resume", want: 409, has: []string{`"code":"run_resuming"`}},
		{name: "events of an ended run", as: auth.Viewer, method: "GET", path: "/api/runs/" + run + "/events", want: 200, has: []string{"event: run.finished\n", `"status":"cancelled"`}},
		{name: "events: nobody", method: "GET", path: "/api/runs/" + run + "/events", want: 401},
		{name: "events: absent", as: auth.Viewer, method: "GET", path: "/api/runs/nope/events", want: 404},
	} {
		w.run(sc)
	}
}

func TestSystemCalls(t *testing.T) {
	t.Parallel()
	w := newWorld(t).withAccounts()
	for _, sc := range []scenario{
		{name: "health", method: "GET", path: "/health", want: 200, has: []string{"healthy"}},
		{name: "ready", method: "GET", path: "/ready", want: 200, has: []string{`"store":"ok"`}},
		{name: "OpenAPI", method: "GET", path: "/api/openapi.json", want: 200, has: []string{`"openapi": "3.1`, `"x-permission": "pipelines.run"`}},
		{name: "info: nobody", method: "GET", path: "/api/system/info", want: 401},
		{name: "info", as: auth.Viewer, method: "GET", path: "/api/system/info", want: 200, has: []string{`"version":"test"`}, hasNot: []string{"sandbox"}},
		{name: "info: admin", as: auth.Admin, method: "GET", path: "/api/system/info", want: 200, has: []string{`"sandbox":{"level":"partial"`}},
		{name: "kinds", as: auth.Viewer, method: "GET", path: "/api/node-types", want: 200, has: []string{`"type":"source_file"`, `"type":"transform"`, `"type":"sink_file"`, `"oneOf"`, `"additionalProperties":false`}},
		{name: "kinds: nobody", method: "GET", path: "/api/node-types", want: 401},
		{name: "templates", as: auth.Viewer, method: "GET", path: "/api/templates", want: 200, has: []string{`"id":"t"`}},
		{name: "unknown path", as: auth.Admin, method: "GET", path: "/api/nothing", want: 404},
		{name: "unknown path: nobody", method: "GET", path: "/api/nothing/webhook", want: 404},
		{name: "wrong method", as: auth.Admin, method: "PATCH", path: "/api/pipelines", want: 405, has: []string{"method_not_allowed"}},
		{name: "trace", method: "TRACE", path: "/api/pipelines", want: 405},
		{name: "page", method: "GET", path: "/", want: 200, has: []string{"<p>page"}},
		{name: "page of a deep link", method: "GET", path: "/runs/x", want: 200, has: []string{"<p>page"}},
		{name: "script", method: "GET", path: "/assets/a.js", want: 200, has: []string{"1"}},
		{name: "form post from elsewhere", as: auth.Editor, method: "POST", path: "/api/pipelines", body: document("x"), header: map[string]string{"Sec-Fetch-Site": "cross-site"}, want: 403},
		{name: "not JSON", as: auth.Editor, method: "POST", path: "/api/auth/login", body: "a=b", header: map[string]string{"Content-Type": "application/x-www-form-urlencoded"}, want: 415},
	} {
		if sc.name == "form post from elsewhere" {
			if res, _ := w.call(sc); res.StatusCode != http.StatusForbidden {
				t.Errorf("%s: %d", sc.name, res.StatusCode)
			}
			continue // the standard library answers it, in plain text
		}
		w.run(sc)
	}
}

func TestNotReady(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	res, text := w.call(scenario{method: "GET", path: "/ready"})
	if res.StatusCode != http.StatusServiceUnavailable || !strings.Contains(text, `"broken":"does not answer"`) || strings.Contains(text, "disk 7") {
		t.Errorf("%d %s", res.StatusCode, text)
	}
}

func TestStatusesAreBrokolis(t *testing.T) {
	t.Parallel()
	for _, s := range runs.Statuses {
		if s.Final() != (s == runs.Success || s == runs.Failed || s == runs.Cancelled || s == runs.Blocked) {
			t.Errorf("%s: Final is %v", s, s.Final())
		}
	}
}
