package oracle

import (
	"context"
	"encoding/hex"
	"errors"
	"slices"
	"strings"

	lib "github.com/sijms/go-ora/v2"

	"github.com/broked/broked/internal/databases/driven"
)

const (
	// mostBound is how many bytes of a text are bound as such.
	mostBound = 4000
	// mostTogether is how many rows go into one statement.
	mostTogether = 1000
)

// errKey is about a key that would be none.
var errKey = errors.New("an empty text is a null in Oracle, and cannot be a key")

const (
	before = "SAVEPOINT broked_put"
	undone = "ROLLBACK TO SAVEPOINT broked_put"
)

// put writes rows by statements that are bound to many of them. Oracle keeps those
// before one that it refuses, so they are undone here.
func put(ctx context.Context, c *driven.Conn, t *driven.Table, rows driven.Rows) error {
	texts, long, err := bound(rows)
	if err != nil {
		return err
	}
	if err := c.Run(ctx, before); err != nil {
		return err
	}
	if long {
		err = singly(ctx, c, t, rows, texts)
	} else {
		err = together(ctx, c, t, rows, texts)
	}
	if err != nil {
		if failed := c.Run(ctx, undone); failed != nil {
			return failed
		}
	}
	return err
}

// bound returns the values of the columns of rows as texts, and whether one is longer than
// what can be bound to many rows.
func bound(rows driven.Rows) (texts [][]string, long bool, err error) {
	texts = make([][]string, len(rows.Columns))
	for i := range rows.Columns {
		c := &rows.Batch.Columns[i]
		key := slices.Contains(rows.Keys, rows.Columns[i])
		texts[i] = make([]string, 0, rows.To-rows.From)
		for row := rows.From; row < rows.To; row++ {
			text := ""
			if !driven.IsNull(c, row) {
				if text, err = words(c, row, rows.Types[i]); err != nil {
					return nil, false, driven.BadValue(c.Name, err)
				}
			}
			if key && text == "" {
				return nil, false, driven.BadValue(c.Name, errKey)
			}
			texts[i] = append(texts[i], text)
			long = long || len(text) > mostBound
		}
	}
	return texts, long, nil
}

func together(ctx context.Context, c *driven.Conn, t *driven.Table, rows driven.Rows, texts [][]string) error {
	insert := insertion(typed(t, rows), rows.Columns, rows.Keys, 1)
	for from := 0; from < rows.To-rows.From; from += mostTogether {
		to := min(from+mostTogether, rows.To-rows.From)
		args := make([]any, len(texts))
		for i := range texts {
			args[i] = texts[i][from:to]
		}
		if err := c.Run(ctx, insert, args...); err != nil {
			return err //nolint:wrapcheck // it is a fault
		}
	}
	return nil
}

// typed is the table with the types of the columns that rows go to.
func typed(t *driven.Table, rows driven.Rows) *driven.Table {
	all := *t
	all.Columns = nil
	for i, name := range rows.Columns {
		all.Columns = append(all.Columns, driven.Declared{Name: name, Type: rows.Types[i]})
	}
	return &all
}

// singly writes rows one by one, long values as objects of their own.
func singly(ctx context.Context, c *driven.Conn, t *driven.Table, rows driven.Rows, texts [][]string) error {
	for row := range rows.To - rows.From {
		args, marks := make([]any, len(texts)), make([]string, len(texts))
		for i := range texts {
			var err error
			if args[i], marks[i], err = one(texts[i][row], rows.Types[i], mark(i+1)); err != nil {
				return driven.BadValue(rows.Batch.Columns[i].Name, err)
			}
		}
		if err := c.Run(ctx, statement(t, rows.Columns, rows.Keys, marks), args...); err != nil {
			return err //nolint:wrapcheck // it is a fault
		}
	}
	return nil
}

var errLong = errors.New("the value is longer than what the column keeps")

// one returns a value and its place in a statement.
func one(text, column, mark string) (any, string, error) { //nolint:ireturn // as drivers have it
	base := baseOf(column)
	switch {
	case len(text) <= mostBound && isBinary(column):
		return text, "HEXTORAW(" + mark + ")", nil
	case len(text) <= mostBound:
		return text, mark, nil
	case base == "BLOB":
		raw, err := hex.DecodeString(text)
		return lib.Blob{Data: raw}, mark, err
	case base == "NCLOB":
		return lib.NClob{String: text, Valid: true}, mark, nil
	case base == "CLOB", strings.HasPrefix(base, "XML"), base == "JSON":
		return lib.Clob{String: text, Valid: true}, mark, nil
	case base == "VARCHAR2", base == "NVARCHAR2": // which may be longer, where the database is set so
		return text, mark, nil
	}
	return nil, "", errLong
}
