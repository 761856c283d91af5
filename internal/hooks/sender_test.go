package hooks_test

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/broked/broked/internal/hooks"
	"github.com/broked/broked/internal/message"
	"github.com/broked/broked/internal/news"
	"github.com/broked/broked/internal/node"
	"github.com/broked/broked/internal/nodes"
	"github.com/broked/broked/internal/outbound"
	"github.com/broked/broked/internal/pipelines"
	"github.com/broked/broked/internal/queue"
	"github.com/broked/broked/internal/sealed"
	"github.com/broked/broked/internal/store"
	"github.com/broked/broked/internal/store/storetest"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// world is a store with a service and a sender.
type world struct {
	*testing.T
	hooks  *hooks.Service
	sender *hooks.Sender
	board  *news.Board
}

func newWorld(t *testing.T, policy outbound.Policy, mail *message.Mail) *world {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	db, err := store.Open(t.Context(), store.Options{Path: storetest.SQLite(t), Log: log})
	must(t, err)
	t.Cleanup(func() { must(t, db.Close(context.WithoutCancel(t.Context()))) })
	q, err := queue.New(t.Context(), db.Writer(), log, queue.Options{})
	must(t, err)
	memory, board := store.New(db, q), &news.Board{}
	kinds, err := node.NewRegistry(nodes.All()...)
	must(t, err)
	box, err := sealed.Open(filepath.Join(t.TempDir(), "data.key"))
	must(t, err)
	exit := outbound.Exit{Policy: policy}
	client, err := exit.Client(outbound.Options{Timeout: hooks.Timeout})
	must(t, err)
	return &world{T: t, board: board, hooks: hooks.NewService(memory, pipelines.NewService(memory, kinds, board), box, board), sender: hooks.NewSender(hooks.SenderDeps{
		Outbox: memory, Client: client, Dialer: exit.Dialer(), Mail: mail, Box: box, News: board, Log: log, Base: "https://broked.example.com",
	})}
}

var here = outbound.Policy{Allow: outbound.Loopback()}

func (w *world) make(kind hooks.Type, url string) (hooks.Hook, string) {
	w.Helper()
	set := hooks.Settings{Name: "Pager", Type: kind, URL: url, Events: []hooks.Event{hooks.OnFailure}, Enabled: true}
	if kind == hooks.Email {
		set.URL, set.To = "", []string{"ann@example.com"}
	}
	h, secret, err := w.hooks.Create(w.Context(), set)
	must(w.T, err)
	return h, secret
}

func (w *world) try(h hooks.Hook) {
	w.Helper()
	_, err := w.hooks.Try(w.Context(), h)
	must(w.T, err)
}

func (w *world) told(h hooks.Hook) []hooks.Delivery {
	w.Helper()
	all, err := w.hooks.Deliveries(w.Context(), hooks.Filter{Hook: h.ID, Page: pipelines.Page{Limit: 100}})
	must(w.T, err)
	return all
}

// TestAReceiverThatFailsIsToldAgain: the same event comes under the same id until it is
// taken, signed anew each time, and then no more.
func TestAReceiverThatFailsIsToldAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, here, nil)
	var mu sync.Mutex
	var ids, bodies, signatures []string
	var secret string
	srv := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mu.Lock()
		defer mu.Unlock()
		ids, bodies = append(ids, r.Header.Get("Webhook-Id")), append(bodies, string(body))
		seconds, _ := strconv.ParseInt(r.Header.Get("Webhook-Timestamp"), 10, 64)
		want, err := hooks.Sign(secret, hooks.DeliveryID(ids[0]), time.Unix(seconds, 0), body)
		if got := r.Header.Get("Webhook-Signature"); err != nil || got != want {
			t.Errorf("signed %s, want %s, %v", got, want, err)
		}
		signatures = append(signatures, r.Header.Get("Webhook-Signature"))
		if len(ids) <= 3 {
			rw.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	t.Cleanup(srv.Close)
	h, made := w.make(hooks.Webhook, srv.URL)
	secret = made
	w.try(h)
	at := time.Now().Add(time.Second)
	for range 6 {
		must(t, w.sender.Send(t.Context(), at))
		d := w.told(h)[0]
		if d.State == hooks.Pending && (d.Status != 503 || d.Error == "" || !d.NextAt.After(at)) {
			t.Errorf("after a failure: %+v", d)
		}
		must(t, w.sender.Send(t.Context(), at)) // before its time nothing is sent
		at = at.Add(6 * time.Hour)
	}
	mu.Lock()
	if len(ids) != 4 || ids[0] == "" || strings.Join(ids, ",") != strings.Repeat(ids[0]+",", 3)+ids[0] || bodies[0] != bodies[3] {
		t.Errorf("ids %v, bodies %v", ids, bodies)
	}
	mu.Unlock()
	d := w.told(h)[0]
	if d.State != hooks.Delivered || d.Attempts != 4 || d.Error != "" || d.NextAt != nil || string(d.ID) != ids[0] {
		t.Errorf("delivered: %+v", d)
	}
	_, err := w.hooks.Resend(t.Context(), h, d.ID)
	must(t, err)
	must(t, w.sender.Send(t.Context(), at))
	if d := w.told(h)[0]; d.State != hooks.Delivered || d.Attempts != 1 || len(ids) != 5 || ids[4] != ids[0] {
		t.Errorf("sent again: %+v, ids %v", d, ids)
	}
}

