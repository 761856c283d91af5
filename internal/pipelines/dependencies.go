package pipelines

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/broked/broked/internal/fault"
)

// Dependency says which runs of another pipeline, its upstream, one waits for or is
// started by.
type Dependency struct {
	Pipeline string          `json:"pipeline_id" doc:"Id or pipeline_id (slug) of the other pipeline"`
	State    DependencyState `json:"state,omitempty" enum:"succeeded,completed,failed" doc:"How its run must have ended; succeeded when absent"`
	Within   int64           `json:"within_seconds,omitempty" doc:"A gate: how long ago at most; 0 is however long"`
	Mode     DependencyMode  `json:"mode,omitempty" enum:"gate,trigger" doc:"gate, when absent: runs wait for it; trigger: each such run starts one"`
	Paused   bool            `json:"paused,omitempty" doc:"It is not heeded"`
}

// DependencyState says how the run of an upstream must have ended.
type DependencyState string

// The states of dependencies. The strings are Brokoli's.
const (
	Succeeded DependencyState = "succeeded" // the default
	Completed DependencyState = "completed" // in whichever way
	FailedRun DependencyState = "failed"
)

// DependencyMode says what the run of an upstream is for.
type DependencyMode string

// The modes of dependencies. The strings are Brokoli's.
const (
	Gate    DependencyMode = "gate"    // the default: runs wait until it is there
	Trigger DependencyMode = "trigger" // it starts a run
)

// Bounds of dependencies.
const (
	MaxDependencies = 100
	hundredYears    = 100 * 365 * 24 * 3600
	// DefaultGateTime is how long runs wait at gates, unless their document says.
	DefaultGateTime = 24 * time.Hour
	maxGateSeconds  = 30 * 24 * 3600
)

// Dependencies returns the rules of d with their defaults; those of depends_on come last.
func (d Document) Dependencies() []Dependency {
	all := slices.Clone(d.DependencyRules)
	for _, ref := range d.DependsOn {
		all = append(all, Dependency{Pipeline: ref})
	}
	for i := range all {
		if all[i].State == "" {
			all[i].State = Succeeded
		}
		if all[i].Mode == "" {
			all[i].Mode = Gate
		}
	}
	return all
}

// GateTime returns how long a run of d waits at its gates before it is blocked.
func (d Document) GateTime() time.Duration {
	if d.GateSeconds == nil {
		return DefaultGateTime
	}
	return time.Duration(*d.GateSeconds) * time.Second
}

func (d Document) checkRelations(f *Findings) {
	for i, dep := range d.DependencyRules {
		d.checkRule(f, at("dependency_rules", i), dep)
	}
	for i, dep := range d.DependsOn {
		if d.is(dep) {
			f.add(at("depends_on", i), "a pipeline cannot depend on itself")
		}
	}
	if n := len(d.DependencyRules) + len(d.DependsOn); n > MaxDependencies {
		f.add("dependency_rules", "and depends_on are %d, which is more than %d", n, MaxDependencies)
	}
	if d.GateSeconds != nil && (*d.GateSeconds < 0 || *d.GateSeconds > maxGateSeconds) {
		f.add("dependency_timeout_seconds", "must be between 0 and 30 days")
	}
	d.checkHooks(f)
}

func (d Document) checkRule(f *Findings, path string, dep Dependency) {
	if !slices.Contains([]DependencyState{"", Succeeded, Completed, FailedRun}, dep.State) {
		f.add(path+".state", "must be succeeded, completed or failed, not %q", dep.State)
	}
	if !slices.Contains([]DependencyMode{"", Gate, Trigger}, dep.Mode) {
		f.add(path+".mode", "must be gate or trigger, not %q", dep.Mode)
	}
	if dep.Within < 0 || dep.Within > hundredYears {
		f.add(path+".within_seconds", "must be between 0 and 100 years")
	}
	switch {
	case dep.Pipeline == "":
		f.add(path+".pipeline_id", "is missing")
	case d.is(dep.Pipeline):
		f.add(path+".pipeline_id", "a pipeline cannot depend on itself")
	}
	if dep.Mode != Trigger {
		return
	}
	if dep.Within > 0 {
		f.warn(path+".within_seconds", "is always met: a trigger starts its run when the other one ends")
	}
	for _, p := range fault.ProblemsOf(d.CheckParams(nil)) {
		f.add(path, "starts runs without parameters, but %s %s", p.Path, p.Message)
	}
}

// is reports whether ref is the id or slug of d.
func (d Document) is(ref string) bool { return ref != "" && (ref == string(d.ID) || ref == d.Slug) }

// checkDependencies checks that the pipelines that d depends on exist, each once in a
// mode, and that depending does not go round in a circle.
func (s *Service) checkDependencies(ctx context.Context, d Document) ([]fault.Problem, error) {
	var problems []fault.Problem
	seen := map[string]bool{}
	for i, rule := range d.Dependencies() {
		path := at("dependency_rules", i) + ".pipeline_id"
		listed := i >= len(d.DependencyRules) // a rule may be instead of what depends_on says
		if listed {
			path = at("depends_on", i-len(d.DependencyRules))
		}
		if d.is(rule.Pipeline) || rule.Pipeline == "" {
			continue
		}
		up, wrong, err := s.checkDependency(ctx, d, rule.Pipeline)
		if err != nil {
			return nil, err
		}
		key := fmt.Sprint(up, rule.Mode, listed)
		if wrong == "" && seen[key] {
			wrong = fmt.Sprintf("there is another rule of mode %s for %s", rule.Mode, rule.Pipeline)
		}
		seen[key] = true
		if wrong != "" {
			problems = append(problems, fault.Problem{Path: path, Message: wrong})
		}
	}
	return problems, nil
}

