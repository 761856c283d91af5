package engine_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/broked/broked/internal/job"
	"github.com/broked/broked/internal/outbound"
)

// growing is a table in some database that a source reads again and again.
type growing struct {
	w      *world
	at     string
	script func(text string)
	state  json.RawMessage
	config string // more settings
}

// read runs the source and returns its rows, without the first line.
func (g *growing) read(t *testing.T) (string, report) {
	t.Helper()
	j := g.w.job(fmt.Sprintf(`
		in source_db {"uri": %q, "query": "SELECT c, note FROM t; ", "cursor_column": "c" %s}
		out sink_file {"path": "out.csv"}`, g.at, g.config), "in>out")
	j.Nodes[0].State = g.state
	j.Out.Policy = outbound.Policy{Allow: outbound.Loopback()}
	r := execute(t.Context(), t, j)
	if r.end.Status != job.Success {
		return "", r
	}
	for _, m := range r.messages {
		if m.Type == job.Kept {
			g.state = m.State
		}
	}
	_, rows, _ := strings.Cut(g.w.read("out.csv"), "\n")
	return rows, r
}

// TestSourcesGoOn reads tables that grow, by cursors of every type.
func TestSourcesGoOn(t *testing.T) {
	t.Parallel()
	type values struct {
		first, second, third, fourth string // as literals, growing
		state                        string // of the third
	}
	types := map[string]map[string]values{
		"sqlite": {
			"INTEGER":       {"1", "2", "9007199254740993", "9007199254740994", `"value":"9007199254740993","type":"BIGINT"`},
			"REAL":          {"-1.5", "0.1", "0.30000000000000004", "1e300", `"value":"0.30000000000000004","type":"DOUBLE"`},
			"DECIMAL(10,2)": {"-0.01", "9.5", "10.25", "100", `"value":"10.25","type":"DECIMAL(10,2)"`},
			"TEXT":          {"'10'", "'9'", "'a''b'", "'ä'", `"value":"a'b","type":"VARCHAR"`},
			"TIMESTAMP":     {"'2024-01-01 00:00:00'", "'2024-01-01 00:00:00.5'", "'2024-01-01 00:00:01.000001'", "'2025-01-01 00:00:00'", `"value":"2024-01-01 00:00:01.000001","type":"TIMESTAMP"`},
		},
		"mysql": {
			"bigint":            {"1", "2", "9007199254740993", "9007199254740994", `"value":"9007199254740993","type":"BIGINT"`},
			"bigint unsigned":   {"1", "9007199254740993", "18446744073709551614", "18446744073709551615", `"value":"18446744073709551614","type":"UBIGINT"`},
			"decimal(12,2)":     {"-0.01", "9.5", "10.25", "100", `"value":"10.25","type":"DECIMAL(12,2)"`},
			"decimal(38,4)":     {"-0.01", "123456789012345678901234567890.1234", "123456789012345678901234567890.1235", "123456789012345678901234567890.1236", `"value":"123456789012345678901234567890.1235","type":"DECIMAL(38,4)"`},
			"double":            {"-1.5", "0.1", "0.30000000000000004", "1e300", `"value":"0.30000000000000004","type":"DOUBLE"`},
			"float":             {"-1.5", "0.1", "0.3", "1e30", `"type":"FLOAT"`},
			"varchar(40)":       {"'10'", "'9'", "'a''b'", "'b'", `"value":"a'b","type":"VARCHAR"`},
			"timestamp null":    {"'2024-01-01 00:00:00'", "'2024-01-01 00:00:01'", "'2024-01-01 00:00:02'", "'2025-01-01 00:00:00'", `"value":"2024-01-01 00:00:02+00","type":"TIMESTAMP WITH TIME ZONE"`},
			"timestamp(6) null": {"'2024-01-01 00:00:00'", "'2024-01-01 00:00:00.5'", "'2024-01-01 00:00:01.000001'", "'2025-01-01 00:00:00'", `"value":"2024-01-01 00:00:01.000001+00","type":"TIMESTAMP WITH TIME ZONE"`},
			"datetime":          {"'2024-01-01 00:00:00'", "'2024-01-01 00:00:01'", "'2024-01-01 00:00:02'", "'2025-01-01 00:00:00'", `"value":"2024-01-01 00:00:02","type":"TIMESTAMP"`},
			"datetime(6)":       {"'2024-01-01 00:00:00'", "'2024-01-01 00:00:00.5'", "'2024-01-01 00:00:01.000001'", "'2025-01-01 00:00:00'", `"value":"2024-01-01 00:00:01.000001","type":"TIMESTAMP"`},
			"date":              {"'2024-01-01'", "'2024-01-02'", "'2024-02-29'", "'2024-03-01'", `"value":"2024-02-29","type":"DATE"`},
			"time(1)":           {"'00:00:00'", "'10:00:00'", "'10:00:00.5'", "'23:59:59'", `"value":"10:00:00.5","type":"TIME"`},
		},
		"postgres": {
			"bigint":        {"1", "2", "9007199254740993", "9007199254740994", `"value":"9007199254740993","type":"BIGINT"`},
			"numeric":       {"-0.00000000000000000001", "9.5", "123456789012345678901234567890.123456789", "1e40", `"value":"123456789012345678901234567890.123456789","type":"VARCHAR"`},
			"numeric(12,2)": {"-0.01", "9.5", "10.25", "100", `"value":"10.25","type":"DECIMAL(12,2)"`},
			"float8":        {"-1.5", "0.1", "0.30000000000000004", "1e300", `"value":"0.30000000000000004","type":"DOUBLE"`},
			"real":          {"-1.5", "0.1", "0.3", "1e30", `"type":"FLOAT"`},
			"text":          {"'10'", "'9'", "'a''b'", "'b'", `"value":"a'b","type":"VARCHAR"`},
			"timestamptz":   {"'2024-01-01 00:00:00+02'", "'2024-01-01 00:00:00.5+00'", "'2024-01-01 00:00:01.000001+00'", "'2025-01-01 00:00:00+14'", `"value":"2024-01-01 00:00:01.000001+00","type":"TIMESTAMP WITH TIME ZONE"`},
			"date":          {"'2024-01-01'", "'2024-01-02'", "'2024-02-29'", "'2024-03-01'", `"value":"2024-02-29","type":"DATE"`},
			"uuid":          {"'00000000-0000-0000-0000-000000000001'", "'10000000-0000-0000-0000-000000000001'", "'20000000-0000-0000-0000-000000000001'", "'f0000000-0000-0000-0000-000000000001'", `"type":"UUID"`},
		},
	}
	for sort, of := range types {
		for typ, v := range of {
			t.Run(sort+"/"+typ, func(t *testing.T) {
				t.Parallel()
				g := newGrowing(t, sort, "CREATE TABLE t (c "+typ+", note varchar(20))")
				want := func(rows, notes string) {
					t.Helper()
					var got []string
					for line := range strings.Lines(rows) {
						got = append(got, line[strings.LastIndex(line, ",")+1:len(line)-1])
					}
					if strings.Join(got, " ") != notes {
						t.Errorf("got %q, want %s; %s", rows, notes, g.state)
					}
				}
				next := func(notes string) {
					t.Helper()
					rows, r := g.read(t)
					if r.end.Status != job.Success {
						t.Fatalf("%+v", r.end.Error)
					}
					want(rows, notes)
				}
				next("")
				g.script(fmt.Sprintf("INSERT INTO t VALUES (%s, 'third'), (%s, 'first'), (%s, 'second'), (NULL, 'never')", v.third, v.first, v.second))
				next("first second third")
				if !strings.Contains(string(g.state), v.state) {
					t.Errorf("state %s", g.state)
				}
				next("")
				g.script(fmt.Sprintf("INSERT INTO t VALUES (%s, 'late'), (%s, 'tie'), (%s, 'tie')", v.second, v.third, v.third))
				next("tie" + " " + "tie")
				next("")
				g.script(fmt.Sprintf("INSERT INTO t VALUES (%s, 'fourth'), (%s, 'tie'), (%s, 'tie2')", v.fourth, v.third, v.third))
				rows, _ := g.read(t)
				if !strings.HasSuffix(rows, "fourth\n") || strings.Count(rows, "\n") != 3 {
					t.Errorf("got %q", rows)
				}
				next("")
				g.state, g.config = nil, fmt.Sprintf(`, "cursor_initial": %q`, strings.Trim(strings.ReplaceAll(v.second, "''", "\x00"), "'"))
				if rows, r := g.read(t); strings.Count(rows, "\n") != 8 {
					t.Errorf("from %s: got %q %+v", v.second, rows, r.end.Error)
				}
			})
		}
	}
}

