package sqlite_test

import (
	"fmt"
	"testing"

	"github.com/broked/broked/internal/batch"
	"github.com/broked/broked/internal/databases"
	"github.com/broked/broked/internal/fault"
)

func TestRefusals(t *testing.T) {
	t.Parallel()
	const table = "CREATE TABLE t (n INTEGER PRIMARY KEY, word TEXT CHECK (word <> 'bad')) STRICT;"
	columns := func() []batch.Column {
		return []batch.Column{
			texts("n", "HUGEINT", "1", "99999999999999999999", "3", "4", "1"), texts("word", "VARCHAR", "one", "two", "three", "bad", "again"),
		}
	}
	const none = "\nn BIGINT, word VARCHAR"
	for name, c := range map[string]struct {
		script, into   string
		batches        []int
		want, rejected string
		count          int64
	}{
		"put aside": {
			table, "r",
			[]int{5},
			"2 <nil>\nn BIGINT, word VARCHAR\n[1,\"one\"]\n[3,\"three\"]",
			"row_number BIGINT, column_name VARCHAR, reason VARCHAR, row VARCHAR\n" + `[2,"n","column \"n\" has a whole number that is too large for SQLite","{\"n\":\"99999999999999999999\",\"word\":\"two\"}"]` +
				"\n" + `[4,null,"CHECK constraint failed: word \u003c\u003e 'bad'","{\"n\":\"4\",\"word\":\"bad\"}"]` +
				"\n" + `[5,"n","UNIQUE constraint failed: t.n","{\"n\":\"1\",\"word\":\"again\"}"]`, 3,
		},
		"shown":         {table, "", []int{5}, `0 row 2 cannot be written to t: column "n" has a whole number that is too large for SQLite; nothing was written` + none, "", 3},
		"no such place": {table, "other.r", []int{5}, `0 cannot take rows that are refused: has the schema "other", and SQLite has only main: leave it out` + none, "", 1},
		"a trigger ends it": {
			table + "CREATE TRIGGER x BEFORE INSERT ON t WHEN NEW.n = 3 BEGIN SELECT RAISE(ROLLBACK, 'never three'); END;", "r",
			[]int{5},
			`0 row 3 cannot be written to t: never three; nothing was written` + none, "", 1,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := file(t, c.script)
			r := &databases.Refusals{Table: c.into, Run: "run", Node: "n"}
			n, err := load(t.Context(), f, databases.Load{Table: "t", Refusals: r}, columns(), c.batches...)
			got := fmt.Sprint(n, " ", err)
			if e := err; e != nil {
				got = fmt.Sprintf("%d %s", n, fault.MessageOf(e))
			}
			if rows := shown(t, f, "SELECT n, word FROM t ORDER BY n"); rows != "" {
				got += "\n" + rows
			}
			check(t, got, c.want)
			if r.Count != c.count || len(r.First) != int(c.count) {
				t.Errorf("%+v", r)
			}
			if c.rejected != "" {
				check(t, shown(t, f, "SELECT row_number, column_name, reason, row FROM r ORDER BY row_number"), c.rejected)
			}
		})
	}
}
