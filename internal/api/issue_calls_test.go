package api_test

import (
	"strings"
	"testing"
	"time"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/job"
	"github.com/broked/broked/internal/runs"
	"github.com/broked/broked/internal/workspaces"
)

// fail starts a run of a pipeline, ends it as failed at a node, and returns its id.
func (w *world) fail(pipeline, node string) string {
	w.t.Helper()
	run := w.trigger(auth.Editor, pipeline)
	claim, err := w.store.ClaimRun(w.t.Context(), runs.ID(run), "me", time.Now())
	must(w.t, err)
	failure := &job.Failure{Code: "file_not_found", Message: "there is no file in.csv"}
	must(w.t, w.store.FinishRun(w.t.Context(), claim.Run.ID, claim.Fence, runs.Outcome{Status: runs.Failed, Failure: failure, At: time.Now()}, []runs.Event{
		{Type: job.NodeFinished, Node: node, At: time.Now(), Status: string(job.Failed), Error: failure.Message, Failure: failure},
	}))
	return run
}

// issueOf returns the id of the newest issue.
func (w *world) issueOf(pipeline string) string {
	w.t.Helper()
	text := w.run(scenario{name: "issue of " + pipeline, as: auth.Viewer, method: "GET", path: "/api/issues?limit=1&pipeline_id=" + pipeline, want: 200})
	_, text, _ = strings.Cut(text, `"id":"`)
	id, _, _ := strings.Cut(text, `"`)
	return id
}

const absentIssue = "/01a200af-0000-7000-8000-000000000000"

