package nodes

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	_ "github.com/duckdb/duckdb-go/v2" // the database that the SQL is for

	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/node"
	"github.com/broked/broked/internal/sqltext"
)

// duck is a real DuckDB as nodes see it.
type duck struct{ pool *sql.DB }

func newDuck(tb testing.TB) duck {
	tb.Helper()
	pool, err := sql.Open("duckdb", "")
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = pool.Close() })
	return duck{pool}
}

func (d duck) Query(ctx context.Context, query string, limit int) (node.Table, error) {
	rows, err := d.pool.QueryContext(ctx, query)
	if err != nil {
		return node.Table{}, err
	}
	defer rows.Close()
	names, err := rows.Columns()
	if err != nil {
		return node.Table{}, err
	}
	var table node.Table
	for len(table.Rows) < limit && rows.Next() {
		row, into := make([]any, len(names)), make([]any, len(names))
		for i := range row {
			into[i] = &row[i]
		}
		if err := rows.Scan(into...); err != nil {
			return table, err
		}
		table.Rows = append(table.Rows, row)
	}
	return table, rows.Err()
}

func (d duck) Describe(ctx context.Context, query string) ([]node.Column, error) {
	table, err := d.Query(ctx, "DESCRIBE "+query, 1000)
	var columns []node.Column
	for _, row := range table.Rows {
		columns = append(columns, node.Column{Name: fmt.Sprint(row[0]), Type: fmt.Sprint(row[1])})
	}
	return columns, err
}

func (duck) Read(context.Context, node.Relation) node.Rows { return node.Rows{} }

