package storetest

import (
	"strconv"
	"testing"
	"time"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/fault"
)

// add stores an account with a role.
func add(t *testing.T, b Backend, name string, role auth.Role) auth.User {
	t.Helper()
	u := user(name)
	u.Role = role
	must(t, b.InsertUser(t.Context(), u, false))
	return u
}

func updated(apply func(*auth.User)) auth.UserChange {
	return auth.UserChange{Event: "user_updated", Apply: func(u *auth.User) error { apply(u); return nil }}
}

func lowered(u *auth.User) { u.Role = auth.Viewer }

func disabled(u *auth.User) { u.Disabled = true }

func testChangeUser(t *testing.T, b Backend) {
	ctx := t.Context()
	add(t, b, "root", auth.Superadmin)
	ada := add(t, b, "ada", auth.Admin)
	s := session(ada, noon)
	must(t, b.InsertSession(ctx, s, ""))
	for range auth.MaxFailures {
		wrong(t, b, auth.AttemptKey(ada.ID), noon)
		wrong(t, b, auth.AttemptKey(ada.ID)+" device", noon)
		wrong(t, b, auth.AttemptKey(ada.ID)+"x", noon)
	}
	_, err := b.ChangeUser(ctx, ada.ID, auth.UserChange{Event: "user_updated", Apply: func(u *auth.User) error {
		u.Role = auth.Viewer
		return fault.New(fault.Denied, "no")
	}})
	if fault.KindOf(err) != fault.Denied {
		t.Errorf("a change that was refused: error %v", err)
	}
	wantLocked(t, "locked", wrong(t, b, auth.AttemptKey(ada.ID), noon), auth.LockWindow)

	want := ada
	term := noon.Add(time.Hour)
	want.Role, want.Hash, want.Epoch, want.MustChange, want.MustChangeBy, want.LastLogin = auth.Editor, "new", 2, true, &term, &noon
	got, err := b.ChangeUser(ctx, ada.ID, auth.UserChange{Event: "admin_password_reset", Unlock: true, Apply: func(u *auth.User) error {
		u.Role, u.Hash, u.Epoch, u.MustChangeBy = auth.Editor, "new", 2, &term
		return nil
	}})
	must(t, err)
	wantSame(t, "changed", got, want)
	got, err = b.User(ctx, ada.ID)
	must(t, err)
	wantSame(t, "as read", got, want)
	if _, _, err := b.SessionUser(ctx, s.ID, noon, ""); fault.KindOf(err) != fault.NotFound {
		t.Errorf("a session of the epoch before: error %v", err)
	}
	wantLocked(t, "unlocked", wrong(t, b, auth.AttemptKey(ada.ID), noon), 0)
	wantLocked(t, "a device, unlocked", wrong(t, b, auth.AttemptKey(ada.ID)+" device", noon), 0)
	wantLocked(t, "another account", wrong(t, b, auth.AttemptKey(ada.ID)+"x", noon), auth.LockWindow)
	wantEvents(t, "resets", audited(t, b, auth.AuditFilter{Target: string(ada.ID), Event: "admin_password_reset"}), "admin_password_reset")
	wantEvents(t, "locks, of the account and of its device", audited(t, b, auth.AuditFilter{Target: string(ada.ID), Event: "authn_login_lock"}),
		"authn_login_lock", "authn_login_lock")
	_, err = b.ChangeUser(ctx, "nobody", updated(lowered))
	wantKind(t, err, fault.NotFound, "user_not_found")
}

func testDeleteUser(t *testing.T, b Backend) {
	ctx := t.Context()
	add(t, b, "root", auth.Superadmin)
	bob := add(t, b, "bob", auth.Viewer)
	s := session(bob, noon)
	must(t, b.InsertSession(ctx, s, ""))
	refuse := func(auth.User) error { return fault.New(fault.Denied, "no") }
	allow := func(auth.User) error { return nil }
	wantKind(t, b.DeleteUser(ctx, bob.ID, refuse), fault.Denied, "permission_denied")
	must(t, b.DeleteUser(ctx, bob.ID, allow))
	wantKind(t, b.DeleteUser(ctx, bob.ID, allow), fault.NotFound, "user_not_found")
	again := add(t, b, "bob", auth.Viewer)
	if _, u, err := b.SessionUser(ctx, s.ID, noon, ""); fault.KindOf(err) != fault.NotFound {
		t.Errorf("a session of a deleted account is that of %v (%v now)", u.ID, again.ID)
	}
}

