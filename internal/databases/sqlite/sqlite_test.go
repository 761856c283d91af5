package sqlite_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/broked/broked/internal/batch"
	"github.com/broked/broked/internal/databases"
	"github.com/broked/broked/internal/databases/sqlite"
	"github.com/broked/broked/internal/fault"
)

// file returns a database that a script has made; without one it is not there yet.
func file(tb testing.TB, script string) sqlite.File {
	tb.Helper()
	dir := tb.TempDir()
	f := sqlite.File{Path: filepath.Join(dir, "x.db"), Fresh: filepath.Join(dir, ".x.db.part")}
	if script != "" {
		if _, err := f.Script(tb.Context(), script); err != nil {
			tb.Fatal(err)
		}
	}
	return f
}

// shown reads a query and writes the columns with their types, and the rows.
func shown(tb testing.TB, f sqlite.File, text string, params ...any) string {
	tb.Helper()
	var out strings.Builder
	var types []string
	err := f.Read(tb.Context(), databases.Query{Text: text, Params: params, BatchRows: 2}, func(b batch.Batch) error {
		var now []string
		for _, c := range b.Columns {
			now = append(now, c.Name+" "+c.Type)
		}
		if cmp.Diff(types, now) != "" {
			fmt.Fprintln(&out, strings.Join(now, ", "))
			types = now
		}
		for row := range b.Rows {
			var cells []any
			for _, c := range b.Columns {
				cells = append(cells, cell(c, row))
			}
			line, _ := json.Marshal(cells)
			fmt.Fprintln(&out, string(line))
		}
		return nil
	})
	if err != nil {
		fmt.Fprintf(&out, "%s: %s\n", fault.CodeOf(err), fault.MessageOf(err))
	}
	return strings.TrimSpace(out.String())
}

func cell(c batch.Column, row int) any { //nolint:ireturn // JSON has no narrower type
	switch {
	case c.Valid != nil && !c.Valid[row] || c.Type == "":
		return nil
	case c.Kind == batch.Int:
		return c.Ints[row]
	case c.Kind == batch.Float:
		return c.Floats[row]
	case c.Kind == batch.Bool:
		return c.Bools[row]
	}
	return c.Texts[row]
}

func check(tb testing.TB, got, want string) {
	tb.Helper()
	if diff := cmp.Diff(strings.ReplaceAll(strings.TrimSpace(want), "\t", ""), got); diff != "" {
		tb.Errorf("(-want +got)\n%s", diff)
	}
}

