package node

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/broked/broked/internal/fault"
)

// Spec describes a kind of node: everything that the palette, the form, the
// checks and the documentation need to know.
type Spec struct {
	Kind      string   // the "type" in documents, such as source_file
	Title     string   // for people, such as "File source"
	Summary   string   // one sentence
	Category  Category // where the palette shows it
	Icon      string   // a name of the interface's icon set
	MinInputs int
	MaxInputs int // -1 means any number
	// Branches says that edges out of this kind may be marked true or false, and
	// that rows flow over those marked as the node decides.
	Branches bool
	// Merges says that the kind does without inputs that were skipped, and is itself
	// skipped only when all were. Other kinds need all of theirs.
	Merges bool
	// Effects says that a node of this kind acts on the world and hands its rows on, or
	// has none of its own, so that a trial leaves it out. Sinks need not say so.
	Effects bool
	// Waits says that nodes of the kind are Patient. An edge from one to a node that
	// takes no input carries no rows, but has that node begin when the wait is over.
	Waits bool
	// Permissions are what somebody needs, besides the right to save a pipeline, to
	// add a node of this kind or to change one.
	Permissions []string
	// Asks are the questions that nodes of this kind may put to the server.
	Asks []string
	// Alone says that the kind does its work without being joined to any other.
	Alone    bool
	Settings Schema // without those of every node, which Form adds
	// New makes a node of settings that have passed Form. What it rejects
	// beyond that is a fault whose problems have paths inside the settings.
	New func(config json.RawMessage) (Node, error)
	// Lacks, unless nil, says what this machine lacks for a node of settings that
	// have passed Form, and is empty when nothing is. The path of each is inside
	// the settings.
	Lacks func(config json.RawMessage) []fault.Problem
}

// Category groups kinds in the palette.
type Category string

// The categories of kinds.
const (
	Source    Category = "source"
	Transform Category = "transform"
	Quality   Category = "quality"
	Target    Category = "sink"
)

// HasOutput reports whether other nodes may take rows from this kind.
func (s Spec) HasOutput() bool { return s.Category != Target }

// TakesSQL reports whether a setting of the kind is a statement that a person writes.
func (s Spec) TakesSQL() bool {
	return slices.ContainsFunc(s.Settings.Fields, func(f Field) bool { return f.Format == FormatSQL })
}

// Build checks config and makes a node of it. The problems have paths inside
// the settings; with any problem there is no node.
func (s Spec) Build(config json.RawMessage) (Node, []fault.Problem) {
	if len(config) == 0 {
		config = json.RawMessage("{}")
	}
	var value any
	if err := json.Unmarshal(config, &value); err != nil {
		return nil, []fault.Problem{{Message: "the settings are not JSON"}}
	}
	if ps := s.Form().Check(value); len(ps) > 0 {
		return nil, ps
	}
	n, err := s.New(config)
	if err == nil {
		return n, nil
	}
	if ps := fault.ProblemsOf(err); len(ps) > 0 {
		return nil, ps
	}
	if wrong, is := errors.AsType[*json.UnmarshalTypeError](err); is && wrong.Field != "" {
		return nil, []fault.Problem{{Path: wrong.Field, Message: "cannot be " + wrong.Value}}
	}
	return nil, []fault.Problem{{Message: fault.MessageOf(err)}}
}

// Registry is the list of kinds that this program knows. It does not change
// after it was made, so any number of goroutines may use it at once.
type Registry struct {
	kinds map[string]Spec
}

// NewRegistry returns a registry of specs. Two specs of one kind are an error.
func NewRegistry(specs ...Spec) (*Registry, error) {
	kinds := make(map[string]Spec, len(specs))
	for _, s := range specs {
		if _, dup := kinds[s.Kind]; dup {
			return nil, fmt.Errorf("node: kind %q registered twice", s.Kind)
		}
		kinds[s.Kind] = s
	}
	return &Registry{kinds: kinds}, nil
}

// Spec returns the spec of kind, or an Invalid fault that names the nearest.
func (r *Registry) Spec(kind string) (Spec, error) {
	if s, ok := r.kinds[kind]; ok {
		return s, nil
	}
	known := slices.Sorted(maps.Keys(r.kinds))
	return Spec{}, fault.New(fault.Invalid, "there is no node type %q%s", kind, fault.DidYouMean(kind, known))
}

// Specs returns all specs, sorted by kind.
func (r *Registry) Specs() []Spec {
	specs := make([]Spec, 0, len(r.kinds))
	for _, kind := range slices.Sorted(maps.Keys(r.kinds)) {
		specs = append(specs, r.kinds[kind])
	}
	return specs
}
