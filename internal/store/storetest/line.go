package storetest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/pipelines"
	"github.com/broked/broked/internal/runs"
)

// limited returns a saved pipeline that change has been made to.
func limited(t *testing.T, b Backend, name string, change func(d *pipelines.Document)) pipelines.Document {
	t.Helper()
	d := document(name)
	change(&d)
	must(t, b.InsertPipeline(t.Context(), pipelines.Version{Document: d, Message: "created"}))
	return d
}

// urgent returns a run that is in the store and waits, with a priority.
func urgent(t *testing.T, b Backend, d pipelines.Document, priority int) runs.ID {
	t.Helper()
	r := newRun(d)
	r.Priority = priority
	must(t, b.InsertRun(t.Context(), r))
	return r.ID
}

func next(t *testing.T, b Backend) runs.Claim {
	t.Helper()
	c, err := b.ClaimNext(t.Context(), "", "me", noon)
	must(t, err)
	return c
}

func wantNone(t *testing.T, b Backend) {
	t.Helper()
	_, err := b.ClaimNext(t.Context(), "", "me", noon)
	wantKind(t, err, fault.Conflict, "no_run")
}

func succeeded(t *testing.T, b Backend, c runs.Claim) {
	t.Helper()
	must(t, b.FinishRun(t.Context(), c.Run.ID, c.Fence, runs.Outcome{Status: runs.Success, At: after(10)}, nil))
}

// testOrder: higher priority first, and the older of equal ones.
func testOrder(t *testing.T, b Backend) {
	d := saved(t, b, "Sales")
	var want []runs.ID
	for _, priority := range []int{0, 5, 0, -3, 5} {
		want = append(want, urgent(t, b, d, priority))
	}
	want = []runs.ID{want[1], want[4], want[0], want[2], want[3]}
	for i, run := range want {
		if c := next(t, b); c.Run.ID != run {
			t.Errorf("number %d is %s with priority %d, want %s", i, c.Run.ID, c.Run.Priority, run)
		}
	}
	wantNone(t, b)
}

func testMostRuns(t *testing.T, b Backend) {
	ctx := t.Context()
	d := limited(t, b, "Sales", func(d *pipelines.Document) { d.MaxActiveRuns = 2 })
	for range 4 {
		pending(t, b, d)
	}
	first, second := next(t, b), next(t, b)
	wantNone(t, b)
	line, err := b.Line(ctx, runs.Place{Pipeline: d.ID})
	must(t, err)
	wantSame(t, "line", line, runs.Line{Most: 2, UnderWay: 2, Slots: -1, AllActive: 2})

	// One that waits has begun: the two would be under way with a third.
	must(t, b.WaitRun(ctx, first.Run.ID, first.Fence, after(5), nil))
	wantNone(t, b)
	must(t, b.NoteLook(ctx, first.Run.ID, runs.Look{At: after(6)}))
	if again := next(t, b); again.Run.ID != first.Run.ID {
		t.Error("a run that has begun does not go on")
	}
	wantNone(t, b)
	before := queued(t, b)
	succeeded(t, b, second)
	if n := queued(t, b) - before; n != 1 {
		t.Errorf("%d entries for the run that waited", n)
	}
	next(t, b)
	wantNone(t, b)

	d.MaxActiveRuns, d.Version = 3, 2
	before = queued(t, b)
	must(t, b.AppendVersion(ctx, pipelines.Version{Document: d}))
	if n := queued(t, b) - before; n != 1 {
		t.Errorf("%d entries after there was room for one more", n)
	}
	next(t, b)
	wantNone(t, b)
}

