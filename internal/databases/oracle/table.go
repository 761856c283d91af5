package oracle

import (
	"slices"
	"strconv"
	"strings"

	"github.com/broked/broked/internal/databases/driven"
)

// schema is the one that is meant, which is a null when none was named.
const schema = `NVL(:1, SYS_CONTEXT('USERENV', 'CURRENT_SCHEMA'))`

const (
	// find prefers the spelling that was asked for, and takes one in other letters where it
	// is the only one.
	find = `
		SELECT o.owner, o.object_name FROM all_objects o
		WHERE UPPER(o.owner) = UPPER(` + schema + `) AND UPPER(o.object_name) = UPPER(:2) AND o.object_type IN ('TABLE', 'VIEW')
		ORDER BY CASE WHEN o.object_name = :3 THEN 0 ELSE 1 END, o.owner, o.object_name`
	columns = `
		SELECT c.column_name, c.data_type || CASE
			WHEN c.data_type = 'NUMBER' AND c.data_precision IS NOT NULL THEN '(' || c.data_precision || ',' || c.data_scale || ')'
			WHEN c.data_type = 'NUMBER' AND c.data_scale = 0 THEN '(38,0)'
			WHEN c.data_type IN ('VARCHAR2', 'NVARCHAR2', 'CHAR', 'NCHAR', 'RAW') THEN '(' || c.data_length || ')'
			ELSE '' END
		FROM all_tab_cols c
		WHERE c.owner = ` + schema + ` AND c.table_name = :2 AND c.hidden_column = 'NO' AND c.virtual_column = 'NO' ORDER BY c.column_id`
	keys = `
		SELECT i.index_name, c.column_name FROM all_indexes i
		JOIN all_ind_columns c ON c.index_owner = i.owner AND c.index_name = i.index_name
		WHERE i.table_owner = ` + schema + ` AND i.table_name = :2 AND i.uniqueness = 'UNIQUE' AND i.index_type NOT LIKE 'FUNCTION%' ORDER BY i.index_name, c.column_position`
	tables = `SELECT object_name FROM user_objects WHERE object_type IN ('TABLE', 'VIEW') AND generated = 'N' ORDER BY object_name FETCH FIRST 200 ROWS ONLY`
)

func quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

func mark(number int) string { return ":" + strconv.Itoa(number) }

func text(value string) string { return "'" + strings.ReplaceAll(value, "'", "''") + "'" }

func quoted(names []string) string {
	all := make([]string, len(names))
	for i, n := range names {
		all[i] = quote(n)
	}
	return strings.Join(all, ", ")
}

// insertion returns the statement for one row. It is bound to many, which are taken one
// after the other, so that of those with one key the last counts.
func insertion(t *driven.Table, columns, keys []string, _ int) string {
	marks := make([]string, len(columns))
	for i, name := range columns {
		marks[i] = mark(i + 1)
		if isBinary(typeIn(t, name)) {
			marks[i] = "HEXTORAW(" + marks[i] + ")"
		}
	}
	return statement(t, columns, keys, marks)
}

// statement puts expressions into columns.
func statement(t *driven.Table, columns, keys, marks []string) string {
	if len(keys) == 0 {
		return "INSERT INTO " + t.Quoted + " (" + quoted(columns) + ") VALUES (" + strings.Join(marks, ", ") + ")"
	}
	var given, on, sets, news []string
	for i, name := range columns {
		q := quote(name)
		given, news = append(given, marks[i]+" AS "+q), append(news, "broked_new."+q)
		if slices.Contains(keys, name) {
			on = append(on, "broked_there."+q+" = broked_new."+q)
		} else {
			sets = append(sets, "broked_there."+q+" = broked_new."+q)
		}
	}
	merge := "MERGE INTO " + t.Quoted + " broked_there USING (SELECT " + strings.Join(given, ", ") + " FROM dual) broked_new ON (" + strings.Join(on, " AND ") + ")"
	if len(sets) > 0 {
		merge += " WHEN MATCHED THEN UPDATE SET " + strings.Join(sets, ", ")
	}
	return merge + " WHEN NOT MATCHED THEN INSERT (" + quoted(columns) + ") VALUES (" + strings.Join(news, ", ") + ")"
}

func typeIn(t *driven.Table, name string) string {
	for _, c := range t.Columns {
		if c.Name == name {
			return c.Type
		}
	}
	return ""
}

// unless executes a statement about tables, and goes on where it fails with a number.
func unless(number int, statement string) string {
	return "BEGIN EXECUTE IMMEDIATE " + text(statement) + "; EXCEPTION WHEN OTHERS THEN IF SQLCODE != -" + strconv.Itoa(number) + " THEN RAISE; END IF; END;"
}

// nameTaken is what Oracle says of a table that is there.
const nameTaken = 955

func creation(name string, columns []driven.Declared, keys []string, ifAbsent bool) string {
	parts := definitions(columns)
	if len(keys) > 0 {
		parts = append(parts, "UNIQUE ("+quoted(keys)+")")
	}
	statement := "CREATE TABLE " + name + " (" + strings.Join(parts, ", ") + ")"
	if ifAbsent {
		return unless(nameTaken, statement)
	}
	return statement
}

func drop(name string) string { return unless(tableMissing, "DROP TABLE "+name+" PURGE") }

func definitions(columns []driven.Declared) []string {
	parts := make([]string, len(columns))
	for i, c := range columns {
		parts[i] = quote(c.Name) + " " + c.Type
	}
	return parts
}

func addition(table string, columns []driven.Declared) string {
	return "ALTER TABLE " + table + " ADD (" + strings.Join(definitions(columns), ", ") + ")"
}

// rename lets a table take the place of another. Oracle changes one name at a time: where
// the second fails, the first is changed back.
func rename(stage, name string, over bool) []string {
	take := "ALTER TABLE " + stage + " RENAME TO " + bare(name)
	if !over {
		return []string{take}
	}
	old := strings.TrimSuffix(stage, `"`) + `_old"`
	return []string{
		"BEGIN EXECUTE IMMEDIATE " + text("ALTER TABLE "+name+" RENAME TO "+bare(old)) + "; BEGIN EXECUTE IMMEDIATE " + text(take) +
			"; EXCEPTION WHEN OTHERS THEN EXECUTE IMMEDIATE " + text("ALTER TABLE "+old+" RENAME TO "+bare(name)) + "; RAISE; " + ends + "END;",
		drop(old),
	}
}

// ends closes a block inside of another.
const ends = "END; "

// bare is a quoted name without its schema. Quotes inside of names are refused by Oracle.
func bare(name string) string {
	return name[strings.LastIndex(name, `."`)+1:]
}
