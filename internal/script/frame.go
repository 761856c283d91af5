package script

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"unicode/utf8"

	"github.com/broked/broked/internal/batch"
)

// What goes over the two pipes, all numbers little-endian:
//
//	in:  uint32 length, the job as JSON, then frames; a frame of no rows is the end
//	out: messages: a letter, uint32 length, payload
//	     C  the columns of the frames that follow, as JSON; the values of those whose
//	        kind is = are those of the input, and no frame has them
//	     F  a frame
//	     W  words for the log, as a JSON text
//	     E  why the script failed, as JSON; nothing follows
//	     D  the end; nothing follows
//
// A frame is uint32 rows and for each column: how its values are carried, '1' when
// a byte for each row tells whether there is a value and else '0', uint32 length
// of the values, those bytes, the values. Whole numbers and fractions are 8 bytes
// each, truth values are one byte, texts have NUL characters between them. Texts of
// which one has a NUL itself are a JSON list, and carried as 'j'.

// list is how texts are carried of which one has a NUL character.
const list = 'j'

// most bounds one message, so that a length is not believed without end.
const most = 1 << 30

// appendFrame appends b, which must have rows, to to.
func appendFrame(to []byte, b batch.Batch) ([]byte, error) {
	to = binary.LittleEndian.AppendUint32(to, uint32(b.Rows)) //nolint:gosec // some thousand
	for _, c := range b.Columns {
		kind := byte(c.Kind)
		if c.Kind == batch.Text && hasNUL(c.Texts) {
			kind = list
		}
		to = append(to, kind, '0')
		if c.Valid != nil {
			to[len(to)-1] = '1'
		}
		at := len(to)
		to = append(to, 0, 0, 0, 0)
		to = appendBools(to, c.Valid)
		start := len(to)
		var err error
		if to, err = appendValues(to, kind, c); err != nil {
			return nil, err
		}
		if len(to)-start > most {
			return nil, errors.New("a batch is too large")
		}
		binary.LittleEndian.PutUint32(to[at:], uint32(len(to)-start)) //nolint:gosec // checked above
	}
	return to, nil
}

// appendValues appends the values of c, carried as kind, to to.
func appendValues(to []byte, kind byte, c batch.Column) ([]byte, error) {
	switch kind {
	case byte(batch.Int):
		for _, v := range c.Ints {
			to = binary.LittleEndian.AppendUint64(to, uint64(v)) //nolint:gosec // the bits
		}
	case byte(batch.Float):
		for _, v := range c.Floats {
			to = binary.LittleEndian.AppendUint64(to, math.Float64bits(v))
		}
	case byte(batch.Bool):
		to = appendBools(to, c.Bools)
	case byte(batch.Text):
		for i, v := range c.Texts {
			if i > 0 {
				to = append(to, 0)
			}
			to = append(to, v...)
		}
	case list:
		texts, err := json.Marshal(c.Texts)
		if err != nil {
			return nil, fmt.Errorf("write texts: %w", err)
		}
		to = append(to, texts...)
	}
	return to, nil
}

func hasNUL(texts []string) bool {
	for _, t := range texts {
		if strings.IndexByte(t, 0) >= 0 {
			return true
		}
	}
	return false
}

func appendBools(to []byte, values []bool) []byte {
	for _, v := range values {
		if v {
			to = append(to, 1)
		} else {
			to = append(to, 0)
		}
	}
	return to
}

// column is a column of the result as the child announces it.
type column struct {
	Name string `json:"name"`
	Type string `json:"type"`
	Kind string `json:"kind"`
}

// errFrame means that the child does not keep to the protocol.
var errFrame = errors.New("what comes back is no frame")

// readFrame reads a frame of columns. Nothing that data says is believed: the
// script shares a process with what writes it.
func readFrame(columns []column, data []byte) (batch.Batch, error) {
	if len(data) < 4 {
		return batch.Batch{}, errFrame
	}
	b := batch.Batch{Rows: int(binary.LittleEndian.Uint32(data)), Columns: make([]batch.Column, len(columns))}
	data = data[4:]
	if b.Rows > most {
		return batch.Batch{}, errFrame
	}
	for i, c := range columns {
		if c.Kind == string(batch.Input) {
			b.Columns[i] = batch.Column{Name: c.Name, Type: c.Type, Kind: batch.Input}
			continue
		}
		if len(data) < 6 {
			return batch.Batch{}, errFrame
		}
		kind, nulls, size := data[0], data[1] == '1', int(binary.LittleEndian.Uint32(data[2:]))
		data = data[6:]
		into := batch.Column{Name: c.Name, Type: c.Type}
		if nulls {
			if len(data) < b.Rows {
				return batch.Batch{}, errFrame
			}
			into.Valid, data = bools(data[:b.Rows]), data[b.Rows:]
		}
		if len(data) < size {
			return batch.Batch{}, errFrame
		}
		if err := readValues(&into, kind, data[:size], b.Rows); err != nil {
			return batch.Batch{}, err
		}
		if string(rune(into.Kind)) != c.Kind {
			return batch.Batch{}, errFrame
		}
		b.Columns[i], data = into, data[size:]
	}
	if len(data) > 0 {
		return batch.Batch{}, errFrame
	}
	return b, nil
}

// readValues reads the values of one column.
func readValues(c *batch.Column, kind byte, data []byte, rows int) error {
	c.Kind = batch.Kind(kind)
	switch kind {
	case byte(batch.Int), byte(batch.Float):
		return readNumbers(c, data, rows)
	case byte(batch.Bool):
		c.Bools = bools(data)
	case byte(batch.Text):
		if rows > 0 {
			c.Texts = strings.Split(string(data), "\x00")
		}
		if !utf8.Valid(data) {
			return errFrame
		}
	case list:
		c.Kind = batch.Text
		if json.Unmarshal(data, &c.Texts) != nil {
			return errFrame
		}
	default:
		return errFrame
	}
	if len(c.Bools)+len(c.Texts) != rows {
		return errFrame
	}
	return nil
}

// readNumbers reads the values of a column of whole numbers or fractions.
func readNumbers(c *batch.Column, data []byte, rows int) error {
	if len(data)%8 != 0 || len(data)/8 != rows {
		return errFrame
	}
	if c.Kind == batch.Int {
		c.Ints = make([]int64, rows)
		for i := range c.Ints {
			c.Ints[i] = int64(binary.LittleEndian.Uint64(data[8*i:])) //nolint:gosec // the bits
		}
		return nil
	}
	c.Floats = make([]float64, rows)
	for i := range c.Floats {
		c.Floats[i] = math.Float64frombits(binary.LittleEndian.Uint64(data[8*i:]))
	}
	return nil
}

func bools(data []byte) []bool {
	values := make([]bool, len(data))
	for i, b := range data {
		values[i] = b != 0
	}
	return values
}

// readMessage reads one message. What it returns is valid until the next call.
func readMessage(r *bufio.Reader, into *bytes.Buffer) (letter byte, payload []byte, err error) {
	var head [5]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return 0, nil, err
	}
	size := binary.LittleEndian.Uint32(head[1:])
	if size > most {
		return 0, nil, errFrame
	}
	into.Reset()
	if _, err := io.CopyN(into, r, int64(size)); err != nil {
		return 0, nil, err
	}
	return head[0], into.Bytes(), nil
}
