// Package calls lets all runs of a server call the systems of HTTP connections: it says
// whose turn it is, so that their limits hold however many engines there are, and gets the
// tokens with which they sign in, which are in memory alone and shared by all.
package calls

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"sync"
	"time"

	"github.com/broked/broked/internal/connection"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/outbound"
)

// The questions by which a node makes requests with a connection that is limited, or for
// which a token is got.
const (
	AskTurn = "call.turn" // a Wanted, answered by a Turn: when the request may be made
	AskOver = "call.over" // an Over: the request has been made
)

// Wanted is a request that is to be made with a connection.
type Wanted struct {
	Connection string `json:"connection"` // by its name
	// Rejected is the token that was refused, if this is the second time, and Lease that
	// of the first, which is kept.
	Rejected string `json:"rejected,omitempty"`
	Lease    int64  `json:"lease,omitempty"`
}

// Turn lets one request be made. Its Lease, unless 0, is to be given back.
type Turn struct {
	Lease int64 `json:"lease,omitempty"`
	Token Token `json:"token,omitzero"` // of connections that get one
}

// Secrets returns the token, which must be shown nowhere.
func (t Turn) Secrets() []string { return []string{t.Token.Text} }

// Over says that a request has been made.
type Over struct {
	Lease int64 `json:"lease"`
	// Pause is for how long nobody is to make another one, because the system has said so.
	Pause time.Duration `json:"pause,omitempty"`
}

// tries is how often a token is asked for in all, and longestPause what a system may ask
// for with Retry-After meanwhile.
const (
	tries        = 4
	longestPause = 5 * time.Minute
)

// Keeper gives turns. It may be used by any number of goroutines at once.
type Keeper struct {
	lines  lines
	tokens tokens

	mu     sync.Mutex
	last   int64
	leases map[int64]lease
}

// lease is a request that is under way.
type lease struct {
	holder, line string
	leave        func()
}

// NewKeeper returns a Keeper to which nobody has come yet.
func NewKeeper() *Keeper {
	return &Keeper{
		leases: map[int64]lease{}, lines: lines{known: map[string]*line{}},
		tokens: tokens{known: map[string]Token{}, under: map[string]*exchange{}},
	}
}

// Caller is who makes requests with a connection.
type Caller struct {
	Out       outbound.Exit // by which tokens are got
	Workspace string        // of the connection
	Holder    string        // whose leases are nobody else's to give back
	// Once says that a token is asked for once, and not again after failures that may pass.
	Once bool
}

// Turn waits until one more request may be made with c, and returns the token for it, if
// it takes one. The lease is over when ctx ends, by Over, or when Turn fails. When ctx ends
// first the error is ctx's; a sign-in that fails is an Invalid fault with the code login_failed, or one of
// the outbound client.
func (k *Keeper) Turn(ctx context.Context, from Caller, c connection.Connection, w Wanted) (Turn, error) {
	var o connection.HTTPOptions
	if err := c.Into(&o); err != nil {
		return Turn{}, err
	}
	most, at := limitOf(o), from.Workspace+"\n"+c.Name
	t, err := k.lease(ctx, from, at, most, w)
	if err != nil || !o.Auth.Exchanges() {
		return t, err
	}
	t.Token, err = k.tokens.of(ctx, signInKey(c), w.Rejected, func(ctx context.Context) (Token, error) {
		return k.token(ctx, from, c, at, most)
	})
	if err != nil {
		k.end(t.Lease)
		return Turn{}, err
	}
	return t, nil
}

// lease has the caller wait in line, unless it is under way already.
func (k *Keeper) lease(ctx context.Context, from Caller, at string, most limit, w Wanted) (Turn, error) {
	switch {
	case most == limit{}:
		return Turn{}, nil
	case w.Lease != 0 && k.holds(from.Holder, w.Lease):
		if err := k.lines.begin(ctx, at, most); err != nil {
			k.end(w.Lease)
			return Turn{}, err
		}
		return Turn{Lease: w.Lease}, nil
	}
	leave, err := k.lines.take(ctx, at, most)
	if err != nil {
		return Turn{}, err
	}
	return Turn{Lease: k.lend(ctx, lease{from.Holder, at, leave})}, nil
}

// holds reports whether a lease is a holder's, and not over.
func (k *Keeper) holds(holder string, number int64) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	l, is := k.leases[number]
	return is && l.holder == holder
}

func limitOf(o connection.HTTPOptions) limit {
	most := limit{atOnce: o.AtOnce}
	if o.PerSecond > 0 {
		most.every = time.Duration(float64(time.Second) / o.PerSecond)
	}
	return most
}

// signInKey is the same for connections that sign in at the same place as the same account.
func signInKey(c connection.Connection) string {
	c.Name = ""
	text, _ := json.Marshal(c) //nolint:errchkjson,gosec // for its sum alone; text, numbers and maps, whose names are in order
	sum := sha256.Sum256(text)
	return string(sum[:])
}

// token gets a token for a connection, and waits and tries again when the system has no
// room for that.
func (k *Keeper) token(ctx context.Context, from Caller, c connection.Connection, at string, most limit) (Token, error) {
	for attempt := 1; ; attempt++ {
		token, err := exchangeFor(ctx, from.Out, c)
		if ctx.Err() != nil {
			return Token{}, ctx.Err()
		}
		if err == nil {
			return token, k.lines.begin(ctx, at, most) // the token was a request as well
		}
		wait := outbound.Backoff(attempt, time.Second, time.Minute)
		if p := outbound.Postponement(err); p != nil {
			wait = p.After
		}
		if from.Once || attempt >= tries || !fault.IsTransient(err) || wait > longestPause {
			return Token{}, err
		}
		k.lines.pause(at, wait)
		if err := k.lines.begin(ctx, at, most); err != nil {
			return Token{}, err
		}
	}
}

// lend notes a lease, which is over when ctx ends at the latest.
func (k *Keeper) lend(ctx context.Context, l lease) int64 {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.last++
	number := k.last
	forget := context.AfterFunc(ctx, func() { k.end(number) })
	leave := l.leave
	l.leave = func() {
		forget()
		leave()
	}
	k.leases[number] = l
	return number
}

// end ends a lease, if it is not over.
func (k *Keeper) end(number int64) {
	k.mu.Lock()
	l, is := k.leases[number]
	delete(k.leases, number)
	k.mu.Unlock()
	if is {
		l.leave()
	}
}

// Over ends a lease of a holder. One that is over already is no error.
func (k *Keeper) Over(holder string, o Over) {
	k.mu.Lock()
	l, is := k.leases[o.Lease]
	k.mu.Unlock()
	if !is || l.holder != holder {
		return
	}
	if o.Pause > 0 {
		k.lines.pause(l.line, min(o.Pause, longestPause))
	}
	k.end(o.Lease)
}
