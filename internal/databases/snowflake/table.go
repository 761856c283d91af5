package snowflake

import (
	"context"
	"regexp"
	"slices"
	"strings"

	"github.com/broked/broked/internal/batch"
	"github.com/broked/broked/internal/databases"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/sqltext"
)

// declaredColumn is a column of a table.
type declaredColumn struct{ name, typ string }

// table is a table that rows go to.
type table struct {
	schema, name string
	shown        string // for people
	columns      []declaredColumn
}

// plainName is a name that Snowflake has in capitals when it is not quoted.
var plainName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_$]*$`)

// folded returns a name as Snowflake has it that is made without quotes.
func folded(name string) string {
	if plainName.MatchString(name) {
		return strings.ToUpper(name)
	}
	return name
}

// tableNamed reads the name of a table, perhaps with its schema in front.
func tableNamed(written string) (*table, error) {
	parts := strings.Split(written, ".")
	for i, part := range parts {
		if parts[i] = strings.Trim(strings.TrimSpace(part), `"`); parts[i] == "" || strings.ContainsRune(part, 0) {
			parts = nil
			break
		}
	}
	if len(parts) < 1 || len(parts) > 2 {
		return nil, databases.Problem("table", "must be a name, or a schema and a name with a point between them")
	}
	t := &table{name: parts[len(parts)-1], shown: strings.Join(parts, ".")}
	if len(parts) == 2 {
		t.schema = parts[0]
	}
	return t, nil
}

// quoted is the name of the table with its schema.
func (t *table) quoted() string {
	if t.schema == "" {
		return sqltext.Ident(t.name)
	}
	return sqltext.Ident(t.schema) + "." + sqltext.Ident(t.name)
}

func (t *table) column(name string) *declaredColumn {
	at := slices.IndexFunc(t.columns, func(c declaredColumn) bool { return c.name == name })
	if at < 0 {
		at = slices.IndexFunc(t.columns, func(c declaredColumn) bool { return strings.EqualFold(c.name, name) })
	}
	if at < 0 {
		return nil
	}
	return &t.columns[at]
}

func (t *table) has(name string) bool { return t.column(name) != nil }

func (t *table) lacks(names []string) error {
	has := make([]string, len(t.columns))
	for i, c := range t.columns {
		has[i] = c.name
	}
	return databases.NoColumns(t.shown, names, has)
}

// look finds the columns of the table, called as it was written or in capitals; it has none
// when it is not there.
func (t *table) look(ctx context.Context, k *session) error {
	schema, params := "CURRENT_SCHEMA()", []any{t.name, folded(t.name)}
	if t.schema != "" {
		schema, params = "?", []any{t.schema, t.name, folded(t.name)}
		if plainName.MatchString(t.schema) {
			params[0] = strings.ToUpper(t.schema)
		}
	}
	r, err := k.execute(ctx, statement{text: "SELECT TABLE_NAME, COLUMN_NAME, DATA_TYPE, TABLE_SCHEMA FROM INFORMATION_SCHEMA.COLUMNS WHERE TABLE_SCHEMA = " + schema + " AND TABLE_NAME IN (?, ?) ORDER BY TABLE_NAME, ORDINAL_POSITION", params: params})
	if err != nil {
		return err
	}
	name := folded(t.name)
	if slices.ContainsFunc(r.Data, func(row []*string) bool { return *row[0] == t.name }) {
		name = t.name
	}
	t.name, t.columns = name, nil
	for _, row := range r.Data {
		if *row[0] == name {
			t.columns = append(t.columns, declaredColumn{*row[1], *row[2]})
			if t.schema != "" {
				t.schema = *row[3]
			}
		}
	}
	if len(t.columns) == 0 && t.schema != "" {
		t.schema = folded(t.schema)
	}
	return nil
}

func (t *table) missing(ctx context.Context, k *session) error {
	r, err := k.execute(ctx, statement{text: "SELECT TABLE_NAME FROM INFORMATION_SCHEMA.TABLES WHERE TABLE_SCHEMA = CURRENT_SCHEMA() AND NOT STARTSWITH(TABLE_NAME, 'BROKED_') ORDER BY 1 LIMIT 200"})
	if err != nil {
		return err
	}
	var names []string
	for _, row := range r.Data {
		names = append(names, *row[0])
	}
	return databases.NoTable(k.name(), t.shown, names)
}

// first makes the table and the stage ready for rows of columns.
func (w *writer) first(ctx context.Context, columns []batch.Column) error {
	if err := keyed(w.load.Keys, namesOf(columns)); err != nil {
		return err
	}
	t, err := tableNamed(w.load.Table)
	if err == nil {
		err = t.look(ctx, w.k)
	}
	if err != nil {
		return err
	}
	lacks := slices.ContainsFunc(columns, func(c batch.Column) bool { return !t.has(c.Name) })
	switch {
	case w.load.Create && (len(t.columns) == 0 || lacks && w.load.Mode == databases.Overwrite):
		t.columns = nil
		for _, c := range columns {
			t.columns = append(t.columns, declaredColumn{folded(c.Name), declared(c.Type, w.load.Widening)})
		}
		w.anew, w.table = true, t
		return w.makeStage(ctx, "("+definitions(t.columns)+", "+rowColumn+" NUMBER(18,0))")
	case len(t.columns) == 0:
		return t.missing(ctx, w.k)
	}
	if err := w.widen(ctx, t, columns); err != nil {
		return err
	}
	if err := w.makeStage(ctx, "LIKE "+t.quoted()); err != nil {
		return err
	}
	w.table = t
	_, err = w.k.execute(ctx, statement{text: "ALTER TABLE " + sqltext.Ident(w.stage) + " ADD COLUMN " + rowColumn + " NUMBER(18,0)"})
	return err
}

func (w *writer) makeStage(ctx context.Context, like string) error {
	w.staged = true
	_, err := w.k.execute(ctx, statement{text: "CREATE TRANSIENT TABLE " + sqltext.Ident(w.stage) + " " + like})
	return err
}

func definitions(columns []declaredColumn) string {
	parts := make([]string, len(columns))
	for i, c := range columns {
		parts[i] = sqltext.Ident(c.name) + " " + c.typ
	}
	return strings.Join(parts, ", ")
}

// widen adds the columns that the table lacks, where that is wanted. Snowflake commits that
// at once.
func (w *writer) widen(ctx context.Context, t *table, columns []batch.Column) error {
	_, added, err := w.load.Fitting(namesOf(columns), t.has, t.lacks)
	if err != nil {
		return err
	}
	if at := slices.IndexFunc(w.load.Keys, func(key string) bool { return !t.has(key) && !slices.Contains(added, key) }); at >= 0 {
		return t.lacks(w.load.Keys[at : at+1])
	}
	var more []declaredColumn
	for _, c := range columns {
		if slices.Contains(added, c.Name) {
			more = append(more, declaredColumn{folded(c.Name), declared(c.Type, w.load.Widening)})
		}
	}
	if len(more) == 0 {
		return nil
	}
	if _, err := w.k.execute(ctx, statement{text: "ALTER TABLE " + t.quoted() + " ADD COLUMN " + definitions(more)}); err != nil {
		return err
	}
	t.columns = append(t.columns, more...)
	return nil
}

// ofScope says of an error that it is about the condition of rows that may go, where it may
// be.
func ofScope(load databases.Load, err error) error {
	if err != nil && load.Scope.Text != "" && fault.CodeOf(err) == "query_failed" {
		return databases.ScopeFault(err)
	}
	return err
}
