package main

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// trivialRuns is how many tiny runs are timed one after another.
const trivialRuns = 40

// server is a server process that is measured.
type server struct {
	cmd *exec.Cmd
	url string
	dir string
}

// startServer starts program on a free port and returns how long it took until
// it answered that it is alive.
func startServer(ctx context.Context, program, dir string, flags ...string) (*server, time.Duration, error) {
	args := append([]string{"serve", "--port", "0", "--data", filepath.Join(dir, "data"), "--data-dirs", dir, "--limit", "people=off", "--limit", "write=off"}, flags...)
	cmd := exec.CommandContext(ctx, program, args...) //nolint:gosec // the program that is measured
	cmd.Dir = dir
	logs, err := cmd.StderrPipe()
	if err != nil {
		return nil, 0, err
	}
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return nil, 0, fmt.Errorf("%w (run make build first)", err)
	}
	s := &server{cmd: cmd, dir: dir}
	lines := bufio.NewScanner(logs)
	for s.url == "" && lines.Scan() {
		if _, rest, ok := strings.Cut(lines.Text(), "msg=listening address="); ok {
			s.url, _, _ = strings.Cut(rest, " ")
		}
	}
	if s.url == "" {
		return nil, 0, errors.New("the server does not listen")
	}
	go func() { _, _ = io.Copy(io.Discard, logs) }() // ends with the server
	if err := s.call(ctx, http.MethodGet, "/health", "", nil); err != nil {
		return nil, 0, err
	}
	return s, time.Since(began), nil
}

func (s *server) stop() {
	_ = s.cmd.Process.Signal(syscall.SIGTERM)
	_ = s.cmd.Wait()
}

func (s *server) call(ctx context.Context, method, path, body string, out any) error {
	req, err := http.NewRequestWithContext(ctx, method, s.url+path, strings.NewReader(body)) //nolint:gosec // to the server that is measured
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req) //nolint:gosec // to the server that is measured
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode >= http.StatusBadRequest {
		err = fmt.Errorf("%s %s: %s", method, path, text)
	}
	if err != nil || out == nil {
		return err
	}
	return json.Unmarshal(text, out)
}

// create makes the pipeline of t and returns its id.
func (s *server) create(ctx context.Context, t task, input string) (string, error) {
	var made struct{ ID string }
	nodes := []string{fmt.Sprintf(`{"id":"in","type":"source_file","config":{"path":%q}}`, input)}
	var edges []string
	last := "in"
	for _, n := range t.nodes {
		var head struct{ ID string }
		if err := json.Unmarshal([]byte(n), &head); err != nil {
			return "", err
		}
		nodes = append(nodes, n)
		edges = append(edges, fmt.Sprintf(`{"from":%q,"to":%q}`, last, head.ID))
		if head.ID == "join" {
			nodes = append(nodes, fmt.Sprintf(`{"id":"other","type":"source_file","config":{"path":%q}}`, otherInput(input)))
			edges = append(edges, `{"from":"other","to":"join"}`)
		}
		last = head.ID
	}
	nodes = append(nodes, fmt.Sprintf(`{"id":"out","type":"sink_file","config":{"path":%q}}`, filepath.Join(s.dir, cmp.Or(t.out, "out.csv"))))
	edges = append(edges, fmt.Sprintf(`{"from":%q,"to":"out"}`, last))
	err := s.call(ctx, http.MethodPost, "/api/pipelines", fmt.Sprintf(`{"name":"bench","nodes":[%s],"edges":[%s]}`,
		strings.Join(nodes, ","), strings.Join(edges, ",")), &made)
	return made.ID, err
}

// follow returns when a run has ended: its stream of events does then.
func (s *server) follow(ctx context.Context, run string) error {
	return s.call(ctx, http.MethodGet, "/api/runs/"+run+"/events", "", nil)
}

