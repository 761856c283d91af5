package api

import (
	"context"
	"net/http"
	"time"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/pipelines"
	"github.com/broked/broked/internal/runs"
)

func (s *server) triggerCalls() {
	register(s, call{
		method: http.MethodGet, path: "/api/pipelines/{id}/triggers", may: auth.PipelinesView, tag: "triggers",
		summary: "List the triggers of a pipeline that look at files and contacts",
	}, s.listTriggers)
	register(s, call{
		method: http.MethodPost, path: "/api/pipelines/{id}/triggers/{trigger}/pause", may: auth.PipelinesEdit, tag: "triggers",
		summary: "Pause a trigger, in a new version of the pipeline",
	}, func(ctx context.Context, in *ByTrigger) (*body[[]TriggerState], error) {
		return s.switchTrigger(ctx, in, true)
	})
	register(s, call{
		method: http.MethodPost, path: "/api/pipelines/{id}/triggers/{trigger}/resume", may: auth.PipelinesEdit, tag: "triggers",
		summary: "Let a paused trigger start runs again, for what has changed meanwhile as well",
	}, func(ctx context.Context, in *ByTrigger) (*body[[]TriggerState], error) {
		return s.switchTrigger(ctx, in, false)
	})
}

// ByTrigger is the path of one trigger.
type ByTrigger struct {
	ByID
	Trigger string `path:"trigger" maxLength:"64" doc:"Name of the trigger"`
}

// TriggerState is a trigger of a pipeline and what became of it.
type TriggerState struct {
	pipelines.Watcher
	Active  bool       `json:"active" doc:"It starts runs: neither it nor the pipeline is paused, and the pipeline is no draft"`
	Problem string     `json:"problem,omitempty" doc:"Why it could not be looked at the last time"`
	Files   int        `json:"files,omitempty" doc:"That it remembers"`
	LastRun runs.ID    `json:"last_run_id,omitempty" doc:"The last run that it has started"`
	LastAt  *time.Time `json:"last_at,omitempty" doc:"When it did"`
}

func (s *server) listTriggers(ctx context.Context, in *ByID) (*body[[]TriggerState], error) {
	d, all, err := s.Triggers.Watches(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	states := make([]TriggerState, len(all))
	for i, w := range all {
		states[i] = TriggerState{
			Watcher: w.Watcher, Active: d.Enabled && !d.Draft && !w.Paused, Problem: w.Problem, Files: w.Files, LastRun: w.LastRun, LastAt: w.LastAt,
		}
	}
	return &body[[]TriggerState]{states}, nil
}

func (s *server) switchTrigger(ctx context.Context, in *ByTrigger, paused bool) (*body[[]TriggerState], error) {
	if _, err := s.Pipelines.PauseTrigger(ctx, in.ID, in.Trigger, paused); err != nil {
		return nil, err
	}
	return s.listTriggers(ctx, &in.ByID)
}
