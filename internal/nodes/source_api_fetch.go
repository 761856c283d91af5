package nodes

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/broked/broked/internal/calls"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/jsonwalk"
	"github.com/broked/broked/internal/node"
	"github.com/broked/broked/internal/outbound"
)

// brought is what came of asking for all pages: rows in a file, one JSON object a
// line, or files in CSV.
type brought struct {
	file string
	rows int64
	csv  *sourceFile
}

// fetcher asks for pages. A page lies in a file from its arrival until its rows are
// written behind those of the pages before it.
type fetcher struct {
	*sourceAPI
	env    node.Env
	client *calls.Client
	base   *url.URL
	body   []byte
	typ    string // of the body
	format string // once known
	out    *bufio.Writer
	rows   int64
	tables []string // pages in CSV
	seen   map[string]bool
	taken  int     // pages
	before *answer // the page that was taken last
}

// errEnough ends the reading when there are as many rows as are wanted.
var errEnough = errors.New("enough rows")

func (s *sourceAPI) fetcher(env node.Env) (*fetcher, error) {
	base, err := s.address(env)
	if err != nil {
		return nil, err
	}
	query := base.Query()
	for name, value := range s.Params {
		texts, err := paramTexts(value)
		if err != nil {
			return nil, err
		}
		for _, text := range texts {
			query.Add(name, text)
		}
	}
	if len(s.Params) > 0 {
		base.RawQuery = query.Encode()
	}
	f := &fetcher{sourceAPI: s, env: env, base: base, format: s.Format, seen: map[string]bool{}}
	if f.body, f.typ, err = bodyOf(s.Body); err != nil {
		return nil, err
	}
	f.client, err = s.client(env, outbound.Options{
		MaxBody: s.MaxAnswerMB << 20, Redirects: s.MaxRedirects, AtOnce: s.Execution.MaxConcurrency,
	}, s.Execution.RequestsPerSecond)
	return f, err
}

// bodyOf returns the body of a request and its type.
func bodyOf(setting any) (body []byte, contentType string, err error) {
	if text, is := setting.(string); is {
		if strings.HasPrefix(strings.TrimSpace(text), "{") && json.Valid([]byte(text)) {
			return []byte(text), "application/json", nil
		}
		return []byte(text), "text/plain; charset=utf-8", nil
	}
	if setting == nil {
		return nil, "", nil
	}
	body, err = json.Marshal(setting)
	return body, "application/json", err
}

// all asks for the pages and gathers their rows.
func (f *fetcher) all(ctx context.Context) (brought, error) {
	path := filepath.Join(f.env.Temp, "answer.ndjson")
	file, err := os.Create(path) //nolint:gosec // a folder of ours
	if err != nil {
		return brought{}, fmt.Errorf("keep rows: %w", err)
	}
	f.out = bufio.NewWriterSize(file, 1<<16)
	err = f.pages(ctx)
	if errors.Is(err, errEnough) {
		err = nil
	}
	if err = errors.Join(err, f.out.Flush(), file.Close()); err != nil {
		return brought{}, err
	}
	b := brought{file: path, rows: f.rows}
	if len(f.tables) > 0 {
		b.csv = &sourceFile{format: f.format, Types: f.Types, files: f.tables}
	}
	return b, nil
}

// pages asks for one page after another, or for several at once when their places
// are known.
func (f *fetcher) pages(ctx context.Context) error {
	p := f.Pagination
	if p == nil {
		one, err := f.load(ctx, []answer{{number: 1, url: f.base}})
		if err != nil {
			return err
		}
		return f.take(&one[0])
	}
	next := f.counted(1)
	if !p.counts() {
		next = []answer{{number: 1, url: p.first(f.base)}}
	}
	for len(next) > 0 {
		if next[0].number > p.MaxPages {
			return fault.New(fault.Invalid, "the API has more than %d pages: raise pagination.max_pages if that is right", p.MaxPages).With("too_many_pages")
		}
		loaded, err := f.load(ctx, next)
		if err != nil {
			return err
		}
		if next, err = f.takeAll(loaded); err != nil {
			return err
		}
	}
	f.env.Log(node.Info, "read %d rows from %d pages", f.rows, f.taken)
	return nil
}

// takeAll takes pages that were loaded together and returns the next ones.
func (f *fetcher) takeAll(loaded []answer) ([]answer, error) {
	p := f.Pagination
	for i := range loaded {
		a := &loaded[i]
		if err := f.take(a); err != nil {
			return nil, err
		}
		if err := f.even(a); err != nil {
			return nil, err
		}
		if end, err := p.ended(*a, f.records); end || err != nil {
			return nil, err
		}
	}
	last := loaded[len(loaded)-1]
	if p.counts() {
		return f.counted(last.number + 1), nil
	}
	u, err := p.next(f.base, last, f.records)
	if u == nil || err != nil {
		return nil, err
	}
	if f.seen[u.String()] {
		return nil, fault.New(fault.Invalid, "page %d names as the next page one that was read already, so this would never end", last.number).With("pages_in_circle")
	}
	return []answer{{number: last.number + 1, url: u}}, nil
}

