package main

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/broked/broked/internal/store/storetest"
)

// TestTriggersAreKilled kills servers while files arrive, each of which starts a run whose
// end starts another. Each file has one run of both pipelines in the end.
func TestTriggersAreKilled(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"SQLite", "PostgreSQL"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir, args := t.TempDir(), []string(nil)
			open := func() *sql.DB {
				db, err := sql.Open("sqlite", filepath.Join(dir, "broked-data", "broked.db"))
				must(t, err)
				return db
			}
			if name == "PostgreSQL" {
				database := storetest.Postgres(t)
				args, open = []string{"--db", database}, func() *sql.DB { return looking(t, database) }
			}
			s := serve(t, dir, args...)
			s.call("POST", "/api/pipelines", `{"name":"first","triggers":[{"name":"in","type":"file","path":"in/*.csv","stable_for":"0s"}],"nodes":[
				{"id":"in","type":"source_file","config":{"path":"${param.file}"}},
				{"id":"out","type":"sink_file","config":{"path":"out/${param.file_name}"}}],"edges":[{"from":"in","to":"out"}]}`, 201, nil)
			s.call("POST", "/api/pipelines", `{"name":"second","dependency_rules":[{"pipeline_id":"first","mode":"trigger"}],"nodes":[
				{"id":"in","type":"source_file","config":{"path":"keep.csv"}},
				{"id":"out","type":"sink_file","config":{"path":"out/${run.id}.txt","format":"csv"}}],"edges":[{"from":"in","to":"out"}]}`, 201, nil)
			rows(t, dir, "keep.csv", 3)
			must(t, os.Mkdir(filepath.Join(dir, "in"), 0o700))
			const each = 4
			for round := range 2 {
				for i := range each {
					rows(t, dir, "new.csv", 5)
					must(t, os.Rename(filepath.Join(dir, "new.csv"), filepath.Join(dir, fmt.Sprintf("in/%d-%d.csv", round, i))))
				}
				await(t, func() bool { return s.count("first", "") > round*each })
				must(t, s.cmd.Process.Signal(syscall.SIGKILL))
				_ = s.cmd.Wait()
				if name == "PostgreSQL" { // the others take it for dead after a while
					_, err := open().ExecContext(t.Context(), `UPDATE processes SET seen_at = 0`)
					must(t, err)
				}
				s = serve(t, dir, args...)
			}
			await(t, func() bool { return s.count("first", "success") >= 2*each && s.count("second", "success") >= 2*each })
			var first, second, upstream int
			must(t, open().QueryRowContext(t.Context(), `
				SELECT sum(CASE WHEN pipeline_name = 'first' THEN 1 ELSE 0 END), sum(CASE WHEN pipeline_name = 'second' THEN 1 ELSE 0 END),
					count(DISTINCT CASE WHEN pipeline_name = 'second' THEN upstream_run_id END)
				FROM runs`).Scan(&first, &second, &upstream))
			out, err := filepath.Glob(filepath.Join(dir, "out/*.csv"))
			must(t, err)
			if first != 2*each || second != 2*each || upstream != 2*each || len(out) != 2*each {
				t.Errorf("%d files have %d runs, which %d others follow, of %d", len(out), first, second, upstream)
			}
		})
	}
}

// count returns how many runs of a pipeline there are, in a status unless that is empty.
func (s *server) count(pipeline, status string) int {
	s.t.Helper()
	var all []runState
	s.call("GET", "/api/pipelines/"+pipeline+"/runs", "", 200, &all)
	n := 0
	for _, r := range all {
		if status == "" || r.Status == status {
			n++
		}
	}
	return n
}

// await waits until something holds.
func await(t *testing.T, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(soon); !holds(); {
		if time.Now().After(deadline) {
			t.Fatal("it did not happen in time")
		}
		<-time.After(50 * time.Millisecond)
	}
}

// TestContactStartsRun sees a lead start a run that reads it.
func TestContactStartsRun(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := serve(t, dir)
	s.call("POST", "/api/pipelines", `{"name":"leads","triggers":[{"name":"new","type":"contacts","quiet_for":"0s"}],"nodes":[
		{"id":"in","type":"source_contacts","config":{"updated_since":"${param.contacts_since}"}},
		{"id":"out","type":"sink_file","config":{"path":"leads.csv"}}],"edges":[{"from":"in","to":"out"}]}`, 201, nil)
	s.call("POST", "/v2/leads", `{"email":"ada@example.com"}`, 201, nil)
	await(t, func() bool { return s.count("leads", "success") == 1 })
	text, err := os.ReadFile(filepath.Join(dir, "leads.csv"))
	must(t, err)
	if want := "ada@example.com"; !strings.Contains(string(text), want) {
		t.Errorf("the run has read %s", text)
	}
}
