package api

import (
	"context"
	"net/http"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/runs"
)

func (s *server) stateCalls() {
	register(s, call{
		method: http.MethodGet, path: "/api/pipelines/{id}/states", may: auth.PipelinesView, tag: "pipelines",
		summary: "List what nodes of a pipeline keep from run to run, such as how far they have read",
	}, s.listStates)
	register(s, call{
		method: http.MethodDelete, path: "/api/pipelines/{id}/states/{node}", may: auth.PipelinesEdit, tag: "pipelines",
		summary: "Forget what a node keeps, so that it starts from the beginning", status: http.StatusNoContent,
	}, s.forgetState)
}

func (s *server) listStates(ctx context.Context, in *ByID) (*body[[]runs.NodeState], error) {
	states, err := s.Runs.States(ctx, in.ID)
	if states == nil {
		states = []runs.NodeState{}
	}
	return &body[[]runs.NodeState]{states}, err
}

// ByNode is the path of something that belongs to one node of a pipeline.
type ByNode struct {
	ByID
	Node string `path:"node" maxLength:"100"`
}

func (s *server) forgetState(ctx context.Context, in *ByNode) (*struct{}, error) {
	return nil, s.Runs.ForgetState(ctx, in.ID, in.Node)
}
