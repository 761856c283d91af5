package driven

import (
	"context"
	"database/sql"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/broked/broked/internal/batch"
	"github.com/broked/broked/internal/databases"
	"github.com/broked/broked/internal/fault"
)

// Write puts rows into a table, all or none, and returns their number. The first
// batch says which columns there are, and may have no rows. Until all of it is
// committed, others see the table as it was.
//
// Where the database can tell sessions apart, an older attempt at the same load is
// ended first; this one commits only while it is held. When the connection is lost
// while committing, the server is asked what became of it, if it can tell.
//
// Where the person can mend it, as with a table that is not there or a row that the
// table refuses, the error is an Invalid fault; its problems name the settings table,
// mode and key_columns. A connection that cannot be made or is lost is a transient fault.
func (s Server) Write(ctx context.Context, load databases.Load, rows iter.Seq2[batch.Batch, error]) (int64, error) {
	if refuses := s.Dialect.SQL.Refuses; refuses != nil {
		if err := refuses(load); err != nil {
			return 0, err
		}
	}
	if load.Attempt.Name == "" {
		load.Attempt.Name = strconv.FormatInt(time.Now().UnixNano(), 10)
	}
	var written int64
	err := s.change(ctx, load.Attempt, func(c *Conn) (*place, error) {
		n, done, err := c.doneBefore(ctx, load)
		if err != nil || done {
			written = n
			return nil, err
		}
		w := &writer{c: c, load: load}
		for b, err := range rows {
			if err == nil {
				err = w.write(ctx, b)
			}
			if err != nil {
				return w.place, err
			}
		}
		written = w.rows
		if load.Refusals != nil {
			written -= load.Refusals.Count
		}
		if w.failed != nil {
			return w.place, w.failed
		}
		if err := w.prune(ctx); err != nil {
			return w.place, err
		}
		return w.place, c.noteLoad(ctx, load, written)
	})
	return written, err
}

// writer puts batches into a table.
type writer struct {
	c       *Conn
	load    databases.Load
	place   *place
	columns []batch.Column // of the batches
	fitting []string       // those of them that go into the table
	to      Rows
	rows    int64
	failed  error // that of the first row that was refused, when it has no place
	aside   string
	keeps   bool      // keys are noted, for MergeDelete
	full    *sql.Stmt // for as many rows as go into one statement
	most    int
	alone   bool // rows go one by one
}

func (w *writer) write(ctx context.Context, b batch.Batch) error {
	if err := w.begin(ctx, b.Columns); err != nil {
		return err
	}
	if b.Rows == 0 {
		return ctx.Err()
	}
	b = databases.Only(b, w.fitting)
	if row, key := w.load.NullKey(&b); row >= 0 {
		return databases.KeyMissing(w.place.Shown, w.rows+int64(row)+1, key)
	}
	w.to.Batch = &b
	if err := w.put(ctx, 0, b.Rows); err != nil {
		return err
	}
	w.rows += int64(b.Rows)
	if w.failed != nil {
		return w.failed
	}
	return ctx.Err()
}

// begin makes the table ready for the first batch, and the statement for batches whose
// columns have other names.
func (w *writer) begin(ctx context.Context, columns []batch.Column) error {
	if w.place != nil && slices.EqualFunc(w.columns, columns, func(x, y batch.Column) bool { return x.Name == y.Name }) {
		return nil
	}
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = c.Name
	}
	if w.place == nil {
		if err := w.first(ctx, columns, names); err != nil {
			return err
		}
	}
	load := w.load
	if load.NewColumns == databases.AddColumns { // which has been done
		load.NewColumns = databases.FailColumns
	}
	var err error
	if w.fitting, _, err = w.place.fitting(load, columns); err != nil {
		return err
	}
	w.to.Columns, w.to.Types, w.to.Keys = nil, nil, w.tableKeys()
	for _, name := range w.fitting {
		at := w.place.column(name)
		w.to.Columns, w.to.Types = append(w.to.Columns, at.Name), append(w.to.Types, at.Type)
	}
	w.columns = slices.Clone(columns)
	w.full, w.most, w.alone = nil, 1, w.entangled()
	if s := w.c.server.Dialect.SQL; !w.alone {
		w.most = max(1, min(s.MostRows, s.MostParams/len(w.fitting)))
	}
	return nil
}

func (w *writer) first(ctx context.Context, columns []batch.Column, names []string) error {
	for i, k := range w.load.Keys {
		if !slices.Contains(names, k) {
			return databases.Problem(fmt.Sprintf("key_columns[%d]", i), "there is no column %q%s", k, fault.DidYouMean(k, names))
		}
	}
	var err error
	if w.place, err = w.c.ready(ctx, w.load, columns); err != nil {
		return err
	}
	return w.rememberKeys(ctx)
}

// entangled reports whether rows have to be written one by one: a row that has the key
// of one row and another unique value of another one must not become part of either.
func (w *writer) entangled() bool {
	if !w.load.Mode.Merges() {
		return false
	}
	for _, key := range w.place.Keys {
		if !same(key, w.load.Keys) && !slices.ContainsFunc(key, func(name string) bool { return !contains(w.to.Columns, name) }) {
			return true
		}
	}
	return false
}

