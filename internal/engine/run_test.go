package engine_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/broked/broked/internal/job"
)

// copyOf is a job that reads one file and writes it as CSV.
func copyOf(w *world, settings string) job.Job {
	return w.job(`
		in source_file {"path": `+settings+`}
		out sink_file {"path": "out.csv"}`, "in>out")
}

func TestBadInput(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, content, settings string // of in.csv, and of the source
		code, says              string
	}{
		{name: "missing file", settings: `"inn.csv"`, code: "file_not_found", says: `did you mean "in.csv"?`},
		{name: "folder", settings: `"sub"`, code: "bad_path", says: `"sub/*.csv"`},
		{name: "outside the roots", settings: `"/etc/passwd"`, code: "path_not_allowed", says: "outside the folders"},
		{name: "link that leads out", settings: `"leak.csv"`, code: "path_not_allowed", says: "outside the folders"},
		{name: "pipe", settings: `"pipe.csv"`, code: "bad_path", says: "is a pipe"},
		{name: "empty file", content: "", code: "empty_file", says: "in.csv is empty"},
		{name: "only line ends", content: "\n\n", code: "empty_file", says: "in.csv is empty"},
		{name: "too few values", content: "a,b\n1,2\n3\n", code: "bad_csv", says: "line 3 of in.csv has 1 values where 2 are expected"},
		{name: "too many values", content: "a,b\n1,2\n3,4,5\n", code: "bad_csv", says: "line 3 of in.csv has 3 values where 2 are expected"},
		{name: "too few values late", content: "a,b\n" + strings.Repeat("1,2\n", 60000) + "3\n", code: "bad_csv", says: "line 60002 of in.csv has 1 values"},
		{name: "not UTF-8", content: "a,b\n1,x\n2,caf\xe9\n", code: "bad_encoding", says: "line 3 of in.csv is not in UTF-8: set encoding"},
		{name: "not UTF-8 late", content: "a,b\n" + strings.Repeat("1,2\n", 60000) + "2,caf\xe9\n", code: "bad_encoding", says: "line 60002 of in.csv is not in UTF-8: set encoding"},
		{name: "unknown encoding", settings: `"in.csv", "encoding": "latin99"`, code: "invalid_document", says: "no encoding"},
		{name: "duplicate headers", content: "id,name,ID\n1,2,3\n", code: "duplicate_column", says: `"ID": number 1 and number 3`},
		{name: "open quote", content: "a,b\n1,\"x\n2,3\n", code: "bad_csv", says: "never closed"},
		{name: "mixed line ends", content: "a,b\r\n1,2\n3,4\r\n", code: "bad_csv", says: "lines end in two ways"},
		{name: "binary", content: "PK\x03\x04junk", code: "bad_file", says: "an Excel or ZIP file"},
		{name: "NUL bytes", content: "a,b\n1,\x00\n", code: "bad_file", says: "NUL bytes"},
		{name: "broken gzip", content: "\x1f\x8bnonsense", code: "bad_file", says: "in.csv"},
		{name: "type of an unknown column", content: "amount\n1\n", settings: `"in.csv", "types": {"amuont": "text"}`, code: "invalid_request", says: `did you mean "amount"?`},
		{name: "value against its type", content: "a\n1\nx\n", settings: `"in.csv", "types": {"a": "integer"}`, code: "bad_value", says: `column "a" of in.csv has the value "x", which is not a whole number`},
		{name: "names for another number of columns", content: "1,2\n", settings: `"in.csv", "header": false, "columns": ["a"]`, code: "invalid_request", says: "has 1 names, but the first line of in.csv has 2 values"},
		{name: "unknown ending", settings: `"in.dat"`, code: "invalid_request", says: "choose csv"},
		{name: "setting of another format", content: "[]", settings: `"in.csv", "format": "json", "delimiter": ";"`, code: "invalid_document", says: "is for CSV files"},
		{name: "malformed JSON", content: `[{"a":1},{"a":`, settings: `"in.csv", "format": "json"`, code: "bad_json", says: "in.csv is not well-formed JSON"},
		{name: "malformed NDJSON", content: "{\"a\":1}\n{\"a\":\n", settings: `"in.csv", "format": "ndjson"`, code: "bad_json", says: "in.csv is not well-formed JSON"},
		{name: "no Parquet", content: "nothing of the kind, though long enough", settings: `"in.csv", "format": "parquet"`, code: "bad_file", says: "in.csv is not a Parquet file"},
		{name: "other columns", content: "a,b\n1,2\n", settings: `"*.csv"`, code: "columns_differ", says: "other.csv has other columns than in.csv"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, map[string]string{"in.csv": tc.content, "in.dat": "x", "sub/x.csv": "a\n1\n", "out.csv": "precious"})
			switch {
			case strings.Contains(tc.settings, "leak"):
				ok(t, os.Symlink("/etc/passwd", w.path("leak.csv")))
			case strings.Contains(tc.settings, "pipe"):
				ok(t, syscall.Mkfifo(w.path("pipe.csv"), 0o600))
			case strings.Contains(tc.settings, "*"):
				w.write("other.csv", "a,c\n1,2\n")
				ok(t, os.Remove(w.path("out.csv")))
			}
			if tc.settings == "" {
				tc.settings = `"in.csv"`
			}
			j := copyOf(w, tc.settings)
			r := execute(t.Context(), t, j)
			failure := r.nodes["in"].Error
			if r.end.Status != job.Failed || failure == nil {
				t.Fatalf("the run ended %s, and the source %+v", r.end.Status, r.nodes["in"])
			}
			if failure.Code != tc.code || !strings.Contains(failure.Message, tc.says) {
				t.Errorf("got %s: %s\nwant %s: ... %s", failure.Code, failure.Message, tc.code, tc.says)
			}
			if r.nodes["out"].Status != job.Skipped {
				t.Errorf("the sink is %s", r.nodes["out"].Status)
			}
			w.unharmed()
		})
	}
}

