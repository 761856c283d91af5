package api_test

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/contacts"
	"github.com/broked/broked/internal/outbound"
)

// tokenHeader returns the header by which clients of this door show a key that
// may do what permissions say.
func (w *world) tokenHeader(name, permissions string) map[string]string {
	w.t.Helper()
	text := w.run(scenario{name: "key", as: auth.Admin, method: "POST", path: "/api/services", body: `{"service_name":"` + name + `","permissions":[` + permissions + `]}`, want: 201})
	return map[string]string{"Authorization": "Token token=" + member(w.t, text, "token")}
}

func TestContactCalls(t *testing.T) {
	t.Parallel()
	w := newWorld(t).withAccounts()
	key := w.tokenHeader("intake", `"contacts.view","contacts.create","contacts.edit","contacts.delete"`)
	other := w.tokenHeader("other", `"runs.view"`)
	wrong := map[string]string{"Authorization": "Token token=brk_wrong"}
	const leads = "/v2/leads"
	ada := member(t, w.run(scenario{
		name: "create", method: "POST", path: leads, header: key, want: 201,
		body: `{"first_name":"Ada","email":"Ada@Example.com","agent_id":"a1","birthday":"10/12/1985","tags":["new"],"custom":{"score":7}}`,
		has:  []string{`"product":"recruiting"`, `"email":"Ada@Example.com"`, `"custom":{"score":7}`, `"resume_url":""`, `"document_urls":[]`},
	}), "id")
	bob := member(t, w.run(scenario{name: "create", method: "POST", path: leads, header: key, body: `{"email":"bob@example.com"}`, want: 201}), "id")
	eve := member(t, w.run(scenario{name: "an agent", method: "POST", path: leads, header: key, body: `{"agent_id":"e1","product":"retention"}`, want: 201, has: []string{`"email":null`, `"product":"retention"`}}), "id")
	const absent = "01a200af-0000-7000-8000-000000000000"
	for _, sc := range []scenario{
		{name: "create: nobody", method: "POST", path: leads, body: `{}`, want: 401},
		{name: "create: wrong key", method: "POST", path: leads, header: wrong, body: `{}`, want: 401},
		{name: "create: key without the permission", method: "POST", path: leads, header: other, body: `{}`, want: 403},
		{name: "create: viewer", as: auth.Viewer, method: "POST", path: leads, body: `{}`, want: 403},
		{name: "create: not JSON", method: "POST", path: leads, header: key, body: `{`, want: 400, has: []string{"invalid_json"}},
		{name: "create: no object", method: "POST", path: leads, header: key, body: `[]`, want: 400},
		{name: "create: nothing", method: "POST", path: leads, header: key, want: 400},
		{name: "create: no key", method: "POST", path: leads, header: key, body: `{"first_name":"X"}`, want: 400, has: []string{"missing_parameter", "email"}},
		{name: "create: wrong", method: "POST", path: leads, header: key, body: `{"email":"x","birthday":"31/02/2000","colour":"red"}`, want: 422, has: []string{"invalid_contact", `"path":"email"`, `"path":"birthday"`, `"path":"colour"`}},
		{name: "create: test as text", method: "POST", path: leads, header: key, body: `{"email":"t@example.com","test":"true"}`, want: 422, has: []string{`"path":"test"`}},
		{name: "create: test", method: "POST", path: leads, header: key, body: `{"email":"t@example.com","first_name":"T","test":true}`, want: 201, has: []string{`"email":null`, `"first_name":"T"`}},
		{name: "create: test stored nothing", method: "GET", path: leads + "?email=t@example.com", header: key, want: 200, has: []string{"[]"}},
		{name: "create: test of a duplicate", method: "POST", path: leads, header: key, body: `{"email":"ADA@example.com","first_name":"T","test":true}`, want: 204},
		{name: "create: test of two", method: "POST", path: leads, header: key, body: `{"email":"bob@example.com","agent_id":"a1","test":true}`, want: 422, has: []string{"duplicate_contact"}},
		{name: "create: unknown members are kept", method: "POST", path: leads, header: key, body: `{"email":"bob@example.com","shoe":38,"keep_unknown":true}`, want: 204},
		{name: "create: same e-mail", method: "POST", path: leads, header: key, body: `{"email":"ada@EXAMPLE.com","last_name":"Lovelace"}`, want: 204},
		{name: "create: same agent_id", method: "POST", path: leads, header: key, body: `{"agent_id":"a1","status":"hot"}`, want: 204},
		{name: "create: two contacts", method: "POST", path: leads, header: key, body: `{"email":"bob@example.com","agent_id":"a1"}`, want: 422, has: []string{ada, bob, `"path":"email"`, `"path":"agent_id"`}},
		{name: "create: a lead as an agent", method: "POST", path: "/v2/agents", header: key, body: `{"agent_id":"x","product":"recruiting"}`, want: 422, has: []string{`"path":"product"`}},
		{name: "create: an agent", method: "POST", path: "/v2/agents", header: key, body: `{"agent_id":"f1"}`, want: 201, has: []string{`"product":"retention"`}},

		{name: "read", method: "GET", path: leads + "/" + ada, header: key, want: 200, has: []string{`"last_name":"Lovelace"`, `"status":"hot"`, `"first_name":"Ada"`, `"email":"ada@EXAMPLE.com"`}},
		{name: "read: through the other door", method: "GET", path: "/v2/agents/" + ada, header: key, want: 200},
		{name: "read: kept", method: "GET", path: leads + "/" + bob, header: key, want: 200, has: []string{`"custom":{"shoe":38}`}},
		{name: "read: absent", method: "GET", path: leads + "/" + absent, header: key, want: 404, has: []string{"contact_not_found"}},
		{name: "read: hostile", method: "GET", path: leads + "/..%2f..%2fetc", header: key, want: 404},
		{name: "read: nobody", method: "GET", path: leads + "/" + ada, want: 401},
		{name: "read: viewer", as: auth.Viewer, method: "GET", path: leads + "/" + ada, want: 200},

		{name: "list: nobody", method: "GET", path: leads, want: 401},
		{name: "list: another key", method: "GET", path: leads, header: other, want: 403},
		{name: "list", method: "GET", path: leads, header: key, want: 200, has: []string{ada, bob}, hasNot: []string{eve, `"items"`}},
		{name: "list: agents", method: "GET", path: "/v2/agents", header: key, want: 200, has: []string{eve}, hasNot: []string{ada}},
		{name: "list: both", method: "GET", path: leads + "?product=any", header: key, want: 200, has: []string{eve, ada}},
		{name: "list: filter", method: "GET", path: leads + "?status=hot&tag=new&updated_since=2020-01-01T00:00:00Z", header: key, want: 200, has: []string{ada}, hasNot: []string{bob}},
		{name: "list: filter finds nothing", method: "GET", path: leads + "?status=cold", header: key, want: 200, has: []string{"[]"}},
		{name: "list: page", method: "GET", path: leads + "?page=2&per_page=1", header: key, want: 200, has: []string{`"total":2`, bob}, hasNot: []string{ada}},
		{name: "list: bad filter", method: "GET", path: leads + "?product=x&updated_since=yesterday", header: key, want: 400, has: []string{"product", "updated_since"}},
		{name: "list: bad cursor", method: "GET", path: leads + "?after=x", header: key, want: 400, has: []string{"bad_cursor"}},

		{name: "change: nobody", method: "PUT", path: leads + "/" + bob, body: `{}`, want: 401},
		{name: "change: viewer", as: auth.Viewer, method: "PUT", path: leads + "/" + bob, body: `{}`, want: 403},
		{name: "change", as: auth.Editor, method: "PUT", path: leads + "/" + bob, body: `{"stage":"second","email":"robert@example.com"}`, want: 204},
		{name: "change: wrong", method: "PUT", path: leads + "/" + bob, header: key, body: `{"phone":"x"}`, want: 422, has: []string{`"path":"phone"`}},
		{name: "change: not JSON", method: "PUT", path: leads + "/" + bob, header: key, body: `x`, want: 400},
		{name: "change: taken", method: "PUT", path: leads + "/" + bob, header: key, body: `{"email":"ada@example.com"}`, want: 422, has: []string{ada, "duplicate_contact"}},
		{name: "change: no key left", method: "PUT", path: leads + "/" + bob, header: key, body: `{"email":null}`, want: 400},
		{name: "change: absent", method: "PUT", path: leads + "/" + absent, header: key, body: `{}`, want: 404},
		{name: "history", method: "GET", path: leads + "/" + bob + "/history", header: key, want: 200, has: []string{`"source":"interface"`, `"actor":"editor"`, `"before":{"email":"bob@example.com"`, `"actor":"intake"`, `"action":"created"`}},
		{name: "history: absent", method: "GET", path: leads + "/" + absent + "/history", header: key, want: 404},
		{name: "history: nobody", method: "GET", path: leads + "/" + bob + "/history", want: 401},

		{name: "erase: viewer", as: auth.Viewer, method: "DELETE", path: leads + "/" + bob, want: 403},
		{name: "erase", method: "DELETE", path: leads + "/" + bob, header: key, want: 204},
		{name: "erase: again", method: "DELETE", path: leads + "/" + bob, header: key, want: 404},
		{name: "erase by e-mail: viewer", as: auth.Viewer, method: "POST", path: "/v2/contacts/erase", body: `{"email":"ada@example.com"}`, want: 403},
		{name: "erase by e-mail: whose", method: "POST", path: "/v2/contacts/erase", header: key, body: `{"email":" "}`, want: 400},
		{name: "erase by e-mail", method: "POST", path: "/v2/contacts/erase", header: key, body: `{"email":"ADA@example.com"}`, want: 204},
		{name: "erase by e-mail: again", method: "POST", path: "/v2/contacts/erase", header: key, body: `{"email":"ada@example.com"}`, want: 404},
		{name: "erase: audit", as: auth.Admin, method: "GET", path: "/api/audit?event=contact_erased", want: 200, has: []string{ada, bob, `"actor":"intake"`}, hasNot: []string{"example.com"}},
		{name: "no such path", method: "GET", path: "/v2/none", header: key, want: 404},
	} {
		text := w.run(sc)
		if sc.want == http.StatusNoContent && text != "" {
			t.Errorf("%s: 204 with a body: %s", sc.name, text)
		}
	}
}

