package contract

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/broked/broked/internal/batch"
	"github.com/broked/broked/internal/databases"
	"github.com/broked/broked/internal/fault"
)

// mergeDelete makes a table like its input, or a part of it.
func mergeDelete(t *testing.T, s Sort) {
	t.Helper()
	db := s.New(t)
	script(t, db, "CREATE TABLE t (id INTEGER NOT NULL, name VARCHAR(40), extra VARCHAR(40)); CREATE UNIQUE INDEX t_id ON t (id); INSERT INTO t VALUES (1, 'a', 'x'), (2, 'b', 'y'), (3, 'c', 'y'), (9, 'z', 'x')")
	whole := "SELECT id, name, extra FROM t ORDER BY id"
	told := &databases.Told{}
	load := databases.Load{Table: "t", Mode: databases.MergeDelete, Keys: []string{"id"}, Told: told, Refusals: &databases.Refusals{}}
	write(t, db, load, 4, pairs(2, "B", "C"), pairs(3, "CC", "new"))
	same(t, rows(t, db, whole), "2|B|y\n3|CC|y\n4|new|null\n")
	if told.Deleted != 2 {
		t.Errorf("%d rows went", told.Deleted)
	}
	// Only some may go.
	load.Scope = databases.Query{Text: "extra = 'y' -- ours"}
	write(t, db, load, 1, pairs(3, "C"))
	same(t, rows(t, db, whole), "3|C|y\n4|new|null\n")
	load.Scope = databases.Query{Text: "exta = 'y'"}
	_, err := db.Write(t.Context(), load, of(pairs(8, "x")))
	tells(t, err, "", "exta")
	if ps := fault.ProblemsOf(err); len(ps) != 1 || ps[0].Path != "delete_where" {
		t.Errorf("problems %v of %v", ps, err)
	}
	load.Scope = databases.Query{}
	// What goes wrong changes nothing.
	without := pairs(8, "x", "y")
	without.Columns[0].Valid = []bool{true, false}
	_, err = db.Write(t.Context(), load, of(pairs(7, "w"), without))
	tells(t, err, "row_refused", `row 3 cannot be written to t: column "id" is a key and has no value there`)
	same(t, rows(t, db, whole), "3|C|y\n4|new|null\n")
	write(t, db, load, many, all(counted(nil))...)
	same(t, rows(t, db, "SELECT count(*), min(id), max(id) FROM t"), "100000|0|99999\n")
	write(t, db, load, 0, pairs(0))
	same(t, rows(t, db, whole), "")
	// Keys alone, and two of them.
	script(t, db, "CREATE TABLE k (id INTEGER, name VARCHAR(40), PRIMARY KEY (name, id)); INSERT INTO k VALUES (1, 'a'), (2, 'b')")
	write(t, db, databases.Load{Table: "k", Mode: databases.MergeDelete, Keys: []string{"id", "name"}}, 2, pairs(2, "b", "c"))
	same(t, rows(t, db, "SELECT id, name FROM k ORDER BY id"), "2|b\n3|c\n")
	write(t, db, databases.Load{Table: "made", Mode: databases.MergeDelete, Keys: []string{"id"}, Create: true}, 1, pairs(2, "b"))
	write(t, db, databases.Load{Table: "made", Mode: databases.MergeDelete, Keys: []string{"id"}, Create: true}, 1, pairs(3, "c"))
	same(t, rows(t, db, "SELECT id, name FROM made"), "3|c\n")
}

