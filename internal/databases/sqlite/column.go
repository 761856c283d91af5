package sqlite

import (
	"encoding/hex"
	"errors"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"modernc.org/libc"
	lib "modernc.org/sqlite/lib"

	"github.com/broked/broked/internal/batch"
)

// column gathers the values of one column. SQLite has types for values and hardly
// any for columns, so that the values decide, and what was declared says what they
// mean.
type column struct {
	name     string
	declared string // a DuckDB type, or empty
	behind   int    // digits behind the point of a declared decimal
	known    bool   // a batch had a type that came from values

	carrier carrier
	valid   []bool
	nulls   int
	ints    []int64
	floats  []float64
	buffer  []byte // of all texts
	ends    []int
	blobs   bool // all texts are bytes in hexadecimal digits
}

// carrier is how the values of a batch are held.
type carrier int

const (
	nothing carrier = iota // no value but null yet
	asInt
	asFloat
	asText
)

func (s *statement) columns() []*column {
	all := make([]*column, lib.Xsqlite3_column_count(s.c.tls, s.handle))
	for i := range all {
		all[i] = &column{
			name:     libc.GoString(lib.Xsqlite3_column_name(s.c.tls, s.handle, int32(i))),
			declared: typeOf(libc.GoString(lib.Xsqlite3_column_decltype(s.c.tls, s.handle, int32(i)))),
		}
		_, all[i].behind, _ = all[i].decimal()
	}
	return all
}

// words are what declared types have in their names, the first that is there
// deciding; SQLite itself goes by such words.
var words = []struct {
	typ  string
	have []string
}{
	{"BOOLEAN", []string{"BOOL"}},
	{"TIMESTAMP", []string{"TIMESTAMP", "DATETIME"}},
	{"BIGINT", []string{"INT"}},
	{"VARCHAR", []string{"CHAR", "CLOB", "TEXT", "JSON", "UUID"}},
	{"BLOB", []string{"BLOB"}},
	{"DOUBLE", []string{"REAL", "FLOA", "DOUBLE"}},
}

// typeOf returns what values of a declared type are, by the words that people use.
func typeOf(decl string) string {
	decl = strings.ToUpper(strings.TrimSpace(decl))
	name, rest, _ := strings.Cut(decl, "(")
	has := func(parts ...string) bool {
		return slices.ContainsFunc(parts, func(p string) bool { return strings.Contains(name, p) })
	}
	if name == "DATE" {
		return "DATE"
	}
	for _, w := range words {
		switch {
		case !has(w.have...):
		case w.typ == "TIMESTAMP" && has("ZONE", "TZ") && !has("WITHOUT"):
			return "TIMESTAMP WITH TIME ZONE"
		default:
			return w.typ
		}
	}
	rest = strings.ReplaceAll(rest, " ", "")
	if has("DEC", "NUM") && strings.Contains(rest, ",") && !strings.Contains(rest, ",0)") {
		return decimalOf(rest)
	}
	return ""
}

var errNoText = errors.New("no text")

// add takes the value of the current row, which is row n of the batch, and returns
// how many bytes of text it has.
func (c *column) add(s *statement, at int32, n int) (int, error) {
	switch lib.Xsqlite3_column_type(s.c.tls, s.handle, at) {
	case lib.SQLITE_INTEGER:
		return c.addInt(lib.Xsqlite3_column_int64(s.c.tls, s.handle, at), n), nil
	case lib.SQLITE_FLOAT:
		return c.addFloat(lib.Xsqlite3_column_double(s.c.tls, s.handle, at), n), nil
	case lib.SQLITE_TEXT:
		text := s.bytes(at)
		if !utf8.Valid(text) {
			return 0, errNoText
		}
		return c.addText(text, false, n), nil
	case lib.SQLITE_BLOB:
		return c.addText(s.bytes(at), true, n), nil
	}
	c.addNull(n)
	return 0, nil
}

func (c *column) addNull(n int) {
	if c.nulls == 0 {
		c.valid = c.valid[:0]
		for range n {
			c.valid = append(c.valid, true)
		}
	}
	c.nulls++
	c.valid = append(c.valid, false)
	switch c.carrier {
	case asInt:
		c.ints = append(c.ints, 0)
	case asFloat:
		c.floats = append(c.floats, 0)
	case asText:
		c.ends = append(c.ends, len(c.buffer))
	case nothing:
	}
}

func (c *column) value() {
	if c.nulls > 0 {
		c.valid = append(c.valid, true)
	}
}

func (c *column) addInt(v int64, n int) int {
	if c.carrier == nothing {
		c.become(asInt, n)
		if c.declared == "DOUBLE" {
			c.become(asFloat, n)
		} else if c.behind > 0 {
			c.become(asText, n)
		}
	}
	c.value()
	switch c.carrier {
	case asInt, nothing:
		c.ints = append(c.ints, v)
		return 0
	case asFloat:
		c.floats = append(c.floats, float64(v))
		return 0
	case asText:
	}
	return c.append(strconv.AppendInt(nil, v, 10), false)
}

