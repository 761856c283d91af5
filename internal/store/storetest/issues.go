package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/issues"
	"github.com/broked/broked/internal/job"
	"github.com/broked/broked/internal/pipelines"
	"github.com/broked/broked/internal/runs"
)

// onlooker is somebody who looks at issues at noon.
var onlooker = issues.Viewer{Workspace: "default", Reader: "somebody", Now: noon}

// listed returns the issues that f chooses, for the onlooker.
func listed(t *testing.T, b Backend, f issues.Filter) []issues.Issue {
	t.Helper()
	if f.Reader == "" {
		f.Viewer = onlooker
	}
	if f.Limit == 0 {
		f.Limit = 100
	}
	all, err := b.Issues(t.Context(), f)
	must(t, err)
	n, err := b.CountIssues(t.Context(), f)
	must(t, err)
	if f.After == "" && f.Skip == 0 && len(all) < f.Limit && n != len(all) {
		t.Errorf("the count is %d of %d issues", n, len(all))
	}
	return all
}

// fail ends a claimed run as failed at a node.
func (b Backend) fail(t *testing.T, c runs.Claim, node, code string, ms int) error {
	t.Helper()
	failure := &job.Failure{Code: code, Message: "no " + code}
	last := finished(node, ms, job.Failed, 0)
	last.Rows, last.Error, last.Failure = nil, failure.Message, failure
	return b.FinishRun(t.Context(), c.Run.ID, c.Fence, runs.Outcome{Status: runs.Failed, Failure: failure, At: after(ms)}, []runs.Event{started(node, ms), last})
}

func succeed(t *testing.T, b Backend, d pipelines.Document, ms int) runs.ID {
	t.Helper()
	c := claimed(t, b, d, "me")
	must(t, b.FinishRun(t.Context(), c.Run.ID, c.Fence, runs.Outcome{Status: runs.Success, At: after(ms)}, nil))
	return c.Run.ID
}

// opened returns the one open issue of a run of d that failed just now.
func opened(t *testing.T, b Backend, d pipelines.Document) issues.Issue {
	t.Helper()
	must(t, b.fail(t, claimed(t, b, d, "me"), "b", "column", 0))
	all := listed(t, b, issues.Filter{Pipeline: d.ID, State: issues.Open})
	if len(all) != 1 {
		t.Fatalf("%d open issues, want 1", len(all))
	}
	return all[0]
}

func testIssueOfFailures(t *testing.T, b Backend) {
	d := saved(t, b, "Sales")
	const n = 20
	claims := make([]runs.Claim, n)
	for i := range claims {
		claims[i] = claimed(t, b, d, "me")
	}
	if won, errs := atOnce(n, func(i int) error { return b.fail(t, claims[i], "b", "column", i) }); won != n {
		t.Fatalf("%d of %d runs ended: %v", won, n, errs)
	}
	must(t, b.fail(t, claimed(t, b, d, "me"), "c", "column", 30))
	must(t, b.fail(t, claimed(t, b, d, "me"), "b", "disk", 31))
	all := listed(t, b, issues.Filter{})
	type short struct {
		Title, Node, Code, Body string
		Count                   int
	}
	var got []short
	for _, i := range all {
		got = append(got, short{i.Title, i.Node, i.Code, i.Body, i.Count})
	}
	wantSame(t, "issues", got, []short{
		{"Sales fails at Keep", "b", "disk", "no disk", 1},
		{"Sales fails at Write", "c", "column", "no column", 1},
		{"Sales fails at Keep", "b", "column", "no column", n},
	})
	i, err := b.Issue(t.Context(), onlooker, all[2].ID)
	must(t, err)
	if i.Kind != issues.RunFailed || i.Severity != issues.Critical || i.State != issues.Open || i.Pipeline != d.ID || i.PipelineName != "Sales" || i.Workspace != "default" || i.Previous != "" {
		t.Errorf("the issue is %+v", i)
	}
	wantSame(t, "history", i.History, []issues.Event{{Type: issues.WasOpened, At: i.OpenedAt, Run: i.FirstRun}})
}

