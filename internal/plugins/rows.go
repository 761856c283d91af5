package plugins

import (
	"encoding/json"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/broked/broked/internal/batch"
	"github.com/broked/broked/internal/fault"
)

// Bounds of a batch.
const (
	mostRows  = 8192
	mostBytes = 8 << 20
)

// Rows makes batches of records. The types of columns are those that the plugin has told of
// its stream, else those of the values.
type Rows struct {
	// Write takes each batch, and owns it.
	Write func(batch.Batch) error

	declared map[string]string // by column: a DuckDB type
	columns  []*cells
	named    map[string]*cells
	rows     int
	size     int
	total    int64
}

// cells are the values of one column so far, as JSON.
type cells struct {
	name   string
	values [][]byte // nil where there is none
}

// Declare says which columns there are, before the first record. Types that nobody knows
// are those of the values.
func (r *Rows) Declare(columns []StreamColumn) error {
	r.declared = make(map[string]string, len(columns))
	r.reset()
	for _, c := range columns {
		if typ := typeOf(c.Type); typ != "" {
			r.declared[c.Name] = typ
		}
		r.column(c.Name)
	}
	return r.Flush()
}

// Total is how many rows there were.
func (r *Rows) Total() int64 { return r.total }

// Add takes the data of a record, an object. What is none is an Invalid fault.
func (r *Rows) Add(data []byte) error {
	if r.named == nil {
		r.reset()
	}
	err := each(data, func(name string, value []byte) error {
		c := r.column(name)
		for len(c.values) < r.rows {
			c.values = append(c.values, nil)
		}
		if string(value) != "null" {
			c.values = append(c.values, slices.Clone(value))
		}
		return nil
	})
	if err != nil {
		return fault.Wrap(fault.Invalid, err, "record %d of the plugin has data that is no JSON object", r.total+int64(r.rows)+1).With("plugin_failed")
	}
	r.rows++
	if r.size += len(data); r.rows >= mostRows || r.size >= mostBytes {
		return r.Flush()
	}
	return nil
}

func (r *Rows) column(name string) *cells {
	c, is := r.named[name]
	if !is {
		c = &cells{name: name}
		r.named[name], r.columns = c, append(r.columns, c)
	}
	return c
}

func (r *Rows) reset() {
	known := r.columns
	r.named, r.columns, r.rows, r.size = make(map[string]*cells, len(known)), nil, 0, 0
	for _, c := range known {
		r.column(c.name)
	}
}

// Flush writes the rows that are left.
func (r *Rows) Flush() error {
	if len(r.columns) == 0 {
		if r.rows > 0 {
			return fault.New(fault.Invalid, "the plugin's records have no members, so there are no columns").With("plugin_failed")
		}
		return nil
	}
	b := batch.Batch{Rows: r.rows}
	for _, c := range r.columns {
		for len(c.values) < r.rows {
			c.values = append(c.values, nil)
		}
		column, err := c.decode(r.declared[c.name])
		if err != nil {
			return err
		}
		b.Columns = append(b.Columns, column)
	}
	r.total += int64(r.rows)
	r.reset()
	return r.Write(b)
}

// decode makes a column of the values, of a type or of the one that holds them all.
func (c *cells) decode(typ string) (batch.Column, error) {
	if typ == "" {
		typ = c.guess()
	}
	n := len(c.values)
	out := batch.Column{Name: c.name, Type: typ, Kind: batch.KindOf(typ), Valid: make([]bool, n)}
	switch out.Kind {
	case batch.Int:
		out.Ints = make([]int64, n)
	case batch.Float:
		out.Floats = make([]float64, n)
	case batch.Bool:
		out.Bools = make([]bool, n)
	case batch.Text, batch.Input:
		out.Texts = make([]string, n)
	}
	for i, v := range c.values {
		if out.Valid[i] = v != nil; v == nil {
			continue
		}
		if err := put(&out, i, v); err != nil {
			return out, fault.New(fault.Invalid, "the plugin's column %q is said to be %s, and a record has %s", c.name, typ, shortened(v[:min(len(v), 100)])).With("plugin_failed")
		}
	}
	return out, nil
}

// put sets a value of a column, which is JSON.
func put(c *batch.Column, row int, value []byte) (err error) {
	switch c.Kind {
	case batch.Int:
		c.Ints[row], err = strconv.ParseInt(word(value), 10, 64)
	case batch.Float:
		c.Floats[row], err = strconv.ParseFloat(word(value), 64)
	case batch.Bool:
		c.Bools[row], err = strconv.ParseBool(word(value))
	case batch.Text, batch.Input:
		c.Texts[row] = word(value)
		if c.Type == "JSON" {
			c.Texts[row] = string(value)
		}
	}
	return err
}

