package main

import (
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// TestConnectionsAreUsedAndToldToNobody has pipelines sign in to an API that says back
// what it was told, and looks for the secrets in everything that is left of it.
func TestConnectionsAreUsedAndToldToNobody(t *testing.T) {
	t.Parallel()
	const secret, tenant = "canary-passw0rd", "canary-tenant"
	var mu sync.Mutex
	var posted []string
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		name, password, _ := r.BasicAuth()
		switch {
		case name != "ann" || password != secret || r.Header.Get("X-Tenant") != tenant:
			w.WriteHeader(http.StatusUnauthorized)
		case r.URL.Path == "/v1/refuses":
			w.WriteHeader(http.StatusTeapot)
			_, _ = io.WriteString(w, "you are "+password+" with "+r.Header.Get("Authorization")+" of "+tenant)
		case r.Method == http.MethodPost:
			mu.Lock()
			defer mu.Unlock()
			posted = append(posted, r.URL.Path+" "+strings.TrimSpace(string(body)))
		default:
			_, _ = io.WriteString(w, `[{"id": 1, "said": "`+password+`"}, {"id": 2, "said": "hello"}]`)
		}
	}))
	t.Cleanup(api.Close)
	dir := t.TempDir()
	s := serve(t, dir, "--outbound-loopback", "all")
	said := s.call("POST", "/api/connections", `{"conn_id":"crm","type":"http","host":"`+api.URL+`/v1","login":"ann","password":"`+secret+`","extra":"{\"headers\":{\"X-Tenant\":\"`+tenant+`\"}}"}`, 201, nil)
	said += s.call("POST", "/api/connections/crm/test", "", 200, nil)
	if !strings.Contains(said, `"success":true`) {
		t.Errorf("the test says %s", said)
	}
	var told strings.Builder
	source := `{"id":"in","type":"source_api","name":"In","config":{"conn_id":"crm","url":"/orders"}}`
	for name, document := range map[string]string{
		"works":     `{"name":"works","nodes":[` + source + `,{"id":"out","type":"sink_api","name":"Out","config":{"conn_id":"crm","url":"sent","batch_size":10}},{"id":"tell","type":"notify","name":"T","config":{"conn_id":"crm","webhook_url":"told"}}],"edges":[{"from":"in","to":"out"},{"from":"in","to":"tell"}]}`,
		"refuses":   `{"name":"refuses","nodes":[` + strings.Replace(source, "/orders", "/refuses", 1) + `]}`,
		"elsewhere": `{"name":"elsewhere","nodes":[` + strings.Replace(source, "/orders", "http://127.0.0.2:9/x", 1) + `]}`,
		"absent":    `{"name":"absent","nodes":[` + strings.Replace(source, `"crm"`, `"nothing"`, 1) + `]}`,
	} {
		s.call("POST", "/api/pipelines", document, 201, nil)
		r := s.again(name)
		s.follow(r.ID)
		got := s.run(r.ID)
		want := map[string]string{"works": "", "refuses": "bad_answer", "elsewhere": "other_server", "absent": "connection_not_found"}[name]
		if got.Code != want || (got.Status == "success") != (want == "") {
			t.Errorf("%s: %+v", name, got)
		}
		for _, path := range []string{"/api/runs/" + r.ID, "/api/runs/" + r.ID + "/logs", "/api/pipelines/" + name + "/export"} {
			told.WriteString(s.call("GET", path, "", 200, nil))
		}
	}
	if all := strings.Join(posted, "\n"); len(posted) != 2 || !strings.Contains(all, "/v1/sent ") || !strings.Contains(all, "/v1/told ") {
		t.Errorf("posted %q", posted)
	}
	used := s.call("GET", "/api/connections/crm/used-by", "", 200, nil)
	if strings.Count(used, `"node_id":"in"`) != 3 || !strings.Contains(used, `"pipeline_name":"works","node_id":"tell"`) {
		t.Errorf("used by %s", used)
	}
	said += s.call("GET", "/api/connections", "", 200, nil) + told.String()
	for _, c := range []string{secret, tenant} {
		if strings.Contains(said, c) {
			t.Errorf("%s is told", c)
		}
	}
	s.kill()
	for line := range s.log.lines {
		if strings.Contains(line, "canary") {
			t.Errorf("the log has %s", line)
		}
	}
	must(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasSuffix(path, ".parquet") { // whose rows are the API's own
			return err
		}
		text, err := os.ReadFile(path)
		if err == nil && strings.Contains(string(text), "canary") {
			t.Errorf("%s has a secret in clear", path)
		}
		return err
	}))

	// Another key does not fit, and changes nothing.
	key := filepath.Join(dir, "broked-data", "keys", "data.key")
	kept, err := os.ReadFile(key)
	must(t, err)
	must(t, os.Remove(key))
	for name, args := range map[string][]string{"no key": {}, "another": {"--encryption-key-file", filepath.Join(dir, "other.key")}} {
		must(t, os.WriteFile(filepath.Join(dir, "other.key"), []byte("YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXowMTIzNDU=\n"), 0o600))
		out, err := program(t.Context(), dir, append([]string{"serve", "--port", "0"}, args...)...).CombinedOutput()
		if exitStatus(err) != 1 || !strings.Contains(string(out), "BROKOLI_ENCRYPTION_KEY_FILE") {
			t.Errorf("%s: %v: %s", name, err, out)
		}
	}
	must(t, os.WriteFile(key, kept, 0o600))
	s = serve(t, dir, "--outbound-loopback", "all")
	if again := s.call("POST", "/api/connections/crm/test", "", 200, nil); !strings.Contains(again, `"success":true`) {
		t.Errorf("with its key again: %s", again)
	}
}