func testIssueIsClosed(t *testing.T, b Backend) {
	ctx := t.Context()
	d, other := saved(t, b, "Sales"), saved(t, b, "Other")
	first, stays := opened(t, b, d), opened(t, b, other)
	must(t, b.fail(t, claimed(t, b, d, "me"), "c", "column", 5))
	must(t, b.fail(t, claimed(t, b, d, "me"), "b", "column", 6))

	cancelled := claimed(t, b, d, "me")
	must(t, b.FinishRun(ctx, cancelled.Run.ID, cancelled.Fence, runs.Outcome{Status: runs.Cancelled, At: after(7)}, nil))
	_, err := b.CancelRun(ctx, pending(t, b, d), after(8))
	must(t, err)
	if all := listed(t, b, issues.Filter{Pipeline: d.ID, State: issues.Unresolved}); len(all) != 2 || all[1].Count != 2 {
		t.Errorf("after two cancelled runs: %+v", all)
	}

	run := succeed(t, b, d, 10)
	got, err := b.Issue(ctx, onlooker, first.ID)
	must(t, err)
	if got.State != issues.Resolved || got.ResolvedBy != "" || !got.ResolvedAt.Equal(after(10)) {
		t.Errorf("after a success: %+v", got)
	}
	wantSame(t, "last event", got.History[len(got.History)-1], issues.Event{Type: issues.WasResolved, At: after(10), Run: run})
	all := listed(t, b, issues.Filter{State: issues.Unresolved})
	if len(all) != 1 || all[0].ID != stays.ID {
		t.Errorf("open after the success of another pipeline: %+v", all)
	}

	next := opened(t, b, d)
	if next.ID == first.ID || next.Previous != first.ID || next.Count != 1 {
		t.Errorf("the cause shows again as %+v, want a new issue after %s", next, first.ID)
	}
}

func testIssueOfInterruption(t *testing.T, b Backend) {
	ctx := t.Context()
	d := saved(t, b, "Sales")
	run := claimed(t, b, d, "gone").Run.ID
	for i := range 3 {
		_, err := b.Recover(ctx, fmt.Sprint("boot ", i), after(i))
		must(t, err)
		if i < 2 {
			if all := listed(t, b, issues.Filter{}); len(all) != 0 {
				t.Errorf("a run that will be tried again opened %+v", all)
			}
			_, err = b.ClaimRun(ctx, run, fmt.Sprint("gone ", i), after(i))
			must(t, err)
		}
	}
	all := listed(t, b, issues.Filter{Kind: issues.RunInterrupted})
	if len(all) != 1 || all[0].FirstRun != run || all[0].Node != "" || all[0].Title != "Sales was interrupted too often" {
		t.Errorf("issues of a run that was given up: %+v", all)
	}
	succeed(t, b, d, 10)
	if all := listed(t, b, issues.Filter{State: issues.Unresolved}); len(all) != 0 {
		t.Errorf("open after a success: %+v", all)
	}
}

func testNoEndWithoutItsIssue(t *testing.T, b Backend) {
	ctx := t.Context()
	c := claimed(t, b, saved(t, b, "Sales"), "me")
	b.refuse(t, "issues")
	if err := b.fail(t, c, "b", "column", 1); err == nil {
		t.Error("a run ended without its issue")
	}
	r, err := b.Run(ctx, c.Run.ID)
	must(t, err)
	if r.Status != runs.Running {
		t.Errorf("the run is %s", r.Status)
	}
	b.dropTrigger(t, "refused", "issues")
	must(t, b.fail(t, c, "b", "column", 1))
	if all := listed(t, b, issues.Filter{}); len(all) != 1 || all[0].Count != 1 {
		t.Errorf("issues %+v", all)
	}
	wantKind(t, b.fail(t, c, "b", "column", 2), fault.Stale, "stale_fence")
	if all := listed(t, b, issues.Filter{}); len(all) != 1 || all[0].Count != 1 {
		t.Errorf("an end that came twice was counted: %+v", all)
	}
}

