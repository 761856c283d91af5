package postgres

import (
	"context"
	"slices"
	"strings"

	"github.com/broked/broked/internal/databases"
	"github.com/broked/broked/internal/sqltext"
)

// Tables that end with the connection.
const (
	leanStage  = "broked_stage"
	leanNewest = "broked_newest"
	leanKeys   = "broked_keys"
)

// keep makes the place for the keys of the rows of a load, where they are wanted.
func (w *inserter) keep(ctx context.Context) error {
	if w.load.Mode != databases.MergeDelete {
		return nil
	}
	return w.c.run(ctx, "CREATE TEMPORARY TABLE "+leanKeys+" AS SELECT "+sqltext.Idents(w.keys())+" FROM "+w.table.name+" WHERE 1 = 0")
}

// keys are those of the load as the table has them.
func (w *inserter) keys() []string {
	keys := make([]string, len(w.load.Keys))
	for i, key := range w.load.Keys {
		keys[i] = w.table.spelled(key)
	}
	return keys
}

// stage makes the table where rows are before they become part of the other.
func (w *inserter) stage(ctx context.Context) error {
	if err := w.c.run(ctx, "DROP TABLE IF EXISTS "+leanStage); err != nil {
		return err
	}
	return w.c.run(ctx, "CREATE TEMPORARY TABLE "+leanStage+" AS SELECT "+sqltext.Idents(w.names)+", CAST(0 AS bigint) AS "+stageRow+" FROM "+w.table.name+" WHERE 1 = 0")
}

// matching is the condition that two tables have the same keys in a row.
func (w *inserter) matching(a, b string) string {
	keys := w.keys()
	for i, key := range keys {
		keys[i] = a + "." + sqltext.Ident(key) + " = " + b + "." + sqltext.Ident(key)
	}
	return strings.Join(keys, " AND ")
}

// merge moves the staged rows into the table, the last of those with one key counting.
func (w *inserter) merge(ctx context.Context) error {
	if !w.load.Mode.Merges() || w.names == nil {
		return nil
	}
	names, keys, t := sqltext.Idents(w.names), w.keys(), w.table.name
	statements := []string{
		"CREATE TEMPORARY TABLE " + leanNewest + " AS SELECT " + names + " FROM (SELECT " + names + ", ROW_NUMBER() OVER (PARTITION BY " + sqltext.Idents(keys) +
			" ORDER BY " + stageRow + " DESC) AS broked_place FROM " + leanStage + ") AS broked_rows WHERE broked_place = 1",
	}
	var sets []string
	for _, name := range w.names {
		if !slices.Contains(keys, name) {
			sets = append(sets, sqltext.Ident(name)+" = "+leanNewest+"."+sqltext.Ident(name))
		}
	}
	if len(sets) > 0 {
		statements = append(statements, "UPDATE "+t+" SET "+strings.Join(sets, ", ")+" FROM "+leanNewest+" WHERE "+w.matching(leanNewest, t))
	}
	statements = append(statements, "INSERT INTO "+t+" ("+names+") SELECT "+names+" FROM "+leanNewest+" WHERE NOT EXISTS (SELECT 1 FROM "+t+" WHERE "+w.matching(t, leanNewest)+")")
	if w.load.Mode == databases.MergeDelete {
		statements = append(statements, "INSERT INTO "+leanKeys+" SELECT "+sqltext.Idents(keys)+" FROM "+leanNewest)
	}
	for _, statement := range append(statements, "DROP TABLE "+leanNewest, "DELETE FROM "+leanStage) {
		if err := w.c.run(ctx, statement); err != nil {
			return w.someRow(err)
		}
	}
	return nil
}

// someRow is a fault about a row of which nobody knows which it is.
func (w *inserter) someRow(err error) error {
	wr := &writer{table: w.table}
	return wr.refused(0, false, err)
}

// end moves what is staged, and removes the rows whose key no row of the load has, where
// that is wanted.
func (w *inserter) end(ctx context.Context) error {
	if w.table == nil {
		return nil
	}
	if err := w.merge(ctx); err != nil || w.load.Mode != databases.MergeDelete {
		return err
	}
	text := "DELETE FROM " + w.table.name + " WHERE NOT EXISTS (SELECT 1 FROM " + leanKeys + " WHERE " + w.matching(leanKeys, w.table.name) + ")"
	return w.c.prune(ctx, w.load, text)
}