// run runs a pipeline from the request to the final state, as a client sees it.
func (s *server) run(ctx context.Context, pipeline string) (cost, error) {
	before := s.enginesCPU()
	began := time.Now()
	var started struct{ ID string }
	if err := s.call(ctx, http.MethodPost, "/api/pipelines/"+pipeline+"/run", "", &started); err != nil {
		return cost{}, err
	}
	ended := make(chan error, 1)
	go func() { ended <- s.follow(ctx, started.ID) }()
	var peak int64
	var err error
	ticker := time.NewTicker(2 * time.Millisecond)
	defer ticker.Stop()
	for waiting := true; waiting; {
		select {
		case err = <-ended:
			waiting = false
		case <-ticker.C:
			for _, engine := range s.engines() {
				peak = max(peak, status(engine, "VmHWM"))
			}
		}
	}
	wall := time.Since(began)
	if err != nil {
		return cost{}, err
	}
	var state struct{ Status, Error string }
	if err := s.call(ctx, http.MethodGet, "/api/runs/"+started.ID, "", &state); err != nil {
		return cost{}, err
	}
	if state.Status != "success" {
		return cost{}, fmt.Errorf("the run is %s: %s", state.Status, state.Error)
	}
	return cost{wall: wall, cpu: s.enginesCPU() - before, memory: peak}, nil
}

// trivial times tiny runs one after another.
func (s *server) trivial(ctx context.Context, w io.Writer, dir string) error {
	small := filepath.Join(dir, "small.csv")
	if err := os.WriteFile(small, []byte("id,amount\n1,2\n3,4\n"), 0o600); err != nil {
		return err
	}
	id, err := s.create(ctx, task{}, small)
	if err != nil {
		return err
	}
	var times []time.Duration
	for range trivialRuns {
		began := time.Now() // nothing else is looked at: that would take longer than the run
		var started struct{ ID string }
		if err := s.call(ctx, http.MethodPost, "/api/pipelines/"+id+"/run", "", &started); err != nil {
			return err
		}
		if err := s.follow(ctx, started.ID); err != nil {
			return err
		}
		times = append(times, time.Since(began))
	}
	slices.Sort(times)
	fmt.Fprintf(w, "a run of 2 rows, one after another\tp50 %.1f ms\tp95 %.1f ms\n",
		times[len(times)/2].Seconds()*1000, times[len(times)*95/100].Seconds()*1000)
	return nil
}

// memory returns a figure of the server process in bytes.
func (s *server) memory(figure string) (int64, error) {
	n := status(s.cmd.Process.Pid, figure)
	if n == 0 {
		return 0, errors.New("this system does not tell what a process uses")
	}
	return n, nil
}

// status returns a figure of /proc/PID/status in bytes, 0 when there is none.
func status(pid int, figure string) int64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid)) //nolint:gosec // of the system
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		var kb int64
		if _, err := fmt.Sscanf(line, figure+": %d kB", &kb); err == nil {
			return kb << 10
		}
	}
	return 0
}

// engines returns the pids of the server's children.
func (s *server) engines() []int {
	tasks, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", s.cmd.Process.Pid))
	if err != nil {
		return nil
	}
	var pids []int
	for _, task := range tasks {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%s/children", s.cmd.Process.Pid, task.Name())) //nolint:gosec // of the system
		if err != nil {
			continue
		}
		for field := range strings.FieldsSeq(string(text)) {
			var pid int
			if _, err := fmt.Sscan(field, &pid); err == nil {
				pids = append(pids, pid)
			}
		}
	}
	return pids
}

// enginesCPU returns what the server's children have used, those that have ended and
// those that live.
func (s *server) enginesCPU() time.Duration {
	used := ticks(s.cmd.Process.Pid, 13, 14) // cutime and cstime of proc(5)
	for _, engine := range s.engines() {
		used += ticks(engine, 11, 12)
	}
	return used
}

// cpu returns what the server itself has used.
func (s *server) cpu() time.Duration { return ticks(s.cmd.Process.Pid, 11, 12) } // utime and stime

// ticks returns the sum of fields of /proc/PID/stat, which are in 1/100 s,
// counted from the one after the name; nothing when there is no such process.
func ticks(pid int, fields ...int) time.Duration {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid)) //nolint:gosec // of the system
	if err != nil {
		return 0
	}
	_, rest, _ := bytes.Cut(text, []byte(") "))
	all := strings.Fields(string(rest))
	var total int64
	for _, i := range fields {
		var n int64
		if _, err := fmt.Sscan(all[i], &n); err == nil {
			total += n
		}
	}
	return time.Duration(total) * time.Second / 100
}
