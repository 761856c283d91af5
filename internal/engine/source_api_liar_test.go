package engine_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/broked/broked/internal/job"
	"github.com/broked/broked/internal/outbound"
)

// lie answers request n, from 1, of a node. Other is another server, which keeps what it is told.
type lie func(w http.ResponseWriter, r *http.Request, n int64, other string)

// rowsOf is a page of rows with the ids from first to last.
func rowsOf(first, last int) string {
	var all []string
	for i := first; i <= last; i++ {
		all = append(all, fmt.Sprintf(`{"id":%d}`, i))
	}
	return "[" + strings.Join(all, ",") + "]"
}

// says answers with a type and a text.
func says(contentType, text string) lie {
	return func(w http.ResponseWriter, _ *http.Request, _ int64, _ string) {
		w.Header().Set("Content-Type", contentType)
		_, _ = io.WriteString(w, text)
	}
}

// pages answers with one JSON text after the other, whatever is asked for, and the last one
// again.
func pages(texts ...string) lie {
	return func(w http.ResponseWriter, r *http.Request, n int64, other string) {
		says("application/json", strings.ReplaceAll(texts[min(int(n), len(texts))-1], "OTHER", other))(w, r, n, other)
	}
}

// first answers the first request in one way, and others in another.
func first(once, then lie) lie {
	return func(w http.ResponseWriter, r *http.Request, n int64, other string) {
		if n == 1 {
			once(w, r, n, other)
			return
		}
		then(w, r, n, other)
	}
}

// status refuses with a header.
func status(code int, header, value string) lie {
	return func(w http.ResponseWriter, _ *http.Request, _ int64, _ string) {
		if header != "" {
			w.Header().Set(header, value)
		}
		w.WriteHeader(code)
	}
}

// packed answers with gzip, cut by so many bytes at its end.
func packed(text string, cut int) lie {
	return func(w http.ResponseWriter, _ *http.Request, _ int64, _ string) {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		_, _ = io.WriteString(z, text)
		_ = z.Close()
		w.Header().Set("Content-Encoding", "gzip")
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(b.Bytes()[:b.Len()-cut])
	}
}

// bomb is a gigabyte in a few bytes.
func bomb(w http.ResponseWriter, _ *http.Request, _ int64, _ string) {
	w.Header().Set("Content-Encoding", "gzip")
	z := gzip.NewWriter(w)
	defer func() { _ = z.Close() }()
	for range 1 << 10 {
		if _, err := z.Write(make([]byte, 1<<20)); err != nil {
			return
		}
	}
}

// broken says that it has more than it gives.
func broken(w http.ResponseWriter, _ *http.Request, _ int64, _ string) {
	w.Header().Set("Content-Length", "4000")
	_, _ = io.WriteString(w, `[{"id":1},{"id":2}`)
}

// ids are rows of one column as they are written.
func ids(first, last int) string {
	return strings.NewReplacer("[", "", "]", "\n", "},{", "}\n{").Replace(rowsOf(first, last))
}

const (
	byNumber = `"pagination": {"strategy": "numbered"}`
	byOffset = `"pagination": {"strategy": "offset", "page_size": 2}`
	byTotal  = `"records": "rows", "pagination": {"strategy": "numbered", "total_pages_path": "pages"}`
	byNext   = `"records": "rows", "pagination": {"strategy": "next_link", "next_path": "next"}`
	byCursor = `"records": "rows", "pagination": {"strategy": "cursor", "cursor_path": "next"}`
	quick    = `"execution": {"page_retry_delay": 1, "page_retry_backoff": "fixed"}`
)

