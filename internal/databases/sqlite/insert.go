package sqlite

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"modernc.org/libc"
	lib "modernc.org/sqlite/lib"

	"github.com/broked/broked/internal/batch"
	"github.com/broked/broked/internal/databases"
	"github.com/broked/broked/internal/fault"
)

// writer puts batches into a table, row by row: SQLite takes a row no faster when it
// comes with others, and this way it says which one it refuses.
type writer struct {
	c       *conn
	load    databases.Load
	table   string
	columns []batch.Column // of the batches
	fitting []string       // those of them that go into the table
	insert  *statement
	keep    *statement // notes the keys of a row, for MergeDelete
	rows    int64
	aside   aside
	arena   uintptr // the texts of a batch, where SQLite can read them
	room    int
}

func (w *writer) close() {
	if w.insert != nil {
		w.insert.close()
	}
	if w.keep != nil {
		w.keep.close()
	}
	if w.aside.insert != nil {
		w.aside.insert.close()
	}
	libc.Xfree(w.c.tls, w.arena)
}

func (w *writer) write(ctx context.Context, b batch.Batch) error {
	if err := w.begin(b.Columns); err != nil {
		return err
	}
	b = databases.Only(b, w.fitting)
	if row, key := w.load.NullKey(&b); row >= 0 {
		return databases.KeyMissing(w.table, w.rows+int64(row)+1, key)
	}
	texts, err := w.texts(b)
	if err != nil {
		return err
	}
	for row := range b.Rows {
		if err := w.put(b.Columns, texts, row); err != nil {
			if err := w.take(&b, row, err); err != nil {
				return err
			}
		}
	}
	w.rows += int64(b.Rows)
	if w.aside.failed != nil {
		return w.aside.failed
	}
	return ctx.Err()
}

// put writes one row. After an error the texts of the next row are in their place.
func (w *writer) put(columns []batch.Column, texts []texts, row int) error {
	for i := range columns {
		rc, err := w.bind(int32(i+1), &columns[i], &texts[i], row)
		if err == nil && rc != lib.SQLITE_OK {
			err = w.c.fault(rc)
		}
		if err != nil {
			for k := i + 1; k < len(columns); k++ {
				if columns[k].Kind == batch.Text {
					texts[k].next += uintptr(len(columns[k].Texts[row]))
				}
			}
			return err
		}
	}
	rc := lib.Xsqlite3_step(w.c.tls, w.insert.handle)
	if rc == lib.SQLITE_ROW {
		if err := w.keepKeys(); err != nil {
			return err
		}
		rc = lib.Xsqlite3_step(w.c.tls, w.insert.handle)
	}
	if rc != lib.SQLITE_DONE {
		return w.c.fault(rc)
	}
	if rc := lib.Xsqlite3_reset(w.c.tls, w.insert.handle); rc != lib.SQLITE_OK {
		return w.c.fault(rc)
	}
	return nil
}

// begin makes the table ready for the first batch, and the statement for batches
// whose columns have other names.
func (w *writer) begin(columns []batch.Column) error {
	same := func(x, y batch.Column) bool { return x.Name == y.Name }
	if w.insert != nil && slices.EqualFunc(w.columns, columns, same) {
		return nil
	}
	var err error
	if w.insert == nil {
		err = w.first(columns)
	} else {
		w.insert.close()
		w.insert = nil
	}
	if err != nil {
		return err
	}
	w.columns = slices.Clone(columns)
	if w.fitting, err = w.c.fit(w.table, w.load, columns); err != nil {
		return err
	}
	w.insert, err = w.c.one(insertion(w.table, w.load, w.fitting))
	return err
}

// first makes the table ready.
func (w *writer) first(columns []batch.Column) error {
	var err error
	if w.table, err = tableName(w.load.Table); err != nil {
		return err
	}
	if err := w.keysThere(columns); err != nil {
		return err
	}
	if err := w.c.ready(w.table, w.load, columns); err != nil {
		return err
	}
	return w.rememberKeys()
}

func (w *writer) keysThere(columns []batch.Column) error {
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = c.Name
	}
	for i, k := range w.load.Keys {
		if !contains(names, k) {
			return databases.Problem(fmt.Sprintf("key_columns[%d]", i), "there is no column %q%s", k, fault.DidYouMean(k, names))
		}
	}
	return nil
}

