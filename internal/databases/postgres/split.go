package postgres

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"github.com/jackc/pgx/v5/pgtype"
	"golang.org/x/sync/errgroup"

	"github.com/broked/broked/internal/batch"
	"github.com/broked/broked/internal/databases"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/sqltext"
)

// snapshotBegin starts a transaction that sees one state of the database.
const snapshotBegin = "BEGIN READ ONLY, ISOLATION LEVEL REPEATABLE READ"

// readSplit is Read in parts of about equal width, each over a connection of its own, and
// all in the snapshot of the first. Batches are given one at a time, in no order; each
// part holds one.
func (s Server) readSplit(ctx context.Context, q databases.Query, give func(batch.Batch) error) error {
	c, err := s.connect(ctx)
	if err != nil {
		return err
	}
	defer c.shut(ctx)
	if err := c.run(ctx, snapshotBegin); err != nil {
		return err
	}
	bounds, err := c.bounds(ctx, q)
	if err != nil {
		return err
	}
	snapshot, err := c.texts(ctx, "SELECT pg_export_snapshot()")
	if err != nil {
		return err
	}
	parts, ctx := errgroup.WithContext(ctx)
	one := make(chan struct{}, 1)
	inTurn := func(b batch.Batch) error {
		select {
		case one <- struct{}{}:
		case <-ctx.Done():
			return ctx.Err()
		}
		defer func() { <-one }()
		return give(b)
	}
	for part := range len(bounds) + 1 {
		parts.Go(func() error {
			q := within(q, bounds, part)
			if part == 0 {
				return c.rows(ctx, q, inTurn) // the snapshot lasts as long as c
			}
			return s.readIn(ctx, snapshot[0], q, inTurn)
		})
	}
	return parts.Wait()
}

// readIn reads in a snapshot that another connection has exported.
func (s Server) readIn(ctx context.Context, snapshot string, q databases.Query, give func(batch.Batch) error) error {
	c, err := s.connect(ctx)
	if err != nil {
		return err
	}
	defer c.shut(ctx)
	if err := c.run(ctx, snapshotBegin); err != nil {
		return err
	}
	if err := c.run(ctx, "SET TRANSACTION SNAPSHOT "+sqltext.Text(snapshot)); err != nil {
		return err
	}
	return c.rows(ctx, q, give)
}

// between are the expressions for a bound between the least and the most value of a type:
// what is behind part of so many.
var between = map[uint32]string{
	pgtype.Int2OID:        "floor(least::numeric + (most::numeric - least::numeric) * part / parts)",
	pgtype.Int4OID:        "floor(least::numeric + (most::numeric - least::numeric) * part / parts)",
	pgtype.Int8OID:        "floor(least::numeric + (most::numeric - least::numeric) * part / parts)",
	pgtype.NumericOID:     "floor(least + (most - least) * part / parts)",
	pgtype.DateOID:        "least + ((most - least) * part::bigint / parts)::integer",
	pgtype.TimestampOID:   "least + (most - least) * (part::float8 / parts)",
	pgtype.TimestamptzOID: "least + (most - least) * (part::float8 / parts)",
}

// bounds returns the values at which the parts of a query begin, but for the first; none
// when there is nothing to divide.
func (c *conn) bounds(ctx context.Context, q databases.Query) ([]string, error) {
	described, err := c.Prepare(ctx, "whole", q.Text, nil)
	if err != nil {
		return nil, c.about(ctx, err)
	}
	var names []string
	expression := ""
	for _, f := range described.Fields {
		names = append(names, f.Name)
		if f.Name != q.Split.Column {
			continue
		}
		if expression = between[f.DataTypeOID]; expression == "" {
			return nil, databases.Problem("partition_column", "%q cannot be divided into ranges: take a column of whole numbers, decimals, dates or times", f.Name)
		}
	}
	switch {
	case len(names) == 0:
		return nil, errNoSelect
	case expression == "":
		return nil, databases.Problem("partition_column", "there is no column %q in the result%s", q.Split.Column, fault.DidYouMean(q.Split.Column, names))
	}
	values, err := params(q.Params)
	if err != nil {
		return nil, err
	}
	column := sqltext.Ident(q.Split.Column)
	text := fmt.Sprintf("WITH ends AS (SELECT min(%[1]s) AS least, max(%[1]s) AS most FROM (%[2]s\n) AS broked_rows), cuts AS (SELECT part, %[3]d AS parts FROM generate_series(1, %[3]d - 1) AS part) "+
		"SELECT DISTINCT (%[4]s)::text, min(part) FROM ends, cuts WHERE least < most GROUP BY 1 ORDER BY 2", column, q.Text, q.Split.Parts, expression)
	r := c.ExecParams(ctx, text, values, nil, nil, nil).Read()
	if r.Err != nil {
		return nil, c.fault(r.Err)
	}
	bounds := make([]string, len(r.Rows))
	for i, row := range r.Rows {
		bounds[i] = string(row[0])
	}
	return bounds, nil
}

// within returns one part of a query.
func within(q databases.Query, bounds []string, part int) databases.Query {
	if len(bounds) == 0 {
		return q
	}
	column := "broked_rows." + sqltext.Ident(q.Split.Column)
	bound := func(at int) string {
		q.Params = append(slices.Clip(q.Params), bounds[at])
		return "$" + strconv.Itoa(len(q.Params))
	}
	text := "SELECT * FROM (" + q.Text + "\n) AS broked_rows WHERE "
	switch {
	case part == 0:
		text += column + " < " + bound(0) + " OR " + column + " IS NULL"
	case part == len(bounds):
		text += column + " >= " + bound(part-1)
	default:
		text += column + " >= " + bound(part-1) + " AND " + column + " < " + bound(part)
	}
	q.Text = text
	return q
}
