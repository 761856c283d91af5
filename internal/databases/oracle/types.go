package oracle

import (
	"database/sql"
	"fmt"
	"strings"

	"github.com/broked/broked/internal/databases"
)

// plainTypes are the DuckDB types of Oracle's, as the driver calls them. A day has a time
// there.
var plainTypes = map[string]string{
	"IBFloat": "FLOAT", "IBDouble": "DOUBLE", "BFloat": "FLOAT", "BDouble": "DOUBLE", "DATE": "TIMESTAMP", "TimeStampDTY": "TIMESTAMP", "TIMESTAMP": "TIMESTAMP",
	"TimeStampTZ_DTY": "TIMESTAMP WITH TIME ZONE", "TimeStampTZ": "TIMESTAMP WITH TIME ZONE", "TimeStampLTZ_DTY": "TIMESTAMP WITH TIME ZONE", "TimeStampeLTZ": "TIMESTAMP WITH TIME ZONE",
	"RAW": "BLOB", "LongRaw": "BLOB", "OCIBlobLocator": "BLOB", "OCIFileLocator": "BLOB", "TNSType(252)": "BOOLEAN",
}

// mostWhole is how many digits a whole number of 64 bits always has room for.
const mostWhole = 18

func typeOf(c *sql.ColumnType) string {
	name := c.DatabaseTypeName()
	if name == "NUMBER" {
		precision, scale, ok := c.DecimalSize()
		return numberType(precision, scale, ok)
	}
	if typ := plainTypes[name]; typ != "" {
		return typ
	}
	return "VARCHAR"
}

// numberType returns the type of a NUMBER; of those without a precision the values decide.
func numberType(precision, scale int64, ok bool) string {
	switch {
	case !ok, precision <= 0, precision > databases.MostDigits, scale < 0, scale > precision:
		return ""
	case scale == 0 && precision <= mostWhole:
		return "BIGINT"
	}
	return fmt.Sprintf("DECIMAL(%d,%d)", precision, scale)
}

// read sees to numbers, which may end with their point.
func read(v any, typ string) (string, bool, bool) {
	s, is := v.(string)
	if !is || typ != "" && !strings.HasPrefix(typ, "DECIMAL") {
		return "", false, false
	}
	return strings.TrimSuffix(s, "."), true, true
}

// types are Oracle's for those of DuckDB. There is no time without a day, and truth only
// since 23ai.
var types = map[string]string{
	"BLOB": "BLOB", "FLOAT": "BINARY_FLOAT", "DOUBLE": "BINARY_DOUBLE", "BOOLEAN": "NUMBER(1,0)", "DATE": "DATE", "TIME": "VARCHAR2(18 CHAR)", "UUID": "VARCHAR2(36 CHAR)",
	"TIMESTAMP": "TIMESTAMP(6)", "TIMESTAMP_S": "TIMESTAMP(0)", "TIMESTAMP_MS": "TIMESTAMP(3)", "TIMESTAMP_NS": "TIMESTAMP(9)", "TIMESTAMP WITH TIME ZONE": "TIMESTAMP(6) WITH TIME ZONE",
	"TINYINT": "NUMBER(3,0)", "SMALLINT": "NUMBER(5,0)", "INTEGER": "NUMBER(10,0)", "BIGINT": "NUMBER(19,0)", "UTINYINT": "NUMBER(3,0)", "USMALLINT": "NUMBER(5,0)", "UINTEGER": "NUMBER(10,0)",
	"UBIGINT": "NUMBER(20,0)", "HUGEINT": "NUMBER", "UHUGEINT": "NUMBER",
	"VARCHAR": "VARCHAR2(4000 CHAR)",
}

// declared returns the type that a column of a DuckDB type is made with. What keys have is
// bounded because Oracle indexes no more.
func declared(typ string, widening, key bool) string {
	known, is := types[typ]
	switch {
	case strings.HasPrefix(typ, "DECIMAL") && widening:
		return "NUMBER"
	case strings.HasPrefix(typ, "DECIMAL"):
		return "NUMBER" + strings.TrimPrefix(typ, "DECIMAL")
	case typ == "BLOB" && key:
		return "RAW(255)"
	case is && (typ != "VARCHAR" || !key):
		return known
	case key:
		return "VARCHAR2(255 CHAR)"
	}
	return "CLOB" // lists and what else has parts
}

// baseOf returns a type without its numbers.
func baseOf(column string) string {
	base, rest, _ := strings.Cut(column, "(")
	_, after, _ := strings.Cut(rest, ")")
	return base + after
}

// isBinary reports whether a type of column keeps bytes.
func isBinary(column string) bool {
	base := baseOf(column)
	return base == "RAW" || base == "BLOB"
}
