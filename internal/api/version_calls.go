package api

import (
	"context"
	"net/http"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/pipelines"
)

func (s *server) versionCalls() {
	register(s, call{
		method: http.MethodGet, path: "/api/pipelines/{id}/versions", may: auth.PipelinesView, tag: "versions",
		summary: "List the newest 50 versions of a pipeline",
	}, s.listVersions)
	register(s, call{
		method: http.MethodGet, path: "/api/pipelines/{id}/versions/{version}", may: auth.PipelinesView, tag: "versions",
		summary: "Read a pipeline as it was in a version",
	}, s.getVersion)
	register(s, call{
		method: http.MethodGet, path: "/api/pipelines/{id}/versions/{version}/diff", may: auth.PipelinesView, tag: "versions",
		summary: "List how a version differs from another",
	}, s.diffVersions)
	register(s, call{
		method: http.MethodPost, path: "/api/pipelines/{id}/rollback", may: auth.PipelinesEdit, tag: "versions",
		summary: "Save an old version as the newest",
	}, s.rollback)
}

// ByVersion is the path of everything below one version of a pipeline.
type ByVersion struct {
	ByID
	Version int `path:"version" minimum:"1" maximum:"1000000000"`
}

func (s *server) listVersions(ctx context.Context, in *ByID) (*body[[]pipelines.VersionInfo], error) {
	versions, err := s.Pipelines.Versions(ctx, in.ID)
	if versions == nil {
		versions = []pipelines.VersionInfo{}
	}
	return &body[[]pipelines.VersionInfo]{versions}, err
}

func (s *server) getVersion(ctx context.Context, in *ByVersion) (*documentAnswer, error) {
	d, err := s.Pipelines.Version(ctx, in.ID, in.Version)
	return shown(ctx, d, err)
}

type difference struct {
	Changes []pipelines.Change `json:"changes"`
}

func (s *server) diffVersions(ctx context.Context, in *struct {
	ByVersion
	Against int `query:"against" minimum:"1" maximum:"1000000000" required:"true" doc:"The version to compare with"`
},
) (*body[difference], error) {
	changes, err := s.Pipelines.Diff(ctx, in.ID, in.Version, in.Against)
	return &body[difference]{difference{changes}}, err
}

func (s *server) rollback(ctx context.Context, in *struct {
	ByID
	Body struct {
		Version int `json:"version" minimum:"1" maximum:"1000000000"`
	}
},
) (*documentAnswer, error) {
	d, err := s.Pipelines.Rollback(ctx, in.ID, in.Body.Version)
	return shown(ctx, d, err)
}
