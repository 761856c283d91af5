package main

import (
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/broked/broked/internal/job"
)

func itoa(n int) string { return strconv.Itoa(n) }

func exitStatus(err error) int {
	if e, ok := errors.AsType[*exec.ExitError](err); ok {
		return e.ExitCode()
	}
	if err != nil {
		return -1
	}
	return 0
}

// as returns the status of a GET with a token.
func (s *server) as(token, path string) int {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, s.url+path, nil)
	must(s.t, err)
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := http.DefaultClient.Do(req)
	must(s.t, err)
	defer res.Body.Close()
	return res.StatusCode
}

const pipeline = `version: "1"
name: by country
nodes:
  - {id: in, type: source_file, name: In, config: {path: in.csv}}
  - id: work
    type: transform
    name: Work
    config:
      rules:
        - {type: filter_rows, condition: "country = ${param.country}"}
  - {id: out, type: sink_file, name: Out, config: {path: "${param.country}.csv"}}
edges:
  - {from: in, to: work}
  - {from: work, to: out}
params: {country: DE}
`

func TestRunCommand(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	rows(t, dir, "in.csv", 300)
	must(t, os.WriteFile(filepath.Join(dir, "p.yaml"), []byte(pipeline), 0o600))
	must(t, os.WriteFile(filepath.Join(dir, "broken.yaml"), []byte(strings.Replace(pipeline, "sink_file", "sinkfile", 1)), 0o600))
	for _, tc := range []struct {
		name   string
		args   []string
		status int
		has    []string
	}{
		{"plain lines", []string{"p.yaml"}, 0, []string{"✓ in: 300 rows", "✓ out: 100 rows", "done in"}},
		{"a parameter", []string{"p.yaml", "--param", "country=FR"}, 0, []string{"✓ out: 100 rows"}},
		{"a parameter is a value, never part of a condition", []string{"p.yaml", "--param", "country=x' or '1'='1"}, 0, []string{"✓ out: 0 rows"}},
		{"a broken file", []string{"broken.yaml"}, exitUsage, []string{"nodes[2].type", `did you mean "sink_file"`}},
		{"no file", []string{"nothing.yaml"}, exitUsage, []string{"nothing.yaml"}},
		{"a failing run", []string{"p.yaml", "--param", "country=../../../etc/x"}, 1, []string{"✗ out", "the run failed"}},
		{"no arguments", nil, exitUsage, []string{"file"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			out, err := program(t.Context(), dir, append([]string{"run"}, tc.args...)...).CombinedOutput()
			if got := exitStatus(err); got != tc.status {
				t.Errorf("exit status %d, want %d", got, tc.status)
			}
			for _, s := range tc.has {
				if !strings.Contains(string(out), s) {
					t.Errorf("no %q in %s", s, out)
				}
			}
		})
	}
}

func TestRunCommandTellsJSON(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	rows(t, dir, "in.csv", 30)
	must(t, os.WriteFile(filepath.Join(dir, "p.yaml"), []byte(pipeline), 0o600))
	out, err := program(t.Context(), dir, "run", "--json", "p.yaml").Output()
	must(t, err)
	var last job.Message
	for line := range strings.Lines(string(out)) {
		must(t, json.Unmarshal([]byte(line), &last))
	}
	if last.Type != job.Finished || last.Status != job.Success {
		t.Errorf("the last line is %+v", last)
	}
}

func TestCommandsThatPrint(t *testing.T) {
	t.Parallel()
	for command, want := range map[string]string{
		"version": "broked ", "openapi": `"openapi": "3.1.0"`, "docs expressions": "coalesce", "docs expressions --functions": `"call": "lower(text)"`, "docs kinds": `"type": "aggregate"`, "serve --help": "$BROKOLI_HOST",
	} {
		out, err := program(t.Context(), t.TempDir(), strings.Fields(command)...).Output()
		if err != nil || !strings.Contains(string(out), want) {
			t.Errorf("%s: %v: no %q", command, err, want)
		}
	}
}

func TestNodeReferenceIsWritten(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if out, err := program(t.Context(), dir, "docs", "nodes", "pages").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	page, err := os.ReadFile(filepath.Join(dir, "pages", "source_file.md"))
	if err != nil || !strings.Contains(string(page), "`source_file`") {
		t.Errorf("the page of source_file: %v: %s", err, page)
	}
}

func TestHealthCommand(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := serve(t, dir)
	if out, err := program(t.Context(), dir, "health", "--url", s.url+"/health").CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
	s.kill()
	if err := program(t.Context(), dir, "health", "--url", s.url+"/health").Run(); exitStatus(err) != 1 {
		t.Errorf("a dead server is healthy: %v", err)
	}
}

func TestExample(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cmd := program(t.Context(), dir, "serve", "--port", "0", "--example", "weather-by-month")
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	defer func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}()
	buffer, text := make([]byte, 4096), ""
	for !strings.Contains(text, "broked is at http://") {
		n, err := out.Read(buffer)
		if err != nil {
			t.Fatalf("%v after %s", err, text)
		}
		text += string(buffer[:n])
	}
	if !strings.Contains(text, "success") || !strings.Contains(text, "1461 rows") {
		t.Error(text)
	}
}
