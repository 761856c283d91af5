package mssql

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	lib "github.com/microsoft/go-mssqldb"

	"github.com/broked/broked/internal/batch"
	"github.com/broked/broked/internal/databases/driven"
)

func cell(typ string, v any) batch.Column {
	c := batch.Column{Name: "x", Type: typ, Kind: batch.KindOf(typ)}
	switch v := v.(type) {
	case int:
		c.Ints = []int64{int64(v)}
	case int64:
		c.Ints = []int64{v}
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
	var id lib.UniqueIdentifier
	if err := id.Scan("00112233-4455-6677-8899-aabbccddeeff"); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		typ    string
		v      any
		column string
		want   any // a string beginning with ! is what is wrong
	}{
		{"BIGINT", 255, "tinyint", int64(255)},
		{"BIGINT", 256, "tinyint", "!no tinyint"},
		{"BIGINT", -1, "tinyint", "!no tinyint"},
		{"DOUBLE", 2.0, "int", int64(2)},
		{"DOUBLE", 2.5, "int", "!no int"},
		{"DOUBLE", math.Pow(2, 63), "bigint", "!no bigint"},
		{"VARCHAR", "12.00", "int", int64(12)},
		{"VARCHAR", "abc", "int", "!no int"},
		{"UBIGINT", "18446744073709551615", "bigint", "!no bigint"},
		{"BOOLEAN", true, "int identity", int64(1)},
		{"BOOLEAN", true, "bit", true},
		{"BIGINT", 2, "bit", "!no bit"},
		{"VARCHAR", "True", "bit", true},
		{"DOUBLE", math.NaN(), "float", "!infinite"},
		{"DOUBLE", 1e39, "real", "!too large"},
		{"VARCHAR", "1e3", "float", 1000.0},
		{"DECIMAL(38,3)", "12345678901234567890123456.789", "decimal(38,3)", "12345678901234567890123456.789"},
		{"DECIMAL(18,2)", "1234.50", "decimal(5,2)", "!more than the 3 digits"},
		{"DECIMAL(18,2)", "-999.99", "decimal(5,2)", "-999.99"},
		{"VARCHAR", "1,5", "decimal(5,2)", "!no number"},
		{"BIGINT", 5, "money", "5"},
		{"DECIMAL(18,3)", "0.125", "decimal(3,3)", "0.125"},
		{"DOUBLE", 1e20, "decimal(38,0)", "100000000000000000000"},
		{"TIMESTAMP", "2024-02-29 23:59:59.123456", "datetime2(6)", at},
		{"TIMESTAMP WITH TIME ZONE", "2024-02-29 23:59:59.123456+00", "datetimeoffset(6)", at},
		{"DATE", "2024-02-29", "date", time.Date(2024, 2, 29, 0, 0, 0, 0, time.UTC)},
		{"TIME", "23:59:59.5", "time(6)", time.Date(1900, 1, 1, 23, 59, 59, 500000000, time.UTC)},
		{"DATE", "0044-03-15 (BC)", "date", "!years 1 to 9999"},
		{"DATE", "infinity", "date", "!no date"},
		{"VARCHAR", "29.02.2024", "date", "!no date"},
		{"UUID", "00112233-4455-6677-8899-aabbccddeeff", "uniqueidentifier", id},
		{"VARCHAR", "x", "uniqueidentifier", "!no uniqueidentifier"},
		{"BLOB", "00ff", "varbinary(2)", []byte{0, 0xff}},
		{"BLOB", "00ff01", "varbinary(2)", "!longer than 2 bytes"},
		{"BLOB", "", "varbinary(max)", []byte{}},
		{"VARCHAR", "äöü", "nvarchar(3) COLLATE X", "äöü"},
		{"VARCHAR", "🐘🐘", "nvarchar(3) COLLATE X", "!longer than 3 characters"},
		{"BOOLEAN", false, "nvarchar(max)", "false"},
		{"DOUBLE", 0.1, "varchar(3)", "0.1"},
		{"INTEGER[]", "[1, 2]", "nvarchar(max)", "[1, 2]"},
	} {
		col := cell(c.typ, c.v)
		got, done, err := value(&col, 0, c.column)
		if wrong, is := strings.CutPrefix(fmt.Sprint(c.want), "!"); is {
			if err == nil || !strings.Contains(err.Error(), wrong) {
				t.Errorf("%s %v into %s: %v, %v", c.typ, c.v, c.column, got, err)
			}
		} else if err != nil || !done || fmt.Sprintf("%T %v", got, got) != fmt.Sprintf("%T %v", c.want, c.want) {
			t.Errorf("%s %v into %s: %T %v, %v", c.typ, c.v, c.column, got, got, err)
		}
	}
}

