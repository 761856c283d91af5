package contacts_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/contacts"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/news"
	"github.com/broked/broked/internal/outbound"
	"github.com/broked/broked/internal/queue"
	"github.com/broked/broked/internal/store"
	"github.com/broked/broked/internal/store/storetest"
)

// world is a service with its database and its folder of files.
type world struct {
	*contacts.Service
	deps contacts.FetcherDeps
	db   *store.DB
	all  *store.Store
	dir  string
}

func newWorld(t *testing.T, policy outbound.Policy) world {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	db, err := store.Open(t.Context(), store.Options{Path: storetest.SQLite(t), Log: log})
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.WithoutCancel(t.Context())
	t.Cleanup(func() { _ = db.Close(ctx) })
	q, err := queue.New(t.Context(), db.Writer(), log, queue.Options{Slots: 1, Grace: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	w := world{db: db, dir: filepath.Join(t.TempDir(), "contacts"), all: store.New(db, q)}
	w.deps = contacts.FetcherDeps{
		Store: w.all, Files: contacts.Files(w.dir), News: &news.Board{}, Log: log,
		Client: outbound.NewClient(outbound.Options{Policy: policy, MaxBody: 100_000, Redirects: 5}),
	}
	w.Service = contacts.NewService(w.all, w.deps.Files, w.deps.News)
	return w
}

// fetch runs a fetcher until each attachment of c is as settled says.
func (w world) fetch(t *testing.T, c contacts.ID, settled func(contacts.Attachment) bool) []contacts.Attachment {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	woken, end := w.deps.News.Watch(contacts.Topic)
	defer end()
	done := make(chan error)
	go func() { done <- contacts.NewFetcher(w.deps).Run(ctx) }()
	defer func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}()
	for {
		all, err := w.Attachments(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		open := 0
		for _, a := range all {
			if !settled(a) {
				open++
			}
		}
		if open == 0 {
			return all
		}
		select {
		case <-woken:
		case <-t.Context().Done():
			t.Fatalf("the test ended with %d attachments open: %+v", open, all)
		}
	}
}

func tried(a contacts.Attachment) bool { return a.State != contacts.Pending || a.Attempts > 0 }

func (w world) add(t *testing.T, text string, args ...any) contacts.ID {
	t.Helper()
	d, err := contacts.Read(fmt.Appendf(nil, text, args...))
	if err != nil {
		t.Fatal(err)
	}
	c, _, err := w.Upsert(t.Context(), d, "api")
	if err != nil {
		t.Fatal(err)
	}
	return c.ID
}

const pdf = "%PDF-1.7\n%\xe2\xe3\xcf\xd3\nnot much of one\n%%EOF\n"

func TestFetchedFilesAreStored(t *testing.T) {
	t.Parallel()
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/moved":
			http.Redirect(w, r, "/cv", http.StatusFound)
		case "/cv":
			w.Header().Set("Content-Type", "application/pdf")
			w.Header().Set("Content-Disposition", `attachment; filename="../../Ada's CV.pdf"`)
			_, _ = io.WriteString(w, pdf)
		default:
			w.Header().Set("Content-Type", "text/html")
			fmt.Fprint(w, "<b>a page</b>")
		}
	}))
	t.Cleanup(site.Close)
	w := newWorld(t, outbound.Policy{Allow: outbound.Loopback()})
	id := w.add(t, `{"email": "a@b.cd", "resume_url": "%[1]s/moved", "document_urls": ["%[1]s/docs/page.html?x=1"]}`, site.URL)
	all := w.fetch(t, id, tried)
	for i, want := range []struct{ name, kind, content string }{
		{"Ada's CV.pdf", "application/pdf", pdf}, {"page.html", "text/html", "<b>a page</b>"},
	} {
		a := all[i]
		sum := sha256.Sum256([]byte(want.content))
		if a.State != contacts.Stored || a.Name != want.name || a.ContentType != want.kind || a.Size != int64(len(want.content)) ||
			a.SHA256 != hex.EncodeToString(sum[:]) || a.StoredAt == nil || a.NextTry != nil || a.Attempts != 1 {
			t.Errorf("attachment: %+v", a)
		}
		_, f, err := w.Open(t.Context(), id, a.ID)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(f)
		if err != nil || string(got) != want.content || f.Close() != nil {
			t.Errorf("content %q, %v", got, err)
		}
		info, err := os.Stat(filepath.Join(w.dir, string(id), a.ID))
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("file: %v, %v", info, err)
		}
	}
	if entries, _ := os.ReadDir(filepath.Join(w.dir, string(id))); len(entries) != 2 {
		t.Errorf("%d files are in the folder, want 2", len(entries))
	}
	if err := w.Erase(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(w.dir, string(id))); !os.IsNotExist(err) {
		t.Errorf("the files of an erased contact are still there: %v", err)
	}
}

