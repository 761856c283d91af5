package nodes

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/jsonwalk"
	"github.com/broked/broked/internal/node"
	"github.com/broked/broked/internal/outbound"
)

func (f *fetcher) read(a *answer, path string) error {
	file, err := os.Open(path) //nolint:gosec // a file of ours
	if err != nil {
		return fmt.Errorf("read a page: %w", err)
	}
	in := bufio.NewReaderSize(file, 1<<16)
	if mark, _ := in.Peek(3); bytes.Equal(mark, []byte("\ufeff")) {
		_, _ = in.Discard(3)
	}
	_, empty := in.Peek(1)
	if f.format == "" {
		f.format = formatOfAnswer(a.header.Get("Content-Type"))
	}
	table := f.format == formatCSV || f.format == formatTSV
	if empty == nil {
		if err = f.mistaken(in); err == nil && table {
			return errors.Join(file.Close(), f.table(path))
		}
	}
	if err == nil {
		err = f.content(a, in, empty != nil)
	}
	return errors.Join(err, file.Close(), os.Remove(path))
}

// content takes the rows of a page that is no table.
func (f *fetcher) content(a *answer, in io.Reader, empty bool) error {
	switch {
	case empty && f.format == formatJSON && !a.nothing:
		return fault.New(fault.Invalid, "the answer is empty, and no JSON").With("bad_json")
	case empty: // such as 204
		return nil
	case f.format == formatNDJSON:
		return f.lines(in)
	}
	return f.document(a, in)
}

// table keeps a page in CSV.
func (f *fetcher) table(path string) error {
	if p := f.Pagination; p != nil && p.Strategy != byHeader {
		return settingFault("pagination.strategy", "must be link_header: the answer is %s, whose rows are counted only after all pages were read", f.format)
	}
	f.tables = append(f.tables, path)
	return nil
}

// formatOfAnswer returns the format that a Content-Type tells.
func formatOfAnswer(contentType string) string {
	media, _, _ := mime.ParseMediaType(contentType)
	switch {
	case media == "text/csv", media == "application/csv":
		return formatCSV
	case media == "text/tab-separated-values":
		return formatTSV
	case strings.Contains(media, "ndjson"), strings.Contains(media, "jsonl"), strings.Contains(media, "json-lines"), strings.Contains(media, "json-seq"):
		return formatNDJSON
	}
	return formatJSON
}

// lines takes the rows of a page that has one JSON value a line.
func (f *fetcher) lines(in io.Reader) error {
	d := json.NewDecoder(in)
	for {
		var one json.RawMessage
		if err := d.Decode(&one); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return notJSON(err)
		}
		if err := f.keep(one); err != nil {
			return err
		}
	}
}

// document takes the rows of a page that is one JSON document.
func (f *fetcher) document(a *answer, in io.Reader) error {
	var wanted []jsonwalk.Path
	if f.Pagination != nil {
		for _, path := range f.Pagination.wanted {
			wanted = append(wanted, path)
		}
	}
	failed := error(nil)
	found, err := jsonwalk.Walk(in, f.records, wanted, func(one json.RawMessage) error {
		failed = f.keep(one)
		return failed
	})
	a.found = found
	switch {
	case failed != nil:
		return failed
	case err != nil:
		return notJSON(err)
	}
	return f.fits(found)
}

// fits refuses a document that does not have what it is asked for.
func (f *fetcher) fits(found jsonwalk.Found) error {
	switch {
	case !found.There:
		there := ""
		if len(found.Names) > 0 {
			there = "; there is: " + strings.Join(found.Names, ", ")
		}
		return fault.New(fault.Invalid, "the answer has nothing at %q%s", f.records.String(), there).With("records_missing")
	case f.Pagination != nil && !found.List && found.Last != nil && len(f.records) == 0:
		return settingFault("records", "the answer is an object, and its rows are in one of its members: say in records in which. There is: %s", strings.Join(membersOf(found.Last), ", "))
	case f.Response == "scalar" && (found.List || found.Last == nil || found.Last[0] == '{'):
		return settingFault("value_path", "the value must be text, a number, true or false, and not a list, an object or null: let value_path lead further")
	}
	return nil
}

func membersOf(object json.RawMessage) []string {
	found, _ := jsonwalk.Walk(bytes.NewReader(object), jsonwalk.Path{""}, nil, func(json.RawMessage) error { return nil })
	return found.Names
}

