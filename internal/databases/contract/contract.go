// Package contract is what every sort of database has to do alike, as tests. The
// package of each sort calls it with real databases.
package contract

import (
	"context"
	"iter"
	"strings"
	"testing"

	"github.com/broked/broked/internal/batch"
	"github.com/broked/broked/internal/databases"
	"github.com/broked/broked/internal/fault"
)

// Database is what nodes ask of a database.
type Database interface {
	Read(ctx context.Context, q databases.Query, give func(batch.Batch) error) error
	Write(ctx context.Context, load databases.Load, rows iter.Seq2[batch.Batch, error]) (int64, error)
	Script(ctx context.Context, text string) (int, error)
}

// Value is one value of a type of the database's own.
type Value struct {
	SQL  string // an expression or, with Column, a literal
	Type string // that comes out, of DuckDB
	Text string // that comes out
	// Column is the type of a column that it is kept in; empty, the expression is
	// selected as it is and not written again.
	Column string
}

// Sort is a sort of database.
type Sort struct {
	// New returns an empty database.
	New func(t *testing.T) Database
	// Values come out as they say, and the same after they were written into a table
	// that is made.
	Values []Value
	// Server is what only databases on servers can be asked; nil for files.
	Server *Server
	// Commits says that a table which changes is committed at once: columns are added by
	// the first batch alone, and stay when the load fails.
	Commits bool
	// Lean says that keys need not be unique, and that rows which are refused cannot be put
	// aside: a load with such rows fails, and tells of the first.
	Lean bool
}

// Server is what databases on servers are asked besides.
type Server struct {
	// Behind returns the database that a test made by New has, reached at another address
	// of this machine, and the address of its server.
	Behind func(t *testing.T, db Database, port int) Database
	Port   func(db Database) int
	// Login returns the database with another account; an empty user is that of New with a
	// wrong password.
	Login func(t *testing.T, db Database, user string) Database
	// Nobody is a statement that makes an account without permissions, called nobody_here.
	Nobody string
	// Slow returns a query that takes a minute, and the database with a limit far below.
	Slow func(t *testing.T, db Database) (string, Database)
}

// Run runs the contract.
func Run(t *testing.T, s Sort) {
	t.Helper()
	for name, test := range map[string]func(*testing.T, Sort){
		"types": types, "empty": empty, "large": large, "modes": modes, "cancelled": cancelled, "refusals": refusals, "words": words, "scripts": scripts, "hostile": hostile,
		"merge-delete": mergeDelete, "new columns": newColumns, "once": once,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, s)
		})
	}
	if s.Server == nil {
		return
	}
	for name, test := range map[string]func(*testing.T, Sort){"lost": lost, "accounts": accounts, "slow": slow, "fence": fence} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, s)
		})
	}
}

func script(t *testing.T, db Database, text string) {
	t.Helper()
	if _, err := db.Script(t.Context(), text); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
}

// rows returns the result of a query, a row a line, with | between values.
func rows(t *testing.T, db Database, query string) string {
	t.Helper()
	var out strings.Builder
	err := db.Read(t.Context(), databases.Query{Text: query}, func(b batch.Batch) error {
		for row := range b.Rows {
			for i, c := range b.Columns {
				if i > 0 {
					out.WriteByte('|')
				}
				out.WriteString(databases.Shown(c, row))
			}
			out.WriteByte('\n')
		}
		return nil
	})
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return out.String()
}

// of gives batches.
func of(all ...batch.Batch) iter.Seq2[batch.Batch, error] {
	return func(yield func(batch.Batch, error) bool) {
		for _, b := range all {
			if !yield(b, nil) {
				return
			}
		}
	}
}

// pairs is a batch of numbers from from, and texts.
func pairs(from int64, texts ...string) batch.Batch {
	b := batch.Batch{Rows: len(texts), Columns: []batch.Column{
		{Name: "id", Type: "BIGINT", Kind: batch.Int},
		{Name: "name", Type: "VARCHAR", Kind: batch.Text, Texts: texts},
	}}
	for i := range texts {
		b.Columns[0].Ints = append(b.Columns[0].Ints, from+int64(i))
	}
	return b
}

func write(t *testing.T, db Database, load databases.Load, want int64, all ...batch.Batch) {
	t.Helper()
	n, err := db.Write(t.Context(), load, of(all...))
	if err != nil || n != want {
		t.Fatalf("%+v: %d rows, %v", load, n, err)
	}
}

func same(t *testing.T, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("got %.2000q\nwant %.2000q", got, want)
	}
}

// tells sees that an error has a code and words.
func tells(t *testing.T, err error, code, words string) {
	t.Helper()
	if err == nil || fault.CodeOf(err) != code && code != "" || !strings.Contains(fault.MessageOf(err), words) {
		t.Errorf("got %s %q, want %s %q (%v)", fault.CodeOf(err), fault.MessageOf(err), code, words, err)
	}
}
