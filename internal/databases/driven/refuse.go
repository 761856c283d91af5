package driven

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/broked/broked/internal/databases"
	"github.com/broked/broked/internal/fault"
)

// over reports whether a statement that was refused has ended the transaction, so that
// nothing more may be written.
func (w *writer) over(ctx context.Context) bool {
	ask := w.c.server.Dialect.Session.Over
	if ask == nil {
		return false
	}
	over, err := ask(ctx, w.c)
	return over || err != nil
}

// ended says which rows a statement had that has ended the transaction.
func (w *writer) ended(from, to int, err error) error {
	one := w.refusal(from, err)
	if to-from == 1 {
		return w.refused(one, err)
	}
	return fault.Wrap(fault.Invalid, err, "one of the rows %d to %d cannot be written to %s: %s; nothing was written", w.rows+int64(from)+1, w.rows+int64(to), w.place.Shown, one.Reason).With("row_refused")
}

// refused says which row it is that the database does not take.
func (w *writer) refused(r databases.Refusal, err error) error {
	reason := r.Reason
	if r.Column != "" && !strings.Contains(reason, strings.Split(r.Column, ", ")[0]) {
		reason = "column " + r.Column + ": " + reason
	}
	return fault.Wrap(fault.Invalid, err, "row %s cannot be written to %s: %s; nothing was written", strconv.FormatInt(r.Row, 10), w.place.Shown, reason).With("row_refused")
}

// take is told that a row of a batch was refused. It returns an error when the load
// cannot go on.
func (w *writer) take(ctx context.Context, row int, err error) error {
	one := w.refusal(row, err)
	r := w.load.Refusals
	if r == nil {
		return w.refused(one, err)
	}
	r.Add(one)
	if r.Table != "" {
		return w.putAside(ctx, row, one)
	}
	if w.failed == nil {
		w.failed = w.refused(one, err)
	}
	if r.Count == databases.MostShown {
		return w.failed
	}
	return nil
}

func (w *writer) refusal(row int, err error) databases.Refusal {
	var columns []string
	reason := ""
	if said := w.c.server.Dialect.Say(w.c.server.At, err); said != nil {
		columns, reason = said.Columns, said.Words
		if key := w.place.Keys[said.Key]; len(columns) == 0 && said.Key != "" {
			columns = key
		}
	} else if v, is := asValue(err); is {
		columns, reason = []string{v.column}, v.Error()
	}
	return databases.Refused(w.to.Batch, row, w.rows+int64(row)+1, columns, reason)
}

// putAside writes a refused row into the table for such rows.
func (w *writer) putAside(ctx context.Context, row int, r databases.Refusal) error {
	d := w.c.server.Dialect
	if w.aside == "" {
		t, err := d.named(w.load.Refusals.Table)
		if err != nil {
			return databases.Elsewhere(err)
		}
		var columns []Declared
		var names []string
		for _, c := range []Declared{{"run_id", "VARCHAR"}, {"node_id", "VARCHAR"}, {"rejected_at", "TIMESTAMP"}, {"row_number", "BIGINT"}, {"column_name", "VARCHAR"}, {"reason", "VARCHAR"}, {"row", "VARCHAR"}} {
			names = append(names, c.Name)
			columns = append(columns, Declared{c.Name, d.Types.Declared(c.Type, false, false)})
		}
		if err := w.c.define(ctx, d.SQL.Create(t.Quoted, columns, nil, true)); err != nil {
			return databases.Elsewhere(err)
		}
		w.aside = d.SQL.Insert(t, names, nil, 1)
	}
	text, err := databases.RowText(w.to.Batch, row)
	if err != nil {
		return err
	}
	var column any
	if r.Column != "" {
		column = r.Column
	}
	if err := w.c.Run(ctx, w.aside, w.load.Refusals.Run, w.load.Refusals.Node, moment(time.Now()), r.Row, column, r.Reason, text); err != nil {
		return databases.Elsewhere(err)
	}
	return nil
}
