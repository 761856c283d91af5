package bigquery

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"

	"github.com/broked/broked/internal/batch"
	"github.com/broked/broked/internal/databases"
	"github.com/broked/broked/internal/fault"
)

// rowsLabel is what a job is labelled with that puts so many rows into a table.
const rowsLabel = "broked_rows"

// rowColumn tells rows of a stage apart.
const rowColumn = "broked_row"

// Write puts rows into a table by one load job, all or none, and returns their number; for
// modes that merge, by a load job into a table of its own and one MERGE. The first batch
// says which columns there are, and may have no rows.
//
// The job that changes the table has the name of the attempt: however often a load is tried,
// and whoever tries it, that happens once. One that has happened is told as such.
//
// Where the person can mend it, as with a table that is not there or a row that is not
// taken, the error is an Invalid fault; its problems name the settings table, mode and
// key_columns. A server that cannot be reached is a transient fault.
func (s Server) Write(ctx context.Context, load databases.Load, rows iter.Seq2[batch.Batch, error]) (int64, error) {
	switch {
	case load.Refusals != nil && load.Refusals.Table != "":
		return 0, databases.Problem("on_row_error", "cannot put rows aside in BigQuery: a load job takes all rows or none")
	case load.Mode.Merges() && load.Truncate:
		return 0, databases.Problem("truncate", "cannot be beside %s in BigQuery: set mode to overwrite", load.Mode)
	}
	k, err := s.open()
	if err != nil {
		return 0, err
	}
	w := &writer{k: k, load: load}
	n, err := w.all(ctx, rows)
	return n, databases.Stopped(ctx, err)
}

// writer puts batches into a table.
type writer struct {
	k       *session
	load    databases.Load
	id      string // of the job that changes the table
	table   *table
	columns []batch.Column
	fitting []string
	to      []field // of the columns that fit
	up      *upload
	rows    int64
}

func (w *writer) all(ctx context.Context, rows iter.Seq2[batch.Batch, error]) (int64, error) {
	done, err := w.name(ctx)
	if err != nil || done != nil {
		return w.before(done), err
	}
	if err := w.held(ctx); err != nil {
		return 0, err
	}
	defer func() {
		if w.up != nil {
			w.up.abort()
		}
	}()
	for b, err := range rows {
		if err == nil {
			err = w.write(ctx, b)
		}
		if err != nil {
			return 0, err
		}
	}
	if w.table == nil {
		return 0, nil
	}
	if err := w.held(ctx); err != nil {
		return 0, err
	}
	if _, err := w.up.end(ctx); err != nil {
		return 0, w.refused(err)
	}
	if w.load.Mode.Merges() {
		return w.rows, w.merge(ctx)
	}
	return w.rows, nil
}

// held returns nil while no newer attempt has begun.
func (w *writer) held(ctx context.Context) error {
	if w.load.Attempt.Held == nil {
		return nil
	}
	return w.load.Attempt.Held(ctx)
}

// name finds the name of the job that changes the table: the first that no job has which
// failed. It returns the job of that name that has done it already.
func (w *writer) name(ctx context.Context) (*job, error) {
	if w.load.Attempt.Name == "" {
		w.id = newID()
		return nil, nil //nolint:nilnil // there is none
	}
	sum := sha256.Sum256([]byte(w.k.project + "\x00" + w.load.Table + "\x00" + w.load.Attempt.Name))
	for number := 0; ; number++ {
		w.id = "broked_" + hex.EncodeToString(sum[:16]) + "_" + strconv.Itoa(number)
		j, err := w.k.job(ctx, w.id)
		if err == nil && j != nil {
			j, err = w.k.await(ctx, j)
		}
		if err != nil || j == nil || j.Status.Error == nil {
			return j, err
		}
	}
}

