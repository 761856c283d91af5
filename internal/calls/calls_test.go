package calls_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/broked/broked/internal/calls"
	"github.com/broked/broked/internal/connection"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/outbound"
)

const secret = "s3cret/with+signs="

// system is a server that gives tokens in every way, of which each is good for a few
// requests.
type system struct {
	*httptest.Server

	given  atomic.Int64
	busy   atomic.Int64
	served atomic.Int64
	now    atomic.Int64
	most   atomic.Int64
	life   int64 // requests for which a token is good; 0 is any number

	mu     sync.Mutex
	tokens map[string]int64
}

func newSystem(t *testing.T, life int64) *system {
	t.Helper()
	s := &system{tokens: map[string]int64{}, life: life}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

// ServeHTTP implements http.Handler.
func (s *system) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	now := s.now.Add(1)
	defer s.now.Add(-1)
	s.most.Store(max(s.most.Load(), now))
	switch {
	case strings.HasPrefix(r.URL.Path, "/token/"):
		s.token(w, r)
	case s.knows(r.Header.Get("Authorization")):
		s.served.Add(1)
		body, _ := io.ReadAll(r.Body)
		_, _ = w.Write(append([]byte("hello "), body...))
	default:
		w.WriteHeader(http.StatusUnauthorized)
	}
}

func (s *system) knows(authorization string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	token, _ := strings.CutPrefix(authorization, "Bearer ")
	left, known := s.tokens[token]
	if s.life > 0 {
		s.tokens[token] = left - 1
	}
	return known && (s.life == 0 || left > 0)
}

func (s *system) token(w http.ResponseWriter, r *http.Request) {
	id, pass := r.FormValue("client_id"), r.FormValue("client_secret")
	grant, scope := r.FormValue("grant_type"), r.FormValue("scope")
	answer := `{"access_token": "TOKEN", "token_type": "Bearer", "expires_in": 3600, "scope": "read"}`
	switch strings.TrimPrefix(r.URL.Path, "/token/") {
	case "json":
		var said struct{ ClientID, ClientSecret, GrantType, Scope string }
		var raw map[string]string
		_ = json.NewDecoder(r.Body).Decode(&raw)
		said.ClientID, said.ClientSecret = raw["client_id"], raw["client_secret"]
		id, pass, grant, scope = said.ClientID, said.ClientSecret, raw["grant_type"], raw["scope"]
	case "basic":
		id, pass, _ = r.BasicAuth()
		pass = strings.NewReplacer("%2F", "/", "%2B", "+", "%3D", "=").Replace(pass)
	case "service":
		id, grant, scope = "me", "client_credentials", "read"
		pass, _ = strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		answer = `{"session_token": "TOKEN"}`
	case "deep":
		answer = `{"data": {"tokens": ["TOKEN"]}, "expires_in": "3600"}`
	case "html":
		answer = "<html>Sign in</html>"
	case "other":
		answer = `{"token": "TOKEN"}`
	case "mac":
		answer = `{"access_token": "TOKEN", "token_type": "mac"}`
	case "lines":
		answer = `{"access_token": "a\nb: c"}`
	case "echo":
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, "no client has "+pass)
		return
	case "endless":
		for r.Context().Err() == nil {
			_, _ = io.WriteString(w, strings.Repeat(" ", 1<<16))
		}
		return
	case "away":
		http.Redirect(w, r, "http://localhost:1/", http.StatusTemporaryRedirect)
		return
	case "busy":
		if s.busy.Add(1) < 3 {
			w.Header().Set("Retry-After", "0")
			w.WriteHeader(http.StatusTooManyRequests)
			return
		}
	}
	if id != "me" || pass != secret || grant != "client_credentials" || scope != "read" {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	token := fmt.Sprintf("token-%d", s.given.Add(1))
	s.mu.Lock()
	s.tokens[token] = s.life
	s.mu.Unlock()
	_, _ = io.WriteString(w, strings.Replace(answer, "TOKEN", token, 1))
}

func (s *system) connection(options map[string]any) connection.Connection {
	if options["auth"] == nil {
		options["auth"], options["scope"] = "oauth2", "read"
	}
	return connection.Connection{Name: "them", Type: connection.HTTP, Host: s.URL, Login: "me", Password: secret, Options: options}
}

var here = outbound.Exit{Policy: outbound.Policy{Allow: outbound.Loopback()}}

func keeper() *calls.Keeper { return calls.NewKeeper() }

