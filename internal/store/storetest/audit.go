package storetest

import (
	"context"
	"strconv"
	"testing"
	"time"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/pipelines"
)

// acting returns ctx of a request by u.
func acting(ctx context.Context, u auth.User) context.Context {
	ctx = auth.WithActor(ctx, auth.Actor{User: u.ID, Name: u.Name, Role: u.Role})
	return auth.WithOrigin(ctx, auth.Origin{Address: "203.0.113.7", Agent: "curl/8", RequestID: "r1"})
}

func audited(t *testing.T, b Backend, f auth.AuditFilter) []auth.AuditRecord {
	t.Helper()
	if f.Limit == 0 {
		f.Limit = 1000
	}
	all, err := b.AuditRecords(t.Context(), f)
	must(t, err)
	return all
}

// wantEvents compares the events of records, oldest first.
func wantEvents(t *testing.T, what string, records []auth.AuditRecord, want ...string) {
	t.Helper()
	if want == nil {
		want = []string{}
	}
	got := make([]string, len(records))
	for i, r := range records {
		got[len(records)-1-i] = r.Event
	}
	wantSame(t, what, got, want)
}

func testAudit(t *testing.T, b Backend) {
	ada := user("ada")
	must(t, b.InsertUser(t.Context(), ada, true))
	ctx := acting(t.Context(), ada)
	d := document("p")
	must(t, b.InsertPipeline(ctx, pipelines.Version{Document: d}))
	d.Version = 2
	must(t, b.AppendVersion(ctx, pipelines.Version{Document: d}))
	r := newRun(d)
	must(t, b.InsertRun(ctx, r))
	_, err := b.CancelRun(ctx, r.ID, noon)
	must(t, err)
	must(t, b.DeletePipelines(ctx, nil, d.ID))

	wantEvents(t, "events", audited(t, b, auth.AuditFilter{}),
		"user_created", "pipeline_created", "pipeline_updated", "run_triggered", "run_cancelled", "pipeline_deleted")
	wantEvents(t, "of a target", audited(t, b, auth.AuditFilter{Target: string(r.ID)}), "run_triggered", "run_cancelled")
	wantEvents(t, "of an actor's name", audited(t, b, auth.AuditFilter{Actor: "ada", Event: "pipeline_updated"}), "pipeline_updated")
	wantEvents(t, "of an actor's id", audited(t, b, auth.AuditFilter{Actor: string(ada.ID), Limit: 1}), "pipeline_deleted")
	wantEvents(t, "before a number", audited(t, b, auth.AuditFilter{Before: 3}), "user_created", "pipeline_created")
	wantEvents(t, "from a time on", audited(t, b, auth.AuditFilter{Since: time.Now().Add(time.Hour)}))
	wantEvents(t, "until a time", audited(t, b, auth.AuditFilter{Until: noon}))

	got := audited(t, b, auth.AuditFilter{Event: "run_triggered"})[0]
	if len(got.Hash) != 64 || time.Since(got.At) > time.Minute {
		t.Errorf("hash %q, time %v", got.Hash, got.At)
	}
	got.Hash, got.At = "", time.Time{}
	wantSame(t, "record", got, auth.AuditRecord{
		Seq: 4, Event: "run_triggered", ActorID: string(ada.ID), Actor: "ada", ActorKind: "user",
		Address: "203.0.113.7", Agent: "curl/8", RequestID: "r1", Target: string(r.ID), Outcome: auth.Success, Workspace: auth.DefaultWorkspace,
		Details: []byte(`{"cause":"manual","pipeline":"` + string(d.ID) + `","version":2}`),
	})
	if first := audited(t, b, auth.AuditFilter{Before: 2})[0]; first.ActorKind != "system" {
		t.Errorf("the actor of what nobody asked for is %q", first.ActorKind)
	}
}

