// Package limits says how often somebody may do something. It is the generic
// cell rate algorithm (GCRA, ITU-T I.371): for each key one number, the time at
// which its bucket will be full again.
package limits

import (
	"fmt"
	"hash/maphash"
	"math"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Rate is a limit: one more every Every, and Burst at once after a pause. The
// zero Rate does not limit.
type Rate struct {
	Every time.Duration
	Burst int
}

// Per returns the rate of n in each period with a burst.
func Per(n int, period time.Duration, burst int) Rate {
	return Rate{Every: period / time.Duration(n), Burst: burst}
}

var periods = map[string]time.Duration{"s": time.Second, "min": time.Minute, "h": time.Hour}

// Parse reads a rate such as 100/min:200, which is 100 in a minute with a burst
// of 200. Without a burst it is twice the number; "off" is no limit.
func Parse(text string) (Rate, error) {
	if text == "off" {
		return Rate{}, nil
	}
	wrong := fmt.Errorf("%q is not a rate: write 100/min:200 (with s, min or h), or off", text)
	number, rest, ok := strings.Cut(text, "/")
	unit, burst, hasBurst := strings.Cut(rest, ":")
	n, err := strconv.Atoi(number)
	period := periods[unit]
	if !ok || err != nil || n < 1 || n > 1_000_000 || period == 0 {
		return Rate{}, wrong
	}
	most := 2 * n
	if hasBurst {
		if most, err = strconv.Atoi(burst); err != nil || most < 1 || most > 10_000_000 {
			return Rate{}, wrong
		}
	}
	return Per(n, period, most), nil
}

// Verdict is the answer to one request.
type Verdict struct {
	OK    bool
	Left  int           // how many more would pass right now
	Retry time.Duration // after which one will pass; 0 when OK
}

// RetryAfter returns Retry in whole seconds, rounded up, at least 1: a request
// made after it passes, unless others took the place.
func (v Verdict) RetryAfter() int { return max(1, int(math.Ceil(v.Retry.Seconds()))) }

const (
	shards = 64
	// perShard bounds memory: 100,000 keys in all take about 10 MB.
	perShard = 100_000 / shards
)

// Limiter counts by key. It may be used by any number of goroutines at once and
// takes no time of its own when it is not used.
type Limiter struct {
	began time.Time // times are counted from here by the clock that never steps
	seed  maphash.Seed
	parts [shards]part
}

type part struct {
	mu   sync.Mutex
	full map[string]time.Duration // when the key's bucket is full again
}

// New returns a limiter to which nobody has come yet.
func New() *Limiter {
	l := &Limiter{began: time.Now(), seed: maphash.MakeSeed()}
	for i := range l.parts {
		l.parts[i].full = make(map[string]time.Duration)
	}
	return l
}

// Take asks for one more under key and takes it when there is one. A refusal
// costs the key nothing: who waits as told passes.
func (l *Limiter) Take(key string, r Rate) Verdict { return l.ask(key, r, true) }

// Look says what Take would, and takes nothing.
func (l *Limiter) Look(key string, r Rate) Verdict { return l.ask(key, r, false) }

func (l *Limiter) ask(key string, r Rate, take bool) Verdict {
	if r.Burst == 0 {
		return Verdict{OK: true, Left: math.MaxInt32}
	}
	now := time.Since(l.began)
	p := &l.parts[maphash.String(l.seed, key)%shards]
	p.mu.Lock()
	defer p.mu.Unlock()
	v, next := verdict(p.full[key], now, r)
	if take && v.OK {
		p.makeRoom(key, now)
		p.full[key] = next
	}
	return v
}

// verdict returns the answer to a request at now of whose key the bucket is full
// again at full, and when it will be if the request is let through.
func verdict(full, now time.Duration, r Rate) (Verdict, time.Duration) {
	next := max(full, now) + r.Every
	most := r.Every * time.Duration(r.Burst)
	if wait := next - now - most; wait > 0 {
		return Verdict{Retry: wait}, full
	}
	return Verdict{OK: true, Left: int((most - (next - now)) / r.Every)}, next
}

// makeRoom keeps a part from growing without bound: full buckets are forgotten,
// which changes no answer; if none is, the one nearest to full is.
func (p *part) makeRoom(key string, now time.Duration) {
	if _, known := p.full[key]; known || len(p.full) < perShard {
		return
	}
	nearest, when := "", time.Duration(math.MaxInt64)
	for k, full := range p.full {
		if full <= now {
			delete(p.full, k)
		} else if full < when {
			nearest, when = k, full
		}
	}
	if len(p.full) >= perShard {
		delete(p.full, nearest)
	}
}
