// Package postgres reads and writes PostgreSQL databases for nodes, and Redshift, which
// speaks as PostgreSQL does and lacks much of it. It speaks the
// protocol itself, one level below database/sql, so that rows are neither boxed value
// by value nor sent one by one. The server's own store is another package's.
package postgres

import (
	"context"
	"maps"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/broked/broked/internal/connection"
	"github.com/broked/broked/internal/databases"
	"github.com/broked/broked/internal/outbound"
)

// Server is a database on a server. It may be used by any number of goroutines at
// once; every call makes a connection of its own.
type Server struct {
	At     connection.Connection
	Dialer *outbound.Dialer
}

// conn is one connection. It is used by one goroutine at a time.
type conn struct {
	*pgconn.PgConn

	at connection.Connection
}

// name is what the database is called in messages.
func (c *conn) name() string { return c.at.Host + "/" + c.at.Schema }

// settings are what every connection begins with: values are written as the engine's
// database writes them.
var settings = map[string]string{
	"client_encoding":             "UTF8",
	"DateStyle":                   "ISO, YMD",
	"TimeZone":                    "UTC",
	"IntervalStyle":               "postgres",
	"bytea_output":                "hex",
	"extra_float_digits":          "1",
	"standard_conforming_strings": "on",
}

func (s Server) connect(ctx context.Context) (*conn, error) {
	config, err := Config(s.At, s.Dialer)
	if err != nil {
		return nil, err
	}
	after := []string{}
	if s.redshift() {
		after = lean(config)
	} else {
		maps.Copy(config.RuntimeParams, settings)
	}
	made, err := pgconn.ConnectConfig(ctx, &config.Config)
	if err != nil {
		return nil, databases.Stopped(ctx, Explain(s.At, err))
	}
	c := &conn{PgConn: made, at: s.At}
	for _, statement := range after {
		if err := c.run(ctx, statement); err != nil {
			c.shut(ctx)
			return nil, databases.Stopped(ctx, err)
		}
	}
	return c, nil
}

// shut ends the connection, and with it a transaction that is open.
func (c *conn) shut(ctx context.Context) {
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer stop()
	_ = c.Close(ctx)
}

// run executes a statement of ours that yields nothing.
func (c *conn) run(ctx context.Context, text string, params ...string) error {
	_, err := c.texts(ctx, text, params...)
	return err
}

// texts returns the first column of a statement of ours.
func (c *conn) texts(ctx context.Context, text string, params ...string) ([]string, error) {
	rows, err := c.lines(ctx, text, params...)
	if err != nil {
		return nil, err
	}
	all := make([]string, len(rows))
	for i, row := range rows {
		all[i] = row[0]
	}
	return all, nil
}

// lines returns the rows of a statement of ours.
func (c *conn) lines(ctx context.Context, text string, params ...string) ([][]string, error) {
	values := make([][]byte, len(params))
	for i, p := range params {
		values[i] = []byte(p)
	}
	r := c.ExecParams(ctx, text, values, nil, nil, nil).Read()
	if r.Err != nil {
		return nil, c.fault(r.Err)
	}
	all := make([][]string, len(r.Rows))
	for i, row := range r.Rows {
		for _, value := range row {
			all[i] = append(all[i], string(value))
		}
	}
	return all, nil
}