func testLastAdmin(t *testing.T, b Backend) {
	ctx := t.Context()
	allow := func(auth.User) error { return nil }
	ada, eve := add(t, b, "ada", auth.Admin), add(t, b, "eve", auth.Admin)
	_, err := b.ChangeUser(ctx, eve.ID, updated(disabled))
	must(t, err)
	kept := func(what string, u auth.User) {
		t.Helper()
		for _, change := range []func(*auth.User){lowered, disabled} {
			_, err := b.ChangeUser(ctx, u.ID, updated(change))
			wantKind(t, err, fault.Conflict, "last_admin")
		}
		wantKind(t, b.DeleteUser(ctx, u.ID, allow), fault.Conflict, "last_admin")
		if got, err := b.User(ctx, u.ID); err != nil || got.Role != u.Role || got.Disabled {
			t.Errorf("%s: account %+v, error %v", what, got, err)
		}
	}
	kept("the last active admin", ada)
	must(t, b.DeleteUser(ctx, eve.ID, allow)) // disabled: nobody needs it

	raised, err := b.ChangeUser(ctx, ada.ID, updated(func(u *auth.User) { u.Role = auth.Superadmin }))
	must(t, err)
	bob := add(t, b, "bob", auth.Admin)
	kept("the last superadmin, beside an admin", raised)
	_, err = b.ChangeUser(ctx, bob.ID, updated(lowered))
	must(t, err) // a superadmin is left
	second := add(t, b, "second", auth.Superadmin)
	_, err = b.ChangeUser(ctx, raised.ID, updated(lowered))
	must(t, err)
	kept("the second superadmin, when the first is lowered", second)
}

// testParallelDemotion checks that of two last admins who lower each other at
// once, one stays.
func testParallelDemotion(t *testing.T, b Backend) {
	for round := range 10 {
		pair := []auth.User{add(t, b, "a"+strconv.Itoa(round), auth.Superadmin), add(t, b, "b"+strconv.Itoa(round), auth.Superadmin)}
		won, errs := atOnce(2, func(i int) error {
			_, err := b.ChangeUser(t.Context(), pair[i].ID, updated(lowered))
			return err
		})
		if won != 1 {
			t.Fatalf("%d of two last superadmins were lowered", won)
		}
		wantKind(t, errs[0], fault.Conflict, "last_admin")
		_, err := b.DB.Writer().ExecContext(t.Context(), `DELETE FROM users`)
		must(t, err)
	}
}

func testSessionLists(t *testing.T, b Backend) {
	ctx := t.Context()
	ada, bob := add(t, b, "ada", auth.Admin), add(t, b, "bob", auth.Viewer)
	old, kept, others := session(ada, noon), session(ada, noon.Add(time.Minute)), session(bob, noon)
	for _, s := range []auth.Session{old, kept, others} {
		must(t, b.InsertSession(ctx, s, ""))
	}
	info := func(s auth.Session, seen *time.Time) auth.SessionInfo {
		return auth.SessionInfo{
			ID: s.ID, User: s.User, Username: "ada", CreatedAt: s.CreatedAt, ExpiresAt: s.ExpiresAt, LastSeen: seen, Address: s.Address, Agent: s.Agent,
		}
	}
	first := noon.Add(2 * time.Minute)
	must(t, b.TouchSession(ctx, old.ID, first, time.Minute))
	must(t, b.TouchSession(ctx, old.ID, first.Add(59*time.Second), time.Minute))
	all, err := b.Sessions(ctx, ada.ID, noon)
	must(t, err)
	wantSame(t, "sessions", all, []auth.SessionInfo{info(kept, nil), info(old, &first)})
	next := first.Add(time.Minute)
	must(t, b.TouchSession(ctx, old.ID, next, time.Minute))
	read, _, err := b.SessionUser(ctx, old.ID, noon, "")
	must(t, err)
	old.LastSeen = &next
	wantSame(t, "a session that was seen twice", read, old)
	all, err = b.Sessions(ctx, ada.ID, old.ExpiresAt)
	must(t, err)
	wantSame(t, "those that have not expired", all, []auth.SessionInfo{info(kept, nil)})

	n, err := b.EndOtherSessions(ctx, ada.ID, kept.ID)
	must(t, err)
	again, err := b.EndOtherSessions(ctx, ada.ID, kept.ID)
	must(t, err)
	if n != 1 || again != 0 {
		t.Errorf("%d and then %d sessions ended, want 1 and 0", n, again)
	}
	for _, s := range []auth.Session{kept, others} {
		_, _, err := b.SessionUser(ctx, s.ID, noon, "")
		must(t, err)
	}
	wantEvents(t, "events", audited(t, b, auth.AuditFilter{Event: "sessions_revoked_all"}), "sessions_revoked_all")
}