func TestTypes(t *testing.T) {
	t.Parallel()
	f := file(t, `
		CREATE TABLE t (i INTEGER, r REAL, s TEXT, b BLOB, flag BOOLEAN, d DATE, at DATETIME, z TIMESTAMP WITH TIME ZONE, n DECIMAL(10,2), x);
		INSERT INTO t VALUES (1, 2, '00123', x'00ff', 1, '2026-01-31', '2026-01-31 10:00:00', '2026-01-31T10:00:00Z', '10.50', 'a');
		INSERT INTO t DEFAULT VALUES;
		CREATE TABLE odd (i INTEGER, d DATE, flag BOOLEAN, x);
		INSERT INTO odd VALUES (1, '2026-01-31', 1, 1), ('many', 'soon', 2, 2.5), (3, '2026-02-31', 0, 'x'), (4, NULL, 1, x'01');
		CREATE TABLE none (i INTEGER, d DATE, x);
	`)
	for query, want := range map[string]string{
		"SELECT * FROM t": `
			i BIGINT, r DOUBLE, s VARCHAR, b BLOB, flag BOOLEAN, d DATE, at TIMESTAMP, z TIMESTAMP WITH TIME ZONE, n DECIMAL(10,2), x VARCHAR
			[1,2,"00123","00ff",true,"2026-01-31","2026-01-31 10:00:00","2026-01-31T10:00:00Z","10.5","a"]
			[null,null,null,null,null,null,null,null,null,null]`,
		"SELECT * FROM odd": `
			i VARCHAR, d VARCHAR, flag BIGINT, x DOUBLE
			["1","2026-01-31",1,1]
			["many","soon",2,2.5]
			i BIGINT, d VARCHAR, flag BOOLEAN, x VARCHAR
			[3,"2026-02-31",false,"x"]
			[4,null,true,"01"]`,
		"SELECT * FROM none":                            "i BIGINT, d DATE, x ",
		"SELECT i, i IS NULL AS e, NULL AS n FROM none": "i BIGINT, e , n ",
		"SELECT count(*) AS n, NULL AS x FROM t":        "n BIGINT, x \n[2,null]\nn , x ",
		"SELECT ?1 AS a, ?2 AS b, ?3 AS c":              "a VARCHAR, b BIGINT, c DOUBLE\n[\"x'; --\",7,0.5]",
		"SELECT cast(x'ff' AS TEXT) AS bad":             "bad_value: row 1 of the result: column \"bad\" holds bytes that are no text in UTF-8: read hex(bad), or mend it",
		"SELECT nix FROM t":                             "query_failed: no such column: nix",
		"SELECT 1; SELECT 2":                            "invalid_request: must be one SELECT, and there is more behind it",
		"SELECT 1; -- that is all":                      "1 BIGINT\n[1]",
		"-- nothing":                                    "invalid_request: is empty",
		"DELETE FROM t":                                 "invalid_request: must be a SELECT: this node reads and changes nothing",
		"INSERT INTO t (i) VALUES (1) RETURNING i":      "invalid_request: must be a SELECT: this node reads and changes nothing",
		"ATTACH 'y.db' AS y":                            "invalid_request: must be a SELECT: this node reads and changes nothing",
		"SELECT load_extension('x')":                    "query_failed: not authorized",
		"SELECT length(printf('%*c', 1000000000, 'x'))": "too_large: a value or a statement is larger than SQLite takes here (64 MB, a query 1 MB)",
	} {
		t.Run(query, func(t *testing.T) {
			t.Parallel()
			check(t, shown(t, f, query, []any{"x'; --", int64(7), 0.5}[:strings.Count(query, "?")]...), want)
		})
	}
}

// load writes rows given in JSON into a table.
func load(ctx context.Context, f sqlite.File, l databases.Load, columns []batch.Column, batches ...int) (int64, error) {
	return f.Write(ctx, l, func(yield func(batch.Batch, error) bool) {
		for _, n := range batches {
			b := batch.Batch{Rows: n, Columns: columns}
			if !yield(b, nil) {
				return
			}
		}
	})
}

func ints(name string, values ...int64) batch.Column {
	return batch.Column{Name: name, Type: "BIGINT", Kind: batch.Int, Ints: values}
}

func texts(name, typ string, values ...string) batch.Column {
	return batch.Column{Name: name, Type: typ, Kind: batch.Text, Texts: values}
}