func testPools(t *testing.T, b Backend) {
	ctx := t.Context()
	d := document("Lost")
	d.Pool = "warehouse"
	wantKind(t, b.InsertPipeline(ctx, pipelines.Version{Document: d}), fault.Conflict, "pool_not_found")
	p := runs.Pool{Name: "warehouse", Slots: 1, Description: "One query at a time", CreatedAt: noon}
	must(t, b.InsertPool(ctx, p))
	wantKind(t, b.InsertPool(ctx, p), fault.Conflict, "pool_exists")
	there, err := b.HasPool(ctx, "warehouse")
	must(t, err)
	if !there {
		t.Error("the pool is not there")
	}
	in := func(d *pipelines.Document) { d.Pool = "warehouse" }
	sales, stock := limited(t, b, "Sales", in), limited(t, b, "Stock", in)
	pending(t, b, sales)
	waits := pending(t, b, stock)
	free := pending(t, b, saved(t, b, "Free"))
	c := next(t, b)
	if c.Run.Pool != "warehouse" {
		t.Errorf("the run is in pool %q", c.Run.Pool)
	}
	if other := next(t, b); other.Run.ID != free {
		t.Error("a run of no pool waits for one")
	}
	wantNone(t, b)
	_, err = b.ClaimRun(ctx, waits, "me", noon)
	wantKind(t, err, fault.Conflict, "run_held")
	line, err := b.Line(ctx, runs.Place{Pipeline: stock.ID, Pool: "warehouse"})
	must(t, err)
	wantSame(t, "line", line, runs.Line{Slots: 1, Used: 1, Users: []string{"Sales"}, AllActive: 2})
	all, err := b.Pools(ctx)
	must(t, err)
	p.Used, p.Pending = 1, 1
	wantSame(t, "pools", all, []runs.Pool{p})
	wantKind(t, b.DeletePool(ctx, "warehouse"), fault.Conflict, "pool_in_use")
	wantKind(t, b.DeletePool(ctx, "nothing"), fault.NotFound, "pool_not_found")
	_, err = b.ChangePool(ctx, runs.Pool{Name: "nothing"})
	wantKind(t, err, fault.NotFound, "pool_not_found")

	// A run that waits for something else holds no slot of a pool.
	must(t, b.WaitRun(ctx, c.Run.ID, c.Fence, after(5), nil))
	next(t, b)
	before := queued(t, b)
	pending(t, b, sales)
	if queued(t, b) != before {
		t.Error("a run that must not start is in the queue")
	}
	p.Slots = 2
	changed, err := b.ChangePool(ctx, p)
	must(t, err)
	if changed.Used != 1 || queued(t, b) != before+1 {
		t.Errorf("the pool is %+v, and there are %d entries more", changed, queued(t, b)-before)
	}
	next(t, b)
	for _, d := range []*pipelines.Document{&sales, &stock} {
		d.Pool, d.Version = "", 2
		must(t, b.AppendVersion(ctx, pipelines.Version{Document: *d}))
	}
	must(t, b.DeletePool(ctx, "warehouse"))
}

func testOverlap(t *testing.T, b Backend) {
	ctx := t.Context()
	d := limited(t, b, "Sales", func(d *pipelines.Document) { d.Overlap = pipelines.OverlapSkip })
	first := pending(t, b, d)
	wantKind(t, b.InsertRun(ctx, newRun(d)), fault.Conflict, runs.CodeActive)
	fired, _, err := b.FireDue(ctx, noon.Add(24*time.Hour))
	must(t, err)
	all, err := b.Runs(ctx, runs.Filter{Pipeline: d.ID, Page: pipelines.Page{Limit: 10}})
	must(t, err)
	if fired != 1 || len(all) != 2 || all[0].Status != runs.Blocked || all[0].ErrorCode != runs.CodeActive || all[0].FinishedAt == nil {
		t.Fatalf("%d ticks, and the runs are %+v", fired, all)
	}
	if told := events(t, b, all[0].ID); len(told) != 1 || !told[0].Ends() {
		t.Errorf("the skipped run told %+v", told)
	}
	if c := next(t, b); c.Run.ID != first {
		t.Error("the skipped run started")
	}
	wantNone(t, b)

	d = limited(t, b, "Stock", func(d *pipelines.Document) { d.Overlap = pipelines.OverlapCancel })
	first = pending(t, b, d)
	second := pending(t, b, d)
	status := func(run runs.ID) runs.Status {
		r, err := b.Run(ctx, run)
		must(t, err)
		return r.Status
	}
	if status(first) != runs.Cancelled {
		t.Errorf("the older run is %s", status(first))
	}
	c := next(t, b)
	if c.Run.ID != second {
		t.Errorf("%s started", c.Run.ID)
	}
	third := pending(t, b, d)
	wantNone(t, b)
	asked, err := b.CancelRequested(ctx, second)
	must(t, err)
	if !asked {
		t.Error("nobody asked the running run to end")
	}
	must(t, b.FinishRun(ctx, second, c.Fence, runs.Outcome{Status: runs.Cancelled, At: after(5)}, nil))
	if c := next(t, b); c.Run.ID != third {
		t.Errorf("%s started", c.Run.ID)
	}
}

