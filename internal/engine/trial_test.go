package engine_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/broked/broked/internal/job"
	"github.com/broked/broked/internal/node"
)

// TestTrial sees that a trial shows rows of every node, reads no more than a sample
// of what there is, and leaves everything outside as it was.
func TestTrial(t *testing.T) {
	t.Parallel()
	w := newWorld(t, map[string]string{
		"in.csv":  "id,amount\n1,10\n2,20\n3,30\n4,40\n",
		"out.csv": "as before\n",
		"old.db":  "",
	})
	j := w.job(`
		in source_file {"path":"in.csv"}
		big filter {"condition":"amount > 10"}
		twice code {"script":"for r in rows: r['twice'] = r['amount'] * 2"}
		many code {"script":"output_data = {'columns': ['n'], 'rows': [{'n': i} for i in range(50000)]}"}
		file sink_file {"path":"out.csv"}
		new sink_file {"path":"folder/new.csv"}
		all sink_file {"path":"many.csv"}
		copy migrate {"source_uri":"old.db","source_query":"SELECT 1 AS x","dest_uri":"new.db","dest_table":"t","create_table":true}`,
		"in>big big>twice twice>file in>new many>all")
	j.Trial = &job.Trial{Rows: 3}
	before := w.files()
	r := execute(t.Context(), t, j)
	if r.end.Status != job.Success {
		t.Fatalf("the trial ends %+v", r.end.Error)
	}
	if diff := cmp.Diff(before, w.files()); diff != "" {
		t.Errorf("files were touched (-before +after):\n%s", diff)
	}
	if got, want := r.rows(j), "3/2/2/3/2/3/3/0"; got != want {
		t.Errorf("the nodes have %s rows", got)
	}
	if s := r.previews["twice"]; s == nil || len(s.Rows) != 2 || s.Columns[2].Name != "twice" {
		t.Errorf("the code node shows %+v", s)
	}
	if s := r.previews["file"]; s == nil || len(s.Rows) != 2 {
		t.Errorf("the sink shows %+v", s)
	}
}

// TestPinned sees that rows which are pinned to a node take the place of its own,
// with their types, and that nothing that comes into it is computed or touched.
func TestPinned(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	j := w.job(`
		in source_file {"path":"missing.csv"}
		clean filter {"condition":"id > 1"}
		next sort {"columns":["at"],"ascending":true}
		out sink_file {"path":"out.csv"}`, "in>clean clean>next next>out")
	path := filepath.Join(w.run, "pin.ndjson")
	ok(t, os.WriteFile(path, []byte(`{"id":"007","at":"2026-02-01","n":9007199254740993,"l":[1,2],"d":"1.10"}`+"\n"+`{"id":"x","at":"2026-01-01"}`+"\n"), 0o600))
	j.Nodes[1].Pinned = &job.Pinned{Path: path, Columns: []node.Column{
		{Name: "id", Type: "VARCHAR"}, {Name: "at", Type: "DATE"}, {Name: "n", Type: "BIGINT"}, {Name: "l", Type: "BIGINT[]"}, {Name: "d", Type: "DECIMAL(9,2)"},
	}}
	j.Nodes = j.Nodes[1:] // what leads to a pinned node need not be there
	j.Edges = j.Edges[1:]
	r := execute(t.Context(), t, j)
	if r.end.Status != job.Success || r.rows(j) != "2/2/2" {
		t.Fatalf("%s rows, %+v", r.rows(j), r.end.Error)
	}
	if got, want := w.read("out.csv"), "id,at,n,l,d\nx,2026-01-01,,,\n007,2026-02-01,9007199254740993,\"[1,2]\",1.10\n"; got != want {
		t.Errorf("out.csv is %q, want %q", got, want)
	}
	types, err := json.Marshal(r.previews["next"].Columns)
	ok(t, err)
	if !strings.Contains(string(types), `"DECIMAL(9,2)"`) {
		t.Errorf("the columns are %s", types)
	}
}

// files returns what lies in the folder of data.
func (w *world) files() map[string]string {
	w.t.Helper()
	all := make(map[string]string)
	ok(w.t, filepath.WalkDir(w.data, func(path string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			all[path] = "folder"
			return err
		}
		b, err := os.ReadFile(path)
		all[path] = string(b)
		return err
	}))
	return all
}
