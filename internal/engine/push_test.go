package engine_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/broked/broked/internal/job"
	"github.com/broked/broked/internal/outbound"
)

// hostile are rows in which databases differ if they do anywhere, in columns called id,
// k, n, d, s, c, day, at and b.
//
//nolint:dupword // they are values
const hostile = `
	(1, 1, 9223372036854775807, 10.50, 'a', 'ä', '2024-01-31', '2024-01-31 10:00:00', 1),
	(2, 1, -9223372036854775807, -0.01, 'A', 'a', '2024-02-29', '2024-02-29 23:59:59.999999', 0),
	(3, 2, 0, 0.00, 'a ', 'Ä', '0001-01-01', '1999-12-31 00:00:00', NULL),
	(4, 2, NULL, NULL, '', NULL, NULL, NULL, 1),
	(5, NULL, 5, 99999999.99, NULL, 'z', '9999-12-31', '2024-01-31 10:00:00', 0),
	(6, NULL, 5, -99999999.99, 'ß', 'ss', '2024-01-31', '2024-01-31 10:00:00.000001', 1),
	(7, 3, 7, 1.00, 'a''b%_\\', 'é', '2024-01-31', NULL, NULL),
	(8, 3, 7, 1.00, 'é', 'é', '2024-01-31', NULL, NULL),
	(9, 3, 7, 1.00, '日本', '🙂', '2024-12-31', '2024-06-01 00:00:00', 1),
	(10, 4, -7, 2.50, 'B', 'b', '1970-01-01', '1970-01-01 00:00:00', 0)`

// pushedBy says what came out of a pipeline and what of it a database has computed.
type pushedBy struct {
	rows, columns string
	lines         []string
	nodes         []string // ids of those that were pushed
	failed        string
}

// piped runs a chain of nodes behind a source, with and without push-down. The nodes are
// called a, b, c and so on.
func piped(t *testing.T, at, source string, on bool, nodes ...string) pushedBy {
	t.Helper()
	w := newWorld(t, nil)
	if db, is := strings.CutPrefix(at, "script:"); is {
		w.write("shop.db.sql", db)
		at = "shop.db"
	}
	var text, edges strings.Builder
	last := "src"
	fmt.Fprintf(&text, "src source_db {\"uri\": %q, \"query\": %q, \"push_down\": %v}", at, source, on)
	for i, n := range nodes {
		id := string(rune('a' + i))
		text.WriteString("\n" + id + " " + n)
		edges.WriteString(last + ">" + id + " ")
		last = id
	}
	text.WriteString("\nout sink_file {\"path\": \"out.ndjson\", \"format\": \"ndjson\"}")
	j := w.job(text.String(), edges.String()+last+">out")
	j.Out.Policy = outbound.Policy{Allow: outbound.Loopback()}
	j.Values = map[string]string{"param.k": "2", "param.s": "a"}
	r := execute(t.Context(), t, j)
	p := pushedBy{rows: r.rows(j)}
	if r.end.Error != nil {
		p.failed = r.end.Error.Message
		return p
	}
	for _, s := range j.Nodes {
		if r.nodes[s.ID].Pushed != "" {
			p.nodes = append(p.nodes, s.ID)
		}
		if sample := r.previews[s.ID]; sample != nil {
			p.columns += fmt.Sprintf("%s %v\n", s.ID, sample.Columns)
		}
	}
	for line := range strings.Lines(w.read("out.ndjson")) {
		p.lines = append(p.lines, line)
	}
	if testing.Verbose() {
		for _, m := range r.messages {
			if m.Type == job.Log {
				t.Log(m.Node, m.Message)
			}
		}
	}
	return p
}

