package nodes

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/broked/broked/internal/batch"
	"github.com/broked/broked/internal/databases"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/node"
)

// cursorFields are the settings of a source that reads on where it has ended.
func cursorFields() []node.Field {
	return []node.Field{
		{Name: "cursor_column", Schema: node.Schema{Type: node.TypeString, Title: "Column to go on by", MinLen: 1, Format: node.FormatColumn, Help: "A column of the result that grows with every new row, such as a serial number or the time of the last change. Rows come in its order, and each run that succeeds goes on where the last one ended: among the rows with that very last value it reads those that it has not read. A row in which the column is null is never read, and one that appears later with a smaller value is missed. Left out, every run reads everything. How far it has read can be seen and forgotten on the page of the pipeline."}},
		{Name: "cursor_initial", Schema: node.Schema{Type: node.TypeString, Title: "Begin with", MinLen: 1, Help: "Where the first run begins: rows with this value of cursor_column or a greater one. Left out, with the first row."}},
	}
}

// dbCursor is what cursorFields mean.
type dbCursor struct {
	CursorColumn  string `json:"cursor_column"`
	CursorInitial string `json:"cursor_initial"`
}

func (c dbCursor) checkCursor() error {
	if c.CursorColumn == "" && c.CursorInitial != "" {
		return settingFault("cursor_initial", "is for a source that goes on: set cursor_column as well")
	}
	return nil
}

// mostTies is how many rows with the last value are told apart in the next run.
const mostTies = 1000

// cursorRead is how far a source has read.
type cursorRead struct {
	Column string `json:"column"`
	Value  string `json:"value"` // as text that tells it exactly
	Type   string `json:"type"`  // of the column, of DuckDB
	// Seen are fingerprints of the rows with that value. Past says instead that there were
	// too many of them, and only greater values are read.
	Seen []string `json:"seen,omitempty"`
	Past bool     `json:"past,omitempty"`
}

// param returns the value as it is bound.
func (r cursorRead) param() any { //nolint:ireturn // as databases.Query has it
	switch batch.KindOf(r.Type) {
	case batch.Int:
		if n, err := strconv.ParseInt(r.Value, 10, 64); err == nil {
			return n
		}
	case batch.Float:
		if f, err := strconv.ParseFloat(r.Value, 64); err == nil {
			return f
		}
	case batch.Bool, batch.Text, batch.Input:
	}
	return r.Value
}

// cursorReading reads what is behind the rows that were read before.
type cursorReading struct {
	dbCursor

	kind  databases.Kind
	from  cursorRead // Column is empty when nothing was read before
	typ   string     // of the column, where it has to be known before it is read
	known map[string]int
	last  cursorRead // so far
	ties  int        // rows with its value
}

func (c dbCursor) begin(state json.RawMessage, kind databases.Kind) *cursorReading {
	r := &cursorReading{dbCursor: c, kind: kind, known: make(map[string]int)}
	var before cursorRead
	// How far it has read in another column means nothing in this one.
	if state != nil && json.Unmarshal(state, &before) == nil && before.Column == c.CursorColumn {
		r.from, r.last, r.ties = before, before, len(before.Seen)
		for _, row := range before.Seen {
			r.known[row]++
		}
	}
	return r
}

// within returns the rows of a query that are to be read, in order.
func (r *cursorReading) within(q databases.Query) databases.Query {
	const inner = "broked_rows"
	d := dialectOf(r.kind)
	column := inner + "." + d.quote(r.CursorColumn)
	order := column
	if r.folds() {
		order += ", " + d.exact(column)
	}
	q.Text = "SELECT * FROM (\n" + unended(q.Text) + "\n) " + inner + " WHERE " + column + " IS NOT NULL"
	q.Params = slices.Clone(q.Params)
	place := func() string {
		mark, value := r.least(paramMark(r.kind, len(q.Params)+1))
		q.Params = append(q.Params, value)
		return mark
	}
	than := " >= "
	if r.from.Past {
		than = " > "
	}
	switch {
	case r.from.Column == "" && r.CursorInitial == "":
	case r.from.Column != "" && r.folds():
		q.Text += " AND " + column + " >= " + place() + " AND (" + column + " > " + place() + " OR " + d.exact(column) + than + d.exact(place()) + ")"
	default:
		q.Text += " AND " + column + than + place()
	}
	q.Text += " ORDER BY " + order
	return q
}