func TestParallelPostsMakeOneContact(t *testing.T) {
	t.Parallel()
	w := newWorld(t).withAccounts()
	w.tokenOf(auth.Editor)
	statuses := make(chan int, 16)
	var all sync.WaitGroup
	for range cap(statuses) {
		all.Go(func() {
			res, _ := w.call(scenario{as: auth.Editor, method: "POST", path: "/v2/leads", body: `{"email":"same@example.com","status":"x"}`})
			statuses <- res.StatusCode
		})
	}
	all.Wait()
	close(statuses)
	got := map[int]int{}
	for status := range statuses {
		got[status]++
	}
	if got[201] != 1 || got[204] != cap(statuses)-1 {
		t.Errorf("answers: %v, want one 201 and the others 204", got)
	}
}

func TestContactCursorFindsWhatChanged(t *testing.T) {
	t.Parallel()
	w := newWorld(t).withAccounts()
	post := func(email string, want int) {
		w.run(scenario{name: email, as: auth.Editor, method: "POST", path: "/v2/leads", body: `{"email":"` + email + `","notes":"` + time.Now().String()[:27] + `"}`, want: want})
	}
	var page struct {
		Items   []contacts.Contact
		HasNext bool `json:"has_next"`
		Cursor  string
	}
	next := func() int {
		text := w.run(scenario{name: "list", as: auth.Viewer, method: "GET", path: "/v2/leads?order=oldest&limit=2&after=" + page.Cursor, want: 200})
		must(t, json.Unmarshal([]byte(text), &page))
		return len(page.Items)
	}
	for _, email := range []string{"a@b.cd", "b@b.cd", "c@b.cd"} {
		post(email, 201)
	}
	if a, b, c := next(), next(), next(); a != 2 || b != 1 || c != 0 || page.Cursor == "" {
		t.Errorf("parts of %d, %d and %d, cursor %q", a, b, c, page.Cursor)
	}
	post("a@b.cd", 204)
	if n := next(); n != 1 || page.Items[0].Email != "a@b.cd" {
		t.Errorf("changed since: %+v", page.Items)
	}
}

