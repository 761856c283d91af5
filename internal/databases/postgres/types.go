package postgres

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgtype"

	"github.com/broked/broked/internal/batch"
	"github.com/broked/broked/internal/databases"
)

// plainTypes are the DuckDB types of PostgreSQL's.
var plainTypes = map[uint32]string{
	pgtype.Int2OID: "SMALLINT", pgtype.Int4OID: "INTEGER", pgtype.Int8OID: "BIGINT", pgtype.OIDOID: "UINTEGER",
	pgtype.Float4OID: "FLOAT", pgtype.Float8OID: "DOUBLE", pgtype.BoolOID: "BOOLEAN",
	pgtype.DateOID: "DATE", pgtype.TimeOID: "TIME", pgtype.TimestampOID: "TIMESTAMP", pgtype.TimestamptzOID: "TIMESTAMP WITH TIME ZONE",
	pgtype.ByteaOID: "BLOB", pgtype.UUIDOID: "UUID", pgtype.JSONOID: "JSON", pgtype.JSONBOID: "JSON",
	superOID: "JSON", varbyteOID: "BLOB",
}

// arrayTypes are those of lists.
var arrayTypes = map[uint32]string{
	pgtype.Int2ArrayOID: "SMALLINT[]", pgtype.Int4ArrayOID: "INTEGER[]", pgtype.Int8ArrayOID: "BIGINT[]",
	pgtype.Float4ArrayOID: "FLOAT[]", pgtype.Float8ArrayOID: "DOUBLE[]", pgtype.BoolArrayOID: "BOOLEAN[]",
	pgtype.TextArrayOID: "VARCHAR[]", pgtype.VarcharArrayOID: "VARCHAR[]", pgtype.BPCharArrayOID: "VARCHAR[]", pgtype.NameArrayOID: "VARCHAR[]",
	pgtype.UUIDArrayOID: "UUID[]", pgtype.DateArrayOID: "DATE[]",
}

// inBinary are the types whose values come as the processor has them; others come as
// text, which is how a batch carries them.
func inBinary(oid uint32) bool {
	switch oid {
	case pgtype.Int2OID, pgtype.Int4OID, pgtype.Int8OID, pgtype.OIDOID, pgtype.Float4OID, pgtype.Float8OID, pgtype.BoolOID:
		return true
	}
	return false
}

// numericType returns the type that a column of decimals was declared with. One
// without bounds has none.
func numericType(modifier int32) string {
	if modifier < 4 {
		return ""
	}
	precision, scale := (modifier-4)>>16&0xffff, (modifier-4)&0x7ff
	if precision > databases.MostDigits || scale > precision { // a scale below zero is a large one here
		return ""
	}
	return fmt.Sprintf("DECIMAL(%d,%d)", precision, scale)
}

// column gathers the values of one column.
type column struct {
	name string
	oid  uint32
	typ  string // empty for decimals without bounds, whose values decide
	kind batch.Kind
	// plain says that all values come as text.
	plain bool

	valid  []bool
	nulls  int
	ints   []int64
	floats []float64
	bools  []bool
	buffer []byte
	ends   []int
}

func newColumn(name string, oid uint32, modifier int32) *column {
	c := &column{name: name, oid: oid, typ: plainTypes[oid]}
	switch {
	case oid == pgtype.NumericOID:
		c.typ = numericType(modifier)
	case c.typ != "":
	case arrayTypes[oid] != "":
		c.typ = arrayTypes[oid]
	default:
		c.typ = "VARCHAR"
	}
	c.kind = batch.KindOf(c.typ)
	return c
}

// declared returns the column without values.
func (c *column) declared() batch.Column {
	typ := c.typ
	if typ == "" {
		typ = "DOUBLE"
	}
	return batch.Column{Name: c.name, Type: typ, Kind: batch.KindOf(typ)}
}

// add takes a value, the one after n others, and returns its bytes of text.
func (c *column) add(value []byte, n int) (int, error) {
	if value == nil {
		if c.nulls == 0 {
			c.valid = c.valid[:0]
			for range n {
				c.valid = append(c.valid, true)
			}
		}
		c.nulls++
	}
	if c.nulls > 0 {
		c.valid = append(c.valid, value != nil)
	}
	if c.plain && c.kind != batch.Text {
		return 8, c.addPlain(string(value))
	}
	switch c.kind {
	case batch.Int:
		return 8, c.addInt(value)
	case batch.Float:
		return 8, c.addFloat(value)
	case batch.Bool:
		c.bools = append(c.bools, len(value) > 0 && value[0] != 0)
		return 1, nil
	case batch.Text, batch.Input:
	}
	return c.addText(value)
}

var errWidth = errors.New("a value does not have the width of its type")

func (c *column) addInt(value []byte) error {
	var v int64
	switch len(value) {
	case 0:
	case 2:
		v = int64(int16(binary.BigEndian.Uint16(value))) //nolint:gosec // how it is sent
	case 4:
		u := binary.BigEndian.Uint32(value)
		if v = int64(int32(u)); c.oid == pgtype.OIDOID { //nolint:gosec // how it is sent
			v = int64(u)
		}
	case 8:
		v = int64(binary.BigEndian.Uint64(value)) //nolint:gosec // how it is sent
	default:
		return errWidth
	}
	c.ints = append(c.ints, v)
	return nil
}

