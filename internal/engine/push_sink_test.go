package engine_test

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/broked/broked/internal/batch"
	"github.com/broked/broked/internal/databases"
	"github.com/broked/broked/internal/databases/postgres"
	"github.com/broked/broked/internal/job"
	"github.com/broked/broked/internal/outbound"
)

// landed says what a pipeline has left in a database.
type landed struct {
	rows, columns, types string
	lines, loads         []string
	failed               string
}

// lines returns the rows of a query as text.
func linesOf(t *testing.T, s postgres.Server, query string) []string {
	t.Helper()
	var all []string
	ok(t, s.Read(t.Context(), databases.Query{Text: query}, func(b batch.Batch) error {
		if b.Rows > 0 {
			all = append(all, b.Columns[0].Texts...)
		}
		return nil
	}))
	slices.Sort(all)
	return all
}

// settling is a chain from a source to a sink in one database, which begins with a script.
type settling struct {
	server              postgres.Server
	at                  string
	script, query, sink string
	nodes               []string
}

// run returns what it has left and which of its nodes were pushed.
func (c settling) run(t *testing.T, on bool, answer func(job.Question) job.Reply) (landed, string) {
	t.Helper()
	_, err := c.server.Script(t.Context(), "DROP SCHEMA empty CASCADE; CREATE SCHEMA empty;"+c.script)
	ok(t, err)
	w, s, at := newWorld(t, nil), c.server, c.at
	var text, edges strings.Builder
	last := "src"
	fmt.Fprintf(&text, "src source_db {\"uri\": %q, \"query\": %q, \"push_down\": %v}", at, c.query, on)
	for i, n := range c.nodes {
		id := string(rune('a' + i))
		text.WriteString("\n" + id + " " + n)
		edges.WriteString(last + ">" + id + " ")
		last = id
	}
	fmt.Fprintf(&text, "\nout sink_db {\"uri\": %q, %s}", at, c.sink)
	j := w.job(text.String(), edges.String()+last+">out")
	j.Out.Policy = outbound.Policy{Allow: outbound.Loopback()}
	r := converse(t.Context(), t, j, answer)
	l, pushed := landed{rows: r.rows(j)}, []string{}
	if r.end.Error != nil {
		l.failed = r.end.Error.Code + " " + r.end.Error.Message
	}
	for _, n := range j.Nodes {
		if r.nodes[n.ID].Pushed != "" {
			pushed = append(pushed, n.ID)
		}
		if sample := r.previews[n.ID]; sample != nil && l.failed == "" {
			l.columns += fmt.Sprintf("%s %v\n", n.ID, sample.Columns)
		}
	}
	if testing.Verbose() {
		for _, m := range r.messages {
			if m.Type == job.Log {
				t.Log(m.Node, m.Message)
			}
		}
	}
	l.types = strings.Join(linesOf(t, s, "SELECT attname || ' ' || format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = to_regclass('t') AND attnum > 0 AND NOT attisdropped"), ", ")
	if l.types != "" {
		l.lines = linesOf(t, s, "SELECT t::text FROM t")
	}
	if len(linesOf(t, s, "SELECT 'yes' WHERE to_regclass('broked_loads') IS NOT NULL")) > 0 {
		l.loads = linesOf(t, s, "SELECT written::text FROM broked_loads")
	}
	return l, strings.Join(pushed, " ")
}

