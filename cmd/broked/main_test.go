package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestMain lets the test binary be the program itself: called with a command it
// runs it, as the tests do and as a server does to start its engines.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && slices.Contains([]string{"serve", "worker", "migrate", "run", "test", "engine", "health", "schedule", "runs", "backfill", "users", "audit", "version", "docs", "openapi", "generate-key", "keys", "workspaces", "plugins", "login", "logout", "whoami"}, os.Args[1]) {
		main()
	}
	os.Exit(m.Run())
}

// soon is how long a test waits for what must happen before it gives up.
const soon = 60 * time.Second

// executable is the program under test: the built one that BROKED_PROGRAM names,
// or the test binary itself, which TestMain makes a program. The built one is
// what people run, and starts ten times as fast as one with a race detector.
func executable() string {
	if built := os.Getenv("BROKED_PROGRAM"); built != "" {
		return built
	}
	self, err := os.Executable()
	if err != nil {
		panic(err)
	}
	return self
}

// program returns the command that runs the program in dir.
func program(ctx context.Context, dir string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, executable(), args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "BROKOLI_RUN_THREADS=1", "XDG_CONFIG_HOME="+filepath.Join(dir, "config"))
	return cmd
}

// server is a running server process.
type server struct {
	t   *testing.T
	cmd *exec.Cmd
	url string
	log *logBuffer
}

// logBuffer keeps what a server logs and lets tests wait for words in it.
type logBuffer struct {
	lines chan string
	seen  []string
}

func (l *logBuffer) await(t *testing.T, pattern string) string {
	t.Helper()
	find := regexp.MustCompile(pattern)
	timeout := time.After(soon)
	for {
		select {
		case line, more := <-l.lines:
			if !more {
				t.Fatalf("the server ended before it logged %s:\n%s", pattern, strings.Join(l.seen, "\n"))
			}
			l.seen = append(l.seen, line)
			if found := find.FindStringSubmatch(line); found != nil {
				return found[len(found)-1]
			}
		case <-timeout:
			t.Fatalf("the server does not log %s:\n%s", pattern, strings.Join(l.seen, "\n"))
		}
	}
}

// serve starts a server in dir, with its data folder there, and waits until it
// listens.
func serve(t *testing.T, dir string, args ...string) *server {
	t.Helper()
	return launch(t, program(context.WithoutCancel(t.Context()), dir, append([]string{"serve", "--port", "0"}, args...)...))
}

// launch starts the server that cmd is and waits until it listens.
func launch(t *testing.T, cmd *exec.Cmd) *server {
	t.Helper()
	return launchUntil(t, cmd, `msg=listening address=(\S+)`)
}

// launchUntil starts cmd and waits until it says where it answers.
func launchUntil(t *testing.T, cmd *exec.Cmd, pattern string) *server {
	t.Helper()
	pipe, err := cmd.StderrPipe()
	must(t, err)
	must(t, cmd.Start())
	s := &server{t: t, cmd: cmd, log: &logBuffer{lines: make(chan string, 100_000)}}
	go func() {
		defer close(s.log.lines)
		for lines := bufio.NewScanner(pipe); lines.Scan(); {
			s.log.lines <- lines.Text()
		}
	}()
	t.Cleanup(func() { s.kill() })
	s.url = s.log.await(t, pattern)
	return s
}

// kill ends the server as a power cut would.
func (s *server) kill() {
	_ = s.cmd.Process.Kill()
	_ = s.cmd.Wait()
}

// call sends a request and decodes the answer into out.
func (s *server) call(method, path, body string, want int, out any) string {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), method, s.url+path, strings.NewReader(body))
	must(s.t, err)
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	must(s.t, err)
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	must(s.t, err)
	if res.StatusCode != want {
		s.t.Fatalf("%s %s answers %d, want %d: %s", method, path, res.StatusCode, want, text)
	}
	if out != nil {
		must(s.t, json.Unmarshal(text, out))
	}
	return string(text)
}

