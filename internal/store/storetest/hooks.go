package storetest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/hooks"
	"github.com/broked/broked/internal/id"
	"github.com/broked/broked/internal/pipelines"
	"github.com/broked/broked/internal/runs"
)

// hookOf puts a hook for many pipelines in the store.
func hookOf(t *testing.T, b Backend, in auth.WorkspaceID, set hooks.Settings) hooks.Hook {
	t.Helper()
	set.Type, set.URL, set.Enabled = hooks.Webhook, "https://example.com", true
	h := hooks.Hook{ID: hooks.ID(id.New()), Workspace: in, Settings: set, CreatedAt: noon, UpdatedAt: noon}
	must(t, b.InsertHook(t.Context(), h, "enc:x"))
	return h
}

// told returns the deliveries of a run as "hook/event", in the order of their making.
func told(t *testing.T, b Backend, run runs.ID) string {
	t.Helper()
	all, err := b.Deliveries(t.Context(), hooks.Filter{Run: run, Page: pipelines.Page{Limit: 100}})
	must(t, err)
	texts := []string{}
	for _, d := range slices.Backward(all) {
		texts = append(texts, strings.TrimSpace(fmt.Sprintf("%s/%s %s", d.HookName, d.Event, d.Node)))
	}
	slices.Sort(texts)
	return strings.Join(texts, ", ")
}

func hooked(t *testing.T, b Backend) pipelines.Document {
	t.Helper()
	d := document("Hooked")
	d.WebhookURL = "https://example.com/all"
	d.Hooks = map[string]pipelines.RunHook{
		"on_start":        {Type: "webhook", URL: "https://example.com/start", Enabled: true},
		"on_failure":      {Type: "slack", URL: "https://example.com/chat", Enabled: true, Extra: pipelines.RawObject(`{"channel":"#ops"}`)},
		"on_success":      {Type: "webhook", URL: "https://example.com/off"},
		"on_node_failure": {Type: "email", Enabled: true, Extra: pipelines.RawObject(`{"to":["ann@example.com"]}`)},
	}
	must(t, b.InsertPipeline(t.Context(), pipelines.Version{Document: d}))
	return d
}

func testOutbox(t *testing.T, b Backend) {
	ctx := t.Context()
	d := hooked(t, b)
	workspace(t, b, north)
	all := []hooks.Event{hooks.OnStart, hooks.OnSuccess, hooks.OnFailure, hooks.OnNodeFailure}
	hookOf(t, b, "default", hooks.Settings{Name: "everything", Events: all})
	hookOf(t, b, "default", hooks.Settings{Name: "daily", Events: []hooks.Event{hooks.OnFailure}, Tag: "daily"})
	hookOf(t, b, "default", hooks.Settings{Name: "weekly", Events: all, Tag: "weekly"})
	hookOf(t, b, "default", hooks.Settings{Name: "others", Events: all, Pipelines: "other*"})
	hookOf(t, b, north, hooks.Settings{Name: "north", Events: all})

	c := claimed(t, b, d, "me")
	wantSame(t, "told of the start", told(t, b, c.Run.ID), "everything/on_start, on_start/on_start")
	must(t, b.PutBackRun(ctx, c.Run.ID, c.Fence, after(1)))
	c, err := b.ClaimRun(ctx, c.Run.ID, "me", after(2))
	must(t, err)
	wantSame(t, "told when it goes on", told(t, b, c.Run.ID), "everything/on_start, on_start/on_start")
	must(t, b.fail(t, c, "b", "column", 10))
	wantSame(t, "told of the end", told(t, b, c.Run.ID), "daily/on_failure, everything/on_failure, everything/on_node_failure b, everything/on_start, "+
		"on_failure/on_failure, on_node_failure/on_node_failure b, on_start/on_start, webhook_url/on_failure")
	run := succeed(t, b, d, 20)
	wantSame(t, "told of success", told(t, b, run), "everything/on_start, everything/on_success, on_start/on_start, webhook_url/on_success")
	d = document("far")
	d.Workspace = string(north)
	must(t, b.InsertPipeline(ctx, pipelines.Version{Document: d}))
	elsewhere := succeed(t, b, d, 20)
	wantSame(t, "seen from here", told(t, b, elsewhere), "")

	due, next, err := b.DueDeliveries(ctx, after(60_000), 100)
	must(t, err)
	if len(due) != 14 || next != nil {
		t.Fatalf("%d are due and more at %v", len(due), next)
	}
	p := due[slices.IndexFunc(due, func(p hooks.Parcel) bool { return p.HookName == "webhook_url" })]
	if p.Payload.Event != "run.failed" || p.Payload.Error != "no column" || p.Payload.ErrorCode != "column" || p.Payload.PipelineName != "Hooked" || p.To.URL != "https://example.com/all" {
		t.Errorf("due is %+v", p)
	}
	few, _, err := b.DueDeliveries(ctx, after(60_000), 1)
	must(t, err)
	wantSame(t, "one of each hook", len(few), 7)
}

