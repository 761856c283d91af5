package contract

import (
	"context"
	"fmt"
	"iter"
	"strings"
	"testing"

	"github.com/broked/broked/internal/batch"
	"github.com/broked/broked/internal/databases"
	"github.com/broked/broked/internal/fault"
)

// types reads every value and a null of its type, and writes them into a table that
// is made.
func types(t *testing.T, s Sort) {
	t.Helper()
	db := s.New(t)
	for i, v := range s.Values {
		query, made := "SELECT "+v.SQL+" AS v", fmt.Sprintf("made%d", i)
		if v.Column != "" {
			script(t, db, fmt.Sprintf("CREATE TABLE kept%d (n INTEGER, v %s); INSERT INTO kept%d VALUES (1, %s), (2, NULL)", i, v.Column, i, v.SQL))
			query = fmt.Sprintf("SELECT v FROM kept%d ORDER BY n", i)
		}
		var all []batch.Batch
		err := db.Read(t.Context(), databases.Query{Text: query}, func(b batch.Batch) error {
			all = append(all, b)
			return nil
		})
		if err != nil || len(all) == 0 || len(all[0].Columns) != 1 {
			t.Errorf("%s: %v %v", v.SQL, all, err)
			continue
		}
		c := all[0].Columns[0]
		if c.Type != v.Type || databases.Shown(c, 0) != v.Text || v.Column != "" && databases.Shown(c, 1) != "null" {
			t.Errorf("%s: got %s %q", v.SQL, c.Type, databases.Shown(c, 0))
			continue
		}
		if v.Column == "" {
			continue
		}
		write(t, db, databases.Load{Table: made, Create: true}, 2, all...)
		same(t, rows(t, db, "SELECT v FROM "+made+" ORDER BY CASE WHEN v IS NULL THEN 1 ELSE 0 END"), v.Text+"\nnull\n")
		script(t, db, fmt.Sprintf("DELETE FROM kept%d", i))
		write(t, db, databases.Load{Table: fmt.Sprintf("kept%d", i)}, 2, batch.Batch{Rows: 2, Columns: append(all[0].Columns, batch.Column{Name: "n", Type: "BIGINT", Kind: batch.Int, Ints: []int64{1, 2}})})
		same(t, rows(t, db, query), v.Text+"\nnull\n")
	}
}

const many = 100_000

// counted gives batches of many rows, and calls before with the number of each.
func counted(before func(batch int)) iter.Seq2[batch.Batch, error] {
	return func(yield func(batch.Batch, error) bool) {
		for k := range many / 5000 {
			if before != nil {
				before(k)
			}
			texts := make([]string, 5000)
			for i := range texts {
				texts[i] = fmt.Sprintf("row %d", k*5000+i)
			}
			if !yield(pairs(int64(k*5000), texts...), nil) {
				return
			}
		}
	}
}

// empty moves no rows, which still says what columns there are, and one.
func empty(t *testing.T, s Sort) {
	t.Helper()
	db := s.New(t)
	write(t, db, databases.Load{Table: "t", Create: true}, 0, pairs(0))
	seen := 0
	if err := db.Read(t.Context(), databases.Query{Text: "SELECT * FROM t"}, func(b batch.Batch) error {
		seen += 1 + b.Rows
		if len(b.Columns) != 2 || b.Columns[0].Name != "id" || b.Columns[0].Type != "BIGINT" || b.Columns[1].Type != "VARCHAR" {
			t.Errorf("columns %+v", b.Columns)
		}
		return nil
	}); err != nil || seen != 1 {
		t.Errorf("%d batches and rows, %v", seen, err)
	}
	write(t, db, databases.Load{Table: "t"}, 1, pairs(7, "one"))
	same(t, rows(t, db, "SELECT id, name FROM t"), "7|one\n")
}

