package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// elsewhere returns an address of this machine that is not loopback, as a caller
// from another machine has one.
func elsewhere(t *testing.T) string {
	t.Helper()
	all, err := net.InterfaceAddrs()
	must(t, err)
	for _, a := range all {
		if n, ok := a.(*net.IPNet); ok && !n.IP.IsLoopback() && n.IP.To4() != nil {
			return n.IP.String()
		}
	}
	t.Skip("this machine has no address but its own")
	return ""
}

func TestListensOnThisMachineOnly(t *testing.T) {
	t.Parallel()
	s := serve(t, t.TempDir())
	host, port, err := net.SplitHostPort(strings.TrimPrefix(s.url, "http://"))
	must(t, err)
	if host != "127.0.0.1" {
		t.Errorf("listens on %s", host)
	}
	c, err := new(net.Dialer).DialContext(t.Context(), "tcp", net.JoinHostPort(elsewhere(t), port))
	if err == nil {
		_ = c.Close()
		t.Error("can be reached from elsewhere")
	}
}

func TestOpenModeIsForThisMachineOnly(t *testing.T) {
	t.Parallel()
	address := elsewhere(t)
	s := serve(t, t.TempDir(), "--host", "0.0.0.0")
	_, port, err := net.SplitHostPort(strings.TrimPrefix(s.url, "http://"))
	must(t, err)
	s.call("GET", "/api/pipelines", "", 200, nil)
	s.url = "http://" + net.JoinHostPort(address, port)
	for _, r := range []struct{ method, path, body string }{
		{"GET", "/api/pipelines", ""},
		{"POST", "/api/pipelines", `{"name":"x"}`},
		{"GET", "/api/audit", ""},
		{"POST", "/api/services", `{"service_name":"x"}`},
		{"POST", "/api/auth/users", `{"username":"x","password":"secure-password"}`},
	} {
		s.call(r.method, r.path, r.body, 403, nil)
	}
	s.call("GET", "/health", "", 200, nil)
}

// TestFloodOfSignIns sends 200 sign-ins at once to a server without other limits.
func TestFloodOfSignIns(t *testing.T) {
	t.Parallel()
	s := serve(t, t.TempDir(), "--limit", "people=off", "--limit", "auth=off")
	s.call("POST", "/api/auth/users", `{"username":"root","password":"secure-password"}`, 201, nil)
	var mu sync.Mutex
	answers := map[string]int{}
	var flood sync.WaitGroup
	for i := range 200 {
		flood.Go(func() {
			res, err := http.Post(s.url+"/api/auth/login", "application/json", strings.NewReader(fmt.Sprintf(`{"username":"u%d","password":"wrong"}`, i)))
			if err != nil {
				t.Error(err)
				return
			}
			defer res.Body.Close()
			mu.Lock()
			defer mu.Unlock()
			answers[fmt.Sprint(res.StatusCode, " ", res.Header.Get("Retry-After"))]++
		})
	}
	over := make(chan struct{})
	go func() { flood.Wait(); close(over) }()
	for going := true; going; {
		s.call("GET", "/health", "", 200, nil)
		select {
		case <-over:
			going = false
		default:
		}
	}
	if answers["401 "]+answers["503 1"] != 200 || answers["401 "] == 0 || answers["503 1"] == 0 {
		t.Errorf("answers: %v, want some 401 and the others 503 with Retry-After 1", answers)
	}
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	if err != nil {
		return // not Linux
	}
	_, rest, _ := strings.Cut(string(text), "VmHWM:")
	var peak int
	_, err = fmt.Sscan(rest, &peak)
	must(t, err)
	if peak > 300<<10*memoryFactor {
		t.Errorf("the server took %d MB", peak>>10)
	}
	s.call("POST", "/api/auth/login", `{"username":"root","password":"secure-password"}`, 200, nil)
}

