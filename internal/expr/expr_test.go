package expr

import (
	"database/sql"
	"fmt"
	"strings"
	"testing"

	_ "github.com/duckdb/duckdb-go/v2" // the database that the SQL is for

	"github.com/broked/broked/internal/sqltext"
)

// sample is one row of every type: the column's type and its value.
var sample = []struct{ name, typ, value string }{
	{"amount", "DOUBLE", "12.5"},
	{"qty", "BIGINT", "3"},
	{"zero", "BIGINT", "0"},
	{"small", "INTEGER", "2000000000"},
	{"tiny", "TINYINT", "100"},
	{"ubig", "UBIGINT", "18446744073709551615"},
	{"huge", "HUGEINT", "170141183460469231731687303715884105727"},
	{"uhuge", "UHUGEINT", "5"},
	{"price", "DECIMAL(18,3)", "19.990"},
	{"wide", "DECIMAL(38,10)", "1.5"},
	{"zip", "VARCHAR", "00123"},
	{"plain", "VARCHAR", "123"},
	{"name", "VARCHAR", "jOHN o'neil ÉCOLE"},
	{"status", "VARCHAR", "active"},
	{"country", "VARCHAR", "DE"},
	{"empty", "VARCHAR", ""},
	{"gone", "VARCHAR", "NULL"},
	{"nogo", "BIGINT", "NULL"},
	{"flag", "BOOLEAN", "true"},
	{"day", "DATE", "2024-01-31"},
	{"daytext", "VARCHAR", "2024-01-31"},
	{"at", "TIMESTAMP", "2024-01-31 15:04:05"},
	{"zoned", "TIMESTAMP WITH TIME ZONE", "2024-01-31 15:04:05+00"},
	{"nano", "TIMESTAMP_NS", "2024-01-31 15:04:05"},
	{"clock", "TIME", "15:04:05"},
	{"uid", "UUID", "123e4567-e89b-12d3-a456-426614174000"},
	{"list", "INTEGER[]", "[1, 2]"},
	{"pair", "STRUCT(a INTEGER)", "{'a': 1}"},
	{"mood", "ENUM('happy', 'sad')", "happy"},
	{"blob", "BLOB", "ab"},
	{"a b", "BIGINT", "7"},
	{`q"uo'te`, "BIGINT", "8"},
	{"Größe", "BIGINT", "9"},
	{"a.b", "BIGINT", "10"},
	{"end", "BIGINT", "11"},
	{"Twin", "BIGINT", "12"},
}

func sampleColumns() []Column {
	columns := make([]Column, len(sample))
	for i, s := range sample {
		columns[i] = Column{Name: s.name, Type: s.typ}
	}
	return columns
}

var values = map[string]string{
	"param.status": "active", "param.min": "2", "param.day": "2024-01-31", "param.quote": `x' OR 1=1 --`, "param.column": "qty", "var.rate": "1.5",
}

func lookup(name string) (string, bool) {
	v, ok := values[name]
	return v, ok
}

func open(tb testing.TB) *sql.DB {
	tb.Helper()
	db, err := sql.Open("duckdb", "")
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = db.Close() })
	var columns []string
	for _, s := range sample {
		literal := sqltext.Text(s.value)
		if s.value == "NULL" {
			literal = "NULL"
		}
		columns = append(columns, fmt.Sprintf("CAST(%s AS %s) AS %s", literal, s.typ, sqltext.Ident(s.name)))
	}
	for _, statement := range []string{"SET TimeZone = 'UTC'", "CREATE TABLE t AS SELECT " + strings.Join(columns, ", ")} {
		if _, err := db.ExecContext(tb.Context(), statement); err != nil {
			tb.Fatal(err)
		}
	}
	return db
}

// evaluate returns the value of an expression for the sample row, as text.
func evaluate(tb testing.TB, db *sql.DB, src string) (string, Compiled) {
	tb.Helper()
	e, err := Parse(src)
	if err != nil {
		tb.Fatalf("%s: %v", src, err)
	}
	compiled, err := e.Compile(sampleColumns(), lookup)
	if err != nil {
		tb.Fatalf("%s: %v", src, err)
	}
	var got sql.NullString
	row := db.QueryRowContext(tb.Context(), "SELECT CAST(("+compiled.SQL+") AS VARCHAR) FROM t")
	if err := row.Scan(&got); err != nil {
		tb.Fatalf("%s: %s: %v", src, compiled.SQL, err)
	}
	if !got.Valid {
		return "NULL", compiled
	}
	return got.String, compiled
}

