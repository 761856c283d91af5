package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/broked/broked/internal/store/storetest"
)

// worker starts a worker in a folder and waits until it works. Its url is where it
// answers for its health.
func worker(t *testing.T, dir, database string, args ...string) *server {
	t.Helper()
	all := append([]string{"worker", "--db", database, "--health", "127.0.0.1:0"}, args...)
	return launchUntil(t, program(context.WithoutCancel(t.Context()), dir, all...), `msg=health address=(\S+)`)
}

// pipelineFor makes a pipeline of a source and a sink that asks for a label.
func (s *server) pipelineFor(name, label, source, sink string) {
	s.t.Helper()
	s.call("POST", "/api/pipelines", fmt.Sprintf(`{"name":%q,"label":%q,"nodes":[
		{"id":"in","type":"source_file","config":{"path":%q}},{"id":"out","type":"sink_file","config":{"path":%q}}],
		"edges":[{"from":"in","to":"out"}]}`, name, label, source, sink), 201, nil)
}

func (s *server) waitReason(run string) string {
	s.t.Helper()
	var r struct {
		Reason string `json:"wait_reason"`
	}
	s.call("GET", "/api/runs/"+run, "", 200, &r)
	return r.Reason
}

// TestWorkersExecute starts a server that executes nothing, and workers. Runs go to those
// that have their label, and say when there is none.
func TestWorkersExecute(t *testing.T) {
	t.Parallel()
	database, files := storetest.Postgres(t), t.TempDir()
	rows(t, files, "in.csv", 30)
	in := filepath.Join(files, "in.csv")
	s := serve(t, t.TempDir(), "--local-runs", "0", "--db", database)
	s.pipelineFor("plain", "", in, filepath.Join(files, "plain.csv"))
	s.pipelineFor("special", "gpu", in, filepath.Join(files, "special.csv"))
	plain, special := s.again("plain"), s.again("special")
	if got := s.waitReason(plain.ID); got != "no worker is there" {
		t.Errorf("a run waits because of %q", got)
	}
	usual := worker(t, t.TempDir(), database, "--runs", "1")
	s.follow(plain.ID)
	if got := s.run(plain.ID); got.Status != "success" {
		t.Errorf("the run without a label: %+v", got)
	}
	if got, reason := s.run(special.ID), s.waitReason(special.ID); got.Status != "pending" || reason != "no worker with label gpu is there" {
		t.Errorf("the run with a label is %s, because of %q", got.Status, reason)
	}
	if text := usual.call("GET", "/ready", "", 200, nil); !strings.Contains(text, `"queue":"ok"`) {
		t.Errorf("the worker is %s", text)
	}
	usual.call("GET", "/api/pipelines", "", 404, nil)

	able := worker(t, t.TempDir(), database, "--runs", "3", "--labels", "gpu,warehouse")
	s.follow(special.ID)
	if got := s.run(special.ID); got.Status != "success" {
		t.Errorf("the run with a label: %+v", got)
	}
	var told struct {
		Result []struct {
			Node, Kind string
			Labels     []string
			MaxRuns    int
			CPUs       int
		}
	}
	s.call("GET", `/api/request?request={"RequestName":"RequestNodesInfo"}`, "", 200, &told)
	if len(told.Result) != 3 || told.Result[0].Kind != "server" || told.Result[2].Kind != "worker" || told.Result[2].MaxRuns != 3 ||
		strings.Join(told.Result[2].Labels, " ") != "gpu warehouse" || told.Result[2].CPUs == 0 || told.Result[1].Node == told.Result[2].Node {
		t.Errorf("the machines are %+v", told.Result)
	}

	for _, w := range []*server{usual, able} {
		must(t, w.cmd.Process.Signal(syscall.SIGTERM))
		must(t, w.cmd.Wait())
	}
	var left []byte
	must(t, looking(t, database).QueryRowContext(t.Context(), `SELECT json_agg(kind) FROM processes`).Scan(&left))
	var kinds []string
	must(t, json.Unmarshal(left, &kinds))
	if len(kinds) != 1 || kinds[0] != "server" {
		t.Errorf("workers that were told to stop are on record: %v", kinds)
	}
}

