package storetest

import (
	"testing"
	"time"

	"github.com/broked/broked/internal/pipelines"
	"github.com/broked/broked/internal/runs"
)

// testSchedules: each schedule of a pipeline fires for itself, with its parameters, and
// one that is paused does not.
func testSchedules(t *testing.T, b Backend) {
	ctx := t.Context()
	d := limited(t, b, "Sales", func(d *pipelines.Document) {
		d.Schedules = []pipelines.Schedule{
			{Name: "same", Cron: "every day at 5", Params: map[string]string{"month": "x"}},
			{Name: "off", Cron: "0 5 * * *", Paused: true},
			{Name: "later", Cron: "0 6 * * *"},
		}
	})
	five := time.Date(2026, 3, 2, 5, 0, 0, 0, time.UTC)
	for range 2 {
		_, next, err := b.FireDue(ctx, five)
		must(t, err)
		if !next.Equal(five.Add(time.Hour)) {
			t.Errorf("the next is at %v", next)
		}
	}
	all, err := b.Runs(ctx, runs.Filter{Pipeline: d.ID, Page: pipelines.Page{Limit: 10}})
	must(t, err)
	of := map[string]string{}
	for _, r := range all {
		r, err := b.Run(ctx, r.ID)
		must(t, err)
		of[r.Schedule] = r.Params["month"]
		if r.IntervalEnd == nil || !r.IntervalEnd.Equal(five) {
			t.Errorf("a run is for %v", r.IntervalEnd)
		}
	}
	wantSame(t, "runs of schedules", of, map[string]string{"": "", "same": "x"})
	times, err := b.ScheduleTimes(ctx, d.ID)
	must(t, err)
	day := 24 * time.Hour
	wantSame(t, "times", times, map[string]time.Time{"": five.Add(day), "same": five.Add(day), "later": five.Add(time.Hour)})
	upcoming, err := b.NextRuns(ctx)
	must(t, err)
	if !upcoming[d.ID].Equal(five.Add(time.Hour)) {
		t.Errorf("the pipeline runs next at %v", upcoming[d.ID])
	}
	d.Schedule, d.Schedules, d.Version = "", d.Schedules[2:], 2
	must(t, b.AppendVersion(ctx, pipelines.Version{Document: d}))
	times, err = b.ScheduleTimes(ctx, d.ID)
	must(t, err)
	wantSame(t, "times after a save", times, map[string]time.Time{"later": five.Add(time.Hour)})
}