func ask(ctx context.Context, k *calls.Keeper, c connection.Connection, body string) (int, string, error) {
	client, err := calls.NewClient(here, outbound.Options{}, c, k.At(calls.Caller{Out: here}, c))
	if err != nil {
		return 0, "", err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.Base()+"/orders", strings.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	res, err := client.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	return res.StatusCode, string(text), err
}

func TestSignIns(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		options map[string]any
		want    string // of the error
		code    string
	}{
		"form":            {options: map[string]any{"token_url": "/token/form"}},
		"basic":           {options: map[string]any{"token_url": "/token/basic", "token_body": "basic"}},
		"json":            {options: map[string]any{"token_url": "token/json", "token_body": "json"}},
		"service":         {options: map[string]any{"auth": "service", "token_url": "/token/service"}},
		"deep":            {options: map[string]any{"token_url": "/token/deep", "token_member": "data.tokens.0"}},
		"busy":            {options: map[string]any{"token_url": "/token/busy"}},
		"not there":       {options: map[string]any{"token_url": "/nothing"}, want: "401 Unauthorized", code: "login_failed"},
		"html":            {options: map[string]any{"token_url": "/token/html"}, want: "it is no JSON", code: "login_failed"},
		"other member":    {options: map[string]any{"token_url": "/token/other"}, want: "no text at access_token", code: "login_failed"},
		"no bearer":       {options: map[string]any{"token_url": "/token/mac"}, want: "of the type mac", code: "login_failed"},
		"lines":           {options: map[string]any{"token_url": "/token/lines"}, want: "cannot be sent in a header", code: "login_failed"},
		"says the secret": {options: map[string]any{"token_url": "/token/echo"}, want: "no client has ********", code: "login_failed"},
		"endless":         {options: map[string]any{"token_url": "/token/endless"}, want: "more than may be read", code: "answer_too_large"},
		"redirects":       {options: map[string]any{"token_url": "/token/away"}, want: "redirects to http://localhost:1", code: "redirect_refused"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSystem(t, 0)
			k := keeper()
			for range 3 {
				status, text, err := ask(t.Context(), k, s.connection(c.options), "you")
				switch {
				case c.want == "":
					if err != nil || status != http.StatusOK || text != "hello you" {
						t.Fatal(status, text, err)
					}
				case err == nil || fault.CodeOf(err) != c.code || !strings.Contains(fault.MessageOf(err), c.want):
					t.Fatalf("got %v (%s), want %q", err, fault.CodeOf(err), c.want)
				case strings.Contains(err.Error(), secret):
					t.Fatalf("it tells the secret: %v", err)
				}
			}
			if c.want == "" && s.given.Load() != 1 {
				t.Errorf("%d tokens", s.given.Load())
			}
		})
	}
}

// TestTokensAreRenewedWhenTheyAreRefused has tokens that are good for a few requests, with
// many requests at once.
func TestTokensAreRenewedWhenTheyAreRefused(t *testing.T) {
	t.Parallel()
	s, k := newSystem(t, 10), keeper()
	c := s.connection(map[string]any{"token_url": "/token/form", "max_concurrency": 1})
	var all sync.WaitGroup
	for i := range 50 {
		all.Go(func() {
			body := strconv.Itoa(i)
			if status, text, err := ask(t.Context(), k, c, body); err != nil || status != 200 || text != "hello "+body {
				t.Error(status, text, err)
			}
		})
	}
	all.Wait()
	if s.served.Load() != 50 || s.given.Load() != 5 || s.most.Load() != 1 {
		t.Errorf("%d served with %d tokens, %d at once", s.served.Load(), s.given.Load(), s.most.Load())
	}
}

// TestRefusedTwiceIsRefused has a system that takes none of the tokens that it gives.
func TestRefusedTwiceIsRefused(t *testing.T) {
	t.Parallel()
	s, k := newSystem(t, -1), keeper()
	s.life = 1 << 40
	c := s.connection(map[string]any{"token_url": "/token/form"})
	if status, _, err := ask(t.Context(), k, c, ""); err != nil || status != 200 {
		t.Fatal(status, err)
	}
	s.mu.Lock()
	clear(s.tokens)
	s.mu.Unlock()
	if status, _, err := ask(t.Context(), k, c, ""); err != nil || status != 200 || s.given.Load() != 2 {
		t.Fatal(status, err, s.given.Load())
	}
	c.Options = map[string]any{"auth": "bearer"}
	if status, _, err := ask(t.Context(), k, c, ""); err != nil || status != 401 || s.given.Load() != 2 {
		t.Fatal(status, err, s.given.Load())
	}
}

// TestLeasesEnd looks at what is left of turns whose holders went away.
func TestLeasesEnd(t *testing.T) {
	t.Parallel()
	s, k := newSystem(t, 0), keeper()
	c := s.connection(map[string]any{"auth": "none", "max_concurrency": 1})
	run, end := context.WithCancel(t.Context())
	first, err := k.Turn(run, calls.Caller{Holder: "a"}, c, calls.Wanted{})
	if err != nil || first.Lease == 0 {
		t.Fatal(first, err)
	}
	k.Over("b", calls.Over{Lease: first.Lease}) // it is not theirs
	gone, stop := context.WithCancel(t.Context())
	stop()
	if _, err := k.Turn(gone, calls.Caller{}, c, calls.Wanted{}); err == nil {
		t.Fatal("two at once")
	}
	waits := make(chan error)
	go func() {
		turn, err := k.Turn(t.Context(), calls.Caller{Holder: "b"}, c, calls.Wanted{})
		k.Over("b", calls.Over{Lease: turn.Lease})
		waits <- err
	}()
	end() // and with it the lease
	if err := <-waits; err != nil {
		t.Fatal(err)
	}
	k.Over("a", calls.Over{Lease: first.Lease})
	if turn, err := k.Turn(t.Context(), calls.Caller{}, c, calls.Wanted{}); err != nil {
		t.Fatal(turn, err)
	}
}

// TestAskingGivesLateTurnsBack goes away while the server is asked.
func TestAskingGivesLateTurnsBack(t *testing.T) {
	t.Parallel()
	answer, over := make(chan struct{}), make(chan calls.Over)
	desk := calls.Asking(func(_ context.Context, what string, question, into any) error {
		if what == calls.AskOver {
			over <- question.(calls.Over)
			return nil
		}
		<-answer
		*into.(*calls.Turn) = calls.Turn{Lease: 7}
		return nil
	})
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if _, err := desk.Turn(ctx, calls.Wanted{}); err == nil {
		t.Fatal("it waited")
	}
	close(answer)
	if o := <-over; o.Lease != 7 {
		t.Errorf("gave back %+v", o)
	}
}