func TestFailuresAreOnRecord(t *testing.T) {
	t.Parallel()
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/busy":
			w.Header().Set("Retry-After", "1800")
			w.WriteHeader(http.StatusServiceUnavailable)
		case "/page":
			w.Header().Set("Content-Type", "text/html")
			fmt.Fprint(w, "%PDF-1.7 or so")
		case "/text":
			w.Header().Set("Content-Type", "application/pdf")
			fmt.Fprint(w, "no PDF")
		case "/large":
			w.Header().Set("Content-Type", "application/pdf")
			_, _ = io.WriteString(w, pdf)
			_, _ = w.Write(bytes.Repeat([]byte("x"), 100_000))
		case "/inside":
			http.Redirect(w, r, "http://10.0.0.1/secret", http.StatusFound)
		default:
			http.Error(w, "no", http.StatusForbidden)
		}
	}))
	t.Cleanup(site.Close)
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	missing := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(missing.Close)
	w := newWorld(t, outbound.Policy{Allow: outbound.Loopback()})
	for i, tc := range []struct {
		url, code string
		again     bool
	}{
		{site.URL + "/busy", "bad_answer", true},
		{missing.URL, "bad_answer", true},
		{gone.URL, "connection_failed", true},
		{site.URL + "/forbidden", "bad_answer", false},
		{site.URL + "/page", "not_a_pdf", false},
		{site.URL + "/text", "not_a_pdf", false},
		{site.URL + "/large", "answer_too_large", false},
		{site.URL + "/inside", "ssrf_blocked", false},
		{"http://169.254.169.254/latest", "ssrf_blocked", false},
	} {
		began := time.Now()
		id := w.add(t, `{"email": "p%d@b.cd", "resume_url": %q}`, i, tc.url)
		a := w.fetch(t, id, tried)[0]
		want := contacts.Failed
		if tc.again {
			want = contacts.Pending
		}
		if a.State != want || a.ErrorCode != tc.code || a.Error == "" || a.Attempts != 1 || (a.NextTry != nil) != tc.again {
			t.Errorf("%s: %+v", tc.url, a)
		}
		if strings.HasSuffix(tc.url, "/busy") && a.NextTry.Before(began.Add(30*time.Minute)) {
			t.Errorf("the server asked for half an hour; the next attempt is at %v", a.NextTry)
		}
		if _, _, err := w.Open(t.Context(), id, a.ID); fault.CodeOf(err) != "not_stored" {
			t.Errorf("opening what is not there: %v", err)
		}
		if entries, _ := os.ReadDir(filepath.Join(w.dir, string(id))); len(entries) != 0 {
			t.Errorf("%s: %d files are left", tc.url, len(entries))
		}
	}
	told, err := w.all.AuditRecords(t.Context(), auth.AuditFilter{Event: "ssrf_blocked", Limit: 9})
	if err != nil || len(told) != 2 {
		t.Errorf("%d records tell of refused addresses, want 2 (%v)", len(told), err)
	}
}

// A server that was stopped or killed between two attempts leaves nothing
// undone, and after the last attempt the failure stays until somebody asks.
func TestFilesAreFetchedAgain(t *testing.T) {
	t.Parallel()
	var works atomic.Bool
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if !works.Load() {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		_, _ = io.WriteString(w, pdf)
	}))
	t.Cleanup(site.Close)
	w := newWorld(t, outbound.Policy{Allow: outbound.Loopback()})
	id := w.add(t, `{"email": "a@b.cd", "document_urls": [%q]}`, site.URL+"/x")
	for attempt := 1; ; attempt++ {
		a := w.fetch(t, id, func(a contacts.Attachment) bool { return a.Attempts == attempt })[0]
		if a.State == contacts.Failed {
			if attempt != 8 {
				t.Errorf("given up after %d attempts", attempt)
			}
			break
		}
		if _, err := w.db.Writer().ExecContext(t.Context(), `UPDATE contact_attachments SET next_try = 0 WHERE state = 'pending'`); err != nil {
			t.Fatal(err)
		}
	}
	works.Store(true)
	all, err := w.Attachments(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Retry(t.Context(), id, all[0].ID); err != nil {
		t.Fatal(err)
	}
	a := w.fetch(t, id, func(a contacts.Attachment) bool { return a.State == contacts.Stored })[0]
	if a.Name != "x" || a.Error != "" {
		t.Errorf("attachment: %+v", a)
	}
}

func TestFilesOfErasedContactsAreSwept(t *testing.T) {
	t.Parallel()
	w := newWorld(t, outbound.Policy{})
	kept := w.add(t, `{"email": "a@b.cd", "document_urls": ["http://127.0.0.1/"]}`)
	for _, id := range []contacts.ID{kept, "019aa000-0000-7000-8000-000000000000"} {
		if err := os.MkdirAll(filepath.Join(w.dir, string(id)), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	w.fetch(t, kept, tried)
	entries, err := os.ReadDir(w.dir)
	if err != nil || len(entries) != 1 || entries[0].Name() != string(kept) {
		t.Errorf("left: %v, %v", entries, err)
	}
}
