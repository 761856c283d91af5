package postgres_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/broked/broked/internal/batch"
	"github.com/broked/broked/internal/databases"
	"github.com/broked/broked/internal/fault"
)

// TestSplit reads a table in ranges, while rows are added to it.
func TestSplit(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	do := func(text string) {
		if _, err := s.Script(t.Context(), text); err != nil {
			t.Fatal(err)
		}
	}
	do(`CREATE TABLE t AS SELECT i AS n, (i * 1000000000000000)::bigint AS big, (i / 7.0)::numeric AS price, date '2024-01-01' + i AS day,
			timestamp '2024-01-01' + i * interval '1 second' AS at, timestamptz '2024-01-01 00:00+00' + i * interval '1 millisecond' AS tz, 7 AS same, 'x' || i AS name
		FROM generate_series(-9000, 9000) AS i;
		INSERT INTO t (name) VALUES ('null')`)
	for _, tc := range []struct {
		column string
		parts  int
	}{{"n", 2}, {"n", 16}, {"big", 3}, {"price", 4}, {"day", 5}, {"at", 7}, {"tz", 4}, {"same", 4}} {
		added := false
		seen := make(map[string]int)
		q := databases.Query{Text: "SELECT * FROM t WHERE $1 = 1 -- all", Params: []any{int64(1)}, BatchRows: 500, Split: databases.Split{Column: tc.column, Parts: tc.parts}}
		err := s.Read(t.Context(), q, func(b batch.Batch) error {
			if !added {
				do("INSERT INTO t (n, big, name) VALUES (3, 3, 'later')")
				added = true
			}
			for _, name := range b.Columns[len(b.Columns)-1].Texts {
				seen[name]++
			}
			return nil
		})
		do("DELETE FROM t WHERE name = 'later'")
		if err != nil || len(seen) != 18_002 || seen["later"] > 0 {
			t.Errorf("%+v: %d rows, %v", tc, len(seen), err)
		}
		for name, n := range seen {
			if n != 1 {
				t.Errorf("%+v: %s came %d times", tc, name, n)
				break
			}
		}
	}
	for query, want := range map[string]string{
		"SELECT name FROM t|name":                "cannot be divided",
		"SELECT n FROM t|m":                      `there is no column "m" in the result`,
		"SELECT n FROM tt|n":                     "relation tt does not exist",
		"DELETE FROM t|n":                        "must be a SELECT",
		"SELECT n, 1 / (n - 8000) AS x FROM t|n": "division by zero",
	} {
		text, column, _ := strings.Cut(query, "|")
		err := s.Read(t.Context(), databases.Query{Text: text, Split: databases.Split{Column: column, Parts: 4}}, func(batch.Batch) error { return nil })
		if fault.KindOf(err) != fault.Invalid || !strings.Contains(fault.MessageOf(err), want) {
			t.Errorf("%s: %v", query, err)
		}
	}
	// Nothing to divide still says what columns there are.
	got := ""
	err := s.Read(t.Context(), databases.Query{Text: "SELECT n FROM t WHERE n > 10000", Split: databases.Split{Column: "n", Parts: 4}}, func(b batch.Batch) error {
		got += fmt.Sprintf("%d %s", b.Rows, b.Columns[0].Type)
		return nil
	})
	if err != nil || got != "0 INTEGER" {
		t.Errorf("%s %v", got, err)
	}
}
