package runs

import (
	"context"
	"fmt"
	"time"

	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/node"
	"github.com/broked/broked/internal/pipelines"
)

// Slot is how long a stretch of time is in which runs are counted. Every zone begins its
// days at a multiple of it.
const Slot = 15 * time.Minute

// MostDays is how many days are counted at once.
const MostDays = 372

// HistoryStore tells of many runs at once. Package store implements it; its methods are
// of auth.HomeFrom the context.
type HistoryStore interface {
	// CountBySlot returns how many runs were put on record from since up to until, by the
	// stretch of slot in which that was and by status, in no order. A pipeline of "" is
	// every one.
	CountBySlot(ctx context.Context, of pipelines.ID, since, until time.Time, slot time.Duration) ([]SlotCount, error)
	// MostFailing returns the pipelines with the most failed runs since a time, the most
	// first.
	MostFailing(ctx context.Context, since time.Time, limit int) ([]FailCount, error)
	// NodesOfRuns returns the nodes of the newest runs of a pipeline, at most limit
	// runs, by run.
	NodesOfRuns(ctx context.Context, of pipelines.ID, limit int) (map[ID][]NodeRun, error)
	// Milestones implements Service.Milestones.
	Milestones(ctx context.Context, run ID, limit int) ([]Event, error)
	// Columns implements Service.Columns.
	Columns(ctx context.Context, run ID) (map[string][]node.Column, error)
}

// SlotCount is how many runs of a status were put on record in a stretch of time.
type SlotCount struct {
	At     time.Time // when it begins
	Status Status
	Runs   int
}

// FailCount is how many runs of a pipeline have failed.
type FailCount struct {
	Pipeline pipelines.ID
	Runs     int
}

// Day is the runs that were put on record on one day.
type Day struct {
	Date string `json:"date" doc:"As in 2026-03-01"`
	Counts
}

// Counts is how many runs there are, and how they stand.
type Counts struct {
	Total     int `json:"total"`
	Success   int `json:"success"`
	Failed    int `json:"failed"`
	Cancelled int `json:"cancelled" doc:"Those that were blocked as well"`
	Active    int `json:"active" doc:"Those that have not ended"`
}

func (t *Counts) add(s Status, n int) {
	t.Total += n
	switch {
	case s == Success:
		t.Success += n
	case s == Failed:
		t.Failed += n
	case s.Final():
		t.Cancelled += n
	default:
		t.Active += n
	}
}

// Days returns how many runs of a pipeline, "" for all of them, were put on record on each
// day of a zone, from the day of from to that of to. More than MostDays are an Invalid
// fault.
func (s *Service) Days(ctx context.Context, of pipelines.ID, from, to time.Time, zone *time.Location) ([]Day, error) {
	first, end := midnight(from, zone, 0), midnight(to, zone, 1)
	if !first.Before(end) {
		return nil, fault.New(fault.Invalid, "the last day is before the first").With("bad_range")
	}
	if end.Sub(first) > (MostDays+1)*24*time.Hour {
		return nil, fault.New(fault.Invalid, "at most %d days are counted at once", MostDays).With("bad_range")
	}
	slots, err := s.store.CountBySlot(ctx, of, first, end, slotOf(zone, first, end))
	if err != nil {
		return nil, err
	}
	byDate := make(map[string]*Counts)
	for _, slot := range slots {
		date := slot.At.In(zone).Format(time.DateOnly)
		if byDate[date] == nil {
			byDate[date] = &Counts{}
		}
		byDate[date].add(slot.Status, slot.Runs)
	}
	days := []Day{}
	for at := first; at.Before(end); at = midnight(at, zone, 1) {
		day := Day{Date: at.In(zone).Format(time.DateOnly)}
		if counts := byDate[day.Date]; counts != nil {
			day.Counts = *counts
		}
		days = append(days, day)
	}
	return days, nil
}

// slotOf returns how long the stretches may be so that none lies in two days of a zone:
// longer ones are fewer, and cost less.
func slotOf(zone *time.Location, first, end time.Time) time.Duration {
	for at := first; !at.After(end); at = midnight(at, zone, 1) {
		if _, offset := at.In(zone).Zone(); offset%int(time.Hour/time.Second) != 0 {
			return Slot
		}
	}
	return time.Hour
}

// midnight returns when the day of at begins in a zone, or one that is some days later.
func midnight(at time.Time, zone *time.Location, later int) time.Time {
	y, m, d := at.In(zone).Date()
	return time.Date(y, m, d+later, 0, 0, 0, 0, zone)
}

// Counted returns how many runs were put on record from since up to until.
func (s *Service) Counted(ctx context.Context, since, until time.Time) (Counts, error) {
	slots, err := s.store.CountBySlot(ctx, "", since, until, time.Hour)
	var all Counts
	for _, slot := range slots {
		all.add(slot.Status, slot.Runs)
	}
	return all, err
}

// MostFailing returns the pipelines with the most failed runs since a time, the most first.
func (s *Service) MostFailing(ctx context.Context, since time.Time, limit int) ([]FailCount, error) {
	return s.store.MostFailing(ctx, since, limit)
}

// Grid returns the newest runs of a pipeline with their nodes, the newest first.
func (s *Service) Grid(ctx context.Context, of pipelines.ID, limit int) ([]Run, error) {
	all, err := s.store.Runs(ctx, Filter{Pipeline: of, Page: pipelines.Page{Limit: limit}})
	if err != nil {
		return nil, err
	}
	nodes, err := s.store.NodesOfRuns(ctx, of, limit)
	if err != nil {
		return nil, fmt.Errorf("grid of %s: %w", of, err)
	}
	for i, r := range all {
		all[i].Nodes = nodes[r.ID]
	}
	return all, nil
}

// MostMilestones is how many of them are told.
const MostMilestones = 10_000

// Milestones returns those events of a run that say when it and its nodes began, were
// tried again, waited and ended: the first MostMilestones, in order.
func (s *Service) Milestones(ctx context.Context, run ID) ([]Event, error) {
	if err := s.exists(ctx, run); err != nil {
		return nil, err
	}
	return s.store.Milestones(ctx, run, MostMilestones)
}

// Columns returns the columns of what came out of the nodes of a run, by node, as far as
// the run has kept a sample of it.
func (s *Service) Columns(ctx context.Context, run ID) (map[string][]node.Column, error) {
	if err := s.exists(ctx, run); err != nil {
		return nil, err
	}
	return s.store.Columns(ctx, run)
}
