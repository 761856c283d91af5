package api_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/runs"
)

func TestBackfillCalls(t *testing.T) {
	t.Parallel()
	w := newWorld(t).withAccounts()
	id := w.create(auth.Editor, "sales")
	const absent = "01a200af-0000-7000-8000-000000000000"
	const all, preview = "/api/pipelines/sales/backfills", "/api/pipelines/sales/backfills/preview"
	const march = `{"start":"2025-03-01","end":"2025-04-01"}`
	begin := func(text string) runs.Backfill {
		t.Helper()
		var b runs.Backfill
		res, answer := w.call(scenario{as: auth.Editor, method: "POST", path: all, body: text})
		if err := json.Unmarshal([]byte(answer), &b); err != nil || res.StatusCode != http.StatusCreated {
			t.Fatalf("%d: %s", res.StatusCode, answer)
		}
		return b
	}
	b := begin(strings.Replace(march, "{", `{"concurrency":2,"params":{"from":"${interval.start_date}"},`, 1))
	one := "/api/backfills/" + string(b.ID)
	for _, sc := range []scenario{
		{name: "preview: nobody", method: "POST", path: preview, body: march, want: 401},
		{name: "preview: viewer", as: auth.Viewer, method: "POST", path: preview, body: march, want: 403},
		{name: "preview: not JSON", as: auth.Editor, method: "POST", path: preview, body: `{`, want: 400},
		{name: "preview: nothing", as: auth.Editor, method: "POST", path: preview, body: `{}`, want: 400, has: []string{"invalid_backfill", `"path":"start"`, `"path":"end"`}},
		{name: "preview: everything wrong", as: auth.Editor, method: "POST", path: preview, body: `{"start":"soon","end_date":"2025-03-01T00:00:00Z","interval":"now and then","timezone":"Mars/X","concurrency":101,"order":"any","on_failure":"cry","priority":2000}`, want: 400, has: []string{`"path":"start"`, `"path":"end_date"`, `"path":"interval"`, `"path":"timezone"`, `"path":"concurrency"`, `"path":"order"`, `"path":"on_failure"`, `"path":"priority"`}},
		{name: "preview: two ends", as: auth.Editor, method: "POST", path: preview, body: `{"start":"2025-03-01","end":"2025-03-02","end_date":"2025-03-02"}`, want: 400, has: []string{"not both"}},
		{name: "preview: no interval", as: auth.Editor, method: "POST", path: preview, body: `{"start":"2025-03-02","end":"2025-03-30","interval":"month"}`, want: 400, has: []string{"no interval begins"}},
		{name: "preview: too many", as: auth.Editor, method: "POST", path: preview, body: `{"start":"2024-01-01","end":"2025-01-01","interval":"* * * * *"}`, want: 400, has: []string{"more than 100000"}},
		{name: "preview: not over", as: auth.Editor, method: "POST", path: preview, body: `{"start":"2025-03-02","end":"2999-01-01","interval":"month"}`, want: 400, has: []string{"has not come"}},
		{name: "preview: unknown member", as: auth.Editor, method: "POST", path: preview, body: `{"begin":"2025-03-02"}`, want: 400, has: []string{"begin"}},
		{name: "preview: bad parameter", as: auth.Editor, method: "POST", path: preview, body: `{"start":"2025-03-02","end":"2025-03-30","params":{"a":[]}}`, want: 400, has: []string{`params.a`}},
		{name: "preview: absent", as: auth.Editor, method: "POST", path: "/api/pipelines/" + absent + "/backfills/preview", body: march, want: 404},
		{name: "preview", as: auth.Editor, method: "POST", path: preview, body: march, want: 200, has: []string{`"intervals":31`, `"first":{"start":"2025-03-01T00:00:00Z","end":"2025-03-02T00:00:00Z"}`, `"last":{"start":"2025-03-31T00:00:00Z","end":"2025-04-01T00:00:00Z"}`}},
		{name: "preview: in a zone", as: auth.Editor, method: "POST", path: preview, body: `{"start":"2025-03-30","end":"2025-03-31","interval":"hour","timezone":"Europe/Berlin"}`, want: 200, has: []string{`"intervals":23`, `"start":"2025-03-29T23:00:00Z"`}},

		{name: "start: nobody", method: "POST", path: all, body: march, want: 401},
		{name: "start: viewer", as: auth.Viewer, method: "POST", path: all, body: march, want: 403},
		{name: "start: bad", as: auth.Editor, method: "POST", path: all, body: `{"start":"2025-03-01"}`, want: 400, has: []string{`"path":"end"`}},
		{name: "start: absent", as: auth.Editor, method: "POST", path: "/api/pipelines/" + absent + "/backfills", body: march, want: 404},
		{name: "list: nobody", method: "GET", path: all, want: 401},
		{name: "list: absent", as: auth.Viewer, method: "GET", path: "/api/pipelines/" + absent + "/backfills", want: 404},
		{name: "list", as: auth.Viewer, method: "GET", path: all, want: 200, has: []string{`[{"id":"` + string(b.ID), `"running":2`}},
		{name: "list: all", as: auth.Viewer, method: "GET", path: "/api/backfills?page=1", want: 200, has: []string{`"total":1`}},
		{name: "list: all, nobody", method: "GET", path: "/api/backfills", want: 401},
		{name: "list: bad", as: auth.Viewer, method: "GET", path: "/api/backfills?limit=x", want: 400},
		{name: "read: nobody", method: "GET", path: one, want: 401},
		{name: "read: absent", as: auth.Viewer, method: "GET", path: "/api/backfills/" + absent, want: 404, has: []string{"backfill_not_found"}},
		{name: "read: hostile", as: auth.Viewer, method: "GET", path: "/api/backfills/..%2fruns", want: 404},
		{name: "read", as: auth.Viewer, method: "GET", path: one, want: 200, has: []string{`"total":31`, `"priority":-100`, `"status":"running"`, `"skip_done":true`}},
		{name: "its runs", as: auth.Viewer, method: "GET", path: "/api/pipelines/" + id + "/runs", want: 200, has: []string{`"trigger":"backfill"`, `"from":"2025-03-01"`, `"from":"2025-03-02"`}, hasNot: []string{`"from":"2025-03-03"`}},

		{name: "pause: nobody", method: "POST", path: one + "/pause", want: 401},
		{name: "pause: viewer", as: auth.Viewer, method: "POST", path: one + "/pause", want: 403},
		{name: "pause: absent", as: auth.Editor, method: "POST", path: "/api/backfills/" + absent + "/pause", want: 404},
		{name: "continue: runs", as: auth.Editor, method: "POST", path: one + "/continue", want: 409, has: []string{"backfill_running"}},
		{name: "pause", as: auth.Editor, method: "POST", path: one + "/pause", want: 200, has: []string{`"status":"paused"`}},
		{name: "pause: again", as: auth.Editor, method: "POST", path: one + "/pause", want: 409, has: []string{"backfill_paused"}},
		{name: "continue: viewer", as: auth.Viewer, method: "POST", path: one + "/continue", want: 403},
		{name: "continue", as: auth.Editor, method: "POST", path: one + "/continue", want: 200, has: []string{`"status":"running"`}},
		{name: "cancel: viewer", as: auth.Viewer, method: "POST", path: one + "/cancel", want: 403},
		{name: "cancel: absent", as: auth.Editor, method: "POST", path: "/api/backfills/" + absent + "/cancel", want: 404},
		{name: "cancel", as: auth.Editor, method: "POST", path: one + "/cancel", want: 200, has: []string{`"status":"cancelled"`, `"cancelled":2`}},
		{name: "cancel: again", as: auth.Editor, method: "POST", path: one + "/cancel", want: 409, has: []string{"backfill_cancelled"}},
		{name: "audit", as: auth.Admin, method: "GET", path: "/api/audit?limit=50", want: 200, has: []string{"backfill_started", "backfill_paused", "backfill_continued", "backfill_cancelled"}},

		{name: "as Brokoli: nobody", method: "POST", path: "/api/pipelines/sales/backfill", body: `{"start_date":"2025-03-01","end_date":"2025-03-03"}`, want: 401},
		{name: "as Brokoli: viewer", as: auth.Viewer, method: "POST", path: "/api/pipelines/sales/backfill", body: `{}`, want: 403},
		{name: "as Brokoli: no dates", as: auth.Editor, method: "POST", path: "/api/pipelines/sales/backfill", body: `{}`, want: 400},
		{name: "as Brokoli: absent", as: auth.Editor, method: "POST", path: "/api/pipelines/" + absent + "/backfill", body: march, want: 404},
		{name: "as Brokoli: days", as: auth.Editor, method: "POST", path: "/api/pipelines/sales/backfill", body: `{"start_date":"2025-03-01","end_date":"2025-03-03"}`, want: 202, has: []string{`"count":3`, `"intervals":3`, `"runs":["`, `"concurrency":1`}},
		{name: "as Brokoli: times", as: auth.Editor, method: "POST", path: "/api/pipelines/sales/backfill", body: `{"start":"2025-02-01T00:00:00Z","end":"2025-02-03T00:00:00+01:00","force":true}`, want: 202, has: []string{`"count":2`}},
		{name: "as Brokoli: the day", as: auth.Viewer, method: "GET", path: "/api/runs", want: 200, has: []string{`"date":"2025-03-01"`, `"date":"2025-02-01"`}},

		{name: "draft", as: auth.Editor, method: "POST", path: "/api/pipelines", body: `{"name":"sketch","draft":true}`, want: 201},
		{name: "start: draft", as: auth.Editor, method: "POST", path: "/api/pipelines/sketch/backfills", body: march, want: 409, has: []string{`"code":"draft"`}},
		{name: "typed", as: auth.Editor, method: "POST", path: "/api/pipelines", body: strings.Replace(document("typed"), "{", `{"parameters":{"day":{"type":"date"}},"schedules":[{"name":"early","cron":"0 5 * * *","timezone":"Europe/Berlin"}],`, 1), want: 201},
		{name: "start: wrong parameter", as: auth.Editor, method: "POST", path: "/api/pipelines/typed/backfills", body: `{"start":"2025-03-01","end":"2025-04-01","params":{"day":"today","week":1}}`, want: 400, has: []string{`"path":"params.day"`, `"path":"params.week"`}},
		{name: "start: by the pipeline's schedule", as: auth.Editor, method: "POST", path: "/api/pipelines/typed/backfills", body: `{"start":"2025-03-01","end":"2025-04-01","params":{"day":"${interval.day}"},"order":"newest"}`, want: 201, has: []string{`"interval":"0 5 * * *"`, `"timezone":"Europe/Berlin"`, `"newest_first":true`}},
		{name: "as Brokoli: no such parameter", as: auth.Editor, method: "POST", path: "/api/pipelines/typed/backfill", body: `{"start_date":"2025-03-01","end_date":"2025-03-03"}`, want: 202},
	} {
		w.run(sc)
	}
}
