package engine_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/broked/broked/internal/job"
	"github.com/broked/broked/internal/nodes"
	"github.com/broked/broked/internal/outbound"
)

// inbox is an API that keeps the ids that it is sent, once for each key.
type inbox struct {
	mu     sync.Mutex
	keys   []string
	ids    []int
	asked  int
	answer func(asked int, w http.ResponseWriter, r *http.Request) bool // false: as usual
}

// ServeHTTP implements http.Handler.
func (i *inbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	i.mu.Lock()
	defer i.mu.Unlock()
	i.asked++
	r.Header.Set("X-Body", string(body)) // for whoever answers
	if i.answer != nil && i.answer(i.asked, w, r) {
		return
	}
	var rows []struct {
		ID int `json:"id"`
	}
	if err := json.Unmarshal(body, &rows); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	key := r.Header.Get("Idempotency-Key")
	if key != "" && slices.Contains(i.keys, key) {
		return
	}
	i.keys = append(i.keys, key)
	for _, row := range rows {
		i.ids = append(i.ids, row.ID)
	}
}

// sent runs 25 rows into a sink_api node with settings.
func sent(t *testing.T, i *inbox, settings string) report {
	t.Helper()
	r, _ := sentIn(t, i, settings)
	return r
}

func sentIn(t *testing.T, i *inbox, settings string) (report, *world) {
	t.Helper()
	s := httptest.NewServer(i)
	t.Cleanup(s.Close)
	var lines strings.Builder
	for n := range 25 {
		fmt.Fprintf(&lines, "%d,v%d\n", n, n)
	}
	w := newWorld(t, map[string]string{"in.csv": "id,v\n" + lines.String()})
	config := map[string]any{"url": s.URL + "/in"}
	if err := json.Unmarshal([]byte(settings), &config); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	j := w.job("in source_file {\"path\": \"in.csv\"}\n out sink_api "+string(text), "in>out")
	j.Out.Policy = outbound.Policy{Allow: outbound.Loopback()}
	return converse(t.Context(), t, j, held), w
}

func TestRowsSentToAnAPI(t *testing.T) {
	t.Parallel()
	failing := func(bad ...int) func(int, http.ResponseWriter, *http.Request) bool {
		return func(asked int, w http.ResponseWriter, _ *http.Request) bool {
			if !slices.Contains(bad, asked) {
				return false
			}
			w.Header().Set("Retry-After", "0")
			http.Error(w, "not now", http.StatusServiceUnavailable)
			return true
		}
	}
	lost := func(asked int, _ http.ResponseWriter, _ *http.Request) bool { // taken, and the answer gets lost
		if asked != 2 {
			return false
		}
		panic(http.ErrAbortHandler)
	}
	for _, tc := range []struct {
		name, settings string
		answer         func(int, http.ResponseWriter, *http.Request) bool
		asked          int
	}{
		{"as it comes", `{}`, nil, 1},
		{"in batches", `{"batch_size": 10}`, nil, 3},
		{"in batches that fit", `{"batch_size": 5, "method": "PUT"}`, nil, 5},
		{"several at once", `{"batch_size": 2, "max_concurrency": 4, "requests_per_second": 10000}`, nil, 13},
		{"retried", `{"batch_size": 10}`, failing(1, 3, 4), 6},
		{"lost", `{"batch_size": 10, "batch_retry_delay": 1}`, lost, 4},
		{"the node is retried and sends the rest", `{"batch_size": 5, "batch_max_retries": 0, "max_retries": 2, "retry_delay": 0}`, failing(3, 5), 7},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			i := &inbox{answer: tc.answer}
			r := sent(t, i, tc.settings)
			if r.end.Status != job.Success || *r.nodes["out"].Rows != 25 || r.previews["out"] == nil || len(r.previews["out"].Rows) != 25 {
				t.Fatalf("%+v %+v", r.end.Error, r.nodes["out"])
			}
			if !strings.Contains(tc.settings, "max_concurrency") && !slices.IsSorted(i.ids) {
				t.Errorf("not in order: %v", i.ids)
			}
			slices.Sort(i.ids)
			if i.asked != tc.asked || len(i.ids) != 25 || len(slices.Compact(i.ids)) != 25 {
				t.Errorf("%d requests, want %d; ids %v", i.asked, tc.asked, i.ids)
			}
		})
	}
}

