package main

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

const keepDE = `[{"type":"filter_rows","condition":"country = 'DE' and amount > 100"}]`

func TestARunFromStartToEnd(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	rows(t, dir, "in.csv", 3000)
	s := serve(t, dir)
	r := s.start("p", "in.csv", keepDE, "out.csv")
	events := s.follow(r.ID)
	if events[0] != "run.started" || events[len(events)-1] != "run.finished" || !slices.Contains(events, "node.finished") {
		t.Errorf("events %v", events)
	}
	got := s.run(r.ID)
	if got.Status != "success" || len(got.NodeRuns) != 3 {
		t.Fatalf("run %+v", got)
	}
	// Of 1,000 rows for each country and amounts 0.5 to 999.5, those above 100.
	want := int64(0)
	for i := range 3000 {
		if i%3 == 0 && float64(i%1000)+0.5 > 100 {
			want++
		}
	}
	for i, n := range got.NodeRuns {
		if rows := []int64{3000, want, want}[i]; n.Status != "success" || n.Rows != rows {
			t.Errorf("node %s: %s with %d rows, want %d", n.Node, n.Status, n.Rows, rows)
		}
	}
	text, err := os.ReadFile(filepath.Join(dir, "out.csv"))
	must(t, err)
	if lines := int64(strings.Count(string(text), "\n")); lines != want+1 {
		t.Errorf("%d lines, want %d", lines, want+1)
	}
	if logs := s.call("GET", "/api/runs/"+r.ID+"/logs", "", 200, nil); !strings.Contains(logs, "Starting node: Work (transform)") || !strings.Contains(logs, "Node completed: 3000 rows in ") {
		t.Errorf("logs %s", logs)
	}
	preview := s.call("GET", "/api/runs/"+r.ID+"/nodes/work/preview", "", 200, nil)
	if !strings.Contains(preview, `"columns":["id","amount","country"]`) || !strings.Contains(preview, `"type":"BIGINT"`) {
		t.Errorf("preview %s", preview)
	}
	if left, err := os.ReadDir(filepath.Join(dir, "broked-data", "runs")); err != nil || len(left) != 0 {
		t.Errorf("the run left %v behind (%v)", left, err)
	}
}

func TestBadInputFailsTheRunAndNothingElse(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	must(t, os.WriteFile(filepath.Join(dir, "ragged.csv"), []byte("a,b\n1,2\n3,4,5\n"), 0o600))
	must(t, os.WriteFile(filepath.Join(dir, "empty.csv"), nil, 0o600))
	must(t, os.WriteFile(filepath.Join(dir, "good.csv"), []byte("id,amount\n1,2\n"), 0o600))
	must(t, syscall.Mkfifo(filepath.Join(dir, "fifo.csv"), 0o600))
	must(t, os.Mkdir(filepath.Join(dir, "folder"), 0o700))
	s := serve(t, dir)
	for _, tc := range []struct{ name, source, rules, sink, want string }{
		{"missing", "godo.csv", `[]`, "out.csv", "godo.csv"},
		{"folder", "folder", `[]`, "out.csv", "folder"},
		{"empty", "empty.csv", `[]`, "out.csv", "empty"},
		{"ragged", "ragged.csv", `[]`, "out.csv", "ragged.csv"},
		{"fifo", "fifo.csv", `[]`, "out.csv", "fifo.csv"},
		{"outside", "/etc/passwd", `[]`, "out.csv", "/etc/passwd"},
		{"own-files", "broked-data/*.csv", `[]`, "out.csv", "broked-data"},
		{"overwrite-key", "good.csv", `[]`, "broked-data/keys/k.csv", "broked-data/keys/k.csv"},
		{"condition", "good.csv", `[{"type":"filter_rows","condition":"amonut > 1"}]`, "out.csv", `did you mean "amount"`},
	} {
		r := s.start(tc.name, tc.source, tc.rules, tc.sink)
		s.follow(r.ID)
		got := s.run(r.ID)
		if got.Status != "failed" || !strings.Contains(got.Error, tc.want) || got.Code == "internal" {
			t.Errorf("%s: %s: %s (%s)", tc.name, got.Status, got.Error, got.Code)
		}
		if _, err := os.Stat(filepath.Join(dir, "out.csv")); err == nil {
			t.Errorf("%s: wrote out.csv", tc.name)
		}
	}
	s.call("GET", "/ready", "", 200, nil)
}

