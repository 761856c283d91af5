package storetest

import (
	"testing"

	"github.com/broked/broked/internal/fault"
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
