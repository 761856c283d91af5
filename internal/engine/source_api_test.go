package engine_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/broked/broked/internal/job"
	"github.com/broked/broked/internal/outbound"
)

// listing is an API with 25 rows that gives out its pages in every way, and lies
// and fails in many.
type listing struct {
	asked  atomic.Int64
	failed atomic.Int64
	url    string
}

const listed25 = 25

func newListing(t *testing.T) *listing {
	t.Helper()
	l := &listing{}
	s := httptest.NewServer(l)
	t.Cleanup(s.Close)
	l.url = s.URL
	return l
}

func queried(r *http.Request, name string, byDefault int) int {
	if n, err := strconv.Atoi(r.URL.Query().Get(name)); err == nil {
		return n
	}
	return byDefault
}

// page returns rows from, from 0, in JSON; the last has a member that the others lack.
func page(from, size int) string {
	rows := []string{}
	for i := max(from, 0); i < min(from+size, listed25); i++ {
		more := ""
		if i == listed25-1 {
			more = `, "late": {"x": [1.5]}`
		}
		rows = append(rows, fmt.Sprintf(`{"id": %d, "zip": "0%d"%s}`, i, i, more))
	}
	return "[" + strings.Join(rows, ", ") + "]"
}

// ServeHTTP implements http.Handler.
func (l *listing) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	l.asked.Add(1)
	limit := queried(r, "limit", 10)
	switch r.URL.Path {
	case "/offset":
		fmt.Fprint(w, page(queried(r, "offset", 0), limit))
	case "/capped":
		fmt.Fprint(w, page(queried(r, "offset", 0), min(limit, 10)))
	case "/more":
		from := queried(r, "offset", 0)
		fmt.Fprintf(w, `{"items": %s, "has_more": %t}`, page(from, limit), from+limit < listed25)
	case "/numbered": // as Django does: a page too far is not found
		n := queried(r, "page", 1)
		if n > 3 {
			http.NotFound(w, r)
			return
		}
		fmt.Fprintf(w, `{"meta": {"pages": 3}, "results": %s}`, page((n-1)*10, 10))
	case "/last": // the mark is the id of the last row
		after := queried(r, "after", -1)
		fmt.Fprintf(w, `{"has_more": %t, "data": %s}`, after+11 < listed25, page(after+1, 10))
	case "/next":
		from, next := queried(r, "from", 0), "null"
		if from+10 < listed25 {
			next = fmt.Sprintf(`"/next?from=%d"`, from+10)
		}
		fmt.Fprintf(w, `{"links": {"next": %s}, "rows": %s}`, next, page(from, 10))
	case "/link", "/csv":
		l.linked(w, r)
	default:
		l.wrong(w, r)
	}
}

func (l *listing) linked(w http.ResponseWriter, r *http.Request) {
	from := queried(r, "from", 0)
	if from+10 < listed25 {
		w.Header().Add("Link", `<https://elsewhere.example/>; rel="prev", <`+fmt.Sprintf("%s%s?from=%d&x=1,2", l.url, r.URL.Path, from+10)+`>; rel="next"`)
	}
	if r.URL.Path == "/link" {
		fmt.Fprint(w, page(from, 10))
		return
	}
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	fmt.Fprintln(w, "id,zip")
	for i := from; i < min(from+10, listed25); i++ {
		fmt.Fprintf(w, "%d,%05d\n", i, i)
	}
}

// wrong are answers that are not what they should be.
func (l *listing) wrong(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	switch r.URL.Path {
	case "/busy": // every other request is one too many
		if l.failed.Add(1)%2 == 1 {
			w.Header().Set("Retry-After", "0")
			http.Error(w, "slow down", http.StatusTooManyRequests)
			return
		}
		fmt.Fprint(w, page(queried(r, "offset", 0), 10))
	case "/cut":
		if l.failed.Add(1) == 1 {
			w.Header().Set("Content-Length", "99999")
		}
		fmt.Fprint(w, page(0, 10))
	case "/patience":
		w.Header().Set("Retry-After", "3600")
		w.WriteHeader(http.StatusServiceUnavailable)
	case "/broken3":
		text := page(queried(r, "offset", 0), 10)
		if queried(r, "offset", 0) == 20 {
			text = strings.Replace(text, "},", "}!,", 1)
		}
		fmt.Fprint(w, text)
	case "/endless":
		for {
			if _, err := fmt.Fprint(w, strings.Repeat(" ", 1<<20)); err != nil {
				return
			}
		}
	case "/circle":
		fmt.Fprint(w, `{"next": "`+l.url+`/circle", "rows": [1]}`)
	case "/elsewhere":
		fmt.Fprint(w, `{"next": "http://127.0.0.1:1/", "rows": [1]}`)
	case "/forever":
		fmt.Fprintf(w, `{"cursor": %d, "rows": []}`, queried(r, "cursor", 0)+1)
	case "/echo":
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprintf(w, "no\nentry for %s\x00", r.Header.Get("Authorization"))
	case "/empty":
		w.WriteHeader(http.StatusNoContent)
	case "/none":
		fmt.Fprint(w, `{"data": []}`)
	case "/move":
		http.Redirect(w, r, "/offset?limit=3", http.StatusFound)
	case "/metadata":
		http.Redirect(w, r, "http://169.254.169.254/latest/meta-data", http.StatusFound)
	case "/html":
		fmt.Fprint(w, "<html>sign in</html>")
	case "/ndjson":
		w.Header().Set("Content-Type", "application/x-ndjson")
		fmt.Fprint(w, "{\"id\": 1}\n{\"id\": 2, \"day\": \"2024-01-31\"}\n")
	}
}