// guess returns the type that holds all values; it is empty when there are none.
func (c *cells) guess() string {
	typ := ""
	for _, v := range c.values {
		if v == nil {
			continue
		}
		switch own := valueType(v); {
		case typ == "" || typ == own:
			typ = own
		case wider(typ, own) || wider(own, typ):
			if wider(own, typ) {
				typ = own
			}
		default:
			return "VARCHAR"
		}
	}
	return typ
}

// wider reports whether all numbers of the type b are numbers of a.
func wider(a, b string) bool {
	return a == "DOUBLE" && (b == "BIGINT" || b == "HUGEINT") || a == "HUGEINT" && b == "BIGINT"
}

// valueType returns the type of one JSON value.
func valueType(v []byte) string {
	switch v[0] {
	case 't', 'f':
		return "BOOLEAN"
	case '{', '[':
		return "JSON"
	case '"':
		return "VARCHAR"
	}
	_, err := strconv.ParseInt(string(v), 10, 64)
	switch {
	case strings.ContainsAny(string(v), ".eE"):
		return "DOUBLE"
	case err == nil:
		return "BIGINT"
	case len(v) <= 38:
		return "HUGEINT"
	}
	return "VARCHAR"
}

// word returns a JSON value as it stands in a cell: texts without their quotes.
func word(v []byte) string {
	var text string
	if len(v) > 0 && v[0] == '"' && json.Unmarshal(v, &text) == nil {
		return text
	}
	return string(v)
}

var decimal = regexp.MustCompile(`^(?:DECIMAL|NUMERIC)\((\d{1,2}),\s*(\d{1,2})\)$`)

// typeOf returns the DuckDB type that a plugin's word for one means; it is empty for
// words that nobody knows.
func typeOf(word string) string {
	word = strings.ToUpper(strings.TrimSpace(word))
	if m := decimal.FindStringSubmatch(word); m != nil {
		width, _ := strconv.Atoi(m[1])
		scale, _ := strconv.Atoi(m[2])
		if width < 1 || width > 38 || scale > width {
			return ""
		}
		return "DECIMAL(" + strconv.Itoa(width) + "," + strconv.Itoa(scale) + ")"
	}
	return words[word]
}

// words are the usual ones for types.
var words = map[string]string{
	"STRING": "VARCHAR", "TEXT": "VARCHAR", "VARCHAR": "VARCHAR", "UUID": "VARCHAR",
	"INT": "BIGINT", "INTEGER": "BIGINT", "LONG": "BIGINT", "BIGINT": "BIGINT",
	"NUMBER": "DOUBLE", "FLOAT": "DOUBLE", "DOUBLE": "DOUBLE",
	"BOOL": "BOOLEAN", "BOOLEAN": "BOOLEAN",
	"DATE": "DATE", "TIME": "TIME", "TIMESTAMP": "TIMESTAMP", "DATETIME": "TIMESTAMP",
	"TIMESTAMPTZ": zoned, "TIMESTAMP_TZ": zoned, zoned: zoned,
	"JSON": "JSON", "OBJECT": "JSON", "ARRAY": "JSON",
}

const zoned = "TIMESTAMP WITH TIME ZONE"

// encoder returns what appends a value of a column with its name, as a member of a JSON object.
func encoder(c batch.Column) func(to []byte, row int) []byte {
	name, err := json.Marshal(c.Name)
	if err != nil {
		name = []byte(`""`) // which no text does
	}
	name = append(name, ':')
	plain := isJSON(c.Type)
	return func(to []byte, row int) []byte {
		to = append(to, name...)
		switch {
		case c.Valid != nil && !c.Valid[row]:
			return append(to, "null"...)
		case c.Kind == batch.Int:
			return strconv.AppendInt(to, c.Ints[row], 10)
		case c.Kind == batch.Bool:
			return strconv.AppendBool(to, c.Bools[row])
		case c.Kind == batch.Float:
			return appendFloat(to, c.Floats[row])
		case plain && json.Valid([]byte(c.Texts[row])):
			return append(to, strings.ReplaceAll(c.Texts[row], "\n", " ")...)
		}
		quoted, err := jsontext.AppendQuote(to, c.Texts[row])
		if err != nil {
			return append(to, "null"...) // it was no text
		}
		return quoted
	}
}

// isJSON reports whether the text of a type's values is JSON as it is: that of numbers
// and nested values.
func isJSON(typ string) bool {
	return slices.Contains([]string{"HUGEINT", "UHUGEINT", "UBIGINT", "JSON"}, typ) || strings.HasSuffix(typ, "]") ||
		slices.ContainsFunc([]string{"DECIMAL(", "STRUCT(", "MAP("}, func(prefix string) bool { return strings.HasPrefix(typ, prefix) })
}

// appendFloat writes a fraction; JSON has none that is no number or without end.
func appendFloat(to []byte, f float64) []byte {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return append(to, "null"...)
	}
	return strconv.AppendFloat(to, f, 'g', -1, 64)
}
