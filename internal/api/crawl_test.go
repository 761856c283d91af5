package api_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/broked/broked/internal/api"
	"github.com/broked/broked/internal/auth"
)

// raw sends text over a connection of its own and returns what comes back.
func (w *world) raw(text string) string {
	w.t.Helper()
	c, err := new(net.Dialer).DialContext(w.t.Context(), "tcp", strings.TrimPrefix(w.url, "http://"))
	must(w.t, err)
	defer c.Close()
	must(w.t, c.SetDeadline(time.Now().Add(soon)))
	_, err = io.WriteString(c, text)
	must(w.t, err)
	answer, err := io.ReadAll(c)
	must(w.t, err)
	return string(answer)
}

// gets returns the paths of all calls that read, with ids in their places.
func gets(t *testing.T, ids map[string]string) []string {
	t.Helper()
	text, err := api.Document()
	must(t, err)
	var document struct {
		Paths map[string]map[string]struct {
			Responses map[string]struct{ Content map[string]any }
		}
	}
	must(t, json.Unmarshal(text, &document))
	var paths []string
	for path, operations := range document.Paths {
		get, reads := operations["get"]
		if _, streams := get.Responses["200"].Content["text/event-stream"]; !reads || streams {
			continue
		}
		for name, id := range ids {
			path = strings.ReplaceAll(path, "{"+name+"}", id)
		}
		paths = append(paths, path)
	}
	if len(paths) < 20 {
		t.Fatalf("the document has only %d paths that read", len(paths))
	}
	return paths
}

// TestReadingChangesNothing calls everything that reads, as everybody, and
// compares the database: what a link or a picture can do is no change.
func TestReadingChangesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t).withAccounts()
	pipeline := w.create(auth.Editor, "p")
	run := w.trigger(auth.Editor, pipeline)
	paths := append(gets(t, map[string]string{"pipeline": pipeline, "id": pipeline, "run": run, "version": "1", "node": "in"}), "/", "/assets/a.js", "/nothing")
	for _, role := range []auth.Role{auth.Viewer, auth.Editor, auth.Admin, auth.Superadmin} {
		w.tokenOf(role) // a sign-in is a change
	}
	// Of the audit log only refusals may be new: those are its purpose.
	tables := map[string]string{"sessions": "id, user_id, epoch, created_at, expires_at, address, agent", "audit": "seq, event"}
	before := w.contents(tables)
	for _, role := range []auth.Role{"", auth.Viewer, auth.Editor, auth.Admin, auth.Superadmin} {
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			for _, path := range paths {
				res, text := w.call(scenario{as: role, method: method, path: path})
				if res.StatusCode >= 500 && path != "/ready" {
					t.Errorf("%s %s as %q answers %d: %s", method, path, role, res.StatusCode, text)
				}
			}
		}
	}
	after := w.contents(tables)
	for table, rows := range before {
		now := after[table]
		if table == "audit" {
			for line := range strings.Lines(strings.TrimPrefix(now, rows)) {
				if !strings.HasSuffix(strings.TrimSpace(line), "|authz_fail") {
					t.Errorf("reading is told as a change: %s", line)
				}
			}
			continue
		}
		if now != rows {
			t.Errorf("reading changed %s:\n%s\nis now\n%s", table, rows, now)
		}
	}
}

// contents returns the rows of every table as text, those of some with the
// columns that are given.
func (w *world) contents(columns map[string]string) map[string]string {
	w.t.Helper()
	query := func(text string) [][]any {
		rows, err := w.db.Writer().QueryContext(w.t.Context(), text)
		must(w.t, err)
		defer rows.Close()
		names, err := rows.Columns()
		must(w.t, err)
		var all [][]any
		for rows.Next() {
			row := make([]any, len(names))
			for i := range row {
				row[i] = new(any)
			}
			must(w.t, rows.Scan(row...))
			all = append(all, row)
		}
		must(w.t, rows.Err())
		return all
	}
	tables := map[string]string{}
	for _, row := range query(`SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'river_%' AND name NOT LIKE 'sqlite_%'`) {
		name := fmt.Sprint(*row[0].(*any))
		list := columns[name]
		if list == "" {
			list = "*"
		}
		var text strings.Builder
		for _, row := range query("SELECT " + list + " FROM " + name + " ORDER BY 1") {
			for i, value := range row {
				if i > 0 {
					text.WriteByte('|')
				}
				fmt.Fprint(&text, *value.(*any))
			}
			text.WriteByte('\n')
		}
		tables[name] = text.String()
	}
	if len(tables) < 8 {
		w.t.Fatalf("the database has only %d tables", len(tables))
	}
	return tables
}