// TestNotInBulk leaves to inserts what bulk copy would change without a word.
func TestNotInBulk(t *testing.T) {
	t.Parallel()
	for column, want := range map[string]bool{
		"int": true, "int identity": false, "nvarchar(9) COLLATE X": true, "varchar(9) COLLATE X": false, "decimal(5,2)": true, "money": false, "datetime": false, "xml": false, "binary(4)": false,
	} {
		if bulky(column) != want {
			t.Errorf("%s: %v", column, !want)
		}
	}
	b := batch.Batch{Rows: 1, Columns: []batch.Column{cell("DECIMAL(18,3)", "1.239")}}
	if _, ok := encode(driven.Rows{Batch: &b, To: 1, Columns: []string{"x"}, Types: []string{"decimal(5,2)"}}); ok {
		t.Error("it would be refused by the driver in the middle of the rows")
	}
}

func TestStatements(t *testing.T) {
	t.Parallel()
	at := &driven.Table{Quoted: "[t]", Columns: []driven.Declared{{Name: "k", Type: "nvarchar(9) COLLATE X_CS"}, {Name: "b", Type: "varbinary(max)"}}}
	for got, want := range map[string]string{
		insertion(at, []string{"k", "b"}, nil, 2): "INSERT INTO [t] ([k], [b]) VALUES (@p1, CAST(@p2 AS varbinary(max))), (@p3, CAST(@p4 AS varbinary(max)))",
		insertion(at, []string{"k", "b"}, []string{"k"}, 1): "MERGE INTO [t] WITH (HOLDLOCK) AS broked_there USING (SELECT [k], [b] FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY CAST([k] AS varbinary(max)) ORDER BY [broked_row] DESC) AS [broked_last]" +
			" FROM (VALUES (0, @p1, CAST(@p2 AS varbinary(max)))) AS broked_values ([broked_row], [k], [b])) AS broked_rows WHERE [broked_last] = 1) AS broked_new ON broked_there.[k] = broked_new.[k] COLLATE X_CS" +
			" WHEN MATCHED THEN UPDATE SET broked_there.[b] = broked_new.[b] WHEN NOT MATCHED THEN INSERT ([k], [b]) VALUES (broked_new.[k], broked_new.[b]);",
		creation("[a]]b]", []driven.Declared{{Name: "k", Type: "int"}}, []string{"k"}, true):   "IF OBJECT_ID(N'[a]]b]') IS NULL CREATE TABLE [a]]b] ([k] int NULL, UNIQUE ([k]))",
		addition("[t]", []driven.Declared{{Name: "k", Type: "int"}, {Name: "l", Type: "bit"}}): "ALTER TABLE [t] ADD [k] int NULL, [l] bit NULL",

		kill("57 2026-11-22T10:00:00.000"): "IF EXISTS (SELECT 1 FROM sys.dm_exec_sessions WHERE session_id = 57 AND CONVERT(varchar(23), login_time, 126) = N'2026-11-22T10:00:00.000') KILL 57",

		kill("x; DROP TABLE t"): "SELECT 1",

		declared("DECIMAL(12,2)", false, false):            "decimal(12,2)",
		declared("DECIMAL(12,2)", true, false):             "decimal(38,18)",
		declared("VARCHAR", false, true):                   "nvarchar(255) COLLATE Latin1_General_100_BIN2",
		declared("UTINYINT", false, false):                 "tinyint",
		declared("TIMESTAMP WITH TIME ZONE", false, false): "datetimeoffset(6)",
		declared("MAP(VARCHAR, INTEGER)", false, false):    "nvarchar(max) COLLATE Latin1_General_100_BIN2",
	} {
		if got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}
