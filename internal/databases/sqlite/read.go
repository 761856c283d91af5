package sqlite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"modernc.org/libc"
	lib "modernc.org/sqlite/lib"

	"github.com/broked/broked/internal/batch"
	"github.com/broked/broked/internal/databases"
	"github.com/broked/broked/internal/fault"
)

// A batch has at most so many rows, and ends after so many bytes of text.
const (
	batchRows  = 10_000
	batchBytes = 4 << 20
)

// File is a database.
type File struct {
	Path string // absolute, where no link is
	// Fresh is where a database that is not there yet is made, in the same folder. It
	// becomes Path when it is whole. It may be empty when nothing is written.
	Fresh string
	// Temp is a folder for what does not fit in memory; empty leaves it to SQLite. All
	// databases of a process use the one that was named last.
	Temp string
}

// Read gives the rows of a query, in order, and at least one batch, which says what
// columns there are. What the query reads does not change while it is read.
//
// A statement that is not one SELECT is an Invalid fault, as is whatever SQLite
// does not take. A database that others have locked is a transient fault.
func (f File) Read(ctx context.Context, q databases.Query, give func(batch.Batch) error) error {
	c, err := f.reader()
	if err != nil {
		return err
	}
	defer c.close()
	defer c.stoppable(ctx)()
	s, err := c.query(q)
	if err != nil {
		return databases.Stopped(ctx, err)
	}
	defer s.close()
	return databases.Stopped(ctx, s.read(ctx, q, give))
}

// reader opens the database for reading. One that a crash has left half written is
// put right first, which takes more than reading.
func (f File) reader() (*conn, error) {
	for _, how := range []access{toRead, toMend} {
		c, err := f.connect(f.Path, how)
		if err != nil {
			return nil, err
		}
		err = c.run("PRAGMA query_only = ON")
		if err == nil {
			_, err = c.texts("SELECT name FROM sqlite_schema LIMIT 1")
		}
		if err == nil {
			return c, nil
		}
		c.close()
		e, is := errors.AsType[*codeError](err)
		if how == toMend || !is || e.code&0xff != lib.SQLITE_READONLY && e.code&0xff != lib.SQLITE_CANTOPEN {
			return nil, err
		}
	}
	return nil, fmt.Errorf("open %s", f.Path)
}

// query prepares what a person wrote.
func (c *conn) query(q databases.Query) (*statement, error) {
	text, err := libc.CString(q.Text)
	if err != nil {
		return nil, err
	}
	defer libc.Xfree(c.tls, text)
	s, next, err := c.prepare(text)
	switch {
	case err != nil:
		return nil, err
	case s == nil:
		return nil, fault.New(fault.Invalid, "is empty")
	}
	refuse := func(words string) (*statement, error) {
		s.close()
		return nil, fault.New(fault.Invalid, "%s", words)
	}
	if more, _, err := c.prepare(next); err != nil || more != nil {
		if more != nil {
			more.close()
		}
		return refuse("must be one SELECT, and there is more behind it")
	}
	if lib.Xsqlite3_stmt_readonly(c.tls, s.handle) == 0 || lib.Xsqlite3_column_count(c.tls, s.handle) == 0 {
		return refuse("must be a SELECT: this node reads and changes nothing")
	}
	if err := s.bind(q.Params); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

// reading is the rows of a statement on their way.
type reading struct {
	s       *statement
	columns []*column
	most    int
	row     int64
	n, size int // of the batch
	give    func(batch.Batch) error
}

// read gives all rows of a statement.
func (s *statement) read(ctx context.Context, q databases.Query, give func(batch.Batch) error) error {
	r := &reading{s: s, columns: s.columns(), most: q.BatchRows, give: give}
	if r.most <= 0 {
		r.most = batchRows
	}
	for {
		more, err := s.step()
		if err == nil && more {
			err = r.take()
		}
		if err == nil && r.full(!more) {
			err = errors.Join(ctx.Err(), r.flush())
		}
		if err != nil {
			return err
		}
		if !more {
			break
		}
	}
	// A column that has had no value at all has the type that it was declared with.
	if slices.ContainsFunc(r.columns, func(c *column) bool { return !c.known }) {
		return give(declared(r.columns))
	}
	return nil
}

// full reports whether the batch is to be given; at the end it is if it has rows.
func (r *reading) full(end bool) bool {
	return r.n >= r.most || r.size >= batchBytes || end && r.n > 0
}

// take takes the current row.
func (r *reading) take() error {
	r.row++
	for i, col := range r.columns {
		bytes, err := col.add(r.s, int32(i), r.n)
		if err != nil {
			return fault.New(fault.Invalid, "row %d of the result: column %q holds bytes that are no text in UTF-8: read hex(%s), or mend it", r.row, col.name, col.name).With("bad_value")
		}
		r.size += bytes
	}
	r.n++
	return nil
}

// flush gives the rows that are there.
func (r *reading) flush() error {
	b := batch.Batch{Rows: r.n, Columns: make([]batch.Column, len(r.columns))}
	for i, col := range r.columns {
		b.Columns[i] = col.take(r.n)
	}
	r.n, r.size = 0, 0
	return r.give(b)
}

// declared returns a batch without rows, in which the columns without values have
// the types that the database names.
func declared(columns []*column) batch.Batch {
	b := batch.Batch{Columns: make([]batch.Column, len(columns))}
	for i, col := range columns {
		typ := ""
		if !col.known {
			typ = col.declared
		}
		b.Columns[i] = batch.Column{Name: col.name, Type: typ, Kind: batch.KindOf(typ)}
	}
	return b
}

// Check says what is wrong with a file that is to be a database; an empty one is
// a database without tables.
func Check(path string) error {
	f, err := os.Open(path) //nolint:gosec // files.Roots has allowed the path
	if err != nil {
		return fault.Wrap(fault.Invalid, err, "%s cannot be opened", filepath.Base(path)).With("bad_file")
	}
	defer func() { _ = f.Close() }()
	head := make([]byte, len(magic))
	if n, _ := f.Read(head); n > 0 && string(head[:n]) != magic[:n] {
		return fault.New(fault.Invalid, "%s is not an SQLite database", filepath.Base(path)).With("bad_file")
	}
	return nil
}

const magic = "SQLite format 3\x00"
