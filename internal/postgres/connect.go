// Package postgres opens PostgreSQL for statements that are written once for two
// databases: parameters are numbered (?1), and truth is 0 or 1 in a BIGINT. It
// knows nothing of what is kept there.
package postgres

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/broked/broked/internal/fault"
)

// Is reports whether a database is named by a URL of PostgreSQL.
func Is(database string) bool {
	return strings.HasPrefix(database, "postgres://") || strings.HasPrefix(database, "postgresql://")
}

// settings are what every connection begins with. The URL may say otherwise, but
// for the first two, on which promises stand.
var settings = map[string]string{
	"synchronous_commit":            "on", // what is answered is on the disk
	"default_transaction_isolation": "read committed",
	"lock_timeout":                  "5000",
	// A server that is stopped in the middle of a transaction holds up the others
	// no longer than this.
	"idle_in_transaction_session_timeout": "10000",
	"application_name":                    "broked",
}

var promised = []string{"synchronous_commit", "default_transaction_isolation"}

// Parse reads the URL of a database. A wrong one is an Invalid fault that does not
// repeat it, because it may hold a password.
func Parse(url string) (*pgx.ConnConfig, error) {
	c, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, fault.New(fault.Invalid, "the URL of the PostgreSQL database cannot be read; it looks like postgres://user:password@host:5432/database?sslmode=verify-full").With("database_url")
	}
	for name, value := range settings {
		if _, given := c.RuntimeParams[name]; !given {
			c.RuntimeParams[name] = value
		}
	}
	for _, name := range promised {
		c.RuntimeParams[name] = settings[name]
	}
	return c, nil
}

// Name returns what a database is called in messages: its host and name, without
// the account.
func Name(c *pgx.ConnConfig) string { return c.Host + "/" + c.Database }

// Pool returns a pool of at most size connections, none of which is open yet.
func Pool(c *pgx.ConnConfig, size int) *sql.DB {
	db := sql.OpenDB(connector{stdlib.GetConnector(*c)})
	db.SetMaxOpenConns(size)
	db.SetMaxIdleConns(size)
	return db
}

// Foreign returns a pool for statements of others, such as those of a library that
// migrates: they are not translated, and neither are their values.
func Foreign(c *pgx.ConnConfig, size int) *sql.DB {
	db := stdlib.OpenDB(*c)
	db.SetMaxOpenConns(size)
	return db
}

type connector struct{ driver.Connector }

// Connect implements driver.Connector.
func (c connector) Connect(ctx context.Context) (driver.Conn, error) {
	made, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return conn{made.(*stdlib.Conn)}, nil //nolint:errcheck,forcetypeassert // it is this package's own connector
}

// conn is a connection that takes statements and values as they are written for
// both databases.
type conn struct{ *stdlib.Conn }

// ExecContext implements driver.ExecerContext.
func (c conn) ExecContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Result, error) {
	return c.Conn.ExecContext(ctx, translated(text), args)
}

// QueryContext implements driver.QueryerContext.
func (c conn) QueryContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Rows, error) {
	return c.Conn.QueryContext(ctx, translated(text), args)
}

// CheckNamedValue implements driver.NamedValueChecker.
func (conn) CheckNamedValue(v *driver.NamedValue) (err error) {
	if v.Value, err = driver.DefaultParameterConverter.ConvertValue(v.Value); err != nil {
		return err
	}
	switch value := v.Value.(type) {
	case bool:
		v.Value = truth(value)
	case string:
		v.Value = storable(value)
	}
	return nil
}

// truth is a bool for a column of 0 and 1 as well as for a condition.
type truth bool

// BoolValue implements pgtype.BoolValuer.
func (t truth) BoolValue() (pgtype.Bool, error) {
	return pgtype.Bool{Bool: bool(t), Valid: true}, nil
}

// Int64Value implements pgtype.Int64Valuer.
func (t truth) Int64Value() (pgtype.Int8, error) {
	n := pgtype.Int8{Valid: true}
	if t {
		n.Int64 = 1
	}
	return n, nil
}

// storable is text that PostgreSQL takes: what a program has printed may hold
// bytes that are no text.
func storable(text string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\x00", "\uFFFD")
}

// Prepare implements driver.Conn.
func (c conn) Prepare(text string) (driver.Stmt, error) { return statement{c, text}, nil }

// PrepareContext implements driver.ConnPrepareContext.
func (c conn) PrepareContext(_ context.Context, text string) (driver.Stmt, error) {
	return statement{c, text}, nil
}

// statement is a text: the connection below remembers how it was parsed, and
// parses it anew when a migration has changed what it means.
type statement struct {
	conn conn
	text string
}

// Close implements driver.Stmt.
func (statement) Close() error { return nil }

// NumInput implements driver.Stmt: the server counts.
func (statement) NumInput() int { return -1 }

// Exec implements driver.Stmt, and is never called, as there is ExecContext.
func (statement) Exec([]driver.Value) (driver.Result, error) { return nil, driver.ErrSkip }

// Query implements driver.Stmt, and is never called, as there is QueryContext.
func (statement) Query([]driver.Value) (driver.Rows, error) { return nil, driver.ErrSkip }

// ExecContext implements driver.StmtExecContext.
func (s statement) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	return s.conn.ExecContext(ctx, s.text, args)
}

// QueryContext implements driver.StmtQueryContext.
func (s statement) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	return s.conn.QueryContext(ctx, s.text, args)
}
