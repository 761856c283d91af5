package snowflake_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"

	"github.com/broked/broked/internal/batch"
	"github.com/broked/broked/internal/connection"
	"github.com/broked/broked/internal/databases"
	"github.com/broked/broked/internal/databases/snowflake"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/outbound"
)

// fake speaks the SQL API of Snowflake as its documentation has it, and knows no SQL: what
// is asked of it is noted, and answered by the test.
type fake struct {
	*httptest.Server

	key    *rsa.PrivateKey
	answer func(statement string) (status int, body string) // empty for "done"
	parts  map[string][]string                              // further partitions, by handles
	polls  int                                              // how often 202 is answered first
	busy   int                                              // how often 429
	lose   string                                           // the answer to a statement with this is lost once

	mu   sync.Mutex
	said []string
	ids  map[string]string // answers by request ids
	seen map[string]any    // the last body
}

var userKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

func newFake(t *testing.T) *fake {
	t.Helper()
	f := &fake{key: userKey(), ids: map[string]string{}, parts: map[string][]string{}, answer: func(string) (int, string) { return 200, "" }}
	f.Server = httptest.NewTLSServer(f)
	t.Cleanup(f.Close)
	return f
}

func (f *fake) server() snowflake.Server {
	key := string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(f.key)}))
	ca := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: f.Certificate().Raw}))
	return snowflake.Server{Out: outbound.Exit{Policy: outbound.Policy{Allow: outbound.Loopback()}}, At: connection.Connection{
		Type: connection.Snowflake, Host: f.URL, Schema: "SHOP", Login: "loader",
		Options: map[string]any{"auth": "key_pair", "account": "myorg-acc.eu", "private_key": key, "ca_certificate": ca, "warehouse": "WH", "role": "R", "schema": "PUBLIC"},
	}}
}

func (f *fake) knows(r *http.Request) bool {
	token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if r.Header.Get("X-Snowflake-Authorization-Token-Type") == "OAUTH" {
		return token == "oauth-token"
	}
	der, _ := x509.MarshalPKIXPublicKey(&f.key.PublicKey)
	sum := sha256.Sum256(der)
	parsed, err := jwt.Parse(token, func(*jwt.Token) (any, error) { return &f.key.PublicKey, nil },
		jwt.WithIssuer("MYORG-ACC.LOADER.SHA256:"+base64.StdEncoding.EncodeToString(sum[:])), jwt.WithSubject("MYORG-ACC.LOADER"), jwt.WithExpirationRequired())
	return err == nil && parsed.Valid
}

// ServeHTTP implements http.Handler.
func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	rest := strings.TrimPrefix(r.URL.Path, "/api/v2/statements")
	switch {
	case !f.knows(r):
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = io.WriteString(w, `{"code": "390144", "message": "JWT token is invalid."}`)
	case f.busy > 0:
		f.busy--
		w.Header().Set("Retry-After", "0")
		w.WriteHeader(http.StatusTooManyRequests)
	case r.Method == http.MethodPost && strings.HasSuffix(rest, "/cancel"):
		f.said = append(f.said, "cancel")
		_, _ = io.WriteString(w, "{}")
	case r.Method == http.MethodPost && rest == "":
		f.execute(w, r)
	case r.Method == http.MethodGet && r.URL.Query().Get("partition") != "":
		part := f.parts[rest[1:]][r.URL.Query().Get("partition")[0]-'1']
		var packed bytes.Buffer
		z := gzip.NewWriter(&packed)
		_, _ = io.WriteString(z, `{"data": `+part+`}`)
		_ = z.Close()
		if r.URL.Query().Get("partition") == "1" {
			w.Header().Set("Content-Encoding", "gzip")
		}
		_, _ = w.Write(packed.Bytes())
	default:
		f.deliver(w, 200, f.ids[rest[1:]])
	}
}