// unharmed checks that a failed run has changed nothing and left nothing behind.
func (w *world) unharmed() {
	w.t.Helper()
	if b, err := os.ReadFile(w.path("out.csv")); err == nil && string(b) != "precious" {
		w.t.Errorf("the old file is now %.60q", b)
	}
	left, err := filepath.Glob(w.path(".*"))
	if err != nil || len(left) > 0 {
		w.t.Errorf("left behind: %v %v", left, err)
	}
	if left, _ := filepath.Glob(filepath.Join(w.run, "tmp")); len(left) > 0 {
		w.t.Errorf("left behind: %v", left)
	}
}

func ok(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

func TestGoodInput(t *testing.T) {
	t.Parallel()
	many := func(row string) string { return "a,b\n" + strings.Repeat(row+"\n", 60000) }
	for _, tc := range []struct {
		name, content, settings string
		want                    string // of out.csv; when it is long, only how it ends
		types                   string
	}{
		{name: "types", content: "i,d,b,day,at,t\n1,1.5,true,2026-01-31,2026-01-31 10:00:00,x\n-2,2,false,2026-02-01,2026-01-31T11:00:00.5,\n", want: "i,d,b,day,at,t\n1,1.5,true,2026-01-31,2026-01-31 10:00:00,x\n-2,2,false,2026-02-01,2026-01-31 11:00:00.5,\n", types: "BIGINT/DOUBLE/BOOLEAN/DATE/TIMESTAMP/VARCHAR"},
		{name: "leading zeros", content: "zip,n\n00123,1\n10115,2\n", want: "zip,n\n00123,1\n10115,2\n", types: "VARCHAR/BIGINT"},
		{name: "leading zeros late", content: many("123,1") + "00123,2\n", want: "\n123,1\n00123,2\n", types: "VARCHAR/BIGINT"},
		{name: "plus sign, long number, bare exponent", content: "a,b,c\n+49,12345678901234567890,12E5\n", want: "a,b,c\n+49,12345678901234567890,12E5\n", types: "VARCHAR/VARCHAR/VARCHAR"},
		{name: "long number late", content: many("1.5,1") + "1234567890123456,2\n", want: "\n1234567890123456,2\n", types: "VARCHAR/BIGINT"},
		{name: "decimal late", content: many("1,1") + "2.5,1\n", want: "\n2.5,1\n", types: "DOUBLE/BIGINT"},
		{name: "word late", content: many("1,1") + "none,1\n", want: "\nnone,1\n", types: "VARCHAR/BIGINT"},
		{name: "day that is none late", content: many("2026-01-01,1") + "2026-02-30,1\n", want: "\n2026-02-30,1\n", types: "VARCHAR/BIGINT"},
		{name: "other dates are text", content: "a,b\n31.12.2026,01/02/2026\n", want: "a,b\n31.12.2026,01/02/2026\n", types: "VARCHAR/VARCHAR"},
		{name: "asked types", content: "a,b,c\n31.12.2026,007,1.10\n", settings: `"in.csv", "types": {"a": "date", "b": "integer", "c": "decimal"}`, want: "a,b,c\n2026-12-31,7,1.10\n", types: "DATE/BIGINT/DECIMAL(38,2)"},
		{name: "header only", content: "a,b\n", want: "a,b\n", types: "VARCHAR/VARCHAR"},
		{name: "byte order mark", content: "\xef\xbb\xbfa,b\n1,2\n", want: "a,b\n1,2\n", types: "BIGINT/BIGINT"},
		{name: "Windows line ends", content: "a,b\r\n1,2\r\n", want: "a,b\n1,2\n", types: "BIGINT/BIGINT"},
		{name: "windows-1252", content: "a\ncaf\xe9\n", settings: `"in.csv", "encoding": "windows-1252"`, want: "a\ncafé\n", types: "VARCHAR"},
		{name: "UTF-16 with a mark", content: "\xff\xfea\x00\n\x001\x00\n\x00", want: "a\n1\n", types: "BIGINT"},
		{name: "semicolons", content: "a;b\n1,5;2\n", want: "a,b\n\"1,5\",2\n", types: "VARCHAR/BIGINT"},
		{name: "tabs", content: "a\tb\n1\t2\n", settings: `"in.csv", "format": "tsv"`, want: "a,b\n1,2\n", types: "BIGINT/BIGINT"},
		{name: "blank lines at the top", content: "\xef\xbb\xbf\n\na,b\n1,2\n", want: "a,b\n1,2\n", types: "BIGINT/BIGINT"},
		{name: "numbers as programs print them", content: "a,b\n1.5e-07,10.50\n2,100\n", want: "a,b\n1.5e-07,10.5\n2,100\n", types: "DOUBLE/DOUBLE"},
		{name: "no header", content: "1,2\n3,4\n", settings: `"in.csv", "header": false`, want: "column1,column2\n1,2\n3,4\n", types: "BIGINT/BIGINT"},
		{name: "given names", content: "1,x\n", settings: `"in.csv", "header": false, "columns": ["id", "it's \"it\""]`, want: "id,\"it's \"\"it\"\"\"\n1,x\n", types: "BIGINT/VARCHAR"},
		{name: "blank names", content: "a,, b \n1,2,3\n", want: "a,column2,b\n1,2,3\n", types: "BIGINT/BIGINT/BIGINT"},
		{name: "null strings", content: "a,b\nN/A,x\n1,NULL\n", settings: `"in.csv", "null_strings": ["N/A", "NULL"]`, want: "a,b\n,x\n1,\n", types: "BIGINT/VARCHAR"},
		{name: "quoted values", content: "\"a\",\"b\"\n\"1\",\"x\ny\"\n", want: "a,b\n1,\"x\ny\"\n", types: "BIGINT/VARCHAR"},
		{name: "apostrophes for quotes", content: "a,b\n'1,5',2\n", settings: `"in.csv", "quote": "'"`, want: "a,b\n\"1,5\",2\n", types: "VARCHAR/BIGINT"},
		{name: "JSON", content: `[{"a":1,"b":"007"},{"a":2,"b":null}]`, settings: `"in.csv", "format": "json"`, want: "a,b\n1,007\n2,\n", types: "BIGINT/VARCHAR"},
		{name: "nested JSON", content: `[{"a":{"x":1},"b":[1,2]}]`, settings: `"in.csv", "format": "json"`, want: "a,b\n\"{\"\"x\"\":1}\",\"[1,2]\"\n", types: "VARCHAR/VARCHAR"},
		{name: "one JSON object", content: `{"a":1}`, settings: `"in.csv", "format": "json"`, want: "a\n1\n", types: "BIGINT"},
		{name: "JSON of another type late", content: strings.Repeat(`{"a":1}`+"\n", 60000) + `{"a":"x"}`, settings: `"in.csv", "format": "ndjson"`, want: "\n1\nx\n", types: "VARCHAR"},
		{name: "several files in order", content: "a\n1\n", settings: `"*.csv"`, want: "a\n1\n2\n3\n", types: "BIGINT"},
		{name: "cell of 2 MB", content: "a,b\n1,\"" + strings.Repeat("x\n", 1<<20) + "\"\n2,y\n", want: "x\n\"\n2,y\n", types: "BIGINT/VARCHAR"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, map[string]string{"in.csv": tc.content})
			if strings.Contains(tc.settings, "*") {
				w.write("in2.csv", "a\n2\n")
				w.write("in3.csv", "a\n3\n")
			}
			if tc.settings == "" {
				tc.settings = `"in.csv"`
			}
			j := copyOf(w, tc.settings)
			r := execute(t.Context(), t, j)
			if r.end.Status != job.Success {
				t.Fatalf("failed: %+v", r.end.Error)
			}
			if got := w.read("out.csv"); len(tc.content) < 1000 && got != tc.want || !strings.HasSuffix(got, tc.want) {
				t.Errorf("out.csv ends with %.200q, want %.200q", got[max(0, len(got)-200):], tc.want)
			}
			var types []string
			for _, c := range r.previews["out"].Columns {
				types = append(types, c.Type)
			}
			if got := strings.Join(types, "/"); got != tc.types {
				t.Errorf("types %s, want %s", got, tc.types)
			}
		})
	}
}

