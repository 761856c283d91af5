// Package news wakes whoever waits for a key to change. It carries no data: a
// woken reader looks at the record again, so news may be late, doubled or lost.
package news

import "sync"

// Board is where news is posted and watched. The zero value is ready to use,
// by any number of goroutines at once.
type Board struct {
	// Relay, if it is set, is given every posted key, for the boards of other
	// processes. It must not block. Set it before the board is used.
	Relay func(key string)

	mu       sync.Mutex
	watchers map[string]map[chan struct{}]struct{}
}

// Post wakes everyone who watches key, in other processes as well when there is a
// Relay. It never blocks.
func (b *Board) Post(key string) {
	if b.Relay != nil {
		b.Relay(key)
	}
	b.Hear(key)
}

// Hear wakes everyone here who watches key: another process has posted it.
func (b *Board) Hear(key string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for c := range b.watchers[key] {
		select {
		case c <- struct{}{}:
		default: // already woken, has not looked yet
		}
	}
}

// Watch returns a channel that receives after each Post of key since the last
// receive, and a function that ends the watch and must be called.
func (b *Board) Watch(key string) (<-chan struct{}, func()) {
	c := make(chan struct{}, 1) // one: a second wake before the look adds nothing
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.watchers == nil {
		b.watchers = make(map[string]map[chan struct{}]struct{})
	}
	if b.watchers[key] == nil {
		b.watchers[key] = make(map[chan struct{}]struct{})
	}
	b.watchers[key][c] = struct{}{}
	return c, func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		delete(b.watchers[key], c)
		if len(b.watchers[key]) == 0 {
			delete(b.watchers, key)
		}
	}
}
