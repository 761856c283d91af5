package nodes

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/klauspost/compress/zstd"

	"github.com/broked/broked/internal/fault"
)

// The file formats.
const (
	formatAuto    = "auto"
	formatCSV     = "csv"
	formatTSV     = "tsv"
	formatJSON    = "json"
	formatNDJSON  = "ndjson"
	formatParquet = "parquet"
	formatExcel   = "xlsx"
	formatXML     = "xml"
)

// extensions tell the format from the end of a file's name.
var extensions = map[string]string{
	".csv": formatCSV, ".txt": formatCSV, ".tsv": formatTSV, ".tab": formatTSV, ".json": formatJSON,
	".ndjson": formatNDJSON, ".jsonl": formatNDJSON, ".parquet": formatParquet, ".pq": formatParquet, ".xlsx": formatExcel, ".xml": formatXML,
}

// compressions tell the compression from the end of a file's name.
var compressions = map[string]string{".gz": "gzip", ".zst": "zstd"}

// formatOf returns the format of a file: the asked one, else what its name says.
func formatOf(path, asked string) (string, error) {
	if asked != "" && asked != formatAuto {
		return asked, nil
	}
	name := strings.ToLower(filepath.Base(path))
	ext := filepath.Ext(name)
	if compressions[ext] != "" {
		ext = filepath.Ext(strings.TrimSuffix(name, ext))
	}
	if format := extensions[ext]; format != "" {
		return format, nil
	}
	if ext == ".xls" {
		return "", settingFault("format", "%q is an old Excel file: save it as .xlsx", filepath.Base(path))
	}
	return "", settingFault("format", "the name of %q does not tell what is in it: choose csv, tsv, json, ndjson, parquet, xlsx or xml", filepath.Base(path))
}

// settingFault is an Invalid fault about one setting of a node.
func settingFault(path, format string, args ...any) error {
	words := fault.New(fault.Invalid, format, args...)
	words.Problems = []fault.Problem{{Path: path, Message: words.Msg}}
	return words
}

// refuse returns a fault about the settings that are set though they mean
// something for CSV alone.
func refuse(set map[string]bool, format string) error { return refuseFor("CSV", set, format) }

// refuseFor is refuse for settings that mean something for other files.
func refuseFor(files string, set map[string]bool, format string) error {
	var problems []fault.Problem
	for _, name := range slices.Sorted(maps.Keys(set)) {
		if set[name] {
			problems = append(problems, fault.Problem{Path: name, Message: "is for " + files + " files, and this is " + format + ": leave it out"})
		}
	}
	if problems == nil {
		return nil
	}
	return fault.Rejected("a setting does not fit the format", problems)
}

// content is the text of a file, without its compression.
type content struct {
	*bufio.Reader
	compression string // gzip, zstd or none, by what the file begins with
	closers     []func()
}

// openContent opens a regular file. The caller closes what it gets.
func openContent(path string) (*content, error) {
	// A regular file was replaced by a pipe since it was checked: do not wait for a writer.
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0) //nolint:gosec // files.Roots has allowed the path
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "%s cannot be opened", filepath.Base(path)).With("bad_file")
	}
	c := &content{Reader: bufio.NewReaderSize(f, 1<<16), compression: "none", closers: []func(){func() { _ = f.Close() }}}
	magic, _ := c.Peek(4)
	var inner io.Reader
	switch {
	case bytes.HasPrefix(magic, []byte{0x1f, 0x8b}):
		c.compression = "gzip"
		inner, err = gzip.NewReader(c.Reader)
	case bytes.HasPrefix(magic, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		c.compression = "zstd"
		var z *zstd.Decoder
		if z, err = zstd.NewReader(c.Reader, zstd.WithDecoderConcurrency(1)); err == nil {
			c.closers = append(c.closers, z.Close)
			inner = z
		}
	default:
		return c, nil
	}
	if err != nil {
		c.close()
		return nil, fault.Wrap(fault.Invalid, err, "%s is not a whole %s file", filepath.Base(path), c.compression).With("bad_file")
	}
	c.Reader = bufio.NewReaderSize(inner, 1<<16)
	return c, nil
}

func (c *content) close() {
	for _, f := range c.closers {
		f()
	}
}
