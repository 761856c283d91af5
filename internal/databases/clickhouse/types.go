package clickhouse

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"math/big"
	"reflect"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/broked/broked/internal/databases"
)

// plainTypes are the DuckDB types of ClickHouse's. A DateTime is an instant, whatever zone
// it is shown in.
var plainTypes = map[string]string{
	"Int8": "TINYINT", "Int16": "SMALLINT", "Int32": "INTEGER", "Int64": "BIGINT", "Int128": "HUGEINT",
	"UInt8": "UTINYINT", "UInt16": "USMALLINT", "UInt32": "UINTEGER", "UInt64": "UBIGINT", "UInt128": "UHUGEINT",
	"Float32": "FLOAT", "Float64": "DOUBLE", "Bool": "BOOLEAN", "UUID": "UUID", "Date": "DATE", "Date32": "DATE",
	"DateTime": "TIMESTAMP WITH TIME ZONE", "DateTime64": "TIMESTAMP WITH TIME ZONE", "Array": "JSON", "Map": "JSON", "Tuple": "JSON", "Nested": "JSON",
}

// bare returns a type without what says that it may be null, and how it is kept.
func bare(column string) (typ string, null bool) {
	for {
		inner, found := strings.CutPrefix(column, "Nullable(")
		null = null || found
		if !found {
			if inner, found = strings.CutPrefix(column, "LowCardinality("); !found {
				return column, null
			}
		}
		column = strings.TrimSuffix(inner, ")")
	}
}

// split returns the name of a type and the numbers behind it.
func split(column string) (base string, numbers []int) {
	base, rest, _ := strings.Cut(column, "(")
	for part := range strings.SplitSeq(strings.TrimSuffix(rest, ")"), ",") {
		if n, err := strconv.Atoi(strings.TrimSpace(part)); err == nil {
			numbers = append(numbers, n)
		}
	}
	return base, numbers
}

func typeOf(c *sql.ColumnType) string {
	typ, _ := bare(c.DatabaseTypeName())
	base, numbers := split(typ)
	if base == "Decimal" && len(numbers) == 2 {
		if numbers[0] > databases.MostDigits {
			return ""
		}
		return fmt.Sprintf("DECIMAL(%d,%d)", numbers[0], numbers[1])
	}
	if known := plainTypes[base]; known != "" {
		return known
	}
	return "VARCHAR"
}

// read sees to what has parts, to texts that are no text, and to the zeros of decimals.
func read(v any, typ string) (text string, fits, known bool) {
	if n, is := v.(big.Int); is {
		return n.String(), true, true
	}
	text, is := v.(string)
	switch {
	case typ == "JSON":
		raw, err := json.Marshal(numbered(v))
		return string(raw), err == nil, true
	case !is:
		return "", false, false
	case strings.HasPrefix(typ, "DECIMAL"):
		return padded(text, typ), true, true
	case typ == "VARCHAR" && !utf8.ValidString(text):
		return fmt.Sprintf(`\x%x`, text), true, true
	}
	return "", false, false
}

// numbered has numbers of one byte be numbers in JSON, which would be a text of them all.
func numbered(v any) any { //nolint:ireturn // what has parts
	if raw, is := v.([]uint8); is {
		list := make([]int, len(raw))
		for i, n := range raw {
			list[i] = int(n)
		}
		return list
	}
	if of := reflect.ValueOf(v); of.Kind() == reflect.Slice {
		list := make([]any, of.Len())
		for i := range list {
			list[i] = numbered(of.Index(i).Interface())
		}
		return list
	}
	return v
}

// padded gives a decimal the digits that its type has behind the point.
func padded(text, typ string) string {
	_, numbers := split(typ)
	if len(numbers) != 2 || numbers[1] == 0 {
		return text
	}
	head, tail, _ := strings.Cut(text, ".")
	return head + "." + tail + strings.Repeat("0", max(0, numbers[1]-len(tail)))
}

// types are ClickHouse's for those of DuckDB. It has no type of a time without a day in all
// of its versions.
var types = map[string]string{
	"FLOAT": "Float32", "DOUBLE": "Float64", "BOOLEAN": "Bool", "DATE": "Date32", "UUID": "UUID",
	"TIMESTAMP": "DateTime64(6, 'UTC')", "TIMESTAMP_S": "DateTime64(0, 'UTC')", "TIMESTAMP_MS": "DateTime64(3, 'UTC')", "TIMESTAMP_NS": "DateTime64(9, 'UTC')", "TIMESTAMP WITH TIME ZONE": "DateTime64(6, 'UTC')",
	"TINYINT": "Int8", "SMALLINT": "Int16", "INTEGER": "Int32", "BIGINT": "Int64", "HUGEINT": "Int128",
	"UTINYINT": "UInt8", "USMALLINT": "UInt16", "UINTEGER": "UInt32", "UBIGINT": "UInt64", "UHUGEINT": "UInt128",
}

// declared returns the type that a column of a DuckDB type is made with.
func declared(typ string, widening, _ bool) string {
	known, is := types[typ]
	_, numbers := split(typ)
	switch {
	case strings.HasPrefix(typ, "DECIMAL") && widening:
		known = "Decimal(38, 18)"
	case strings.HasPrefix(typ, "DECIMAL") && len(numbers) == 2:
		known = fmt.Sprintf("Decimal(%d, %d)", numbers[0], numbers[1])
	case !is:
		known = "String"
	}
	return "Nullable(" + known + ")"
}
