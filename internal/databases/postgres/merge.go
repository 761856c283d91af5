package postgres

import (
	"context"
	"strconv"
	"strings"

	"github.com/broked/broked/internal/databases"
	"github.com/broked/broked/internal/sqltext"
)

// merge moves the staged rows into the table.
func (w *writer) merge(ctx context.Context) error {
	if err := w.c.run(ctx, w.merges); err != nil {
		return err
	}
	if w.load.Mode == databases.MergeDelete {
		if err := w.c.run(ctx, "INSERT INTO "+keysName+" SELECT "+sqltext.Idents(w.load.Keys)+" FROM "+stageName); err != nil {
			return err
		}
	}
	return w.c.run(ctx, "TRUNCATE "+stageName)
}

// end removes the rows whose key no row of the load has, where that is wanted.
func (w *writer) end(ctx context.Context) error {
	if w.load.Mode != databases.MergeDelete || w.table == nil {
		return nil
	}
	if err := w.c.run(ctx, "ANALYZE "+keysName); err != nil { // else the plan is one for few rows
		return err
	}
	same := make([]string, len(w.load.Keys))
	for i, key := range w.load.Keys {
		same[i] = "broked_kept." + sqltext.Ident(key) + " = broked_there." + sqltext.Ident(key)
	}
	text := "DELETE FROM " + w.table.name + " AS broked_there WHERE NOT EXISTS (SELECT 1 FROM " + keysName + " AS broked_kept WHERE " + strings.Join(same, " AND ") + ")"
	return w.c.prune(ctx, w.load, text)
}

// prune executes a DELETE of the rows that a load does not have, of those that may go.
func (c *conn) prune(ctx context.Context, load databases.Load, text string) error {
	if load.Scope.Text != "" {
		text += " AND (" + load.Scope.Text + "\n)"
	}
	values, err := params(load.Scope.Params)
	if err != nil {
		return err
	}
	tag, err := c.ExecParams(ctx, text, values, nil, nil, nil).Close()
	if err != nil {
		err = c.fault(err)
		if load.Scope.Text != "" && !ofRow(err) {
			return databases.ScopeFault(err)
		}
		return err
	}
	if load.Told != nil {
		load.Told.Deleted = tag.RowsAffected()
	}
	return nil
}

// doneBefore returns what a load that is to happen once has written, if an attempt has
// committed already.
func (c *conn) doneBefore(ctx context.Context, load databases.Load) (rows int64, done bool, err error) {
	if !load.Once {
		return 0, false, nil
	}
	there, err := c.texts(ctx, "SELECT 'yes' WHERE to_regclass($1) IS NOT NULL", databases.LoadsTable)
	if err == nil && len(there) == 0 { // who may not make tables may be given it
		err = c.run(ctx, "CREATE TABLE IF NOT EXISTS "+databases.LoadsTable+" (load text PRIMARY KEY, written bigint NOT NULL, committed_at timestamptz NOT NULL)")
	}
	if err != nil {
		return 0, false, databases.OnceFault(err)
	}
	written, err := c.texts(ctx, "SELECT written::text FROM "+databases.LoadsTable+" WHERE load = $1", load.Attempt.Name)
	if err != nil || len(written) == 0 {
		return 0, false, databases.OnceFault(err)
	}
	if load.Told != nil {
		load.Told.Before = true
	}
	rows, err = strconv.ParseInt(written[0], 10, 64)
	return rows, true, err
}

// noteLoad notes a load that is to happen once.
func (c *conn) noteLoad(ctx context.Context, load databases.Load, written int64) error {
	if !load.Once {
		return nil
	}
	err := c.run(ctx, "DELETE FROM "+databases.LoadsTable+" WHERE committed_at < now() - make_interval(days => "+strconv.Itoa(databases.LoadsKept)+")")
	if err == nil {
		err = c.run(ctx, "INSERT INTO "+databases.LoadsTable+" (load, written, committed_at) VALUES ($1, $2, now())", load.Attempt.Name, strconv.FormatInt(written, 10))
	}
	return databases.OnceFault(err)
}
