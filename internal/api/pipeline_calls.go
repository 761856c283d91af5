package api

import (
	"context"
	"fmt"
	"mime"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/pipelines"
)

// maxImport bounds a pipeline that comes as a file.
const maxImport = 10 << 20

const (
	jsonType = "application/json"
	yamlType = "application/x-yaml"
)

func (s *server) pipelineCalls() {
	document := documents[pipelines.Document](s, jsonType)
	register(s, call{
		method: http.MethodGet, path: "/api/pipelines", may: auth.PipelinesView, tag: "pipelines",
		summary: "List pipelines, newest first", describe: listed[pipelines.Summary](s),
	}, s.listPipelines)
	register(s, call{
		method: http.MethodPost, path: "/api/pipelines", may: auth.PipelinesCreate, tag: "pipelines", status: http.StatusCreated,
		summary: "Create a pipeline", describe: document,
	}, s.createPipeline)
	register(s, call{
		method: http.MethodPost, path: "/api/pipelines/validate", may: auth.PipelinesView, tag: "pipelines",
		summary: "Check a document without saving it", describe: document,
	}, s.validateDocument)
	register(s, call{
		method: http.MethodPost, path: "/api/pipelines/import", may: auth.PipelinesCreate, tag: "pipelines", status: http.StatusCreated, body: maxImport,
		summary: "Create a pipeline from a YAML or JSON file", describe: documents[pipelines.Document](s, yamlType, jsonType),
	}, s.importPipeline)
	register(s, call{
		method: http.MethodGet, path: "/api/pipelines/{id}", may: auth.PipelinesView, tag: "pipelines",
		summary: "Read a pipeline by id or slug",
	}, s.getPipeline)
	register(s, call{
		method: http.MethodPut, path: "/api/pipelines/{id}", may: auth.PipelinesEdit, tag: "pipelines",
		summary: "Save a pipeline as a new version; members that are absent from JSON keep their value, and YAML is the whole document with its comments", describe: documents[pipelines.Document](s, jsonType, yamlType),
	}, s.putPipeline)
	register(s, call{
		method: http.MethodDelete, path: "/api/pipelines/{id}", may: auth.PipelinesDelete, tag: "pipelines", status: http.StatusNoContent,
		summary: "Delete a pipeline with its versions and runs; one that others depend on only when resolve says what becomes of these",
	}, s.deletePipeline)
	register(s, call{
		method: http.MethodPost, path: "/api/pipelines/{id}/clone", may: auth.PipelinesCreate, tag: "pipelines", status: http.StatusCreated,
		summary: "Copy a pipeline",
	}, s.clonePipeline)
	register(s, call{
		method: http.MethodGet, path: "/api/pipelines/{id}/validate", may: auth.PipelinesView, tag: "pipelines",
		summary: "Check a saved pipeline",
	}, s.validatePipeline)
	register(s, call{
		method: http.MethodGet, path: "/api/pipelines/{id}/export", may: auth.PipelinesExport, tag: "pipelines", class: classReport,
		summary: "Read a pipeline as YAML, with the comments it was imported with",
	}, s.exportPipeline)
}

// ByID is the path of everything below one pipeline.
type ByID struct {
	ID string `path:"id" maxLength:"128" doc:"Id or pipeline_id (slug) of the pipeline"`
}

// documentAnswer is a pipeline with its version as an entity tag.
type documentAnswer struct {
	ETag string `header:"ETag"`
	Body pipelines.Document
}

// shown returns the answer for d to the caller: those who may not edit a
// pipeline do not see its secrets.
func shown(ctx context.Context, d pipelines.Document, err error) (*documentAnswer, error) {
	if err != nil {
		return nil, err
	}
	if a, _ := auth.ActorFrom(ctx); a.May(auth.PipelinesEdit) != nil {
		d.WebhookToken = ""
	}
	return &documentAnswer{ETag: strconv.Quote(strconv.Itoa(d.Version)), Body: d}, nil
}

func (s *server) listPipelines(ctx context.Context, in *struct{ Paging }) (*listing, error) {
	return list(ctx, in.Paging, source[pipelines.Summary]{
		path: "/api/pipelines", bare: bareMost,
		key:   func(p pipelines.Summary) string { return string(p.ID) },
		fetch: s.Pipelines.List,
		count: s.Pipelines.Count,
	})
}

// RawInput is an input whose handler reads the body itself.
type RawInput struct{ RawBody []byte }

func (s *server) createPipeline(ctx context.Context, in *RawInput) (*documentAnswer, error) {
	d, err := pipelines.Decode(in.RawBody)
	if err != nil {
		return nil, err
	}
	d, err = s.Pipelines.Create(ctx, d)
	return shown(ctx, d, err)
}

func (s *server) getPipeline(ctx context.Context, in *ByID) (*documentAnswer, error) {
	d, err := s.Pipelines.Get(ctx, in.ID)
	return shown(ctx, d, err)
}

func (s *server) putPipeline(ctx context.Context, in *struct {
	ByID
	RawInput
	IfMatch     string   `header:"If-Match" doc:"The ETag that was read; the save is refused when somebody else saved meanwhile"`
	ContentType string   `header:"Content-Type" hidden:"true"`
	Renamed     []string `query:"renamed,explode" maxItems:"1000" doc:"A node that has another id now, as old:new: the rows that are pinned to it and what it remembers from run to run go with it. May be given more than once"`
},
) (*documentAnswer, error) {
	over, err := overOf(in.IfMatch, in.Renamed)
	if err != nil {
		return nil, err
	}
	save := s.Pipelines.Update
	if isYAML(in.ContentType) {
		save = s.Pipelines.Replace
	}
	d, err := save(ctx, in.ID, in.RawBody, over)
	return shown(ctx, d, err)
}

