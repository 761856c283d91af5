package main

import (
	"context"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/broked/broked/internal/news"
	"github.com/broked/broked/internal/postgres"
	"github.com/broked/broked/internal/runs"
	"github.com/broked/broked/internal/store"
)

// shares is what a process does for those that use the same PostgreSQL.
type shares struct {
	process runs.Process
	wire    *postgres.Wire
	others  atomic.Pointer[others]
}

// others is what the processes besides this one do, as of the last beat.
type others struct{ active, slots int }

// elsewhere returns that; nothing when the database is a file.
func (h *shares) elsewhere() others {
	if h == nil {
		return others{}
	}
	if o := h.others.Load(); o != nil {
		return *o
	}
	return others{}
}

const (
	beatEvery = 10 * time.Second
	beatLimit = 8 * time.Second
	// After this time without a beat the others are about to take this process for
	// dead, so it stops what they will do again.
	outOfTouch = 25 * time.Second
)

// recover takes back the runs of servers that are gone: of all others when the
// database is a file, and of those that do not say that they are alive when it is
// shared.
func (s *assembled) recover(ctx context.Context, d duty, database string) (store.Recovered, error) {
	if !postgres.Is(database) {
		s.first.set(true)
		return s.memory.Recover(ctx, s.owner, time.Now().UTC())
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
	s.shares = &shares{wire: wire, process: runs.Process{
		ID: s.owner, Kind: d.kind, Host: host, Version: version, Slots: d.slots, Labels: d.Labels,
	}}
	recovered, yes, err := s.memory.Beat(ctx, s.shares.now(0), time.Now().UTC())
	s.first.set(yes)
	return recovered, err
}

// beater is what a beat is told to.
type beater interface {
	Beat(ctx context.Context, p runs.Process, now time.Time) (taken store.Recovered, first bool, err error)
}

// now returns the process as it is when it executes so many runs. A load that the system
// does not tell is empty.
func (h *shares) now(active int) runs.Process {
	p := h.process
	p.Load, _ = load(active)
	return p
}

// beat says every ten seconds that this process is alive, until ctx ends.
func (h *shares) beat(ctx context.Context, s *assembled) error {
	l := lease{to: s.memory, first: s.first, board: s.board, log: s.log, lost: s.executor.Abandon}
	l.process = func() runs.Process { return h.now(s.active()) }
	l.told = func(ctx context.Context, r store.Recovered) {
		s.tellRecovered(ctx, r)
		h.look(ctx, s)
	}
	return l.run(ctx)
}

// look counts what the others do.
func (h *shares) look(ctx context.Context, s *assembled) {
	all, err := s.memory.Processes(ctx)
	if err != nil {
		return // at the next beat
	}
	var o others
	for _, p := range all {
		if p.ID != h.process.ID {
			o.active, o.slots = o.active+p.Load.ActiveRuns, o.slots+p.Slots
		}
	}
	h.others.Store(&o)
}

// lease keeps the other servers from taking this one for dead.
type lease struct {
	to      beater
	process func() runs.Process
	first   *first
	board   *news.Board
	log     *slog.Logger
	told    func(context.Context, store.Recovered)
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
	taken, yes, err := l.to.Beat(limited, l.process(), time.Now().UTC())
	if err != nil {
		if ctx.Err() == nil {
			l.log.ErrorContext(ctx, "cannot say that this server is alive", "error", err)
		}
		return false
	}
	l.first.set(yes)
	l.told(limited, taken)
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
