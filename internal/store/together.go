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
	s.convoy.mu.Lock()
	n := min(len(s.convoy.waiting), mostPassengers)
	all := s.convoy.waiting[:n:n]
	s.convoy.waiting = s.convoy.waiting[n:]
	s.convoy.mu.Unlock()
	if len(all) == 0 {
		return
	}
	results := make([]error, len(all))
	// A caller who leaves must not take the others along.
	err := s.change(context.WithoutCancel(ctx), "change together", func(tx *sql.Tx) error {
		for i, p := range all {
			if results[i] = p.ctx.Err(); results[i] == nil {
				results[i] = p.fn(tx)
			}
			if _, planned := errors.AsType[*fault.Error](results[i]); results[i] != nil && !planned && p.ctx.Err() == nil {
				return results[i]
			}
		}
		return nil
	})
	for i, p := range all {
		switch {
		case err != nil && len(all) > 1: // whose fault it was shows when each goes alone
			p.result <- s.change(p.ctx, "change alone", p.fn) //nolint:contextcheck // that of who asked for it
		case err != nil:
			p.result <- err
		default:
			p.result <- results[i]
		}
	}
}

// prepare has statements parsed before a transaction begins, which holds the only
// connection that writes: parsing takes as long as writing a row. See prepared.
func (s *Store) prepare(ctx context.Context, texts ...string) error {
	for _, text := range texts {
		if _, ok := s.parsed.Load(text); ok {
			continue
		}
		parsed, err := s.db.write.PrepareContext(ctx, text)
		if err != nil {
			return err
		}
		if _, other := s.parsed.LoadOrStore(text, parsed); other {
			_ = parsed.Close() //nolint:sqlclosecheck // somebody else was quicker
		}
	}
	return nil
}

// prepared returns a statement that prepare has seen to, for tx.
func (s *Store) prepared(ctx context.Context, tx *sql.Tx, text string) *sql.Stmt {
	parsed, _ := s.parsed.Load(text)
	return tx.StmtContext(ctx, parsed.(*sql.Stmt)) //nolint:errcheck,forcetypeassert // nothing else is put there
}
