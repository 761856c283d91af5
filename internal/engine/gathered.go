package engine

import (
	"slices"
	"strings"

	bindings "github.com/duckdb/duckdb-go-bindings"

	"github.com/broked/broked/internal/batch"
	"github.com/broked/broked/internal/node"
	"github.com/broked/broked/internal/sqltext"
)

// gathered is a part of the rows.
type gathered struct {
	name    string         // of the table
	columns []batch.Column // without values
	rows    int64
	size    int           // of its text, in bytes
	file    string        // where the rows are instead of the table, if not empty
	rel     node.Relation // of the file, once it is whole
}

// takes reports whether b has the columns of t.
func (t gathered) takes(b batch.Batch) bool {
	return slices.EqualFunc(t.columns, b.Columns, func(x, y batch.Column) bool {
		return x.Name == y.Name && x.Type == y.Type && x.Kind == y.Kind
	})
}

// large reports whether more rows of t go to a file.
func (t gathered) large() bool {
	return (t.rows >= flowRows || t.size >= flowSize) && !t.borrows()
}

// From so many rows or bytes of text on, a part is a file. It would be one sooner or
// later; in memory it takes several times as much, and a table is faster for few.
const (
	flowRows = 100_000
	flowSize = 32 << 20
)

// from is what stands behind FROM for the rows of t.
func (t gathered) from() string {
	if t.file == "" {
		return sqltext.Ident(t.name)
	}
	carriers := make([]string, len(t.rel.Columns))
	for i, c := range t.rel.Columns {
		carriers[i] = carried(c, t.columns[i].Kind) + " AS " + sqltext.Ident(c.Name)
	}
	return "(SELECT " + strings.Join(carriers, ", ") + " FROM (" + t.rel.SQL + "))"
}

// borrows reports whether a table lacks columns that are the input's.
func (t gathered) borrows() bool {
	return slices.ContainsFunc(t.columns, func(c batch.Column) bool { return c.Kind == batch.Input })
}

// landed returns the expression for a column of the result over the carriers of a part.
func landed(t gathered, c node.Column) string {
	i := slices.IndexFunc(t.columns, func(o batch.Column) bool { return o.Name == c.Name })
	if i < 0 {
		return "CAST(NULL AS " + c.Type + ")"
	}
	name := sqltext.Ident(c.Name)
	if c.Type == "BLOB" {
		return "unhex(" + name + ")"
	}
	if carrier, _ := carrierOf(t.columns[i].Kind); carrier == c.Type {
		return name
	}
	if nested(c.Type) { // their texts are JSON
		return "CAST(CAST(" + name + " AS JSON) AS " + c.Type + ")"
	}
	return "CAST(" + name + " AS " + c.Type + ")"
}

// common returns the type that holds values of both types, and false with VARCHAR
// when it has to be text.
func common(a, b string) (string, bool) {
	rank := func(t string) int {
		return slices.Index([]string{"BIGINT", "HUGEINT", "DECIMAL", "DOUBLE"}, strings.SplitN(t, "(", 2)[0])
	}
	switch {
	case a == b || b == "":
		return a, true
	case a == "":
		return b, true
	case rank(a) >= 0 && rank(b) >= 0:
		return "DOUBLE", true
	case a == "DATE" && b == "TIMESTAMP" || a == "TIMESTAMP" && b == "DATE":
		return "TIMESTAMP", true
	}
	return "VARCHAR", false
}

func carrierOf(kind batch.Kind) (string, bindings.Type) {
	switch kind {
	case batch.Int:
		return "BIGINT", bindings.TypeBigInt
	case batch.Float:
		return "DOUBLE", bindings.TypeDouble
	case batch.Bool:
		return "BOOLEAN", bindings.TypeBoolean
	case batch.Text, batch.Input:
	}
	return "VARCHAR", bindings.TypeVarchar
}
