package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// records returns what the audit log tells of an event, oldest first, as "actor
// kind, outcome, details".
func (s *server) records(event string) []string {
	s.t.Helper()
	var page struct {
		Items []struct {
			Kind    string          `json:"actor_kind"`
			Outcome string          `json:"outcome"`
			Details json.RawMessage `json:"details"`
		} `json:"items"`
	}
	s.call("GET", "/api/audit?limit=500&event="+event, "", 200, &page)
	var all []string
	for _, r := range slices.Backward(page.Items) {
		all = append(all, fmt.Sprint(r.Kind, ", ", r.Outcome, ", ", string(r.Details)))
	}
	return all
}

func TestAuditLogTellsTheServersLife(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	rows(t, dir, "in.csv", 300_000)
	s := serve(t, dir, "--local-runs", "1")
	must(t, s.cmd.Process.Signal(syscall.SIGTERM))
	must(t, s.cmd.Wait())
	s = serve(t, dir, "--local-runs", "1")
	going := s.start("p", "in.csv", slow, "out.csv")
	s.events(going.ID, func(name string) bool { return name != "node.started" })
	s.kill()
	s = serve(t, dir, "--local-runs", "1")

	starts := s.records("sys_startup")
	if len(starts) != 3 {
		t.Errorf("starts: %q", starts)
	}
	for _, start := range starts {
		for _, part := range []string{"system, success, ", `"address":"http://127.0.0.1:`, `"version":"`, `"database":"SQLite 3.`, `"schema":`, `"open":true`} {
			if !strings.Contains(start, part) {
				t.Errorf("a start is told as %s, without %s", start, part)
			}
		}
	}
	if stops := s.records("sys_shutdown"); !slices.Equal(stops, []string{"system, success, {}"}) { // a server that is killed says nothing
		t.Errorf("stops: %q", stops)
	}
	if recovered := s.records("sys_crash_recovered"); !slices.Equal(recovered, []string{`system, success, {"cancelled":0,"failed":0,"put_back":1}`}) {
		t.Errorf("recovered: %q", recovered)
	}
}