// overOf returns what a caller says of what is saved over.
func overOf(tag string, renamed []string) (pipelines.Over, error) {
	newest, err := version(tag)
	over := pipelines.Over{Version: newest, Renamed: make(map[string]string, len(renamed))}
	for i, pair := range renamed {
		old, next, ok := strings.Cut(pair, ":")
		if _, twice := over.Renamed[old]; !ok || twice {
			return over, fault.Rejected("the pipeline cannot be saved", []fault.Problem{{Path: fmt.Sprintf("renamed[%d]", i), Message: "must be the old and the new id of a node, as in old:new, and each old one only once"}})
		}
		over.Renamed[old] = next
	}
	return over, err
}

// isYAML reports whether a body of this content type is YAML.
func isYAML(contentType string) bool {
	kind, _, err := mime.ParseMediaType(contentType)
	return err == nil && slices.Contains([]string{yamlType, "application/yaml", "text/yaml"}, kind)
}

// version reads an entity tag of ours; "" and * mean any version.
func version(tag string) (int, error) {
	tag = strings.Trim(strings.TrimPrefix(strings.TrimSpace(tag), "W/"), `"`)
	if tag == "" || tag == "*" {
		return 0, nil
	}
	n, err := strconv.Atoi(tag)
	if err != nil || n < 1 {
		return 0, fault.New(fault.Stale, "If-Match is not an ETag of this pipeline")
	}
	return n, nil
}

func (s *server) deletePipeline(ctx context.Context, in *struct {
	ByID
	Resolve pipelines.Resolution `query:"resolve" enum:"abort,cascade,decouple" default:"abort" doc:"Pipelines that depend on it: cascade deletes them as well, decouple saves them without that"`
},
) (*struct{}, error) {
	if in.Resolve == pipelines.Decouple {
		a, _ := auth.ActorFrom(ctx)
		if err := a.May(auth.PipelinesEdit); err != nil {
			return nil, err
		}
	}
	return nil, s.Pipelines.Delete(ctx, in.ID, in.Resolve)
}

func (s *server) clonePipeline(ctx context.Context, in *ByID) (*documentAnswer, error) {
	d, err := s.Pipelines.Clone(ctx, in.ID)
	return shown(ctx, d, err)
}

// verdict is what a check found. Errors has the problems as lines of text, which
// is what Brokoli's clients show.
type verdict struct {
	Valid    bool            `json:"valid"`
	Errors   []string        `json:"errors"`
	Problems []fault.Problem `json:"problems"`
	Warnings []fault.Problem `json:"warnings" doc:"What does not forbid saving"`
}

func newVerdict(f pipelines.Findings) *body[verdict] {
	v := verdict{Valid: len(f.Problems) == 0, Errors: []string{}, Problems: f.Problems, Warnings: f.Warnings}
	for _, p := range f.Problems {
		v.Errors = append(v.Errors, strings.TrimPrefix(fmt.Sprintf("%s: %s", p.Path, p.Message), ": "))
	}
	if v.Problems == nil {
		v.Problems = []fault.Problem{}
	}
	if v.Warnings == nil {
		v.Warnings = []fault.Problem{}
	}
	return &body[verdict]{v}
}

func (s *server) validateDocument(ctx context.Context, in *RawInput) (*body[verdict], error) {
	d, err := pipelines.Decode(in.RawBody)
	if ps := fault.ProblemsOf(err); len(ps) > 0 {
		return newVerdict(pipelines.Findings{Problems: ps}), nil
	}
	if err != nil {
		return nil, err
	}
	f, err := s.Pipelines.Validate(ctx, d)
	if err != nil {
		return nil, err
	}
	return newVerdict(f), nil
}

func (s *server) validatePipeline(ctx context.Context, in *ByID) (*body[verdict], error) {
	d, err := s.Pipelines.Get(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	d.Draft = false // a draft is checked as if it were published
	f, err := s.Pipelines.Validate(ctx, d)
	if err != nil {
		return nil, err
	}
	return newVerdict(f), nil
}

func (s *server) importPipeline(ctx context.Context, in *struct {
	RawInput
	Update bool `query:"update" doc:"Save over the pipeline of the same pipeline_id, if there is one"`
},
) (*documentAnswer, error) {
	if in.Update {
		a, _ := auth.ActorFrom(ctx)
		if err := a.May(auth.PipelinesEdit); err != nil {
			return nil, err
		}
	}
	d, err := s.Pipelines.Import(ctx, in.RawBody, in.Update)
	return shown(ctx, d, err)
}

type fileAnswer struct {
	ContentType        string `header:"Content-Type"`
	ContentDisposition string `header:"Content-Disposition"`
	Body               []byte
}

var notInFileNames = regexp.MustCompile(`[^A-Za-z0-9_-]+`)

// attachment returns an answer that browsers save as a file.
func attachment(name, extension, contentType string, text []byte) *fileAnswer {
	name = strings.Trim(notInFileNames.ReplaceAllString(name, "-"), "-")
	if name == "" {
		name = "pipeline"
	}
	return &fileAnswer{ContentType: contentType, ContentDisposition: `attachment; filename="` + name + extension + `"`, Body: text}
}

func (s *server) exportPipeline(ctx context.Context, in *ByID) (*fileAnswer, error) {
	d, text, err := s.Pipelines.Export(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return attachment(d.Name, ".yaml", yamlType, text), nil
}
