package mssql

import (
	"database/sql"
	"fmt"
	"strconv"
	"strings"

	lib "github.com/microsoft/go-mssqldb"

	"github.com/broked/broked/internal/databases"
)

// plainTypes are the DuckDB types of SQL Server's, as the driver calls them.
var plainTypes = map[string]string{
	"TINYINT": "UTINYINT", "SMALLINT": "SMALLINT", "INT": "INTEGER", "BIGINT": "BIGINT", "BIT": "BOOLEAN", "REAL": "FLOAT", "FLOAT": "DOUBLE",
	"MONEY": "DECIMAL(19,4)", "SMALLMONEY": "DECIMAL(10,4)", "UNIQUEIDENTIFIER": "UUID",
	"DATE": "DATE", "TIME": "TIME", "SMALLDATETIME": "TIMESTAMP", "DATETIME": "TIMESTAMP", "DATETIME2": "TIMESTAMP", "DATETIMEOFFSET": "TIMESTAMP WITH TIME ZONE",
	"BINARY": "BLOB", "VARBINARY": "BLOB", "IMAGE": "BLOB", "GEOMETRY": "BLOB", "GEOGRAPHY": "BLOB", "HIERARCHYID": "BLOB",
}

func typeOf(c *sql.ColumnType) string {
	name := c.DatabaseTypeName()
	if name == "DECIMAL" {
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

// read sees to identifiers, whose first bytes stand the other way round.
func read(v any, typ string) (text string, fits, known bool) {
	raw, is := v.([]byte)
	if typ != "UUID" || !is {
		return "", false, false
	}
	var id lib.UniqueIdentifier
	if err := id.Scan(raw); err != nil {
		return string(raw), false, true
	}
	return strings.ToLower(id.String()), true, true
}

// types are SQL Server's for those of DuckDB. Its own tinyint has no sign.
var types = map[string]string{
	"BLOB": "varbinary(max)", "FLOAT": "real", "DOUBLE": "float", "BOOLEAN": "bit", "DATE": "date", "TIME": "time(6)", "UUID": "uniqueidentifier",
	"TIMESTAMP": "datetime2(6)", "TIMESTAMP_S": "datetime2(0)", "TIMESTAMP_MS": "datetime2(3)", "TIMESTAMP_NS": "datetime2(7)", "TIMESTAMP WITH TIME ZONE": "datetimeoffset(6)",
	"TINYINT": "smallint", "SMALLINT": "smallint", "INTEGER": "int", "BIGINT": "bigint",
	"UTINYINT": "tinyint", "USMALLINT": "int", "UINTEGER": "bigint", "UBIGINT": "decimal(20,0)", "HUGEINT": "decimal(38,0)", "UHUGEINT": "decimal(38,0)",
}

// byCharacters has texts compare as they do elsewhere in a pipeline.
const byCharacters = " COLLATE Latin1_General_100_BIN2"

// declared returns the type that a column of a DuckDB type is made with. What keys have is
// bounded because SQL Server indexes no more.
func declared(typ string, widening, key bool) string {
	known, is := types[typ]
	switch {
	case strings.HasPrefix(typ, "DECIMAL") && widening:
		return "decimal(38,18)"
	case strings.HasPrefix(typ, "DECIMAL"):
		return strings.ToLower(typ)
	case typ == "BLOB" && key:
		return "varbinary(255)"
	case is:
		return known
	case key:
		return "nvarchar(255)" + byCharacters
	}
	return "nvarchar(max)" + byCharacters
}

// split returns the name of a type and the numbers behind it, of which max is none.
func split(column string) (base string, numbers []int) {
	base, rest, _ := strings.Cut(strings.ToLower(column), "(")
	if word, _, more := strings.Cut(base, " "); more {
		return word, nil
	}
	rest, _, _ = strings.Cut(rest, ")")
	for part := range strings.SplitSeq(rest, ",") {
		if n, err := strconv.Atoi(strings.TrimSpace(part)); err == nil {
			numbers = append(numbers, n)
		}
	}
	return base, numbers
}

// isBinary reports whether a type of column keeps bytes.
func isBinary(column string) bool {
	base, _ := split(column)
	return base == "varbinary" || base == "binary" || base == "image"
}
