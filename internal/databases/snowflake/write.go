package snowflake

import (
	"context"
	"crypto/rand"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/broked/broked/internal/batch"
	"github.com/broked/broked/internal/databases"
	"github.com/broked/broked/internal/databases/rest"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/sqltext"
)

// Tables of ours in the schema of the connection.
const (
	stagePrefix   = "BROKED_STAGE_"
	attemptsTable = "BROKED_ATTEMPTS"
	rowColumn     = "BROKED_ROW"
)

// Write puts rows into a table, all or none, and returns their number. The first batch
// says which columns there are, and may have no rows. They go into a table of their own,
// and from there into the other in one transaction; until then others see it as it was.
//
// A load whose successor has begun cannot commit any more. An answer that is lost, that to
// the commit included, is asked for again, and nothing is executed twice.
//
// Where the person can mend it, as with a table that is not there or a row that is not
// taken, the error is an Invalid fault; its problems name the settings table, mode and
// key_columns. A server that cannot be reached is a transient fault.
func (s Server) Write(ctx context.Context, load databases.Load, rows iter.Seq2[batch.Batch, error]) (int64, error) {
	if load.Refusals != nil && load.Refusals.Table != "" {
		return 0, databases.Problem("on_row_error", "cannot put rows aside in Snowflake: rows go there many at a time, and it does not say which of them it refuses")
	}
	k, err := s.open()
	if err != nil {
		return 0, err
	}
	w := &writer{k: k, load: load, stage: stagePrefix + rand.Text()}
	n, err := w.all(ctx, rows)
	w.clear(ctx)
	return n, databases.Stopped(ctx, err)
}

// writer puts batches into a table.
type writer struct {
	k       *session
	load    databases.Load
	table   *table
	stage   string // where rows are until they become part of the table
	staged  bool
	anew    bool // the table is made in the end, in the place of another if there is one
	columns []batch.Column
	fitting []string
	names   []string // as the table has them
	every   []string // of all batches
	head    string
	rows    int64
}

func (w *writer) all(ctx context.Context, rows iter.Seq2[batch.Batch, error]) (int64, error) {
	if err := w.fence(ctx); err != nil {
		return 0, err
	}
	if n, done, err := w.doneBefore(ctx); err != nil || done {
		return n, err
	}
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
	if w.load.Attempt.Held != nil {
		if err := w.load.Attempt.Held(ctx); err != nil {
			return 0, err
		}
	}
	return w.rows, w.commit(ctx)
}

func (w *writer) write(ctx context.Context, b batch.Batch) error {
	if err := w.begin(ctx, b.Columns); err != nil {
		return err
	}
	b = databases.Only(b, w.fitting)
	if row, key := w.load.NullKey(&b); row >= 0 {
		return databases.KeyMissing(w.table.shown, w.rows+int64(row)+1, key)
	}
	for from := 0; from < b.Rows; {
		to, text := w.encode(&b, from, b.Rows)
		if err := w.insert(ctx, &b, from, to, text); err != nil {
			return err
		}
		from = to
	}
	w.rows += int64(b.Rows)
	return ctx.Err()
}

// begin makes the stage ready for the first batch, and the statement for batches whose
// columns are others.
func (w *writer) begin(ctx context.Context, columns []batch.Column) error {
	if w.table != nil && slices.EqualFunc(w.columns, columns, func(x, y batch.Column) bool { return x.Name == y.Name && x.Type == y.Type }) {
		return nil
	}
	load := w.load
	if w.table == nil {
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
	w.columns, w.names = slices.Clone(columns), nil
	values := []string{"r.value[0]::VARCHAR"}
	for _, col := range columns {
		if !slices.Contains(w.fitting, col.Name) {
			continue
		}
		at := w.table.column(col.Name)
		values = append(values, cast("r.value["+strconv.Itoa(len(values))+"]::VARCHAR", at.typ, col.Type))
		if w.names = append(w.names, at.name); !slices.Contains(w.every, at.name) {
			w.every = append(w.every, at.name)
		}
	}
	w.head = "INSERT INTO " + sqltext.Ident(w.stage) + " (" + sqltext.Idents(append([]string{rowColumn}, w.names...)) + ") SELECT " + strings.Join(values, ", ") + " FROM TABLE(FLATTEN(INPUT => PARSE_JSON(?))) r"
	return nil
}

func namesOf(columns []batch.Column) []string {
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = c.Name
	}
	return names
}

