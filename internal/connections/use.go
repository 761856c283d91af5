package connections

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/broked/broked/internal/node"
	"github.com/broked/broked/internal/pipelines"
)

// UsedBy returns the nodes of the workspace whose settings name a connection, by the
// names of their pipelines.
func (s *Service) UsedBy(ctx context.Context, name string) ([]pipelines.Use, error) {
	if _, err := s.Store.Connection(ctx, name); err != nil {
		return nil, err
	}
	documents, err := s.Store.Holding(ctx, name)
	if err != nil {
		return nil, err
	}
	return pipelines.Uses(documents, func(n pipelines.Node) bool {
		spec, err := s.Kinds.Spec(n.Type)
		return err == nil && names(spec, n, name)
	}), nil
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
