package main

import (
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/broked/broked/internal/auth"
)

// person is somebody at a command line with a home of their own.
type person struct {
	t   *testing.T
	dir string
	env []string
}

// run runs the program, with something on standard input, and returns what it
// prints and its exit status.
func (p person) run(in string, args ...string) (out, errs string, status int) {
	p.t.Helper()
	cmd := program(p.t.Context(), p.dir, args...)
	cmd.Env = append(cmd.Env, p.env...)
	cmd.Stdin = strings.NewReader(in)
	var stdout, stderr strings.Builder
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if _, ended := errors.AsType[*exec.ExitError](err); err != nil && !ended {
		p.t.Fatal(err)
	}
	return stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()
}

// wants runs the program and fails unless it ends as said, with part in what it
// prints. It returns what it prints on standard output.
func (p person) wants(status int, part string, args ...string) string {
	p.t.Helper()
	out, errs, got := p.run("", args...)
	if got != status || !strings.Contains(out+errs, part) {
		p.t.Errorf("broked %v: status %d, want %d with %q: %s%s", args, got, status, part, out, errs)
	}
	return strings.TrimSpace(out)
}

func TestASessionOfTheCommandLine(t *testing.T) {
	t.Parallel()
	s := withRoot(t, t.TempDir())
	ada := person{t: t, dir: t.TempDir()}
	ada.wants(exitDenied, "broked login --server "+s.url, "whoami", "--server", s.url)
	ada.wants(exitUsage, "--user", "login", "--server", s.url)
	ada.wants(exitUsage, "no password", "login", "--server", s.url, "--user", "root")
	if _, errs, status := ada.run("wrong-password\n", "login", "--server", s.url, "--user", "root"); status != exitDenied || !strings.Contains(errs, "invalid credentials") {
		t.Errorf("a wrong password: %d: %s", status, errs)
	}
	ada.wants(1, "there is no database", "users", "list")
	out, errs, status := ada.run("secure-password\n", "login", "--server", strings.ToUpper(s.url[:4])+s.url[4:]+"/", "-u", "root")
	if status != 0 || out != fmt.Sprintf("signed in to %s as %q (superadmin)\n", s.url, "root") || errs != "" {
		t.Fatalf("login: %d: %s%s", status, out, errs)
	}
	kept := filepath.Join(ada.dir, "config", "broked", "credentials.json")
	for path, want := range map[string]os.FileMode{kept: 0o600, filepath.Dir(kept): 0o700} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v (%v), want mode %o", path, info, err, want)
		}
	}
	if text, err := os.ReadFile(kept); err != nil || strings.Contains(string(text), "secure-password") || !strings.Contains(string(text), s.url) {
		t.Errorf("kept: %s (%v)", text, err)
	}
	ada.wants(0, `"root" (superadmin) at `+s.url, "whoami")
	ada.wants(0, `"username": "root"`, "whoami", "-o", "json")
	ada.wants(0, `"root"`, "users", "list")
	ada.wants(1, "there is no database", "users", "list", "--data", "elsewhere")

	must(t, os.Chmod(kept, 0o644))
	ada.wants(1, "run chmod 600", "users", "list")
	must(t, os.Chmod(kept, 0o600))
	text, err := os.ReadFile(kept)
	must(t, err)
	var sessions struct {
		Servers map[string]struct{ Token string }
	}
	must(t, json.Unmarshal(text, &sessions))
	token := sessions.Servers[s.url].Token
	s.wantAs("the session", token, 200)
	ada.wants(0, "signed out of "+s.url, "logout")
	s.wantAs("the session after logout", token, 401)
	ada.wants(0, "not signed in to", "logout", "--server", s.url)
	ada.wants(1, "there is no database", "users", "list")

	must(t, os.WriteFile(filepath.Join(ada.dir, "pw"), []byte("secure-password\n"), 0o600))
	ada.env = []string{"BROKED_SERVER=" + s.url}
	ada.wants(0, "signed in", "login", "--user", "root", "--password-file", "pw")
	s.kill()
	ada.wants(exitUnavailable, "cannot be reached", "whoami")
	ada.wants(exitUnavailable, "forgotten here", "logout")
	ada.wants(0, "not signed in", "logout")
}