// newColumns writes columns that the table does not have.
func newColumns(t *testing.T, s Sort) {
	t.Helper()
	db := s.New(t)
	script(t, db, "CREATE TABLE t (id INTEGER NOT NULL PRIMARY KEY, old VARCHAR(40)); INSERT INTO t VALUES (1, 'there')")
	wide := func(from int64, texts ...string) batch.Batch {
		b := pairs(from, texts...)
		more := b.Columns[1]
		more.Name = "more"
		b.Columns = append(b.Columns, more)
		return b
	}
	load := databases.Load{Table: "t", Mode: databases.Overwrite}
	_, err := db.Write(t.Context(), load, of(wide(2, "x")))
	tells(t, err, "", `the table t has no columns "name", "more"; it has: id, old`)
	same(t, rows(t, db, "SELECT id, old FROM t"), "1|there\n")
	told := &databases.Told{}
	load = databases.Load{Table: "t", NewColumns: databases.IgnoreColumns, Told: told}
	write(t, db, load, 2, wide(2, "x", "y"))
	same(t, rows(t, db, "SELECT id, old FROM t ORDER BY id"), "1|there\n2|null\n3|null\n")
	if diff := cmp.Diff(&databases.Told{Ignored: []string{"name", "more"}}, told); diff != "" {
		t.Error(diff)
	}
	nothing := wide(4, "x")
	nothing.Columns = nothing.Columns[1:]
	_, err = db.Write(t.Context(), load, of(nothing))
	tells(t, err, "", `no columns "name", "more"`)
	*told = databases.Told{}
	load = databases.Load{Table: "t", NewColumns: databases.AddColumns, Told: told, Mode: databases.Upsert, Keys: []string{"id"}}
	batches := []batch.Batch{pairs(3, "y"), wide(4, "z", "zz")}
	if s.Commits {
		slices.Reverse(batches)
	}
	write(t, db, load, 3, batches...)
	same(t, rows(t, db, "SELECT id, old, name, more FROM t ORDER BY id"), "1|there|null|null\n2|null|null|null\n3|null|y|null\n4|null|z|z\n5|null|zz|zz\n")
	if strings.Join(told.Added, " ") != "name more" {
		t.Errorf("%+v", told)
	}
	// With the rows that do not come, the columns do not either.
	bad := wide(9, "x")
	bad.Columns[2].Name = "never"
	_, err = db.Write(t.Context(), load, func(yield func(batch.Batch, error) bool) {
		_ = yield(bad, nil) && yield(batch.Batch{}, fault.New(fault.Invalid, "no more"))
	})
	tells(t, err, "", "no more")
	if s.Commits {
		same(t, rows(t, db, "SELECT count(*), count(never) FROM t"), "5|0\n")
		late := wide(9, "x")
		late.Columns[2].Name = "late"
		_, err = db.Write(t.Context(), load, of(pairs(8, "y"), late))
		tells(t, err, "", `no column "late"`)
		same(t, rows(t, db, "SELECT count(*) FROM t"), "5\n")
		return
	}
	_, err = db.Write(t.Context(), databases.Load{Table: "t"}, of(bad))
	tells(t, err, "", `no column "never"`)
}

// once writes a load again that was committed, and one that was not.
func once(t *testing.T, s Sort) {
	t.Helper()
	db := s.New(t)
	load := func(name string) databases.Load {
		return databases.Load{Table: "t", Create: true, Once: true, Told: &databases.Told{}, Attempt: databases.Attempt{Name: name}}
	}
	write(t, db, load("one"), 2, pairs(1, "a", "b"))
	again := load("one")
	write(t, db, again, 2, pairs(1, "a", "b"))
	if !again.Told.Before {
		t.Error("nothing was said")
	}
	same(t, rows(t, db, "SELECT id, name FROM t ORDER BY id"), "1|a\n2|b\n")
	_, err := db.Write(t.Context(), load("two"), func(yield func(batch.Batch, error) bool) {
		_ = yield(pairs(3, "c"), nil) && yield(batch.Batch{}, fault.New(fault.Invalid, "no more"))
	})
	tells(t, err, "", "no more")
	write(t, db, load("two"), 1, pairs(3, "c"))
	write(t, db, load("two"), 1, pairs(3, "c"))
	same(t, rows(t, db, "SELECT count(*) FROM t"), "3\n")
	same(t, rows(t, db, "SELECT l.load, l.written FROM "+databases.LoadsTable+" AS l ORDER BY l.load"), "one|2\ntwo|1\n")
}
