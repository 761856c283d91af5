package runs

import (
	"context"
	"log/slog"
	"time"

	"github.com/broked/broked/internal/news"
)

// Scheduled is the trigger of runs that a schedule has started.
const Scheduled = "scheduled"

// Ticks remembers when schedules fire. Package store implements it.
type Ticks interface {
	// FireDue puts a run on record and in the queue for every tick that is due, moves
	// its schedule on, all in one transaction, and returns how many runs there are and
	// when the next tick is; zero when there is none. No tick starts two runs, whoever
	// asks and how often. When more is due than one transaction takes, next has passed.
	FireDue(ctx context.Context, now time.Time) (fired int, next time.Time, err error)
}

// Clock starts the runs of schedules.
type Clock struct {
	Ticks Ticks
	News  *news.Board
	Log   *slog.Logger
}

// longestSleep bounds how late a schedule fires that was saved meanwhile, or after the
// machine's clock was put forward.
const longestSleep = time.Second

// Run fires what is due until ctx ends. What fails is logged and tried again.
func (c *Clock) Run(ctx context.Context) error {
	for {
		now := time.Now()
		fired, next, err := c.Ticks.FireDue(ctx, now)
		if err != nil && ctx.Err() == nil {
			c.Log.ErrorContext(ctx, "schedules cannot be fired", "error", err)
		}
		if fired > 0 {
			c.News.Post(Changed)
		}
		wait := longestSleep
		if err == nil && !next.IsZero() {
			wait = min(wait, max(0, time.Until(next)))
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(wait):
		}
	}
}
