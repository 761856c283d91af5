package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/pipelines"
	"github.com/broked/broked/internal/runs"
)

func testPipelines(t *testing.T, b Backend) {
	ctx := t.Context()
	v := pipelines.Version{Document: document("Sales"), YAML: "name: Sales # daily\n", Message: "created", Author: "ada"}
	must(t, b.InsertPipeline(ctx, v))
	for _, ref := range []string{string(v.Document.ID), "sales"} {
		got, err := b.Pipeline(ctx, ref)
		must(t, err)
		wantSame(t, "pipeline "+ref, got, v)
	}
	_, err := b.Pipeline(ctx, "nothing")
	wantKind(t, err, fault.NotFound, "pipeline_not_found")
	_, err = b.Pipeline(ctx, "")
	wantKind(t, err, fault.NotFound, "pipeline_not_found")

	all, err := b.Pipelines(ctx, pipelines.Page{Limit: 10})
	must(t, err)
	d := v.Document
	wantSame(t, "summaries", all, []pipelines.Summary{{
		ID: d.ID, Slug: "sales", Name: "Sales", Description: d.Description, Schedule: d.Schedule, Enabled: true, Tags: d.Tags,
		NodeCount: 3, EdgeCount: 2, DependsOn: []string{}, Dependencies: []pipelines.Dependency{}, Source: "ui", CreatedAt: noon, UpdatedAt: noon,
	}})
}

func testVersions(t *testing.T, b Backend) {
	ctx := t.Context()
	first := saved(t, b, "Sales")
	next := first
	next.Version, next.Name, next.UpdatedAt = 2, "Turnover", noon.Add(time.Minute)
	must(t, b.AppendVersion(ctx, pipelines.Version{Document: next, Message: "renamed", Author: "bob"}))

	got, err := b.Pipeline(ctx, "sales")
	must(t, err)
	wantSame(t, "newest", got.Document, next)
	old, err := b.PipelineVersion(ctx, first.ID, 1)
	must(t, err)
	wantSame(t, "version 1", old, pipelines.Version{Document: first, Message: "created"})
	_, err = b.PipelineVersion(ctx, first.ID, 3)
	wantKind(t, err, fault.NotFound, "version_not_found")

	history, err := b.Versions(ctx, first.ID, 10)
	must(t, err)
	wantSame(t, "history", history, []pipelines.VersionInfo{
		{Number: 2, Message: "renamed", Author: "bob", CreatedAt: next.UpdatedAt},
		{Number: 1, Message: "created", CreatedAt: noon},
	})
	history, err = b.Versions(ctx, first.ID, 1)
	must(t, err)
	if len(history) != 1 || history[0].Number != 2 {
		t.Errorf("of the history the newest line is %v, want that of version 2", history)
	}
	all, err := b.Pipelines(ctx, pipelines.Page{Limit: 10})
	must(t, err)
	if len(all) != 1 || all[0].Name != "Turnover" || !all[0].UpdatedAt.Equal(next.UpdatedAt) {
		t.Errorf("the list shows %+v, want the newest version", all)
	}
	wantKind(t, b.AppendVersion(ctx, pipelines.Version{Document: next}), fault.Stale, "version_conflict")
	gap := next
	gap.Version = 4
	wantKind(t, b.AppendVersion(ctx, pipelines.Version{Document: gap}), fault.Stale, "version_conflict")
	none := document("none")
	none.Version = 2
	wantKind(t, b.AppendVersion(ctx, pipelines.Version{Document: none}), fault.NotFound, "pipeline_not_found")
}

func testDocuments(t *testing.T, b Backend) {
	ctx := t.Context()
	first, other := saved(t, b, "Sales"), saved(t, b, "Costs")
	first.Version, first.Name, first.UpdatedAt = 2, "Turnover", noon.Add(time.Minute)
	must(t, b.AppendVersion(ctx, pipelines.Version{Document: first, Message: "renamed"}))
	all, err := b.Documents(ctx, 10)
	must(t, err)
	wantSame(t, "documents", all, []pipelines.Document{other, first})
	all, err = b.Documents(ctx, 1)
	must(t, err)
	wantSame(t, "the newest pipeline", all, []pipelines.Document{other})
	all, err = b.Documents(auth.WithWorkspace(ctx, "elsewhere"), 10)
	must(t, err)
	wantSame(t, "documents of another workspace", all, []pipelines.Document{})
}