func TestManyColumns(t *testing.T) {
	t.Parallel()
	var head, row []string
	for i := range 300 {
		head, row = append(head, fmt.Sprintf("c%d", i)), append(row, strconv.Itoa(i+1))
	}
	content := strings.Join(head, ",") + "\n" + strings.Join(row, ",") + "\n"
	w := newWorld(t, map[string]string{"in.csv": content})
	r := execute(t.Context(), t, copyOf(w, `"in.csv"`))
	if r.end.Status != job.Success || w.read("out.csv") != content {
		t.Errorf("%s %+v", r.end.Status, r.end.Error)
	}
}

func TestRoundTrips(t *testing.T) {
	t.Parallel()
	const content = "id,name,at,note\n1,Ann,2026-01-31 10:00:00,\n2,\"B, ob\",2026-02-01 11:30:00,007\n"
	for _, name := range []string{"x.csv", "x.csv.gz", "x.csv.zst", "x.tsv", "x.json", "x.json.gz", "x.ndjson", "x.ndjson.zst", "x.parquet"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, map[string]string{"in.csv": content})
			j := w.job(fmt.Sprintf(`
				in source_file {"path": "in.csv"}
				out sink_file {"path": %q}`, name), "in>out")
			r := execute(t.Context(), t, j)
			if r.end.Status != job.Success || len(r.previews["out"].Rows) != 2 {
				t.Fatalf("%s %+v %+v", r.end.Status, r.end.Error, r.previews["out"])
			}
			j = w.job(fmt.Sprintf(`
				in source_file {"path": %q}
				w where {"sql": "id > 0"}
				out sink_file {"path": "out.csv"}`, name), "in>w w>out")
			back := execute(t.Context(), t, j)
			if back.end.Status != job.Success || back.rows(j) != "2/2/2" {
				t.Fatalf("%s %+v", back.rows(j), back.end.Error)
			}
			if diff := cmp.Diff(content, w.read("out.csv")); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestPartitions(t *testing.T) {
	t.Parallel()
	w := newWorld(t, map[string]string{"in.csv": "country,n\nDE,1\nFR,2\nDE,3\n", "mixed/note.txt": "keep"})
	j := w.job(`
		in source_file {"path": "in.csv"}
		out sink_file {"path": "parts", "partition_by": ["country"]}`, "in>out")
	for range 2 { // the second replaces what the first has written
		r := execute(t.Context(), t, j)
		if r.end.Status != job.Success || r.rows(j) != "3/3" {
			t.Fatalf("%s %+v %s", r.end.Status, r.end.Error, r.rows(j))
		}
	}
	files, err := filepath.Glob(w.path("parts/country=*/*.parquet"))
	if err != nil || len(files) != 2 {
		t.Errorf("%v %v", files, err)
	}
	w.unharmed()
	j = w.job(`
		in source_file {"path": "in.csv"}
		out sink_file {"path": "mixed", "partition_by": ["country"]}`, "in>out")
	if r := execute(t.Context(), t, j); r.end.Status != job.Failed || w.read("mixed/note.txt") != "keep" {
		t.Errorf("a folder of other things was replaced: %+v", r.end)
	}
}

func TestRowsAndPreviewsOfEveryNode(t *testing.T) {
	t.Parallel()
	const a, b = "k,n\n1,10\n2,20\n3,30\n4,40\n", "k,m\n2,x\n3,y\n"
	for _, tc := range []struct{ name, nodes, edges, rows string }{
		{"source to sink", "in source_file {\"path\":\"a.csv\"}\nout sink_file {\"path\":\"out.csv\"}", "in>out", "4/4"},
		{"filter", "in source_file {\"path\":\"a.csv\"}\nw where {\"sql\":\"n > 10\"}\nout sink_file {\"path\":\"out.csv\"}", "in>w w>out", "4/3/3"},
		{"two filters", "in source_file {\"path\":\"a.csv\"}\nw where {\"sql\":\"n > 10\"}\nv where {\"sql\":\"n > 20\"}\nout sink_file {\"path\":\"out.csv\"}", "in>w w>v v>out", "4/3/2/2"},
		{"nothing is left", "in source_file {\"path\":\"a.csv\"}\nw where {\"sql\":\"n > 100\"}\nout sink_file {\"path\":\"out.csv\"}", "in>w w>out", "4/0/0"},
		{"nothing is asked", "in source_file {\"path\":\"a.csv\"}\nw where {\"sql\":\"false\"}\nout sink_file {\"path\":\"out.csv\"}", "in>w w>out", "4/0/0"},
		{"same rows before and after", "in source_file {\"path\":\"a.csv\"}\ns select {\"sql\":\"*, n + 1 AS o\"}\nw where {\"sql\":\"o > 11\"}\nt select {\"sql\":\"k\"}\nout sink_file {\"path\":\"out.csv\"}", "in>s s>w w>t t>out", "4/4/3/3/3"},
		{"join", "a source_file {\"path\":\"a.csv\"}\nb source_file {\"path\":\"b.csv\"}\nj join2 {\"sql\":\"k\"}\nout sink_file {\"path\":\"out.csv\"}", "a>j b>j j>out", "4/2/2/2"},
		{"join of a file with itself, filtered", "a source_file {\"path\":\"a.csv\"}\nb source_file {\"path\":\"a.csv\"}\nw where {\"sql\":\"n > 20\"}\nj join2 {\"sql\":\"k\"}\nout sink_file {\"path\":\"out.csv\"}", "a>j b>w w>j j>out", "4/4/2/2/2"},
		{"join with nothing", "a source_file {\"path\":\"a.csv\"}\nb source_file {\"path\":\"b.csv\"}\nw where {\"sql\":\"k > 9\"}\nj join2 {\"sql\":\"k\"}\nout sink_file {\"path\":\"out.csv\"}", "a>j b>w w>j j>out", "4/2/0/0/0"},
		{"two sinks", "in source_file {\"path\":\"a.csv\"}\nx sink_file {\"path\":\"x.csv\"}\ny sink_file {\"path\":\"y.json\"}", "in>x in>y", "4/4/4"},
		{"diamond", "in source_file {\"path\":\"a.csv\"}\nl where {\"sql\":\"n > 10\"}\nr where {\"sql\":\"n < 40\"}\nj join2 {\"sql\":\"k\"}\nout sink_file {\"path\":\"out.csv\"}", "in>l in>r l>j r>j j>out", "4/3/3/2/2"},
		{"same rows as a shared node", "a source_file {\"path\":\"a.csv\"}\ns select {\"sql\":\"*, 1 AS one\"}\nj join2 {\"sql\":\"k\"}\nout sink_file {\"path\":\"out.csv\"}", "a>s s>j a>j j>out", "4/4/4/4"},
		{"no sink", "in source_file {\"path\":\"a.csv\"}\nw where {\"sql\":\"n > 10\"}", "in>w", "4/3"},
		{"file replaced by its own rows", "in source_file {\"path\":\"a.csv\"}\nw where {\"sql\":\"n > 10\"}\nout sink_file {\"path\":\"a.csv\"}", "in>w w>out", "4/3/3"},
		{"no nodes", "", "", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, map[string]string{"a.csv": a, "b.csv": b})
			j := w.job(tc.nodes, tc.edges)
			r := execute(t.Context(), t, j)
			if r.end.Status != job.Success {
				t.Fatalf("%+v", r.end.Error)
			}
			if got := r.rows(j); got != tc.rows {
				t.Errorf("rows %s, want %s", got, tc.rows)
			}
			for _, s := range j.Nodes {
				p := r.previews[s.ID]
				if p == nil || int64(len(p.Rows)) != *r.nodes[s.ID].Rows || p.Truncated {
					t.Errorf("preview of %s: %+v", s.ID, p)
				}
			}
		})
	}
}

