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
	// Room returns why no run may be started now, or nil. What becomes due meanwhile is
	// fired afterwards, as the catch-up of its schedule says.
	Room func() error
}

// longestSleep bounds how late a schedule fires that was saved meanwhile, or after the
// machine's clock was put forward.
const longestSleep = time.Second

// Run fires what is due until ctx ends. What fails is logged and tried again.
func (c *Clock) Run(ctx context.Context) error {
	full := false
	for {
		wait := longestSleep
		if err := c.Room(); err == nil {
			full = false
			wait = c.fire(ctx)
		} else if !full {
			full = true
			c.Log.WarnContext(ctx, "schedules wait", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(wait):
		}
	}
}

// fire fires what is due, and returns when to look again.
func (c *Clock) fire(ctx context.Context) time.Duration {
	fired, next, err := c.Ticks.FireDue(ctx, time.Now())
	if err != nil && ctx.Err() == nil {
		c.Log.ErrorContext(ctx, "schedules cannot be fired", "error", err)
	}
	if fired > 0 {
		c.News.Post(Changed)
	}
	if err != nil || next.IsZero() {
		return longestSleep
	}
	return min(longestSleep, max(0, time.Until(next)))
}
