package nodes

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/jsonwalk"
	"github.com/broked/broked/internal/node"
	"github.com/broked/broked/internal/weblink"
)

// The ways in which an API tells where the next page is.
const (
	byOffset = "offset"
	byNumber = "numbered"
	byCursor = "cursor"
	byNext   = "next_link"
	byHeader = "link_header"
)

const defaultPages = 10_000

var paginationSchema = node.Schema{Type: node.TypeObject, Title: "Pagination", Tag: "strategy", Variants: []node.Variant{
	paged(byOffset, "Pages begin at a row. Asks until a page has no rows, or is not found.",
		text("offset_param", "Parameter of the first row", "offset", ""),
		text("limit_param", "Parameter of the page size", "limit", ""),
		node.Field{Name: "page_size", Schema: node.Schema{Type: node.TypeInteger, Title: "Page size", Default: 100, Min: new(1.0), Max: new(1e6)}},
		whole("start", "First row", 0), endFlag),
	paged(byNumber, "Pages have numbers. Asks until a page has no rows, or is not found.",
		text("page_param", "Parameter of the number", "page", ""),
		whole("start", "First page", 1),
		text("limit_param", "Parameter of the page size", nil, "Left out, page_size is not sent."),
		pageSize,
		text("total_pages_path", "Number of pages", nil, "Where in the answer their number is, such as meta.total_pages. It saves asking for a page too many when the last one is not full, and a page that lacks is an error."), endFlag),
	paged(byCursor, "Each page has a mark that the next one is asked for with. Ends when there is none.",
		required(text("cursor_path", "Cursor", nil, "Where in the answer the mark is, such as meta.next_cursor. data.-1.id is the id of the last row when the rows are in data.")),
		text("cursor_param", "Parameter of the cursor", "cursor", ""),
		text("limit_param", "Parameter of the page size", nil, "Left out, page_size is not sent."), pageSize, endFlag),
	paged(byNext, "Each page has the address of the next one in it. Ends when there is none.",
		required(text("next_path", "Next page", nil, "Where in the answer the address is, such as links.next.")), endFlag),
	paged(byHeader, "The header Link has the address of the next page. Ends when there is none.",
		text("rel", "Relation", "next", "")),
}}

func paged(strategy, help string, fields ...node.Field) node.Variant {
	return node.Variant{Tag: strategy, Schema: node.Schema{Type: node.TypeObject, Title: strategy, Help: help, Fields: append(fields,
		node.Field{Name: "max_records", Schema: node.Schema{Type: node.TypeInteger, Title: "Most rows", Min: new(1.0), Help: "Stops after so many rows."}},
		node.Field{Name: "max_pages", Schema: node.Schema{Type: node.TypeInteger, Title: "Most pages", Default: defaultPages, Min: new(1.0), Max: new(1e6), Help: "A further page fails the node: an API that never ends must not run for ever."}},
		node.Field{Name: "repeats", Schema: node.Schema{Type: node.TypeBoolean, Title: "Pages may be alike", Default: false, Help: "Off, a page with exactly the rows of another one fails the node: an API that does not heed what it is asked for gives the same page again and again."}},
	)}}
}

func text(name, title string, byDefault any, help string) node.Field {
	return node.Field{Name: name, Schema: node.Schema{Type: node.TypeString, Title: title, MinLen: 1, Default: byDefault, Help: help}}
}

func whole(name, title string, byDefault int) node.Field {
	return node.Field{Name: name, Schema: node.Schema{Type: node.TypeInteger, Title: title, Default: byDefault, Min: new(0.0)}}
}

func required(f node.Field) node.Field {
	f.Required = true
	return f
}

var (
	pageSize = node.Field{Name: "page_size", Schema: node.Schema{Type: node.TypeInteger, Title: "Page size", Min: new(1.0), Max: new(1e6)}}
	endFlag  = text("end_flag", "End", nil, "Where in the answer a value is that is true on the last page, such as done; with ! in front, one that is false there, such as !has_more.")
)