func TestPreviewIsFitForABrowser(t *testing.T) {
	t.Parallel()
	w := newWorld(t, map[string]string{"in.csv": "a\n" + strings.Repeat("1\n", 500)})
	j := w.job(`
		in source_file {"path": "in.csv"}
		s select {"sql": "9007199254740993 AS big, 1.50::DECIMAL(9,2) AS price, DATE '2026-01-31' AS day, 'nan'::DOUBLE AS nan, repeat('x', 5000) AS long, {'a': [1]} AS nested, NULL::BIGINT AS nothing"}
		out sink_file {"path": "out.parquet"}`, "in>s s>out")
	r := execute(t.Context(), t, j)
	if r.end.Status != job.Success {
		t.Fatalf("%+v", r.end.Error)
	}
	p := r.previews["s"]
	want := []any{"9007199254740993", "1.50", "2026-01-31", "NaN", strings.Repeat("x", 1000) + "…", `{"a":[1]}`, nil}
	if diff := cmp.Diff(want, p.Rows[0]); diff != "" || !p.Truncated || len(p.Rows) != 100 {
		t.Errorf("%d rows, truncated %v (-want +got)\n%s", len(p.Rows), p.Truncated, diff)
	}
	j.Limits.PreviewBytes = 3000
	if p := execute(t.Context(), t, j).previews["s"]; len(p.Rows) > 3 || !p.Truncated {
		t.Errorf("%d rows in 3000 bytes", len(p.Rows))
	}
}

