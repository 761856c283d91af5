package xlsx

import (
	"context"
	"encoding/xml"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/broked/broked/internal/fault"
)

// Kind is what a cell holds.
type Kind byte

// The kinds of cells.
const (
	Empty Kind = iota
	Text
	Whole     // a number without decimals
	Number    // any other
	Bool      // true or false
	Date      // 2026-01-31
	Timestamp // 2026-01-31 10:00:00
	Error     // of Excel's, such as #N/A; only read
)

// Cell is the value of one cell as text.
type Cell struct {
	Kind Kind
	Text string
}

// Place says which cells of a workbook are wanted.
type Place struct {
	Sheet string // its name, or its number from 1; empty means the first
	Range string // such as B2:F100, or B2 for all from there; empty means the sheet
}

// Area is a rectangle of cells; columns and rows count from 1.
type Area struct{ left, top, right, bottom int }

// ParseArea reads a range such as B2:F100. An empty one is the whole sheet.
func ParseArea(text string) (Area, error) {
	a := Area{1, 1, MaxColumns, MaxRows}
	if text == "" {
		return a, nil
	}
	from, to, two := strings.Cut(strings.ToUpper(strings.ReplaceAll(text, "$", "")), ":")
	var ok, okToo bool
	a.left, a.top, ok = coordinates(from)
	okToo = true
	if two {
		a.right, a.bottom, okToo = coordinates(to)
	}
	if !ok || !okToo || a.right < a.left || a.bottom < a.top {
		return Area{}, fault.New(fault.Invalid, "%.40q is no range of cells: write it like B2:F100, or B2 for all from there", text)
	}
	return a, nil
}

// coordinates returns the column and the row of a cell's name in capitals.
func coordinates(name string) (column, row int, ok bool) {
	i := 0
	for ; i < len(name) && name[i] >= 'A' && name[i] <= 'Z' && i < 4; i++ {
		column = column*26 + int(name[i]-'A') + 1
	}
	row, err := strconv.Atoi(name[i:])
	ok = i > 0 && err == nil && name[i] != '+' && column <= MaxColumns && row >= 1 && row <= MaxRows
	return column, row, ok
}

// reader reads one sheet.
type reader struct {
	b        *book
	shared   []string
	styles   []shown
	from1904 bool
	area     Area

	row    int // of the sheet
	column int
	cells  []Cell
	filled bool // the row has a cell that is not empty
	kind   string
	style  string
	value  strings.Builder
	taking bool
}

// Read gives the rows of a sheet from the first to the last that has anything in it,
// with their numbers in the sheet; rows that are empty are left out. The cells are
// valid during the call, and those at the end of a row may be missing.
//
// A file that is no workbook, and one that unpacks to far too much, are Invalid
// faults, and so is a sheet that is not there.
func Read(ctx context.Context, file string, place Place, give func(number int, cells []Cell) error) error {
	area, err := ParseArea(place.Range)
	if err != nil {
		return err
	}
	b, err := open(file)
	if err != nil {
		return err
	}
	defer b.close()
	all, from1904, err := b.sheets()
	if err != nil {
		return err
	}
	s, err := b.pick(all, place.Sheet)
	if err != nil {
		return err
	}
	r := &reader{b: b, area: area, from1904: from1904}
	if r.shared, err = b.shared(); err != nil {
		return err
	}
	if r.styles, err = b.styles(); err != nil {
		return err
	}
	return b.tokens(s.part, func(t xml.Token) (bool, error) {
		switch e := t.(type) {
		case xml.StartElement:
			return r.start(e)
		case xml.CharData:
			if r.taking {
				if r.value.Len()+len(e) > maxCell {
					return false, b.bad(nil, "has a cell in row %d that is larger than %d MB", r.row, maxCell>>20)
				}
				r.value.Write(e)
			}
		case xml.EndElement:
			return r.end(ctx, e.Name.Local, give)
		}
		return true, nil
	})
}

// start takes the beginning of an element.
func (r *reader) start(e xml.StartElement) (bool, error) {
	switch e.Name.Local {
	case "row":
		r.row, r.column, r.cells, r.filled = r.row+1, 0, r.cells[:0], false
		if n, err := strconv.Atoi(attribute(e, "r")); err == nil {
			r.row = n
		}
		if r.row < 1 || r.row > MaxRows {
			return false, r.b.bad(nil, "has a row with the number %d", r.row)
		}
		return r.row <= r.area.bottom, nil
	case "c":
		r.column++
		if column, _, ok := coordinates(attribute(e, "r")); ok {
			r.column = column
		}
		if r.column > MaxColumns {
			return false, r.b.bad(nil, "has more than %d columns in row %d", MaxColumns, r.row)
		}
		r.kind, r.style = attribute(e, "t"), attribute(e, "s")
		r.value.Reset()
	case "v", "t":
		r.taking = true
	case "rPh":
		r.kind = "phonetic"
	}
	return true, nil
}