func TestRowsThatAnAPIRefuses(t *testing.T) {
	t.Parallel()
	refuse := func(asked int, w http.ResponseWriter, r *http.Request) bool {
		if asked < 3 {
			return false
		}
		w.WriteHeader(http.StatusUnprocessableEntity)
		fmt.Fprintf(w, "field v is wrong\n\tsent by %s", r.Header.Get("X-Api-Key"))
		return true
	}
	for _, tc := range []struct {
		settings, code string
		words          string
	}{
		{`{"batch_size": 10, "headers": {"X-Api-Key": "s3cret-s3cret"}}`, "bad_answer", "rows 21 to 25: 127.0.0.1 answered 422 Unprocessable Entity: field v is wrong sent by ******** (20 of the 25 rows had been accepted before and stay where they are)"},
		{`{"batch_size": 10, "body_template": {"x": "{{rows}}"}}`, "bad_answer", "rows 1 to 10: 127.0.0.1 answered 400 Bad Request: json: cannot unmarshal object"},
		{`{"batch_size": 10, "body_template": {"x": "{{rows}}"}}`, "bad_answer", "(none of the 25 rows were accepted before)"},
		{`{"url": "http://169.254.169.254/"}`, "ssrf_blocked", "it hands out the credentials of a cloud"},
	} {
		r := sent(t, &inbox{answer: refuse}, tc.settings)
		if r.end.Error == nil || r.end.Error.Code != tc.code || !strings.Contains(r.end.Error.Message, tc.words) {
			t.Errorf("%s: %+v", tc.settings, r.end.Error)
		}
	}
}

// TestRowsPutAside: rows that an API refuses are in a file with what it says, once, and all
// others are sent, once, however often a request or the node is tried again.
func TestRowsPutAside(t *testing.T) {
	t.Parallel()
	wrong := func(status int) func(int, http.ResponseWriter, *http.Request) bool {
		busy := map[string]bool{}
		return func(_ int, w http.ResponseWriter, r *http.Request) bool {
			key, row := r.Header.Get("Idempotency-Key"), r.Header.Get("X-Body")
			switch {
			case !busy[key]: // each is tried twice at least
				busy[key] = true
				w.Header().Set("Retry-After", "0")
				w.WriteHeader(http.StatusServiceUnavailable)
			case strings.Contains(row, `"id":7,`) || strings.Contains(row, `"id":19,`):
				w.WriteHeader(status)
				fmt.Fprintf(w, "v is wrong, %s", r.Header.Get("X-Api-Key"))
			default:
				return false
			}
			return true
		}
	}
	const settings = `"batch_size": 1, "on_row_error": "quarantine", "quarantine_path": "aside/refused.ndjson", "headers": {"X-Api-Key": "s3cret-s3cret"}`
	for name, tc := range map[string]struct {
		settings string
		status   int
		code     string
	}{
		"one at a time":      {`{` + settings + `}`, 422, ""},
		"several at once":    {`{` + settings + `, "max_concurrency": 8}`, 422, ""},
		"conflicts":          {`{` + settings + `, "refused_statuses": [409, 400]}`, 409, ""},
		"the node is tried":  {`{` + settings + `, "batch_max_retries": 0, "max_retries": 60, "retry_delay": 0}`, 422, ""},
		"not of this status": {`{` + settings + `}`, 400, "bad_answer"},
		"not wanted":         {`{"batch_size": 1, "headers": {"X-Api-Key": "s3cret-s3cret"}}`, 422, "bad_answer"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i := &inbox{answer: wrong(tc.status)}
			r, w := sentIn(t, i, tc.settings)
			if tc.code != "" {
				if r.end.Error == nil || r.end.Error.Code != tc.code || !strings.Contains(r.end.Error.Message, "row 8: 127.0.0.1 answered") {
					t.Errorf("%+v", r.end.Error)
				}
				return
			}
			if r.end.Status != job.Success || *r.nodes["out"].Rows != 23 || len(i.ids) != 23 {
				t.Fatalf("%+v, %d rows, and %d have come", r.end.Error, *r.nodes["out"].Rows, len(i.ids))
			}
			slices.Sort(i.ids)
			if len(slices.Compact(i.ids)) != 23 || slices.Contains(i.ids, 7) || slices.Contains(i.ids, 19) {
				t.Errorf("these have come: %v", i.ids)
			}
			lines := strings.Split(strings.TrimSpace(w.read("aside/refused.ndjson")), "\n")
			slices.SortFunc(lines, func(a, b string) int {
				return strings.Compare(a[strings.Index(a, "row_number"):], b[strings.Index(b, "row_number"):])
			})
			if len(lines) != 2 || !strings.Contains(lines[1], `"row_number":8,"status":`+strconv.Itoa(tc.status)) || !strings.Contains(lines[1], `"row":{"id":7,"v":"v7"}`) ||
				!strings.Contains(lines[0], "v is wrong, ********") || strings.Contains(lines[0]+lines[1], "s3cret") {
				t.Errorf("put aside are %q", lines)
			}
			if shown := r.previews["out"]; shown == nil || len(shown.Rows) != 2 || !strings.Contains(said(r), "2 of 25 rows were refused and are in aside/refused.ndjson; the first is row ") {
				t.Errorf("shown are %+v\n%s", shown, r.log)
			}
		})
	}
}

