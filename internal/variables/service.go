package variables

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/id"
	"github.com/broked/broked/internal/pipelines"
	"github.com/broked/broked/internal/sealed"
)

// Store remembers variables, each in the workspace at hand. Package store implements it;
// every method is one transaction. A variable that is not there is a NotFound fault.
type Store interface {
	// Variables returns a page of them by key, of which After is one.
	Variables(ctx context.Context, p pipelines.Page) ([]Stored, error)
	CountVariables(ctx context.Context) (int, error)
	Variable(ctx context.Context, key string) (Stored, error)
	// InsertVariable stores a variable. One whose key is taken is a Conflict fault.
	InsertVariable(ctx context.Context, v Stored) error
	// ChangeVariable stores a variable over itself, unless somebody else has since it was
	// read, which is a Stale fault.
	ChangeVariable(ctx context.Context, v Stored, read time.Time) error
	DeleteVariable(ctx context.Context, key string) error
	// Holding returns the newest documents of the pipelines that have a text somewhere, by name.
	Holding(ctx context.Context, text string) ([]pipelines.Document, error)
}

// Service is what can be done with variables.
type Service struct {
	store Store
	box   *sealed.Box
}

// NewService returns a service that keeps variables in store, the secrets sealed by box.
// It may be nil, on a machine without a key: secrets are Unavailable faults there.
func NewService(store Store, box *sealed.Box) *Service { return &Service{store, box} }

func now() time.Time { return time.Now().UTC().Truncate(time.Millisecond) }

// List returns a page of the variables of the workspace, by key.
func (s *Service) List(ctx context.Context, p pipelines.Page) ([]Variable, error) {
	all, err := s.store.Variables(ctx, p)
	shown := make([]Variable, len(all))
	for i, one := range all {
		shown[i] = one.show()
	}
	return shown, err
}

// Count returns how many variables the workspace has.
func (s *Service) Count(ctx context.Context) (int, error) { return s.store.CountVariables(ctx) }

// Get returns a variable.
func (s *Service) Get(ctx context.Context, key string) (Variable, error) {
	v, err := s.store.Variable(ctx, key)
	return v.show(), err
}

// show returns a variable as people see it.
func (s Stored) show() Variable {
	if s.Type == Secret {
		s.Value = Mask
	}
	return s.Variable
}

// Put makes the variable that the draft names, or changes it when it is there, for which
// the actor needs the right to. A draft that cannot be is an Invalid fault with all its
// problems.
func (s *Service) Put(ctx context.Context, d Draft) (Variable, error) {
	if d.Key == nil || strings.TrimSpace(*d.Key) == "" {
		return Variable{}, fault.New(fault.Invalid, "key is required").With("invalid_document")
	}
	key := strings.TrimSpace(*d.Key)
	d.Key = nil
	old, err := s.store.Variable(ctx, key)
	if err == nil {
		if actor, is := auth.ActorFrom(ctx); is {
			if err := actor.May(auth.VariablesEdit); err != nil {
				return Variable{}, err
			}
		}
		return s.change(ctx, old, d)
	}
	if fault.KindOf(err) != fault.NotFound {
		return Variable{}, err
	}
	v, _, err := d.onto(Variable{Key: key})
	if err != nil {
		return Variable{}, err
	}
	v.ID, v.Workspace, v.CreatedAt, v.Version = id.New(), auth.HomeFrom(ctx), now(), 1
	v.UpdatedAt = v.CreatedAt
	kept, err := s.keep(v, true)
	if err != nil {
		return Variable{}, err
	}
	return kept.show(), s.store.InsertVariable(ctx, kept)
}

// Change gives a variable what a draft says.
func (s *Service) Change(ctx context.Context, key string, d Draft) (Variable, error) {
	if d.Key != nil && strings.TrimSpace(*d.Key) != key {
		return Variable{}, fault.Rejected("the variable cannot be saved", []fault.Problem{{Path: "key", Message: "cannot be changed: make another variable"}})
	}
	old, err := s.store.Variable(ctx, key)
	if err != nil {
		return Variable{}, err
	}
	return s.change(ctx, old, d)
}

func (s *Service) change(ctx context.Context, old Stored, d Draft) (Variable, error) {
	read := old.UpdatedAt
	v, said, err := d.onto(old.Variable)
	if err != nil {
		return Variable{}, err
	}
	if v.UpdatedAt = now(); !v.UpdatedAt.After(read) {
		v.UpdatedAt = read.Add(time.Millisecond) // so that a change in the same moment is noticed
	}
	if said || v.Value != old.Value {
		v.Version++
	}
	kept, err := s.keep(v, said)
	if err != nil {
		return Variable{}, err
	}
	return kept.show(), s.store.ChangeVariable(ctx, kept, read)
}

// keep returns v as it is stored. Said reports whether its value is plain.
func (s *Service) keep(v Variable, said bool) (Stored, error) {
	if v.Type == Secret && said {
		if s.box == nil {
			return Stored{}, sealed.NoKey()
		}
		v.Value = s.box.Seal(at(v.ID), v.Value)
	}
	return Stored{v}, nil
}

// Delete removes a variable. Pipelines that name it fail from then on.
func (s *Service) Delete(ctx context.Context, key string) error {
	return s.store.DeleteVariable(ctx, key)
}

// Open returns a variable with its value, also of a secret, for a run.
func (s *Service) Open(ctx context.Context, key string) (Variable, error) {
	v, err := s.store.Variable(ctx, key)
	if err != nil || v.Type != Secret {
		return v.Variable, err
	}
	if s.box == nil {
		return Variable{}, sealed.NoKey()
	}
	v.Value, err = s.box.Open(at(v.ID), v.Value)
	return v.Variable, err
}

// Secret returns the value of a secret variable of a workspace. One that is not there, or
// is no secret, is a NotFound fault.
func (s *Service) Secret(ctx context.Context, workspace auth.WorkspaceID, key string) (string, error) {
	v, err := s.Open(auth.WithWorkspace(ctx, workspace), key)
	if err == nil && v.Type != Secret {
		err = NotFound(key)
	}
	return v.Value, err
}

// UsedBy returns the nodes of the workspace whose settings name a variable, by the names
// of their pipelines.
func (s *Service) UsedBy(ctx context.Context, key string) ([]pipelines.Use, error) {
	if _, err := s.store.Variable(ctx, key); err != nil {
		return nil, err
	}
	documents, err := s.store.Holding(ctx, "."+key)
	if err != nil {
		return nil, err
	}
	return pipelines.Uses(documents, func(n pipelines.Node) bool {
		var settings any
		if json.Unmarshal(n.Settings(), &settings) != nil {
			return false
		}
		return names(settings, key)
	}), nil
}

// names reports whether a text in a value has a placeholder of the variable.
func names(value any, key string) bool {
	switch v := value.(type) {
	case string:
		return slices.ContainsFunc(pipelines.Placeholders(v), func(name string) bool { return name == "var."+key || name == "secret."+key })
	case []any:
		return slices.ContainsFunc(v, func(one any) bool { return names(one, key) })
	case map[string]any:
		for _, one := range v {
			if names(one, key) {
				return true
			}
		}
	}
	return false
}
