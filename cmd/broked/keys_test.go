package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/broked/broked/internal/auth"
)

// by sends a request with a header and returns the answer's status and body.
func (s *server) by(header, value, method, path, body string) (int, string) {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), method, s.url+path, strings.NewReader(body))
	must(s.t, err)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set(header, value)
	res, err := http.DefaultClient.Do(req)
	must(s.t, err)
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	must(s.t, err)
	return res.StatusCode, string(text)
}

// output runs the program in dir and returns what it prints on standard output.
func output(t *testing.T, dir string, args ...string) string {
	t.Helper()
	cmd := program(t.Context(), dir, args...)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("broked %v: %v: %s", args, err, errs.String())
	}
	return string(out)
}

func TestGenerateKey(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first, second := output(t, dir, "generate-key"), output(t, dir, "generate-key")
	if !regexp.MustCompile(`^brk_[0-9A-Za-z]{38}\n$`).MatchString(first) || first == second {
		t.Errorf("generate-key prints %q and %q", first, second)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("it leaves %v behind (%v)", left, err)
	}
}

func TestServerRefusesAMalformedKey(t *testing.T) {
	t.Parallel()
	key := auth.NewKey()
	for _, bad := range []string{"secret", "brk_", key + "x", key[:41], "brk_" + strings.Repeat("g", 48)} {
		dir := t.TempDir()
		cmd := program(t.Context(), dir, "serve", "--port", "0")
		cmd.Env = append(cmd.Env, "BROKOLI_API_KEY="+bad)
		out, err := cmd.CombinedOutput()
		if exitStatus(err) != exitUsage || !strings.Contains(string(out), "--api-key must be") || len(bad) > 4 && strings.Contains(string(out), bad) {
			t.Errorf("%q: exit status %d: %s", bad, exitStatus(err), out)
		}
		if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
			t.Errorf("it leaves %v behind (%v)", left, err)
		}
	}
}

// TestNoKeyIsKept uses a server by its own key and by one that it made, well and
// badly, and looks for both in everything that it wrote and answered.
func TestNoKeyIsKept(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	own := auth.NewKey()
	s := serve(t, dir, "--api-key", own)
	status, text := s.by("X-API-Key", own, "POST", "/api/services", `{"service_name":"robot","permissions":["pipelines.view"]}`)
	var made struct{ ID, Token string }
	must(t, json.Unmarshal([]byte(text), &made))
	if status != http.StatusCreated || made.Token == "" {
		t.Fatalf("%d: %s", status, text)
	}
	var answers strings.Builder
	for _, key := range []string{own, made.Token} {
		for _, req := range []struct {
			header, value, path string
			want                int
		}{
			{"Authorization", "Bearer " + key, "/api/pipelines", 200},
			{"X-API-Key", key, "/api/pipelines", 200},
			{"Authorization", "Token token=" + key, "/api/pipelines", 200},
			{"Authorization", "Bearer " + key, "/api/auth/me", 200},
			{"Authorization", "Bearer " + key + "x", "/api/pipelines", 401},
			{"Authorization", "Basic " + key, "/api/pipelines", 401},
			{"X-API-Key", key, "/api/pipelines?api_key=" + key, 400},
		} {
			status, text := s.by(req.header, req.value, "GET", req.path, "")
			if status != req.want {
				t.Errorf("%s %s %s: %d, want %d: %s", req.header, req.value, req.path, status, req.want, text)
			}
			answers.WriteString(text)
		}
	}
	for _, path := range []string{"/api/services", "/api/services/" + made.ID, "/api/audit", "/api/system/info"} {
		_, text := s.by("X-API-Key", own, "GET", path, "")
		answers.WriteString(text)
	}
	wantNowhere(t, "an answer", []byte(answers.String()), own, made.Token)
	if status, text := s.by("X-API-Key", own, "DELETE", "/api/services/"+made.ID, ""); status != 204 {
		t.Fatalf("revoke: %d: %s", status, text)
	}
	s.kill()
	for line := range s.log.lines {
		s.log.seen = append(s.log.seen, line)
	}
	wantNowhere(t, "the log", []byte(strings.Join(s.log.seen, "\n")), own, made.Token)
	looked := 0
	must(t, filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := os.ReadFile(name)
		must(t, err)
		wantNowhere(t, name, content, own, made.Token)
		looked++
		return nil
	}))
	if looked == 0 {
		t.Error("there is no file of the server")
	}

	s = serve(t, dir)
	for _, key := range []string{own, made.Token} { // one that this server was not given, one that is revoked
		if status, text := s.by("X-API-Key", key, "GET", "/api/pipelines", ""); status != 401 {
			t.Errorf("after a crash: %d, want 401: %s", status, text)
		}
	}
}