// large moves many rows.
func large(t *testing.T, s Sort) {
	t.Helper()
	db := s.New(t)
	write(t, db, databases.Load{Table: "t", Create: true}, 1, pairs(7, "one"))
	n, err := db.Write(t.Context(), databases.Load{Table: "t", Mode: databases.Overwrite}, counted(nil))
	if err != nil || n != many {
		t.Fatalf("%d %v", n, err)
	}
	next, batches := int64(0), 0
	err = db.Read(t.Context(), databases.Query{Text: "SELECT id, name FROM t ORDER BY id", BatchRows: 3000}, func(b batch.Batch) error {
		batches++
		for row := range b.Rows {
			if b.Columns[0].Ints[row] != next || b.Columns[1].Texts[row] != fmt.Sprintf("row %d", next) {
				return fault.New(fault.Invalid, "row %d is %s", next, b.Columns[1].Texts[row])
			}
			next++
		}
		return nil
	})
	if err != nil || next != many || batches < many/3000 {
		t.Errorf("%d rows in %d batches, %v", next, batches, err)
	}
}

func modes(t *testing.T, s Sort) {
	t.Helper()
	db := s.New(t)
	script(t, db, "CREATE TABLE t (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(40), extra VARCHAR(40)); INSERT INTO t VALUES (1, 'a', 'x'), (2, 'b', 'y')")
	all := "SELECT id, name, extra FROM t ORDER BY id"
	write(t, db, databases.Load{Table: "t"}, 1, pairs(3, "c"))
	same(t, rows(t, db, all), "1|a|x\n2|b|y\n3|c|null\n")
	upsert := databases.Load{Table: "t", Mode: databases.Upsert, Keys: []string{"id"}, Refusals: &databases.Refusals{}}
	last := pairs(2, "second", "third", "fourth")
	last.Columns[0].Ints[2] = 2 // the last one of a key counts
	write(t, db, upsert, 5, last, pairs(3, "new", "five"))
	same(t, rows(t, db, all), "1|a|x\n2|fourth|y\n3|new|null\n4|five|null\n")
	write(t, db, databases.Load{Table: "t", Mode: databases.Overwrite}, 1, pairs(9, "z"))
	same(t, rows(t, db, all), "9|z|null\n")
	write(t, db, databases.Load{Table: "t", Truncate: true}, 0, pairs(0))
	same(t, rows(t, db, all), "")
	write(t, db, databases.Load{Table: "made", Mode: databases.Upsert, Keys: []string{"id"}, Create: true}, 2, pairs(1, "a"), pairs(1, "b"))
	same(t, rows(t, db, "SELECT id, name FROM made"), "1|b\n")
	script(t, db, "CREATE TABLE other (old INTEGER); INSERT INTO other VALUES (1)")
	write(t, db, databases.Load{Table: "other", Mode: databases.Overwrite, Create: true}, 1, pairs(1, "new"))
	same(t, rows(t, db, "SELECT id, name FROM other"), "1|new\n")
}

// cancelled ends loads and queries in the middle.
func cancelled(t *testing.T, s Sort) {
	t.Helper()
	db := s.New(t)
	write(t, db, databases.Load{Table: "t", Create: true}, 1, pairs(1, "there"))
	for _, load := range []databases.Load{
		{Table: "t"}, {Table: "t", Mode: databases.Overwrite}, {Table: "t", Truncate: true}, {Table: "t2", Create: true}, {Table: "t", Mode: databases.Overwrite, Create: true},
	} {
		ctx, stop := context.WithCancel(t.Context())
		n, err := db.Write(ctx, load, counted(func(k int) {
			if k == 3 {
				stop()
			}
		}))
		stop()
		if err == nil {
			t.Errorf("%+v: %d rows and no error", load, n)
		}
		tells(t, err, "stopped", "")
		same(t, rows(t, db, "SELECT id, name FROM t"), "1|there\n")
	}
	// What goes wrong with the rows themselves has the same end.
	_, err := db.Write(t.Context(), databases.Load{Table: "t", Mode: databases.Overwrite}, func(yield func(batch.Batch, error) bool) {
		_ = yield(pairs(5, "five"), nil) && yield(batch.Batch{}, fault.New(fault.Invalid, "no more"))
	})
	tells(t, err, "", "no more")
	same(t, rows(t, db, "SELECT id, name FROM t"), "1|there\n")
	write(t, db, databases.Load{Table: "big", Create: true}, many, all(counted(nil))...)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	err = db.Read(ctx, databases.Query{Text: "SELECT a.id FROM big a JOIN big b ON a.id >= b.id"}, func(batch.Batch) error {
		stop()
		return nil
	})
	tells(t, err, "stopped", "")
}