func testSlugs(t *testing.T, b Backend) {
	ctx := t.Context()
	first := saved(t, b, "Sales")
	wantKind(t, b.InsertPipeline(ctx, pipelines.Version{Document: document("sales")}), fault.Conflict, "pipeline_exists")
	for range 2 { // any number may have none
		d := document("x")
		d.Slug = ""
		must(t, b.InsertPipeline(ctx, pipelines.Version{Document: d}))
	}
	mimic := document("mimic")
	mimic.Slug = string(first.ID)
	must(t, b.InsertPipeline(ctx, pipelines.Version{Document: mimic}))
	got, err := b.Pipeline(ctx, string(first.ID))
	must(t, err)
	if got.Document.ID != first.ID {
		t.Errorf("the id %s finds pipeline %s, whose slug looks like it", first.ID, got.Document.ID)
	}
}

func testPipelinePages(t *testing.T, b Backend) {
	ctx := t.Context()
	var want []pipelines.ID // newest first
	for i := range 7 {
		want = append([]pipelines.ID{saved(t, b, fmt.Sprint("p", i)).ID}, want...)
	}
	n, err := b.CountPipelines(ctx)
	must(t, err)
	if n != len(want) {
		t.Errorf("%d pipelines, want %d", n, len(want))
	}
	for name, c := range map[string]struct {
		page pipelines.Page
		want []pipelines.ID
	}{
		"first":            {pipelines.Page{Limit: 3}, want[:3]},
		"after":            {pipelines.Page{After: string(want[2]), Limit: 3}, want[3:6]},
		"skip":             {pipelines.Page{Skip: 5, Limit: 3}, want[5:]},
		"after, then skip": {pipelines.Page{After: string(want[0]), Skip: 1, Limit: 2}, want[2:4]},
		"beyond the end":   {pipelines.Page{Skip: 7, Limit: 3}, nil},
	} {
		all, err := b.Pipelines(ctx, c.page)
		must(t, err)
		var got []pipelines.ID
		for _, p := range all {
			got = append(got, p.ID)
		}
		wantSame(t, name, got, c.want)
	}
}

func testParallelSaves(t *testing.T, b Backend) {
	d := saved(t, b, "Sales")
	d.Version = 2
	won, errs := atOnce(20, func(int) error {
		return b.AppendVersion(t.Context(), pipelines.Version{Document: d})
	})
	if won != 1 {
		t.Errorf("%d of 20 saves of version 2 won, want 1", won)
	}
	for _, err := range errs {
		wantKind(t, err, fault.Stale, "version_conflict")
	}
}

func testDeletePipeline(t *testing.T, b Backend) {
	ctx := t.Context()
	d, other := saved(t, b, "Sales"), saved(t, b, "Other")
	stays := claimed(t, b, other, "me")
	c := claimed(t, b, d, "me")
	wantKind(t, b.DeletePipelines(ctx, nil, d.ID), fault.Conflict, "pipeline_busy")
	must(t, b.FinishRun(ctx, c.Run.ID, c.Fence, runs.Outcome{Status: runs.Success, At: noon}, nil))
	waits := pending(t, b, d)
	wantKind(t, b.DeletePipelines(ctx, nil, d.ID), fault.Conflict, "pipeline_busy")
	_, err := b.CancelRun(ctx, waits, noon)
	must(t, err)
	must(t, b.DeletePipelines(ctx, nil, d.ID))

	wantKind(t, b.DeletePipelines(ctx, nil, d.ID), fault.NotFound, "pipeline_not_found")
	_, err = b.Run(ctx, c.Run.ID)
	wantKind(t, err, fault.NotFound, "run_not_found")
	_, err = b.PipelineVersion(ctx, d.ID, 1)
	wantKind(t, err, fault.NotFound, "version_not_found")
	if left := events(t, b, c.Run.ID); len(left) > 0 {
		t.Errorf("%d events are left of a run whose pipeline is gone", len(left))
	}
	wantKind(t, b.InsertRun(ctx, newRun(d)), fault.NotFound, "pipeline_not_found")
	_, err = b.Run(ctx, stays.Run.ID)
	must(t, err)
}