// before tells of a load that had happened.
func (w *writer) before(j *job) int64 {
	if j == nil {
		return 0
	}
	if w.load.Told != nil {
		w.load.Told.Before = true
	}
	n, _ := strconv.ParseInt(cmp.Or(j.Configuration.Labels[rowsLabel], j.Statistics.Load.Rows), 10, 64)
	return n
}

func (w *writer) write(ctx context.Context, b batch.Batch) error {
	if err := w.begin(ctx, b.Columns); err != nil {
		return err
	}
	b = databases.Only(b, w.fitting)
	if row, key := w.load.NullKey(&b); row >= 0 {
		return databases.KeyMissing(w.load.Table, w.rows+int64(row)+1, key)
	}
	if err := w.up.write(w.lines(&b)); err != nil {
		return w.refused(err)
	}
	w.rows += int64(b.Rows)
	return ctx.Err()
}

// begin makes the upload ready for the first batch, and looks at batches whose columns are
// others.
func (w *writer) begin(ctx context.Context, columns []batch.Column) error {
	if w.table != nil && slices.EqualFunc(w.columns, columns, func(x, y batch.Column) bool { return x.Name == y.Name && x.Type == y.Type }) {
		return nil
	}
	load, first := w.load, w.table == nil
	if first {
		if err := w.first(ctx, columns); err != nil {
			return err
		}
		load.Told = nil // which was told
	}
	if load.NewColumns == databases.AddColumns { // which has been done
		load.NewColumns = databases.FailColumns
	}
	var err error
	if w.fitting, _, err = load.Fitting(namesOf(columns), w.table.has, w.table.lacks); err != nil {
		return err
	}
	w.columns, w.to = slices.Clone(columns), nil
	for _, c := range columns {
		if slices.Contains(w.fitting, c.Name) {
			w.to = append(w.to, *w.table.column(c.Name))
		}
	}
	if !first {
		return nil
	}
	return w.open(ctx)
}

// open begins the upload: into the table, or into one of its own for rows that are merged.
func (w *writer) open(ctx context.Context) error {
	to := w.table
	config := configuration{Timeout: w.k.limit(), Load: &loadJob{Format: "NEWLINE_DELIMITED_JSON", Create: "CREATE_NEVER", Write: "WRITE_APPEND", Table: to.at}}
	l, id := config.Load, w.id
	switch {
	case w.load.Mode.Merges():
		stage := to.at
		stage.Table = "broked_stage_" + strings.ToLower(newID()[len("broked_"):])
		w.table.stage, id = stage, newID()
		l.Table, l.Create = stage, "CREATE_IF_NEEDED"
		fields := append([]field{{Name: rowColumn, Type: "INTEGER"}}, w.to...)
		l.Schema = schema{fields}
		if err := w.makeStage(ctx, fields); err != nil {
			return err
		}
	case to.made:
		l.Create, l.Schema = "CREATE_IF_NEEDED", schema{to.fields}
	}
	if w.load.Empties() && !w.load.Mode.Merges() {
		if l.Write = "WRITE_TRUNCATE"; l.Schema == nil {
			l.Schema = to.raw // without it, what is said of columns would go
		}
	}
	var err error
	w.up, err = w.k.upload(ctx, id, config)
	return err
}

func namesOf(columns []batch.Column) []string {
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = c.Name
	}
	return names
}

// refused says of a load job that failed that it was for some row.
func (w *writer) refused(err error) error {
	if fault.CodeOf(err) != "bad_value" {
		return err
	}
	return fault.Wrap(fault.Invalid, err, "some row cannot be written to %s: %s; nothing was written", w.load.Table, fault.MessageOf(err)).With("row_refused")
}

// keyed refuses keys that are no columns of the input.
func keyed(keys, names []string) error {
	for i, key := range keys {
		if !slices.Contains(names, key) {
			return databases.Problem(fmt.Sprintf("key_columns[%d]", i), "there is no column %q%s", key, fault.DidYouMean(key, names))
		}
	}
	return nil
}
