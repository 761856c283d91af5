package storetest

import (
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/id"
)

func testAccounts(t *testing.T, b Backend) {
	ctx := t.Context()
	done, n, err := b.SetupState(ctx)
	if done || n != 0 || err != nil {
		t.Errorf("an empty store has setup state %v, %d, %v", done, n, err)
	}
	bob, ada := user("Bob"), user("ada")
	must(t, b.InsertUser(ctx, bob, true))
	must(t, b.InsertUser(ctx, ada, false))
	wantKind(t, b.InsertUser(ctx, user("BOB"), false), fault.Conflict, "user_exists")

	got, err := b.UserByName(ctx, auth.Canonical("bOb"))
	must(t, err)
	wantSame(t, "user by name", got, bob)
	got, err = b.User(ctx, bob.ID)
	must(t, err)
	wantSame(t, "user by id", got, bob)
	_, err = b.User(ctx, "nobody")
	wantKind(t, err, fault.NotFound, "user_not_found")
	_, err = b.UserByName(ctx, "carl")
	wantKind(t, err, fault.NotFound, "user_not_found")
	all, err := b.Users(ctx)
	must(t, err)
	wantSame(t, "users", all, []auth.User{ada, bob})

	_, err = b.DB.Writer().ExecContext(ctx, `DELETE FROM users`)
	must(t, err)
	done, n, err = b.SetupState(ctx)
	if !done || n != 0 || err != nil {
		t.Errorf("without its accounts the store has setup state %v, %d, %v; setup must stay done", done, n, err)
	}
	wantKind(t, b.InsertUser(ctx, user("eve"), true), fault.Conflict, "setup_done")
}

func testFirstAccount(t *testing.T, b Backend) {
	won, errs := atOnce(50, func(i int) error { return b.InsertUser(t.Context(), user("u"+strconv.Itoa(i)), true) })
	if won != 1 {
		t.Errorf("%d first accounts, want 1", won)
	}
	for _, err := range errs {
		wantKind(t, err, fault.Conflict, "setup_done")
	}
	if _, n, err := b.SetupState(t.Context()); n != 1 || err != nil {
		t.Errorf("%d accounts, error %v; want 1", n, err)
	}
}

func session(u auth.User, began time.Time) auth.Session {
	return auth.Session{
		ID: auth.SessionID(id.New()), User: u.ID, Epoch: u.Epoch, CreatedAt: began, ExpiresAt: began.Add(time.Hour), Address: "127.0.0.1", Agent: "test",
		Workspace: auth.DefaultWorkspace,
	}
}

func testSessions(t *testing.T, b Backend) {
	ctx := t.Context()
	u := user("ada")
	must(t, b.InsertUser(ctx, u, true))
	s := session(u, noon)
	must(t, b.InsertSession(ctx, s, "key"))
	gotSession, gotUser, err := b.SessionUser(ctx, s.ID, noon, "")
	must(t, err)
	wantSame(t, "session", gotSession, s)
	u.LastLogin = &noon
	wantSame(t, "its user", gotUser, u)

	ended := func(what string, id auth.SessionID, now time.Time) {
		t.Helper()
		_, _, err := b.SessionUser(ctx, id, now, "")
		if fault.KindOf(err) != fault.NotFound {
			t.Errorf("%s: got error %v, want not found", what, err)
		}
	}
	ended("unknown", "nobody", noon)
	ended("expired", s.ID, s.ExpiresAt)
	stale := session(u, noon)
	stale.Epoch--
	must(t, b.InsertSession(ctx, stale, "key"))
	ended("of an earlier epoch", stale.ID, noon)
	must(t, b.EndSession(ctx, s.ID))
	must(t, b.EndSession(ctx, s.ID))
	ended("ended", s.ID, noon)

	last := session(u, noon)
	must(t, b.InsertSession(ctx, last, "key"))
	_, err = b.DB.Writer().ExecContext(ctx, `UPDATE users SET disabled = 1`)
	must(t, err)
	ended("of a disabled account", last.ID, noon)
	nobody := session(user("bob"), noon)
	wantKind(t, b.InsertSession(ctx, nobody, "key"), fault.NotFound, "user_not_found")
}

