package sqlite

import (
	"fmt"

	"modernc.org/libc"
	lib "modernc.org/sqlite/lib"

	"github.com/broked/broked/internal/fault"
)

// codeError is what SQLite answered, for the log.
type codeError struct {
	code int32 // extended
	text string
}

// Error implements error.
func (e *codeError) Error() string { return fmt.Sprintf("SQLite says %d: %s", e.code, e.text) }

// fault makes an error for people of an answer of SQLite's. It looks at the code;
// the text names tables, columns and places of a statement, and no values.
func (c *conn) fault(rc int32) error {
	cause := &codeError{code: rc, text: libc.GoString(lib.Xsqlite3_errstr(c.tls, rc))}
	if c.db != 0 {
		if code := lib.Xsqlite3_extended_errcode(c.tls, c.db); code&0xff == rc&0xff {
			cause.code, cause.text = code, libc.GoString(lib.Xsqlite3_errmsg(c.tls, c.db))
		}
	}
	wrap := func(kind fault.Kind, code, format string, args ...any) error {
		return fault.Wrap(kind, cause, format, args...).With(code)
	}
	switch rc & 0xff {
	case lib.SQLITE_BUSY, lib.SQLITE_LOCKED:
		return fault.Transient(wrap(fault.Unavailable, "database_locked", "%s is locked by another program: wait until that has ended, or try again", c.name))
	case lib.SQLITE_INTERRUPT:
		return wrap(fault.Unavailable, "stopped", "the run was stopped")
	case lib.SQLITE_NOTADB:
		return wrap(fault.Invalid, "bad_file", "%s is not an SQLite database", c.name)
	case lib.SQLITE_CORRUPT:
		return wrap(fault.Invalid, "bad_file", "%s is damaged: %s", c.name, cause.text)
	case lib.SQLITE_FULL:
		return wrap(fault.Unavailable, "disk_full", "the disk is full: make room where %s lies", c.name)
	case lib.SQLITE_IOERR:
		return wrap(fault.Unavailable, "write_failed", "%s cannot be read or written: the disk refused it", c.name)
	case lib.SQLITE_READONLY, lib.SQLITE_CANTOPEN, lib.SQLITE_PERM:
		return wrap(fault.Invalid, "bad_path", "%s cannot be opened as it must be: the file or its folder does not permit it", c.name)
	case lib.SQLITE_NOMEM:
		return wrap(fault.Exhausted, "out_of_memory", "SQLite needs more memory than there is for the run")
	case lib.SQLITE_TOOBIG:
		return wrap(fault.Invalid, "too_large", "a value or a statement is larger than SQLite takes here (%d MB, a query %d MB)", maxValue>>20, maxText>>20)
	case lib.SQLITE_CONSTRAINT:
		return wrap(fault.Invalid, "constraint", "%s", cause.text)
	}
	return wrap(fault.Invalid, "query_failed", "%s", cause.text)
}