// insert puts rows into the stage. When they are refused it finds out which row it was: what
// is in the stage does not matter any more.
func (w *writer) insert(ctx context.Context, b *batch.Batch, from, to int, text string) error {
	_, err := w.k.execute(ctx, statement{text: w.head, params: []any{text}})
	if err == nil || fault.CodeOf(err) != "bad_value" {
		return err
	}
	for to-from > 1 {
		middle := from + (to-from)/2
		_, text := w.encode(b, from, middle)
		switch _, tried := w.k.execute(ctx, statement{text: w.head, params: []any{text}}); {
		case tried == nil:
			from = middle
		case fault.CodeOf(tried) == "bad_value":
			to, err = middle, tried
		default:
			return tried
		}
	}
	one := databases.Refused(b, from, w.rows+int64(from)+1, nil, fault.MessageOf(err))
	if w.load.Refusals != nil {
		w.load.Refusals.Add(one)
	}
	return fault.Wrap(fault.Invalid, err, "row %d cannot be written to %s: %s; nothing was written", one.Row, w.table.shown, one.Reason).With("row_refused")
}

// clear removes what is left of a load.
func (w *writer) clear(ctx context.Context) {
	if !w.staged {
		return
	}
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer stop()
	_, _ = w.k.execute(ctx, statement{text: "DROP TABLE IF EXISTS " + sqltext.Ident(w.stage)})
	old := " < DATEADD(DAY, -" + strconv.Itoa(databases.LoadsKept) + ", SYSDATE())"
	if w.load.Attempt.Held != nil {
		_, _ = w.k.execute(ctx, statement{text: "DELETE FROM " + attemptsTable + " WHERE BEGUN" + old})
	}
	if w.load.Once {
		_, _ = w.k.execute(ctx, statement{text: "DELETE FROM " + strings.ToUpper(databases.LoadsTable) + " WHERE COMMITTED_AT" + old})
	}
}

// name is what the load is called in tables of ours.
func (w *writer) name() string { return w.load.Attempt.Name }

// fence puts the attempt on record in the place of an older one, whose commit fails from
// then on. One that is being committed is waited for: it has the row.
func (w *writer) fence(ctx context.Context) error {
	if w.load.Attempt.Held == nil {
		return nil
	}
	for _, s := range []statement{
		{text: "CREATE TABLE IF NOT EXISTS " + attemptsTable + " (ATTEMPT VARCHAR, STAGE VARCHAR, CHECKED NUMBER, BEGUN TIMESTAMP_NTZ)"},
		{text: "MERGE INTO " + attemptsTable + " t USING (SELECT ? AS ATTEMPT, ? AS STAGE) s ON t.ATTEMPT = s.ATTEMPT" +
			" WHEN MATCHED THEN UPDATE SET STAGE = s.STAGE, BEGUN = SYSDATE() WHEN NOT MATCHED THEN INSERT (ATTEMPT, STAGE, BEGUN) VALUES (s.ATTEMPT, s.STAGE, SYSDATE())", params: []any{w.name(), w.stage}},
	} {
		if _, err := w.k.execute(ctx, s); err != nil {
			return err
		}
	}
	return w.load.Attempt.Held(ctx)
}

// doneBefore returns what a load that is to happen once has written, if an attempt has
// committed already.
func (w *writer) doneBefore(ctx context.Context) (rows int64, done bool, err error) {
	if !w.load.Once {
		return 0, false, nil
	}
	loads := strings.ToUpper(databases.LoadsTable)
	_, err = w.k.execute(ctx, statement{text: "CREATE TABLE IF NOT EXISTS " + loads + " (LOAD VARCHAR, WRITTEN NUMBER(18,0), COMMITTED_AT TIMESTAMP_NTZ)"})
	if err != nil && fault.CodeOf(err) != "permission_denied" { // who may not make tables may be given it
		return 0, false, databases.OnceFault(err)
	}
	r, err := w.k.execute(ctx, statement{text: "SELECT WRITTEN FROM " + loads + " WHERE LOAD = ?", params: []any{w.name()}})
	if err != nil || len(r.Data) == 0 {
		return 0, false, databases.OnceFault(err)
	}
	if w.load.Told != nil {
		w.load.Told.Before = true
	}
	rows, err = strconv.ParseInt(*r.Data[0][0], 10, 64)
	return rows, true, err
}

// Bounds of one request.
const (
	mostRows  = 10_000
	mostBytes = 4 << 20
)

// encode writes rows as a list of lists in JSON, each beginning with its number, all of them
// texts. It returns up to which row it goes.
func (w *writer) encode(b *batch.Batch, from, to int) (int, string) {
	out := []byte{'['}
	row := from
	for ; row < to && row-from < mostRows && (len(out) < mostBytes || row == from); row++ {
		if row > from {
			out = append(out, ',')
		}
		out = append(append(out, `["`...), strconv.FormatInt(w.rows+int64(row), 10)...)
		out = append(out, '"')
		for i := range b.Columns {
			out = rest.AppendText(append(out, ','), &b.Columns[i], row)
		}
		out = append(out, ']')
	}
	return row, string(append(out, ']'))
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
