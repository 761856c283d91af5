package mysql

import (
	"context"
	"strings"

	"github.com/broked/broked/internal/databases"
	"github.com/broked/broked/internal/databases/driven"
)

const (
	columns = `
		SELECT COLUMN_NAME, DATA_TYPE FROM information_schema.COLUMNS
		WHERE TABLE_SCHEMA = coalesce(nullif(?, ''), DATABASE()) AND TABLE_NAME = ? AND EXTRA NOT LIKE '%GENERATED%' ORDER BY ORDINAL_POSITION`
	keys = `
		SELECT INDEX_NAME, COLUMN_NAME FROM information_schema.STATISTICS
		WHERE TABLE_SCHEMA = coalesce(nullif(?, ''), DATABASE()) AND TABLE_NAME = ? AND NON_UNIQUE = 0 AND COLUMN_NAME IS NOT NULL AND SUB_PART IS NULL
		ORDER BY INDEX_NAME, SEQ_IN_INDEX`
	tables = `SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() ORDER BY TABLE_NAME LIMIT 200`
	engine = `
		SELECT t.ENGINE, e.TRANSACTIONS FROM information_schema.TABLES t LEFT JOIN information_schema.ENGINES e ON e.ENGINE = t.ENGINE
		WHERE t.TABLE_SCHEMA = coalesce(nullif(?, ''), DATABASE()) AND t.TABLE_NAME = ? AND t.ENGINE IS NOT NULL`
)

// transactional refuses a table in which rows cannot be undone.
func transactional(ctx context.Context, c *driven.Conn, t *driven.Table) error {
	rows, err := c.Query(ctx, engine, t.Schema, t.Name)
	if err != nil || len(rows) == 0 || rows[0][1] != "NO" {
		return err // of views, the tables below decide
	}
	return databases.Problem("table", "the table %[1]s is kept by %[2]s, which has no transactions, so that a load that fails would leave some of its rows: ALTER TABLE %[1]s ENGINE = InnoDB", t.Shown, rows[0][0])
}

func quote(name string) string { return "`" + strings.ReplaceAll(name, "`", "``") + "`" }

func quoted(names []string) string {
	all := make([]string, len(names))
	for i, n := range names {
		all[i] = quote(n)
	}
	return strings.Join(all, ", ")
}

// insertion returns the statement for rows. Rows are taken in their order, so that of
// those with one key the last counts.
func insertion(t *driven.Table, columns, keys []string, rows int) string {
	one := "(" + strings.TrimSuffix(strings.Repeat("?, ", len(columns)), ", ") + ")"
	text := "INSERT INTO " + t.Quoted + " (" + quoted(columns) + ") VALUES " + strings.TrimSuffix(strings.Repeat(one+", ", rows), ", ")
	if len(keys) == 0 {
		return text
	}
	var sets []string
	for _, name := range columns {
		if !contains(keys, name) {
			sets = append(sets, quote(name)+" = VALUES("+quote(name)+")")
		}
	}
	if len(sets) == 0 {
		sets = []string{quote(keys[0]) + " = " + quote(keys[0])}
	}
	return text + " ON DUPLICATE KEY UPDATE " + strings.Join(sets, ", ")
}

func contains(list []string, name string) bool {
	for _, n := range list {
		if strings.EqualFold(n, name) {
			return true
		}
	}
	return false
}

// creation makes tables whose texts compare as they do elsewhere in a pipeline: by their
// characters, upper and lower case being different.
func creation(name string, columns []driven.Declared, keys []string, ifAbsent bool) string {
	var parts []string
	for _, c := range columns {
		parts = append(parts, quote(c.Name)+" "+c.Type)
	}
	if len(keys) > 0 {
		parts = append(parts, "UNIQUE ("+quoted(keys)+")")
	}
	head := "CREATE TABLE "
	if ifAbsent {
		head += "IF NOT EXISTS "
	}
	return head + name + " (" + strings.Join(parts, ", ") + ") ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"
}

// addition adds columns, which MySQL commits at once.
func addition(table string, columns []driven.Declared) string {
	parts := make([]string, len(columns))
	for i, c := range columns {
		parts[i] = "ADD COLUMN " + quote(c.Name) + " " + c.Type
	}
	return "ALTER TABLE " + table + " " + strings.Join(parts, ", ")
}

// kept makes a table for different values of columns. Temporary ones commit nothing.
func kept(name, from string, columns []string) string {
	list := quoted(columns)
	return "CREATE TEMPORARY TABLE " + name + " (UNIQUE (" + list + ")) ENGINE = InnoDB AS SELECT " + list + " FROM " + from + " WHERE 1 = 0"
}

// rename lets a table take the place of another at once.
func rename(stage, name string, over bool) []string {
	if !over {
		return []string{"RENAME TABLE " + stage + " TO " + name}
	}
	old := strings.TrimSuffix(stage, "`") + "_old`"
	return []string{"RENAME TABLE " + name + " TO " + old + ", " + stage + " TO " + name, "DROP TABLE " + old}
}