// fetched runs a source_api node with settings, whose path is called on l.
func fetched(t *testing.T, l *listing, path, settings string) (report, *world) {
	t.Helper()
	w := newWorld(t, nil)
	config := map[string]any{}
	if err := json.Unmarshal([]byte(settings), &config); err != nil {
		t.Fatal(settings, err)
	}
	config["url"] = l.url + path
	text, err := json.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	j := w.job("in source_api "+string(text)+"\n out sink_file {\"path\": \"out.ndjson\"}", "in>out")
	j.Out.Policy = outbound.Policy{Allow: outbound.Loopback()}
	return execute(t.Context(), t, j), w
}

func TestPagesOfAnAPI(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		path, settings string
		rows, asked    int64
	}{
		{"/offset?limit=25", `{}`, 25, 1},
		{"/offset", `{"pagination": {"strategy": "offset", "page_size": 10}}`, 25, 4},
		{"/offset", `{"pagination": {"strategy": "offset", "page_size": 10}, "execution": {"max_concurrency": 4}}`, 25, 4},
		{"/offset", `{"pagination": {"strategy": "offset", "page_size": 5, "start": 3}, "execution": {"max_concurrency": 2, "requests_per_second": 1000}}`, 22, 6},
		{"/offset", `{"pagination": {"strategy": "offset", "page_size": 10, "max_records": 12}}`, 12, 2},
		{"/capped", `{"pagination": {"strategy": "offset", "page_size": 20}}`, 25, 4},
		{"/more", `{"records": "items", "pagination": {"strategy": "offset", "page_size": 10, "end_flag": "!has_more"}}`, 25, 3},
		{"/numbered", `{"json_path": "$.results[*]", "pagination": {"strategy": "numbered"}}`, 25, 4},
		{"/numbered", `{"records": "results", "pagination": {"strategy": "numbered", "total_pages_path": "meta.pages"}}`, 25, 3},
		{"/numbered", `{"records": "results", "pagination": {"strategy": "numbered", "start": 2, "total_pages_path": "meta.pages"}}`, 15, 2},
		{"/numbered", `{"records": "results", "pagination": {"strategy": "numbered", "start": 2}, "execution": {"max_concurrency": 3}}`, 15, 3},
		{"/last", `{"records": "data", "pagination": {"strategy": "cursor", "cursor_path": "data.-1.id", "cursor_param": "after", "end_flag": "!has_more"}}`, 25, 3},
		{"/next", `{"records": "rows", "pagination": {"strategy": "next_link", "next_path": "links.next"}}`, 25, 3},
		{"/link", `{"pagination": {"strategy": "link_header"}}`, 25, 3},
		{"/csv", `{"pagination": {"strategy": "link_header"}}`, 25, 3},
		{"/csv", `{"format": "csv", "types": {"id": "text"}, "pagination": {"strategy": "link_header"}}`, 25, 3},
		{"/busy", `{"pagination": {"strategy": "offset", "page_size": 10}}`, 25, 8},
		{"/busy", `{"pagination": {"strategy": "offset", "page_size": 10}, "execution": {"max_concurrency": 4, "page_retry_backoff": "fixed", "page_retry_delay": 0, "page_max_retries": 20}}`, 25, -1},
		{"/cut", `{"execution": {"page_retry_delay": 1, "page_retry_backoff": "linear"}}`, 10, 2},
		{"/move", `{"max_redirects": 1}`, 3, 2},
		{"/ndjson", `{}`, 2, 1},
		{"/offset?limit=2", `{"response": "scalar", "value_path": "[1].zip"}`, 1, 1},
		{"/none", `{"records": "data", "types": {"id": "integer"}}`, 0, 1},
		{"/empty", `{"types": {"id": "integer"}}`, 0, 1},
	} {
		t.Run(tc.path+" "+tc.settings, func(t *testing.T) {
			t.Parallel()
			l := newListing(t)
			r, w := fetched(t, l, tc.path, tc.settings)
			if r.end.Status != job.Success || *r.nodes["in"].Rows != tc.rows || *r.nodes["out"].Rows != tc.rows {
				t.Fatalf("%+v %+v", r.end.Error, r.nodes)
			}
			if asked := l.asked.Load(); asked != tc.asked && tc.asked >= 0 {
				t.Errorf("%d requests, want %d", asked, tc.asked)
			}
			out := w.read("out.ndjson")
			if tc.rows == listed25 && strings.HasPrefix(tc.path, "/") && !strings.HasPrefix(tc.path, "/csv") &&
				(!strings.HasPrefix(out, `{"id":0,"zip":"00","late":null}`) || !strings.Contains(out, `{"id":24,"zip":"024","late":{"x":[1.5]}}`)) {
				t.Error(out)
			}
			if strings.HasPrefix(tc.path, "/csv") && !strings.Contains(out, `"zip":"00024"}`) {
				t.Error(out)
			}
			if tc.path == "/offset?limit=2" && out != "{\"value\":\"01\"}\n" {
				t.Error(out)
			}
		})
	}
}

