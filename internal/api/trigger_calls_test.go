package api_test

import (
	"testing"

	"github.com/broked/broked/internal/auth"
)

func TestTriggerCalls(t *testing.T) {
	t.Parallel()
	w := newWorld(t).withAccounts()
	const at = "/api/pipelines/p/triggers"
	create := func(name string, want int, members string, has ...string) scenario {
		return scenario{name: name, as: auth.Editor, method: "POST", path: "/api/pipelines", body: documentWith("p", members), want: want, has: has}
	}
	for _, sc := range []scenario{
		create("make: no name", 400, `"triggers":[{"type":"file","path":"in/*.csv"}]`, `"path":"triggers[0].name"`),
		create("make: no type", 400, `"triggers":[{"name":"a"}]`, `"path":"triggers[0].type"`),
		create("make: no path", 400, `"triggers":[{"name":"a","type":"file"}]`, `"path":"triggers[0].path"`),
		create("make: placeholder", 400, `"triggers":[{"name":"a","type":"file","path":"${param.x}"}]`, "must not have placeholders"),
		create("make: twice", 400, `"triggers":[{"name":"a","type":"contacts"},{"name":"a","type":"contacts"}]`, `\"a\" is used already`),
		create("make: of the other type", 400, `"triggers":[{"name":"a","type":"contacts","path":"x","stable_for":"1s"},{"name":"b","type":"file","path":"x","events":["created"]}]`, `"path":"triggers[0].path"`, `"path":"triggers[0].stable_for"`, `"path":"triggers[1].events"`),
		create("make: bad times", 400, `"triggers":[{"name":"a","type":"file","path":"x","stable_for":"2h"},{"name":"b","type":"contacts","quiet_for":"1m","at_most":"30s"}]`, `"path":"triggers[0].stable_for"`, "between 1m0s and 24h0m0s"),
		create("make: bad events", 400, `"triggers":[{"name":"a","type":"contacts","events":["sold"],"product":"cars"}]`, `"path":"triggers[0].events"`, `"path":"triggers[0].product"`),
		create("make: bad connection", 400, `"triggers":[{"name":"a","type":"file","path":"x","conn_id":"${conn.x}"},{"name":"b","type":"contacts","conn_id":"lake","every":"1m"},{"name":"c","type":"file","path":"x","every":"1m"},{"name":"d","type":"file","path":"x","conn_id":"lake","every":"1s"}]`,
			`"path":"triggers[0].conn_id"`, `"path":"triggers[1].conn_id"`, `"path":"triggers[1].every"`, `"path":"triggers[2].every"`, "without conn_id", `"path":"triggers[3].every"`, "between 5s and 24h0m0s"),
		create("make: elsewhere", 201, `"pipeline_id":"far","triggers":[{"name":"a","type":"file","conn_id":"lake","path":"in/*.csv","every":"5m"}]`),
		create("make: lacks a parameter", 400, `"parameters":{"day":{"required":true}},"triggers":[{"name":"a","type":"contacts"}]`, `"path":"triggers[0].params.day"`),
		create("make: with parameters", 201, `"pipeline_id":"q","parameters":{"file":{"required":true}},"triggers":[{"name":"a","type":"file","path":"x"}]`),
		create("make", 201, `"triggers":[{"name":"files","type":"file","path":"in/*.csv","stable_for":"30s"},{"name":"people","type":"contacts","product":"recruiting"}]`),

		{name: "list: nobody", method: "GET", path: at, want: 401},
		{name: "list: absent", as: auth.Viewer, method: "GET", path: "/api/pipelines/nothing/triggers", want: 404, has: []string{"pipeline_not_found"}},
		{name: "list", as: auth.Viewer, method: "GET", path: at, want: 200, has: []string{`"name":"files","type":"file","path":"in/*.csv","stable_for":"30s","active":true`, `"product":"recruiting"`}},
		{name: "list: elsewhere", as: auth.Viewer, method: "GET", path: "/api/pipelines/far/triggers", want: 200, has: []string{`"name":"a","type":"file","conn_id":"lake","path":"in/*.csv","every":"5m","active":true`}},
		{name: "pause: nobody", method: "POST", path: at + "/files/pause", want: 401},
		{name: "pause: viewer", as: auth.Viewer, method: "POST", path: at + "/files/pause", want: 403},
		{name: "pause: absent", as: auth.Editor, method: "POST", path: at + "/nothing/pause", want: 404, has: []string{"trigger_not_found"}},
		{name: "pause: bad", as: auth.Editor, method: "POST", path: at + "/%2e%2e/pause", want: 404},
		{name: "pause", as: auth.Editor, method: "POST", path: at + "/files/pause", want: 200, has: []string{`"name":"files","type":"file","paused":true`, `"active":false`}},
		{name: "resume: nobody", method: "POST", path: at + "/files/resume", want: 401},
		{name: "resume: viewer", as: auth.Viewer, method: "POST", path: at + "/files/resume", want: 403},
		{name: "resume: absent", as: auth.Editor, method: "POST", path: at + "/nothing/resume", want: 404},
		{name: "resume", as: auth.Editor, method: "POST", path: at + "/files/resume", want: 200, has: []string{`"active":true`}, hasNot: []string{"paused"}},
		{name: "versions", as: auth.Viewer, method: "GET", path: "/api/pipelines/p/versions", want: 200, has: []string{"trigger files paused", "trigger files resumed"}},
	} {
		w.run(sc)
	}
}
