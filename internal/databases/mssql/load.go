package mssql

import (
	"context"
	"database/sql"
	"strings"

	lib "github.com/microsoft/go-mssqldb"

	"github.com/broked/broked/internal/batch"
	"github.com/broked/broked/internal/databases/driven"
)

// load puts rows into a table by bulk copy. What the driver or the server would make fit
// is left to inserts, which say which row it is: values are looked at before any is sent.
func load(ctx context.Context, c *driven.Conn, t *driven.Table, rows driven.Rows) (bool, error) {
	all, ok := encode(rows)
	if !ok {
		return false, nil
	}
	if err := c.Run(ctx, "SAVE TRANSACTION broked_rows"); err != nil {
		return false, err
	}
	err := copyIn(ctx, c, t, rows.Columns, all)
	if err == nil {
		return true, nil
	}
	said := say(c.At(), err)
	if said == nil || !said.Row && said.Code != "permission_denied" { // an insert needs to see less
		return false, c.Fault(err)
	}
	if ended, failed := over(ctx, c); ended || failed != nil {
		return false, c.Fault(err)
	}
	return false, c.Run(ctx, "ROLLBACK TRANSACTION broked_rows")
}

func copyIn(ctx context.Context, c *driven.Conn, t *driven.Table, columns []string, rows [][]any) error {
	options := lib.BulkOptions{CheckConstraints: true, FireTriggers: true, KeepNulls: true}
	stmt, err := c.Prepare(ctx, lib.CopyIn(t.Quoted, options, columns...))
	if err != nil {
		return err
	}
	defer func() { _ = stmt.Close() }()
	for _, row := range rows {
		if err := put(ctx, stmt, row...); err != nil {
			return err
		}
	}
	return put(ctx, stmt) // no values say that these were all
}

func put(ctx context.Context, stmt *sql.Stmt, row ...any) error {
	_, err := stmt.ExecContext(ctx, row...)
	return err //nolint:wrapcheck // it is told by its type
}

// encode returns rows as the driver takes them. It reports whether each value is one
// that arrives as it is.
func encode(rows driven.Rows) ([][]any, bool) {
	for _, typ := range rows.Types {
		if !bulky(typ) {
			return nil, false
		}
	}
	all := make([][]any, 0, rows.To-rows.From)
	for row := rows.From; row < rows.To; row++ {
		one := make([]any, len(rows.Columns))
		for i := range rows.Batch.Columns {
			var ok bool
			if one[i], ok = plain(&rows.Batch.Columns[i], row, rows.Types[i]); !ok {
				return nil, false
			}
		}
		all = append(all, one)
	}
	return all, true
}

// bulky reports whether the driver writes values of a type as they are. It gives texts of
// a code page as UTF-8, and the server would choose serial numbers by itself.
func bulky(column string) bool {
	switch base, _ := split(column); base {
	case "tinyint", "smallint", "int", "bigint", "bit", "real", "float", "decimal", "numeric", "nvarchar", "nchar", "varbinary", "date", "time", "datetime2", "datetimeoffset", "uniqueidentifier":
		return !strings.HasSuffix(column, " identity")
	}
	return false
}

// plain returns a value as it is for bulk copy, and whether it can be.
func plain(c *batch.Column, row int, column string) (any, bool) { //nolint:ireturn // as drivers have it
	if driven.IsNull(c, row) {
		return nil, true
	}
	v, done, err := value(c, row, column)
	if err != nil || !done {
		return nil, false
	}
	if base, _ := split(column); base == "decimal" || base == "numeric" {
		text, is := v.(string)
		return v, is && exact(text, column)
	}
	return v, true
}
