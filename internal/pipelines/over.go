package pipelines

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/broked/broked/internal/fault"
)

// Over is what a save knows of what it goes over.
type Over struct {
	// Version, unless it is 0, must be the newest one: else the fault is Stale.
	Version int
	// Renamed has the new ids of nodes by those that they had. What is pinned to them and what they
	// remember from run to run goes with them. One that is not of both documents is an Invalid fault.
	Renamed map[string]string
}

// under returns the newest version of a pipeline for a save over it.
func (s *Service) under(ctx context.Context, ref string, over Over) (Version, error) {
	old, err := s.find(ctx, ref)
	if err == nil && over.Version > 0 && over.Version != old.Document.Version {
		err = stale(old.Document.Version)
	}
	old.Renamed = over.Renamed
	return old, err
}

// checkRenamed returns an Invalid fault unless nodes of before can have become nodes of after
// in the way that renamed says.
func checkRenamed(before, after Document, renamed map[string]string) error {
	var problems []fault.Problem
	add := func(old, format string, args ...any) {
		problems = append(problems, fault.Problem{Path: fmt.Sprintf("renamed[%s]", old), Message: fmt.Sprintf(format, args...)})
	}
	becomes := map[string]bool{}
	for _, old := range slices.Sorted(maps.Keys(renamed)) {
		next := renamed[old]
		switch {
		case !before.has(old):
			add(old, "the version that is saved over has no node %q", old)
		case !after.has(next):
			add(old, "the document has no node %q", next)
		case becomes[next]:
			add(old, "another node is called %q now", next)
		}
		becomes[next] = true
	}
	for _, old := range slices.Sorted(maps.Keys(renamed)) {
		if after.has(old) && !becomes[old] {
			add(old, "is still the id of a node")
		}
	}
	if len(problems) > 0 {
		return fault.Rejected("the pipeline cannot be saved", problems)
	}
	return nil
}

// has reports whether d has a node with this id.
func (d Document) has(node string) bool {
	return slices.ContainsFunc(d.Nodes, func(n Node) bool { return n.ID == node })
}