func (f *fake) deliver(w http.ResponseWriter, status int, body string) {
	if f.polls != 0 {
		f.polls--
		w.WriteHeader(http.StatusAccepted)
		_, _ = io.WriteString(w, `{"code": "333334", "message": "Asynchronous execution in progress", "statementHandle": "h"}`)
		return
	}
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body)
}

func (f *fake) execute(w http.ResponseWriter, r *http.Request) {
	id := r.URL.Query().Get("requestId")
	if again := f.ids[id]; again != "" && r.URL.Query().Get("retry") == "true" {
		_, _ = io.WriteString(w, again)
		return
	}
	raw, _ := io.ReadAll(r.Body)
	f.seen = map[string]any{}
	_ = json.Unmarshal(raw, &f.seen)
	text, _ := f.seen["statement"].(string)
	said := text
	if b, _ := f.seen["bindings"].(map[string]any); b != nil {
		var all []string
		for i := range len(b) {
			one, _ := b[strconv.Itoa(i+1)].(map[string]any)
			all = append(all, fmt.Sprint(one["type"], " ", one["value"]))
		}
		said += " <- " + strings.Join(all, ", ")
	}
	f.said = append(f.said, said)
	status, body := f.answer(said)
	if body == "" {
		body = `{"code": "090001", "statementHandle": "h", "resultSetMetaData": {"rowType": []}, "data": []}`
	}
	f.ids[id], f.ids["h"] = body, body
	if f.lose != "" && strings.Contains(text, f.lose) {
		f.lose = ""
		panic(http.ErrAbortHandler)
	}
	f.deliver(w, status, body)
}

// what returns what was said, with the names of stages shortened.
func (f *fake) what() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var all []string
	for _, s := range f.said {
		if at := strings.Index(s, "BROKED_STAGE_"); at >= 0 {
			s = strings.ReplaceAll(s, s[at:at+len("BROKED_STAGE_")+26], "STAGE")
		}
		all = append(all, s)
	}
	return all
}

func read(t *testing.T, s snowflake.Server, q databases.Query) (string, error) {
	t.Helper()
	var out strings.Builder
	err := s.Read(t.Context(), q, func(b batch.Batch) error {
		for row := range b.Rows {
			for i, c := range b.Columns {
				if i > 0 {
					out.WriteByte('|')
				}
				if row == 0 {
					out.WriteString(c.Type + " ")
				}
				out.WriteString(databases.Shown(c, row))
			}
			out.WriteByte('\n')
		}
		return nil
	})
	return out.String(), err
}

