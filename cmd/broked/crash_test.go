package main

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/broked/broked/internal/store/storetest"
)

const (
	crashClients = 8
	crashRows    = 30
	crashRuns    = 25 // new ones in a round
	// crashRounds is how often a server is killed; BROKED_CRASH_ROUNDS says otherwise.
	crashRounds = 2
)

// TestKilledAtRandom kills servers, workers and engines at random times while eight clients
// start, repeat and cancel runs and change pipelines. Afterwards everything that was
// acknowledged is there, nothing is there twice, every run has ended once, and what
// they wrote is whole. BROKED_CRASH_SEED repeats the choices of a run.
func TestKilledAtRandom(t *testing.T) {
	t.Parallel()
	for name, size := range map[string][2]int{"SQLite": {1, 0}, "PostgreSQL": {2, 2}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			seed := uint64(time.Now().UnixNano())
			if given := os.Getenv("BROKED_CRASH_SEED"); given != "" {
				var err error
				seed, err = strconv.ParseUint(given, 10, 64)
				must(t, err)
			}
			rounds := crashRounds
			if given := os.Getenv("BROKED_CRASH_ROUNDS"); given != "" {
				var err error
				rounds, err = strconv.Atoi(given)
				must(t, err)
			}
			t.Logf("BROKED_CRASH_SEED=%d", seed)
			c := newCrash(t, size[0], size[1], seed)
			for range rounds {
				c.round()
			}
			c.settle()
		})
	}
}

// crash is an installation that is killed again and again, and what its clients know.
type crash struct {
	t       *testing.T
	files   string // of the pipelines
	dirs    []string
	args    []string
	kept    []string // flags of all processes, besides
	servers []*server
	workers []*server          // of a PostgreSQL
	ids     map[*server]string // by which these processes are on record
	db      func() *sql.DB
	random  *rand.Rand

	mu      sync.Mutex
	keys    int
	quota   int               // of new runs in this round, lest they pile up
	asked   []string          // keys that were sent, answered or not
	started map[string]string // runs that were acknowledged, by key
	made    map[string]bool   // pipelines whose making was acknowledged
	dropped map[string]bool   // pipelines whose removal was sent, answered or not
}

func newCrash(t *testing.T, servers, workers int, seed uint64) *crash {
	t.Helper()
	c := &crash{
		t: t, files: t.TempDir(), args: []string{"--limit", "people=off", "--limit", "write=off"},
		random: rand.New(rand.NewPCG(seed, 0)), servers: make([]*server, servers), workers: make([]*server, workers), ids: make(map[*server]string),
		started: make(map[string]string), made: make(map[string]bool), dropped: make(map[string]bool),
	}
	for range servers + workers {
		c.dirs = append(c.dirs, t.TempDir())
	}
	if servers == 1 {
		c.db = func() *sql.DB {
			db, err := sql.Open("sqlite", filepath.Join(c.dirs[0], "broked-data", "broked.db"))
			must(t, err)
			return db
		}
	} else {
		database := storetest.Postgres(t)
		shared := looking(t, database)
		c.args, c.db = append(c.args, "--db", database), func() *sql.DB { return shared }
		c.kept = []string{"--artifacts", t.TempDir()}
	}
	rows(t, c.files, "in.csv", crashRows)
	c.start()
	for _, policy := range []string{"resume", "restart"} {
		c.servers[0].call("POST", "/api/pipelines", fmt.Sprintf(`{"name":%q,"on_restart":%q,"params":{"key":""},"nodes":[
			{"id":"in","type":"source_file","config":{"path":%q}},
			{"id":"work","type":"sort","config":{"columns":["id"],"ascending":false,"keep":true}},
			{"id":"out","type":"sink_file","config":{"path":%q}}],
			"edges":[{"from":"in","to":"work"},{"from":"work","to":"out"}]}`,
			policy, policy, filepath.Join(c.files, "in.csv"), filepath.Join(c.files, "${param.key}.csv")), 201, nil)
	}
	return c
}

// start starts the servers and workers that do not run.
func (c *crash) start() {
	c.t.Helper()
	flags := append([]string{"--data-dirs", c.files}, c.kept...)
	for i, s := range c.servers {
		if s == nil {
			c.servers[i] = serve(c.t, c.dirs[i], append(flags, c.args...)...)
			c.name(c.servers[i])
		}
	}
	for i, w := range c.workers {
		if w == nil {
			c.workers[i] = worker(c.t, c.dirs[len(c.servers)+i], c.args[len(c.args)-1], flags...)
			c.name(c.workers[i])
		}
	}
}

// name notes by which name the process that has started last is on record.
func (c *crash) name(s *server) {
	c.t.Helper()
	if len(c.workers) > 0 {
		c.ids[s] = newest(c.t, c.db())
	}
}

