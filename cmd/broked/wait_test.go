package main

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
)

// waiting makes a pipeline and waits until a run of it waits.
func (s *server) waiting(name, nodes, edges string) runState {
	s.t.Helper()
	s.call("POST", "/api/pipelines", `{"name":"`+name+`","nodes":[`+nodes+`],"edges":[`+edges+`]}`, 201, nil)
	r := s.again(name)
	s.events(r.ID, func(name string) bool { return name != "run.waiting" })
	return s.run(r.ID)
}

const (
	readsWaits = `{"id":"in","type":"source_file","config":{"path":"in.csv"}},
		{"id":"all","type":"sink_file","config":{"path":"all.csv"}},
		{"id":"wait","type":"wait","config":{"condition":"file_exists","path":"go/*.txt","poll_interval":"1s"}},
		{"id":"more","type":"source_file","config":{"path":"go/more.txt"}},
		{"id":"join","type":"union","config":{}},
		{"id":"out","type":"sink_file","config":{"path":"out.csv"}}`
	readsWaitsEdges = `{"from":"in","to":"all"},{"from":"in","to":"wait"},{"from":"wait","to":"join"},{"from":"wait","to":"more"},{"from":"more","to":"join"},{"from":"join","to":"out"}`
)

// TestARunWaitsForAFile: what can be done is done, no slot and no engine is held, and
// the waiting outlives its server.
func TestARunWaitsForAFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	rows(t, dir, "in.csv", 30)
	s := serve(t, dir, "--local-runs", "1")
	r := s.waiting("p", readsWaits, readsWaitsEdges)
	if r.Status != "waiting" || r.NodeRuns[1].Status != "success" || r.NodeRuns[2].Status != "running" || r.NodeRuns[2].Rows != 30 || r.NodeRuns[5].Status != "pending" {
		t.Fatalf("the run is %+v", r)
	}
	if other := s.start("q", "in.csv", keepDE, "q.csv"); s.ended(other.ID).Status != "success" {
		t.Error("the only slot is held by a run that waits")
	}
	must(t, os.Remove(filepath.Join(dir, "in.csv")))
	must(t, os.Remove(filepath.Join(dir, "all.csv")))
	s.kill()
	s = serve(t, dir, "--local-runs", "1")
	if got := s.run(r.ID); got.Status != "waiting" {
		t.Fatalf("after a restart the run is %+v", got)
	}
	must(t, os.Mkdir(filepath.Join(dir, "go"), 0o700))
	must(t, os.WriteFile(filepath.Join(dir, "go/more.txt"), []byte("id,amount,country\n99,1.5,DE\n"), 0o600))
	got := s.ended(r.ID)
	if got.Status != "success" || got.Attempt != 0 {
		t.Fatalf("the run is %+v", got)
	}
	text, err := os.ReadFile(filepath.Join(dir, "out.csv"))
	must(t, err)
	if n := strings.Count(string(text), "\n"); n != 32 {
		t.Errorf("%d lines", n)
	}
	if _, err := os.Stat(filepath.Join(dir, "all.csv")); err == nil {
		t.Error("a sink that had finished before the wait has written again")
	}
}

// TestKilledServerDoesTheRestAnew: what was done before the wait stays done.
func TestKilledServerDoesTheRestAnew(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	rows(t, dir, "in.csv", 300_000)
	s := serve(t, dir)
	r := s.waiting("p", `{"id":"in","type":"source_file","config":{"path":"in.csv"}},
		{"id":"all","type":"sink_file","config":{"path":"all.csv"}},
		{"id":"wait","type":"wait","config":{"condition":"file_exists","path":"go.txt","poll_interval":"1s"}},
		{"id":"work","type":"transform","config":{"rules":`+slow+`}},
		{"id":"out","type":"sink_file","config":{"path":"out.csv"}}`,
		`{"from":"in","to":"all"},{"from":"in","to":"wait"},{"from":"wait","to":"work"},{"from":"work","to":"out"}`)
	must(t, os.Remove(filepath.Join(dir, "in.csv")))
	must(t, os.Remove(filepath.Join(dir, "all.csv")))
	must(t, os.WriteFile(filepath.Join(dir, "go.txt"), nil, 0o600))
	rests := false
	s.events(r.ID, func(name string) bool {
		again := rests && name == "node.started"
		rests = rests || name == "run.waiting"
		return !again
	})
	orphans := engines(t, s.cmd.Process.Pid)
	s.kill()
	for _, pid := range orphans {
		awaitEnd(t, pid)
	}
	must(t, os.Remove(filepath.Join(dir, "go.txt")))
	s = serve(t, dir)
	got := s.ended(r.ID)
	if got.Status != "success" || got.Attempt != 1 || got.nodes() != "in success 300000, all success 300000, wait success 300000, work success 300000, out success 300000" {
		t.Errorf("%s, attempt %d: %s (%s)", got.Status, got.Attempt, got.nodes(), got.Error)
	}
	if _, err := os.Stat(filepath.Join(dir, "all.csv")); err == nil {
		t.Error("a sink that had finished before the wait has written again")
	}
}