func (c *column) addFloat(value []byte) error {
	var v float64
	switch len(value) {
	case 0:
	case 4:
		v = float64(math.Float32frombits(binary.BigEndian.Uint32(value)))
	case 8:
		v = math.Float64frombits(binary.BigEndian.Uint64(value))
	default:
		return errWidth
	}
	c.floats = append(c.floats, v)
	return nil
}

func (c *column) addText(value []byte) (int, error) {
	before := len(c.buffer)
	switch {
	case c.typ == "BLOB":
		c.buffer = append(c.buffer, bytes.TrimPrefix(value, []byte(`\x`))...)
	case value != nil && strings.HasSuffix(c.typ, "[]"):
		list, err := listOf(string(value), c.typ)
		if err != nil {
			return 0, err
		}
		c.buffer = append(c.buffer, list...)
	case strings.HasSuffix(string(value[max(len(value)-3, 0):]), " BC") && (c.typ == "DATE" || strings.HasPrefix(c.typ, "TIMESTAMP")):
		day, rest, _ := strings.Cut(strings.TrimSuffix(string(value), " BC"), " ")
		c.buffer = append(c.buffer, strings.TrimSpace(day+" (BC) "+rest)...)
	default:
		c.buffer = append(c.buffer, value...)
	}
	c.ends = append(c.ends, len(c.buffer))
	return len(c.buffer) - before, nil
}

// take returns the n values and begins anew. They share no memory with those of the
// next batch.
func (c *column) take(n int) batch.Column {
	out := batch.Column{Name: c.name, Type: c.typ, Kind: c.kind, Ints: c.ints, Floats: c.floats, Bools: c.bools}
	if c.nulls > 0 {
		out.Valid = c.valid
	}
	if c.kind == batch.Text {
		out.Texts = make([]string, n)
		all, from := string(c.buffer), 0
		for i, end := range c.ends {
			out.Texts[i], from = all[from:end], end
		}
		switch {
		case c.oid == pgtype.NumericOID:
			c.decimals(&out)
		case strings.HasSuffix(c.typ, "[]") && slices.ContainsFunc(out.Texts, func(text string) bool { return strings.HasPrefix(text, "[[") }):
			out.Type = "JSON" // how many dimensions there are is up to each value
		}
	}
	c.nulls, c.valid, c.ints, c.floats, c.bools, c.buffer, c.ends = 0, nil, anew(c.ints), anew(c.floats), anew(c.bools), c.buffer[:0], c.ends[:0]
	return out
}

// anew returns room for as many values as there were.
func anew[T any](values []T) []T {
	if values == nil {
		return nil
	}
	return make([]T, 0, len(values))
}

// decimals finds the type of decimals of which the values decide, or whose bounds
// do not say that one is NaN.
func (c *column) decimals(out *batch.Column) {
	if typ := databases.DecimalType(out.Texts, out.Valid); c.typ == "" || typ == "VARCHAR" && slices.ContainsFunc(out.Texts, isNoNumber) {
		out.Type = typ
	}
}

func isNoNumber(text string) bool { return text != "" && strings.TrimPrefix(text, "-")[0] > '9' }

// listOf returns an array as PostgreSQL writes it as JSON.
func listOf(text, typ string) (string, error) {
	if strings.HasPrefix(text, "[") { // bounds other than from 1
		_, text, _ = strings.Cut(text, "=")
	}
	var out strings.Builder
	quotes := strings.HasPrefix(typ, "VARCHAR") || strings.HasPrefix(typ, "UUID") || strings.HasPrefix(typ, "DATE")
	for at := 0; at < len(text); {
		switch text[at] {
		case '{':
			out.WriteByte('[')
		case '}':
			out.WriteByte(']')
		case ',':
			out.WriteByte(',')
		default:
			item, quoted, length := listItem(text[at:])
			at += length
			if err := writeItem(&out, item, quoted, quotes, typ); err != nil {
				return "", err
			}
			continue
		}
		at++
	}
	return out.String(), nil
}

func writeItem(out *strings.Builder, item string, quoted, quotes bool, typ string) error {
	switch {
	case !quoted && item == "NULL":
		out.WriteString("null")
	case typ == "BOOLEAN[]":
		out.WriteString(strconv.FormatBool(item == "t"))
	case quotes || item == "NaN" || strings.HasSuffix(item, "Infinity"):
		raw, err := json.Marshal(item)
		if err != nil {
			return err
		}
		out.Write(raw)
	default:
		out.WriteString(item)
	}
	return nil
}

// listItem reads one item of an array, and says how much of the text it is.
func listItem(text string) (item string, quoted bool, length int) {
	if text[0] != '"' {
		end := strings.IndexAny(text, ",}")
		if end < 0 {
			end = len(text)
		}
		return text[:end], false, end
	}
	var b strings.Builder
	for i := 1; i < len(text); i++ {
		switch text[i] {
		case '"':
			return b.String(), true, i + 1
		case '\\':
			i++
			if i < len(text) {
				b.WriteByte(text[i])
			}
		default:
			b.WriteByte(text[i])
		}
	}
	return b.String(), true, len(text)
}