// even refuses a page that has rows behind a page that was not full: they begin at a
// row that is too far on when several are asked for at once.
func (f *fetcher) even(a *answer) error {
	short := f.before
	f.before = a
	p := f.Pagination
	if p.Strategy != byOffset || f.Execution.MaxConcurrency == 1 || short == nil || short.rows >= p.PageSize || a.rows == 0 {
		return nil
	}
	return fault.New(fault.Invalid, "page %d has %d rows instead of %d, and yet there are more behind it: set pagination.page_size to what the API gives at most, or execution.max_concurrency to 1",
		short.number, short.rows, p.PageSize).With("uneven_pages")
}

// counted returns the next pages whose places are counted, from number on.
func (f *fetcher) counted(number int) []answer {
	p := f.Pagination
	var all []answer
	for i := range min(f.Execution.MaxConcurrency, max(p.MaxPages-number+1, 1)) {
		n := number + i
		u := with(p.first(f.base), p.PageParam, *p.Start+int64(n-1))
		if p.Strategy == byOffset {
			begin := *p.Start + f.rows
			if f.Execution.MaxConcurrency > 1 {
				begin = *p.Start + int64(n-1)*p.PageSize
			}
			u = with(p.first(f.base), p.OffsetParam, begin)
		}
		all = append(all, answer{number: n, url: u})
	}
	return all
}

// load asks for pages, all at once.
func (f *fetcher) load(ctx context.Context, pages []answer) ([]answer, error) {
	loaded := slices.Clone(pages)
	g, ctx := errgroup.WithContext(ctx)
	for i := range loaded {
		a := &loaded[i]
		f.seen[a.url.String()] = true
		a.file = filepath.Join(f.env.Temp, fmt.Sprintf("page-%d", a.number))
		g.Go(func() error {
			what := fmt.Sprintf("page %d", a.number)
			err := f.Execution.retries().do(ctx, f.env, what, func(ctx context.Context) error { return f.get(ctx, a) })
			return onPage(err, f.Pagination != nil, a.number)
		})
	}
	return loaded, g.Wait()
}

// onPage says of a fault which page it is about, if there are several.
func onPage(err error, several bool, number int) error {
	known, is := errors.AsType[*fault.Error](err)
	if !is || !several || len(known.Problems) > 0 {
		return err
	}
	return fault.Wrap(known.Kind, err, "page %d: %s", number, known.Msg).With(fault.CodeOf(known))
}

// get asks for one page, once.
func (f *fetcher) get(ctx context.Context, a *answer) error {
	req, err := f.request(ctx, a.url, f.body, f.typ)
	if err != nil {
		return err
	}
	res, err := f.client.Do(req)
	if err != nil {
		return f.tooLarge(err)
	}
	defer func() { _ = res.Body.Close() }()
	a.header = res.Header
	if a.missing = f.Pagination != nil && f.Pagination.counts() && a.number > 1 && res.StatusCode == http.StatusNotFound; a.missing {
		return nil
	}
	if err := f.success(res); err != nil {
		return err
	}
	file, err := os.Create(a.file)
	if err != nil {
		return fmt.Errorf("keep a page: %w", err)
	}
	_, err = io.Copy(file, res.Body)
	return f.tooLarge(errors.Join(err, file.Close()))
}

func (f *fetcher) tooLarge(err error) error {
	if fault.CodeOf(err) != "answer_too_large" {
		return err
	}
	return fault.Wrap(fault.Invalid, err, "the answer is larger than %d MB: ask for smaller pages, or raise max_answer_mb", f.MaxAnswerMB).With("answer_too_large")
}

// take writes the rows of a page behind those before it, once.
func (f *fetcher) take(a *answer) error {
	if a.missing || a.file == "" {
		return nil
	}
	path := a.file
	a.file = ""
	f.taken++
	before := f.rows
	err := f.read(a, path)
	a.rows = f.rows - before
	return onPage(err, f.Pagination != nil, a.number)
}

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
	switch {
	case empty != nil: // such as 204
	case f.format == formatCSV || f.format == formatTSV:
		return errors.Join(file.Close(), f.table(path))
	case f.format == formatNDJSON:
		err = f.lines(in)
	default:
		err = f.document(a, in)
	}
	return errors.Join(err, file.Close(), os.Remove(path))
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
	why := "it ends too early"
	if syntax, is := errors.AsType[*json.SyntaxError](err); is {
		why = fmt.Sprintf("byte %d: %s", syntax.Offset, syntax.Error())
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
	var line bytes.Buffer
	if err := json.Compact(&line, one); err != nil {
		return notJSON(err)
	}
	text := line.Bytes()
	if text[0] != '{' {
		text = append(append([]byte(`{"value":`), text...), '}')
	}
	f.rows++
	_, err := f.out.Write(append(text, '\n'))
	if err != nil {
		return fmt.Errorf("keep rows: %w", err)
	}
	return nil
}
