package sqlite

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	lib "modernc.org/sqlite/lib"

	"github.com/broked/broked/internal/batch"
	"github.com/broked/broked/internal/databases"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/sqltext"
)

// aside puts rows that the table refuses where they are wanted.
type aside struct {
	insert *statement
	failed error // that of the first, when they have no place
}

// take is told that row n of a batch was refused. It returns an error when the load
// cannot go on.
func (w *writer) take(b *batch.Batch, row int, err error) error {
	lib.Xsqlite3_reset(w.c.tls, w.insert.handle)
	if !ofRow(err) || lib.Xsqlite3_get_autocommit(w.c.tls, w.c.db) != 0 { // a trigger may have ended the transaction
		return w.refused(row, err)
	}
	r := w.load.Refusals
	if r == nil {
		return w.refused(row, err)
	}
	reason := fault.MessageOf(err)
	one := databases.Refused(b, row, w.rows+int64(row)+1, blamed(reason, err), reason)
	r.Add(one)
	if r.Table != "" {
		return w.putAside(b, row, one)
	}
	if w.aside.failed == nil {
		w.aside.failed = w.refused(row, err)
	}
	if r.Count == databases.MostShown {
		return w.aside.failed
	}
	return nil
}

// ofRow reports whether an error is about the row and not about the database.
func ofRow(err error) bool {
	e, is := errors.AsType[*codeError](err)
	if !is {
		return fault.KindOf(err) == fault.Invalid
	}
	return slices.Contains([]int32{lib.SQLITE_CONSTRAINT, lib.SQLITE_MISMATCH, lib.SQLITE_TOOBIG}, e.code&0xff)
}

// blamed returns the columns that are at fault, as far as SQLite names them: it says
// "UNIQUE constraint failed: t.a, t.b" and "cannot store TEXT value in INTEGER column
// t.a".
func blamed(reason string, err error) []string {
	if _, is := errors.AsType[*codeError](err); !is {
		if _, quoted, has := strings.Cut(reason, "column "); has { // our own words
			name, _ := strconv.QuotedPrefix(quoted)
			name, _ = strconv.Unquote(name)
			return []string{name}
		}
		return nil
	}
	about, list, _ := strings.Cut(reason, " constraint failed: ")
	if list == "" || about == "CHECK" {
		if _, list, _ = strings.Cut(reason, " value in "); list != "" {
			_, list, _ = strings.Cut(list, " column ")
		}
	}
	var names []string
	for part := range strings.SplitSeq(list, ", ") {
		if _, name, is := strings.Cut(part, "."); is {
			names = append(names, name)
		}
	}
	return names
}

// putAside writes a refused row into the table for such rows.
func (w *writer) putAside(b *batch.Batch, row int, r databases.Refusal) error {
	if w.aside.insert == nil {
		name, err := tableName(w.load.Refusals.Table)
		if err != nil {
			return databases.Elsewhere(err)
		}
		table := "main." + sqltext.Ident(name)
		err = w.c.run("CREATE TABLE IF NOT EXISTS " + table + " (run_id TEXT, node_id TEXT, rejected_at TIMESTAMP, row_number INTEGER, column_name TEXT, reason TEXT, row TEXT)")
		if err == nil {
			w.aside.insert, err = w.c.one("INSERT INTO " + table + " (run_id, node_id, rejected_at, row_number, column_name, reason, row) VALUES (?, ?, ?, ?, nullif(?, ''), ?, ?)")
		}
		if err != nil {
			return databases.Elsewhere(err)
		}
	}
	text, err := databases.RowText(b, row)
	if err != nil {
		return err
	}
	s, now := w.aside.insert, time.Now().UTC().Format("2006-01-02 15:04:05")
	if err := s.bind([]any{w.load.Refusals.Run, w.load.Refusals.Node, now, r.Row, r.Column, r.Reason, text}); err != nil {
		return err
	}
	_, err = s.step()
	lib.Xsqlite3_reset(w.c.tls, s.handle)
	if err != nil {
		return databases.Elsewhere(err)
	}
	return nil
}