func TestFailuresOfAnAPI(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ path, settings, code, words string }{
		{"/patience", `{}`, "bad_answer", "127.0.0.1 answered 503 Service Unavailable"},
		{"/broken3", `{"pagination": {"strategy": "offset", "page_size": 10}}`, "bad_json", "page 3: the answer is not well-formed JSON: byte 25"},
		{"/cut", `{"execution": {"retry_scope": "node"}}`, "connection_failed", ""},
		{"/endless", `{"max_answer_mb": 2}`, "answer_too_large", "larger than 2 MB: ask for smaller pages, or raise max_answer_mb"},
		{"/circle", `{"records": "rows", "pagination": {"strategy": "next_link", "next_path": "next"}}`, "pages_in_circle", "page 1 names as the next page one that was read already"},
		{"/elsewhere", `{"records": "rows", "pagination": {"strategy": "next_link", "next_path": "next"}}`, "next_elsewhere", "page 1 names a next page on http://127.0.0.1:1"},
		{"/forever", `{"records": "rows", "pagination": {"strategy": "cursor", "cursor_path": "cursor", "max_pages": 7}}`, "too_many_pages", "more than 7 pages"},
		{"/capped", `{"pagination": {"strategy": "offset", "page_size": 12}, "execution": {"max_concurrency": 2}}`, "uneven_pages", "page 1 has 10 rows instead of 12"},
		{"/capped", `{"pagination": {"strategy": "offset", "page_size": 13}, "execution": {"max_concurrency": 2}}`, "uneven_pages", ""},
		{"/echo", `{"headers": {"Authorization": "Bearer s3cret-s3cret"}}`, "bad_answer", "127.0.0.1 answered 403 Forbidden: no entry for ********"},
		{"/echo", `{"auth_user": "me", "auth_password": "s3cret-s3cret"}`, "bad_answer", "403 Forbidden: no entry for "},
		{"/none", `{"records": "data"}`, "no_records", "name them in types"},
		{"/none", `{"records": "rows"}`, "records_missing", `nothing at "rows"; there is: data`},
		{"/none", `{"pagination": {"strategy": "offset"}}`, "invalid_request", "records"},
		{"/none", `{"response": "scalar", "value_path": "data"}`, "invalid_request", "value_path"},
		{"/html", `{}`, "bad_json", "the answer is a web page or XML, and no JSON: <html>sign in"},
		{"/move", `{}`, "redirect_refused", ""},
		{"/metadata", `{"max_redirects": 5}`, "ssrf_blocked", ""},
		{"/csv", `{"pagination": {"strategy": "offset"}}`, "invalid_request", "link_header"},
	} {
		t.Run(tc.path+" "+tc.settings, func(t *testing.T) {
			t.Parallel()
			r, _ := fetched(t, newListing(t), tc.path, tc.settings)
			if r.end.Error == nil || r.end.Error.Code != tc.code || !strings.Contains(r.end.Error.Message, tc.words) || strings.Contains(r.end.Error.Message, "s3cret") {
				t.Errorf("%+v, want %s: %s", r.end.Error, tc.code, tc.words)
			}
		})
	}
}
