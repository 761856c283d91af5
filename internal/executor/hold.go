package executor

import (
	"slices"

	"github.com/broked/broked/internal/job"
	"github.com/broked/broked/internal/pipelines"
	"github.com/broked/broked/internal/runs"
)

// hold takes those nodes out of j that come after a wait which is not over, and
// returns the nodes that wait. What the run can do without them is done first.
// Again reports whether a node is to be done at all.
func (x *Executor) hold(c runs.Claim, j *job.Job, again func(n string) bool) (map[string]bool, error) {
	waits, behind := make(map[string]bool), make(map[string]bool)
	for _, n := range c.Document.Nodes {
		spec, err := x.Kinds.Spec(n.Type)
		if err != nil {
			return nil, err
		}
		// One that was passed over has nothing to wait for: what leads to it says so again.
		over := c.Before != nil && c.Before.Run == c.Run.ID && c.Before.Nodes[n.ID].Status == runs.NodeSkipped
		if spec.Waits && again(n.ID) && !over {
			waits[n.ID] = true
		}
	}
	for w := range waits {
		after(c.Document, w, behind)
	}
	for n := range behind {
		delete(waits, n)
	}
	out := func(n string) bool { return behind[n] && again(n) }
	j.Nodes = slices.DeleteFunc(j.Nodes, func(s job.Step) bool { return out(s.ID) })
	j.Edges = slices.DeleteFunc(j.Edges, func(e job.Edge) bool { return out(e.From) || out(e.To) })
	return waits, nil
}

// after adds to found the nodes that come after n.
func after(d pipelines.Document, n string, found map[string]bool) {
	for _, e := range d.Edges {
		if e.From == n && !found[e.To] {
			found[e.To] = true
			after(d, e.To, found)
		}
	}
}