func (d duck) Exec(ctx context.Context, statement string) (int64, error) {
	result, err := d.pool.ExecContext(ctx, statement)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// orders is what most tests transform.
const orders = `SELECT * FROM (VALUES
	(1::BIGINT, 'Ann',  'DE', '00123', 10.5::DOUBLE,  DATE '2024-01-31', 1.10::DECIMAL(10,2), true),
	(2,         'bob',  'FR', '123',   20.0,          DATE '2024-02-01', 2.20,                false),
	(3,         'Cléo', 'DE', 'n/a',NULL,NULL,NULL,NULL),
	(4,         'ann',  NULL, '7',     5.0,           DATE '2023-12-31', 0.50,                true)
) AS t(id, name, country, zip, amount, day, price, flag)`

// transformed is what became of an input.
type transformed struct {
	rel  node.Relation
	rows string // cells joined by commas, rows by semicolons
	logs []string
}

func runTransform(tb testing.TB, db duck, input, rules string, legacy bool) (transformed, error) {
	tb.Helper()
	n, problems := transformSpec.Build(json.RawMessage(`{"rules":` + rules + `}`))
	if len(problems) > 0 {
		return transformed{}, fault.Rejected("settings", problems)
	}
	columns, err := db.Describe(tb.Context(), input)
	if err != nil {
		tb.Fatal(err)
	}
	var out transformed
	env := node.Env{
		DB: db, Legacy: legacy,
		Values: func(name string) (string, bool) { return "DE", name == "param.country" },
		Log: func(level node.Level, format string, args ...any) {
			out.logs = append(out.logs, string(level)+": "+fmt.Sprintf(format, args...))
		},
	}
	in := []node.Relation{{SQL: input, Columns: columns, Rows: 4}}
	for range 2 { // as the engine may
		if out.rel, err = n.(node.Relational).Select(tb.Context(), env, in); err != nil {
			return out, err
		}
	}
	got, err := db.Describe(tb.Context(), out.rel.SQL)
	if err != nil {
		tb.Fatalf("%s: %v", out.rel.SQL, err)
	}
	if !slices.Equal(got, out.rel.Columns) {
		tb.Errorf("columns %v, said to be %v", got, out.rel.Columns)
	}
	table, err := db.Query(tb.Context(), "SELECT CAST(COLUMNS(*) AS VARCHAR) FROM ("+out.rel.SQL+")", 1000)
	if err != nil {
		return out, err
	}
	var rows []string
	for _, row := range table.Rows {
		var cells []string
		for _, cell := range row {
			cells = append(cells, strings.ReplaceAll(fmt.Sprint(cell), "<nil>", "null"))
		}
		rows = append(rows, strings.Join(cells, ","))
	}
	out.rows = strings.Join(rows, ";")
	return out, nil
}

func typesOf(columns []node.Column) string {
	var words []string
	for _, c := range columns {
		words = append(words, c.Name+" "+c.Type)
	}
	return strings.Join(words, ", ")
}

func TestTransform(t *testing.T) {
	t.Parallel()
	db := newDuck(t)
	const few = `{"type":"select_columns","columns":["id"]}`
	for _, test := range []struct {
		name, rules    string
		legacy         bool
		columns, want  string // columns with types; empty means not looked at
		sameRows, logs string
	}{
		{name: "nothing", rules: `[]`, sameRows: "yes"},
		{name: "rename swaps", rules: `[{"type":"rename_columns","mapping":{"id":"name","name":"id"}},{"type":"select","columns":["name","id"]},{"type":"filter","condition":"name < 3"}]`, columns: "name BIGINT, id VARCHAR", want: "1,Ann;2,bob"},
		{name: "rename case", rules: `[{"type":"rename","mapping":{"ID":"Id"}},{"type":"keep_columns","columns":["Id"]}]`, columns: "Id BIGINT", want: "1;2;3;4", sameRows: "yes"},
		{name: "rename legacy", rules: `[{"type":"rename","mapping":{"nix":"x"}},` + few + `]`, legacy: true, want: "1;2;3;4", sameRows: "yes", logs: "warning: there is no column \"nix\""},
		{name: "add", rules: `[{"type":"add_column","name":"gross","expression":"amount * 1.2"},{"type":"select","columns":["gross"]}]`, columns: "gross DOUBLE", want: "12.6;24.0;null;6.0", sameRows: "yes"},
		{name: "add on add", rules: `[{"type":"add_column","name":"a","expression":"id + 1"},{"type":"add_column","name":"b","expression":"a * 2"},{"type":"filter","condition":"b > 6"},{"type":"select","columns":["b"]}]`, columns: "b BIGINT", want: "8;10", sameRows: "no"},
		{name: "add text", rules: `[{"type":"add_column","name":"x","expression":"name + \"-\" + country"},{"type":"select","columns":["x"]}]`, want: "Ann-DE;bob-FR;Cléo-DE;ann-", sameRows: "yes", logs: "info: read - as text"},
		{name: "add over legacy", rules: `[{"type":"add_column","name":"id","expression":"id * 10"},` + few + `]`, legacy: true, want: "10;20;30;40", sameRows: "yes", logs: "warning: there is a column"},
		{name: "add null", rules: `[{"type":"add_column","name":"x","expression":"null"},{"type":"select","columns":["x"]}]`, columns: "x VARCHAR", want: "null;null;null;null"},
		{name: "filter nulls go", rules: `[{"type":"filter_rows","condition":"amount != 20"},` + few + `]`, want: "1;4", sameRows: "no"},
		{name: "filter twice", rules: `[{"type":"filter","condition":"id > 1 or id = 0"},{"type":"filter","condition":"id < 4 or id = 9"},` + few + `]`, want: "2;3"},
		{name: "filter placeholder", rules: `[{"type":"filter","condition":"country == ${param.country}"},` + few + `]`, want: "1;3"},
		{name: "filter words", rules: `[{"type":"filter","condition":"country == DE"},` + few + `]`, want: "1;3", logs: "info: read DE as text"},
		{name: "apply", rules: `[{"type":"apply_function","column":"name","function":"upper"},{"type":"function","columns":["amount","price"],"function":"round"},{"type":"select","columns":["name","amount","price"]}]`, columns: "name VARCHAR, amount DOUBLE, price DECIMAL(10,0)", want: "ANN,11.0,1;BOB,20.0,2;CLÉO,null,null;ANN,5.0,1", sameRows: "yes"},
		{name: "replace text", rules: `[{"type":"replace_values","column":"country","mapping":{"DE":"Germany","FR":null}},{"type":"select","columns":["country"]}]`, columns: "country VARCHAR", want: "Germany;null;Germany;null", sameRows: "yes"},
		{name: "replace number", rules: `[{"type":"replace","column":"id","mapping":{"1":"10","2":20,"x":"5"}},` + few + `]`, columns: "id BIGINT", want: "10;20;3;4"},
		{name: "replace by text", rules: `[{"type":"replace","column":"id","mapping":{"1":"one","2":"1.5"}},` + few + `]`, columns: "id VARCHAR", want: "one;1.5;3;4"},
		{name: "replace decimal", rules: `[{"type":"replace","column":"price","mapping":{"1.1":"9.99"}},{"type":"select","columns":["price"]}]`, columns: "price DECIMAL(10,2)", want: "9.99;2.20;null;0.50"},
		{name: "replace date", rules: `[{"type":"replace","column":"day","mapping":{"2024-01-31":"2024-01-30"}},{"type":"select","columns":["day"]}]`, columns: "day DATE", want: "2024-01-30;2024-02-01;null;2023-12-31"},
		{name: "replace flag", rules: `[{"type":"replace","column":"flag","mapping":{"true":false}},{"type":"select","columns":["flag"]}]`, columns: "flag BOOLEAN", want: "false;false;null;false"},
		{name: "drop", rules: `[{"type":"drop_columns","columns":["name","country","zip","amount","day"]}]`, columns: "id BIGINT, price DECIMAL(10,2), flag BOOLEAN", want: "1,1.10,true;2,2.20,false;3,null,null;4,0.50,true", sameRows: "yes"},
		{name: "drop legacy", rules: `[{"type":"drop","columns":["nix"]},` + few + `]`, legacy: true, want: "1;2;3;4", logs: "warning: there is no column \"nix\""},
		{name: "convert", rules: `[{"type":"convert_types","mapping":{"zip":"integer","id":"text","day":"timestamp","amount":"decimal(12,1)"},"on_error":"null"},{"type":"select","columns":["zip","id","day","amount"]}]`, columns: "zip BIGINT, id VARCHAR, day TIMESTAMP, amount DECIMAL(12,1)", want: "123,1,2024-01-31 00:00:00,10.5;123,2,2024-02-01 00:00:00,20.0;null,3,null,null;7,4,2023-12-31 00:00:00,5.0", sameRows: "yes"},
		{name: "sort", rules: `[{"type":"sort","columns":["amount"]},` + few + `]`, want: "4;1;2;3", sameRows: "yes"},
		{name: "sort legacy descends", rules: `[{"type":"sort","column":"amount"},` + few + `]`, legacy: true, want: "2;1;4;3", sameRows: "yes"},
		{name: "sort legacy ascends", rules: `[{"type":"sort","column":"amount","ascending":true},` + few + `]`, legacy: true, want: "4;1;2;3"},
		{name: "sort by computed", rules: `[{"type":"add_column","name":"k","expression":"0 - id"},{"type":"sort","columns":["k"]},` + few + `]`, want: "4;3;2;1"},
		{name: "sort by hidden alias", rules: `[{"type":"sort","columns":["id"],"ascending":false},{"type":"rename","mapping":{"amount":"id","id":"was"}},{"type":"select","columns":["was","id"]}]`, want: "4,5.0;3,null;2,20.0;1,10.5"},
		{name: "sort twice", rules: `[{"type":"sort","columns":["id"],"ascending":false},{"type":"sort","columns":["country"]},{"type":"filter","condition":"id < 9"},` + few + `]`, want: "3;1;2;4"},
		{name: "dedup first", rules: `[{"type":"deduplicate","columns":["country"]},` + few + `]`, want: "1;2;4", sameRows: "no"},
		{name: "dedup computed", rules: `[{"type":"function","column":"name","function":"lower"},{"type":"dedup","columns":["name"]},{"type":"filter","condition":"id > 1"},` + few + `]`, want: "2;3"},
		{name: "dedup after sort", rules: `[{"type":"sort","columns":["id"],"ascending":false},{"type":"dedup","columns":["country"]},` + few + `]`, want: "4;3;2"},
		{name: "dedup twice", rules: `[{"type":"dedup","columns":["country"]},{"type":"dedup","columns":["flag"]},` + few + `]`, want: "1;2"},
		{name: "dedup all", rules: `[{"type":"select","columns":["country"]},{"type":"dedup"}]`, want: "DE;FR;null"},
		{name: "aggregate", rules: `[{"type":"aggregate","group_by":["country"],"agg_fields":[{"column":"id","function":"sum"},{"column":"amount","function":"count"},{"column":"amount","function":"avg","alias":"mean"},{"column":"day","function":"max"},{"column":"price","function":"sum"}]}]`, columns: "country VARCHAR, sum_id BIGINT, count_amount BIGINT, mean DOUBLE, max_day DATE, sum_price DECIMAL(38,2)", want: "DE,4,2,10.5,2024-01-31,1.10;FR,2,1,20.0,2024-02-01,2.20;null,4,1,5.0,2023-12-31,0.50", sameRows: "no"},
		{name: "aggregate first", rules: `[{"type":"sort","columns":["id"],"ascending":false},{"type":"agg","group_by":["flag"],"aggregations":[{"column":"name","function":"first"},{"column":"name","function":"last"},{"column":"amount","function":"first","alias":"a"},{"column":"country","function":"count_distinct"},{"function":"count"}]}]`, want: "false,bob,bob,20.0,1,1;true,ann,Ann,5.0,1,2;null,Cléo,Cléo,null,1,1"},
		{name: "aggregate all", rules: `[{"type":"filter","condition":"id > 9"},{"type":"agg","aggregations":[{"column":"*","function":"count","alias":"n"},{"column":"amount","function":"sum"}]}]`, want: "0,null"},
		{name: "aggregate text", rules: `[{"type":"agg","group_by":["country"],"aggregations":[{"column":"zip","function":"sum"}]}]`, columns: "country VARCHAR, sum_zip DOUBLE", want: "DE,123.0;FR,123.0;null,7.0", logs: "warning: the column \"zip\" is text"},
		{name: "distinct by group", rules: `[{"type":"agg","group_by":["flag"]}]`, want: "false;true;null"},
		{name: "after aggregate", rules: `[{"type":"agg","group_by":["country"],"aggregations":[{"function":"count"}]},{"type":"add_column","name":"half","expression":"count / 2"},{"type":"filter","condition":"half >= 1"}]`, want: "DE,2,1.0"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got, err := runTransform(t, db, orders, test.rules, test.legacy)
			if err != nil {
				t.Fatal(err)
			}
			if test.columns != "" && typesOf(got.rel.Columns) != test.columns {
				t.Errorf("columns %s, want %s", typesOf(got.rel.Columns), test.columns)
			}
			if test.want != "" && got.rows != test.want {
				t.Errorf("rows %s, want %s\n%s", got.rows, test.want, got.rel.SQL)
			}
			if test.sameRows != "" && got.rel.SameRows != (test.sameRows == "yes") {
				t.Errorf("same rows: %v, want %s", got.rel.SameRows, test.sameRows)
			}
			if logs := strings.Join(got.logs, "\n"); !strings.HasPrefix(logs, test.logs) || (test.logs == "") != (logs == "") || len(got.logs) > 1 {
				t.Errorf("logs %q, want one that begins %q", logs, test.logs)
			}
		})
	}
}

