package storetest

import (
	"errors"
	"testing"

	"github.com/broked/broked/internal/auth"
)

func testRotateSigning(t *testing.T, b Backend) {
	ctx := t.Context()
	ada, bob := add(t, b, "ada", auth.Admin), add(t, b, "bob", auth.Viewer)
	for _, u := range []auth.User{ada, ada, bob} {
		must(t, b.InsertSession(ctx, session(u, noon), ""))
	}
	sessions := func(what string, u auth.User, want int) {
		t.Helper()
		if all, err := b.Sessions(ctx, u.ID, noon); err != nil || len(all) != want {
			t.Errorf("%s: %d sessions of %s, error %v; want %d", what, len(all), u.Name, err, want)
		}
	}
	records := func(want ...string) {
		t.Helper()
		wantEvents(t, "rotations", audited(t, b, auth.AuditFilter{Event: "key_rotated"}), want...)
	}
	done := func() error { return nil }
	ended, err := b.RotateSigning(ctx, false, done)
	must(t, err)
	if ended != 0 {
		t.Errorf("%d sessions ended", ended)
	}
	sessions("rotated", ada, 2)
	records("key_rotated")

	full := errors.New("the disk is full")
	if ended, err := b.RotateSigning(ctx, true, func() error { return full }); !errors.Is(err, full) || ended != 0 {
		t.Errorf("a change that fails: %d ended, error %v", ended, err)
	}
	sessions("not rotated", ada, 2)
	records("key_rotated")

	ended, err = b.RotateSigning(ctx, true, done)
	must(t, err)
	if ended != 3 {
		t.Errorf("%d sessions ended, want 3", ended)
	}
	sessions("revoked", ada, 0)
	sessions("revoked", bob, 0)
	records("key_rotated", "key_rotated")
}
