package engine_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/broked/broked/internal/connection"
	"github.com/broked/broked/internal/job"
	"github.com/broked/broked/internal/outbound"
	"github.com/broked/broked/internal/remote"
	"github.com/broked/broked/internal/remote/remotetest"
)

// far is a place with files, as a test and as a run see it.
type far struct {
	*testing.T
	at    connection.Connection
	place *remote.Place
}

var farPlaces = map[string]func(t *testing.T) connection.Connection{
	"s3":    remotetest.S3,
	"azure": remotetest.Azure,
	"sftp": func(t *testing.T) connection.Connection {
		t.Helper()
		c, _ := remotetest.SFTP(t)
		return c
	},
}

func newFar(t *testing.T, c connection.Connection) far {
	t.Helper()
	p, err := remote.Open(c, outbound.Exit{Policy: outbound.Policy{Allow: outbound.Loopback()}})
	ok(t, err)
	t.Cleanup(p.Close)
	return far{t, c, p}
}

func (f far) put(name, text string) {
	f.Helper()
	file := filepath.Join(f.TempDir(), "x")
	ok(f.T, os.WriteFile(file, []byte(text), 0o600))
	ok(f.T, f.place.Store(f.Context(), name, file, func(context.Context) error { return nil }))
}

// read returns what is in a file, and "none" when there is none.
func (f far) read(name string) string {
	f.Helper()
	found, err := f.place.Look(f.Context(), name)
	ok(f.T, err)
	if len(found) == 0 {
		return "none"
	}
	var text strings.Builder
	ok(f.T, f.place.Fetch(f.Context(), found[0], &text))
	return text.String()
}

// job is a job whose nodes may use the place as "far".
func (f far) job(w *world, nodes, edges string) job.Job {
	f.Helper()
	j := w.job(nodes, edges)
	j.Out.Policy = outbound.Policy{Allow: outbound.Loopback()}
	for i := range j.Nodes {
		j.Nodes[i].Connections = map[string]connection.Connection{"far": f.at}
	}
	return j
}

// TestFilesElsewhere writes every format to every sort of place and reads it there, in an
// engine that is shut in.
func TestFilesElsewhere(t *testing.T) {
	t.Parallel()
	const many = 100_000
	var rows strings.Builder
	rows.WriteString("id,name,amount\n")
	for i := range many {
		fmt.Fprintf(&rows, "%d,name %d,%d.25\n", i, i, i)
	}
	for name, empty := range farPlaces {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFar(t, empty(t))
			w := newWorld(t, nil)
			f.put("in/many.csv", rows.String())
			f.put("in/one.csv", "id,name,amount\n1,Ann,2.25\n")
			f.put("in/rows.xml", "<all><row id='1'><name>Ann</name></row><row id='2'><name>Bob</name></row></all>")
			endings := []string{"csv", "csv.gz", "tsv", "json", "ndjson.zst", "parquet", "xlsx"}
			var nodes, edges, back strings.Builder
			nodes.WriteString(`in source_file {"conn_id": "far", "path": "in/many.csv"}`)
			for i, ending := range endings {
				fmt.Fprintf(&nodes, "\nout%d sink_file {\"conn_id\": \"far\", \"path\": \"out/result.%s\"}", i, ending)
				fmt.Fprintf(&edges, "in>out%d ", i)
				fmt.Fprintf(&back, "\nback%d source_file {\"conn_id\": \"far\", \"path\": \"out/result.%s\"}", i, ending)
			}
			j := f.job(w, nodes.String(), edges.String())
			r := converse(t.Context(), t, j, held)
			if want := strings.Repeat("/100000", len(endings)+1)[1:]; r.end.Status != job.Success || r.rows(j) != want {
				t.Fatalf("%s %+v\n%s", r.rows(j), r.end.Error, r.log)
			}
			if s := r.previews["out0"]; s == nil || len(s.Rows) == 0 {
				t.Error("what was written is not shown")
			}
			j = f.job(newWorld(t, nil), `one source_file {"conn_id": "far", "path": "in/one.csv"}
				xml source_file {"conn_id": "far", "path": "in/rows.xml"}`+back.String(), "")
			r, _, _ = inProcess(t, j)
			if want := "1/2" + strings.Repeat("/100000", len(endings)); r.end.Status != job.Success || r.rows(j) != want {
				t.Fatalf("%s %+v\n%s", r.rows(j), r.end.Error, r.log)
			}
			for i := range endings {
				s := r.previews[fmt.Sprintf("back%d", i)]
				if text, _ := json.Marshal(s.Rows[1]); !strings.HasPrefix(string(text), `[1,"name 1",`) && !strings.HasPrefix(string(text), `["1","name 1",`) {
					t.Errorf("%s: %s", endings[i], text)
				}
			}
		})
	}
}

