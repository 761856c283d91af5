// Package mssql reads and writes SQL Server databases, and Azure SQL, for nodes. Rows go
// in by bulk copy where all of them fit their columns, and by inserts otherwise.
package mssql

import (
	"context"
	"strconv"
	"strings"

	"github.com/broked/broked/internal/connection"
	"github.com/broked/broked/internal/databases/driven"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/outbound"
)

// DefaultPort is where SQL Server listens.
const DefaultPort = 1433

// Dialect is what SQL Server has of its own.
var Dialect = &driven.Dialect{
	Name: "SQL Server", Connector: connector, Say: say, Setup: setup,
	SQL: driven.SQL{
		Quote: quote, Mark: mark, Columns: columns, Keys: keys, Tables: tables,
		Insert: insertion, MostRows: 1000, MostParams: 2000, Create: creation,
		Drop:  func(name string) string { return "DROP TABLE IF EXISTS " + name },
		Empty: func(name string) string { return "DELETE FROM " + name },
		Add:   addition, Kept: kept, Temporary: "#",
		Prune: func(table, there, where string) string {
			return "DELETE " + there + " FROM " + table + " AS " + there + " WHERE " + where
		},
		Unique: func(table string) string { return "CREATE UNIQUE INDEX ... ON " + table },
	},
	Types: driven.Types{Of: typeOf, Read: read, Declared: declared, Write: value, Binary: isBinary},
	Text: driven.Lexis{
		Quotes: `'"`, Brackets: true, Nested: true, Whole: true, Go: true, Divides: divides,
		// All of them are reserved, so that nothing else is called like that without quotes.
		Writes: append([]string{
			"INTO", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "EXEC", "EXECUTE", "CREATE", "ALTER", "DROP", "GRANT", "REVOKE", "DENY",
			"DECLARE", "SET", "BEGIN", "BACKUP", "RESTORE", "KILL", "WAITFOR", "SHUTDOWN", "DBCC", "RECONFIGURE",
		}, divides...),
	},
	Session: driven.Session{
		ID: session + "WHERE session_id = @@SPID", Kill: kill, Lock: lock, Holder: holder, Marks: true, Writable: true, Timed: true, Over: over,
	},
	Bulk: load,
}

// divides are the words by which transactions begin and end.
var divides = []string{"COMMIT", "ROLLBACK", "SAVE", "TRAN", "TRANSACTION"}

// At returns a database on a server that is reached through dialer.
func At(c connection.Connection, dialer *outbound.Dialer) driven.Server {
	return driven.Server{Dialect: Dialect, At: c, Dialer: dialer}
}

// setup has texts be read as they are meant whatever the account's language is. A
// statement that is refused ends a transaction only where SQL Server knows no other way.
func setup(ctx context.Context, c *driven.Conn) error {
	return c.Run(ctx, "SET DATEFORMAT ymd; SET XACT_ABORT OFF; SET IMPLICIT_TRANSACTIONS OFF; SET LOCK_TIMEOUT -1")
}

// session tells sessions apart: their numbers alone are given to others again.
const session = "SELECT CONCAT(session_id, ' ', CONVERT(varchar(23), login_time, 126)) FROM sys.dm_exec_sessions "

// kill ends a session if it is still the one that was meant, and can be seen.
func kill(id string) string {
	number, since, _ := strings.Cut(id, " ")
	n, err := strconv.ParseUint(number, 10, 16)
	if err != nil {
		return "SELECT 1"
	}
	number = strconv.FormatUint(n, 10)
	return "IF EXISTS (SELECT 1 FROM sys.dm_exec_sessions WHERE session_id = " + number + " AND CONVERT(varchar(23), login_time, 126) = " + text(since) + ") KILL " + number
}

// lock takes a lock of the session, and waits for the end of the one that has it.
func lock(ctx context.Context, c *driven.Conn, key string, wait bool) (bool, error) {
	millis := 0
	if wait {
		millis = 30_000
	}
	rows, err := c.Query(ctx, "DECLARE @got int; EXEC @got = sp_getapplock @Resource = @p1, @LockMode = 'Exclusive', @LockOwner = 'Session', @LockTimeout = @p2; SELECT @got", key, millis)
	if err != nil || len(rows) == 0 {
		return false, err
	}
	return !strings.HasPrefix(rows[0][0], "-"), nil
}

// holder returns the session that has a lock, or nothing where the account may not see it.
func holder(ctx context.Context, c *driven.Conn, key string) (string, error) {
	rows, err := c.Query(ctx, session+`WHERE session_id IN (
		SELECT request_session_id FROM sys.dm_tran_locks
		WHERE resource_type = 'APPLICATION' AND request_status = 'GRANT' AND resource_database_id = DB_ID() AND CHARINDEX(@p1, resource_description) > 0)`, key)
	if fault.CodeOf(err) == "permission_denied" {
		return "", nil
	}
	if err != nil || len(rows) == 0 {
		return "", err
	}
	return rows[0][0], nil
}

// over reports whether the transaction has ended or can only be undone, as after values
// that cannot be converted.
func over(ctx context.Context, c *driven.Conn) (bool, error) {
	rows, err := c.Query(ctx, "SELECT CASE WHEN @@TRANCOUNT = 1 AND XACT_STATE() = 1 THEN 0 ELSE 1 END")
	return err != nil || len(rows) == 0 || rows[0][0] != "0", err
}
