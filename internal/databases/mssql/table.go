package mssql

import (
	"strconv"
	"strings"

	"github.com/broked/broked/internal/databases/driven"
)

// object is the number of the table whose schema and name are the parameters.
const object = `OBJECT_ID(QUOTENAME(CASE WHEN @p1 = N'' THEN SCHEMA_NAME() ELSE @p1 END) + N'.' + QUOTENAME(@p2))`

const (
	columns = `
		SELECT c.name, CONCAT(t.name, CASE
			WHEN t.name IN ('decimal', 'numeric') THEN CONCAT('(', c.precision, ',', c.scale, ')')
			WHEN t.name IN ('nvarchar', 'nchar', 'varchar', 'char', 'varbinary', 'binary') AND c.max_length = -1 THEN '(max)'
			WHEN t.name IN ('nvarchar', 'nchar') THEN CONCAT('(', c.max_length / 2, ')')
			WHEN t.name IN ('varchar', 'char', 'varbinary', 'binary') THEN CONCAT('(', c.max_length, ')')
			ELSE '' END, CASE WHEN c.is_identity = 1 THEN ' identity' ELSE '' END, CASE WHEN c.collation_name IS NULL THEN '' ELSE CONCAT(' COLLATE ', c.collation_name) END)
		FROM sys.columns c JOIN sys.types t ON t.user_type_id = CASE WHEN c.system_type_id = 240 THEN c.user_type_id ELSE c.system_type_id END
		WHERE c.object_id = ` + object + ` AND c.is_computed = 0 AND c.generated_always_type = 0 AND t.name <> 'timestamp' ORDER BY c.column_id`
	keys = `
		SELECT i.name, c.name FROM sys.indexes i
		JOIN sys.index_columns x ON x.object_id = i.object_id AND x.index_id = i.index_id AND x.is_included_column = 0
		JOIN sys.columns c ON c.object_id = x.object_id AND c.column_id = x.column_id
		WHERE i.object_id = ` + object + ` AND i.is_unique = 1 AND i.has_filter = 0 AND i.is_disabled = 0 ORDER BY i.index_id, x.key_ordinal`
	tables = `
		SELECT TOP 200 CASE WHEN s.name = SCHEMA_NAME() THEN o.name ELSE CONCAT(s.name, '.', o.name) END
		FROM sys.objects o JOIN sys.schemas s ON s.schema_id = o.schema_id WHERE o.type IN ('U', 'V') ORDER BY 1`
)

func quote(name string) string { return "[" + strings.ReplaceAll(name, "]", "]]") + "]" }

func mark(number int) string { return "@p" + strconv.Itoa(number) }

func text(value string) string { return "N'" + strings.ReplaceAll(value, "'", "''") + "'" }

func quoted(names []string) string {
	all := make([]string, len(names))
	for i, n := range names {
		all[i] = quote(n)
	}
	return strings.Join(all, ", ")
}

// values are the parameters of rows. The type of a null is not known to SQL Server, and
// would make texts of all bytes beside it.
func values(t *driven.Table, columns []string, rows int, numbered bool) string {
	var binary []bool
	for _, name := range columns {
		binary = append(binary, isBinary(typeIn(t, name)))
	}
	var all strings.Builder
	for row := range rows {
		if row > 0 {
			all.WriteString(", ")
		}
		all.WriteByte('(')
		if numbered {
			all.WriteString(strconv.Itoa(row) + ", ")
		}
		for i := range columns {
			if i > 0 {
				all.WriteString(", ")
			}
			one := mark(row*len(columns) + i + 1)
			if binary[i] {
				one = "CAST(" + one + " AS varbinary(max))"
			}
			all.WriteString(one)
		}
		all.WriteByte(')')
	}
	return all.String()
}

func typeIn(t *driven.Table, name string) string {
	for _, c := range t.Columns {
		if strings.EqualFold(c.Name, name) {
			return c.Type
		}
	}
	return ""
}

// collated returns a text as one that compares as a column of a type does.
func collated(expression, column string) string {
	if at := strings.Index(column, " COLLATE "); at >= 0 {
		return expression + column[at:]
	}
	return expression
}

// insertion returns the statement for rows. Of those with one key the last counts, as far
// as keys are the same byte by byte; for others SQL Server refuses the statement, and rows
// are written one by one.
func insertion(t *driven.Table, columns, keys []string, rows int) string {
	list := quoted(columns)
	if len(keys) == 0 {
		return "INSERT INTO " + t.Quoted + " (" + list + ") VALUES " + values(t, columns, rows, false)
	}
	var on, sets, news, by []string
	for _, name := range columns {
		q := quote(name)
		news = append(news, "broked_new."+q)
		if contains(keys, name) {
			on = append(on, "broked_there."+q+" = "+collated("broked_new."+q, typeIn(t, name)))
			by = append(by, "CAST("+q+" AS varbinary(max))")
		} else {
			sets = append(sets, "broked_there."+q+" = broked_new."+q)
		}
	}
	merge := "MERGE INTO " + t.Quoted + " WITH (HOLDLOCK) AS broked_there USING (SELECT " + list +
		" FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY " + strings.Join(by, ", ") + " ORDER BY [broked_row] DESC) AS [broked_last] FROM (VALUES " +
		values(t, columns, rows, true) + ") AS broked_values ([broked_row], " + list + ")) AS broked_rows WHERE [broked_last] = 1) AS broked_new ON " + strings.Join(on, " AND ")
	if len(sets) > 0 {
		merge += " WHEN MATCHED THEN UPDATE SET " + strings.Join(sets, ", ")
	}
	return merge + " WHEN NOT MATCHED THEN INSERT (" + list + ") VALUES (" + strings.Join(news, ", ") + ");"
}

func contains(list []string, name string) bool {
	for _, n := range list {
		if strings.EqualFold(n, name) {
			return true
		}
	}
	return false
}

func creation(name string, columns []driven.Declared, keys []string, ifAbsent bool) string {
	parts := definitions(columns)
	if len(keys) > 0 {
		parts = append(parts, "UNIQUE ("+quoted(keys)+")")
	}
	statement := "CREATE TABLE " + name + " (" + strings.Join(parts, ", ") + ")"
	if ifAbsent {
		return "IF OBJECT_ID(" + text(name) + ") IS NULL " + statement
	}
	return statement
}

func definitions(columns []driven.Declared) []string {
	parts := make([]string, len(columns))
	for i, c := range columns {
		parts[i] = quote(c.Name) + " " + c.Type + " NULL"
	}
	return parts
}

func addition(table string, columns []driven.Declared) string {
	return "ALTER TABLE " + table + " ADD " + strings.Join(definitions(columns), ", ")
}

// kept makes a table for different values of columns. A union keeps a serial number from
// being one here as well.
func kept(name, from string, columns []string) string {
	list := quoted(columns)
	return "DROP TABLE IF EXISTS " + name + "; SELECT " + list + " INTO " + name + " FROM " + from + " WHERE 1 = 0 UNION ALL SELECT " + list + " FROM " + from + " WHERE 1 = 0; " +
		"CREATE UNIQUE INDEX [broked_once] ON " + name + " (" + list + ")"
}
