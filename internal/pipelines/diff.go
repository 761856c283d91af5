package pipelines

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// Change is one difference between two versions of a document.
type Change struct {
	Path   string `json:"path" doc:"Where, with nodes named by id: nodes[clean].config.path"`
	Op     string `json:"op" enum:"added,removed,changed"`
	Before any    `json:"before,omitempty"`
	After  any    `json:"after,omitempty"`
}

// Diff returns how version number of a pipeline differs from version against.
func (s *Service) Diff(ctx context.Context, ref string, number, against int) ([]Change, error) {
	after, err := s.Version(ctx, ref, number)
	if err != nil {
		return nil, err
	}
	before, err := s.Version(ctx, ref, against)
	if err != nil {
		return nil, err
	}
	return Diff(before, after)
}

// Diff returns the differences between two documents in the order of their
// paths. Nodes are matched by id and edges by their ends, so that moving one in
// the list is no change. What belongs to the server is left out.
func Diff(before, after Document) ([]Change, error) {
	a, err := before.tree()
	if err != nil {
		return nil, err
	}
	b, err := after.tree()
	if err != nil {
		return nil, err
	}
	changes := []Change{}
	compare("", a, b, &changes)
	return changes, nil
}

// tree returns the document as maps only: lists of nodes and edges keyed by
// what identifies them.
func (d Document) tree() (map[string]any, error) {
	text, err := json.Marshal(d)
	if err != nil {
		return nil, fmt.Errorf("diff: %w", err)
	}
	var t map[string]any
	if err := json.Unmarshal(text, &t); err != nil {
		return nil, fmt.Errorf("diff: %w", err)
	}
	for _, own := range []string{"id", "version", "created_at", "updated_at", "source", "workspace_id", "webhook_token"} {
		delete(t, own)
	}
	nodeList, _ := t["nodes"].([]any) // both were marshalled above
	edgeList, _ := t["edges"].([]any)
	nodes, edges := map[string]any{}, map[string]any{}
	for i, n := range d.Nodes {
		nodes["["+n.ID+"]"] = nodeList[i]
	}
	for i, e := range d.Edges {
		edges["["+e.From+" -> "+e.To+"]"] = edgeList[i]
	}
	t["nodes"], t["edges"] = nodes, edges
	for _, list := range []string{"notes", "groups"} {
		if items, there := t[list].([]any); there {
			t[list] = byID(items)
		}
	}
	return t, nil
}

// byID returns the items of a list by their ids.
func byID(items []any) map[string]any {
	all := make(map[string]any, len(items))
	for _, item := range items {
		if members, ok := item.(map[string]any); ok {
			all[fmt.Sprintf("[%v]", members["id"])] = item
		}
	}
	return all
}

func compare(path string, a, b any, changes *[]Change) {
	am, aok := a.(map[string]any)
	bm, bok := b.(map[string]any)
	if !aok || !bok {
		if !same(a, b) {
			*changes = append(*changes, Change{Path: path, Op: "changed", Before: a, After: b})
		}
		return
	}
	keys := slices.Sorted(maps.Keys(am))
	for key := range bm {
		if _, there := am[key]; !there {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	for _, key := range keys {
		inner := joinPath(path, key)
		before, was := am[key]
		after, is := bm[key]
		switch {
		case !was:
			*changes = append(*changes, Change{Path: inner, Op: "added", After: after})
		case !is:
			*changes = append(*changes, Change{Path: inner, Op: "removed", Before: before})
		default:
			compare(inner, before, after, changes)
		}
	}
}

func same(a, b any) bool {
	x, err1 := json.Marshal(a)
	y, err2 := json.Marshal(b)
	return err1 == nil && err2 == nil && bytes.Equal(x, y)
}
