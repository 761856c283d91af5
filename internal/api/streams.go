package api

import (
	"context"
	"sync"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/fault"
)

// How many streams may be open. One person with ten tabs has two in each; all
// together leave most of the server's connections to requests.
const (
	maxStreams      = 500
	maxStreamsOfOne = 20
)

// openStreams counts the streams that are open, by who reads them. The zero
// value counts none.
type openStreams struct {
	mu  sync.Mutex
	all int
	of  map[string]int
}

// enter counts a stream of the caller of ctx until leave is called. Beyond the
// limits it is an Exhausted fault with code too_many_streams.
func (o *openStreams) enter(ctx context.Context) (leave func(), err error) {
	who := reader(ctx)
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.all >= maxStreams || o.of[who] >= maxStreamsOfOne {
		return nil, fault.New(fault.Exhausted, "%d streams are open already: close some first", o.of[who]).With("too_many_streams")
	}
	if o.of == nil {
		o.of = map[string]int{}
	}
	o.all++
	o.of[who]++
	return sync.OnceFunc(func() { o.leave(who) }), nil
}

func (o *openStreams) leave(who string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.all--
	if o.of[who]--; o.of[who] == 0 {
		delete(o.of, who)
	}
}

// reader tells apart who reads a stream: accounts, and without one addresses.
func reader(ctx context.Context) string {
	actor, _ := auth.ActorFrom(ctx)
	if id := actor.ID(); id != "" {
		return actor.Kind() + " " + id
	}
	origin, _ := auth.OriginFrom(ctx)
	return network(origin.Address)
}