// kill kills a server or a worker, and has the others take it for dead at once.
func (c *crash) kill(of []*server, i int) {
	c.t.Helper()
	of[i].kill()
	if id := c.ids[of[i]]; id != "" {
		_, err := c.db().ExecContext(c.t.Context(), `UPDATE processes SET seen_at = 0 WHERE id = ?1`, id)
		must(c.t, err)
	}
}

// round lets the clients work until something was killed, looks at what is left of the
// database where it has no server of its own, and starts again.
func (c *crash) round() {
	c.t.Helper()
	c.quota = crashRuns
	ctx, stop := context.WithCancel(c.t.Context())
	var clients sync.WaitGroup
	for range crashClients {
		seed := c.random.Uint64()
		clients.Go(func() { c.client(ctx, rand.New(rand.NewPCG(seed, 1))) })
	}
	<-time.After(time.Duration(20+c.random.IntN(1480)) * time.Millisecond) // the instant of the kill is what is tried
	of, victim := c.servers, c.random.IntN(len(c.servers)+len(c.workers))
	if victim >= len(c.servers) {
		of, victim = c.workers, victim-len(c.servers)
	}
	children := engines(c.t, of[victim].cmd.Process.Pid)
	if len(children) > 0 && c.random.IntN(4) == 0 {
		_ = syscall.Kill(children[c.random.IntN(len(children))], syscall.SIGKILL)
		<-time.After(time.Duration(c.random.IntN(200)) * time.Millisecond)
		children = engines(c.t, of[victim].cmd.Process.Pid)
	}
	c.kill(of, victim)
	stop()
	clients.Wait()
	of[victim] = nil
	for _, pid := range children {
		awaitEnd(c.t, pid)
	}
	c.sound()
	c.start()
}

// sound checks the file of a database that nobody has open.
func (c *crash) sound() {
	c.t.Helper()
	if len(c.servers) > 1 {
		return
	}
	db := c.db()
	defer db.Close()
	var verdict string
	must(c.t, db.QueryRowContext(c.t.Context(), `PRAGMA integrity_check`).Scan(&verdict))
	if verdict != "ok" {
		c.t.Fatalf("the database is damaged: %s", verdict)
	}
	c.none(db, `SELECT "table", rowid FROM pragma_foreign_key_check`, "rows that belong to nothing")
}

// none checks that a statement yields no row.
func (c *crash) none(db *sql.DB, query, what string) {
	c.t.Helper()
	rows, err := db.QueryContext(c.t.Context(), query)
	must(c.t, err)
	defer rows.Close()
	for rows.Next() {
		var a, b sql.NullString
		must(c.t, rows.Scan(&a, &b))
		c.t.Errorf("%s: %s, %s", what, a.String, b.String)
	}
	must(c.t, rows.Err())
}

// client does one thing after the other until ctx ends or its server does.
func (c *crash) client(ctx context.Context, random *rand.Rand) {
	for ctx.Err() == nil {
		var alive bool
		switch n := random.IntN(10); {
		case n < 5:
			alive = c.startRun(ctx, random, "")
		case n < 7:
			alive = c.startRun(ctx, random, c.earlier(random))
		case n < 8:
			alive = c.cancelRun(ctx, random)
		case n < 9:
			alive = c.change(ctx, random)
		default:
			status, _, err := c.ask(ctx, random, request{method: "GET", path: "/api/runs?limit=20"})
			alive = err == nil && c.want("list runs", status, 200)
		}
		if !alive {
			return
		}
	}
}

// request is what a client sends; the key is its Idempotency-Key.
type request struct{ method, path, body, key string }

// ask sends a request to one of the servers.
func (c *crash) ask(ctx context.Context, random *rand.Rand, r request) (int, []byte, error) {
	s := c.servers[random.IntN(len(c.servers))]
	req, err := http.NewRequestWithContext(ctx, r.method, s.url+r.path, strings.NewReader(r.body))
	if err != nil {
		return 0, nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	if r.key != "" {
		req.Header.Set("Idempotency-Key", r.key)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	return res.StatusCode, text, err
}

func (c *crash) want(what string, status int, want ...int) bool {
	if slices.Contains(want, status) {
		return true
	}
	c.t.Errorf("%s: the answer is %d, want one of %v", what, status, want)
	return false
}

// earlier returns a key that was sent before, or "".
func (c *crash) earlier(random *rand.Rand) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.asked) == 0 {
		return ""
	}
	return c.asked[random.IntN(len(c.asked))]
}