func testChangeIssue(t *testing.T, b Backend) {
	ctx := t.Context()
	add(t, b, "root", auth.Superadmin)
	ada := add(t, b, "ada", auth.Editor)
	i := opened(t, b, saved(t, b, "Sales"))
	until := after(60_000)
	want := i
	want.State, want.AcknowledgedAt, want.AcknowledgedBy = issues.Acknowledged, &until, "ada"
	want.Assignee, want.AssigneeName, want.MutedUntil = ada.ID, "ada", &until
	want.History = []issues.Event{
		{Type: issues.WasOpened, At: i.OpenedAt, Run: i.FirstRun},
		{Type: issues.WasAcknowledged, At: until, Actor: "ada"},
		{Type: issues.WasAssigned, At: until, Actor: "ada", Detail: "ada"},
	}
	got, err := b.ChangeIssue(ctx, onlooker, i.ID, func(i *issues.Issue) ([]issues.Event, error) {
		i.State, i.AcknowledgedAt, i.AcknowledgedBy, i.Assignee, i.MutedUntil = issues.Acknowledged, &until, "ada", ada.ID, &until
		return want.History[1:], nil
	})
	must(t, err)
	wantSame(t, "changed", got, want)
	for name, of := range map[string]auth.UserID{"mine": ada.ID, "somebody else's": "other"} {
		if n := len(listed(t, b, issues.Filter{Assignee: of})); (n == 1) != (of == ada.ID) {
			t.Errorf("%s: %d issues", name, n)
		}
	}

	_, err = b.ChangeIssue(ctx, onlooker, i.ID, func(i *issues.Issue) ([]issues.Event, error) {
		i.Title = "other"
		return nil, fault.New(fault.Conflict, "no").With("refused")
	})
	wantKind(t, err, fault.Conflict, "refused")
	_, err = b.ChangeIssue(ctx, onlooker, i.ID, func(i *issues.Issue) ([]issues.Event, error) {
		i.Assignee = "nobody"
		return nil, nil
	})
	wantKind(t, err, fault.Conflict, "user_not_found")
	nothing := func(*issues.Issue) ([]issues.Event, error) { return nil, nil }
	got, err = b.ChangeIssue(ctx, onlooker, i.ID, nothing)
	must(t, err)
	wantSame(t, "after changes that were refused", got, want)

	elsewhere := onlooker
	elsewhere.Workspace = "other"
	_, err = b.ChangeIssue(ctx, elsewhere, i.ID, nothing)
	wantKind(t, err, fault.NotFound, "issue_not_found")
	_, err = b.Issue(ctx, elsewhere, i.ID)
	wantKind(t, err, fault.NotFound, "issue_not_found")
	wantKind(t, b.MarkIssue(ctx, elsewhere, i.ID, false), fault.NotFound, "issue_not_found")
	if all := listed(t, b, issues.Filter{Viewer: elsewhere}); len(all) != 0 {
		t.Errorf("seen from another workspace: %+v", all)
	}

	records, err := b.AuditRecords(ctx, auth.AuditFilter{Target: string(i.ID), Limit: 10})
	must(t, err)
	var told []string
	for _, r := range records {
		told = append(told, r.Event)
	}
	wantSame(t, "audit log, newest first", told, []string{"issue_assigned", "issue_acknowledged"})

	must(t, b.DeleteUser(ctx, ada.ID, func(auth.User) error { return nil }))
	got, err = b.Issue(ctx, onlooker, i.ID)
	must(t, err)
	if got.Assignee != "" || got.AcknowledgedBy != "ada" {
		t.Errorf("after the account was deleted: %+v", got)
	}
}

func testIssueMarks(t *testing.T, b Backend) {
	ctx := t.Context()
	a := opened(t, b, saved(t, b, "A"))
	bee := opened(t, b, saved(t, b, "B"))
	other := onlooker
	other.Reader = "other"
	check := func(when string, v issues.Viewer, unread, onList int) {
		t.Helper()
		if n := len(listed(t, b, issues.Filter{Viewer: v, Unread: true, Listed: true})); n != unread {
			t.Errorf("%s: %d are unread, want %d", when, n, unread)
		}
		if n := len(listed(t, b, issues.Filter{Viewer: v, Listed: true})); n != onList {
			t.Errorf("%s: %d are on the list, want %d", when, n, onList)
		}
	}
	check("new", onlooker, 2, 2)
	must(t, b.MarkIssue(ctx, onlooker, a.ID, false))
	later := onlooker
	later.Now = after(9)
	must(t, b.MarkIssue(ctx, later, a.ID, false))
	got, err := b.Issue(ctx, onlooker, a.ID)
	must(t, err)
	if got.ReadAt == nil || !got.ReadAt.Equal(noon) {
		t.Errorf("read twice: at %v, want the first time", got.ReadAt)
	}
	check("one is read", onlooker, 1, 2)
	check("by nobody else", other, 2, 2)
	must(t, b.MarkIssue(ctx, onlooker, a.ID, true))
	check("one is dismissed", onlooker, 1, 1)
	must(t, b.MarkAllIssues(ctx, onlooker))
	check("all are read", onlooker, 0, 1)

	until := after(1000)
	_, err = b.ChangeIssue(ctx, onlooker, bee.ID, func(i *issues.Issue) ([]issues.Event, error) {
		i.MutedUntil = &until
		return nil, nil
	})
	must(t, err)
	check("one is muted", other, 1, 2)
	other.Now = until
	check("and not any more", other, 2, 2)
	_, err = b.ChangeIssue(ctx, onlooker, bee.ID, func(i *issues.Issue) ([]issues.Event, error) { return i.Resolve("ada", "", noon), nil })
	must(t, err)
	check("one is resolved", other, 1, 2)
	wantKind(t, b.MarkIssue(ctx, onlooker, "nothing", false), fault.NotFound, "issue_not_found")
}