// pagination says how to get from one page to the next.
type pagination struct {
	Strategy       string `json:"strategy"`
	OffsetParam    string `json:"offset_param"`
	LimitParam     string `json:"limit_param"`
	PageParam      string `json:"page_param"`
	PageSize       int64  `json:"page_size"`
	Start          *int64 `json:"start"`
	CursorPath     string `json:"cursor_path"`
	CursorParam    string `json:"cursor_param"`
	NextPath       string `json:"next_path"`
	Rel            string `json:"rel"`
	EndFlag        string `json:"end_flag"`
	TotalPagesPath string `json:"total_pages_path"`
	MaxRecords     int64  `json:"max_records"`
	MaxPages       int    `json:"max_pages"`
	Repeats        bool   `json:"repeats"`

	wanted map[string]jsonwalk.Path // by setting
}

// check reads the paths and sets what is left out.
func (p *pagination) check(format string, atOnce int) error {
	if err := p.findPaths(format); err != nil {
		return err
	}
	switch {
	case (format == formatCSV || format == formatTSV) && p.Strategy != byHeader:
		return settingFault("pagination.strategy", "must be link_header: rows of %s are counted only after all pages were read", format)
	case atOnce > 1 && !p.counts():
		return settingFault("execution.max_concurrency", "must be 1 with %s: where a page is stands in the one before it", p.Strategy)
	case p.PageSize > 0 && p.LimitParam == "" && p.Strategy != byOffset:
		return settingFault("pagination.limit_param", "is missing: page_size is sent by it")
	}
	p.defaults()
	return nil
}

func (p *pagination) findPaths(format string) error {
	p.wanted = map[string]jsonwalk.Path{}
	for setting, path := range map[string]string{
		"cursor_path": p.CursorPath, "next_path": p.NextPath, "total_pages_path": p.TotalPagesPath, "end_flag": strings.TrimPrefix(p.EndFlag, "!"),
	} {
		if path == "" {
			continue
		}
		at, err := pathSetting("pagination."+setting, path)
		switch {
		case err != nil:
			return err
		case len(at) == 0:
			return settingFault("pagination."+setting, "must name a value in the answer")
		case format != "" && format != formatJSON:
			return settingFault("pagination."+setting, "is looked for in JSON, and format is %s", format)
		}
		p.wanted[setting] = at
	}
	return nil
}

func (p *pagination) defaults() {
	or := func(value *string, byDefault string) {
		if *value == "" {
			*value = byDefault
		}
	}
	or(&p.OffsetParam, "offset")
	or(&p.PageParam, "page")
	or(&p.CursorParam, "cursor")
	or(&p.Rel, "next")
	if p.Strategy == byOffset {
		or(&p.LimitParam, "limit")
		if p.PageSize == 0 {
			p.PageSize = 100
		}
	}
	if p.Start == nil {
		p.Start = new(map[string]int64{byNumber: 1}[p.Strategy])
	}
	if p.MaxPages == 0 {
		p.MaxPages = defaultPages
	}
}

// counts reports whether the place of a page is known without the one before it.
func (p *pagination) counts() bool { return p.Strategy == byOffset || p.Strategy == byNumber }

// first returns the address of the first page.
func (p *pagination) first(base *url.URL) *url.URL {
	u := base
	if p.LimitParam != "" && p.PageSize > 0 {
		u = with(u, p.LimitParam, p.PageSize)
	}
	switch p.Strategy {
	case byOffset:
		return with(u, p.OffsetParam, *p.Start)
	case byNumber:
		return with(u, p.PageParam, *p.Start)
	}
	return u
}

// with returns u with a parameter.
func with(u *url.URL, name string, value any) *url.URL {
	changed, query := *u, u.Query()
	query.Set(name, fmt.Sprint(value))
	changed.RawQuery = query.Encode()
	return &changed
}

// answer is one page.
type answer struct {
	number  int // from 1
	url     *url.URL
	header  http.Header
	missing bool // the server says that there is no such page
	nothing bool // it says that there is nothing to say
	file    string
	rows    int64
	found   jsonwalk.Found
}

