package api_test

import (
	"testing"

	"github.com/broked/broked/internal/auth"
)

func TestAccessOfAPipeline(t *testing.T) {
	t.Parallel()
	w := newWorld(t).withAccounts()
	_, runner := w.service("runner", auth.PipelinesView, auth.PipelinesRun)
	w.service("coder", auth.PipelinesView, auth.PipelinesEdit, auth.PipelinesCode)
	_, desk := w.service("desk", auth.PipelinesView, auth.UsersView)
	gone, _ := w.service("gone", auth.PipelinesView)
	w.run(scenario{name: "revoke", as: auth.Admin, method: "DELETE", path: "/api/services/" + gone, want: 204})
	w.run(scenario{name: "make", as: auth.Admin, method: "POST", path: "/api/pipelines", want: 201, body: `{"name":"people","nodes":[
		{"id":"all","type":"source_contacts","config":{}},
		{"id":"rows","type":"code","config":{"script":"pass"}},
		{"id":"more","type":"code","config":{"script":"pass"}},
		{"id":"file","type":"sink_file","config":{"path":"people.csv"}}],
		"edges":[{"from":"all","to":"rows"},{"from":"rows","to":"more"},{"from":"more","to":"file"}],
		"triggers":[{"name":"new","type":"contacts"},{"name":"files","type":"file","path":"in.csv"}]}`})
	w.create(auth.Editor, "plain")
	const path = "/api/pipelines/people/access"
	needs := `"needs":[{"part":"node","type":"source_contacts","names":["all"],"permissions":["contacts.view"]},` +
		`{"part":"node","type":"code","names":["rows","more"],"permissions":["pipelines.code"]},` +
		`{"part":"trigger","type":"contacts","names":["new"],"permissions":["contacts.view"]}]`
	all, unlisted := `"see":true,"change":true,"run":true,"delete":true,"lacks":[]`, []string{`"members"`, `"services"`}
	for _, sc := range []scenario{
		{name: "nobody", method: "GET", path: path, want: 401},
		{name: "absent", as: auth.Viewer, method: "GET", path: "/api/pipelines/none/access", want: 404, has: []string{"pipeline_not_found"}},
		{name: "bad", as: auth.Viewer, method: "GET", path: "/api/pipelines/..%2fx/access", want: 404},
		{name: "viewer", as: auth.Viewer, method: "GET", path: path, want: 200, has: []string{`"you":{"see":true,"change":false,"run":false,"delete":false,"lacks":["pipelines.code"]}`, needs}, hasNot: unlisted},
		{name: "editor", as: auth.Editor, method: "GET", path: path, want: 200, has: []string{`"you":{"see":true,"change":true,"run":true,"delete":true,"lacks":["pipelines.code"]}`, `{"role":"admin",` + all + `}`}, hasNot: unlisted},
		{
			name: "admin", as: auth.Admin, method: "GET", path: path, want: 200,
			has: []string{
				`"you":{` + all + `}`, `"username":"viewer","role":"viewer"`,
				`"service_name":"coder","see":true,"change":true,"run":false,"delete":false,"lacks":["contacts.view"]`,
				`"service_name":"runner","see":true,"change":false,"run":true,"delete":false`,
			},
			hasNot: []string{`"gone"`},
		},
		{name: "a service", method: "GET", path: path, header: bearer(runner), want: 200, has: []string{`"you":{"see":true,"change":false,"run":true,"delete":false`}, hasNot: unlisted},
		{name: "a service that sees users", method: "GET", path: path, header: bearer(desk), want: 200, has: []string{`"members":[`}, hasNot: []string{`"services"`}},
		{name: "no needs", as: auth.Editor, method: "GET", path: "/api/pipelines/plain/access", want: 200, has: []string{`"you":{` + all + `}`, `"needs":[]`}},
	} {
		w.run(sc)
	}
	w.run(scenario{name: "the owner is disabled", as: auth.Superadmin, method: "PUT", path: "/api/auth/users/" + w.idOf("admin"), body: `{"disabled":true}`, want: 200})
	w.run(scenario{name: "and so are its services", as: auth.Superadmin, method: "GET", path: path, want: 200, has: []string{`"services":[]`}, hasNot: []string{`"username":"admin"`}})
}
