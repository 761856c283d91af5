// Package databases is what nodes ask of the databases of other people: the rows
// of a query, rows into a table, a script. How that is done is the business of a
// package below this one for each sort of database.
package databases

import "context"

// Query is one statement that reads rows.
type Query struct {
	Text string
	// Params are bound to ?1, ?2 and so on: nil, bool, int64, float64 or string.
	Params []any
	// BatchRows is how many rows a batch has at most; 0 leaves it to the database. Rows
	// with much text come in smaller ones.
	BatchRows int
	// Split has the rows read in several ranges at once, in no order. Only PostgreSQL can.
	Split Split
}

// Split is how the rows of a query are divided: by ranges of a column, from its least
// value to its greatest. The zero Split does not.
type Split struct {
	Column string
	Parts  int
}

// Mode is what becomes of the rows that a table has already.
type Mode string

// The modes of a load.
const (
	Append    Mode = "append"    // they stay
	Overwrite Mode = "overwrite" // they go
	Upsert    Mode = "upsert"    // those with the key of a new row become that row
	// MergeDelete is Upsert, after which those go whose key no new row has.
	MergeDelete Mode = "merge-delete"
)

// Merges reports whether rows with the key of a new row become that row.
func (m Mode) Merges() bool { return m == Upsert || m == MergeDelete }

// Load is rows on their way into a table.
type Load struct {
	Table    string // with its schema in front, if need be
	Mode     Mode
	Keys     []string // columns that tell rows apart, for modes that merge
	Truncate bool     // the rows that are there go, whatever the mode
	// Create makes the table when it is not there, and makes it anew when it is to be
	// overwritten and lacks columns.
	Create     bool
	NewColumns NewColumns
	// Scope is the condition of which rows may go for MergeDelete, with its parameters;
	// without a text all may.
	Scope Query
	// Once has the load noted in LoadsTable, in its own transaction: an attempt after one
	// that has committed changes nothing, and tells the same number.
	Once bool
	// Told, unless nil, is told what else the load has done.
	Told *Told
	// Refusals, unless nil, takes the rows that the table refuses.
	Refusals *Refusals
	// Widening says that types of later batches may be wider than those of the first,
	// which a table that is made has to take as well.
	Widening bool
	Attempt  Attempt
}

// Attempt is one of possibly several tries at the same load. Databases on servers
// let only the newest commit; the zero Attempt is alone.
type Attempt struct {
	// Name is the same for all tries at a load, and different for all others.
	Name string
	// Held returns nil while no newer attempt has begun, else a fault, with which
	// nothing is committed.
	Held func(ctx context.Context) error
}

// Empties reports whether the rows that are there go.
func (l Load) Empties() bool { return l.Truncate || l.Mode == Overwrite }
