package pipelines

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/id"
	"github.com/broked/broked/internal/node"
	"github.com/broked/broked/internal/schedules"
)

// Limits of a document.
const (
	MaxName        = 255
	MaxDescription = 2000
	MaxNodes       = 500
)

// Findings is what Check found: problems forbid saving, warnings do not.
type Findings struct {
	Problems []fault.Problem
	Warnings []fault.Problem
}

func (f *Findings) add(path, format string, args ...any) {
	f.Problems = append(f.Problems, fault.Problem{Path: path, Message: fmt.Sprintf(format, args...)})
}

func (f *Findings) warn(path, format string, args ...any) {
	f.Warnings = append(f.Warnings, fault.Problem{Path: path, Message: fmt.Sprintf(format, args...)})
}

// Check returns everything wrong with d, in document order. It never stops at
// the first problem: a person fixes a form once. A draft is checked only for
// what storing it needs. Whether dependencies exist is not known here, nor which variables
// and connections there are: see CheckWith.
func (d Document) Check(kinds *node.Registry) Findings { return d.CheckWith(kinds, nil) }

// CheckWith is Check where it is known what names stand for.
func (d Document) CheckWith(kinds *node.Registry, known *Known) Findings {
	var f Findings
	d.checkHead(&f)
	d.checkWebhook(&f)
	d.checkIDs(&f)
	d.checkDrawing(&f)
	if d.Draft {
		return f
	}
	d.checkTimes(&f)
	d.checkSchedules(&f)
	d.checkLimits(&f)
	d.checkParameters(&f)
	d.checkRelations(&f)
	d.checkWatchers(&f)
	d.checkNodes(&f, kinds, known)
	d.checkGraph(&f, kinds)
	d.checkTests(&f)
	slices.SortFunc(f.Warnings, func(a, b fault.Problem) int { return strings.Compare(a.Path, b.Path) })
	return f
}

var irVersions = []string{"", "2.0", "2.1", "2.2"}

func (d Document) checkHead(f *Findings) {
	switch {
	case d.Name == "":
		f.add("name", "is missing: a pipeline needs a name")
	case len([]rune(d.Name)) > MaxName:
		f.add("name", "must be at most %d characters long", MaxName)
	case strings.ContainsAny(d.Name, `<>"'&`) || hasControl(d.Name):
		f.add("name", `must not have any of < > " ' & or control characters`)
	}
	if d.Slug != "" && (!id.Plausible(d.Slug) || d.Slug != strings.ToLower(d.Slug)) {
		f.add("pipeline_id", "must be lower-case letters, digits and dashes")
	}
	if len([]rune(d.Description)) > MaxDescription {
		f.add("description", "must be at most %d characters long", MaxDescription)
	}
	if !slices.Contains(irVersions, d.IRVersion) {
		f.add("ir_version", "must be 2.0, 2.1 or 2.2, not %q", d.IRVersion)
	}
	if len(d.Nodes) > MaxNodes {
		f.add("nodes", "are more than %d", MaxNodes)
	}
}

func hasControl(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f })
}