func TestWrite(t *testing.T) {
	t.Parallel()
	two := []batch.Column{ints("id", 2, 3), texts("Name", "VARCHAR", "b", "c")}
	const table = `CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT NOT NULL); INSERT INTO t VALUES (1, 'one'), (2, 'two');`
	for name, tc := range map[string]struct {
		script  string
		load    databases.Load
		columns []batch.Column
		batches []int
		want    string
	}{
		"append":                    {table, databases.Load{Table: "main.t", Mode: databases.Append}, []batch.Column{ints("id", 3), texts("name", "VARCHAR", "")}, []int{0, 1}, `1 [1,"one"] [2,"two"] [3,""]`},
		"append twice the same key": {table, databases.Load{Table: "t", Mode: databases.Append}, two, []int{2}, `row_refused: row 1 cannot be written to t: UNIQUE constraint failed: t.id; nothing was written [1,"one"] [2,"two"]`},
		"a row that is refused late": {
			table,
			databases.Load{Table: "t", Mode: databases.Overwrite},
			[]batch.Column{ints("id", 3, 4), {Name: "name", Type: "VARCHAR", Kind: batch.Text, Texts: []string{"c", ""}, Valid: []bool{true, false}}},
			[]int{2},
			`row_refused: row 2 cannot be written to t: NOT NULL constraint failed: t.name; nothing was written [1,"one"] [2,"two"]`,
		},
		"overwrite":              {table, databases.Load{Table: "t", Mode: databases.Overwrite}, two, []int{2}, `2 [2,"b"] [3,"c"]`},
		"overwrite with nothing": {table, databases.Load{Table: "t", Mode: databases.Overwrite}, two, []int{0}, `0`},
		"truncate":               {table, databases.Load{Table: "t", Mode: databases.Append, Truncate: true}, two, []int{2}, `2 [2,"b"] [3,"c"]`},
		"upsert":                 {table, databases.Load{Table: "t", Mode: databases.Upsert, Keys: []string{"ID"}}, two, []int{2}, `2 [1,"one"] [2,"b"] [3,"c"]`},
		"upsert of keys alone":   {"CREATE TABLE t (id INTEGER UNIQUE); INSERT INTO t VALUES (2)", databases.Load{Table: "t", Mode: databases.Upsert, Keys: []string{"id"}}, two[:1], []int{2}, `2 [2] [3]`},
		"upsert without a key": {
			"CREATE TABLE t (id INTEGER, name TEXT)",
			databases.Load{Table: "t", Mode: databases.Upsert, Keys: []string{"id"}},
			two,
			[]int{2},
			`invalid_request: the table t has no unique key of id, so that rows cannot be told apart: CREATE UNIQUE INDEX ... ON t (id)`,
		},
		"upsert into a new table":  {"", databases.Load{Table: "t", Mode: databases.Upsert, Keys: []string{"id"}, Create: true}, two, []int{2, 2}, `4 [2,"b"] [3,"c"]`},
		"upsert by no such column": {table, databases.Load{Table: "t", Mode: databases.Upsert, Keys: []string{"nme"}}, two, []int{2}, `invalid_request: there is no column "nme" (did you mean "Name"?) [1,"one"] [2,"two"]`},
		"no such table":            {"CREATE TABLE tt (id)", databases.Load{Table: "t", Mode: databases.Append}, two, []int{2}, `invalid_request: x.db has no table "t"; there are: tt. Set create_table to true to have it made`},
		"no such column":           {"CREATE TABLE t (id, nome)", databases.Load{Table: "t", Mode: databases.Append}, two, []int{2}, `invalid_request: the table t has no column "Name" (did you mean "nome"?); it has: id, nome`},
		"made anew":                {"CREATE TABLE t (id, nome); INSERT INTO t VALUES (1, 2)", databases.Load{Table: "t", Mode: databases.Overwrite, Create: true}, two, []int{2}, `2 [2,"b"] [3,"c"]`},
		"kept when it fits":        {table, databases.Load{Table: "t", Mode: databases.Overwrite, Create: true}, []batch.Column{ints("id", 5, 5), texts("name", "VARCHAR", "a", "b")}, []int{2}, `row_refused: row 2 cannot be written to t: UNIQUE constraint failed: t.id; nothing was written [1,"one"] [2,"two"]`},
		"another schema":           {table, databases.Load{Table: "sales.t", Mode: databases.Append}, two, []int{2}, `invalid_request: has the schema "sales", and SQLite has only main: leave it out [1,"one"] [2,"two"]`},
		"a name of SQLite's":       {table, databases.Load{Table: "sqlite_schema", Mode: databases.Append}, two, []int{2}, `invalid_request: "sqlite_schema" is a name that SQLite keeps for itself [1,"one"] [2,"two"]`},
		"too large a number":       {"", databases.Load{Table: "t", Create: true}, []batch.Column{texts("n", "HUGEINT", "1", "99999999999999999999")}, []int{2}, `row_refused: row 2 cannot be written to t: column "n" has a whole number that is too large for SQLite; nothing was written`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := file(t, tc.script)
			n, err := load(t.Context(), f, tc.load, tc.columns, tc.batches...)
			got := strconv.FormatInt(n, 10)
			if err != nil {
				got = fault.CodeOf(err) + ": " + fault.MessageOf(err)
			}
			if _, err := os.Stat(f.Fresh); err == nil {
				t.Error("the new file is left behind")
			}
			if _, err := os.Stat(f.Path); err == nil {
				if _, rows, has := strings.Cut(shown(t, f, "SELECT * FROM t ORDER BY 1"), "\n"); has && !strings.HasPrefix(rows, "id") {
					got += " " + strings.ReplaceAll(rows, "\n", " ")
				}
			}
			check(t, got, tc.want)
		})
	}
}

