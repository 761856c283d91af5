package pipelines

import (
	"slices"
	"strings"

	"github.com/broked/broked/internal/node"
)

// checkGraph checks how the nodes are joined: the number of inputs of each, that
// rows can leave and arrive, and that no rows go round in a circle.
func (d Document) checkGraph(f *Findings, kinds *node.Registry) {
	for i, n := range d.Nodes {
		spec, err := kinds.Spec(n.Type)
		if err != nil {
			continue // told already
		}
		d.checkDegree(f, i, spec, d.waitsFor(n.ID, kinds))
	}
	d.checkWaits(f, kinds)
	d.checkMarks(f, kinds)
	if circle := d.circle(); circle != nil {
		f.add("edges", "go round in a circle: %s", strings.Join(circle, " -> "))
	}
}

// waitsFor returns how many edges come into a node from nodes that wait.
func (d Document) waitsFor(id string, kinds *node.Registry) (n int) {
	for _, e := range d.Edges {
		if e.To == id && d.spec(e.From, kinds).Waits {
			n++
		}
	}
	return n
}

// spec returns the spec of a node's kind; an unknown one has none.
func (d Document) spec(id string, kinds *node.Registry) node.Spec {
	i := slices.IndexFunc(d.Nodes, func(n Node) bool { return n.ID == id })
	if i < 0 {
		return node.Spec{}
	}
	spec, err := kinds.Spec(d.Nodes[i].Type)
	if err != nil {
		return node.Spec{}
	}
	return spec
}

// RowEdges returns those edges over which rows come: those from nodes that wait into
// nodes that take no input only say what comes first.
func (d Document) RowEdges(kinds *node.Registry) []Edge {
	return slices.DeleteFunc(slices.Clone(d.Edges), func(e Edge) bool {
		return d.spec(e.From, kinds).Waits && d.spec(e.To, kinds).MaxInputs == 0
	})
}

// checkWaits refuses a node that wants rows of a wait which has none.
func (d Document) checkWaits(f *Findings, kinds *node.Registry) {
	for i, e := range d.Edges {
		if in, _ := d.degree(e.From); in == 0 && d.spec(e.From, kinds).Waits && d.calls(e.From, kinds).Output == "" && d.spec(e.To, kinds).MaxInputs != 0 {
			f.add(at("edges", i), "%q has no input, so it has no rows for %q: join a node to it, or let it come before a source", e.From, e.To)
		}
	}
}

// checkDegree checks the number of edges at a node, of which so many come from nodes
// that wait.
func (d Document) checkDegree(f *Findings, i int, spec node.Spec, waits int) {
	n := d.Nodes[i]
	in, out := d.degree(n.ID)
	path := at("nodes", i)
	switch {
	case spec.MaxInputs == 0 && in > waits:
		f.add(path, "%s %q takes no input: remove the edge into it", spec.Kind, n.ID)
	case spec.MaxInputs > 0 && in > spec.MaxInputs:
		f.add(path, "%s %q takes at most %d %s, not %d", spec.Kind, n.ID, spec.MaxInputs, inputs(spec.MaxInputs), in)
	case in < spec.MinInputs:
		f.add(path, "%s %q needs %d %s and has %d: join a node to it", spec.Kind, n.ID, spec.MinInputs, inputs(spec.MinInputs), in)
	}
	if !spec.HasOutput() && out > 0 {
		f.add(path, "%s %q gives no output: remove the edge out of it", spec.Kind, n.ID)
	}
	if len(d.Nodes) > 1 && in+out == 0 && spec.MinInputs == 0 && !spec.Alone {
		f.add(path, "%q is joined to nothing: join it or remove it", n.ID)
	}
}

// checkMarks checks which edges say true or false. Documents before 2.1 need not:
// an edge out of a condition without a mark is then one for true.
func (d Document) checkMarks(f *Findings, kinds *node.Registry) {
	needed := d.IRVersion != "" && d.IRVersion != "2.0"
	for i, e := range d.Edges {
		from := slices.IndexFunc(d.Nodes, func(n Node) bool { return n.ID == e.From })
		if from < 0 {
			continue // told already, and so is an unknown kind
		}
		spec, err := kinds.Spec(d.Nodes[from].Type)
		switch {
		case err != nil:
		case !spec.Branches && e.Condition != nil:
			f.add(at("edges", i)+".condition", "is for edges that leave a condition, and %q is none", e.From)
		case spec.Branches && e.Condition == nil && needed:
			f.add(at("edges", i)+".condition", "is missing: say whether rows go from %q to %q when the answer is true or when it is false", e.From, e.To)
		}
	}
}

// degree returns how many edges go into a node and out of it.
func (d Document) degree(id string) (in, out int) {
	for _, e := range d.Edges {
		if e.To == id {
			in++
		}
		if e.From == id {
			out++
		}
	}
	return in, out
}

func inputs(n int) string {
	if n == 1 {
		return "input"
	}
	return "inputs"
}

// circle returns the ids along a circle of edges, the first one again at the
// end, or nil when there is none.
func (d Document) circle() []string {
	next := map[string][]string{}
	for _, e := range d.Edges {
		next[e.From] = append(next[e.From], e.To)
	}
	done := map[string]bool{}
	var path []string
	var visit func(id string) []string
	visit = func(id string) []string {
		if i := slices.Index(path, id); i >= 0 {
			return append(slices.Clone(path[i:]), id)
		}
		if done[id] {
			return nil
		}
		path = append(path, id)
		for _, to := range next[id] {
			if c := visit(to); c != nil {
				return c
			}
		}
		path = path[:len(path)-1]
		done[id] = true
		return nil
	}
	for _, n := range d.Nodes {
		if c := visit(n.ID); c != nil {
			return c
		}
	}
	return nil
}
