package engine_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/broked/broked/internal/batch"
	"github.com/broked/broked/internal/databases"
	"github.com/broked/broked/internal/databases/sqlite"
	"github.com/broked/broked/internal/engine"
	"github.com/broked/broked/internal/job"
	"github.com/broked/broked/internal/node"
	"github.com/broked/broked/internal/nodes"
)

// world is a folder of files and a place for a run.
type world struct {
	t    testing.TB
	data string
	run  string
}

func newWorld(tb testing.TB, contents map[string]string) *world {
	tb.Helper()
	top, err := filepath.EvalSymlinks(tb.TempDir())
	if err != nil {
		tb.Fatal(err)
	}
	w := &world{t: tb, data: filepath.Join(top, "data"), run: filepath.Join(top, "run")}
	for _, dir := range []string{w.data, w.run} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			tb.Fatal(err)
		}
	}
	for name, content := range contents {
		w.write(name, content)
	}
	return w
}

func (w *world) path(name string) string { return filepath.Join(w.data, name) }

// write makes a file. One called NAME.db.sql is the database NAME.db, as SQL.
func (w *world) write(name, content string) {
	w.t.Helper()
	if err := os.MkdirAll(filepath.Dir(w.path(name)), 0o755); err != nil {
		w.t.Fatal(err)
	}
	if db, is := strings.CutSuffix(name, ".sql"); is && strings.HasSuffix(db, ".db") {
		if _, err := w.database(db).Script(w.t.Context(), content); err != nil {
			w.t.Fatal(err)
		}
		return
	}
	if err := os.WriteFile(w.path(name), []byte(content), 0o600); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) database(name string) sqlite.File {
	return sqlite.File{Path: w.path(name), Fresh: w.path(name + ".new")}
}

func (w *world) read(name string) string {
	w.t.Helper()
	if strings.HasSuffix(name, ".db") {
		return w.dump(name)
	}
	b, err := os.ReadFile(w.path(name))
	if err != nil {
		w.t.Error(err)
	}
	return string(b)
}

// dump writes the tables of a database and their rows.
func (w *world) dump(name string) string {
	w.t.Helper()
	var out strings.Builder
	query := func(text string, row func(cells []any)) {
		err := w.database(name).Read(w.t.Context(), databases.Query{Text: text}, func(b batch.Batch) error {
			for i := range b.Rows {
				cells := make([]any, len(b.Columns))
				for k, c := range b.Columns {
					switch {
					case c.Valid != nil && !c.Valid[i] || c.Type == "":
					case c.Kind == batch.Int:
						cells[k] = c.Ints[i]
					case c.Kind == batch.Float:
						cells[k] = c.Floats[i]
					case c.Kind == batch.Bool:
						cells[k] = c.Bools[i]
					default:
						cells[k] = c.Texts[i]
					}
				}
				row(cells)
			}
			return nil
		})
		if err != nil {
			w.t.Error(err)
		}
	}
	query("SELECT name, sql FROM sqlite_schema WHERE type = 'table' ORDER BY name", func(table []any) {
		fmt.Fprintf(&out, "%s;\n", table[1])
		query(fmt.Sprintf("SELECT * FROM %q", table[0]), func(cells []any) {
			line, err := json.Marshal(cells)
			if err != nil {
				w.t.Error(err)
			}
			fmt.Fprintf(&out, "-- %s\n", line)
		})
	})
	return out.String()
}

// job makes a job of nodes written as "id kind {settings}" and edges as "a>b".
func (w *world) job(nodes, edges string) job.Job {
	w.t.Helper()
	j := job.Job{
		Run: "r", Dir: w.run, Limits: job.DefaultLimits(),
		Roots: job.Roots{Base: w.data, Allow: []string{w.data}},
	}
	for line := range strings.Lines(strings.TrimSpace(nodes)) {
		parts := strings.SplitN(strings.TrimSpace(line), " ", 3)
		j.Nodes = append(j.Nodes, job.Step{ID: parts[0], Name: parts[0], Kind: parts[1], Config: json.RawMessage(parts[2])})
	}
	for edge := range strings.FieldsSeq(edges) {
		from, to, _ := strings.Cut(edge, ">")
		j.Edges = append(j.Edges, job.Edge{From: from, To: to})
	}
	return j
}

// report is what an engine has said about one run.
type report struct {
	messages []job.Message
	nodes    map[string]job.Message // node.finished
	previews map[string]*job.Sample
	end      job.Message
	log      string // what a process has logged
}

func (r *report) add(m job.Message) {
	r.messages = append(r.messages, m)
	switch m.Type { //nolint:exhaustive // the others are looked at by the tests that care
	case job.NodeFinished:
		r.nodes[m.Node] = m
	case job.Preview:
		r.previews[m.Node] = m.Table
	case job.Finished:
		r.end = m
	}
}

