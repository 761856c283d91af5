package sqlite

import (
	"encoding/json"
	"errors"
	"math"
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
	one := w.refusal(b, row, err)
	r.Count++
	if len(r.First) < databases.MostShown {
		r.First = append(r.First, one)
	}
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

// longestShown bounds the value that is told, in bytes.
const longestShown = 200

func (w *writer) refusal(b *batch.Batch, row int, err error) databases.Refusal {
	r := databases.Refusal{Row: w.rows + int64(row) + 1, Reason: fault.MessageOf(err)}
	var names, values []string
	for _, name := range blamed(r.Reason, err) {
		at := slices.IndexFunc(b.Columns, func(c batch.Column) bool { return strings.EqualFold(c.Name, name) })
		value := "null"
		if at >= 0 {
			value = shownValue(b.Columns[at], row)
		}
		names, values = append(names, name), append(values, value)
	}
	r.Column, r.Value = strings.Join(names, ", "), strings.Join(values, ", ")
	if len(r.Value) > longestShown {
		r.Value = strings.ToValidUTF8(r.Value[:longestShown], "") + " …"
	}
	return r
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

func shownValue(c batch.Column, row int) string {
	switch v := value(c, row).(type) {
	case nil:
		return "null"
	case string:
		return v
	case bool:
		return strconv.FormatBool(v)
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64)
	}
	return ""
}

// value returns the value of a row.
func value(c batch.Column, row int) any { //nolint:ireturn // JSON has no narrower type
	if c.Valid != nil && !c.Valid[row] {
		return nil
	}
	switch c.Kind {
	case batch.Int:
		return c.Ints[row]
	case batch.Float:
		return c.Floats[row]
	case batch.Bool:
		return c.Bools[row]
	case batch.Text:
		if c.Type == "" {
			return nil
		}
		return c.Texts[row]
	case batch.Input:
	}
	return nil
}

// putAside writes a refused row into the table for such rows.
func (w *writer) putAside(b *batch.Batch, row int, r databases.Refusal) error {
	if w.aside.insert == nil {
		name, err := tableName(w.load.Refusals.Table)
		if err != nil {
			return elsewhere(err)
		}
		table := "main." + sqltext.Ident(name)
		err = w.c.run("CREATE TABLE IF NOT EXISTS " + table + " (run_id TEXT, node_id TEXT, rejected_at TIMESTAMP, row_number INTEGER, column_name TEXT, reason TEXT, row TEXT)")
		if err == nil {
			w.aside.insert, err = w.c.one("INSERT INTO " + table + " (run_id, node_id, rejected_at, row_number, column_name, reason, row) VALUES (?, ?, ?, ?, nullif(?, ''), ?, ?)")
		}
		if err != nil {
			return elsewhere(err)
		}
	}
	text, err := rowText(b, row)
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
		return elsewhere(err)
	}
	return nil
}

// elsewhere is an error about the table for rows that are refused.
func elsewhere(err error) error {
	if fault.KindOf(err) != fault.Invalid {
		return err
	}
	return problem("quarantine_table", "cannot take rows that are refused: %s", fault.MessageOf(err))
}

// rowText returns a row as a JSON object, its columns in order.
func rowText(b *batch.Batch, row int) (string, error) {
	text := []byte{'{'}
	for i, c := range b.Columns {
		if i > 0 {
			text = append(text, ',')
		}
		v := value(c, row)
		if x, is := v.(float64); is && (math.IsNaN(x) || math.IsInf(x, 0)) {
			v = shownValue(c, row)
		}
		for k, part := range []any{c.Name, v} {
			raw, err := json.Marshal(part)
			if err != nil {
				return "", err
			}
			if text = append(text, raw...); k == 0 {
				text = append(text, ':')
			}
		}
	}
	return string(append(text, '}')), nil
}
