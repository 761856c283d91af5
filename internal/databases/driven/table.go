package driven

import (
	"context"
	"slices"
	"strings"

	"github.com/broked/broked/internal/batch"
	"github.com/broked/broked/internal/databases"
	"github.com/broked/broked/internal/fault"
)

// named reads the name of a table, perhaps with its schema in front.
func (d *Dialect) named(written string) (*Table, error) {
	var parts []string
	for part := range strings.SplitSeq(written, ".") {
		part = strings.TrimSpace(part)
		if part == "" || strings.ContainsRune(part, 0) {
			return nil, databases.Problem("table", "must be a name, or a schema and a name with a point between them")
		}
		parts = append(parts, part)
	}
	if len(parts) > 2 {
		return nil, databases.Problem("table", "must be a name, or a schema and a name with a point between them")
	}
	t := &Table{Name: parts[len(parts)-1], Shown: strings.Join(parts, ".")}
	if len(parts) == 2 {
		t.Schema = parts[0]
	}
	t.Quoted = d.quoted(t.Schema, t.Name)
	return t, nil
}

func (d *Dialect) quoted(schema, name string) string {
	if schema == "" {
		return d.SQL.Quote(name)
	}
	return d.SQL.Quote(schema) + "." + d.SQL.Quote(name)
}

// column returns a column by its name, in upper or lower case where only one is meant.
func (t *Table) column(name string) *Declared {
	exact := slices.IndexFunc(t.Columns, func(c Declared) bool { return c.Name == name })
	if exact < 0 {
		exact = t.folded(name)
	}
	if exact < 0 {
		return nil
	}
	return &t.Columns[exact]
}

// folded returns the place of the only column of a name in whatever case, or -1.
func (t *Table) folded(name string) int {
	found := -1
	for i, c := range t.Columns {
		switch {
		case !strings.EqualFold(c.Name, name):
		case found >= 0:
			return -1
		default:
			found = i
		}
	}
	return found
}

func (t *Table) names() []string {
	names := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		names[i] = c.Name
	}
	return names
}

// look finds the columns and keys of the table; it has none when it is not there.
func (t *Table) look(ctx context.Context, c *Conn) error {
	d := c.server.Dialect
	if err := t.find(ctx, c); err != nil {
		return err
	}
	rows, err := c.Query(ctx, d.SQL.Columns, t.Schema, t.Name)
	if err != nil {
		return err
	}
	t.Columns, t.Keys = nil, make(map[string][]string)
	for _, row := range rows {
		t.Columns = append(t.Columns, Declared{row[0], row[1]})
	}
	if len(rows) == 0 || d.SQL.Keys == "" {
		return nil
	}
	if rows, err = c.Query(ctx, d.SQL.Keys, t.Schema, t.Name); err != nil {
		return err
	}
	for _, row := range rows {
		t.Keys[row[0]] = append(t.Keys[row[0]], row[1])
	}
	return nil
}

// find gives the table the names that it has in the database, where letters may be others.
func (t *Table) find(ctx context.Context, c *Conn) error {
	d := c.server.Dialect
	if d.SQL.Find == "" {
		return nil
	}
	rows, err := c.Query(ctx, d.SQL.Find, t.Schema, t.Name, t.Name)
	if err != nil || len(rows) == 0 {
		return err
	}
	if len(rows) > 1 && rows[0][1] != t.Name {
		return databases.Problem("table", "%q may mean %s or %s: write it as it is", t.Shown, rows[0][1], rows[1][1])
	}
	t.Schema, t.Name = rows[0][0], rows[0][1]
	t.Quoted = d.quoted(t.Schema, t.Name)
	return nil
}

// fit refuses a table that is not for a load.
func (t *Table) fit(ctx context.Context, c *Conn, load databases.Load) error {
	d := c.server.Dialect
	if err := t.keyed(d, load); err != nil || d.SQL.Safe == nil {
		return err
	}
	return d.SQL.Safe(ctx, c, t)
}

// keyed refuses an upsert into a table that cannot tell rows apart by the keys.
func (t *Table) keyed(d *Dialect, load databases.Load) error {
	if !load.Mode.Merges() {
		return nil
	}
	for _, columns := range t.Keys {
		if same(columns, load.Keys) {
			return nil
		}
	}
	return databases.NoKey(t.Shown, load.Keys, d.SQL.Unique(t.Shown))
}

// same reports whether two lists have the same names, whatever their order and case.
func same(a, b []string) bool {
	return len(a) == len(b) && !slices.ContainsFunc(a, func(name string) bool {
		return !slices.ContainsFunc(b, func(other string) bool { return strings.EqualFold(name, other) })
	})
}

// place is where the rows of a load go.
type place struct {
	*Table
	stage string // the quoted name of the table that takes the place of the other in the end
	over  bool   // there is another
	adds  bool   // to which the rows are added
}

