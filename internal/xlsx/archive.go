// Package xlsx reads and writes the tables of Excel workbooks (.xlsx), row by row.
//
// The libraries for it either hold a whole sheet in memory or give every cell as the
// text that Excel would show, without its type; a pipeline needs neither.
package xlsx

import (
	"archive/zip"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/broked/broked/internal/fault"
)

// Bounds on what a workbook may unpack to. A sheet of Excel has no more rows and
// columns than MaxRows and MaxColumns.
const (
	MaxRows    = 1 << 20
	MaxColumns = 1 << 14

	maxEntries = 10_000
	maxPart    = 4 << 30   // bytes of one part, unpacked
	maxShared  = 512 << 20 // bytes of all texts that cells share, which are held in memory
	maxRatio   = 500       // how much smaller than its content a large part may be packed
	largePart  = 16 << 20
	maxCell    = 1 << 20 // bytes; Excel itself takes 32,767 characters
)

// book is an open workbook.
type book struct {
	name  string // for people
	file  *os.File
	parts map[string]*zip.File
}

func open(file string) (*book, error) {
	b := &book{name: filepath.Base(file), parts: make(map[string]*zip.File)}
	f, err := os.Open(file) //nolint:gosec // files.Roots has allowed the path
	if err != nil {
		return nil, b.bad(err, "cannot be opened")
	}
	b.file = f
	info, err := f.Stat()
	if err != nil {
		return nil, errors.Join(b.bad(err, "cannot be opened"), f.Close())
	}
	z, err := zip.NewReader(f, info.Size())
	if err != nil {
		head := make([]byte, 4)
		_, _ = f.ReadAt(head, 0)
		_ = f.Close()
		if string(head) == "\xd0\xcf\x11\xe0" {
			return nil, b.bad(err, "is an old Excel file (.xls) or one with a password: save it as .xlsx without a password")
		}
		return nil, b.bad(err, "is not an Excel workbook (.xlsx), or not a whole one")
	}
	if len(z.File) > maxEntries {
		_ = f.Close()
		return nil, b.bad(nil, "has more than %d parts", maxEntries)
	}
	for _, part := range z.File {
		b.parts[path.Clean(strings.TrimPrefix(part.Name, "/"))] = part
	}
	return b, nil
}

func (b *book) close() { _ = b.file.Close() }

// bad is a fault about the file.
func (b *book) bad(cause error, format string, args ...any) error {
	return fault.Wrap(fault.Invalid, cause, "%s %s", b.name, fmt.Sprintf(format, args...)).With("bad_file")
}

// tokens calls do with every token of a part until it returns false. A part that is
// not there has none.
func (b *book) tokens(part string, do func(xml.Token) (bool, error)) error {
	f := b.parts[part]
	if f == nil {
		return nil
	}
	content, err := f.Open()
	if err != nil {
		return b.bad(err, "cannot be unpacked")
	}
	defer func() { _ = content.Close() }()
	most := int64(maxPart)
	if packed := int64(f.CompressedSize64); packed < maxPart/maxRatio { //nolint:gosec // the size of a part of a file that is there
		most = max(largePart, packed*maxRatio)
	}
	limited := &io.LimitedReader{R: content, N: most}
	d := xml.NewDecoder(limited)
	for {
		token, err := d.RawToken()
		switch {
		case limited.N <= 0:
			return b.bad(nil, "unpacks to far more than it is: it is damaged, or made to fill a machine")
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return b.bad(err, "is damaged: %s is not well-formed", part)
		}
		if more, err := do(token); err != nil || !more {
			return err
		}
	}
}

// attribute returns the value of an attribute, whatever its prefix.
func attribute(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}