func newGrowing(t *testing.T, sort, table string) *growing {
	t.Helper()
	g := &growing{w: newWorld(t, nil)}
	if sort == "sqlite" {
		g.at, g.script = "x.db", func(text string) { g.w.write("x.db.sql", text) }
		g.script(table)
		return g
	}
	var s interface {
		Script(ctx context.Context, text string) (int, error)
	}
	if sort == "mysql" {
		s, g.at = newMySQL(t, table)
	} else {
		s, g.at = newPostgres(t, table)
	}
	g.script = func(text string) {
		_, err := s.Script(t.Context(), text)
		ok(t, err)
	}
	return g
}

// TestTextsThatCompareAsEqual reads on behind texts that a collation of MySQL takes for
// the same, of which each is a value of its own.
func TestTextsThatCompareAsEqual(t *testing.T) {
	t.Parallel()
	g := newGrowing(t, "mysql", "CREATE TABLE t (c varchar(9), note varchar(9)) DEFAULT CHARACTER SET latin1 COLLATE latin1_german1_ci")
	want := func(rows string) {
		t.Helper()
		if got, r := g.read(t); got != rows {
			t.Errorf("got %q, want %q; %s %+v", got, rows, g.state, r.end.Error)
		}
	}
	g.script("INSERT INTO t VALUES ('ä', '1'), ('a', '2'), ('A', '3'), ('A ', '4')")
	want("A,3\nA ,4\na,2\nä,1\n")
	want("")
	g.script("INSERT INTO t VALUES ('ä', '5'), ('B', '6'), ('b', '7')")
	want("ä,5\nB,6\nb,7\n")
	want("")
}

