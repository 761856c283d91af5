package postgres

import (
	"context"
	"slices"
	"strings"

	"github.com/broked/broked/internal/batch"
	"github.com/broked/broked/internal/databases"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/sqltext"
)

// Fill writes the rows of a query in the same database into a table, all or none, as Write
// would, but for modes that merge, columns that are new and rows that are refused. Compose
// returns the query. It sees the database, until it returns as one that cannot be written,
// as it was at one moment, and so does the query: also the table itself, with the rows that
// go.
//
// What it does not do the same as Write is a fault, as is everything else that it does not
// do; nothing was done then, unless the code is commit_unknown.
func (s Server) Fill(ctx context.Context, load databases.Load, compose func(databases.Snapshot) (databases.Filling, error)) (databases.Filled, error) {
	var filled databases.Filled
	err := s.changeAs(ctx, ofOneMoment, load.Attempt, func(c *conn) error {
		_, done, err := c.doneBefore(ctx, load)
		if err != nil || done {
			return unfit(err, "an earlier attempt of this run has committed")
		}
		rows, err := c.composed(ctx, compose)
		if err != nil {
			return err
		}
		if filled, err = c.fill(ctx, load, rows); err != nil {
			return err
		}
		return c.noteLoad(ctx, load, filled.Rows)
	})
	return filled, err
}

// unfit returns err, or that a load is not one for Fill.
func unfit(err error, words string, args ...any) error {
	if err != nil {
		return err
	}
	return fault.New(fault.Invalid, words, args...)
}

// composed calls compose with the database as one that cannot be written.
func (c *conn) composed(ctx context.Context, compose func(databases.Snapshot) (databases.Filling, error)) (databases.Filling, error) {
	for _, statement := range []string{"SAVEPOINT broked_look", "SET LOCAL transaction_read_only = on"} {
		if err := c.run(ctx, statement); err != nil {
			return databases.Filling{}, err
		}
	}
	rows, err := compose(snapshot{c})
	if err != nil {
		return rows, err
	}
	return rows, c.run(ctx, "ROLLBACK TO broked_look")
}

// fill writes rows into the table of a load.
func (c *conn) fill(ctx context.Context, load databases.Load, rows databases.Filling) (databases.Filled, error) {
	var filled databases.Filled
	t, err := tableNamed(load.Table)
	if err != nil {
		return filled, err
	}
	if err := t.look(ctx, c); err != nil {
		return filled, err
	}
	names := sqltext.Idents(namesOf(rows.Columns))
	from := "(" + rows.Text + ") AS broked_rows"
	statements := []string{}
	if len(t.names) > 0 && load.Empties() { // the rows that go may be among those that are read
		stage := "CREATE TEMPORARY TABLE broked_stage ON COMMIT DROP AS SELECT " + names + " FROM " + from
		if _, err := c.bound(ctx, stage, rows.Params); err != nil {
			return filled, err
		}
		from, rows.Params = stageName, nil
		statements = append(statements, stage)
	}
	if err := t.ready(ctx, c, load, rows.Columns); err != nil {
		return filled, err
	}
	if err := t.takes(ctx, c, rows.Columns); err != nil {
		return filled, err
	}
	insert := "INSERT INTO " + t.name + " (" + names + ") SELECT " + names + " FROM " + from
	filled.Statement = strings.Join(append(statements, insert), ";\n")
	filled.Rows, err = c.bound(ctx, insert, rows.Params)
	return filled, err
}

// bound executes a statement that yields nothing, and returns the number of its rows.
func (c *conn) bound(ctx context.Context, text string, all []any) (int64, error) {
	values, err := params(all)
	if err != nil {
		return 0, err
	}
	tag, err := c.ExecParams(ctx, text, values, nil, nil, nil).Close()
	if err != nil {
		return 0, c.fault(err)
	}
	return tag.RowsAffected(), nil
}

// oddTable is a row when INSERT might do something else to a table than COPY.
const oddTable = `
	SELECT 'odd' FROM pg_class t WHERE t.oid = to_regclass($1) AND (t.relkind <> 'r' OR t.relhasrules OR t.relrowsecurity
		OR EXISTS (SELECT 1 FROM pg_trigger WHERE tgrelid = t.oid AND NOT tgisinternal))`

// takes says why INSERT might do something else to the table than COPY, if it might.
func (t *table) takes(ctx context.Context, c *conn, columns []batch.Column) error {
	odd, err := c.texts(ctx, oddTable, t.name)
	if err != nil || len(odd) > 0 {
		return unfit(err, "the table %s has triggers, rules or policies, or is no plain table", t.shown)
	}
	for _, col := range columns {
		if typ := t.types[col.Name]; !taken(col.Type, typ) {
			return unfit(nil, "column %q of the table %s is of the type %s, which is not that of the rows", col.Name, t.shown, typ)
		}
	}
	return nil
}

// alike are the types of columns that take values of a DuckDB type as they take their text.
var alike = map[string][]string{
	"SMALLINT": {"smallint", "integer", "bigint", "numeric"}, "INTEGER": {"integer", "bigint", "numeric"}, "BIGINT": {"bigint", "numeric"},
	"DECIMAL": {"numeric"}, "FLOAT": {"real"}, "DOUBLE": {"double precision"}, "BOOLEAN": {"boolean"}, "UUID": {"uuid"}, "DATE": {"date"},
	"TIMESTAMP": {"timestamp without time zone"}, "TIMESTAMP WITH TIME ZONE": {"timestamp with time zone"}, "VARCHAR": {"text", "character varying"},
}

func taken(typ, column string) bool {
	typ, _, _ = strings.Cut(typ, "(")
	column, _, _ = strings.Cut(column, "(")
	return slices.Contains(alike[typ], column)
}
