package trials

import (
	"context"
	"encoding/json"
	"maps"
	"time"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/pipelines"
)

// Pin is rows that are pinned to a node of a pipeline until somebody takes them
// away. They are no part of the document: trials use them, and runs never do.
type Pin struct {
	Node string `json:"node_id"`
	Rows
	By string    `json:"pinned_by" doc:"Name, as it was then"`
	At time.Time `json:"pinned_at"`
}

// Store remembers pins. Package store implements it.
type Store interface {
	// Pins returns the pins of a pipeline, by node.
	Pins(ctx context.Context, pipeline pipelines.ID) ([]Pin, error)
	// PutPin pins rows to a node, in place of those that were.
	PutPin(ctx context.Context, pipeline pipelines.ID, p Pin) error
	// DeletePin takes the rows of a node away; a NotFound fault when there are none.
	DeletePin(ctx context.Context, pipeline pipelines.ID, node string) error
}

// Service is what can be tried.
type Service struct {
	store     Store
	pipelines *pipelines.Service
	engine    Engine
}

// NewService returns a service that tries the pipelines of p by engine, and keeps
// pins in store.
func NewService(store Store, p *pipelines.Service, engine Engine) *Service {
	return &Service{store: store, pipelines: p, engine: engine}
}

// Request asks for a trial of a pipeline.
type Request struct {
	Document  json.RawMessage // changes that have not been saved; nil is none
	Params    map[string]string
	Until     string
	Rows      int64
	Share     float64
	Pins      map[string]Rows
	NoPins    bool // pins of the pipeline are left aside
	ShownRows int
}

// Try runs a trial of the pipeline with this id or slug; of the request's document
// alone when ref is "". The document must be sound; Invalid faults tell all that is
// wrong with it and with the request. See Run.
func (s *Service) Try(ctx context.Context, ref string, r Request) (Result, error) {
	d, err := s.pipelines.Changed(ctx, ref, r.Document)
	if err != nil {
		return Result{}, err
	}
	pins := make(map[string]Rows)
	if ref != "" && !r.NoPins {
		if pins, err = s.pinsOf(ctx, d); err != nil {
			return Result{}, err
		}
	}
	maps.Copy(pins, r.Pins)
	return Run(ctx, s.engine, Trial{Document: d, Params: r.Params, Until: r.Until, Rows: r.Rows, Share: r.Share, Pins: pins, Shown: r.ShownRows})
}

// pinsOf returns the pins of those nodes that d has.
func (s *Service) pinsOf(ctx context.Context, d pipelines.Document) (map[string]Rows, error) {
	all, err := s.store.Pins(ctx, d.ID)
	pins := make(map[string]Rows, len(all))
	for _, p := range all {
		for _, n := range d.Nodes {
			if n.ID == p.Node {
				pins[p.Node] = p.Rows
			}
		}
	}
	return pins, err
}

// Pins returns the pins of a pipeline, by node.
func (s *Service) Pins(ctx context.Context, ref string) ([]Pin, error) {
	d, err := s.pipelines.Get(ctx, ref)
	if err != nil {
		return nil, err
	}
	return s.store.Pins(ctx, d.ID)
}

// Pin pins rows to a node and returns the pin. Rows that cannot be used and a node
// that the pipeline does not have are Invalid faults.
func (s *Service) Pin(ctx context.Context, ref, node string, rows Rows) (Pin, error) {
	d, err := s.pipelines.Get(ctx, ref)
	if err != nil {
		return Pin{}, err
	}
	ids := make([]string, len(d.Nodes))
	there := false
	for i, n := range d.Nodes {
		ids[i] = n.ID
		there = there || n.ID == node
	}
	if !there {
		return Pin{}, fault.New(fault.NotFound, "the pipeline has no node %q%s", node, fault.DidYouMean(node, ids)).With("node_not_found")
	}
	if err := rows.Check(); err != nil {
		return Pin{}, fault.Rejected("the rows cannot be pinned", []fault.Problem{{Path: "rows", Message: fault.MessageOf(err)}})
	}
	actor, _ := auth.ActorFrom(ctx)
	p := Pin{Node: node, Rows: rows, By: actor.Name, At: time.Now().UTC().Truncate(time.Millisecond)}
	return p, s.store.PutPin(ctx, d.ID, p)
}

// Unpin takes the rows of a node away. When there are none, the fault is NotFound.
func (s *Service) Unpin(ctx context.Context, ref, node string) error {
	d, err := s.pipelines.Get(ctx, ref)
	if err != nil {
		return err
	}
	return s.store.DeletePin(ctx, d.ID, node)
}

// Tested is how the tests of a pipeline went.
type Tested struct {
	Passed bool         `json:"passed"`
	Tests  []TestResult `json:"tests" nullable:"false"`
}

// Test runs the tests of the pipeline with this id or slug, as body would change it;
// nil changes nothing. A document without tests is an Invalid fault.
func (s *Service) Test(ctx context.Context, ref string, body json.RawMessage) (Tested, error) {
	d, err := s.pipelines.Changed(ctx, ref, body)
	if err != nil {
		return Tested{}, err
	}
	if len(d.Tests) == 0 {
		return Tested{}, fault.Rejected("there is nothing to test", []fault.Problem{{Path: "tests", Message: "is missing: a test has a name, inputs and what it expects"}})
	}
	ctx, cancel := context.WithTimeout(ctx, Timeout)
	defer cancel()
	done := Tested{Passed: true, Tests: []TestResult{}}
	for _, t := range d.Tests {
		result, err := Check(ctx, s.engine, d, t)
		if err != nil {
			return Tested{}, err
		}
		done.Tests = append(done.Tests, result)
		done.Passed = done.Passed && result.Passed
	}
	return done, nil
}
