package store

import (
	"context"
	"database/sql"
)

// reader is a pool of connections that only read.
type reader struct{ *sql.DB }

// find is QueryRowContext for a row that is found by its key, as each request
// needs one: it goes on when ctx ends, because to watch for that takes as long
// as to find the row.
func (r *reader) find(ctx context.Context, text string, args ...any) *sql.Row {
	return r.QueryRowContext(context.WithoutCancel(ctx), text, args...)
}