// TestAdministrationOfAServer does the same to a server that runs as is done to a
// data folder.
func TestAdministrationOfAServer(t *testing.T) {
	t.Parallel()
	s := withRoot(t, t.TempDir())
	root := person{t: t, dir: t.TempDir()}
	if out, errs, status := root.run("secure-password", "login", "--server", s.url, "--user", "root"); status != 0 {
		t.Fatalf("login: %s%s", out, errs)
	}
	first := root.wants(0, "", "users", "create", "ada", "--role", "admin")
	root.wants(1, "there is already an account", "users", "create", "ADA")
	root.wants(1, "role", "users", "create", "bob", "--role", "king")
	root.wants(1, "no account", "users", "unlock", "ghost")
	root.wants(1, "last active superadmin", "users", "disable", "root")
	for range auth.MaxFailures {
		s.call("POST", "/api/auth/login", `{"username":"ada","password":"wrong-password"}`, 401, nil)
	}
	ada := person{t: t, dir: t.TempDir()}
	if _, errs, status := ada.run(first, "login", "--server", s.url, "--user", "ada"); status != exitLater || !strings.Contains(errs, "try again in 15 min; try again in ") {
		t.Errorf("locked: %d: %s", status, errs)
	}
	root.wants(0, "", "users", "unlock", "ada")
	if out, errs, status := ada.run(first, "login", "--server", s.url, "--user", "ada"); status != 0 || !strings.Contains(errs, "temporary") {
		t.Errorf("unlocked: %d: %s%s", status, out, errs)
	}
	ada.wants(exitDenied, "choose another first", "users", "list")
	var made struct{ Username, Password string }
	must(t, json.Unmarshal([]byte(root.wants(0, "", "users", "reset-password", "ada", "--output", "json")), &made))
	s.call("POST", "/api/auth/login", `{"username":"ada","password":"`+first+`"}`, 401, nil)
	s.signIn(made.Username, made.Password)
	root.wants(0, "", "users", "set-role", "ada", "viewer")
	root.wants(0, "", "users", "disable", "ada")
	s.call("POST", "/api/auth/login", `{"username":"ada","password":"`+made.Password+`"}`, 401, nil)
	var users []auth.User
	must(t, json.Unmarshal([]byte(root.wants(0, "", "users", "list", "-o", "json")), &users))
	if len(users) != 2 || users[0].Name != "ada" || users[0].Role != auth.Viewer || !users[0].Disabled {
		t.Errorf("accounts %+v", users)
	}
	root.wants(0, "", "users", "enable", "ada")
	s.signIn("ada", made.Password)
	root.wants(0, "", "users", "delete", "ada")
	root.wants(1, "no account", "users", "delete", "ada")

	key := root.wants(0, auth.KeyPrefix, "keys", "create", "robot", "--permission", "audit.view", "--expires", "1h")
	out, errs, status := root.run("", "keys", "create", "robot", "--permission", "x")
	if status != 1 || !strings.Contains(errs, "permissions[0]: \"x\" is not a permission") {
		t.Errorf("a wrong permission: %d: %s%s", status, out, errs)
	}
	robot := person{t: t, dir: t.TempDir(), env: []string{"BROKED_SERVER=" + s.url, "BROKED_API_KEY=" + key}}
	robot.wants(0, `"robot" (key of a service)`, "whoami")
	robot.wants(exitDenied, "settings.manage_users", "users", "list")
	robot.wants(0, "all as they were written", "audit", "verify")
	robot.wants(0, "service_created", "audit", "list", "--limit", "1000")
	var newest []auth.AuditRecord
	must(t, json.Unmarshal([]byte(robot.wants(0, "", "audit", "list", "--limit", "3", "-o", "json")), &newest))
	if len(newest) != 3 || newest[0].Seq != newest[2].Seq+2 {
		t.Errorf("records %+v", newest)
	}
	var services []auth.ServiceAccount
	must(t, json.Unmarshal([]byte(root.wants(0, "", "keys", "list", "-o", "json")), &services))
	if len(services) != 1 || services[0].Name != "robot" || services[0].ExpiresAt == nil {
		t.Fatalf("services %+v", services)
	}
	root.wants(0, "", "keys", "revoke", string(services[0].ID))
	root.wants(1, "there is no such service", "keys", "revoke", "../users")
	robot.wants(exitDenied, "revoked", "whoami")

	root.wants(0, "sessions go on", "keys", "rotate")
	root.wants(0, "superadmin", "whoami")
	root.wants(0, "everybody signs in anew", "keys", "rotate", "--revoke-all")
	root.wants(exitDenied, "broked login", "whoami")
}

