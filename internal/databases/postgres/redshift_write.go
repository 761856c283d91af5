package postgres

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgtype"

	"github.com/broked/broked/internal/batch"
	"github.com/broked/broked/internal/databases"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/sqltext"
)

// insert puts rows into a table of Redshift by statements of many rows, all or none.
func (s Server) insert(ctx context.Context, load databases.Load, rows iter.Seq2[batch.Batch, error]) (int64, error) {
	if load.Refusals != nil && load.Refusals.Table != "" {
		return 0, databases.Problem("on_row_error", "cannot put rows aside in Redshift, which has no savepoints: a row that is refused ends the transaction with all others")
	}
	c, err := s.connect(ctx)
	if err != nil {
		return 0, err
	}
	defer c.shut(ctx) // without COMMIT nothing is kept
	var written int64
	err = s.changeLean(ctx, c, load.Attempt, load, func(c *conn) error {
		w := &inserter{c: c, load: load}
		for b, err := range rows {
			if err == nil {
				err = w.write(ctx, b)
			}
			if err != nil {
				return err
			}
		}
		written = w.rows
		if err := w.end(ctx); err != nil || !load.Once {
			return err
		}
		return databases.OnceFault(c.run(ctx, "INSERT INTO "+databases.LoadsTable+" (load, written, committed_at) VALUES ($1, $2, $3)", load.Attempt.Name, strconv.FormatInt(written, 10), leanTime(time.Now())))
	})
	if before, is := errors.AsType[beforeError](err); is {
		return int64(before), nil
	}
	return written, databases.Stopped(ctx, err)
}

// inserter puts batches into a table.
type inserter struct {
	c       *conn
	load    databases.Load
	table   *table
	columns []batch.Column // of the batches
	fitting []string       // those of them that go into the table
	names   []string       // as the table has them
	oids    []uint32       // of the parameters of a row
	marks   []string       // what stands around a parameter, with %d for its number
	head    string         // of the statement
	rows    int64
}

// Bounds of a statement: Redshift has 32,767 parameters in one, and 16 MB.
const (
	leanParams = math.MaxInt16
	leanRows   = 1000
	leanBytes  = 4 << 20
)

func (w *inserter) write(ctx context.Context, b batch.Batch) error {
	if err := w.begin(ctx, b.Columns); err != nil {
		return err
	}
	b = databases.Only(b, w.fitting)
	if row, key := w.load.NullKey(&b); row >= 0 {
		return databases.KeyMissing(w.table.shown, w.rows+int64(row)+1, key)
	}
	for from := 0; from < b.Rows; {
		to := w.fits(&b, from)
		if err := w.statement(ctx, &b, from, to); err != nil {
			return w.refused(ctx, &b, from, to, err)
		}
		from = to
	}
	w.rows += int64(b.Rows)
	return ctx.Err()
}

// begin makes the table ready for the first batch, and the statement for batches whose
// columns have other names.
func (w *inserter) begin(ctx context.Context, columns []batch.Column) error {
	if w.table != nil && slices.EqualFunc(w.columns, columns, func(x, y batch.Column) bool { return x.Name == y.Name && x.Type == y.Type }) {
		return nil
	}
	if w.table == nil {
		if err := w.first(ctx, columns); err != nil {
			return err
		}
	} else if err := w.merge(ctx); err != nil {
		return err
	}
	var err error
	if w.fitting, err = w.table.fitLean(ctx, w.c, w.load, columns); err != nil {
		return err
	}
	w.columns, w.names, w.oids, w.marks = slices.Clone(columns), nil, nil, nil
	for _, col := range columns {
		if slices.Contains(w.fitting, col.Name) {
			w.place(col)
		}
	}
	target, names := w.table.name, sqltext.Idents(w.names)
	if w.load.Mode.Merges() {
		if err := w.stage(ctx); err != nil {
			return err
		}
		target, names = leanStage, names+", "+stageRow
		w.oids, w.marks = append(w.oids, pgtype.Int8OID), append(w.marks, "$%d")
	}
	w.head = "INSERT INTO " + target + " (" + names + ") VALUES "
	return nil
}

func (w *inserter) first(ctx context.Context, columns []batch.Column) error {
	names := namesOf(columns)
	for i, k := range w.load.Keys {
		if !slices.Contains(names, k) {
			return databases.Problem(fmt.Sprintf("key_columns[%d]", i), "there is no column %q%s", k, fault.DidYouMean(k, names))
		}
	}
	t, err := tableNamed(w.load.Table)
	if err != nil {
		return err
	}
	if err := t.readyLean(ctx, w.c, w.load, columns); err != nil {
		return err
	}
	w.table = t
	return w.keep(ctx)
}

