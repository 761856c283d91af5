package expr

import (
	"fmt"
	"strconv"
	"strings"
)

// Kind is a family of types that behave alike.
type Kind int

// The kinds of types.
const (
	Null Kind = iota // of null itself
	Text
	Integer
	Decimal
	Double
	Boolean
	Date
	Timestamp
	Time
	Other // lists, structs, UUIDs and the like: compared with their own sort and as text
)

// Type is the type of a column or of an expression.
type Type struct {
	Kind Kind
	// whole and scale are the most digits before and behind the point that an
	// Integer or Decimal can have.
	whole, scale int
	name         string // the exact DuckDB type of a column; empty if computed
}

// The digits that tell DuckDB's integers apart: all others fit into a BIGINT.
const (
	integer = 10
	bigint  = 19
	ubigint = 20
	hugeint = 39
	beyond  = 40 // UHUGEINT and BIGNUM, which arithmetic knows as doubles only
	decimal = 38 // the widest DECIMAL
)

// The timestamps that DuckDB does not compare with each other by itself.
const (
	zoned       = "TIMESTAMP WITH TIME ZONE"
	nanoseconds = "TIMESTAMP_NS"
)

var named = map[string]Type{
	"TINYINT": {Kind: Integer, whole: 3}, "SMALLINT": {Kind: Integer, whole: 5}, "INTEGER": {Kind: Integer, whole: integer},
	"BIGINT": {Kind: Integer, whole: bigint}, "HUGEINT": {Kind: Integer, whole: hugeint},
	"UTINYINT": {Kind: Integer, whole: 3}, "USMALLINT": {Kind: Integer, whole: 5}, "UINTEGER": {Kind: Integer, whole: integer},
	"UBIGINT": {Kind: Integer, whole: ubigint}, "UHUGEINT": {Kind: Integer, whole: beyond}, "BIGNUM": {Kind: Integer, whole: beyond},
	"FLOAT": {Kind: Double}, "DOUBLE": {Kind: Double},
	"VARCHAR": {Kind: Text}, "BOOLEAN": {Kind: Boolean}, "DATE": {Kind: Date}, "TIME": {Kind: Time},
	"TIMESTAMP": {Kind: Timestamp}, "TIMESTAMP_S": {Kind: Timestamp}, "TIMESTAMP_MS": {Kind: Timestamp},
	nanoseconds: {Kind: Timestamp}, zoned: {Kind: Timestamp}, "TIMESTAMPTZ": {Kind: Timestamp},
	`"NULL"`: {Kind: Null}, "NULL": {Kind: Null},
}

// TypeOf returns the type that DuckDB calls sql, such as BIGINT.
func TypeOf(sql string) Type {
	t, ok := named[sql]
	if !ok {
		t = Type{Kind: Other}
		if list, found := strings.CutPrefix(sql, "DECIMAL("); found {
			width, scale, _ := strings.Cut(strings.TrimSuffix(list, ")"), ",")
			w, badWidth := strconv.Atoi(width)
			s, badScale := strconv.Atoi(scale)
			if badWidth == nil && badScale == nil {
				t = Type{Kind: Decimal, whole: w - s, scale: s}
			}
		}
	}
	t.name = sql
	return t
}

// SQL returns the DuckDB type. Of a computed number it is wide enough, though
// DuckDB may have chosen a narrower one.
func (t Type) SQL() string {
	if t.name != "" {
		return t.name
	}
	switch t.Kind {
	case Integer:
		if t.whole > bigint {
			return "HUGEINT"
		}
		return "BIGINT"
	case Decimal:
		return fmt.Sprintf("DECIMAL(%d,%d)", t.whole+t.scale, t.scale)
	case Double:
		return "DOUBLE"
	case Boolean:
		return "BOOLEAN"
	case Date:
		return "DATE"
	case Timestamp:
		return "TIMESTAMP"
	case Time:
		return "TIME"
	default:
		return "VARCHAR"
	}
}

// String tells the type in words, with its article.
func (t Type) String() string {
	switch t.Kind {
	case Null:
		return "null"
	case Text:
		return "text"
	case Integer:
		return "a whole number"
	case Decimal, Double:
		return "a number"
	case Boolean:
		return "true or false"
	case Date:
		return "a date"
	case Timestamp:
		return "a timestamp"
	case Time:
		return "a time of day"
	default:
		return "of type " + t.name
	}
}

// Number reports whether t is a sort of number.
func (t Type) Number() bool { return t.Kind == Integer || t.Kind == Decimal || t.Kind == Double }

func (t Type) moment() bool { return t.Kind == Date || t.Kind == Timestamp }

// exact reports whether numbers of types a and b fit into one DECIMAL or
// integer type, so that comparing and choosing among them loses nothing.
func exact(a, b Type) bool {
	if a.Kind != Decimal && b.Kind != Decimal {
		return true
	}
	return max(a.whole, b.whole)+max(a.scale, b.scale) <= decimal
}
