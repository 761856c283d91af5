package executor

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/broked/broked/internal/node"
	"github.com/broked/broked/internal/pipelines"
	"github.com/broked/broked/internal/runs"
)

// salvage decides which nodes of a run are done again, when another run has done a
// part of the work.
type salvage struct {
	document pipelines.Document
	specs    map[string]node.Spec // by node
	done     map[string]bool      // nodes that have finished
	files    map[string]string    // of those whose rows are there
	again    map[string]string    // nodes that are done again, and why
	fresh    map[string]bool      // those of them whose rows may differ from before
	lost     map[string]string    // nodes whose rows were kept, and what has become of these
	asked    map[string]bool      // nodes that somebody wants to have done again, whatever they do
}

func newSalvage(d pipelines.Document, kinds *node.Registry, before map[string]runs.NodeRun, files map[string]string) (*salvage, error) {
	s := &salvage{
		document: d, specs: make(map[string]node.Spec), done: make(map[string]bool), files: files,
		again: make(map[string]string), fresh: make(map[string]bool), asked: make(map[string]bool),
	}
	for _, n := range d.Nodes {
		spec, err := kinds.Spec(n.Type)
		if err != nil {
			return nil, err
		}
		s.specs[n.ID], s.done[n.ID] = spec, before[n.ID].Status == runs.NodeSuccess
	}
	return s, nil
}

// acts reports whether a node acts on the world, so that it is not done twice unless
// somebody asks for it.
func (s *salvage) acts(n string) bool { return !s.specs[n].HasOutput() || s.specs[n].Effects }

// waits reports whether a node acts by waiting, or by having other pipelines run. Doing
// that again is harmless: those runs are on record, and none of them is started twice.
func (s *salvage) waits(n string) bool { return s.specs[n].Waits && s.specs[n].Effects }

// decide fills again. From, unless empty, is a node that is wanted again with all
// that follow it.
func (s *salvage) decide(from string) {
	if from != "" {
		s.ask(from)
	}
	for _, n := range s.document.Nodes {
		switch {
		case s.asked[n.ID] && n.ID == from:
			s.redo(n.ID, "the run was to begin here", true)
		case s.asked[n.ID]:
			s.redo(n.ID, fmt.Sprintf("it comes after %q, where the run was to begin", from), true)
		case !s.done[n.ID]:
			s.redo(n.ID, "it had not finished", true)
		}
	}
	s.follow(func(string) bool { return true })
	for more := true; more; {
		more = s.fetch() || s.follow(s.needed)
	}
}

// ask marks a node and everything behind it.
func (s *salvage) ask(from string) {
	if s.asked[from] {
		return
	}
	s.asked[from] = true
	for _, e := range s.document.Edges {
		if e.From == from {
			s.ask(e.To)
		}
	}
}

func (s *salvage) redo(n, why string, fresh bool) bool {
	_, twice := s.again[n]
	changed := !twice || fresh && !s.fresh[n]
	if !twice {
		s.again[n] = why
	}
	s.fresh[n] = s.fresh[n] || fresh
	return changed
}

// follow has those nodes done again that take rows which may have changed, of the
// ones that want chooses.
func (s *salvage) follow(want func(n string) bool) (more bool) {
	for changed := true; changed; more = more || changed {
		changed = false
		for _, e := range s.document.Edges {
			if s.fresh[e.From] && !s.fresh[e.To] && !s.acts(e.To) && want(e.To) {
				changed = s.redo(e.To, fmt.Sprintf("it comes after %q, which runs again", e.From), true) || changed
			}
		}
	}
	return more
}

// fetch has those nodes done again that others need, and whose rows are not there,
// and those that decide over which edges rows flow.
func (s *salvage) fetch() (more bool) {
	for _, e := range slices.Backward(s.document.Edges) {
		_, wanted := s.again[e.To]
		switch _, runs := s.again[e.From]; {
		case !wanted || runs:
		case s.specs[e.From].Branches:
			more = s.redo(e.From, fmt.Sprintf("it decides whether %q runs", e.To), false) || more
		case s.files[e.From] == "" && (!s.acts(e.From) || s.waits(e.From)):
			more = s.redo(e.From, fmt.Sprintf("%q needs its rows, and %s", e.To, cmp.Or(s.lost[e.From], "they were not kept")), true) || more
		}
	}
	return more
}

// needed reports whether a node that is done again takes rows of n.
func (s *salvage) needed(n string) bool {
	return slices.ContainsFunc(s.document.Edges, func(e pipelines.Edge) bool {
		_, again := s.again[e.To]
		return e.From == n && again
	})
}
