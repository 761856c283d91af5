package api_test

import (
	"strings"
	"testing"

	"github.com/broked/broked/internal/auth"
)

func TestSchedulesOfPipelines(t *testing.T) {
	t.Parallel()
	w := newWorld(t).withAccounts()
	with := func(name, members string) string { return strings.Replace(document(name), "{", "{"+members+",", 1) }
	const path = "/api/pipelines/p/schedules"
	for _, sc := range []scenario{
		{name: "save: all that is wrong", as: auth.Editor, method: "POST", path: "/api/pipelines", body: with("bad", `"parameters":{"day":{"type":"date","required":true}},"schedule":"@daily","schedules":[
			{"name":"default","cron":"@daily","params":{"day":"x"}},{"name":"a","cron":"sometimes","timezone":"Mars/X","catchup":"some"},{"name":"a","cron":"@daily"}]`), want: 400, has: []string{
			`"path":"schedule"`, `"path":"schedules[0].name"`, `"path":"schedules[0].params.day"`, `"path":"schedules[1].cron"`, `"path":"schedules[1].timezone"`, `"path":"schedules[1].catchup"`, `"path":"schedules[2].name"`, `"path":"schedules[2].params.day"`,
		}},
		{name: "save", as: auth.Editor, method: "POST", path: "/api/pipelines", body: with("p", `"schedule":"@daily","schedules":[{"name":"work","cron":"every weekday at 9","timezone":"Europe/Berlin","params":{"month":"x"}},{"name":"rest","cron":"@weekly","paused":true}]`), want: 201},
		{name: "list: nobody", method: "GET", path: path, want: 401},
		{name: "list: absent", as: auth.Viewer, method: "GET", path: "/api/pipelines/none/schedules", want: 404},
		{name: "list", as: auth.Viewer, method: "GET", path: path, want: 200, has: []string{`"name":"default","cron":"@daily"`, `"name":"work"`, `"active":true,"next_run_at":"20`, `"name":"rest"`, `"active":false,"next_run_at":null`}},
		{name: "pause: nobody", method: "POST", path: path + "/work/pause", want: 401},
		{name: "pause: viewer", as: auth.Viewer, method: "POST", path: path + "/work/pause", want: 403},
		{name: "pause: absent", as: auth.Editor, method: "POST", path: path + "/none/pause", want: 404, has: []string{"schedule_not_found"}},
		{name: "pause: default", as: auth.Editor, method: "POST", path: path + "/default/pause", want: 200},
		{name: "pause", as: auth.Editor, method: "POST", path: path + "/work/pause", want: 200, hasNot: []string{`"active":true`}},
		{name: "pause: again", as: auth.Editor, method: "POST", path: path + "/work/pause", want: 200},
		{name: "a version each", as: auth.Viewer, method: "GET", path: "/api/pipelines/p", want: 200, has: []string{`"version":3`, `"schedule_paused":true`}},
		{name: "its message", as: auth.Viewer, method: "GET", path: "/api/pipelines/p/versions", want: 200, has: []string{"schedule work paused"}},
		{name: "resume", as: auth.Editor, method: "POST", path: path + "/rest/resume", want: 200, has: []string{`"active":true,"next_run_at":"20`}},
	} {
		w.run(sc)
	}
}
