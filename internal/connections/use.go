package connections

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/broked/broked/internal/node"
	"github.com/broked/broked/internal/pipelines"
)

// Use is a node or a trigger that names a connection.
type Use struct {
	pipelines.Use
	Trigger string `json:"trigger,omitempty" doc:"Name of the trigger, if it is no node"`
}

// UsedBy returns the nodes of the workspace whose settings name a connection, and triggers
// that do, by the names of their pipelines.
func (s *Service) UsedBy(ctx context.Context, name string) ([]Use, error) {
	if _, err := s.Store.Connection(ctx, name); err != nil {
		return nil, err
	}
	documents, err := s.Store.Holding(ctx, name)
	if err != nil {
		return nil, err
	}
	all := []Use{}
	for _, d := range documents {
		for _, u := range pipelines.Uses([]pipelines.Document{d}, func(n pipelines.Node) bool {
			spec, err := s.Kinds.Spec(n.Type)
			return err == nil && names(spec, n, name)
		}) {
			all = append(all, Use{Use: u})
		}
		for _, w := range d.Triggers {
			if w.ConnID == name {
				all = append(all, Use{Use: pipelines.Use{Pipeline: d.ID, PipelineName: d.Name}, Trigger: w.Name})
			}
		}
	}
	return all, nil
}

// names reports whether a setting of a node is the name of a connection.
func names(spec node.Spec, n pipelines.Node, name string) bool {
	var settings any
	if json.Unmarshal(n.Settings(), &settings) != nil {
		return false
	}
	found := false
	_, _ = spec.Form().MapStrings(settings, func(_ string, f node.Format, text string) (string, error) {
		found = found || f == node.FormatConnection && strings.EqualFold(strings.TrimSpace(text), name)
		return text, nil
	})
	return found
}