// hosts are the databases that nodes are pushed down to, with the hostile rows.
func hosts(t *testing.T) map[string]string {
	t.Helper()
	_, pg := newPostgres(t, `CREATE TABLE t (id int PRIMARY KEY, k smallint, n bigint, d numeric(10,2), s text, c varchar(20), day date, at timestamptz, b boolean, free numeric, f float8, ch char(9));
		INSERT INTO t SELECT id, k, n, d, s, c, day::date, at::timestamptz, b::int::boolean, d, CASE id WHEN 1 THEN float8 'NaN' WHEN 2 THEN float8 '-0' ELSE id END, s FROM (VALUES `+strings.ReplaceAll(hostile, `\\`, `\`)+`) AS v(id, k, n, d, s, c, day, at, b)`)
	_, my := newMySQL(t, `CREATE TABLE t (id int PRIMARY KEY, k smallint, n bigint, d decimal(10,2), s text, c varchar(20), day date, at datetime(6), b tinyint(1), free double, f float, ch char(9)) DEFAULT CHARSET utf8mb4;
		INSERT INTO t (id, k, n, d, s, c, day, at, b) VALUES `+hostile+`; UPDATE t SET free = id / 3, f = -0e0, ch = s`)
	lite := `CREATE TABLE t (id INTEGER PRIMARY KEY, k INT, n BIGINT, d TEXT, s TEXT, c VARCHAR(20) COLLATE NOCASE, day DATE, at TEXT, b BOOLEAN, free, f REAL, ch NUMERIC(10,2));
		INSERT INTO t (id, k, n, d, s, c, day, at, b) VALUES ` + strings.ReplaceAll(hostile, `\\`, `\`) + `; UPDATE t SET free = d, f = -0.0, ch = d`
	return map[string]string{"postgres": pg, "mysql": my, "sqlite": "script:" + lite}
}

func TestWhatIsPushedDownIsTheSame(t *testing.T) {
	t.Parallel()
	const plain = "SELECT id, k, n, d, s, c, day, b FROM t"
	filter := func(condition string) string { return fmt.Sprintf(`filter {"condition": %q}`, condition) }
	hosts := hosts(t)
	for name, tc := range map[string]struct {
		query string
		nodes []string
		// pushed are the ids of the nodes that are, on all but those in except.
		pushed  string
		except  map[string]string
		inOrder bool
	}{
		"filter":             {plain, []string{filter("k >= 2 and not (n = 7 or s is null)")}, "src a", nil, false},
		"filter bounds":      {plain, []string{filter("n = 9223372036854775807 or n < -9223372036854775806")}, "src a", nil, false},
		"filter text":        {plain, []string{filter("s = 'a' or c = 'a' or s in ('ß', '日本') or c <> 'Ä'")}, "src a", nil, false},
		"filter not text":    {plain, []string{filter("not (s = 'A') and c not in ('a', 'b')")}, "src a", nil, false},
		"filter text order":  {plain, []string{filter("s > 'A' and c between 'a' and 'é'")}, "src a", nil, false},
		"filter empty text":  {plain, []string{filter("s = '' or s = 'a '")}, "src a", nil, false},
		"filter quotes":      {plain, []string{filter(`s = 'a''b%_\' or s = '${param.s}' or k = ${param.k}`)}, "src a", nil, false},
		"filter day":         {plain, []string{filter("day >= '2024-01-31' or day = '0001-01-01'")}, "src a", nil, false},
		"filter decimal":     {"SELECT id, d FROM t", []string{filter("d > 1 and d < 100000000.005 or d = -0.01")}, "src a", map[string]string{"sqlite": ""}, false},
		"filter moment":      {"SELECT id, at FROM t", []string{filter("at >= '2024-01-31T10:00:00' and at < '2024-02-29T23:59:59.999999Z' or at is null")}, "src a", nil, false},
		"filter columns":     {plain, []string{filter("s = c or k < id")}, "src a", nil, false},
		"filter flag":        {"SELECT id, b FROM t", []string{filter("b")}, "src a", map[string]string{"mysql": "refused"}, false},
		"filter not flag":    {"SELECT id, b FROM t", []string{filter("not b or b = true")}, "src a", map[string]string{"mysql": "refused"}, false},
		"filter away":        {plain, []string{filter("k = 99")}, "src a", nil, false},
		"columns":            {"SELECT * FROM t", []string{`project {"columns": ["s", "id"], "rename": {"s": "Text \" of ` + "`" + ` it"}}`}, "src a", nil, false},
		"filter and columns": {"SELECT * FROM t", []string{filter("k > 1"), `project {"columns": ["id", "c"]}`, filter("c is not null")}, "src a b c", nil, false},
		"transform":          {"SELECT * FROM t", []string{`transform {"rules": [{"type": "filter", "condition": "id < 9"}, {"type": "rename", "mapping": {"k": "n", "n": "k"}}, {"type": "select", "columns": ["n", "k", "s"]}, {"type": "drop", "columns": ["s"]}]}`}, "src a", nil, false},
		"groups":             {plain, []string{`aggregate {"group_by": ["k"], "aggregations": [{"function": "count"}, {"function": "sum", "column": "id"}, {"function": "min", "column": "s"}, {"function": "max", "column": "c"}, {"function": "min", "column": "day"}, {"function": "count_distinct", "column": "c", "alias": "cs"}, {"function": "max", "column": "n"}]}`}, "src a", nil, true},
		"groups of text":     {plain, []string{`aggregate {"group_by": ["c", "s"], "aggregations": [{"function": "count", "column": "k"}]}`}, "src a", nil, true},
		"groups of days":     {plain, []string{filter("id <> 2"), `aggregate {"group_by": ["day"], "aggregations": [{"function": "count"}]}`}, "src a b", nil, true},
		"sum of decimals":    {"SELECT k, d FROM t", []string{`aggregate {"group_by": ["k"], "aggregations": [{"function": "sum", "column": "d"}, {"function": "max", "column": "d"}]}`}, "src a", map[string]string{"sqlite": "refused"}, true},
		"groups that sum":    {plain, []string{`aggregate {"group_by": ["k"], "aggregations": [{"function": "sum", "column": "id", "alias": "total"}]}`, `sort {"columns": ["total"], "ascending": false}`, `limit {"rows": 2}`}, "src a b c", map[string]string{"mysql": "src a"}, true},
		"one group":          {plain, []string{`aggregate {"aggregations": [{"function": "count", "alias": "rows"}, {"function": "sum", "column": "id"}]}`}, "src a", nil, true},
		"one group of none":  {plain, []string{filter("k = 99"), `aggregate {"aggregations": [{"function": "count"}, {"function": "max", "column": "n"}]}`}, "src a b", nil, true},
		"groups of none":     {plain, []string{filter("k = 99"), `aggregate {"group_by": ["s"], "aggregations": [{"function": "count"}]}`}, "src a b", nil, true},
		"distinct":           {"SELECT k, c FROM t", []string{`deduplicate {}`}, "src a", nil, false},
		"first of a sort":    {plain, []string{`sort {"columns": ["s", "id"]}`, `limit {"rows": 4, "offset": 1}`}, "src a b", nil, true},
		"last of a sort":     {plain, []string{`sort {"by": [{"column": "n", "ascending": false}, {"column": "id"}]}`, `limit {"rows": 3}`, `project {"columns": ["id", "n"]}`, filter("id > 1")}, "src a b c d", nil, true},
		"groups sorted":      {plain, []string{`aggregate {"group_by": ["c"], "aggregations": [{"function": "count"}]}`, `sort {"columns": ["c"], "ascending": false}`}, "src a b", nil, true},
		"order, then groups": {plain + " ORDER BY c", []string{filter("id > 1"), `aggregate {"group_by": ["k"], "aggregations": [{"function": "count"}]}`}, "src a b", nil, true},
		// What must not be.
		"ties":           {plain, []string{`sort {"columns": ["k"]}`, `limit {"rows": 1}`}, "", nil, false},
		"sort alone":     {plain, []string{`sort {"columns": ["id"]}`}, "", nil, true},
		"limit alone":    {plain + " WHERE id = 1", []string{`limit {"rows": 1}`}, "", nil, false},
		"order of query": {plain + " ORDER BY id", []string{filter("k = 1")}, "", nil, true},
		"like":           {plain, []string{filter("s like 'a%'")}, "", nil, false},
		"computed":       {plain, []string{filter("id + 1 = 3")}, "", nil, false},
		"number as text": {plain, []string{filter("s = 5 or s > 5")}, "", nil, false},
		"average":        {plain, []string{`aggregate {"aggregations": [{"function": "avg", "column": "id"}]}`}, "", nil, false},
		"first":          {plain + " WHERE id = 1", []string{`aggregate {"aggregations": [{"function": "first", "column": "id"}]}`}, "", nil, false},
		"keys only":      {plain + " WHERE id = 1", []string{`deduplicate {"columns": ["k"]}`}, "", nil, false},
		"floats":         {"SELECT id, f FROM t", []string{filter("f > 1")}, "", nil, false},
		"sum of floats":  {"SELECT id, f FROM t WHERE id > 2", []string{`aggregate {"aggregations": [{"function": "sum", "column": "f"}]}`}, "", nil, false},
		"values decide":  {"SELECT id, free, ch FROM t", []string{filter("id < 4")}, "", map[string]string{"postgres": "", "mysql": "src a"}, false},
		"padded":         {"SELECT id, ch FROM t", []string{filter("ch = 'a'")}, "", map[string]string{"mysql": "src a", "sqlite": "refused"}, false},
		"limited query":  {plain + " LIMIT 3", []string{filter("id > 0")}, "", nil, false},
		"careful":        {plain, []string{`filter {"condition": "k = 1", "max_retries": 1}`}, "", nil, false},
	} {
		for host, at := range hosts {
			t.Run(name+"/"+host, func(t *testing.T) {
				t.Parallel()
				want, got := piped(t, at, tc.query, false, tc.nodes...), piped(t, at, tc.query, true, tc.nodes...)
				pushed := tc.pushed
				if other, is := tc.except[host]; is {
					pushed = other
				}
				if pushed == "refused" {
					pushed = ""
				} else if want.failed != "" {
					t.Fatalf("it fails: %s", want.failed)
				}
				if here := strings.Join(got.nodes, " "); here != pushed || len(want.nodes) > 0 {
					t.Errorf("pushed %q, want %q", here, pushed)
				}
				if !tc.inOrder {
					slices.Sort(want.lines)
					slices.Sort(got.lines)
				}
				want.nodes, got.nodes = nil, nil
				if diff := cmp.Diff(want, got, cmp.AllowUnexported(pushedBy{})); diff != "" {
					t.Error(diff)
				}
			})
		}
	}
}

