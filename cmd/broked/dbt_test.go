package main

import (
	"crypto/rand"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// shamDBT does as dbt's documentation says of its events and of what it leaves in
// target. It tells of what it can reach.
const shamDBT = `#!/bin/bash
say() { printf '{"info": {"level": "%s", "msg": "%s", "name": "X", "invocation_id": "'"$ID"'"}, "data": {}}\n' "$1" "$2"; }
can() { if "$@" >/dev/null 2>&1; then say info "can: $*"; fi; }
ID=$RANDOM$RANDOM
say debug "not told"
say info "called with $*"
can cat dbt_project.yml
can cat "$SECRETS"
can cat /etc/passwd
can touch /dev/shm/sham-$ID && rm -f /dev/shm/sham-$ID
can bash -c "exec 3<>/dev/tcp/127.0.0.1/$PORT"
say info "$(env | cut -d= -f1 | sort | xargs)"
result() { printf '%s{"unique_id": "model.shop.%s", "status": "%s", "execution_time": 0.25, "message": "%s", "adapter_response": {"rows_affected": %s}}' "$1" "$2" "$3" "$4" "$5"; }
results() { mkdir -p "$DBT_TARGET_PATH"; printf '{"metadata": {"invocation_id": "%s"}, "results": [%s]}' "$ID" "$(cat)" > "$DBT_TARGET_PATH/run_results.json"; }
case "$3:$MODE" in
run:) { result "" orders success "SELECT 3" 3; result , users skipped "" null; } | results ;;
run:bad) say error "1 of 2 ERROR"; { result "" orders success ok 3; result , users error "no table people" null; } | results; exit 1 ;;
run:broken) say error "no profile of that name"; exit 2 ;;
run:nothing) ;;
run:long) trap '' TERM; say info there; exec -a "$WORD" sleep 600 ;;
ls:) printf '{"info": {"level": "info", "msg": "{\\"unique_id\\": \\"model.shop.orders\\"}"}}\n{"unique_id": "test.shop.not_null.a1"}\n' ;;
esac
`

// dbtWorld is a server with a project and a dbt that is none.
func dbtWorld(t *testing.T) (dir, program string, s *server) {
	t.Helper()
	dir, program = t.TempDir(), filepath.Join(t.TempDir(), "dbt")
	must(t, os.WriteFile(program, []byte(shamDBT), 0o755))
	must(t, os.MkdirAll(filepath.Join(dir, "shop"), 0o755))
	must(t, os.WriteFile(filepath.Join(dir, "shop", "dbt_project.yml"), []byte("name: shop\n"), 0o600))
	return dir, program, serveCommands(t, dir, "--allow-dbt", program)
}

func dbtDocument(t *testing.T, name string, config map[string]any) string {
	t.Helper()
	config["project_dir"] = "shop"
	body, err := json.Marshal(map[string]any{
		"name": name, "ir_version": "2.2",
		"nodes": []any{
			map[string]any{"id": "dbt", "type": "dbt", "config": config},
			map[string]any{"id": "out", "type": "sink_file", "config": map[string]any{"path": name + ".csv"}},
		},
		"edges": []any{map[string]any{"from": "dbt", "to": "out"}},
	})
	must(t, err)
	return string(body)
}

// TestDBTNeedsTheWordOfTheHost sees that nobody saves or runs a dbt node on a server
// that was not started for that.
func TestDBTNeedsTheWordOfTheHost(t *testing.T) {
	t.Parallel()
	dir, program, s := dbtWorld(t)
	document := dbtDocument(t, "d", map[string]any{})
	s.call("POST", "/api/pipelines", document, 201, nil)
	s.kill()
	s = serveCommands(t, dir, "--allow-bash")
	if text := s.call("POST", "/api/pipelines", dbtDocument(t, "e", map[string]any{}), 400, nil); !strings.Contains(text, "--allow-dbt") || !strings.Contains(text, "nodes[0].config") {
		t.Errorf("refused with %s", text)
	}
	r := s.again("d")
	s.follow(r.ID)
	if got := s.run(r.ID); got.Status != "failed" || !strings.Contains(got.Error, "--allow-dbt") {
		t.Errorf("run %+v", got)
	}
	must(t, os.WriteFile(filepath.Join(dir, "d.json"), []byte(document), 0o600))
	if text, status := command(t, dir, "run", "d.json"); status != exitUsage || !strings.Contains(text, "--allow-dbt") {
		t.Errorf("run without the flag: %d %s", status, text)
	}
	if text, status := command(t, dir, "run", "--dry-run", "--allow-dbt", program, "d.json"); status != 0 {
		t.Errorf("dry run: %d %s", status, text)
	}
	if _, err := os.Stat(filepath.Join(dir, "shop", "target")); err == nil {
		t.Error("dbt was executed")
	}
	own := filepath.Join(dir, "dbt")
	must(t, os.WriteFile(own, []byte(shamDBT), 0o755))
	if text, status := command(t, dir, "run", "--allow-dbt", own, "d.json"); status != 1 || !strings.Contains(text, "pipelines may write to") {
		t.Errorf("a program among the files of pipelines: %d %s", status, text)
	}
}

// TestDBTGivesItsResults runs dbt in a server, in every way in which it can end.
func TestDBTGivesItsResults(t *testing.T) {
	t.Parallel()
	dir, _, s := dbtWorld(t)
	port := s.url[strings.LastIndex(s.url, ":")+1:]
	const head = "unique_id,resource_type,name,status,execution_time,message,rows_affected\n"
	for _, c := range []struct {
		name, mode, command, failure, want string
	}{
		{"good", "", "run", "", head + "model.shop.orders,model,orders,success,0.25,SELECT 3,3\nmodel.shop.users,model,users,skipped,0.25,,\n"},
		{"bad", "bad", "run", "dbt run: 1 of 2 failed / model.shop.users (error) no table people", ""},
		{"broken", "broken", "run", "dbt run: no profile of that name", ""},
		{"nothing", "nothing", "run", "", head}, // not the results of the run before
		{"list", "", "ls", "", head + "model.shop.orders,model,orders,,,,\ntest.shop.not_null.a1,test,not_null,,,,\n"},
	} {
		config := map[string]any{
			"command": c.command, "select": "tag:daily orders+", "vars": "{a: 1}", "target": "prod", "threads": 2,
			"env": map[string]string{"MODE": c.mode, "PORT": port, "SECRETS": filepath.Join(dir, ".brokoli-jwt-secret")},
		}
		s.call("POST", "/api/pipelines", dbtDocument(t, c.name, config), 201, nil)
		r := s.again(c.name)
		s.follow(r.ID)
		log := s.call("GET", "/api/runs/"+r.ID+"/logs", "", 200, nil)
		got := s.run(r.ID)
		if (got.Status == "success") != (c.failure == "") || !strings.Contains(got.Error, c.failure) {
			t.Fatalf("%s: %+v\n%s", c.name, got, log)
		}
		text, _ := os.ReadFile(filepath.Join(dir, c.name+".csv"))
		if string(text) != c.want {
			t.Errorf("%s: got\n%swant\n%s", c.name, text, c.want)
		}
		if c.name != "good" {
			continue
		}
		shop := filepath.Join(dir, "shop")
		for _, line := range []string{
			"called with --log-format json run --project-dir " + shop + " --profiles-dir " + shop + ` --target prod --select tag:daily orders+ --vars {a: 1} --threads 2`,
			"can: cat dbt_project.yml", "can: bash -c exec 3<>/dev/tcp/127.0.0.1/" + port, "can: touch /dev/shm",
		} {
			if !strings.Contains(log, line) {
				t.Errorf("the log has no %s:\n%s", line, log)
			}
		}
		for _, line := range []string{"can: cat /etc/passwd", "jwt-secret", "not told", "BROKOLI"} {
			if strings.Contains(log, line) {
				t.Errorf("the log has %s:\n%s", line, log)
			}
		}
	}
}

// TestCancelEndsDBT cancels one that does not want to end.
func TestCancelEndsDBT(t *testing.T) {
	t.Parallel()
	_, _, s := dbtWorld(t)
	word := "cancelled-" + rand.Text()
	s.call("POST", "/api/pipelines", dbtDocument(t, "long", map[string]any{"env": map[string]string{"MODE": "long", "WORD": word}}), 201, nil)
	s.cancelled("long", word)
}
