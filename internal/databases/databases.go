// Package databases is what nodes ask of the databases of other people: the rows
// of a query, rows into a table, a script. How that is done is the business of a
// package below this one for each sort of database.
package databases

import (
	"path/filepath"
	"slices"
	"strings"

	"github.com/broked/broked/internal/fault"
)

// Query is one statement that reads rows.
type Query struct {
	Text string
	// Params are bound to ?1, ?2 and so on: nil, bool, int64, float64 or string.
	Params []any
	// BatchRows is how many rows a batch has at most; 0 leaves it to the database. Rows
	// with much text come in smaller ones.
	BatchRows int
}

// Mode is what becomes of the rows that a table has already.
type Mode string

// The modes of a load.
const (
	Append    Mode = "append"    // they stay
	Overwrite Mode = "overwrite" // they go
	Upsert    Mode = "upsert"    // those with the key of a new row become that row
)

// Load is rows on their way into a table.
type Load struct {
	Table    string // with its schema in front, if need be
	Mode     Mode
	Keys     []string // columns that tell rows apart, for Upsert
	Truncate bool     // the rows that are there go, whatever the mode
	// Create makes the table when it is not there, and makes it anew when it is to be
	// overwritten and lacks columns.
	Create bool
	// Refusals, unless nil, takes the rows that the table refuses.
	Refusals *Refusals
}

// Empties reports whether the rows that are there go.
func (l Load) Empties() bool { return l.Truncate || l.Mode == Overwrite }

// Kind is a sort of database.
type Kind string

// SQLite is databases that are files.
const SQLite Kind = "sqlite"

// Address is where a database is.
type Address struct {
	Kind Kind
	Path string // of a database that is a file, as a person wrote it
}

// endings are those of files that are SQLite databases.
var endings = []string{".db", ".sqlite", ".sqlite3"}

const reachable = "what can be reached is an SQLite file, written sqlite:///path/to/file.db or file.db"

// Parse reads the address of a database. What cannot be reached is an Invalid fault
// that names what can be.
func Parse(uri string) (Address, error) {
	scheme, rest, has := strings.Cut(uri, "://")
	switch {
	case strings.TrimSpace(uri) == "":
		return Address{}, fault.New(fault.Invalid, "is empty: %s", reachable)
	case !has && slices.Contains(endings, strings.ToLower(filepath.Ext(uri))):
		return Address{Kind: SQLite, Path: uri}, nil
	case !has:
		return Address{}, fault.New(fault.Invalid, "is no address of a database: %s", reachable)
	case !strings.EqualFold(scheme, "sqlite"):
		// The rest may have a password in it and is not repeated.
		return Address{}, fault.New(fault.Invalid, "%.20s databases cannot be reached: %s", scheme, reachable)
	case rest == "" || strings.Trim(rest, "/") == "" || strings.Contains(rest, ":memory:"):
		return Address{}, fault.New(fault.Invalid, "names no file: %s", reachable)
	case strings.ContainsAny(rest, "?#"):
		return Address{}, fault.New(fault.Invalid, "has options behind the file's name, which are not taken: leave out the ? and what follows")
	}
	return Address{Kind: SQLite, Path: rest}, nil
}
