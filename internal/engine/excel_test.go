package engine_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/broked/broked/internal/job"
	"github.com/broked/broked/internal/xlsx"
)

// TestExcelThereAndBack writes a workbook in a confined process and reads it in
// another: what was text, a number, a date or nothing still is.
func TestExcelThereAndBack(t *testing.T) {
	t.Parallel()
	const content = "id,zip,amount,flag,day,at,big\n" +
		"1,00123,1.5,true,2026-01-31,2026-01-31 10:00:00,999999999999999999\n" +
		"2,10115,,false,,2026-02-01 00:00:01,1\n"
	w := newWorld(t, map[string]string{"in.csv": content + strings.Repeat("3,\"a, \"\"b\"\"\nc\",-2,true,1999-12-31,2000-01-01 00:00:00,2\n", 20_000)})
	j := w.job(`
		in source_file {"path": "in.csv"}
		out sink_file {"path": "book.xlsx", "sheet": "Orders"}`, "in>out")
	if r, _, _ := inProcess(t, j); r.rows(j) != "20002/20002" || len(r.previews["out"].Rows) == 0 {
		t.Fatalf("%+v %s\n%s", r.end.Error, r.rows(j), r.log)
	}
	j = w.job(`
		in source_file {"path": "*.xlsx", "sheet": "Orders", "filename": "file"}
		out sink_file {"path": "out.csv"}`, "in>out")
	r, _, _ := inProcess(t, j)
	if r.rows(j) != "20002/20002" {
		t.Fatalf("%+v %s\n%s", r.end.Error, r.rows(j), r.log)
	}
	want := "id,zip,amount,flag,day,at,big,file\n" +
		"1,00123,1.5,true,2026-01-31,2026-01-31 10:00:00,999999999999999999,book.xlsx\n" +
		"2,10115,,false,,2026-02-01 00:00:01,1,book.xlsx\n" +
		"3,\"a, \"\"b\"\"\nc\",-2,true,1999-12-31,2000-01-01 00:00:00,2,book.xlsx\n"
	if got := w.read("out.csv"); !strings.HasPrefix(got, want) {
		t.Errorf("got %.600s", got)
	}
	var types []string
	for _, c := range r.previews["in"].Columns {
		types = append(types, c.Type)
	}
	if got := strings.Join(types, ","); got != "BIGINT,VARCHAR,DOUBLE,BOOLEAN,DATE,TIMESTAMP,VARCHAR,VARCHAR" {
		t.Errorf("types %s", got)
	}
}

func TestExcelSheets(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	for name, rows := range map[string][][]string{
		"a.xlsx": {{"id", "n"}, {"1", "x"}},
		"b.xlsx": {{"id", "m"}, {"2", "y"}},
		"c.xlsx": {{"id"}, {"1", "more"}},
		"d.xlsx": {},
		"e.xlsx": {{"id", "ID"}, {"1", "2"}},
	} {
		f, err := os.Create(w.path(name))
		ok(t, err)
		book, err := xlsx.NewWriter(f, "S")
		ok(t, err)
		for _, row := range rows {
			var cells []xlsx.Cell
			for _, text := range row {
				cells = append(cells, xlsx.Cell{Kind: xlsx.Text, Text: text})
			}
			ok(t, book.Row(cells))
		}
		ok(t, book.Close())
		ok(t, f.Close())
	}
	for settings, want := range map[string]string{
		`"path": "[ab].xlsx", "union_by_name": true`:                 "id,n,m\n1,x,\n2,,y\n",
		`"path": "[ab].xlsx"`:                                        "columns_differ: b.xlsx has other columns than a.xlsx: id, m instead of id, n",
		`"path": "a.xlsx", "header": false, "columns": ["p", "q"]`:   "p,q\nid,n\n1,x\n",
		`"path": "a.xlsx", "range": "B1", "types": {"n": "integer"}`: `bad_value: column "n" of a.xlsx has the value "x", which is not a whole number`,
		`"path": "a.xlsx", "sheet": "T"`:                             `invalid_request: a.xlsx has no sheet "T"; there are: S`,
		`"path": "c.xlsx"`:                                           "bad_sheet: row 2 of c.xlsx has a value in its column number 2, and the first row has 1: set range to the cells that are the table",
		`"path": "d.xlsx"`:                                           "empty_file: the sheet of d.xlsx is empty: it has not even a row of column names",
		`"path": "e.xlsx"`:                                           `duplicate_column: two columns of e.xlsx are called "ID": number 1 and number 2; rename one of them`,
	} {
		_ = os.Remove(w.path("out.csv"))
		j := w.job(fmt.Sprintf("in source_file {%s}\nout sink_file {\"path\": \"out.csv\"}", settings), "in>out")
		r := execute(t.Context(), t, j)
		var got string
		if r.end.Status == job.Success {
			got = w.read("out.csv")
		} else {
			got = r.end.Error.Code + ": " + r.end.Error.Message
		}
		if got != want {
			t.Errorf("%s: %s, want %s", settings, got, want)
		}
	}
}