type runState struct {
	ID       string `json:"id"`
	Status   string `json:"status"`
	Error    string `json:"error"`
	Code     string `json:"error_code"`
	Attempt  int    `json:"attempt"`
	NodeRuns []struct {
		Node   string `json:"node_id"`
		Status string `json:"status"`
		Rows   int64  `json:"row_count"`
		Error  string `json:"error"`
	} `json:"node_runs"`
}

// start creates a pipeline of a source, rules and a sink, and starts it.
func (s *server) start(name, source, rules, sink string) runState {
	s.t.Helper()
	s.call("POST", "/api/pipelines", fmt.Sprintf(`{"name":%q,"nodes":[
		{"id":"in","type":"source_file","name":"In","config":{"path":%q}},
		{"id":"work","type":"transform","name":"Work","config":{"rules":%s}},
		{"id":"out","type":"sink_file","name":"Out","config":{"path":%q}}],
		"edges":[{"from":"in","to":"work"},{"from":"work","to":"out"}]}`, name, source, rules, sink), 201, nil)
	return s.again(name)
}

func (s *server) again(name string) runState {
	s.t.Helper()
	var r runState
	s.call("POST", "/api/pipelines/"+name+"/run", "", 202, &r)
	return r
}

// follow reads the events of a run until the stream ends, and returns their names.
func (s *server) follow(id string) []string {
	s.t.Helper()
	var names []string
	s.events(id, func(name string) bool { names = append(names, name); return true })
	return names
}

// events calls seen for every event of a run until it returns false or the
// stream ends.
func (s *server) events(id string, seen func(name string) bool) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), soon)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+"/api/runs/"+id+"/events", nil)
	must(s.t, err)
	res, err := http.DefaultClient.Do(req)
	must(s.t, err)
	defer res.Body.Close()
	for lines := bufio.NewScanner(res.Body); lines.Scan(); {
		if name, ok := strings.CutPrefix(lines.Text(), "event: "); ok && !seen(name) {
			return
		}
	}
	if ctx.Err() != nil {
		s.t.Fatal("the run does not end")
	}
}

func (s *server) run(id string) runState {
	s.t.Helper()
	var r runState
	s.call("GET", "/api/runs/"+id, "", 200, &r)
	return r
}

// rows writes a CSV file of n rows into dir.
func rows(t *testing.T, dir, name string, n int) {
	t.Helper()
	var b bytes.Buffer
	b.WriteString("id,amount,country\n")
	for i := range n {
		fmt.Fprintf(&b, "%d,%d.5,%s\n", i, i%1000, []string{"DE", "FR", "US"}[i%3])
	}
	must(t, os.WriteFile(filepath.Join(dir, name), b.Bytes(), 0o600))
}

// slow is a rule that keeps an engine busy for as long as a test needs: it sorts
// by something that takes long to compute for every row.
const slow = `[{"type":"add_column","name":"x","expression":"length(regexp_replace(replace(replace(replace(country,'E','EEEEEEEEEEEEEEEEEEEEEEEEEEEEEEEEEEEEEEEEEEEEEEEEEEEEEEE'),'R','RRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRR'),'S','SSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSS'),'((E|R|S)+)+x','y'))"},{"type":"sort","columns":["x"],"ascending":true}]`

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// engines returns the pids of a server's engines. A child belongs to the thread
// that started it, so all threads are asked.
func engines(t *testing.T, pid int) []int {
	t.Helper()
	tasks, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
	must(t, err)
	var all []int
	for _, task := range tasks {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%s/children", pid, task.Name()))
		if err != nil {
			continue // the thread has ended
		}
		for field := range strings.FieldsSeq(string(text)) {
			var child int
			if _, err := fmt.Sscan(field, &child); err == nil {
				all = append(all, child)
			}
		}
	}
	return all
}

func signalAll(pids []int, s syscall.Signal) {
	for _, pid := range pids {
		_ = syscall.Kill(pid, s)
	}
}
