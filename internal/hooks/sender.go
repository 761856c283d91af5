package hooks

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/message"
	"github.com/broked/broked/internal/news"
	"github.com/broked/broked/internal/outbound"
	"github.com/broked/broked/internal/runs"
	"github.com/broked/broked/internal/sealed"
)

// Parcel is a delivery that is due, with all that it takes to send it.
type Parcel struct {
	Delivery
	To      Hook
	Secret  string // sealed; "" is none
	Payload Payload
}

// Outbox hands out what is to be sent, of all workspaces. Package store implements it;
// every method is one transaction.
type Outbox interface {
	// DueDeliveries returns those whose time has come, at most each of one hook, and when
	// the next of the others comes, or nil.
	DueDeliveries(ctx context.Context, now time.Time, each int) ([]Parcel, *time.Time, error)
	// SaveDelivery notes what became of an attempt. One that is not there any more, or was
	// sent anew meanwhile, is no error and stays as it is. The status Gone switches the hook
	// off, and ends its other deliveries.
	SaveDelivery(ctx context.Context, d Delivery) error
	// ForgetDeliveries removes deliveries that were made before an instant and are not
	// pending, at most limit, and returns how many.
	ForgetDeliveries(ctx context.Context, before time.Time, limit int) (int, error)
}

// Gone is the status by which a receiver says that it wants to be told nothing more.
const Gone = http.StatusGone

// Bounds of sending.
const (
	Timeout     = 10 * time.Second // of an attempt
	maxAttempts = 17               // over about 22 hours
	firstWait   = 5 * time.Second
	longestWait = 4 * time.Hour
	atOnceHook  = 4  // at once to the receiver of a hook
	atOnceHost  = 8  // at once to a host
	atOnceAll   = 64 // at once to all hosts
	kept        = 7 * 24 * time.Hour
	idle        = 30 * time.Second // between looks, when nobody says that there is work
	forgetEvery = time.Hour
	forgetBatch = 500
	readOfReply = 4 << 10
)

// SenderDeps is what a Sender needs. Every field but Mail is required.
type SenderDeps struct {
	Outbox Outbox
	Client *outbound.Client // which follows no redirect and waits no longer than Timeout
	Dialer *outbound.Dialer
	Mail   *message.Mail // how e-mail is sent; nil: not at all
	Box    *sealed.Box
	News   *news.Board
	Log    *slog.Logger
	Base   string // address of this server for links, without a slash at the end; "" makes none
}

// Sender sends deliveries. Make one with NewSender.
type Sender struct {
	SenderDeps
	mu    sync.Mutex
	under map[DeliveryID]bool // those that are being sent
	hosts map[string]int      // how many of them go to a host
	sent  chan struct{}       // receives after one was sent
}

// NewSender returns a sender that has not begun.
func NewSender(d SenderDeps) *Sender {
	return &Sender{SenderDeps: d, under: map[DeliveryID]bool{}, hosts: map[string]int{}, sent: make(chan struct{}, 1)}
}

// Run sends what is due until ctx ends. What was being sent then, or when the server was
// killed, is sent again by the next one.
func (s *Sender) Run(ctx context.Context) error {
	made, end := s.News.Watch(Changed)
	defer end()
	changed, endRuns := s.News.Watch(runs.Changed)
	defer endRuns()
	var wg sync.WaitGroup
	defer wg.Wait()
	var forgotten time.Time
	for ctx.Err() == nil {
		if time.Since(forgotten) >= forgetEvery {
			forgotten = time.Now()
			s.forget(ctx, forgotten)
		}
		wait, err := s.round(ctx, time.Now(), &wg)
		if err != nil && ctx.Err() == nil {
			s.Log.ErrorContext(ctx, "deliveries could not be looked for", "error", err)
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-made:
		case <-changed:
		case <-s.sent:
		case <-timer.C:
		}
		timer.Stop()
	}
	return nil
}

// Send sends once what is due at an instant, and returns when it is sent.
func (s *Sender) Send(ctx context.Context, now time.Time) error {
	var wg sync.WaitGroup
	defer wg.Wait()
	_, err := s.round(ctx, now, &wg)
	return err
}

// round begins to send what is due and returns after which time to look again.
func (s *Sender) round(ctx context.Context, now time.Time, wg *sync.WaitGroup) (time.Duration, error) {
	due, next, err := s.Outbox.DueDeliveries(ctx, now, atOnceHook)
	if err != nil {
		return idle, err
	}
	for _, p := range due {
		host, ok := s.take(p)
		if !ok {
			continue // it is looked for again when one of the others is sent
		}
		wg.Go(func() {
			s.handle(ctx, p, now)
			s.leave(p, host)
		})
	}
	if next != nil {
		return min(max(next.Sub(now), 100*time.Millisecond), idle), nil
	}
	return idle, nil
}

