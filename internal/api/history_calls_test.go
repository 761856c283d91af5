package api_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/job"
	"github.com/broked/broked/internal/runs"
)

func TestHistoryCalls(t *testing.T) {
	t.Parallel()
	w := newWorld(t).withAccounts()
	w.create(auth.Editor, "stock")
	failed := w.trigger(auth.Editor, "stock")
	c, err := w.store.ClaimRun(t.Context(), runs.ID(failed), "me", time.Now())
	must(t, err)
	must(t, w.store.FinishRun(t.Context(), runs.ID(failed), c.Fence, runs.Outcome{
		Status: runs.Failed, At: time.Now(), Failure: &job.Failure{Code: "broken", Message: "no such file"},
	}, []runs.Event{{Type: job.NodeStarted, At: time.Now(), Node: "in"}}))
	waiting := w.trigger(auth.Editor, "stock")
	today := time.Now().UTC().Format(time.DateOnly)
	const absent = "01a200af-0000-7000-8000-000000000000"
	for _, sc := range []scenario{
		{name: "calendar: nobody", method: "GET", path: "/api/runs/calendar", want: 401},
		{name: "calendar: bad zone", as: auth.Viewer, method: "GET", path: "/api/runs/calendar?timezone=Mars/Base", want: 400, has: []string{"bad_timezone"}},
		{name: "calendar: the server's zone", as: auth.Viewer, method: "GET", path: "/api/runs/calendar?timezone=Local", want: 400, has: []string{"bad_timezone"}},
		{name: "calendar: bad day", as: auth.Viewer, method: "GET", path: "/api/runs/calendar?from=yesterday", want: 400, has: []string{"bad_date"}},
		{name: "calendar: the wrong way round", as: auth.Viewer, method: "GET", path: "/api/runs/calendar?from=2026-03-02&to=2026-03-01", want: 400, has: []string{"bad_range"}},
		{name: "calendar: too long", as: auth.Viewer, method: "GET", path: "/api/runs/calendar?from=2020-03-02&to=2026-03-01", want: 400, has: []string{"bad_range", "372"}},
		{name: "calendar: an hour is missing that day", as: auth.Viewer, method: "GET", path: "/api/runs/calendar?from=2026-03-28&to=2026-03-30&timezone=Europe/Berlin", want: 200, has: []string{`"date":"2026-03-28"`, `"date":"2026-03-29"`, `"date":"2026-03-30"`}, hasNot: []string{"2026-03-31", "2026-03-27"}},
		{name: "calendar: a zone of three quarters of an hour", as: auth.Viewer, method: "GET", path: "/api/runs/calendar?timezone=Asia/Kathmandu", want: 200, has: []string{`"total":2`}},
		{name: "calendar", as: auth.Viewer, method: "GET", path: "/api/runs/calendar", want: 200, has: []string{`{"date":"` + today + `","total":2,"success":0,"failed":1,"cancelled":0,"active":1}`}},
		{name: "calendar: of another pipeline", as: auth.Viewer, method: "GET", path: "/api/runs/calendar?pipeline_id=" + absent, want: 200, hasNot: []string{`"total":2`}},

		{name: "grid: nobody", method: "GET", path: "/api/pipelines/stock/grid", want: 401},
		{name: "grid: absent", as: auth.Viewer, method: "GET", path: "/api/pipelines/nothing/grid", want: 404},
		{name: "grid: too many", as: auth.Viewer, method: "GET", path: "/api/pipelines/stock/grid?limit=51", want: 400, has: []string{"limit"}},
		{name: "grid", as: auth.Viewer, method: "GET", path: "/api/pipelines/stock/grid", want: 200, has: []string{`"runs":[{"id":"` + waiting, `"id":"` + failed, `"in":{"status":`}},

		{name: "milestones: nobody", method: "GET", path: "/api/runs/" + failed + "/milestones", want: 401},
		{name: "milestones: absent", as: auth.Viewer, method: "GET", path: "/api/runs/" + absent + "/milestones", want: 404},
		{name: "milestones", as: auth.Viewer, method: "GET", path: "/api/runs/" + failed + "/milestones", want: 200, has: []string{"run.started", "node.started", "run.finished"}},
		{name: "columns: nobody", method: "GET", path: "/api/runs/" + failed + "/columns", want: 401},
		{name: "columns: absent", as: auth.Viewer, method: "GET", path: "/api/runs/" + absent + "/columns", want: 404},
		{name: "columns", as: auth.Viewer, method: "GET", path: "/api/runs/" + failed + "/columns", want: 200, has: []string{"[]"}},

		{name: "runs: bad time", as: auth.Viewer, method: "GET", path: "/api/runs?since=yesterday", want: 400, has: []string{"since"}},
		{name: "runs: since", as: auth.Viewer, method: "GET", path: "/api/runs?since=2999-01-01T00:00:00Z", want: 200, has: []string{"[]"}},
		{name: "runs: until", as: auth.Viewer, method: "GET", path: "/api/runs?page=1&until=2000-01-01T00:00:00Z", want: 200, has: []string{`"total":0`}},
		{name: "runs: by trigger", as: auth.Viewer, method: "GET", path: "/api/runs?page=1&trigger=api", want: 200, has: []string{`"total":2`}},
		{name: "runs: by another", as: auth.Viewer, method: "GET", path: "/api/runs?page=1&trigger=scheduled", want: 200, has: []string{`"total":0`}},

		{name: "dashboard: nobody", method: "GET", path: "/api/dashboard", want: 401},
	} {
		w.run(sc)
	}
	var d struct {
		Pipelines []any `json:"pipelines"`
		Recent    []struct {
			Run    string `json:"run_id"`
			Status string `json:"status"`
			Error  string `json:"error"`
		} `json:"recent_runs"`
		Trends     []map[string]any `json:"trends"`
		TopFailing []map[string]any `json:"top_failing"`
		Today      int              `json:"runs_today"`
		Running    []string         `json:"running_run_ids"`
		Total      int              `json:"runs_24h_total"`
		Failed     int              `json:"runs_24h_failed"`
		Rate       int              `json:"success_rate_24h"`
	}
	must(t, json.Unmarshal([]byte(w.run(scenario{name: "dashboard", as: auth.Viewer, method: "GET", path: "/api/dashboard", want: 200})), &d))
	if len(d.Pipelines) != 1 || len(d.Recent) != 2 || d.Recent[1].Run != failed || d.Recent[1].Error != "no such file" || len(d.Trends) != 7 {
		t.Errorf("the dashboard has %+v", d)
	}
	if d.Today != 2 || d.Total != 2 || d.Failed != 1 || d.Rate != 0 || len(d.Running) != 0 || len(d.TopFailing) != 1 || d.TopFailing[0]["name"] != "stock" {
		t.Errorf("the dashboard counts %+v", d)
	}
	w.run(scenario{name: "cancel", as: auth.Editor, method: "POST", path: "/api/runs/" + waiting + "/cancel", want: 200})
	w.run(scenario{name: "make nothing known of it", as: auth.Admin, method: "DELETE", path: "/api/pipelines/stock", want: 204})
	w.run(scenario{name: "dashboard: nothing", as: auth.Viewer, method: "GET", path: "/api/dashboard", want: 200, has: []string{`"success_rate_24h":100`, `"recent_runs":[]`, `"top_failing":[]`}})
}