// TestServersThatLie: what comes of a server that does not keep to what it says is exactly
// right, or a failure that says what is wrong.
func TestServersThatLie(t *testing.T) {
	t.Parallel()
	const rows2, rows4 = "{\"id\":1}\n{\"id\":2}\n", "{\"id\":1}\n{\"id\":2}\n{\"id\":3}\n{\"id\":4}\n"
	for name, tc := range map[string]struct {
		lie      lie
		settings string
		rows     string // that come out; or
		code     string
		words    string
		asked    int64 // 0 is any number
	}{
		"too few pages are told":               {lie: pages(`{"pages":1,"rows":[{"id":1},{"id":2}]}`, `{"pages":1,"rows":[{"id":3},{"id":4}]}`, `{"pages":1,"rows":[]}`), settings: byTotal, rows: rows4},
		"the last page is given again":         {lie: pages(`{"pages":1,"rows":[{"id":1},{"id":2}]}`), settings: byTotal, rows: rows2, asked: 2},
		"a page too far is a bad request":      {lie: first(pages(`{"pages":1,"rows":[{"id":1},{"id":2}]}`), status(422, "", "")), settings: byTotal, rows: rows2, asked: 2},
		"a name that is like another":          {lie: pages(`[{"id":1,"id_1":2}]`), rows: "{\"id\":1,\"id_1\":2}\n"},
		"a member twice, but for case, inside": {lie: pages(`[{"x":{"a":1,"A":2}}]`), code: "query_failed", words: `duplicate name "A"`},
		"no pages are told":                    {lie: pages(`{"pages":0,"rows":[{"id":1},{"id":2}]}`, `{"pages":0,"rows":[]}`), settings: byTotal, rows: rows2},
		"too many pages are told":              {lie: pages(`{"pages":9,"rows":[{"id":1},{"id":2}]}`, `{"pages":9,"rows":[]}`), settings: byTotal, code: "pages_missing", words: "9 pages"},
		"too many pages are told, and a 404":   {lie: first(pages(`{"pages":3,"rows":[{"id":1},{"id":2}]}`), status(404, "", "")), settings: byTotal, code: "pages_missing"},
		"the number of pages is negative":      {lie: pages(`{"pages":-1,"rows":[{"id":1},{"id":2}]}`, `{"pages":-1,"rows":[]}`), settings: byTotal, rows: rows2},
		"the number of pages is text":          {lie: pages(`{"pages":"many","rows":[{"id":1}]}`), settings: byTotal, code: "invalid_request", words: "no number of pages"},
		"the next page is this one":            {lie: pages(`{"next":"/x","rows":[{"id":1}]}`), settings: byNext, code: "pages_in_circle"},
		"the next page is the one before":      {lie: pages(`{"next":"/b","rows":[{"id":1}]}`, `{"next":"/x","rows":[{"id":2}]}`), settings: byNext, code: "pages_in_circle", asked: 2},
		"the next page is the same, renamed": {lie: func(w http.ResponseWriter, r *http.Request, n int64, o string) {
			pages(fmt.Sprintf(`{"next":"/x?t=%d","rows":[{"id":1},{"id":2}]}`, n))(w, r, 1, o)
		}, settings: byNext, code: "page_repeated", asked: 2},
		"the next page is elsewhere":            {lie: pages(`{"next":"OTHER/x","rows":[{"id":1}]}`), settings: byNext, code: "next_elsewhere"},
		"the next page is elsewhere, for short": {lie: pages(`{"next":"//localhost/x","rows":[{"id":1}]}`), settings: byNext, code: "next_elsewhere"},
		"the next page has a password":          {lie: pages(`{"next":"http://a:b@127.0.0.1/x","rows":[{"id":1}]}`), settings: byNext, code: "next_elsewhere"},
		"the next page is a list":               {lie: pages(`{"next":["/y"],"rows":[{"id":1}]}`), settings: byNext, code: "invalid_request"},
		"the next page is a script":             {lie: pages(`{"next":"javascript:alert(1)","rows":[{"id":1}]}`), settings: byNext, code: "next_elsewhere"},
		"the cursor stays":                      {lie: pages(`{"next":"a","rows":[{"id":1}]}`, `{"next":"a","rows":[{"id":2}]}`), settings: byCursor, code: "pages_in_circle"},
		"the cursor moves, the rows do not": {lie: func(w http.ResponseWriter, r *http.Request, n int64, o string) {
			pages(fmt.Sprintf(`{"next":"%d","rows":[{"id":1},{"id":2}]}`, n))(w, r, 1, o)
		}, settings: byCursor, code: "page_repeated", asked: 2},
		"the number of the page is ignored": {lie: pages(rowsOf(1, 2)), settings: byNumber, code: "page_repeated", words: "page 2 has exactly the rows of page 1", asked: 2},
		"the offset is ignored":             {lie: pages(rowsOf(1, 2)), settings: byOffset, code: "page_repeated", asked: 2},
		"the same page comes back later":    {lie: pages(rowsOf(1, 2), rowsOf(3, 4), rowsOf(1, 2)), settings: byNumber, code: "page_repeated", words: "page 3 has exactly the rows of page 1", asked: 3},
		"pages that are alike are wanted":   {lie: pages("[0,0]", "[0,0]", "[]"), settings: `"pagination": {"strategy": "numbered", "repeats": true}`, rows: strings.Repeat("{\"value\":0}\n", 4)},
		"the page size is ignored":          {lie: pages(rowsOf(1, 4), "[]"), settings: byOffset, rows: rows4},
		"the page size is ignored, at once": {lie: func(w http.ResponseWriter, r *http.Request, _ int64, o string) {
			pages(rowsOf(1+queried(r, "offset", 0), 8))(w, r, 1, o)
		}, settings: byOffset + `, "execution": {"max_concurrency": 2}`, code: "uneven_pages", words: "page 1 has 8 rows instead of 2"},
		"it ends in the middle of a value":  {lie: says("application/json", `[{"id":1},{"id":`), settings: quick, code: "bad_json"},
		"it ends in the middle of a list":   {lie: says("application/json", `[{"id":1}`), settings: quick, code: "bad_json"},
		"it ends in the middle of page 2":   {lie: pages(rowsOf(1, 2), `[{"id":3},`), settings: byNumber, code: "bad_json", words: "page 2"},
		"it ends before it begins":          {lie: says("application/json", ""), settings: `"types": {"id": "integer"}`, code: "bad_json", words: "empty"},
		"page 2 is empty, and no list":      {lie: pages(rowsOf(1, 2), ""), settings: byNumber, code: "bad_json", words: "page 2"},
		"a line is cut":                     {lie: says("application/x-ndjson", "{\"id\":1}\n{\"id\":"), code: "bad_json"},
		"the connection breaks off":         {lie: broken, settings: quick, code: "connection_failed"},
		"the connection breaks off once":    {lie: first(broken, pages(rowsOf(1, 2))), settings: quick, rows: rows2, asked: 2},
		"there is more behind the end":      {lie: says("application/json", `[{"id":1}] [{"id":2}]`), code: "bad_json"},
		"JSON that is called text":          {lie: says("text/plain", rowsOf(1, 2)), rows: rows2},
		"JSON that is called a page":        {lie: says("text/html", rowsOf(1, 2)), rows: rows2},
		"JSON that is called nothing":       {lie: says("", rowsOf(1, 2)), rows: rows2},
		"JSON that is called CSV":           {lie: says("text/csv", rowsOf(1, 2)), code: "wrong_format", words: "JSON"},
		"lines of JSON that are called CSV": {lie: says("text/csv", "{\"id\":1}\n{\"id\":2}\n"), code: "wrong_format"},
		"CSV that is called JSON":           {lie: says("application/json", "id\n1\n2\n"), code: "bad_json"},
		"a web page":                        {lie: says("text/html", "<!DOCTYPE html><html>sign in</html>"), code: "bad_json", words: "web page"},
		"a web page that is called CSV":     {lie: says("text/csv", "\n<html>\n<body>sign in, please</body></html>"), code: "wrong_format", words: "web page"},
		"a web page, where CSV is wanted":   {lie: says("text/html", "<!doctype html>\n<body>sign in, please</body></html>"), settings: `"format": "csv"`, code: "wrong_format", words: "web page"},
		"a web page as page 2":              {lie: first(pages(rowsOf(1, 2)), says("text/html", "<html>oops</html>")), settings: byNumber, code: "bad_json", words: "page 2"},
		"an error that is a success":        {lie: pages(`{"rows":[{"id":1}],"next":"/b"}`, `{"error":"no more for you"}`), settings: byNext, code: "records_missing", words: "error"},
		"busy":                              {lie: first(status(429, "", ""), pages(rowsOf(1, 2))), settings: quick, rows: rows2, asked: 2},
		"busy for no time":                  {lie: first(status(429, "Retry-After", "0"), pages(rowsOf(1, 2))), rows: rows2, asked: 2},
		"busy for a second":                 {lie: first(status(429, "Retry-After", "1"), pages(rowsOf(1, 2))), rows: rows2, asked: 2},
		"busy until a moment ago":           {lie: first(status(429, "Retry-After", time.Now().UTC().Add(-time.Hour).Format(http.TimeFormat)), pages(rowsOf(1, 2))), rows: rows2, asked: 2},
		"busy until soon": {lie: first(func(w http.ResponseWriter, r *http.Request, n int64, o string) {
			status(429, "Retry-After", time.Now().UTC().Add(2*time.Second).Format(http.TimeFormat))(w, r, n, o)
		}, pages(rowsOf(1, 2))), rows: rows2, asked: 2},
		"busy for an hour":                {lie: status(429, "Retry-After", "3600"), code: "bad_answer", words: "429", asked: 1},
		"busy until tomorrow":             {lie: status(503, "Retry-After", time.Now().UTC().Add(24*time.Hour).Format(http.TimeFormat)), code: "bad_answer", words: "503", asked: 1},
		"busy for a while that is none":   {lie: first(status(429, "Retry-After", "soon"), pages(rowsOf(1, 2))), settings: quick, rows: rows2, asked: 2},
		"busy for longer than numbers go": {lie: first(status(429, "Retry-After", "99999999999999999999"), pages(rowsOf(1, 2))), settings: quick, rows: rows2, asked: 2},
		"busy for ever":                   {lie: status(503, "", ""), settings: quick, code: "bad_answer", words: "503", asked: 4},
		"packed":                          {lie: packed(rowsOf(1, 2), 0), rows: rows2},
		"packed, and cut":                 {lie: packed(rowsOf(1, 2), 12), settings: quick, code: "connection_failed"},
		"packed, and its sum is missing":  {lie: packed(rowsOf(1, 2), 8), settings: quick, code: "connection_failed"},
		"not packed as it says": {lie: func(w http.ResponseWriter, r *http.Request, n int64, o string) {
			w.Header().Set("Content-Encoding", "gzip")
			pages(rowsOf(1, 2))(w, r, n, o)
		}, settings: quick, code: "connection_failed"},
		"a bomb": {lie: bomb, settings: `"max_answer_mb": 3`, code: "answer_too_large", words: "3 MB", asked: 1},
		"pages without end": {lie: func(w http.ResponseWriter, r *http.Request, n int64, o string) {
			pages(rowsOf(int(n), int(n)))(w, r, 1, o)
		}, settings: `"pagination": {"strategy": "numbered", "max_pages": 20}`, code: "too_many_pages", asked: 20},
		"a member twice":                     {lie: pages(`[{"id":1},{"id":2,"x":1,"id":3}]`), code: "bad_json", words: `"id"`},
		"a member twice, inside":             {lie: pages(`[{"id":1,"x":{"a":1,"a":2}}]`), code: "bad_json", words: `"a"`},
		"a member twice, but for case":       {lie: pages(`[{"id":1,"ID":2}]`), code: "columns_alike", words: `"id"`},
		"the rows twice":                     {lie: pages(`{"rows":[{"id":1}],"rows":[{"id":2}]}`), settings: `"records": "rows"`, code: "bad_json", words: `"rows"`},
		"no UTF-8":                           {lie: pages("[{\"id\":\"\xff\"}]"), code: "bad_json"},
		"numbers become text":                {lie: pages(`[{"id":1},{"id":2}]`, `[{"id":"x"}]`, "[]"), settings: byNumber, rows: "{\"id\":1}\n{\"id\":2}\n{\"id\":\"x\"}\n"},
		"text becomes an object":             {lie: pages(`[{"id":"a"}]`, `[{"id":{"a":1}}]`, "[]"), settings: byNumber, rows: "{\"id\":\"a\"}\n{\"id\":{\"a\":1}}\n"},
		"a column comes later":               {lie: pages(`[{"id":1}]`, `[{"id":2,"x":true}]`, "[]"), settings: byNumber, rows: "{\"id\":1,\"x\":null}\n{\"id\":2,\"x\":true}\n"},
		"a column comes later, but for case": {lie: pages(`[{"id":1}]`, `[{"ID":2}]`, "[]"), settings: byNumber, code: "columns_alike"},
		"rows become values":                 {lie: pages(`[{"id":1}]`, `[2]`, "[]"), settings: byNumber, rows: "{\"id\":1,\"value\":null}\n{\"id\":null,\"value\":2}\n"},
		"columns of CSV change places":       {lie: tables("id,x\n1,a\n", "x,id\nb,2\n"), settings: byHeader, code: "columns_differ"},
		"a column of CSV is missing":         {lie: tables("id,x\n1,a\n", "id\n2\n"), settings: byHeader, code: "columns_differ"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var asked atomic.Int64
			other := stranger(t)
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { tc.lie(w, r, asked.Add(1), other) }))
			t.Cleanup(server.Close)
			end, out := asks(t, server.URL+"/x", tc.settings)
			switch {
			case tc.code == "" && (end.Status != job.Success || out != tc.rows):
				t.Errorf("%+v, and there is %q, want %q", end.Error, out, tc.rows)
			case tc.code != "" && (end.Error == nil || end.Error.Code != tc.code || !strings.Contains(end.Error.Message, tc.words)):
				t.Errorf("%+v with %q, want %s: %s", end.Error, out, tc.code, tc.words)
			}
			if n := asked.Load(); tc.asked > 0 && n != tc.asked {
				t.Errorf("%d requests, want %d", n, tc.asked)
			}
		})
	}
}

