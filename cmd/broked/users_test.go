package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// command runs the program in dir and returns what it printed and its status.
func command(t *testing.T, dir string, args ...string) (string, int) {
	t.Helper()
	cmd := program(context.WithoutCancel(t.Context()), dir, args...)
	text, _ := cmd.CombinedOutput()
	return strings.TrimSpace(string(text)), cmd.ProcessState.ExitCode()
}

func TestAccountsOnTheHost(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	want := func(status int, part string, args ...string) string {
		t.Helper()
		text, got := command(t, dir, args...)
		if got != status || !strings.Contains(text, part) {
			t.Errorf("%v: status %d, want %d with %q: %s", args, got, status, part, text)
		}
		return text
	}
	want(1, "there is no database", "users", "list")
	must(t, os.WriteFile(filepath.Join(dir, "pw"), []byte("secure-password\n"), 0o600))
	s := serve(t, dir, "--admin-username", "root", "--admin-password-file", "pw")
	s.call("GET", "/api/pipelines", "", 401, nil)
	s.call("POST", "/api/auth/login", `{"username":"root","password":"secure-password"}`, 200, nil)
	want(exitLocked, "with --server", "users", "list")
	want(exitLocked, "with --server", "audit", "verify")
	s.kill()

	made := want(0, "", "users", "create", "ada", "--role", "admin")
	want(1, "there is already an account", "users", "create", "ADA")
	want(1, "role", "users", "create", "bob", "--role", "king")
	want(1, "no account", "users", "unlock", "ghost")
	want(1, "last active superadmin", "users", "disable", "root")
	want(0, "", "users", "unlock", "root")
	again := want(0, "", "users", "reset-password", "ada")
	want(0, `"ada"`, "users", "list")
	want(0, "admin_password_reset", "audit", "list")
	want(0, "all as they were written", "audit", "verify")

	s = serve(t, dir)
	s.call("POST", "/api/auth/login", `{"username":"ada","password":"`+made+`"}`, 401, nil)
	s.call("POST", "/api/auth/login", `{"username":"ada","password":"`+again+`"}`, 200, nil)
}

func TestFirstAccountNeedsItsPassword(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	must(t, os.WriteFile(filepath.Join(dir, "empty"), []byte("\n"), 0o600))
	must(t, os.WriteFile(filepath.Join(dir, "short"), []byte("short"), 0o600))
	for file, part := range map[string]string{"absent": "no such file", "empty": "is empty", "short": "at least 8", "": "need each other"} {
		args := []string{"serve", "--port", "0", "--admin-username", "root"}
		if file != "" {
			args = append(args, "--admin-password-file", file)
		}
		text, status := command(t, dir, args...)
		if status != 1 || !strings.Contains(text, part) || strings.Contains(text, "listening") {
			t.Errorf("%q: status %d: %s", file, status, text)
		}
	}
}
