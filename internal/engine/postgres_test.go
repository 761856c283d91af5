package engine_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/broked/broked/internal/connection"
	"github.com/broked/broked/internal/databases"
	"github.com/broked/broked/internal/databases/postgres"
	"github.com/broked/broked/internal/job"
	"github.com/broked/broked/internal/outbound"
	"github.com/broked/broked/internal/store/storetest"
)

// newPostgres returns an empty database and its address.
func newPostgres(t *testing.T, script string) (postgres.Server, string) {
	t.Helper()
	at := storetest.Postgres(t)
	a, err := databases.Parse(at)
	ok(t, err)
	s := postgres.Server{At: a.Server, Dialer: &outbound.Dialer{Policy: outbound.Policy{Allow: outbound.Loopback()}}}
	_, err = s.Script(t.Context(), "CREATE SCHEMA empty; ALTER ROLE CURRENT_USER IN DATABASE \""+a.Server.Schema+"\" SET search_path = empty")
	ok(t, err)
	_, err = s.Script(t.Context(), script)
	ok(t, err)
	return s, at
}

// held answers the only question of nodes that write.
func held(q job.Question) job.Reply {
	return job.Reply{ID: q.ID, Body: json.RawMessage(`{}`)}
}

func TestPostgresNodes(t *testing.T) {
	t.Parallel()
	_, at := newPostgres(t, `
		CREATE TABLE t (i integer PRIMARY KEY, n numeric, d numeric(10,2), b boolean, at timestamptz, day date, raw bytea, list text[], nums int[], doc jsonb, u uuid, s text);
		INSERT INTO t VALUES
			(1, 1.5, 2.50, true, '2024-02-29 12:00:00+02', '2024-02-29', '\x00ff', ARRAY['a,"b', E'x\ny', NULL], '{1,NULL}', '{"k": [1]}', '6f9619ff-8b86-d011-b42d-00c04fc964ff', 'it''s'),
			(3, 123456.789, -0.01, false, '1999-12-31 23:59:59.999999+00', '0001-01-01', '', '{}', '{}', 'null', NULL, '');
		INSERT INTO t (i) VALUES (2)`)
	w := newWorld(t, nil)
	j := w.job(fmt.Sprintf(`
		a source_db {"uri": %[1]q, "query": "SELECT * FROM t WHERE i <= ${param.most} AND 'x' <> '${param.most}' AND nums[1] IS DISTINCT FROM 7 ORDER BY i"}
		b sink_db {"uri": %[1]q, "table": "copy", "create_table": true}
		c sink_file {"path": "out.ndjson", "format": "ndjson"}
		d migrate {"source_conn_id": "shop", "source_query": "SELECT * FROM t", "dest_uri": "sqlite://x.db", "dest_table": "m", "create_table": true}
		e migrate {"source_conn_id": "shop", "source_query": "SELECT * FROM t", "dest_conn_id": "shop", "dest_table": "m", "create_table": true}`, at), "a>b a>c")
	j.Values = map[string]string{"param.most": "3"}
	j.Out.Policy = outbound.Policy{Allow: outbound.Loopback()}
	u, err := url.Parse(at)
	ok(t, err)
	a, err := databases.Parse(at)
	ok(t, err)
	a.Server.Name = "shop"
	for i := range j.Nodes {
		j.Nodes[i].Connections = map[string]connection.Connection{"shop": a.Server}
	}
	r := converse(t.Context(), t, j, held)
	if r.end.Status != job.Success || r.rows(j) != "3/3/3/1/1" {
		t.Fatalf("%+v %s", r.end.Error, r.rows(j))
	}
	want := `{"i":1,"n":1.500,"d":2.5,"b":true,"at":"2024-02-29 10:00:00+00","day":"2024-02-29","raw":"\\x00\\xFF","list":["a,\"b","x\ny",null],"nums":[1,null],"doc":{"k":[1]},"u":"6f9619ff-8b86-d011-b42d-00c04fc964ff","s":"it's"}`
	if got := w.read("out.ndjson"); !strings.HasPrefix(got, want+"\n") {
		t.Errorf("got %s\nwant %s", got, want)
	}
	again := w.job(fmt.Sprintf(`
		a source_db {"uri": %[1]q, "query": "(SELECT t.* FROM t JOIN copy c USING (i) WHERE (t.n, t.d, t.b, t.at, t.day, t.raw, t.list, t.nums, t.doc, t.u, t.s) IS NOT DISTINCT FROM (c.n, c.d, c.b, c.at, c.day, c.raw, c.list, c.nums, c.doc, c.u, c.s)) INTERSECT SELECT * FROM m"}`, at), "")
	again.Out = j.Out
	r, _, _ = inProcess(t, again)
	if r.nodes["a"].Status != job.Success || r.nodes["a"].Rows == nil || *r.nodes["a"].Rows != 3 {
		t.Errorf("%+v %+v", r.nodes["a"], r.nodes["a"].Error)
	}
	again = w.job(fmt.Sprintf(`a source_db {"uri": %q, "query": "SELECT * FROM coppy"}`, at), "")
	again.Out = j.Out
	failed, _, _ := inProcess(t, again)
	if f := failed.nodes["a"].Error; f == nil || !strings.Contains(f.Message, `relation coppy does not exist (did you mean "copy"?)`) {
		t.Errorf("got %+v", f)
	}
	if password, _ := u.User.Password(); password != "" && strings.Contains(r.log, password) {
		t.Error("the password is in the log")
	}
}

// TestStaleWritersCommitNothing has the server say that the run is executed elsewhere.
func TestStaleWritersCommitNothing(t *testing.T) {
	t.Parallel()
	s, at := newPostgres(t, "CREATE TABLE t (a bigint)")
	w := newWorld(t, map[string]string{"in.csv": "a\n1\n"})
	j := w.job(fmt.Sprintf("in source_file {\"path\": \"in.csv\"}\nout sink_db {\"uri\": %q, \"table\": \"t\"}", at), "in>out")
	j.Out.Policy = outbound.Policy{Allow: outbound.Loopback()}
	asked := 0
	r := converse(t.Context(), t, j, func(q job.Question) job.Reply {
		if asked++; asked == 1 {
			return held(q)
		}
		return job.Reply{ID: q.ID, Error: &job.Failure{Code: "stale", Message: "the run is executed elsewhere"}}
	})
	if r.end.Status != job.Failed || asked != 2 {
		t.Errorf("asked %d times, %+v", asked, r.end)
	}
	n, err := s.Script(t.Context(), "DO $$ BEGIN IF EXISTS (SELECT 1 FROM t) THEN RAISE 'rows'; END IF; END $$")
	if err != nil || n != 1 {
		t.Error(err)
	}
}

// TestATrialOfPostgresEndsEarly reads a few of very many rows.
func TestATrialOfPostgresEndsEarly(t *testing.T) {
	t.Parallel()
	_, at := newPostgres(t, "CREATE TABLE t (a bigint)")
	w := newWorld(t, nil)
	j := w.job(fmt.Sprintf(`
		in source_db {"uri": %q, "query": "SELECT i FROM generate_series(1, 30000) AS i, generate_series(1, 30000) AS k"}
		out sink_file {"path": "out.csv"}`, at), "in>out")
	j.Out.Policy, j.Trial = outbound.Policy{Allow: outbound.Loopback()}, &job.Trial{Rows: 5}
	if r := execute(t.Context(), t, j); r.end.Status != job.Success || r.rows(j) != "5/5" {
		t.Errorf("%+v %s", r.end.Error, r.rows(j))
	}
}
