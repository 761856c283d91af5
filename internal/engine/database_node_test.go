package engine_test

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/broked/broked/internal/job"
)

// TestDatabaseIsNeverHalfWritten kills an engine while it writes into a database
// that is there, and one that writes a new one. On a busy machine the last row may have
// been written before the engine is gone: then all of them are there.
func TestDatabaseIsNeverHalfWritten(t *testing.T) {
	t.Parallel()
	const many = 400_000
	whole := func(got string) bool {
		return strings.Count(got, "\n-- [7,") == many && !strings.Contains(got, "old")
	}
	for name, script := range map[string]string{"there": "CREATE TABLE t (i INTEGER, s TEXT); INSERT INTO t VALUES (1, 'old')", "new": ""} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, map[string]string{"in.csv": "i,s\n" + strings.Repeat("7,some text that fills the pages of a database\n", many)})
			if script != "" {
				w.write("x.db.sql", script)
			}
			killWhileWriting(t, w, w.job(`
				in source_file {"path": "in.csv"}
				out sink_db {"uri": "x.db", "table": "t", "mode": "overwrite", "create_table": true}`, "in>out"))
			if script == "" {
				if _, err := os.Stat(w.path("x.db")); !os.IsNotExist(err) && !whole(w.read("x.db")) {
					t.Errorf("part of a database is there: %v", err)
				}
				return
			}
			got := w.read("x.db")
			if whole(got) {
				return
			}
			if !strings.HasSuffix(got, "\n-- [1,\"old\"]\n") {
				t.Errorf("got %.200s", got)
			}
			// What was left behind has been put right by reading, and does not stop the next.
			j := w.job(`
				db source_db {"uri": "x.db", "query": "SELECT i + 1 AS i, s FROM t"}
				again sink_db {"uri": "x.db", "table": "t"}`, "db>again")
			if r, _, _ := inProcess(t, j); r.rows(j) != "1/1" {
				t.Errorf("%+v\n%s", r.end.Error, r.log)
			}
		})
	}
}

// killWhileWriting starts a job in an engine process and kills it as soon as the
// database has grown.
func killWhileWriting(t *testing.T, w *world, j job.Job) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestProcess$")
	cmd.Env = []string{"ENGINE_PROCESS=1"}
	in, err := cmd.StdinPipe()
	ok(t, err)
	out, err := cmd.StdoutPipe()
	ok(t, err)
	ok(t, cmd.Start())
	ok(t, json.NewEncoder(in).Encode(j))
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_, _ = io.Copy(io.Discard, out)
	}()
	for grown := false; !grown; {
		select {
		case <-ended:
			t.Error("the engine ended before it was killed")
			grown = true
		default:
			entries, err := os.ReadDir(w.data)
			ok(t, err)
			for _, e := range entries {
				info, err := e.Info()
				grown = grown || err == nil && strings.Contains(e.Name(), "x.db") && info.Size() > 1<<20
			}
		}
	}
	ok(t, cmd.Process.Kill())
	_ = cmd.Wait()
}

// TestDatabasesInAConfinedProcess reads a database in every state that others leave
// it in, sorts more than fits in memory, and writes two tables of one database.
func TestDatabasesInAConfinedProcess(t *testing.T) {
	t.Parallel()
	w := newWorld(t, map[string]string{"shop.db.sql": `
		CREATE TABLE t (i INTEGER, s TEXT);
		INSERT INTO t WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60000) SELECT i, hex(randomblob(20)) FROM n`})
	j := w.job(`
		a source_db {"uri": "sqlite://shop.db", "query": "SELECT i, s FROM t ORDER BY s"}
		b source_db {"uri": "sqlite://shop.db", "query": "SELECT count(*) AS n FROM t"}
		one sink_db {"uri": "new.db", "table": "one", "create_table": true}
		two sink_db {"uri": "new.db", "table": "two", "create_table": true}
		three sink_db {"uri": "shop.db", "table": "three", "create_table": true}`, "a>one b>two b>three")
	r, _, _ := inProcess(t, j)
	if r.end.Status != job.Success || r.rows(j) != "60000/1/60000/1/1" {
		t.Fatalf("%+v %s\n%s", r.end.Error, r.rows(j), r.log)
	}
	if got := w.read("new.db"); !strings.Contains(got, "CREATE TABLE \"two\" (\"n\" INTEGER);\n-- [60000]\n") {
		t.Errorf("got %.300s", got)
	}
}

// TestTheServersOwnDatabaseIsClosed tries the ways to a file that belongs to the
// server.
func TestTheServersOwnDatabaseIsClosed(t *testing.T) {
	t.Parallel()
	w := newWorld(t, map[string]string{"own.db.sql": "CREATE TABLE users (name)"})
	ok(t, os.Symlink(w.path("own.db"), w.path("link.db")))
	ok(t, os.Link(w.path("own.db"), w.path("hard.db")))
	for _, name := range []string{"own.db", "link.db", "hard.db", "./a/../own.db"} {
		for _, nodes := range []string{
			`n source_db {"uri": "sqlite://%[1]s", "query": "SELECT * FROM users"}`,
			`n migrate {"source_uri": "%[1]s", "source_query": "SELECT * FROM users", "dest_uri": "x.db", "dest_table": "t", "create_table": true}`,
		} {
			j := w.job(fmt.Sprintf(nodes, name), "")
			j.Roots.Deny = []string{w.path("own.db")}
			if r := execute(t.Context(), t, j); r.end.Error == nil || r.end.Error.Code != "path_not_allowed" {
				t.Errorf("%s: %+v", fmt.Sprintf(nodes, name), r.end.Error)
			}
		}
		w.write("in.csv", "name\nx\n")
		j := w.job(fmt.Sprintf("in source_file {\"path\": \"in.csv\"}\nn sink_db {\"uri\": %q, \"table\": \"users\"}", name), "in>n")
		j.Roots.Deny = []string{w.path("own.db")}
		if r := execute(t.Context(), t, j); r.end.Error == nil || r.end.Error.Code != "path_not_allowed" && r.end.Error.Code != "bad_path" {
			t.Errorf("sink_db %s: %+v", name, r.end.Error)
		}
	}
}