// value returns what the setting's path leads to in a page, as text; nothing, null
// and empty text are "".
func (p *pagination) value(a answer, setting string, records jsonwalk.Path) (string, error) {
	path := p.wanted[setting]
	raw := a.found.Values[path.String()]
	if n := len(records); raw == nil && len(path) > n && slices.Equal(path[:n], records) && path[n] == jsonwalk.Last && a.found.List {
		raw, _ = jsonwalk.Lookup(a.found.Last, path[n+1:])
	}
	var v any
	if raw != nil {
		d := json.NewDecoder(strings.NewReader(string(raw)))
		d.UseNumber()
		if err := d.Decode(&v); err != nil {
			return "", fmt.Errorf("value of %s: %w", setting, err)
		}
	}
	switch v := v.(type) {
	case nil:
		return "", nil
	case string:
		return v, nil
	case json.Number, bool:
		return fmt.Sprint(v), nil
	}
	return "", settingFault("pagination."+setting, "leads to a list or an object on page %d, and must lead to text or a number", a.number)
}

// ended reports whether a is the last page, as far as it says so itself.
func (p *pagination) ended(a answer, records jsonwalk.Path) (bool, error) {
	if a.missing || p.counts() && a.rows == 0 {
		return true, nil
	}
	if p.EndFlag != "" {
		flag, err := p.value(a, "end_flag", records)
		if err != nil {
			return false, err
		}
		if yes := flag != "" && flag != "false" && flag != "0"; yes != strings.HasPrefix(p.EndFlag, "!") {
			return true, nil
		}
	}
	return false, nil
}

// total returns how many pages there are, as a page says.
func (p *pagination) total(a answer, records jsonwalk.Path) (int64, error) {
	total, err := p.value(a, "total_pages_path", records)
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseInt(total, 10, 64)
	if err != nil {
		return 0, settingFault("pagination.total_pages_path", "leads to %q on page %d, which is no number of pages", total, a.number)
	}
	return n, nil
}

// position returns how many pages there are up to a.
func (p *pagination) position(a answer) int64 { return int64(a.number) + max(*p.Start, 1) - 1 }

// next returns the address of the page after a, or nil when there is none.
func (p *pagination) next(base *url.URL, a answer, records jsonwalk.Path) (*url.URL, error) {
	switch p.Strategy {
	case byCursor:
		cursor, err := p.value(a, "cursor_path", records)
		if cursor == "" || err != nil {
			return nil, err
		}
		return with(p.first(base), p.CursorParam, cursor), nil
	case byNext:
		to, err := p.value(a, "next_path", records)
		if to == "" || err != nil {
			return nil, err
		}
		return follow(a, to)
	case byHeader:
		to, there := weblink.Find(a.header.Values("Link"), p.Rel)
		if !there {
			return nil, nil //nolint:nilnil // there is no next page
		}
		return follow(a, to)
	}
	return nil, nil //nolint:nilnil // the place of a page is counted
}

// follow returns the address that a page gives for the next one. It leads to the
// same server, which alone may see the headers of the request.
func follow(a answer, to string) (*url.URL, error) {
	u, err := a.url.Parse(to)
	if err != nil {
		return nil, fault.New(fault.Invalid, "page %d names a next page by what is no address", a.number).With("bad_next_page")
	}
	if u.Scheme == "http" && a.url.Scheme == "https" && u.Hostname() == a.url.Hostname() && u.Port() == a.url.Port() {
		u.Scheme = "https" // behind a proxy that decrypts, servers do not know better
	}
	if u.Scheme != a.url.Scheme || u.Host != a.url.Host || u.User != nil {
		return nil, fault.New(fault.Denied, "page %d names a next page on %s://%s, and pages are only read from the server of the address", a.number, u.Scheme, u.Host).With("next_elsewhere")
	}
	u.Fragment = ""
	return u, nil
}