func TestTypesGoThereAndBack(t *testing.T) {
	t.Parallel()
	columns := []batch.Column{
		ints("i", math.MinInt64, math.MaxInt64),
		{Name: "f", Type: "DOUBLE", Kind: batch.Float, Floats: []float64{0.1, 1e300}},
		{Name: "b", Type: "BOOLEAN", Kind: batch.Bool, Bools: []bool{true, false}},
		texts("s", "VARCHAR", "00123", "a\x00b'\"é"),
		texts("blob", "BLOB", "00ff", ""),
		texts("d", "DATE", "2026-01-31", "1999-12-31"),
		texts("at", "TIMESTAMP", "2026-01-31 10:00:00.123456", "1999-12-31 00:00:00"),
		texts("z", "TIMESTAMP WITH TIME ZONE", "2026-01-31 10:00:00+00", "2026-01-31 10:00:00+05:30"),
		texts("h", "HUGEINT", "12", "-12"),
		texts("m", "DECIMAL(18,2)", "10.50", "0.10"),
		texts("n", ""),
	}
	columns[10].Texts = make([]string, 2)
	f := file(t, "")
	if _, err := load(t.Context(), f, databases.Load{Table: "t", Create: true}, columns, 2); err != nil {
		t.Fatal(err)
	}
	check(t, shown(t, f, "SELECT * FROM t"), `
		i BIGINT, f DOUBLE, b BOOLEAN, s VARCHAR, blob BLOB, d DATE, at TIMESTAMP, z TIMESTAMP WITH TIME ZONE, h BIGINT, m DECIMAL(18,2), n `+`
		[-9223372036854775808,0.1,true,"00123","00ff","2026-01-31","2026-01-31 10:00:00.123456","2026-01-31 10:00:00+00",12,"10.5",null]
		[9223372036854775807,1e+300,false,"a\u0000b'\"é","","1999-12-31","1999-12-31 00:00:00","2026-01-31 10:00:00+05:30",-12,"0.1",null]
		i , f , b , s , blob , d , at , z , h , m , n`)
}

func TestScript(t *testing.T) {
	t.Parallel()
	const before = "CREATE TABLE t (s); CREATE TABLE log (s);"
	for text, want := range map[string]string{
		"INSERT INTO t VALUES ('a;b'); -- c;d\n/* ; */ INSERT INTO t VALUES ('it''s');":                                                                      `2 ["a;b"] ["it's"]`,
		"CREATE TRIGGER g AFTER INSERT ON t BEGIN INSERT INTO log VALUES (new.s); INSERT INTO log VALUES ('x'); END; INSERT INTO t SELECT count(*) FROM log": `2 [0]`,
		"BEGIN; INSERT INTO t VALUES (1); COMMIT; INSERT INTO t VALUES (2); END":                                                                             `5 [1] [2]`,
		"INSERT INTO t VALUES (1); /* - */ ROLLBACK":                                                                                                         `script_failed: statement 2 of the script: all of the script is one transaction, which it cannot divide or undo; nothing was written`,
		"INSERT INTO t VALUES (1); COMMIT; INSERT INTO nix VALUES (2)":                                                                                       `script_failed: statement 3 of the script: no such table: nix; nothing was written`,
		"INSERT INTO t VALUES (1); INSERT INTO t VALUES ('":                                                                                                  `script_failed: statement 2 of the script: unrecognized token: "'"; nothing was written`,
		"INSERT INTO t VALUES (1); ATTACH 'y.db' AS y":                                                                                                       `script_failed: statement 2 of the script: too many attached databases - max 0; nothing was written`,
		"INSERT INTO t VALUES (1); VACUUM INTO 'y.db'":                                                                                                       `script_failed: statement 2 of the script: cannot VACUUM from within a transaction; nothing was written`,
		"":   `0`,
		";;": `0`,
	} {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			f := file(t, before)
			n, err := f.Script(t.Context(), text)
			got := strconv.Itoa(n)
			if err != nil {
				got = fault.CodeOf(err) + ": " + fault.MessageOf(err)
			}
			if _, rows, has := strings.Cut(shown(t, f, "SELECT * FROM t"), "\n"); has {
				got += " " + strings.ReplaceAll(rows, "\n", " ")
			}
			check(t, got, want)
		})
	}
}

