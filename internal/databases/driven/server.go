package driven

import (
	"context"
	"crypto/tls"
	"database/sql"
	"errors"
	"time"

	"github.com/broked/broked/internal/connection"
	"github.com/broked/broked/internal/databases"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/outbound"
)

// Server is a database on a server. It may be used by any number of goroutines at
// once; every call makes connections of its own.
type Server struct {
	Dialect *Dialect
	At      connection.Connection
	Dialer  *outbound.Dialer
}

// name is what the database is called in messages.
func (s Server) name() string { return s.At.Host + "/" + s.At.Schema }

// Conn is one connection. It is used by one goroutine at a time.
type Conn struct {
	server Server
	pool   *sql.DB
	conn   *sql.Conn
	tx     *sql.Tx // nil outside of a transaction
	id     string  // of the session, if the dialect tells it
}

const defaultConnectTimeout = 10 * time.Second

// Timeouts are the options of connections about time, in seconds.
type Timeouts struct {
	Connect   float64 `json:"connect_timeout"`
	Statement float64 `json:"statement_timeout"` // 0 is none
}

// ForConnect is how long connecting takes at most.
func (t Timeouts) ForConnect() time.Duration {
	if t.Connect <= 0 {
		return defaultConnectTimeout
	}
	return time.Duration(t.Connect * float64(time.Second))
}

func (s Server) connect(ctx context.Context) (*Conn, error) {
	var t Timeouts
	if err := s.At.Into(&t); err != nil {
		return nil, err
	}
	connector, err := s.Dialect.Connector(s.At, s.Dialer)
	if err != nil {
		return nil, err
	}
	bounded, stop := context.WithTimeout(ctx, t.ForConnect())
	defer stop()
	c := &Conn{server: s, pool: sql.OpenDB(connector)}
	c.pool.SetMaxOpenConns(1)
	if c.conn, err = c.pool.Conn(bounded); err == nil {
		err = c.conn.PingContext(bounded)
	}
	if err == nil && s.Dialect.Setup != nil {
		err = s.Dialect.Setup(bounded, c)
	}
	if err == nil && s.Dialect.Session.ID != "" {
		c.id, err = c.one(bounded, s.Dialect.Session.ID)
	}
	if err != nil {
		_ = c.pool.Close()
		return nil, databases.Stopped(ctx, s.explain(err))
	}
	return c, nil
}

// shut ends the connection, and with it a transaction that is open. What the server is
// still doing after the end of ctx is ended as well.
func (c *Conn) shut(ctx context.Context) {
	if c.tx != nil {
		_ = c.tx.Rollback()
	}
	_ = c.conn.Close()
	_ = c.pool.Close()
	if ctx.Err() != nil && c.id != "" {
		c.server.kill(context.WithoutCancel(ctx), c.id)
	}
}

// killTimeout bounds what is done for a server after a run was stopped.
const killTimeout = 3 * time.Second

// kill ends another session of the same account, if it is there.
func (s Server) kill(ctx context.Context, id string) {
	ctx, stop := context.WithTimeout(ctx, killTimeout)
	defer stop()
	if c, err := s.connect(ctx); err == nil {
		_ = c.Run(ctx, s.Dialect.Session.Kill(id))
		c.shut(ctx)
	}
}

// Begin starts the transaction of a change, unless it has begun.
func (c *Conn) Begin(ctx context.Context) error { return c.begin(ctx, false) }

// Undo ends the transaction without a change.
func (c *Conn) Undo() {
	if c.tx != nil {
		_ = c.tx.Rollback()
		c.tx = nil
	}
}

// begin starts a transaction, which ends by commit or with the connection. The lock of an
// attempt may have done so.
func (c *Conn) begin(ctx context.Context, readOnly bool) error {
	if c.tx != nil {
		return nil
	}
	// Statements look at the context themselves: the library would end the transaction behind our back.
	tx, err := c.conn.BeginTx(context.WithoutCancel(ctx), &sql.TxOptions{ReadOnly: readOnly && !c.server.Dialect.Session.Writable})
	if err != nil {
		return c.fault(err)
	}
	c.tx = tx
	return nil
}

// errTime ends a statement for which the database knows no limit.
var errTime = fault.New(fault.Unavailable, "the statement was ended after its statement_timeout").With("statement_timeout")

// timed bounds a statement, where that is for us to do.
func (c *Conn) timed(ctx context.Context) (context.Context, context.CancelFunc) {
	var t Timeouts
	if !c.server.Dialect.Session.Timed || c.server.At.Into(&t) != nil || t.Statement <= 0 {
		return ctx, func() {}
	}
	return context.WithTimeoutCause(ctx, time.Duration(t.Statement*float64(time.Second)), errTime)
}

