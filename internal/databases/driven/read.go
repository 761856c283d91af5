package driven

import (
	"context"
	"database/sql"
	"slices"

	"github.com/broked/broked/internal/batch"
	"github.com/broked/broked/internal/databases"
)

// A batch has at most so many rows, and ends after so many bytes.
const (
	batchRows  = 10_000
	batchBytes = 4 << 20
)

// reads are the words that statements begin with which read.
var reads = []string{"SELECT", "WITH", "VALUES", "TABLE", "SHOW", "DESCRIBE", "DESC", "EXPLAIN", "("}

// Read gives the rows of a query, in order, and at least one batch, which says what
// columns there are. It is one statement in a transaction that is not committed, and
// that cannot write where the database knows such. Rows are held in memory a batch at
// a time.
//
// A statement that is not one SELECT is an Invalid fault, as is whatever the database
// does not take. A connection that cannot be made or is lost is a transient fault.
func (s Server) Read(ctx context.Context, q databases.Query, give func(batch.Batch) error) error {
	if err := s.Dialect.Text.reads(q.Text); err != nil {
		return err
	}
	if q.Split.Parts > 1 {
		return databases.Problem("partitions", "are read at once from PostgreSQL only")
	}
	c, err := s.connect(ctx)
	if err != nil {
		return err
	}
	defer c.shut(ctx)
	timed, stop := c.timed(ctx)
	defer stop()
	return databases.Stopped(ctx, within(timed, c.read(timed, q, give)))
}

// reads refuses what is not one statement that reads.
func (l Lexis) reads(text string) error {
	count := 0
	for _, word := range l.statements(text) {
		if count++; !slices.Contains(reads, word) {
			return errSelect(", and this begins with " + word)
		}
	}
	if count != 1 {
		return errSelect("; it must be one statement")
	}
	if word := l.has(text, l.Writes); word != "" {
		return errSelect(", and this has " + word + " in it")
	}
	return nil
}

func (c *Conn) read(ctx context.Context, q databases.Query, give func(batch.Batch) error) error {
	if err := c.begin(ctx, true); err != nil {
		return err
	}
	return c.rows(ctx, q, give)
}

// rows gives the rows of a query in the transaction that is open.
func (c *Conn) rows(ctx context.Context, q databases.Query, give func(batch.Batch) error) error {
	if reading := c.server.Dialect.Session.Reading; reading != nil {
		var err error
		if ctx, err = reading(ctx, c); err != nil {
			return err
		}
	}
	asking, stop := context.WithCancel(ctx)
	defer stop()
	rows, err := c.ask(asking, q)
	if err != nil {
		return c.about(ctx, err)
	}
	defer rows.Close()
	defer stop() // some drivers read what is left otherwise
	types, err := rows.ColumnTypes()
	if err != nil {
		return c.fault(err)
	}
	if len(types) == 0 {
		return errSelect("")
	}
	r := &reading{most: q.BatchRows, give: give}
	if r.most <= 0 {
		r.most = batchRows
	}
	for _, t := range types {
		r.columns = append(r.columns, newColumn(c.server.Dialect.Types, t))
	}
	if err := r.all(c, rows); err != nil {
		return err
	}
	if r.n > 0 || !r.given {
		return r.flush()
	}
	return nil
}

// ask executes the query. A dialect whose values are exact only in prepared statements
// has Prepares.
func (c *Conn) ask(ctx context.Context, q databases.Query) (*sql.Rows, error) {
	if !c.server.Dialect.Session.Prepares {
		rows, err := c.tx.QueryContext(ctx, q.Text, q.Params...)
		return rows, err //nolint:wrapcheck // the caller does
	}
	stmt, err := c.tx.PrepareContext(ctx, q.Text) //nolint:sqlclosecheck // it ends with the transaction
	if err != nil {
		return nil, err
	}
	return stmt.QueryContext(ctx, q.Params...)
}

// reading is the rows of a statement on their way.
type reading struct {
	columns []*column
	most    int
	n, size int // of the batch
	given   bool
	give    func(batch.Batch) error
}

func (r *reading) all(c *Conn, rows *sql.Rows) error {
	values, into := make([]any, len(r.columns)), make([]any, len(r.columns))
	for i := range values {
		into[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return c.fault(err)
		}
		for i, v := range values {
			size, err := r.columns[i].add(v, r.n)
			if err != nil {
				return err
			}
			r.size += size
		}
		if r.n++; r.n >= r.most || r.size >= batchBytes {
			if err := r.flush(); err != nil {
				return err
			}
		}
	}
	return c.fault(rows.Err())
}

// flush gives the rows that are there.
func (r *reading) flush() error {
	b := batch.Batch{Rows: r.n, Columns: make([]batch.Column, len(r.columns))}
	for i, c := range r.columns {
		b.Columns[i] = c.take(r.n)
	}
	r.n, r.size, r.given = 0, 0, true
	return r.give(b)
}
