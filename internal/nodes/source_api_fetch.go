package nodes

import (
	"bufio"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/broked/broked/internal/calls"
	"github.com/broked/broked/internal/fault"
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
	file   *os.File // of the rows
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
	sum    hash.Hash
	sums   map[string]int // numbers of pages by their rows
	full   int64          // rows of a page that is full
	told   int64          // how many pages there are, as a page has said
	beyond bool           // those have been read, and the last one was full
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
	f := &fetcher{sourceAPI: s, env: env, base: base, format: s.Format, seen: map[string]bool{}, sum: sha256.New(), sums: map[string]int{}, full: -1}
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
	f.file, f.out = file, bufio.NewWriterSize(file, 1<<16)
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
		end, err := f.takeOnce(a)
		if err == nil && !end {
			err = f.even(a)
		}
		if err == nil && !end {
			end, err = f.ended(a)
		}
		if end || err != nil {
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

// takeOnce is take for a page of several. The rows of another page are a fault, unless they come
// behind the last page that there is said to be: there some servers give the last one again.
func (f *fetcher) takeOnce(a *answer) (end bool, err error) {
	var begun int64
	if f.beyond {
		if err := f.out.Flush(); err != nil {
			return false, fmt.Errorf("keep rows: %w", err)
		}
		if begun, err = f.file.Seek(0, io.SeekCurrent); err != nil {
			return false, fmt.Errorf("keep rows: %w", err)
		}
	}
	f.sum.Reset()
	before := f.rows
	if err := f.take(a); err != nil {
		return false, err
	}
	sum := string(f.sum.Sum(nil))
	first, known := f.sums[sum]
	if a.rows < 2 || f.Pagination.Repeats || !known {
		f.sums[sum] = a.number
		return false, nil
	}
	if !f.beyond {
		return false, fault.New(fault.Invalid, "page %d has exactly the rows of page %d, as if the API gave the same page again: see what it takes for the next one. If pages may be alike, set pagination.repeats", a.number, first).With("page_repeated")
	}
	f.out.Reset(f.file)
	_, err = f.file.Seek(begun, io.SeekStart)
	f.rows = before
	return true, errors.Join(err, f.file.Truncate(begun))
}

// ended reports whether a is the last page. Where the number of pages is told, one more is
// asked for when the last one is full, and it is a fault when pages lack.
func (f *fetcher) ended(a *answer) (bool, error) {
	p := f.Pagination
	end, err := p.ended(*a, f.records)
	if err != nil || p.TotalPagesPath == "" {
		return end, err
	}
	if f.full < 0 {
		f.full = cmp.Or(p.PageSize, a.rows)
	}
	if err := f.hear(a); err != nil {
		return false, err
	}
	at := p.position(*a)
	if a.missing && at <= f.told || a.rows == 0 && at < f.told {
		return false, fault.New(fault.Invalid, "page %d has no rows, and there are said to be %d pages: see pagination.total_pages_path", a.number, f.told).With("pages_missing")
	}
	if end || at < f.told {
		return end, nil
	}
	f.beyond = a.rows > 0 && a.rows >= f.full
	return !f.beyond, nil
}

// hear notes how many pages there are, as a page says. One without rows need not say.
func (f *fetcher) hear(a *answer) error {
	if a.missing {
		return nil
	}
	told, err := f.Pagination.total(*a, f.records)
	switch {
	case err == nil:
		f.told = told
	case a.rows > 0:
		return err
	}
	return nil
}

// even refuses a page that has rows behind a page that was not full: they begin at a
// row that is too far on when several are asked for at once.
func (f *fetcher) even(a *answer) error {
	short := f.before
	f.before = a
	p := f.Pagination
	if p.Strategy == byOffset && f.Execution.MaxConcurrency > 1 && a.rows > p.PageSize {
		return fault.New(fault.Invalid, "page %d has %d rows instead of %d, which are in the pages behind it as well: set execution.max_concurrency to 1", a.number, a.rows, p.PageSize).With("uneven_pages")
	}
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
	if a.missing = f.Pagination != nil && f.Pagination.counts() && a.number > 1 && f.lacks(res.StatusCode); a.missing {
		return nil
	}
	if err := f.success(res); err != nil {
		return err
	}
	a.nothing = res.StatusCode == http.StatusNoContent || res.StatusCode == http.StatusResetContent
	file, err := os.Create(a.file)
	if err != nil {
		return fmt.Errorf("keep a page: %w", err)
	}
	_, err = io.Copy(file, res.Body)
	return f.tooLarge(errors.Join(err, file.Close()))
}

// lacks reports whether a status says that there is no such page. Some servers call one that is
// too far a bad request.
func (f *fetcher) lacks(status int) bool {
	bad := status == http.StatusBadRequest || status == http.StatusRequestedRangeNotSatisfiable || status == http.StatusUnprocessableEntity
	return status == http.StatusNotFound || f.beyond && bad
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
