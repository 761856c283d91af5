package hooks

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/pipelines"
	"github.com/broked/broked/internal/runs"
	"github.com/broked/broked/internal/sealed"
)

// DeliveryID identifies a delivery: a UUIDv7. A receiver of webhooks gets it as
// webhook-id, the same however often it is sent.
type DeliveryID string

// State is how far a delivery is.
type State string

// The states. What is failed or delivered can be sent again.
const (
	Pending   State = "pending"
	Delivered State = "delivered"
	Failed    State = "failed"
)

// Delivery is an event that one hook is told about.
type Delivery struct {
	ID        DeliveryID       `json:"id" doc:"What a receiver of webhooks gets as webhook-id"`
	Hook      ID               `json:"hook_id"`
	HookName  string           `json:"hook_name"`
	HookType  Type             `json:"hook_type" enum:"webhook,slack,teams,email"`
	Workspace auth.WorkspaceID `json:"workspace_id"`
	Pipeline  pipelines.ID     `json:"pipeline_id,omitempty"`
	Run       runs.ID          `json:"run_id,omitempty"`
	Node      string           `json:"node_id,omitempty" doc:"Of on_node_failure"`
	Event     Event            `json:"event"`
	State     State            `json:"state" enum:"pending,delivered,failed"`
	Attempts  int              `json:"attempts"`
	Status    int              `json:"status,omitempty" doc:"HTTP status of the last answer"`
	Error     string           `json:"error,omitempty" doc:"Why the last attempt failed"`
	NextAt    *time.Time       `json:"next_at,omitempty" doc:"When it is tried next; absent unless it is pending"`
	CreatedAt time.Time        `json:"created_at"`
	SentAt    *time.Time       `json:"sent_at,omitempty" doc:"When it was tried last"`
}

// Payload is what is told: ids, names, a status, an error. It has no rows.
type Payload struct {
	Event        string           `json:"event"`
	Timestamp    time.Time        `json:"timestamp"` // when it happened
	Workspace    auth.WorkspaceID `json:"workspace_id"`
	Pipeline     pipelines.ID     `json:"pipeline_id"`
	PipelineName string           `json:"pipeline"`
	Run          runs.ID          `json:"run_id"`
	Status       string           `json:"status,omitempty"` // of the run, or of the node
	Node         string           `json:"node_id,omitempty"`
	Error        string           `json:"error,omitempty"`
	ErrorCode    string           `json:"error_code,omitempty"`
	Link         string           `json:"link,omitempty"` // to the run, where the server knows its address
}

// longestError is how many characters of an error are told.
const longestError = 1000

// Named returns p as the hook of a name is told it: webhook_url knows the ends of runs
// by names of its own.
func (p Payload) Named(hook string, e Event) Payload {
	p.Event = string(e)
	if hook == pipelines.WebhookHook && e != Test {
		p.Event = "run.failed"
		if e == OnSuccess {
			p.Event = "run.completed"
		}
	}
	if all := []rune(p.Error); len(all) > longestError {
		p.Error = string(all[:longestError]) + "…"
	}
	return p
}

// words returns what people are told.
func (p Payload) words(e Event) (subject, text string) {
	what := map[Event]string{
		OnStart: "has started", OnSuccess: "has succeeded", OnFailure: "has failed", OnCancel: "was cancelled",
		OnNodeFailure: "has a failed node, " + p.Node, Test: "is how broked tells you of a run; this is a test",
	}[e]
	subject = fmt.Sprintf("%s %s", p.PipelineName, what)
	text = subject
	if p.Error != "" {
		text += ": " + p.Error
	}
	if p.Run != "" {
		text += "\nRun " + string(p.Run)
	}
	if p.Link != "" {
		text += "\n" + p.Link
	}
	return strings.Map(oneLine, subject), text
}

func oneLine(r rune) rune {
	if r < ' ' || r == 0x7f {
		return ' '
	}
	return r
}

// secretPrefix is what secrets of Standard Webhooks begin with.
const secretPrefix = "whsec_"

// newSecret returns a secret as its receiver writes it down.
func newSecret() string {
	key := make([]byte, 32)
	_, _ = rand.Read(key) // it never fails
	return secretPrefix + base64.StdEncoding.EncodeToString(key)
}

// Sign returns the header webhook-signature of Standard Webhooks for a body that is sent
// at a time. What is no secret is an Invalid fault.
func Sign(secret string, id DeliveryID, at time.Time, body []byte) (string, error) {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, secretPrefix))
	if err != nil {
		return "", fault.New(fault.Invalid, "the secret of the hook is not well-formed: make a new one")
	}
	mac := hmac.New(sha256.New, key)
	_, _ = fmt.Fprintf(mac, "%s.%s.", id, strconv.FormatInt(at.Unix(), 10))
	_, _ = mac.Write(body)
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil)), nil
}

// SecretAt is where the secret of a hook is kept.
func SecretAt(id ID) sealed.Place {
	return sealed.Place{Table: "hooks", Row: string(id), Column: "secret"}
}

// NoDelivery is the fault of asking for a delivery that is not there.
func NoDelivery(id DeliveryID) error {
	return fault.New(fault.NotFound, "there is no delivery %q", id).With("delivery_not_found")
}