func TestIssueCalls(t *testing.T) {
	t.Parallel()
	w := newWorld(t).withAccounts()
	pipeline := w.create(auth.Editor, "Sales")
	first, last := w.fail(pipeline, "in"), w.fail(pipeline, "in")
	other := w.create(auth.Editor, "Other")
	w.fail(other, "out")
	id, editor := w.issueOf(pipeline), w.idOf("editor")
	const list, absent = "/api/issues", "/api/issues" + absentIssue
	one := list + "/" + id
	until := func(d time.Duration) string {
		return `{"until":"` + time.Now().Add(d).UTC().Format(time.RFC3339) + `"}`
	}
	for _, sc := range []scenario{
		{name: "list: nobody", method: "GET", path: list, want: 401},
		{name: "list", as: auth.Viewer, method: "GET", path: list, want: 200, has: []string{
			`"title":"Sales fails at In"`, `"title":"Other fails at Out"`, `"count":2`, `"kind":"run_failed"`, `"severity":"critical"`, `"state":"open"`,
			`"code":"file_not_found"`, `"node_id":"in"`, `"body":"there is no file in.csv"`, `"pipeline_name":"Sales"`, `"workspace_id":"default"`,
			`"first_run_id":"` + first, `"last_run_id":"` + last,
		}, hasNot: []string{"history", "read_at", "assignee"}},
		{name: "list: cursor", as: auth.Viewer, method: "GET", path: list + "?limit=1", want: 200, has: []string{`"has_next":true`, `"cursor":"`, "Other"}, hasNot: []string{"Sales"}},
		{name: "list: page", as: auth.Viewer, method: "GET", path: list + "?state=open&page=1&page_size=1", want: 200, has: []string{`"total":2`}},
		{name: "list: of a pipeline", as: auth.Viewer, method: "GET", path: list + "?state=unresolved&kind=run_failed&pipeline_id=" + pipeline, want: 200, has: []string{"Sales"}, hasNot: []string{"Other"}},
		{name: "list: other kind", as: auth.Viewer, method: "GET", path: list + "?kind=disk_low", want: 200, has: []string{"[]"}},
		{name: "list: other state", as: auth.Viewer, method: "GET", path: list + "?state=resolved", want: 200, has: []string{"[]"}},
		{name: "list: mine", as: auth.Editor, method: "GET", path: list + "?assignee=me", want: 200, has: []string{"[]"}},
		{name: "list: bad state", as: auth.Viewer, method: "GET", path: list + "?state=lost", want: 400, has: []string{"state"}},
		{name: "list: bad kind", as: auth.Viewer, method: "GET", path: list + "?kind=lost", want: 400, has: []string{"kind"}},
		{name: "read: nobody", method: "GET", path: one, want: 401},
		{name: "read", as: auth.Viewer, method: "GET", path: one, want: 200, has: []string{`"history":[{"type":"opened"`, `"run_id":"` + first}},
		{name: "read: absent", as: auth.Viewer, method: "GET", path: absent, want: 404, has: []string{"issue_not_found"}},
		{name: "read: no id", as: auth.Viewer, method: "GET", path: list + "/%2e%2e%00", want: 404},

		{name: "acknowledge: nobody", method: "POST", path: one + "/acknowledge", want: 401},
		{name: "acknowledge: viewer", as: auth.Viewer, method: "POST", path: one + "/acknowledge", want: 403},
		{name: "acknowledge: absent", as: auth.Editor, method: "POST", path: absent + "/acknowledge", want: 404},
		{name: "acknowledge", as: auth.Editor, method: "POST", path: one + "/acknowledge", want: 200, has: []string{`"state":"acknowledged"`, `"acknowledged_by":"editor"`, `"type":"acknowledged"`}},
		{name: "acknowledge again", as: auth.Admin, method: "POST", path: one + "/acknowledge", want: 200, has: []string{`"acknowledged_by":"editor"`}},

		{name: "assign: nobody", method: "POST", path: one + "/assign", body: `{"user_id":null}`, want: 401},
		{name: "assign: viewer", as: auth.Viewer, method: "POST", path: one + "/assign", body: `{"user_id":null}`, want: 403},
		{name: "assign: empty", as: auth.Editor, method: "POST", path: one + "/assign", body: `{}`, want: 400, has: []string{"user_id"}},
		{name: "assign: a number", as: auth.Editor, method: "POST", path: one + "/assign", body: `{"user_id":7}`, want: 400},
		{name: "assign: no such account", as: auth.Editor, method: "POST", path: one + "/assign", body: `{"user_id":"x"}`, want: 400, has: []string{`"path":"user_id"`}},
		{name: "assign: absent", as: auth.Editor, method: "POST", path: absent + "/assign", body: `{"user_id":null}`, want: 404},
		{name: "assign", as: auth.Editor, method: "POST", path: one + "/assign", body: `{"user_id":"` + editor + `"}`, want: 200, has: []string{`"assignee_id":"` + editor, `"assignee":"editor"`}},
		{name: "mine", as: auth.Editor, method: "GET", path: list + "?assignee=me", want: 200, has: []string{id}},
		{name: "by account", as: auth.Viewer, method: "GET", path: list + "?assignee=" + editor, want: 200, has: []string{id}},
		{name: "not mine", as: auth.Viewer, method: "GET", path: list + "?assignee=me", want: 200, has: []string{"[]"}},
		{name: "a key has none", header: bearer(serverKey), method: "GET", path: list + "?assignee=me", want: 200, has: []string{"[]"}},
		{name: "assign to nobody", as: auth.Editor, method: "POST", path: one + "/assign", body: `{"user_id":null}`, want: 200, hasNot: []string{`"assignee_id"`}},

		{name: "mute: viewer", as: auth.Viewer, method: "POST", path: one + "/mute", body: until(time.Hour), want: 403},
		{name: "mute: without an end", as: auth.Editor, method: "POST", path: one + "/mute", body: `{}`, want: 400, has: []string{"until"}},
		{name: "mute: no time", as: auth.Editor, method: "POST", path: one + "/mute", body: `{"until":"tomorrow"}`, want: 400},
		{name: "mute: past", as: auth.Editor, method: "POST", path: one + "/mute", body: until(-time.Hour), want: 400, has: []string{`"path":"until"`}},
		{name: "mute: for good", as: auth.Editor, method: "POST", path: one + "/mute", body: until(91 * 24 * time.Hour), want: 400},
		{name: "mute: absent", as: auth.Editor, method: "POST", path: absent + "/mute", body: until(time.Hour), want: 404},
		{name: "mute", as: auth.Editor, method: "POST", path: one + "/mute", body: until(time.Hour), want: 200, has: []string{`"muted_until":"`}},
		{name: "unmute: nobody", method: "POST", path: one + "/unmute", want: 401},
		{name: "unmute: viewer", as: auth.Viewer, method: "POST", path: one + "/unmute", want: 403},
		{name: "unmute", as: auth.Editor, method: "POST", path: one + "/unmute", want: 200, hasNot: []string{"muted_until"}},

		{name: "resolve: viewer", as: auth.Viewer, method: "POST", path: one + "/resolve", want: 403},
		{name: "resolve: absent", as: auth.Editor, method: "POST", path: absent + "/resolve", want: 404},
		{name: "resolve", as: auth.Editor, method: "POST", path: one + "/resolve", want: 200, has: []string{`"state":"resolved"`, `"resolved_by":"editor"`}},
		{name: "resolve again", as: auth.Editor, method: "POST", path: one + "/resolve", want: 200},
		{name: "mute what is resolved", as: auth.Editor, method: "POST", path: one + "/mute", body: until(time.Hour), want: 409, has: []string{"issue_resolved"}},
		{name: "audit", as: auth.Superadmin, method: "GET", path: "/api/audit?target=" + id, want: 200, has: []string{
			"issue_acknowledged", "issue_assigned", `"assigned":"editor"`, "issue_muted", "issue_unmuted", "issue_resolved", `"actor":"editor"`,
		}, hasNot: []string{`"actor":"admin"`, "issue_opened"}},
	} {
		w.run(sc)
	}
	w.fail(pipeline, "in")
	w.run(scenario{name: "again", as: auth.Viewer, method: "GET", path: list + "/" + w.issueOf(pipeline), want: 200, has: []string{`"previous_id":"` + id, `"count":1`}})
	w.run(scenario{name: "delete the pipeline", as: auth.Editor, method: "DELETE", path: "/api/pipelines/" + pipeline, want: 204})
	w.run(scenario{name: "gone with it", as: auth.Viewer, method: "GET", path: one, want: 404})
}

