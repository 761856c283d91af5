package main

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/broked/broked/internal/store/storetest"
)

// TestAnInstallationMovesToPostgreSQL: everything is there afterwards, a run that failed
// before is resumed with the rows that it had kept, and the file has not changed.
func TestAnInstallationMovesToPostgreSQL(t *testing.T) {
	t.Parallel()
	database, dir := storetest.Postgres(t), t.TempDir()
	rows(t, dir, "in.csv", 30)
	s := serve(t, dir)
	failed := half(t, s, dir, harmless)
	s.call("POST", "/api/pipelines", `{"name":"later","schedule":"0 3 * * *","enabled":true,"nodes":[],"edges":[],"draft":true}`, 201, nil)
	if out, err := program(t.Context(), dir, "migrate", "--to", database).CombinedOutput(); exitStatus(err) != exitLocked {
		t.Errorf("while the server runs: %v: %s", err, out)
	}
	must(t, s.cmd.Process.Signal(syscall.SIGTERM))
	_ = s.cmd.Wait()

	out, err := program(t.Context(), dir, "migrate", "--to", database).CombinedOutput()
	must(t, err)
	for _, want := range []string{"pipelines ", "run_events ", "audit "} {
		if !strings.Contains(string(out), want) {
			t.Errorf("the copy does not tell of %s: %s", want, out)
		}
	}
	again, err := program(t.Context(), dir, "migrate", "--to", database).CombinedOutput()
	if exitStatus(err) != 1 || !strings.Contains(string(again), "is in use: its table pipelines is not empty") {
		t.Errorf("a second time: %v: %s", err, again)
	}

	s = serve(t, dir, "--db", database)
	if got := s.run(failed.ID); got.Status != "failed" || len(got.NodeRuns) != 6 {
		t.Errorf("the run from before: %+v", got)
	}
	s.call("GET", "/api/pipelines/later", "", 200, nil)
	s.call("GET", "/api/runs/"+failed.ID+"/logs", "", 200, nil)
	rates(t, dir, "country,rate")
	resumed := s.ended(s.resume(failed.ID, "").ID)
	if resumed.Status != "success" || !strings.Contains(resumed.nodes(), "work restored 10") {
		t.Errorf("resumed: %s %s, %s", resumed.Status, resumed.Error, resumed.nodes())
	}
	s.kill()
	s = serve(t, dir) // the file
	if got := s.run(failed.ID); got.Status != "failed" {
		t.Errorf("in the file it is %s", got.Status)
	}
	s.call("GET", "/api/runs/"+resumed.ID, "", 404, nil)
}

func TestMigrateRefuses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, test := range map[string]struct {
		args []string
		want string
	}{
		"no target":     {nil, "--to must be a postgres:// URL"},
		"no PostgreSQL": {[]string{"--to", "x.db"}, "--to must be a postgres:// URL"},
		"no database":   {[]string{"--to", "postgres://me:hunter2@127.0.0.1:1/y"}, "there is no database " + filepath.Join("broked-data", "broked.db")},
	} {
		out, err := program(t.Context(), dir, append([]string{"migrate"}, test.args...)...).CombinedOutput()
		if err == nil || !strings.Contains(string(out), test.want) || strings.Contains(string(out), "hunter2") {
			t.Errorf("%s: %v: %s", name, err, out)
		}
	}
}