// end takes the end of an element.
func (r *reader) end(ctx context.Context, name string, give func(int, []Cell) error) (bool, error) {
	switch name {
	case "v", "t":
		r.taking = false
	case "c":
		return true, r.keep()
	case "row":
		if !r.filled {
			return true, nil
		}
		if err := ctx.Err(); err != nil {
			return false, err
		}
		return true, give(r.row, r.cells)
	case "sheetData":
		return false, nil
	}
	return true, nil
}

// keep adds the cell that has just ended to the row, if it is wanted.
func (r *reader) keep() error {
	if r.column < r.area.left || r.column > r.area.right || r.row < r.area.top {
		return nil
	}
	cell, err := r.cell()
	if err != nil {
		return err
	}
	at := r.column - r.area.left
	for len(r.cells) <= at {
		r.cells = append(r.cells, Cell{})
	}
	r.cells[at], r.filled = cell, r.filled || cell.Kind != Empty
	return nil
}

// cell returns the value of the cell that has just ended.
func (r *reader) cell() (Cell, error) {
	raw := r.value.String()
	if raw == "" {
		return Cell{}, nil
	}
	switch r.kind {
	case "s":
		return r.sharedText(raw)
	case "str", "inlineStr", "phonetic":
		return Cell{Text, unescaped(raw)}, nil
	case "b":
		return Cell{Bool, strconv.FormatBool(raw == "1" || raw == "true")}, nil
	case "e":
		return Cell{Error, unescaped(raw)}, nil
	case "d":
		return moment(raw), nil
	}
	x, err := strconv.ParseFloat(strings.TrimSpace(raw), 64)
	if err != nil {
		return Cell{}, r.b.bad(err, "is damaged: row %d has a number that is none", r.row)
	}
	return r.number(x, r.shown()), nil
}

// shown returns how the cell shows its number.
func (r *reader) shown() shown {
	if n, err := strconv.Atoi(r.style); err == nil && n >= 0 && n < len(r.styles) {
		return r.styles[n]
	}
	return asNumber
}

// sharedText returns a cell whose text others have as well.
func (r *reader) sharedText(raw string) (Cell, error) {
	n, err := strconv.Atoi(raw)
	switch {
	case err != nil || n < 0 || n >= len(r.shared):
		return Cell{}, r.b.bad(err, "is damaged: row %d names a text that is not there", r.row)
	case r.shared[n] == "":
		return Cell{}, nil
	}
	return Cell{Text, r.shared[n]}, nil
}

// moment returns a cell that has its date in text.
func moment(raw string) Cell {
	if t, err := time.Parse(time.DateOnly, raw); err == nil {
		return Cell{Date, t.Format(time.DateOnly)}
	}
	if t, err := time.Parse("2006-01-02T15:04:05.999", strings.TrimSuffix(raw, "Z")); err == nil {
		return Cell{Timestamp, t.Format("2006-01-02 15:04:05.999")}
	}
	return Cell{Text, raw}
}

// lastDay is the number of the last day that Excel knows, in the year 9999.
const lastDay = 2958466

// number returns a number as it is shown.
func (r *reader) number(x float64, how shown) Cell {
	if how != asNumber && x >= 0 && x < lastDay {
		return r.date(x, how)
	}
	if x == math.Trunc(x) && math.Abs(x) < 1e15 {
		return Cell{Whole, strconv.FormatInt(int64(x), 10)}
	}
	return Cell{Number, strconv.FormatFloat(x, 'g', -1, 64)}
}

func (r *reader) date(x float64, how shown) Cell {
	millis := time.Duration(math.Round(x*86_400_000)) * time.Millisecond
	if how == asTime && x < 1 {
		return Cell{Text, time.Time{}.Add(millis).Format("15:04:05.999")}
	}
	begin := time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC)
	switch {
	case r.from1904:
		begin = time.Date(1904, 1, 1, 0, 0, 0, 0, time.UTC)
	case x < 60: // Excel takes 1900 for a leap year
		begin = begin.AddDate(0, 0, 1)
	}
	days := int(math.Floor(x))
	t := begin.AddDate(0, 0, days).Add(millis - time.Duration(days)*24*time.Hour)
	if how == asDate && x == math.Trunc(x) {
		return Cell{Date, t.Format(time.DateOnly)}
	}
	return Cell{Timestamp, t.Format("2006-01-02 15:04:05.999")}
}