func TestFailures(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, nodes, edges, failed, code, says, statuses string }{
		{"unknown kind", "in sourcefile {}", "", "in", "invalid_request", `did you mean "source_file"?`, "failed"},
		{"unknown setting", "in source_file {\"path\":\"in.csv\",\"hedaer\":true}", "", "in", "invalid_document", `did you mean "header"?`, "failed"},
		{"circle", "a select {\"sql\":\"1\"}\nb select {\"sql\":\"1\"}", "a>b b>a", "", "invalid_request", "circle", "skipped/skipped"},
		{"unknown column", "in source_file {\"path\":\"in.csv\"}\nw where {\"sql\":\"nope > 1\"}\nout sink_file {\"path\":\"out.csv\"}", "in>w w>out", "w", "query_failed", "nope", "skipped/failed/skipped"},
		{"panic", "in source_file {\"path\":\"in.csv\"}\np panic {}\nout sink_file {\"path\":\"out.csv\"}", "in>p p>out", "p", "internal", "our side", "skipped/failed/skipped"},
		{"value in the middle", "in source_file {\"path\":\"in.csv\"}\ns select {\"sql\":\"CAST(t AS INTEGER) AS t\"}\nout sink_file {\"path\":\"out.csv\"}", "in>s s>out", "s", "bad_value", "'x'", "skipped/failed/skipped"},
		{"partition by an unknown column", "in source_file {\"path\":\"in.csv\"}\nout sink_file {\"path\":\"parts\",\"partition_by\":[\"tt\"]}", "in>out", "out", "invalid_request", `no column "tt"`, "skipped/failed"},
		{"sink outside", "in source_file {\"path\":\"in.csv\"}\nout sink_file {\"path\":\"/etc/out.csv\"}", "in>out", "out", "path_not_allowed", "outside", "skipped/failed"},
		{"two sinks of one file", "in source_file {\"path\":\"in.csv\"}\nx sink_file {\"path\":\"out.csv\"}\ny sink_file {\"path\":\"./out.csv\"}", "in>x in>y", "y", "invalid_request", "both write out.csv", "skipped/skipped/failed"},
		{"file outside in SQL", "in source_file {\"path\":\"in.csv\"}\nw where {\"sql\":\"n IN (SELECT 1 FROM read_text('/etc/passwd'))\"}\nout sink_file {\"path\":\"out.csv\"}", "in>w w>out", "w", "path_not_allowed", "no file of this run", "skipped/failed/skipped"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, map[string]string{"in.csv": "n,t\n1,x\n2,y\n", "out.csv": "precious"})
			j := w.job(tc.nodes, tc.edges)
			r := execute(t.Context(), t, j)
			if r.end.Status != job.Failed || r.end.Error.Code != tc.code || !strings.Contains(strings.ToLower(r.end.Error.Message), strings.ToLower(tc.says)) {
				t.Errorf("ended %s: %+v", r.end.Status, r.end.Error)
			}
			if got := r.rows(j); got != tc.statuses {
				t.Errorf("nodes %s, want %s", got, tc.statuses)
			}
			if tc.failed != "" && r.nodes[tc.failed].Error == nil {
				t.Errorf("%s does not say what is wrong", tc.failed)
			}
			w.unharmed()
		})
	}
}

func TestOutOfMemoryIsToldAndLeavesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, map[string]string{"in.csv": "n\n1\n", "out.csv": "precious"})
	j := w.job(`
		in source_file {"path": "in.csv"}
		s select {"sql": "(SELECT length(string_agg(x, '')) FROM (SELECT repeat('x', 1000) || i AS x FROM range(200000) r(i))) AS l"}
		out sink_file {"path": "out.csv"}`, "in>s s>out")
	j.Limits.Memory = 48 << 20
	r := execute(t.Context(), t, j)
	if r.end.Error == nil || r.end.Error.Code != "out_of_memory" || !strings.Contains(r.end.Error.Message, "48 MiB") {
		t.Errorf("%+v", r.end.Error)
	}
	w.unharmed()
}

func TestCancelEndsTheStatement(t *testing.T) {
	t.Parallel()
	w := newWorld(t, map[string]string{"in.csv": "n\n1\n", "out.csv": "precious"})
	j := w.job(`
		in source_file {"path": "in.csv"}
		s select {"sql": "(SELECT count(*) FROM range(1000000) a, range(1000000) b WHERE a.range <> b.range + n) AS c"}
		out sink_file {"path": "out.csv"}`, "in>s s>out")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	line, err := json.Marshal(j)
	ok(t, err)
	out, say := io.Pipe()
	done := make(chan error, 1)
	go func() {
		err := testEngine(t).Run(ctx, bytes.NewReader(line), say)
		done <- errors.Join(err, say.Close())
	}()
	r := report{nodes: map[string]job.Message{}, previews: map[string]*job.Sample{}}
	for d := json.NewDecoder(out); r.end.Type == ""; {
		var m job.Message
		ok(t, d.Decode(&m))
		r.add(m)
		if m.Type == job.NodeStarted && m.Node == "out" {
			cancel() // the statement would take days
		}
	}
	ok(t, <-done)
	if r.end.Status != job.Failed || !strings.Contains(r.end.Error.Message, "stopped") {
		t.Errorf("%+v", r.end.Error)
	}
	w.unharmed()
}