func testIssuePages(t *testing.T, b Backend) {
	var all []issues.ID // newest first
	for i := range 5 {
		all = append([]issues.ID{opened(t, b, saved(t, b, fmt.Sprint("P", i))).ID}, all...)
	}
	for name, tc := range map[string]struct {
		page pipelines.Page
		want []issues.ID
	}{
		"first":   {pipelines.Page{Limit: 2}, all[:2]},
		"next":    {pipelines.Page{Limit: 2, After: string(all[1])}, all[2:4]},
		"last":    {pipelines.Page{Limit: 2, After: string(all[3])}, all[4:]},
		"by page": {pipelines.Page{Limit: 2, Skip: 2}, all[2:4]},
	} {
		var got []issues.ID
		for _, i := range listed(t, b, issues.Filter{Page: tc.page}) {
			got = append(got, i.ID)
		}
		wantSame(t, name, got, tc.want)
	}
	if n := len(listed(t, b, issues.Filter{State: issues.Acknowledged})); n != 0 {
		t.Errorf("%d issues are acknowledged", n)
	}
}

func testSettleIssues(t *testing.T, b Backend) {
	ctx := t.Context()
	d, other := saved(t, b, "Sales"), saved(t, b, "Other")
	failed := opened(t, b, d)
	stuck := func(d pipelines.Document, n int) issues.Sighting {
		return issues.Sighting{Cause: issues.Cause{Kind: issues.RunStuck, Pipeline: d.ID}, Workspace: "default", Severity: issues.Warning, Title: "stuck", Count: n}
	}
	disk := issues.Sighting{Cause: issues.Cause{Kind: issues.DiskLow}, Workspace: "default", Severity: issues.Warning, Title: "low", Count: 1}
	full := disk
	full.Severity = issues.Critical
	for i, step := range []struct {
		name    string
		kind    issues.Kind
		found   []issues.Sighting
		changed bool
		open    int
	}{
		{"none", issues.RunStuck, nil, false, 1},
		{"two pipelines", issues.RunStuck, []issues.Sighting{stuck(d, 2), stuck(other, 1)}, true, 3},
		{"the same", issues.RunStuck, []issues.Sighting{stuck(d, 4), stuck(other, 1)}, false, 3},
		{"disk", issues.DiskLow, []issues.Sighting{disk}, true, 4},
		{"disk, as before", issues.DiskLow, []issues.Sighting{disk}, false, 4},
		{"disk, worse", issues.DiskLow, []issues.Sighting{full}, true, 4},
		{"one gets on", issues.RunStuck, []issues.Sighting{stuck(d, 1)}, true, 3},
		{"disk has room", issues.DiskLow, nil, true, 2},
	} {
		changed, err := b.SettleIssues(ctx, step.kind, step.found, after(i))
		must(t, err)
		if (len(changed) > 0) != step.changed || len(changed) > 1 {
			t.Errorf("%s: changed is %v", step.name, changed)
		}
		if n := len(listed(t, b, issues.Filter{State: issues.Open})); n != step.open {
			t.Errorf("%s: %d open issues, want %d", step.name, n, step.open)
		}
	}
	all := listed(t, b, issues.Filter{Kind: issues.DiskLow})
	i, err := b.Issue(ctx, onlooker, all[0].ID)
	must(t, err)
	wantSame(t, "history of the disk", i.History, []issues.Event{
		{Type: issues.WasOpened, At: after(3)}, {Type: issues.WasRated, At: after(5), Detail: "critical"}, {Type: issues.WasResolved, At: after(7)},
	})
	records, err := b.AuditRecords(ctx, auth.AuditFilter{Event: "disk_low", Limit: 10})
	must(t, err)
	if len(records) != 2 || records[0].ActorKind != "system" {
		t.Errorf("audit log: %+v", records)
	}

	must(t, b.DeletePipelines(ctx, nil, d.ID))
	_, err = b.Issue(ctx, onlooker, failed.ID)
	wantKind(t, err, fault.NotFound, "issue_not_found")
}

func testQuietRuns(t *testing.T, b Backend) {
	ctx := t.Context()
	d := saved(t, b, "Sales")
	waits := pending(t, b, d)
	works := claimed(t, b, d, "me")
	must(t, b.RecordEvents(ctx, works.Run.ID, works.Fence, []runs.Event{started("a", 5000), progress("a", 7000, 0.5)}))
	succeed(t, b, d, 1)
	q := func(run runs.ID, status runs.Status, since time.Time) issues.QuietRun {
		return issues.QuietRun{Run: run, Pipeline: d.ID, PipelineName: "Sales", Workspace: "default", Status: status, Since: since}
	}
	for name, tc := range map[string]struct {
		since time.Time
		want  []issues.QuietRun
	}{
		"too early": {after(-1), []issues.QuietRun{}},
		"waits":     {after(0), []issues.QuietRun{q(waits, runs.Pending, noon)}},
		"both":      {after(7000), []issues.QuietRun{q(waits, runs.Pending, noon), q(works.Run.ID, runs.Running, after(7000))}},
	} {
		got, err := b.QuietRuns(ctx, tc.since)
		must(t, err)
		wantSame(t, name, got, tc.want)
	}
}
