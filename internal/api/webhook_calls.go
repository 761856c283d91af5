package api

import (
	"cmp"
	"context"
	"fmt"
	"mime"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/pipelines"
	"github.com/broked/broked/internal/runs"
	"github.com/broked/broked/internal/triggers"
)

func (s *server) webhookCalls() {
	register(s, call{
		method: http.MethodPost, path: "/api/pipelines/{id}/webhook", tag: "triggers", class: classWebhook,
		summary: "Start a run by the pipeline's webhook, with its token as X-Webhook-Token or ?token=; the answer does not wait for it",
		own:     s.admitWebhook, bodyOptional: true,
		describe: describeWebhook,
	}, s.fireWebhook)
	register(s, call{
		method: http.MethodGet, path: "/api/pipelines/{id}/webhook", may: auth.PipelinesView, tag: "triggers",
		summary:  "Read the webhook of a pipeline, without its token; 204 when it has none",
		describe: describeNoWebhook,
	}, s.getWebhook)
	register(s, call{
		method: http.MethodPut, path: "/api/pipelines/{id}/webhook", may: auth.PipelinesEdit, tag: "triggers",
		summary: "Give a pipeline a webhook with a new token, in the place of the one before; the answer has the token, which cannot be read again",
	}, s.putWebhook)
	register(s, call{
		method: http.MethodPost, path: "/api/pipelines/{id}/webhook/pause", may: auth.PipelinesEdit, tag: "triggers",
		summary: "Have the webhook of a pipeline start no runs",
	}, func(ctx context.Context, in *ByID) (*body[Webhook], error) { return s.pauseWebhook(ctx, in.ID, true) })
	register(s, call{
		method: http.MethodPost, path: "/api/pipelines/{id}/webhook/resume", may: auth.PipelinesEdit, tag: "triggers",
		summary: "Have the webhook of a pipeline start runs again",
	}, func(ctx context.Context, in *ByID) (*body[Webhook], error) { return s.pauseWebhook(ctx, in.ID, false) })
	register(s, call{
		method: http.MethodDelete, path: "/api/pipelines/{id}/webhook", may: auth.PipelinesEdit, tag: "triggers", status: http.StatusNoContent,
		summary: "Remove the webhook of a pipeline: its token is worth nothing then",
	}, s.deleteWebhook)
}

// Webhook is a webhook without what is secret of it.
type Webhook struct {
	Path      string     `json:"path" doc:"Where requests go"`
	TokenEnd  string     `json:"token_end" doc:"The last characters of the token"`
	Signed    bool       `json:"signed" doc:"Requests need a signature as of Standard Webhooks"`
	Paused    bool       `json:"paused"`
	CreatedAt time.Time  `json:"created_at"`
	LastRun   runs.ID    `json:"last_run_id,omitempty" doc:"The last run that it has started"`
	LastAt    *time.Time `json:"last_at,omitempty" doc:"When it did"`
}

func newWebhook(w triggers.Webhook) Webhook {
	return Webhook{
		Path: webhookPath(w.Pipeline), TokenEnd: w.End, Signed: w.Signed(), Paused: w.Paused, CreatedAt: w.CreatedAt, LastRun: w.LastRun, LastAt: w.LastAt,
	}
}

func webhookPath(of pipelines.ID) string { return fmt.Sprintf("/api/pipelines/%s/webhook", of) }

// issuedWebhook is a webhook that was just made.
type issuedWebhook struct {
	Webhook
	Token  string `json:"token" doc:"Shown now, and never again"`
	Secret string `json:"secret,omitempty" doc:"Of signatures; shown now, and never again"`
}

// webhookRequest says how a webhook is made.
type webhookRequest struct {
	Signed *bool `json:"signed,omitempty" doc:"Requests need a signature as of Standard Webhooks, which tells a changed or repeated one; yes when absent"`
}

// maybeWebhook is a webhook, or nothing: that a pipeline has none is an answer
// and no error, which browsers would complain of.
type maybeWebhook struct {
	Status int
	Body   *Webhook
}

func (s *server) getWebhook(ctx context.Context, in *ByID) (*maybeWebhook, error) {
	w, err := s.Triggers.Webhook(ctx, in.ID)
	switch {
	case fault.CodeOf(err) == fault.CodeOf(triggers.NoWebhook()):
		return &maybeWebhook{Status: http.StatusNoContent}, nil
	case err != nil:
		return nil, err
	}
	shown := newWebhook(w)
	return &maybeWebhook{Status: http.StatusOK, Body: &shown}, nil
}

func describeNoWebhook(op *huma.Operation) {
	op.Responses = map[string]*huma.Response{"204": {Description: "The pipeline has no webhook"}}
}

func (s *server) putWebhook(ctx context.Context, in *struct {
	ByID
	Body webhookRequest
},
) (*body[issuedWebhook], error) {
	made, err := s.Triggers.Make(ctx, in.ID, in.Body.Signed == nil || *in.Body.Signed)
	if err != nil {
		return nil, err
	}
	return &body[issuedWebhook]{issuedWebhook{Webhook: newWebhook(made.Webhook), Token: made.Token, Secret: made.Secret}}, nil
}

