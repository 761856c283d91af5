package contacts

import (
	"bufio"
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/broked/broked/internal/fault"
)

// maxRows bounds a file that is imported.
const maxRows = 10_000

// maxRejected is how many rejected rows are told in detail.
const maxRejected = 100

// listSeparator stands between the items of a list in one cell.
const listSeparator = "|"

// ignored are columns of an export that an import does not read: they are the
// server's to set.
var ignored = []string{"id", "created_at", "updated_at"}

// Imported is what became of a file.
type Imported struct {
	Rows      int           `json:"rows"`
	Created   int           `json:"created"`
	Updated   int           `json:"updated" doc:"Were there already"`
	Rejected  int           `json:"rejected"`
	Rejection []RejectedRow `json:"rejections" nullable:"false" doc:"The first 100 rows that were rejected"`
}

// RejectedRow is a row that was not imported.
type RejectedRow struct {
	Line     int             `json:"line" doc:"In the file, from 1"`
	Error    string          `json:"error"`
	Problems []fault.Problem `json:"problems,omitempty"`
}

// ImportOptions say how a file is imported.
type ImportOptions struct {
	KeepUnknown bool // columns that are no field are kept in custom
	Test        bool // every check and no change
}

// Import stores a contact for each row of a CSV file whose first line names the
// fields, like Upsert does, in the order of the rows. Cells that are empty are not
// mentioned. A row that is wrong is told, and the others are stored.
//
// A file whose header is wrong, or that has too many rows, is an Unprocessable
// fault, and nothing is stored.
func (s *Service) Import(ctx context.Context, file []byte, o ImportOptions) (Imported, error) {
	rows, err := table(file)
	if err != nil {
		return Imported{}, err
	}
	columns, err := header(rows[0].cells, o.KeepUnknown)
	if err != nil {
		return Imported{}, err
	}
	done := Imported{Rejection: []RejectedRow{}}
	for _, row := range rows[1:] {
		done.Rows++
		created, err := s.importRow(ctx, columns, row.cells, o)
		switch {
		case ctx.Err() != nil || err != nil && fault.KindOf(err) != fault.Invalid && fault.KindOf(err) != fault.Unprocessable:
			return done, err
		case err != nil:
			done.Rejected++
			if len(done.Rejection) < maxRejected {
				done.Rejection = append(done.Rejection, RejectedRow{Line: row.line, Error: fault.MessageOf(err), Problems: fault.ProblemsOf(err)})
			}
		case created:
			done.Created++
		default:
			done.Updated++
		}
	}
	return done, nil
}

type row struct {
	line  int
	cells []string
}

// table reads a CSV file with at least a header. The separator is the one that
// its first line has most of.
func table(file []byte) ([]row, error) {
	file = bytes.TrimPrefix(file, []byte("\xef\xbb\xbf"))
	if !utf8.Valid(file) {
		return nil, badFile("is not UTF-8")
	}
	first, _, _ := bytes.Cut(file, []byte("\n"))
	r := csv.NewReader(bytes.NewReader(file))
	for _, separator := range ";\t" {
		if bytes.Count(first, []byte(string(separator))) > bytes.Count(first, []byte(string(r.Comma))) {
			r.Comma = separator
		}
	}
	var all []row
	for {
		cells, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if wrong, ok := errors.AsType[*csv.ParseError](err); ok {
			return nil, badFile("cannot be read at line " + itoa(wrong.Line) + ": " + wrong.Err.Error())
		}
		if err != nil {
			return nil, err
		}
		if len(all) > maxRows {
			return nil, badFile("has more than " + itoa(maxRows) + " rows")
		}
		line, _ := r.FieldPos(0)
		all = append(all, row{line, cells})
	}
	if len(all) == 0 {
		return nil, badFile("is empty: its first line names the fields")
	}
	return all, nil
}

func badFile(what string) error {
	return fault.New(fault.Unprocessable, "the file %s", what).With("bad_file")
}

// header returns the member that each column is; "" is read by nobody.
func header(cells []string, keepUnknown bool) ([]string, error) {
	columns := make([]string, len(cells))
	var problems []fault.Problem
	for i, cell := range cells {
		name, wrong := column(cell, keepUnknown)
		if name != "" && slices.Contains(columns[:i], name) {
			wrong = "is there twice: " + name
		}
		if wrong != "" {
			problems = append(problems, fault.Problem{Path: "column " + itoa(i+1), Message: wrong})
		}
		columns[i] = name
	}
	if len(problems) > 0 {
		err := fault.Rejected("the names of the columns are not those of fields", problems).With("bad_file")
		err.Kind = fault.Unprocessable
		return nil, err
	}
	return columns, nil
}