// TestWhatADatabaseCannotBeTrustedWith has values that are not as their columns were
// declared, and statements that fail there.
func TestWhatADatabaseCannotBeTrustedWith(t *testing.T) {
	t.Parallel()
	const few = `filter {"condition": "k < 3"}`
	_, pg := newPostgres(t, `CREATE COLLATION loose (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
		CREATE TABLE t (k int, d numeric(5,2), at timestamp, s text COLLATE loose, n bigint);
		INSERT INTO t VALUES (1, 1.5, '2024-01-01', 'a', 9223372036854775807), (2, 2, 'infinity', 'A', 1), (3, 'NaN', '294276-12-31', 'b', 1);
		CREATE VIEW v AS SELECT k, 1 / (k - 9) AS n FROM t`)
	const lite = `script:CREATE TABLE t (k INT, s TEXT, b BOOLEAN, day DATE, n INT);
		INSERT INTO t VALUES (1, 'a', 1, '2024-01-31', 9223372036854775807), (2, 'A', 0, '2024-02-29', 1), (3, x'00', 2, '2024-02-30', 1), (4, 'b', 1, 'never', 'many')`
	for name, tc := range map[string]struct {
		at, query string
		nodes     []string
		pushed    string
	}{
		"NaN":               {pg, "SELECT k, d FROM t", []string{few}, ""},
		"NaN unseen":        {pg, "SELECT k, d FROM t WHERE k < 3", []string{few}, "src a"},
		"NaN left out":      {pg, "SELECT k, d FROM t", []string{few, `project {"columns": ["k"]}`}, "src a b"},
		"far future":        {pg, "SELECT k, at FROM t WHERE k < 3", []string{`filter {"condition": "at > '2024-06-01'"}`}, "src a"},
		"collation":         {pg, "SELECT k, s FROM t", []string{`filter {"condition": "s = 'a'"}`}, "src a"},
		"groups, collation": {pg, "SELECT s FROM t", []string{`aggregate {"group_by": ["s"], "aggregations": [{"function": "count"}]}`}, "src a"},
		"sum too great":     {pg, "SELECT n FROM t", []string{`aggregate {"aggregations": [{"function": "sum", "column": "n"}]}`}, ""},
		"no such table":     {pg, "SELECT k FROM tt", []string{few}, ""},
		"no such column":    {pg, "SELECT k FROM t", []string{`filter {"condition": "kk < 3"}`}, ""},
		"parentheses":       {pg, "SELECT k FROM t) AS t, (SELECT 1 AS one", []string{few}, ""},
		"random":            {pg, "SELECT k FROM t WHERE random() < 2", []string{few}, ""},
		"semicolon":         {pg, "SELECT k FROM t; -- all", []string{few}, "src a"},
		"view":              {pg, "SELECT k, n FROM v", []string{few}, "src a"},
		"odd text":          {lite, "SELECT k, s FROM t", []string{few}, ""},
		"odd text unseen":   {lite, "SELECT k, s FROM t WHERE k < 3", []string{few}, "src a"},
		"odd truth":         {lite, "SELECT k, b FROM t", []string{few}, ""},
		"odd day":           {lite, "SELECT k, day FROM t WHERE k < 4", []string{few}, ""},
		"odd number":        {lite, "SELECT n FROM t", []string{`aggregate {"aggregations": [{"function": "max", "column": "n"}]}`}, ""},
		"sum too great too": {lite, "SELECT n FROM t WHERE k < 3", []string{`aggregate {"aggregations": [{"function": "sum", "column": "n"}]}`}, ""},
		"the time":          {lite, "SELECT k FROM t WHERE date('now') > '2000'", []string{few}, ""},
		"computed there":    {lite, "SELECT k + 1 AS k FROM t", []string{few}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want, got := piped(t, tc.at, tc.query, false, tc.nodes...), piped(t, tc.at, tc.query, true, tc.nodes...)
			if here := strings.Join(got.nodes, " "); here != tc.pushed {
				t.Errorf("pushed %q, want %q", here, tc.pushed)
			}
			slices.Sort(want.lines)
			slices.Sort(got.lines)
			want.nodes, got.nodes = nil, nil
			if name == "NaN left out" { // the first rows on the way have none
				want.columns, got.columns = "", ""
			}
			if diff := cmp.Diff(want, got, cmp.AllowUnexported(pushedBy{})); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestRowsThatOthersNeedAreNotPushed has nodes whose rows go elsewhere as well.
func TestRowsThatOthersNeedAreNotPushed(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ nodes, edges, pushed string }{
		"two take them":   {`a filter {"condition": "k = 1"}` + "\n" + `b filter {"condition": "k = 2"}`, "src>a src>b", ""},
		"two behind":      {`a filter {"condition": "k = 1"}` + "\n" + `b filter {"condition": "k = 1"}` + "\n" + `c limit {"rows": 1}`, "src>a a>b a>c", "src a"},
		"kept on the way": {`a filter {"condition": "k = 1", "keep_rows": true}` + "\n" + `b filter {"condition": "k = 1"}`, "src>a a>b", "src a"},
		"nobody":          {`a filter {"condition": "k = 1"}`, "src>a", "src a"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, map[string]string{"shop.db.sql": "CREATE TABLE t (k INT); INSERT INTO t VALUES (1), (2)"})
			j := w.job("src source_db {\"uri\": \"shop.db\", \"query\": \"SELECT k FROM t\"}\n"+strings.ReplaceAll(tc.nodes, `, "keep_rows": true`, ""), tc.edges)
			j.Nodes[1].Keep = strings.Contains(tc.nodes, "keep_rows")
			r := execute(t.Context(), t, j)
			var pushed []string
			for _, s := range j.Nodes {
				if r.nodes[s.ID].Status != job.Success {
					t.Errorf("%s: %+v", s.ID, r.nodes[s.ID])
				}
				if r.nodes[s.ID].Pushed != "" {
					pushed = append(pushed, s.ID)
				}
			}
			if got := strings.Join(pushed, " "); got != tc.pushed {
				t.Errorf("pushed %q, want %q", got, tc.pushed)
			}
		})
	}
}

// TestAPushedStatementIsStopped ends a run while a database counts very many rows.
func TestAPushedStatementIsStopped(t *testing.T) {
	t.Parallel()
	_, pg := newPostgres(t, "SELECT 1")
	w := newWorld(t, nil)
	j := w.job(fmt.Sprintf(`
		src source_db {"uri": %q, "query": "SELECT i FROM generate_series(1, 300000) AS i, generate_series(1, 300000) AS k"}
		a filter {"condition": "i = 1"}`, pg), "src>a")
	j.Out.Policy = outbound.Policy{Allow: outbound.Loopback()}
	ctx, stop := context.WithTimeout(t.Context(), 2*time.Second)
	defer stop()
	r := execute(ctx, t, j)
	if r.end.Status != job.Failed || r.nodes["src"].Status != job.Failed || r.nodes["a"].Status != job.Skipped {
		t.Errorf("%+v", r.nodes)
	}
}
