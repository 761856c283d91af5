package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/broked/broked/internal/runs"
)

// newest returns the runs that runs list prints, newest first.
func (p person) newest(args ...string) []runs.Run {
	p.t.Helper()
	var all []runs.Run
	must(p.t, json.Unmarshal([]byte(p.wants(0, "", append([]string{"runs", "list", "--json"}, args...)...)), &all))
	return all
}

func TestRunsFromTheCommandLine(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	rows(t, dir, "in.csv", 300)
	s := serve(t, dir)
	p := person{t: t, dir: t.TempDir(), env: []string{"BROKED_SERVER=" + s.url}}
	first := half(t, s, dir, harmless) // fails
	p.wants(exitFailed, "failed", "runs", "logs", "-f", first.ID)
	p.wants(0, "Node completed: 300 rows", "runs", "logs", first.ID)
	p.wants(0, `"level":"info"`, "runs", "logs", first.ID, "-o", "json")
	p.wants(exitFailed, "failed", "runs", "resume", first.ID, "--wait")
	p.wants(1, "no node of this run has the id nothing", "runs", "resume", string(p.newest()[0].ID), "--from", "nothing")

	rates(t, dir, "country,rate")
	out, errs, status := p.run("", "runs", "rerun", first.ID, "--wait")
	if status != 0 || !strings.Contains(errs, "Node completed: 100 rows") {
		t.Fatalf("rerun: %d: %s", status, errs)
	}
	again := p.newest("--limit", "1")[0]
	if string(again.ID) != strings.TrimSpace(out) || again.Status != runs.Success || again.Params["country"] != "DE" || again.ResumedFrom != "" {
		t.Errorf("the run of rerun %s is %+v", out, again)
	}
	shown := p.wants(0, "", "runs", "show", string(again.ID))
	for _, words := range []string{"success", `"p", version 1`, "DE", "in ", "300"} {
		if !strings.Contains(shown, words) {
			t.Errorf("no %q in %s", words, shown)
		}
	}
	p.wants(0, `"document"`, "runs", "show", string(again.ID), "--json")
	p.wants(0, "", "runs", "resume", first.ID, "--from", "work", "--wait")
	if r := p.newest("--limit", "1")[0]; r.ResumedAt != "work" || r.Status != runs.Success {
		t.Errorf("the resumed run is %+v", r)
	}
	p.wants(0, "", "runs", "start", "p", "--param", "country=FR", "--priority", "7", "--wait")
	if r := p.newest("--limit", "1", "--pipeline", "p", "--status", "success")[0]; r.Params["country"] != "FR" || r.Priority != 7 {
		t.Errorf("the started run is %+v", r)
	}
	if all := p.newest("--status", "failed"); len(all) != 2 {
		t.Errorf("%d runs have failed", len(all))
	}
	p.wants(0, "PIPELINE", "runs", "list")
}

func TestRunsThatCannotBe(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	rows(t, dir, "in.csv", 300_000)
	s := serve(t, dir)
	p := person{t: t, dir: t.TempDir(), env: []string{"BROKED_SERVER=" + s.url}}
	r := s.start("p", "in.csv", slow, "out.csv")
	s.events(r.ID, func(name string) bool { return name != "node.started" })
	p.wants(0, "", "runs", "cancel", r.ID)
	p.wants(exitCancelled, "was cancelled", "runs", "logs", "--follow", r.ID)
	p.wants(1, "cancelled", "runs", "cancel", r.ID)
	const ghost = "01900000-0000-7000-8000-000000000000"
	for _, command := range []string{"show", "logs", "cancel", "resume", "rerun"} {
		p.wants(1, "there is no run", "runs", command, ghost)
	}
	p.wants(1, "there is no run", "runs", "logs", "-f", ghost)
	p.wants(1, "there is no pipeline", "runs", "start", "ghost")
	p.wants(1, "there is no pipeline", "runs", "list", "--pipeline", "ghost")
	p.wants(1, "status", "runs", "list", "--status", "tired")
	p.wants(1, "priority", "runs", "start", "p", "--priority", "5000")
	p.wants(exitUsage, "--limit", "runs", "list", "--limit", "0")
	s.kill()
	p.wants(exitUnavailable, "cannot be reached", "runs", "list")
}

// TestAFollowerGoesOn has the stream of a run break off: what was seen is not asked for
// again.
func TestAFollowerGoesOn(t *testing.T) {
	t.Parallel()
	var asked []string
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Header.Get("Last-Event-ID"))
		if len(asked) == 1 {
			fmt.Fprint(w, "retry: 1000\n\n", "id: 1\nevent: log\ndata: {\"seq\":1,\"type\":\"log\",\"level\":\"info\",\"message\":\"one\\u001b[2J\"}\n\n: alive\n\n")
			return
		}
		fmt.Fprint(w, "id: 2\nevent: log\ndata: {\"seq\":2,\"type\":\"log\",\"level\":\"info\",\"message\":\"two\"}\n\n")
		fmt.Fprint(w, "id: 3\nevent: run.finished\ndata: {\"seq\":3,\"type\":\"run.finished\",\"status\":\"success\"}\n\n")
	}))
	t.Cleanup(srv.Close)
	p := person{t: t, dir: t.TempDir()}
	out := p.wants(0, "two", "runs", "logs", "-f", "r", "--server", srv.URL)
	if strings.Count(out, "\n") != 1 || strings.Contains(out, "\x1b") || strings.Join(asked, " ") != "0 1" {
		t.Errorf("%q after %v", out, asked)
	}
	_, err := os.Stat(filepath.Join(p.dir, "config"))
	if !os.IsNotExist(err) {
		t.Errorf("something was kept: %v", err)
	}
}
