// Package clickhouse reads and writes ClickHouse databases for nodes, over the native
// protocol. ClickHouse has no transactions for tables: rows go to a table beside the one
// that they are for, which gets all of them by one statement in the end.
package clickhouse

import (
	"context"
	"crypto/tls"
	"database/sql/driver"
	"math"
	"net"
	"time"

	lib "github.com/ClickHouse/clickhouse-go/v2"

	"github.com/broked/broked/internal/connection"
	"github.com/broked/broked/internal/databases"
	"github.com/broked/broked/internal/databases/driven"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/outbound"
)

// DefaultPort is where ClickHouse listens for its native protocol without TLS.
const DefaultPort = 9000

// mostRows are those of one block.
const mostRows = 1_000_000

// Dialect is what ClickHouse has of its own.
var Dialect = &driven.Dialect{
	Name: "ClickHouse", Connector: connector, Say: say,
	SQL: driven.SQL{
		Quote: quote, Mark: mark, Columns: columns, Tables: tables, Refuses: refuses,
		MostRows: mostRows, MostParams: math.MaxInt32, Create: creation,
		Drop: func(name string) string { return "DROP TABLE IF EXISTS " + name + " SYNC" },
		Like: func(stage, table string) string { return "CREATE TABLE " + stage + " AS " + table },
		Attach: func(stage, table string) []string {
			return []string{"ALTER TABLE " + table + " ATTACH PARTITION ALL FROM " + stage, "DROP TABLE IF EXISTS " + stage + " SYNC"}
		},
		Stages: stages, Add: addition, Rename: rename, Safe: safe,
	},
	Types: driven.Types{Of: typeOf, Read: read, Declared: declared, Binary: func(string) bool { return false }},
	Text: driven.Lexis{
		Backslash: true, Hash: true, Nested: true, Quotes: "'\"`", Forbidden: []string{"BEGIN", "COMMIT", "ROLLBACK"},
	},
	Session: driven.Session{Lasting: true, Reading: reading},
	Put:     put,
}

// At returns a database on a server that is reached through dialer.
func At(c connection.Connection, dialer *outbound.Dialer) driven.Server {
	return driven.Server{Dialect: Dialect, At: c, Dialer: dialer}
}

// options are the options of a connection.
type options struct {
	databases.TLS
	driven.Timeouts
}

// noLimit is for answers that come late; statements have their own limits.
const noLimit = 30 * 24 * time.Hour

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
	config, err := o.Config(c.Host)
	if err != nil {
		return nil, err
	}
	settings := lib.Settings{}
	if o.Statement > 0 {
		settings["max_execution_time"] = int(math.Ceil(o.Statement))
	}
	way := &way{dialer: dialer, config: config, prefers: o.Mode == databases.Prefer}
	return lib.Connector(&lib.Options{
		Protocol: lib.Native, Addr: []string{c.Address()}, Auth: lib.Auth{Database: c.Schema, Username: c.Login, Password: c.Password},
		DialContext: way.dial, DialTimeout: o.ForConnect(), ReadTimeout: noLimit, ConnMaxLifetime: noLimit,
		Settings: settings, Compression: &lib.Compression{Method: lib.CompressionLZ4},
	}), nil
}

// way is how a server is reached. ClickHouse has another port for TLS: what listens is
// found by trying.
type way struct {
	dialer  *outbound.Dialer
	config  *tls.Config // nil for none
	prefers bool        // without TLS, if need be
}

func (w *way) dial(ctx context.Context, address string) (net.Conn, error) {
	conn, err := w.dialer.DialContext(ctx, "tcp", address)
	if err != nil || w.config == nil {
		return conn, err
	}
	secure := tls.Client(conn, w.config)
	err = secure.HandshakeContext(ctx)
	if err == nil {
		return secure, nil
	}
	_ = conn.Close()
	if w.prefers && ctx.Err() == nil {
		return w.dialer.DialContext(ctx, "tcp", address)
	}
	return nil, fault.Wrap(fault.Unavailable, err, "the server offers no TLS at this port that this connection accepts: look at the port, mostly 9440, sslmode and ca_certificate").With("tls_failed")
}

// reading lets a statement read and nothing else, unless the account can do no more anyway
// and may not even say so.
func reading(ctx context.Context, c *driven.Conn) (context.Context, error) {
	rows, err := c.Query(ctx, "SELECT toString(getSetting('readonly'))")
	if err != nil {
		return ctx, err
	}
	if len(rows) == 1 && rows[0][0] == "0" {
		ctx = lib.Context(ctx, lib.WithSettings(lib.Settings{"readonly": 2}))
	}
	return ctx, nil
}