func TestValues(t *testing.T) {
	t.Parallel()
	db := open(t)
	for _, test := range []struct{ src, want string }{
		{"1 + 2 * 3", "7"},
		{"(1 + 2) * 3", "9"},
		{"qty * -2", "-6"},
		{"- -qty", "3"},
		{"7 / 2", "3.5"},
		{"qty / zero", "NULL"},
		{"qty % zero", "NULL"},
		{"amount / (qty - 3)", "NULL"},
		{"amount / 0", "NULL"},
		{"amount % 5", "2.5"},
		{"small * small", "4000000000000000000"},
		{"2000000000 * 2000000000", "4000000000000000000"},
		{"ubig + 1", "18446744073709551616"},
		{"zero - ubig", "-18446744073709551615"},
		{"-tiny * 2", "-200"},
		{"price * 2", "39.980"},
		{"price + qty", "22.990"},
		{"price * price * price", "7988.005998999999"},
		{"wide * wide", "2.25"},
		{"price = 19.99", "true"},
		{"nogo + 1", "NULL"},
		{"nogo + null", "NULL"},
		{"1e3", "1000.0"},
		{".5 + 0.25", "0.75"},
		{`"a b" + "q""uo'te"`, "15"},
		{"größe", "9"},
		{"a.b", "10"},
		{`"end"`, "11"},
		{"TWIN", "12"},
		// text
		{"status + ' ' + country", "active DE"},
		{"status + gone + 1", "active1"},
		{"gone + gone", ""},
		{`status + "-" + country`, "active-DE"},
		{"qty + ' pieces'", "3 pieces"},
		{"'it''s ' + day", "it's 2024-01-31"},
		{"'n: ${param.min}' + qty", "n: 23"},
		{"${param.quote}", "x' OR 1=1 --"},
		{"'${no_prefix} $5 ${'", "${no_prefix} $5 ${"},
		{"qty + ${param.min}", "5"},
		{"qty * ${var.rate}", "4.5"},
		// dates
		{"day + 1", "2024-02-01"},
		{"1 + day", "2024-02-01"},
		{"day - 31", "2023-12-31"},
		{"day + qty", "2024-02-03"},
		{"day - '2024-01-01'", "30"},
		{"day + ${param.min}", "2024-02-02"},
		{"year(day) * 100 + month(day)", "202401"},
		{"weekday(day)", "3"},
		{"quarter(day)", "1"},
		{"hour(at)", "15"},
		{"hour(clock)", "15"},
		{"minute('15:04')", "4"},
		{"second(at)", "5"},
		{"date_trunc('month', day)", "2024-01-01"},
		{"date_trunc('HOUR', at)", "2024-01-31 15:00:00"},
		{"date_trunc('day', at)", "2024-01-31 00:00:00"},
		{"date_diff('day', '2024-01-01', day)", "30"},
		{"strftime(day, '%d.%m.%Y')", "31.01.2024"},
		{"date(daytext)", "2024-01-31"},
		{"date(status)", "NULL"},
		{"date('31.12.2024', '%d.%m.%Y')", "2024-12-31"},
		{"date(at)", "2024-01-31"},
		{"timestamp('2024-01-31T12:00:00+02:00')", "2024-01-31 10:00:00"},
		{"timestamp(day)", "2024-01-31 00:00:00"},
		{"2024-01-31", "2024-01-31"},
		// functions
		{"lower(name) + UPPER(status)", "john o'neil écoleACTIVE"},
		{"title(name)", "John O'neil École"},
		{"title(empty)", ""},
		{"title(gone)", "NULL"},
		{"trim('  x ') + ltrim(' y ') + rtrim(' z ')", "xy  z"},
		{"length(name)", "17"},
		{"lower(qty)", "3"},
		{"substr(status, 2)", "ctive"},
		{"substr(status, 2, 3)", "cti"},
		{"left(status, 2) + right(status, 2)", "acve"},
		{"replace(status, 'act', 'pass')", "passive"},
		{"concat(status, null, 1, flag)", "active1true"},
		{"split_part('a,b,c', ',', 2)", "b"},
		{"split_part('a,b,c', ',', 4)", "NULL"},
		{"contains(name, 'neil')", "true"},
		{"starts_with(status, 'act') and ends_with(status, 'ive')", "true"},
		{`regexp_matches(zip, '^\d+$')`, "true"},
		{`regexp_replace(zip, '0', '')`, "123"},
		{"round(amount)", "13.0"},
		{"round(12.345, 1)", "12.3"},
		{"round(price, 1)", "20.0"},
		{"round(price, zero)", "20.0"},
		{"round(qty)", "3"},
		{"round(small, -9)", "2000000000"},
		{"floor(amount) + ceil(amount)", "25.0"},
		{"abs(-5)", "5"},
		{"sqrt(16)", "4.0"},
		{"sqrt(-16)", "NULL"},
		{"power(2, 10)", "1024.0"},
		{"mod(7, zero)", "NULL"},
		{"coalesce(nogo, qty)", "3"},
		{"coalesce(nogo, '5')", "5"},
		{"coalesce(nogo, 'n/a')", "n/a"},
		{"nullif(qty, 3)", "NULL"},
		{"nullif(status, 'x')", "active"},
		{"greatest(1, 2.5, nogo)", "2.5"},
		{"least(day, '2023-01-01')", "2023-01-01"},
		{"iif(qty > 2, 'many', 'few')", "many"},
		{"case when qty > 5 then 'a' when qty > 2 then 'b' else 'c' end", "b"},
		{"case when qty > 5 then 1 end", "NULL"},
		{"case country when 'FR' then 1 when 'DE' then 2 end", "2"},
		{"case when flag then null else null end", "NULL"},
		{"case when flag then wide else huge end", "1.5"},
		{"number(zip)", "123.0"},
		{"number(status)", "NULL"},
		{"integer('7')", "7"},
		{"integer(amount)", "12"},
		{"text(qty) + text(001)", "3001"},
		{"text(uid)", "123e4567-e89b-12d3-a456-426614174000"},
		{"null", "NULL"},
	} {
		if got, compiled := evaluate(t, db, test.src); got != test.want {
			t.Errorf("%s = %s, want %s (%s)", test.src, got, test.want, compiled.SQL)
		}
	}
}

