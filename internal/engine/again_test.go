package engine_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/broked/broked/internal/job"
)

// serving is an engine process, confined as the server does it, that may serve several
// runs.
type serving struct {
	t   *testing.T
	say *json.Encoder
	out *json.Decoder
}

func newServing(t *testing.T) *serving {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestProcess$")
	cmd.Env = []string{"ENGINE_PROCESS=1"}
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = in.Close()
		_ = cmd.Wait()
	})
	return &serving{t, json.NewEncoder(in), json.NewDecoder(out)}
}

// run has the engine execute a job, and returns its last message and all others.
func (s *serving) run(j job.Job) (last job.Message, others []job.Message) {
	s.t.Helper()
	var m job.Message
	if err := s.out.Decode(&m); err != nil || m.Type != job.Ready {
		s.t.Fatalf("got %v %v, want ready", m, err)
	}
	if err := s.say.Encode(j); err != nil {
		s.t.Fatal(err)
	}
	for {
		var m job.Message
		if err := s.out.Decode(&m); err != nil {
			s.t.Fatalf("the engine stopped talking: %v", err)
		}
		if m.Type == job.Finished || m.Type == job.Declined {
			return m, others
		}
		others = append(others, m)
	}
}

// renamed gives the folder of a run another name, as the server does it.
func (w *world) renamed(j *job.Job, name string) {
	w.t.Helper()
	dir := filepath.Join(filepath.Dir(w.run), name)
	if err := os.Rename(j.Dir, dir); err != nil {
		w.t.Fatal(err)
	}
	j.Dir = dir
}

// TestAnEngineServesRunsThatTouchTheSame checks that a confined engine executes one run after
// the other, each with a database of its own, as long as they touch the same.
func TestAnEngineServesRunsThatTouchTheSame(t *testing.T) {
	t.Parallel()
	w := newWorld(t, map[string]string{"in.csv": "a\n1\n2\n"})
	j := w.job(`
		in source_file {"path": "in.csv"}
		out sink_file {"path": "out.csv"}`, "in>out")
	s := newServing(t)
	for i := range 3 {
		if i > 0 {
			w.renamed(&j, fmt.Sprint("run", i))
		}
		last, others := s.run(j)
		if last.Status != job.Success || !last.Again || len(others) == 0 {
			t.Fatalf("run %d: %+v %+v", i, last, last.Error)
		}
		if got := w.read("out.csv"); got != "a\n1\n2\n" {
			t.Errorf("wrote %q", got)
		}
		if left, err := os.ReadDir(j.Dir); err != nil || len(left) > 0 {
			t.Errorf("run %d left %v: %v", i, left, err)
		}
	}
}

// TestWhatAnEngineDeclines checks that a confined engine takes no run that touches anything
// else, and says nothing of it: a file that was put in the place of the one that it may read,
// another one, a folder of a run that is not its own, or fewer files.
func TestWhatAnEngineDeclines(t *testing.T) {
	t.Parallel()
	const plain = `
		in source_file {"path": "in.csv"}
		out sink_file {"path": "out.csv"}`
	for name, change := range map[string]func(w *world, j *job.Job){
		"another file": func(w *world, j *job.Job) {
			*j = w.job("in source_file {\"path\": \"other.csv\"}\n out sink_file {\"path\": \"out.csv\"}", "in>out")
		},
		"another place": func(w *world, j *job.Job) {
			*j = w.job("in source_file {\"path\": \"in.csv\"}\n out sink_file {\"path\": \"deep/out.csv\"}", "in>out")
		},
		"fewer files":         func(w *world, j *job.Job) { *j = w.job("in source_file {\"path\": \"in.csv\"}", "") },
		"a missing file":      func(w *world, _ *job.Job) { must(w, os.Remove(w.path("in.csv"))) },
		"a file that is new":  func(w *world, _ *job.Job) { must(w, os.Rename(w.path("other.csv"), w.path("in.csv"))) },
		"a folder of its own": func(w *world, j *job.Job) { j.Dir = w.t.TempDir() },
		"files that it finds": func(w *world, j *job.Job) {
			*j = w.job("in source_file {\"path\": \"i*.csv\"}\n out sink_file {\"path\": \"out.csv\"}", "in>out")
		},
		"settings that are no": func(w *world, j *job.Job) {
			*j = w.job("in source_file {\"path\": \"\"}\n out sink_file {\"path\": \"out.csv\"}", "in>out")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, map[string]string{"in.csv": "a\n1\n", "other.csv": "a\n2\n", "deep/x": ""})
			j := w.job(plain, "in>out")
			s := newServing(t)
			if last, _ := s.run(j); !last.Again {
				t.Fatalf("%+v", last)
			}
			change(w, &j)
			if last, others := s.run(j); last.Type != job.Declined || len(others) > 0 {
				t.Errorf("got %+v after %v", last, others)
			}
			if got := w.read("out.csv"); got != "a\n1\n" {
				t.Errorf("wrote %q", got)
			}
		})
	}
}

func must(w *world, err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// TestAfterWhichRunsAnEngineEnds checks that an engine serves no other run after one that
// looked for files, that did more than its database does, or that failed.
func TestAfterWhichRunsAnEngineEnds(t *testing.T) {
	t.Parallel()
	for name, nodes := range map[string]string{
		"files were looked for": "in source_file {\"path\": \"i*.csv\"}",
		"a script":              "in source_file {\"path\": \"in.csv\"}\n n code {\"script\": \"pass\"}",
		"a database":            "in source_file {\"path\": \"in.csv\"}\n n sink_db {\"uri\": \"x.db\", \"table\": \"t\", \"create_table\": true}",
		"many files":            "in source_file {\"path\": \"in.csv\"}\n n sink_file {\"path\": \"parts\", \"partition_by\": [\"a\"], \"format\": \"parquet\"}",
		"a failure":             "in source_file {\"path\": \"in.csv\"}\n n where {\"sql\": \"nonsense\"}",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, map[string]string{"in.csv": "a,b\n1,2\n"})
			last, _ := newServing(t).run(w.job(nodes, map[bool]string{true: "in>n"}[strings.Contains(nodes, "\n")]))
			if last.Again || (last.Status == job.Success) == (name == "a failure") {
				t.Errorf("%+v %+v", last, last.Error)
			}
		})
	}
}