func TestAlertCalls(t *testing.T) {
	t.Parallel()
	w := newWorld(t).withAccounts()
	pipeline := w.create(auth.Editor, "Sales")
	run := w.fail(pipeline, "in")
	w.fail(w.create(auth.Editor, "Other"), "in")
	id, editor := w.issueOf(pipeline), w.idOf("editor")
	const list, absent = "/api/alerts", "/api/alerts" + absentIssue
	one := list + "/" + id
	for _, sc := range []scenario{
		{name: "list: nobody", method: "GET", path: list, want: 401},
		{name: "list", as: auth.Viewer, method: "GET", path: list, want: 200, has: []string{
			`{"alerts":[{"id":"`, `"org_id":"default"`, `"kind":"run_failure"`, `"severity":"critical"`, `"title":"Sales fails at In"`, `"body":"`,
			`"pipeline_id":"` + pipeline, `"pipeline_name":"Sales"`, `"run_id":"` + run, `"created_at":"`, `"unread_count":2`,
		}, hasNot: []string{"read_at", "dismissed_at", "assignee", "acknowledged", "resolved"}},
		{name: "list: limit", as: auth.Viewer, method: "GET", path: list + "?limit=1", want: 200, has: []string{"Other", `"unread_count":2`}, hasNot: []string{"Sales"}},
		{name: "list: bad limit", as: auth.Viewer, method: "GET", path: list + "?limit=0", want: 400},
		{name: "list: bad state", as: auth.Viewer, method: "GET", path: list + "?state=lost", want: 400},

		{name: "read: nobody", method: "POST", path: one + "/read", want: 401},
		{name: "read: absent", as: auth.Viewer, method: "POST", path: absent + "/read", want: 404, has: []string{"issue_not_found"}},
		{name: "read", as: auth.Viewer, method: "POST", path: one + "/read", want: 204},
		{name: "one less", as: auth.Viewer, method: "GET", path: list, want: 200, has: []string{`"unread_count":1`, "read_at"}},
		{name: "unread ones", as: auth.Viewer, method: "GET", path: list + "?unread=true", want: 200, has: []string{"Other"}, hasNot: []string{"Sales"}},
		{name: "not by others", as: auth.Editor, method: "GET", path: list, want: 200, has: []string{`"unread_count":2`}},
		{name: "read all: nobody", method: "POST", path: list + "/read-all", want: 401},
		{name: "read all", as: auth.Viewer, method: "POST", path: list + "/read-all", want: 204},
		{name: "none left", as: auth.Viewer, method: "GET", path: list, want: 200, has: []string{`"unread_count":0`}},

		{name: "assign: viewer", as: auth.Viewer, method: "POST", path: one + "/assign", body: `{"user_id":null}`, want: 403},
		{name: "assign: no such account", as: auth.Editor, method: "POST", path: one + "/assign", body: `{"user_id":"x"}`, want: 400},
		{name: "assign", as: auth.Editor, method: "POST", path: one + "/assign", body: `{"user_id":"` + editor + `"}`, want: 204},
		{name: "mine", as: auth.Editor, method: "GET", path: list + "?assignee=me", want: 200, has: []string{`"assignee_user_id":"` + editor}, hasNot: []string{"Other"}},
		{name: "acknowledge: viewer", as: auth.Viewer, method: "POST", path: one + "/acknowledge", want: 403},
		{name: "acknowledge", as: auth.Editor, method: "POST", path: one + "/acknowledge", want: 204},
		{name: "acknowledged", as: auth.Editor, method: "GET", path: list + "?state=acknowledged", want: 200, has: []string{`"acknowledged_by":"editor"`, `"acknowledged_at":"`}, hasNot: []string{"Other"}},
		{name: "resolve: viewer", as: auth.Viewer, method: "POST", path: one + "/resolve", want: 403},
		{name: "resolve", as: auth.Editor, method: "POST", path: one + "/resolve", want: 204},
		{name: "resolved", as: auth.Editor, method: "GET", path: list + "?state=resolved", want: 200, has: []string{`"resolved_by":"editor"`, `"unread_count":1`}},
		{name: "acknowledge what is resolved", as: auth.Editor, method: "POST", path: one + "/acknowledge", want: 409},

		{name: "dismiss: nobody", method: "DELETE", path: one, want: 401},
		{name: "dismiss: absent", as: auth.Viewer, method: "DELETE", path: absent, want: 404},
		{name: "dismiss", as: auth.Viewer, method: "DELETE", path: one, want: 204},
		{name: "off the list", as: auth.Viewer, method: "GET", path: list, want: 200, has: []string{"Other"}, hasNot: []string{"Sales"}},
		{name: "for nobody else", as: auth.Editor, method: "GET", path: list, want: 200, has: []string{"Sales"}},
		{name: "and still an issue", as: auth.Viewer, method: "GET", path: "/api/issues", want: 200, has: []string{"Sales"}},
	} {
		w.run(sc)
	}
}