// TestOneWriterElsewhere: two nodes that write one object are refused, however it is named.
func TestOneWriterElsewhere(t *testing.T) {
	t.Parallel()
	f := newFar(t, remotetest.S3(t))
	w := newWorld(t, map[string]string{"in.csv": "id\n1\n"})
	j := f.job(w, `in source_file {"path": "in.csv"}
		x sink_file {"conn_id": "far", "path": "out/a.csv"}
		y sink_file {"conn_id": "far", "path": "/out/a.csv"}`, "in>x in>y")
	r := converse(t.Context(), t, j, held)
	if r.end.Error == nil || !strings.Contains(r.end.Error.Message, "both write a.csv") {
		t.Errorf("%+v", r.end.Error)
	}
	if got := f.read("out/a.csv"); got != "none" {
		t.Errorf("there is %q", got)
	}
}

// TestManyFilesElsewhere reads what a pattern matches as one table, with what the paths say.
func TestManyFilesElsewhere(t *testing.T) {
	t.Parallel()
	for name, empty := range farPlaces {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFar(t, empty(t))
			for i := range 12 {
				f.put(fmt.Sprintf("days/day=2026-01-%02d/%%41 %d.csv", i+1, i), fmt.Sprintf("n\n%d\n", i))
			}
			f.put("empty.csv", "")
			f.put("ü.csv", "\xef\xbb\xbfn;s\n1;\xfc\n")
			w := newWorld(t, nil)
			j := f.job(w, `in source_file {"conn_id": "far", "path": "days/**/*.csv", "filename": "file", "hive_partitioning": true}
				all source_file {"conn_id": "far", "path": "days", "hive_partitioning": true, "format": "csv"}
				out sink_file {"path": "out.ndjson"}`, "in>out")
			r, _, _ := inProcess(t, j)
			if r.end.Status != job.Success || r.rows(j) != "12/12/12" {
				t.Fatalf("%s %+v\n%s", r.rows(j), r.end.Error, r.log)
			}
			if got := w.read("out.ndjson"); !strings.Contains(got, `{"n":11,"file":"%41 11","day":"2026-01-12"}`) && !strings.Contains(got, `{"n":11,"day":"2026-01-12","file":"%41 11.csv"}`) {
				t.Error(got)
			}
			for path, want := range map[string]string{
				"empty.csv":      "empty_file",
				"none.csv":       "file_not_found",
				"days/**/*.json": "file_not_found",
				"ü.csv":          "bad_encoding",
			} {
				j := f.job(newWorld(t, nil), fmt.Sprintf("in source_file {\"conn_id\": \"far\", \"path\": %q}", path), "")
				r, _, _ := inProcess(t, j)
				if e := r.nodes["in"].Error; e == nil || e.Code != want {
					t.Errorf("%s: %+v", path, e)
				}
			}
			j = f.job(newWorld(t, nil), `in source_file {"conn_id": "far", "path": "days/**/*.csv"}`, "")
			j.Limits.Spill = 10
			if r, _, _ := inProcess(t, j); r.nodes["in"].Error == nil || r.nodes["in"].Error.Code != "spill_limit" {
				t.Errorf("more is fetched than may be: %+v", r.nodes["in"].Error)
			}
		})
	}
}

