package calls

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/broked/broked/internal/connection"
	"github.com/broked/broked/internal/outbound"
)

// Desk is where turns are got: a Keeper, or in an engine the server that has one.
type Desk interface {
	Turn(ctx context.Context, w Wanted) (Turn, error)
	// Over is called once for each turn with a lease.
	Over(ctx context.Context, o Over)
}

// Client makes the requests of one connection: with its headers and its sign-in, and
// when it is their turn. It may be used by any number of goroutines at once.
type Client struct {
	out     *outbound.Client
	pace    *outbound.Pace
	desk    Desk
	name    string
	headers map[string]string
	options connection.HTTPOptions

	mu    sync.Mutex
	token Token    // the last one, of connections without limits
	shown []string // tokens that were sent
}

// NewClient returns a client for requests of c by way of e that keeps to o besides. The
// desk is asked for a turn for connections that are limited, and for others when a token
// is needed.
func NewClient(e outbound.Exit, o outbound.Options, c connection.Connection, desk Desk) (*Client, error) {
	k := &Client{desk: desk, name: c.Name, pace: outbound.NewPace(o.AtOnce, o.Rate)}
	if err := c.Into(&k.options); err != nil {
		return nil, err
	}
	var err error
	if k.headers, err = c.Headers(); err != nil {
		return nil, err
	}
	o.AtOnce, o.Rate.Burst = 0, 0 // who waits for a turn waits for these first
	k.out, err = e.Client(o)
	return k, err
}

// Secrets returns the tokens that were sent.
func (k *Client) Secrets() []string {
	k.mu.Lock()
	defer k.mu.Unlock()
	return append([]string{}, k.shown...)
}

// Do makes a request, as outbound.Client.Do. Its sign-in takes the place of what the
// request has of that. One whose token is refused (401) is made once more with another.
func (k *Client) Do(req *http.Request) (*http.Response, error) {
	if err := k.pace.Wait(req.Context()); err != nil {
		return nil, err
	}
	res, over, err := k.signed(req)
	if err != nil {
		k.pace.Leave()
		return nil, err
	}
	res.Body = &body{res.Body, sync.OnceFunc(func() {
		over()
		k.pace.Leave()
	})}
	return res, nil
}

// signed makes a request with a token, if it takes one, and if that is refused with the
// next. Over is to be called when the answer was read.
func (k *Client) signed(req *http.Request) (res *http.Response, over func(), err error) {
	want := Wanted{Connection: k.name}
	for {
		turn, err := k.turn(req.Context(), want)
		if err != nil {
			return nil, nil, err
		}
		ctx := req.Context()
		over := func(pause time.Duration) { k.over(ctx, turn, pause) }
		attempt, err := k.attempt(req, turn.Token)
		if err == nil {
			res, err = k.out.Do(attempt)
		}
		if err != nil {
			over(0)
			return nil, nil, err
		}
		if res.StatusCode != http.StatusUnauthorized || !k.options.Auth.Exchanges() || want.Rejected != "" {
			return res, func() { over(pauseOf(res)) }, nil
		}
		_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, 1<<16)) // so that the connection can be used again
		_ = res.Body.Close()
		want.Rejected, want.Lease = turn.Token.Text, turn.Lease // nobody comes in between
	}
}

// over gives a turn back, whatever has become of the request.
func (k *Client) over(ctx context.Context, t Turn, pause time.Duration) {
	if t.Lease != 0 {
		k.desk.Over(context.WithoutCancel(ctx), Over{t.Lease, pause})
	}
}

// pauseOf returns for how long a system wants no other request.
func pauseOf(res *http.Response) time.Duration {
	if res.StatusCode != http.StatusTooManyRequests && res.StatusCode != http.StatusServiceUnavailable {
		return 0
	}
	pause, _ := outbound.RetryAfter(res.Header, time.Now())
	return pause
}

// turn waits until a request may be made. A connection without limits asks for a token
// alone, and when it has none.
func (k *Client) turn(ctx context.Context, w Wanted) (Turn, error) {
	limited := k.options.Limited()
	if !limited {
		k.mu.Lock()
		token := k.token
		k.mu.Unlock()
		if !k.options.Auth.Exchanges() || token.Holds() && token.Text != w.Rejected {
			return Turn{Token: token}, nil
		}
	}
	turn, err := k.desk.Turn(ctx, w)
	if err != nil || turn.Token.Text == "" {
		return turn, err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if n := len(k.shown); n == 0 || k.shown[n-1] != turn.Token.Text {
		k.shown = append(k.shown, turn.Token.Text)
	}
	if !limited {
		k.token = turn.Token
	}
	return turn, nil
}

// attempt returns a copy of a request with its sign-in.
func (k *Client) attempt(req *http.Request, token Token) (*http.Request, error) {
	attempt := req.Clone(req.Context())
	if req.GetBody != nil {
		again, err := req.GetBody()
		if err != nil {
			return nil, fmt.Errorf("make a request again: %w", err)
		}
		attempt.Body = again
	}
	for name, value := range k.headers {
		attempt.Header.Set(name, value)
	}
	if token.Text != "" {
		attempt.Header.Set("Authorization", "Bearer "+token.Text)
	}
	return attempt, nil
}

// body is an answer whose end lets others have their turn.
type body struct {
	io.ReadCloser
	done func()
}

// Close implements io.Closer.
func (b *body) Close() error {
	defer b.done()
	return b.ReadCloser.Close()
}
