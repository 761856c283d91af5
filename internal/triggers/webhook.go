package triggers

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"time"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/id"
	"github.com/broked/broked/internal/pipelines"
	"github.com/broked/broked/internal/runs"
)

// Webhook is that by which other systems start runs of a pipeline. Its token is not
// kept, and neither is the secret of its signatures: that is made of the token and a
// salt, and so can be made of a request, but of nothing that is kept.
type Webhook struct {
	Pipeline  pipelines.ID
	Workspace auth.WorkspaceID // of the pipeline
	Hash      []byte           // SHA-256 of the token
	End       string           // the last characters of the token
	Salt      []byte           // nil when requests need no signature
	Paused    bool
	CreatedAt time.Time
	LastRun   runs.ID    // the last run that it has started; empty when there is none
	LastAt    *time.Time // when it did
}

// Signed reports whether requests need a signature.
func (w Webhook) Signed() bool { return w.Salt != nil }

// Issued is what a webhook is made with. It can be read only then.
type Issued struct {
	Webhook
	Token  string
	Secret string // empty when requests need no signature
}

// Make gives a pipeline a webhook with a new token, in the place of the one before,
// which ends. With signed it has a secret as well, and requests need a signature.
func (s *Service) Make(ctx context.Context, pipeline string, signed bool) (Issued, error) {
	d, err := s.pipelines.Get(ctx, pipeline)
	if err != nil {
		return Issued{}, err
	}
	token := pipelines.NewWebhookToken()
	made := Issued{Token: token, Webhook: Webhook{
		Pipeline: d.ID, Workspace: auth.WorkspaceID(d.Workspace), Hash: hashOf(token), End: pipelines.TokenEnd(token),
		CreatedAt: time.Now().UTC().Truncate(time.Millisecond),
	}}
	if signed {
		made.Salt = []byte(id.Secret())
		made.Secret = secretText(secretOf(token, made.Salt))
	}
	return made, s.store.PutWebhook(ctx, made.Webhook)
}

// Webhook returns the webhook of a pipeline. Without one the fault is NotFound.
func (s *Service) Webhook(ctx context.Context, pipeline string) (Webhook, error) {
	d, err := s.pipelines.Get(ctx, pipeline)
	if err != nil {
		return Webhook{}, err
	}
	return s.store.Webhook(ctx, d.ID)
}

// Pause has the webhook of a pipeline start no runs, or lets it go on.
func (s *Service) Pause(ctx context.Context, pipeline string, paused bool) (Webhook, error) {
	d, err := s.pipelines.Get(ctx, pipeline)
	if err != nil {
		return Webhook{}, err
	}
	if err := s.store.PauseWebhook(ctx, d.ID, paused); err != nil {
		return Webhook{}, err
	}
	return s.store.Webhook(ctx, d.ID)
}

// Remove ends the webhook of a pipeline. Without one the fault is NotFound.
func (s *Service) Remove(ctx context.Context, pipeline string) error {
	d, err := s.pipelines.Get(ctx, pipeline)
	if err != nil {
		return err
	}
	return s.store.DeleteWebhook(ctx, d.ID)
}

// longestToken bounds what is hashed of strangers.
const longestToken = 255

// Admit returns the webhook of a pipeline whose token somebody shows. A wrong token, a
// pipeline without a webhook and one that is not there are the same Unknown fault.
func (s *Service) Admit(ctx context.Context, pipeline, token string) (Webhook, error) {
	wrong := fault.New(fault.Unknown, "invalid webhook token").With("invalid_webhook_token")
	if !id.Plausible(pipeline) || token == "" || len(token) > longestToken {
		return Webhook{}, wrong
	}
	hash := hashOf(token)
	w, err := s.store.WebhookByToken(ctx, pipeline, hash)
	if fault.KindOf(err) == fault.NotFound {
		return Webhook{}, wrong
	}
	if err == nil && subtle.ConstantTimeCompare(w.Hash, hash) != 1 {
		err = wrong
	}
	return w, err
}

func hashOf(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}

// secretOf returns the key of the signatures of requests with a token.
func secretOf(token string, salt []byte) []byte {
	mac := hmac.New(sha256.New, salt)
	mac.Write([]byte("broked webhook signature " + token))
	return mac.Sum(nil)
}

// secretText returns a key as people get it.
func secretText(key []byte) string { return secretPrefix + base64.StdEncoding.EncodeToString(key) }

// ByToken returns the webhook that a pipeline has by a token of its document, which
// needs no signature.
func ByToken(of pipelines.ID, token string, now time.Time) Webhook {
	return Webhook{Pipeline: of, Hash: hashOf(token), End: pipelines.TokenEnd(token), CreatedAt: now}
}
