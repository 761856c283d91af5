package main

import (
	"bufio"
	"context"
	"database/sql"
	"net/http"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/broked/broked/internal/postgres"
	"github.com/broked/broked/internal/store/storetest"
)

// calling makes a pipeline that sends a file to another side, and starts it.
func (s *server) calling(in, url string) runState {
	s.t.Helper()
	s.call("POST", "/api/pipelines", `{"name":"p","nodes":[{"id":"in","type":"source_file","config":{"path":"`+in+`"}},
		{"id":"out","type":"sink_api","config":{"url":"`+url+`"}}],"edges":[{"from":"in","to":"out"}]}`, 201, nil)
	r := s.again("p")
	s.events(r.ID, func(name string) bool { return name != "node.started" })
	return r
}

// TestTwoServersOnOnePostgreSQL starts two servers on one database, kills the one that
// executes a run, and lets the other one finish it. Who follows the run elsewhere sees
// all of it.
func TestTwoServersOnOnePostgreSQL(t *testing.T) {
	t.Parallel()
	database, files := storetest.Postgres(t), t.TempDir()
	rows(t, files, "in.csv", 30)
	in := filepath.Join(files, "in.csv")
	other, answers := silent(t)
	servers := map[string]*server{}
	db := looking(t, database)
	start := func() *server {
		dir := t.TempDir()
		s := serve(t, dir, "--local-runs", "1", "--outbound-loopback", "all", "--db", database)
		var owner string
		must(t, db.QueryRowContext(t.Context(), `SELECT id FROM processes ORDER BY started_at DESC LIMIT 1`).Scan(&owner))
		servers[owner] = s
		return s
	}
	a, b := start(), start()
	if info := a.call("GET", "/api/system/info", "", 200, nil); !strings.Contains(info, "PostgreSQL ") {
		t.Errorf("the server says of its database: %s", info)
	}

	going := a.calling(in, other.URL)
	var owner string
	must(t, db.QueryRowContext(t.Context(), `SELECT owner FROM runs WHERE id = ?1`, going.ID).Scan(&owner))
	dies, lives := servers[owner], a
	if dies == a {
		lives = b
	}
	followed := make(chan []string, 1)
	go func() { followed <- lives.follow(going.ID) }()

	// Its slot is the other server's, so this one is done beside the run that is going.
	beside := dies.start("q", in, keepDE, filepath.Join(files, "q.csv"))
	lives.follow(beside.ID)
	if got := lives.run(beside.ID); got.Status != "success" {
		t.Errorf("the run beside: %+v", got)
	}

	dies.kill()
	answers.Store(true)
	_, err := db.ExecContext(t.Context(), `UPDATE processes SET seen_at = 0 WHERE id = ?1`, owner)
	must(t, err)
	select {
	case events := <-followed:
		for _, want := range []string{"run.interrupted", "run.finished"} {
			if !slices.Contains(events, want) {
				t.Errorf("the follower has not seen %s: %v", want, events)
			}
		}
	case <-time.After(soon):
		t.Fatal("the run does not end")
	}
	if got := lives.run(going.ID); got.Status != "success" || got.Attempt != 1 {
		t.Errorf("the run that was going: %+v", got)
	}
	var left int
	must(t, db.QueryRowContext(t.Context(), `SELECT count(*) FROM processes`).Scan(&left))
	if left != 1 {
		t.Errorf("%d servers are on record, want the one that lives", left)
	}
}

// TestSavesAreToldByEveryServer saves a pipeline at one server; who listens to another
// one on the same database hears of it.
func TestSavesAreToldByEveryServer(t *testing.T) {
	t.Parallel()
	database := storetest.Postgres(t)
	a, b := serve(t, t.TempDir(), "--db", database), serve(t, t.TempDir(), "--db", database)
	ctx, cancel := context.WithTimeout(t.Context(), soon)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, b.url+"/api/events", nil)
	must(t, err)
	res, err := http.DefaultClient.Do(req)
	must(t, err)
	defer res.Body.Close()
	a.call("POST", "/api/pipelines", `{"name":"p","draft":true,"nodes":[],"edges":[]}`, 201, nil)
	for lines := bufio.NewScanner(res.Body); lines.Scan(); {
		if lines.Text() == "event: pipelines.changed" {
			return
		}
	}
	t.Error("the other server tells nothing")
}

// TestStoppedServerIsRefused stops a server in the middle of a run for as long as the
// others need to take it for dead. What it says when it goes on is refused.
func TestStoppedServerIsRefused(t *testing.T) {
	t.Parallel()
	database, files := storetest.Postgres(t), t.TempDir()
	rows(t, files, "in.csv", 30)
	in := filepath.Join(files, "in.csv")
	other, answers := silent(t)
	flags := []string{"--local-runs", "1", "--outbound-loopback", "all", "--db", database}
	a := serve(t, t.TempDir(), flags...)
	db := looking(t, database)
	going := a.calling(in, other.URL)
	b := serve(t, t.TempDir(), flags...)

	must(t, a.cmd.Process.Signal(syscall.SIGSTOP))
	answers.Store(true)
	_, err := db.ExecContext(t.Context(), `UPDATE processes SET seen_at = 0 WHERE id = (SELECT owner FROM runs WHERE id = ?1)`, going.ID)
	must(t, err)
	b.follow(going.ID)
	ended := b.run(going.ID)
	if ended.Status != "success" || ended.Attempt != 1 {
		t.Errorf("the run that was going: %+v", ended)
	}
	signalAll(engines(t, a.cmd.Process.Pid), syscall.SIGKILL) // so that its server has something to say
	must(t, a.cmd.Process.Signal(syscall.SIGCONT))
	a.log.await(t, "result of a run that was taken away is dropped")
	if again := b.run(going.ID); !reflect.DeepEqual(again, ended) {
		t.Errorf("the run was %+v and is now %+v", ended, again)
	}
	next := a.start("q", in, keepDE, filepath.Join(files, "q.csv"))
	a.follow(next.ID)
	if got := a.run(next.ID); got.Status != "success" {
		t.Errorf("a run after that: %+v", got)
	}
}

// looking returns a connection to the database of servers.
func looking(t *testing.T, database string) *sql.DB {
	t.Helper()
	config, err := postgres.Parse(database)
	must(t, err)
	db := postgres.Pool(config, 2)
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func TestDatabaseThatIsNotThere(t *testing.T) {
	t.Parallel()
	out, err := program(t.Context(), t.TempDir(), "serve", "--port", "0", "--db", "postgres://me:hunter2@127.0.0.1:1/y").CombinedOutput()
	if exitStatus(err) != 1 || !strings.Contains(string(out), "the database 127.0.0.1/y cannot be used") {
		t.Errorf("%v: %s", err, out)
	}
	if strings.Contains(string(out), "hunter2") {
		t.Errorf("the password is told: %s", out)
	}
}
