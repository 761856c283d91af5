// Package oracle reads and writes Oracle databases for nodes. Rows go in by inserts and
// merges that are bound to many rows at once.
package oracle

import (
	"context"

	"github.com/broked/broked/internal/connection"
	"github.com/broked/broked/internal/databases"
	"github.com/broked/broked/internal/databases/driven"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/outbound"
)

// DefaultPort is where Oracle's listener listens.
const DefaultPort = 1521

// Dialect is what Oracle has of its own.
var Dialect = &driven.Dialect{
	Name: "Oracle", Connector: connector, Say: say, Setup: setup,
	SQL: driven.SQL{
		Quote: quote, Mark: mark, Find: find, Columns: columns, Keys: keys, Tables: tables, Refuses: refuses,
		Insert: insertion, MostRows: 1, MostParams: 1000, Create: creation, Drop: drop, Rename: rename,
		Empty: func(name string) string { return "DELETE FROM " + name },
		Add:   addition,
		Unique: func(table string) string {
			return "ALTER TABLE " + table + " ADD UNIQUE"
		},
	},
	Types: driven.Types{Of: typeOf, Read: read, Declared: declared, Write: value, Binary: isBinary},
	Text: driven.Lexis{
		Quotes: `'"`, Passed: []string{"COMMIT"}, Blocks: []string{"BEGIN", "DECLARE"},
		Forbidden: []string{"ROLLBACK", "SAVEPOINT"},
	},
	Session: driven.Session{Lock: lock, Marks: true, Writable: true, Timed: true, Reading: reading},
	Put:     put,
}

// At returns a database on a server that is reached through dialer.
func At(c connection.Connection, dialer *outbound.Dialer) driven.Server {
	return driven.Server{Dialect: Dialect, At: c, Dialer: dialer}
}

// The ways in which texts are numbers and moments.
const (
	dayFormat    = "YYYY-MM-DD HH24:MI:SS"
	momentFormat = "YYYY-MM-DD HH24:MI:SS.FF"
	zonedFormat  = "YYYY-MM-DD HH24:MI:SS.FF TZH:TZM"
)

// setup has texts be read as they are meant wherever the account is.
func setup(ctx context.Context, c *driven.Conn) error {
	return c.Run(ctx, "ALTER SESSION SET NLS_NUMERIC_CHARACTERS = '.,' NLS_DATE_FORMAT = '"+dayFormat+"' NLS_TIMESTAMP_FORMAT = '"+momentFormat+
		"' NLS_TIMESTAMP_TZ_FORMAT = '"+zonedFormat+"' NLS_COMP = BINARY NLS_SORT = BINARY TIME_ZONE = '+00:00'")
}

// reading makes the transaction one that only reads, all of it as of one moment.
func reading(ctx context.Context, c *driven.Conn) (context.Context, error) {
	return ctx, c.Run(ctx, "SET TRANSACTION READ ONLY")
}

// refuses says of a load why it cannot be promised.
func refuses(load databases.Load) error {
	if load.Mode == databases.MergeDelete {
		return databases.Problem("mode", "merge-delete is not offered for Oracle: use upsert, or overwrite")
	}
	return nil
}

// locks is the table whose rows are locked, each by the transaction of one attempt.
const locks = `"broked_commits"`

// lock takes the row of a load, in the transaction that the rows go into: it ends with it,
// and an older attempt has then either committed or never will.
func lock(ctx context.Context, c *driven.Conn, key string, wait bool) (bool, error) {
	table := creation(locks, []driven.Declared{{Name: "attempt", Type: "VARCHAR2(255 CHAR)"}, {Name: "mark", Type: "VARCHAR2(4000 CHAR)"}}, []string{"attempt"}, true)
	if err := c.Run(ctx, table); err != nil && fault.CodeOf(err) != "permission_denied" {
		return false, err
	}
	how := " FOR UPDATE NOWAIT"
	if wait {
		how = " FOR UPDATE WAIT 30"
	}
	for range 3 { // the attempt that had it may have removed it
		if err := row(ctx, c, key); err != nil {
			return false, err
		}
		if err := c.Begin(ctx); err != nil {
			return false, err
		}
		rows, err := c.Query(ctx, `SELECT "attempt" FROM `+locks+` WHERE "attempt" = :1`+how, key)
		if err == nil && len(rows) > 0 {
			return true, nil
		}
		c.Undo()
		if fault.CodeOf(err) == "database_locked" {
			return false, nil
		}
		if err != nil {
			return false, err
		}
	}
	return false, nil
}

// row sees to it that there is the row of a load.
func row(ctx context.Context, c *driven.Conn, key string) error {
	err := c.Run(ctx, "INSERT INTO "+locks+` ("attempt") VALUES (:1)`, key)
	if err == nil || fault.CodeOf(err) == "bad_value" { // it is there
		return nil
	}
	if fault.KindOf(err) != fault.Invalid {
		return err
	}
	return fault.Wrap(fault.Invalid, err, "this account can neither make nor fill the table %s, by which attempts at a load are told apart: grant CREATE TABLE and a quota, or have it made", locks).With("permission_denied")
}