// TestServersThatAreNotTrusted checks what a client does where it should not say
// who it is.
func TestServersThatAreNotTrusted(t *testing.T) {
	t.Parallel()
	p := person{t: t, dir: t.TempDir()}
	for _, address := range []string{"ftp://127.0.0.1", "127.0.0.1:8080", "http://", "http://a@127.0.0.1", "http://127.0.0.1?x", "https://127.0.0.1#x"} {
		p.wants(exitUsage, "must be an address", "whoami", "--server", address)
	}
	p.wants(exitUsage, "--insecure", "login", "--server", "http://192.0.2.1", "--user", "x")
	p.wants(exitUsage, "--insecure", "whoami", "--server", "http://localhost.example")
	p.env = []string{"BROKED_API_KEY=" + auth.NewKey()}
	p.wants(exitUsage, "--insecure", "users", "list", "--server", "http://192.0.2.1")
	p.env = nil

	var asked []string
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { asked = append(asked, r.URL.Path) }))
	t.Cleanup(elsewhere.Close)
	answer := func(status int, header, value, body string) *httptest.Server {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set(header, value)
			w.WriteHeader(status)
			fmt.Fprint(w, body)
		}))
		t.Cleanup(srv.Close)
		return srv
	}
	p.wants(exitUnavailable, "sends elsewhere", "whoami", "--server", answer(307, "Location", elsewhere.URL, "").URL)
	if len(asked) > 0 {
		t.Errorf("another server was asked for %v", asked)
	}
	p.wants(exitUnavailable, "not as a server of broked does", "whoami", "--server", answer(502, "Content-Type", "text/html", "<h1>Bad gateway").URL)
	p.wants(exitUnavailable, "not as a server of broked does", "whoami", "--server", answer(200, "Content-Type", "text/html", "<h1>Hello").URL)
	p.wants(exitLater, "too many requests; try again in 7 s", "whoami", "--server", answer(429, "Retry-After", "7", `{"error":"too many requests","code":"rate_limited"}`).URL)

	secure := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"username":"ada","role":"viewer"}`) }))
	t.Cleanup(secure.Close)
	p.wants(exitUnavailable, "certificate", "whoami", "--server", secure.URL)
	authority := filepath.Join(p.dir, "ca.pem")
	must(t, os.WriteFile(authority, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: secure.Certificate().Raw}), 0o600))
	p.env = []string{"SSL_CERT_FILE=" + authority}
	p.wants(0, `"ada" (viewer)`, "whoami", "--server", secure.URL)
}

// TestWhereACommandWorks checks the rule by which a server or a data folder is
// chosen.
func TestWhereACommandWorks(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := withRoot(t, dir)
	s.kill()
	s = serve(t, t.TempDir(), "--api-key", serverKey) // another one, without accounts
	p := person{t: t, dir: dir, env: []string{"BROKED_API_KEY=" + serverKey}}
	has := func(want string, env []string, args ...string) {
		t.Helper()
		p := p
		p.env = slices.Concat(p.env, env)
		if out := p.wants(0, "", append([]string{"users", "list"}, args...)...); strings.Contains(out, "root") != (want == "folder") {
			t.Errorf("%v %v: %s, want that of the %s", env, args, out, want)
		}
	}
	named, folder := "BROKED_SERVER="+s.url, "BROKOLI_DATA=broked-data"
	has("folder", nil)
	has("folder", nil, "--data", "broked-data")
	has("server", nil, "--server", s.url)
	has("server", []string{named})
	has("folder", []string{named}, "--data", "broked-data")
	has("folder", []string{named}, "--db", "broked-data/broked.db")
	has("folder", []string{named, folder})
	has("server", []string{folder}, "--server", s.url)
	has("server", nil, "--server", s.url, "--data", "broked-data")
}

const serverKey = "brk_000000000000000000000000000000000000000000000001"
