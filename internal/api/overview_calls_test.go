package api_test

import (
	"strings"
	"testing"

	"github.com/broked/broked/internal/auth"
)

func TestOverviewCalls(t *testing.T) {
	t.Parallel()
	w := newWorld(t).withAccounts()
	none := []scenario{
		{name: "lineage: none", as: auth.Viewer, method: "GET", path: "/api/lineage", want: 200, has: []string{`{"nodes":[],"edges":[],"truncated":false}`}},
		{name: "search: none", as: auth.Viewer, method: "GET", path: "/api/search?q=sal", want: 200, has: []string{"[]"}},
		{name: "scheduler: none", as: auth.Viewer, method: "GET", path: "/api/scheduler/status", want: 200, has: []string{"[]"}},
	}
	for _, sc := range none {
		w.run(sc)
	}
	id := w.create(auth.Editor, "Sales of Ærø")
	w.run(scenario{name: "scheduled", as: auth.Editor, method: "POST", path: "/api/pipelines", body: strings.Replace(document("nightly"), "{", `{"schedule":"0 3 * * *",`, 1), want: 201})
	w.trigger(auth.Editor, "nightly")
	for _, sc := range []scenario{
		{name: "lineage: nobody", method: "GET", path: "/api/lineage", want: 401},
		{
			name: "lineage", as: auth.Viewer, method: "GET", path: "/api/lineage", want: 200,
			has: []string{`{"id":"file:in.csv","type":"file","name":"in.csv","sub_type":"csv"}`, `{"from":"file:in.csv","to":"file:out.csv","pipeline_id":"` + id + `","pipeline":"Sales of Ærø"}`},
		},
		{name: "search: nobody", method: "GET", path: "/api/search?q=a", want: 401},
		{name: "search", as: auth.Viewer, method: "GET", path: "/api/search?q=%20%C3%86R%C3%98", want: 200, has: []string{`{"type":"pipeline","id":"` + id + `","name":"Sales of Ærø"`}, hasNot: []string{"nightly"}},
		{name: "search: by tag, at most one", as: auth.Viewer, method: "GET", path: "/api/search?q=a&limit=1", want: 200, has: []string{"nightly"}, hasNot: []string{"Sales"}},
		{name: "search: signs are signs", as: auth.Viewer, method: "GET", path: "/api/search?q=%25", want: 200, has: []string{"[]"}},
		{name: "search: nothing", as: auth.Viewer, method: "GET", path: "/api/search", want: 200, has: []string{"[]"}},
		{name: "search: limit", as: auth.Viewer, method: "GET", path: "/api/search?q=a&limit=101", want: 400, has: []string{"limit"}},
		{name: "scheduler: nobody", method: "GET", path: "/api/scheduler/status", want: 401},
		{name: "scheduler", as: auth.Viewer, method: "GET", path: "/api/scheduler/status", want: 200, has: []string{`"pipeline_name":"nightly","schedule":"0 3 * * *","next_run":"`, `"last_run":"`}, hasNot: []string{"Sales"}},
		{name: "purge: nobody", method: "POST", path: "/api/system/purge", want: 401},
		{name: "purge: editor", as: auth.Editor, method: "POST", path: "/api/system/purge", want: 403},
		{name: "purge: not JSON", as: auth.Admin, method: "POST", path: "/api/system/purge", body: `{`, want: 400},
		{name: "purge: now", as: auth.Admin, method: "POST", path: "/api/system/purge", body: `{"days":0}`, want: 400, has: []string{`"path":"days"`}},
		{name: "purge", as: auth.Admin, method: "POST", path: "/api/system/purge", want: 200, has: []string{`{"deleted":30,"days":30}`}},
		{name: "purge: older", as: auth.Admin, method: "POST", path: "/api/system/purge", body: `{"days":90}`, want: 200, has: []string{`"days":90`}},
	} {
		w.run(sc)
	}
	if n := len(w.told("runs_purged")); n != 2 {
		t.Errorf("the audit log tells %d times that runs were purged, want 2", n)
	}
}

func TestSearchFindsRunsAndIssues(t *testing.T) {
	t.Parallel()
	w := newWorld(t).withAccounts()
	of := w.fill()
	_, blind := w.service("blind", auth.PipelinesView)
	elsewhere := w.withWorkspace("north")
	run, issue := `{"type":"run","id":"`+of.run+`","name":"canary"`, `{"type":"issue","id":"`+of.issue+`"`
	first, last := of.run[:8], of.run[len(of.run)-8:]
	for _, sc := range []scenario{
		{name: "run: its id", as: auth.Viewer, method: "GET", path: "/api/search?q=" + of.run, want: 200, has: []string{run}},
		{name: "run: its beginning", as: auth.Viewer, method: "GET", path: "/api/search?q=" + first, want: 200, has: []string{run, `"status":"pending"`}},
		{name: "run: at most", as: auth.Viewer, method: "GET", path: "/api/search?limit=1&q=" + first, want: 200, hasNot: []string{"},{"}},
		{name: "run: its end", as: auth.Viewer, method: "GET", path: "/api/search?q=" + strings.ToUpper(last), want: 200, has: []string{run}},
		{name: "run: not its middle", as: auth.Viewer, method: "GET", path: "/api/search?q=" + of.run[2:10], want: 200, hasNot: []string{`"run"`}},
		{name: "run: without the permission", method: "GET", path: "/api/search?q=" + of.run, header: bearer(blind), want: 200, hasNot: []string{`"run"`}},
		{name: "run: of another workspace", method: "GET", path: "/api/search?q=" + of.run, header: elsewhere, want: 200, hasNot: []string{`"run"`}},
		{name: "issue", as: auth.Viewer, method: "GET", path: "/api/search?q=CANARY", want: 200, has: []string{issue, `"severity":"`}},
		{name: "issue: without the permission", method: "GET", path: "/api/search?q=canary", header: bearer(blind), want: 200, has: []string{`"type":"pipeline"`}, hasNot: []string{`"issue"`}},
		{name: "issue: of another workspace", method: "GET", path: "/api/search?q=canary", header: elsewhere, want: 200, has: []string{"[]"}},
		{name: "issue: resolve", as: auth.Editor, method: "POST", path: "/api/issues/" + of.issue + "/resolve", want: 200},
		{name: "issue: resolved", as: auth.Viewer, method: "GET", path: "/api/search?q=canary", want: 200, hasNot: []string{`"issue"`}},
	} {
		w.run(sc)
	}
}