// ready makes the table ready for rows of columns.
func (c *Conn) ready(ctx context.Context, load databases.Load, columns []batch.Column) (*place, error) {
	d := c.server.Dialect
	t, err := d.named(load.Table)
	if err != nil {
		return nil, err
	}
	if err := t.look(ctx, c); err != nil {
		return nil, err
	}
	lacks := slices.IndexFunc(columns, func(col batch.Column) bool { return t.column(col.Name) == nil })
	switch {
	case load.Create && (len(t.Columns) == 0 || lacks >= 0 && load.Mode == databases.Overwrite):
		return c.create(ctx, t, load, columns)
	case len(t.Columns) == 0:
		return nil, c.missing(ctx, t)
	}
	if err := c.widen(ctx, t, load, columns); err != nil {
		return nil, err
	}
	if d.SQL.Like != nil {
		return c.beside(ctx, t, load)
	}
	if load.Empties() {
		return &place{Table: t}, c.Run(ctx, d.SQL.Empty(t.Quoted))
	}
	return &place{Table: t}, nil
}

// beside makes another table for the rows, like the one that they are for.
func (c *Conn) beside(ctx context.Context, t *Table, load databases.Load) (*place, error) {
	stage, err := c.stage(ctx, load, t)
	if err != nil {
		return nil, err
	}
	p := &place{Table: t, stage: stage, over: true, adds: !load.Empties()}
	like := c.server.Dialect.SQL.Like(stage, t.Quoted)
	t.Quoted = stage
	return p, c.define(ctx, like)
}

// widen adds the columns that the table lacks, where that is wanted, and refuses a table
// that is not for the load. Nothing of the transaction has touched the table yet, so that
// another connection can change it.
func (c *Conn) widen(ctx context.Context, t *Table, load databases.Load, columns []batch.Column) error {
	_, added, err := t.fitting(load, columns)
	if err != nil {
		return err
	}
	if err := t.fit(ctx, c, load); err != nil || len(added) == 0 {
		return err
	}
	d := c.server.Dialect
	var more []Declared
	for _, col := range columns {
		if slices.Contains(added, col.Name) {
			more = append(more, Declared{col.Name, d.Types.Declared(col.Type, load.Widening, false)})
		}
	}
	if err := c.define(ctx, d.SQL.Add(t.Quoted, more)); err != nil {
		return err
	}
	return t.look(ctx, c)
}

// fitting returns those of the columns that go into the table, and those of them that
// are to be added to it first.
func (t *Table) fitting(load databases.Load, columns []batch.Column) (fitting, added []string, err error) {
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = c.Name
	}
	return load.Fitting(names, func(name string) bool { return t.column(name) != nil }, func(names []string) error { return databases.NoColumns(t.Shown, names, t.names()) })
}

// missing says that a table is not there, or that this account may not see it.
func (c *Conn) missing(ctx context.Context, t *Table) error {
	if err := c.Run(ctx, "SELECT 1 FROM "+t.Quoted+" WHERE 1 = 0"); fault.CodeOf(err) == "permission_denied" {
		return err
	}
	others, err := c.tables(ctx)
	if err != nil {
		return err
	}
	return databases.NoTable(c.server.name(), t.Shown, others)
}

// tables returns the names of the tables that are there, but for ours.
func (c *Conn) tables(ctx context.Context) ([]string, error) {
	rows, err := c.Query(ctx, c.server.Dialect.SQL.Tables)
	var names []string
	for _, row := range rows {
		if !strings.HasPrefix(strings.ToLower(row[0]), ours) {
			names = append(names, row[0])
		}
	}
	return names, err
}

// create makes the table of the columns and their types, in place of one that is there.
// Where that is no part of a transaction, the rows go to another one first, which then
// takes its place.
func (c *Conn) create(ctx context.Context, t *Table, load databases.Load, columns []batch.Column) (*place, error) {
	d := c.server.Dialect
	p := &place{Table: t, over: len(t.Columns) > 0}
	t.Columns = nil
	for _, col := range columns {
		key := slices.Contains(load.Keys, col.Name)
		t.Columns = append(t.Columns, Declared{col.Name, d.Types.Declared(col.Type, load.Widening, key)})
	}
	target := t.Quoted
	if d.SQL.Rename != nil {
		var err error
		if p.stage, err = c.stage(ctx, load, t); err != nil {
			return nil, err
		}
		target = p.stage
	}
	if p.stage != "" || p.over {
		if err := c.define(ctx, d.SQL.Drop(target)); err != nil {
			return nil, err
		}
	}
	if err := c.define(ctx, d.SQL.Create(target, t.Columns, keysOf(load), false)); err != nil {
		return nil, err
	}
	if load.Mode.Merges() {
		t.Keys = map[string][]string{"": load.Keys}
	}
	t.Quoted = target
	return p, nil
}

func keysOf(load databases.Load) []string {
	if load.Mode.Merges() {
		return load.Keys
	}
	return nil
}

// define executes a statement about tables. Where such end the transaction, another
// connection does it.
func (c *Conn) define(ctx context.Context, statement string) error {
	if c.server.Dialect.SQL.Rename == nil {
		return c.Run(ctx, statement)
	}
	other, err := c.server.connect(ctx)
	if err != nil {
		return err
	}
	defer other.shut(ctx)
	return other.Run(ctx, statement)
}
