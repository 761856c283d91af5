// Package mysql reads and writes MySQL and MariaDB databases for nodes. Rows go in by
// LOAD DATA LOCAL, from memory and never from a file, and by inserts where the server
// does not allow that.
package mysql

import (
	"context"
	"database/sql/driver"
	"fmt"
	"math"
	"net"
	"strconv"
	"strings"

	lib "github.com/go-sql-driver/mysql"

	"github.com/broked/broked/internal/connection"
	"github.com/broked/broked/internal/databases"
	"github.com/broked/broked/internal/databases/driven"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/outbound"
)

// DefaultPort is where MySQL listens.
const DefaultPort = 3306

// Dialect is what MySQL and MariaDB have of their own.
var Dialect = &driven.Dialect{
	Name: "MySQL", Connector: connector, Say: say, Setup: setup,
	SQL: driven.SQL{
		Quote: quote, Mark: func(int) string { return "?" }, Columns: columns, Keys: keys, Tables: tables,
		Insert: insertion, MostRows: 1000, MostParams: 65535, Create: creation, Drop: func(name string) string { return "DROP TABLE IF EXISTS " + name },
		// Others go on reading what is there until this is committed, and unlike
		// TRUNCATE it is part of the transaction.
		Empty: func(name string) string { return "DELETE FROM " + name },
		Add:   addition, Kept: kept, Rename: rename,
		// MariaDB knows the short form with a name only lately.
		Prune: func(table, there, where string) string {
			return "DELETE " + there + " FROM " + table + " AS " + there + " WHERE " + where
		},
		Unique: func(table string) string { return "CREATE UNIQUE INDEX ... ON " + table }, Safe: transactional,
	},
	Types: driven.Types{Of: typeOf, Describe: describe, Read: read, Declared: declared, Write: value, Binary: isBinary},
	Text: driven.Lexis{
		Backslash: true, Hash: true, Blank: true, Quotes: "'\"`", Passed: []string{"BEGIN", "START", "COMMIT", "END"},
		Forbidden: []string{"ROLLBACK", "SAVEPOINT", "RELEASE", "XA", "LOCK", "UNLOCK", "KILL"},
	},
	Session: driven.Session{
		Prepares: true, ID: "SELECT CONNECTION_ID()", Kill: func(id string) string { return "KILL " + id }, Lock: lock, Holder: holder, Marks: true,
	},
	Bulk: load,
}

// At returns a database on a server that is reached through dialer.
func At(c connection.Connection, dialer *outbound.Dialer) driven.Server {
	return driven.Server{Dialect: Dialect, At: c, Dialer: dialer}
}

// options are the options of a connection, besides the timeouts.
type options struct {
	databases.TLS
	driven.Timeouts
}

func connector(c connection.Connection, dialer *outbound.Dialer) (driver.Connector, error) {
	o := options{TLS: databases.TLS{Mode: databases.Prefer}}
	if err := c.Into(&o); err != nil {
		return nil, err
	}
	if c.Port == 0 {
		c.Port = DefaultPort
	}
	if c.Port < 0 || c.Port > math.MaxUint16 {
		return nil, fault.New(fault.Invalid, "the port must be between 1 and 65535").With("bad_address")
	}
	config := lib.NewConfig()
	config.User, config.Passwd, config.DBName = c.Login, c.Password, c.Schema
	config.Net, config.Addr = "tcp", c.Address()
	config.DialFunc = func(ctx context.Context, network, address string) (net.Conn, error) {
		return dialer.DialContext(ctx, network, address)
	}
	config.Timeout, config.MaxAllowedPacket = o.ForConnect(), 0 // what the server says
	config.ClientFoundRows, config.RejectReadOnly = true, true
	config.Logger = &lib.NopLogger{} // what it says is in errors as well
	var err error
	if config.TLS, err = o.Config(c.Host); err != nil {
		return nil, err
	}
	config.AllowFallbackToPlaintext = o.Mode == databases.Prefer
	config.ConnectionAttributes = "program_name:broked"
	return lib.NewConnector(config)
}

// setup makes values be written as the engine's database writes them, and refuses what
// does not fit in place of making it fit.
func setup(ctx context.Context, c *driven.Conn) error {
	rows, err := c.Query(ctx, "SELECT VERSION()")
	if err != nil {
		return err
	}
	statements := []string{
		"SET NAMES utf8mb4", "SET time_zone = '+00:00', sql_notes = 0, autocommit = 0, net_write_timeout = 3600, foreign_key_checks = 1, unique_checks = 1",
		"SET sql_mode = 'STRICT_ALL_TABLES,NO_ZERO_IN_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION'",
	}
	var o options
	if err := c.At().Into(&o); err != nil {
		return err
	}
	if s := o.Statement; s > 0 && strings.Contains(rows[0][0], "MariaDB") {
		statements = append(statements, "SET max_statement_time = "+strconv.FormatFloat(s, 'f', 3, 64))
	} else if s > 0 {
		statements = append(statements, fmt.Sprintf("SET max_execution_time = %d", int64(s*1000)))
	}
	for _, statement := range statements {
		if err := c.Run(ctx, statement); err != nil {
			return err
		}
	}
	return nil
}

// lock takes a lock of the session, and waits for the end of the one that has it.
func lock(ctx context.Context, c *driven.Conn, key string, wait bool) (bool, error) {
	seconds := 0
	if wait {
		seconds = 30
	}
	rows, err := c.Query(ctx, "SELECT GET_LOCK(?, ?)", key, seconds)
	return err == nil && rows[0][0] == "1", err
}

func holder(ctx context.Context, c *driven.Conn, key string) (string, error) {
	rows, err := c.Query(ctx, "SELECT IS_USED_LOCK(?)", key)
	if err != nil {
		return "", err
	}
	return rows[0][0], nil
}