// testAuditOfSignIns checks that the log tells sign-ins, failures and locks, and
// not the same failure twice.
func testAuditOfSignIns(t *testing.T, b Backend) {
	ada := user("ada")
	must(t, b.InsertUser(t.Context(), ada, true))
	must(t, b.InsertSession(t.Context(), session(ada, noon), "good"))
	wrong(t, b, "good", noon)
	_, err := b.ReserveAttempt(t.Context(), "good", noon)
	must(t, err)
	last := session(ada, noon)
	must(t, b.InsertSession(t.Context(), last, "good"))
	must(t, b.EndSession(t.Context(), last.ID))
	must(t, b.EndSession(t.Context(), last.ID))
	wantEvents(t, "sign-ins", audited(t, b, auth.AuditFilter{}),
		"user_created", "authn_login_success", "authn_login_fail", "authn_login_successafterfail", "session_ended")
	for range auth.MaxFailures + 2 {
		wrong(t, b, "bad", noon)
	}
	wantEvents(t, "guesses", audited(t, b, auth.AuditFilter{Target: "bad"}),
		"authn_login_fail", "authn_login_fail", "authn_login_fail", "authn_login_fail", "authn_login_fail", "authn_login_lock")
}

// testAuditIsAllOrNothing checks that a change which fails leaves no record.
func testAuditIsAllOrNothing(t *testing.T, b Backend) {
	must(t, b.InsertUser(t.Context(), user("ada"), true))
	if err := b.InsertUser(t.Context(), user("ADA"), false); err == nil {
		t.Error("a name that is taken was taken again")
	}
	b.refuse(t, "audit")
	if err := b.InsertUser(t.Context(), user("bob"), false); err == nil {
		t.Error("a change was made that could not be told")
	}
	wantEvents(t, "records", audited(t, b, auth.AuditFilter{}), "user_created")
	if all, err := b.Users(t.Context()); err != nil || len(all) != 1 {
		t.Errorf("accounts %v, error %v; want one", all, err)
	}
}

func testParallelAudit(t *testing.T, b Backend) {
	won, errs := atOnce(40, func(i int) error {
		return b.InsertUser(t.Context(), user("u"+strconv.Itoa(i)), false)
	})
	if won != 40 {
		t.Fatalf("%d of 40 changes: %v", won, errs)
	}
	v, err := b.VerifyAudit(t.Context())
	must(t, err)
	if !v.OK || v.Checked != 40 {
		t.Errorf("verdict %+v, want 40 sound records", v)
	}
}

func testVerifyAudit(t *testing.T, b Backend) {
	v, err := b.VerifyAudit(t.Context())
	must(t, err)
	wantSame(t, "of an empty log", v, auth.AuditVerdict{OK: true})
	for i := range 5 {
		must(t, b.InsertUser(t.Context(), user("u"+strconv.Itoa(i)), false))
	}
	do := func(statement string) error {
		_, err := b.DB.Writer().ExecContext(t.Context(), statement)
		return err
	}
	for _, statement := range []string{`UPDATE audit SET actor = 'eve'`, `DELETE FROM audit`} {
		if do(statement) == nil {
			t.Errorf("the database lets %s happen", statement)
		}
	}
	b.dropTrigger(t, "audit_is_not_changed", "audit")
	b.dropTrigger(t, "audit_is_not_deleted", "audit")
	for _, tc := range []struct {
		name, harm, repair string
		want               int64
	}{
		{"a changed actor", `UPDATE audit SET actor = 'eve' WHERE seq = 3`, `UPDATE audit SET actor = '' WHERE seq = 3`, 3},
		{"changed details", `UPDATE audit SET details = replace(details, '"admin"', '"viewer"') WHERE seq = 2`, `UPDATE audit SET details = replace(details, '"viewer"', '"admin"') WHERE seq = 2`, 2},
		{"a changed time", `UPDATE audit SET at = at + 1 WHERE seq = 5`, `UPDATE audit SET at = at - 1 WHERE seq = 5`, 5},
		{"a missing record", `DELETE FROM audit WHERE seq = 2`, ``, 3},
		{"a missing beginning", `DELETE FROM audit WHERE seq <= 3`, ``, 4},
	} {
		must(t, do(tc.harm))
		if v, err := b.VerifyAudit(t.Context()); v.OK || v.BrokenAt != tc.want || err != nil {
			t.Errorf("%s: verdict %+v, error %v, want broken at %d", tc.name, v, err, tc.want)
		}
		if tc.repair != "" {
			must(t, do(tc.repair))
			if v, err := b.VerifyAudit(t.Context()); !v.OK || err != nil {
				t.Errorf("%s, repaired: verdict %+v, error %v", tc.name, v, err)
			}
		}
	}
}