// TestWholeLogIsExported: also one that is longer than what is read at once.
func TestWholeLogIsExported(t *testing.T) {
	t.Parallel()
	w := newWorld(t).withAccounts()
	w.create(auth.Editor, "chatty")
	run := w.trigger(auth.Editor, "chatty")
	c, err := w.store.ClaimRun(t.Context(), runs.ID(run), "me", time.Now())
	must(t, err)
	const lines = 25_000
	events := make([]runs.Event, lines)
	for i := range events {
		events[i] = runs.Event{Type: job.Log, At: time.Now(), Node: "in", Level: "info", Message: fmt.Sprint("line ", i+1)}
	}
	must(t, w.store.RecordEvents(t.Context(), runs.ID(run), c.Fence, events))
	text := w.run(scenario{name: "export", as: auth.Viewer, method: "GET", path: "/api/runs/" + run + "/logs/export", want: 200, has: []string{"[info] [in] line 25000\n"}})
	if n := strings.Count(text, "\n"); n != lines {
		t.Errorf("%d lines were exported, want %d", n, lines)
	}
	w.run(scenario{name: "nobody", method: "GET", path: "/api/runs/" + run + "/logs/export", want: 401})
	w.run(scenario{name: "absent", as: auth.Viewer, method: "GET", path: "/api/runs/01a200af-0000-7000-8000-000000000000/logs/export", want: 404})
}
