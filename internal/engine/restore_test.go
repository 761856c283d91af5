package engine_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/broked/broked/internal/job"
)

// TestRestoredNodesAreReadAndNotComputed runs a pipeline, and then again over what the
// first run has left, though its source is gone.
func TestRestoredNodesAreReadAndNotComputed(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		spoil func(w *world, path string) string // returns the path that is given to the second run
		rows  int64
		ends  string // of in, big, out and small, when nothing fails
		code  string
	}{
		"whole":     {func(_ *world, path string) string { return path }, 3, "success/success/success/success", ""},
		"not there": {func(w *world, _ string) string { return filepath.Join(w.run, "nothing.parquet") }, 3, "", "artifact_missing"},
		"no file":   {func(*world, string) string { return "" }, 3, "", "artifact_missing"},
		"cut short": {func(_ *world, path string) string { ok(t, os.Truncate(path, 40)); return path }, 3, "", "artifact_missing"},
		"other":     {func(_ *world, path string) string { return path }, 4, "", "artifact_missing"},
		"elsewhere": {func(w *world, path string) string {
			ok(t, os.Rename(path, w.path("x.parquet")))
			return w.path("x.parquet")
		}, 3, "", "artifact_missing"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, map[string]string{"in.csv": "a\n1\n2\n3\n4\n"})
			j := w.job(`
				in source_file {"path": "in.csv"}
				big filter {"condition": "a > 1", "keep": true}
				out sink_file {"path": "out.csv"}
				small sink_file {"path": "small.csv"}`, "in>big big>out in>small")
			first := execute(t.Context(), t, j)
			path := ""
			for _, m := range first.messages {
				if m.Type == job.Artifact && m.Node == "big" {
					path = m.Path
				}
			}
			for _, gone := range []string{"in.csv", "out.csv", "small.csv"} {
				ok(t, os.Remove(w.path(gone)))
			}
			j.Nodes[0].Restored, j.Nodes[3].Restored = &job.Restored{Rows: 4}, &job.Restored{Rows: 4}
			j.Nodes[1].Restored = &job.Restored{Path: tc.spoil(w, path), Rows: tc.rows}
			second := execute(t.Context(), t, j)
			var ends []string
			for _, s := range j.Nodes {
				m := second.nodes[s.ID]
				ends = append(ends, string(m.Status))
				if m.Restored != (s.Restored != nil && m.Status == job.Success) {
					t.Errorf("%s: restored is %v", s.ID, m.Restored)
				}
			}
			if got := strings.Join(ends, "/"); got != tc.ends && tc.code == "" {
				t.Errorf("got %s, want %s", got, tc.ends)
			}
			if tc.code != "" {
				if second.end.Error == nil || second.end.Error.Code != tc.code || second.nodes["big"].Status != job.Failed {
					t.Errorf("ended %+v", second.end)
				}
				return
			}
			if got := w.read("out.csv"); got != "a\n2\n3\n4\n" {
				t.Errorf("got %q", got)
			}
			if _, err := os.Stat(w.path("small.csv")); err == nil {
				t.Error("a sink that had finished has written again")
			}
			if p := second.previews["big"]; p == nil || len(p.Rows) != 3 {
				t.Errorf("the preview is %+v", p)
			}
		})
	}
}

// TestRestoredNumbersKeepTheirDigits restores numbers that Parquet has no type for.
func TestRestoredNumbersKeepTheirDigits(t *testing.T) {
	t.Parallel()
	w := newWorld(t, map[string]string{"in.csv": "a\n1\n"})
	j := w.job(`
		in source_file {"path": "in.csv"}
		big sql {"query": "SELECT 12345678901234567890123::HUGEINT AS h, [h] AS l FROM \"in\"", "keep": true}
		more sql {"query": "SELECT h + 1 AS h, l[1] + 2 AS l FROM big"}
		out sink_file {"path": "out.csv"}`, "in>big big>more more>out")
	first := execute(t.Context(), t, j)
	for _, m := range first.messages {
		if m.Type == job.Artifact && m.Node == "big" {
			j.Nodes[1].Restored = &job.Restored{Path: m.Path, Rows: 1}
		}
	}
	const want = "h,l\n12345678901234567890124,12345678901234567890125\n"
	if got := w.read("out.csv"); got != want || first.end.Status != job.Success {
		t.Fatalf("%+v %s", first.end.Error, got)
	}
	ok(t, os.Remove(w.path("out.csv")))
	j.Nodes[0].Restored = &job.Restored{Rows: 1}
	second := execute(t.Context(), t, j)
	if got := w.read("out.csv"); got != want || !second.nodes["big"].Restored {
		t.Errorf("%+v %s", second.end.Error, got)
	}
	if p := second.previews["big"]; p == nil || len(p.Rows) != 1 || p.Rows[0][0] != "12345678901234567890123" || p.Rows[0][1] != "[12345678901234567890123]" {
		t.Errorf("the preview is %+v", p)
	}
}
