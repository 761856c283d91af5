package hooks

import (
	"context"
	"strings"
	"time"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/id"
	"github.com/broked/broked/internal/news"
	"github.com/broked/broked/internal/pipelines"
	"github.com/broked/broked/internal/runs"
	"github.com/broked/broked/internal/sealed"
)

// Changed is the key of news about deliveries.
const Changed = "deliveries"

// Filter chooses deliveries of the workspace at hand, the newest first. Members with the
// zero value choose all.
type Filter struct {
	Hook     ID
	Pipeline pipelines.ID
	Run      runs.ID
	State    State
	pipelines.Page
}

// Store remembers hooks and deliveries, each in the workspace at hand. Package store
// implements it; every method is one transaction. A hook that is not there is a NotFound
// fault.
type Store interface {
	// Hooks returns the hooks of a pipeline, or those for many pipelines when it is empty,
	// by name.
	Hooks(ctx context.Context, pipeline pipelines.ID) ([]Hook, error)
	Hook(ctx context.Context, id ID) (Hook, error)
	// InsertHook stores a hook with its sealed secret, which may be empty. More than
	// MaxHooks in a workspace are a Conflict fault.
	InsertHook(ctx context.Context, h Hook, secret string) error
	ChangeHook(ctx context.Context, h Hook) error
	SealHook(ctx context.Context, id ID, secret string) error
	DeleteHook(ctx context.Context, id ID) error
	// Deliver stores a delivery, due at once, with what is told.
	Deliver(ctx context.Context, d Delivery, p Payload) error
	DeliveryStore
}

// DeliveryStore remembers deliveries, in the workspace at hand.
type DeliveryStore interface {
	Deliveries(ctx context.Context, f Filter) ([]Delivery, error)
	// Resend makes a delivery of a hook pending and due, as if it had never been tried.
	Resend(ctx context.Context, hook ID, id DeliveryID, now time.Time) (Delivery, error)
}

// Documents finds pipelines. Package pipelines implements it.
type Documents interface {
	Get(ctx context.Context, ref string) (pipelines.Document, error)
}

// Service is what callers ask about hooks.
type Service struct {
	store     Store
	documents Documents
	box       *sealed.Box
	news      *news.Board
}

// NewService returns a service that keeps the secrets of hooks in box.
func NewService(store Store, documents Documents, box *sealed.Box, board *news.Board) *Service {
	return &Service{store: store, documents: documents, box: box, news: board}
}

// Hooks returns the hooks of the workspace that are for many pipelines, by name.
func (s *Service) Hooks(ctx context.Context) ([]Hook, error) { return s.store.Hooks(ctx, "") }

// OfPipeline returns the hooks of a pipeline, by name.
func (s *Service) OfPipeline(ctx context.Context, pipeline string) ([]Hook, error) {
	d, err := s.documents.Get(ctx, pipeline)
	if err != nil {
		return nil, err
	}
	return s.store.Hooks(ctx, d.ID)
}

// Hook returns a hook that is for many pipelines; that of a pipeline is a NotFound fault.
func (s *Service) Hook(ctx context.Context, id ID) (Hook, error) {
	h, err := s.store.Hook(ctx, id)
	if err == nil && h.Pipeline != "" {
		return Hook{}, NotFound(string(id))
	}
	return h, err
}

// InPipeline returns the hook of a name in a pipeline.
func (s *Service) InPipeline(ctx context.Context, pipeline, name string) (Hook, error) {
	all, err := s.OfPipeline(ctx, pipeline)
	if err != nil {
		return Hook{}, err
	}
	for _, h := range all {
		if h.Name == name {
			return h, nil
		}
	}
	return Hook{}, NotFound(name)
}

func now() time.Time { return time.Now().UTC().Truncate(time.Millisecond) }

// Create makes a hook and returns the secret that its webhooks are signed with, which
// cannot be read again; hooks of other types have none. Settings that cannot be are an
// Invalid fault.
func (s *Service) Create(ctx context.Context, set Settings) (Hook, string, error) {
	set.Name = strings.TrimSpace(set.Name)
	if err := set.check(); err != nil {
		return Hook{}, "", err
	}
	h := Hook{ID: ID(id.New()), Workspace: auth.HomeFrom(ctx), Settings: set, CreatedAt: now()}
	h.UpdatedAt, h.Signed = h.CreatedAt, set.Type == Webhook
	var secret, kept string
	if h.Signed {
		secret = newSecret()
		kept = s.box.Seal(SecretAt(h.ID), secret)
	}
	return h, secret, s.store.InsertHook(ctx, h, kept)
}

// Change gives a hook other settings. Its secret stays.
func (s *Service) Change(ctx context.Context, id ID, set Settings) (Hook, error) {
	set.Name = strings.TrimSpace(set.Name)
	if err := set.check(); err != nil {
		return Hook{}, err
	}
	h, err := s.Hook(ctx, id)
	if err != nil {
		return Hook{}, err
	}
	h.Settings, h.UpdatedAt = set, now()
	return h, s.store.ChangeHook(ctx, h)
}

// Delete removes a hook with its deliveries.
func (s *Service) Delete(ctx context.Context, id ID) error {
	if _, err := s.Hook(ctx, id); err != nil {
		return err
	}
	return s.store.DeleteHook(ctx, id)
}

// NewSecret gives a hook a new secret, with which webhooks are signed from now on, and
// returns it.
func (s *Service) NewSecret(ctx context.Context, h Hook) (string, error) {
	secret := newSecret()
	return secret, s.store.SealHook(ctx, h.ID, s.box.Seal(SecretAt(h.ID), secret))
}

// Try has a sample sent to the receiver of a hook, also of one that is not enabled.
func (s *Service) Try(ctx context.Context, h Hook) (Delivery, error) {
	at := now()
	d := Delivery{
		ID: DeliveryID(id.New()), Hook: h.ID, HookName: h.Name, HookType: h.Type, Workspace: h.Workspace, Pipeline: h.Pipeline,
		Event: Test, State: Pending, NextAt: &at, CreatedAt: at,
	}
	p := Payload{Timestamp: at, Workspace: h.Workspace, Pipeline: h.Pipeline, PipelineName: "A pipeline"}
	if err := s.store.Deliver(ctx, d, p.Named(h.Name, Test)); err != nil {
		return Delivery{}, err
	}
	s.news.Post(Changed)
	return d, nil
}

// Deliveries returns what was told and is to be told, the newest first.
func (s *Service) Deliveries(ctx context.Context, f Filter) ([]Delivery, error) {
	return s.store.Deliveries(ctx, f)
}

// Resend has a delivery of a hook sent again, under its old id.
func (s *Service) Resend(ctx context.Context, h Hook, id DeliveryID) (Delivery, error) {
	d, err := s.store.Resend(ctx, h.ID, id, now())
	if err == nil {
		s.news.Post(Changed)
	}
	return d, err
}
