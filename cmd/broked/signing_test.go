package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// withRoot starts a server in dir whose first account is root.
func withRoot(t *testing.T, dir string, args ...string) *server {
	t.Helper()
	must(t, os.WriteFile(filepath.Join(dir, "pw"), []byte("secure-password\n"), 0o600))
	return serve(t, dir, append([]string{"--admin-username", "root", "--admin-password-file", "pw"}, args...)...)
}

// signIn returns a token of an account.
func (s *server) signIn(name, password string) string {
	s.t.Helper()
	var in struct{ Token string }
	s.call("POST", "/api/auth/login", `{"username":"`+name+`","password":"`+password+`"}`, 200, &in)
	return in.Token
}

func (s *server) wantAs(what, token string, want int) {
	s.t.Helper()
	if got := s.as(token, "/api/pipelines"); got != want {
		s.t.Errorf("%s: %d, want %d", what, got, want)
	}
}

func TestSigningKeysAreRotated(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	fails := func(want int, part string, args ...string) {
		t.Helper()
		if text, status := command(t, dir, args...); status != want || !strings.Contains(text, part) {
			t.Errorf("%v: status %d, want %d with %q: %s", args, status, want, part, text)
		}
	}
	fails(1, "there is no database", "keys", "rotate")
	s := withRoot(t, dir)
	first := s.signIn("root", "secure-password")
	fails(exitLocked, "with --server", "keys", "rotate")
	if status, text := s.by("Authorization", "Bearer "+first, "POST", "/api/auth/signing-key/rotate", "{}"); status != 200 {
		t.Fatalf("rotate: %d: %s", status, text)
	}
	s.wantAs("the old key, in the server that rotated", first, 200)
	second := s.signIn("root", "secure-password")
	s.kill()

	elsewhere := t.TempDir()
	if text, status := command(t, elsewhere, "keys", "rotate", "--data", filepath.Join(dir, "broked-data")); status != 1 || !strings.Contains(text, "in which the server is started") {
		t.Errorf("in another folder: %d: %s", status, text)
	}
	fails(0, "sessions go on, and the old key works until "+time.Now().Add(24*time.Hour).UTC().Format("2006-01-02T"), "keys", "rotate")
	s = serve(t, dir)
	s.wantAs("two keys before, after a crash", first, 200)
	s.wantAs("the key before, after a crash", second, 200)
	third := s.signIn("root", "secure-password")
	s.kill()

	endAll(t, filepath.Join(dir, "broked-data/keys/signing.json"))
	s = serve(t, dir)
	s.wantAs("a key whose time is over", first, 401)
	s.wantAs("another", second, 401)
	s.wantAs("the key that signs", third, 200)
	s.kill()

	fails(0, "everybody signs in anew", "keys", "rotate", "--revoke-all")
	s = serve(t, dir)
	s.wantAs("after revoking all", third, 401)
	s.wantAs("a new sign-in", s.signIn("root", "secure-password"), 200)
	s.kill()
	fails(0, `{"revoke_all":true,"sessions_ended":3}`, "audit", "list")
	fails(0, "all as they were written", "audit", "verify")

	must(t, os.Chmod(filepath.Join(dir, "broked-data/keys/signing.json"), 0o640))
	fails(1, "run chmod 600", "serve", "--port", "0")
	must(t, os.Chmod(filepath.Join(dir, "broked-data/keys/signing.json"), 0o600))
	cmd := program(t.Context(), dir, "keys", "rotate")
	cmd.Env = append(cmd.Env, "BROKOLI_JWT_SECRET="+strings.Repeat("s", 32))
	if out, err := cmd.CombinedOutput(); exitStatus(err) != 1 || !strings.Contains(string(out), "put another there") {
		t.Errorf("a key from the environment: %v: %s", err, out)
	}
}

// endAll sets the end of every key in a file of retired keys to a second ago.
func endAll(t *testing.T, path string) {
	t.Helper()
	text, err := os.ReadFile(path)
	must(t, err)
	var file struct {
		Retired []struct {
			Key  string    `json:"key"`
			Ends time.Time `json:"ends"`
		} `json:"retired"`
	}
	must(t, json.Unmarshal(text, &file))
	if len(file.Retired) != 2 {
		t.Errorf("%d retired keys, want 2", len(file.Retired))
	}
	for i := range file.Retired {
		file.Retired[i].Ends = time.Now().Add(-time.Second)
	}
	text, err = json.Marshal(file)
	must(t, err)
	must(t, os.WriteFile(path, text, 0o600))
}

// TestEndedSessionsStayEnded kills the server right after it has said that a
// session has ended.
func TestEndedSessionsStayEnded(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := withRoot(t, dir)
	token := s.signIn("root", "secure-password")
	if status, text := s.by("Authorization", "Bearer "+token, "POST", "/api/auth/logout", "{}"); status != 200 {
		t.Fatalf("logout: %d: %s", status, text)
	}
	s.kill()
	s = serve(t, dir)
	s.wantAs("a token after its logout and a crash", token, 401)

	token, other := s.signIn("root", "secure-password"), s.signIn("root", "secure-password")
	status, text := s.by("Authorization", "Bearer "+token, "POST", "/api/auth/change-password", `{"current_password":"secure-password","new_password":"another-password"}`)
	s.kill()
	var changed struct{ Token string }
	must(t, json.Unmarshal([]byte(text), &changed))
	if status != 200 || changed.Token == "" {
		t.Fatalf("change the password: %d: %s", status, text)
	}
	s = serve(t, dir)
	s.wantAs("the token before the change", token, 401)
	s.wantAs("another session", other, 401)
	s.wantAs("the session that goes on", changed.Token, 200)
	s.call("POST", "/api/auth/login", `{"username":"root","password":"secure-password"}`, 401, nil)
	s.signIn("root", "another-password")
}
