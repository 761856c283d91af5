package outbound

import (
	"context"
	"time"

	"github.com/broked/broked/internal/limits"
)

// Pace keeps requests to a number at once and to a rate. It may be used by any number
// of goroutines at once.
type Pace struct {
	slots   chan struct{} // nil: any number
	limiter *limits.Limiter
	rate    limits.Rate
}

// NewPace returns a pace of atOnce requests, where 0 is any number, and of a rate, where
// the zero Rate does not limit.
func NewPace(atOnce int, rate limits.Rate) *Pace {
	p := &Pace{limiter: limits.New(), rate: rate}
	if atOnce > 0 {
		p.slots = make(chan struct{}, atOnce)
	}
	return p
}

// Wait returns when a request may be sent, after which Leave is to be called, or with
// ctx's error when that ends first.
func (p *Pace) Wait(ctx context.Context) error {
	if p.slots != nil {
		select {
		case p.slots <- struct{}{}:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	for {
		v := p.limiter.Take("", p.rate)
		if v.OK {
			return nil
		}
		timer := time.NewTimer(v.Retry)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			p.Leave()
			return ctx.Err()
		}
	}
}

// Leave says that a request is over.
func (p *Pace) Leave() {
	if p.slots != nil {
		<-p.slots
	}
}