func testSessionLimit(t *testing.T, b Backend) {
	ctx := t.Context()
	u, other := user("ada"), user("bob")
	must(t, b.InsertUser(ctx, u, true))
	must(t, b.InsertUser(ctx, other, false))
	kept := session(other, noon)
	must(t, b.InsertSession(ctx, kept, ""))
	var all []auth.Session
	for range 23 { // all at the same instant, but the newest must never be the one that goes
		s := session(u, noon)
		must(t, b.InsertSession(ctx, s, ""))
		_, _, err := b.SessionUser(ctx, s.ID, noon, "")
		must(t, err)
		all = append(all, s)
	}
	live := 0
	for _, s := range all {
		if _, _, err := b.SessionUser(ctx, s.ID, noon, ""); err == nil {
			live++
		}
	}
	if live != 20 {
		t.Errorf("%d sessions are live, want 20", live)
	}
	_, _, err := b.SessionUser(ctx, kept.ID, noon, "")
	must(t, err)

	later := session(other, noon.Add(2*time.Hour))
	must(t, b.InsertSession(ctx, later, ""))
	var n int
	must(t, b.DB.Writer().QueryRowContext(ctx, `SELECT count(*) FROM sessions`).Scan(&n))
	if n != 1 {
		t.Errorf("%d sessions are kept, want 1: the others have expired", n)
	}
}

// wrong makes one wrong guess and returns how long the key is locked for it.
func wrong(t *testing.T, b Backend, key string, at time.Time) time.Duration {
	t.Helper()
	locked, err := b.ReserveAttempt(t.Context(), key, at)
	must(t, err)
	if locked == 0 {
		must(t, b.FailAttempt(t.Context(), key, at))
	}
	return locked
}

func wantLocked(t *testing.T, what string, got, want time.Duration) {
	t.Helper()
	if got != want {
		t.Errorf("%s: locked for %v, want %v", what, got, want)
	}
}

func testLockout(t *testing.T, b Backend) {
	minute := func(m int) time.Time { return noon.Add(time.Duration(m) * time.Minute) }
	for i := range auth.MaxFailures {
		wantLocked(t, fmt.Sprintf("guess %d", i+1), wrong(t, b, "eve", minute(i)), 0)
	}
	wantLocked(t, "guess 6", wrong(t, b, "eve", minute(5)), 14*time.Minute)
	wantLocked(t, "another key", wrong(t, b, "ada", minute(5)), 0)
	wantLocked(t, "just before", wrong(t, b, "eve", minute(19).Add(-time.Second)), time.Second)
	wantLocked(t, "15 minutes after the fifth", wrong(t, b, "eve", minute(19)), 0)

	for i := range 12 {
		wantLocked(t, "one every five minutes", wrong(t, b, "slow", minute(5*i)), 0)
	}
	for i := range auth.MaxFailures - 1 {
		wantLocked(t, "early guesses", wrong(t, b, "late", minute(i)), 0)
	}
	wantLocked(t, "the fifth, late", wrong(t, b, "late", minute(14)), 0)
	wantLocked(t, "after the fifth, late", wrong(t, b, "late", minute(28)), time.Minute)

	u := user("ada")
	must(t, b.InsertUser(t.Context(), u, true))
	for range auth.MaxFailures - 1 {
		wrong(t, b, "good", minute(0))
	}
	must(t, b.InsertSession(t.Context(), session(u, minute(1)), "good"))
	for range auth.MaxFailures - 1 {
		wantLocked(t, "after a success", wrong(t, b, "good", minute(2)), 0)
	}

	for range auth.MaxFailures { // five that died between the reservation and the verdict
		_, err := b.ReserveAttempt(t.Context(), "crash", minute(0))
		must(t, err)
	}
	wantLocked(t, "reservations without a verdict", wrong(t, b, "crash", minute(1)), 14*time.Minute)
	wantLocked(t, "when their window ends", wrong(t, b, "crash", minute(15)), 0)
}

func testLockoutClock(t *testing.T, b Backend) {
	for range auth.MaxFailures {
		wrong(t, b, "eve", noon)
	}
	past := noon.Add(-11 * 24 * time.Hour)
	wantLocked(t, "clock back", wrong(t, b, "eve", past), auth.LockWindow)
	wantLocked(t, "15 minutes later", wrong(t, b, "eve", past.Add(auth.LockWindow)), 0)
}

func testParallelGuesses(t *testing.T, b Backend) {
	verified, _ := atOnce(200, func(int) error {
		locked, err := b.ReserveAttempt(t.Context(), "eve", noon)
		if err == nil && locked > 0 {
			err = fault.New(fault.Exhausted, "locked for %v", locked)
		}
		if err == nil {
			err = b.FailAttempt(t.Context(), "eve", noon)
		}
		return err
	})
	if verified != auth.MaxFailures {
		t.Errorf("%d guesses were verified, want %d", verified, auth.MaxFailures)
	}
}
