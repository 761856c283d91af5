package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// resumed is what runs that resume others tell of themselves.
type resumed struct {
	runState
	Trigger string            `json:"trigger"`
	From    string            `json:"resumed_from_run_id"`
	Params  map[string]string `json:"params"`
	Version int               `json:"pipeline_version"`
	Nodes   []struct {
		Node     string `json:"node_id"`
		Status   string `json:"status"`
		Restored bool   `json:"restored"`
		Rows     int64  `json:"row_count"`
	} `json:"node_runs"`
}

func (s *server) resume(run, body string) resumed {
	s.t.Helper()
	var r resumed
	s.call("POST", "/api/runs/"+run+"/resume", body, 202, &r)
	return r
}

// ended waits until a run has ended and returns it.
func (s *server) ended(run string) resumed {
	s.t.Helper()
	s.follow(run)
	var r resumed
	s.call("GET", "/api/runs/"+run, "", 200, &r)
	return r
}

func (r resumed) nodes() string {
	var all []string
	for _, n := range r.Nodes {
		how := n.Status
		if n.Restored {
			how = "restored"
		}
		all = append(all, n.Node+" "+how+" "+itoa(int(n.Rows)))
	}
	return strings.Join(all, ", ")
}

// half makes a pipeline that fails behind its second node for as long as a file lacks
// a column, and starts it.
func half(t *testing.T, s *server, dir, rule string) runState {
	t.Helper()
	rates(t, dir, "land,rate")
	s.call("POST", "/api/pipelines", `{"name":"p","params":{"country":"US"},"nodes":[
		{"id":"in","type":"source_file","config":{"path":"in.csv"}},
		{"id":"work","type":"filter","config":{"condition":"country = ${param.country}","keep":true}},
		{"id":"rates","type":"source_file","config":{"path":"rates.csv"}},
		{"id":"join","type":"join","config":{"join_type":"inner","left_key":"country","right_key":"country"}},
		{"id":"out","type":"transform","config":{"rules":`+rule+`}},
		{"id":"file","type":"sink_file","config":{"path":"${param.country}.csv"}}],
		"edges":[{"from":"in","to":"work"},{"from":"work","to":"join"},{"from":"rates","to":"join"},{"from":"join","to":"out"},{"from":"out","to":"file"}]}`, 201, nil)
	var r runState
	s.call("POST", "/api/pipelines/p/run", `{"params":{"country":"DE"}}`, 202, &r)
	s.follow(r.ID)
	return r
}

func rates(t *testing.T, dir, head string) {
	t.Helper()
	must(t, os.WriteFile(filepath.Join(dir, "rates.csv"), []byte(head+"\nDE,2\nFR,3\n"), 0o600))
}

const harmless = `[{"type":"sort","columns":["id"],"ascending":true}]`

// TestAFailedRunIsResumed: finished nodes are not computed again, as their source is
// gone, and the rest is done with the old parameters by the old version.
func TestAFailedRunIsResumed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	rows(t, dir, "in.csv", 300)
	s := serve(t, dir)
	r := half(t, s, dir, harmless)
	if got := s.ended(r.ID); got.Status != "failed" || !strings.HasPrefix(got.nodes(), "in success 300, work success 100, rates ") {
		t.Fatalf("the run %s: %s (%s)", got.Status, got.nodes(), got.Error)
	}
	s.call("PUT", "/api/pipelines/p", `{"description":"version 2"}`, 200, nil)
	must(t, os.Remove(filepath.Join(dir, "in.csv")))

	again := s.resume(r.ID, "")
	if got := s.ended(again.ID); got.Status != "failed" || got.From != r.ID {
		t.Fatalf("nothing was mended, and the run is %+v", got)
	}
	rates(t, dir, "country,rate")

	// The run that failed while it resumed the first one can be resumed itself.
	last := s.resume(again.ID, `{}`)
	got := s.ended(last.ID)
	if got.Status != "success" || got.nodes() != "in restored 300, work restored 100, rates success 2, join success 100, out success 100, file success 100" {
		t.Errorf("%s: %s (%s)", got.Status, got.nodes(), got.Error)
	}
	if got.From != again.ID || got.Trigger != "resume" || got.Params["country"] != "DE" || got.Version != 1 {
		t.Errorf("the run is %+v", got)
	}
	text, err := os.ReadFile(filepath.Join(dir, "DE.csv"))
	must(t, err)
	if n := strings.Count(string(text), "\n"); n != 101 || !strings.HasPrefix(string(text), "id,amount,country,rate\n0,0.5,DE,2\n3,3.5,DE,2\n") {
		t.Errorf("%d lines: %.60s", n, text)
	}
	log := s.call("GET", "/api/runs/"+last.ID+"/logs", "", 200, nil)
	for _, words := range []string{"Restored from run " + again.ID + ": 100 rows", "Runs again: it had not finished"} {
		if !strings.Contains(log, words) {
			t.Errorf("no %q in %s", words, log)
		}
	}
	s.call("POST", "/api/runs/"+last.ID+"/resume", "", 400, nil)
}

// TestLostRowsAreMadeAgain: never does an empty table take the place of rows that
// were not kept.
func TestLostRowsAreMadeAgain(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	rows(t, dir, "in.csv", 300)
	s := serve(t, dir)
	r := half(t, s, dir, harmless)
	files, err := filepath.Glob(filepath.Join(dir, "broked-data/runs", r.ID, "*.parquet"))
	must(t, err)
	if len(files) == 0 {
		t.Fatal("nothing was kept")
	}
	for _, file := range files {
		must(t, os.Truncate(file, 20))
	}
	rates(t, dir, "country,rate")
	got := s.ended(s.resume(r.ID, "").ID)
	if got.Status != "success" || got.nodes() != "in success 300, work success 100, rates success 2, join success 100, out success 100, file success 100" {
		t.Errorf("%s: %s (%s)", got.Status, got.nodes(), got.Error)
	}
}

func TestKilledServerResumesOn(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	rows(t, dir, "in.csv", 300_000)
	s := serve(t, dir)
	r := half(t, s, dir, slow)
	must(t, os.Remove(filepath.Join(dir, "in.csv")))
	s.call("POST", "/api/runs/"+r.ID+"/resume", `{"from":"nothing"}`, 400, nil)
	rates(t, dir, "country,rate")
	again := s.resume(r.ID, "")
	s.events(again.ID, func(name string) bool { return name != "node.started" })
	orphans := engines(t, s.cmd.Process.Pid)
	s.kill()
	for _, pid := range orphans {
		awaitEnd(t, pid)
	}
	s = serve(t, dir)
	got := s.ended(again.ID)
	if got.Status != "success" || got.Attempt != 1 || !strings.HasPrefix(got.nodes(), "in restored 300000, work restored 100000, rates success 2, join success 100000, out success 100000") {
		t.Errorf("%s: %s (%s)", got.Status, got.nodes(), got.Error)
	}
	if !slices.ContainsFunc(got.Nodes, func(n struct {
		Node     string `json:"node_id"`
		Status   string `json:"status"`
		Restored bool   `json:"restored"`
		Rows     int64  `json:"row_count"`
	},
	) bool {
		return n.Node == "file" && n.Rows == 100000
	}) {
		t.Error("not every row was written")
	}
}
