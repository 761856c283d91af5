package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"

	lib "modernc.org/sqlite/lib"

	"github.com/broked/broked/internal/batch"
	"github.com/broked/broked/internal/databases"
	"github.com/broked/broked/internal/fault"
)

// Write puts rows into a table, all or none, and returns their number. The first
// batch says which columns there are, and may have no rows.
//
// Where the person can mend it, as with a table that is not there or a row that the
// table refuses, the error is an Invalid fault; its problems name the settings table
// and key_columns. A database that others have locked is a transient fault.
func (f File) Write(ctx context.Context, load databases.Load, rows iter.Seq2[batch.Batch, error]) (int64, error) {
	var written int64
	err := f.change(ctx, func(c *conn) error {
		n, done, err := c.doneBefore(load)
		if err != nil || done {
			written = n
			return err
		}
		w := &writer{c: c, load: load}
		defer w.close()
		for b, err := range rows {
			if err == nil {
				err = w.write(ctx, b)
			}
			if err != nil {
				return err
			}
		}
		written = w.rows
		if load.Refusals != nil {
			written -= load.Refusals.Count
		}
		if err := w.end(); err != nil {
			return err
		}
		return c.noteLoad(load, written)
	})
	return written, err
}

// Script executes the statements of a text, all or none, and returns how many there
// were. BEGIN, COMMIT and END in it are passed over, because all of it is one
// transaction. A statement that SQLite does not take is an Invalid fault that says
// which one it is.
func (f File) Script(ctx context.Context, text string) (int, error) {
	statements := 0
	err := f.change(ctx, func(c *conn) error {
		lib.Xsqlite3_limit(c.tls, c.db, lib.SQLITE_LIMIT_SQL_LENGTH, maxScript)
		var err error
		statements, err = c.script(ctx, text)
		return err
	})
	return statements, err
}

// change calls do in a transaction, and keeps what it did unless it fails.
func (f File) change(ctx context.Context, do func(*conn) error) error {
	if _, err := os.Lstat(f.Path); err == nil {
		return f.inPlace(ctx, f.Path, []string{fmt.Sprintf("PRAGMA cache_size = -%d", cacheKB)}, do)
	}
	// Nobody else sees the new file before it is whole, so that it needs no journal.
	defer func() { _ = os.Remove(f.Fresh) }()
	err := f.inPlace(ctx, f.Fresh, []string{
		"PRAGMA page_size = 8192", "PRAGMA locking_mode = EXCLUSIVE", "PRAGMA journal_mode = OFF", "PRAGMA synchronous = OFF", fmt.Sprintf("PRAGMA cache_size = -%d", cacheKB),
	}, do)
	if err != nil {
		return err
	}
	return f.publish()
}

func (f File) inPlace(ctx context.Context, path string, pragmas []string, do func(*conn) error) error {
	c, err := f.connect(path, toWrite)
	if err != nil {
		return err
	}
	defer c.close()
	defer c.stoppable(ctx)()
	for _, p := range append(pragmas, "BEGIN IMMEDIATE") {
		if err := c.run(p); err != nil {
			return databases.Stopped(ctx, err)
		}
	}
	err = do(c)
	if err == nil {
		err = ctx.Err()
	}
	if err == nil {
		err = c.run("COMMIT")
	}
	if err != nil {
		_ = c.run("ROLLBACK") // closing does it otherwise
	}
	return databases.Stopped(ctx, err)
}

// publish makes the new file the database, unless there is one by now.
func (f File) publish() error {
	err := flush(f.Fresh)
	if err == nil {
		err = os.Link(f.Fresh, f.Path)
	}
	if errors.Is(err, fs.ErrExist) {
		return fault.Transient(fault.Wrap(fault.Conflict, err, "another program has made %s meanwhile: try again", filepath.Base(f.Path)).With("file_exists"))
	}
	if err == nil {
		err = flush(filepath.Dir(f.Path))
	}
	if err != nil {
		return fault.Wrap(fault.Unavailable, err, "%s cannot be written: the disk refused it", filepath.Base(f.Path)).With("write_failed")
	}
	return nil
}

// flush waits until a file or folder is on the disk.
func flush(path string) error {
	file, err := os.Open(path) //nolint:gosec // files.Roots has allowed the path
	if err != nil {
		return err
	}
	return errors.Join(file.Sync(), file.Close())
}