func TestContactFiles(t *testing.T) {
	t.Parallel()
	w := newWorld(t).withAccounts()
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/gone" {
			w.WriteHeader(http.StatusGone)
			return
		}
		_, _ = io.WriteString(w, "%PDF-1.7 <script>")
	}))
	t.Cleanup(site.Close)
	lead := "/v2/leads/" + member(t, w.run(scenario{
		name: "create", as: auth.Editor, method: "POST", path: "/v2/leads", want: 201,
		body: `{"email":"a@b.cd","resume_url":"` + site.URL + `/Ada%20Löve.pdf","document_urls":["` + site.URL + `/gone"]}`,
	}), "id")
	w.run(scenario{name: "pending", as: auth.Viewer, method: "GET", path: lead + "/attachments", want: 200, has: []string{`"state":"pending"`, `"attempts":0`}})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	woken, end := w.news.Watch(contacts.Topic)
	defer end()
	fetcher := contacts.NewFetcher(contacts.FetcherDeps{
		Store: w.store, Files: w.files, News: w.news, Log: slog.New(slog.DiscardHandler),
		Client: outbound.NewClient(outbound.Options{Policy: outbound.Policy{Allow: outbound.Loopback()}}),
	})
	go func() { _ = fetcher.Run(ctx) }()
	var files []contacts.Attachment
	for len(files) == 0 || files[0].State == contacts.Pending || files[1].State == contacts.Pending {
		select {
		case <-woken:
		case <-time.After(soon):
			t.Fatalf("not fetched: %+v", files)
		}
		_, text := w.call(scenario{as: auth.Viewer, method: "GET", path: lead + "/attachments"})
		must(t, json.Unmarshal([]byte(text), &files))
	}
	stored, failed := lead+"/attachments/"+files[0].ID, lead+"/attachments/"+files[1].ID
	for _, sc := range []scenario{
		{name: "list: nobody", method: "GET", path: lead + "/attachments", want: 401},
		{name: "list: absent", as: auth.Viewer, method: "GET", path: "/v2/leads/none/attachments", want: 404},
		{name: "list", as: auth.Viewer, method: "GET", path: lead + "/attachments", want: 200, has: []string{`"state":"stored"`, `"state":"failed"`, `"error_code":"bad_answer"`, "answered 410 Gone"}},
		{name: "file: nobody", method: "GET", path: stored, want: 401},
		{name: "file: not here", as: auth.Viewer, method: "GET", path: failed, want: 409, has: []string{"not_stored"}},
		{name: "file: absent", as: auth.Viewer, method: "GET", path: lead + "/attachments/none", want: 404, has: []string{"attachment_not_found"}},
		{name: "file", as: auth.Viewer, method: "GET", path: stored, want: 200, has: []string{"%PDF-1.7 <script>"}},
		{name: "retry: viewer", as: auth.Viewer, method: "POST", path: failed + "/retry", want: 403},
		{name: "retry: what is stored", as: auth.Editor, method: "POST", path: stored + "/retry", want: 404},
		{name: "retry", as: auth.Editor, method: "POST", path: failed + "/retry", want: 204},
	} {
		w.run(sc)
	}
	res, _ := w.call(scenario{as: auth.Viewer, method: "GET", path: stored})
	for name, want := range map[string]string{
		"Content-Type": "application/pdf", "Content-Disposition": "attachment; filename*=utf-8''Ada%20L%C3%B6ve.pdf", "X-Content-Type-Options": "nosniff",
		"Content-Security-Policy": "sandbox; default-src 'none'", "Cache-Control": "no-store",
	} {
		if got := res.Header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	w.run(scenario{name: "erase", as: auth.Editor, method: "DELETE", path: lead, want: 204})
	w.run(scenario{name: "file: erased", as: auth.Viewer, method: "GET", path: stored, want: 404})
}

