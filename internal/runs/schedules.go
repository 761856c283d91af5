package runs

import (
	"context"
	"time"

	"github.com/broked/broked/internal/pipelines"
)

// ScheduleState is a schedule of a pipeline and when it fires.
type ScheduleState struct {
	pipelines.Schedule
	Description string     `json:"description" doc:"What it means, in words"`
	Active      bool       `json:"active" doc:"It starts runs: neither it nor the pipeline is paused, and the pipeline is no draft"`
	NextRunAt   *time.Time `json:"next_run_at" doc:"Null when it starts none"`
}

// Schedules returns the schedules of a pipeline. That of the document's member schedule
// comes first and is called pipelines.DefaultSchedule.
func (s *Service) Schedules(ctx context.Context, pipeline string) ([]ScheduleState, error) {
	d, err := s.pipelines.Get(ctx, pipeline)
	if err != nil {
		return nil, err
	}
	next, err := s.store.ScheduleTimes(ctx, d.ID)
	if err != nil {
		return nil, err
	}
	all := []ScheduleState{}
	for _, one := range d.AllSchedules() {
		state := ScheduleState{Schedule: one, Active: d.Active(one)}
		if rule, err := one.Rule(); err == nil {
			state.Description = rule.Describe()
		}
		if at, fires := next[one.Name]; fires {
			state.NextRunAt = &at
		}
		if one.Name == "" {
			state.Name = pipelines.DefaultSchedule
		}
		all = append(all, state)
	}
	return all, nil
}