// TestHeadersOfEveryKindOfAnswer looks at pages, files, answers, errors and
// refusals: none is without the headers that keep browsers within bounds.
func TestHeadersOfEveryKindOfAnswer(t *testing.T) {
	t.Parallel()
	w := newWorld(t).withAccounts()
	for _, sc := range []scenario{
		{name: "page", method: "GET", path: "/", want: 200},
		{name: "page of a route", method: "GET", path: "/runs/1", want: 200},
		{name: "file", method: "GET", path: "/assets/a.js", want: 200},
		{name: "file that is not there", method: "GET", path: "/assets/b.js", want: 404},
		{name: "page, wrong method", method: "POST", path: "/", want: 405},
		{name: "JSON", as: auth.Viewer, method: "GET", path: "/api/pipelines", want: 200},
		{name: "YAML", as: auth.Editor, method: "GET", path: "/api/pipelines/" + w.create(auth.Editor, "x") + "/export", want: 200},
		{name: "health", method: "GET", path: "/health", want: 200},
		{name: "not ready", method: "GET", path: "/ready", want: 200},
		{name: "nobody", method: "GET", path: "/api/pipelines", want: 401},
		{name: "not allowed", as: auth.Viewer, method: "POST", path: "/api/pipelines", body: document("y"), want: 403},
		{name: "forged", as: auth.Viewer, method: "POST", path: "/api/pipelines", body: "{}", header: map[string]string{"Sec-Fetch-Site": "cross-site"}, want: 403},
		{name: "not there", as: auth.Viewer, method: "GET", path: "/api/nothing", want: 404},
		{name: "wrong method", as: auth.Viewer, method: "PUT", path: "/api/pipelines", want: 405},
		{name: "question before a request", method: "OPTIONS", path: "/api/pipelines", want: 204},
		{name: "bad body", as: auth.Editor, method: "POST", path: "/api/pipelines", body: "{", want: 400},
		{name: "form", method: "POST", path: "/api/pipelines", body: "{}", header: map[string]string{"Content-Type": "text/plain"}, want: 415},
		{name: "body too large", as: auth.Editor, method: "POST", path: "/api/pipelines", body: strings.Repeat(" ", 1<<20+1), want: 413},
	} {
		res, text := w.call(sc)
		if res.StatusCode != sc.want {
			t.Errorf("%s: %d, want %d: %s", sc.name, res.StatusCode, sc.want, text)
		}
		for name, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer",
			"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin",
			"Permissions-Policy": "camera=(), microphone=(), geolocation=()",
		} {
			if got := res.Header.Get(name); got != want {
				t.Errorf("%s: %s is %q, want %q", sc.name, name, got, want)
			}
		}
		policy := res.Header.Get("Content-Security-Policy")
		if !strings.HasPrefix(policy, "default-src 'none'") || !strings.Contains(policy, "frame-ancestors 'none'") {
			t.Errorf("%s: Content-Security-Policy is %q", sc.name, policy)
		}
		if res.Header.Get("X-Request-Id") == "" || res.Header.Get("Server") != "" || res.Header.Get("Strict-Transport-Security") != "" {
			t.Errorf("%s: %v", sc.name, res.Header)
		}
		if strings.HasPrefix(sc.path, "/api") && res.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: Cache-Control is %q", sc.name, res.Header.Get("Cache-Control"))
		}
	}
}
