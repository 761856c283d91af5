package schedules

import "time"

// Range is those intervals of a schedule, each from one of its times up to the next,
// that begin at Start or after it and before End. So ranges that meet have every
// interval once.
type Range struct {
	Schedule
	Start, End time.Time
}

// First returns when the first interval begins; zero when there is none.
func (r Range) First() time.Time { return r.After(r.Start.Add(-time.Nanosecond)) }

// Last returns when the last interval begins; zero when there is none.
func (r Range) Last() time.Time { return r.Prior(r.End) }

// After returns when the first interval begins that begins after a moment; zero when
// there is none.
func (r Range) After(moment time.Time) time.Time {
	next := r.Next(moment)
	if next.IsZero() || !next.Before(r.End) {
		return time.Time{}
	}
	return next
}

// Prior returns when the last interval begins that begins before a moment; zero when
// there is none.
func (r Range) Prior(moment time.Time) time.Time {
	last := r.Before(moment)
	if last.IsZero() || last.Before(r.Start) {
		return time.Time{}
	}
	return last
}

// Count returns how many intervals there are, or most+1 when there are more than most.
func (r Range) Count(most int) int {
	n := 0
	for at := r.First(); !at.IsZero() && n <= most; at = r.After(at) {
		n++
	}
	return n
}