var nodeID = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}$`)

// checkIDs makes sure that nodes can be told apart and edges can be followed,
// which even a draft needs.
func (d Document) checkIDs(f *Findings) {
	seen := map[string]int{}
	for i, n := range d.Nodes {
		path := at("nodes", i) + ".id"
		first, dup := seen[n.ID]
		switch {
		case n.ID == "":
			f.add(path, "is missing")
		case !nodeID.MatchString(n.ID):
			f.add(path, "must be letters, digits, '_', '-' and '.', at most 100 of them")
		case dup:
			f.add(path, "%q is used already by nodes[%d]", n.ID, first)
		default:
			seen[n.ID] = i
		}
	}
	d.checkEnds(f)
}

// checkEnds makes sure that every edge joins two nodes, once.
func (d Document) checkEnds(f *Findings) {
	ids := make([]string, 0, len(d.Nodes))
	for _, n := range d.Nodes {
		ids = append(ids, n.ID)
	}
	for i, e := range d.Edges {
		for _, end := range []struct{ member, id string }{{"from", e.From}, {"to", e.To}} {
			if !slices.Contains(ids, end.id) {
				f.add(at("edges", i)+"."+end.member, "there is no node %q%s", end.id, fault.DidYouMean(end.id, ids))
			}
		}
		if e.From == e.To && e.From != "" {
			f.add(at("edges", i), "joins node %q to itself", e.From)
		}
		if slices.ContainsFunc(d.Edges[:i], func(o Edge) bool { return o.From == e.From && o.To == e.To }) {
			f.add(at("edges", i), "joins %q to %q a second time", e.From, e.To)
		}
	}
}

var clock = regexp.MustCompile(`^([01][0-9]|2[0-3]):[0-5][0-9]$`)

func (d Document) checkTimes(f *Findings) {
	if d.Schedule != "" {
		if _, err := schedules.Parse(d.Schedule, ""); err != nil {
			f.add("schedule", "%s", fault.MessageOf(err))
		}
	}
	if _, err := schedules.ParseCatchUp(string(d.Catchup)); err != nil {
		f.add("catchup", "%s", fault.MessageOf(err))
	}
	zone(f, "schedule_timezone", d.ScheduleTimezone)
	zone(f, "sla_timezone", d.SLATimezone)
	if d.SLADeadline != "" && !clock.MatchString(d.SLADeadline) {
		f.add("sla_deadline", "must be a time such as 07:30")
	}
}

func zone(f *Findings, path, name string) {
	if _, err := schedules.Zone(name); err != nil {
		f.add(path, "%s", fault.MessageOf(err))
	}
}

func (d Document) checkNodes(f *Findings, kinds *node.Registry, known *Known) {
	r := resolver{values: d.before(), known: known, before: true, bound: Values{}}
	if len(d.Nodes) == 0 {
		f.add("nodes", "are missing: a pipeline needs at least one node, or draft: true while it is being made")
	}
	writers := map[node.Replaced]int{}
	for i, n := range d.Nodes {
		path := at("nodes", i)
		if strings.TrimSpace(n.Name) == "" && n.ID == "" {
			f.add(path+".name", "is missing")
		}
		spec, err := kinds.Spec(n.Type)
		if err != nil {
			f.add(path+".type", "%s", fault.MessageOf(err))
			continue
		}
		r.at = path + ".config"
		config, err := r.node(spec, n)
		if err != nil {
			f.add(r.at, "%s", fault.MessageOf(err))
			continue
		}
		if !r.unsure {
			made := checkSettings(f, spec, config, r.at)
			d.checkReplaced(f, i, made, writers)
		}
	}
	f.Problems = append(f.Problems, r.problems...)
}

// checkReplaced refuses a node that replaces the file of another one. What placeholders stand for
// is seen only when the pipeline runs.
func (d Document) checkReplaced(f *Findings, i int, made node.Node, writers map[node.Replaced]int) {
	replacer, is := made.(node.Replacer)
	if !is || strings.Contains(string(d.Nodes[i].Config), "${") {
		return
	}
	file := replacer.Replaces()
	if other, taken := writers[file]; taken {
		f.add(at("nodes", i)+".config.path", "is written by %q as well: give one of them another path", d.Nodes[other].ID)
		return
	}
	writers[file] = i
}

// checkSettings finds what is wrong with settings, and what this machine lacks for them. The node
// that they make is nil when there is none.
func checkSettings(f *Findings, spec node.Spec, config json.RawMessage, path string) node.Node {
	made, problems := spec.Build(config)
	for _, p := range problems {
		f.add(joinPath(path, p.Path), "%s", p.Message)
	}
	if spec.Lacks != nil && len(problems) == 0 {
		for _, p := range spec.Lacks(config) {
			f.warn(joinPath(path, p.Path), "%s", p.Message)
		}
	}
	return made
}

func at(list string, i int) string { return fmt.Sprintf("%s[%d]", list, i) }

func joinPath(prefix, path string) string {
	if prefix == "" || path == "" || strings.HasPrefix(path, "[") {
		return prefix + path
	}
	return prefix + "." + path
}
