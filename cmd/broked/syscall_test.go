package main

import (
	"bufio"
	"context"
	"database/sql"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// writing are the system calls at which a server is killed.
var writing = []string{"pwrite64", "fsync", "fdatasync", "ftruncate", "unlinkat", "renameat", "linkat"}

// mostCalls bounds the enumeration; a call that comes more often than that comes in the
// same places again.
const mostCalls = 40

// TestKilledAtSystemCalls kills a server at its Nth system call of every kind that
// writes, from its first start to the end of a run, and starts it again. It tries three
// instants, and every one when BROKED_CRASH_ROUNDS is given.
func TestKilledAtSystemCalls(t *testing.T) {
	t.Parallel()
	if out, err := exec.CommandContext(t.Context(), "strace", "-qq", "-o", "/dev/null", "true").CombinedOutput(); err != nil {
		t.Skipf("killing at system calls takes strace and the right to trace: %v %s", err, out)
	}
	if os.Getenv("BROKED_CRASH_ROUNDS") == "" {
		for range 3 {
			killedAt(t, writing[rand.IntN(len(writing))], 1+rand.IntN(12))
		}
		return
	}
	for _, call := range writing {
		t.Run(call, func(t *testing.T) {
			t.Parallel()
			for n := 1; n <= mostCalls && killedAt(t, call, n); n++ {
			}
		})
	}
}

// killedAt goes through a short life of a server that is killed at its nth call, and
// reports whether there were so many.
func killedAt(t *testing.T, call string, n int) (killed bool) {
	t.Helper()
	dir := t.TempDir()
	rows(t, dir, "in.csv", 3)
	made, run := traced(t, dir, fmt.Sprintf("inject=%s:signal=SIGKILL:when=%d", call, n), &killed)
	at := fmt.Sprintf("killed at %s %d", call, n)
	file := filepath.Join(dir, "broked-data", "broked.db")
	if _, err := os.Stat(file); err == nil {
		db, err := sql.Open("sqlite", file)
		must(t, err)
		var verdict string
		must(t, db.QueryRowContext(t.Context(), `PRAGMA integrity_check`).Scan(&verdict))
		must(t, db.Close())
		if verdict != "ok" {
			t.Fatalf("%s: the database is damaged: %s", at, verdict)
		}
	}
	s := serve(t, dir)
	defer s.kill()
	if made {
		s.call("GET", "/api/pipelines/p", "", 200, nil)
	}
	if run != "" {
		s.follow(run)
		out, err := os.ReadFile(filepath.Join(dir, "out.csv"))
		if got := s.run(run); got.Status == "success" && (err != nil || strings.Count(string(out), "\n") != 4) {
			t.Errorf("%s: the run was a success, and has written %q: %v", at, out, err)
		}
	}
	if !made {
		s.call("POST", "/api/pipelines", copying, 201, nil)
	}
	again := s.again("p")
	s.follow(again.ID)
	if got := s.run(again.ID); got.Status != "success" {
		t.Errorf("%s: afterwards a run is %s: %s", at, got.Status, got.Error)
	}
	return killed
}

const copying = `{"name":"p","nodes":[{"id":"in","type":"source_file","config":{"path":"in.csv"}},
	{"id":"out","type":"sink_file","config":{"path":"out.csv"}}],"edges":[{"from":"in","to":"out"}]}`

// traced starts a server under a rule of strace, makes a pipeline and runs it, and
// returns what was acknowledged until it was killed.
func traced(t *testing.T, dir, rule string, killed *bool) (made bool, run string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), soon)
	defer cancel()
	plain := program(ctx, dir, "serve", "--port", "0")
	call, _, _ := strings.Cut(strings.TrimPrefix(rule, "inject="), ":")
	cmd := exec.CommandContext(ctx, "strace", append([]string{"-f", "-qq", "-o", "/dev/null", "-e", "trace=" + call, "-e", rule}, plain.Args...)...)
	cmd.Dir, cmd.Env = plain.Dir, append(plain.Env, "GOMAXPROCS=1")
	logs, err := cmd.StderrPipe()
	must(t, err)
	must(t, cmd.Start())
	url := ""
	lines := bufio.NewScanner(logs)
	for url == "" && lines.Scan() {
		if _, rest, found := strings.Cut(lines.Text(), "msg=listening address="); found {
			url, _, _ = strings.Cut(rest, " ")
		}
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for lines.Scan() {
		}
	}()
	if url != "" {
		s := &server{t: t, url: url}
		made, run = s.attempt(ctx)
	}
	for _, pid := range engines(t, cmd.Process.Pid) { // the server: strace would leave it alone
		_ = syscall.Kill(pid, syscall.SIGTERM)
	}
	<-ended
	err = cmd.Wait()
	*killed = err != nil && cmd.ProcessState.ExitCode() != 0
	return made, run
}

// attempt makes a pipeline and runs it, as far as the server lives.
func (s *server) attempt(ctx context.Context) (made bool, run string) {
	status, _ := s.try(ctx, "/api/pipelines", copying)
	if made = status == http.StatusCreated; !made {
		return false, ""
	}
	_, text := s.try(ctx, "/api/pipelines/p/run", "")
	if _, rest, found := strings.Cut(text, `"id":"`); found {
		run, _, _ = strings.Cut(rest, `"`)
		wait, cancel := context.WithTimeout(ctx, 10*time.Second)
		defer cancel()
		s.tryGet(wait, "/api/runs/"+run+"/events")
	}
	return made, run
}

// try posts, and returns no status when there is no answer.
func (s *server) try(ctx context.Context, path, body string) (int, string) {
	return s.answer(ctx, http.MethodPost, path, body)
}

func (s *server) tryGet(ctx context.Context, path string) { s.answer(ctx, http.MethodGet, path, "") }

func (s *server) answer(ctx context.Context, method, path, body string) (int, string) {
	req, err := http.NewRequestWithContext(ctx, method, s.url+path, strings.NewReader(body))
	must(s.t, err)
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, ""
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return 0, ""
	}
	return res.StatusCode, string(text)
}
