package api_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/job"
	"github.com/broked/broked/internal/node"
	"github.com/broked/broked/internal/runs"
)

// finished starts a run of a pipeline that document describes, and ends it with rows
// of its node in.
func (w *world) finished(pipeline string) string {
	w.t.Helper()
	run := w.trigger(auth.Editor, pipeline)
	c, err := w.store.ClaimRun(w.t.Context(), runs.ID(run), "me", time.Now())
	must(w.t, err)
	rows := int64(3)
	must(w.t, w.store.FinishRun(w.t.Context(), runs.ID(run), c.Fence, runs.Outcome{Status: runs.Success, At: time.Now()}, []runs.Event{
		{Run: runs.ID(run), Type: job.NodeStarted, At: time.Now(), Node: "in"},
		{Run: runs.ID(run), Type: job.Preview, At: time.Now(), Node: "in", Preview: &job.Sample{
			Columns: []node.Column{{Name: "city", Type: "VARCHAR"}, {Name: "Total amount", Type: "DECIMAL(10,2)"}, {Name: "id", Type: "BIGINT"}},
			Rows:    [][]any{{"Oslo", "10.50", "9007199254740993"}, {"=1+1", "2.25", 2}, {"Bergen", nil, 3}},
		}},
		{Run: runs.ID(run), Type: job.NodeFinished, At: time.Now(), Node: "in", Status: string(job.Success), Rows: &rows},
	}))
	return run
}

