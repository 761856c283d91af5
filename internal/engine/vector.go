//nolint:gosec // a vector is memory of DuckDB, as long as it says that it is
package engine

import (
	"unsafe"

	bindings "github.com/duckdb/duckdb-go-bindings"

	"github.com/broked/broked/internal/batch"
)

// text is how DuckDB keeps a text: up to 12 bytes in place, else behind a pointer.
type text struct {
	length uint32
	short  [12]byte
}

const inPlace = 12

func (t *text) bytes() []byte {
	if t.length <= inPlace {
		return t.short[:t.length]
	}
	return unsafe.Slice(*(**byte)(unsafe.Pointer(&t.short[4])), t.length)
}

// take appends the rows of a chunk to b, whose columns say how they are carried,
// and returns how many bytes of text there were.
func take(b *batch.Batch, chunk bindings.DataChunk) (size int) {
	n := int(bindings.DataChunkGetSize(chunk))
	for i := range b.Columns {
		c := &b.Columns[i]
		vector := bindings.DataChunkGetVector(chunk, bindings.IdxT(i))
		data, mask := bindings.VectorGetData(vector), (*uint64)(bindings.VectorGetValidity(vector))
		if mask != nil || c.Valid != nil {
			for len(c.Valid) < b.Rows {
				c.Valid = append(c.Valid, true)
			}
			for row := range n {
				c.Valid = append(c.Valid, isValid(mask, row))
			}
		}
		switch c.Kind {
		case batch.Int:
			c.Ints = append(c.Ints, unsafe.Slice((*int64)(data), n)...)
		case batch.Float:
			c.Floats = append(c.Floats, unsafe.Slice((*float64)(data), n)...)
		case batch.Bool:
			for _, v := range unsafe.Slice((*byte)(data), n) {
				c.Bools = append(c.Bools, v != 0)
			}
		case batch.Text:
			size += takeTexts(c, unsafe.Slice((*text)(data), n), mask)
		case batch.Input:
		}
	}
	b.Rows += n
	return size
}

// takeTexts copies the texts of a vector, all into one piece of memory.
func takeTexts(c *batch.Column, texts []text, mask *uint64) int {
	size := 0
	for row := range texts {
		if isValid(mask, row) {
			size += int(texts[row].length)
		}
	}
	all := make([]byte, 0, size)
	for row := range texts {
		if isValid(mask, row) {
			all = append(all, texts[row].bytes()...)
		}
	}
	joined, at := unsafe.String(unsafe.SliceData(all), len(all)), 0
	for row := range texts {
		length := 0
		if isValid(mask, row) {
			length = int(texts[row].length)
		}
		c.Texts = append(c.Texts, joined[at:at+length])
		at += length
	}
	return size
}

func isValid(mask *uint64, row int) bool {
	return mask == nil || unsafe.Slice(mask, row/64+1)[row/64]>>(row%64)&1 == 1
}

// put writes n values of a column, beginning with row from, into a vector.
func put(vector bindings.Vector, c batch.Column, from, n int) {
	data := bindings.VectorGetData(vector)
	if c.Valid != nil {
		bindings.VectorEnsureValidityWritable(vector)
		mask := unsafe.Slice((*uint64)(bindings.VectorGetValidity(vector)), (n+63)/64)
		for row := range n {
			if !c.Valid[from+row] {
				mask[row/64] &^= 1 << (row % 64)
			}
		}
	}
	switch c.Kind {
	case batch.Int:
		copy(unsafe.Slice((*int64)(data), n), c.Ints[from:])
	case batch.Float:
		copy(unsafe.Slice((*float64)(data), n), c.Floats[from:])
	case batch.Bool:
		copy(unsafe.Slice((*bool)(data), n), c.Bools[from:])
	case batch.Text:
		putTexts(vector, unsafe.Slice((*text)(data), n), c.Texts[from:from+n])
	case batch.Input:
	}
}

// putTexts writes texts into a vector. What does not fit in place is handed to DuckDB as
// one long text, within which the vector's point then: a call of DuckDB for each takes
// longer than copying them.
func putTexts(vector bindings.Vector, into []text, texts []string) {
	size, first := 0, -1
	for row, v := range texts {
		if len(v) > inPlace {
			if size += len(v); first < 0 {
				first = row
			}
		}
	}
	var at uintptr // in memory of DuckDB's
	if first >= 0 {
		all := make([]byte, 0, size)
		for _, v := range texts {
			if len(v) > inPlace {
				all = append(all, v...)
			}
		}
		bindings.VectorAssignStringElementLen(vector, bindings.IdxT(first), all)
		at = *(*uintptr)(unsafe.Pointer(&into[first].short[4]))
	}
	for row, v := range texts {
		t := &into[row]
		*t = text{length: uint32(len(v))}
		if n := copy(t.short[:], v); n < len(v) {
			*(*uintptr)(unsafe.Pointer(&t.short[4])) = at // the bytes before it are how the text begins
			at += uintptr(len(v))
		}
	}
}
