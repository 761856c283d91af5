package xlsx

import (
	"archive/zip"
	"bufio"
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/broked/broked/internal/fault"
)

// Writer writes a workbook of one sheet, row by row. Nothing of it is held in memory.
type Writer struct {
	zip  *zip.Writer
	out  *bufio.Writer
	rows int
	line []byte
}

// What a workbook has besides its sheet. The styles 1 and 2 show dates and times.
const (
	header       = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` + "\n"
	contentTypes = header + `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/><Override PartName="/xl/styles.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml"/></Types>`
	relations    = header + `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>`
	bookPart     = header + `<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="%s" sheetId="1" r:id="rId1"/></sheets></workbook>`
	bookParts    = header + `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/styles" Target="styles.xml"/></Relationships>`
	stylePart    = header + `<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><numFmts count="2"><numFmt numFmtId="164" formatCode="yyyy\-mm\-dd"/><numFmt numFmtId="165" formatCode="yyyy\-mm\-dd\ hh:mm:ss"/></numFmts><fonts count="1"><font/></fonts><fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills><borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="3"><xf/><xf numFmtId="164" applyNumberFormat="1"/><xf numFmtId="165" applyNumberFormat="1"/></cellXfs></styleSheet>`
	sheetHead    = header + `<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>`
	sheetEnd     = `</sheetData></worksheet>`
)

// SheetName says what is wrong with the name of a sheet, if anything is.
func SheetName(name string) error {
	if name == "" || utf8.RuneCountInString(name) > 31 || strings.ContainsAny(name, `:\/?*[]`) || strings.HasPrefix(name, "'") || strings.HasSuffix(name, "'") {
		return fault.New(fault.Invalid, `is no name of a sheet: at most 31 characters, and none of : \ / ? * [ ]`)
	}
	return nil
}

// NewWriter begins a workbook whose sheet has a name that SheetName lets pass.
func NewWriter(to io.Writer, sheet string) (*Writer, error) {
	w := &Writer{zip: zip.NewWriter(to)}
	var name bytes.Buffer
	if err := xml.EscapeText(&name, []byte(sheet)); err != nil {
		return nil, err
	}
	for _, part := range [][2]string{
		{"[Content_Types].xml", contentTypes},
		{"_rels/.rels", relations},
		{"xl/workbook.xml", fmt.Sprintf(bookPart, name.String())},
		{"xl/_rels/workbook.xml.rels", bookParts},
		{"xl/styles.xml", stylePart},
	} {
		p, err := w.zip.Create(part[0])
		if err == nil {
			_, err = io.WriteString(p, part[1])
		}
		if err != nil {
			return nil, err
		}
	}
	p, err := w.zip.Create("xl/worksheets/sheet1.xml")
	if err != nil {
		return nil, err
	}
	w.out = bufio.NewWriterSize(p, 1<<16)
	_, err = w.out.WriteString(sheetHead)
	return w, err
}

// Row writes the next row. A sheet takes MaxRows of them; one more is an Invalid
// fault.
func (w *Writer) Row(cells []Cell) error {
	if w.rows++; w.rows > MaxRows {
		return fault.New(fault.Invalid, "an Excel sheet has room for %d rows and no more: write CSV or Parquet, or divide the rows", MaxRows).With("too_many_rows")
	}
	line := append(w.line[:0], "<row>"...)
	for _, c := range cells {
		line = appendCell(line, c)
	}
	w.line = append(line, "</row>"...)
	_, err := w.out.Write(w.line)
	return err
}

// Close ends the workbook.
func (w *Writer) Close() error {
	_, err := w.out.WriteString(sheetEnd)
	return errors.Join(err, w.out.Flush(), w.zip.Close())
}

func appendCell(line []byte, c Cell) []byte {
	switch c.Kind {
	case Empty, Error:
		return append(line, "<c/>"...)
	case Whole, Number:
		return append(append(append(line, "<c><v>"...), c.Text...), "</v></c>"...)
	case Bool:
		if c.Text == "true" {
			return append(line, `<c t="b"><v>1</v></c>`...)
		}
		return append(line, `<c t="b"><v>0</v></c>`...)
	case Date, Timestamp:
		if serial, ok := serialOf(c); ok {
			line = append(line, `<c s="`...)
			line = append(line, map[Kind]byte{Date: '1', Timestamp: '2'}[c.Kind])
			line = append(line, `"><v>`...)
			line = strconv.AppendFloat(line, serial, 'f', -1, 64)
			return append(line, "</v></c>"...)
		}
	case Text:
	}
	line = append(line, `<c t="inlineStr"><is><t xml:space="preserve">`...)
	line = appendText(line, c.Text)
	return append(line, "</t></is></c>"...)
}

// serialOf returns the number that Excel has for a date from March 1900 on; what
// comes before, Excel counts wrong or not at all.
func serialOf(c Cell) (float64, bool) {
	form := time.DateOnly
	if c.Kind == Timestamp {
		form = "2006-01-02 15:04:05.999999"
	}
	t, err := time.Parse(form, c.Text)
	if err != nil {
		return 0, false
	}
	// A Duration holds 292 years and no more.
	seconds := t.Unix() - time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC).Unix()
	serial := (float64(seconds) + float64(t.Nanosecond())/1e9) / 86400
	return serial, serial >= 61 && serial < lastDay
}

// appendText appends text as XML has it. Characters that XML cannot hold are written
// as Excel writes them.
func appendText(line []byte, text string) []byte {
	for i, r := range text {
		switch {
		case r == '<':
			line = append(line, "&lt;"...)
		case r == '>':
			line = append(line, "&gt;"...)
		case r == '&':
			line = append(line, "&amp;"...)
		case r < ' ' && r != '\t' && r != '\n', r == 0xfffe, r == 0xffff:
			line = fmt.Appendf(line, "_x%04X_", r)
		case r == '_' && escape.MatchString(text[i:min(len(text), i+7)]):
			line = append(line, "_x005F_"...)
		default:
			line = utf8.AppendRune(line, r)
		}
	}
	return line
}
