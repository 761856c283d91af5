package sqlite

import (
	"strconv"
	"strings"

	lib "modernc.org/sqlite/lib"

	"github.com/broked/broked/internal/databases"
	"github.com/broked/broked/internal/sqltext"
)

// rememberKeys makes the place for the keys of the rows of a load, where they are wanted.
func (w *writer) rememberKeys() error {
	if w.load.Mode != databases.MergeDelete {
		return nil
	}
	keys := sqltext.Idents(w.load.Keys)
	for _, text := range []string{
		"CREATE TEMP TABLE broked_keys AS SELECT " + keys + " FROM main." + sqltext.Ident(w.table) + " WHERE 0",
		"CREATE UNIQUE INDEX temp.broked_keys_once ON broked_keys (" + keys + ")",
	} {
		if err := w.c.run(text); err != nil {
			return err
		}
	}
	var err error
	w.keep, err = w.c.one("INSERT OR IGNORE INTO temp.broked_keys VALUES (?" + strings.Repeat(", ?", len(w.load.Keys)-1) + ")")
	return err
}

// keepKeys notes the keys of the row that was just written, as the table has them.
func (w *writer) keepKeys() error {
	for i := range w.load.Keys {
		value := lib.Xsqlite3_column_value(w.c.tls, w.insert.handle, int32(i))
		if rc := lib.Xsqlite3_bind_value(w.c.tls, w.keep.handle, int32(i+1), value); rc != lib.SQLITE_OK {
			return w.c.fault(rc)
		}
	}
	_, err := w.keep.step()
	lib.Xsqlite3_reset(w.c.tls, w.keep.handle)
	return err
}

// end removes the rows whose key no row of the load has, where that is wanted.
func (w *writer) end() error {
	if w.load.Mode != databases.MergeDelete || w.insert == nil {
		return nil
	}
	same := make([]string, len(w.load.Keys))
	for i, key := range w.load.Keys {
		same[i] = "broked_kept." + sqltext.Ident(key) + " = broked_there." + sqltext.Ident(key)
	}
	text := "DELETE FROM main." + sqltext.Ident(w.table) + " AS broked_there WHERE NOT EXISTS (SELECT 1 FROM temp.broked_keys AS broked_kept WHERE " + strings.Join(same, " AND ") + ")"
	if w.load.Scope.Text != "" {
		text += " AND (" + w.load.Scope.Text + "\n)"
	}
	s, err := w.c.one(text)
	if err != nil {
		if w.load.Scope.Text == "" {
			return err
		}
		return databases.ScopeFault(err)
	}
	defer s.close()
	if err := s.bind(w.load.Scope.Params); err != nil {
		return err
	}
	if _, err := s.step(); err != nil {
		return err
	}
	if w.load.Told != nil {
		w.load.Told.Deleted = lib.Xsqlite3_changes64(w.c.tls, w.c.db)
	}
	return nil
}

// doneBefore returns what a load that is to happen once has written, if an attempt has
// committed already.
func (c *conn) doneBefore(load databases.Load) (rows int64, done bool, err error) {
	if !load.Once {
		return 0, false, nil
	}
	if err := c.run("CREATE TABLE IF NOT EXISTS main." + databases.LoadsTable + " (load TEXT PRIMARY KEY, written INTEGER NOT NULL, committed_at TIMESTAMP NOT NULL)"); err != nil {
		return 0, false, databases.OnceFault(err)
	}
	written, err := c.texts("SELECT written FROM main."+databases.LoadsTable+" WHERE load = ?1", load.Attempt.Name)
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
func (c *conn) noteLoad(load databases.Load, written int64) error {
	if !load.Once {
		return nil
	}
	err := c.run("DELETE FROM main." + databases.LoadsTable + " WHERE committed_at < datetime('now', '-" + strconv.Itoa(databases.LoadsKept) + " days')")
	if err == nil {
		_, err = c.texts("INSERT INTO main."+databases.LoadsTable+" (load, written, committed_at) VALUES (?1, ?2, datetime('now'))", load.Attempt.Name, written)
	}
	return databases.OnceFault(err)
}
