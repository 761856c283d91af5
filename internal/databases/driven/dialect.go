// Package driven reads and writes databases for nodes over drivers of database/sql.
// What a sort of database has of its own is its Dialect; the order of things, what is
// done with rows that are refused and what people are told is the same for all.
package driven

import (
	"context"
	"database/sql"
	"database/sql/driver"

	"github.com/broked/broked/internal/batch"
	"github.com/broked/broked/internal/connection"
	"github.com/broked/broked/internal/databases"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/outbound"
)

// Dialect is what a sort of database has of its own. Where it is said, a field may be
// left out.
type Dialect struct {
	Name string // for people
	// Connector returns what connects by c, through dialer alone.
	Connector func(c connection.Connection, dialer *outbound.Dialer) (driver.Connector, error)
	// Say returns what an error of the server means, nil when it is none of the server's.
	Say func(c connection.Connection, err error) *Said
	// Setup is done with a new connection; it may be left out.
	Setup func(ctx context.Context, c *Conn) error

	SQL     SQL
	Types   Types
	Text    Lexis
	Session Session
	// Bulk puts rows into a table faster than inserts do, and reports whether it has;
	// when it has not, nothing of them is in the table. It may be left out.
	Bulk func(ctx context.Context, c *Conn, t *Table, rows Rows) (bool, error)
	// Put writes rows in place of SQL.Insert, all or none; it may be left out. A value that
	// is none of its column is a BadValue.
	Put func(ctx context.Context, c *Conn, t *Table, rows Rows) error
}

// SQL is how statements are written.
type SQL struct {
	Quote func(name string) string
	Mark  func(number int) string // of a parameter, from 1
	// Columns yields name and type of the columns of a table that can be written, in
	// order, Keys key and column, each key's in order, and Tables names. The first two
	// have the schema, which may be empty, and the table as parameters.
	Columns, Keys, Tables string
	// Find yields schema and name of the tables that a name may mean, the likeliest first. Its
	// parameters are the schema, the table, and the table again. It may be left out.
	Find string
	// Refuses says of a load why it cannot be promised; it may be left out.
	Refuses func(load databases.Load) error
	// Insert returns the statement for so many rows. Keys is empty but for upserts.
	Insert func(t *Table, columns, keys []string, rows int) string
	// MostRows and MostParams bound one statement.
	MostRows, MostParams int
	// Create returns the statements that make a table; keys are to be unique. Empty,
	// IfAbsent makes only one that is not there.
	Create func(name string, columns []Declared, keys []string, ifAbsent bool) string
	Drop   func(name string) string
	// Rename lets a table take the place of another, which is there when over is set and
	// gone afterwards. It is nil where making tables is part of transactions.
	Rename func(stage, name string, over bool) []string
	// Like returns the statement that makes an empty table like another, Attach those that
	// put all rows of a table into one that was made like that, of which the first does it,
	// and Stages yields the tables of a schema whose names begin with something. They are for
	// databases without transactions, where rows go to another table first. That an older
	// attempt's is gone lets the older one go no further.
	Like   func(stage, table string) string
	Attach func(stage, table string) []string
	Stages string
	// Add returns the statement that adds columns to a table.
	Add func(table string, columns []Declared) string
	// Kept returns the statement that makes a table which lasts as long as the session,
	// for different values of columns of another, without its rows. Temporary is what
	// names of such tables begin with.
	Kept      func(name, from string, columns []string) string
	Temporary string
	// Prune returns the statement that removes the rows of a table, called there, for which
	// a condition holds.
	Prune func(table, there, where string) string
	// Empty removes all rows of a table in a transaction.
	Empty func(name string) string
	// Unique is how a missing key is made, for people: what stands before the columns.
	Unique func(table string) string
	// Safe says why rows cannot be undone in a table, or nothing; it may be left out.
	Safe func(ctx context.Context, c *Conn, t *Table) error
}

// Declared is a column of a table that is made.
type Declared struct{ Name, Type string }

// Types is what values are.
type Types struct {
	// Of returns the type of a column of a result: DuckDB's, "" for decimals whose values
	// decide.
	Of func(c *sql.ColumnType) string
	// Describe says of a column of a result what it is, and how far the database can be
	// trusted with it; it may be left out.
	Describe func(c *sql.ColumnType) databases.Described
	// Read returns a value as the batch carries it, as text, and whether it is such a
	// value; one that is not makes the column of its batch one of texts. Left out or with
	// ok and known false, Plain does it.
	Read func(v any, typ string) (text string, fits, known bool)
	// Declared returns the type that a column of a DuckDB type is made with.
	Declared func(typ string, widening, key bool) string
	// Write returns a value for a column of the table, of a type; it may be left out.
	Write func(c *batch.Column, row int, column string) (v any, done bool, err error)
	// Binary reports whether a type of column keeps bytes.
	Binary func(column string) bool
}

// Session is how attempts are told apart. All of it may be left out.
type Session struct {
	// Prepares is set where values are exact only in prepared statements.
	Prepares bool
	ID       string                 // a query
	Kill     func(id string) string // a statement that ends a session; without it none is ended
	// Lock takes a lock that its session, or the transaction that it begins, keeps until it
	// ends, and waits for it when wait is set. Holder is the session that has it.
	Lock   func(ctx context.Context, c *Conn, key string, wait bool) (bool, error)
	Holder func(ctx context.Context, c *Conn, key string) (string, error)
	// Marks is whether what became of a transaction can be told by a row of marksTable.
	Marks bool
	// Lasting is set where nothing can be undone.
	Lasting bool
	// Reading makes the statements of a context ones that only read; it may be left out.
	Reading func(ctx context.Context, c *Conn) (context.Context, error)
	// Writable is set where transactions cannot be told that they only read.
	Writable bool
	// Timed is set where the database knows no limit for a statement: then we end it.
	Timed bool
	// Over reports whether a statement that was refused has ended the transaction.
	Over func(ctx context.Context, c *Conn) (bool, error)
}

// Said is what a server says.
type Said struct {
	Kind    fault.Kind
	Code    string
	Words   string
	Again   bool     // another try may do it
	Row     bool     // it is about a row, and not about the database
	Columns []string // that are at fault
	Key     string   // that is, by its name
	Table   string   // that is not there
}

// Rows are some rows of a batch on their way into columns of a table.
type Rows struct {
	Batch    *batch.Batch
	From, To int
	Columns  []string // of the table, one for each of the batch
	Types    []string // of them
	Keys     []string // those by which rows are told apart, for upserts
}

// Table is a table that rows go to.
type Table struct {
	Schema, Name string
	Quoted       string // with its schema
	Shown        string // for people
	Columns      []Declared
	Keys         map[string][]string
}

func (s *Said) fault(err error) error {
	words := fault.Wrap(s.Kind, err, "%s", s.Words).With(s.Code)
	if s.Again {
		return fault.Transient(words)
	}
	return words
}

// errSelect is about a statement that does not read.
func errSelect(detail string) error {
	return fault.New(fault.Invalid, "must be a SELECT: this node reads and changes nothing%s", detail).With("query_failed")
}
