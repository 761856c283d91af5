package engine

import (
	"maps"
	"slices"
	"strconv"
	"testing"

	"pgregory.net/rapid"

	"github.com/broked/broked/internal/job"
)

// drawn is a random pipeline, with what every node turns out to be.
type drawn struct {
	steps []job.Step
	edges []job.Edge
	same  []bool
	sizes []int64 // the true numbers of rows
}

func draw(t *rapid.T) drawn {
	n := rapid.IntRange(1, 12).Draw(t, "nodes")
	d := drawn{same: make([]bool, n), sizes: make([]int64, n)}
	place := rapid.Permutation(seq(n)).Draw(t, "places") // documents list nodes in any order
	for i := range n {
		d.steps = append(d.steps, job.Step{ID: strconv.Itoa(i)})
	}
	sink := make([]bool, n)
	for k, i := range place {
		var before []int
		for _, p := range place[:k] {
			if !sink[p] {
				before = append(before, p)
			}
		}
		d.sizes[i] = rapid.Int64Range(0, 1000).Draw(t, "rows")
		inputs := rapid.IntRange(0, min(2, len(before))).Draw(t, "inputs")
		for in := range inputs {
			from := rapid.SampledFrom(before).Draw(t, "from")
			d.edges = append(d.edges, job.Edge{From: strconv.Itoa(from), To: strconv.Itoa(i)})
			if in == 0 && rapid.Bool().Draw(t, "same rows") {
				d.same[i], d.sizes[i] = true, d.sizes[from]
			}
		}
		if inputs == 1 && rapid.Bool().Draw(t, "sink") {
			sink[i], d.same[i], d.steps[i].Kind = true, true, "sink"
			d.sizes[i] = d.sizes[slices.IndexFunc(d.steps, func(s job.Step) bool { return s.ID == d.edges[len(d.edges)-1].From })]
		}
	}
	return d
}

func seq(n int) []int {
	s := make([]int, n)
	for i := range s {
		s[i] = i
	}
	return s
}

// TestEveryNodeIsComputedAndCountedOnce walks random pipelines as run.all does,
// with numbers in the place of statements.
func TestEveryNodeIsComputedAndCountedOnce(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		d := draw(t)
		p, err := newPlan(d.steps, d.edges, func(kind string) bool { return kind == "sink" })
		if err != nil {
			t.Fatal(err)
		}
		w := walk{t: t, d: d, p: p, traits: make([]traits, len(d.steps)), counted: map[int]int64{}}
		for _, i := range p.order {
			w.traits[i].sameRows = d.same[i]
			if d.steps[i].Kind == "sink" {
				w.execute(i)
				continue
			}
			w.traits[i].counted = len(p.inputs[i]) == 0
			for _, in := range p.untold(i, w.traits) {
				w.execute(in)
			}
			if p.shared(i) {
				w.execute(i)
			}
		}
		for i, size := range d.sizes {
			if got, told := w.counted[i]; !told || got != size {
				t.Fatalf("node %d has %d rows (told %v), want %d", i, got, told, size)
			}
		}
	})
}

type walk struct {
	t       *rapid.T
	d       drawn
	p       plan
	traits  []traits
	counted map[int]int64
}

func (w *walk) execute(last int) {
	if w.traits[last].kept {
		return // named twice as an input
	}
	members, scanned := w.p.stage(last, w.traits), map[int]int64{}
	for k, m := range members {
		if _, twice := w.counted[m]; twice {
			w.t.Fatalf("node %d is computed twice", m)
		}
		if w.traits[m].counted || w.d.same[m] && w.traits[w.p.inputs[m][0]].kept {
			scanned[m] = w.d.sizes[m]
		}
		for _, in := range w.p.inputs[m] {
			if !w.traits[in].kept && !slices.Contains(members[:k], in) {
				w.t.Fatalf("node %d comes before its input %d", m, in)
			}
		}
	}
	maps.Copy(w.counted, w.p.counts(members, w.d.sizes[last], scanned, w.traits))
	if w.d.steps[last].Kind != "sink" {
		w.traits[last] = traits{kept: true}
	}
}

func TestPlanRefusesWhatIsNoGraph(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		ids   []string
		edges []job.Edge
	}{
		"circle":       {[]string{"a", "b"}, []job.Edge{{From: "a", To: "b"}, {From: "b", To: "a"}}},
		"own input":    {[]string{"a"}, []job.Edge{{From: "a", To: "a"}}},
		"unknown end":  {[]string{"a"}, []job.Edge{{From: "a", To: "x"}}},
		"one id twice": {[]string{"a", "a"}, nil},
	} {
		var steps []job.Step
		for _, id := range tc.ids {
			steps = append(steps, job.Step{ID: id})
		}
		if _, err := newPlan(steps, tc.edges, func(string) bool { return false }); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestSinksComeLate(t *testing.T) {
	t.Parallel()
	steps := []job.Step{{ID: "a"}, {ID: "x", Kind: "sink"}, {ID: "b"}, {ID: "y", Kind: "sink"}}
	p, err := newPlan(steps, []job.Edge{{From: "a", To: "x"}, {From: "b", To: "y"}}, func(kind string) bool { return kind == "sink" })
	if err != nil || !slices.Equal(p.order, []int{0, 2, 1, 3}) {
		t.Errorf("%v %v", p.order, err)
	}
}

// TestAgendaKeepsToThePlan takes the nodes of random pipelines several at once, and
// ends them in any order.
func TestAgendaKeepsToThePlan(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		d := draw(t)
		p, err := newPlan(d.steps, d.edges, func(kind string) bool { return kind == "sink" })
		if err != nil {
			t.Fatal(err)
		}
		sink := func(i int) bool { return d.steps[i].Kind == "sink" }
		early := rapid.SliceOfN(rapid.Bool(), len(d.steps), len(d.steps)).Draw(t, "early")
		database := make([][]string, len(d.steps))
		for i := range database {
			database[i] = rapid.SampledFrom([][]string{nil, nil, {"a"}, {"b"}, {"a", "b"}}).Draw(t, "database")
			early[i] = early[i] && database[i] == nil
		}
		a := newAgenda(p, func(i int) bool { return early[i] }, sink, func(i int) []string { return database[i] })
		taken, ended := make([]bool, len(d.steps)), make([]bool, len(d.steps))
		var atWork []int
		for {
			for i, ready := a.take(); ready; i, ready = a.take() {
				if taken[i] || slices.ContainsFunc(p.inputs[i], func(in int) bool { return !ended[in] }) {
					t.Fatalf("node %d is taken again, or before its inputs %v", i, p.inputs[i])
				}
				for other := range d.steps {
					if sink(i) && a.before[other] && !ended[other] {
						t.Fatalf("sink %d does not wait for node %d", i, other)
					}
				}
				for _, other := range atWork {
					if slices.ContainsFunc(database[i], func(path string) bool { return slices.Contains(database[other], path) }) {
						t.Fatalf("nodes %d and %d are at work on one database", i, other)
					}
				}
				taken[i] = true
				atWork = append(atWork, i)
			}
			if len(atWork) == 0 {
				break
			}
			k := rapid.IntRange(0, len(atWork)-1).Draw(t, "end")
			ended[atWork[k]] = true
			a.done(atWork[k])
			atWork = slices.Delete(atWork, k, k+1)
		}
		if slices.Contains(ended, false) {
			t.Fatalf("not all nodes are done: %v", ended)
		}
	})
}
