package engine_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/broked/broked/internal/connection"
	"github.com/broked/broked/internal/databases/driven"
	"github.com/broked/broked/internal/databases/mysql"
	"github.com/broked/broked/internal/databases/mysql/mysqltest"
	"github.com/broked/broked/internal/job"
	"github.com/broked/broked/internal/outbound"
)

// newMySQL returns an empty database and its address.
func newMySQL(t *testing.T, script string) (driven.Server, string) {
	t.Helper()
	at := mysqltest.New(t)
	s := mysql.At(at, mysqltest.Dialer())
	_, err := s.Script(t.Context(), script)
	ok(t, err)
	at.Name = "shop"
	s.At = at
	return s, fmt.Sprintf("mysql://%s:%s@%s:%d/%s", at.Login, at.Password, at.Host, at.Port, at.Schema)
}

func TestMySQLNodes(t *testing.T) {
	t.Parallel()
	s, at := newMySQL(t, `
		CREATE TABLE t (i int PRIMARY KEY, d decimal(10,2), b boolean, at timestamp NULL, day date, raw blob, u char(36), s text);
		INSERT INTO t VALUES
			(1, 2.50, true, '2024-02-29 10:00:00', '2024-02-29', x'00ff', '6f9619ff-8b86-d011-b42d-00c04fc964ff', 'it''s'),
			(3, -0.01, false, '1999-12-31 23:59:59', '1000-01-01', '', NULL, '');
		INSERT INTO t (i) VALUES (2)`)
	w := newWorld(t, nil)
	j := w.job(fmt.Sprintf(`
		a source_db {"uri": %[1]q, "query": "SELECT * FROM t WHERE i <= ${param.most} AND 'it\\'s x' <> 'it\\'s ${param.most}' AND \"it's\" <> 'a' ORDER BY i # ${param.gone}"}
		b sink_db {"uri": %[1]q, "table": "copy", "create_table": true}
		c sink_file {"path": "out.ndjson", "format": "ndjson"}
		d migrate {"source_conn_id": "shop", "source_query": "SELECT * FROM t", "dest_uri": "sqlite://x.db", "dest_table": "m", "create_table": true}
		e migrate {"source_conn_id": "shop", "source_query": "SELECT * FROM t", "dest_conn_id": "shop", "dest_table": "m", "create_table": true, "mode": "upsert", "key_columns": ["i"]}`, at), "a>b a>c")
	j.Values = map[string]string{"param.most": "3"}
	j.Out.Policy = outbound.Policy{Allow: outbound.Loopback()}
	for i := range j.Nodes {
		j.Nodes[i].Connections = map[string]connection.Connection{"shop": s.At}
	}
	r := converse(t.Context(), t, j, held)
	if r.end.Status != job.Success || r.rows(j) != "3/3/3/1/1" {
		t.Fatalf("%+v %s", r.end.Error, r.rows(j))
	}
	want := `{"i":1,"d":2.5,"b":1,"at":"2024-02-29 10:00:00+00","day":"2024-02-29","raw":"\\x00\\xFF","u":"6f9619ff-8b86-d011-b42d-00c04fc964ff","s":"it's"}`
	if got := w.read("out.ndjson"); !strings.HasPrefix(got, want+"\n") {
		t.Errorf("got %s\nwant %s", got, want)
	}
	again := w.job(fmt.Sprintf(`
		a source_db {"uri": %[1]q, "query": "SELECT t.* FROM t JOIN copy c USING (i) JOIN m USING (i) WHERE t.d <=> c.d AND t.b <=> c.b AND t.at <=> c.at AND t.day <=> c.day AND t.raw <=> c.raw AND t.s <=> m.s AND t.raw <=> m.raw"}
		b source_db {"uri": %[1]q, "query": "SELECT * FROM t WHERE i > 1", "cursor_column": "i"}`, at), "")
	again.Out = j.Out
	r, _, _ = inProcess(t, again)
	if r.rows(again) != "3/2" {
		t.Errorf("%s %+v", r.rows(again), r.end.Error)
	}
	again = w.job(fmt.Sprintf(`a source_db {"uri": %q, "query": "SELECT * FROM coppy"}`, at), "")
	again.Out = j.Out
	failed, _, _ := inProcess(t, again)
	if f := failed.nodes["a"].Error; f == nil || !strings.Contains(f.Message, `(did you mean "copy"?)`) {
		t.Errorf("got %+v", f)
	}
}