// model drives a store with random events and knows what must hold after each.
type model struct {
	t         *testing.T
	b         Backend
	dice      *rand.Rand
	pipelines []pipelines.Document
	most      map[pipelines.ID]int
	slots     map[string]int
	known     []runs.ID
	claims    []runs.Claim
	final     map[runs.ID]runs.Status
	boot      int
}

// testSlotsAreKept: whatever happens in whatever order, there are never more runs than
// slots, no slot stays taken by nobody, no run is lost, and what has ended has.
func testSlotsAreKept(t *testing.T, b Backend) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	m := &model{
		t: t, b: b, dice: rand.New(rand.NewPCG(seed, 1)),
		most: map[pipelines.ID]int{}, slots: map[string]int{"": 1000, "p": 2, "q": 1}, final: map[runs.ID]runs.Status{},
	}
	for name, slots := range m.slots {
		if name != "" {
			must(t, b.InsertPool(t.Context(), runs.Pool{Name: name, Slots: slots, CreatedAt: noon}))
		}
	}
	for i, c := range []struct {
		most    int
		overlap pipelines.Overlap
		pool    string
		label   string
	}{{0, "", "", ""}, {1, "", "p", ""}, {2, "", "p", "gpu"}, {0, "skip", "q", "gpu"}, {2, "cancel_previous", "q", ""}, {3, "queue", "", "far"}} {
		d := limited(t, b, fmt.Sprint("P", i), func(d *pipelines.Document) {
			d.Schedule, d.MaxActiveRuns, d.Overlap, d.Pool, d.Label = "", c.most, c.overlap, c.pool, c.label
		})
		m.pipelines = append(m.pipelines, d)
		m.most[d.ID] = d.MostRuns()
	}
	acts := []func(){m.trigger, m.trigger, m.trigger, m.work, m.work, m.work, m.finish, m.finish, m.suspend, m.look, m.putBack, m.cancel}
	for i := range 300 {
		acts[m.dice.IntN(len(acts))]()
		if m.dice.IntN(60) == 0 {
			m.crash()
		}
		m.check(i)
	}
	for m.drain("") { // nobody has a label for a while, which is nothing to runs without one
		m.check(-1)
	}
	if c, err := b.ClaimNext(t.Context(), "", "me", noon); fault.CodeOf(err) != "no_run" {
		t.Errorf("run %s without a label may start, and there is no entry for it: %v", c.Run.ID, err)
	}
	for m.drain("", "gpu", "far") {
		m.check(-1)
	}
	for _, run := range m.known {
		if r := m.run(run); !r.Status.Final() {
			t.Errorf("run %s is %s for ever", run, r.Status)
		}
	}
}

func (m *model) run(id runs.ID) runs.Run {
	r, err := m.b.Run(m.t.Context(), id)
	must(m.t, err)
	return r
}

func (m *model) trigger() {
	r := newRun(m.pipelines[m.dice.IntN(len(m.pipelines))])
	r.Priority = m.dice.IntN(3)
	switch err := m.b.InsertRun(m.t.Context(), r); {
	case err == nil:
		m.known = append(m.known, r.ID)
	case fault.CodeOf(err) != runs.CodeActive:
		m.t.Fatal(err)
	}
}

// work takes an entry from the queue, as a worker does, and whatever that is for.
func (m *model) work() {
	label := []string{"", "gpu", "far"}[m.dice.IntN(3)]
	if m.entry(label) {
		m.claim(label)
	}
}

func (m *model) entry(label string) bool {
	queue := "default"
	if label != "" {
		queue = "on-" + label
	}
	res, err := m.b.DB.Writer().ExecContext(m.t.Context(), `DELETE FROM river_job WHERE id = (SELECT min(id) FROM river_job WHERE queue = ?1)`, queue)
	must(m.t, err)
	n, err := res.RowsAffected()
	must(m.t, err)
	return n > 0
}