func TestRead(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	f.polls, f.busy, f.lose = 2, 2, "SELECT"
	f.parts["h"] = []string{`[["2"` + strings.Repeat(", null", 11) + "]]", `[["3"` + strings.Repeat(", null", 11) + "]]"}
	f.answer = func(string) (int, string) {
		return 200, `{"code": "090001", "statementHandle": "h", "resultSetMetaData": {"numRows": 3, "format": "jsonv2", "partitionInfo": [{"rowCount": 1}, {"rowCount": 1}, {"rowCount": 1}], "rowType": [
			{"name": "I", "type": "fixed", "precision": 10, "scale": 0}, {"name": "D", "type": "fixed", "precision": 38, "scale": 3}, {"name": "R", "type": "real"},
			{"name": "T", "type": "text"}, {"name": "B", "type": "boolean"}, {"name": "DAY", "type": "date"}, {"name": "TM", "type": "time"}, {"name": "N", "type": "timestamp_ntz"},
			{"name": "L", "type": "timestamp_ltz"}, {"name": "Z", "type": "timestamp_tz"}, {"name": "BIN", "type": "binary"}, {"name": "V", "type": "variant"}]},
			"data": [["1", "12345678901234567890123456.789", "0.1", "日本 \"x\"", "true", "18262", "82919.000000000", "1611871777.123456789", "-0.500000000", "1616173619000000000 960", "00FF5C", "{\"a\": [1]}"]]}`
	}
	got, err := read(t, f.server(), databases.Query{Text: "SELECT * FROM t WHERE a = ? AND b = ? AND c = ?", Params: []any{int64(1), nil, "x"}})
	want := `BIGINT 1|DECIMAL(38,3) 12345678901234567890123456.789|DOUBLE 0.1|VARCHAR 日本 "x"|BOOLEAN true|DATE 2020-01-01|TIME 23:01:59|TIMESTAMP 2021-01-28 22:09:37.123456|` +
		"TIMESTAMP WITH TIME ZONE 1969-12-31 23:59:59.5+00|TIMESTAMP WITH TIME ZONE 2021-03-19 17:06:59+00|BLOB 00ff5c|JSON {\"a\": [1]}\n" +
		"2" + strings.Repeat("|null", 11) + "\n3" + strings.Repeat("|null", 11) + "\n"
	if err != nil || got != want {
		t.Errorf("got %s %v, want %s", got, err, want)
	}
	if diff := cmp.Diff([]string{"SELECT * FROM t WHERE a = ? AND b = ? AND c = ? <- FIXED 1, TEXT <nil>, TEXT x"}, f.what()); diff != "" {
		t.Error(diff)
	}
	if f.seen["database"] != "SHOP" || f.seen["schema"] != "PUBLIC" || f.seen["warehouse"] != "WH" || f.seen["role"] != "R" {
		t.Errorf("asked with %v", f.seen)
	}
	if _, err := read(t, f.server(), databases.Query{Text: "DELETE FROM t"}); !strings.Contains(fault.MessageOf(err), "must be a SELECT") {
		t.Error(err)
	}
}

func TestSignIn(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	s := f.server()
	s.At.Options["auth"], s.At.Password = "oauth", "oauth-token"
	if _, err := read(t, s, databases.Query{Text: "SELECT 1"}); err != nil {
		t.Error(err)
	}
	s.At.Password = "s3cret-canary"
	if _, err := read(t, s, databases.Query{Text: "SELECT 1"}); fault.CodeOf(err) != "login_failed" || strings.Contains(err.Error(), "canary") {
		t.Error(err)
	}
	s = f.server()
	s.At.Options["private_key"] = "none"
	if _, err := read(t, s, databases.Query{Text: "SELECT 1"}); fault.CodeOf(err) != "secret_missing" {
		t.Error(err)
	}
	delete(s.At.Options, "ca_certificate")
	s.At.Options["auth"] = "oauth"
	if _, err := read(t, s, databases.Query{Text: "SELECT 1"}); fault.CodeOf(err) != "tls_failed" {
		t.Error(err)
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status     int
		body, code string
		transient  bool
	}{
		"missing table": {422, `{"code": "002003", "sqlState": "42S02", "message": "SQL compilation error:\nObject 'T' does not exist or not authorized."}`, "query_failed", false},
		"permission":    {422, `{"code": "003001", "sqlState": "42501", "message": "Insufficient privileges"}`, "permission_denied", false},
		"database":      {422, `{"code": "002003", "sqlState": "02000", "message": "Database 'X' does not exist or not authorized."}`, "database_not_found", false},
		"timeout":       {408, `{"code": "000630", "message": "Statement reached its timeout"}`, "statement_timeout", false},
		"lock":          {422, `{"code": "000625", "sqlState": "57014", "message": "aborted"}`, "database_locked", true},
		"forbidden":     {403, `{"code": "", "message": "no"}`, "permission_denied", false},
		"broken":        {500, `<html>`, "bad_answer", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFake(t)
			f.answer = func(string) (int, string) { return c.status, c.body }
			_, err := read(t, f.server(), databases.Query{Text: "SELECT 1"})
			if fault.CodeOf(err) != c.code || fault.IsTransient(err) != c.transient {
				t.Errorf("got %s %v", fault.CodeOf(err), err)
			}
		})
	}
}