func TestKilledEngineFailsItsRun(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	rows(t, dir, "in.csv", 300_000)
	s := serve(t, dir)
	r := s.start("p", "in.csv", slow, "out.csv")
	s.events(r.ID, func(name string) bool { return name != "node.started" })
	signalAll(engines(t, s.cmd.Process.Pid), syscall.SIGKILL)
	s.call("GET", "/health", "", 200, nil)
	s.follow(r.ID)
	got := s.run(r.ID)
	if got.Status != "failed" || got.Code != "engine_killed" || !strings.Contains(got.Error, "killed") {
		t.Errorf("run %+v", got)
	}
	for _, n := range got.NodeRuns {
		if n.Status == "running" || n.Status == "pending" {
			t.Errorf("node %s stays %s", n.Node, n.Status)
		}
	}
	nothingLeft(t, dir)
	next := s.start("q", "in.csv", keepDE, "q.csv")
	s.follow(next.ID)
	if got := s.run(next.ID); got.Status != "success" {
		t.Errorf("the next run %+v", got)
	}
}

// nothingLeft checks that a run that was cut short wrote nothing, not even half of
// something under another name.
func nothingLeft(t *testing.T, dir string) {
	t.Helper()
	for _, pattern := range []string{"out.csv", ".out.csv*", "broked-data/runs/*/tmp"} {
		if left, err := filepath.Glob(filepath.Join(dir, pattern)); err != nil || len(left) > 0 {
			t.Errorf("left behind: %v (%v)", left, err)
		}
	}
}

func TestCancelStopsTheEngine(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	rows(t, dir, "in.csv", 300_000)
	s := serve(t, dir)
	r := s.start("p", "in.csv", slow, "out.csv")
	s.events(r.ID, func(name string) bool { return name != "node.started" })
	s.call("POST", "/api/runs/"+r.ID+"/cancel", "{}", 200, nil)
	s.follow(r.ID)
	if got := s.run(r.ID); got.Status != "cancelled" {
		t.Errorf("run %+v", got)
	}
	nothingLeft(t, dir)
}

func TestKilledServerLosesNoRun(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	rows(t, dir, "in.csv", 300_000)
	s := serve(t, dir, "--local-runs", "1")
	going := s.start("p", "in.csv", slow, "out.csv")
	waiting := s.start("q", "in.csv", keepDE, "q.csv")
	s.events(going.ID, func(name string) bool { return name != "node.started" })
	orphans := engines(t, s.cmd.Process.Pid)
	s.kill()
	for _, pid := range orphans {
		awaitEnd(t, pid)
	}
	s = serve(t, dir, "--local-runs", "1")
	nothingLeft(t, dir)
	s.log.await(t, "put_back=1|no account exists")
	again := s.run(going.ID)
	if again.Attempt != 1 || again.Status != "pending" && again.Status != "running" {
		t.Errorf("the run that was going: %+v", again)
	}
	s.call("POST", "/api/runs/"+going.ID+"/cancel", "{}", 200, nil)
	s.follow(going.ID)
	if events := s.follow(waiting.ID); !slices.Contains(events, "run.finished") {
		t.Errorf("events %v", events)
	}
	if got := s.run(waiting.ID); got.Status != "success" {
		t.Errorf("the run that waited: %+v", got)
	}
}

// awaitEnd waits until the system has ended an engine whose server is gone.
func awaitEnd(t *testing.T, pid int) {
	t.Helper()
	look, timeout := time.NewTicker(5*time.Millisecond), time.After(soon)
	defer look.Stop()
	for syscall.Kill(pid, 0) == nil && !zombie(pid) {
		select {
		case <-look.C:
		case <-timeout:
			t.Fatalf("engine %d outlives its server", pid)
		}
	}
}

// zombie reports whether a process has ended and only waits to be looked at.
func zombie(pid int) bool {
	text, err := os.ReadFile(filepath.Join("/proc", itoa(pid), "stat"))
	return err != nil || strings.Contains(string(text), ") Z ")
}

func TestStoppedServerPutsRunsBack(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	rows(t, dir, "in.csv", 3000)
	s := serve(t, dir)
	r := s.start("p", "in.csv", keepDE, "out.csv")
	must(t, s.cmd.Process.Signal(syscall.SIGTERM))
	s.log.await(t, "msg=stopped")
	if err := s.cmd.Wait(); err != nil {
		t.Errorf("the server ends with %v", err)
	}
	s = serve(t, dir)
	s.follow(r.ID)
	if got := s.run(r.ID); got.Status != "success" {
		t.Errorf("run %+v", got)
	}
}

func TestSecondServerIsRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := serve(t, dir)
	out, err := program(t.Context(), dir, "serve", "--port", "0").CombinedOutput()
	if status := exitStatus(err); status != exitLocked || !strings.Contains(string(out), "pid "+itoa(s.cmd.Process.Pid)) {
		t.Errorf("exit status %d: %s", status, out)
	}
}

func TestFilesOfTheServerArePrivate(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	serve(t, dir)
	for name, want := range map[string]os.FileMode{
		"broked-data": 0o700, "broked-data/keys": 0o700, "broked-data/broked.db": 0o600, ".brokoli-jwt-secret": 0o600,
	} {
		info, err := os.Stat(filepath.Join(dir, name))
		must(t, err)
		if got := info.Mode().Perm(); got != want {
			t.Errorf("%s has mode %o, want %o", name, got, want)
		}
	}
}

func TestTokensSurviveARestart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := serve(t, dir)
	s.call("POST", "/api/auth/users", `{"username":"root","password":"secure-password","role":"superadmin"}`, 201, nil)
	var in struct{ Token string }
	s.call("POST", "/api/auth/login", `{"username":"root","password":"secure-password"}`, 200, &in)
	s.kill()
	s = serve(t, dir)
	if got := s.as(in.Token, "/api/pipelines"); got != 200 {
		t.Errorf("the token of before answers %d", got)
	}
	if got := s.as("", "/api/pipelines"); got != 401 {
		t.Errorf("without a token: %d", got)
	}
}

// scripted is a run of a script that has started and goes on for ever, with a
// process of its own that has word in its command line.
func scripted(t *testing.T, dir string, s *server, word string) runState {
	t.Helper()
	script := fmt.Sprintf("import subprocess, sys, time\nsubprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600) # %s'], start_new_session=True)\nprint('there', flush=True)\nwhile True: time.sleep(1)", word)
	body, err := json.Marshal(map[string]any{
		"name": "p", "ir_version": "2.2",
		"nodes": []any{
			map[string]any{"id": "py", "type": "code", "config": map[string]any{"script": script}},
			map[string]any{"id": "out", "type": "sink_file", "config": map[string]any{"path": "out.csv"}},
		},
		"edges": []any{map[string]any{"from": "py", "to": "out"}},
	})
	must(t, err)
	s.call("POST", "/api/pipelines", string(body), 201, nil)
	r := s.again("p")
	s.events(r.ID, func(name string) bool { return name != "log" })
	for !commandsHave(t, word) {
		if t.Context().Err() != nil {
			t.Fatal("the script does not start: " + dir)
		}
	}
	return r
}

// commandsHave reports whether a process has word in its command line.
func commandsHave(t *testing.T, word string) bool {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/cmdline")
	must(t, err)
	for _, file := range files {
		if line, err := os.ReadFile(file); err == nil && strings.Contains(string(line), word) {
			return true
		}
	}
	return false
}

func TestCancelEndsScripts(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := serve(t, dir)
	word := "cancelled-" + rand.Text()
	r := scripted(t, dir, s, word)
	s.cancel(r.ID, word)
	nothingLeft(t, dir)
}

// cancelled runs a pipeline, cancels it once it has logged something, and sees that no
// process is left whose command has a word.
func (s *server) cancelled(pipeline, word string) {
	s.t.Helper()
	r := s.again(pipeline)
	s.events(r.ID, func(name string) bool { return name != "log" })
	s.cancel(r.ID, word)
}

func (s *server) cancel(run, word string) {
	s.t.Helper()
	s.call("POST", "/api/runs/"+run+"/cancel", "{}", 200, nil)
	s.follow(run)
	if got := s.run(run); got.Status != "cancelled" {
		s.t.Errorf("run %+v", got)
	}
	gone(s.t, word)
}

func TestKilledServerLeavesNoScript(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := serve(t, dir)
	word := "orphaned-" + rand.Text()
	scripted(t, dir, s, word)
	must(t, s.cmd.Process.Kill())
	gone(t, word)
}

// gone waits until no process has word in its command line.
func gone(t *testing.T, word string) {
	t.Helper()
	for end := time.Now().Add(soon); commandsHave(t, word); {
		if time.Now().After(end) {
			t.Fatal("a process of the script is left")
		}
	}
}
