package nodes

import (
	"bufio"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/node"
	"github.com/broked/broked/internal/xlsx"
	"github.com/broked/broked/internal/xmltable"
)

// staged reports whether the files are of a format that DuckDB does not read. Their
// rows are written as CSV into the run's own folder first.
func (s *sourceFile) staged() bool { return s.format == formatExcel || s.format == formatXML }

// stage makes the tables of files that DuckDB does not read.
func (s *sourceFile) stage(ctx context.Context, env node.Env) error {
	if s.csv != nil {
		return nil
	}
	var tables []*csvTable
	var all, copies []string
	for i, file := range s.files {
		// The copy keeps its name, because errors tell it, and its partitions.
		target := filepath.Join(env.Temp, strconv.Itoa(i), partitionFolders(file), filepath.Base(file))
		if err := os.MkdirAll(filepath.Dir(target), 0o700); err != nil {
			return fmt.Errorf("make room for the rows of a file: %w", err)
		}
		from := s.fromXML
		if s.format == formatExcel {
			from = func(ctx context.Context, file, target string) (*csvTable, error) {
				return s.fromExcel(ctx, env, file, target)
			}
		}
		t, err := from(ctx, file, target)
		if err != nil {
			return err
		}
		if len(tables) > 0 && !s.UnionByName {
			if err := sameColumns(tables[0].columns, t.columns, s.files[0], file); err != nil {
				return err
			}
		}
		t.naming = s.naming()
		tables, all, copies = append(tables, t), append(all, t.columns...), append(copies, target)
	}
	if err := s.knownTypes(all); err != nil {
		return err
	}
	s.csv, s.files = tables, copies
	s.harmonise()
	return nil
}

// stagedTable is the copy of a file's rows while it is written.
type stagedTable struct {
	file *os.File
	out  *bufio.Writer
	csv  *csv.Writer
	rows int64
}

func newStaged(target string) (*stagedTable, error) {
	f, err := os.OpenFile(target, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600) //nolint:gosec // in the run's own folder
	if err != nil {
		return nil, fmt.Errorf("make room for the rows of a file: %w", err)
	}
	out := bufio.NewWriterSize(f, 1<<18)
	return &stagedTable{file: f, out: out, csv: csv.NewWriter(out)}, nil
}

// row writes a row. One without any value is no blank line, which would be no row.
func (t *stagedTable) row(values []string) error {
	t.rows++
	if len(values) == 1 && values[0] == "" {
		t.csv.Flush()
		_, err := t.out.WriteString("\"\"\n")
		return errors.Join(t.csv.Error(), err)
	}
	return t.csv.Write(values)
}

func (t *stagedTable) close() error {
	t.csv.Flush()
	return errors.Join(t.csv.Error(), t.out.Flush(), t.file.Close())
}

// stagedAs is what is known of a staged copy without looking.
func stagedAs(target string, columns []string) *csvTable {
	return &csvTable{files: []string{target}, delimiter: ',', quote: '"', compression: "none", columns: columns}
}

// excelSheet is a sheet on its way into a table.
type excelSheet struct {
	name    string
	header  bool
	given   []string
	columns []string
	kinds   []map[xlsx.Kind]bool
	values  []string
	to      *stagedTable
	errors  int    // cells with an error of Excel's
	wrong   string // the first of them
	at      int    // its row
}

// fromExcel makes a table of a sheet. The types are those of its cells, so that text
// that looks like a number stays text.
func (s *sourceFile) fromExcel(ctx context.Context, env node.Env, file, target string) (*csvTable, error) {
	to, err := newStaged(target)
	if err != nil {
		return nil, err
	}
	e := &excelSheet{name: filepath.Base(file), header: s.Header == nil || *s.Header, given: s.Columns, to: to}
	err = errors.Join(xlsx.Read(ctx, file, xlsx.Place{Sheet: s.Sheet, Range: s.Range}, e.row), to.close())
	if err != nil {
		return nil, err
	}
	if e.columns == nil {
		return nil, fault.New(fault.Invalid, "the sheet of %s is empty: it has not even a row of column names", e.name).With("empty_file")
	}
	if e.errors > 0 {
		env.Log(node.Warning, "%d cells of %s have an error of Excel's and are empty here; the first is %s in row %d", e.errors, e.name, e.wrong, e.at)
	}
	t := stagedAs(target, e.columns)
	for i, name := range e.columns {
		t.types = append(t.types, columnType{sql: excelType(e.kinds[i])})
		if asked := s.Types[name]; asked != "" {
			t.types[i] = askedType(asked, defaultScale)
		}
	}
	return t, nil
}