// column returns the member that a column with this name is, and what is wrong
// with it, or "".
func column(name string, keepUnknown bool) (string, string) {
	fields := known()
	name = strings.TrimSpace(name)
	folded := strings.ReplaceAll(strings.ToLower(name), " ", "_")
	switch {
	case slices.Contains(ignored, folded):
		return "", ""
	case folded != "test" && folded != "keep_unknown" && slices.Contains(fields, folded):
		return folded, ""
	case len(name) > len(ownColumn) && strings.HasPrefix(name, ownColumn), keepUnknown && name != "" && !slices.Contains(fields, folded):
		return name, ""
	}
	return name, "is not a field: " + name + fault.DidYouMean(name, fields)
}

// ownColumn begins the names of columns that are kept in custom.
const ownColumn = "custom."

func (s *Service) importRow(ctx context.Context, columns, cells []string, o ImportOptions) (bool, error) {
	g := newGiven()
	for i, cell := range cells {
		cell = unescaped(cell)
		if columns[i] == "" || strings.TrimSpace(cell) == "" {
			continue
		}
		v, err := value(columns[i], cell)
		if err != nil {
			return false, err
		}
		g.set(columns[i], v)
	}
	d, err := g.draft(o.KeepUnknown)
	if err != nil {
		return false, err
	}
	d.Test = o.Test
	_, created, err := s.Upsert(ctx, d, "import")
	return created, err
}

// value returns what the text in a cell of a column means.
func value(column, cell string) (jsontext.Value, error) {
	switch column {
	case "tags", "document_urls":
		b, err := json.Marshal(strings.Split(cell, listSeparator))
		return b, err
	case "custom":
		v := jsontext.Value(cell)
		if !v.IsValid() {
			return nil, rejected([]fault.Problem{{Path: "custom", Message: "is not a JSON object"}})
		}
		return v, nil
	}
	b, err := json.Marshal(cell)
	return b, err
}

// formulas begin what spreadsheets take for a formula.
const formulas = "=+-@\t\r"

// escaped returns a cell that a spreadsheet takes for text.
func escaped(cell string) string {
	if cell != "" && strings.ContainsRune(formulas, rune(cell[0])) {
		return "'" + cell
	}
	return cell
}

// unescaped undoes escaped.
func unescaped(cell string) string {
	if len(cell) > 1 && cell[0] == '\'' && strings.ContainsRune(formulas, rune(cell[1])) {
		return cell[1:]
	}
	return cell
}

// exportPage is how many contacts are read at once.
const exportPage = 500

// Export writes the contacts that f chooses as CSV, from the oldest change on.
// With spreadsheet, cells that a spreadsheet would take for a formula have a '
// before them. An import reads what was exported.
func (s *Service) Export(ctx context.Context, to io.Writer, f Filter, spreadsheet bool) error {
	out := bufio.NewWriter(to)
	w := csv.NewWriter(out)
	columns := append([]string{"id", "product"}, Columns()...)
	if err := w.Write(append(columns, "tags", "document_urls", "custom", "created_at", "updated_at")); err != nil {
		return err
	}
	f.Oldest, f.Limit = true, exportPage
	for {
		all, err := s.List(ctx, f)
		if err != nil {
			return err
		}
		for _, c := range all {
			cells, err := c.cells()
			if err != nil {
				return err
			}
			for i := range cells {
				if spreadsheet {
					cells[i] = escaped(cells[i])
				}
			}
			if err := w.Write(cells); err != nil {
				return err
			}
			f.After = CursorOf(c)
		}
		if len(all) < exportPage {
			w.Flush()
			return errors.Join(w.Error(), out.Flush())
		}
	}
}

func (c Contact) cells() ([]string, error) {
	cells := []string{string(c.ID), string(c.Product)}
	for _, t := range texts {
		cells = append(cells, *t.at(&c))
	}
	custom := ""
	if len(c.Custom) > 0 {
		b, err := json.Marshal(c.Custom)
		if err != nil {
			return nil, err
		}
		custom = string(b)
	}
	return append(cells, strings.Join(c.Tags, listSeparator), strings.Join(c.DocumentURLs, listSeparator), custom,
		c.CreatedAt.Format(time.RFC3339Nano), c.UpdatedAt.Format(time.RFC3339Nano)), nil
}