func TestConditions(t *testing.T) {
	t.Parallel()
	db := open(t)
	for _, test := range []struct{ src, want string }{
		{"amount > 12", "true"},
		{"amount > 12 and qty < 3", "false"},
		{"not amount > 12 or qty = 3", "true"},
		{"qty = 3", "true"},
		{"qty == '3'", "true"},
		{"qty <> 3", "false"},
		{"qty != 3.5", "true"},
		{"qty >= 3 and qty <= 3.0", "true"},
		{"amount > '9'", "true"},
		{"huge > wide", "true"},
		{"ubig > -1", "true"},
		{"uhuge < huge", "true"},
		// text beside numbers: equal when spelled alike, ordered as numbers
		{"zip = 123", "false"},
		{"plain = 123", "true"},
		{"zip = 00123", "true"},
		{"zip != 123", "true"},
		{"zip in (123, 124)", "false"},
		{"zip in (00123)", "true"},
		{"zip < 124", "true"},
		{"status > 5", "NULL"},
		{"plain between 5 and 200", "true"},
		{"zip = qty", "false"},
		{"'10' < 9", "false"},
		{"zip < '1'", "true"},
		// nulls
		{"nogo = 1", "NULL"},
		{"nogo != 1", "NULL"},
		{"nogo is null", "true"},
		{"qty is not null and gone is null", "true"},
		{"nogo in (1, 2)", "NULL"},
		{"nogo = 1 or qty = 3", "true"},
		// dates
		{"day = '2024-01-31'", "true"},
		{"day == 2024-01-31", "true"},
		{"day > '2024-01-30'", "true"},
		{"day < '2024-01-31 00:00:01'", "true"},
		{"at >= '2024-01-31'", "true"},
		{"at < '2024-01-31T16:04:05+00:00'", "true"},
		{"zoned = '2024-01-31 16:04:05+01:00'", "true"},
		{"nano > '2024-01-31'", "true"},
		{"day between '2024-01-01' and '2024-12-31'", "true"},
		{"day in ('2024-01-31', '2024-02-01 10:00')", "true"},
		{"clock > '12:00'", "true"},
		{"day = daytext", "true"},
		{"day = status", "NULL"},
		{"day = ${param.day}", "true"},
		{"at > day", "true"},
		// truth
		{"flag", "true"},
		{"flag = true", "true"},
		{"flag == 'TRUE'", "true"},
		{`flag == "false"`, "false"},
		{"flag != false", "true"},
		{"status = true", "false"},
		{"true and not false", "true"},
		{"null or true", "true"},
		// other types
		{"uid = '123e4567-e89b-12d3-a456-426614174000'", "true"},
		{"mood = 'happy'", "true"},
		{"mood = 'unheard of'", "false"},
		{"list = list", "true"},
		{"list is null", "false"},
		{"blob = 'ab'", "true"},
		// lists
		{"status in ('active', 'new')", "true"},
		{"country not in [DE, 'FR']", "false"},
		{"qty in (1, 2.5, 3)", "true"},
		{"qty in ('1', '3')", "true"},
		{"status in (${param.status})", "true"},
		// like
		{"status like 'act%'", "true"},
		{"status not like 'act%'", "false"},
		{"status ilike 'ACT%'", "true"},
		{`status like "act%"`, "true"},
		{"qty like '3'", "true"},
		// Brokoli's words
		{`status == "active"`, "true"},
		{"country == DE", "true"},
		{"country = de", "false"},
		{`status != ""`, "true"},
		{`status == "${param.status}"`, "true"},
		{`status == "${param.column}"`, "false"},
		{`day >= "2024-01-01"`, "true"},
		// placeholders are values
		{"status = ${param.quote}", "false"},
		{"qty > ${param.min}", "true"},
		{"zip like '%${param.min}%'", "true"},
	} {
		got, compiled := evaluate(t, db, test.src)
		if got != test.want || compiled.Type.Kind != Boolean {
			t.Errorf("%s = %s, want %s (%s)", test.src, got, test.want, compiled.SQL)
		}
	}
}

