package bigquery_test

import (
	"bufio"
	"context"
	"encoding/json"
	"encoding/pem"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/broked/broked/internal/batch"
	"github.com/broked/broked/internal/connection"
	"github.com/broked/broked/internal/databases"
	"github.com/broked/broked/internal/databases/bigquery"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/outbound"
)

// fake speaks the REST API of BigQuery as its documentation has it, and knows no SQL: what it
// is asked is noted.
type fake struct {
	*httptest.Server

	kind string // of statements
	fail string // what a job ends with
	busy int    // how often 503 is answered
	slow int    // how often a job is running
	lose bool   // the answer to the next upload is lost

	mu   sync.Mutex
	said []string
	jobs map[string]map[string]any
}

func newFake(t *testing.T) *fake {
	t.Helper()
	f := &fake{kind: "SELECT", jobs: map[string]map[string]any{}}
	f.Server = httptest.NewTLSServer(f)
	t.Cleanup(f.Close)
	return f
}

func (f *fake) server() bigquery.Server {
	ca := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: f.Certificate().Raw}))
	return bigquery.Server{Out: outbound.Exit{Policy: outbound.Policy{Allow: outbound.Loopback()}}, At: connection.Connection{
		Type: connection.BigQuery, Host: f.URL, Schema: "p", Password: "token", Options: map[string]any{"auth": "token", "dataset": "d", "location": "EU", "ca_certificate": ca},
	}}
}

const orders = `{"schema": {"fields": [{"name": "id", "type": "INTEGER"}, {"name": "name", "type": "STRING", "description": "kept"}, {"name": "doc", "type": "JSON"}]}}`

// ServeHTTP implements http.Handler.
func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	path := strings.TrimPrefix(r.URL.Path, "/bigquery/v2/projects/p")
	switch {
	case r.Header.Get("Authorization") != "Bearer token":
		refuse(w, 401, "authError", "Invalid Credentials")
	case f.busy > 0:
		f.busy--
		w.Header().Set("Retry-After", "0")
		w.WriteHeader(http.StatusServiceUnavailable)
	case strings.HasPrefix(path, "/upload/"):
		f.upload(w, r)
	case path == "/jobs":
		var j map[string]any
		_ = json.NewDecoder(r.Body).Decode(&j)
		f.job(w, j, "")
	case strings.HasPrefix(path, "/jobs/"):
		j := f.jobs[strings.TrimPrefix(path, "/jobs/")]
		if j == nil {
			refuse(w, 404, "notFound", "Not found: Job")
			return
		}
		f.tell(w, j)
	case strings.HasPrefix(path, "/queries/"):
		f.page(w, r)
	case strings.HasSuffix(path, "/tables/orders"):
		_, _ = io.WriteString(w, orders)
	case strings.HasSuffix(path, "/tables") && r.Method == http.MethodGet:
		_, _ = io.WriteString(w, `{"tables": [{"tableReference": {"tableId": "orders"}}]}`)
	case strings.Contains(path, "/tables"):
		if r.Method != http.MethodGet {
			f.said = append(f.said, r.Method+" "+short(path))
			return
		}
		refuse(w, 404, "notFound", "Not found: Table")
	}
}

// text is JSON of what came as such.
func text(v any) string {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(raw)
}

// short leaves out what is at random.
func short(text string) string {
	if at := strings.Index(text, "broked_stage_"); at >= 0 {
		return strings.ReplaceAll(text, text[at:at+len("broked_stage_")+26], "STAGE")
	}
	return text
}

func refuse(w http.ResponseWriter, status int, reason, words string) {
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text(map[string]any{"error": map[string]any{"code": status, "message": words, "errors": []any{map[string]any{"reason": reason}}}}))
}

func (f *fake) upload(w http.ResponseWriter, r *http.Request) {
	_, params, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	parts := multipart.NewReader(r.Body, params["boundary"])
	var j map[string]any
	if head, err := parts.NextPart(); err == nil {
		_ = json.NewDecoder(head).Decode(&j)
	}
	data, err := parts.NextPart()
	if err != nil {
		return
	}
	rows, err := io.ReadAll(bufio.NewReader(data))
	if _, last := parts.NextPart(); err != nil || last != io.EOF {
		return // it did not end: no job
	}
	f.job(w, j, string(rows))
}