// TestSecretsAreNowhere does what has to do with secrets, and then looks for them
// in the answers, the log, the audit log and the files.
func TestSecretsAreNowhere(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	const jwt = "canary-jwt-5f2b1c7e9a4d4c0f8e6b3a2d1c0b9a8f"
	cmd := program(t.Context(), dir, "serve", "--port", "0", "--log-format", "text")
	cmd.Env = append(cmd.Env, "BROKOLI_JWT_SECRET="+jwt)
	s := launch(t, cmd)
	setup := s.log.await(t, `setup_token=(\S+)`)
	secrets := map[string]string{"the JWT secret": jwt}
	var answers strings.Builder
	send := func(method, path, body string, want int, header ...string) string {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), method, s.url+path, strings.NewReader(body))
		must(t, err)
		req.Header.Set("Content-Type", "application/json")
		for i := 0; i < len(header); i += 2 {
			req.Header.Set(header[i], header[i+1])
		}
		res, err := http.DefaultClient.Do(req)
		must(t, err)
		defer res.Body.Close()
		var text bytes.Buffer
		_, err = text.ReadFrom(res.Body)
		must(t, err)
		if res.StatusCode != want {
			t.Fatalf("%s %s: %d, want %d: %s", method, path, res.StatusCode, want, &text)
		}
		return text.String()
	}
	// kept sends what must be answered without a secret, shown what is answered by
	// one on purpose.
	kept := func(method, path, body string, want int, header ...string) {
		t.Helper()
		answers.WriteString(send(method, path, body, want, header...))
	}
	shown := func(name, member, method, path, body string, want int, header ...string) string {
		t.Helper()
		var members map[string]any
		must(t, json.Unmarshal([]byte(send(method, path, body, want, header...)), &members))
		secret, _ := members[member].(string)
		if secret == "" {
			t.Fatalf("%s %s shows no %s", method, path, member)
		}
		secrets[name] = secret
		return secret
	}

	kept("POST", "/api/auth/users", `{"username":"root","password":"canary-first-1"}`, 403, "Via", "1.1 x", "X-Setup-Token", "canary-wrong-setup")
	kept("POST", "/api/auth/users", `{"username":"root","password":"canary-first-1","role":"superadmin"}`, 201, "Via", "1.1 x", "X-Setup-Token", setup)
	kept("POST", "/api/auth/login", `{"username":"root","password":"canary-guess-2"}`, 401)
	kept("POST", "/api/auth/login", `{"username":"canary-typed-as-name-3","password":"x"}`, 401)
	kept("POST", "/api/auth/login", `{"username":"root","password":"canary-cut-4"`, 400)
	kept("POST", "/api/auth/login", `{"username":"root","password":"canary-twice-5","password":"canary-twice-5"}`, 400)
	kept("POST", "/api/auth/login", `{"username":"root","passwort":"canary-member-6"}`, 400)
	kept("POST", "/api/auth/login", `{"username":"root","password":["canary-list-7"]}`, 400)
	kept("GET", "/api/auth/login?password=canary-query-8", "", 405)
	token := shown("a session token", "token", "POST", "/api/auth/login", `{"username":"root","password":"canary-first-1"}`, 200)
	as := []string{"Authorization", "Bearer " + token}
	kept("GET", "/api/pipelines?token="+token, "", 400)
	kept("GET", "/api/pipelines", "", 401, "Authorization", "Bearer "+token+"x")
	kept("GET", "/api/pipelines", "", 401, "Authorization", "Basic "+token)
	kept("POST", "/api/auth/users", `{"username":"ada","password":"canary-first-1"}`, 201, as...)
	kept("POST", "/api/auth/users", `{"username":"canary-first-1x","password":"canary-first-1x"}`, 400, as...)
	var users []struct{ ID, Username string }
	must(t, json.Unmarshal([]byte(send("GET", "/api/auth/users", "", 200, as...)), &users))
	for _, u := range users {
		if u.Username == "ada" {
			temporary := shown("a temporary password", "password", "POST", "/api/auth/admin-reset-password", `{"user_id":"`+u.ID+`"}`, 200, as...)
			ada := shown("another session token", "token", "POST", "/api/auth/login", `{"username":"ada","password":"`+temporary+`"}`, 200)
			kept("GET", "/api/pipelines", "", 403, "Authorization", "Bearer "+ada)
			kept("POST", "/api/auth/change-password", `{"current_password":"canary-wrong-9","new_password":"canary-new-10"}`, 400, "Authorization", "Bearer "+ada)
			kept("POST", "/api/auth/change-password", `{"current_password":"`+temporary+`","new_password":"`+temporary+`"}`, 400, "Authorization", "Bearer "+ada)
		}
	}
	key := shown("a key", "token", "POST", "/api/services", `{"service_name":"robot","permissions":["pipelines.view"]}`, 201, as...)
	kept("GET", "/api/pipelines", "", 200, "X-API-Key", key)
	kept("GET", "/api/pipelines", "", 401, "X-API-Key", key[:41]+"x")
	kept("GET", "/api/pipelines?api_key="+key, "", 400)
	for _, path := range []string{"/api/services", "/api/auth/users", "/api/auth/sessions", "/api/audit?limit=500", "/api/system/info", "/api/auth/me"} {
		kept("GET", path, "", 200, as...)
	}
	s.kill()
	for line := range s.log.lines {
		s.log.seen = append(s.log.seen, line)
	}

	look := func(where string, content []byte) {
		for name, secret := range secrets {
			// The beginning and the end of a key are shown on purpose.
			for _, part := range []string{secret, secret[len(secret)/4 : len(secret)*3/4]} {
				if bytes.Contains(content, []byte(part)) {
					t.Errorf("%s: %s is there", where, name)
					break
				}
			}
		}
		if i := bytes.Index(content, []byte("canary-")); i >= 0 {
			t.Errorf("%s: a password is there: %s", where, content[max(0, i-60):min(len(content), i+60)])
		}
	}
	look("the answers", []byte(answers.String()))
	look("the log", []byte(strings.ReplaceAll(strings.Join(s.log.seen, "\n"), "setup_token="+setup, "")))
	secrets["the setup token"] = setup
	files := 0
	must(t, filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := os.ReadFile(name)
		must(t, err)
		look(name, content)
		files++
		return nil
	}))
	if files < 2 {
		t.Errorf("only %d files were looked at", files)
	}
}