func TestRowsThatStayInTheirDatabase(t *testing.T) {
	t.Parallel()
	const (
		shop = `CREATE TABLE s (id int PRIMARY KEY, k smallint, n bigint, d numeric(10,2), s text, c varchar(20), day date, at timestamptz, b boolean, f float8, r real, u uuid, free numeric, ch char(3));
			INSERT INTO s SELECT id, k, n, d, s, c, day::date, at::timestamptz, b::int::boolean, CASE id WHEN 1 THEN float8 'NaN' WHEN 2 THEN float8 '-0' WHEN 3 THEN float8 '-infinity' ELSE id / 3.0 END, id / 7.0, NULL, d, 'x' FROM (VALUES ` + hostile + `) AS v(id, k, n, d, s, c, day, at, b);
			UPDATE s SET u = '6f9619ff-8b86-d011-b42d-00c04fc964ff', day = CASE id WHEN 9 THEN date '0044-03-15 BC' WHEN 8 THEN date 'infinity' ELSE day END, at = CASE id WHEN 9 THEN timestamptz '-infinity' ELSE at END WHERE id > 7;`
		all   = "SELECT id, k, n, d, s, c, day, at, b, f, r, u FROM s"
		some  = "SELECT id, k, s FROM s"
		table = "CREATE TABLE t (id int PRIMARY KEY, k bigint, s varchar(20), at int DEFAULT 7); INSERT INTO t VALUES (99, 1, 'there');"
		into  = `"table": "t"`
		over  = `"table": "t", "mode": "overwrite"`
		made  = `"table": "t", "create_table": true`
		few   = `filter {"condition": "id < 5"}`
		sums  = `aggregate {"group_by": ["s"], "aggregations": [{"function": "count", "alias": "rows"}, {"function": "sum", "column": "id", "alias": "total"}, {"function": "max", "column": "d"}]}`
		stale = `CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ BEGIN INSERT INTO log VALUES (1); RETURN 1; END $$; CREATE TABLE log (a int); CREATE VIEW v AS SELECT f() AS id, 1 AS k, 'a' AS s;`
	)
	for name, tc := range map[string]struct {
		script, query, sink string
		nodes               []string
		pushed              string
	}{
		"append":                  {shop + table, some, into, nil, "src out"},
		"append, filtered":        {shop + table, some, into, []string{few}, "src a out"},
		"append, nothing":         {shop + table, some, into, []string{`filter {"condition": "id > 500"}`}, "src a out"},
		"overwrite":               {shop + table, some, over, []string{few, `project {"columns": ["id", "s"]}`}, "src a b out"},
		"truncate":                {shop + table, some, into + `, "truncate": true`, nil, "src out"},
		"made":                    {shop, all, made, nil, "src out"},
		"made of groups":          {shop, "SELECT id, d, s FROM s", made, []string{sums}, "src a out"},
		"made of no rows":         {shop, all, made, []string{`filter {"condition": "id > 500"}`}, "src a out"},
		"made, then there":        {shop + table, some, made, nil, "src out"},
		"made anew":               {shop + table, "SELECT id, d FROM s", over + `, "create_table": true`, nil, "src out"},
		"made anew of itself":     {shop + "CREATE TABLE t AS SELECT id, k FROM s;", "SELECT k, id, id AS x FROM t", over + `, "create_table": true`, nil, "src out"},
		"once":                    {shop + table, some, into + `, "exactly_once": true`, []string{few}, "src a out"},
		"itself":                  {"CREATE TABLE t (id int, k int); INSERT INTO t VALUES (1, 2), (3, 4);", "SELECT id, k FROM t", into, nil, "src out"},
		"itself, overwritten":     {shop + table + "INSERT INTO t SELECT id, k, s FROM s WHERE id < 9;", "SELECT id, k, s FROM t", over, []string{few}, "src a out"},
		"itself in a view":        {shop + table + "CREATE VIEW v AS SELECT id, k, s FROM t;", "SELECT id, k, s FROM v", over, nil, "src out"},
		"serial":                  {shop + "CREATE TABLE t (no serial, id int);", "SELECT id FROM s", into, nil, "src out"},
		"bounds":                  {shop + "CREATE TABLE t (d numeric(9,1), n numeric, id int);", "SELECT d, n, id FROM s WHERE d < 100", into, []string{few}, "src a out"},
		"sorted":                  {shop + "CREATE TABLE t (no serial, s text, n bigint);", "SELECT s, id FROM s", into, []string{`aggregate {"group_by": ["s"], "aggregations": [{"function": "count", "alias": "n"}]}`}, "src a out"},
		"constraint":              {shop + table + "INSERT INTO t VALUES (3);", some, into, nil, ""},
		"too long":                {shop + "CREATE TABLE t (s varchar(1));", "SELECT s FROM s", over, nil, ""},
		"too great":               {shop + "CREATE TABLE t (n int);", "SELECT n FROM s", into, nil, ""},
		"no such column":          {shop + "CREATE TABLE t (m int);", "SELECT n FROM s", into, nil, ""},
		"no such table":           {shop, some, into, nil, ""},
		"triggers":                {shop + table + "CREATE FUNCTION up() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.k := 5; RETURN NEW; END $$; CREATE TRIGGER up BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION up();", some, into, nil, ""},
		"rules":                   {shop + table + "CREATE RULE no AS ON INSERT TO t DO INSTEAD NOTHING;", some, into, nil, ""},
		"other types":             {shop + "CREATE TABLE t (id text);", "SELECT id FROM s", into, nil, ""},
		"types that values tell":  {shop, "SELECT free FROM s", made, nil, ""},
		"padded":                  {shop, "SELECT ch FROM s", made, nil, ""},
		"NaN":                     {shop + "UPDATE s SET d = 'NaN' WHERE id = 1;", "SELECT d FROM s", made, nil, ""},
		"view that writes":        {shop + table + stale, "SELECT id, k, s FROM v", into, nil, ""},
		"ordered":                 {shop + table, some + " ORDER BY id", into, nil, ""},
		"computed":                {shop + table, some, into, []string{`filter {"condition": "id + 1 < 5"}`}, ""},
		"half of it":              {shop + table, some, into, []string{few, `filter {"condition": "id + 1 < 5"}`}, "src a"},
		"refused rows":            {shop + table + "INSERT INTO t VALUES (3);", some, into + `, "on_row_error": "quarantine"`, nil, ""},
		"new columns":             {shop + table, "SELECT id, n FROM s", into + `, "new_columns": "add_columns"`, nil, ""},
		"upsert":                  {shop + table, some, into + `, "mode": "upsert", "key_columns": ["id"]`, nil, ""},
		"careful":                 {shop + table, some, into + `, "max_retries": 1`, nil, ""},
		"few at a time":           {shop + table, some, into + `, "batch_size": 3`, nil, ""},
		"identity that is always": {shop + "CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY);", "SELECT id FROM s", into, nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := settling{script: tc.script, query: tc.query, sink: tc.sink, nodes: tc.nodes}
			c.server, c.at = newPostgres(t, "")
			want, _ := c.run(t, false, held)
			got, pushed := c.run(t, true, held)
			if pushed != tc.pushed {
				t.Errorf("pushed %q, want %q", pushed, tc.pushed)
			}
			if tc.pushed != "" && want.failed != "" {
				t.Errorf("it fails: %s", want.failed)
			}
			if diff := cmp.Diff(want, got, cmp.AllowUnexported(landed{})); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestAStaleStatementCommitsNothing has the server say at one question after the other that
// the run is executed elsewhere.
func TestAStaleStatementCommitsNothing(t *testing.T) {
	t.Parallel()
	c := settling{script: "CREATE TABLE s AS SELECT 1 AS a; CREATE TABLE t (a int)", query: "SELECT a FROM s", sink: `"table": "t", "exactly_once": true`}
	c.server, c.at = newPostgres(t, "")
	for good := range 5 {
		asked := 0
		got, pushed := c.run(t, true, func(q job.Question) job.Reply {
			if asked++; asked <= good {
				return held(q)
			}
			return job.Reply{ID: q.ID, Error: &job.Failure{Code: "stale", Message: "the run is executed elsewhere"}}
		})
		written := good >= 3 // all that is asked
		if (pushed != "") != written || (len(got.lines) > 0) != written || (got.failed == "") != written {
			t.Errorf("%d: pushed %q, %+v", good, pushed, got)
		}
	}
}

// TestALoadThatHappenedIsNotSettledAgain has one run twice.
func TestALoadThatHappenedIsNotSettledAgain(t *testing.T) {
	t.Parallel()
	s, at := newPostgres(t, "CREATE TABLE s AS SELECT 1 AS a; CREATE TABLE t (a int)")
	for range 2 {
		w := newWorld(t, nil)
		j := w.job(fmt.Sprintf("src source_db {\"uri\": %[1]q, \"query\": \"SELECT a FROM s\"}\nout sink_db {\"uri\": %[1]q, \"table\": \"t\", \"exactly_once\": true}", at), "src>out")
		j.Out.Policy = outbound.Policy{Allow: outbound.Loopback()}
		if r := converse(t.Context(), t, j, held); r.rows(j) != "1/1" {
			t.Errorf("%s %+v", r.rows(j), r.end)
		}
	}
	if got := linesOf(t, s, "SELECT t::text FROM t"); len(got) != 1 {
		t.Errorf("%q", got)
	}
}

// TestOnlyTheSameAccountSettles has another name for the same database, another account,
// and more than one chain.
func TestOnlyTheSameAccountSettles(t *testing.T) {
	t.Parallel()
	_, at := newPostgres(t, "CREATE TABLE s AS SELECT 1 AS a; CREATE TABLE t (a int)")
	u, err := url.Parse(at)
	ok(t, err)
	q := u.Query()
	q.Set("connect_timeout", "9")
	u.RawQuery = q.Encode()
	for name, tc := range map[string]struct{ to, more, pushed string }{
		"same":  {at, "", "src out"},
		"other": {u.String(), "", ""},
		"two":   {at, "\nx source_db {\"uri\": \"" + at + "\", \"query\": \"SELECT 1 AS a\"}", ""},
	} {
		w := newWorld(t, nil)
		j := w.job(fmt.Sprintf("src source_db {\"uri\": %q, \"query\": \"SELECT a FROM s\"}\nout sink_db {\"uri\": %q, \"table\": \"t\"}%s", at, tc.to, tc.more), "src>out")
		j.Out.Policy = outbound.Policy{Allow: outbound.Loopback()}
		r := converse(t.Context(), t, j, held)
		var pushed []string
		for _, n := range j.Nodes {
			if r.nodes[n.ID].Pushed != "" {
				pushed = append(pushed, n.ID)
			}
		}
		if got := strings.Join(pushed, " "); got != tc.pushed || r.end.Status != job.Success {
			t.Errorf("%s: pushed %q, %+v", name, got, r.end.Error)
		}
	}
}

// TestASettlingStatementIsStopped ends a run while the database writes.
func TestASettlingStatementIsStopped(t *testing.T) {
	t.Parallel()
	s, at := newPostgres(t, `CREATE TABLE s AS SELECT i FROM generate_series(1, 200) AS i; CREATE TABLE t (i int);
		CREATE FUNCTION slow(int) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.05); RETURN true; END $$; ALTER TABLE t ADD CHECK (slow(i))`)
	w := newWorld(t, nil)
	j := w.job(fmt.Sprintf("src source_db {\"uri\": %[1]q, \"query\": \"SELECT i FROM s\"}\nout sink_db {\"uri\": %[1]q, \"table\": \"t\", \"mode\": \"overwrite\"}", at), "src>out")
	j.Out.Policy = outbound.Policy{Allow: outbound.Loopback()}
	ctx, stop := context.WithTimeout(t.Context(), 2*time.Second)
	defer stop()
	r := converse(ctx, t, j, held)
	if r.end.Status != job.Failed || r.nodes["out"].Status == job.Success || r.nodes["src"].Status == job.Success {
		t.Errorf("%+v", r.nodes)
	}
	if got := linesOf(t, s, "SELECT t::text FROM t"); len(got) != 0 {
		t.Errorf("%d rows", len(got))
	}
}
