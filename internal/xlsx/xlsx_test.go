package xlsx_test

import (
	"archive/zip"
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/xlsx"
)

// workbook packs parts, given as pairs of a name and its content.
func workbook(tb testing.TB, parts ...string) string {
	tb.Helper()
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for i := 0; i < len(parts); i += 2 {
		p, err := z.Create(parts[i])
		if err == nil {
			_, err = p.Write([]byte(parts[i+1]))
		}
		if err != nil {
			tb.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		tb.Fatal(err)
	}
	return saved(tb, out.Bytes())
}

func saved(tb testing.TB, content []byte) string {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), "book.xlsx")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		tb.Fatal(err)
	}
	return path
}

const (
	book   = `<workbook xmlns:r="r"><sheets><sheet name="One" r:id="a"/><sheet name="Two &amp; more" r:id="b"/></sheets></workbook>`
	rels   = `<Relationships><Relationship Id="b" Target="/xl/two.xml"/><Relationship Id="a" Target="worksheets/one.xml"/></Relationships>`
	styles = `<styleSheet><numFmts><numFmt numFmtId="170" formatCode="[$-409]d&quot; of &quot;mmmm\ yyyy"/><numFmt numFmtId="171" formatCode="[h]:mm:ss"/><numFmt numFmtId="172" formatCode="[Red]0.00&quot;d&quot;"/></numFmts>
		<cellStyleXfs><xf numFmtId="14"/></cellStyleXfs><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="22"/><xf numFmtId="170"/><xf numFmtId="171"/><xf numFmtId="172"/></cellXfs></styleSheet>`
	shared = `<sst><si><t>id</t></si><si><r><t>a</t></r><r><t xml:space="preserve"> b</t></r><rPh><t>no</t></rPh></si><si><t>x_x0041_</t></si></sst>`
	one    = `<worksheet><sheetData>
		<row r="2"><c r="B2" t="s"><v>0</v></c><c r="C2" t="inlineStr"><is><t>00123</t></is></c></row>
		<row r="4"><c r="B4"><v>45000</v></c><c r="C4" s="1"><v>45000</v></c><c r="D4" s="2"><v>45000.5</v></c><c s="3"><v>1</v></c><c s="4"><v>0.25</v></c><c s="5"><v>1.50</v></c></row>
		<row><c r="A5" t="b"><v>1</v></c><c t="e"><v>#N/A</v></c><c t="str"><f>A1&amp;"x"</f><v>sum</v></c><c><f>1+1</f><v>2</v></c><c t="s"><v>1</v></c><c t="s"><v>2</v></c><c><v>1e20</v></c></row>
		</sheetData></worksheet>`
)

func rows(tb testing.TB, file string, place xlsx.Place) string {
	tb.Helper()
	var out strings.Builder
	err := xlsx.Read(tb.Context(), file, place, func(number int, cells []xlsx.Cell) error {
		fmt.Fprintf(&out, "%d:", number)
		for _, c := range cells {
			fmt.Fprintf(&out, " %c(%s)", "-tinbdme"[c.Kind], c.Text)
		}
		out.WriteString("\n")
		return nil
	})
	if err != nil {
		out.WriteString(fault.CodeOf(err) + ": " + fault.MessageOf(err))
	}
	return out.String()
}

