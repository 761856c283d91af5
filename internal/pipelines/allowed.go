package pipelines

import (
	"bytes"
	"context"
	"errors"
	"slices"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/fault"
)

// allowed returns a Denied fault when after has nodes that before has not, and
// whose kinds need a permission that the actor lacks. A run acts for nobody, so
// who may make it do something is decided when its document is saved. The
// server's own work, which has no actor, may save everything.
func (s *Service) allowed(ctx context.Context, before, after Document) error {
	actor, somebody := auth.ActorFrom(ctx)
	if !somebody {
		return nil
	}
	for i, n := range after.Nodes {
		spec, err := s.kinds.Spec(n.Type)
		if err != nil || slices.ContainsFunc(before.Nodes, n.does) {
			continue // kinds that do not exist are told by the checks
		}
		for _, permission := range spec.Permissions {
			if err := actor.May(auth.Permission(permission)); err != nil {
				return lacking(err, at("nodes", i), n.Type, permission)
			}
		}
	}
	return mayWatch(actor, before, after)
}

// lacking puts into words what may not be done at path for want of a permission.
func lacking(err error, path, kind, permission string) error {
	if scope, is := errors.AsType[*auth.ScopeError](err); is {
		return scope
	}
	refused := fault.New(fault.Denied, "%s: whoever adds or changes a node of type %s needs a permission of its own: %s", path, kind, fault.MessageOf(err)).With("permission_for_kind")
	refused.Problems = []fault.Problem{{Path: path, Message: "needs the permission " + permission}}
	return refused
}

// does reports whether o does what n does, whatever the two are called and however
// their settings are written.
func (n Node) does(o Node) bool {
	return n.Type == o.Type && bytes.Equal(canonical(n.Config), canonical(o.Config))
}

// canonical returns settings in the form of RFC 8785, by which they are compared.
func canonical(config RawObject) []byte {
	v := jsontext.Value(bytes.Clone(config))
	if v.Canonicalize() != nil {
		return config
	}
	return v
}

// Need is what somebody needs, besides the right to save a pipeline, to add or to change
// some of its parts.
type Need struct {
	Part        NeedPart          `json:"part" enum:"node,trigger"`
	Type        string            `json:"type" doc:"Kind of the nodes, or type of the triggers"`
	Names       []string          `json:"names" doc:"Which nodes or triggers of the pipeline"`
	Permissions []auth.Permission `json:"permissions"`
}

// NeedPart says of which parts of a pipeline a Need is.
type NeedPart string

// The parts of pipelines that may need permissions.
const (
	NodeNeeds    NeedPart = "node"
	TriggerNeeds NeedPart = "trigger"
)

// Needs returns what a pipeline's nodes and triggers need of those who save
// it, in the order of the document.
func (s *Service) Needs(ctx context.Context, ref string) ([]Need, error) {
	saved, err := s.find(ctx, ref)
	if err != nil {
		return nil, err
	}
	needs := []Need{}
	add := func(part NeedPart, kind, name string, permissions ...auth.Permission) {
		i := slices.IndexFunc(needs, func(n Need) bool { return n.Part == part && n.Type == kind })
		if i < 0 {
			i, needs = len(needs), append(needs, Need{Part: part, Type: kind, Permissions: permissions})
		}
		needs[i].Names = append(needs[i].Names, name)
	}
	for _, n := range saved.Document.Nodes {
		spec, err := s.kinds.Spec(n.Type)
		if err != nil || len(spec.Permissions) == 0 {
			continue // kinds that do not exist are told by the checks
		}
		permissions := make([]auth.Permission, len(spec.Permissions))
		for i, p := range spec.Permissions {
			permissions[i] = auth.Permission(p)
		}
		add(NodeNeeds, n.Type, n.ID, permissions...)
	}
	for _, w := range saved.Document.Triggers {
		if w.Type == WatchContacts {
			add(TriggerNeeds, string(w.Type), w.Name, auth.ContactsView)
		}
	}
	return needs, nil
}