func TestStopping(t *testing.T) {
	t.Parallel()
	f := file(t, "CREATE TABLE t (i); INSERT INTO t VALUES (1)")
	const endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	err := f.Read(ctx, databases.Query{Text: endless}, func(batch.Batch) error { return nil })
	if fault.CodeOf(err) != "stopped" {
		t.Errorf("a query that has no end: %v", err)
	}
	_, err = f.Script(ctx, "DELETE FROM t; INSERT INTO t "+endless)
	if fault.CodeOf(err) != "stopped" {
		t.Errorf("a script that has no end: %v", err)
	}
	ctx, cancel = context.WithCancel(t.Context())
	_, err = f.Write(ctx, databases.Load{Table: "t", Mode: databases.Overwrite}, func(yield func(batch.Batch, error) bool) {
		for yield(batch.Batch{Rows: 1, Columns: []batch.Column{ints("i", 5)}}, nil) {
			cancel()
		}
	})
	if fault.CodeOf(err) != "stopped" {
		t.Errorf("rows without an end: %v", err)
	}
	check(t, shown(t, f, "SELECT * FROM t"), "i BIGINT\n[1]")
}

func TestFailures(t *testing.T) {
	t.Parallel()
	f := file(t, "CREATE TABLE t (i)")
	broken := errors.New("broken")
	_, err := f.Write(t.Context(), databases.Load{Table: "t"}, func(yield func(batch.Batch, error) bool) {
		if yield(batch.Batch{Rows: 1, Columns: []batch.Column{ints("i", 5)}}, nil) {
			yield(batch.Batch{}, broken)
		}
	})
	if !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
	check(t, shown(t, f, "SELECT * FROM t"), "i")
	if err := f.Read(t.Context(), databases.Query{Text: "SELECT 1 AS i"}, func(batch.Batch) error { return broken }); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
	text := filepath.Join(t.TempDir(), "x.db")
	if err := os.WriteFile(text, []byte(strings.Repeat("no database\n", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := sqlite.Check(text); fault.CodeOf(err) != "bad_file" {
		t.Errorf("got %v", err)
	}
	if _, err := (sqlite.File{Path: text}).Script(t.Context(), "CREATE TABLE t (i)"); fault.CodeOf(err) != "bad_file" {
		t.Errorf("got %v", err)
	}
}

// TestLocked has a reader in the middle of a database that another is to write.
func TestLocked(t *testing.T) {
	t.Parallel()
	f := file(t, "CREATE TABLE t (i); INSERT INTO t VALUES (1), (2), (3)")
	err := f.Read(t.Context(), databases.Query{Text: "SELECT i FROM t", BatchRows: 1}, func(batch.Batch) error {
		_, err := f.Script(t.Context(), "INSERT INTO t VALUES (4)")
		return err
	})
	if fault.CodeOf(err) != "database_locked" || !fault.IsTransient(err) {
		t.Errorf("got %v", err)
	}
	check(t, shown(t, f, "SELECT count(*) AS n FROM t"), "n BIGINT\n[3]")
}
