package pipelines

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/schedules"
)

// Schedule is one of the schedules of a pipeline.
type Schedule struct {
	Name     string            `json:"name" doc:"Unique in the pipeline: lower-case letters, digits, '_' and '-'"`
	Cron     string            `json:"cron" doc:"Five fields, @daily and the like, or words such as \"every weekday at 9\""`
	Timezone string            `json:"timezone,omitempty" doc:"IANA name; UTC when absent"`
	Paused   bool              `json:"paused,omitempty"`
	Catchup  RawObject         `json:"catchup,omitempty" doc:"What becomes of missed ticks: none, latest or all"`
	Params   map[string]string `json:"params,omitempty" doc:"Parameters of its runs"`
}

// DefaultSchedule is what the schedule without a name is called where one is needed.
const DefaultSchedule = "default"

// AllSchedules returns the document's schedules: that of its member schedule, whose
// name is empty, and the others.
func (d Document) AllSchedules() []Schedule {
	var all []Schedule
	if d.Schedule != "" {
		all = append(all, Schedule{Cron: d.Schedule, Timezone: d.ScheduleTimezone, Paused: d.SchedulePaused, Catchup: d.Catchup})
	}
	return append(all, d.Schedules...)
}

// Active reports whether s starts runs of d.
func (d Document) Active(s Schedule) bool { return d.Enabled && !d.Draft && !s.Paused }

// Rule returns when s fires.
func (s Schedule) Rule() (schedules.Schedule, error) { return schedules.Read(s.Cron, s.Timezone) }

// Bounds of the schedules of a document.
const mostSchedules = 50

var scheduleName = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,63}$`)

func (d Document) checkSchedules(f *Findings) {
	if len(d.Schedules) > mostSchedules {
		f.add("schedules", "are more than %d", mostSchedules)
	}
	if d.Schedule != "" {
		for _, p := range fault.ProblemsOf(d.CheckParams(nil)) {
			f.add("schedule", "starts runs without parameters, but %s %s", p.Path, p.Message)
		}
	}
	for i, s := range d.Schedules {
		path := at("schedules", i)
		if !scheduleName.MatchString(s.Name) || s.Name == DefaultSchedule {
			f.add(path+".name", "must be lower-case letters, digits, '_' and '-', at most 64 of them, and not %s", DefaultSchedule)
		}
		if slices.ContainsFunc(d.Schedules[:i], func(o Schedule) bool { return o.Name == s.Name }) {
			f.add(path+".name", "%q is used already", s.Name)
		}
		zone(f, path+".timezone", s.Timezone)
		if _, err := schedules.Read(s.Cron, ""); err != nil {
			f.add(path+".cron", "%s", fault.MessageOf(err))
		}
		if _, err := schedules.ParseCatchUp(string(s.Catchup)); err != nil {
			f.add(path+".catchup", "%s", fault.MessageOf(err))
		}
		for _, p := range fault.ProblemsOf(d.CheckParams(s.Params)) {
			f.add(path+"."+p.Path, "%s", p.Message)
		}
	}
}

// PauseSchedule saves the pipeline with one of its schedules paused or not; the one
// without a name is DefaultSchedule. A schedule that is not there is a NotFound fault. One that
// is so already changes nothing.
func (s *Service) PauseSchedule(ctx context.Context, ref, name string, paused bool) (Document, error) {
	old, err := s.find(ctx, ref)
	if err != nil {
		return Document{}, err
	}
	d := old.Document
	d.Schedules = slices.Clone(d.Schedules)
	var is *bool
	if name == DefaultSchedule && d.Schedule != "" {
		is = &d.SchedulePaused
	}
	for i := range d.Schedules {
		if d.Schedules[i].Name == name {
			is = &d.Schedules[i].Paused
		}
	}
	if is == nil {
		return Document{}, fault.New(fault.NotFound, "the pipeline has no schedule %q", name).With("schedule_not_found")
	}
	if *is == paused {
		return d, nil
	}
	*is = paused
	what := "resumed"
	if paused {
		what = "paused"
	}
	return s.save(ctx, old, d, strings.TrimSpace(fmt.Sprintf("schedule %s %s", name, what)))
}