func (m *model) claim(label string) {
	c, err := m.b.ClaimNext(m.t.Context(), label, fmt.Sprint("boot ", m.boot), noon)
	if fault.CodeOf(err) == "no_run" {
		return
	}
	must(m.t, err)
	if c.Run.Label != label {
		m.t.Fatalf("run %s has the label %q, and was given to a process for %q", c.Run.ID, c.Run.Label, label)
	}
	m.claims = append(m.claims, c)
}

// taken returns a claim that nobody else will be given.
func (m *model) taken() (c runs.Claim, ok bool) {
	if len(m.claims) == 0 {
		return c, false
	}
	i := m.dice.IntN(len(m.claims))
	c = m.claims[i]
	m.claims = slices.Delete(m.claims, i, i+1)
	return c, true
}

func (m *model) finish() {
	if c, ok := m.taken(); ok {
		to := []runs.Status{runs.Success, runs.Failed}[m.dice.IntN(2)]
		if asked, err := m.b.CancelRequested(m.t.Context(), c.Run.ID); err == nil && asked {
			to = runs.Cancelled
		}
		must(m.t, m.b.FinishRun(m.t.Context(), c.Run.ID, c.Fence, runs.Outcome{Status: to, At: noon}, nil))
	}
}

func (m *model) suspend() {
	if c, ok := m.taken(); ok {
		must(m.t, m.b.WaitRun(m.t.Context(), c.Run.ID, c.Fence, noon, nil))
	}
}

func (m *model) look() {
	due, _, err := m.b.DueRuns(m.t.Context(), noon, 1)
	must(m.t, err)
	for _, w := range due {
		must(m.t, m.b.NoteLook(m.t.Context(), w.Run.ID, runs.Look{At: noon}))
	}
}

func (m *model) putBack() {
	if c, ok := m.taken(); ok {
		must(m.t, m.b.PutBackRun(m.t.Context(), c.Run.ID, c.Fence, noon))
	}
}

func (m *model) cancel() {
	if len(m.known) == 0 {
		return
	}
	_, err := m.b.CancelRun(m.t.Context(), m.known[m.dice.IntN(len(m.known))], noon)
	if err != nil && fault.KindOf(err) != fault.Conflict {
		m.t.Fatal(err)
	}
}

// crash is a server that is gone, and another that starts.
func (m *model) crash() {
	m.boot++
	m.claims = nil
	_, err := m.b.Recover(m.t.Context(), fmt.Sprint("boot ", m.boot), noon)
	must(m.t, err)
}

// drain does what is left to do by processes that have labels, and reports whether there
// was anything. Nothing but entries of the queue starts runs, so that a lost one shows.
func (m *model) drain(labels ...string) bool {
	before := len(m.claims)
	m.look()
	took := false
	for _, label := range labels {
		if m.entry(label) {
			took = true
			m.claim(label)
		}
	}
	m.finish()
	due, _, err := m.b.DueRuns(m.t.Context(), noon, 1)
	must(m.t, err)
	return took || before > 0 || len(due) > 0
}

// check compares the record with what must always hold.
func (m *model) check(step int) {
	m.t.Helper()
	under, used := map[pipelines.ID]int{}, map[string]int{}
	for _, id := range m.known {
		if _, ended := m.final[id]; ended && step%25 != 0 {
			continue
		}
		r := m.run(id)
		if was, ended := m.final[id]; ended && was != r.Status {
			m.t.Fatalf("step %d: run %s was %s and is %s", step, id, was, r.Status)
		}
		if r.Status.Final() {
			m.final[id] = r.Status
			continue
		}
		if r.StartedAt != nil {
			under[r.Pipeline]++
		}
		if r.Status == runs.Running {
			used[r.Pool]++
			if !slices.ContainsFunc(m.claims, func(c runs.Claim) bool { return c.Run.ID == id }) {
				m.t.Fatalf("step %d: nobody works on run %s", step, id)
			}
		}
	}
	for pipeline, n := range under {
		if most := m.most[pipeline]; most > 0 && n > most {
			m.t.Fatalf("step %d: %d of %d runs of a pipeline are under way", step, n, most)
		}
	}
	for pool, n := range used {
		if n > m.slots[pool] {
			m.t.Fatalf("step %d: %d of %d slots of pool %q are used", step, n, m.slots[pool], pool)
		}
	}
}
