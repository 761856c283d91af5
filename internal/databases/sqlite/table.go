package sqlite

import (
	"fmt"
	"slices"
	"strings"

	"github.com/broked/broked/internal/batch"
	"github.com/broked/broked/internal/databases"
	"github.com/broked/broked/internal/sqltext"
)

// tableName returns the name of a table without its schema, of which there is one.
func tableName(written string) (string, error) {
	schema, name, has := strings.Cut(written, ".")
	if !has {
		schema, name = "main", written
	}
	name = strings.TrimSpace(name)
	switch {
	case !strings.EqualFold(schema, "main"):
		return "", databases.Problem("table", "has the schema %q, and SQLite has only main: leave it out", schema)
	case name == "":
		return "", databases.Problem("table", "must not be empty")
	case strings.HasPrefix(strings.ToLower(name), "sqlite_"):
		return "", databases.Problem("table", "%q is a name that SQLite keeps for itself", name)
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
	}
	if at := slices.IndexFunc(load.Keys, func(key string) bool { return !contains(has, key) }); at >= 0 {
		return databases.NoColumn(table, load.Keys[at], has)
	}
	untold := load
	untold.Told = nil
	if _, _, err := fitting(table, untold, columns, has); err != nil {
		return err
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
	return databases.NoTable(c.name, table, others)
}

// keyed refuses an upsert into a table that cannot tell rows apart by the keys.
func (c *conn) keyed(table string, load databases.Load) error {
	if !load.Mode.Merges() {
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
		return databases.NoKey(table, load.Keys, "CREATE UNIQUE INDEX ... ON "+table)
	}
	return nil
}

// fitting returns the names of those columns that go into a table which has some, and
// which of them are to be added to it first.
func fitting(table string, load databases.Load, columns []batch.Column, has []string) (names, added []string, err error) {
	all := make([]string, len(columns))
	for i, col := range columns {
		all[i] = col.Name
	}
	return load.Fitting(all, func(name string) bool { return contains(has, name) }, func(missing []string) error { return databases.NoColumns(table, missing, has) })
}

// fit is fitting for a table as it is, which it gives the columns that it is to have.
func (c *conn) fit(table string, load databases.Load, columns []batch.Column) ([]string, error) {
	has, err := c.texts(tableColumns, table)
	if err != nil {
		return nil, err
	}
	names, added, err := fitting(table, load, columns, has)
	if err != nil {
		return nil, err
	}
	for _, col := range columns {
		if slices.Contains(added, col.Name) {
			if err := c.run(strings.TrimSpace("ALTER TABLE main." + sqltext.Ident(table) + " ADD COLUMN " + sqltext.Ident(col.Name) + " " + declaredAs(col.Type))); err != nil {
				return nil, err
			}
		}
	}
	return names, nil
}

// create makes a table of the columns and their types, in place of one that is there.
func (c *conn) create(table string, load databases.Load, columns []batch.Column) error {
	var parts []string
	for _, col := range columns {
		parts = append(parts, strings.TrimSpace(sqltext.Ident(col.Name)+" "+declaredAs(col.Type)))
	}
	if load.Mode.Merges() {
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
func insertion(table string, load databases.Load, names []string) string {
	marks := make([]string, len(names))
	var sets []string
	for i, name := range names {
		if marks[i] = "?"; !contains(load.Keys, name) || load.Mode == databases.MergeDelete { // else nothing would be returned
			sets = append(sets, sqltext.Ident(name)+" = excluded."+sqltext.Ident(name))
		}
	}
	text := fmt.Sprintf("INSERT INTO main.%s (%s) VALUES (%s)", sqltext.Ident(table), sqltext.Idents(names), strings.Join(marks, ", "))
	switch {
	case !load.Mode.Merges():
		return text
	case len(sets) == 0:
		return text + " ON CONFLICT (" + sqltext.Idents(load.Keys) + ") DO NOTHING"
	}
	text += " ON CONFLICT (" + sqltext.Idents(load.Keys) + ") DO UPDATE SET " + strings.Join(sets, ", ")
	if load.Mode == databases.MergeDelete {
		text += " RETURNING " + sqltext.Idents(load.Keys)
	}
	return text
}

// contains reports whether a name is in a list. SQLite takes upper and lower case
// for the same.
func contains(list []string, name string) bool {
	return slices.ContainsFunc(list, func(n string) bool { return strings.EqualFold(n, name) })
}
