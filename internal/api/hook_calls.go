package api

import (
	"context"
	"net/http"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/hooks"
	"github.com/broked/broked/internal/pipelines"
	"github.com/broked/broked/internal/runs"
)

func (s *server) hookCalls() {
	register(s, call{
		method: http.MethodGet, path: "/api/hooks", may: auth.SettingsEdit, tag: "hooks",
		summary: "List the hooks that are told what happens to runs of many pipelines",
	}, s.listHooks)
	register(s, call{
		method: http.MethodPost, path: "/api/hooks", may: auth.SettingsEdit, tag: "hooks", status: http.StatusCreated,
		summary: "Make a hook; the secret that its webhooks are signed with is told once",
	}, s.createHook)
	register(s, call{
		method: http.MethodGet, path: "/api/hooks/{hook}", may: auth.SettingsEdit, tag: "hooks",
		summary: "Show a hook",
	}, s.getHook)
	register(s, call{
		method: http.MethodPut, path: "/api/hooks/{hook}", may: auth.SettingsEdit, tag: "hooks",
		summary: "Change a hook; its secret stays",
	}, s.changeHook)
	register(s, call{
		method: http.MethodDelete, path: "/api/hooks/{hook}", may: auth.SettingsEdit, tag: "hooks", status: http.StatusNoContent,
		summary: "Delete a hook with its deliveries",
	}, s.deleteHook)
	register(s, call{
		method: http.MethodPost, path: "/api/hooks/{hook}/secret", may: auth.SettingsEdit, tag: "hooks",
		summary: "Make a new secret, with which webhooks are signed from now on; it is told once",
	}, s.renewHook)
	register(s, call{
		method: http.MethodPost, path: "/api/hooks/{hook}/test", may: auth.SettingsEdit, tag: "hooks", status: http.StatusAccepted,
		summary: "Send a sample to the receiver of a hook",
	}, s.testHook)
	register(s, call{
		method: http.MethodGet, path: "/api/hooks/{hook}/deliveries", may: auth.SettingsEdit, tag: "hooks",
		summary: "List what a hook was told and is to be told, newest first",
	}, s.deliveriesOfHook)
	register(s, call{
		method: http.MethodPost, path: "/api/hooks/{hook}/deliveries/{delivery}/resend", may: auth.SettingsEdit, tag: "hooks", status: http.StatusAccepted,
		summary: "Send a delivery again, under its old id",
	}, s.resendDelivery)
	s.pipelineHookCalls()
}

// pipelineHookCalls are those about hooks that documents have.
func (s *server) pipelineHookCalls() {
	register(s, call{
		method: http.MethodGet, path: "/api/pipelines/{id}/hooks", may: auth.PipelinesView, tag: "hooks",
		summary: "List the hooks of a pipeline's document that name a receiver",
	}, s.listPipelineHooks)
	register(s, call{
		method: http.MethodPost, path: "/api/pipelines/{id}/hooks/{name}/secret", may: auth.PipelinesEdit, tag: "hooks",
		summary: "Make a secret, with which webhooks of this hook are signed from now on; it is told once",
	}, s.renewPipelineHook)
	register(s, call{
		method: http.MethodPost, path: "/api/pipelines/{id}/hooks/{name}/test", may: auth.PipelinesEdit, tag: "hooks", status: http.StatusAccepted,
		summary: "Send a sample to the receiver of a hook of a pipeline",
	}, s.testPipelineHook)
	register(s, call{
		method: http.MethodGet, path: "/api/pipelines/{id}/deliveries", may: auth.PipelinesView, tag: "hooks",
		summary: "List what the hooks of a pipeline's document were told and are to be told, newest first",
	}, s.deliveriesOfPipeline)
	register(s, call{
		method: http.MethodPost, path: "/api/pipelines/{id}/hooks/{name}/deliveries/{delivery}/resend", may: auth.PipelinesEdit, tag: "hooks", status: http.StatusAccepted,
		summary: "Send a delivery of a hook of a pipeline again, under its old id",
	}, s.resendPipelineDelivery)
	register(s, call{
		method: http.MethodGet, path: "/api/runs/{id}/deliveries", may: auth.RunsView, tag: "hooks",
		summary: "List what hooks were told and are to be told of a run, newest first",
	}, s.deliveriesOfRun)
}

