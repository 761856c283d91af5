package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/broked/broked/internal/store/storetest"
)

// TestASecretIsNowhere puts one secret into a password, an extra, a variable, a Vault and an environment,
// has pipelines fail with it in several ways, and looks for it in everything that the server
// tells and keeps.
func TestASecretIsNowhere(t *testing.T) {
	t.Parallel()
	const secret = "canary/9f+Qz=0123456789abcdef"
	forms := []string{
		secret, url.QueryEscape(secret), url.PathEscape(secret), base64.StdEncoding.EncodeToString([]byte(secret)),
		base64.RawStdEncoding.EncodeToString([]byte(secret)), base64.URLEncoding.EncodeToString([]byte(secret)),
		base64.StdEncoding.EncodeToString([]byte(secret + "\n"))[:36],
	}
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, password, _ := r.BasicAuth()
		switch {
		case r.Header.Get("X-Vault-Token") == "of-vault":
			_, _ = io.WriteString(w, `{"data":{"data":{"password":"`+secret+`"}}}`)
		case r.URL.Path == "/refuses":
			w.WriteHeader(http.StatusForbidden)
			_, _ = io.WriteString(w, "no: "+r.URL.RawQuery+" "+password+" "+r.Header.Get("X-Key")+" "+r.Header.Get("Authorization"))
		case r.Header.Get("X-Key") == secret, password == secret:
			_, _ = io.WriteString(w, `[{"said": "`+secret+`"}]`)
		default:
			w.WriteHeader(http.StatusUnauthorized)
		}
	}))
	t.Cleanup(api.Close)
	dir := t.TempDir()
	vault := filepath.Join(t.TempDir(), "token")
	must(t, os.WriteFile(vault, []byte("of-vault"), 0o600))
	cmd := program(context.WithoutCancel(t.Context()), dir, "serve", "--port", "0", "--outbound-loopback", "all", "--allow-bash",
		"--vault-address", api.URL, "--vault-token-file", vault, "--vault-paths", "secret/broked")
	cmd.Env = append(os.Environ(), "BROKED_SECRET_CANARY="+secret)
	s := launch(t, cmd)
	at, err := url.Parse(storetest.Postgres(t))
	must(t, err)
	given, _ := at.User.Password()
	server := func(kind, host, port, login, password, schema string) string {
		return fmt.Sprintf(`"type":%q,"host":%q,"port":%s,"login":%q,"password":%q,"schema":%q`, kind, host, port, login, password, schema)
	}
	quoted, err := json.Marshal(secret)
	must(t, err)
	var told strings.Builder
	tell := func(method, path, body string, status int) string {
		text := s.call(method, path, body, status, nil)
		told.WriteString(path + ": " + text + "\n")
		return text
	}
	tell("POST", "/api/variables", `{"key":"token","type":"secret","value":`+string(quoted)+`}`, 200)
	for name, members := range map[string]string{
		"kept":    `"host":"` + api.URL + `","login":"ann","password":` + string(quoted),
		"taken":   `"host":"` + api.URL + `","login":"ann","password_ref":"secret://token"`,
		"headers": `"host":"` + api.URL + `","extra":` + strings.ReplaceAll(`"{\"headers\":{\"X-Key\":\"SECRET\"}}"`, "SECRET", secret),
		"wrong":   `"host":"http://nothing.invalid","login":"ann","password_ref":"secret://token"`,
		"refused": `"host":"http://127.0.0.1:1","login":"ann","password":` + string(quoted),
		"vault":   `"host":"` + api.URL + `","login":"ann","password_ref":"vault://secret/broked/crm#password"`,
		"env":     `"host":"` + api.URL + `","login":"ann","password_ref":"env://BROKED_SECRET_CANARY"`,
		"pg":      server("postgres", at.Hostname(), at.Port(), at.User.Username(), given, at.Path[1:]),
		"nobody":  server("postgres", at.Hostname(), at.Port(), "nobody", secret, "postgres"),
		"no-sql":  server("mysql", "127.0.0.1", "3306", "nobody", secret, "shop"),
	} {
		if !strings.Contains(members, `"type"`) {
			members = `"type":"http",` + members
		}
		tell("POST", "/api/connections", `{"conn_id":"`+name+`",`+members+`}`, 201)
		tell("POST", "/api/connections/"+name+"/test", "", 200)
	}
	query := func(where, text string) string {
		return `{"id":"a","type":"source_db","config":{` + where + `,"query":"` + text + `"}}`
	}
	call := func(config string) string {
		return `{"id":"a","type":"source_api","config":` + strings.Replace(config, "{", `{"execution":{"page_max_retries":0},`, 1) + `}`
	}
	var runs []string
	for name, tc := range map[string]struct{ node, status string }{
		"by-kept":       {call(`{"conn_id":"kept","url":"/rows"}`), "success"},
		"by-variable":   {call(`{"conn_id":"taken","url":"/rows"}`), "success"},
		"by-headers":    {call(`{"conn_id":"headers","url":"/rows"}`), "success"},
		"in-a-header":   {call(`{"url":"` + api.URL + `/rows","headers":{"X-Key":"${secret.token}"}}`), "success"},
		"refused-query": {call(`{"url":"` + api.URL + `/refuses?key=${secret.token}","headers":{"X-Key":"${secret.token}"}}`), "failed"},
		"refused-login": {call(`{"conn_id":"taken","url":"/refuses"}`), "failed"},
		"wrong-host":    {call(`{"conn_id":"wrong","url":"/rows"}`), "failed"},
		"refused":       {call(`{"conn_id":"refused","url":"/rows"}`), "failed"},
		"no-host":       {call(`{"url":"http://nothing.invalid/?key=${secret.token}"}`), "failed"},
		"printed":       {`{"id":"a","type":"bash","config":{"command":"echo \"it is $KEY\"; echo \"$KEY\" | base64; echo \"$KEY\" >&2; exit 3","env":{"KEY":"${secret.token}"}}}`, "failed"},
		"by-vault":      {call(`{"conn_id":"vault","url":"/rows"}`), "success"},
		"by-env":        {call(`{"conn_id":"env","url":"/rows"}`), "success"},
		"by-database":   {query(`"conn_id":"pg"`, "SELECT 1 AS n"), "success"},
		"no-login":      {query(`"conn_id":"nobody"`, "SELECT 1 AS n"), "failed"},
		"no-database":   {query(`"conn_id":"no-sql"`, "SELECT 1 AS n"), "failed"},
		"selected":      {call(`{"conn_id":"kept","url":"/rows"}`) + `,{"id":"b","type":"sql","config":{"query":"SELECT CAST(said AS INTEGER) AS n FROM input"}}`, "failed"},
	} {
		edges := ""
		if name == "selected" {
			edges = `,"edges":[{"from":"a","to":"b"}]`
		}
		tell("POST", "/api/pipelines", `{"name":"`+name+`","nodes":[`+tc.node+`]`+edges+`}`, 201)
		r := s.again(name)
		s.follow(r.ID)
		if got := s.run(r.ID); got.Status != tc.status {
			t.Errorf("%s: %+v", name, got)
		}
		runs = append(runs, r.ID)
		tell("POST", "/api/pipelines/"+name+"/dry-run", "{}", 200)
		for _, more := range []string{"", "/export", "/versions", "/validate", "/runs", "/access"} {
			tell("GET", "/api/pipelines/"+name+more, "", 200)
		}
	}
	for _, id := range runs {
		for _, more := range []string{"", "/logs", "/logs/export"} {
			tell("GET", "/api/runs/"+id+more, "", 200)
		}
	}
	for _, path := range []string{"/api/connections", "/api/variables", "/api/variables/token", "/api/variables/token/used-by", "/api/audit?limit=500", "/api/issues", "/api/alerts", "/api/lineage", "/api/dashboard", "/api/search?q=token", "/api/runs?limit=100", "/api/system/info", "/metrics"} {
		tell("GET", path, "", 200)
	}
	s.kill()
	for line := range s.log.lines {
		told.WriteString(line + "\n")
	}
	for line := range strings.Lines(told.String()) {
		for _, form := range forms {
			if strings.Contains(line, form) {
				t.Errorf("told: %.300s", line)
			}
		}
	}
	must(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasSuffix(path, ".parquet") { // whose rows are the other system's own
			return err
		}
		text, err := os.ReadFile(path)
		for _, form := range forms {
			if err == nil && strings.Contains(string(text), form) {
				t.Errorf("%s has the secret as %s", path, form)
			}
		}
		return err
	}))
}