// row takes a row of the sheet.
func (e *excelSheet) row(number int, cells []xlsx.Cell) error {
	if e.columns == nil {
		if err := e.begin(cells); err != nil || e.header {
			return err
		}
	}
	clear(e.values)
	for i, c := range cells {
		if c.Kind == xlsx.Error {
			if e.errors++; e.errors == 1 {
				e.wrong, e.at = c.Text, number
			}
			continue
		}
		if c.Kind == xlsx.Empty {
			continue
		}
		if i >= len(e.values) {
			return fault.New(fault.Invalid, "row %d of %s has a value in its column number %d, and the first row has %d: set range to the cells that are the table", number, e.name, i+1, len(e.columns)).With("bad_sheet")
		}
		e.values[i] = c.Text
		e.kinds[i][c.Kind] = true
	}
	return e.to.row(e.values)
}

// begin takes the names of the columns from the first row, or makes some.
func (e *excelSheet) begin(cells []xlsx.Cell) error {
	l := look{name: e.name, table: &csvTable{}}
	for _, c := range cells {
		name := ""
		if e.header && c.Kind != xlsx.Error {
			name = c.Text
		}
		l.table.columns = append(l.table.columns, name)
	}
	if e.given != nil {
		if len(e.given) != len(cells) {
			return settingFault("columns", "has %d names, but the first row of %s has %d values", len(e.given), e.name, len(cells))
		}
		l.table.columns = append(l.table.columns[:0], e.given...)
	}
	if err := l.nameColumns(); err != nil {
		return err
	}
	e.columns = l.table.columns
	e.values, e.kinds = make([]string, len(cells)), make([]map[xlsx.Kind]bool, len(cells))
	for i := range e.kinds {
		e.kinds[i] = make(map[xlsx.Kind]bool)
	}
	return nil
}

// excelType returns the type that holds cells of all kinds.
func excelType(kinds map[xlsx.Kind]bool) string {
	only := func(some ...xlsx.Kind) bool {
		n := 0
		for _, k := range some {
			if kinds[k] {
				n++
			}
		}
		return n > 0 && n == len(kinds)
	}
	switch {
	case only(xlsx.Whole):
		return "BIGINT"
	case only(xlsx.Whole, xlsx.Number):
		return "DOUBLE"
	case only(xlsx.Bool):
		return "BOOLEAN"
	case only(xlsx.Date):
		return "DATE"
	case only(xlsx.Date, xlsx.Timestamp):
		return "TIMESTAMP"
	}
	return "VARCHAR"
}

// fromXML makes a table of the elements that are rows. Its types are found in the
// way in which those of CSV are.
func (s *sourceFile) fromXML(ctx context.Context, file, target string) (*csvTable, error) {
	var shape xmltable.Shape
	err := readXML(file, func(in *content) (err error) {
		shape, err = xmltable.Look(ctx, in, s.Row)
		return err
	})
	if err != nil {
		return nil, err
	}
	l := look{name: filepath.Base(file), table: stagedAs(target, shape.Columns())}
	if err := l.nameColumns(); err != nil {
		return nil, err
	}
	to, err := newStaged(target)
	if err != nil {
		return nil, err
	}
	err = readXML(file, func(in *content) error {
		return shape.Rows(ctx, in, func(values []string, _ []bool) error { return to.row(values) })
	})
	if err := errors.Join(err, to.close()); err != nil {
		return nil, err
	}
	return l.table, s.guessed(&l, target)
}

func readXML(file string, read func(*content) error) error {
	in, err := openContent(file)
	if err != nil {
		return err
	}
	defer in.close()
	err = read(in)
	if err == nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) || fault.KindOf(err) != fault.Internal {
		return err
	}
	return fault.Wrap(fault.Invalid, err, "%s %s", filepath.Base(file), err.Error()).With("bad_xml")
}

// guessed finds the types of a staged copy from its first rows.
func (s *sourceFile) guessed(l *look, target string) error {
	in, err := openContent(target)
	if err != nil {
		return err
	}
	defer in.close()
	l.records, l.guesses = newRecords(in, ',', '"'), make([]guess, len(l.table.columns))
	if err := l.sample(sampleRows); err != nil {
		return err
	}
	for i, name := range l.table.columns {
		if asked := s.Types[name]; asked != "" {
			l.table.types = append(l.table.types, askedType(asked, max(2, l.guesses[i].decimals)))
		} else {
			l.table.types = append(l.table.types, l.guesses[i].best(target))
		}
	}
	return nil
}