// testNoEventWithoutDelivery checks that what hooks are to be told is on record with
// what has happened, or neither is.
func testNoEventWithoutDelivery(t *testing.T, b Backend) {
	d := hooked(t, b)
	c := claimed(t, b, d, "me")
	b.refuse(t, "deliveries")
	if err := b.FinishRun(t.Context(), c.Run.ID, c.Fence, runs.Outcome{Status: runs.Success, At: after(1)}, nil); err == nil {
		t.Error("the run has ended, and nobody will be told")
	}
	r, err := b.Run(t.Context(), c.Run.ID)
	must(t, err)
	wantSame(t, "status", r.Status, runs.Running)
}

func testHooksOfDocuments(t *testing.T, b Backend) {
	ctx := t.Context()
	d := hooked(t, b)
	names := func() (all map[string]hooks.Hook) {
		all = map[string]hooks.Hook{}
		of, err := b.Hooks(ctx, d.ID)
		must(t, err)
		for _, h := range of {
			all[h.Name] = h
		}
		return all
	}
	before := names()
	if len(before) != 5 || before["on_failure"].Channel != "#ops" || before["on_success"].Enabled || before["on_node_failure"].To[0] != "ann@example.com" {
		t.Fatalf("hooks: %+v", before)
	}
	must(t, b.SealHook(ctx, before["webhook_url"].ID, "enc:secret"))
	d.Version, d.WebhookURL = 2, "https://example.com/new"
	delete(d.Hooks, "on_start")
	must(t, b.AppendVersion(ctx, pipelines.Version{Document: d}))
	now := names()
	if h := now["webhook_url"]; len(now) != 4 || h.ID != before["webhook_url"].ID || !h.Signed || h.URL != d.WebhookURL {
		t.Errorf("hooks after a change: %+v", now)
	}
	many, err := b.Hooks(ctx, "")
	must(t, err)
	wantSame(t, "hooks for many", len(many), 0)
	must(t, b.DeletePipelines(ctx, nil, d.ID))
	wantSame(t, "hooks of a deleted pipeline", len(names()), 0)
}