// wantNowhere fails when content has one of keys, or a part of one that is not
// shown on purpose.
func wantNowhere(t *testing.T, where string, content []byte, keys ...string) {
	t.Helper()
	for _, key := range keys {
		for _, part := range []string{key[8:26], key[20:38]} {
			if bytes.Contains(content, []byte(part)) {
				t.Errorf("%s has a key", where)
			}
		}
	}
}

func TestServersDoNotHandTheirKeyOn(t *testing.T) {
	t.Parallel()
	dir, key := t.TempDir(), auth.NewKey()
	rows(t, dir, "in.csv", 300_000)
	cmd := program(context.WithoutCancel(t.Context()), dir, "serve", "--port", "0")
	cmd.Env = append(cmd.Env, "BROKOLI_API_KEY="+key)
	s := launch(t, cmd)
	if status, text := s.by("Authorization", "Bearer "+key, "GET", "/api/auth/me", ""); status != 200 || !strings.Contains(text, "server-key") {
		t.Fatalf("%d: %s", status, text)
	}
	r := s.start("p", "in.csv", slow, "out.csv")
	s.events(r.ID, func(name string) bool { return name != "node.started" })
	pids := engines(t, s.cmd.Process.Pid)
	if len(pids) == 0 {
		t.Fatal("no engine works")
	}
	for _, pid := range pids {
		environ, err := os.ReadFile(filepath.Join("/proc", itoa(pid), "environ"))
		must(t, err)
		wantNowhere(t, "the environment of an engine", environ, key)
	}
}

func TestKeysOnTheHost(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	fails := func(want int, words string, args ...string) {
		t.Helper()
		out, err := program(t.Context(), dir, args...).CombinedOutput()
		if exitStatus(err) != want || !strings.Contains(string(out), words) {
			t.Errorf("broked %v: exit status %d, want %d: %s", args, exitStatus(err), want, out)
		}
	}
	fails(1, "there is no database", "keys", "list")
	s := serve(t, dir)
	fails(exitLocked, "with --server", "keys", "create", "robot", "--permission", "runs.view")
	s.kill()

	key := strings.TrimSpace(output(t, dir, "keys", "create", "robot", "--permission", "runs.view", "--permission", "pipelines.view", "--expires", "720h"))
	fails(1, "there is already a service", "keys", "create", "ROBOT", "--permission", "runs.view")
	fails(1, "permissions[0]", "keys", "create", "other", "--permission", "runs.fly")
	fails(exitUsage, "--permission", "keys", "create", "other")
	fails(exitUsage, "--expires", "keys", "create", "other", "--permission", "runs.view", "--expires", "-1h")
	list := output(t, dir, "keys", "list")
	id := regexp.MustCompile(`(?m)^(\S+)  "robot"  ` + key[:8] + `\.\.\.` + key[38:] + `  .*pipelines\.view runs\.view$`).FindStringSubmatch(list)
	if id == nil || strings.Contains(list, key) {
		t.Fatalf("keys list prints %s", list)
	}
	s = serve(t, dir)
	for path, want := range map[string]int{"/api/pipelines": 200, "/api/services": 403} {
		if status, text := s.by("Authorization", "Bearer "+key, "GET", path, ""); status != want {
			t.Errorf("%s: %d, want %d: %s", path, status, want, text)
		}
	}
	if text := s.call("GET", "/api/audit", "", 200, nil); !strings.Contains(text, `"actor_kind":"host"`) {
		t.Errorf("the audit log does not say that the host made a key: %s", text)
	}
	s.kill()
	output(t, dir, "keys", "revoke", id[1])
	fails(1, "there is no such service", "keys", "revoke", "nobody")
	if list := output(t, dir, "keys", "list"); !strings.Contains(list, "revoked 2") {
		t.Errorf("keys list prints %s", list)
	}
	s = serve(t, dir)
	if status, text := s.by("Authorization", "Bearer "+key, "GET", "/api/pipelines", ""); status != 401 {
		t.Errorf("a revoked key: %d: %s", status, text)
	}
}
