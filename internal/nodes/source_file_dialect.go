package nodes

import (
	"bytes"
	"errors"
	"io"
	"strings"

	"github.com/broked/broked/internal/fault"
)

// maxLine is the longest line of a text file in bytes.
const maxLine = 16 << 20

// delimiterByte returns the byte that a setting means, 0 for one that is to be found.
func delimiterByte(setting string) (byte, error) {
	switch {
	case setting == "":
		return 0, nil
	case setting == `\t`:
		return '\t', nil
	case len(setting) > 1 || strings.ContainsAny(setting, "\"\r\n\x00"):
		return 0, settingFault("delimiter", "must be one plain character, or \\t for a tab, not %q", setting)
	}
	return setting[0], nil
}

// findDelimiter returns the usual delimiter that the first line has most of,
// quoted text left out; a comma when it has none.
func findDelimiter(line []byte, quote byte) byte {
	counts, quoted := map[byte]int{}, false
	for _, b := range line {
		if b == quote && quote != 0 {
			quoted = !quoted
		}
		if !quoted {
			counts[b]++
		}
	}
	best := byte(',')
	for _, d := range []byte{';', '\t', '|'} {
		if counts[d] > counts[best] {
			best = d
		}
	}
	return best
}

// errLongLine ends the reading of a line without an end.
var errLongLine = errors.New("line too long")

// records splits the beginning of a CSV file into records. It is for looking
// around: what is not well formed is left to DuckDB, which says it better.
type records struct {
	in        io.ByteReader
	delimiter byte
	quote     byte // 0 for none
	line      int  // where the current record ends, from 1
	pushed    byte // a byte that was read too far
	hasPushed bool
}

func newRecords(in io.ByteReader, delimiter, quote byte) *records {
	return &records{in: in, delimiter: delimiter, quote: quote}
}

// next reads one record into the cells of into, which it reuses. It returns
// io.EOF after the last record. Blank lines are records of one empty cell.
func (r *records) next(into [][]byte) ([][]byte, error) {
	into = into[:0]
	cell, size, quoted := grow(&into), 0, false
	r.line++
	for {
		b, err := r.read()
		if err != nil {
			return r.end(into, size, err)
		}
		if size++; size > maxLine {
			return nil, errLongLine
		}
		switch {
		case quoted:
			quoted = r.inQuotes(cell, b)
		case b == r.quote && r.quote != 0 && len(*cell) == 0:
			quoted = true
		case b == r.delimiter:
			cell = grow(&into)
		case b == '\n' || b == '\r':
			r.skip(b)
			return into, nil
		default:
			*cell = append(*cell, b)
		}
	}
}

// end returns the last record, which has no line end behind it.
func (*records) end(into [][]byte, size int, err error) ([][]byte, error) {
	if errors.Is(err, io.EOF) && size > 0 {
		return into, nil
	}
	return nil, err
}

// inQuotes takes a byte of quoted text and reports whether the text goes on.
func (r *records) inQuotes(cell *[]byte, b byte) bool {
	if b == r.quote {
		return r.doubled(cell)
	}
	if b == '\n' {
		r.line++
	}
	*cell = append(*cell, b)
	return true
}

// doubled tells a quote inside quoted text from its end.
func (r *records) doubled(cell *[]byte) bool {
	b, err := r.read()
	if err != nil {
		return false
	}
	if b == r.quote {
		*cell = append(*cell, b)
		return true
	}
	r.pushed, r.hasPushed = b, true
	return false
}

// skip takes the second half of a Windows line end.
func (r *records) skip(end byte) {
	if end != '\r' {
		return
	}
	if b, err := r.read(); err == nil && b != '\n' {
		r.pushed, r.hasPushed = b, true
	}
}

func (r *records) read() (byte, error) {
	if r.hasPushed {
		r.hasPushed = false
		return r.pushed, nil
	}
	return r.in.ReadByte()
}

// grow appends an empty cell, with the memory of the one that was there before.
func grow(cells *[][]byte) *[]byte {
	n := len(*cells)
	if n < cap(*cells) {
		*cells = (*cells)[:n+1]
		(*cells)[n] = (*cells)[n][:0]
	} else {
		*cells = append(*cells, nil)
	}
	return &(*cells)[n]
}

// looksBinary refuses data that is no text at all.
func looksBinary(head []byte, name string) error {
	kinds := map[string]string{"PK\x03\x04": "an Excel or ZIP file", "PAR1": "a Parquet file", "%PDF": "a PDF", "\xd0\xcf\x11\xe0": "an old Excel file", "SQLite": "an SQLite database"}
	for magic, kind := range kinds {
		if bytes.HasPrefix(head, []byte(magic)) {
			return fault.New(fault.Invalid, "%s is not a text file: it is %s", name, kind).With("bad_file")
		}
	}
	if bytes.IndexByte(head, 0) >= 0 {
		return fault.New(fault.Invalid, "%s is not a text file: it contains NUL bytes; if it is UTF-16, set encoding to utf-16le or utf-16be", name).With("bad_file")
	}
	return nil
}
