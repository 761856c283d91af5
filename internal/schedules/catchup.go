package schedules

import (
	"time"

	"github.com/broked/broked/internal/fault"
)

// CatchUp says what becomes of ticks that were missed, because no server was there.
type CatchUp string

// What becomes of ticks that were missed.
const (
	CatchNone   CatchUp = "none"   // nothing
	CatchLatest CatchUp = "latest" // one run, for the last of them
	CatchAll    CatchUp = "all"    // a run for each of the last MaxCaughtUp
)

// MaxCaughtUp is how many missed ticks are caught up at most.
const MaxCaughtUp = 50

// late is how long after a tick it counts as missed.
const late = time.Minute

// ParseCatchUp reads a policy as documents write it, as JSON: true is all; false and
// nothing are latest. What is no policy is an Invalid fault.
func ParseCatchUp(text string) (CatchUp, error) {
	switch text {
	case "", "null", "false", `"latest"`:
		return CatchLatest, nil
	case "true", `"all"`:
		return CatchAll, nil
	case `"none"`:
		return CatchNone, nil
	}
	return "", fault.New(fault.Invalid, "must be none, latest, all, true (all) or false (latest)").With("bad_catchup")
}

// Due returns those ticks of s, from the one at next on and up to now, for which
// runs are to be started, and the first tick after now; zero when there is none.
func (s Schedule) Due(next, now time.Time, policy CatchUp) ([]time.Time, time.Time) {
	var missed []time.Time
	for ; !next.IsZero() && !next.After(now); next = s.Next(next) {
		if missed = append(missed, next); len(missed) > MaxCaughtUp {
			missed = missed[1:]
		}
	}
	if len(missed) == 0 {
		return nil, next
	}
	last := missed[len(missed)-1:]
	switch {
	case policy == CatchAll:
		return missed, next
	case policy == CatchNone && now.Sub(last[0]) > late:
		return nil, next
	}
	return last, next
}

// Before returns the last tick before a moment; zero when there was none within
// eight years.
func (s Schedule) Before(moment time.Time) time.Time {
	for _, back := range []time.Duration{time.Hour, 25 * time.Hour, 8 * 24 * time.Hour, 32 * 24 * time.Hour, 366 * 24 * time.Hour, horizon * 366 * 24 * time.Hour} {
		var last time.Time
		for t := s.Next(moment.Add(-back)); !t.IsZero() && t.Before(moment); t = s.Next(t) {
			last = t
		}
		if !last.IsZero() {
			return last
		}
	}
	return time.Time{}
}
