package contacts

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/news"
	"github.com/broked/broked/internal/outbound"
)

// AttachmentStore remembers attachments of all workspaces. Package store
// implements it; every method is one transaction.
type AttachmentStore interface {
	// DueAttachments returns pending attachments whose time has come, at most limit,
	// and when the next of the others comes, or nil.
	DueAttachments(ctx context.Context, now time.Time, limit int) ([]Attachment, *time.Time, error)
	// SaveAttachment stores what became of an attachment and reports whether it is
	// still there: its contact may have been erased meanwhile. With an event that is
	// told to the audit log.
	SaveAttachment(ctx context.Context, a Attachment, event *auth.AuditEvent) (bool, error)
	// HasContact reports whether there is a contact, in any workspace.
	HasContact(ctx context.Context, id ID) (bool, error)
}

// Bounds of fetching.
const (
	MaxFile     = 25 << 20 // bytes of a file
	maxAttempts = 8        // over about two hours
	firstWait   = time.Minute
	longestWait = 6 * time.Hour
	fetchAtOnce = 4
	batch       = 16
	idle        = time.Minute // between looks, when nobody says that there is work
)

// FetcherDeps is what a Fetcher needs. Every field is required.
type FetcherDeps struct {
	Store  AttachmentStore
	Files  Files
	Client *outbound.Client
	News   *news.Board
	Log    *slog.Logger
}

// Fetcher fetches the files of contacts.
type Fetcher struct{ FetcherDeps }

// NewFetcher returns a fetcher that has not begun. The client must follow a few
// redirects, and take MaxFile bytes and no more.
func NewFetcher(d FetcherDeps) *Fetcher { return &Fetcher{d} }

// Run fetches what is due until ctx ends. What was being fetched then, or when
// the server was killed, is fetched again by the next one.
func (f *Fetcher) Run(ctx context.Context) error {
	if err := f.sweep(ctx); err != nil && ctx.Err() == nil {
		f.Log.ErrorContext(ctx, "files of erased contacts could not be removed", "error", err)
	}
	woken, end := f.News.Watch(topicFiles)
	defer end()
	for ctx.Err() == nil {
		wait, err := f.round(ctx)
		if err != nil && ctx.Err() == nil {
			f.Log.ErrorContext(ctx, "files of contacts could not be looked for", "error", err)
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-woken:
		case <-timer.C:
		}
		timer.Stop()
	}
	return nil
}

// sweep removes the files of contacts that were erased by a server that was
// killed before it had removed them.
func (f *Fetcher) sweep(ctx context.Context) error {
	all, err := f.Files.contacts()
	for _, id := range all {
		there, e := f.Store.HasContact(ctx, id)
		if e == nil && !there {
			e = f.Files.Erase(id)
		}
		err = errors.Join(err, e)
	}
	return err
}

// round fetches what is due and returns after which time to look again.
func (f *Fetcher) round(ctx context.Context) (time.Duration, error) {
	due, next, err := f.Store.DueAttachments(ctx, time.Now(), batch)
	if err != nil {
		return idle, err
	}
	var g errgroup.Group
	g.SetLimit(fetchAtOnce)
	for _, a := range due {
		g.Go(func() error { return f.handle(ctx, a) })
	}
	if err := g.Wait(); err != nil {
		return idle, err
	}
	switch {
	case len(due) == batch:
		return 0, nil
	case next != nil:
		return min(max(time.Until(*next), time.Second), idle), nil
	}
	return idle, nil
}

// handle fetches one file and puts on record what became of it.
func (f *Fetcher) handle(ctx context.Context, a Attachment) error {
	a.Attempts++
	a.NextTry, a.Error, a.ErrorCode = nil, "", ""
	fetched, after, err := f.fetch(ctx, a)
	if ctx.Err() != nil {
		return ctx.Err() // the server stops: this was no attempt
	}
	now := time.Now().UTC()
	var event *auth.AuditEvent
	if err == nil {
		fetched.State, fetched.StoredAt = Stored, &now
	} else {
		fetched, event = failed(a, err, after, now)
		f.Log.WarnContext(ctx, "file of a contact was not fetched", "contact", a.Contact, "attachment", a.ID,
			"attempt", a.Attempts, "state", fetched.State, "error", err)
	}
	there, err := f.Store.SaveAttachment(ctx, fetched, event)
	if err != nil {
		return err
	}
	f.News.Post(Topic)
	if there {
		return nil
	}
	return f.Files.Erase(a.Contact)
}

// failed returns a after a failure: to be fetched again later, unless that is of
// no use.
func failed(a Attachment, err error, after time.Duration, now time.Time) (Attachment, *auth.AuditEvent) {
	a.Error, a.ErrorCode = fault.MessageOf(err), fault.CodeOf(err)
	again := outbound.Transient(err) || fault.KindOf(err) == fault.Internal
	if again && a.Attempts < maxAttempts {
		next := now.Add(max(after, outbound.Backoff(a.Attempts, firstWait, longestWait)))
		a.NextTry = &next
		return a, nil
	}
	a.State = Failed
	if a.ErrorCode != "ssrf_blocked" && a.ErrorCode != "redirect_refused" {
		return a, nil
	}
	return a, &auth.AuditEvent{
		Event: a.ErrorCode, Target: string(a.Contact), Outcome: auth.Failure, Details: map[string]any{"attachment": a.ID},
	}
}

// fetch fetches the file of a. When its server asks for patience it returns for
// how long.
func (f *Fetcher) fetch(ctx context.Context, a Attachment) (Attachment, time.Duration, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, a.URL, nil)
	if err != nil {
		return a, 0, fault.Wrap(fault.Invalid, err, "the address cannot be read").With("bad_url")
	}
	res, err := f.Client.Do(req)
	if err != nil {
		return a, 0, err
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusOK {
		after, _ := outbound.RetryAfter(res.Header, time.Now())
		return a, after, refusedBy(req.URL.Hostname(), res)
	}
	a.Name, a.ContentType = nameOf(a, res.Header.Get("Content-Disposition")), res.Header.Get("Content-Type")
	body := bufio.NewReaderSize(res.Body, head)
	beginning, err := body.Peek(head)
	if err != nil && !errors.Is(err, io.EOF) {
		return a, 0, err
	}
	if err := checkType(a.Role, a.ContentType, beginning); err != nil {
		return a, 0, err
	}
	a, err = f.Files.put(a, body)
	return a, 0, err
}

// refusedBy is the fault of an answer that has no file. What may change is tried
// again, and a file that is not there may be put there.
func refusedBy(host string, res *http.Response) error {
	kind := fault.Invalid
	if outbound.MayPass(res.StatusCode) || res.StatusCode == http.StatusNotFound {
		kind = fault.Unavailable
	}
	return fault.New(kind, "%s answered %s", host, statusText(res.StatusCode)).With("bad_answer")
}

func statusText(code int) string { return fmt.Sprintf("%d %s", code, http.StatusText(code)) }