// TestManyTies reads more rows with one value than are told apart.
func TestManyTies(t *testing.T) {
	t.Parallel()
	g := newGrowing(t, "sqlite", "CREATE TABLE t (c INTEGER, note TEXT)")
	g.script("INSERT INTO t WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 25000) SELECT 7, i FROM n")
	rows, r := g.read(t)
	if strings.Count(rows, "\n") != 25_000 || string(g.state) != `{"column":"c","value":"7","type":"BIGINT","past":true}` {
		t.Errorf("%d rows, %.200s", strings.Count(rows, "\n"), g.state)
	}
	warned := false
	for _, m := range r.messages {
		warned = warned || m.Type == job.Log && strings.Contains(m.Message, "more than 1000 rows")
	}
	if !warned {
		t.Error("nothing was said")
	}
	g.script("INSERT INTO t VALUES (7, 'missed'), (8, 'new')")
	if rows, _ := g.read(t); rows != "8,new\n" {
		t.Errorf("got %q", rows)
	}
}

// TestCursorsThatCannotBe looks at what people are told.
func TestCursorsThatCannotBe(t *testing.T) {
	t.Parallel()
	for _, sort := range []string{"sqlite", "postgres"} {
		for name, tc := range map[string]struct{ table, config, state, path, want string }{
			"no column":  {table: "CREATE TABLE t (d integer, note varchar(9))", path: "query", want: "c"},
			"of a kind":  {table: "CREATE TABLE t (c boolean, note varchar(9)); INSERT INTO t VALUES (true, 'x')", path: "cursor_column", want: "does not grow"},
			"other case": {table: "CREATE TABLE t (c integer, note varchar(9)); INSERT INTO t VALUES (1, 'x')", config: `, "cursor_column": "nott"`, path: "cursor_column", want: `there is no column "nott" in the result (did you mean "note"?)`},
		} {
			t.Run(sort+"/"+name, func(t *testing.T) {
				t.Parallel()
				g := newGrowing(t, sort, tc.table)
				g.config = tc.config
				_, r := g.read(t)
				f := r.nodes["in"].Error
				if f == nil || len(f.Problems) != 1 || f.Problems[0].Path != tc.path || !strings.Contains(f.Message, tc.want) {
					t.Errorf("got %+v", f)
				}
			})
		}
	}
	for name, tc := range map[string]struct{ config, state, path, want string }{
		"no value":     {config: `, "cursor_initial": "soon"`, path: "cursor_initial", want: "is no value of c"},
		"other column": {state: `{"column":"c","value":"2024-01-01","type":"DATE"}`, path: "cursor_column", want: `cannot go on from "2024-01-01"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newGrowing(t, "postgres", "CREATE TABLE t (c integer, note varchar(9)); INSERT INTO t VALUES (1, 'x')")
			g.config = tc.config
			if tc.state != "" {
				g.state = json.RawMessage(tc.state)
			}
			_, r := g.read(t)
			f := r.nodes["in"].Error
			if f == nil || len(f.Problems) != 1 || f.Problems[0].Path != tc.path || !strings.Contains(f.Message, tc.want) {
				t.Errorf("got %+v", f)
			}
		})
	}
}
