package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// commanded returns a document whose only work is a command.
func commanded(t *testing.T, name, command string) string {
	t.Helper()
	body, err := json.Marshal(map[string]any{
		"name": name, "ir_version": "2.2",
		"nodes": []any{map[string]any{"id": "sh", "type": "bash", "config": map[string]any{"command": command, "working_dir": "."}}},
	})
	must(t, err)
	return string(body)
}

// serveCommands starts a server in dir that has a temporary folder of its own.
func serveCommands(t *testing.T, dir string, args ...string) *server {
	t.Helper()
	cmd := program(context.WithoutCancel(t.Context()), dir, append([]string{"serve", "--port", "0"}, args...)...)
	must(t, os.MkdirAll(filepath.Join(dir, "tmp"), 0o700))
	cmd.Env = append(os.Environ(), "TMPDIR="+filepath.Join(dir, "tmp"))
	return launch(t, cmd)
}

// TestCommandsNeedTheWordOfTheHost sees that nobody saves or runs a command on a
// server that was not started for that.
func TestCommandsNeedTheWordOfTheHost(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	document := commanded(t, "c", "echo hello > tmp/made.txt")
	s := serveCommands(t, dir)
	if text := s.call("POST", "/api/pipelines", document, 400, nil); !strings.Contains(text, "--allow-bash") || !strings.Contains(text, "nodes[0].config") {
		t.Errorf("refused with %s", text)
	}
	s.kill()
	s = serveCommands(t, dir, "--allow-bash")
	s.call("POST", "/api/pipelines", document, 201, nil)
	r := s.again("c")
	s.follow(r.ID)
	if got := s.run(r.ID); got.Status != "success" {
		t.Fatalf("run %+v", got)
	}
	must(t, os.Remove(filepath.Join(dir, "tmp", "made.txt")))
	s.kill()
	s = serveCommands(t, dir)
	r = s.again("c")
	s.follow(r.ID)
	if got := s.run(r.ID); got.Status != "failed" || !strings.Contains(got.Error, "--allow-bash") {
		t.Errorf("run %+v", got)
	}
	must(t, os.WriteFile(filepath.Join(dir, "c.json"), []byte(document), 0o600))
	if text, status := command(t, dir, "run", "c.json"); status != exitUsage || !strings.Contains(text, "--allow-bash") {
		t.Errorf("run without the flag: %d %s", status, text)
	}
	if _, err := os.Stat(filepath.Join(dir, "tmp", "made.txt")); err == nil {
		t.Error("the command was executed")
	}
	if text, status := command(t, dir, "run", "--dry-run", "--allow-bash", "c.json"); status != 0 {
		t.Errorf("dry run: %d %s", status, text)
	}
	if _, err := os.Stat(filepath.Join(dir, "tmp", "made.txt")); err == nil {
		t.Error("a dry run has executed the command")
	}
	if text, status := command(t, dir, "run", "--allow-bash", "c.json"); status != 0 {
		t.Errorf("run with the flag: %d %s", status, text)
	}
	if _, err := os.Stat(filepath.Join(dir, "tmp", "made.txt")); err != nil {
		t.Error("the command was not executed")
	}
}

// TestCommandsAreShutIn tries by a command what no pipeline may do on a server whose
// data folder lies in a folder that pipelines may use.
func TestCommandsAreShutIn(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := serveCommands(t, dir, "--allow-bash")
	for name, text := range map[string]string{"in.csv": "a\n1\n", "broked-data/files/own.csv": "a\n2\n"} {
		must(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	s.call("POST", "/api/pipelines", commanded(t, "prowl", `
can() { if "$@" >/dev/null 2>&1; then echo "can: $*" >> tmp/seen.txt; fi; }
can cat in.csv
can cat broked-data/files/own.csv
can cat .brokoli-jwt-secret
can cat broked-data/broked.db
can cp in.csv broked-data/broked.db-wal
can cp in.csv broked-data/more
can ls broked-data/keys
can ls broked-data/runs
can cat broked-data/keys/signing.json
can cat /etc/passwd
can cat /proc/1/environ
can ls /
can cp in.csv made-in-the-root
can cp in.csv broked-data/files/made
can ln -s "$PWD/broked-data/keys" tmp/link
can ls tmp/link/
can ln broked-data/broked.db tmp/hard
can mv broked-data/keys tmp/keys
can bash -c "exec 3<>/dev/tcp/127.0.0.1/`+s.url[strings.LastIndex(s.url, ":")+1:]+`"
env | cut -d= -f1 | sort | xargs >> tmp/seen.txt
true`), 201, nil)
	r := s.again("prowl")
	s.follow(r.ID)
	if got := s.run(r.ID); got.Status != "success" {
		t.Fatalf("run %+v", got)
	}
	got, err := os.ReadFile(filepath.Join(dir, "tmp", "seen.txt"))
	must(t, err)
	want := "can: cat in.csv\ncan: cat broked-data/files/own.csv\ncan: cp in.csv broked-data/files/made\ncan: ln -s " +
		filepath.Join(dir, "broked-data/keys") + " tmp/link\nHOME LANG OLDPWD PATH PWD SHLVL TMPDIR TZ _\n"
	if strings.ReplaceAll(string(got), "OLDPWD ", "") != strings.ReplaceAll(want, "OLDPWD ", "") {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

// TestCancelEndsCommands cancels a command that does not want to end, and has
// processes that nobody waits for.
func TestCancelEndsCommands(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := serveCommands(t, dir, "--allow-bash")
	word := "cancelled-" + rand.Text()
	s.call("POST", "/api/pipelines", commanded(t, "long", fmt.Sprintf(`trap '' TERM
setsid bash -c 'trap "" TERM; while :; do sleep 600; done # %s' &
echo there; while :; do sleep 600; done`, word)), 201, nil)
	s.cancelled("long", word)
	nothingLeft(t, dir)
}
