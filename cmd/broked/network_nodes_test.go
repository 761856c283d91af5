package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestNodesCallWhatTheFlagsOpen runs a pipeline over HTTP in the real program, on
// the command line and in a server, which no pipeline can call.
func TestNodesCallWhatTheFlagsOpen(t *testing.T) {
	t.Parallel()
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `[{"id": 1}, {"id": 2}]`)
	}))
	t.Cleanup(api.Close)
	dir := t.TempDir()
	must(t, os.WriteFile(filepath.Join(dir, "p.yaml"), []byte(`version: "1"
name: orders
nodes:
  - {id: in, type: source_api, name: In, config: {url: "${param.url}"}}
  - {id: out, type: sink_file, name: Out, config: {path: out.csv}}
edges: [{from: in, to: out}]
params: {url: ""}
`), 0o600))
	for _, tc := range []struct {
		args   []string
		status int
		has    string
	}{
		{[]string{"--outbound-loopback", "all", "--param", "url=" + api.URL}, 0, "✓ out: 2 rows"},
		{[]string{"--param", "url=" + api.URL}, 1, "may not be reached from this server: it is this machine"},
		{[]string{"--outbound-loopback", "all", "--param", "url=http://169.254.169.254/"}, 1, "it hands out the credentials of a cloud"},
		{[]string{"--no-outbound-private", "--param", "url=http://10.0.0.1/"}, 1, "it is in a private network"},
		{[]string{"--param", "url=/api/users"}, 1, "names no machine"},
		{[]string{"--outbound-proxy", "nonsense", "--param", "url=" + api.URL}, exitUsage, "--outbound-proxy"},
	} {
		out, err := program(t.Context(), dir, append([]string{"run", "p.yaml"}, tc.args...)...).CombinedOutput()
		if exitStatus(err) != tc.status || !strings.Contains(string(out), tc.has) {
			t.Errorf("%v: %v: %s", tc.args, err, out)
		}
	}
	s := serve(t, dir, "--outbound-loopback", "all")
	for name, tc := range map[string]struct{ url, status, code string }{
		"other": {api.URL, "success", ""},
		"own":   {s.url + "/api/users", "failed", "ssrf_blocked"},
	} {
		s.call("POST", "/api/pipelines", fmt.Sprintf(`{"name":%q,"nodes":[{"id":"in","type":"source_api","name":"In","config":{"url":%q}},
			{"id":"out","type":"sink_file","name":"Out","config":{"path":"o.csv"}}],"edges":[{"from":"in","to":"out"}]}`, name, tc.url), 201, nil)
		r := s.again(name)
		s.follow(r.ID)
		if got := s.run(r.ID); got.Status != tc.status || got.Code != tc.code {
			t.Errorf("%s: %+v", name, got)
		}
	}
}
