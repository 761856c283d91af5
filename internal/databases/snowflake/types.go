package snowflake

import (
	"encoding/hex"
	"fmt"
	"math/big"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/broked/broked/internal/databases"
)

// rowType is a column of a result.
type rowType struct {
	Name      string `json:"name"`
	Type      string `json:"type"`
	Precision int    `json:"precision"`
	Scale     int    `json:"scale"`
}

// wholeDigits is how many digits a number has at most that surely is one of 64 bits.
const wholeDigits = 18

// plainTypes are the DuckDB types of Snowflake's.
var plainTypes = map[string]string{
	"real": "DOUBLE", "float": "DOUBLE", "boolean": "BOOLEAN", "date": "DATE", "time": "TIME", "binary": "BLOB",
	"timestamp_ntz": "TIMESTAMP", "timestamp_ltz": "TIMESTAMP WITH TIME ZONE", "timestamp_tz": "TIMESTAMP WITH TIME ZONE",
	"variant": "JSON", "object": "JSON", "array": "JSON",
}

// duck returns the DuckDB type of a column.
func (t rowType) duck() string {
	typ := strings.ToLower(t.Type)
	switch {
	case typ == "fixed" && t.Scale == 0 && t.Precision <= wholeDigits:
		return "BIGINT"
	case typ == "fixed" && t.Precision <= databases.MostDigits:
		return fmt.Sprintf("DECIMAL(%d,%d)", t.Precision, t.Scale)
	case plainTypes[typ] != "":
		return plainTypes[typ]
	}
	return "VARCHAR"
}

// plainRow writes the values of a row in the way in which batches carry them.
func plainRow(types []rowType, row []*string) error {
	if len(row) != len(types) {
		return fmt.Errorf("a row of %d values for %d columns", len(row), len(types))
	}
	for i, v := range row {
		if v == nil {
			continue
		}
		text, err := types[i].plain(*v)
		if err != nil {
			return err
		}
		row[i] = &text
	}
	return nil
}

func (t rowType) plain(v string) (string, error) {
	switch strings.ToLower(t.Type) {
	case "date":
		days, err := strconv.ParseInt(v, 10, 32)
		if err != nil {
			return "", fmt.Errorf("a day: %w", err)
		}
		return time.Unix(days*86400, 0).UTC().Format("2006-01-02"), nil
	case "time":
		at, err := instant(v)
		return at.Format("15:04:05.999999"), err
	case "timestamp_ntz":
		at, err := instant(v)
		return at.Format("2006-01-02 15:04:05.999999"), err
	case "timestamp_ltz", "timestamp_tz":
		v, _, _ = strings.Cut(v, " ") // the zone that it was written in is behind
		at, err := instant(v)
		return at.Format("2006-01-02 15:04:05.999999") + "+00", err
	case "binary":
		if _, err := hex.DecodeString(v); err != nil {
			return "", fmt.Errorf("bytes: %w", err)
		}
		return strings.ToLower(v), nil
	}
	return v, nil
}

// instant reads seconds since 1970 with their fractions, or, without a point and with many
// digits, nanoseconds.
func instant(v string) (time.Time, error) {
	whole, fraction, pointed := strings.Cut(v, ".")
	n, ok := new(big.Int).SetString(whole+(fraction + "000000000")[:9], 10)
	if !pointed && len(strings.TrimPrefix(whole, "-")) > 12 {
		n, ok = new(big.Int).SetString(whole, 10)
	}
	if !ok {
		return time.Time{}, fmt.Errorf("%.40q is no moment", v)
	}
	seconds, nanos := new(big.Int).DivMod(n, big.NewInt(1e9), new(big.Int))
	return time.Unix(seconds.Int64(), nanos.Int64()).UTC(), nil
}

// quotedValue finds values in what Snowflake says about them.
var quotedValue = regexp.MustCompile(`(?s) ?'.*'`)

// types are Snowflake's for those of DuckDB that have other names there.
var types = map[string]string{
	"TINYINT": "NUMBER(3,0)", "SMALLINT": "NUMBER(5,0)", "INTEGER": "NUMBER(10,0)", "BIGINT": "NUMBER(19,0)",
	"UTINYINT": "NUMBER(3,0)", "USMALLINT": "NUMBER(5,0)", "UINTEGER": "NUMBER(10,0)", "UBIGINT": "NUMBER(20,0)",
	"HUGEINT": "NUMBER(38,0)", "UHUGEINT": "NUMBER(38,0)", "FLOAT": "FLOAT", "DOUBLE": "FLOAT", "BOOLEAN": "BOOLEAN", "DATE": "DATE", "TIME": "TIME",
	"TIMESTAMP": "TIMESTAMP_NTZ", "TIMESTAMP_S": "TIMESTAMP_NTZ", "TIMESTAMP_MS": "TIMESTAMP_NTZ", "TIMESTAMP_NS": "TIMESTAMP_NTZ",
	"TIMESTAMP WITH TIME ZONE": "TIMESTAMP_TZ", "BLOB": "BINARY", "JSON": "VARIANT",
}

// declared returns the type that a column of a DuckDB type is made with.
func declared(typ string, widening bool) string {
	known, is := types[typ]
	switch {
	case strings.HasPrefix(typ, "DECIMAL") && widening:
		return "NUMBER(38,12)"
	case strings.HasPrefix(typ, "DECIMAL"):
		return strings.Replace(typ, "DECIMAL", "NUMBER", 1)
	case is:
		return known
	case strings.HasPrefix(typ, "STRUCT"), strings.HasPrefix(typ, "MAP"), strings.HasSuffix(typ, "]"):
		return "VARIANT"
	}
	return "VARCHAR"
}

// cast returns an expression for a text as a value for a column of a type.
func cast(expression, column, duck string) string {
	switch strings.ToUpper(column) {
	case "VARIANT", "ARRAY", "OBJECT":
		if duck == "VARCHAR" || duck == "UUID" {
			return expression + "::VARIANT"
		}
		parsed := "PARSE_JSON(" + expression + ")"
		if strings.EqualFold(column, "VARIANT") {
			return parsed
		}
		return parsed + "::" + strings.ToUpper(column)
	case "BINARY":
		if duck == "BLOB" {
			return "TO_BINARY(" + expression + ", 'HEX')"
		}
		return "TO_BINARY(" + expression + ", 'UTF-8')"
	}
	return expression
}
