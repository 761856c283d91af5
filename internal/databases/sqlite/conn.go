// Package sqlite reads and writes SQLite databases for nodes. It speaks to the
// library's own functions: database/sql would take longer over every value than
// SQLite itself, and cannot tell where a statement of a script ends.
package sqlite

import (
	"context"
	"fmt"
	"path/filepath"

	"modernc.org/libc"
	_ "modernc.org/sqlite" // prepares the library
	lib "modernc.org/sqlite/lib"

	"github.com/broked/broked/internal/sqltext"
)

// Bounds on what a statement may do.
const (
	maxValue  = 64 << 20 // bytes of one value or row
	maxText   = 1 << 20  // bytes of a query
	maxScript = 64 << 20 // bytes of one statement of a script
	busyWait  = 5000     // milliseconds until a lock counts as taken
	cacheKB   = 64 << 10
)

// conn is one connection. It is used by one goroutine at a time.
type conn struct {
	tls  *libc.TLS
	db   uintptr
	room uintptr // for what functions answer through a pointer
	name string  // of the file, for people
}

// access is what a connection may do.
type access int32

// The accesses.
const (
	toRead  access = lib.SQLITE_OPEN_READONLY
	toMend  access = lib.SQLITE_OPEN_READWRITE // reads, after what a crash has left was put right
	toWrite access = lib.SQLITE_OPEN_READWRITE | lib.SQLITE_OPEN_CREATE
)

func (f File) connect(path string, how access) (*conn, error) {
	c := &conn{tls: libc.NewTLS(), name: filepath.Base(f.Path)}
	c.room = libc.Xmalloc(c.tls, 16)
	name, err := libc.CString(path)
	if err != nil || c.room == 0 {
		c.close()
		return nil, fmt.Errorf("open SQLite: %w", err)
	}
	defer libc.Xfree(c.tls, name)
	rc := lib.Xsqlite3_open_v2(c.tls, name, c.room, int32(how)|lib.SQLITE_OPEN_NOMUTEX|lib.SQLITE_OPEN_NOFOLLOW, 0)
	c.db = c.answer()
	if rc == lib.SQLITE_OK {
		rc = lib.Xsqlite3_extended_result_codes(c.tls, c.db, 1)
	}
	if rc != lib.SQLITE_OK {
		defer c.close()
		return nil, c.fault(rc)
	}
	c.shutIn()
	if f.Temp != "" {
		if err := c.run("PRAGMA temp_store_directory = " + sqltext.Text(f.Temp)); err != nil {
			c.close()
			return nil, err
		}
	}
	return c, nil
}

// shutIn takes from the statements of other people what could reach beyond the
// file, or beyond what the machine has.
func (c *conn) shutIn() {
	lib.Xsqlite3_busy_timeout(c.tls, c.db, busyWait)
	for limit, value := range map[int32]int32{
		lib.SQLITE_LIMIT_ATTACHED:   0, // no ATTACH, no VACUUM INTO
		lib.SQLITE_LIMIT_LENGTH:     maxValue,
		lib.SQLITE_LIMIT_SQL_LENGTH: maxText,
	} {
		lib.Xsqlite3_limit(c.tls, c.db, limit, value)
	}
	for option, on := range map[int32]int32{
		lib.SQLITE_DBCONFIG_DEFENSIVE:      1,
		lib.SQLITE_DBCONFIG_TRUSTED_SCHEMA: 0,
	} {
		args := libc.NewVaList(on, uintptr(0))
		lib.Xsqlite3_db_config(c.tls, c.db, option, args)
		libc.Xfree(c.tls, args)
	}
}

// answer returns the pointer that a function has left in the room for it.
func (c *conn) answer() uintptr { return libc.AtomicLoadPUintptr(c.room) }

func (c *conn) close() {
	if c.db != 0 {
		lib.Xsqlite3_close_v2(c.tls, c.db)
	}
	libc.Xfree(c.tls, c.room)
	c.tls.Close()
}

