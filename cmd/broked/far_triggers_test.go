package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/broked/broked/internal/remote/remotetest"
)

// TestFilesElsewhereStartRuns: what arrives behind SFTP starts one run, which reads it, also
// when the server is killed in between; and what hinders that is told.
func TestFilesElsewhereStartRuns(t *testing.T) {
	t.Parallel()
	c, folder := remotetest.SFTP(t)
	dir := t.TempDir()
	s := serve(t, dir, "--outbound-loopback", "all")
	connection := func(password string) string {
		text, err := json.Marshal(map[string]any{
			"conn_id": "drop", "type": c.Type, "host": c.Host, "port": c.Port, "login": c.Login, "password": password, "options": c.Options,
		})
		must(t, err)
		return string(text)
	}
	s.call("POST", "/api/connections", connection("wrong"), 201, nil)
	s.call("POST", "/api/pipelines", `{"name":"taken","triggers":[{"name":"in","type":"file","conn_id":"drop","path":"in/*.csv","stable_for":"0s","every":"5s"}],"nodes":[
		{"id":"in","type":"source_file","config":{"conn_id":"drop","path":"${param.file}"}},
		{"id":"out","type":"sink_file","config":{"path":"out/${param.file_name}"}}],"edges":[{"from":"in","to":"out"}]}`, 201, nil)
	must(t, os.Mkdir(filepath.Join(folder, "in"), 0o700))
	await(t, func() bool {
		return strings.Contains(s.call("GET", "/api/pipelines/taken/triggers", "", 200, nil), "connection drop: ")
	})
	if uses := s.call("GET", "/api/connections/drop/used-by", "", 200, nil); !strings.Contains(uses, `"trigger":"in"`) {
		t.Errorf("the trigger does not use it: %s", uses)
	}
	s.call("PUT", "/api/connections/drop", connection(c.Password), 200, nil)
	await(t, func() bool {
		return !strings.Contains(s.call("GET", "/api/pipelines/taken/triggers", "", 200, nil), "problem")
	})
	must(t, os.WriteFile(filepath.Join(folder, "in/a.csv"), []byte("id\n1\n2\n"), 0o600))
	await(t, func() bool { return s.count("taken", "") == 1 })
	must(t, s.cmd.Process.Signal(syscall.SIGKILL))
	_ = s.cmd.Wait()
	must(t, os.WriteFile(filepath.Join(folder, "in/b.csv"), []byte("id\n3\n"), 0o600))
	s = serve(t, dir, "--outbound-loopback", "all")
	await(t, func() bool { return s.count("taken", "success") == 2 })
	for name, want := range map[string]string{"a.csv": "id\n1\n2\n", "b.csv": "id\n3\n"} {
		if got, err := os.ReadFile(filepath.Join(dir, "out", name)); err != nil || string(got) != want {
			t.Errorf("%s has %q, %v", name, got, err)
		}
	}
	if n := s.count("taken", ""); n != 2 {
		t.Errorf("there are %d runs", n)
	}
}
