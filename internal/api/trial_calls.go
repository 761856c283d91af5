package api

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/strictjson"
	"github.com/broked/broked/internal/trials"
)

func (s *server) trialCalls() {
	register(s, call{
		method: http.MethodPost, path: "/api/pipelines/{id}/dry-run", may: auth.PipelinesRun, tag: "trials",
		summary:  "Run a pipeline on some of its rows and show those of every node; nothing is written, nothing is on record",
		describe: documents[trialRequest](s, jsonType), bodyOptional: true,
	}, s.tryPipeline)
	register(s, call{
		method: http.MethodPost, path: "/api/dry-run", may: auth.PipelinesRun, tag: "trials",
		summary: "Try a document that has not been saved", describe: documents[trialRequest](s, jsonType),
	}, s.tryDocument)
	register(s, call{
		method: http.MethodPost, path: "/api/pipelines/{id}/test", may: auth.PipelinesRun, tag: "trials",
		summary: "Run the tests that a pipeline's document has", describe: documents[testRequest](s, jsonType), bodyOptional: true,
	}, s.testPipeline)
	register(s, call{
		method: http.MethodGet, path: "/api/pipelines/{id}/pins", may: auth.PipelinesView, tag: "trials",
		summary: "List the rows that are pinned to nodes of a pipeline",
	}, s.listPins)
	register(s, call{
		method: http.MethodPut, path: "/api/pipelines/{id}/pins/{node}", may: auth.PipelinesEdit, tag: "trials",
		summary: "Pin rows to a node: trials take them instead of its own", describe: documents[trials.Rows](s, jsonType),
	}, s.putPin)
	register(s, call{
		method: http.MethodDelete, path: "/api/pipelines/{id}/pins/{node}", may: auth.PipelinesEdit, tag: "trials",
		summary: "Take pinned rows away", status: http.StatusNoContent,
	}, s.deletePin)
}

type trialRequest struct {
	Document json.RawMessage        `json:"document,omitempty" doc:"The pipeline with changes that are not saved; members that are absent are as saved"`
	Params   map[string]any         `json:"params,omitempty" doc:"Values of parameters, over the pipeline's own"`
	Until    string                 `json:"until,omitempty" doc:"The id of a node: only it and what leads to it are tried"`
	Rows     int64                  `json:"rows,omitempty" doc:"The first rows of every source that are taken: 1 to 10,000; 100 when absent"`
	Share    float64                `json:"share,omitempty" doc:"Instead of the first rows, this share of all, by chance: above 0, at most 1. Of these, too, no more than rows are taken"`
	Pins     map[string]trials.Rows `json:"pins,omitempty" doc:"Rows by the ids of nodes, over those that are pinned to the pipeline"`
	NoPins   bool                   `json:"no_pins,omitempty" doc:"Leave what is pinned to the pipeline aside"`
	Shown    int                    `json:"shown,omitempty" doc:"How many rows of each node are shown: 1 to 1,000; 50 when absent"`
}

// Bounds of what a trial shows.
const (
	shownRows     = 50
	mostShownRows = 1000
)

func readTrial(text []byte) (trials.Request, error) {
	var in trialRequest
	if err := decodeOptional(text, &in); err != nil {
		return trials.Request{}, err
	}
	params, err := textParams(in.Params)
	if err != nil {
		return trials.Request{}, err
	}
	var problems []fault.Problem
	wrong := func(is bool, path, message string) {
		if is {
			problems = append(problems, fault.Problem{Path: path, Message: message})
		}
	}
	wrong(in.Rows < 0 || in.Rows > trials.MaxRows, "rows", "must be 1 to 10,000")
	wrong(in.Share < 0 || in.Share > 1, "share", "must be above 0 and at most 1")
	wrong(in.Shown < 0 || in.Shown > mostShownRows, "shown", "must be 1 to 1,000")
	if len(problems) > 0 {
		return trials.Request{}, fault.Rejected("the trial cannot be run", problems)
	}
	r := trials.Request{
		Document: in.Document, Params: params, Until: in.Until, Rows: in.Rows, Share: in.Share, Pins: in.Pins, NoPins: in.NoPins, ShownRows: in.Shown,
	}
	if r.ShownRows == 0 {
		r.ShownRows = shownRows
	}
	return r, nil
}

// TrialInput is a request to try the pipeline in the path.
type TrialInput struct {
	ByID
	RawInput
}

func (s *server) tryPipeline(ctx context.Context, in *TrialInput) (*body[trials.Result], error) {
	r, err := readTrial(in.RawBody)
	if err != nil {
		return nil, err
	}
	result, err := s.Trials.Try(ctx, in.ID, r)
	return &body[trials.Result]{result}, err
}

func (s *server) tryDocument(ctx context.Context, in *RawInput) (*body[trials.Result], error) {
	r, err := readTrial(in.RawBody)
	if err != nil {
		return nil, err
	}
	if len(r.Document) == 0 {
		return nil, fault.Rejected("the trial cannot be run", []fault.Problem{{Path: "document", Message: "is missing"}})
	}
	result, err := s.Trials.Try(ctx, "", r)
	return &body[trials.Result]{result}, err
}

type testRequest struct {
	Document json.RawMessage `json:"document,omitempty" doc:"The pipeline with changes that are not saved; members that are absent are as saved"`
}

func (s *server) testPipeline(ctx context.Context, in *TrialInput) (*body[trials.Tested], error) {
	var request testRequest
	if err := decodeOptional(in.RawBody, &request); err != nil {
		return nil, err
	}
	tested, err := s.Trials.Test(ctx, in.ID, request.Document)
	return &body[trials.Tested]{tested}, err
}

func (s *server) listPins(ctx context.Context, in *ByID) (*body[[]trials.Pin], error) {
	all, err := s.Trials.Pins(ctx, in.ID)
	if all == nil {
		all = []trials.Pin{}
	}
	return &body[[]trials.Pin]{all}, err
}

// PinInput is rows for the node in the path.
type PinInput struct {
	ByNode
	RawInput
}

func (s *server) putPin(ctx context.Context, in *PinInput) (*body[trials.Pin], error) {
	var rows trials.Rows
	if err := strictjson.Decode(in.RawBody, &rows); err != nil {
		return nil, err
	}
	p, err := s.Trials.Pin(ctx, in.ID, in.Node, rows)
	return &body[trials.Pin]{p}, err
}

func (s *server) deletePin(ctx context.Context, in *ByNode) (*struct{}, error) {
	return nil, s.Trials.Unpin(ctx, in.ID, in.Node)
}
