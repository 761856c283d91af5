package postgres

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/broked/broked/internal/batch"
	"github.com/broked/broked/internal/databases"
	"github.com/broked/broked/internal/sqltext"
)

const (
	visibleTables = `
		SELECT CASE WHEN pg_table_is_visible(c.oid) THEN c.relname ELSE n.nspname || '.' || c.relname END
		FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg\_%'
		ORDER BY 1 LIMIT 200`
	// The columns that can be written, each with its type.
	tableColumns = `
		SELECT a.attname || chr(10) || format_type(a.atttypid, a.atttypmod) FROM pg_attribute a
		WHERE a.attrelid = to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' ORDER BY a.attnum`
	// uniqueKeys are the columns of every key of a table, each key in one text.
	uniqueKeys = `
		SELECT (SELECT string_agg(a.attname, chr(10) ORDER BY a.attname) FROM pg_attribute a WHERE a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey[0:i.indnkeyatts - 1]))
		FROM pg_index i WHERE i.indrelid = to_regclass($1) AND i.indisunique AND i.indpred IS NULL AND i.indexprs IS NULL AND i.indisvalid`
)

// table is a table that rows go to.
type table struct {
	name  string            // quoted, with its schema
	shown string            // for people
	types map[string]string // of its columns
	names []string
	oids  map[string]uint32 // of the types, of Redshift
}

// tableNamed reads the name of a table, perhaps with its schema in front.
func tableNamed(written string) (*table, error) {
	var parts []string
	for part := range strings.SplitSeq(written, ".") {
		part = strings.Trim(strings.TrimSpace(part), `"`)
		if part == "" || strings.ContainsRune(part, 0) {
			return nil, databases.Problem("table", "must be a name, or a schema and a name with a point between them")
		}
		parts = append(parts, part)
	}
	if len(parts) > 2 {
		return nil, databases.Problem("table", "must be a name, or a schema and a name: only one database is reached")
	}
	quoted := make([]string, len(parts))
	for i, p := range parts {
		quoted[i] = sqltext.Ident(p)
	}
	return &table{name: strings.Join(quoted, "."), shown: strings.Join(parts, ".")}, nil
}

// look finds the columns of the table; it has none when it is not there.
func (t *table) look(ctx context.Context, c *conn) error {
	rows, err := c.texts(ctx, tableColumns, t.name)
	if err != nil {
		return err
	}
	t.types, t.names = make(map[string]string, len(rows)), nil
	for _, row := range rows {
		name, typ, _ := strings.Cut(row, "\n")
		t.types[name], t.names = typ, append(t.names, name)
	}
	return nil
}

// ready makes the table ready for rows of columns.
func (t *table) ready(ctx context.Context, c *conn, load databases.Load, columns []batch.Column) error {
	if err := t.look(ctx, c); err != nil {
		return err
	}
	lacks := slices.IndexFunc(columns, func(col batch.Column) bool { return t.types[col.Name] == "" })
	switch {
	case load.Create && (len(t.names) == 0 || lacks >= 0 && load.Mode == databases.Overwrite):
		return t.create(ctx, c, load, columns)
	case len(t.names) == 0:
		return t.missing(ctx, c)
	}
	if at := slices.IndexFunc(load.Keys, func(key string) bool { return t.types[key] == "" }); at >= 0 {
		return t.lacks(load.Keys[at : at+1])
	}
	untold := load
	untold.Told = nil
	if _, _, err := untold.Fitting(namesOf(columns), t.has, t.lacks); err != nil {
		return err // before anything is deleted
	}
	if err := t.keyed(ctx, c, load); err != nil {
		return err
	}
	if load.Empties() {
		// Unlike TRUNCATE, others go on reading what is there until this is committed.
		return c.run(ctx, "DELETE FROM "+t.name)
	}
	return nil
}

func (t *table) has(name string) bool { return t.types[name] != "" }

func (t *table) lacks(names []string) error { return databases.NoColumns(t.shown, names, t.names) }

func namesOf(columns []batch.Column) []string {
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = c.Name
	}
	return names
}

// fit returns the names of those columns that go into the table, after it was given those
// that it is to have.
func (t *table) fit(ctx context.Context, c *conn, load databases.Load, columns []batch.Column) ([]string, error) {
	fitting, added, err := load.Fitting(namesOf(columns), t.has, t.lacks)
	if err != nil || len(added) == 0 {
		return fitting, err
	}
	var parts []string
	for _, col := range columns {
		if slices.Contains(added, col.Name) {
			parts = append(parts, "ADD COLUMN "+sqltext.Ident(col.Name)+" "+declaredAs(col.Type, load.Widening))
		}
	}
	if err := c.run(ctx, "ALTER TABLE "+t.name+" "+strings.Join(parts, ", ")); err != nil {
		return nil, err
	}
	return fitting, t.look(ctx, c)
}