// ByHook is the path of one hook.
type ByHook struct {
	Hook string `path:"hook" maxLength:"64" doc:"Id of the hook"`
}

// ByDelivery is the part of a path that names a delivery.
type ByDelivery struct {
	Delivery string `path:"delivery" maxLength:"64" doc:"Id of the delivery"`
}

// ByPipelineHook is the path of one hook of a pipeline.
type ByPipelineHook struct {
	ID   string `path:"id" maxLength:"128" doc:"Id or pipeline_id"`
	Name string `path:"name" maxLength:"64" doc:"Its name in the document: on_start, on_success, on_failure, on_node_failure or webhook_url"`
}

// DeliveryPage is how a caller asks for a part of a list of deliveries.
type DeliveryPage struct {
	State string `query:"state" enum:"pending,delivered,failed" doc:"Only these"`
	After string `query:"after" maxLength:"128" doc:"Only older ones than the delivery of this id"`
	Limit int    `query:"limit" minimum:"0" maximum:"500" doc:"How many, 25 when 0"`
}

func (p DeliveryPage) filter() hooks.Filter {
	return hooks.Filter{State: hooks.State(p.State), Page: pipelines.Page{After: p.After, Limit: orDefault(p.Limit)}}
}

// hookSettings is what people say of a hook.
type hookSettings struct{ hooks.Settings }

// madeHook is a hook with the secret of its webhooks.
type madeHook struct {
	hooks.Hook
	Secret string `json:"secret,omitempty" doc:"Told here alone; absent unless the type is webhook"`
}

// hookSecret is the new secret of a hook.
type hookSecret struct {
	Secret string `json:"secret" doc:"Told here alone"`
}

func (s *server) listHooks(ctx context.Context, _ *struct{}) (*body[[]hooks.Hook], error) {
	all, err := s.Hooks.Hooks(ctx)
	if err != nil {
		return nil, err
	}
	return &body[[]hooks.Hook]{all}, nil
}

func (s *server) createHook(ctx context.Context, in *struct{ Body hookSettings }) (*body[madeHook], error) {
	h, secret, err := s.Hooks.Create(ctx, in.Body.Settings)
	if err != nil {
		return nil, err
	}
	return &body[madeHook]{madeHook{h, secret}}, nil
}

func (s *server) getHook(ctx context.Context, in *ByHook) (*body[hooks.Hook], error) {
	h, err := s.Hooks.Hook(ctx, hooks.ID(in.Hook))
	if err != nil {
		return nil, err
	}
	return &body[hooks.Hook]{h}, nil
}

func (s *server) changeHook(ctx context.Context, in *struct {
	ByHook
	Body hookSettings
},
) (*body[hooks.Hook], error) {
	h, err := s.Hooks.Change(ctx, hooks.ID(in.Hook), in.Body.Settings)
	if err != nil {
		return nil, err
	}
	return &body[hooks.Hook]{h}, nil
}

func (s *server) deleteHook(ctx context.Context, in *ByHook) (*struct{}, error) {
	return nil, s.Hooks.Delete(ctx, hooks.ID(in.Hook))
}

func (s *server) renewHook(ctx context.Context, in *ByHook) (*body[hookSecret], error) {
	h, err := s.Hooks.Hook(ctx, hooks.ID(in.Hook))
	return s.renew(ctx, h, err)
}

func (s *server) testHook(ctx context.Context, in *ByHook) (*body[hooks.Delivery], error) {
	h, err := s.Hooks.Hook(ctx, hooks.ID(in.Hook))
	return s.try(ctx, h, err)
}