const byHeader = `"pagination": {"strategy": "link_header"}`

// tables answers with pages in CSV, each of which names the next one.
func tables(texts ...string) lie {
	return func(w http.ResponseWriter, _ *http.Request, n int64, _ string) {
		w.Header().Set("Content-Type", "text/csv")
		if int(n) < len(texts) {
			w.Header().Set("Link", fmt.Sprintf(`</x?page=%d>; rel="next"`, n+1))
		}
		_, _ = io.WriteString(w, texts[n-1])
	}
}

// asks runs a source_api with settings on an address, and returns what is written.
func asks(t *testing.T, address, settings string) (end job.Message, out string) {
	t.Helper()
	w := newWorld(t, nil)
	config := map[string]any{}
	if err := json.Unmarshal([]byte("{"+settings+"}"), &config); err != nil {
		t.Fatal(settings, err)
	}
	config["url"] = address
	if config["headers"] == nil {
		config["headers"] = map[string]string{"X-Key": "s3cret-s3cret"}
	}
	text, err := json.Marshal(config)
	ok(t, err)
	j := w.job("in source_api "+string(text)+"\n out sink_file {\"path\": \"out.ndjson\"}", "in>out")
	j.Out.Policy = outbound.Policy{Allow: outbound.Loopback()}
	r := execute(t.Context(), t, j)
	if r.end.Status == job.Success {
		out = w.read("out.ndjson")
	}
	return r.end, out
}