func TestTransformRefuses(t *testing.T) {
	t.Parallel()
	db := newDuck(t)
	for _, test := range []struct{ rules, path, want string }{
		// when it is saved
		{`[{"type":"explode"}]`, "rules[0].type", "must be one of filter_rows, sort"},
		{`[{"type":"filter","condition":"a >"}]`, "rules[0].condition", "character 4: expected a value"},
		{`[{"type":"drop","columns":["id"]},{"type":"add_column","name":"x","expression":"lowr(name)"}]`, "rules[1].expression", "did you mean"},
		{`[{"type":"filter"}]`, "rules[0].condition", "is missing"},
		{`[{"type":"sort"}]`, "rules[0].columns", "needs at least 1"},
		{`[{"type":"sort","columns":["a"],"column":"b"}]`, "rules[0].column", "use one of them"},
		{`[{"type":"function","function":"upper"}]`, "rules[0].column", "is missing"},
		{`[{"type":"function","function":"shout","column":"name"}]`, "rules[0].function", "must be one of"},
		{`[{"type":"agg"}]`, "rules[0].aggregations", "needs at least 1"},
		{`[{"type":"agg","aggregations":[{"function":"sum"}]}]`, "rules[0].aggregations[0].column", "is missing"},
		{`[{"type":"agg","agg_fields":[{"function":"median","column":"id"}]}]`, "rules[0].agg_fields[0].function", "must be one of count"},
		{`[{"type":"replace","column":"id","mapping":{"1":[2]}}]`, "rules[0].mapping.1", "must be text"},
		{`[{"type":"cast","mapping":{"id":"decimal(50,2)"}}]`, "rules[0].mapping.id", "must be one of"},
		{`[{"type":"drop","columns":[]}]`, "rules[0].columns", "needs at least 1"},
		// when the columns are known
		{`[{"type":"filter","condition":"amout > 1"}]`, "rules[0].condition", `there is no column "amout" (did you mean "amount"?)`},
		{`[{"type":"filter","condition":"amount"}]`, "rules[0].condition", "a condition must be true or false"},
		{`[{"type":"sort","columns":["id","nam"]}]`, "rules[0].columns[1]", `there is no column "nam" (did you mean "name"?); the columns are id, name, country`},
		{`[{"type":"dedup","columns":["nix"]}]`, "rules[0].columns[0]", "there is no column"},
		{`[{"type":"rename","mapping":{"nix":"x"}}]`, "rules[0].mapping.nix", "there is no column"},
		{`[{"type":"rename","mapping":{"id":"name"}}]`, "rules[0].mapping.id", `there would be two columns "name"`},
		{`[{"type":"rename","mapping":{"id":"NAME"}}]`, "rules[0].mapping.id", "there would be two columns"},
		{`[{"type":"add_column","name":"Name","expression":"1"}]`, "rules[0].name", "there is a column"},
		{`[{"type":"drop","columns":["nix"]}]`, "rules[0].columns[0]", "there is no column"},
		{`[{"type":"drop","columns":["id"]},{"type":"select","columns":["id"]}]`, "rules[1].columns[0]", `there is no column "id"`},
		{`[{"type":"select","columns":["id","ID"]}]`, "rules[0].columns[1]", "twice"},
		{`[{"type":"select","columns":["id"]},{"type":"drop","columns":["id"]}]`, "rules[1].columns", "no column would be left"},
		{`[{"type":"agg","group_by":["country","country"]}]`, "rules[0].group_by[1]", "twice"},
		{`[{"type":"agg","group_by":["country"],"aggregations":[{"column":"id","function":"max","alias":"country"}]}]`, "rules[0].aggregations[0].alias", "two columns"},
		{`[{"type":"agg","aggregations":[{"column":"day","function":"sum"}]}]`, "rules[0].aggregations[0].column", `sum needs numbers, but "day" is a date`},
		{`[{"type":"function","function":"year","column":"name"}]`, "rules[0].column", "year needs a date"},
		{`[{"type":"cast","mapping":{"day":"integer"}}]`, "rules[0].mapping.day", "a date cannot become a whole number"},
		{`[{"type":"replace","column":"nix","mapping":{"1":"2"}}]`, "rules[0].column", "there is no column"},
	} {
		_, err := runTransform(t, db, orders, test.rules, false)
		problems := fault.ProblemsOf(err)
		if fault.KindOf(err) != fault.Invalid || len(problems) == 0 {
			t.Errorf("%s: got %v, want a problem", test.rules, err)
			continue
		}
		if p := problems[0]; p.Path != test.path || !strings.Contains(p.Message, test.want) {
			t.Errorf("%s: got %s: %s, want %s: %s", test.rules, p.Path, p.Message, test.path, test.want)
		}
	}
	if _, err := runTransform(t, db, orders, `[{"type":"cast","mapping":{"zip":"integer"}}]`, false); err == nil {
		t.Error("n/a became a whole number")
	}
}

