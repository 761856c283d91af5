package store

import (
	"context"
	"database/sql"
	"sync"
)

// reader is a pool of connections that only read. A statement outside of a
// transaction is parsed once for each connection, not each time: parsing takes
// longer than finding one row. Texts are constants, so there are not many.
type reader struct {
	*sql.DB
	mu     sync.Mutex
	parsed map[string]*sql.Stmt // by text; they are closed with the pool
}

func newReader(db *sql.DB) *reader { return &reader{DB: db, parsed: map[string]*sql.Stmt{}} }

// QueryContext is that of sql.DB.
func (r *reader) QueryContext(ctx context.Context, text string, args ...any) (*sql.Rows, error) {
	s, err := r.statement(ctx, text) //nolint:sqlclosecheck // it is closed with the pool
	if err != nil {
		return nil, err
	}
	return s.QueryContext(ctx, args...)
}

// QueryRowContext is that of sql.DB.
func (r *reader) QueryRowContext(ctx context.Context, text string, args ...any) *sql.Row {
	s, err := r.statement(ctx, text) //nolint:sqlclosecheck // it is closed with the pool
	if err != nil {
		return r.DB.QueryRowContext(ctx, text, args...) // which fails in the same way, and can say so
	}
	return s.QueryRowContext(ctx, args...)
}

// find is QueryRowContext for a row that is found by its key, as each request
// needs one: it goes on when ctx ends, because to watch for that takes as long
// as to find the row.
func (r *reader) find(ctx context.Context, text string, args ...any) *sql.Row {
	return r.QueryRowContext(context.WithoutCancel(ctx), text, args...)
}

func (r *reader) statement(ctx context.Context, text string) (*sql.Stmt, error) {
	r.mu.Lock()
	s := r.parsed[text]
	r.mu.Unlock()
	if s != nil {
		return s, nil
	}
	s, err := r.PrepareContext(ctx, text) // not under the lock: it waits for a connection
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if first := r.parsed[text]; first != nil {
		return first, s.Close() //nolint:sqlclosecheck // another goroutine was first
	}
	r.parsed[text] = s
	return s, nil
}