func TestStreamTellsOfIssues(t *testing.T) {
	t.Parallel()
	w := newWorld(t).withAccounts()
	pipeline := w.create(auth.Editor, "Sales")
	w.fail(pipeline, "in")
	_, key := w.service("blind", auth.RunsView)
	seeing, blind := w.stream("/api/events", w.tokenOf(auth.Viewer)), w.stream("/api/events", key)
	w.run(scenario{name: "acknowledge", as: auth.Editor, method: "POST", path: "/api/issues/" + w.issueOf(pipeline) + "/acknowledge", want: 200})
	await(t, seeing, "event: issues.changed")
	await(t, seeing, `data: {"type":"issues.changed"}`)
	run := w.trigger(auth.Editor, pipeline)
	for line := range blind {
		if strings.Contains(line, "issues.changed") {
			t.Error("who may not see issues is told of them")
		}
		if strings.Contains(line, run) {
			break
		}
	}
}

func TestStreamTellsOfPipelines(t *testing.T) {
	t.Parallel()
	w := newWorld(t).withAccounts()
	north := w.withWorkspace("north")
	beside := w.create(auth.Editor, "Beside")
	_, key := w.service("blind", auth.RunsView)
	seeing, blind := w.stream("/api/events", w.tokenOf(auth.Viewer)), w.stream("/api/events", key)
	there := w.stream("/api/events?workspace=north", strings.TrimPrefix(north["Authorization"], "Bearer "))
	p := w.create(auth.Editor, "Sales")
	await(t, seeing, `data: {"type":"pipelines.changed"}`)
	for _, sc := range []scenario{
		{name: "saved", method: "PUT", path: "/api/pipelines/" + p, body: `{"description":"By day"}`, want: 200},
		{name: "rolled back", method: "POST", path: "/api/pipelines/" + p + "/rollback", body: `{"version":1}`, want: 200},
		{name: "copied", method: "POST", path: "/api/pipelines/" + p + "/clone", want: 201},
		{name: "deleted", method: "DELETE", path: "/api/pipelines/" + p, want: 204},
	} {
		sc.as = auth.Admin
		w.run(sc)
		await(t, seeing, "event: pipelines.changed")
	}
	run := w.trigger(auth.Editor, beside)
	for line := range blind {
		if strings.Contains(line, "pipelines.changed") {
			t.Error("who may not see pipelines is told of them")
		}
		if strings.Contains(line, run) {
			break
		}
	}
	w.run(scenario{name: "theirs", method: "POST", path: "/api/pipelines", header: north, body: strings.Replace(document("p"), "{", `{"pipeline_id":"theirs",`, 1), want: 201})
	theirs := member(t, w.run(scenario{name: "trigger", method: "POST", path: "/api/pipelines/theirs/run", header: north, want: 202}), "run_id")
	told := 0
	for line := range there {
		if strings.Contains(line, "event: pipelines.changed") {
			told++
		}
		if strings.Contains(line, theirs) {
			break
		}
	}
	if told > 1 {
		t.Errorf("another workspace is told %d times of pipelines, want at most once, of its own", told)
	}
}