// startRun starts a run, under a new key unless there is one, and reports whether the
// server has answered.
func (c *crash) startRun(ctx context.Context, random *rand.Rand, key string) bool {
	c.mu.Lock()
	if key == "" && c.quota == 0 && len(c.asked) > 0 {
		key = c.asked[random.IntN(len(c.asked))]
	}
	if key == "" {
		c.quota--
		c.keys++
		key = fmt.Sprintf("k%d", c.keys)
		c.asked = append(c.asked, key)
	}
	c.mu.Unlock()
	// The key decides on the pipeline, so that it asks for the same whenever it is sent.
	pipeline := []string{"resume", "restart"}[len(key)%2]
	status, text, err := c.ask(ctx, random, request{method: "POST", path: "/api/pipelines/" + pipeline + "/run", body: `{"params":{"key":"` + key + `"}}`, key: key})
	if err != nil || !c.want("start run", status, 202) {
		return false
	}
	var r runState
	if err := json.Unmarshal(text, &r); err != nil {
		c.t.Errorf("start run: %v in %s", err, text)
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if before, known := c.started[key]; known && before != r.ID {
		c.t.Errorf("key %s has started run %s, and then %s", key, before, r.ID)
	}
	c.started[key] = r.ID
	return true
}

func (c *crash) cancelRun(ctx context.Context, random *rand.Rand) bool {
	c.mu.Lock()
	run := c.started[fmt.Sprintf("k%d", 1+random.IntN(c.keys+1))]
	c.mu.Unlock()
	if run == "" {
		return true
	}
	status, _, err := c.ask(ctx, random, request{method: "POST", path: "/api/runs/" + run + "/cancel"})
	return err == nil && c.want("cancel run", status, 200, 202, 204, 409)
}

// change makes a pipeline, and removes some of those that it has made.
func (c *crash) change(ctx context.Context, random *rand.Rand) bool {
	c.mu.Lock()
	c.keys++
	name := fmt.Sprintf("made-%d", c.keys)
	c.mu.Unlock()
	status, _, err := c.ask(ctx, random, request{method: "POST", path: "/api/pipelines", body: `{"name":"` + name + `","draft":true,"nodes":[],"edges":[]}`})
	if err != nil || !c.want("make pipeline", status, 201) {
		return false
	}
	c.mu.Lock()
	c.made[name] = true
	c.dropped[name] = random.IntN(3) == 0
	drop := c.dropped[name]
	c.mu.Unlock()
	if !drop {
		return true
	}
	status, _, err = c.ask(ctx, random, request{method: "DELETE", path: "/api/pipelines/" + name})
	return err == nil && c.want("remove pipeline", status, 200, 204)
}

// settle waits until every run has ended, and checks all that was acknowledged.
func (c *crash) settle() {
	c.t.Helper()
	s := c.servers[0]
	c.quota = 1 // on a slow machine none may have been acknowledged in time
	c.startRun(c.t.Context(), c.random, "")
	for _, key := range c.asked { // the oldest first, as they are executed
		if run := c.started[key]; run != "" {
			s.follow(run)
		}
	}
	good := 0
	for key, run := range c.started {
		out, err := os.ReadFile(filepath.Join(c.files, key+".csv"))
		whole := bytes.Count(out, []byte("\n")) == crashRows+1
		switch status := s.run(run).Status; {
		case status == "success" && (err != nil || !whole):
			c.t.Errorf("run %s was a success, and its file has %d bytes: %v", run, len(out), err)
		case err == nil && !whole:
			c.t.Errorf("run %s is %s, and has left a part of a file", run, status)
		case status == "success":
			good++
		}
	}
	if good == 0 {
		c.t.Error("no run was a success")
	}
	for name := range c.made {
		if !c.dropped[name] {
			s.call("GET", "/api/pipelines/"+name, "", 200, nil)
		}
	}
	for _, s := range append(c.workers, c.servers...) {
		must(c.t, s.cmd.Process.Signal(syscall.SIGTERM))
		_ = s.cmd.Wait()
	}
	db := c.db()
	if len(c.servers) == 1 {
		defer db.Close()
	}
	c.sound()
	c.none(db, `SELECT params, count(*) FROM runs GROUP BY params HAVING count(*) > 1`, "a key with two runs")
	c.none(db, `SELECT id, status FROM runs WHERE finished_at IS NULL`, "a run that has not ended")
	c.none(db, `SELECT r.id, r.status FROM runs r WHERE (SELECT count(*) FROM run_events e WHERE e.run_id = r.id AND e.type = 'run.finished') <> 1`, "a run that has not one end")
	c.none(db, `SELECT run_id, status FROM node_runs WHERE status IN ('pending', 'running')`, "a node that has not ended")
	parts, err := filepath.Glob(filepath.Join(c.files, ".*.part"))
	must(c.t, err)
	if len(parts) > 0 {
		c.t.Errorf("half written files are left: %v", parts)
	}
	c.t.Logf("%d runs were acknowledged, %d succeeded; %d keys were sent, %d pipelines made", len(c.started), good, len(c.asked), len(c.made))
}