// TestSettingsOfNetworkNodes looks at what is refused before anything runs.
func TestSettingsOfNetworkNodes(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ kind, settings, path, words string }{
		{"source_api", `{"url": "/api/users"}`, "url", "names no machine"},
		{"source_api", `{"url": "ftp://x/"}`, "url", "must begin with http"},
		{"source_api", `{"url": "http://me:pw@x/"}`, "url", "must not have a name or a password"},
		{"source_api", `{"url": "http://x/", "headers": {"a b": "c"}}`, "headers.a b", "no name of a header"},
		{"source_api", `{"url": "http://x/", "headers": {"X": "a\r\nY: b"}}`, "headers.X", "line break"},
		{"source_api", `{"url": "http://x/", "headers": {"host": "y"}}`, "headers.host", "cannot be set"},
		{"source_api", `{"url": "http://x/", "headers": {"authorization": "y"}, "auth_user": "me"}`, "headers.authorization", "leave one of them out"},
		{"source_api", `{"url": "http://x/", "auth_password": "y"}`, "auth_user", "is missing"},
		{"source_api", `{"url": "http://x/", "params": {"a": {"b": 1}}}`, "params.a", "must be text"},
		{"source_api", `{"url": "http://x/", "records": "a..b"}`, "records", "a name that is empty"},
		{"source_api", `{"url": "http://x/", "records": "a", "json_path": "b"}`, "json_path", "the same as records"},
		{"source_api", `{"url": "http://x/", "records": "a", "format": "csv"}`, "records", "is for JSON"},
		{"source_api", `{"url": "http://x/", "response": "scalar"}`, "value_path", "is missing"},
		{"source_api", `{"url": "http://x/", "response": "artifact"}`, "response", "must be one of dataset, scalar"},
		{"source_api", `{"url": "http://x/", "pagination": {"strategy": "pages"}}`, "pagination.strategy", "must be one of offset"},
		{"source_api", `{"url": "http://x/", "pagination": {"strategy": "cursor"}}`, "pagination.cursor_path", "is missing"},
		{"source_api", `{"url": "http://x/", "pagination": {"strategy": "numbered", "page_size": 5}}`, "pagination.limit_param", "is missing"},
		{"source_api", `{"url": "http://x/", "pagination": {"strategy": "next_link", "next_path": "n"}, "execution": {"max_concurrency": 2}}`, "execution.max_concurrency", "must be 1"},
		{"source_api", `{"url": "http://x/", "execution": {"checkpoint_every": 5}}`, "execution.checkpoint_every", "is not offered"},
		{"sink_api", `{"url": "http://x/", "body_template": "{}"}`, "body_template", "no {{rows}}"},
		{"sink_api", `{"url": "http://x/", "body_template": "{\"a\": {{rows}}"}`, "body_template", "makes no JSON"},
		{"sink_api", `{"url": "http://x/", "body_template": "{{row}}"}`, "batch_size", "must be 1"},
		{"sink_api", `{"url": "http://x/", "batch_size": 1, "on_row_error": "quarantine"}`, "quarantine_path", "is missing"},
		{"sink_api", `{"url": "http://x/", "on_row_error": "quarantine", "quarantine_path": "x"}`, "batch_size", "must be 1"},
		{"sink_api", `{"url": "http://x/", "quarantine_path": "x"}`, "quarantine_path", "is for on_row_error"},
		{"sink_api", `{"url": "http://x/", "batch_size": 1, "on_row_error": "quarantine", "quarantine_path": "x", "refused_statuses": [404]}`, "refused_statuses", "400, 409 and 422"},
		{"sink_api", `{"url": "http://x/", "idempotency_header": "a b"}`, "idempotency_header", "no name of a header"},
	} {
		for _, spec := range nodes.All() {
			if spec.Kind != tc.kind {
				continue
			}
			_, problems := spec.Build(json.RawMessage(tc.settings))
			if len(problems) != 1 || problems[0].Path != tc.path || !strings.Contains(problems[0].Message, tc.words) {
				t.Errorf("%s %s: %+v", tc.kind, tc.settings, problems)
			}
		}
	}
}

// said returns what a run has logged.
func said(r report) string {
	text, _ := json.Marshal(r.messages) //nolint:errchkjson // they have come as JSON
	return string(text)
}
