package storetest

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"log/slog"
	"os"
	"testing"
	"time"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/id"
)

func service(name string, owner auth.UserID) auth.ServiceAccount {
	return auth.ServiceAccount{
		ID: auth.ServiceID(id.New()), Workspace: auth.DefaultWorkspace, Name: name, Canonical: auth.Canonical(name), Permissions: []auth.Permission{auth.RunsView, auth.PipelinesRun},
		Prefix: "brk_abcd", Last4: "wxyz", Owner: owner, OwnerName: "ada", CreatedAt: noon,
	}
}

func hashOf(a auth.ServiceAccount) auth.KeyHash { return sha256.Sum256([]byte(a.ID)) }

func testServices(t *testing.T, b Backend) {
	ctx := t.Context()
	later := noon.Add(time.Hour)
	plain, ending := service("Plain", ""), service("ending", "")
	ending.ExpiresAt = &later
	must(t, b.InsertServiceAccount(ctx, plain, hashOf(plain)))
	must(t, b.InsertServiceAccount(ctx, ending, hashOf(ending)))
	twin := service("PLAIN", "")
	wantKind(t, b.InsertServiceAccount(ctx, twin, hashOf(twin)), fault.Conflict, "service_exists")

	got, err := b.ServiceAccount(ctx, ending.ID)
	must(t, err)
	wantSame(t, "service", got, ending)
	all, err := b.ServiceAccounts(ctx)
	must(t, err)
	wantSame(t, "services", all, []auth.ServiceAccount{ending, plain})
	_, err = b.ServiceAccount(ctx, "nobody")
	wantKind(t, err, fault.NotFound, "service_not_found")

	got, role, err := b.KeyHolder(ctx, hashOf(ending), noon)
	must(t, err)
	wantSame(t, "holder", got, ending)
	wantSame(t, "its ceiling", role, auth.Superadmin)
	_, _, err = b.KeyHolder(ctx, hashOf(ending), later)
	wantKind(t, err, fault.NotFound, "service_not_found")
	_, _, err = b.KeyHolder(ctx, hashOf(twin), noon)
	wantKind(t, err, fault.NotFound, "service_not_found")

	ending.Name, ending.Canonical, ending.Permissions, ending.ExpiresAt = "plain", "plain", []auth.Permission{}, nil
	wantKind(t, b.UpdateServiceAccount(ctx, ending), fault.Conflict, "service_exists")
	ending.Name, ending.Canonical = "other", "other"
	must(t, b.UpdateServiceAccount(ctx, ending))
	got, _, err = b.KeyHolder(ctx, hashOf(ending), later)
	must(t, err)
	wantSame(t, "changed", got, ending)

	for _, hash := range []auth.KeyHash{hashOf(ending), {}} { // one of nobody is no error
		must(t, b.NoteShownKey(ctx, hash, noon))
	}
	wantAudit(t, b, "key_in_address", ending.ID, 1)

	for _, at := range []time.Time{noon, later} { // the first time counts
		must(t, b.RevokeServiceAccount(ctx, plain.ID, at))
	}
	_, _, err = b.KeyHolder(ctx, hashOf(plain), noon)
	wantKind(t, err, fault.NotFound, "service_not_found")
	wantKind(t, b.UpdateServiceAccount(ctx, plain), fault.Conflict, "service_revoked")
	wantKind(t, b.RevokeServiceAccount(ctx, "nobody", noon), fault.NotFound, "service_not_found")
	at := noon
	plain.RevokedAt = &at
	got, err = b.ServiceAccount(ctx, plain.ID)
	must(t, err)
	wantSame(t, "revoked", got, plain)
	must(t, b.NoteShownKey(ctx, hashOf(plain), noon))
	for event, n := range map[string]int{"service_created": 1, "service_revoked": 1, "key_in_address": 0} {
		wantAudit(t, b, event, plain.ID, n)
	}
	wantAudit(t, b, "service_changed", ending.ID, 1)
	must(t, b.InsertServiceAccount(ctx, twin, hashOf(twin))) // its name is free again
}

// wantAudit fails unless the audit log has n records of an event of a service.
func wantAudit(t *testing.T, b Backend, event string, target auth.ServiceID, n int) {
	t.Helper()
	got, err := b.AuditRecords(t.Context(), auth.AuditFilter{Event: event, Target: string(target), Limit: 10})
	must(t, err)
	if len(got) != n {
		t.Errorf("%d records of %s, want %d", len(got), event, n)
	}
}