// within is err, unless it came of a statement that took too long.
func within(ctx context.Context, err error) error {
	if err != nil && errors.Is(context.Cause(ctx), errTime) {
		return errTime
	}
	return err
}

// Run executes a statement of ours that yields nothing.
func (c *Conn) Run(ctx context.Context, text string, params ...any) error {
	ctx, stop := c.timed(ctx)
	defer stop()
	var err error
	if c.tx != nil {
		_, err = c.tx.ExecContext(ctx, text, params...)
	} else {
		_, err = c.conn.ExecContext(ctx, text, params...)
	}
	return c.fault(within(ctx, err))
}

// Query executes a statement of ours that yields rows of texts, null being empty.
func (c *Conn) Query(ctx context.Context, text string, params ...any) ([][]string, error) {
	query := c.conn.QueryContext
	if c.tx != nil {
		query = c.tx.QueryContext
	}
	rows, err := query(ctx, text, params...)
	if err != nil {
		return nil, c.fault(err)
	}
	defer rows.Close()
	names, err := rows.Columns()
	if err != nil {
		return nil, c.fault(err)
	}
	var all [][]string
	for rows.Next() {
		values, into := make([]sql.NullString, len(names)), make([]any, len(names))
		for i := range values {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			return nil, c.fault(err)
		}
		row := make([]string, len(names))
		for i, v := range values {
			row[i] = v.String
		}
		all = append(all, row)
	}
	return all, c.fault(rows.Err())
}

// one returns the only value of a statement of ours, empty when there is none.
func (c *Conn) one(ctx context.Context, text string, params ...any) (string, error) {
	rows, err := c.Query(ctx, text, params...)
	if err != nil || len(rows) == 0 {
		return "", err
	}
	return rows[0][0], nil
}

// Prepare prepares a statement in the transaction.
func (c *Conn) Prepare(ctx context.Context, text string) (*sql.Stmt, error) {
	stmt, err := c.tx.PrepareContext(ctx, text)
	return stmt, c.fault(err)
}

// Raw hands over the connection as the driver has it.
func (c *Conn) Raw(do func(conn any) error) error { return c.conn.Raw(do) } //nolint:wrapcheck // it is what do says

// At is how the connection was made.
func (c *Conn) At() connection.Connection { return c.server.At }

// fault makes an error for people of what the server or the network says. Values of
// cells are not in it.
func (c *Conn) fault(err error) error {
	if err == nil {
		return nil
	}
	if e, is := errors.AsType[*fault.Error](err); is {
		if fault.IsTransient(err) {
			return fault.Transient(e)
		}
		return e
	}
	if said := c.server.Dialect.Say(c.server.At, err); said != nil {
		return said.fault(err)
	}
	if errors.Is(err, context.Canceled) {
		return err
	}
	return fault.Transient(fault.Wrap(fault.Unavailable, err, "the connection to %s was lost", c.server.name()).With("connection_lost"))
}

// explain makes a fault of what went wrong while connecting. Its code says what: those
// of outbound.Dialer and of the dialect, and tls_failed.
func (s Server) explain(err error) error {
	e, is := errors.AsType[*fault.Error](err)
	switch said := s.Dialect.Say(s.At, err); {
	case is && e.Code != "connection_lost":
		if fault.IsTransient(err) {
			return fault.Transient(e)
		}
		return e
	case said != nil:
		return said.fault(err)
	case errors.Is(err, context.DeadlineExceeded):
		return fault.Transient(fault.Wrap(fault.Unavailable, err, "%s took too long to answer", s.At.Host).With("timed_out"))
	case isTLS(err):
		return fault.Wrap(fault.Unavailable, err, "%s offers no TLS that this connection accepts: look at sslmode and ca_certificate", s.At.Host).With("tls_failed")
	}
	return fault.Transient(fault.Wrap(fault.Unavailable, err, "%s does not speak as %s does, or the connection was lost", s.At.Host, s.Dialect.Name).With("connection_failed"))
}

func isTLS(err error) bool {
	_, untrusted := errors.AsType[*tls.CertificateVerificationError](err)
	_, other := errors.AsType[tls.RecordHeaderError](err)
	_, alert := errors.AsType[tls.AlertError](err)
	return untrusted || other || alert
}

// Fault returns what the server has said as an error, for people.
func (c *Conn) Fault(err error) error { return c.fault(err) }