func TestConsoleCalls(t *testing.T) {
	t.Parallel()
	w := newWorld(t).withAccounts()
	w.create(auth.Editor, "sales")
	run, other, empty := w.finished("sales"), w.finished("sales"), w.trigger(auth.Editor, "sales")
	tables, ask, export := "/api/runs/"+run+"/tables", "/api/runs/"+run+"/query", "/api/runs/"+run+"/query/export"
	profile := "/api/runs/" + run + "/nodes/in/profile"
	one := `{"sql":"SELECT 1 AS one"}`
	for _, sc := range []scenario{
		{name: "tables: nobody", method: "GET", path: tables, want: 401},
		{name: "tables: absent", as: auth.Viewer, method: "GET", path: "/api/runs/nope/tables", want: 404},
		{name: "tables: none", as: auth.Viewer, method: "GET", path: "/api/runs/" + empty + "/tables", want: 200, has: []string{"[]"}},
		{name: "tables", as: auth.Viewer, method: "GET", path: tables, want: 200, has: []string{`"table":"in"`, `"rows":3`, `"kept":false`, `"name":"Total amount"`, `"type":"DECIMAL(10,2)"`}},

		{name: "profile: nobody", method: "GET", path: profile, want: 401},
		{name: "profile: viewer", as: auth.Viewer, method: "GET", path: profile, want: 403},
		{name: "profile: absent", as: auth.Editor, method: "GET", path: "/api/runs/nope/nodes/in/profile", want: 404},
		{name: "profile: no such node", as: auth.Editor, method: "GET", path: "/api/runs/" + run + "/nodes/nope/profile", want: 409, has: []string{"no_rows"}},
		{
			name: "profile", as: auth.Editor, method: "GET", path: profile, want: 200,
			has: []string{
				`"rows":3,"kept":false`, `{"name":"city","type":"VARCHAR","nulls":0,"distinct":3,"min":"=1+1","max":"Oslo","top":[{"value":"=1+1","count":1},`,
				`{"name":"Total amount","type":"DECIMAL(10,2)","nulls":1,"distinct":2,"min":"2.25","max":"10.50","mean":6.375,"histogram":[1,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,1]}`,
				`"max":"9007199254740993"`, `"truncated":false`,
			},
		},

		{name: "nobody", method: "POST", path: ask, body: one, want: 401},
		{name: "viewer", as: auth.Viewer, method: "POST", path: ask, body: one, want: 403, has: []string{"permission_denied"}},
		{name: "absent", as: auth.Editor, method: "POST", path: "/api/runs/nope/query", body: one, want: 404, has: []string{"run_not_found"}},
		{name: "nothing", as: auth.Editor, method: "POST", path: ask, body: `{}`, want: 400, has: []string{`"path":"sql"`, "is missing"}},
		{name: "unknown member", as: auth.Editor, method: "POST", path: ask, body: `{"sq":"SELECT 1"}`, want: 400},
		{name: "too many rows", as: auth.Editor, method: "POST", path: ask, body: `{"sql":"SELECT 1","rows":10001}`, want: 400, has: []string{`"path":"rows"`}},
		{name: "too long", as: auth.Editor, method: "POST", path: ask, body: `{"sql":"` + strings.Repeat(" ", 65<<10) + `x"}`, want: 400, has: []string{"64 KB"}},
		{name: "a run without rows", as: auth.Editor, method: "POST", path: "/api/runs/" + empty + "/query", body: one, want: 409, has: []string{"no_rows"}},
		{name: "no table", as: auth.Editor, method: "POST", path: ask, body: one, want: 200, has: []string{`"rows":[[1]]`}},
		{
			name: "types", as: auth.Editor, method: "POST", path: ask, body: `{"sql":"SELECT * FROM \"in\" ORDER BY id DESC"}`, want: 200,
			has: []string{`{"name":"Total amount","type":"DECIMAL(10,2)"}`, `["Oslo","10.50","9007199254740993"]`, `["Bergen",null,3]`, `"truncated":false`, `"table":"in"`},
		},
		{name: "ordered", as: auth.Editor, method: "POST", path: ask, body: `{"sql":"SELECT city FROM \"in\" ORDER BY city","rows":2}`, want: 200, has: []string{`"rows":[["=1+1"],["Bergen"]]`, `"truncated":true`}},
		{name: "two runs", as: auth.Editor, method: "POST", path: ask, body: `{"sql":"SELECT count(*) AS n FROM \"in\" a JOIN before_in b USING (id)","with":[{"run_id":"` + other + `","as":"before"}]}`, want: 200, has: []string{`"rows":[[3]]`}},
		{name: "two runs: absent", as: auth.Editor, method: "POST", path: ask, body: `{"sql":"SELECT 1 FROM before_in","with":[{"run_id":"nope","as":"before"}]}`, want: 404},
		{name: "two runs: bad alias", as: auth.Editor, method: "POST", path: ask, body: `{"sql":"SELECT 1","with":[{"run_id":"x","as":"a b"},{"run_id":"x","as":"a b"}]}`, want: 400, has: []string{`"path":"with[0].as"`, "is there twice"}},
		{name: "column is misspelt", as: auth.Editor, method: "POST", path: ask, body: `{"sql":"SELECT citty FROM \"in\""}`, want: 400, has: []string{"citty", `Did you mean \"city\"`, `"path":"sql"`, "query_failed"}},
		{name: "table is misspelt", as: auth.Editor, method: "POST", path: ask, body: `{"sql":"SELECT * FROM inn"}`, want: 400, has: []string{`there is no table \"inn\": the inputs are in`}},
		{name: "not SQL", as: auth.Editor, method: "POST", path: ask, body: `{"sql":"SELEC 1"}`, want: 400, has: []string{"must be a SELECT", "SELEC"}},

		{name: "export: nobody", method: "POST", path: export, body: `{"sql":"SELECT 1","format":"csv"}`, want: 401},
		{name: "export: viewer", as: auth.Viewer, method: "POST", path: export, body: `{"sql":"SELECT 1","format":"csv"}`, want: 403},
		{name: "export: absent", as: auth.Editor, method: "POST", path: "/api/runs/nope/query/export", body: `{"sql":"SELECT 1","format":"csv"}`, want: 404},
		{name: "export: format", as: auth.Editor, method: "POST", path: export, body: `{"sql":"SELECT 1","format":"xml"}`, want: 400, has: []string{`"path":"format"`}},
		{name: "export: wrong", as: auth.Editor, method: "POST", path: export, body: `{"sql":"SELECT citty FROM \"in\"","format":"csv"}`, want: 400, has: []string{`Did you mean \"city\"`}},
		{name: "export: CSV", as: auth.Editor, method: "POST", path: export, body: `{"sql":"SELECT city, id FROM \"in\" ORDER BY id","format":"csv"}`, want: 200, has: []string{"city,id\n=1+1,2\nBergen,3\nOslo,9007199254740993\n"}},
		{name: "export: for spreadsheets", as: auth.Editor, method: "POST", path: export, body: `{"sql":"SELECT city, id FROM \"in\" ORDER BY id","format":"csv","spreadsheet":true}`, want: 200, has: []string{"'=1+1,2\n"}},
		{name: "export: NDJSON", as: auth.Editor, method: "POST", path: export, body: `{"sql":"SELECT id FROM \"in\" ORDER BY id LIMIT 1","format":"ndjson"}`, want: 200, has: []string{`{"id":2}`}},
		{name: "export: Parquet", as: auth.Editor, method: "POST", path: export, body: `{"sql":"SELECT id FROM \"in\"","format":"parquet"}`, want: 200, has: []string{"PAR1"}},
	} {
		w.run(sc)
	}
	told := w.told("run_queried")
	if !slices.ContainsFunc(told, func(r auth.AuditRecord) bool { return strings.Contains(string(r.Details), "ORDER BY id DESC") }) {
		t.Errorf("the audit log does not tell of queries: %v", told)
	}
}

