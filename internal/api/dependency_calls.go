package api

import (
	"context"
	"net/http"
	"strings"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/pipelines"
	"github.com/broked/broked/internal/runs"
)

func (s *server) dependencyCalls() {
	register(s, call{
		method: http.MethodGet, path: "/api/pipelines/dependency-graph", may: auth.PipelinesView, tag: "triggers",
		summary: "Read which pipelines depend on which",
	}, s.dependencyGraph)
	register(s, call{
		method: http.MethodGet, path: "/api/pipelines/{id}/deps", may: auth.PipelinesView, tag: "triggers",
		summary: "Read what a pipeline depends on, and whether its runs may pass now",
	}, s.dependencies)
	register(s, call{
		method: http.MethodGet, path: "/api/pipelines/{id}/dependents", may: auth.PipelinesView, tag: "triggers",
		summary: "List the pipelines that depend on a pipeline",
	}, s.dependents)
	register(s, call{
		method: http.MethodGet, path: "/api/pipelines/{id}/impact", may: auth.PipelinesView, tag: "triggers",
		summary: "List the pipelines that depend on a pipeline, and those that depend on these",
	}, s.impact)
}

// dependencyState is what a pipeline depends on.
type dependencyState struct {
	Satisfied bool                 `json:"satisfied" doc:"Runs may pass its gates"`
	Reason    string               `json:"reason" doc:"Why they may not"`
	Deps      []runs.UpstreamState `json:"deps"`
}

func (s *server) dependencies(ctx context.Context, in *ByID) (*body[dependencyState], error) {
	all, err := s.Runs.Dependencies(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	var why []string
	for _, d := range all {
		if d.Mode == pipelines.Gate && !d.Paused && !d.Satisfied && !d.Missing {
			why = append(why, d.Reason)
		}
	}
	return &body[dependencyState]{dependencyState{Satisfied: len(why) == 0, Reason: strings.Join(why, "; "), Deps: all}}, nil
}

func (s *server) dependents(ctx context.Context, in *ByID) (*body[[]pipelines.Named], error) {
	all, err := s.Pipelines.Dependents(ctx, in.ID, false)
	if err != nil {
		return nil, err
	}
	return &body[[]pipelines.Named]{all}, nil
}

// downstreams is what a pipeline leads to.
type downstreams struct {
	Downstream []pipelines.Named `json:"downstream"`
}

func (s *server) impact(ctx context.Context, in *ByID) (*body[downstreams], error) {
	all, err := s.Pipelines.Dependents(ctx, in.ID, true)
	if err != nil {
		return nil, err
	}
	return &body[downstreams]{downstreams{all}}, nil
}

func (s *server) dependencyGraph(ctx context.Context, _ *struct{}) (*body[pipelines.DependencyGraph], error) {
	g, err := s.Pipelines.Graph(ctx)
	if err != nil {
		return nil, err
	}
	return &body[pipelines.DependencyGraph]{g}, nil
}