// TestStoppedWorkerIsRefused stops a worker in the middle of a run for as long as the
// others need to take it for dead. What it says when it goes on is refused.
func TestStoppedWorkerIsRefused(t *testing.T) {
	t.Parallel()
	database, files := storetest.Postgres(t), t.TempDir()
	rows(t, files, "in.csv", 300_000)
	in := filepath.Join(files, "in.csv")
	s := serve(t, t.TempDir(), "--local-runs", "0", "--db", database)
	db := looking(t, database)
	workers := map[string]*server{}
	for range 2 {
		w := worker(t, t.TempDir(), database, "--runs", "1")
		workers[newest(t, db)] = w
	}
	going := s.start("p", in, slow, filepath.Join(files, "out.csv"))
	s.events(going.ID, func(name string) bool { return name != "node.started" })
	slept := workers[ownerOf(t, db, going.ID)]

	must(t, slept.cmd.Process.Signal(syscall.SIGSTOP))
	rows(t, files, "in.csv", 30) // the second time it is quick
	_, err := db.ExecContext(t.Context(), `UPDATE processes SET seen_at = 0 WHERE id = (SELECT owner FROM runs WHERE id = ?1)`, going.ID)
	must(t, err)
	s.follow(going.ID)
	ended := s.run(going.ID)
	if ended.Status != "success" || ended.Attempt != 1 {
		t.Errorf("the run that was going: %+v", ended)
	}
	signalAll(engines(t, slept.cmd.Process.Pid), syscall.SIGKILL) // so that its worker has something to say
	must(t, slept.cmd.Process.Signal(syscall.SIGCONT))
	slept.log.await(t, "result of a run that was taken away is dropped")
	var started, finished int
	must(t, db.QueryRowContext(t.Context(), `
		SELECT count(*) FILTER (WHERE type = 'run.started'), count(*) FILTER (WHERE type = 'run.finished')
		FROM run_events WHERE run_id = ?1`, going.ID).Scan(&started, &finished))
	if again := s.run(going.ID); started != 2 || finished != 1 || again.Status != ended.Status || again.Attempt != ended.Attempt {
		t.Errorf("the run started %d times and ended %d times, was %+v and is now %+v", started, finished, ended, again)
	}
}

// newest returns the process that has started last.
func newest(t *testing.T, db *sql.DB) (id string) {
	t.Helper()
	must(t, db.QueryRowContext(t.Context(), `SELECT id FROM processes ORDER BY started_at DESC, id DESC LIMIT 1`).Scan(&id))
	return id
}

// ownerOf returns the process that executes a run.
func ownerOf(t *testing.T, db *sql.DB, run string) (id string) {
	t.Helper()
	must(t, db.QueryRowContext(t.Context(), `SELECT owner FROM runs WHERE id = ?1`, run).Scan(&id))
	return id
}

func TestWorkerFlags(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		args []string
		want string
	}{
		{[]string{"worker"}, "--db must be the postgres:// URL"},
		{[]string{"worker", "--db", "broked.db"}, "--db must be the postgres:// URL"},
		{[]string{"worker", "--db", "postgres://h/d", "--runs", "0"}, "--runs must be between 1 and 1024"},
		{[]string{"worker", "--db", "postgres://h/d", "--labels", "Big Iron"}, "--labels: must be lower-case letters and digits"},
		{[]string{"worker", "--db", "postgres://h/d", "--max-rows=-1"}, "must not be negative"},
		{[]string{"serve", "--local-runs", "0"}, "--local-runs 0 leaves all runs to workers, which need a PostgreSQL"},
	} {
		out, err := program(t.Context(), t.TempDir(), tc.args...).CombinedOutput()
		if exitStatus(err) != exitUsage || !strings.Contains(string(out), tc.want) {
			t.Errorf("%v: %v, %s", tc.args, err, out)
		}
	}
}

// TestOneServerHasLabels sees that a server on a file has labels as well.
func TestOneServerHasLabels(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	rows(t, dir, "in.csv", 30)
	s := serve(t, dir, "--local-runs", "1", "--labels", "gpu")
	s.pipelineFor("special", "gpu", "in.csv", "special.csv")
	s.pipelineFor("far", "far", "in.csv", "far.csv")
	s.call("POST", "/api/pipelines", `{"name":"wrong","label":"Big Iron","nodes":[],"edges":[]}`, http.StatusBadRequest, nil)
	far := s.again("far")
	for range 3 {
		r := s.again("special")
		s.follow(r.ID)
		if got := s.run(r.ID); got.Status != "success" {
			t.Errorf("the run with a label: %+v", got)
		}
	}
	if got := s.waitReason(far.ID); got != "no worker with label far is there" {
		t.Errorf("the run with a label that nobody has waits because of %q", got)
	}
}

// TestWorkersStartRuns has a worker execute a map, whose runs are started and looked after
// by the server.
func TestWorkersStartRuns(t *testing.T) {
	t.Parallel()
	database, dir := storetest.Postgres(t), t.TempDir()
	s := serve(t, dir, "--local-runs", "0", "--db", database, "--data", filepath.Join(t.TempDir(), "data"))
	for range 2 { // which may go on with what the other one has begun
		worker(t, dir, database, "--runs", "2", "--data", filepath.Join(t.TempDir(), "data"))
	}
	keys(t, dir, 5)
	s.tallies(dir, 4)
	each := s.each(`,"on_error":"continue"`)
	s.follow(each.ID)
	if got := s.run(each.ID); got.Status != "success" {
		t.Fatalf("the run is %+v", got)
	}
	text, err := os.ReadFile(filepath.Join(dir, "each.csv"))
	must(t, err)
	if lines := strings.Count(string(text), "success"); lines != 4 || len(s.children(each.ID)) != 5 {
		t.Errorf("%d runs, and the rows are %s", len(s.children(each.ID)), text)
	}
}
