package clickhouse

import (
	"context"
	"database/sql/driver"
	"errors"
	"strings"

	"github.com/broked/broked/internal/databases"
	"github.com/broked/broked/internal/databases/driven"
	"github.com/broked/broked/internal/fault"
)

// put sends rows as one block. Values are looked at before any is sent.
func put(ctx context.Context, c *driven.Conn, t *driven.Table, rows driven.Rows) error {
	names := make([]string, len(rows.Columns))
	for i, name := range rows.Columns {
		if strings.ContainsAny(name, "()`\\,") {
			return databases.Problem("table", "the column %q cannot be written to: its name has one of ( ) , ` \\ in it, which the driver does not take", name)
		}
		names[i] = quote(name)
	}
	all := make([][]driver.NamedValue, 0, rows.To-rows.From)
	for row := rows.From; row < rows.To; row++ {
		one := make([]driver.NamedValue, len(rows.Columns))
		for i := range rows.Batch.Columns {
			v, err := value(&rows.Batch.Columns[i], row, rows.Types[i])
			if err != nil {
				return driven.BadValue(rows.Batch.Columns[i].Name, err)
			}
			one[i] = driver.NamedValue{Ordinal: i + 1, Value: v}
		}
		all = append(all, one)
	}
	text := "INSERT INTO " + t.Quoted + " (" + strings.Join(names, ", ") + ")"
	return c.Raw(func(conn any) error { return send(ctx, conn, text, all) })
}

// blocks is what the driver's connection is: what was prepared goes off at the commit.
type blocks interface {
	driver.ConnPrepareContext
	Commit() error
}

func send(ctx context.Context, conn any, text string, rows [][]driver.NamedValue) error {
	to, is := conn.(blocks)
	if !is {
		return errors.New("the driver sends no blocks")
	}
	stmt, err := to.PrepareContext(ctx, text)
	if err != nil {
		return err
	}
	defer func() { _ = stmt.Close() }()
	adds, is := stmt.(driver.StmtExecContext)
	if !is {
		return errors.New("the driver sends no blocks")
	}
	for _, row := range rows {
		if _, err := adds.ExecContext(ctx, row); err != nil {
			return fault.Wrap(fault.Invalid, err, "a value cannot be written: %v", err).With("bad_value")
		}
	}
	return to.Commit()
}