func testDeliveries(t *testing.T, b Backend) {
	ctx := t.Context()
	h := hookOf(t, b, "default", hooks.Settings{Name: "x", Events: []hooks.Event{hooks.OnStart}})
	workspace(t, b, north)
	far := auth.WithWorkspace(ctx, north)
	_, err := b.Hook(far, h.ID)
	wantKind(t, err, fault.NotFound, "hook_not_found")
	wantKind(t, b.DeleteHook(far, h.ID), fault.NotFound, "hook_not_found")
	wantKind(t, b.SealHook(far, h.ID, ""), fault.NotFound, "hook_not_found")
	now := time.Now().UTC().Truncate(time.Millisecond)
	d := hooks.Delivery{ID: hooks.DeliveryID(id.New()), Hook: h.ID, Workspace: "default", Event: hooks.Test, CreatedAt: now}
	must(t, b.Deliver(ctx, d, hooks.Payload{Event: "test"}))
	_, err = b.Resend(far, h.ID, d.ID, now)
	wantKind(t, err, fault.NotFound, "delivery_not_found")

	later := now.Add(time.Minute)
	d.State, d.Attempts, d.NextAt, d.SentAt, d.Error, d.Status = hooks.Pending, 1, &later, &now, "no", 500
	must(t, b.SaveDelivery(ctx, d))
	due, next, err := b.DueDeliveries(ctx, now, 10)
	must(t, err)
	if len(due) != 0 || next == nil || !next.Equal(later) {
		t.Errorf("due %v, next %v", due, next)
	}
	d.State, d.Attempts, d.NextAt, d.Error = hooks.Delivered, 2, nil, ""
	must(t, b.SaveDelivery(ctx, d))
	d.State, d.Error = hooks.Failed, "late"
	must(t, b.SaveDelivery(ctx, d)) // of somebody who has sent it as well
	all, err := b.Deliveries(ctx, hooks.Filter{Hook: h.ID, State: hooks.Delivered, Page: pipelines.Page{Limit: 5}})
	must(t, err)
	wantSame(t, "delivered", len(all), 1)
	again, err := b.Resend(ctx, h.ID, d.ID, now)
	must(t, err)
	wantSame(t, "sent again", []any{again.State, again.Attempts, again.Error}, []any{hooks.Pending, 0, ""})
	n, err := b.ForgetDeliveries(ctx, now.Add(time.Hour), 10)
	must(t, err)
	wantSame(t, "forgotten while it is pending", n, 0)
	d.State, d.Attempts = hooks.Failed, 1
	must(t, b.SaveDelivery(ctx, d))
	n, err = b.ForgetDeliveries(ctx, now.Add(-time.Hour), 10)
	must(t, err)
	wantSame(t, "forgotten too early", n, 0)
	n, err = b.ForgetDeliveries(ctx, now.Add(time.Hour), 10)
	must(t, err)
	wantSame(t, "forgotten", n, 1)
	for range hooks.MaxHooks - 1 {
		hookOf(t, b, "default", hooks.Settings{Name: "y", Events: []hooks.Event{hooks.OnStart}})
	}
	wantKind(t, b.InsertHook(ctx, hooks.Hook{ID: "z", Workspace: "default"}, ""), fault.Conflict, "too_many_hooks")
}

// testGoneReceivers: a receiver that wants to be told nothing more is told nothing more.
func testGoneReceivers(t *testing.T, b Backend) {
	ctx := t.Context()
	now := time.Now().UTC().Truncate(time.Millisecond)
	told := func(h hooks.Hook) hooks.Delivery {
		d := hooks.Delivery{ID: hooks.DeliveryID(id.New()), Hook: h.ID, Workspace: "default", Event: hooks.Test, CreatedAt: now}
		must(t, b.Deliver(ctx, d, hooks.Payload{Event: "test"}))
		return d
	}
	h := hookOf(t, b, "default", hooks.Settings{Name: "x", Enabled: true, Events: []hooks.Event{hooks.OnStart}})
	other := hookOf(t, b, "default", hooks.Settings{Name: "y", Enabled: true, Events: []hooks.Event{hooks.OnStart}})
	d := told(h)
	told(h)
	stays := told(other)
	d.State, d.Attempts, d.SentAt, d.Error, d.Status = hooks.Failed, 1, &now, "no", hooks.Gone
	must(t, b.SaveDelivery(ctx, d))
	got, err := b.Hook(ctx, h.ID)
	must(t, err)
	due, next, err := b.DueDeliveries(ctx, now.Add(time.Hour), 10)
	must(t, err)
	if got.Enabled || len(due) != 1 || due[0].ID != stays.ID || next != nil {
		t.Errorf("the hook is %+v, and due is %+v", got, due)
	}
}
