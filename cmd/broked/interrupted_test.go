package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
)

// silent returns another side for sinks that is heard when answers is set, and until then
// does not answer, so that a run is under way for as long as a test wants.
func silent(t *testing.T) (other *httptest.Server, answers *atomic.Bool) {
	t.Helper()
	answers = &atomic.Bool{}
	other = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		if !answers.Load() {
			<-r.Context().Done()
		}
	}))
	t.Cleanup(other.Close)
	return other, answers
}

// TestPipelinesSayWhatBecomesOfKilledRuns kills the server in the middle of three runs
// and starts another: one goes on with what was done, one begins anew, one fails.
func TestPipelinesSayWhatBecomesOfKilledRuns(t *testing.T) {
	t.Parallel()
	other, answers := silent(t)
	dir := t.TempDir()
	s := serve(t, dir, "--local-runs", "3", "--outbound-loopback", "all")
	started := map[string]runState{}
	for _, policy := range []string{"resume", "restart", "fail"} {
		s.call("POST", "/api/pipelines", `{"name":"`+policy+`","on_restart":"`+policy+`","nodes":[
			{"id":"in","type":"source_file","config":{"path":"`+policy+`.csv"}},
			{"id":"work","type":"filter","config":{"condition":"country = 'DE'","keep":true}},
			{"id":"out","type":"sink_api","config":{"url":"`+other.URL+`"}}],
			"edges":[{"from":"in","to":"work"},{"from":"work","to":"out"}]}`, 201, nil)
		rows(t, dir, policy+".csv", 300)
		var r runState
		s.call("POST", "/api/pipelines/"+policy+"/run", "", 202, &r)
		started[policy] = r
	}
	for _, r := range started {
		done := 0
		s.events(r.ID, func(name string) bool {
			if name == "node.finished" {
				done++
			}
			return done < 2
		})
	}
	orphans := engines(t, s.cmd.Process.Pid)
	s.kill()
	for _, pid := range orphans {
		awaitEnd(t, pid)
	}
	// What goes on does not read its file again; what begins anew does.
	for policy := range started {
		rows(t, dir, policy+".csv", 30)
	}
	answers.Store(true)
	s = serve(t, dir, "--local-runs", "3", "--outbound-loopback", "all")
	for policy, want := range map[string]string{
		"resume":  "in success 300, work success 100, out success 100",
		"restart": "in success 30, work success 10, out success 10",
		"fail":    "in success 300, work success 100, out failed",
	} {
		got := s.ended(started[policy].ID)
		if failed := policy == "fail"; failed != (got.Status == "failed") || failed != (got.Code == "interrupted") {
			t.Errorf("%s: %s (%s): %s", policy, got.Status, got.Code, got.Error)
		}
		if !strings.HasPrefix(got.nodes(), want) {
			t.Errorf("%s: %s, want %s", policy, got.nodes(), want)
		}
	}
	if log := s.call("GET", "/api/runs/"+started["resume"].ID+"/logs", "", 200, nil); !strings.Contains(log, "Was done before the run was interrupted: 100 rows") {
		t.Errorf("the log does not tell that the run goes on: %s", log)
	}
	if issues := s.call("GET", "/api/issues", "", 200, nil); !strings.Contains(issues, `"code":"interrupted"`) {
		t.Errorf("no issue of the run that failed: %s", issues)
	}
}
