package nodes

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/node"
	"github.com/broked/broked/internal/sqltext"
)

// sampleRows is how many rows are looked at to find the types of columns. It
// costs 10 ms; a wrong guess costs reading the file once more.
const sampleRows = 10_000

// csvTable is what is known of the CSV files of one source.
type csvTable struct {
	files       []string
	delimiter   byte
	quote       byte // 0 for none
	header      bool
	blank       int // how many lines before the header have nothing in them
	compression string
	nulls       []string
	columns     []string
	types       []columnType // of the columns, in their order
	revised     bool         // types were found from all rows
	naming      string       // the option by which a scan tells the paths of its files
}

// selectCSV reads all columns as text and turns those that are used into values.
// DuckDB's own reader would read 00123 as the number 123.
func (s *sourceFile) selectCSV(ctx context.Context, db node.DB) (node.Relation, error) {
	if s.csv == nil {
		tables, err := s.look(ctx)
		if err != nil {
			return node.Relation{}, err
		}
		s.csv = tables
		s.harmonise()
	}
	parts := make([]filePart, len(s.csv))
	for k, t := range s.csv {
		p := filePart{files: t.files, scan: t.scan(maxLine), head: t.scan(headLine)}
		for i, name := range t.columns {
			pick := sqltext.Ident(name)
			if !t.types[i].isText() {
				pick = t.types[i].cast(pick, name, t.files[0]) + " AS " + pick
			}
			p.columns, p.picks = append(p.columns, node.Column{Name: name, Type: t.types[i].sql}), append(p.picks, pick)
		}
		parts[k] = p
	}
	return s.united(ctx, db, parts)
}

// harmonise makes text of the columns that have types in several files between
// which nobody could choose.
func (s *sourceFile) harmonise() {
	if len(s.csv) < 2 {
		return
	}
	found := make(map[string]string)
	for _, t := range s.csv {
		for i, name := range t.columns {
			found[folded(name)] = harmony(found[folded(name)], t.types[i].sql)
		}
	}
	for _, t := range s.csv {
		for i, name := range t.columns {
			if found[folded(name)] == "VARCHAR" {
				t.types[i] = columnType{sql: "VARCHAR"}
			}
		}
	}
}

// harmony returns the type of a column that has one type in a table and was another
// in those before, if it was any.
func harmony(was, typ string) string {
	switch {
	case was == "", was == typ, was == "BIGINT" && typ == "DOUBLE":
		return typ
	case was == "DOUBLE" && typ == "BIGINT":
		return was
	}
	return "VARCHAR"
}

// reviseCSV has the table correct itself whose types did not fit.
func (s *sourceFile) reviseCSV(ctx context.Context, db node.DB, failure error) (bool, error) {
	for _, t := range s.csv {
		if learnt, err := t.revise(ctx, db, failure); learnt || err != nil {
			s.harmonise()
			return learnt, err
		}
	}
	return false, nil
}

// headLine is the longest line when only the first rows are wanted. DuckDB fills
// a buffer per thread before it yields a row, and with buffers for lines of
// maxLine that takes a tenth of the time that a million rows take.
const headLine = 256 << 10

// scan returns the table function that reads all columns as text. Nothing is
// left to be detected, so that a bad line is told and never taken for a hint.
func (t *csvTable) scan(line int) string {
	pairs := make([]string, len(t.columns))
	for i, name := range t.columns {
		pairs[i] = sqltext.Text(name) + ": 'VARCHAR'"
	}
	quote := ""
	if t.quote != 0 {
		quote = string(rune(t.quote))
	}
	return fmt.Sprintf("read_csv([%s], auto_detect=false, header=%t, skip=%d, delim=%s, quote=%s, escape=%s, nullstr=[%s], compression=%s, max_line_size=%d, buffer_size=%d, columns={%s}, hive_partitioning=false%s)",
		sqltext.Texts(t.files), t.header, t.blank, sqltext.Text(string(rune(t.delimiter))), sqltext.Text(quote), sqltext.Text(quote),
		sqltext.Texts(append([]string{""}, t.nulls...)), sqltext.Text(t.compression), line, 2*line, strings.Join(pairs, ", "), t.naming)
}

