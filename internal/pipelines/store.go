package pipelines

import (
	"context"
	"time"
)

// Version is one saved state of a pipeline.
type Version struct {
	Document Document
	// YAML is the text that the version was imported from or that carries the
	// comments of its ancestors; "" when there never was one.
	YAML    string
	Message string // why it was saved, such as "rollback to v3"
	Author  string // the name of who saved it; "" in open mode
	// WebhookToken, unless empty, becomes the token of the pipeline's webhook. It is not in
	// Document, and is not read again.
	WebhookToken string
	// Renamed has the ids of nodes in this version by those that they had in the one before:
	// what is pinned to them, and what they remember from run to run, goes with them. It is not read again.
	Renamed map[string]string
}

// VersionInfo is a line of a pipeline's history.
type VersionInfo struct {
	Number    int       `json:"version"`
	Message   string    `json:"message"`
	Author    string    `json:"author"`
	CreatedAt time.Time `json:"created_at"`
}

// Summary is a pipeline as lists show it.
type Summary struct {
	ID           ID           `json:"id"`
	Slug         string       `json:"pipeline_id,omitempty"`
	Name         string       `json:"name"`
	Description  string       `json:"description"`
	Schedule     string       `json:"schedule"`
	Enabled      bool         `json:"enabled"`
	Draft        bool         `json:"draft,omitempty"`
	Tags         []string     `json:"tags"`
	NodeCount    int          `json:"node_count"`
	EdgeCount    int          `json:"edge_count"`
	SLADeadline  string       `json:"sla_deadline,omitempty"`
	SLATimezone  string       `json:"sla_timezone,omitempty"`
	DependsOn    []string     `json:"depends_on,omitempty"`
	Dependencies []Dependency `json:"-"`
	Source       string       `json:"source,omitempty"`
	CreatedAt    time.Time    `json:"created_at"`
	UpdatedAt    time.Time    `json:"updated_at"`
}

// Page asks for a part of a list, newest first. Both styles of paging are
// exact: After continues behind an item, Skip counts items.
type Page struct {
	After string // id of the last item that the caller has; "" from the start
	Skip  int
	Limit int // at least 1
}

// Store remembers pipelines. Package store implements it; every method is one
// transaction. What is in other workspaces than the one that the context is
// confined to is not there; a context that is not confined finds a pipeline
// wherever it is. Lists and counts are of auth.HomeFrom the context.
type Store interface {
	// InsertPipeline stores version 1 of a new pipeline. A Conflict fault means
	// that the slug is taken in its workspace.
	InsertPipeline(ctx context.Context, v Version) error
	// AppendVersion stores v as the newest version of its pipeline. v's number must
	// be one above the stored one, else the fault is Stale.
	AppendVersion(ctx context.Context, v Version) error
	// Pipeline returns the newest version of the pipeline with this id or slug.
	Pipeline(ctx context.Context, ref string) (Version, error)
	// PipelineVersion returns one version.
	PipelineVersion(ctx context.Context, id ID, number int) (Version, error)
	// Versions returns the newest versions of a pipeline, at most limit.
	Versions(ctx context.Context, id ID, limit int) ([]VersionInfo, error)
	// Pipelines returns a page of the pipelines, newest first.
	Pipelines(ctx context.Context, p Page) ([]Summary, error)
	// HasPool reports whether there is a pool with this name.
	HasPool(ctx context.Context, name string) (bool, error)
	// CountPipelines returns how many pipelines there are.
	CountPipelines(ctx context.Context) (int, error)
	// DeletePipelines removes pipelines with their versions and their runs, after
	// appending versions as AppendVersion does, all or nothing. A Conflict fault means
	// that a run of them has not ended, or that others depend on one of them.
	DeletePipelines(ctx context.Context, changed []Version, ids ...ID) error
	// Dependents returns the pipelines that depend on one, by name; with all those that
	// depend on these as well.
	Dependents(ctx context.Context, id ID, all bool) ([]Named, error)
	// DependencyGraph returns which pipelines of auth.HomeFrom the context depend on which.
	DependencyGraph(ctx context.Context) (DependencyGraph, error)
}
