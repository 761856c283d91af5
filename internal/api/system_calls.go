package api

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/node"
	"github.com/broked/broked/internal/pipelines"
	"github.com/broked/broked/internal/runs"
)

func (s *server) systemCalls() {
	register(s, call{
		method: http.MethodGet, path: "/health", may: auth.Public, tag: "system", class: classFree,
		summary: "Tell that the server is alive",
	}, s.health)
	register(s, call{
		method: http.MethodGet, path: "/ready", may: auth.Public, tag: "system", class: classFree,
		summary: "Tell whether the server can work: 503 when a part of it cannot",
	}, s.ready)
	register(s, call{
		method: http.MethodGet, path: "/api/openapi.json", may: auth.Public, tag: "system",
		summary: "Read this document",
	}, s.openAPI)
	register(s, call{
		method: http.MethodGet, path: "/api/system/info", may: auth.SettingsView, tag: "system",
		summary: "Tell versions and how busy the server is",
	}, s.info)
	register(s, call{
		method: http.MethodGet, path: "/api/node-types", may: auth.PipelinesView, tag: "pipelines",
		summary: "List the kinds of nodes with their settings as JSON Schema",
	}, s.nodeTypes)
	register(s, call{
		method: http.MethodGet, path: "/api/templates", may: auth.PipelinesView, tag: "pipelines",
		summary: "List examples to start from",
	}, s.templates)
	register(s, call{
		method: http.MethodGet, path: "/api/pipelines/summary", may: auth.PipelinesView, tag: "pipelines",
		summary: "List pipelines with how they fared lately",
	}, s.summary)
}

type healthAnswer struct {
	Status string `json:"status"`
}

func (*server) health(context.Context, *struct{}) (*body[healthAnswer], error) {
	return &body[healthAnswer]{healthAnswer{"healthy"}}, nil
}

type readiness struct {
	Status string            `json:"status"`
	Checks map[string]string `json:"checks" doc:"ok, or why not"`
}

type readyAnswer struct {
	Status int
	Body   readiness
}

func (s *server) ready(ctx context.Context, _ *struct{}) (*readyAnswer, error) {
	out := &readyAnswer{Status: http.StatusOK, Body: readiness{Status: "ready", Checks: map[string]string{}}}
	for _, check := range s.Ready {
		c := check(ctx)
		if c.Err == nil {
			out.Body.Checks[c.Name] = "ok"
			continue
		}
		s.Log.ErrorContext(ctx, "not ready", "part", c.Name, "error", c.Err)
		out.Body.Checks[c.Name] = "does not answer"
		out.Status, out.Body.Status = http.StatusServiceUnavailable, "not ready"
	}
	return out, nil
}

func (s *server) openAPI(context.Context, *struct{}) (*fileAnswer, error) {
	text, err := openAPI(s.api)
	return &fileAnswer{ContentType: jsonType, ContentDisposition: "inline", Body: text}, err
}

func (s *server) info(ctx context.Context, _ *struct{}) (*body[Info], error) {
	info := s.Info()
	if actor, _ := auth.ActorFrom(ctx); actor.May(auth.SystemView) != nil {
		info.Sandbox, info.Storage = nil, nil
	}
	return &body[Info]{info}, nil
}

// nodeType is a kind of node as the palette and the form need it.
type nodeType struct {
	Type      string        `json:"type"`
	Title     string        `json:"title"`
	Summary   string        `json:"summary"`
	Category  node.Category `json:"category"`
	Icon      string        `json:"icon"`
	MinInputs int           `json:"min_inputs"`
	MaxInputs int           `json:"max_inputs" doc:"-1 means any number"`
	HasOutput bool          `json:"has_output"`
	Branches  bool          `json:"branches" doc:"Edges out of it are marked true or false"`
	Waits     bool          `json:"waits" doc:"An edge from it may go into a node that takes no input, and has it begin when the wait is over"`
	Alone     bool          `json:"alone" doc:"It does its work without being joined to any other"`
	Schema    schemaBody    `json:"schema" doc:"JSON Schema 2020-12 of the settings"`
}

// schemaBody is a JSON Schema that documents itself as any object.
type schemaBody node.Schema

