package issues_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/issues"
	"github.com/broked/broked/internal/pipelines"
	"github.com/broked/broked/internal/runs"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func after(minutes int) time.Time { return noon.Add(time.Duration(minutes) * time.Minute) }

func failedNode(id, text string) runs.NodeRun {
	return runs.NodeRun{Node: id, Status: runs.NodeFailed, Error: text}
}

func TestWhatAFailedRunShows(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		run   runs.Run
		named string
		cause issues.Cause
		title string
	}{
		"at a node": {
			runs.Run{ErrorCode: "no_column", Nodes: []runs.NodeRun{{Node: "a", Status: runs.NodeSuccess}, failedNode("b", "no column x"), {Node: "c", Status: runs.NodeSkipped}}},
			"Keep",
			issues.Cause{Kind: issues.RunFailed, Pipeline: "p", Node: "b", Code: "no_column"},
			"Sales fails at Keep",
		},
		"at a node without a name": {
			runs.Run{ErrorCode: "no_column", Nodes: []runs.NodeRun{failedNode("b", "no column x")}},
			"",
			issues.Cause{Kind: issues.RunFailed, Pipeline: "p", Node: "b", Code: "no_column"},
			"Sales fails at b",
		},
		"a node that was cut short is not to blame": {
			runs.Run{ErrorCode: "engine_killed", Nodes: []runs.NodeRun{failedNode("a", "")}},
			"",
			issues.Cause{Kind: issues.RunFailed, Pipeline: "p", Code: "engine_killed"},
			"Sales fails",
		},
		"before any node": {
			runs.Run{ErrorCode: "unresolved"},
			"",
			issues.Cause{Kind: issues.RunFailed, Pipeline: "p", Code: "unresolved"},
			"Sales fails",
		},
		"interrupted": {
			runs.Run{ErrorCode: runs.CodeInterrupted, Nodes: []runs.NodeRun{failedNode("a", "")}},
			"",
			issues.Cause{Kind: issues.RunInterrupted, Pipeline: "p", Code: "interrupted"},
			"Sales was interrupted",
		},
		"quarantined": {
			runs.Run{ErrorCode: runs.CodeQuarantined},
			"",
			issues.Cause{Kind: issues.RunInterrupted, Pipeline: "p", Code: "run_quarantined"},
			"Sales was interrupted too often",
		},
	} {
		tc.run.ID, tc.run.Pipeline, tc.run.PipelineName, tc.run.Status, tc.run.Error = "r", "p", "Sales", runs.Failed, "why"
		want := issues.Sighting{
			Cause: tc.cause, Workspace: "w", Severity: issues.Critical, Title: tc.title, Body: "why", Run: "r", Count: 1,
		}
		if diff := cmp.Diff(want, issues.OfFailure("w", tc.run, tc.named)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestOneCauseIsOneIssue(t *testing.T) {
	t.Parallel()
	failure := issues.Sighting{Cause: issues.Cause{Kind: issues.RunFailed, Pipeline: "p"}, Severity: issues.Critical, Title: "t", Body: "b", Run: "r1", Count: 1}
	first, events := issues.Seen(nil, failure, noon)
	if first.State != issues.Open || first.Count != 1 || first.Previous != "" || first.FirstRun != "r1" || len(events) != 1 || events[0].Type != issues.WasOpened {
		t.Fatalf("a new issue: %+v, events %+v", first, events)
	}
	until := after(60)
	for name, tc := range map[string]struct {
		before  func(*issues.Issue)
		seen    func(*issues.Sighting)
		same    bool
		count   int
		history []issues.EventType
	}{
		"again":               {same: true, count: 2},
		"while acknowledged":  {before: func(i *issues.Issue) { i.State = issues.Acknowledged }, same: true, count: 2},
		"while muted":         {before: func(i *issues.Issue) { i.MutedUntil = &until }, same: true, count: 2},
		"after it was closed": {before: func(i *issues.Issue) { i.Resolve("ada", "", noon) }, count: 1, history: []issues.EventType{issues.WasOpened}},
		"worse": {
			before: func(i *issues.Issue) { i.Kind, i.Severity = issues.DiskLow, issues.Warning },
			same:   true, count: 1, history: []issues.EventType{issues.WasRated},
		},
		"what lasts is not counted twice": {
			before: func(i *issues.Issue) { i.Kind, i.Count = issues.RunStuck, 7 },
			seen:   func(s *issues.Sighting) { s.Count = 3 }, same: true, count: 3,
		},
	} {
		before, again := first, failure
		again.Run, again.Body = "r2", "newer"
		if tc.before != nil {
			tc.before(&before)
		}
		if tc.seen != nil {
			tc.seen(&again)
		}
		got, events := issues.Seen(&before, again, after(5))
		if (got.ID == first.ID) != tc.same || got.Count != tc.count || got.LastRun != "r2" || got.Body != "newer" || !got.LastSeenAt.Equal(after(5)) {
			t.Errorf("%s: %+v", name, got)
		}
		if tc.same && (got.State != before.State || got.FirstRun != "r1" || !got.OpenedAt.Equal(noon) || got.MutedUntil != before.MutedUntil) {
			t.Errorf("%s: what people did is gone: %+v", name, got)
		}
		if !tc.same && (got.Previous != first.ID || got.State != issues.Open || got.FirstRun != "r2") {
			t.Errorf("%s: %+v is not a new issue after %s", name, got, first.ID)
		}
		var history []issues.EventType
		for _, e := range events {
			history = append(history, e.Type)
		}
		if diff := cmp.Diff(tc.history, history); diff != "" {
			t.Errorf("%s: history (-want +got):\n%s", name, diff)
		}
	}
}

func TestWhatIsClosedBySuccess(t *testing.T) {
	t.Parallel()
	for kind, want := range map[issues.Kind]bool{
		issues.RunFailed: true, issues.RunInterrupted: true, issues.RunStuck: false, issues.DiskLow: false,
	} {
		if kind.ClosedBySuccess() != want {
			t.Errorf("%s is closed by success: %t", kind, !want)
		}
	}
}

func TestQuietRunsOfAPipelineAreOneIssue(t *testing.T) {
	t.Parallel()
	quiet := func(run, pipeline string, status runs.Status, minutes int) issues.QuietRun {
		return issues.QuietRun{Run: runs.ID(run), Pipeline: pipelines.ID(pipeline), PipelineName: "Of " + pipeline, Workspace: "w", Status: status, Since: after(minutes)}
	}
	all := issues.OfQuiet([]issues.QuietRun{
		quiet("r3", "p", runs.Pending, 9), quiet("r1", "p", runs.Running, 2), quiet("r2", "q", runs.Pending, 5), quiet("r4", "p", runs.Pending, 9),
	})
	type seen struct {
		Run   runs.ID
		Title string
		Count int
	}
	want := []seen{{Run: "r1", Title: "Of p is stuck", Count: 3}, {Run: "r2", Title: "Of q is stuck", Count: 1}}
	var got []seen
	for _, s := range all {
		got = append(got, seen{Run: s.Run, Title: s.Title, Count: s.Count})
		if s.Kind != issues.RunStuck || s.Severity != issues.Warning || s.Workspace != "w" || s.Body == "" {
			t.Errorf("%+v", s)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if all := issues.OfQuiet(nil); len(all) != 0 {
		t.Errorf("no quiet run shows %+v", all)
	}
}

func TestWatermarksOfADisk(t *testing.T) {
	t.Parallel()
	const mib, gib = uint64(1) << 20, uint64(1) << 30
	small, large := 10*gib, 4000*gib // marks of small: 2 % and 5 %; of large: 1 and 5 GiB
	for name, tc := range map[string]struct {
		free, total uint64
		was, want   issues.Severity
	}{
		"room":                                {gib, small, "", ""},
		"small, low":                          {500 * mib, small, "", issues.Warning},
		"small, nearly full":                  {200 * mib, small, "", issues.Critical},
		"large, 5 % is a lot":                 {200 * gib, large, "", ""},
		"large, low":                          {4 * gib, large, "", issues.Warning},
		"large, nearly full":                  {gib - 1, large, "", issues.Critical},
		"full":                                {0, large, issues.Critical, issues.Critical},
		"just above, but was low":             {5*gib + gib/2, large, issues.Warning, issues.Warning},
		"a quarter above":                     {6*gib + gib/2, large, issues.Warning, ""},
		"just above, but was nearly full":     {gib + gib/8, large, issues.Critical, issues.Critical},
		"a quarter above nearly full":         {gib + gib/2, large, issues.Critical, issues.Warning},
		"was low, the worse mark is as it is": {gib + gib/8, large, issues.Warning, issues.Warning},
	} {
		s, low := issues.OfSpace(issues.Space{Free: tc.free, Total: tc.total}, tc.was)
		if s.Severity != tc.want || low != (tc.want != "") {
			t.Errorf("%s: %q, want %q", name, s.Severity, tc.want)
		}
	}
}

func TestWhatLostProcessesShow(t *testing.T) {
	t.Parallel()
	all := issues.OfLost([]runs.LostProcess{
		{ID: "a", Kind: runs.Worker, Host: "one", LostAt: noon, Runs: 3, Left: 2},
		{ID: "b", Kind: runs.Server, Host: "two", LostAt: noon, Runs: 1, Left: 1},
		{ID: "c", Kind: runs.Worker, Host: "one", LostAt: after(5), Runs: 1, Left: 1},
	})
	if len(all) != 2 || all[0].Count != 3 || all[0].Title != "The worker on one is gone" || all[1].Title != "The server on two is gone" {
		t.Errorf("%+v", all)
	}
	for _, s := range all {
		if s.Kind != issues.WorkerLost || s.Workspace != auth.DefaultWorkspace || s.Pipeline != "" || s.Run != "" || s.Body == "" {
			t.Errorf("%+v", s)
		}
	}
}
