package executor

import (
	"bytes"
	"context"
	"log/slog"

	"golang.org/x/sync/errgroup"

	"github.com/broked/broked/internal/job"
)

// Engines starts engine processes and keeps some ready, because starting one
// takes longer than a small run. Each serves one run and ends, or rests until the same
// pipeline runs again.
type Engines struct {
	command []string
	warm    chan *process // ready engines
	refill  chan struct{} // one token for each engine that should be made ready
	resting *resting
	log     *slog.Logger
}

// NewEngines returns engines started by command, of which warm are kept ready
// while Run runs. The folders of those that rest are in a folder beside those of the runs;
// when that is "" none rests.
func NewEngines(command []string, warm int, rest string, log *slog.Logger) *Engines {
	e := &Engines{command: command, warm: make(chan *process, warm), refill: make(chan struct{}, warm), resting: &resting{dir: rest}, log: log}
	for range warm {
		e.refill <- struct{}{}
	}
	return e
}

// Run keeps engines ready until ctx ends, and then ends those that are. Places
// are filled side by side: a start takes longer than a small run.
func (e *Engines) Run(ctx context.Context) error {
	defer e.drain()
	g, ctx := errgroup.WithContext(ctx)
	for range cap(e.warm) {
		g.Go(func() error { return e.fill(ctx) })
	}
	g.Go(func() error { return e.resting.watch(ctx) })
	return g.Wait()
}

// fill makes an engine ready for every place that is to be filled.
func (e *Engines) fill(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-e.refill:
		}
		p, err := start(ctx, e.command)
		if err != nil {
			if ctx.Err() == nil {
				e.log.ErrorContext(ctx, "engine does not start", "error", err)
			}
			continue // the next run starts its own and tells the reason
		}
		e.warm <- p // has room: there are no more tokens than places
	}
}

func (e *Engines) drain() {
	for {
		select {
		case p := <-e.warm:
			p.end()
		default:
			return
		}
	}
}

// Do runs j in an engine that nobody else uses, which talks to ear, and returns the
// engine's last message. The engine is a fresh one, or has served none but runs that had
// the same alike, which is not "" then: see resting. When ctx ends the engine is killed with all its
// children and the error is ctx's. An engine that dies is an Invalid fault with
// the reason; the caller's process is unharmed. One that had died while it was
// kept ready, or dies before it says a word, is replaced once.
func (e *Engines) Do(ctx context.Context, alike string, j job.Job, ear Ear) (job.Message, error) {
	noticing := &noticer{Ear: ear}
	if p := e.resting.take(ctx, alike, j.Dir); p != nil {
		last, err := e.resting.run(ctx, p, alike, j, noticing)
		if last.Type == job.Finished || noticing.heard || ctx.Err() != nil {
			return last, err
		}
	}
	p, refill, err := e.take(ctx)
	if err != nil {
		return job.Message{}, err
	}
	defer refill() // not before: starting an engine would slow this run down
	last, err := e.resting.run(ctx, p, alike, j, noticing)
	if err != nil && !noticing.heard && ctx.Err() == nil {
		if p, err = start(ctx, e.command); err != nil {
			return job.Message{}, err
		}
		last, err = e.resting.run(ctx, p, alike, j, ear)
	}
	return last, err
}

// noticer notices whether an engine says anything.
type noticer struct {
	Ear
	heard bool
}

// Hear implements Ear.
func (n *noticer) Hear(m job.Message) error {
	n.heard = true
	return n.Ear.Hear(m)
}

// take returns a ready engine, or starts one when none is. Refill asks for the
// place of the one that was ready to be filled again.
func (e *Engines) take(ctx context.Context) (p *process, refill func(), err error) {
	select {
	case p := <-e.warm:
		return p, func() { e.refill <- struct{}{} }, nil // has room: the place of p
	default:
		p, err := start(ctx, e.command)
		return p, func() {}, err
	}
}

func containsFold(text []byte, words string) bool {
	return bytes.Contains(bytes.ToLower(text), []byte(words))
}
