package postgres

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"
)

// Wire carries words between the processes that share a database, by NOTIFY and
// LISTEN. Words are hints: while there is no connection they are lost.
type Wire struct {
	config *pgx.ConnConfig
	log    *slog.Logger
	bell   chan struct{}

	mu    sync.Mutex
	words map[string]bool // that wait to be sent
}

const (
	gather    = 10 * time.Millisecond // words of which one notification is made
	reconnect = time.Second
	sendLimit = 5 * time.Second
	mostWords = 10_000 // that wait at once; further ones are lost
	listen    = `
		LISTEN broked_news`
	// A notification is a commit, which need not wait for the disk.
	careless = `
		SET synchronous_commit = off`
	notify = `
		SELECT pg_notify('broked_news', word)
		FROM unnest($1::text[]) AS word`
)

// NewWire returns a wire between the processes that use a database. It works while
// its Run is called.
func NewWire(url string, log *slog.Logger) (*Wire, error) {
	config, err := Parse(url)
	if err != nil {
		return nil, err
	}
	return &Wire{config: config, log: log, bell: make(chan struct{}, 1), words: map[string]bool{}}, nil
}

// Send gives a word to the other processes, soon. It never blocks.
func (w *Wire) Send(word string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.words) >= mostWords {
		return
	}
	w.words[word] = true
	select {
	case w.bell <- struct{}{}:
	default:
	}
}

// Run sends what is to be sent, and calls hear for every word from another process,
// until ctx ends. A connection that breaks is made again.
func (w *Wire) Run(ctx context.Context, hear func(word string)) error {
	var sender atomic.Uint32 // the backend that speaks for us
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return w.keep(ctx, func(c *pgx.Conn) error { return w.send(ctx, c, &sender) }) })
	g.Go(func() error { return w.keep(ctx, func(c *pgx.Conn) error { return hearing(ctx, c, &sender, hear) }) })
	return g.Wait()
}

// keep calls use with a connection, again with another one when it fails.
func (w *Wire) keep(ctx context.Context, use func(*pgx.Conn) error) error {
	failing := false
	for {
		err := w.with(ctx, use)
		if ctx.Err() != nil {
			return nil //nolint:nilerr // the end was asked for
		}
		if !failing {
			w.log.WarnContext(ctx, "other servers cannot be heard or told at once", "error", Reason(err))
		}
		failing = true
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(reconnect):
		}
	}
}

func (w *Wire) with(ctx context.Context, use func(*pgx.Conn) error) error {
	c, err := pgx.ConnectConfig(ctx, w.config.Copy())
	if err != nil {
		return err
	}
	defer func() { _ = c.Close(context.WithoutCancel(ctx)) }()
	return use(c)
}

func (w *Wire) send(ctx context.Context, c *pgx.Conn, self *atomic.Uint32) error {
	self.Store(c.PgConn().PID())
	if _, err := c.Exec(ctx, careless); err != nil {
		return err
	}
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-w.bell:
		}
		select { // gather what comes meanwhile
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(gather):
		}
		if err := w.flush(ctx, c); err != nil {
			return err
		}
	}
}

func (w *Wire) flush(ctx context.Context, c *pgx.Conn) error {
	w.mu.Lock()
	words := slices.Collect(maps.Keys(w.words))
	clear(w.words)
	w.mu.Unlock()
	ctx, done := context.WithTimeout(ctx, sendLimit)
	defer done()
	if _, err := c.Exec(ctx, notify, words); err != nil {
		return fmt.Errorf("notify: %w", err)
	}
	return nil
}

func hearing(ctx context.Context, c *pgx.Conn, self *atomic.Uint32, hear func(string)) error {
	if _, err := c.Exec(ctx, listen); err != nil {
		return err
	}
	for {
		n, err := c.WaitForNotification(ctx)
		if err != nil {
			return err
		}
		if n.PID != self.Load() {
			hear(n.Payload)
		}
	}
}
