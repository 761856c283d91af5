package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestContactsInPipelines moves contacts in and out by pipelines: a file becomes
// contacts, and what is new since the last run that succeeded becomes a file.
func TestContactsInPipelines(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := serve(t, dir)
	must(t, os.WriteFile(filepath.Join(dir, "people.csv"), []byte("email,last_name\nada@example.com,Lovelace\ngrace@example.com,Hopper\n"), 0o600))
	s.call("POST", "/api/pipelines", `{"name":"in","nodes":[
		{"id":"file","type":"source_file","config":{"path":"people.csv"}},
		{"id":"contacts","type":"sink_contacts","config":{}}],
		"edges":[{"from":"file","to":"contacts"}]}`, 201, nil)
	s.call("POST", "/api/pipelines", `{"name":"out","params":{"pattern":"@"},"nodes":[
		{"id":"new","type":"source_contacts","config":{"incremental":true}},
		{"id":"names","type":"project","config":{"columns":["email","last_name"]}},
		{"id":"fine","type":"quality_check","config":{"on_failure":"block","rules":[{"rule":"regex","column":"email","params":{"pattern":"${param.pattern}"}}]}},
		{"id":"file","type":"sink_file","config":{"path":"new.csv"}}],
		"edges":[{"from":"new","to":"names"},{"from":"names","to":"fine"},{"from":"fine","to":"file"}]}`, 201, nil)
	ended := func(pipeline, params, want string) {
		t.Helper()
		var r runState
		s.call("POST", "/api/pipelines/"+pipeline+"/run", `{"params":`+params+`}`, 202, &r)
		s.follow(r.ID)
		if r = s.run(r.ID); r.Status != want {
			t.Fatalf("the run of %s is %s (%s), want %s", pipeline, r.Status, r.Error, want)
		}
	}
	wrote := func(want string) {
		t.Helper()
		got, err := os.ReadFile(filepath.Join(dir, "new.csv"))
		must(t, err)
		if string(got) != "email,last_name\n"+want {
			t.Errorf("the file has %q, want %q", got, want)
		}
	}

	ended("in", `{}`, "success")
	var history []struct {
		Source string `json:"source"`
		Actor  string `json:"actor"`
	}
	var leads []struct {
		ID string `json:"id"`
	}
	s.call("GET", "/v2/leads?email=ada@example.com", "", 200, &leads)
	s.call("GET", "/v2/leads/"+leads[0].ID+"/history", "", 200, &history)
	if h := history[0]; h.Source != "pipeline" || h.Actor != "pipeline in" {
		t.Errorf("the history tells of %+v", h)
	}

	ended("out", `{"pattern":"never"}`, "failed")
	ended("out", `{}`, "success")
	wrote("ada@example.com,Lovelace\ngrace@example.com,Hopper\n")
	ended("out", `{}`, "success")
	wrote("")
	s.call("POST", "/v2/leads", `{"email":"grace@example.com","last_name":"Murray"}`, 204, nil)
	ended("out", `{}`, "success")
	wrote("grace@example.com,Murray\n")

	if text := s.call("GET", "/api/pipelines/out/states", "", 200, nil); !strings.Contains(text, `"node_id":"new"`) {
		t.Errorf("the states are %s", text)
	}
	s.call("DELETE", "/api/pipelines/out/states/new", "", 204, nil)
	ended("out", `{}`, "success")
	wrote("ada@example.com,Lovelace\ngrace@example.com,Murray\n")
}