// revise finds the types from all rows, after those that the first rows had
// suggested have failed. It does so once: what it finds cannot fail.
func (t *csvTable) revise(ctx context.Context, db node.DB, failure error) (bool, error) {
	if t == nil || t.revised || !strings.Contains(failure.Error(), misfit+t.files[0]) {
		return false, nil
	}
	var checks []string
	for i, name := range t.columns {
		if t.types[i].guessed == "" {
			continue
		}
		for _, candidate := range guessable {
			checks = append(checks, "bool_and("+candidate.fits(sqltext.Ident(name))+")")
		}
	}
	found, err := db.Query(ctx, "SELECT "+strings.Join(checks, ", ")+" FROM "+t.scan(maxLine), 1)
	if err != nil {
		return false, err
	}
	t.revised = true
	answers := found.Rows[0]
	for i := range t.columns {
		if t.types[i].guessed == "" {
			continue
		}
		t.types[i] = columnType{sql: "VARCHAR"}
		if k := slices.Index(answers[:len(guessable)], any(true)); k >= 0 {
			t.types[i] = guessable[k]
			t.types[i].guessed = t.files[0]
		}
		answers = answers[len(guessable):]
	}
	return true, nil
}

// look finds out how the files are written, what their columns are called and,
// from the first rows of the first file of a table, what their types are.
func (s *sourceFile) look(ctx context.Context) ([]*csvTable, error) {
	var tables []*csvTable
	var all []string
	for _, file := range s.files {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		rows := 0
		if tables == nil || s.UnionByName {
			rows = sampleRows
		}
		t, err := s.lookInto(file, rows)
		if err != nil {
			return nil, err
		}
		if tables != nil {
			last := tables[len(tables)-1]
			err := alike(last, t, file)
			if err == nil {
				last.files = append(last.files, file)
				continue
			}
			if !s.UnionByName {
				return nil, err
			}
		}
		t.files, t.naming = []string{file}, s.naming()
		tables, all = append(tables, t), append(all, t.columns...)
	}
	return tables, s.knownTypes(all)
}

// alike refuses a file that cannot be read in one scan with those of a table.
func alike(first, t *csvTable, file string) error {
	if t.delimiter != first.delimiter || t.compression != first.compression || t.blank != first.blank {
		return fault.New(fault.Invalid, "%s is written in another way than %s: other delimiters, another compression or more blank lines at the top", filepath.Base(file), filepath.Base(first.files[0])).With("columns_differ")
	}
	return sameColumns(first.columns, t.columns, first.files[0], file)
}

func (s *sourceFile) lookInto(file string, rows int) (*csvTable, error) {
	in, err := openContent(file)
	if err != nil {
		return nil, err
	}
	defer in.close()
	l := look{name: filepath.Base(file)}
	if l.table, err = s.dialect(in, l.name); err != nil {
		return nil, err
	}
	l.records = newRecords(in, l.table.delimiter, l.table.quote)
	if err := l.head(s.Columns); err != nil {
		return nil, err
	}
	if err := l.sample(rows); err != nil {
		return nil, err
	}
	for i, column := range l.table.columns {
		if asked := s.Types[column]; asked != "" {
			l.table.types = append(l.table.types, askedType(asked, max(2, l.guesses[i].decimals)))
		} else {
			l.table.types = append(l.table.types, l.guesses[i].best(file))
		}
	}
	return l.table, nil
}

// dialect finds out how a file is written, and passes over its byte order mark.
func (s *sourceFile) dialect(in *content, name string) (*csvTable, error) {
	t := &csvTable{quote: '"', header: s.Header == nil || *s.Header, compression: in.compression, nulls: s.NullStrings}
	if s.Quote != nil {
		t.quote = 0
		if *s.Quote != "" {
			t.quote = (*s.Quote)[0]
		}
	}
	if mark, _ := in.Peek(3); bytes.Equal(mark, []byte("\xef\xbb\xbf")) {
		_, _ = in.Discard(3)
	}
	head, err := in.Peek(1 << 15)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fault.Wrap(fault.Invalid, err, "%s cannot be unpacked: it is not whole", name).With("bad_file")
	}
	if err := looksBinary(head, name); err != nil {
		return nil, err
	}
	t.delimiter, err = s.delimiterOf(head, t.quote)
	return t, err
}