// least returns the place of the value from which rows are read, and that value.
func (r *cursorReading) least(mark string) (string, any) { //nolint:ireturn // as databases.Query has it
	switch typed := dialectOf(r.kind).typed; {
	case r.from.Column == "":
		return mark, param(r.CursorInitial, r.folds())
	case typed != nil:
		return typed(mark, r.from)
	}
	return mark, r.from.param()
}

// folds reports whether values of the column that differ may compare as equal, so that
// those alone would not say where the last run has ended.
func (r *cursorReading) folds() bool { return dialectOf(r.kind).exact != nil && r.typ == "VARCHAR" }

// learn finds the type of the column, where it matters. A query that fails does so again
// when it is read.
func (r *cursorReading) learn(ctx context.Context, db database, q databases.Query) {
	if r.typ = r.from.Type; r.typ != "" || dialectOf(r.kind).exact == nil {
		return
	}
	_ = db.Read(ctx, noneOf(q), func(b batch.Batch) error {
		for _, c := range b.Columns {
			if c.Name == r.CursorColumn {
				r.typ = c.Type
			}
		}
		return nil
	})
}

// noneOf returns a query with the same columns that has no rows.
func noneOf(q databases.Query) databases.Query {
	q.Text = "SELECT * FROM (\n" + unended(q.Text) + "\n) broked_rows WHERE 1 = 0"
	return q
}

// unended returns a statement without the semicolon at its end.
func unended(text string) string { return strings.TrimRight(text, "; \t\r\n\f") }

// take returns the rows of a batch that were not read before, and notes how far it goes.
func (r *cursorReading) take(b batch.Batch) (batch.Batch, error) {
	at := slices.IndexFunc(b.Columns, func(c batch.Column) bool { return c.Name == r.CursorColumn })
	if at < 0 {
		names := make([]string, len(b.Columns))
		for i, c := range b.Columns {
			names[i] = c.Name
		}
		return b, settingFault("cursor_column", "there is no column %q in the result%s; write it as it is there, with its upper and lower case", r.CursorColumn, fault.DidYouMean(r.CursorColumn, names))
	}
	c := &b.Columns[at]
	if !ordered(c.Type) {
		return b, settingFault("cursor_column", "is of the type %s, which does not grow: take a column of numbers, dates, times or text", c.Type)
	}
	if b.Rows == 0 {
		return b, nil
	}
	last := databases.Shown(*c, b.Rows-1)
	if last != r.last.Value || r.last.Column == "" {
		r.last, r.ties = cursorRead{Column: r.CursorColumn, Value: last}, 0
	}
	r.last.Type = c.Type
	again := r.from.Column != "" && !r.from.Past && len(r.known) > 0
	if !again {
		return b, r.note(&b, c, 0)
	}
	return r.unread(b, c)
}

// ordered reports whether values of a type can be gone on from.
func ordered(typ string) bool {
	return typ != "BOOLEAN" && typ != "BLOB" && typ != "JSON" && !strings.HasSuffix(typ, "]")
}

// note remembers the rows at the end of a batch that have the last value, not before from.
func (r *cursorReading) note(b *batch.Batch, c *batch.Column, from int) error {
	for row := b.Rows - 1; row >= from && !r.last.Past && databases.Shown(*c, row) == r.last.Value; row-- {
		mark, err := fingerprint(b, row)
		if err != nil {
			return err
		}
		r.noteOne(mark)
	}
	return nil
}

