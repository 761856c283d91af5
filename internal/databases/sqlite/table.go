package sqlite

import (
	"fmt"
	"slices"
	"strings"

	"github.com/broked/broked/internal/batch"
	"github.com/broked/broked/internal/databases"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/sqltext"
)

// problem is an Invalid fault about a setting.
func problem(path, format string, args ...any) error {
	words := fault.New(fault.Invalid, format, args...)
	words.Problems = []fault.Problem{{Path: path, Message: words.Msg}}
	return words
}

// tableName returns the name of a table without its schema, of which there is one.
func tableName(written string) (string, error) {
	schema, name, has := strings.Cut(written, ".")
	if !has {
		schema, name = "main", written
	}
	name = strings.TrimSpace(name)
	switch {
	case !strings.EqualFold(schema, "main"):
		return "", problem("table", "has the schema %q, and SQLite has only main: leave it out", schema)
	case name == "":
		return "", problem("table", "must not be empty")
	case strings.HasPrefix(strings.ToLower(name), "sqlite_"):
		return "", problem("table", "%q is a name that SQLite keeps for itself", name)
	}
	return name, nil
}

const (
	tableColumns = `SELECT name FROM pragma_table_xinfo(?1, 'main') WHERE hidden = 0`
	allTables    = `SELECT name FROM main.sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\_%' ESCAPE '\' ORDER BY name LIMIT 50`
	// uniqueKeys are the columns of every key of a table, each key in one text.
	uniqueKeys = `
		SELECT group_concat(lower(name), char(0)) FROM (SELECT name FROM pragma_table_info(?1, 'main') WHERE pk > 0 ORDER BY lower(name)) HAVING count(*) > 0
		UNION ALL
		SELECT (SELECT group_concat(lower(name), char(0)) FROM (SELECT name FROM pragma_index_info(i.name, 'main') ORDER BY lower(name)))
		FROM pragma_index_list(?1, 'main') AS i WHERE i."unique" AND NOT i.partial`
)

// ready makes the table ready for rows of columns.
func (c *conn) ready(table string, load databases.Load, columns []batch.Column) error {
	has, err := c.texts(tableColumns, table)
	if err != nil {
		return err
	}
	lacks := slices.IndexFunc(columns, func(col batch.Column) bool { return !contains(has, col.Name) })
	switch {
	case load.Create && (len(has) == 0 || lacks >= 0 && load.Mode == databases.Overwrite):
		return c.create(table, load, columns)
	case len(has) == 0:
		return c.noTable(table)
	case lacks >= 0:
		name := columns[lacks].Name
		return problem("table", "the table %s has no column %q%s; it has: %s", table, name, fault.DidYouMean(name, has), strings.Join(has, ", "))
	}
	if err := c.keyed(table, load); err != nil {
		return err
	}
	if load.Empties() {
		return c.run("DELETE FROM main." + sqltext.Ident(table))
	}
	return nil
}

func (c *conn) noTable(table string) error {
	others, err := c.texts(allTables)
	if err != nil {
		return err
	}
	there := "there are none"
	if len(others) > 0 {
		there = "there are: " + strings.Join(others, ", ")
	}
	return problem("table", "%s has no table %q%s; %s. Set create_table to true to have it made", c.name, table, fault.DidYouMean(table, others), there)
}

// keyed refuses an upsert into a table that cannot tell rows apart by the keys.
func (c *conn) keyed(table string, load databases.Load) error {
	if load.Mode != databases.Upsert {
		return nil
	}
	wanted := make([]string, len(load.Keys))
	for i, k := range load.Keys {
		wanted[i] = strings.ToLower(k)
	}
	slices.Sort(wanted)
	keys, err := c.texts(uniqueKeys, table)
	if err != nil {
		return err
	}
	if !slices.Contains(keys, strings.Join(wanted, "\x00")) {
		return problem("key_columns", "the table %[1]s has no unique key of %[2]s, so that rows cannot be told apart: CREATE UNIQUE INDEX ... ON %[1]s (%[2]s)", table, strings.Join(load.Keys, ", "))
	}
	return nil
}

// create makes a table of the columns and their types, in place of one that is there.
func (c *conn) create(table string, load databases.Load, columns []batch.Column) error {
	var parts []string
	for _, col := range columns {
		parts = append(parts, strings.TrimSpace(sqltext.Ident(col.Name)+" "+declaredAs(col.Type)))
	}
	if load.Mode == databases.Upsert {
		parts = append(parts, "UNIQUE ("+sqltext.Idents(load.Keys)+")")
	}
	if err := c.run("DROP TABLE IF EXISTS main." + sqltext.Ident(table)); err != nil {
		return err
	}
	return c.run(fmt.Sprintf("CREATE TABLE main.%s (%s)", sqltext.Ident(table), strings.Join(parts, ", ")))
}

// declaredAs returns the type that a column of a DuckDB type is declared with. Those
// that SQLite does not know are for whoever reads the table.
func declaredAs(typ string) string {
	switch {
	case typ == "":
		return ""
	case batch.KindOf(typ) == batch.Int || slices.Contains(whole, typ):
		return "INTEGER"
	case batch.KindOf(typ) == batch.Float:
		return "REAL"
	case typ == "BOOLEAN", typ == "DATE", typ == "TIMESTAMP", typ == "BLOB", typ == "TIMESTAMP WITH TIME ZONE", strings.HasPrefix(typ, "DECIMAL"):
		return typ
	}
	return "TEXT"
}

// whole are types of whole numbers that a batch carries as text.
var whole = []string{"HUGEINT", "UHUGEINT", "UBIGINT", "BIGNUM"}

// insertion returns the statement for one row.
func insertion(table string, load databases.Load, columns []batch.Column) string {
	names, marks := make([]string, len(columns)), make([]string, len(columns))
	var sets []string
	for i, col := range columns {
		names[i], marks[i] = col.Name, "?"
		if !contains(load.Keys, col.Name) {
			sets = append(sets, sqltext.Ident(col.Name)+" = excluded."+sqltext.Ident(col.Name))
		}
	}
	text := fmt.Sprintf("INSERT INTO main.%s (%s) VALUES (%s)", sqltext.Ident(table), sqltext.Idents(names), strings.Join(marks, ", "))
	switch {
	case load.Mode != databases.Upsert:
		return text
	case len(sets) == 0:
		return text + " ON CONFLICT (" + sqltext.Idents(load.Keys) + ") DO NOTHING"
	}
	return text + " ON CONFLICT (" + sqltext.Idents(load.Keys) + ") DO UPDATE SET " + strings.Join(sets, ", ")
}

// contains reports whether a name is in a list. SQLite takes upper and lower case
// for the same.
func contains(list []string, name string) bool {
	return slices.ContainsFunc(list, func(n string) bool { return strings.EqualFold(n, name) })
}