// place finds how values of a column are put into the table.
func (w *inserter) place(col batch.Column) {
	name := w.table.spelled(col.Name)
	oid, mark := w.table.oids[name], "$%d"
	switch typ := w.table.types[name]; {
	case typ == "super" && col.Type != "VARCHAR":
		oid, mark = pgtype.VarcharOID, "json_parse($%d)"
	case typ == "super":
		oid = pgtype.VarcharOID
	case strings.HasPrefix(typ, "varbyte") || strings.HasPrefix(typ, "binary varying"):
		if oid = pgtype.VarcharOID; col.Type == "BLOB" {
			mark = "from_hex($%d)"
		}
	}
	w.names, w.oids, w.marks = append(w.names, name), append(w.oids, oid), append(w.marks, mark)
}

// fits returns up to which row one statement goes.
func (w *inserter) fits(b *batch.Batch, from int) int {
	to, size := min(b.Rows, from+max(1, min(leanRows, leanParams/len(w.marks)))), 0
	for row := from; row < to; row++ {
		for i := range b.Columns {
			if c := &b.Columns[i]; c.Kind == batch.Text && c.Texts != nil {
				size += len(c.Texts[row])
			}
		}
		if size > leanBytes && row > from {
			return row
		}
	}
	return to
}

// statement writes rows with one statement.
func (w *inserter) statement(ctx context.Context, b *batch.Batch, from, to int) error {
	var text strings.Builder
	text.WriteString(w.head)
	count := (to - from) * len(w.marks)
	values, oids := make([][]byte, 0, count), make([]uint32, 0, count)
	for row := from; row < to; row++ {
		for i := range b.Columns {
			values = append(values, leanValue(&b.Columns[i], row))
		}
		if len(w.marks) > len(b.Columns) {
			values = append(values, strconv.AppendInt(nil, w.rows+int64(row), 10))
		}
		for i, mark := range w.marks {
			between := ", "
			switch {
			case i > 0:
			case row > from:
				between = ", ("
			default:
				between = "("
			}
			text.WriteString(between)
			fmt.Fprintf(&text, mark, len(oids)+1)
			oids = append(oids, w.oids[i])
		}
		text.WriteByte(')')
	}
	_, err := w.c.ExecParams(ctx, text.String(), values, oids, nil, nil).Close()
	if err != nil {
		return w.c.fault(err)
	}
	return nil
}

// leanValue returns a value as text, nil for null.
func leanValue(c *batch.Column, row int) []byte {
	if c.Valid != nil && !c.Valid[row] || c.Kind == batch.Text && c.Type == "" {
		return nil
	}
	switch c.Kind {
	case batch.Int:
		return strconv.AppendInt(nil, c.Ints[row], 10)
	case batch.Float:
		return appendFloat(nil, c.Floats[row])
	case batch.Bool:
		return strconv.AppendBool(nil, c.Bools[row])
	case batch.Text, batch.Input:
	}
	text := c.Texts[row]
	if c.Type == "DATE" || strings.HasPrefix(c.Type, "TIMESTAMP") {
		if before, after, is := strings.Cut(text, " (BC)"); is {
			text = before + after + " BC"
		}
	}
	return []byte(text)
}

// refused says which of some rows it is that Redshift does not take. The load is over, so
// that rows can be tried for that alone, in transactions that are not kept.
func (w *inserter) refused(ctx context.Context, b *batch.Batch, from, to int, err error) error {
	if !ofRow(err) {
		return err
	}
	if w.c.run(ctx, "ROLLBACK") != nil {
		return err
	}
	for to-from > 1 {
		middle := from + (to-from)/2
		switch tried := w.tryOut(ctx, b, from, middle); {
		case tried != nil && ofRow(tried):
			to, err = middle, tried
		case tried != nil:
			return fault.Wrap(fault.Invalid, err, "some row cannot be written to %s: %s; nothing was written", w.table.shown, fault.MessageOf(err)).With("row_refused")
		default:
			from = middle
		}
	}
	one := databases.Refused(b, from, w.rows+int64(from)+1, blamed(err), fault.MessageOf(err))
	if w.load.Refusals != nil {
		w.load.Refusals.Add(one)
	}
	reason := one.Reason
	if one.Column != "" && !strings.Contains(reason, one.Column) {
		reason = "column " + one.Column + ": " + reason
	}
	return fault.Wrap(fault.Invalid, err, "row %d cannot be written to %s: %s; nothing was written", one.Row, w.table.shown, reason).With("row_refused")
}

func (w *inserter) tryOut(ctx context.Context, b *batch.Batch, from, to int) error {
	if err := w.c.run(ctx, "BEGIN READ WRITE"); err != nil {
		return err
	}
	err := w.statement(ctx, b, from, to)
	if failed := w.c.run(ctx, "ROLLBACK"); failed != nil {
		return failed
	}
	return err
}