// stoppable interrupts what the connection does when ctx ends, until done.
func (c *conn) stoppable(ctx context.Context) (done func()) {
	ended := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(ended)
		tls := libc.NewTLS()
		defer tls.Close()
		lib.Xsqlite3_interrupt(tls, c.db)
	})
	return func() {
		if !stop() {
			<-ended
		}
	}
}

// statement is a prepared statement.
type statement struct {
	c      *conn
	handle uintptr
}

// prepare makes the first statement of a text that ends with NUL, and returns where
// the next begins. A text without a statement gives none.
func (c *conn) prepare(text uintptr) (*statement, uintptr, error) {
	rc := lib.Xsqlite3_prepare_v2(c.tls, c.db, text, -1, c.room, c.room+8)
	if rc != lib.SQLITE_OK {
		return nil, 0, c.fault(rc)
	}
	next := libc.AtomicLoadPUintptr(c.room + 8)
	handle := c.answer()
	if handle == 0 {
		return nil, next, nil
	}
	return &statement{c: c, handle: handle}, next, nil
}

// one prepares a text of ours, which is one statement.
func (c *conn) one(text string) (*statement, error) {
	z, err := libc.CString(text)
	if err != nil {
		return nil, err
	}
	defer libc.Xfree(c.tls, z)
	s, _, err := c.prepare(z)
	return s, err
}

// run executes a statement of ours that yields nothing.
func (c *conn) run(text string) error {
	s, err := c.one(text)
	if err != nil {
		return err
	}
	defer s.close()
	for {
		if more, err := s.step(); err != nil || !more {
			return err
		}
	}
}

// texts returns the first column of a statement of ours.
func (c *conn) texts(text string, params ...any) ([]string, error) {
	s, err := c.one(text)
	if err != nil {
		return nil, err
	}
	defer s.close()
	if err := s.bind(params); err != nil {
		return nil, err
	}
	var all []string
	for {
		more, err := s.step()
		if err != nil || !more {
			return all, err
		}
		all = append(all, string(s.bytes(0)))
	}
}

// step goes to the next row and reports whether there is one.
func (s *statement) step() (bool, error) {
	switch rc := lib.Xsqlite3_step(s.c.tls, s.handle); rc {
	case lib.SQLITE_ROW:
		return true, nil
	case lib.SQLITE_DONE:
		return false, nil
	default:
		return false, s.c.fault(rc)
	}
}

// bytes returns the text or the bytes of a column of the current row. They are
// valid until the next step.
func (s *statement) bytes(column int32) []byte {
	p := lib.Xsqlite3_column_blob(s.c.tls, s.handle, column)
	n := lib.Xsqlite3_column_bytes(s.c.tls, s.handle, column)
	if p == 0 || n == 0 {
		return nil
	}
	return libc.GoBytes(p, int(n))
}

// bind gives the parameters of a statement their values.
func (s *statement) bind(params []any) error {
	for i, p := range params {
		at := int32(i + 1)
		var rc int32
		switch v := p.(type) {
		case nil:
			rc = lib.Xsqlite3_bind_null(s.c.tls, s.handle, at)
		case bool:
			n := int64(0)
			if v {
				n = 1
			}
			rc = lib.Xsqlite3_bind_int64(s.c.tls, s.handle, at, n)
		case int64:
			rc = lib.Xsqlite3_bind_int64(s.c.tls, s.handle, at, v)
		case float64:
			rc = lib.Xsqlite3_bind_double(s.c.tls, s.handle, at, v)
		case string:
			z, err := libc.CString(v)
			if err != nil {
				return err
			}
			rc = lib.Xsqlite3_bind_text(s.c.tls, s.handle, at, z, int32(len(v)), transient) //nolint:gosec // bounded by maxValue
			libc.Xfree(s.c.tls, z)
		default:
			return fmt.Errorf("bind a %T", p)
		}
		if rc != lib.SQLITE_OK {
			return s.c.fault(rc)
		}
	}
	return nil
}

// transient has SQLite copy what is bound at once; kept says that it stays valid.
const (
	transient = ^uintptr(0)
	kept      = uintptr(0)
)

func (s *statement) close() { lib.Xsqlite3_finalize(s.c.tls, s.handle) }