func TestRead(t *testing.T) {
	t.Parallel()
	whole := []string{"xl/workbook.xml", book, "xl/_rels/workbook.xml.rels", rels, "xl/styles.xml", styles, "xl/sharedStrings.xml", shared, "xl/worksheets/one.xml", one, "xl/two.xml", `<worksheet><sheetData><row><c><v>7</v></c></row></sheetData></worksheet>`}
	const all = "2: -() t(id) t(00123)\n" +
		"4: -() i(45000) d(2023-03-15) m(2023-03-15 12:00:00) d(1900-01-01) t(06:00:00) n(1.5)\n" +
		"5: b(true) e(#N/A) t(sum) i(2) t(a b) t(xA) n(1e+20)\n"
	for name, tc := range map[string]struct {
		place xlsx.Place
		parts []string
		want  string
	}{
		"first sheet":    {xlsx.Place{}, whole, all},
		"by name":        {xlsx.Place{Sheet: "Two & more"}, whole, "1: i(7)\n"},
		"by number":      {xlsx.Place{Sheet: "2"}, whole, "1: i(7)\n"},
		"no such sheet":  {xlsx.Place{Sheet: "Too"}, whole, `invalid_request: book.xlsx has no sheet "Too"; there are: One, Two & more`},
		"range":          {xlsx.Place{Range: "b4:$C$4"}, whole, "4: i(45000) d(2023-03-15)\n"},
		"open range":     {xlsx.Place{Range: "C3"}, whole, "4: d(2023-03-15) m(2023-03-15 12:00:00) d(1900-01-01) t(06:00:00) n(1.5)\n5: t(sum) i(2) t(a b) t(xA) n(1e+20)\n"},
		"bad range":      {xlsx.Place{Range: "C3:B2"}, whole, `invalid_request: "C3:B2" is no range of cells: write it like B2:F100, or B2 for all from there`},
		"no workbook":    {xlsx.Place{}, []string{"a.txt", "x"}, "bad_file: book.xlsx has no sheets: it is not an Excel workbook (.xlsx)"},
		"broken":         {xlsx.Place{}, []string{"xl/workbook.xml", "<a"}, "bad_file: book.xlsx is damaged: xl/workbook.xml is not well-formed"},
		"text not there": {xlsx.Place{}, []string{"xl/workbook.xml", book, "xl/_rels/workbook.xml.rels", rels, "xl/worksheets/one.xml", one}, "bad_file: book.xlsx is damaged: row 2 names a text that is not there"},
		"own entities":   {xlsx.Place{}, []string{"xl/workbook.xml", `<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><workbook>&b;</workbook>`}, "bad_file: book.xlsx is damaged: xl/workbook.xml is not well-formed"},
		"from 1904": {
			xlsx.Place{},
			[]string{"xl/workbook.xml", `<workbook xmlns:r="r"><workbookPr date1904="1"/><sheets><sheet name="One" r:id="a"/></sheets></workbook>`, "xl/_rels/workbook.xml.rels", rels, "xl/styles.xml", styles, "xl/worksheets/one.xml", `<worksheet><sheetData><row><c s="1"><v>0</v></c></row></sheetData></worksheet>`},
			"1: d(1904-01-01)\n",
		},
		"bomb": {xlsx.Place{}, []string{"xl/workbook.xml", book + strings.Repeat(" ", 40<<20)}, "bad_file: book.xlsx unpacks to far more than it is: it is damaged, or made to fill a machine"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tc.want, rows(t, workbook(t, tc.parts...), tc.place)); diff != "" {
				t.Error(diff)
			}
		})
	}
	if got := rows(t, saved(t, []byte("\xd0\xcf\x11\xe0old")), xlsx.Place{}); !strings.Contains(got, "old Excel file") {
		t.Error(got)
	}
	if got := rows(t, saved(t, []byte("id,name\n")), xlsx.Place{}); !strings.Contains(got, "is not an Excel workbook") {
		t.Error(got)
	}
}

func TestThereAndBack(t *testing.T) {
	t.Parallel()
	cells := []xlsx.Cell{
		{Kind: xlsx.Text, Text: " <a> & 'b' _x0041_ \x01\n é"},
		{Kind: xlsx.Whole, Text: "-7"},
		{Kind: xlsx.Number, Text: "0.1"},
		{},
		{Kind: xlsx.Bool, Text: "true"},
		{Kind: xlsx.Bool, Text: "false"},
		{Kind: xlsx.Date, Text: "2026-01-31"},
		{Kind: xlsx.Timestamp, Text: "2026-01-31 10:00:01"},
		{Kind: xlsx.Text, Text: "00123"},
		{Kind: xlsx.Date, Text: "9999-12-31"},
	}
	var out bytes.Buffer
	w, err := xlsx.NewWriter(&out, `A & "B"`)
	if err == nil {
		err = w.Row(cells)
	}
	if err == nil {
		err = w.Row([]xlsx.Cell{{Kind: xlsx.Date, Text: "1850-01-01"}})
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	want := "1: t( <a> & 'b' _x0041_ \x01\n é) i(-7) n(0.1) -() b(true) b(false) d(2026-01-31) m(2026-01-31 10:00:01) t(00123) d(9999-12-31)\n2: t(1850-01-01)\n"
	if diff := cmp.Diff(want, rows(t, saved(t, out.Bytes()), xlsx.Place{Sheet: `A & "B"`})); diff != "" {
		t.Error(diff)
	}
}

// FuzzSheet reads sheets that nobody has checked: there must be an answer.
func FuzzSheet(f *testing.F) {
	f.Add(one, styles, shared)
	f.Add(`<row r="9"><c r="ZZZ9"><v>1</v></c></row>`, `<cellXfs><xf numFmtId="14"/>`, `<si><t>`)
	f.Fuzz(func(t *testing.T, sheet, styles, shared string) {
		file := workbook(t, "xl/workbook.xml", book, "xl/_rels/workbook.xml.rels", rels, "xl/styles.xml", styles, "xl/sharedStrings.xml", shared, "xl/worksheets/one.xml", sheet)
		if got := rows(t, file, xlsx.Place{}); strings.Contains(got, "went wrong on our side") {
			t.Errorf("%s", got)
		}
	})
}