// execute runs a job in this process, with more kinds of nodes than there are. There
// is nobody to ask.
func execute(ctx context.Context, tb testing.TB, j job.Job, more ...node.Spec) report {
	tb.Helper()
	return converse(ctx, tb, j, func(q job.Question) job.Reply {
		return job.Reply{ID: q.ID, Error: &job.Failure{Code: "no_server", Message: "nobody answers " + q.What}}
	}, more...)
}

// offered returns all kinds, with a dbt that is none.
func offered(tb testing.TB) []node.Spec {
	tb.Helper()
	dbt, err := filepath.Abs("testdata/dbt")
	if err != nil {
		tb.Fatal(err)
	}
	return nodes.Offered(nodes.Programs{Bash: true, DBT: dbt})
}

// converse runs a job in this process, whose questions are answered by answer.
func converse(ctx context.Context, tb testing.TB, j job.Job, answer func(job.Question) job.Reply, more ...node.Spec) report {
	tb.Helper()
	in, jobs := io.Pipe()
	messages, out := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		err := testEngine(tb, more...).Run(ctx, in, out)
		ended <- errors.Join(err, out.Close())
	}()
	lines := json.NewEncoder(jobs)
	r := report{nodes: map[string]job.Message{}, previews: map[string]*job.Sample{}}
	d := json.NewDecoder(messages)
	for r.end.Type == "" {
		var m job.Message
		if err := d.Decode(&m); err != nil {
			tb.Fatalf("the engine stopped talking: %v", err)
		}
		r.add(m)
		var said any = j
		switch m.Type {
		case job.Ready:
		case job.Ask:
			said = answer(*m.Question)
		default:
			continue
		}
		if err := lines.Encode(said); err != nil {
			tb.Fatal(err)
		}
	}
	closed := jobs.Close()
	_, rest := io.Copy(io.Discard, messages) // it may be ready again
	if err := errors.Join(closed, rest, <-ended); err != nil {
		tb.Fatal(err)
	}
	return r
}

func testEngine(tb testing.TB, more ...node.Spec) engine.Engine {
	tb.Helper()
	more = append(more, whereSpec, selectSpec, joinSpec, panicSpec, prowlSpec, callSpec, peekSpec)
	kinds, err := node.NewRegistry(append(offered(tb), more...)...)
	if err != nil {
		tb.Fatal(err)
	}
	return engine.Engine{Kinds: kinds, Log: slog.New(slog.NewTextHandler(tb.Output(), &slog.HandlerOptions{Level: slog.LevelDebug}))}
}

// rows says how many rows every node had, in the order of the job.
func (r *report) rows(j job.Job) string {
	var all []string
	for _, s := range j.Nodes {
		m := r.nodes[s.ID]
		if m.Rows == nil {
			all = append(all, string(m.Status))
			continue
		}
		all = append(all, strconv.FormatInt(*m.Rows, 10))
	}
	return strings.Join(all, "/")
}

// The kinds below are the smallest of their sorts; the real ones have tests of their own.

// whereSpec drops rows.
var whereSpec = testKind("where", 1, func(sql string, in []node.Relation) string {
	return "SELECT * FROM (" + in[0].SQL + ") WHERE " + sql
}, false)

// selectSpec changes columns and no rows.
var selectSpec = testKind("select", 1, func(sql string, in []node.Relation) string {
	return "SELECT " + sql + " FROM (" + in[0].SQL + ")"
}, true)

// joinSpec keeps the columns of its first input, joined by those that sql lists.
var joinSpec = testKind("join2", 2, func(sql string, in []node.Relation) string {
	return "SELECT l.* FROM (" + in[0].SQL + ") l JOIN (" + in[1].SQL + ") r USING (" + sql + ")"
}, false)

var panicSpec = testKind("panic", 1, func(string, []node.Relation) string { panic("as asked") }, true)

type testNode struct {
	sql      string
	build    func(sql string, in []node.Relation) string
	sameRows bool
}

func testKind(kind string, inputs int, build func(string, []node.Relation) string, sameRows bool) node.Spec {
	return node.Spec{
		Kind: kind, Category: node.Transform, MinInputs: inputs, MaxInputs: inputs,
		Settings: node.Schema{Type: node.TypeObject, Fields: []node.Field{{Name: "sql", Schema: node.Schema{Type: node.TypeString}}}},
		New: func(config json.RawMessage) (node.Node, error) {
			c := map[string]string{}
			err := json.Unmarshal(config, &c)
			return testNode{build: build, sameRows: sameRows, sql: c["sql"]}, err
		},
	}
}

func (n testNode) Select(ctx context.Context, env node.Env, in []node.Relation) (node.Relation, error) {
	sql := n.build(n.sql, in)
	columns, err := env.DB.Describe(ctx, sql)
	return node.Relation{SQL: sql, Columns: columns, SameRows: n.sameRows, Rows: -1}, err
}