func TestNotAllIsTriedAgain(t *testing.T) {
	t.Parallel()
	gone := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(http.StatusGone) }))
	t.Cleanup(gone.Close)
	leads := httptest.NewServer(http.RedirectHandler(gone.URL, http.StatusFound))
	t.Cleanup(leads.Close)
	for name, tc := range map[string]struct {
		policy outbound.Policy
		kind   hooks.Type
		url    string
		want   string
	}{
		"gone":                  {here, hooks.Webhook, gone.URL, "410"},
		"leads elsewhere":       {here, hooks.Webhook, leads.URL, ""},
		"this machine":          {outbound.Policy{Private: true}, hooks.Slack, gone.URL, "may not be reached"},
		"credentials of clouds": {here, hooks.Teams, "http://169.254.169.254/", "may not be reached"},
		"no mail server":        {here, hooks.Email, "", "--mail-server"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, tc.policy, nil)
			h, _ := w.make(tc.kind, tc.url)
			w.try(h)
			must(t, w.sender.Send(t.Context(), time.Now().Add(time.Second)))
			if d := w.told(h)[0]; d.State != hooks.Failed || d.Attempts != 1 || !strings.Contains(d.Error, tc.want) {
				t.Errorf("%+v", d)
			}
		})
	}
}

func TestGivesUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t, here, nil)
	var calls atomic.Int32
	srv := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		calls.Add(1)
		rw.WriteHeader(http.StatusInternalServerError)
	}))
	t.Cleanup(srv.Close)
	h, _ := w.make(hooks.Webhook, srv.URL)
	w.try(h)
	began := time.Now().Add(time.Second)
	at := began
	for range 100 {
		must(t, w.sender.Send(t.Context(), at))
		d := w.told(h)[0]
		if d.State == hooks.Failed {
			break
		}
		at = *d.NextAt
	}
	if d := w.told(h)[0]; d.State != hooks.Failed || at.Sub(began) < 15*time.Hour || at.Sub(began) > 28*time.Hour || int(calls.Load()) != d.Attempts {
		t.Errorf("%+v after %s and %d calls", d, at.Sub(began), calls.Load())
	}
}

// TestOneSlowReceiverHoldsNobodyUp: what waits for one that does not answer is bounded,
// and others are told meanwhile.
func TestOneSlowReceiverHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t, here, nil)
	var slow, most atomic.Int32
	block, quick, answered := make(chan struct{}), make(chan struct{}, 1), make(chan struct{}, 100)
	srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/quick" {
			quick <- struct{}{}
			return
		}
		n := slow.Add(1)
		for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
		}
		<-block
		slow.Add(-1)
		answered <- struct{}{}
	}))
	t.Cleanup(srv.Close)
	bad, _ := w.make(hooks.Webhook, srv.URL+"/slow")
	good, _ := w.make(hooks.Webhook, srv.URL+"/quick")
	for range 20 {
		w.try(bad)
	}
	ctx, stop := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() { must(t, w.sender.Run(ctx)) })
	w.try(good)
	<-quick
	close(block)
	for range 20 { // each that is sent lets the next one go
		<-answered
	}
	stop()
	wg.Wait()
	if most.Load() > 4 {
		t.Errorf("%d at once to one receiver", most.Load())
	}
}

func TestWhatReceiversGet(t *testing.T) {
	t.Parallel()
	var got atomic.Value
	srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got.Store(r.Header.Get("Webhook-Signature") + string(body))
	}))
	t.Cleanup(srv.Close)
	for kind, want := range map[hooks.Type]string{hooks.Slack: `{"text":"`, hooks.Teams: `"AdaptiveCard"`, hooks.Webhook: `"event":"test"`} {
		w := newWorld(t, here, nil)
		h, _ := w.make(kind, srv.URL)
		w.try(h)
		must(t, w.sender.Send(t.Context(), time.Now().Add(time.Second)))
		text, _ := got.Load().(string)
		if !strings.Contains(text, want) || strings.HasPrefix(text, "v1,") != (kind == hooks.Webhook) {
			t.Errorf("%s gets %s", kind, text)
		}
		if !json.Valid([]byte(text[strings.Index(text, "{"):])) {
			t.Errorf("%s gets no JSON: %s", kind, text)
		}
	}
}

// TestMail speaks to a mail server as far as a message goes.
func TestMail(t *testing.T) {
	t.Parallel()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { _ = ln.Close() })
	got := make(chan string, 1)
	go func() {
		conn, err := ln.Accept()
		if err != nil {
			return
		}
		defer func() { _ = conn.Close() }()
		in := bufio.NewReader(conn)
		say := func(s string) { _, _ = io.WriteString(conn, s+"\r\n") }
		say("220 here")
		var text strings.Builder
		for data := false; ; {
			line, err := in.ReadString('\n')
			if err != nil {
				return
			}
			text.WriteString(line)
			switch {
			case data && line == ".\r\n":
				data = false
				got <- text.String()
				say("250 taken")
			case data:
			case strings.HasPrefix(line, "DATA"):
				data = true
				say("354 go on")
			case strings.HasPrefix(line, "QUIT"):
				say("221 bye")
				return
			default:
				say("250 yes")
			}
		}
	}()
	server, err := message.ParseServer("smtp+plain://"+ln.Addr().String(), "Broked <broked@example.com>")
	must(t, err)
	w := newWorld(t, here, &server)
	h, _ := w.make(hooks.Email, "")
	w.try(h)
	must(t, w.sender.Send(t.Context(), time.Now().Add(time.Second)))
	if d := w.told(h)[0]; d.State != hooks.Delivered {
		t.Fatalf("%+v", d)
	}
	if text := <-got; !strings.Contains(text, "RCPT TO:<ann@example.com>") || !strings.Contains(text, "Subject: A pipeline") {
		t.Errorf("the mail is %s", text)
	}
}
