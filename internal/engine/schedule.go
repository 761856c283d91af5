package engine

import (
	"context"
	"errors"
	"slices"

	"github.com/broked/broked/internal/job"
	"github.com/broked/broked/internal/node"
)

// errOther is the cause of a context that ended because another node has failed.
var errOther = errors.New("another node has failed")

// width returns how many nodes may be at work at once. Where none could be beside
// another it is one, which saves the run a connection.
func (r *run) width() int {
	if r.plan.isChain() {
		return 1
	}
	return min(max(2, r.job.Limits.Threads), len(r.steps))
}

// all executes the nodes, side by side where none needs the rows of the other. The
// first failure stops those that are at work, and no more are begun.
func (r *run) all(ctx context.Context) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	idle := []*run{r}
	for _, db := range r.db.beside {
		worker := *r
		worker.db = db
		idle = append(idle, &worker)
	}
	type end struct {
		node   int
		worker *run
		err    error
	}
	ends, busy := make(chan end), 0
	next := newAgenda(r.plan, r.early, r.isSink, func(i int) []string { return r.steps[i].env.Access.Databases })
	var first error
	for {
		for first == nil && len(idle) > 0 {
			i, ready := next.take()
			if !ready {
				break
			}
			w := idle[0]
			idle, busy = idle[1:], busy+1
			go func() { ends <- end{i, w, w.step(ctx, i)} }()
		}
		if busy == 0 {
			return first
		}
		e := <-ends
		idle, busy = slices.Insert(idle, 0, e.worker), busy-1
		if e.err == nil {
			next.done(e.node)
		} else if first == nil {
			first = e.err
			r.sayFailed(first)
			stop(errOther)
		}
	}
}

// early reports whether node i is computed without waiting for anything that may take
// long, or reads what a sink is going to replace: sinks wait for it, so that most of
// what can be wrong with settings is found before anything is written anywhere.
func (r *run) early(i int) bool {
	s := r.steps[i]
	_, inspects := s.node.(node.Inspector)
	_, relational := s.node.(node.Relational)
	return s.copyFirst || s.readFirst || s.Restored != nil || relational && !inspects && !s.common.Careful()
}

// step does what is to be done for one node, once its inputs are.
func (r *run) step(ctx context.Context, i int) error {
	s := r.steps[i]
	s.env.DB = r.db
	if s.Restored != nil {
		return r.restore(ctx, i)
	}
	if s.pushed || r.closed(i) {
		return nil
	}
	if s.common.Careful() {
		return r.careful(ctx, i)
	}
	return r.compute(ctx, i)
}

// compute has a node plan its rows, or compute them.
func (r *run) compute(ctx context.Context, i int) error {
	switch n := r.steps[i].node.(type) {
	case node.Inspector:
		return r.inspect(ctx, i, n)
	case node.Relational:
		return r.relate(ctx, i)
	case node.Procedural:
		return r.process(ctx, i, n)
	}
	return r.execute(ctx, i)
}

// skipRest says which nodes were not reached, or not finished when another failed.
func (r *run) skipRest() {
	for _, s := range r.steps {
		if !s.ended {
			r.say(job.Message{Type: job.NodeFinished, Node: s.ID, Status: job.Skipped})
		}
	}
}

// agenda tells which node is next. Of those that are ready it is the first in the
// order of the plan.
type agenda struct {
	plan   plan
	place  []int  // of every node in the plan's order
	sink   []bool // every node: is it one?
	before []bool // every node: do sinks wait for it?
	sooner int    // how many of those are not done
	unmet  []int  // of every node: how many of its edges come from nodes that are not done
	behind [][]int
	ready  []int // places of nodes that are ready and not taken
}

// newAgenda returns the agenda of a plan. Nodes that share a database wait for each
// other, in the order of the plan: it locks the others out, and sinks come last.
func newAgenda(p plan, early, sink func(i int) bool, databases func(i int) []string) *agenda {
	n := len(p.order)
	a := &agenda{plan: p, place: make([]int, n), sink: make([]bool, n), before: make([]bool, n), unmet: make([]int, n), behind: make([][]int, n)}
	last := make(map[string]int) // the node of each database that came before
	for at, i := range p.order {
		a.place[i], a.sink[i], a.unmet[i] = at, sink(i), a.unmet[i]+len(p.inputs[i])
		for _, path := range databases(i) {
			if before, shared := last[path]; shared && before != i {
				a.behind[before] = append(a.behind[before], i)
				a.unmet[i]++
			}
			last[path] = i
		}
		a.before[i] = !a.sink[i] && early(i)
		for _, in := range p.inputs[i] {
			a.behind[in] = append(a.behind[in], i)
			a.before[i] = a.before[i] && a.before[in]
		}
		if a.before[i] {
			a.sooner++
		}
		if a.unmet[i] == 0 {
			a.ready = append(a.ready, at)
		}
	}
	return a
}

// take returns the next node that is ready, and false while there is none.
func (a *agenda) take() (int, bool) {
	for k, at := range a.ready { // there are few, and sinks come last
		if i := a.plan.order[at]; a.sooner == 0 || !a.sink[i] {
			a.ready = slices.Delete(a.ready, k, k+1)
			return i, true
		}
	}
	return 0, false
}

// done notes that a node has ended, and that those behind it need not wait for it.
func (a *agenda) done(i int) {
	if a.before[i] {
		a.sooner--
	}
	for _, to := range a.behind[i] {
		if a.unmet[to]--; a.unmet[to] == 0 {
			k, _ := slices.BinarySearch(a.ready, a.place[to])
			a.ready = slices.Insert(a.ready, k, a.place[to])
		}
	}
}
