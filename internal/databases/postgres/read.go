package postgres

import (
	"context"
	"errors"
	"regexp"
	"strconv"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/broked/broked/internal/batch"
	"github.com/broked/broked/internal/databases"
	"github.com/broked/broked/internal/fault"
)

// A batch has at most so many rows, and ends after so many bytes.
const (
	batchRows  = 10_000
	batchBytes = 4 << 20
)

// Read gives the rows of a query, in order, and at least one batch, which says what
// columns there are. A batch is its taker's own. It is one statement in a transaction that cannot write, and what
// it reads does not change meanwhile. Rows are held in memory a batch at a time.
//
// A statement that is not one SELECT is an Invalid fault, as is whatever PostgreSQL
// does not take. A connection that cannot be made or is lost is a transient fault.
func (s Server) Read(ctx context.Context, q databases.Query, give func(batch.Batch) error) error {
	if q.Split.Parts > 1 {
		return databases.Stopped(ctx, s.readSplit(ctx, q, give))
	}
	c, err := s.connect(ctx)
	if err != nil {
		return err
	}
	defer c.shut(ctx)
	return databases.Stopped(ctx, c.read(ctx, q, give))
}

func (c *conn) read(ctx context.Context, q databases.Query, give func(batch.Batch) error) error {
	if err := c.run(ctx, "BEGIN READ ONLY"); err != nil {
		return err
	}
	return c.rows(ctx, q, give)
}

// rows gives the rows of a query in the transaction that is open.
func (c *conn) rows(ctx context.Context, q databases.Query, give func(batch.Batch) error) error {
	described, err := c.Prepare(ctx, "", q.Text, nil)
	if err != nil {
		return c.about(ctx, err)
	}
	if len(described.Fields) == 0 {
		return errNoSelect
	}
	values, err := params(q.Params)
	if err != nil {
		return err
	}
	r := &reading{most: q.BatchRows, give: give}
	formats := make([]int16, len(described.Fields))
	for i, f := range described.Fields {
		column := newColumn(f.Name, f.DataTypeOID, f.TypeModifier)
		if column.plain = c.redshift(); !column.plain && inBinary(f.DataTypeOID) {
			formats[i] = 1
		}
		r.columns = append(r.columns, column)
	}
	if r.most <= 0 {
		r.most = batchRows
	}
	result := c.ExecPrepared(ctx, "", values, nil, formats)
	if err := r.all(result); err != nil {
		return err // the connection goes as well, so the rest need not be read
	}
	if _, err := result.Close(); err != nil {
		return c.about(ctx, err)
	}
	if r.n > 0 || !r.given {
		return r.flush()
	}
	return nil
}

var errNoSelect = fault.New(fault.Invalid, "must be a SELECT: this node reads and changes nothing").With("query_failed")

// params returns parameters as text, of which the server knows what it wants.
func params(all []any) ([][]byte, error) {
	values := make([][]byte, len(all))
	for i, p := range all {
		switch v := p.(type) {
		case nil:
		case bool:
			values[i] = strconv.AppendBool(nil, v)
		case int64:
			values[i] = strconv.AppendInt(nil, v, 10)
		case float64:
			values[i] = strconv.AppendFloat(nil, v, 'g', -1, 64)
		case string:
			values[i] = []byte(v)
		default:
			return nil, errors.New("bind a value of another type")
		}
	}
	return values, nil
}

// reading is the rows of a statement on their way.
type reading struct {
	columns []*column
	most    int
	n, size int // of the batch
	given   bool
	give    func(batch.Batch) error
}

func (r *reading) all(result *pgconn.ResultReader) error {
	for result.NextRow() {
		for i, v := range result.Values() {
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
	return nil
}

// flush gives the rows that are there.
func (r *reading) flush() error {
	b := batch.Batch{Rows: r.n, Columns: make([]batch.Column, len(r.columns))}
	for i, c := range r.columns {
		if r.n == 0 {
			b.Columns[i] = c.declared()
		} else {
			b.Columns[i] = c.take(r.n)
		}
	}
	r.n, r.size, r.given = 0, 0, true
	return r.give(b)
}

var missingTable = regexp.MustCompile(`^relation "(.*)" does not exist`)

// about is fault for a statement of a person's: it says which table may have been
// meant.
func (c *conn) about(ctx context.Context, err error) error {
	e, is := errors.AsType[*pgconn.PgError](err)
	if !is || e.Code != "42P01" {
		return c.fault(err)
	}
	m := missingTable.FindStringSubmatch(e.Message)
	if m == nil || c.run(ctx, "ROLLBACK") != nil {
		return c.fault(err)
	}
	others, failed := c.texts(ctx, visibleTables)
	if failed != nil {
		return c.fault(err)
	}
	return fault.Wrap(fault.Invalid, err, "relation %s does not exist%s", m[1], fault.DidYouMean(m[1], others)).With("query_failed")
}
