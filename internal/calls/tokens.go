package calls

import (
	"context"
	"errors"
	"sync"
	"time"
)

// Token is what a system has given for a sign-in.
type Token struct {
	Text string    `json:"text"`
	Ends time.Time `json:"ends,omitzero"` // when it is to be renewed; zero when nobody has said
}

// mostTokens is how many tokens are kept; beyond it they are got anew.
const mostTokens = 1000

// lasting returns a token that is renewed shortly before it ends: by a tenth of its
// life, and at most a minute. A life of 0 is one that nobody has said.
func lasting(text string, life time.Duration) Token {
	if life <= 0 {
		return Token{Text: text}
	}
	return Token{Text: text, Ends: time.Now().Add(life - min(life/10, time.Minute))}
}

// Holds reports whether a token may be used, as far as is known.
func (t Token) Holds() bool {
	return t.Text != "" && (t.Ends.IsZero() || time.Now().Before(t.Ends))
}

// tokens are in memory alone, by the key of a sign-in. One is got at a time for each.
type tokens struct {
	mu    sync.Mutex
	known map[string]Token
	under map[string]*exchange
}

// exchange is a token that is being got. What comes of it is there when done is closed.
type exchange struct {
	done  chan struct{}
	token Token
	err   error
}

// of returns the token of a key other than the one that was rejected, and gets one
// unless it is kept. Who comes meanwhile waits, and has what comes of it; when the one
// who gets it goes away, another does.
func (t *tokens) of(ctx context.Context, key, rejected string, get func(context.Context) (Token, error)) (Token, error) {
	for {
		token, x, mine := t.join(key, rejected)
		switch {
		case x == nil:
			return token, nil
		case mine:
			x.token, x.err = get(ctx)
			t.finish(key, x)
			return x.token, x.err
		}
		select {
		case <-x.done:
		case <-ctx.Done():
			return Token{}, ctx.Err()
		}
		if !errors.Is(x.err, context.Canceled) && !errors.Is(x.err, context.DeadlineExceeded) {
			return x.token, x.err
		}
	}
}

// join returns a token that is kept, or the exchange that is under way, which is the
// caller's when there was none.
func (t *tokens) join(key, rejected string) (token Token, x *exchange, mine bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if token = t.known[key]; token.Holds() && token.Text != rejected {
		return token, nil, false
	}
	if x = t.under[key]; x != nil {
		return Token{}, x, false
	}
	x = &exchange{done: make(chan struct{})}
	t.under[key] = x
	return Token{}, x, true
}

func (t *tokens) finish(key string, x *exchange) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.under, key)
	switch {
	case x.err != nil:
		delete(t.known, key)
	case len(t.known) >= mostTokens:
		clear(t.known)
		fallthrough
	default:
		t.known[key] = x.token
	}
	close(x.done)
}