// checkDependency returns the pipeline that d depends on by ref, and what is wrong with
// that.
func (s *Service) checkDependency(ctx context.Context, d Document, ref string) (up ID, wrong string, err error) {
	v, err := s.find(ctx, ref)
	if fault.KindOf(err) == fault.NotFound {
		return "", "dependency pipeline not found: " + ref, nil
	}
	if err != nil {
		return "", "", err
	}
	circle, err := s.circleOf(ctx, d, ref, Document.upstreams)
	if circle != nil {
		wrong = "dependency cycle detected: " + strings.Join(circle, " -> ")
	}
	return v.Document.ID, wrong, err
}

// upstreams returns the ids or slugs of the pipelines that d depends on.
func (d Document) upstreams() []string {
	refs := slices.Clone(d.DependsOn)
	for _, rule := range d.DependencyRules {
		refs = append(refs, rule.Pipeline)
	}
	return refs
}

// Named is a pipeline by its id and name.
type Named struct {
	ID   ID     `json:"id"`
	Name string `json:"name"`
}

// Dependents returns the pipelines that depend on one, by name; with all those that
// depend on these as well.
func (s *Service) Dependents(ctx context.Context, ref string, all bool) ([]Named, error) {
	v, err := s.find(ctx, ref)
	if err != nil {
		return nil, err
	}
	return s.store.Dependents(ctx, v.Document.ID, all)
}

// MaxGraph bounds the pipelines of a DependencyGraph.
const MaxGraph = 2000

// DependencyGraph is which pipelines of a workspace depend on which.
type DependencyGraph struct {
	Nodes     []Named          `json:"nodes" doc:"Those that depend on others, or others on them"`
	Edges     []DependencyEdge `json:"edges"`
	Truncated bool             `json:"truncated" doc:"There are more than 2000 pipelines; the graph is of some of them"`
}

// DependencyEdge is one dependency.
type DependencyEdge struct {
	From  ID              `json:"from" doc:"The upstream"`
	To    ID              `json:"to" doc:"What depends on it"`
	State DependencyState `json:"state"`
	Mode  DependencyMode  `json:"mode"`
}

// Graph returns which pipelines depend on which.
func (s *Service) Graph(ctx context.Context) (DependencyGraph, error) {
	return s.store.DependencyGraph(ctx)
}

// Resolution says what becomes of the pipelines that depend on one that is deleted.
type Resolution string

// What becomes of them.
const (
	Abort    Resolution = "abort"    // nothing, and nothing is deleted; the default
	Cascade  Resolution = "cascade"  // they are deleted as well, and those that depend on them
	Decouple Resolution = "decouple" // they are saved without the dependency
)

// Delete removes a pipeline with its versions and runs, all or nothing. One that others
// depend on is a Conflict fault, unless r says what becomes of these.
func (s *Service) Delete(ctx context.Context, ref string, r Resolution) error {
	v, err := s.find(ctx, ref)
	if err != nil {
		return err
	}
	gone := v.Document
	ids, changed := []ID{gone.ID}, []Version{}
	if r == Cascade || r == Decouple {
		dependents, err := s.store.Dependents(ctx, gone.ID, r == Cascade)
		if err != nil {
			return err
		}
		for _, d := range dependents {
			if r == Cascade {
				ids = append(ids, d.ID)
				continue
			}
			without, err := s.without(ctx, d.ID, gone)
			if err != nil {
				return err
			}
			changed = append(changed, without)
		}
	}
	return s.told(gone.Workspace, s.store.DeletePipelines(ctx, changed, ids...))
}

// without returns the next version of a pipeline, which does not depend on gone.
func (s *Service) without(ctx context.Context, id ID, gone Document) (Version, error) {
	v, err := s.find(ctx, string(id))
	if err != nil {
		return Version{}, err
	}
	d := v.Document
	if err := changeable(d); err != nil {
		return Version{}, err
	}
	d.DependsOn = slices.DeleteFunc(slices.Clone(d.DependsOn), gone.is)
	d.DependencyRules = slices.DeleteFunc(slices.Clone(d.DependencyRules), func(rule Dependency) bool { return gone.is(rule.Pipeline) })
	d.Version++
	d.UpdatedAt = time.Now().UTC().Truncate(time.Millisecond)
	return Version{Document: d, YAML: v.YAML, Message: fmt.Sprintf("does not depend on %s any more, which is deleted", gone.Name), Author: author(ctx)}, nil
}

// changeable returns a fault when people must not save over d.
func changeable(d Document) error {
	if d.Source == "git" {
		return fault.New(fault.Denied, "the pipeline %s is kept in a repository: change it there", d.Name).With("read_only_source")
	}
	return nil
}