func TestCancelled(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	f.polls = -1
	ctx, stop := context.WithCancel(t.Context())
	f.answer = func(string) (int, string) {
		stop()
		return 200, ""
	}
	err := f.server().Read(ctx, databases.Query{Text: "SELECT 1"}, func(batch.Batch) error { return nil })
	if fault.CodeOf(err) != "stopped" {
		t.Error(err)
	}
}

// table answers as a schema with the table ORDERS.
func table(said string) (int, string) {
	row := func(rows string) (int, string) {
		return 200, `{"code": "090001", "statementHandle": "h", "statementHandles": ["h0", "h1", "h", "h3", "h4"], "resultSetMetaData": {"rowType": []}, "data": ` + rows + `}`
	}
	switch {
	case strings.Contains(said, "INFORMATION_SCHEMA.COLUMNS") && strings.Contains(said, "ORDERS"):
		return row(`[["ORDERS", "ID", "NUMBER", "PUBLIC"], ["ORDERS", "NAME", "TEXT", "PUBLIC"], ["ORDERS", "DOC", "VARIANT", "PUBLIC"]]`)
	case strings.Contains(said, "INFORMATION_SCHEMA.TABLES"):
		return row(`[["ORDERS"]]`)
	case strings.HasPrefix(said, "BEGIN"):
		return row(`[["7"]]`)
	case strings.Contains(said, `"bad"`):
		return 422, `{"code": "100038", "sqlState": "22018", "message": "Numeric value 'bad' is not recognized"}`
	}
	return 200, ""
}

func rows(texts ...string) func(func(batch.Batch, error) bool) {
	b := batch.Batch{Rows: len(texts), Columns: []batch.Column{
		{Name: "id", Type: "BIGINT", Kind: batch.Int}, {Name: "name", Type: "VARCHAR", Kind: batch.Text, Texts: texts},
	}}
	for i := range texts {
		b.Columns[0].Ints = append(b.Columns[0].Ints, int64(i+1))
	}
	return func(yield func(batch.Batch, error) bool) { yield(b, nil) }
}

const (
	columns = "SELECT TABLE_NAME, COLUMN_NAME, DATA_TYPE, TABLE_SCHEMA FROM INFORMATION_SCHEMA.COLUMNS WHERE TABLE_SCHEMA = CURRENT_SCHEMA() AND TABLE_NAME IN (?, ?) ORDER BY TABLE_NAME, ORDINAL_POSITION <- TEXT "
	insert  = `INSERT INTO "STAGE" ("BROKED_ROW", "ID", "NAME") SELECT r.value[0]::VARCHAR, r.value[1]::VARCHAR, r.value[2]::VARCHAR FROM TABLE(FLATTEN(INPUT => PARSE_JSON(?))) r <- TEXT `
	like    = `CREATE TRANSIENT TABLE "STAGE" LIKE "ORDERS"`
	number  = `ALTER TABLE "STAGE" ADD COLUMN BROKED_ROW NUMBER(18,0)`
	merge   = `MERGE INTO "ORDERS" t USING (SELECT "ID", "NAME" FROM "STAGE" QUALIFY ROW_NUMBER() OVER (PARTITION BY "ID" ORDER BY BROKED_ROW DESC) = 1) s ON t."ID" = s."ID" WHEN MATCHED THEN UPDATE SET t."NAME" = s."NAME" WHEN NOT MATCHED THEN INSERT ("ID", "NAME") VALUES (s."ID", s."NAME")`
	drop    = `DROP TABLE IF EXISTS "STAGE"`
)