func testServiceOwners(t *testing.T, b Backend) {
	ctx := t.Context()
	owner := user("ada")
	must(t, b.InsertUser(ctx, owner, true))
	s := service("s", owner.ID)
	must(t, b.InsertServiceAccount(ctx, s, hashOf(s)))
	ceiling := func(change string) (auth.Role, error) {
		t.Helper()
		_, err := b.DB.Writer().ExecContext(ctx, change)
		must(t, err)
		_, role, err := b.KeyHolder(ctx, hashOf(s), noon)
		return role, err
	}
	for _, role := range []auth.Role{auth.Viewer, auth.Admin} {
		got, err := ceiling(fmt.Sprintf(`UPDATE users SET role = '%s'`, role))
		must(t, err)
		wantSame(t, "ceiling", got, role)
	}
	_, err := ceiling(`UPDATE users SET disabled = 1`)
	wantKind(t, err, fault.NotFound, "service_not_found")
	_, err = ceiling(`UPDATE users SET disabled = 0`)
	must(t, err)
	_, err = ceiling(`DELETE FROM users`)
	wantKind(t, err, fault.NotFound, "service_not_found")
}

func testServiceLimit(t *testing.T, b Backend) {
	ctx := t.Context()
	one := func(owner auth.UserID, name string) error {
		s := service(name, owner)
		return b.InsertServiceAccount(ctx, s, hashOf(s))
	}
	made, errs := atOnce(auth.MaxKeys+5, func(i int) error { return one("ada", fmt.Sprint("s", i)) })
	if made != auth.MaxKeys {
		t.Errorf("%d keys of one owner, want %d", made, auth.MaxKeys)
	}
	for _, err := range errs {
		wantKind(t, err, fault.Conflict, "too_many_keys")
	}
	must(t, one("bob", "of another"))
	all, err := b.ServiceAccounts(ctx)
	must(t, err)
	last := all[len(all)-1]
	must(t, b.RevokeServiceAccount(ctx, last.ID, noon))
	must(t, one("ada", "instead"))
}

func testServiceUse(t *testing.T, b Backend) {
	ctx := t.Context()
	s := service("s", "")
	must(t, b.InsertServiceAccount(ctx, s, hashOf(s)))
	for _, step := range []struct {
		used, want time.Duration
	}{
		{0, 0},
		{59_999 * time.Millisecond, 0},
		{time.Minute, time.Minute},
		{90 * time.Second, time.Minute},
		{-time.Hour, -time.Hour}, // the clock went back
	} {
		must(t, b.TouchServiceAccount(ctx, s.ID, noon.Add(step.used)))
		got, err := b.ServiceAccount(ctx, s.ID)
		must(t, err)
		if want := noon.Add(step.want); got.LastUsedAt == nil || !got.LastUsedAt.Equal(want) {
			t.Errorf("used at %v: the store says %v, want %v", step.used, got.LastUsedAt, want)
		}
	}
}

// testNoKeyIsStored looks for a key, and for parts of it, in everything that the
// database holds while it is in use.
func testNoKeyIsStored(t *testing.T, b Backend) {
	ctx := auth.WithActor(t.Context(), auth.Actor{Name: "ada", Role: auth.Admin})
	keys := auth.NewKeys(b.Store, "", slog.New(slog.DiscardHandler))
	_, key, err := keys.Create(ctx, auth.NewServiceAccount{Name: "canary", Permissions: []auth.Permission{auth.RunsView}})
	must(t, err)
	found := false
	for name, text := range contents(t, b) {
		if !bytes.Contains(text, []byte("canary")) {
			continue
		}
		found = true
		for _, part := range []string{key, key[8:24], key[24 : len(key)-4]} {
			if bytes.Contains(text, []byte(part)) {
				t.Errorf("%s holds part of a key", name)
			}
		}
	}
	if !found {
		t.Error("the account is not in the database")
	}
}

// contents returns the files of a database, or its tables as text.
func contents(t *testing.T, b Backend) map[string][]byte {
	t.Helper()
	all := map[string][]byte{}
	if !b.postgres(t) {
		var file string
		must(t, b.DB.Writer().QueryRowContext(t.Context(), `SELECT file FROM pragma_database_list WHERE name = 'main'`).Scan(&file))
		for _, name := range []string{file + "-wal", file} {
			text, err := os.ReadFile(name)
			must(t, err)
			all[name] = text
		}
		return all
	}
	rows, err := b.DB.Writer().QueryContext(t.Context(), `
		SELECT table_name, query_to_xml('SELECT * FROM ' || table_name, true, false, '')::text
		FROM information_schema.tables
		WHERE table_schema = current_schema()`)
	must(t, err)
	defer rows.Close()
	for rows.Next() {
		var name, text string
		must(t, rows.Scan(&name, &text))
		all[name] = []byte(text)
	}
	must(t, rows.Err())
	return all
}
