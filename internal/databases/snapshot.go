package databases

import (
	"context"

	"github.com/broked/broked/internal/batch"
)

// Snapshot is a database as it was at one moment: all that is read of it is of that
// moment, where the tables are of a sort that can.
type Snapshot interface {
	// Describe returns the columns that a query would yield. It does not read its rows.
	Describe(ctx context.Context, q Query) ([]Described, error)
	// Read is that of the database.
	Read(ctx context.Context, q Query, give func(batch.Batch) error) error
}

// Filling is rows of a database on their way into one of its tables.
type Filling struct {
	Query
	// Columns are those of the rows, without values. Each value is of its type.
	Columns []batch.Column
}

// Filled is what has become of a Filling.
type Filled struct {
	Rows      int64
	Statement string // what was executed; empty when nothing was
}

// Described is a column of a query, and how far the database can be trusted to do with
// its values what the engine's database would.
type Described struct {
	Name string
	// Type is the DuckDB type that the values have when they are read; empty when that
	// is up to the values.
	Type string
	// Compares says that the database tells values apart and orders them as the engine's
	// does; texts only when they are compared byte by byte, which Bytewise says that =
	// does by itself.
	Compares, Bytewise bool
	// Holds, unless empty, is a condition without which some value is not of the type.
	// It is about the column that stands in place of %s, which it names any number of
	// times, and true where that is null.
	Holds string
}
