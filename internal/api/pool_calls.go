package api

import (
	"context"
	"net/http"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/runs"
)

func (s *server) poolCalls() {
	register(s, call{
		method: http.MethodGet, path: "/api/pools", may: auth.SettingsView, tag: "pools",
		summary: "List the pools, whose slots runs of several pipelines share",
	}, s.listPools)
	register(s, call{
		method: http.MethodPost, path: "/api/pools", may: auth.SettingsEdit, tag: "pools", status: http.StatusCreated,
		summary: "Make a pool",
	}, s.createPool)
	register(s, call{
		method: http.MethodPut, path: "/api/pools/{pool}", may: auth.SettingsEdit, tag: "pools",
		summary: "Change how many slots a pool has; runs that more slots let in start at once, and fewer end none",
	}, s.changePool)
	register(s, call{
		method: http.MethodDelete, path: "/api/pools/{pool}", may: auth.SettingsEdit, tag: "pools", status: http.StatusNoContent,
		summary: "Delete a pool that no pipeline names",
	}, s.deletePool)
}

// PoolSettings is what people say of a pool.
type PoolSettings struct {
	Slots       int    `json:"slots" minimum:"0" maximum:"10000" doc:"Runs at once; 0 lets none start"`
	Description string `json:"description,omitempty" maxLength:"500"`
}

type newPool struct {
	Name string `json:"name" doc:"Lower-case letters, digits, '_' and '-', at most 64; pipelines name it as pool"`
	PoolSettings
}

// ByPool is the path of one pool.
type ByPool struct {
	Pool string `path:"pool" maxLength:"64" doc:"Name of the pool"`
}

func (s *server) listPools(ctx context.Context, _ *struct{}) (*body[[]runs.Pool], error) {
	all, err := s.Runs.Pools(ctx)
	if err != nil {
		return nil, err
	}
	return &body[[]runs.Pool]{all}, nil
}

func (s *server) createPool(ctx context.Context, in *struct{ Body newPool }) (*body[runs.Pool], error) {
	p, err := s.Runs.CreatePool(ctx, runs.Pool{Name: in.Body.Name, Slots: in.Body.Slots, Description: in.Body.Description})
	if err != nil {
		return nil, err
	}
	return &body[runs.Pool]{p}, nil
}

func (s *server) changePool(ctx context.Context, in *struct {
	ByPool
	Body PoolSettings
},
) (*body[runs.Pool], error) {
	p, err := s.Runs.ChangePool(ctx, runs.Pool{Name: in.Pool, Slots: in.Body.Slots, Description: in.Body.Description})
	if err != nil {
		return nil, err
	}
	return &body[runs.Pool]{p}, nil
}

func (s *server) deletePool(ctx context.Context, in *ByPool) (*struct{}, error) {
	return nil, s.Runs.DeletePool(ctx, in.Pool)
}
