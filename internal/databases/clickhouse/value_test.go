package clickhouse

import (
	"fmt"
	"math"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/broked/broked/internal/batch"
)

func cell(typ string, v any) batch.Column {
	c := batch.Column{Name: "x", Type: typ, Kind: batch.KindOf(typ)}
	switch v := v.(type) {
	case nil:
		c.Valid, c.Texts, c.Ints = []bool{false}, []string{""}, []int64{0}
	case int:
		c.Ints = []int64{int64(v)}
	case float64:
		c.Floats = []float64{v}
	case bool:
		c.Bools = []bool{v}
	case string:
		c.Texts = []string{v}
	}
	return c
}

// TestValues turns values into those that columns take, and finds those that they do not.
func TestValues(t *testing.T) {
	t.Parallel()
	at := time.Date(2024, 2, 29, 23, 59, 59, 123456000, time.UTC)
	for _, c := range []struct {
		typ    string
		v      any
		column string
		want   any // a string beginning with ! is what is wrong
	}{
		{"BIGINT", -128, "Int8", int8(-128)},
		{"BIGINT", 128, "Int8", "!no Int8"},
		{"BIGINT", 255, "Nullable(UInt8)", uint8(255)},
		{"BIGINT", -1, "UInt64", "!no UInt64"},
		{"UBIGINT", "18446744073709551615", "UInt64", uint64(math.MaxUint64)},
		{"DOUBLE", 2.5, "Int32", "!no Int32"},
		{"DOUBLE", 2.0, "Int32", int32(2)},
		{"BOOLEAN", true, "UInt8", uint8(1)},
		{"HUGEINT", "170141183460469231731687303715884105727", "Int128", *new(big.Int)},
		{"VARCHAR", nil, "String", "!takes no null"},
		{"VARCHAR", nil, "LowCardinality(Nullable(String))", nil},
		{"DOUBLE", math.Inf(1), "Float64", math.Inf(1)},
		{"DOUBLE", 1e39, "Float32", "!too large"},
		{"BIGINT", 1, "Bool", true},
		{"BIGINT", 2, "Bool", "!no Bool"},
		{"DECIMAL(18,2)", "-999.99", "Decimal(5, 2)", "-999.99"},
		{"DECIMAL(18,2)", "1000.00", "Decimal(5, 2)", "!more digits"},
		{"DECIMAL(18,3)", "1.239", "Nullable(Decimal(5, 2))", "!more digits"},
		{"TIMESTAMP WITH TIME ZONE", "2024-02-29 23:59:59.123456+00", "DateTime64(6, 'UTC')", at},
		{"TIMESTAMP", "2106-01-01 00:00:00", "DateTime", "!years 1970 to 2105"},
		{"DATE", "1969-12-31", "Date", "!no Date"},
		{"DATE", "1900-01-01", "Date32", time.Date(1900, 1, 1, 0, 0, 0, 0, time.UTC)},
		{"BLOB", "00ff", "String", "\x00\xff"},
		{"VARCHAR", "ab", "FixedString(4)", "ab\x00\x00"},
		{"VARCHAR", "abcde", "FixedString(4)", "!longer than 4"},
		{"UUID", "x", "UUID", "!no UUID"},
		{"VARCHAR", "::1", "IPv4", "!no IPv4"},
		{"DOUBLE", 0.1, "LowCardinality(String)", "0.1"},
		{"JSON", "[1]", "Array(Int32)", "!cannot be written"},
	} {
		col := cell(c.typ, c.v)
		got, err := value(&col, 0, c.column)
		if wrong, is := strings.CutPrefix(fmt.Sprint(c.want), "!"); is {
			if err == nil || !strings.Contains(err.Error(), wrong) {
				t.Errorf("%s %v into %s: %v, %v", c.typ, c.v, c.column, got, err)
			}
			continue
		}
		if n, is := got.(*big.Int); is && n.String() == c.v {
			continue
		}
		if err != nil || fmt.Sprintf("%T %v", got, got) != fmt.Sprintf("%T %v", c.want, c.want) {
			t.Errorf("%s %v into %s: %T %v, %v", c.typ, c.v, c.column, got, got, err)
		}
	}
}

func TestStatements(t *testing.T) {
	t.Parallel()
	for got, want := range map[string]string{
		quote("a`b\\"): "`a\\`b\\\\`",

		declared("DECIMAL(12,2)", false, false):            "Nullable(Decimal(12, 2))",
		declared("DECIMAL(12,2)", true, false):             "Nullable(Decimal(38, 18))",
		declared("BLOB", false, false):                     "Nullable(String)",
		declared("INTEGER[]", false, false):                "Nullable(String)",
		declared("TIMESTAMP WITH TIME ZONE", false, false): "Nullable(DateTime64(6, 'UTC'))",
		padded("-1.5", "DECIMAL(18,4)"):                    "-1.5000",
		padded("3", "DECIMAL(9,0)"):                        "3",
	} {
		if got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}
