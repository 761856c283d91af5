package api

import (
	"context"
	"net/http"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/runs"
)

func (s *server) scheduleListCalls() {
	register(s, call{
		method: http.MethodGet, path: "/api/pipelines/{id}/schedules", may: auth.PipelinesView, tag: "schedules",
		summary: "List the schedules of a pipeline, and when they fire",
	}, s.listSchedules)
	register(s, call{
		method: http.MethodPost, path: "/api/pipelines/{id}/schedules/{schedule}/pause", may: auth.PipelinesEdit, tag: "schedules",
		summary: "Pause a schedule, in a new version of the pipeline",
	}, s.pauseSchedule)
	register(s, call{
		method: http.MethodPost, path: "/api/pipelines/{id}/schedules/{schedule}/resume", may: auth.PipelinesEdit, tag: "schedules",
		summary: "Let a paused schedule fire again, from the next time on",
	}, s.resumeSchedule)
}

// BySchedule is the path of one schedule.
type BySchedule struct {
	ByID
	Schedule string `path:"schedule" maxLength:"64" doc:"Name of the schedule; default for that without one"`
}

func (s *server) listSchedules(ctx context.Context, in *ByID) (*body[[]runs.ScheduleState], error) {
	all, err := s.Runs.Schedules(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return &body[[]runs.ScheduleState]{all}, nil
}

func (s *server) pauseSchedule(ctx context.Context, in *BySchedule) (*body[[]runs.ScheduleState], error) {
	return s.switchSchedule(ctx, in, true)
}

func (s *server) resumeSchedule(ctx context.Context, in *BySchedule) (*body[[]runs.ScheduleState], error) {
	return s.switchSchedule(ctx, in, false)
}

func (s *server) switchSchedule(ctx context.Context, in *BySchedule, paused bool) (*body[[]runs.ScheduleState], error) {
	if _, err := s.Pipelines.PauseSchedule(ctx, in.ID, in.Schedule, paused); err != nil {
		return nil, err
	}
	return s.listSchedules(ctx, &in.ByID)
}