func TestImportAndExport(t *testing.T) {
	t.Parallel()
	w := newWorld(t).withAccounts()
	file := map[string]string{"Content-Type": "text/csv"}
	table := "email,last_name,tags\nada@example.com,=Love,a|b\nbob@example.com,,\nx,,\n"
	for _, sc := range []scenario{
		{name: "import: nobody", method: "POST", path: "/v2/contacts/import", body: table, header: file, want: 401},
		{name: "import: viewer", as: auth.Viewer, method: "POST", path: "/v2/contacts/import", body: table, header: file, want: 403},
		{name: "import: only tried", as: auth.Editor, method: "POST", path: "/v2/contacts/import?test=true", body: table, header: file, want: 200, has: []string{`"created":2`, `"rejected":1`, `"line":4`}},
		{name: "import", as: auth.Editor, method: "POST", path: "/v2/contacts/import", body: table, header: file, want: 200, has: []string{`"rows":3`, `"created":2`, `"updated":0`, `"rejected":1`, `"path":"email"`}},
		{name: "import: bad header", as: auth.Editor, method: "POST", path: "/v2/contacts/import", body: "mail\nx\n", header: file, want: 422, has: []string{"bad_file", `did you mean \"email\"`}},
		{name: "import: columns of your own", as: auth.Editor, method: "POST", path: "/v2/contacts/import?keep_unknown=true", body: "email,shoe\nbob@example.com,38\n", header: file, want: 200, has: []string{`"updated":1`}},
		{name: "import: too large", as: auth.Editor, method: "POST", path: "/v2/contacts/import", body: strings.Repeat("x", 11<<20), header: file, want: 413},
		{name: "export: nobody", method: "GET", path: "/v2/contacts/export", want: 401},
		{name: "export", as: auth.Viewer, method: "GET", path: "/v2/contacts/export?tag=a", want: 200, has: []string{"id,product,first_name,last_name,email", ",=Love,ada@example.com,", "a|b"}, hasNot: []string{"bob@"}},
		{name: "export: for spreadsheets", as: auth.Viewer, method: "GET", path: "/v2/contacts/export?spreadsheet=true", want: 200, has: []string{",'=Love,", `"{""shoe"":""38""}"`}},
		{name: "export: bad filter", as: auth.Viewer, method: "GET", path: "/v2/contacts/export?product=x", want: 400},
	} {
		w.run(sc)
	}
	res, _ := w.call(scenario{as: auth.Viewer, method: "GET", path: "/v2/contacts/export"})
	if res.Header.Get("Content-Type") != "text/csv; charset=utf-8" || res.Header.Get("Content-Disposition") != `attachment; filename="contacts.csv"` || res.Header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("headers: %v", res.Header)
	}
}
