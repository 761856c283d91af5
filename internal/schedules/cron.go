// Package schedules says when runs start by themselves: what a schedule means in a
// time zone, whatever its clocks do, and what a person means by "every weekday at 9".
package schedules

import (
	"strings"
	"time"

	cron "github.com/netresearch/go-cron"

	"github.com/broked/broked/internal/fault"
)

// Schedule is a rule for times, by the clock of a zone. It may be used by any number
// of goroutines at once.
type Schedule struct {
	rule  *cron.SpecSchedule
	every time.Duration // instead of rule: real time, from any multiple of it on
	zone  *time.Location
}

// shortest is the smallest distance of an @every schedule.
const shortest = time.Minute

var parser = cron.MustNewParser(cron.SecondOptional | cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow | cron.Descriptor)

// Parse reads a schedule: five fields as in "30 6 * * 1-5" (minute, hour, day of
// the month, number of the month, day of the week; both 0 and 7 are Sunday), six with seconds in front,
// @hourly, @daily, @weekly, @monthly, @yearly, or @every with a duration of at least a
// minute. Of a day of the month and a day of the week that are both restricted, one
// is enough. The zone is an IANA name; "" is UTC. What cannot be read is an Invalid
// fault.
func Parse(spec, zone string) (Schedule, error) {
	location, err := Zone(zone)
	if err != nil {
		return Schedule{}, err
	}
	spec = strings.TrimSpace(spec)
	if distance, is := strings.CutPrefix(spec, "@every "); is {
		d, err := time.ParseDuration(strings.TrimSpace(distance))
		if err != nil || d < shortest {
			return Schedule{}, fault.New(fault.Invalid, "@every takes a duration of at least a minute, such as @every 90m").With("bad_schedule")
		}
		return Schedule{every: d, zone: location}, nil
	}
	if strings.Contains(spec, "=") {
		return Schedule{}, fault.New(fault.Invalid, "names a time zone: give it beside the schedule").With("bad_schedule")
	}
	parsed, err := parser.Parse(spec)
	if err != nil {
		return Schedule{}, fault.Wrap(fault.Invalid, err, "is not a schedule of five fields such as \"30 6 * * 1-5\": %v", err).With("bad_schedule")
	}
	rule, ok := parsed.(*cron.SpecSchedule)
	if !ok || len(rule.DomConstraints) > 0 || len(rule.DowConstraints) > 0 {
		return Schedule{}, fault.New(fault.Invalid, "is not a schedule of five fields such as \"30 6 * * 1-5\"").With("bad_schedule")
	}
	return Schedule{rule: rule, zone: location}, nil
}

// Read is Parse for what people write: words such as "every weekday at 9" as well.
func Read(words, zone string) (Schedule, error) {
	spec, err := Understand(words)
	if err != nil {
		return Schedule{}, err
	}
	return Parse(spec, zone)
}

// Zone returns the time zone with an IANA name; "" is UTC. One that does not exist,
// and the server's own, are an Invalid fault.
func Zone(name string) (*time.Location, error) {
	zone, err := time.LoadLocation(name)
	if err != nil || name == "Local" {
		return nil, fault.New(fault.Invalid, "there is no time zone %q: names are such as Europe/Berlin or UTC", name).With("bad_timezone")
	}
	return zone, nil
}

// horizon is how far Next looks: a leap day may be eight years away.
const horizon = 9

// Next returns the first time of s after a moment, in UTC; zero when there is none
// within eight years. A rule with certain hours speaks of the clock on the wall: a
// time that the clocks leave out is at the first moment after the gap, and one that
// they show twice is the first. A rule for every hour follows real time.
func (s Schedule) Next(after time.Time) time.Time {
	if s.every > 0 {
		return after.UTC().Truncate(s.every).Add(s.every)
	}
	limit := after.AddDate(horizon, 0, 0)
	if s.everyHour() {
		return s.nextReal(after, limit)
	}
	// Clocks are put forward or back by less than a day.
	for w := wall(after.In(s.zone)).AddDate(0, 0, -1); ; {
		next, found := s.nextWall(w)
		if !found {
			return time.Time{}
		}
		t := s.moment(next)
		if t.After(limit) {
			return time.Time{}
		}
		if t.After(after) {
			return t.UTC()
		}
		w = next
	}
}