// TestProfileOfTypes: columns of every sort have a profile, whatever is in them.
func TestProfileOfTypes(t *testing.T) {
	t.Parallel()
	w := newWorld(t).withAccounts()
	w.create(auth.Editor, "sales")
	run := w.trigger(auth.Editor, "sales")
	c, err := w.store.ClaimRun(t.Context(), runs.ID(run), "me", time.Now())
	must(t, err)
	must(t, w.store.RecordEvents(t.Context(), runs.ID(run), c.Fence, []runs.Event{{Type: job.Preview, At: time.Now(), Node: "in", Preview: &job.Sample{
		Columns: []node.Column{
			{Name: "day", Type: "DATE"},
			{Name: "at", Type: "TIMESTAMP"},
			{Name: "is", Type: "BOOLEAN"},
			{Name: "none", Type: "DOUBLE"},
			{Name: "same", Type: "INTEGER"},
			{Name: `a "b" 'c'`, Type: "VARCHAR"},
			{Name: "many", Type: "VARCHAR[]"},
		},
		Rows: [][]any{
			{"2026-03-01", "2026-03-01 12:00:00", true, nil, 7, "x\ny", `["u"]`},
			{"2026-03-21", "2026-03-01 13:00:00", true, nil, 7, "'; DROP", nil},
			{nil, nil, false, nil, 7, "", nil},
		},
	}}}))
	w.run(scenario{name: "profile", as: auth.Editor, method: "GET", path: "/api/runs/" + run + "/nodes/in/profile", want: 200, has: []string{
		`{"name":"day","type":"DATE","nulls":1,"distinct":2,"min":"2026-03-01","max":"2026-03-21","histogram":[1,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,1]}`,
		`"name":"is","type":"BOOLEAN","nulls":0,"distinct":2,"min":"false","max":"true","top":[{"value":"true","count":2},{"value":"false","count":1}]`,
		`{"name":"none","type":"DOUBLE","nulls":3,"distinct":0}`,
		`"name":"same","type":"INTEGER","nulls":0,"distinct":1,"min":"7","max":"7","mean":7,"histogram":[3,0,`,
		`"name":"a \"b\" 'c'","type":"VARCHAR","nulls":0,"distinct":3`, `{"value":"'; DROP","count":1}`,
		`"name":"many","type":"VARCHAR[]","nulls":2,"distinct":0}`,
	}})
}

// TestQueriesReachNothing checks that no statement reads or changes what is not a table
// of the run.
func TestQueriesReachNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t).withAccounts()
	w.create(auth.Editor, "sales")
	run := w.finished("sales")
	for _, sql := range []string{
		`COPY (SELECT 1) TO '/tmp/out.csv'`, `COPY \"in\" TO '/tmp/x'`, `ATTACH '/tmp/x.db' AS x`, `PRAGMA database_list`, `INSTALL httpfs`, `LOAD httpfs`,
		`SET memory_limit = '1TB'`, `CREATE TABLE x AS SELECT 1`, `DROP TABLE \"in\"`, `INSERT INTO \"in\" VALUES (1)`, `DELETE FROM \"in\"`, `UPDATE \"in\" SET id = 1`,
		`SELECT 1; SELECT 2`, `SELECT 1; DROP TABLE \"in\"`, `SELECT 1) TO '/tmp/x' (FORMAT csv); --`, `SELECT * FROM \"in\") TO '/tmp/x`, `EXPORT DATABASE '/tmp/x'`, `CALL pragma_version()`, `EXPLAIN ANALYZE SELECT 1`, `VACUUM`, `CHECKPOINT`,
		`SELECT * FROM read_csv('/etc/passwd')`, `SELECT * FROM read_text('/etc/passwd')`, `SELECT * FROM read_blob('/proc/self/environ')`, `SELECT * FROM '/etc/passwd'`, `SELECT * FROM \"rows-0.parquet\"`,
		`SELECT * FROM read_parquet('*.parquet')`, `SELECT * FROM glob('/etc/*')`, `SELECT * FROM duckdb_settings()`, `SELECT * FROM information_schema.tables`, `SELECT * FROM sqlite_scan('x', 'y')`,
		`SELECT getenv('HOME')`, `SELECT current_setting('temp_directory')`, `FROM query('SELECT 1')`, `FROM query_table('in')`, `SELECT * FROM (SELECT * FROM read_csv('/etc/passwd'))`, `WITH x AS (SELECT * FROM read_text('/etc/hosts')) SELECT * FROM x`,
		`SHOW TABLES`, `DESCRIBE SELECT 1`, `SUMMARIZE \"in\"`, `SELECT ${secret.x}`,
	} {
		for _, path := range []string{"/query", "/query/export"} {
			text := w.run(scenario{name: sql, as: auth.Editor, method: "POST", path: "/api/runs/" + run + path, body: `{"sql":"` + sql + `"` + map[string]string{"/query": "", "/query/export": `,"format":"csv"`}[path] + `}`, want: 400, has: []string{"query_failed", `"path":"sql"`}})
			if strings.Contains(text, "root:") {
				t.Errorf("%s reads a file: %s", sql, text)
			}
		}
	}
}
