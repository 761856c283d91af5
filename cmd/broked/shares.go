package main

import (
	"context"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/broked/broked/internal/news"
	"github.com/broked/broked/internal/postgres"
	"github.com/broked/broked/internal/runs"
	"github.com/broked/broked/internal/store"
)

// shares is what a server does for those that use the same PostgreSQL.
type shares struct {
	process runs.Process
	wire    *postgres.Wire
}

const (
	beatEvery = 10 * time.Second
	beatLimit = 8 * time.Second
	// After this time without a beat the others are about to take this server for
	// dead, so it stops what they will do again.
	outOfTouch = 25 * time.Second
)

// recover takes back the runs of servers that are gone: of all others when the
// database is a file, and of those that do not say that they are alive when it is
// shared.
func (s *assembled) recover(ctx context.Context, c *serveCmd, database, owner string) (store.Recovered, error) {
	if !postgres.Is(database) {
		s.first.set(true)
		return s.memory.Recover(ctx, owner, time.Now().UTC())
	}
	host, err := os.Hostname()
	if err != nil {
		return store.Recovered{}, err
	}
	wire, err := postgres.NewWire(database, s.log)
	if err != nil {
		return store.Recovered{}, err
	}
	s.board.Relay = wire.Send
	s.shares = &shares{process: runs.Process{ID: owner, Host: host, Version: version, Slots: c.LocalRuns}, wire: wire}
	recovered, yes, err := s.memory.Beat(ctx, s.shares.process, time.Now().UTC())
	s.first.set(yes)
	return recovered, err
}

// beater is what a beat is told to.
type beater interface {
	Beat(ctx context.Context, p runs.Process, now time.Time) (taken store.Recovered, first bool, err error)
}

// beat says every ten seconds that this server is alive, until ctx ends.
func (h *shares) beat(ctx context.Context, s *assembled) error {
	l := lease{to: s.memory, process: h.process, first: s.first, board: s.board, log: s.log, lost: s.executor.Abandon}
	l.told = func(r store.Recovered) { s.tellRecovered(ctx, r) }
	return l.run(ctx)
}

// lease keeps the other servers from taking this one for dead.
type lease struct {
	to      beater
	process runs.Process
	first   *first
	board   *news.Board
	log     *slog.Logger
	told    func(store.Recovered)
	lost    func() // ends the runs of this server
}

func (l lease) run(ctx context.Context) error {
	seen := time.Now()
	ticker := time.NewTicker(beatEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
		begun := time.Now()
		if begun.Sub(seen) > outOfTouch { // also when this process itself was stopped
			l.first.set(false)
			l.lost()
		}
		if l.once(ctx) {
			seen = begun
		}
	}
}

// once beats once and reports whether the beat was heard.
func (l lease) once(ctx context.Context) bool {
	limited, done := context.WithTimeout(ctx, beatLimit)
	defer done()
	taken, yes, err := l.to.Beat(limited, l.process, time.Now().UTC())
	if err != nil {
		if ctx.Err() == nil {
			l.log.ErrorContext(ctx, "cannot say that this server is alive", "error", err)
		}
		return false
	}
	l.first.set(yes)
	l.told(taken)
	for _, all := range [][]runs.ID{taken.PutBack, taken.Cancelled, taken.Failed} {
		for _, run := range all {
			l.board.Post(string(run))
		}
	}
	if len(taken.PutBack)+len(taken.Cancelled)+len(taken.Failed) > 0 {
		l.board.Post(runs.Changed)
	}
	return true
}

// first is whether this server is the one that does what one of them does for all.
type first struct {
	mu      sync.Mutex
	yes     bool
	changed chan struct{} // is closed when it changes
}

func newFirst() *first { return &first{changed: make(chan struct{})} }

func (f *first) set(yes bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.yes == yes {
		return
	}
	f.yes = yes
	close(f.changed)
	f.changed = make(chan struct{})
}

func (f *first) look() (yes bool, changed <-chan struct{}) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.yes, f.changed
}

// while calls part as long as this server is the first, until ctx ends or part fails.
func (f *first) while(ctx context.Context, part func(context.Context) error) error {
	for ctx.Err() == nil {
		yes, changed := f.look()
		if !yes {
			select {
			case <-ctx.Done():
			case <-changed:
			}
			continue
		}
		if err := during(ctx, changed, part); err != nil {
			return err
		}
	}
	return nil
}

// during calls part until it returns, ctx ends or over is closed.
func during(ctx context.Context, over <-chan struct{}, part func(context.Context) error) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		select {
		case <-over:
			stop()
		case <-ctx.Done():
		}
	}()
	err := part(ctx)
	stop()
	<-ended
	return err
}
