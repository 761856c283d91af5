package engine

import (
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/job"
)

// plan is the graph of a job. Nodes are numbers: places in the job's list.
type plan struct {
	inputs    [][]int  // of every node, in the order of its edges
	marks     [][]bool // of those edges: the answer with which rows flow, when the input decides
	consumers []int    // how many edges leave every node
	takers    [][]int  // of every node: those that its edges lead to; unlike inputs, nobody changes them
	order     []int    // every node after its inputs, sinks as late as they can be
}

// newPlan orders the nodes of a job. Sinks come late so that most of what can be
// wrong with settings is found before anything is written anywhere.
func newPlan(steps []job.Step, edges []job.Edge, sink func(kind string) bool) (plan, error) {
	at := make(map[string]int, len(steps))
	for i, s := range steps {
		if _, twice := at[s.ID]; twice {
			return plan{}, fault.New(fault.Invalid, "two nodes have the id %q", s.ID)
		}
		at[s.ID] = i
	}
	p := plan{inputs: make([][]int, len(steps)), marks: make([][]bool, len(steps)), consumers: make([]int, len(steps)), takers: make([][]int, len(steps))}
	for _, e := range edges {
		from, known := at[e.From]
		to, knownToo := at[e.To]
		if !known || !knownToo {
			return plan{}, fault.New(fault.Invalid, "an edge goes from %q to %q, and one of them is not there", e.From, e.To)
		}
		p.inputs[to] = append(p.inputs[to], from)
		p.marks[to] = append(p.marks[to], e.Condition == nil || *e.Condition)
		p.consumers[from]++
		p.takers[from] = append(p.takers[from], to)
	}
	done := make([]bool, len(steps))
	for len(p.order) < len(steps) {
		next := p.ready(done, func(i int) bool { return !sink(steps[i].Kind) })
		if next < 0 {
			next = p.ready(done, func(int) bool { return true })
		}
		if next < 0 {
			return plan{}, fault.New(fault.Invalid, "the nodes form a circle, so none of them can be first")
		}
		done[next] = true
		p.order = append(p.order, next)
	}
	return p, nil
}

// ready returns the first node that is not done, whose inputs are, and that is
// wanted; -1 when there is none.
func (p plan) ready(done []bool, wanted func(int) bool) int {
next:
	for i, inputs := range p.inputs {
		if done[i] || !wanted(i) {
			continue
		}
		for _, in := range inputs {
			if !done[in] {
				continue next
			}
		}
		return i
	}
	return -1
}

// shared reports whether the rows of node i must be kept, whatever they are: more
// than one node takes them, or none does and they are an artifact.
func (p plan) shared(i int) bool { return p.consumers[i] != 1 }

// isChain reports whether no two nodes could be computed at once.
func (p plan) isChain() bool {
	starts := 0
	for i, inputs := range p.inputs {
		if len(inputs) == 0 {
			starts++
		}
		if p.consumers[i] > 1 {
			return false
		}
	}
	return starts <= 1
}

// close leaves out those inputs of node i over which no rows come, as closed tells
// for an input and the mark of its edge, and returns how many are left.
func (p plan) close(i int, closed func(in int, mark bool) bool) int {
	var inputs []int
	var marks []bool
	for k, in := range p.inputs[i] {
		if mark := p.marks[i][k]; !closed(in, mark) {
			inputs, marks = append(inputs, in), append(marks, mark)
		}
	}
	p.inputs[i], p.marks[i] = inputs, marks
	return len(inputs)
}

// traits is what a node's relation tells about the number of its rows.
type traits struct {
	kept     bool // its rows are in a file of the run, and counted
	counted  bool // a profile or metadata tell the number
	sameRows bool // as many as the first input has
}

// untold returns those inputs of node i that must be kept before i is fused with
// them, because nothing else could tell how many rows they have. The result of a
// statement tells the number for the last node that changes it, and for all that
// follow; a scan tells its own. What lies between would be lost.
func (p plan) untold(i int, of []traits) []int {
	var keep []int
	for place, in := range p.inputs[i] {
		if place == 0 && of[i].sameRows {
			continue // the result's number is this one's as well
		}
		root := in
		for !of[root].kept && !of[root].counted && of[root].sameRows {
			root = p.inputs[root][0]
		}
		if !of[root].kept && !of[root].counted {
			keep = append(keep, in)
		}
	}
	return keep
}

// stage returns the nodes that one statement for node i computes: i itself and,
// upwards, everything that is not kept. They are in an order in which inputs come
// first.
func (p plan) stage(i int, of []traits) []int {
	var members []int
	for _, in := range p.inputs[i] {
		if !of[in].kept {
			members = append(members, p.stage(in, of)...)
		}
	}
	return append(members, i)
}

// counts returns the number of rows of every member of a stage whose last member
// has total rows. Scanned has what profiles and metadata tell, and the rows of
// those that have as many as an input that is kept.
func (p plan) counts(members []int, total int64, scanned map[int]int64, of []traits) map[int]int64 {
	rows := make(map[int]int64, len(members))
	last := members[len(members)-1]
	rows[last] = total
	for i := last; of[i].sameRows && !of[p.inputs[i][0]].kept; {
		i = p.inputs[i][0]
		rows[i] = total
	}
	for _, i := range members {
		n, told := scanned[i]
		_, known := rows[i]
		switch {
		case told:
			rows[i] = n
		case known:
		case of[i].sameRows:
			rows[i] = rows[p.inputs[i][0]]
		}
	}
	return rows
}