func TestWrite(t *testing.T) {
	t.Parallel()
	held := databases.Attempt{Name: "run/it's", Held: func(context.Context) error { return nil }}
	for name, c := range map[string]struct {
		load databases.Load
		want []string
	}{
		"append": {databases.Load{Table: "orders"}, []string{
			columns + "orders, TEXT ORDERS", like, number, insert + `[["0","1","a\"b"],["1","2",""]]`,
			"BEGIN TRANSACTION;\n" + `INSERT INTO "ORDERS" ("ID", "NAME") SELECT "ID", "NAME" FROM "STAGE"` + ";\nCOMMIT", drop,
		}},
		"overwrite, fenced, once": {databases.Load{Table: "ORDERS", Mode: databases.Overwrite, Attempt: held, Once: true}, []string{
			"CREATE TABLE IF NOT EXISTS BROKED_ATTEMPTS (ATTEMPT VARCHAR, STAGE VARCHAR, CHECKED NUMBER, BEGUN TIMESTAMP_NTZ)",
			"MERGE INTO BROKED_ATTEMPTS t USING (SELECT ? AS ATTEMPT, ? AS STAGE) s ON t.ATTEMPT = s.ATTEMPT WHEN MATCHED THEN UPDATE SET STAGE = s.STAGE, BEGUN = SYSDATE() WHEN NOT MATCHED THEN INSERT (ATTEMPT, STAGE, BEGUN) VALUES (s.ATTEMPT, s.STAGE, SYSDATE()) <- TEXT run/it's, TEXT STAGE",
			"CREATE TABLE IF NOT EXISTS BROKED_LOADS (LOAD VARCHAR, WRITTEN NUMBER(18,0), COMMITTED_AT TIMESTAMP_NTZ)",
			"SELECT WRITTEN FROM BROKED_LOADS WHERE LOAD = ? <- TEXT run/it's",
			columns + "ORDERS, TEXT ORDERS", like, number, insert + `[["0","1","a\"b"],["1","2",""]]`,
			"BEGIN TRANSACTION;\nUPDATE BROKED_ATTEMPTS SET CHECKED = 1 / IFF(STAGE = 'STAGE', 1, 0) WHERE ATTEMPT = 'run/it''s';\n" + `DELETE FROM "ORDERS"` + ";\n" + `INSERT INTO "ORDERS" ("ID", "NAME") SELECT "ID", "NAME" FROM "STAGE"` +
				";\nINSERT INTO BROKED_LOADS (LOAD, WRITTEN, COMMITTED_AT) SELECT 'run/it''s', 2, SYSDATE();\nCOMMIT",
			drop, "DELETE FROM BROKED_ATTEMPTS WHERE BEGUN < DATEADD(DAY, -30, SYSDATE())", "DELETE FROM BROKED_LOADS WHERE COMMITTED_AT < DATEADD(DAY, -30, SYSDATE())",
		}},
		"upsert": {databases.Load{Table: "orders", Mode: databases.Upsert, Keys: []string{"id"}}, []string{
			columns + "orders, TEXT ORDERS", like, number, insert + `[["0","1","a\"b"],["1","2",""]]`, "BEGIN TRANSACTION;\n" + merge + ";\nCOMMIT", drop,
		}},
		"merge-delete": {databases.Load{Table: "orders", Mode: databases.MergeDelete, Keys: []string{"id"}, Told: &databases.Told{}, Scope: databases.Query{Text: `day >= ? AND "odd?" = '\'?' AND n = ?`, Params: []any{`it's\`, int64(3)}}}, []string{
			columns + "orders, TEXT ORDERS", like, number, insert + `[["0","1","a\"b"],["1","2",""]]`,
			"BEGIN TRANSACTION;\n" + merge + ";\n" + `DELETE FROM "ORDERS" WHERE NOT EXISTS (SELECT 1 FROM "STAGE" s WHERE s."ID" = "ORDERS"."ID") AND (day >= 'it''s\\' AND "odd?" = '\'?' AND n = 3` + "\n);\nCOMMIT", drop,
		}},
		"made": {databases.Load{Table: "fresh", Create: true}, []string{
			columns + "fresh, TEXT FRESH", `CREATE TRANSIENT TABLE "STAGE" ("ID" NUMBER(19,0), "NAME" VARCHAR, BROKED_ROW NUMBER(18,0))`, insert + `[["0","1","a\"b"],["1","2",""]]`,
			`CREATE TABLE IF NOT EXISTS "FRESH" ("ID" NUMBER(19,0), "NAME" VARCHAR)`,
			"BEGIN TRANSACTION;\n" + `INSERT INTO "FRESH" ("ID", "NAME") SELECT "ID", "NAME" FROM "STAGE"` + ";\nCOMMIT", drop,
		}},
		"made anew": {databases.Load{Table: "fresh", Create: true, Mode: databases.Overwrite}, []string{
			columns + "fresh, TEXT FRESH", `CREATE TRANSIENT TABLE "STAGE" ("ID" NUMBER(19,0), "NAME" VARCHAR, BROKED_ROW NUMBER(18,0))`, insert + `[["0","1","a\"b"],["1","2",""]]`,
			`CREATE OR REPLACE TABLE "FRESH" COPY GRANTS AS SELECT "ID", "NAME" FROM "STAGE"`, drop,
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFake(t)
			f.answer, f.lose, f.busy = table, "BEGIN TRANSACTION", 1
			n, err := f.server().Write(t.Context(), c.load, rows(`a"b`, ""))
			if err != nil || n != 2 {
				t.Fatal(n, err)
			}
			if diff := cmp.Diff(c.want, f.what()); diff != "" {
				t.Error(diff)
			}
			if c.load.Told != nil && c.load.Told.Deleted != 7 {
				t.Errorf("%+v", c.load.Told)
			}
		})
	}
}

// TestNothingIsCommitted sees what goes wrong before the commit, or in its place.
func TestNothingIsCommitted(t *testing.T) {
	t.Parallel()
	held := 0
	for name, c := range map[string]struct {
		load        databases.Load
		texts       []string
		code, words string
		commits     bool
	}{
		"a row":    {databases.Load{Table: "orders", Refusals: &databases.Refusals{}}, []string{"a", "b", "bad", "d", "e"}, "row_refused", "row 3 cannot be written to orders: Numeric value is not recognized", false},
		"aside":    {databases.Load{Table: "orders", Refusals: &databases.Refusals{Table: "x"}}, []string{"a"}, "", "cannot put rows aside", false},
		"no table": {databases.Load{Table: "ordesr"}, []string{"a"}, "", `has no table "ordesr"`, false},
		"no key":   {databases.Load{Table: "orders", Mode: databases.Upsert, Keys: []string{"nam"}}, []string{"a"}, "", `no column "nam"`, false},
		"given up": {databases.Load{Table: "orders", Attempt: databases.Attempt{Name: "a", Held: func(context.Context) error {
			held++
			return map[bool]error{true: fault.New(fault.Stale, "gone").With("stale")}[held == 2]
		}}}, []string{"a"}, "stale", "gone", false},
		"superseded": {databases.Load{Table: "orders", Attempt: databases.Attempt{Name: "a", Held: func(context.Context) error { return nil }}}, []string{"superseded"}, "stale", "another attempt", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFake(t)
			f.answer = func(said string) (int, string) {
				if name == "superseded" && strings.HasPrefix(said, "BEGIN") {
					return 422, `{"code": "100051", "sqlState": "22012", "message": "Division by zero"}`
				}
				return table(said)
			}
			_, err := f.server().Write(t.Context(), c.load, rows(c.texts...))
			if fault.CodeOf(err) != c.code && c.code != "" || !strings.Contains(fault.MessageOf(err), c.words) {
				t.Errorf("got %s %v", fault.CodeOf(err), err)
			}
			if began := slices.ContainsFunc(f.what(), func(s string) bool { return strings.HasPrefix(s, "BEGIN") }); began != c.commits {
				t.Errorf("said %q", f.what())
			}
			if said := f.what(); len(said) > 3 && !slices.Contains(said, drop) {
				t.Errorf("left over: %q", said)
			}
		})
	}
}
