package clickhouse

import (
	"context"
	"strconv"
	"strings"

	"github.com/broked/broked/internal/databases"
	"github.com/broked/broked/internal/databases/driven"
)

const (
	columns = `
		SELECT name, type FROM system.columns
		WHERE database = if($1 = '', currentDatabase(), $1) AND table = $2 AND default_kind NOT IN ('MATERIALIZED', 'ALIAS') ORDER BY position`
	tables = `SELECT name FROM system.tables WHERE database = currentDatabase() AND NOT is_temporary ORDER BY name LIMIT 200`
	stages = `SELECT name FROM system.tables WHERE database = if($1 = '', currentDatabase(), $1) AND startsWith(name, $2)`
	engine = `
		SELECT engine, arrayStringConcat(dependencies_table, ', ') FROM system.tables
		WHERE database = if($1 = '', currentDatabase(), $1) AND name = $2`
)

func quote(name string) string {
	return "`" + strings.NewReplacer(`\`, `\\`, "`", "\\`").Replace(name) + "`"
}

func mark(number int) string { return "$" + strconv.Itoa(number) }

// refuses are the loads that ClickHouse cannot promise.
func refuses(load databases.Load) error {
	switch {
	case load.Mode.Merges():
		return databases.Problem("mode", "ClickHouse has no unique keys and no transactions, so that rows cannot take the place of others: append them to a ReplacingMergeTree, or overwrite the table")
	case load.Once:
		return databases.Problem("exactly_once", "ClickHouse has no transactions, so that a load cannot be noted together with its rows: overwrite the table, which may happen twice")
	case load.Refusals != nil && load.Refusals.Table != "":
		return databases.Problem("on_row_error", "ClickHouse has no transactions, so that rows which are refused could stay in their table when the load fails: filter them before, or let it fail")
	}
	return nil
}

// safe refuses tables into which rows do not get all at once, or that others would not
// hear of.
func safe(ctx context.Context, c *driven.Conn, t *driven.Table) error {
	rows, err := c.Query(ctx, engine, t.Schema, t.Name)
	switch {
	case err != nil || len(rows) == 0:
		return err
	case !strings.HasSuffix(rows[0][0], "MergeTree"):
		return databases.Problem("table", "the table %s is kept by %s, and rows get all at once only into tables of the MergeTree family", t.Shown, rows[0][0])
	case rows[0][1] != "":
		return databases.Problem("table", "the table %s has the views %s, which would not see rows that get there all at once: write to a table without any", t.Shown, rows[0][1])
	}
	return nil
}

func creation(name string, columns []driven.Declared, _ []string, ifAbsent bool) string {
	parts := make([]string, len(columns))
	for i, c := range columns {
		parts[i] = quote(c.Name) + " " + c.Type
	}
	head := "CREATE TABLE "
	if ifAbsent {
		head += "IF NOT EXISTS "
	}
	return head + name + " (" + strings.Join(parts, ", ") + ") ENGINE = MergeTree ORDER BY tuple()"
}

func addition(table string, columns []driven.Declared) string {
	parts := make([]string, len(columns))
	for i, c := range columns {
		parts[i] = "ADD COLUMN " + quote(c.Name) + " " + c.Type
	}
	return "ALTER TABLE " + table + " " + strings.Join(parts, ", ")
}

// rename lets a table take the place of another at once.
func rename(stage, name string, over bool) []string {
	if !over {
		return []string{"RENAME TABLE " + stage + " TO " + name}
	}
	return []string{"EXCHANGE TABLES " + stage + " AND " + name, "DROP TABLE IF EXISTS " + stage + " SYNC"}
}
