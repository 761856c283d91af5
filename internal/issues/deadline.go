package issues

import (
	"fmt"
	"time"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/pipelines"
	"github.com/broked/broked/internal/runs"
)

// Promise is a pipeline of which somebody expects a success every day by a time.
type Promise struct {
	Pipeline     pipelines.ID
	PipelineName string
	Workspace    auth.WorkspaceID
	Deadline     string    // HH:MM
	Zone         string    // IANA name; "" is UTC
	Since        time.Time // when the pipeline was made
	LastSuccess  time.Time // when its last run that succeeded ended; zero if none did
	LastRun      runs.ID   // its newest run, or ""
}

// OfPromises returns what promises show that are not kept: one sighting for each
// pipeline that has not succeeded on the day of its last deadline or since. It
// counts the days for which that is so. A promise whose time or zone cannot be
// read shows nothing: documents with such ones are not saved.
func OfPromises(all []Promise, now time.Time) []Sighting {
	var found []Sighting
	for _, p := range all {
		deadline, days := p.missed(now)
		if days == 0 {
			continue
		}
		last := "It has never succeeded."
		if !p.LastSuccess.IsZero() {
			last = "It last succeeded at " + p.LastSuccess.UTC().Format(time.RFC3339) + "."
		}
		found = append(found, Sighting{
			Cause:     Cause{Kind: DeadlineMissed, Pipeline: p.Pipeline},
			Workspace: p.Workspace, Severity: Critical, Title: p.PipelineName + " has missed its deadline", Run: p.LastRun, Count: days,
			Body: fmt.Sprintf("It should have succeeded by %s. %s Look at its runs, or start one.", deadline.Format("2006-01-02 15:04 MST"), last),
		})
	}
	return found
}

// missed returns the last deadline before now and for how many days in a row, up to
// it, there was no success.
func (p Promise) missed(now time.Time) (time.Time, int) {
	zone, err := time.LoadLocation(p.Zone)
	if err != nil {
		return time.Time{}, 0
	}
	clock, err := time.Parse("15:04", p.Deadline)
	if err != nil {
		return time.Time{}, 0
	}
	on := func(day time.Time) time.Time {
		y, m, d := day.In(zone).Date()
		return time.Date(y, m, d, clock.Hour(), clock.Minute(), 0, 0, zone)
	}
	last := on(now)
	if last.After(now) {
		last = on(last.AddDate(0, 0, -1))
	}
	if !p.LastSuccess.IsZero() {
		return last, max(0, daysBetween(p.LastSuccess.In(zone), last))
	}
	days := daysBetween(p.Since.In(zone), last)
	if !p.Since.After(on(p.Since)) {
		days++ // it was there in time on its first day
	}
	return last, max(0, days)
}

// daysBetween returns how many midnights lie between two times, by their own clocks.
func daysBetween(from, to time.Time) int {
	day := func(t time.Time) time.Time {
		y, m, d := t.Date()
		return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
	}
	return int(day(to).Sub(day(from)).Hours() / 24)
}
