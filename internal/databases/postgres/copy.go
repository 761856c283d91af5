package postgres

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/broked/broked/internal/batch"
	"github.com/broked/broked/internal/databases"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/sqltext"
)

// writer puts batches into a table.
type writer struct {
	c       *conn
	load    databases.Load
	table   *table
	columns []batch.Column // of the batches
	fitting []string       // those of them that go into the table
	copies  string         // the COPY
	merges  string         // for staged rows
	rows    int64
	buffer  []byte
	ends    []int // of the rows in it
	failed  error // that of the first row that was refused, when it has no place
	aside   string
}

const (
	stageName = "pg_temp.broked_stage"
	keysName  = "pg_temp.broked_keys"
	stageRow  = "broked_row_number"
)

func (w *writer) write(ctx context.Context, b batch.Batch) error {
	if err := w.begin(ctx, b.Columns); err != nil {
		return err
	}
	if b.Rows == 0 {
		return ctx.Err()
	}
	b = databases.Only(b, w.fitting)
	if row, key := w.load.NullKey(&b); row >= 0 {
		return databases.KeyMissing(w.table.shown, w.rows+int64(row)+1, key)
	}
	if err := w.encode(&b); err != nil {
		return err
	}
	if err := w.put(ctx, &b, 0, b.Rows); err != nil {
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
	same := func(x, y batch.Column) bool { return x.Name == y.Name }
	if w.table != nil && slices.EqualFunc(w.columns, columns, same) {
		return nil
	}
	if w.table == nil {
		if err := w.first(ctx, columns, namesOf(columns)); err != nil {
			return err
		}
	}
	names, err := w.table.fit(ctx, w.c, w.load, columns)
	if err != nil {
		return err
	}
	w.columns, w.fitting = slices.Clone(columns), names
	w.copies = "COPY " + w.table.name + " (" + sqltext.Idents(names) + ") FROM STDIN"
	if !w.load.Mode.Merges() {
		return nil
	}
	w.copies = "COPY " + stageName + " (" + sqltext.Idents(append(slices.Clone(names), stageRow)) + ") FROM STDIN"
	w.merges = w.table.insertion(stageName, w.load.Keys, names)
	if err := w.c.run(ctx, "DROP TABLE IF EXISTS "+stageName); err != nil {
		return err
	}
	return w.c.run(ctx, "CREATE TEMPORARY TABLE broked_stage ON COMMIT DROP AS SELECT "+sqltext.Idents(names)+", CAST(0 AS bigint) AS "+stageRow+" FROM "+w.table.name+" WITH NO DATA")
}

func (w *writer) first(ctx context.Context, columns []batch.Column, names []string) error {
	for i, k := range w.load.Keys {
		if !slices.Contains(names, k) {
			return databases.Problem(fmt.Sprintf("key_columns[%d]", i), "there is no column %q%s", k, fault.DidYouMean(k, names))
		}
	}
	t, err := tableNamed(w.load.Table)
	if err != nil {
		return err
	}
	if err := t.ready(ctx, w.c, w.load, columns); err != nil {
		return err
	}
	w.table = t
	if w.load.Mode == databases.MergeDelete {
		return w.c.run(ctx, "CREATE TEMPORARY TABLE broked_keys ON COMMIT DROP AS SELECT "+sqltext.Idents(w.load.Keys)+" FROM "+t.name+" WITH NO DATA")
	}
	return nil
}

// put writes rows, to being the first that is not. Those that the table refuses are left out.
func (w *writer) put(ctx context.Context, b *batch.Batch, from, to int) error {
	for from < to {
		bad, err := w.attempt(ctx, from, to)
		if err == nil {
			return nil
		}
		if !ofRow(err) || w.load.Refusals == nil {
			return w.refused(from+max(bad, 0), bad >= 0, err)
		}
		switch {
		case bad >= 0 || to-from == 1: // PostgreSQL has named the row
			bad = from + max(bad, 0)
			if err := w.put(ctx, b, from, bad); err != nil { // which may have others, of sorts that are found later
				return err
			}
			if err := w.take(ctx, b, bad, err); err != nil {
				return err
			}
			from = bad + 1
		default: // some row among them
			middle := from + (to-from)/2
			if err := w.put(ctx, b, from, middle); err != nil {
				return err
			}
			from = middle
		}
	}
	return nil
}

// attempt writes rows, all or none. A failure says which of them it is about, counted
// from the first, or -1.
func (w *writer) attempt(ctx context.Context, from, to int) (int, error) {
	if from == to {
		return -1, nil
	}
	if w.load.Refusals != nil {
		if err := w.c.run(ctx, "SAVEPOINT broked_rows"); err != nil {
			return -1, err
		}
	}
	start := 0
	if from > 0 {
		start = w.ends[from-1]
	}
	_, err := w.c.CopyFrom(ctx, bytes.NewReader(w.buffer[start:w.ends[to-1]]), w.copies)
	bad := -1
	if err != nil {
		bad, err = lineOf(err), w.c.fault(err)
	} else if w.merges != "" {
		err = w.merge(ctx)
	}
	return w.settle(ctx, bad, err)
}

// settle keeps the rows of an attempt, or undoes it so that there can be another one.
func (w *writer) settle(ctx context.Context, bad int, err error) (int, error) {
	switch {
	case w.load.Refusals == nil, err != nil && !ofRow(err):
		return bad, err
	case err == nil:
		return -1, w.c.run(ctx, "RELEASE broked_rows")
	}
	if failed := w.c.run(ctx, "ROLLBACK TO broked_rows"); failed != nil {
		return -1, failed
	}
	return bad, err
}

// encode writes the rows of a batch as COPY takes them.
func (w *writer) encode(b *batch.Batch) error {
	w.buffer, w.ends = w.buffer[:0], w.ends[:0]
	forms := make([]form, len(b.Columns))
	for i, c := range b.Columns {
		forms[i] = formOf(c.Type, w.table.types[c.Name])
	}
	for row := range b.Rows {
		for i := range b.Columns {
			c := &b.Columns[i]
			if i > 0 {
				w.buffer = append(w.buffer, '\t')
			}
			var err error
			if w.buffer, err = appendValue(w.buffer, c, forms[i], row); err != nil {
				return fault.Wrap(fault.Invalid, err, "row %d cannot be written to %s: column %q: %s; nothing was written", w.rows+int64(row)+1, w.table.shown, c.Name, err.Error()).With("row_refused")
			}
		}
		if w.merges != "" {
			w.buffer = strconv.AppendInt(append(w.buffer, '\t'), int64(row), 10)
		}
		w.buffer = append(w.buffer, '\n')
		w.ends = append(w.ends, len(w.buffer))
	}
	return nil
}

func appendValue(to []byte, c *batch.Column, text form, row int) ([]byte, error) {
	if c.Valid != nil && !c.Valid[row] || c.Kind == batch.Text && c.Type == "" {
		return append(to, '\\', 'N'), nil
	}
	switch c.Kind {
	case batch.Int:
		return strconv.AppendInt(to, c.Ints[row], 10), nil
	case batch.Float:
		return appendFloat(to, c.Floats[row]), nil
	case batch.Bool:
		return strconv.AppendBool(to, c.Bools[row]), nil
	case batch.Text, batch.Input:
	}
	return text(to, c.Texts[row])
}

func appendFloat(to []byte, v float64) []byte {
	switch {
	case math.IsInf(v, 1):
		return append(to, "Infinity"...)
	case math.IsInf(v, -1):
		return append(to, "-Infinity"...)
	case v == math.Trunc(v) && math.Abs(v) < 1e15: // also for columns of whole numbers
		return strconv.AppendFloat(to, v, 'f', -1, 64)
	}
	return strconv.AppendFloat(to, v, 'g', -1, 64)
}

// form writes a text for COPY.
type form func(to []byte, text string) ([]byte, error)

// formOf returns what writes texts of a DuckDB type for a column of PostgreSQL's.
func formOf(typ, column string) form {
	switch {
	case typ == "BLOB" && column == "bytea":
		return func(to []byte, text string) ([]byte, error) { return append(append(to, `\\x`...), text...), nil }
	case strings.HasSuffix(column, "[]"):
		return func(to []byte, text string) ([]byte, error) {
			if !strings.HasPrefix(text, "[") {
				return databases.Escaped(to, text, false), nil
			}
			array, err := arrayOf(text)
			return databases.Escaped(to, array, false), err
		}
	case typ == "DATE" || strings.HasPrefix(typ, "TIMESTAMP"):
		return func(to []byte, text string) ([]byte, error) {
			if before, after, is := strings.Cut(text, " (BC)"); is {
				text = before + after + " BC"
			}
			return databases.Escaped(to, text, false), nil
		}
	}
	return func(to []byte, text string) ([]byte, error) { return databases.Escaped(to, text, false), nil }
}

// arrayOf returns a list in JSON as PostgreSQL writes arrays.
func arrayOf(text string) (string, error) {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var list []any
	if err := d.Decode(&list); err != nil {
		return "", fault.New(fault.Invalid, "is no list")
	}
	var out strings.Builder
	err := writeArray(&out, list)
	return out.String(), err
}

func writeArray(out *strings.Builder, list []any) error {
	out.WriteByte('{')
	for i, item := range list {
		if i > 0 {
			out.WriteByte(',')
		}
		switch v := item.(type) {
		case nil:
			out.WriteString("NULL")
		case []any:
			if err := writeArray(out, v); err != nil {
				return err
			}
		case bool:
			out.WriteString(strconv.FormatBool(v))
		case json.Number:
			out.WriteString(v.String())
		case string:
			out.WriteString(`"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(v) + `"`)
		default:
			raw, err := json.Marshal(v)
			if err != nil {
				return err
			}
			out.WriteString(`"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(string(raw)) + `"`)
		}
	}
	out.WriteByte('}')
	return nil
}