func (f *fake) job(w http.ResponseWriter, j map[string]any, rows string) {
	config, _ := j["configuration"].(map[string]any)
	ref, _ := j["jobReference"].(map[string]any)
	id, _ := ref["jobId"].(string)
	if f.jobs[id] != nil {
		refuse(w, 409, "duplicate", "Already Exists: Job")
		return
	}
	dry := config["dryRun"] == true
	if query, _ := config["query"].(map[string]any); query != nil && !dry {
		said := short(query["query"].(string))
		if params := query["queryParameters"]; params != nil {
			said += " <- " + text(params)
		}
		f.said = append(f.said, said)
	}
	if load, _ := config["load"].(map[string]any); load != nil {
		f.said = append(f.said, short(text(load))+"\n"+rows)
	}
	j["statistics"] = map[string]any{"query": map[string]any{"statementType": f.kind, "dmlStats": map[string]any{"deletedRowCount": "7"}}, "load": map[string]any{"outputRows": "2"}}
	if !dry {
		f.jobs[id] = j
	}
	if f.lose && rows != "" {
		f.lose = false
		panic(http.ErrAbortHandler)
	}
	f.tell(w, j)
}

func (f *fake) tell(w http.ResponseWriter, j map[string]any) {
	status := map[string]any{"state": "DONE"}
	if f.slow > 0 {
		f.slow--
		status["state"] = "RUNNING"
	} else if f.fail != "" {
		status["errorResult"] = map[string]any{"reason": f.fail, "message": "Could not convert value. Field: x; Value: canary"}
	}
	j["status"] = status
	_, _ = io.WriteString(w, text(j))
}

func (*fake) page(w http.ResponseWriter, r *http.Request) {
	const head = `{"jobComplete": true, "schema": {"fields": [{"name": "i", "type": "INTEGER"}, {"name": "n", "type": "NUMERIC", "precision": "10", "scale": "2"}, {"name": "b", "type": "BIGNUMERIC"},
		{"name": "f", "type": "FLOAT"}, {"name": "o", "type": "BOOLEAN"}, {"name": "s", "type": "STRING"}, {"name": "y", "type": "BYTES"}, {"name": "d", "type": "DATE"}, {"name": "dt", "type": "DATETIME"},
		{"name": "t", "type": "TIMESTAMP"}, {"name": "j", "type": "JSON"}, {"name": "l", "type": "INTEGER", "mode": "REPEATED"},
		{"name": "r", "type": "RECORD", "fields": [{"name": "a", "type": "STRING"}, {"name": "b", "type": "FLOAT", "mode": "REPEATED"}]}]}, "rows": [{"f": [`
	if r.URL.Query().Get("pageToken") == "" {
		_, _ = io.WriteString(w, head+`{"v": "9223372036854775807"}, {"v": "-0.1"}, {"v": "1.5"}, {"v": "NaN"}, {"v": "true"}, {"v": "日本\n"}, {"v": "AP9c"}, {"v": "2024-02-29"}, {"v": "2024-02-29T23:59:59.123456"},
			{"v": "1709231399000000"}, {"v": "{\"a\":1}"}, {"v": [{"v": "1"}, {"v": "2"}]}, {"v": {"f": [{"v": "x"}, {"v": [{"v": "0.5"}]}]}}]}], "pageToken": "next"}`)
		return
	}
	_, _ = io.WriteString(w, head+strings.TrimSuffix(strings.Repeat(`{"v": null}, `, 13), ", ")+`]}]}`)
}

func read(t *testing.T, s bigquery.Server, q databases.Query) (string, error) {
	t.Helper()
	var out strings.Builder
	err := s.Read(t.Context(), q, func(b batch.Batch) error {
		for row := range b.Rows {
			for _, c := range b.Columns {
				if row == 0 {
					out.WriteString(c.Type + " ")
				}
				out.WriteString(databases.Shown(c, row) + "|")
			}
		}
		return nil
	})
	return out.String(), err
}