func TestSQL(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ src, want string }{
		{"amount * 1.2", `"amount" * 1.2`},
		{"amount > 100", `"amount" > 100`},
		{"qty + 1", `"qty" + 1`},
		{"amount / 100", `"amount" / 100`},
		{"amount > 100 and status = 'active'", `("amount" > 100) AND ("status" = 'active')`},
		{"status + '-' + country", `concat("status", '-', "country")`},
		{"zip in ('a', 'b')", `"zip" IN ('a', 'b')`},
		{"day >= '2024-01-31'", `"day" >= DATE '2024-01-31'`},
	} {
		e, err := Parse(test.src)
		if err != nil {
			t.Fatal(err)
		}
		compiled, err := e.Compile(sampleColumns(), lookup)
		if err != nil || compiled.SQL != test.want {
			t.Errorf("%s: got %s, %v, want %s", test.src, compiled.SQL, err, test.want)
		}
	}
}

func TestNotesAndColumns(t *testing.T) {
	t.Parallel()
	e, err := Parse("country in [DE, 'FR', DE] and qty > QTY - 1")
	if err != nil {
		t.Fatal(err)
	}
	got, err := e.Condition(sampleColumns(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if want := "read DE as text, because the input has no column of that name"; strings.Join(got.Notes, "|") != want {
		t.Errorf("notes %q, want %q", got.Notes, want)
	}
	if want := "country,qty"; strings.Join(got.Columns, ",") != want {
		t.Errorf("columns %q, want %q", got.Columns, want)
	}
}

func TestEveryFunctionIsDocumented(t *testing.T) {
	t.Parallel()
	for _, f := range Functions() {
		if f.Doc == "" || !strings.HasSuffix(f.Doc, ".") || (f.sql == "") == (f.build == nil) || !f.Takes(len(f.params)) {
			t.Errorf("%s: incomplete: %+v", f.Name, f)
		}
	}
	if e, err := Call("UPPER", `a "b"`); err != nil || e.String() != `upper("a ""b""")` {
		t.Errorf("got %v, %v", e, err)
	}
	if _, err := Call("left", "x"); err == nil {
		t.Error("left took one argument")
	}
}
