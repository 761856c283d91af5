package runs

import (
	"cmp"
	"fmt"
	"time"

	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/pipelines"
	"github.com/broked/broked/internal/schedules"
)

// namedIntervals are the words for intervals that are no schedule.
var namedIntervals = map[string]string{"hour": "@hourly", "day": "@daily", "week": "@weekly", "month": "@monthly"}

// wrongs collects what is wrong with a request.
type wrongs []fault.Problem

func (w *wrongs) add(path, format string, args ...any) {
	*w = append(*w, fault.Problem{Path: path, Message: fmt.Sprintf(format, args...)})
}

// fault returns the Invalid fault with what is wrong; nil when nothing is.
func (w *wrongs) fault() error {
	if len(*w) == 0 {
		return nil
	}
	return fault.Rejected("the backfill cannot be started", *w).With("invalid_backfill")
}

// plan returns the backfill of d that r asks for, without what is known when it is
// stored, and what it does.
func (r BackfillRequest) plan(d pipelines.Document, now time.Time) (Backfill, BackfillPlan, error) {
	b := Backfill{
		Pipeline: d.ID, PipelineName: d.Name, Concurrency: max(r.Concurrency, 1), Newest: r.Order == "newest", SkipDone: !r.Again,
		OnFailure: cmp.Or(r.OnFailure, "continue"), Params: r.Params, Priority: BackfillPriority, Status: BackfillRunning,
	}
	if r.Priority != nil {
		b.Priority = *r.Priority
	}
	wrong := r.check(b)
	r.settleSchedule(d, &b, &wrong)
	r.settleRange(&b, &wrong)
	if err := wrong.fault(); err != nil {
		return b, BackfillPlan{}, err
	}
	all, err := b.Range()
	if err != nil {
		return b, BackfillPlan{}, err
	}
	p := BackfillPlan{Interval: b.Interval, Description: all.Describe(), Timezone: b.Timezone, Concurrency: b.Concurrency, Intervals: all.Count(MaxIntervals)}
	if p.Intervals > 0 {
		p.First, p.Last = interval(all, all.First()), interval(all, all.Last())
	}
	switch {
	case p.Intervals == 0:
		wrong.add("start", "no interval begins between start and end")
	case p.Last.End.After(now):
		wrong.add("end", "the last interval ends at %s, which has not come: a backfill is for intervals that are over", p.Last.End.Format(time.RFC3339))
	case p.Intervals > MaxIntervals:
		wrong.add("end", "there are more than %d intervals: choose longer ones, or a part of the range", MaxIntervals)
	default:
		wrong = append(wrong, fault.ProblemsOf(d.CheckParams(b.ParamsFor(p.First)))...)
	}
	b.Progress.Total = p.Intervals
	return b, p, wrong.fault()
}

// check returns what is wrong with r, apart from its intervals.
func (r BackfillRequest) check(b Backfill) wrongs {
	wrong := wrongs(fault.ProblemsOf(pipelines.CheckPriority(b.Priority)))
	if r.Concurrency < 0 || r.Concurrency > MaxConcurrency {
		wrong.add("concurrency", "must be between 1 and %d", MaxConcurrency)
	}
	if r.Order != "" && r.Order != "oldest" && r.Order != "newest" {
		wrong.add("order", "must be oldest or newest")
	}
	if b.OnFailure != "continue" && b.OnFailure != "pause" {
		wrong.add("on_failure", "must be continue or pause")
	}
	return wrong
}

func interval(all schedules.Range, start time.Time) Interval {
	return Interval{Start: start, End: all.Next(start)}
}

// settleSchedule gives b the schedule of its intervals.
func (r BackfillRequest) settleSchedule(d pipelines.Document, b *Backfill, wrong *wrongs) {
	own := pipelines.Schedule{Cron: "day"}
	if all := d.AllSchedules(); len(all) > 0 {
		own = all[0]
	}
	words := cmp.Or(r.Interval, own.Cron)
	words = cmp.Or(namedIntervals[words], words)
	b.Timezone = cmp.Or(r.Timezone, own.Timezone)
	if _, err := schedules.Zone(b.Timezone); err != nil {
		wrong.add("timezone", "%s", fault.MessageOf(err))
		b.Timezone = ""
	}
	spec, err := schedules.Understand(words)
	if err == nil {
		_, err = schedules.Parse(spec, b.Timezone)
	}
	if err != nil {
		wrong.add("interval", "must be hour, day, week, month or a schedule: it %s", fault.MessageOf(err))
	}
	b.Interval = spec
}

// settleRange gives b its range.
func (r BackfillRequest) settleRange(b *Backfill, wrong *wrongs) {
	zone, err := schedules.Zone(b.Timezone)
	if err != nil {
		zone = time.UTC // it is told
	}
	read := func(path, text string, days int) time.Time {
		at, err := moment(text, zone, days)
		if err != nil {
			wrong.add(path, "%s", fault.MessageOf(err))
		}
		return at
	}
	b.Start = read("start", r.Start, 0)
	switch {
	case r.End != "" && r.LastDay != "":
		wrong.add("end", "give end, which is not in the range, or end_date, which is, and not both")
	case r.LastDay != "":
		b.End = read("end_date", r.LastDay, 1)
	default:
		b.End = read("end", r.End, 0)
	}
}

// moment reads a time, or a day, some days after which begins what is meant.
func moment(text string, zone *time.Location, days int) (time.Time, error) {
	if t, err := time.ParseInLocation(time.DateOnly, text, zone); err == nil {
		return t.AddDate(0, 0, days).UTC(), nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil || days > 0 {
		return time.Time{}, fault.New(fault.Invalid, "must be a day such as 2026-01-31, or a time such as 2026-01-31T00:00:00Z")
	}
	return t.UTC().Truncate(time.Millisecond), nil
}