func TestRead(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	f.busy, f.slow = 2, 2
	got, err := read(t, f.server(), databases.Query{Text: "SELECT ?, ?", Params: []any{int64(1), "x"}})
	want := "BIGINT 9223372036854775807|DECIMAL(10,2) -0.1|DECIMAL(18,1) 1.5|DOUBLE NaN|BOOLEAN true|VARCHAR 日本\n|BLOB 00ff5c|DATE 2024-02-29|TIMESTAMP 2024-02-29 23:59:59.123456|" +
		`TIMESTAMP WITH TIME ZONE 2024-02-29 18:29:59+00|JSON {"a":1}|JSON [1,2]|JSON {"a":"x","b":[0.5]}|` + strings.Repeat("null|", 13)
	if err != nil || got != want {
		t.Errorf("got  %s %v\nwant %s", got, err, want)
	}
	if diff := cmp.Diff([]string{`SELECT ?, ? <- [{"parameterType":{"type":"INT64"},"parameterValue":{"value":"1"}},{"parameterType":{"type":"STRING"},"parameterValue":{"value":"x"}}]`}, f.said); diff != "" {
		t.Error(diff)
	}
	f.kind = "DELETE"
	if _, err := read(t, f.server(), databases.Query{Text: "DELETE FROM t"}); !strings.Contains(fault.MessageOf(err), "must be a SELECT") {
		t.Error(err)
	}
	s := f.server()
	s.At.Password = "s3cret-canary"
	if _, err := read(t, s, databases.Query{Text: "SELECT 1"}); fault.CodeOf(err) != "login_failed" || strings.Contains(err.Error(), "canary") {
		t.Error(err)
	}
}

func TestCancelled(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	ctx, stop := context.WithCancel(t.Context())
	err := f.server().Read(ctx, databases.Query{Text: "SELECT 1"}, func(batch.Batch) error {
		stop()
		return ctx.Err()
	})
	if fault.CodeOf(err) != "stopped" {
		t.Error(err)
	}
}

func rows(texts ...string) func(func(batch.Batch, error) bool) {
	b := batch.Batch{Rows: len(texts), Columns: []batch.Column{
		{Name: "id", Type: "BIGINT", Kind: batch.Int}, {Name: "name", Type: "VARCHAR", Kind: batch.Text, Texts: texts}, {Name: "doc", Type: "JSON", Kind: batch.Text, Valid: make([]bool, len(texts)), Texts: make([]string, len(texts))},
	}}
	for i := range texts {
		b.Columns[0].Ints = append(b.Columns[0].Ints, int64(i+1))
	}
	b.Columns[2].Valid[0], b.Columns[2].Texts[0] = true, "{\"a\":\n1}"
	return func(yield func(batch.Batch, error) bool) { yield(b, nil) }
}

const lines = `{"id":"1","name":"a\"\u000a","doc":{"a":1}}` + "\n" + `{"id":"2","name":"","doc":null}` + "\n"

func TestWrite(t *testing.T) {
	t.Parallel()
	at := `"destinationTable":{"datasetId":"d","projectId":"p","tableId":"orders"},`
	merge := "MERGE `p.d.orders` t USING (SELECT * FROM `p.d.STAGE` WHERE TRUE QUALIFY ROW_NUMBER() OVER (PARTITION BY `id` ORDER BY broked_row DESC) = 1) s ON t.`id` = s.`id` WHEN MATCHED THEN UPDATE SET `name` = s.`name`, `doc` = s.`doc` WHEN NOT MATCHED BY TARGET THEN INSERT (`id`, `name`, `doc`) VALUES (s.`id`, s.`name`, s.`doc`)"
	stage := `{"createDisposition":"CREATE_IF_NEEDED","destinationTable":{"datasetId":"d","projectId":"p","tableId":"STAGE"},"schema":{"fields":[{"name":"broked_row","type":"INTEGER"},{"name":"id","type":"INTEGER"},{"name":"name","type":"STRING"},{"name":"doc","type":"JSON"}]},"sourceFormat":"NEWLINE_DELIMITED_JSON","writeDisposition":"WRITE_APPEND"}` + "\n" +
		strings.Replace(strings.Replace(lines, `{"id":"1"`, `{"broked_row":0,"id":"1"`, 1), `{"id":"2"`, `{"broked_row":1,"id":"2"`, 1)
	for name, c := range map[string]struct {
		load databases.Load
		want []string
	}{
		"append":    {databases.Load{Table: "orders"}, []string{`{"createDisposition":"CREATE_NEVER",` + at + `"sourceFormat":"NEWLINE_DELIMITED_JSON","writeDisposition":"WRITE_APPEND"}` + "\n" + lines}},
		"overwrite": {databases.Load{Table: "d.orders", Mode: databases.Overwrite}, []string{`{"createDisposition":"CREATE_NEVER",` + at + `"schema":{"fields":[{"name":"id","type":"INTEGER"},{"description":"kept","name":"name","type":"STRING"},{"name":"doc","type":"JSON"}]},"sourceFormat":"NEWLINE_DELIMITED_JSON","writeDisposition":"WRITE_TRUNCATE"}` + "\n" + lines}},
		"made":      {databases.Load{Table: "fresh", Create: true}, []string{`{"createDisposition":"CREATE_IF_NEEDED",` + strings.Replace(at, "orders", "fresh", 1) + `"schema":{"fields":[{"name":"id","type":"INTEGER"},{"name":"name","type":"STRING"},{"name":"doc","type":"JSON"}]},"sourceFormat":"NEWLINE_DELIMITED_JSON","writeDisposition":"WRITE_APPEND"}` + "\n" + lines}},
		"upsert":    {databases.Load{Table: "orders", Mode: databases.Upsert, Keys: []string{"id"}}, []string{"POST /datasets/d/tables", stage, merge, "DELETE /datasets/d/tables/STAGE"}},
		"merge-delete": {databases.Load{Table: "orders", Mode: databases.MergeDelete, Keys: []string{"id"}, Told: &databases.Told{}, Scope: databases.Query{Text: "day >= ?", Params: []any{"x"}}}, []string{
			"POST /datasets/d/tables", stage, merge + " WHEN NOT MATCHED BY SOURCE AND (day >= ?\n) THEN DELETE <- " + `[{"parameterType":{"type":"STRING"},"parameterValue":{"value":"x"}}]`, "DELETE /datasets/d/tables/STAGE",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFake(t)
			f.slow, f.lose = 1, true
			c.load.Attempt = databases.Attempt{Name: "run/node", Held: func(context.Context) error { return nil }}
			for range 2 { // the second is the same load, and happens no more
				n, err := f.server().Write(t.Context(), c.load, rows("a\"\n", ""))
				if err != nil || n != 2 {
					t.Fatal(n, err)
				}
			}
			if diff := cmp.Diff(c.want, f.said); diff != "" {
				t.Error(diff)
			}
			if c.load.Told != nil && (c.load.Told.Deleted != 7 || !c.load.Told.Before) {
				t.Errorf("%+v", c.load.Told)
			}
		})
	}
}