// TestStaleWritersReplaceNoFile: a run that is executed elsewhere by now, one that is killed
// while it writes, and one whose rows fail leave what was there.
func TestStaleWritersReplaceNoFile(t *testing.T) {
	t.Parallel()
	for name, empty := range farPlaces {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFar(t, empty(t))
			f.put("out.csv", "old")
			w := newWorld(t, map[string]string{"in.csv": "a\n1\n"})
			text := `in source_file {"path": "in.csv"}
				out sink_file {"conn_id": "far", "path": "out.csv"}`
			j := f.job(w, text, "in>out")
			r := converse(t.Context(), t, j, func(q job.Question) job.Reply {
				return job.Reply{ID: q.ID, Error: &job.Failure{Code: "stale", Message: "the run is executed elsewhere"}}
			})
			if r.end.Status != job.Failed || f.read("out.csv") != "old" {
				t.Errorf("%+v %s", r.end, f.read("out.csv"))
			}
			killWhenAsked(t, f.job(newWorld(t, map[string]string{"in.csv": "a\n1\n"}), text, "in>out"))
			if got := f.read("out.csv"); got != "old" {
				t.Error(got)
			}
			j = f.job(newWorld(t, map[string]string{"in.csv": "a\n1\n"}), strings.Replace(text, "out.csv", "new.csv", 1)+"\nbad where {\"sql\": \"error('no')\"}", "in>bad bad>out")
			if r := converse(t.Context(), t, j, held); r.end.Status != job.Failed || f.read("new.csv") != "none" {
				t.Errorf("%+v %s", r.end, f.read("new.csv"))
			}
			j = f.job(newWorld(t, map[string]string{"in.csv": "a\n1\n"}), text, "in>out")
			if r := converse(t.Context(), t, j, held); r.end.Status != job.Success || f.read("out.csv") != "a\n1\n" {
				t.Errorf("%+v %s", r.end.Error, f.read("out.csv"))
			}
		})
	}
}

// killWhenAsked starts a job in an engine process and kills it when that is about to put
// what it has written in its place.
func killWhenAsked(t *testing.T, j job.Job) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestProcess$")
	cmd.Env = []string{"ENGINE_PROCESS=1"}
	in, err := cmd.StdinPipe()
	ok(t, err)
	out, err := cmd.StdoutPipe()
	ok(t, err)
	ok(t, cmd.Start())
	ok(t, json.NewEncoder(in).Encode(j))
	lines := json.NewDecoder(out)
	for m := (job.Message{}); m.Type != job.Ask; {
		m = job.Message{}
		if err := lines.Decode(&m); err != nil || m.Type == job.Finished {
			t.Errorf("the engine ended before it was killed: %v %+v", err, m.Error)
			break
		}
	}
	ok(t, cmd.Process.Kill())
	_ = cmd.Wait()
}

// TestAWayThatBreaksOff: rows that come over a way on which connections break off are the
// right ones.
func TestAWayThatBreaksOff(t *testing.T) {
	t.Parallel()
	var rows strings.Builder
	for i := range 200_000 {
		fmt.Fprintf(&rows, "{\"i\": %d}\n", i)
	}
	for name, empty := range farPlaces {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, cut := remotetest.Through(t, empty(t))
			f := newFar(t, c)
			f.put("in.ndjson", rows.String())
			cut.Break(1 << 20)
			w := newWorld(t, nil)
			j := f.job(w, "in source_file {\"conn_id\": \"far\", \"path\": \"in.ndjson\"}\nout sink_file {\"path\": \"out.csv\"}", "in>out")
			r, _, _ := inProcess(t, j)
			if got := w.read("out.csv"); r.rows(j) != "200000/200000" || !strings.HasSuffix(got, "\n199998\n199999\n") || !strings.HasPrefix(got, "i\n0\n1\n") {
				t.Errorf("%s %+v", r.rows(j), r.end.Error)
			}
		})
	}
}

// TestSettingsOfFilesElsewhere are refused when they are saved.
func TestSettingsOfFilesElsewhere(t *testing.T) {
	t.Parallel()
	for settings, want := range map[string]string{
		`source_file {"conn_id": "far", "path": "../x.csv"}`:                                "path",
		`source_file {"conn_id": "far", "path": "in/"}`:                                     "path",
		`sink_file {"conn_id": "far", "path": "a/../x.csv"}`:                                "path",
		`sink_file {"conn_id": "far", "path": "x", "format": "csv", "partition_by": ["a"]}`: "partition_by",
	} {
		kind, config, _ := strings.Cut(settings, " ")
		for _, spec := range offered(t) {
			if spec.Kind != kind {
				continue
			}
			_, problems := spec.Build(json.RawMessage(config))
			if len(problems) != 1 || problems[0].Path != want {
				t.Errorf("%s: %+v", settings, problems)
			}
		}
	}
	j := newWorld(t, nil).job(`in source_file {"conn_id": "far", "path": "x.csv"}`, "")
	if r := execute(t.Context(), t, j); r.nodes["in"].Error == nil || r.nodes["in"].Error.Code != "connection_not_given" {
		t.Errorf("%+v", r.nodes["in"].Error)
	}
}
