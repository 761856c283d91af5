package oracle

import (
	"math"
	"strings"
	"testing"

	lib "github.com/sijms/go-ora/v2"

	"github.com/broked/broked/internal/batch"
	"github.com/broked/broked/internal/databases/driven"
)

func textColumn(typ string, values ...string) batch.Column {
	return batch.Column{Name: "c", Type: typ, Kind: batch.Text, Texts: values}
}

func TestValues(t *testing.T) {
	t.Parallel()
	for _, one := range []struct {
		c            batch.Column
		column, want string
	}{
		{batch.Column{Kind: batch.Int, Ints: []int64{math.MinInt64}}, "NUMBER(19,0)", "-9223372036854775808"},
		{batch.Column{Kind: batch.Float, Floats: []float64{1e300}}, "BINARY_DOUBLE", "1e+300"},
		{batch.Column{Kind: batch.Float, Floats: []float64{math.Inf(-1)}}, "BINARY_DOUBLE", "-Inf"},
		{batch.Column{Kind: batch.Float, Floats: []float64{math.NaN()}}, "NUMBER", "! " + errInfinite.Error()},
		{batch.Column{Kind: batch.Bool, Bools: []bool{true}}, "NUMBER(1,0)", "1"},
		{batch.Column{Kind: batch.Bool, Bools: []bool{true}}, "VARCHAR2(10)", "true"},
		{textColumn("DECIMAL(38,2)", "-123456789012345678901234567890.12"), "NUMBER(38,2)", "-123456789012345678901234567890.12"},
		{textColumn("VARCHAR", "1,5"), "NUMBER", "! " + errNumber.Error()},
		{textColumn("VARCHAR", ""), "NUMBER", ""},
		{textColumn("VARCHAR", "日本 🐘'"), "VARCHAR2(10)", "日本 🐘'"},
		{textColumn("DATE", "2024-02-29"), "DATE", "2024-02-29 00:00:00"},
		{textColumn("TIMESTAMP", "2024-02-29 23:59:59"), "DATE", "2024-02-29 23:59:59"},
		{textColumn("TIMESTAMP", "2024-02-29 23:59:59.5"), "DATE", "! " + errFraction.Error()},
		{textColumn("TIMESTAMP", "2024-02-29 23:59:59.123456"), "TIMESTAMP(6)", "2024-02-29 23:59:59.123456000"},
		{textColumn("TIMESTAMP WITH TIME ZONE", "2024-02-29 23:59:59.5+00"), "TIMESTAMP(6) WITH TIME ZONE", "2024-02-29 23:59:59.500000000 +00:00"},
		{textColumn("TIMESTAMP WITH TIME ZONE", "2024-02-29 23:59:59.5+00"), "TIMESTAMP(6) WITH LOCAL TIME ZONE", "2024-02-29 23:59:59.500000000"},
		{textColumn("VARCHAR", "tomorrow"), "DATE", "! " + errMoment.Error()},
		{textColumn("TIMESTAMP", "12024-02-29 00:00:00"), "TIMESTAMP(6)", "! " + errMoment.Error()},
		{textColumn("BLOB", "00ff"), "RAW(16)", "00ff"},
		{textColumn("VARCHAR", "xyz"), "BLOB", "! " + errBytes.Error()},
	} {
		got, err := words(&one.c, 0, one.column)
		if err != nil {
			got = "! " + err.Error()
		}
		if got != one.want {
			t.Errorf("%s %s: got %q, want %q", one.c.Type, one.column, got, one.want)
		}
	}
}

func TestTypes(t *testing.T) {
	t.Parallel()
	for _, one := range [][2]string{
		{numberType(10, 0, true), "BIGINT"},
		{numberType(19, 0, true), "DECIMAL(19,0)"},
		{numberType(10, 2, true), "DECIMAL(10,2)"},
		{numberType(0, 0, true), ""},
		{numberType(38, 129, true), ""},
		{numberType(126, -127, true), ""},
		{numberType(5, -2, true), ""},
		{declared("VARCHAR", false, false), "VARCHAR2(4000 CHAR)"},
		{declared("VARCHAR", false, true), "VARCHAR2(255 CHAR)"},
		{declared("JSON", false, false), "CLOB"},
		{declared("INTEGER[]", false, false), "CLOB"},
		{declared("DECIMAL(10,2)", false, false), "NUMBER(10,2)"},
		{declared("DECIMAL(10,2)", true, false), "NUMBER"},
		{declared("BLOB", false, true), "RAW(255)"},
		{declared("BOOLEAN", false, true), "NUMBER(1,0)"},
	} {
		if one[0] != one[1] {
			t.Errorf("got %s, want %s", one[0], one[1])
		}
	}
	if text, fits, known := read("12.", ""); text != "12" || !fits || !known {
		t.Error(text, fits, known)
	}
	if _, _, known := read("12.", "VARCHAR"); known {
		t.Error("it takes a text for a number")
	}
}

// TestBound looks at rows on their way, of which one may be too long to go with others.
func TestBound(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", mostBound+1)
	b := &batch.Batch{Rows: 2, Columns: []batch.Column{
		{Name: "id", Type: "VARCHAR", Kind: batch.Text, Texts: []string{"a", ""}},
		{Name: "note", Type: "VARCHAR", Kind: batch.Text, Texts: []string{"", long}, Valid: []bool{false, true}},
	}}
	rows := driven.Rows{Batch: b, To: 2, Columns: []string{"ID", "NOTE"}, Types: []string{"VARCHAR2(10)", "CLOB"}}
	if texts, isLong, err := bound(rows); err != nil || !isLong || texts[1][0] != "" || texts[1][1] != long {
		t.Errorf("%v %v %v", isLong, err, texts[0])
	}
	rows.Keys = []string{"ID"}
	if _, _, err := bound(rows); err == nil || err.Error() != errKey.Error() {
		t.Errorf("an empty key: %v", err)
	}
	for _, c := range []struct{ text, column, place string }{{long, "CLOB", ":1"}, {"00ff", "BLOB", "HEXTORAW(:1)"}, {"short", "CLOB", ":1"}, {long, "VARCHAR2(32767)", ":1"}} {
		if _, place, err := one(c.text, c.column, ":1"); err != nil || place != c.place {
			t.Errorf("%s: %s %v", c.column, place, err)
		}
	}
	if v, _, err := one(strings.Repeat("ab", mostBound), "BLOB", ":1"); err != nil || len(v.(lib.Blob).Data) != mostBound {
		t.Errorf("%v", err)
	}
	if _, _, err := one(long, "RAW(2000)", ":1"); err == nil {
		t.Error("it takes bytes that are too many")
	}
}
