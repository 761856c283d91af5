package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"strings"

	"modernc.org/sqlite"
)

// openFile returns a pool of connections to a SQLite file, which keep the statements
// that they have parsed: to parse one takes longer than to find or write a row. On
// PostgreSQL pgx does so.
func openFile(dsn string) (*sql.DB, error) {
	c, err := sqlite.NewConnector(dsn)
	if err != nil {
		return nil, err
	}
	return sql.OpenDB(keepers{c}), nil
}

// keepers makes connections that keep their statements.
type keepers struct{ driver.Connector }

// Connect implements driver.Connector.
func (k keepers) Connect(ctx context.Context) (driver.Conn, error) {
	c, err := k.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return &keeper{connection: c.(connection), kept: map[string]*kept{}}, nil //nolint:errcheck,forcetypeassert // SQLite's are
}

// connection is what we use of the driver's connections.
type connection interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
	driver.Pinger
	driver.SessionResetter
	driver.Validator
}

// keeper is a connection with the statements that it has parsed. Like every
// connection it is used by one goroutine at a time.
type keeper struct {
	connection
	kept map[string]*kept
}

// kept is a statement that is parsed.
type kept struct {
	driver.Stmt
	busy bool // its rows are being read
}

// mostKept bounds the statements of a connection. Ours are constants, and not so many.
const mostKept = 512

// Close implements driver.Conn.
func (k *keeper) Close() error {
	k.forget()
	return k.connection.Close()
}

func (k *keeper) forget() {
	for text, s := range k.kept {
		if !s.busy {
			_ = s.Close()
			delete(k.kept, text)
		}
	}
}

// statement returns the statement of a text, or nil when it is not for keeping or
// is in use.
func (k *keeper) statement(ctx context.Context, text string) (*kept, error) {
	if s := k.kept[text]; s != nil && !s.busy {
		return s, nil
	} else if s != nil || !lasting(text) {
		return nil, nil //nolint:nilnil // there is none
	}
	if len(k.kept) >= mostKept {
		k.forget()
	}
	parsed, err := k.PrepareContext(ctx, text)
	if err != nil {
		return nil, err
	}
	s := &kept{Stmt: parsed}
	k.kept[text] = s
	return s, nil
}

// lasting reports whether a text is of the kind that comes again. Others may even
// look at the statements that are open, or change what they are about.
func lasting(text string) bool {
	word := strings.TrimLeft(text, " \t\n")
	for _, w := range []string{"SELECT", "INSERT", "UPDATE", "DELETE", "WITH", "--"} { // River's begin with a comment
		if strings.HasPrefix(word, w) {
			return true
		}
	}
	return false
}

// ExecContext implements driver.ExecerContext.
func (k *keeper) ExecContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Result, error) {
	s, err := k.statement(ctx, text)
	if err != nil {
		return nil, err
	}
	if s == nil {
		return k.connection.ExecContext(ctx, text, args)
	}
	return s.Stmt.(driver.StmtExecContext).ExecContext(ctx, args) //nolint:errcheck,forcetypeassert // SQLite's are
}

// QueryContext implements driver.QueryerContext.
func (k *keeper) QueryContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Rows, error) {
	s, err := k.statement(ctx, text)
	if err != nil {
		return nil, err
	}
	if s == nil {
		return k.connection.QueryContext(ctx, text, args)
	}
	rows, err := s.Stmt.(driver.StmtQueryContext).QueryContext(ctx, args) //nolint:errcheck,forcetypeassert // SQLite's are
	if err != nil {
		return nil, err
	}
	s.busy = true
	return &keptRows{rows, s}, nil
}

// keptRows are the rows of a statement that is kept.
type keptRows struct {
	driver.Rows
	of *kept
}

// Close implements driver.Rows.
func (r *keptRows) Close() error {
	r.of.busy = false
	return r.Rows.Close()
}