// Any text can be a column's name, and none becomes part of the statement.
func TestTransformHostileNames(t *testing.T) {
	t.Parallel()
	db := newDuck(t)
	for _, name := range []string{
		`"`, `""`, `a"b`, `'`, `x'; DROP TABLE t; --`, `--`, `/*`, `$1`, `${param.country}`, "\n", " ", `\`, "日本", "i", "row", "select", "i.row", "é", "%s", "*", "Ⅷ",
	} {
		quoted, err := json.Marshal(name)
		if err != nil {
			t.Fatal(err)
		}
		expression, err := json.Marshal(sqltext.Ident(name) + " * 2")
		if err != nil {
			t.Fatal(err)
		}
		rules := fmt.Sprintf(`[{"type":"add_column","name":"twice","expression":%[2]s},{"type":"sort","columns":[%[1]s]},{"type":"dedup","columns":[%[1]s]},
			{"type":"replace","column":%[1]s,"mapping":{"1":"5"}},{"type":"function","column":%[1]s,"function":"abs"},{"type":"rename","mapping":{%[1]s:"z","z":%[1]s}},
			{"type":"agg","group_by":[%[1]s],"aggregations":[{"column":"z","function":"sum","alias":"s"},{"column":"twice","function":"last","alias":"l"}]}]`, quoted, expression)
		input := "SELECT 1::BIGINT AS " + sqltext.Ident(name) + ", 'x' AS z UNION ALL SELECT 2, 'y' UNION ALL SELECT 2, 'z'"
		if strings.Contains(name, "${") {
			rules = strings.Replace(rules, string(expression), `"z + z"`, 1) // data may not choose a column by its name
		}
		got, err := runTransform(t, db, input, rules, false)
		if err != nil {
			t.Errorf("%q: %v", name, err)
			continue
		}
		if !strings.HasPrefix(got.rows, "x,5,") || got.rel.Columns[0].Name != name {
			t.Errorf("%q: %s %s", name, typesOf(got.rel.Columns), got.rows)
		}
	}
}

func TestTransformWide(t *testing.T) {
	t.Parallel()
	var columns, renames []string
	for i := range 300 {
		columns = append(columns, fmt.Sprintf("%d::BIGINT AS c%d", i, i))
		renames = append(renames, fmt.Sprintf(`"c%d":"c%d"`, i, (i+1)%300))
	}
	rules := `[{"type":"rename","mapping":{` + strings.Join(renames, ",") + `}},{"type":"add_column","name":"x","expression":"c0 + c299"},{"type":"filter","condition":"x > 1"},{"type":"dedup"}]`
	got, err := runTransform(t, newDuck(t), "SELECT "+strings.Join(columns, ", "), rules, false)
	if err != nil {
		t.Fatal(err)
	}
	if len(got.rel.Columns) != 301 || !strings.HasSuffix(got.rows, ",597") {
		t.Errorf("%d columns, row %s", len(got.rel.Columns), got.rows)
	}
}

// Neighbouring rules are one SELECT, and what they compute is written plainly.
func TestTransformSQL(t *testing.T) {
	t.Parallel()
	got, err := runTransform(t, newDuck(t), "SELECT 200.0::DOUBLE AS amount, 'DE' AS country",
		`[{"type":"filter","condition":"amount > 100"},{"type":"add_column","name":"gross","expression":"amount * 1.2"},{"type":"filter","condition":"country = 'DE'"},{"type":"rename","mapping":{"amount":"net"}}]`, false)
	if err != nil {
		t.Fatal(err)
	}
	want := `SELECT i."amount" AS "net", i."country" AS "country", i."amount" * 1.2 AS "gross" FROM (SELECT 200.0::DOUBLE AS amount, 'DE' AS country) AS i` +
		` WHERE (i."amount" > 100) AND (i."country" = 'DE')`
	if got.rel.SQL != want {
		t.Errorf("got %s, want %s", got.rel.SQL, want)
	}
}