func (s *server) resendDelivery(ctx context.Context, in *struct {
	ByHook
	ByDelivery
},
) (*body[hooks.Delivery], error) {
	h, err := s.Hooks.Hook(ctx, hooks.ID(in.Hook))
	return s.resend(ctx, h, in.Delivery, err)
}

func (s *server) deliveriesOfHook(ctx context.Context, in *struct {
	ByHook
	DeliveryPage
},
) (*body[[]hooks.Delivery], error) {
	h, err := s.Hooks.Hook(ctx, hooks.ID(in.Hook))
	if err != nil {
		return nil, err
	}
	f := in.filter()
	f.Hook = h.ID
	return s.deliveries(ctx, f)
}

func (s *server) listPipelineHooks(ctx context.Context, in *ByID) (*body[[]hooks.Hook], error) {
	all, err := s.Hooks.OfPipeline(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return &body[[]hooks.Hook]{all}, nil
}

func (s *server) renewPipelineHook(ctx context.Context, in *ByPipelineHook) (*body[hookSecret], error) {
	h, err := s.Hooks.InPipeline(ctx, in.ID, in.Name)
	return s.renew(ctx, h, err)
}

func (s *server) testPipelineHook(ctx context.Context, in *ByPipelineHook) (*body[hooks.Delivery], error) {
	h, err := s.Hooks.InPipeline(ctx, in.ID, in.Name)
	return s.try(ctx, h, err)
}

func (s *server) resendPipelineDelivery(ctx context.Context, in *struct {
	ByPipelineHook
	ByDelivery
},
) (*body[hooks.Delivery], error) {
	h, err := s.Hooks.InPipeline(ctx, in.ID, in.Name)
	return s.resend(ctx, h, in.Delivery, err)
}

func (s *server) deliveriesOfPipeline(ctx context.Context, in *struct {
	ByID
	DeliveryPage
},
) (*body[[]hooks.Delivery], error) {
	d, err := s.Pipelines.Get(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	f := in.filter()
	f.Pipeline = d.ID
	return s.deliveries(ctx, f)
}

func (s *server) deliveriesOfRun(ctx context.Context, in *struct {
	ByID
	DeliveryPage
},
) (*body[[]hooks.Delivery], error) {
	r, err := s.Runs.Get(ctx, runs.ID(in.ID))
	if err != nil {
		return nil, err
	}
	f := in.filter()
	f.Run = r.ID
	return s.deliveries(ctx, f)
}

func (s *server) renew(ctx context.Context, h hooks.Hook, err error) (*body[hookSecret], error) {
	if err != nil {
		return nil, err
	}
	secret, err := s.Hooks.NewSecret(ctx, h)
	if err != nil {
		return nil, err
	}
	return &body[hookSecret]{hookSecret{secret}}, nil
}

func (s *server) try(ctx context.Context, h hooks.Hook, err error) (*body[hooks.Delivery], error) {
	if err != nil {
		return nil, err
	}
	d, err := s.Hooks.Try(ctx, h)
	if err != nil {
		return nil, err
	}
	return &body[hooks.Delivery]{d}, nil
}

func (s *server) resend(ctx context.Context, h hooks.Hook, id string, err error) (*body[hooks.Delivery], error) {
	if err != nil {
		return nil, err
	}
	d, err := s.Hooks.Resend(ctx, h, hooks.DeliveryID(id))
	if err != nil {
		return nil, err
	}
	return &body[hooks.Delivery]{d}, nil
}

func (s *server) deliveries(ctx context.Context, f hooks.Filter) (*body[[]hooks.Delivery], error) {
	all, err := s.Hooks.Deliveries(ctx, f)
	if err != nil {
		return nil, err
	}
	return &body[[]hooks.Delivery]{all}, nil
}
