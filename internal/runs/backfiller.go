package runs

import (
	"context"
	"log/slog"
	"time"

	"github.com/broked/broked/internal/news"
)

// BackfillWork remembers which runs backfills start next. Package store implements it.
type BackfillWork interface {
	// AdvanceBackfills puts runs on record and in the queue for the next intervals of
	// backfills, as many as fit into the concurrency of each, and ends those in which
	// nothing is left. It returns how many runs there are, and whether more is to be done
	// at once. No interval of a backfill gets two runs, whoever asks and how often.
	AdvanceBackfills(ctx context.Context, now time.Time) (started int, more bool, err error)
}

// Backfiller starts the runs of backfills.
type Backfiller struct {
	Store BackfillWork
	News  *news.Board
	Log   *slog.Logger
	// Room returns why no run may be started now, or nil.
	Room func() error
}

// Run starts runs as those before them end, until ctx ends. What fails is logged and
// tried again.
func (b *Backfiller) Run(ctx context.Context) error {
	woken, end := b.News.Watch(Changed)
	defer end()
	for {
		for b.Room() == nil && b.advance(ctx) && ctx.Err() == nil {
		}
		timer := time.NewTimer(poll)
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-woken:
			timer.Stop()
		case <-timer.C:
		}
	}
}

// advance starts runs, and reports whether more is to be done at once.
func (b *Backfiller) advance(ctx context.Context) bool {
	started, more, err := b.Store.AdvanceBackfills(ctx, time.Now().UTC())
	if err != nil {
		if ctx.Err() == nil {
			b.Log.ErrorContext(ctx, "backfills cannot go on", "error", err)
		}
		return false
	}
	if started > 0 {
		b.News.Post(Changed)
	}
	return more
}
