package pipelines

import (
	"context"
	"slices"
	"strings"

	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/node"
)

// calls returns how a node has another pipeline run; the zero value is that it does not.
func (d Document) calls(id string, kinds *node.Registry) node.Calls {
	i := slices.IndexFunc(d.Nodes, func(n Node) bool { return n.ID == id })
	if i < 0 {
		return node.Calls{}
	}
	return d.Nodes[i].calls(kinds)
}

func (n Node) calls(kinds *node.Registry) node.Calls {
	spec, err := kinds.Spec(n.Type)
	if err != nil || !spec.Waits {
		return node.Calls{}
	}
	made, _ := spec.Build(n.Settings())
	caller, is := made.(node.Caller)
	if !is {
		return node.Calls{}
	}
	return caller.Calls()
}

// checkCalls checks that the pipelines which nodes of d run are there and have the
// nodes whose rows are wanted, and that none runs d again. A placeholder hides which
// pipeline it is: then the runs themselves are counted.
func (s *Service) checkCalls(ctx context.Context, d Document) ([]fault.Problem, error) {
	if d.Draft {
		return nil, nil
	}
	var problems []fault.Problem
	for i, n := range d.Nodes {
		c := n.calls(s.kinds)
		if c.Pipeline == "" || strings.Contains(c.Pipeline, "${") {
			continue
		}
		path := at("nodes", i) + ".config."
		circle, err := s.circleOf(ctx, d, c.Pipeline, s.called)
		switch {
		case fault.KindOf(err) == fault.NotFound:
			problems = append(problems, fault.Problem{Path: path + "pipeline", Message: "there is no pipeline " + c.Pipeline + " in this workspace: make it first"})
			continue
		case err != nil:
			return nil, err
		case circle != nil:
			problems = append(problems, fault.Problem{Path: path + "pipeline", Message: "the pipelines run each other in a circle: " + strings.Join(circle, " -> ")})
		}
		wrong, err := s.checkOutput(ctx, c, path+"outputs")
		if err != nil {
			return nil, err
		}
		problems = append(problems, wrong...)
	}
	return problems, nil
}

// called returns the pipelines that nodes of d run, as far as they can be told.
func (s *Service) called(d Document) []string {
	var refs []string
	for _, n := range d.Nodes {
		if c := n.calls(s.kinds); c.Pipeline != "" && !strings.Contains(c.Pipeline, "${") {
			refs = append(refs, c.Pipeline)
		}
	}
	return refs
}

// checkOutput checks that the node whose rows a call wants is there and has some.
func (s *Service) checkOutput(ctx context.Context, c node.Calls, path string) ([]fault.Problem, error) {
	if c.Output == "" || strings.Contains(c.Output, "${") {
		return nil, nil
	}
	other, err := s.Get(ctx, c.Pipeline)
	if err != nil {
		return nil, err
	}
	ids := make([]string, 0, len(other.Nodes))
	for _, n := range other.Nodes {
		if other.spec(n.ID, s.kinds).HasOutput() {
			ids = append(ids, n.ID)
		}
	}
	if slices.Contains(ids, c.Output) {
		return nil, nil
	}
	return []fault.Problem{{Path: path, Message: "the pipeline " + c.Pipeline + " has no node " + c.Output + " with rows" + fault.DidYouMean(c.Output, ids)}}, nil
}