// stranger is a server that fails the test when it is told a secret.
func stranger(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		told := fmt.Sprint(r.Header, r.URL)
		body, _ := io.ReadAll(r.Body)
		if told += string(body); strings.Contains(told, "s3cret") || r.Header.Get("Authorization") != "" || r.Header.Get("Cookie") != "" {
			t.Errorf("another server is told %s", told)
		}
		_, _ = io.WriteString(w, rowsOf(7, 8))
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// TestRedirectsOfServersThatLie: a redirect to another server is followed only where that is
// wanted, and nothing that is secret goes along.
func TestRedirectsOfServersThatLie(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		status         int
		settings, code string
	}{
		"not wanted":          {302, ``, "redirect_refused"},
		"a header":            {302, `"max_redirects": 1`, ""},
		"a name":              {307, `"max_redirects": 1, "auth_user": "me", "auth_password": "s3cret-s3cret"`, ""},
		"a parameter":         {308, `"max_redirects": 1, "params": {"key": "s3cret-s3cret"}`, ""},
		"a body":              {307, `"max_redirects": 1, "method": "POST", "body": {"key": "s3cret-s3cret"}`, "redirect_refused"},
		"a body that is left": {303, `"max_redirects": 1, "method": "POST", "body": {"key": "s3cret-s3cret"}`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			other := stranger(t)
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				http.SetCookie(w, &http.Cookie{Name: "session", Value: "s3cret-s3cret"})
				http.Redirect(w, r, other+"/y", tc.status)
			}))
			t.Cleanup(server.Close)
			end, out := asks(t, server.URL+"/x", tc.settings)
			if tc.code == "" && out != ids(7, 8) || tc.code != "" && (end.Error == nil || end.Error.Code != tc.code || strings.Contains(end.Error.Message, "s3cret")) {
				t.Errorf("%+v with %q, want %s", end.Error, out, tc.code)
			}
		})
	}
}