// MarshalJSON implements json.Marshaler.
func (b schemaBody) MarshalJSON() ([]byte, error) { return node.Schema(b).MarshalJSON() }

// Schema implements huma.SchemaProvider.
func (schemaBody) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: "object", AdditionalProperties: true}
}

func (s *server) nodeTypes(context.Context, *struct{}) (*body[[]nodeType], error) {
	return &body[[]nodeType]{nodeTypesOf(s.Kinds)}, nil
}

// NodeTypes returns what GET /api/node-types answers for kinds, as JSON.
func NodeTypes(kinds *node.Registry) ([]byte, error) {
	return json.MarshalIndent(nodeTypesOf(kinds), "", " ")
}

func nodeTypesOf(kinds *node.Registry) []nodeType {
	types := []nodeType{}
	for _, spec := range kinds.Specs() {
		types = append(types, nodeType{
			Type: spec.Kind, Title: spec.Title, Summary: spec.Summary, Category: spec.Category, Icon: spec.Icon,
			MinInputs: spec.MinInputs, MaxInputs: spec.MaxInputs, HasOutput: spec.HasOutput(),
			Branches: spec.Branches, Waits: spec.Waits, Alone: spec.Alone, Schema: schemaBody(spec.Form()),
		})
	}
	return types
}

// Template is an example to start from.
type Template struct {
	ID          string            `json:"id"`
	Name        string            `json:"name"`
	Description string            `json:"description"`
	Icon        string            `json:"icon"`
	Source      string            `json:"source" doc:"Where the data comes from"`
	Nodes       []pipelines.Node  `json:"nodes"`
	Edges       []pipelines.Edge  `json:"edges"`
	Params      map[string]string `json:"params,omitempty"`
	Tags        []string          `json:"tags"`
}

func (s *server) templates(context.Context, *struct{}) (*body[[]Template], error) {
	return &body[[]Template]{s.Templates}, nil
}

// fared is a pipeline with how its runs went.
type fared struct {
	pipelines.Summary
	LastStatus runs.Status `json:"last_run_status,omitempty"`
	LastAt     *time.Time  `json:"last_run_at,omitempty"`
	LastError  string      `json:"last_run_error,omitempty"`
	NextAt     *time.Time  `json:"next_run_at,omitempty" doc:"When its schedule fires next"`
	Total      int         `json:"runs_total"`
	Success    int         `json:"runs_success"`
	Failed     int         `json:"runs_failed"`
	Running    int         `json:"runs_running"`
	Recent     []tick      `json:"recent" doc:"The newest 20 runs, newest first"`
}

// tick is one run in the strip of a pipeline's recent runs.
type tick struct {
	ID     runs.ID     `json:"id"`
	Status runs.Status `json:"status"`
	At     time.Time   `json:"started_at"`
}

// ticks is how many runs a strip shows.
const ticks = 20

func (s *server) summary(ctx context.Context, _ *struct{}) (*body[[]fared], error) {
	all, err := s.Pipelines.List(ctx, pipelines.Page{Limit: bareMost})
	if err != nil {
		return nil, err
	}
	recent, err := s.Runs.Recent(ctx, ticks)
	if err != nil {
		return nil, err
	}
	next, err := s.Runs.Next(ctx)
	if err != nil {
		return nil, err
	}
	out := []fared{}
	for _, p := range all {
		f := fare(p, recent[p.ID])
		if at, is := next[p.ID]; is {
			f.NextAt = &at
		}
		out = append(out, f)
	}
	return &body[[]fared]{out}, nil
}

func fare(p pipelines.Summary, r runs.Recent) fared {
	f := fared{Summary: p, Success: r.Counts[runs.Success], Failed: r.Counts[runs.Failed], Running: r.Counts[runs.Running], Recent: []tick{}}
	for _, n := range r.Counts {
		f.Total += n
	}
	for i, run := range r.Runs {
		at := run.CreatedAt
		if run.StartedAt != nil {
			at = *run.StartedAt
		}
		if i == 0 {
			f.LastStatus, f.LastAt, f.LastError = run.Status, &at, run.Error
		}
		f.Recent = append(f.Recent, tick{ID: run.ID, Status: run.Status, At: at})
	}
	return f
}
