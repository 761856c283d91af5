package nodes

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/broked/broked/internal/batch"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/node"
	"github.com/broked/broked/internal/xlsx"
)

// What Excel holds: text of so many characters, and numbers of so many digits.
const (
	longestCell = 32_767
	mostDigits  = 15
)

// excelOnly refuses settings that mean nothing for a workbook, or for anything else.
func (s *sinkFile) excelOnly(format string) error {
	if format != formatExcel {
		return refuseFor("Excel", map[string]bool{"sheet": s.Sheet != ""}, format)
	}
	if s.Compress || s.Compression != "" && s.Compression != formatAuto && s.Compression != "none" {
		return settingFault("compression", "an Excel file is packed already: leave it out")
	}
	if err := xlsx.SheetName(s.sheet()); err != nil && !strings.Contains(s.Sheet, "${") {
		return settingFault("sheet", "%s", fault.MessageOf(err))
	}
	return nil
}

// writeExcel writes the rows as a workbook to the temporary name and returns how many
// there were.
func (s *sinkFile) writeExcel(ctx context.Context, env node.Env, in node.Relation) (n int64, err error) {
	f, err := os.OpenFile(s.temp, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644) //nolint:gosec // data that the person's other programs read
	if err != nil {
		return 0, fmt.Errorf("write a workbook: %w", err)
	}
	out := bufio.NewWriterSize(f, 1<<18)
	defer func() { err = errors.Join(err, out.Flush(), f.Close()) }()
	w, err := xlsx.NewWriter(out, s.sheet())
	if err != nil {
		return 0, fmt.Errorf("write a workbook: %w", err)
	}
	cells := make([]xlsx.Cell, len(in.Columns))
	if s.header() {
		for i, c := range in.Columns {
			cells[i] = xlsx.Cell{Kind: xlsx.Text, Text: c.Name}
		}
		if err := w.Row(cells); err != nil {
			return 0, err
		}
	}
	for b, err := range env.DB.Read(ctx, in).Batches {
		if err != nil {
			return 0, err
		}
		if err := excelRows(w, b, cells, n); err != nil {
			return 0, err
		}
		n += int64(b.Rows)
	}
	return n, w.Close()
}

// excelRows writes a batch; before is how many rows there were before it.
func excelRows(w *xlsx.Writer, b batch.Batch, cells []xlsx.Cell, before int64) error {
	for row := range b.Rows {
		for i := range b.Columns {
			cells[i] = excelCell(&b.Columns[i], row)
			if len(cells[i].Text) > longestCell && utf8.RuneCountInString(cells[i].Text) > longestCell {
				return fault.New(fault.Invalid, "row %d has a text in column %q that is longer than the %d characters that a cell of Excel takes", before+int64(row)+1, b.Columns[i].Name, longestCell).With("bad_value")
			}
		}
		if err := w.Row(cells); err != nil {
			return err
		}
	}
	return nil
}

func (s *sinkFile) sheet() string {
	if s.Sheet == "" {
		return "Sheet1"
	}
	return s.Sheet
}

// excelCell returns a value as Excel has it. Numbers that it would round are text.
func excelCell(c *batch.Column, row int) xlsx.Cell {
	if c.Valid != nil && !c.Valid[row] || c.Type == "" {
		return xlsx.Cell{}
	}
	switch c.Kind {
	case batch.Int:
		return excelNumber(strconv.FormatInt(c.Ints[row], 10))
	case batch.Float:
		if v := c.Floats[row]; !math.IsInf(v, 0) && !math.IsNaN(v) {
			return xlsx.Cell{Kind: xlsx.Number, Text: strconv.FormatFloat(v, 'g', -1, 64)}
		}
		return xlsx.Cell{Kind: xlsx.Text, Text: strconv.FormatFloat(c.Floats[row], 'g', -1, 64)}
	case batch.Bool:
		return xlsx.Cell{Kind: xlsx.Bool, Text: strconv.FormatBool(c.Bools[row])}
	default:
	}
	return excelText(c, c.Texts[row])
}

// excelText is excelCell for values that are carried as text.
func excelText(c *batch.Column, text string) xlsx.Cell {
	switch {
	case c.Type == "DATE":
		return xlsx.Cell{Kind: xlsx.Date, Text: text}
	case c.Type == "TIMESTAMP":
		return xlsx.Cell{Kind: xlsx.Timestamp, Text: text}
	case strings.HasPrefix(c.Type, "DECIMAL"), c.Type == "HUGEINT", c.Type == "UBIGINT":
		return excelNumber(text)
	}
	return xlsx.Cell{Kind: xlsx.Text, Text: text}
}

func excelNumber(text string) xlsx.Cell {
	if digits := strings.Trim(strings.Replace(text, ".", "", 1), "-0"); len(digits) > mostDigits {
		return xlsx.Cell{Kind: xlsx.Text, Text: text}
	}
	return xlsx.Cell{Kind: xlsx.Number, Text: text}
}
