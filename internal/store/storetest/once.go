package storetest

import (
	"testing"

	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/pipelines"
	"github.com/broked/broked/internal/runs"
)

// testOnce: a request that comes again starts no other run, however many come at once.
func testOnce(t *testing.T, b Backend) {
	ctx := t.Context()
	d := saved(t, b, "Sales")
	once := runs.Once{Scope: "default ada", Key: "k", Request: "this"}
	first := newRun(d)
	before, err := b.InsertRunOnce(ctx, once, first)
	must(t, err)
	if before != "" {
		t.Errorf("%s was there before the first request", before)
	}
	same, errs := atOnce(8, func(int) error {
		before, err := b.InsertRunOnce(ctx, once, newRun(d))
		if err == nil && before != first.ID {
			err = fault.New(fault.Internal, "started %s", before)
		}
		return err
	})
	if same != 8 {
		t.Error(errs)
	}
	_, err = b.InsertRunOnce(ctx, runs.Once{Scope: once.Scope, Key: "k", Request: "that"}, newRun(d))
	wantKind(t, err, fault.Conflict, "idempotency_key_reused")
	for name, other := range map[string]runs.Once{
		"another caller": {Scope: "default bob", Key: "k", Request: "this"},
		"another key":    {Scope: once.Scope, Key: "l", Request: "this"},
		"no key":         {},
	} {
		if before, err := b.InsertRunOnce(ctx, other, newRun(d)); err != nil || before != "" {
			t.Errorf("%s: %s, %v", name, before, err)
		}
	}
	later := newRun(d)
	later.CreatedAt = noon.Add(runs.KeyLife)
	before, err = b.InsertRunOnce(ctx, runs.Once{Scope: once.Scope, Key: "k", Request: "that"}, later)
	must(t, err)
	if before != "" {
		t.Error("a key is remembered for longer than a day")
	}
	var kept int
	must(t, b.DB.Writer().QueryRowContext(ctx, `SELECT count(*) FROM idempotency_keys`).Scan(&kept))
	if kept != 1 {
		t.Errorf("%d keys are kept", kept)
	}
}

// testRunsTogether starts runs from many sides at once, which may be one transaction: what
// is refused to some of them must not concern the others.
func testRunsTogether(t *testing.T, b Backend) {
	d := saved(t, b, "Sales")
	skipping := document("Alone")
	skipping.MaxActiveRuns, skipping.Overlap = 1, pipelines.OverlapSkip
	must(t, b.InsertPipeline(t.Context(), pipelines.Version{Document: skipping}))
	once := runs.Once{Scope: "user:1", Key: "k", Request: "this"}
	won, errs := atOnce(24, func(i int) error {
		r, o := newRun(d), runs.Once{}
		switch i % 4 {
		case 1:
			o = once
		case 2:
			r.PipelineVersion = 7 // which is not there
		case 3:
			r = newRun(skipping)
		}
		_, err := b.InsertRunOnce(t.Context(), o, r)
		return err
	})
	refused := map[fault.Kind]int{}
	for _, err := range errs {
		refused[fault.KindOf(err)]++
	}
	wantSame(t, "accepted", won, 6+6+1)
	wantSame(t, "refused", refused, map[fault.Kind]int{fault.NotFound: 6, fault.Conflict: 5})
	wantSame(t, "in the queue", queued(t, b), 6+1+1)
	for p, want := range map[pipelines.ID]int{d.ID: 6 + 1, skipping.ID: 1} {
		n, err := b.CountRuns(t.Context(), runs.Filter{Pipeline: p})
		must(t, err)
		wantSame(t, "runs", n, want)
	}
}
