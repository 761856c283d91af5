// Package batch is how rows travel between the engine and nodes that do not work
// inside the database: some thousand rows at a time, column by column.
package batch

// Kind is how the values of a column are carried.
type Kind byte

// The ways to carry values.
const (
	Int   Kind = 'q' // 64 bits, signed
	Float Kind = 'd'
	Bool  Kind = 'b'
	Text  Kind = 's' // and everything that has no kind of its own, as its type is written in text
	// Input carries nothing: the values are those of the input's column of that name,
	// as Type. All rows that a node writes are then as many as those of its input, and
	// in their order; all its batches have the same columns.
	Input Kind = '='
)

// Column is the values of one column, in the order of the rows.
type Column struct {
	Name string
	// Type is the DuckDB type in capitals. It is empty when all values are null and
	// nobody knows better. BLOB is carried in hexadecimal digits, and nested values
	// as JSON.
	Type string
	Kind Kind
	// Valid tells for every row whether there is a value; nil means that all have one.
	// In place of null, the slice below has any value.
	Valid  []bool
	Ints   []int64
	Floats []float64
	Bools  []bool
	Texts  []string
}

// Batch is some rows.
type Batch struct {
	Rows    int
	Columns []Column
}

// Slice returns the rows from one to before another. They share their memory with b.
func (b Batch) Slice(from, to int) Batch {
	out := Batch{Rows: to - from, Columns: make([]Column, len(b.Columns))}
	for i, c := range b.Columns {
		c.Valid, c.Ints, c.Floats = part(c.Valid, from, to), part(c.Ints, from, to), part(c.Floats, from, to)
		c.Bools, c.Texts = part(c.Bools, from, to), part(c.Texts, from, to)
		out.Columns[i] = c
	}
	return out
}

func part[T any](all []T, from, to int) []T {
	if len(all) == 0 {
		return all
	}
	return all[from:to]
}

// KindOf returns how values of a DuckDB type are carried.
func KindOf(typ string) Kind {
	switch typ {
	case "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER":
		return Int
	case "FLOAT", "DOUBLE":
		return Float
	case "BOOLEAN":
		return Bool
	}
	return Text
}