func (c *column) addFloat(v float64, n int) int {
	if c.carrier < asFloat {
		c.become(asFloat, n)
		if c.behind > 0 {
			c.become(asText, n)
		}
	}
	c.value()
	if c.carrier == asFloat {
		c.floats = append(c.floats, v)
		return 0
	}
	if c.behind > 0 {
		return c.append(appendDecimal(nil, v, c.behind), false)
	}
	return c.append(strconv.AppendFloat(nil, v, 'g', -1, 64), false)
}

func (c *column) addText(v []byte, blob bool, n int) int {
	if c.carrier < asText {
		c.blobs = blob && c.carrier == nothing
		c.become(asText, n)
	}
	c.value()
	return c.append(v, blob)
}

func (c *column) append(v []byte, blob bool) int {
	c.blobs = c.blobs && blob
	before := len(c.buffer)
	if blob {
		c.buffer = hex.AppendEncode(c.buffer, v)
	} else {
		c.buffer = append(c.buffer, v...)
	}
	c.ends = append(c.ends, len(c.buffer))
	return len(c.buffer) - before
}

// become turns the n values that are there into those of another carrier.
func (c *column) become(to carrier, n int) {
	from := c.carrier
	c.carrier = to
	switch {
	case to == asInt:
		c.ints = resized(c.ints, n)
	case to == asFloat && from == asInt && len(c.ints) >= n:
		c.floats = resized(c.floats, n)
		for i := range n {
			c.floats[i] = float64(c.ints[i])
		}
	case to == asFloat:
		c.floats = resized(c.floats, n)
	case to == asText:
		c.written(from, n)
	}
}

// written turns n numbers into text.
func (c *column) written(from carrier, n int) {
	c.buffer, c.ends = c.buffer[:0], c.ends[:0]
	for i := range n {
		there := c.nulls == 0 || c.valid[i]
		if there && from == asInt {
			c.buffer = strconv.AppendInt(c.buffer, c.ints[i], 10)
		}
		if there && from == asFloat {
			c.buffer = strconv.AppendFloat(c.buffer, c.floats[i], 'g', -1, 64)
		}
		c.ends = append(c.ends, len(c.buffer))
	}
}

// resized returns n zeros in the memory of s.
func resized[T int64 | float64](s []T, n int) []T {
	s = slices.Grow(s[:0], n)[:n]
	clear(s)
	return s
}

// take returns the n values and begins anew. They share memory with those of the
// next batch.
func (c *column) take(n int) batch.Column {
	out := batch.Column{Name: c.name}
	if c.nulls > 0 {
		out.Valid = c.valid
	}
	switch c.carrier {
	case nothing:
		out.Kind, out.Texts = batch.Text, make([]string, n)
	case asInt:
		out.Kind, out.Type, out.Ints = batch.Int, "BIGINT", c.ints
		c.truths(&out)
	case asFloat:
		out.Kind, out.Type, out.Floats = batch.Float, "DOUBLE", c.floats
	case asText:
		out.Kind, out.Type, out.Texts = batch.Text, "VARCHAR", make([]string, n)
		c.texts(&out)
	}
	c.known = c.known || c.carrier != nothing
	c.carrier, c.nulls, c.valid, c.ints, c.floats, c.buffer, c.ends, c.blobs = nothing, 0, nil, c.ints[:0], c.floats[:0], c.buffer[:0], c.ends[:0], false
	return out
}

// truths makes truth values of the numbers of a column that was declared so.
func (c *column) truths(out *batch.Column) {
	if c.declared != "BOOLEAN" || slices.ContainsFunc(c.ints, func(v int64) bool { return v != 0 && v != 1 }) {
		return
	}
	out.Kind, out.Type, out.Ints, out.Bools = batch.Bool, "BOOLEAN", nil, make([]bool, len(c.ints))
	for i, v := range c.ints {
		out.Bools[i] = v != 0
	}
}

// texts cuts the gathered text into values.
func (c *column) texts(out *batch.Column) {
	all, from := string(c.buffer), 0
	for i, end := range c.ends {
		out.Texts[i], from = all[from:end], end
	}
	if c.blobs {
		out.Type = "BLOB"
	} else if c.moments(*out) || c.decimals(*out) {
		out.Type = c.declared
	} else {
		c.numbers(out)
	}
}

// moments reports whether the column was declared as dates or times, and all of its
// texts are such.
func (c *column) moments(of batch.Column) bool {
	is := map[string]func(string) bool{
		"DATE": isDate, "TIMESTAMP": isTimestamp, "TIMESTAMP WITH TIME ZONE": isInstant,
	}[c.declared]
	if is == nil {
		return false
	}
	for i, text := range of.Texts {
		if (of.Valid == nil || of.Valid[i]) && !is(text) {
			return false
		}
	}
	return true
}