func all(rows iter.Seq2[batch.Batch, error]) []batch.Batch {
	var list []batch.Batch
	for b, err := range rows {
		if err == nil {
			list = append(list, b)
		}
	}
	return list
}

// refusals writes rows that a table does not take.
func refusals(t *testing.T, s Sort) {
	t.Helper()
	db := s.New(t)
	script(t, db, "CREATE TABLE t (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(40) NOT NULL CHECK (name <> 'bad')); INSERT INTO t VALUES (5, 'there')")
	bad := func() batch.Batch {
		b := pairs(1, "one", "bad", "three", "four", "five", "six", "")
		b.Columns[1].Valid = []bool{true, true, true, true, true, true, false}
		return b
	}
	if s.Lean {
		r := &databases.Refusals{}
		_, err := db.Write(t.Context(), databases.Load{Table: "t", Refusals: r}, of(bad(), pairs(20, "later")))
		tells(t, err, "row_refused", "row 2 cannot be written to t")
		if r.Count != 1 || r.First[0].Row != 2 {
			t.Errorf("got %+v", r)
		}
		r.Table = "aside"
		_, err = db.Write(t.Context(), databases.Load{Table: "t", Refusals: r}, of(bad()))
		tells(t, err, "", "cannot put rows aside")
		same(t, rows(t, db, "SELECT id, name FROM t"), "5|there\n")
		return
	}
	r := &databases.Refusals{Run: "r", Node: "n", Table: "aside"}
	write(t, db, databases.Load{Table: "t", Refusals: r}, 5, bad(), pairs(20, "later"))
	same(t, rows(t, db, "SELECT id, name FROM t ORDER BY id"), "1|one\n3|three\n4|four\n5|there\n6|six\n20|later\n")
	same(t, rows(t, db, "SELECT run_id, node_id, aside.row_number FROM aside ORDER BY aside.row_number"), "r|n|2\nr|n|5\nr|n|7\n")
	if r.Count != 3 || len(r.First) != 3 || r.First[1].Row != 5 {
		t.Errorf("got %+v", r)
	}
	r = &databases.Refusals{}
	_, err := db.Write(t.Context(), databases.Load{Table: "t", Mode: databases.Overwrite, Refusals: r}, of(bad()))
	tells(t, err, "row_refused", "row 2 cannot be written to t")
	if r.Count != 2 || r.First[1].Row != 7 {
		t.Errorf("got %+v", r)
	}
	_, err = db.Write(t.Context(), databases.Load{Table: "t", Mode: databases.Overwrite}, of(bad()))
	tells(t, err, "row_refused", "cannot be written to t")
	same(t, rows(t, db, "SELECT count(*) FROM t"), "6\n")
	r = &databases.Refusals{Table: "aside"}
	write(t, db, databases.Load{Table: "t", Mode: databases.Upsert, Keys: []string{"id"}, Refusals: r}, 5, bad())
	same(t, rows(t, db, "SELECT id, name FROM t WHERE id IN (2, 5, 7)"), "5|five\n")
}