func notJSON(err error) error {
	why := err.Error()
	if syntax, is := errors.AsType[*json.SyntaxError](err); is {
		why = fmt.Sprintf("byte %d: %s", syntax.Offset, syntax.Error())
	} else if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		why = "it ends too early"
	}
	return fault.Wrap(fault.Invalid, err, "the answer is not well-formed JSON: %s", why).With("bad_json")
}

// keep writes one row. What is no object becomes one with the member value.
func (f *fetcher) keep(one json.RawMessage) error {
	if p := f.Pagination; p != nil && p.MaxRecords > 0 && f.rows >= p.MaxRecords || f.env.Enough > 0 && f.rows >= f.env.Enough {
		return errEnough
	}
	if len(one) > maxLine {
		return fault.New(fault.Invalid, "row %d is larger than %d MB", f.rows+1, maxLine>>20).With("row_too_large")
	}
	text, err := jsontext.AppendFormat(nil, one, jsontext.PreserveRawStrings(true))
	if err != nil {
		return fault.Wrap(fault.Invalid, err, "row %d cannot be read: %s", f.rows+1, strings.TrimPrefix(err.Error(), "jsontext: ")).With("bad_json")
	}
	if text[0] != '{' {
		text = append(append([]byte(`{"value":`), text...), '}')
	}
	f.rows++
	text = append(text, '\n')
	_, _ = f.sum.Write(text)
	if _, err = f.out.Write(text); err != nil {
		return fmt.Errorf("keep rows: %w", err)
	}
	return nil
}

// webPage is how pages for people, and XML, begin.
var webPage = regexp.MustCompile(`(?i)^<(!doctype|html|head|body|script|\?xml)`)

// mistaken refuses an answer that begins as something else than what it is taken for: web
// pages, and JSON that is taken for a table, which would be read as one.
func (f *fetcher) mistaken(in *bufio.Reader) error {
	beginning, _ := in.Peek(1 << 16)
	beginning = bytes.TrimLeft(beginning, " \t\r\n")
	table := f.format == formatCSV || f.format == formatTSV
	code := "bad_json"
	if table {
		code = "wrong_format"
	}
	if webPage.Match(beginning) {
		return fault.New(fault.Invalid, "the answer is a web page or XML, and no %s: %s", strings.ToUpper(f.format), outbound.Said(string(beginning[:min(len(beginning), 200)]))).With(code)
	}
	if !table || len(beginning) == 0 || beginning[0] != '{' && beginning[0] != '[' {
		return nil
	}
	var value json.RawMessage
	if err := json.NewDecoder(bytes.NewReader(beginning)).Decode(&value); err == nil || errors.Is(err, io.ErrUnexpectedEOF) {
		return fault.New(fault.Invalid, "the answer is JSON, and is taken for %s: set format to json or ndjson", strings.ToUpper(f.format)).With(code)
	}
	return nil
}

// alike refuses rows whose members differ by case alone: columns are told apart without it,
// and one of them would be empty. Where that is so, a column has got a number behind its
// name that no member has.
func (s *sourceAPI) alike(columns []node.Column) error {
	suspects := map[string]string{} // by the column, what it is like
	for _, c := range columns {
		cut := strings.LastIndexByte(c.Name, '_')
		if cut < 0 || strings.Trim(c.Name[cut+1:], "0123456789") != "" {
			continue
		}
		like := slices.IndexFunc(columns, func(o node.Column) bool { return strings.EqualFold(o.Name, c.Name[:cut]) })
		if like >= 0 {
			suspects[c.Name] = columns[like].Name
		}
	}
	if len(suspects) == 0 {
		return nil
	}
	file, err := os.Open(s.brought.file)
	if err != nil {
		return fmt.Errorf("read rows: %w", err)
	}
	defer func() { _ = file.Close() }()
	rows := json.NewDecoder(bufio.NewReader(file))
	for len(suspects) > 0 && rows.More() {
		var row map[string]json.RawMessage
		if err := rows.Decode(&row); err != nil {
			return fmt.Errorf("read rows: %w", err)
		}
		for name := range row {
			delete(suspects, name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(suspects)) {
		return fault.New(fault.Invalid, "rows have members that differ from %q by upper and lower case alone, and columns are not told apart by that", suspects[name]).With("columns_alike")
	}
	return nil
}