// NextTimes returns the first n times after a moment, fewer when there are no more.
func (s Schedule) NextTimes(after time.Time, n int) []time.Time {
	var all []time.Time
	for range n {
		if after = s.Next(after); after.IsZero() {
			break
		}
		all = append(all, after)
	}
	return all
}

const (
	allHours = 1<<24 - 1
	allDays  = 1<<32 - 2
	allWeek  = 1<<7 - 1
)

func (s Schedule) everyHour() bool { return s.rule.Hour&allHours == allHours }

// nextReal returns the next moment whose clock fits the rule.
func (s Schedule) nextReal(after, limit time.Time) time.Time {
	for t := after; t.Before(limit); {
		local := t.In(s.zone)
		w := wall(local)
		next, found := s.nextWall(w)
		if !found {
			return time.Time{}
		}
		candidate := local.Add(next.Sub(w)).Truncate(time.Second)
		_, end := local.ZoneBounds()
		if end.IsZero() || candidate.Before(end) {
			return candidate.UTC()
		}
		// The clocks change before that: begin again there, with that very moment.
		if at := wall(end.In(s.zone)); s.fits(at) {
			return end.UTC()
		}
		t = end
	}
	return time.Time{}
}

// wall returns what the clock shows as a time without a zone.
func wall(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.UTC)
}

// moment returns when the clock of the zone shows w: for the first time, or when it
// first shows more.
func (s Schedule) moment(w time.Time) time.Time {
	guess := time.Date(w.Year(), w.Month(), w.Day(), w.Hour(), w.Minute(), w.Second(), 0, s.zone)
	start, end := guess.ZoneBounds()
	var first time.Time
	for _, near := range []time.Time{start.Add(-time.Second), guess, end} {
		if near.IsZero() {
			continue
		}
		_, offset := near.In(s.zone).Zone()
		t := w.Add(-time.Duration(offset) * time.Second)
		if wall(t.In(s.zone)).Equal(w) && (first.IsZero() || t.Before(first)) {
			first = t
		}
	}
	if !first.IsZero() {
		return first
	}
	if start.IsZero() || !end.IsZero() && end.Sub(guess) < guess.Sub(start) {
		return end
	}
	return start
}

// nextWall returns the first time after w that fits the rule, on a clock that is
// never changed.
func (s Schedule) nextWall(w time.Time) (time.Time, bool) {
	t := w.Truncate(time.Second).Add(time.Second)
	for last := w.Year() + horizon; t.Year() <= last; {
		switch {
		case s.rule.Month&(1<<uint(t.Month())) == 0:
			t = time.Date(t.Year(), t.Month()+1, 1, 0, 0, 0, 0, time.UTC)
		case !s.fitsDay(t):
			t = time.Date(t.Year(), t.Month(), t.Day()+1, 0, 0, 0, 0, time.UTC)
		case s.rule.Hour&(1<<uint(t.Hour())) == 0:
			t = t.Truncate(time.Hour).Add(time.Hour)
		case s.rule.Minute&(1<<uint(t.Minute())) == 0:
			t = t.Truncate(time.Minute).Add(time.Minute)
		case s.rule.Second&(1<<uint(t.Second())) == 0:
			t = t.Add(time.Second)
		default:
			return t, true
		}
	}
	return time.Time{}, false
}

func (s Schedule) fits(w time.Time) bool {
	return s.rule.Month&(1<<uint(w.Month())) != 0 && s.fitsDay(w) && s.rule.Hour&(1<<uint(w.Hour())) != 0 &&
		s.rule.Minute&(1<<uint(w.Minute())) != 0 && s.rule.Second&(1<<uint(w.Second())) != 0
}

// fitsDay reports whether the day fits: by its number and by its name or, when both
// are restricted, by one of them.
func (s Schedule) fitsDay(t time.Time) bool {
	number := s.rule.Dom&(1<<uint(t.Day())) != 0
	name := s.rule.Dow&(1<<uint(t.Weekday())) != 0
	if s.rule.Dom&allDays != allDays && s.rule.Dow&allWeek != allWeek {
		return number || name
	}
	return number && name
}