func (r *cursorReading) noteOne(mark string) {
	if r.ties++; r.ties > mostTies {
		r.last.Seen, r.last.Past = nil, true
		return
	}
	r.last.Seen = append(r.last.Seen, mark)
}

// unread leaves out of a batch the rows that were read before, which are the first.
func (r *cursorReading) unread(b batch.Batch, c *batch.Column) (batch.Batch, error) {
	var keep []int
	row := 0
	for ; row < b.Rows && databases.Shown(*c, row) == r.from.Value; row++ {
		mark, err := fingerprint(&b, row)
		if err != nil {
			return b, err
		}
		if r.known[mark] > 0 {
			r.known[mark]--
			continue
		}
		keep = append(keep, row)
		if r.last.Value == r.from.Value && !r.last.Past {
			r.noteOne(mark)
		}
	}
	if row < b.Rows {
		clear(r.known) // those rows are over
		if err := r.note(&b, c, row); err != nil {
			return b, err
		}
	}
	if len(keep) == row {
		return b, nil
	}
	for ; row < b.Rows; row++ {
		keep = append(keep, row)
	}
	return rowsOf(b, keep), nil
}

// fingerprint tells a row apart from others.
func fingerprint(b *batch.Batch, row int) (string, error) {
	text, err := databases.RowText(b, row)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256([]byte(text))
	return base64.RawStdEncoding.EncodeToString(sum[:12]), nil
}

// rowsOf returns some rows of a batch.
func rowsOf(b batch.Batch, rows []int) batch.Batch {
	out := batch.Batch{Rows: len(rows), Columns: make([]batch.Column, len(b.Columns))}
	for i, c := range b.Columns {
		c.Valid, c.Ints, c.Floats = some(c.Valid, rows), some(c.Ints, rows), some(c.Floats, rows)
		c.Bools, c.Texts = some(c.Bools, rows), some(c.Texts, rows)
		out.Columns[i] = c
	}
	return out
}

func some[T any](all []T, rows []int) []T {
	if all == nil {
		return nil
	}
	out := make([]T, len(rows))
	for k, row := range rows {
		out[k] = all[row]
	}
	return out
}

// read gives the rows that were not read before, and keeps how far it has come.
func (r *cursorReading) read(ctx context.Context, env node.Env, db database, q databases.Query, write func(batch.Batch) error) error {
	r.learn(ctx, db, q)
	err := db.Read(ctx, r.within(q), func(b batch.Batch) error {
		b, err := r.take(b)
		if err != nil {
			return err
		}
		return write(b)
	})
	if err != nil {
		return r.explained(ctx, db, q, err)
	}
	if r.last.Past && !r.from.Past {
		env.Log(node.Warning, "more than %d rows have the last value of %s: rows that get this very value later are not read", mostTies, r.CursorColumn)
	}
	if r.last.Column == "" {
		return nil
	}
	state, err := json.Marshal(r.last)
	if err == nil {
		env.Keep(state)
	}
	return err
}

// explained says of a query that failed whether it was for the sake of the cursor.
func (r *cursorReading) explained(ctx context.Context, db database, q databases.Query, failed error) error {
	if fault.KindOf(failed) != fault.Invalid || len(fault.ProblemsOf(failed)) > 0 {
		return failed
	}
	var found error
	err := db.Read(ctx, noneOf(q), func(b batch.Batch) error {
		_, found = r.take(b)
		return nil
	})
	switch {
	case err != nil: // the query itself is wrong
		return failed
	case found != nil:
		return found
	case r.from.Column != "":
		return settingFault("cursor_column", "cannot go on from %q, how far it has read as %s: %s. Forget how far it has read, on the page of the pipeline, to begin anew", r.from.Value, r.from.Type, fault.MessageOf(failed))
	case r.CursorInitial != "":
		return settingFault("cursor_initial", "is no value of %s: %s", r.CursorColumn, fault.MessageOf(failed))
	}
	return failed
}