func (s *sourceFile) delimiterOf(head []byte, quote byte) (byte, error) {
	if s.Delimiter != nil && *s.Delimiter != "" {
		return delimiterByte(*s.Delimiter)
	}
	if s.format == formatTSV {
		return '\t', nil
	}
	line, _, _ := bytes.Cut(bytes.TrimLeft(head, "\r\n"), []byte("\n"))
	return findDelimiter(line, quote), nil
}

// look is the reading of the beginning of one file.
type look struct {
	table   *csvTable
	name    string
	records *records
	cells   [][]byte
	guesses []guess
}

// next reads a record and checks that it is text in UTF-8.
func (l *look) next() error {
	var err error
	l.cells, err = l.records.next(l.cells)
	switch {
	case errors.Is(err, io.EOF):
		return io.EOF
	case errors.Is(err, errLongLine):
		return fault.New(fault.Invalid, "line %d of %s is longer than %d MB; is the closing quote missing, or the quote setting wrong?", l.records.line, l.name, maxLine>>20).With("bad_file")
	case err != nil:
		return fault.Wrap(fault.Invalid, err, "%s cannot be unpacked: it is not whole", l.name).With("bad_file")
	}
	for _, cell := range l.cells {
		if !utf8.Valid(cell) {
			return fault.New(fault.Invalid, "line %d of %s is not in UTF-8: set encoding to the one that it was written in, such as windows-1252", l.records.line, l.name).With("bad_encoding")
		}
	}
	return nil
}

// head reads the names of the columns, or makes some.
func (l *look) head(given []string) error {
	blank := func() bool { return len(l.cells) == 1 && len(l.cells[0]) == 0 }
	err := l.next()
	for err == nil && blank() {
		l.table.blank++
		err = l.next()
	}
	if errors.Is(err, io.EOF) {
		return fault.New(fault.Invalid, "%s is empty: it has not even a line of column names", l.name).With("empty_file")
	}
	if err != nil {
		return err
	}
	l.guesses = make([]guess, len(l.cells))
	t := l.table
	if t.header {
		for _, cell := range l.cells {
			t.columns = append(t.columns, strings.TrimSpace(string(cell)))
		}
	} else {
		l.see()
		if t.columns = append(t.columns, given...); given == nil {
			t.columns = make([]string, len(l.cells))
		}
		if len(t.columns) != len(l.cells) {
			return settingFault("columns", "has %d names, but the first line of %s has %d values", len(given), l.name, len(l.cells))
		}
	}
	return l.nameColumns()
}

// nameColumns fills in missing names and refuses those that are there twice. Upper
// and lower case are the same to SQL.
func (l *look) nameColumns() error {
	at := make(map[string]int, len(l.table.columns))
	for i, name := range l.table.columns {
		if name == "" {
			name = fmt.Sprintf("column%d", i+1)
			l.table.columns[i] = name
		}
		if first, twice := at[strings.ToLower(name)]; twice {
			return fault.New(fault.Invalid, "two columns of %s are called %q: number %d and number %d; rename one of them", l.name, name, first+1, i+1).With("duplicate_column")
		}
		at[strings.ToLower(name)] = i
	}
	return nil
}

// sample looks at the values of at most rows rows.
func (l *look) sample(rows int) error {
	for range rows {
		err := l.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		l.see()
	}
	return nil
}

func (l *look) see() {
	for i, cell := range l.cells[:min(len(l.cells), len(l.guesses))] {
		if len(cell) > 0 && !l.isNull(cell) {
			l.guesses[i].see(cell)
		}
	}
}

func (l *look) isNull(cell []byte) bool {
	return slices.Contains(l.table.nulls, string(cell))
}