// words looks at what people are told.
func words(t *testing.T, s Sort) {
	t.Helper()
	db := s.New(t)
	script(t, db, "CREATE TABLE customers (id INTEGER PRIMARY KEY, name VARCHAR(40))")
	for query, want := range map[string]string{
		"SELECT * FROM custmers":                "custmers",
		"SELECT nme FROM customers":             "nme",
		"SELEC 1":                               "SELEC",
		"INSERT INTO customers VALUES (1, 'x')": "must be a SELECT",
		"DELETE FROM customers":                 "must be a SELECT",
		"SELECT 1; DELETE FROM customers":       "",
		"CREATE TABLE x (i INTEGER)":            "must be a SELECT",
	} {
		err := db.Read(t.Context(), databases.Query{Text: query}, func(batch.Batch) error { return nil })
		tells(t, err, "", want)
		if fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: %v", query, err)
		}
	}
	for _, load := range []databases.Load{{Table: "custmers"}, {Table: "custmers", Mode: databases.Overwrite}} {
		_, err := db.Write(t.Context(), load, of(pairs(1, "a")))
		tells(t, err, "", "did you mean")
		if ps := fault.ProblemsOf(err); len(ps) != 1 || ps[0].Path != "table" {
			t.Errorf("problems %v", ps)
		}
	}
	lacking := pairs(1, "a")
	lacking.Columns[1].Name = "nme"
	_, err := db.Write(t.Context(), databases.Load{Table: "customers"}, of(lacking))
	tells(t, err, "", `no column "nme" (did you mean "name"?)`)
	if !s.Lean {
		_, err = db.Write(t.Context(), databases.Load{Table: "customers", Mode: databases.Upsert, Keys: []string{"name"}}, of(pairs(1, "a")))
		tells(t, err, "", "no unique key of name")
	}
	_, err = db.Write(t.Context(), databases.Load{Table: "customers", Mode: databases.Upsert, Keys: []string{"ids"}}, of(pairs(1, "a")))
	tells(t, err, "", `no column "ids"`)
	same(t, rows(t, db, "SELECT count(*) FROM customers"), "0\n")
}

func scripts(t *testing.T, s Sort) {
	t.Helper()
	db := s.New(t)
	n, err := db.Script(t.Context(), "-- a comment; with a semicolon\nBEGIN; CREATE TABLE t (s VARCHAR(40)); INSERT INTO t VALUES ('a;b''c'); /* ; */ INSERT INTO t VALUES ('d'); COMMIT;")
	if err != nil || n != 5 {
		t.Errorf("%d %v", n, err)
	}
	same(t, rows(t, db, "SELECT s FROM t ORDER BY s"), "a;b'c\nd\n")
	_, err = db.Script(t.Context(), "INSERT INTO t VALUES ('e'); INSERT INTO nowhere VALUES (1)")
	tells(t, err, "script_failed", "statement 2 of the script")
	_, err = db.Script(t.Context(), "INSERT INTO t VALUES ('e'); ROLLBACK; INSERT INTO t VALUES ('f')")
	tells(t, err, "script_failed", "statement 2 of the script")
	same(t, rows(t, db, "SELECT s FROM t ORDER BY s"), "a;b'c\nd\n")
}

// hostile moves texts that would be something else to whoever is careless.
func hostile(t *testing.T, s Sort) {
	t.Helper()
	db := s.New(t)
	longest := 100_000
	if s.Lean {
		longest = 65_535
	}
	texts := []string{"", `\N`, `\.`, "\\", "tab\tline\nreturn\r", `"'` + "`", "'; DROP TABLE t; --", "{1,2}", "NULL", "%s ?1 $1", "日本語 🐘 é", strings.Repeat("x", longest), "\x7f\x01", "a\\tb"}
	write(t, db, databases.Load{Table: `odd"name`, Create: true}, int64(len(texts)), pairs(1, texts...))
	b := pairs(1, texts...)
	b.Columns[1].Name = "a \"b` c"
	write(t, db, databases.Load{Table: "t", Create: true}, int64(len(texts)), b)
	got := rows(t, db, "SELECT * FROM t ORDER BY id")
	var want strings.Builder
	for i, text := range texts {
		fmt.Fprintf(&want, "%d|%s\n", i+1, text)
	}
	same(t, got, want.String())
}
