// Package servers finds what reads and writes a database on a server by the type of
// its connection.
package servers

import (
	"context"
	"iter"

	"github.com/broked/broked/internal/batch"
	"github.com/broked/broked/internal/connection"
	"github.com/broked/broked/internal/databases"
	"github.com/broked/broked/internal/databases/bigquery"
	"github.com/broked/broked/internal/databases/clickhouse"
	"github.com/broked/broked/internal/databases/mssql"
	"github.com/broked/broked/internal/databases/mysql"
	"github.com/broked/broked/internal/databases/oracle"
	"github.com/broked/broked/internal/databases/postgres"
	"github.com/broked/broked/internal/databases/snowflake"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/outbound"
)

// Database is what nodes ask of a database.
type Database interface {
	// Read gives the rows of a query, in order, and at least one batch.
	Read(ctx context.Context, q databases.Query, give func(batch.Batch) error) error
	// Write puts rows into a table, all or none; the first batch has the columns.
	Write(ctx context.Context, load databases.Load, rows iter.Seq2[batch.Batch, error]) (int64, error)
	// Script executes statements, all or none, and returns their number.
	Script(ctx context.Context, text string) (int, error)
}

// At returns the database that a connection leads to, by way of out alone. A type that
// is no database on a server is an Invalid fault.
func At(c connection.Connection, out outbound.Exit) (Database, error) { //nolint:ireturn // which of them is the question
	dialer := out.Dialer()
	switch c.Type {
	case connection.Postgres, connection.Redshift:
		return postgres.Server{At: c, Dialer: dialer}, nil
	case connection.BigQuery:
		return bigquery.Server{At: c, Out: out}, nil
	case connection.Snowflake:
		return snowflake.Server{At: c, Out: out}, nil
	case connection.MySQL:
		return mysql.At(c, dialer), nil
	case connection.ClickHouse:
		return clickhouse.At(c, dialer), nil
	case connection.MSSQL:
		return mssql.At(c, dialer), nil
	case connection.Oracle:
		return oracle.At(c, dialer), nil
	}
	return nil, fault.New(fault.Invalid, "names a connection of the type %s, which is no database", c.Type)
}

// Try connects and asks for one row.
func Try(ctx context.Context, c connection.Connection, out outbound.Exit) error {
	db, err := At(c, out)
	if err != nil {
		return err
	}
	return db.Read(ctx, databases.Query{Text: "SELECT 1 AS one"}, func(batch.Batch) error { return nil })
}
