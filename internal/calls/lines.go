package calls

import (
	"context"
	"sync"
	"time"
)

// limit is how many requests are under way at once, and how long is between the
// beginnings of two; 0 is any number, and no time.
type limit struct {
	atOnce int
	every  time.Duration
}

// lines have callers of other systems wait for one another, by the key of a system. Who
// came first is first.
type lines struct {
	mu    sync.Mutex
	known map[string]*line
}

// line is the callers of one system.
type line struct {
	head  chan struct{} // has room for the one who is next
	freed chan struct{} // has something in it when a request has ended

	mu    sync.Mutex
	users int       // who wait, and who are under way
	busy  int       // who are under way
	next  time.Time // before which nobody begins, for the rate
	until time.Time // before which nobody begins, because the system has said so
}

// take waits until a request may begin. Leave ends it; both may be called more than once.
// When ctx ends first the error is ctx's.
func (l *lines) take(ctx context.Context, key string, most limit) (leave func(), err error) {
	at := l.join(key)
	if err := at.come(ctx, most); err != nil {
		l.part(key, at)
		return nil, err
	}
	return sync.OnceFunc(func() {
		at.end()
		l.part(key, at)
	}), nil
}

// begin waits until one more request may begin in the place of one that is under way. It
// comes before those who wait, of whom the first may wait for this very place.
func (l *lines) begin(ctx context.Context, key string, most limit) error {
	at := l.join(key)
	defer l.part(key, at)
	return at.wait(ctx, limit{every: most.every}, false)
}

// pause has nobody begin for a time.
func (l *lines) pause(key string, d time.Duration) {
	at := l.join(key)
	defer l.part(key, at)
	at.mu.Lock()
	defer at.mu.Unlock()
	if until := time.Now().Add(d); until.After(at.until) {
		at.until = until
	}
}

// mostLines is how many lines are remembered for their times alone.
const mostLines = 10_000

func (l *lines) join(key string) *line {
	l.mu.Lock()
	defer l.mu.Unlock()
	at := l.known[key]
	if at == nil {
		at = &line{head: make(chan struct{}, 1), freed: make(chan struct{}, 1)}
		if l.known == nil || len(l.known) > mostLines {
			l.forget()
		}
		l.known[key] = at
	}
	at.mu.Lock()
	defer at.mu.Unlock()
	at.users++
	return at
}

// forget drops the lines in which nobody is.
func (l *lines) forget() {
	kept := make(map[string]*line)
	for key, at := range l.known {
		at.mu.Lock()
		if at.users > 0 {
			kept[key] = at
		}
		at.mu.Unlock()
	}
	l.known = kept
}

// part takes somebody out of a line, which is forgotten when nobody is left who has to
// know of it.
func (l *lines) part(key string, at *line) {
	l.mu.Lock()
	defer l.mu.Unlock()
	at.mu.Lock()
	defer at.mu.Unlock()
	at.users--
	if now := time.Now(); at.users == 0 && l.known[key] == at && !at.next.After(now) && !at.until.After(now) {
		delete(l.known, key)
	}
}

// come has the caller come to the head of the line and then begin.
func (at *line) come(ctx context.Context, most limit) error {
	select {
	case at.head <- struct{}{}:
		defer func() { <-at.head }()
	case <-ctx.Done():
		return ctx.Err()
	}
	return at.wait(ctx, most, true)
}

// wait has the caller begin. One that counts is under way from then on.
func (at *line) wait(ctx context.Context, most limit, counts bool) error {
	for {
		full, delay := at.try(most, counts)
		if !full && delay <= 0 {
			return nil
		}
		var later <-chan time.Time
		freed := at.freed
		if !full {
			timer := time.NewTimer(delay)
			defer timer.Stop()
			later, freed = timer.C, nil
		}
		select {
		case <-later:
		case <-freed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// try begins a request if that may be, and else says why not.
func (at *line) try(most limit, counts bool) (full bool, delay time.Duration) {
	at.mu.Lock()
	defer at.mu.Unlock()
	now := time.Now()
	if most.atOnce > 0 && at.busy >= most.atOnce {
		return true, 0
	}
	if delay = max(at.next.Sub(now), at.until.Sub(now)); delay > 0 {
		return false, delay
	}
	if counts {
		at.busy++
	}
	if most.every > 0 {
		at.next = now.Add(most.every)
	}
	return false, 0
}

func (at *line) end() {
	at.mu.Lock()
	at.busy--
	at.mu.Unlock()
	select {
	case at.freed <- struct{}{}:
	default:
	}
}
