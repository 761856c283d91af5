package store

import (
	"context"
	"database/sql"
	"errors"
	"sync"

	"github.com/broked/broked/internal/fault"
)

// convoy lets changes that wait for each other travel in one transaction, which
// waits for the disk once.
type convoy struct {
	mu      sync.Mutex
	waiting []*passenger
	turn    chan struct{} // held by who drives
}

// passenger is a change on its way.
type passenger struct {
	ctx    context.Context //nolint:containedctx // of the caller who waits
	fn     func(tx *sql.Tx) error
	result chan error
}

// empty reports whether nobody waits.
func (c *convoy) empty() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.waiting) == 0
}

// board takes those who wait, at most so many as may travel at once.
func (c *convoy) board() []*passenger {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := min(len(c.waiting), mostPassengers)
	all := c.waiting[:n:n]
	c.waiting = c.waiting[n:]
	return all
}

// mostPassengers bounds how long the first of them waits for the last.
const mostPassengers = 64

// together is change for many small changes at once. When fn returns a fault it
// must have written nothing, because the others are committed all the same; and
// it must not end with its caller's context, because SQLite would undo them all.
func (s *Store) together(ctx context.Context, doing string, fn func(tx *sql.Tx) error) error {
	p := &passenger{ctx: ctx, fn: fn, result: make(chan error, 1)}
	s.convoy.mu.Lock()
	s.convoy.waiting = append(s.convoy.waiting, p)
	s.convoy.mu.Unlock()
	for {
		select {
		case err := <-p.result:
			return border(doing, err)
		case s.convoy.turn <- struct{}{}:
			s.drive(ctx)
			<-s.convoy.turn
		}
	}
}

// drive takes those who wait through a transaction.
func (s *Store) drive(ctx context.Context) {
	if s.convoy.empty() {
		return
	}
	var all []*passenger
	var results []error
	// A caller who leaves must not take the others along.
	err := s.change(context.WithoutCancel(ctx), "change together", func(tx *sql.Tx) (err error) {
		all = s.convoy.board() // also those who came while another change was being made
		results, err = carry(tx, all)
		return err
	})
	if len(all) == 0 {
		all = s.convoy.board() // there was no transaction to be had, and so they learn why
	}
	for i, p := range all {
		switch {
		case err != nil && len(all) > 1: // whose fault it was shows when each goes alone
			p.result <- s.change(p.ctx, "change alone", p.fn) //nolint:contextcheck // that of who asked for it
		case len(results) > 0 && results[i] != nil: // why nothing was committed, if that is so
			p.result <- results[i]
		default:
			p.result <- err
		}
	}
}

// carry makes the changes of all and returns what became of each, or what none of them may
// be committed for.
func carry(tx *sql.Tx, all []*passenger) ([]error, error) {
	results := make([]error, len(all))
	for i, p := range all {
		if results[i] = p.ctx.Err(); results[i] == nil {
			results[i] = p.fn(tx)
		}
		if _, planned := errors.AsType[*fault.Error](results[i]); results[i] != nil && !planned && p.ctx.Err() == nil {
			return results, results[i]
		}
	}
	return results, nil
}