func contains(list []string, name string) bool {
	return slices.ContainsFunc(list, func(n string) bool { return strings.EqualFold(n, name) })
}

// put writes rows, to being the first that is not. Those that the table refuses are
// left out.
func (w *writer) put(ctx context.Context, from, to int) error {
	d := w.c.server.Dialect
	if d.Bulk != nil && !w.load.Mode.Merges() {
		w.to.From, w.to.To = from, to
		if done, err := d.Bulk(ctx, w.c, w.place.Table, w.to); err != nil || done {
			return err
		}
	}
	for from < to {
		until := w.fits(from, to)
		if err := w.insert(ctx, from, until); err != nil {
			return err
		}
		from = until
	}
	return nil
}

// statementBytes is how much text one statement has, unless a single row has more.
const statementBytes = 1 << 20

// fits returns up to which row one statement goes.
func (w *writer) fits(from, to int) int {
	if w.c.server.Dialect.Put != nil {
		return to
	}
	size := 0
	to = min(to, from+w.most)
	for row := from; row < to; row++ {
		for i := range w.to.Batch.Columns {
			if c := &w.to.Batch.Columns[i]; c.Kind == batch.Text && c.Texts != nil {
				size += len(c.Texts[row])
			}
		}
		if size > statementBytes && row > from {
			return row
		}
	}
	return to
}

// insert writes rows with one statement, and where it is refused finds out which row it
// is. A statement that fails has done nothing.
func (w *writer) insert(ctx context.Context, from, to int) error {
	if from >= to {
		return nil
	}
	timed, stop := w.c.timed(ctx)
	defer stop()
	err := within(timed, w.statement(timed, from, to))
	switch said := w.c.server.Dialect.Say(w.c.server.At, err); {
	case err == nil:
		return w.keepKeys(ctx, from, to)
	case said != nil && !said.Row, said == nil && !isValue(err):
		return w.c.fault(err)
	case said != nil && w.over(ctx):
		return w.ended(from, to, err)
	case to-from == 1:
		return w.take(ctx, from, err)
	}
	middle := from + (to-from)/2
	if err := w.insert(ctx, from, middle); err != nil {
		return err
	}
	return w.insert(ctx, middle, to)
}

// statement writes rows with one statement.
func (w *writer) statement(ctx context.Context, from, to int) error {
	if put := w.c.server.Dialect.Put; put != nil {
		w.to.From, w.to.To = from, to
		return put(ctx, w.c, w.place.Table, w.to)
	}
	values := make([]any, 0, (to-from)*len(w.to.Columns))
	for row := from; row < to; row++ {
		for i := range w.to.Batch.Columns {
			v, err := w.c.server.Dialect.Types.value(&w.to.Batch.Columns[i], row, w.to.Types[i])
			if err != nil {
				return &valueError{w.to.Batch.Columns[i].Name, err}
			}
			values = append(values, v)
		}
	}
	switch {
	case w.alone:
		return w.merge(ctx, values)
	case to-from < w.most:
		_, err := w.c.tx.ExecContext(ctx, w.insertion(to-from), values...)
		return err
	case w.full == nil:
		stmt, err := w.c.tx.PrepareContext(ctx, w.insertion(to-from))
		if err != nil {
			return err
		}
		w.full = stmt
	}
	_, err := w.full.ExecContext(ctx, values...)
	return err
}

func (w *writer) insertion(rows int) string {
	return w.c.server.Dialect.SQL.Insert(w.place.Table, w.to.Columns, w.tableKeys(), rows)
}

// tableKeys are the keys of an upsert as the table spells them.
func (w *writer) tableKeys() []string {
	var keys []string
	for _, k := range keysOf(w.load) {
		keys = append(keys, w.place.column(k).Name)
	}
	return keys
}

// merge updates the row with the key of a row, or inserts it when there is none.
func (w *writer) merge(ctx context.Context, values []any) error {
	d, keys := w.c.server.Dialect, w.tableKeys()
	var sets, where []string
	var given, by []any
	for i, name := range w.to.Columns {
		if contains(keys, name) {
			by = append(by, values[i])
		} else {
			sets, given = append(sets, name), append(given, values[i])
		}
	}
	for i, name := range sets {
		sets[i] = d.SQL.Quote(name) + " = " + d.SQL.Mark(i+1)
	}
	for _, name := range w.to.Columns {
		if contains(keys, name) {
			where = append(where, d.SQL.Quote(name)+" = "+d.SQL.Mark(len(sets)+len(where)+1))
		}
	}
	if len(sets) > 0 {
		result, err := w.c.tx.ExecContext(ctx, "UPDATE "+w.place.Quoted+" SET "+strings.Join(sets, ", ")+" WHERE "+strings.Join(where, " AND "), append(given, by...)...) //nolint:gosec // names are quoted
		if err != nil {
			return err
		}
		if n, err := result.RowsAffected(); err != nil || n > 0 { // found, not only changed
			return err
		}
	}
	_, err := w.c.tx.ExecContext(ctx, d.SQL.Insert(w.place.Table, w.to.Columns, nil, 1), values...)
	return err
}
