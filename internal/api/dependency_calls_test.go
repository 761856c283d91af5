package api_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/broked/broked/internal/auth"
)

// documentWith returns the document of a pipeline with more members.
func documentWith(name, members string) string {
	return strings.Replace(document(name), "{", "{"+members+",", 1)
}

func TestDependencyCalls(t *testing.T) {
	t.Parallel()
	w := newWorld(t).withAccounts()
	sales := member(t, w.run(scenario{name: "sales", as: auth.Editor, method: "POST", path: "/api/pipelines", body: document("sales"), want: 201}), "id")
	w.run(scenario{
		name: "needs a value", as: auth.Editor, method: "POST", path: "/api/pipelines", want: 400, has: []string{`dependency_rules[0]`, "starts runs without parameters"},
		body: documentWith("x", `"parameters":{"day":{"type":"date","required":true}},"dependency_rules":[{"pipeline_id":"sales","mode":"trigger"}]`),
	})
	for _, sc := range []scenario{
		{name: "make: by slug", as: auth.Editor, method: "POST", path: "/api/pipelines", body: documentWith("report", `"depends_on":["sales"]`), want: 201},
		{name: "make: by id", as: auth.Editor, method: "POST", path: "/api/pipelines", body: documentWith("mail", fmt.Sprintf(`"dependency_rules":[{"pipeline_id":"report","mode":"trigger","state":"completed"},{"pipeline_id":%q,"within_seconds":3600}],"dependency_timeout_seconds":60`, sales)), want: 201},
		{name: "make: absent", as: auth.Editor, method: "POST", path: "/api/pipelines", body: documentWith("x", `"depends_on":["nothing"]`), want: 400, has: []string{`"path":"depends_on[0]"`, "dependency pipeline not found: nothing"}},
		{name: "make: twice", as: auth.Editor, method: "POST", path: "/api/pipelines", body: documentWith("x", fmt.Sprintf(`"dependency_rules":[{"pipeline_id":"sales"},{"pipeline_id":%q,"mode":"gate"}]`, sales)), want: 400, has: []string{`"path":"dependency_rules[1].pipeline_id"`, "another rule of mode gate"}},
		{name: "make: bad", as: auth.Editor, method: "POST", path: "/api/pipelines", body: documentWith("x", `"dependency_rules":[{"pipeline_id":"sales","mode":"maybe","state":"well"}],"dependency_timeout_seconds":-1`), want: 400, has: []string{"must be gate or trigger", "must be succeeded, completed or failed", "between 0 and 30 days"}},
		{name: "circle", as: auth.Editor, method: "PUT", path: "/api/pipelines/sales", body: `{"depends_on":["mail"]}`, want: 400, has: []string{"dependency cycle detected: sales -> mail -> "}},
		{name: "itself", as: auth.Editor, method: "PUT", path: "/api/pipelines/sales", body: `{"depends_on":["sales"]}`, want: 400, has: []string{"cannot depend on itself"}},
		{name: "itself in a rule", as: auth.Editor, method: "PUT", path: "/api/pipelines/sales", body: `{"dependency_rules":[{"pipeline_id":"sales","mode":"trigger"}]}`, want: 400, has: []string{"cannot depend on itself"}},
		{name: "validate: warns", as: auth.Viewer, method: "POST", path: "/api/pipelines/validate", body: documentWith("x", `"dependency_rules":[{"pipeline_id":"sales","mode":"trigger","within_seconds":5}]`), want: 200, has: []string{`"valid":true`, "is always met"}},

		{name: "deps: nobody", method: "GET", path: "/api/pipelines/mail/deps", want: 401},
		{name: "deps: absent", as: auth.Viewer, method: "GET", path: "/api/pipelines/nothing/deps", want: 404, has: []string{"pipeline_not_found"}},
		{name: "deps", as: auth.Viewer, method: "GET", path: "/api/pipelines/mail/deps", want: 200, has: []string{`"satisfied":false`, `"reason":"upstream sales has not run"`, `"slug":"report","name":"report","state":"completed","mode":"trigger"`, `"within_seconds":3600`}},
		{name: "deps: none", as: auth.Viewer, method: "GET", path: "/api/pipelines/sales/deps", want: 200, has: []string{`{"satisfied":true,"reason":"","deps":[]}`}},
		{name: "dependents: nobody", method: "GET", path: "/api/pipelines/sales/dependents", want: 401},
		{name: "dependents: absent", as: auth.Viewer, method: "GET", path: "/api/pipelines/nothing/dependents", want: 404},
		{name: "dependents", as: auth.Viewer, method: "GET", path: "/api/pipelines/report/dependents", want: 200, has: []string{`"name":"mail"`}, hasNot: []string{"sales"}},
		{name: "impact: nobody", method: "GET", path: "/api/pipelines/sales/impact", want: 401},
		{name: "impact: absent", as: auth.Viewer, method: "GET", path: "/api/pipelines/nothing/impact", want: 404},
		{name: "impact", as: auth.Viewer, method: "GET", path: "/api/pipelines/sales/impact", want: 200, has: []string{`"downstream":[`, `"name":"mail"`, `"name":"report"`}},
		{name: "graph: nobody", method: "GET", path: "/api/pipelines/dependency-graph", want: 401},
		{name: "graph", as: auth.Viewer, method: "GET", path: "/api/pipelines/dependency-graph", want: 200, has: []string{`"from":"` + sales + `"`, `"mode":"trigger"`, `"truncated":false`}},

		{name: "a run waits", as: auth.Editor, method: "POST", path: "/api/pipelines/report/run", want: 202},
		{name: "and says why", as: auth.Viewer, method: "GET", path: "/api/runs", want: 200, has: []string{`"wait_reason":"upstream sales has not run"`, `"gate_until":"`}},

		{name: "delete: with dependents", as: auth.Editor, method: "DELETE", path: "/api/pipelines/sales", want: 409, has: []string{"pipeline_has_dependents", "dependents[0]", "resolve=decouple"}},
		{name: "delete: bad", as: auth.Editor, method: "DELETE", path: "/api/pipelines/sales?resolve=perhaps", want: 400, has: []string{"query.resolve"}},
		{name: "delete: decouple", as: auth.Editor, method: "DELETE", path: "/api/pipelines/sales?resolve=decouple", want: 204},
		{name: "deps: decoupled", as: auth.Viewer, method: "GET", path: "/api/pipelines/report/deps", want: 200, has: []string{`"deps":[]`}},
		{name: "versions", as: auth.Viewer, method: "GET", path: "/api/pipelines/report/versions", want: 200, has: []string{"does not depend on sales any more"}},
		{name: "the run waits no longer", as: auth.Viewer, method: "GET", path: "/api/runs", want: 200, hasNot: []string{"gate_until"}},
		{name: "delete: cascade, busy", as: auth.Editor, method: "DELETE", path: "/api/pipelines/report?resolve=cascade", want: 409, has: []string{"pipeline_busy"}},
		{name: "dependents: still", as: auth.Viewer, method: "GET", path: "/api/pipelines/report/dependents", want: 200, has: []string{"mail"}},
	} {
		w.run(sc)
	}
}