// refused says which row it is that SQLite does not take.
func (w *writer) refused(row int, err error) error {
	e, is := errors.AsType[*fault.Error](err)
	if !is || e.Kind != fault.Invalid {
		return err
	}
	return fault.Wrap(fault.Invalid, err, "row %d cannot be written to %s: %s; nothing was written", w.rows+int64(row)+1, w.table, e.Msg).With("row_refused")
}

// form is how a text goes into a statement.
type form int

// The forms of texts.
const (
	plain  form = iota // as it is
	digits             // as a whole number
	bytes              // as what its hexadecimal digits mean
)

// texts copies the texts of a batch to where SQLite can read them, and returns where
// each column begins.
func (w *writer) texts(b batch.Batch) ([]texts, error) {
	size := 0
	for i := range b.Columns {
		for _, t := range b.Columns[i].Texts {
			size += len(t)
		}
	}
	if size > w.room {
		libc.Xfree(w.c.tls, w.arena)
		w.room = size + size/4
		if w.arena = libc.Xmalloc(w.c.tls, libc.Tsize_t(w.room)); w.arena == 0 { //nolint:gosec // not negative
			w.room = 0
			return nil, w.c.fault(lib.SQLITE_NOMEM)
		}
	}
	all := make([]texts, len(b.Columns))
	at := w.arena
	for i := range b.Columns {
		c := &b.Columns[i]
		all[i] = texts{next: at}
		switch {
		case c.Type == "BLOB":
			all[i].form = bytes
		case slices.Contains(whole, c.Type):
			all[i].form = digits
		}
		for _, t := range c.Texts {
			if len(t) > 0 {
				copy(libc.GoBytes(at, len(t)), t)
				at += uintptr(len(t))
			}
		}
	}
	return all, nil
}

// texts is where the next text of a column lies.
type texts struct {
	form form
	next uintptr
}

// bind gives a parameter the value of a row. Rows are bound in their order.
func (w *writer) bind(at int32, c *batch.Column, t *texts, row int) (int32, error) {
	where := t.next
	if c.Kind == batch.Text {
		t.next += uintptr(len(c.Texts[row]))
	}
	if c.Valid != nil && !c.Valid[row] || c.Kind == batch.Text && c.Type == "" {
		return lib.Xsqlite3_bind_null(w.c.tls, w.insert.handle, at), nil
	}
	switch c.Kind {
	case batch.Int:
		return lib.Xsqlite3_bind_int64(w.c.tls, w.insert.handle, at, c.Ints[row]), nil
	case batch.Float:
		return lib.Xsqlite3_bind_double(w.c.tls, w.insert.handle, at, c.Floats[row]), nil
	case batch.Bool:
		n := int64(0)
		if c.Bools[row] {
			n = 1
		}
		return lib.Xsqlite3_bind_int64(w.c.tls, w.insert.handle, at, n), nil
	default:
	}
	return w.bindText(at, c, t.form, row, where)
}

// bindText is bind for a text that lies at where.
func (w *writer) bindText(at int32, c *batch.Column, how form, row int, where uintptr) (int32, error) {
	size := len(c.Texts[row])
	if size == 0 {
		where = w.c.room // any address but none
	}
	switch how {
	case digits:
		n, err := strconv.ParseInt(c.Texts[row], 10, 64)
		if err != nil {
			return 0, fault.Wrap(fault.Invalid, err, "column %q has a whole number that is too large for SQLite", c.Name)
		}
		return lib.Xsqlite3_bind_int64(w.c.tls, w.insert.handle, at, n), nil
	case bytes:
		raw := libc.GoBytes(where, size)
		n, err := hex.Decode(raw, raw) // in its own place, which is twice as long
		if err != nil {
			return 0, fmt.Errorf("column %s: %w", c.Name, err)
		}
		return lib.Xsqlite3_bind_blob(w.c.tls, w.insert.handle, at, where, int32(n), kept), nil //nolint:gosec // bounded by a batch
	case plain:
	}
	return lib.Xsqlite3_bind_text(w.c.tls, w.insert.handle, at, where, int32(size), kept), nil //nolint:gosec // bounded by a batch
}