func TestNothingIsWritten(t *testing.T) {
	t.Parallel()
	held := 0
	for name, c := range map[string]struct {
		load        databases.Load
		fail        string
		code, words string
		loads       bool
	}{
		"a row":    {databases.Load{Table: "orders"}, "invalid", "row_refused", "some row cannot be written to orders: Could not convert value. Field: x; nothing", true},
		"backend":  {databases.Load{Table: "orders"}, "backendError", "bad_answer", "Could not", true},
		"aside":    {databases.Load{Table: "orders", Refusals: &databases.Refusals{Table: "x"}}, "", "", "cannot put rows aside", false},
		"no table": {databases.Load{Table: "ordesr"}, "", "", `has no table "ordesr" (did you mean "orders"?)`, false},
		"no key":   {databases.Load{Table: "orders", Mode: databases.Upsert, Keys: []string{"nam"}}, "", "", `no column "nam"`, false},
		"given up": {databases.Load{Table: "orders", Attempt: databases.Attempt{Name: "a", Held: func(context.Context) error {
			if held++; held == 2 {
				return fault.New(fault.Stale, "gone").With("stale")
			}
			return nil
		}}}, "", "stale", "gone", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFake(t)
			f.fail = c.fail
			_, err := f.server().Write(t.Context(), c.load, rows("a"))
			if fault.CodeOf(err) != c.code && c.code != "" || !strings.Contains(fault.MessageOf(err), c.words) {
				t.Errorf("got %s %v", fault.CodeOf(err), err)
			}
			f.Close() // and with it what was under way
			if loaded := slices.ContainsFunc(f.said, func(s string) bool { return strings.HasPrefix(s, "{") }); loaded != c.loads {
				t.Errorf("said %q", f.said)
			}
		})
	}
}

func TestScript(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	for text, want := range map[string]string{
		"DELETE FROM a WHERE TRUE; INSERT INTO a VALUES (1)": "BEGIN TRANSACTION;\nDELETE FROM a WHERE TRUE;\n INSERT INTO a VALUES (1);\nCOMMIT TRANSACTION",
		"CREATE TABLE x (i INT64)":                           "CREATE TABLE x (i INT64)",
	} {
		if _, err := f.server().Script(t.Context(), text); err != nil || f.said[len(f.said)-1] != want {
			t.Error(err, f.said)
		}
	}
}