// take reports whether p may be sent now, and to which host it goes.
func (s *Sender) take(p Parcel) (host string, ok bool) {
	if u, err := url.Parse(p.To.URL); err == nil {
		host = strings.ToLower(u.Host)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.under[p.ID] || s.hosts[host] >= atOnceHost || len(s.under) >= atOnceAll {
		return host, false
	}
	s.under[p.ID] = true
	s.hosts[host]++
	return host, true
}

func (s *Sender) leave(p Parcel, host string) {
	s.mu.Lock()
	delete(s.under, p.ID)
	if s.hosts[host]--; s.hosts[host] == 0 {
		delete(s.hosts, host)
	}
	s.mu.Unlock()
	select {
	case s.sent <- struct{}{}:
	default: // it is to be looked for already
	}
}

// handle tries to send p and notes what became of that.
func (s *Sender) handle(ctx context.Context, p Parcel, now time.Time) {
	d := p.Delivery
	d.Attempts++
	a := s.attempt(ctx, p)
	if ctx.Err() != nil {
		return // the server stops: this was no attempt
	}
	d.SentAt, d.NextAt, d.Status, d.Error = &now, nil, a.status, ""
	switch {
	case a.err == nil:
		d.State = Delivered
	case a.final || d.Attempts >= maxAttempts:
		d.State, d.Error = Failed, fault.MessageOf(a.err)
	default:
		at := now.Add(max(outbound.Backoff(d.Attempts, firstWait, longestWait), a.after))
		d.NextAt, d.Error = &at, fault.MessageOf(a.err)
	}
	if a.err != nil {
		s.Log.WarnContext(ctx, "a hook was not told", "hook", p.Hook, "delivery", p.ID, "attempt", d.Attempts, "state", d.State, "error", a.err)
	}
	if err := s.Outbox.SaveDelivery(ctx, d); err != nil && ctx.Err() == nil {
		s.Log.ErrorContext(ctx, "what became of a delivery could not be noted", "delivery", p.ID, "error", err)
	}
}

// attempt is how a try to send went.
type attempt struct {
	status int           // of HTTP, when there was an answer
	err    error         // nil: it arrived
	final  bool          // trying again would not help
	after  time.Duration // that the receiver asks to be left alone
}

func (s *Sender) attempt(ctx context.Context, p Parcel) attempt {
	ctx, done := context.WithTimeout(ctx, Timeout)
	defer done()
	if s.Base != "" && p.Payload.Run != "" {
		p.Payload.Link = s.Base + "/runs/" + url.PathEscape(string(p.Payload.Run))
	}
	if p.To.Type == Email {
		return s.mail(ctx, p)
	}
	req, err := s.request(ctx, p)
	if err != nil {
		return attempt{err: err, final: fault.KindOf(err) == fault.Invalid}
	}
	res, err := s.Client.Do(req)
	if err != nil {
		// An address that may not be reached, or leads elsewhere, stays so.
		kind := fault.KindOf(err)
		return attempt{err: err, final: kind == fault.Denied || kind == fault.Invalid && !fault.IsTransient(err)}
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, readOfReply))
	_ = res.Body.Close()
	a := attempt{status: res.StatusCode, final: res.StatusCode == Gone}
	if res.StatusCode < 200 || res.StatusCode > 299 {
		a.err = fault.New(fault.Unavailable, "%s answered %d %s", req.URL.Hostname(), res.StatusCode, http.StatusText(res.StatusCode))
		a.after, _ = outbound.RetryAfter(res.Header, time.Now())
	}
	return a
}

func (s *Sender) mail(ctx context.Context, p Parcel) attempt {
	if s.Mail == nil {
		return attempt{final: true, err: fault.New(fault.Invalid, "this server cannot send e-mail: start it with --mail-server and --mail-from")}
	}
	m := *s.Mail
	m.To = p.To.To
	subject, text := p.Payload.words(p.Event)
	err := m.Send(ctx, s.Dialer, subject, text)
	return attempt{err: err, final: fault.KindOf(err) == fault.Denied}
}

// request returns the call that tells the receiver.
func (s *Sender) request(ctx context.Context, p Parcel) (*http.Request, error) {
	var content any = p.Payload
	_, text := p.Payload.words(p.Event)
	switch p.To.Type { //nolint:exhaustive // the others are told the payload
	case Slack:
		content = message.Slack(text, p.To.Channel)
	case Teams:
		content = message.Teams(text)
	}
	body, err := json.Marshal(content)
	if err != nil {
		return nil, fmt.Errorf("payload: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.To.URL, bytes.NewReader(body))
	if err != nil {
		return nil, fault.New(fault.Invalid, "the address of the hook cannot be called")
	}
	req.Header.Set("Content-Type", "application/json")
	if p.To.Type != Webhook {
		return req, nil
	}
	at := time.Now()
	req.Header.Set("Webhook-Id", string(p.ID))
	req.Header.Set("Webhook-Timestamp", strconv.FormatInt(at.Unix(), 10))
	if p.Secret == "" {
		return req, nil
	}
	secret, err := s.Box.Open(SecretAt(p.Hook), p.Secret)
	if err != nil {
		return nil, err
	}
	signature, err := Sign(secret, p.ID, at, body)
	req.Header.Set("Webhook-Signature", signature)
	return req, err
}

// forget removes what was told long ago.
func (s *Sender) forget(ctx context.Context, now time.Time) {
	for {
		n, err := s.Outbox.ForgetDeliveries(ctx, now.Add(-kept), forgetBatch)
		if err != nil && ctx.Err() == nil {
			s.Log.ErrorContext(ctx, "old deliveries could not be removed", "error", err)
		}
		if err != nil || n < forgetBatch {
			return
		}
	}
}
