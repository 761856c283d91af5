package mysql

import (
	"database/sql"
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/broked/broked/internal/batch"
	"github.com/broked/broked/internal/databases"
)

// plainTypes are the DuckDB types of MySQL's, as the driver calls them.
var plainTypes = map[string]string{
	"TINYINT": "TINYINT", "SMALLINT": "SMALLINT", "MEDIUMINT": "INTEGER", "INT": "INTEGER", "BIGINT": "BIGINT", "YEAR": "SMALLINT",
	"UNSIGNED TINYINT": "UTINYINT", "UNSIGNED SMALLINT": "USMALLINT", "UNSIGNED MEDIUMINT": "UINTEGER", "UNSIGNED INT": "UINTEGER", "UNSIGNED BIGINT": "UBIGINT", "BIT": "UBIGINT",
	"FLOAT": "FLOAT", "DOUBLE": "DOUBLE", "DATE": "DATE", "TIME": "TIME", "DATETIME": "TIMESTAMP", "TIMESTAMP": "TIMESTAMP WITH TIME ZONE", "JSON": "JSON",
	"TINYBLOB": "BLOB", "BLOB": "BLOB", "MEDIUMBLOB": "BLOB", "LONGBLOB": "BLOB", "BINARY": "BLOB", "VARBINARY": "BLOB", "GEOMETRY": "BLOB",
}

func typeOf(c *sql.ColumnType) string {
	name := c.DatabaseTypeName()
	if strings.HasSuffix(name, "DECIMAL") {
		precision, scale, ok := c.DecimalSize()
		if !ok || precision > databases.MostDigits || precision <= 0 {
			return ""
		}
		return fmt.Sprintf("DECIMAL(%d,%d)", precision, scale)
	}
	if typ := plainTypes[name]; typ != "" {
		return typ
	}
	return "VARCHAR"
}

// describe says what is known of values by their type. Texts are written so that they
// are compared byte by byte; = does not, which makes no difference between the case of
// letters as a rule.
func describe(c *sql.ColumnType) databases.Described {
	d := databases.Described{Name: c.Name(), Type: typeOf(c)}
	switch name := strings.TrimPrefix(c.DatabaseTypeName(), "UNSIGNED "); name {
	case "TINYINT", "SMALLINT", "MEDIUMINT", "INT", "BIGINT", "DECIMAL":
		d.Compares = true
	case "CHAR", "VARCHAR", "TINYTEXT", "TEXT", "MEDIUMTEXT", "LONGTEXT":
		d.Compares = true
	case "DATE", "DATETIME":
		// Days that are none are texts when they are read.
		d.Compares, d.Holds = true, "%s IS NULL OR YEAR(%s) > 0 AND MONTH(%s) > 0 AND DAYOFMONTH(%s) > 0"
	case "TIMESTAMP":
		d.Compares, d.Holds = true, "%s IS NULL OR YEAR(%s) > 0"
	case "TIME":
		d.Holds = "%s IS NULL OR %s BETWEEN '00:00:00' AND '23:59:59.999999'"
	}
	return d
}

// read sees to values that have no place in the engine's types: days that are none, and
// times of more than a day.
func read(v any, typ string) (text string, fits, known bool) {
	raw, is := v.([]byte)
	if !is {
		return "", false, false
	}
	switch text = string(raw); typ {
	case "DATE", "TIMESTAMP":
		return short(text), !strings.HasPrefix(text, "0000-") && !strings.Contains(text, "-00"), true
	case "TIMESTAMP WITH TIME ZONE":
		return short(text) + "+00", !strings.HasPrefix(text, "0000-"), true
	case "TIME":
		return short(text), len(text) >= 8 && text[2] == ':' && text < "24", true
	case "UBIGINT":
		if len(raw) > 8 { // digits, of which such numbers have more
			return text, true, true
		}
		var wide [8]byte
		copy(wide[8-min(8, len(raw)):], raw)
		return strconv.FormatUint(binary.BigEndian.Uint64(wide[:]), 10), true, true
	}
	return "", false, false
}

// short returns a moment without zeros behind its seconds.
func short(text string) string {
	if strings.Contains(text, ".") {
		return strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
	}
	return text
}

// types are MySQL's for those of DuckDB that have other names there.
var types = map[string]string{
	"BLOB": "LONGBLOB", "FLOAT": "FLOAT", "DOUBLE": "DOUBLE", "BOOLEAN": "BOOLEAN", "DATE": "DATE", "TIME": "TIME(6)", "JSON": "JSON",
	"TIMESTAMP": "DATETIME(6)", "TIMESTAMP_S": "DATETIME", "TIMESTAMP_MS": "DATETIME(3)", "TIMESTAMP_NS": "DATETIME(6)", "TIMESTAMP WITH TIME ZONE": "TIMESTAMP(6) NULL DEFAULT NULL",
	"TINYINT": "TINYINT", "SMALLINT": "SMALLINT", "INTEGER": "INTEGER", "BIGINT": "BIGINT",
	"UTINYINT": "TINYINT UNSIGNED", "USMALLINT": "SMALLINT UNSIGNED", "UINTEGER": "INTEGER UNSIGNED", "UBIGINT": "BIGINT UNSIGNED",
	"HUGEINT": "DECIMAL(39)", "UHUGEINT": "DECIMAL(39)", "BIGNUM": "DECIMAL(65)", "UUID": "CHAR(36)",
}

// declared returns the type that a column of a DuckDB type is made with. Texts of keys
// are bounded because MySQL has to index them whole.
func declared(typ string, widening, key bool) string {
	known, is := types[typ]
	switch {
	case strings.HasPrefix(typ, "DECIMAL") && widening:
		return "DECIMAL(65,18)"
	case strings.HasPrefix(typ, "DECIMAL"):
		return typ
	case typ == "BLOB" && key:
		return "VARBINARY(255)"
	case is:
		return known
	case strings.HasPrefix(typ, "STRUCT"), strings.HasPrefix(typ, "MAP"), strings.HasSuffix(typ, "]"):
		return "JSON"
	case key:
		return "VARCHAR(255)"
	}
	return "LONGTEXT"
}

// isBinary reports whether a type of column keeps bytes.
func isBinary(column string) bool {
	column = strings.ToLower(column)
	return strings.Contains(column, "blob") || strings.Contains(column, "binary") || column == "geometry"
}

// isText reports whether a type of column keeps texts.
func isText(column string) bool {
	column = strings.ToLower(column)
	return strings.Contains(column, "text") || strings.Contains(column, "char") || slices.Contains([]string{"enum", "set", "json"}, column)
}

// value sees to values that MySQL writes in another way.
func value(c *batch.Column, row int, column string) (any, bool, error) { //nolint:ireturn // as drivers have it
	switch {
	case c.Kind == batch.Bool && isText(column):
		return strconv.FormatBool(c.Bools[row]), true, nil
	case c.Kind == batch.Text && c.Type == "TIMESTAMP WITH TIME ZONE" && !isText(column):
		return strings.TrimSuffix(c.Texts[row], "+00"), true, nil
	}
	return nil, false, nil
}
