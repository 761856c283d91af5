package engine_test

import (
	"archive/zip"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/broked/broked/internal/job"
	"github.com/broked/broked/internal/node"
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

// TestExcelErrors sees that cells with an error are nothing, and told.
func TestExcelErrors(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	f, err := os.Create(w.path("book.xlsx"))
	ok(t, err)
	book := zip.NewWriter(f)
	for name, text := range map[string]string{
		"xl/workbook.xml":            `<workbook xmlns:r="r"><sheets><sheet name="One" r:id="a"/></sheets></workbook>`,
		"xl/_rels/workbook.xml.rels": `<Relationships><Relationship Id="a" Target="one.xml"/></Relationships>`,
		"xl/one.xml": `<worksheet><sheetData>
			<row><c t="str"><v>id</v></c><c t="str"><v>n</v></c></row>
			<row><c><v>1</v></c><c t="e"><f>1/0</f><v>#DIV/0!</v></c></row>
			<row><c><v>2</v></c><c><v>5</v></c></row>
			<row><c t="e"><v>#N/A</v></c><c t="e"><v>#N/A</v></c></row>
		</sheetData></worksheet>`,
	} {
		part, err := book.Create(name)
		ok(t, err)
		_, err = part.Write([]byte(text))
		ok(t, err)
	}
	ok(t, book.Close())
	ok(t, f.Close())
	r := execute(t.Context(), t, w.job(`
		in source_file {"path": "book.xlsx"}
		out sink_file {"path": "out.csv"}`, "in>out"))
	if got := w.read("out.csv"); r.end.Status != job.Success || got != "id,n\n1,\n2,5\n,\n" {
		t.Errorf("%+v %s", r.end.Error, got)
	}
	const told = "3 cells of book.xlsx have an error of Excel's and are empty here; the first is #DIV/0! in row 2"
	if !slices.ContainsFunc(r.messages, func(m job.Message) bool { return m.Message == told && m.Level == node.Warning && m.Node == "in" }) {
		t.Errorf("%+v", r.messages)
	}
}
