// Package triggers is what starts runs besides people and clocks: requests of other
// systems, files that arrive, contacts that change.
package triggers

import (
	"context"

	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/pipelines"
	"github.com/broked/broked/internal/runs"
)

// Service keeps triggers and starts runs by them.
type Service struct {
	store     Store
	pipelines *pipelines.Service
	runs      *runs.Service
}

// NewService returns a service that keeps its triggers in store.
func NewService(store Store, p *pipelines.Service, r *runs.Service) *Service {
	return &Service{store: store, pipelines: p, runs: r}
}

// Store remembers triggers. Package store implements it; every method is one
// transaction. Pipelines are those that the caller has found.
type Store interface {
	// PutWebhook stores the webhook of a pipeline in the place of the one before.
	PutWebhook(ctx context.Context, w Webhook) error
	// Webhook returns the webhook of a pipeline, or a NotFound fault.
	Webhook(ctx context.Context, pipeline pipelines.ID) (Webhook, error)
	// WebhookByToken returns the webhook with a token of the pipeline with an id or slug,
	// in whichever workspace, or a NotFound fault.
	WebhookByToken(ctx context.Context, pipeline string, hash []byte) (Webhook, error)
	// PauseWebhook pauses the webhook of a pipeline or lets it go on. Without one the
	// fault is NotFound.
	PauseWebhook(ctx context.Context, pipeline pipelines.ID, paused bool) error
	// DeleteWebhook removes the webhook of a pipeline. Without one the fault is NotFound.
	DeleteWebhook(ctx context.Context, pipeline pipelines.ID) error
	// WatchesOf returns the triggers of a pipeline that look at something, by name.
	WatchesOf(ctx context.Context, pipeline pipelines.ID) ([]Watch, error)
}

// NoWebhook is the fault of a pipeline without a webhook.
func NoWebhook() error {
	return fault.New(fault.NotFound, "the pipeline has no webhook").With("webhook_not_found")
}