func (s *server) pauseWebhook(ctx context.Context, pipeline string, paused bool) (*body[Webhook], error) {
	w, err := s.Triggers.Pause(ctx, pipeline, paused)
	if err != nil {
		return nil, err
	}
	return &body[Webhook]{newWebhook(w)}, nil
}

func (s *server) deleteWebhook(ctx context.Context, in *ByID) (*struct{}, error) {
	return nil, s.Triggers.Remove(ctx, in.ID)
}

// admittedKey is where the context of a request has the webhook that it was admitted to.
type admittedKey struct{}

type admitted struct {
	triggers.Webhook
	request triggers.Request
}

// describeWebhook documents a body that may be any JSON.
func describeWebhook(op *huma.Operation) {
	op.RequestBody = &huma.RequestBody{
		Description: "Any JSON. The members of its member params, or else its own, become parameters of the run; a source_webhook node reads it as rows",
		Content:     map[string]*huma.MediaType{jsonType: {Schema: &huma.Schema{}}},
	}
	op.SkipValidateBody = true
	for _, header := range [][2]string{
		{"X-Webhook-Token", "The token, unless it is in the address"},
		{"webhook-id", "Of a signed request: the sender's own for it. The same one again within 7 days starts no other run"},
		{"webhook-timestamp", "Of a signed request: when it was sent, in seconds since 1970"},
		{"webhook-signature", "Of a signed request: v1, and the Base64 of the HMAC-SHA256 of webhook-id.webhook-timestamp.body"},
		{"X-Hub-Signature-256", "Of a signed request without webhook-signature, as GitHub sends it: sha256= and the HMAC-SHA256 of the body by the whole secret, in hexadecimal digits"},
		{"X-GitHub-Delivery", "Is taken for an Idempotency-Key"},
		{"Idempotency-Key", "Of a request without webhook-id: the same one again within 7 days starts no other run"},
	} {
		op.Parameters = append(op.Parameters, &huma.Param{Name: header[0], In: "header", Schema: &huma.Schema{Type: huma.TypeString}, Description: header[1]})
	}
	op.Parameters = append(op.Parameters, &huma.Param{Name: "token", In: "query", Schema: &huma.Schema{Type: huma.TypeString}, Description: "The token, for senders that set no headers"})
}

// admitWebhook lets a request through whose token is that of the pipeline's webhook,
// before its body is read.
func (s *server) admitWebhook(ctx context.Context, c huma.Context) (context.Context, error) {
	once := map[string][]string{}
	c.EachHeader(func(name, value string) {
		name = strings.ToLower(name)
		once[name] = append(once[name], value)
	})
	header := func(name string) string { return strings.Join(once[name], "\n") } // of several none is right
	token, inAddress := header("x-webhook-token"), c.Query("token")
	if token != "" && inAddress != "" && token != inAddress {
		return ctx, fault.New(fault.Invalid, "the request has more than one token")
	}
	if token == "" {
		token = inAddress
	}
	w, err := s.Triggers.Admit(ctx, c.Param("id"), token)
	if err != nil {
		return ctx, err
	}
	ctx = auth.WithWorkspace(ctx, w.Workspace)
	if err := s.take(classWebhook, "pipeline "+string(w.Pipeline)); err != nil {
		return ctx, err
	}
	return context.WithValue(ctx, admittedKey{}, admitted{Webhook: w, request: triggers.Request{
		Token: token, Key: cmp.Or(header("idempotency-key"), header("x-github-delivery")),
		Signature: triggers.Signature{
			ID: header("webhook-id"), Timestamp: header("webhook-timestamp"), Values: header("webhook-signature"), Hub: header("x-hub-signature-256"),
		},
	}}), nil
}

// firedWebhook is what clients of Brokoli read.
type firedWebhook struct {
	RunID  runs.ID     `json:"run_id"`
	Status runs.Status `json:"status"`
}

func (s *server) fireWebhook(ctx context.Context, in *struct {
	ByID
	RawInput
},
) (*onceAnswer[firedWebhook], error) {
	to, _ := ctx.Value(admittedKey{}).(admitted)
	to.request.Body = in.RawBody
	run, replayed, err := s.Triggers.Fire(ctx, to.Webhook, to.request)
	if err != nil {
		return nil, err
	}
	return onceAnswered(firedWebhook{RunID: run.ID, Status: run.Status}, replayed), nil
}

// sendsJSON reports whether the body of a request is said to be JSON, or nothing is said
// of it.
func sendsJSON(c huma.Context) bool {
	sent := c.Header("Content-Type")
	kind, _, err := mime.ParseMediaType(sent)
	return sent == "" || err == nil && (kind == jsonType || strings.HasSuffix(kind, "+json"))
}