func TestNoJobIsNoError(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	if err := testEngine(t).Run(t.Context(), strings.NewReader(""), &out); err != nil || !strings.Contains(out.String(), `"ready"`) {
		t.Errorf("%v %s", err, out.String())
	}
	if err := testEngine(t).Run(t.Context(), strings.NewReader("{"), &out); err == nil {
		t.Error("half a job is accepted")
	}
}

// TestSpillIsBounded sorts more than fits into memory, with and without room for it on
// the disk.
func TestSpillIsBounded(t *testing.T) {
	t.Parallel()
	for spill, code := range map[int64]string{1 << 30: "", 1 << 20: "spill_limit"} {
		w := newWorld(t, map[string]string{"in.csv": "n\n1\n"})
		j := w.job(`
			in source_file {"path": "in.csv"}
			big sql {"query": "SELECT range AS a, md5(CAST(range AS VARCHAR)) AS b FROM input, range(1500000) ORDER BY b"}
			out sink_file {"path": "out.parquet"}`, "in>big big>out")
		j.Limits.Memory, j.Limits.Spill, j.Limits.Threads = 64<<20, spill, 1
		r := execute(t.Context(), t, j)
		if code == "" && r.end.Status != job.Success || code != "" && (r.end.Error == nil || r.end.Error.Code != code) {
			t.Errorf("with %d bytes on the disk: %s %+v", spill, r.end.Status, r.end.Error)
		}
	}
}
