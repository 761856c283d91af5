package engine_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/broked/broked/internal/job"
	"github.com/broked/broked/internal/node"
)

// peekSpec is a node that says what is in the database of its run, before a table is made
// for that: how many transactions there have been, and everything that was not there from
// the beginning.
var peekSpec = node.Spec{
	Kind: "peek", Category: node.Transform, MinInputs: 1, MaxInputs: 1,
	New: func(json.RawMessage) (node.Node, error) { return peek{}, nil },
}

type peek struct{}

func (peek) Select(ctx context.Context, env node.Env, in []node.Relation) (node.Relation, error) {
	table, err := env.DB.Query(ctx, `
		SELECT txid_current(), (SELECT count(*) FROM duckdb_tables())
			+ (SELECT count(*) FROM duckdb_views() WHERE NOT internal)
			+ (SELECT count(*) FROM duckdb_schemas() WHERE NOT internal AND schema_name <> 'main')
			+ (SELECT count(*) FROM duckdb_databases() WHERE NOT internal AND database_name <> 'memory')
			+ (SELECT count(*) FROM duckdb_sequences())
			+ (SELECT count(*) FROM duckdb_prepared_statements() WHERE statement NOT LIKE '%txid_current%')
			+ (SELECT count(*) FROM duckdb_temporary_files())
			+ (SELECT count(*) FROM duckdb_external_file_cache())`, 1)
	if err != nil {
		return node.Relation{}, err
	}
	env.Log(node.Debug, "%v %v", table.Rows[0]...)
	in[0].SameRows = true
	return in[0], nil
}

// peeked returns what the peeking node of a run has said.
func peeked(t *testing.T, said []job.Message) (transactions, things int) {
	t.Helper()
	for _, m := range said {
		if m.Type != job.Log || m.Level != node.Debug {
			continue
		}
		if _, err := fmt.Sscan(m.Message, &transactions, &things); err != nil {
			t.Error(err)
		}
	}
	return transactions, things
}

// TestWhichRunsShareADatabase checks that a run in an engine that has served one finds its
// database open still, and nothing in it, when the one before left it as good as new and the
// two are locked in alike; and another database in all other cases.
func TestWhichRunsShareADatabase(t *testing.T) {
	t.Parallel()
	const out = "\n out sink_file {\"path\": \"out.csv\"}"
	for name, c := range map[string]struct {
		nodes, edges string
		change       func(w *world, j *job.Job)
		shares       bool
	}{
		"files alone": {nodes: "in source_file {\"path\": \"in.csv\"}\n p peek {}" + out, edges: "in>p p>out", shares: true},
		"tables of rows": {
			nodes: "in source_file {\"path\": \"in.csv\"}\n p peek {}\n one where {\"sql\": \"a > 1\"}\n two where {\"sql\": \"a > 2\"}" + out,
			edges: "in>p p>one one>two two>out", shares: true,
		},
		"several connections": {
			nodes: "in source_file {\"path\": \"in.csv\"}\n p peek {}\n other source_file {\"path\": \"other.parquet\"}" + out + "\n beside sink_file {\"path\": \"beside.csv\"}",
			edges: "in>p p>out other>beside", shares: true,
		},
		"a statement of a person": {
			nodes: "in source_file {\"path\": \"in.csv\"}\n p peek {}\n q sql {\"query\": \"SELECT * FROM input\"}" + out, edges: "in>p p>q q>out",
		},
		"a statement that failed": {
			nodes: "in source_file {\"path\": \"in.csv\"}\n p peek {}" + out + "\n bad where {\"sql\": \"nonsense\", \"on_failure\": \"skip\"}", edges: "in>p p>out in>bad",
		},
		"another name of the folder": {
			nodes: "in source_file {\"path\": \"in.csv\"}\n p peek {}" + out, edges: "in>p p>out",
			change: func(w *world, j *job.Job) { w.renamed(j, "other") },
		},
		"another limit": {
			nodes: "in source_file {\"path\": \"in.csv\"}\n p peek {}" + out, edges: "in>p p>out",
			change: func(_ *world, j *job.Job) { j.Limits.Memory /= 2 },
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, map[string]string{"in.csv": "a\n1\n2\n3\n"})
			if made := execute(t.Context(), t, w.job("in source_file {\"path\": \"in.csv\"}\n out sink_file {\"path\": \"other.parquet\"}", "in>out")); made.end.Status != job.Success {
				t.Fatalf("%+v", made.end)
			}
			j := w.job(c.nodes, c.edges)
			s := newServing(t)
			last, said := s.run(j)
			if !last.Again {
				t.Fatalf("%+v %+v", last, last.Error)
			}
			before, _ := peeked(t, said)
			first := w.read("out.csv")
			if c.change != nil {
				c.change(w, &j)
			}
			if last, said = s.run(j); last.Status != job.Success {
				t.Fatalf("%+v %+v", last, last.Error)
			}
			after, things := peeked(t, said)
			if shares := after > before; before == 0 || shares != c.shares || things > 0 {
				t.Errorf("%d transactions before, %d now, and %d things", before, after, things)
			}
			if second := w.read("out.csv"); second != first {
				t.Errorf("wrote %q and then %q", first, second)
			}
		})
	}
}

// TestAFileThatChangesBetweenRuns checks that a run sees what a file has become since the run
// before it in one database, though the file has the same size and the same time: nothing
// of it is remembered.
func TestAFileThatChangesBetweenRuns(t *testing.T) {
	t.Parallel()
	w := newWorld(t, map[string]string{"1.csv": "a\n1\n", "2.csv": "a\n2\n"})
	for _, name := range []string{"1", "2"} {
		made := execute(t.Context(), t, w.job("in source_file {\"path\": \""+name+".csv\"}\n out sink_file {\"path\": \""+name+".parquet\"}", "in>out"))
		if made.end.Status != job.Success {
			t.Fatalf("%+v", made.end)
		}
	}
	j := w.job("in source_file {\"path\": \"in.parquet\"}\n out sink_file {\"path\": \"out.csv\"}", "in>out")
	s := newServing(t)
	for _, name := range []string{"1", "2", "1"} {
		w.write("in.parquet", w.read(name+".parquet")) // into the same file
		must(w, os.Chtimes(w.path("in.parquet"), time.Unix(1e9, 0), time.Unix(1e9, 0)))
		if last, _ := s.run(j); last.Status != job.Success {
			t.Fatalf("%+v %+v", last, last.Error)
		}
		if got, want := w.read("out.csv"), w.read(name+".csv"); got != want {
			t.Errorf("wrote %q, want %q", got, want)
		}
	}
}