func TestIssuesStayInTheirWorkspace(t *testing.T) {
	t.Parallel()
	w := newWorld(t).withAccounts()
	_, err := w.store.InsertWorkspace(t.Context(), workspaces.Workspace{ID: "other", Name: "Other"})
	must(t, err)
	w.fail(w.create(auth.Superadmin, "Sales"), "in")
	id := w.issueOf("")
	there := map[string]string{"X-Workspace-ID": "other"}
	for _, sc := range []scenario{
		{name: "list", method: "GET", path: "/api/issues", want: 200, has: []string{"[]"}},
		{name: "count", method: "GET", path: "/api/issues?page=1", want: 200, has: []string{`"total":0`}},
		{name: "read", method: "GET", path: "/api/issues/" + id, want: 404, has: []string{"issue_not_found"}},
		{name: "acknowledge", method: "POST", path: "/api/issues/" + id + "/acknowledge", want: 404},
		{name: "assign", method: "POST", path: "/api/issues/" + id + "/assign", body: `{"user_id":null}`, want: 404},
		{name: "mute", method: "POST", path: "/api/issues/" + id + "/mute", body: `{"until":"` + time.Now().Add(time.Hour).Format(time.RFC3339) + `"}`, want: 404},
		{name: "unmute", method: "POST", path: "/api/issues/" + id + "/unmute", want: 404},
		{name: "resolve", method: "POST", path: "/api/issues/" + id + "/resolve", want: 404},
		{name: "alerts", method: "GET", path: "/api/alerts", want: 200, has: []string{`{"alerts":[],"unread_count":0}`}},
		{name: "mark as read", method: "POST", path: "/api/alerts/" + id + "/read", want: 404},
		{name: "mark all as read", method: "POST", path: "/api/alerts/read-all", want: 204},
		{name: "dismiss", method: "DELETE", path: "/api/alerts/" + id, want: 404},
	} {
		sc.as, sc.header = auth.Superadmin, there
		w.run(sc)
	}
	w.run(scenario{name: "untouched", as: auth.Superadmin, method: "GET", path: "/api/alerts", want: 200, has: []string{id, `"unread_count":1`}})
}