func TestHowWaitingEnds(t *testing.T) {
	t.Parallel()
	var ready atomic.Bool
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if !ready.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	t.Cleanup(site.Close)
	at, err := url.Parse(site.URL)
	must(t, err)
	dir := t.TempDir()
	rows(t, dir, "in.csv", 3)
	s := serve(t, dir, "--outbound-loopback", at.Port())
	pipe := func(name, settings string) runState {
		return s.waiting(name, `{"id":"wait","type":"wait","config":{"poll_interval":"1s",`+settings+`}},
			{"id":"in","type":"source_file","config":{"path":"in.csv"}},
			{"id":"out","type":"sink_file","config":{"path":"`+name+`.csv"}}`, `{"from":"wait","to":"in"},{"from":"in","to":"out"}`)
	}
	late := pipe("late", `"condition":"file_exists","path":"never.txt","timeout":"1s"`)
	gone := pipe("gone", `"condition":"file_exists","path":"never.txt"`)
	s.call("POST", "/api/runs/"+gone.ID+"/cancel", "{}", 200, nil)
	if got := s.run(gone.ID); got.Status != "cancelled" || got.NodeRuns[0].Status != "cancelled" {
		t.Errorf("cancelled: %+v", got)
	}
	asks := pipe("asks", `"condition":"http","url":"`+site.URL+`/x"`)
	other := pipe("other", `"condition":"pipeline","pipeline_id":"asks"`)
	soon := pipe("soon", `"condition":"interval_elapsed","offset":"1s"`)
	outside := pipe("outside", `"condition":"file_exists","path":"/etc/shadow"`)
	refused := pipe("refused", `"condition":"http","url":"http://169.254.169.254/"`)
	ready.Store(true)
	for _, tc := range []struct{ run, status, code string }{
		{late.ID, "failed", "wait_timeout"},
		{asks.ID, "success", ""},
		{soon.ID, "success", ""},
		{outside.ID, "failed", "path_not_allowed"},
		{refused.ID, "failed", "ssrf_blocked"},
	} {
		if got := s.ended(tc.run); got.Status != tc.status || got.Code != tc.code {
			t.Errorf("%s (%s), want %s (%s): %s", got.Status, got.Code, tc.status, tc.code, got.Error)
		}
	}
	s.call("POST", "/api/pipelines/asks/run", "", 202, nil)
	if got := s.ended(other.ID); got.Status != "success" {
		t.Errorf("%+v", got)
	}
	must(t, os.WriteFile(filepath.Join(dir, "never.txt"), nil, 0o600))
	if got := s.ended(s.resume(late.ID, "").ID); got.Status != "success" {
		t.Errorf("a wait that was too long cannot be resumed: %+v", got)
	}
}

// TestAWaitOnABranchThatIsNotTaken is passed over like every node there.
func TestAWaitOnABranchThatIsNotTaken(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	rows(t, dir, "in.csv", 3)
	s := serve(t, dir)
	s.call("POST", "/api/pipelines", `{"name":"p","ir_version":"2.2","nodes":[
		{"id":"in","type":"source_file","name":"","config":{"path":"in.csv"}},
		{"id":"if","type":"condition","name":"","config":{"expression":"row_count > 5"}},
		{"id":"wait","type":"wait","name":"","config":{"condition":"file_exists","path":"never.txt"}},
		{"id":"big","type":"sink_file","name":"","config":{"path":"big.csv"}},
		{"id":"small","type":"sink_file","name":"","config":{"path":"small.csv"}}],
		"edges":[{"from":"in","to":"if"},{"from":"if","to":"wait","condition":true},{"from":"wait","to":"big"},{"from":"if","to":"small","condition":false}]}`, 201, nil)
	got := s.ended(s.again("p").ID)
	if got.Status != "success" || got.nodes() != "in success 3, if success 3, wait skipped 0, big skipped 0, small success 3" {
		t.Errorf("%s: %s (%s)", got.Status, got.nodes(), got.Error)
	}
}

func TestWhatCannotWaitIsRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	must(t, os.WriteFile(filepath.Join(dir, "w.yaml"), []byte(`version: "1"
name: w
nodes:
  - {id: wait, type: wait, config: {condition: interval_elapsed, offset: 1s}}
  - {id: in, type: source_file, config: {path: in.csv}}
edges: [{from: wait, to: in}]
`), 0o600))
	if out, err := program(t.Context(), dir, "run", "w.yaml").CombinedOutput(); exitStatus(err) != exitUsage || !strings.Contains(string(out), "only a server") {
		t.Errorf("%v: %s", err, out)
	}
	s := serve(t, dir)
	for config, want := range map[string]string{
		`{"condition":"file_exists"}`:                                          "config.path",
		`{"condition":"http","url":"ftp://x"}`:                                 "config.url",
		`{"condition":"http","url":"http://x","path":"y"}`:                     "config.path",
		`{"condition":"interval_elapsed","offset":"soon"}`:                     "config.offset",
		`{"condition":"interval_elapsed","offset":"1s","poll_interval":"1ms"}`: "config.poll_interval",
		`{"condition":"pipeline","pipeline_id":"x","on_failure":"skip"}`:       "config.on_failure",
		`{"condition":"interval_elapsed","offset":"1s"}`:                       "edges[0]",
	} {
		if answer := s.call("POST", "/api/pipelines", `{"name":"p","nodes":[{"id":"wait","type":"wait","config":`+config+`},
			{"id":"out","type":"sink_file","config":{"path":"out.csv"}}],"edges":[{"from":"wait","to":"out"}]}`, 400, nil); !strings.Contains(answer, want) {
			t.Errorf("%s: no %q in %s", config, want, answer)
		}
	}
}
