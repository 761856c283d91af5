package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// wrapped makes every curl of a page fail when the server refuses, and shows
// which line it was.
const wrapped = `set -euo pipefail
curl() { command curl --fail-with-body "$@" || { echo "refused: curl $*" >&2; exit 1; }; }
broked() { "$BROKED" "$@"; }
`

// TestPagesOfTheDocumentation runs the commands of pages against a server, in
// order and in one shell, as a reader would: what a page calls
// http://127.0.0.1:8080 is that server, broked this program, $ADMIN is the token of an administrator
// and $KEY the key of a service account that may do everything.
func TestPagesOfTheDocumentation(t *testing.T) {
	t.Parallel()
	for page, want := range map[string][]string{
		"contacts.md": {
			`"first_name":"Ada"`, `"email":null`, `"stage":"second talk"`, `"before":{"`, `"has_next":false`, `"total":0`,
			`{"rows":1,"created":1,"updated":0,"rejected":0,"rejections":[]}`, "Hopper",
		},
		"hooks.md":    {`"secret":"whsec_`, `"event":"test"`, `"state":"pending"`, "python: True False", "node: true false"},
		"api-keys.md": {`"service_name":"nightly"`, `"permissions":["runs.view"]`},
		"backfill.md": {"31 intervals (0 0 * * *)", `"count":7`, "progress"},
		"triggers.md": {`"status":"pending"`, "Idempotency-Replayed: true", `"signed":true`, `"paused":true`, `"last_run_id":"`, `"mode":"trigger"`, `"name":"Report"`, `"stable_for":"30s"`, `"name":"leads","type":"contacts","paused":true`},
		"console.md":  {`"table":"large","run_id":"`, `"rows":2,"kept":true`, `"rows":3,"kept":false`, `"rows":[[2,"Oslo"]]`, "city,people\nBerlin,3685265\nOslo,717710\n"},
		"services.md": {`"username":"reader"`, `"ResponseMaster":"ResponseNodesInfo"`, `"ResponseMaster":"ResponseIssues"`, "0f8fad5b-d9cb-469f-a165-70867728950e"},
		"oauth.md": {
			`"token_type":"Bearer","expires_in":3600,"scope":"read write"`, `"active":true`, "/api/v1/auth/token", "client_secret_basic",
		},
	} {
		t.Run(page, func(t *testing.T) {
			t.Parallel()
			said := walk(t, page)
			for _, words := range want {
				if !strings.Contains(said, words) {
					t.Errorf("the page's commands do not say %s:\n%s", words, said)
				}
			}
		})
	}
}

// walk runs the commands of a page and returns what they said.
func walk(t *testing.T, page string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("../../docs", page))
	must(t, err)
	dir := t.TempDir()
	s := serve(t, dir)
	env := append(os.Environ(), append(s.reader(), "BROKED="+executable(), "XDG_CONFIG_HOME="+filepath.Join(dir, "config"))...)
	script := wrapped + strings.ReplaceAll(strings.Join(commands(string(text)), "\n"), "http://127.0.0.1:8080", s.url)
	shell := exec.CommandContext(t.Context(), "bash", "-c", script)
	shell.Dir, shell.Env = dir, env
	said, err := shell.CombinedOutput()
	if err != nil {
		t.Fatalf("%v:\n%s", err, said)
	}
	return string(said)
}

// commands returns the blocks of a page that are for a shell.
func commands(page string) []string {
	var all []string
	for i, part := range strings.Split(page, "\n```") {
		if block, ok := strings.CutPrefix(part, "sh\n"); ok && i%2 == 1 {
			all = append(all, block)
		}
	}
	return all
}

// reader makes an administrator and a service account, and returns the
// environment in which the commands of a page run.
func (s *server) reader() []string {
	s.t.Helper()
	s.call("POST", "/api/auth/users", `{"username":"reader","password":"secure-password","role":"superadmin"}`, 201, nil)
	admin := s.signIn("reader", "secure-password")
	var all []struct{ Name string }
	_, text := s.by("Authorization", "Bearer "+admin, "GET", "/api/permissions", "")
	must(s.t, json.Unmarshal([]byte(text), &all))
	var names []string
	for _, p := range all {
		names = append(names, `"`+p.Name+`"`)
	}
	var made struct{ Token string }
	_, text = s.by("Authorization", "Bearer "+admin, "POST", "/api/services", `{"service_name":"reader","permissions":[`+strings.Join(names, ",")+`]}`)
	must(s.t, json.Unmarshal([]byte(text), &made))
	return []string{"ADMIN=" + admin, "KEY=" + made.Token}
}
