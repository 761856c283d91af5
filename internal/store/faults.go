package store

import (
	"context"
	"errors"
	"fmt"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/postgres"
)

// border names what was being done in err, and makes a fault of the driver's
// errors that are nobody's mistake. It looks at the code, never at the text.
func border(doing string, err error) error {
	switch trouble(err) {
	case postgres.Busy:
		err = fault.Wrap(fault.Unavailable, err, "the database is busy: try again").With("database_busy")
	case postgres.Full:
		err = fault.Wrap(fault.Full, err, "the disk that holds the database is full: what was asked for is not written").With("storage_full")
	case postgres.ReadOnly:
		err = fault.Wrap(fault.Unavailable, err, "the database cannot be written").With("database_read_only")
	case postgres.Interrupted:
		err = errors.Join(context.Canceled, err)
	case postgres.Unreachable:
		err = fault.Wrap(fault.Unavailable, err, "the database cannot be reached: try again").With("database_unreachable")
	case postgres.None:
	}
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", doing, err)
}

// trouble returns what kind of trouble an error of either driver means.
func trouble(err error) postgres.Trouble {
	if _, told := errors.AsType[*fault.Error](err); told {
		return postgres.None
	}
	switch primary(err) {
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return postgres.Busy
	case sqlite3.SQLITE_FULL:
		return postgres.Full
	case sqlite3.SQLITE_READONLY:
		return postgres.ReadOnly
	case sqlite3.SQLITE_INTERRUPT:
		return postgres.Interrupted
	}
	return postgres.TroubleOf(err)
}

func isDamage(err error) bool {
	return primary(err) == sqlite3.SQLITE_CORRUPT || primary(err) == sqlite3.SQLITE_NOTADB
}

// isTaken reports whether err means that a key exists already.
func isTaken(err error) bool {
	return postgres.IsTaken(err) || extended(err) == sqlite3.SQLITE_CONSTRAINT_UNIQUE || extended(err) == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY
}

// isOrphan reports whether err means that what a row belongs to is not there.
func isOrphan(err error) bool {
	return postgres.IsOrphan(err) || extended(err) == sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY
}

// primary is the class of a driver's error, or 0 when err is none.
func primary(err error) int { return extended(err) & 0xff }

func extended(err error) int {
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		return e.Code()
	}
	return 0
}
