package nodes

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/broked/broked/internal/databases"
)

func TestQueriesAreBound(t *testing.T) {
	t.Parallel()
	values := map[string]string{"param.n": "7", "param.zip": "00123", "param.x": "1.5", "param.s": "a'b", "param.f": "1.50"}
	for _, tc := range []struct {
		text, want string
		params     []any
	}{
		{"SELECT 1", "SELECT 1", nil},
		{"x = ${param.n} AND y = ${param.zip} -- ${param.gone}", "x = ?1 AND y = ?2  ", []any{int64(7), "00123"}},
		{"${param.x} ${param.f}", "?1 ?2", []any{1.5, "1.50"}},
		{"s LIKE '%${param.s}%'", "s LIKE ('%' || ?1 || '%')", []any{"a'b"}},
		{"s = 'it''s ${param.n}'", "s = ('it''s ' || ?1 || '')", []any{"7"}},
		{"[a ' b] `c ' d` \"e ' f\" /* ' */ ${param.n}", "[a ' b] `c ' d` \"e ' f\"   ?1", []any{int64(7)}},
		{"${conn.x}", "", nil},
		{"'open", "", nil},
		{"[open", "", nil},
		{"\"${param.n}\"", "", nil},
		{"a\x00b", "", nil},
	} {
		q, err := readQuery(tc.text)
		var got databases.Query
		if err == nil {
			got, err = q.bind(databases.SQLite, func(name string) (string, bool) { v, ok := values[name]; return v, ok })
		}
		if tc.want == "" {
			if err == nil {
				t.Errorf("%s: %+v, want an error", tc.text, got)
			}
			continue
		}
		if diff := cmp.Diff(databases.Query{Text: tc.want, Params: tc.params}, got); err != nil || diff != "" {
			t.Errorf("%s: %v %s", tc.text, err, diff)
		}
	}
}

// FuzzQueries checks that no value reaches the text of a statement, and that there
// is a parameter for each placeholder outside of comments.
func FuzzQueries(f *testing.F) {
	for _, s := range []string{"SELECT ${param.x}", "'${param.x}' -- ${param.x}", "\"a\" [b] `c` /* d */ 'it''s'", "${param.x", "E'\\'${param.x}'", "$$ ${param.x} $$"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		const secret = "Zq8'; DROP TABLE t; --"
		q, err := readQuery(text)
		if err != nil || strings.Contains(text, "Zq8") || strings.Contains(text, "?") {
			return
		}
		bound, err := q.bind(databases.SQLite, func(string) (string, bool) { return secret, true })
		if err != nil {
			return // only MySQL reads it
		}
		if strings.Contains(bound.Text, "Zq8") {
			t.Errorf("%q became %q", text, bound.Text)
		}
		for i := range bound.Params {
			if !strings.Contains(bound.Text, fmt.Sprintf("?%d", i+1)) {
				t.Errorf("%q has no place for parameter %d: %q", text, i+1, bound.Text)
			}
		}
	})
}

// TestSQLServer looks at what SQL Server is asked in other words.
func TestSQLServer(t *testing.T) {
	t.Parallel()
	q, err := readQuery("SELECT * FROM [a]]b] WHERE x = ${param.x} AND y = N'in ${param.x}'")
	if err != nil {
		t.Fatal(err)
	}
	bound, err := q.bind(databases.MSSQL, func(string) (string, bool) { return "7", true })
	if want := "SELECT * FROM [a]]b] WHERE x = @p1 AND y = concat(N'in ', @p2, N'')"; err != nil || bound.Text != want {
		t.Errorf("%s, %v", bound.Text, err)
	}
	for typ, want := range map[string]string{"DECIMAL(18,2)": "CAST(@p1 AS decimal(38, 2))", "TIMESTAMP WITH TIME ZONE": "CAST(@p1 AS datetimeoffset(7))", "BIGINT": "@p1"} {
		if got, _ := typedMSSQL("@p1", cursorRead{Type: typ, Value: "1.25"}); got != want {
			t.Errorf("%s: %s", typ, got)
		}
	}
	if _, value := typedMSSQL("@p1", cursorRead{Type: "TIMESTAMP WITH TIME ZONE", Value: "2024-02-29 23:59:59.5+00"}); value != "2024-02-29 23:59:59.5+00:00" {
		t.Errorf("got %v", value)
	}
}

// TestClickHouse looks at what ClickHouse is asked in other words.
func TestClickHouse(t *testing.T) {
	t.Parallel()
	q, err := readQuery("SELECT * FROM `a` WHERE x = ${param.x} AND y = 'it\\'s ${param.x}' AND z[1] = 2 # ${param.x}'")
	if err != nil {
		t.Fatal(err)
	}
	bound, err := q.bind(databases.ClickHouse, func(string) (string, bool) { return "7", true })
	if want := "SELECT * FROM `a` WHERE x = $1 AND y = concat('it\\'s ', $2, '') AND z[1] = 2  "; err != nil || strings.TrimSpace(bound.Text) != strings.TrimSpace(want) {
		t.Errorf("%q, %v", bound.Text, err)
	}
	if got, value := typedClickHouse("$1", cursorRead{Type: "TIMESTAMP WITH TIME ZONE", Value: "2024-02-29 23:59:59.5+00"}); got != "toDateTime64($1, 6, 'UTC')" || value != "2024-02-29 23:59:59.5" {
		t.Errorf("%s %v", got, value)
	}
}

// TestOracle looks at what Oracle is asked in other words.
func TestOracle(t *testing.T) {
	t.Parallel()
	q, err := readQuery(`SELECT * FROM "a" WHERE x = ${param.x} AND y = 'it''s ${param.x}' -- ${param.x}`)
	if err != nil {
		t.Fatal(err)
	}
	bound, err := q.bind(databases.Oracle, func(string) (string, bool) { return "7", true })
	if want := `SELECT * FROM "a" WHERE x = :1 AND y = ('it''s ' || :2 || '')`; err != nil || strings.Join(strings.Fields(bound.Text), " ") != want {
		t.Errorf("%q, %v", bound.Text, err)
	}
	if got, value := typedOracle(":1", cursorRead{Type: "TIMESTAMP WITH TIME ZONE", Value: "2024-02-29 23:59:59.5+00"}); got != "TO_TIMESTAMP_TZ(:1)" || value != "2024-02-29 23:59:59.5 +00:00" {
		t.Errorf("%s %v", got, value)
	}
}
