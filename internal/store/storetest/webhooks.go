package storetest

import (
	"bytes"
	"testing"
	"time"

	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/pipelines"
	"github.com/broked/broked/internal/runs"
	"github.com/broked/broked/internal/triggers"
)

// testWebhooks: a pipeline has one webhook, which is found by its token and goes with it.
func testWebhooks(t *testing.T, b Backend) {
	ctx := t.Context()
	d, other := saved(t, b, "Sales"), saved(t, b, "Stock")
	_, err := b.Webhook(ctx, d.ID)
	wantKind(t, err, fault.NotFound, "webhook_not_found")
	wantKind(t, b.PauseWebhook(ctx, d.ID, true), fault.NotFound, "webhook_not_found")
	wantKind(t, b.DeleteWebhook(ctx, d.ID), fault.NotFound, "webhook_not_found")
	first := triggers.ByToken(d.ID, "first token", noon)
	must(t, b.PutWebhook(ctx, first))
	must(t, b.PutWebhook(ctx, triggers.ByToken(other.ID, "first token", noon)))
	must(t, b.PauseWebhook(ctx, d.ID, true))
	second := triggers.ByToken(d.ID, "second token", after(5))
	second.Salt = []byte("salt")
	must(t, b.PutWebhook(ctx, second))
	_, err = b.WebhookByToken(ctx, string(d.ID), first.Hash)
	wantKind(t, err, fault.NotFound, "webhook_not_found")
	second.Workspace, second.Paused = "default", true
	for _, ref := range []string{string(d.ID), d.Slug} {
		got, err := b.WebhookByToken(ctx, ref, second.Hash)
		must(t, err)
		wantSame(t, "webhook by token", got, second)
	}
	r := newRun(d)
	r.Trigger = runs.ByWebhook
	must(t, b.InsertRun(ctx, r))
	got, err := b.Webhook(ctx, d.ID)
	must(t, err)
	second.LastRun, second.LastAt = r.ID, &r.CreatedAt
	wantSame(t, "webhook that has started a run", got, second)
	must(t, b.DeleteWebhook(ctx, d.ID))
	_, err = b.Webhook(ctx, d.ID)
	wantKind(t, err, fault.NotFound, "webhook_not_found")
	must(t, b.DeletePipelines(ctx, nil, other.ID))
	_, err = b.Webhook(ctx, other.ID)
	wantKind(t, err, fault.NotFound, "webhook_not_found")
	wantKind(t, b.PutWebhook(ctx, triggers.ByToken("gone", "token", noon)), fault.NotFound, "pipeline_not_found")
}

// testTokensOfVersions: a version may come with a token, which is not stored with it.
func testTokensOfVersions(t *testing.T, b Backend) {
	ctx := t.Context()
	d := saved(t, b, "Sales")
	d.Version++
	must(t, b.AppendVersion(ctx, pipelines.Version{Document: d, WebhookToken: "a token of a client"}))
	w, err := b.WebhookByToken(ctx, string(d.ID), triggers.ByToken(d.ID, "a token of a client", noon).Hash)
	must(t, err)
	if w.Pipeline != d.ID || w.Signed() || w.End != "ient" {
		t.Errorf("webhook: %+v", w)
	}
	v, err := b.PipelineVersion(ctx, d.ID, d.Version)
	must(t, err)
	if v.WebhookToken != "" || v.Document.WebhookToken != "" {
		t.Errorf("the version has the token: %+v", v)
	}
}

// testInputs: what came with a request is that of its run and of those that resume it,
// and goes with the run.
func testInputs(t *testing.T, b Backend) {
	ctx := t.Context()
	d := saved(t, b, "Sales")
	r := newRun(d)
	r.Input = []byte(`{"a":1}`)
	must(t, b.InsertRun(ctx, r))
	_, err := b.CancelRun(ctx, r.ID, noon)
	must(t, err)
	again := newRun(d)
	again.ResumedFrom = r.ID
	must(t, b.InsertRun(ctx, again))
	without := newRun(d)
	must(t, b.InsertRun(ctx, without))
	for run, want := range map[runs.ID][]byte{r.ID: r.Input, again.ID: r.Input, without.ID: nil} {
		got, err := b.RunInput(ctx, run)
		must(t, err)
		if !bytes.Equal(got, want) {
			t.Errorf("input %q, want %q", got, want)
		}
	}
	for _, run := range []runs.ID{again.ID, without.ID} {
		_, err := b.CancelRun(ctx, run, noon)
		must(t, err)
	}
	must(t, b.DeletePipelines(ctx, nil, d.ID))
	var left int
	must(t, b.DB.Writer().QueryRowContext(ctx, `SELECT count(*) FROM run_inputs`).Scan(&left))
	if left != 0 {
		t.Errorf("%d bodies of runs that are gone", left)
	}
}

// testLongOnce: a request may say that it comes again for longer than others.
func testLongOnce(t *testing.T, b Backend) {
	ctx := t.Context()
	d := saved(t, b, "Sales")
	once := runs.Once{Scope: "webhook", Key: "k", Request: "this", Life: 7 * 24 * time.Hour}
	first := newRun(d)
	_, err := b.InsertRunOnce(ctx, once, first)
	must(t, err)
	for _, step := range []struct {
		after time.Duration
		want  runs.ID
	}{{once.Life - time.Second, first.ID}, {once.Life, ""}} {
		r := newRun(d)
		r.CreatedAt = noon.Add(step.after)
		before, err := b.InsertRunOnce(ctx, once, r)
		must(t, err)
		if before != step.want {
			t.Errorf("after %s: %q, want %q", step.after, before, step.want)
		}
	}
}
