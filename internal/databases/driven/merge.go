package driven

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/broked/broked/internal/databases"
)

// keysTable is where the keys of the rows of a load are, for MergeDelete.
const keysTable = ours + "keys"

// rememberKeys makes the place for the keys of the rows of a load, where they are wanted.
// A table that was made has no other rows.
func (w *writer) rememberKeys(ctx context.Context) error {
	if w.load.Mode != databases.MergeDelete || w.place.stage != "" {
		return nil
	}
	d := w.c.server.Dialect
	w.keeps = true
	return w.c.Run(ctx, d.SQL.Kept(w.keysTable(), w.place.Quoted, w.tableKeys()))
}

func (w *writer) keysTable() string {
	s := w.c.server.Dialect.SQL
	return s.Quote(s.Temporary + keysTable)
}

// keepKeys notes the keys of rows that were just written.
func (w *writer) keepKeys(ctx context.Context, from, to int) error {
	if !w.keeps {
		return nil
	}
	d, keys := w.c.server.Dialect, w.tableKeys()
	var at []int
	for _, key := range keys {
		at = append(at, slices.Index(w.to.Columns, key))
	}
	values := make([]any, 0, (to-from)*len(keys))
	for row := from; row < to; row++ {
		for _, i := range at {
			v, err := d.Types.value(&w.to.Batch.Columns[i], row, w.to.Types[i])
			if err != nil {
				return err
			}
			values = append(values, v)
		}
	}
	return w.c.Run(ctx, d.SQL.Insert(&Table{Quoted: w.keysTable(), Columns: w.place.Columns}, keys, keys, to-from), values...)
}

// prune removes the rows whose key no row of the load has, where that is wanted.
func (w *writer) prune(ctx context.Context) error {
	if !w.keeps {
		return nil
	}
	const there, kept = ours + "there", ours + "kept"
	d, keys := w.c.server.Dialect, w.tableKeys()
	for i, key := range keys {
		keys[i] = kept + "." + d.SQL.Quote(key) + " = " + there + "." + d.SQL.Quote(key)
	}
	where := "NOT EXISTS (SELECT 1 FROM " + w.keysTable() + " AS " + kept + " WHERE " + strings.Join(keys, " AND ") + ")"
	if w.load.Scope.Text != "" {
		where += " AND (" + w.load.Scope.Text + "\n)"
	}
	result, err := w.c.tx.ExecContext(ctx, d.SQL.Prune(w.place.Quoted, there, where), w.load.Scope.Params...)
	if err != nil {
		said := d.Say(w.c.server.At, err)
		if w.load.Scope.Text == "" || said != nil && said.Row {
			return w.c.fault(err)
		}
		return databases.ScopeFault(w.c.fault(err))
	}
	if w.load.Told != nil {
		w.load.Told.Deleted, err = result.RowsAffected()
	}
	return err
}

// loads is where loads are noted that are to happen once.
func (c *Conn) loads() *Table {
	return &Table{Name: databases.LoadsTable, Quoted: c.server.Dialect.SQL.Quote(databases.LoadsTable)}
}

func (d *Dialect) loadsColumns() []Declared {
	return []Declared{{"load", d.Types.Declared("VARCHAR", false, true)}, {"written", d.Types.Declared("BIGINT", false, false)}, {"committed_at", d.Types.Declared("TIMESTAMP", false, false)}}
}

// moment is a time as a column for it takes it.
func moment(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05") }

// doneBefore returns what a load that is to happen once has written, if an attempt has
// committed already. It looks over another connection: the transaction of the load is to
// see the table as it is when its rows come.
func (c *Conn) doneBefore(ctx context.Context, load databases.Load) (rows int64, done bool, err error) {
	if !load.Once {
		return 0, false, nil
	}
	other, err := c.server.connect(ctx)
	if err != nil {
		return 0, false, err
	}
	defer other.shut(ctx)
	d, t := c.server.Dialect, other.loads()
	if err := t.look(ctx, other); err != nil {
		return 0, false, err
	}
	if len(t.Columns) == 0 { // who may not make tables may be given it
		if err := other.Run(ctx, d.SQL.Create(t.Quoted, d.loadsColumns(), []string{"load"}, true)); err != nil {
			return 0, false, databases.OnceFault(err)
		}
	}
	written, err := other.one(ctx, "SELECT "+d.SQL.Quote("written")+" FROM "+t.Quoted+" WHERE "+d.SQL.Quote("load")+" = "+d.SQL.Mark(1), load.Attempt.Name)
	if err != nil {
		return 0, false, databases.OnceFault(err)
	}
	other.forget(ctx)
	unnamed, err := other.unnamed(ctx, load, written != "")
	if err != nil || written == "" || unnamed {
		return 0, false, err
	}
	if load.Told != nil {
		load.Told.Before = true
	}
	rows, err = strconv.ParseInt(written, 10, 64)
	return rows, true, err
}

// unnamed reports whether a load that was committed has filled a table which did not get
// its name any more. What a load that was not committed has left of one is removed.
func (c *Conn) unnamed(ctx context.Context, load databases.Load, committed bool) (bool, error) {
	d := c.server.Dialect
	if !load.Create || d.SQL.Rename == nil {
		return false, nil
	}
	t, err := d.named(load.Table)
	if err != nil {
		return false, err
	}
	stage := Table{Schema: t.Schema, Name: stageOf(load.Attempt, t.Shown)}
	if err := stage.look(ctx, c); err != nil || len(stage.Columns) == 0 {
		return false, err
	}
	if committed {
		return true, nil
	}
	return false, c.Run(ctx, d.SQL.Drop(d.quoted(stage.Schema, stage.Name)))
}

// noteLoad notes a load that is to happen once.
func (c *Conn) noteLoad(ctx context.Context, load databases.Load, written int64) error {
	if !load.Once {
		return nil
	}
	d, t := c.server.Dialect, c.loads()
	t.Columns = d.loadsColumns()
	return databases.OnceFault(c.Run(ctx, d.SQL.Insert(t, []string{"load", "written", "committed_at"}, []string{"load"}, 1), load.Attempt.Name, written, moment(time.Now())))
}

// forget removes old notes of loads, in a transaction of its own: it locks the notes of
// others until its end. Where that fails, a later load does it.
func (c *Conn) forget(ctx context.Context) {
	if c.begin(ctx, false) != nil {
		return
	}
	if c.Run(ctx, "DELETE FROM "+c.loads().Quoted+" WHERE "+c.server.Dialect.SQL.Quote("committed_at")+" < "+c.server.Dialect.SQL.Mark(1), moment(time.Now().AddDate(0, 0, -databases.LoadsKept))) == nil {
		_ = c.tx.Commit()
		c.tx = nil
	}
}