func (t *table) missing(ctx context.Context, c *conn) error {
	others, err := c.texts(ctx, visibleTables)
	if err != nil {
		return err
	}
	return databases.NoTable(c.name(), t.shown, others)
}

// keyed refuses an upsert into a table that cannot tell rows apart by the keys.
func (t *table) keyed(ctx context.Context, c *conn, load databases.Load) error {
	if !load.Mode.Merges() {
		return nil
	}
	wanted := slices.Sorted(slices.Values(load.Keys))
	keys, err := c.texts(ctx, uniqueKeys, t.name)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(keys, func(key string) bool {
		return slices.Equal(slices.Sorted(strings.SplitSeq(key, "\n")), wanted)
	}) {
		return nil
	}
	return databases.NoKey(t.shown, load.Keys, "CREATE UNIQUE INDEX ON "+t.shown)
}

// create makes the table of the columns and their types, in place of one that is there.
func (t *table) create(ctx context.Context, c *conn, load databases.Load, columns []batch.Column) error {
	var parts []string
	for _, col := range columns {
		parts = append(parts, sqltext.Ident(col.Name)+" "+declaredAs(col.Type, load.Widening))
	}
	if load.Mode.Merges() {
		parts = append(parts, "UNIQUE ("+sqltext.Idents(load.Keys)+")")
	}
	if len(t.names) > 0 {
		if err := c.run(ctx, "DROP TABLE "+t.name); err != nil {
			return err
		}
	}
	if err := c.run(ctx, "CREATE TABLE "+t.name+" ("+strings.Join(parts, ", ")+")"); err != nil {
		return err
	}
	return t.look(ctx, c)
}

// types are PostgreSQL's for those of DuckDB that have other names there.
var types = map[string]string{
	"": "text", "VARCHAR": "text", "BLOB": "bytea", "DOUBLE": "double precision", "FLOAT": "real", "TIMESTAMP WITH TIME ZONE": "timestamptz",
	"TINYINT": "smallint", "UTINYINT": "smallint", "USMALLINT": "integer", "UINTEGER": "bigint", "UBIGINT": "numeric(20)",
	"HUGEINT": "numeric(39)", "UHUGEINT": "numeric(39)", "BIGNUM": "numeric", "TIMESTAMP_S": "timestamp", "TIMESTAMP_MS": "timestamp", "TIMESTAMP_NS": "timestamp",
	"SMALLINT": "smallint", "INTEGER": "integer", "BIGINT": "bigint", "BOOLEAN": "boolean", "DATE": "date", "TIME": "time", "TIMESTAMP": "timestamp",
	"UUID": "uuid", "JSON": "jsonb", "INTERVAL": "interval",
}

// declaredAs returns the type that a column of a DuckDB type is made with.
func declaredAs(typ string, widening bool) string {
	if item, list := strings.CutSuffix(typ, "[]"); list && !strings.HasPrefix(item, "STRUCT") && !strings.HasPrefix(item, "MAP") {
		return declaredAs(item, widening) + "[]"
	}
	known, is := types[typ]
	switch {
	case strings.HasPrefix(typ, "DECIMAL") && widening:
		return "numeric"
	case strings.HasPrefix(typ, "DECIMAL"):
		return strings.Replace(strings.ToLower(typ), "decimal", "numeric", 1)
	case is:
		return known
	case strings.HasPrefix(typ, "STRUCT"), strings.HasPrefix(typ, "MAP"), strings.HasSuffix(typ, "]"):
		return "jsonb"
	}
	return "text"
}

// insertion returns the statement that moves staged rows into the table, the last of
// those with one key counting.
func (t *table) insertion(stage string, keys, names []string) string {
	var sets []string
	for _, name := range names {
		if !slices.Contains(keys, name) {
			sets = append(sets, sqltext.Ident(name)+" = excluded."+sqltext.Ident(name))
		}
	}
	do := "NOTHING"
	if len(sets) > 0 {
		do = "UPDATE SET " + strings.Join(sets, ", ")
	}
	list, key := sqltext.Idents(names), sqltext.Idents(keys)
	return fmt.Sprintf("INSERT INTO %s (%s) SELECT %s FROM (SELECT DISTINCT ON (%s) * FROM %s ORDER BY %s, %s DESC) AS newest ON CONFLICT (%s) DO %s",
		t.name, list, list, key, stage, key, stageRow, key, do)
}
