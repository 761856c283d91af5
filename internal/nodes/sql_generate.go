package nodes

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/broked/broked/internal/expr"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/node"
	"github.com/broked/broked/internal/sqltext"
)

// sqlGenerateSpec writes rows as INSERT statements.
var sqlGenerateSpec = node.Spec{
	Kind: "sql_generate", Title: "SQL statements", Icon: "code", Category: node.Transform, MinInputs: 1, MaxInputs: 1,
	Summary: "Write the rows as INSERT statements for a database: one row comes out, with all of the text in the column sql_output.",
	Settings: node.Schema{Type: node.TypeObject, Fields: []node.Field{
		{Name: "table", Schema: node.Schema{Type: node.TypeString, Title: "Table", Default: "data", MinLen: 1, Help: "The name of the table, with its schema if need be: sales.orders."}},
		{Name: "dialect", Schema: node.Schema{Type: node.TypeString, Title: "Dialect", Default: "generic", Enum: []string{"generic", "postgres", "postgresql", "mysql", "sqlite", "sqlserver", "mssql"}, Help: "How names, texts and types are written."}},
		{Name: "batch_size", Schema: node.Schema{Type: node.TypeInteger, Title: "Rows per statement", Default: 100, Min: new(1.0), Max: new(100_000.0)}},
		{Name: "create_table", Schema: node.Schema{Type: node.TypeBoolean, Title: "Create the table", Default: false, Help: "Begin with a CREATE TABLE of the columns and their types."}},
	}},
	New: func(config json.RawMessage) (node.Node, error) {
		g := &sqlGenerate{Table: "data", BatchSize: 100}
		if err := json.Unmarshal(config, g); err != nil {
			return nil, fault.Wrap(fault.Invalid, err, "the settings of the SQL statements are not readable")
		}
		g.dialect = dialects[cmp.Or(map[string]string{"postgresql": "postgres", "mssql": "sqlserver"}[g.Dialect], g.Dialect, "generic")]
		return g, nil
	},
}

// dialect is how a database writes things.
type dialect struct {
	open, shut string // around a name
	backslash  bool   // means something in a text
	prefix     string // of a text
	truth      [2]string
	types      map[expr.Kind]string // what is not here is text
	text       string
}

func standard(number, timestamp, text string) map[expr.Kind]string {
	return map[expr.Kind]string{
		expr.Integer: "BIGINT", expr.Double: number, expr.Boolean: "BOOLEAN", expr.Date: "DATE", expr.Timestamp: timestamp, expr.Time: "TIME", expr.Text: text,
	}
}

var dialects = map[string]dialect{
	"generic":  {open: `"`, shut: `"`, truth: [2]string{"FALSE", "TRUE"}, types: standard("DOUBLE PRECISION", "TIMESTAMP", "TEXT"), text: "TEXT"},
	"postgres": {open: `"`, shut: `"`, truth: [2]string{"FALSE", "TRUE"}, types: standard("DOUBLE PRECISION", "TIMESTAMP", "TEXT"), text: "TEXT"},
	"mysql":    {open: "`", shut: "`", backslash: true, truth: [2]string{"FALSE", "TRUE"}, types: standard("DOUBLE", "DATETIME(6)", "TEXT"), text: "TEXT"},
	"sqlite": {
		open: `"`, shut: `"`, truth: [2]string{"0", "1"}, text: "TEXT",
		types: map[expr.Kind]string{expr.Integer: "INTEGER", expr.Double: "REAL", expr.Boolean: "INTEGER"},
	},
	"sqlserver": {
		open: "[", shut: "]", prefix: "N", truth: [2]string{"0", "1"}, text: "NVARCHAR(MAX)",
		types: map[expr.Kind]string{expr.Integer: "BIGINT", expr.Double: "FLOAT", expr.Boolean: "BIT", expr.Date: "DATE", expr.Timestamp: "DATETIME2", expr.Time: "TIME"},
	},
}

func (d dialect) name(name string) string {
	return d.open + strings.ReplaceAll(name, d.shut, d.shut+d.shut) + d.shut
}

// typeOf returns the type of a column there.
func (d dialect) typeOf(column node.Column) string {
	kind := expr.TypeOf(column.Type).Kind
	if kind == expr.Decimal {
		return column.Type // DECIMAL(p,s) is written alike everywhere
	}
	return cmp.Or(d.types[kind], d.text)
}

// literal returns the DuckDB expression that yields a value as it is written there.
func (d dialect) literal(column node.Column) string {
	value := below + "." + sqltext.Ident(column.Name)
	text := "CAST(" + value + " AS VARCHAR)"
	var literal string
	switch kind := expr.TypeOf(column.Type); {
	case kind.Kind == expr.Double:
		literal = "CASE WHEN isfinite(" + value + ") THEN " + text + " END" // no database here writes NaN as a number
	case kind.Number():
		literal = text
	case kind.Kind == expr.Boolean:
		literal = fmt.Sprintf("CASE WHEN %s THEN '%s' WHEN NOT %[1]s THEN '%[3]s' END", value, d.truth[1], d.truth[0])
	default:
		if d.backslash {
			text = "replace(" + text + `, '\', '\\')`
		}
		literal = sqltext.Text(d.prefix+"'") + " || replace(" + text + ", '''', '''''') || ''''"
	}
	return "coalesce(" + literal + ", 'NULL')"
}

type sqlGenerate struct {
	Table       string `json:"table"`
	Dialect     string `json:"dialect"`
	BatchSize   int64  `json:"batch_size"`
	CreateTable bool   `json:"create_table"`
	dialect     dialect
}

// Select implements node.Relational.
func (g *sqlGenerate) Select(ctx context.Context, env node.Env, in []node.Relation) (node.Relation, error) {
	d := g.dialect
	names := make([]string, len(in[0].Columns))
	types, values := make([]string, len(names)), make([]string, len(names))
	for i, c := range in[0].Columns {
		names[i] = d.name(c.Name)
		types[i] = names[i] + " " + d.typeOf(c)
		values[i] = d.literal(c)
	}
	parts := strings.Split(g.Table, ".")
	for i := range parts {
		parts[i] = d.name(parts[i])
	}
	table := strings.Join(parts, ".")
	create := ""
	if g.CreateTable {
		create = "CREATE TABLE " + table + " (\n  " + strings.Join(types, ",\n  ") + "\n);\n"
	}
	insert := "INSERT INTO " + table + " (" + strings.Join(names, ", ") + ") VALUES\n"
	return described(ctx, env, in, func(from []string) (string, []fault.Problem) {
		return fmt.Sprintf(`SELECT %s || coalesce(string_agg(s.statement, '' ORDER BY s.batch), '') AS sql_output FROM (`+
			`SELECT t.batch, %s || string_agg(t.tuple, E',\n' ORDER BY t.row) || E';\n' AS statement FROM (`+
			`SELECT row_number() OVER () AS row, (row_number() OVER () - 1) // %d AS batch, '(' || concat_ws(', ', %s) || ')' AS tuple FROM (%s) AS %s`+
			`) AS t GROUP BY t.batch) AS s`,
			sqltext.Text(create), sqltext.Text(insert), g.BatchSize, strings.Join(values, ", "), from[0], below), nil
	})
}
