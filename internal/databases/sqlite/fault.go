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
	if p, known := plainFaults[rc&0xff]; known {
		return wrap(p.kind, p.code, p.words, c.name)
	}
	switch rc & 0xff {
	case lib.SQLITE_BUSY, lib.SQLITE_LOCKED:
		return fault.Transient(wrap(fault.Unavailable, "database_locked", "%s is locked by another program: wait until that has ended, or try again", c.name))
	case lib.SQLITE_CORRUPT:
		return wrap(fault.Invalid, "bad_file", "%s is damaged: %s", c.name, cause.text)
	case lib.SQLITE_TOOBIG:
		return wrap(fault.Invalid, "too_large", "a value or a statement is larger than SQLite takes here (%d MB, a query %d MB)", maxValue>>20, maxText>>20)
	case lib.SQLITE_CONSTRAINT:
		return wrap(fault.Invalid, "constraint", "%s", cause.text)
	}
	return wrap(fault.Invalid, "query_failed", "%s", cause.text)
}

const noPermission = "%s cannot be opened as it must be: the file or its folder does not permit it"

// plainFaults are the answers about which there is nothing to say but the file.
var plainFaults = map[int32]struct {
	kind        fault.Kind
	code, words string
}{
	lib.SQLITE_INTERRUPT: {fault.Unavailable, "stopped", "the run was stopped while it used %s"},
	lib.SQLITE_NOTADB:    {fault.Invalid, "bad_file", "%s is not an SQLite database"},
	lib.SQLITE_FULL:      {fault.Unavailable, "disk_full", "the disk is full: make room where %s lies"},
	lib.SQLITE_IOERR:     {fault.Unavailable, "write_failed", "%s cannot be read or written: the disk refused it"},
	lib.SQLITE_READONLY:  {fault.Invalid, "bad_path", noPermission},
	lib.SQLITE_CANTOPEN:  {fault.Invalid, "bad_path", noPermission},
	lib.SQLITE_PERM:      {fault.Invalid, "bad_path", noPermission},
	lib.SQLITE_NOMEM:     {fault.Exhausted, "out_of_memory", "SQLite needs more memory for %s than there is for the run"},
}
