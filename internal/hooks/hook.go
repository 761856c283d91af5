// Package hooks tells others what happens to runs: their systems by webhooks, their
// chats and their mailboxes. What is to be told is on record before anybody is told, in
// the transaction in which it happens, so it is told at least once.
package hooks

import (
	"net/url"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/message"
	"github.com/broked/broked/internal/outbound"
	"github.com/broked/broked/internal/pipelines"
)

// ID identifies a hook: a UUIDv7.
type ID string

// Type is by which way a hook tells.
type Type string

// The types.
const (
	Webhook Type = "webhook"
	Slack   Type = "slack"
	Teams   Type = "teams"
	Email   Type = "email"
)

// Event is something that happens to a run.
type Event string

// The events.
const (
	OnStart       Event = "on_start"        // a run begins; one that goes on does not begin again
	OnSuccess     Event = "on_success"      // a run succeeds
	OnFailure     Event = "on_failure"      // a run fails
	OnCancel      Event = "on_cancel"       // a run is cancelled
	OnNodeFailure Event = "on_node_failure" // a node of a run fails for good
	Test          Event = "test"            // somebody asks for a sample
)

// Events are those that a hook can be for.
var events = []Event{OnStart, OnSuccess, OnFailure, OnCancel, OnNodeFailure}

// Bounds of hooks.
const (
	MaxName  = 100
	MaxURL   = 2000
	MaxTo    = 20
	MaxHooks = 100 // of a workspace, those of pipelines not counted
)

// Hook says who is told about which events. That of a pipeline is part of the
// pipeline's document and has the name of its event there, or webhook_url.
type Hook struct {
	ID        ID               `json:"id"`
	Workspace auth.WorkspaceID `json:"workspace_id"`
	Pipeline  pipelines.ID     `json:"pipeline_id,omitempty" doc:"Whose document has it; absent of those for many pipelines"`
	Settings
	Signed    bool      `json:"signed" doc:"Its webhooks are signed: it has a secret"`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
}

// Settings are what people say of a hook.
type Settings struct {
	Name      string   `json:"name" maxLength:"100"`
	Type      Type     `json:"type" enum:"webhook,slack,teams,email"`
	URL       string   `json:"url,omitempty" maxLength:"2000" doc:"Of the receiver, for all but email"`
	To        []string `json:"to,omitempty" nullable:"false" doc:"Receivers of email, at most 20"`
	Channel   string   `json:"channel,omitempty" maxLength:"200" doc:"For slack, where its webhook lets one be chosen"`
	Events    []Event  `json:"events" nullable:"false" doc:"on_start, on_success, on_failure, on_cancel, on_node_failure"`
	Tag       string   `json:"tag,omitempty" maxLength:"200" doc:"Only of pipelines with this tag"`
	Pipelines string   `json:"pipelines,omitempty" maxLength:"200" doc:"Only of pipelines of this name or pipeline_id; * stands for any characters"`
	Enabled   bool     `json:"enabled"`
}

// Concerns reports whether h is told about events of a pipeline with a name, a
// pipeline_id and tags.
func (s Settings) Concerns(name, slug string, tags []string) bool {
	if s.Tag != "" && !slices.Contains(tags, s.Tag) {
		return false
	}
	return s.Pipelines == "" || like(s.Pipelines, name) || like(s.Pipelines, slug)
}

// like reports whether text is as a pattern says, whose stars stand for anything.
func like(pattern, text string) bool {
	// A slash is a character like others here, and only a star is not.
	plain := strings.NewReplacer("/", "\x00")
	quoted := strings.NewReplacer("/", "\x00", `\`, `\\`, "?", `\?`, "[", `\[`)
	ok, err := path.Match(quoted.Replace(strings.ToLower(pattern)), plain.Replace(strings.ToLower(text)))
	return err == nil && ok
}

func (s Settings) check() error {
	var problems []fault.Problem
	add := func(path, message string) { problems = append(problems, fault.Problem{Path: path, Message: message}) }
	if name := strings.TrimSpace(s.Name); name == "" || len([]rune(name)) > MaxName {
		add("name", "must have between 1 and 100 characters")
	}
	if len(s.Events) == 0 {
		add("events", "must name at least one of on_start, on_success, on_failure, on_cancel and on_node_failure")
	}
	for _, e := range s.Events {
		if !slices.Contains(events, e) {
			add("events", "must be on_start, on_success, on_failure, on_cancel or on_node_failure")
		}
	}
	s.checkReceiver(add)
	if len(problems) > 0 {
		return fault.Rejected("the hook cannot be saved", problems)
	}
	return nil
}

func (s Settings) checkReceiver(add func(path, message string)) {
	switch s.Type {
	case Email:
		s.checkAddresses(add)
	case Webhook, Slack, Teams:
		if why := CheckURL(s.URL); why != "" {
			add("url", why)
		}
		if len(s.To) > 0 {
			add("to", "is for email")
		}
	default:
		add("type", "must be webhook, slack, teams or email")
	}
	if s.Channel != "" && s.Type != Slack {
		add("channel", "is for slack")
	}
}

func (s Settings) checkAddresses(add func(path, message string)) {
	if len(s.To) == 0 || len(s.To) > MaxTo {
		add("to", "must have between 1 and 20 addresses")
	}
	for _, one := range s.To {
		if err := message.CheckAddress(one); err != nil {
			add("to", err.Error())
		}
	}
	if s.URL != "" {
		add("url", "is not for email: name the receivers in to")
	}
}

// CheckURL returns why a webhook cannot be sent to an address, or "".
func CheckURL(text string) string {
	u, err := url.Parse(text)
	switch {
	case text == "":
		return "is missing"
	case len(text) > MaxURL:
		return "must be at most 2000 bytes long"
	case err != nil:
		return "is no address such as https://example.com/hook"
	}
	if err := outbound.CheckURL(u); err != nil {
		return fault.MessageOf(err)
	}
	return ""
}

// NotFound is the fault of asking for a hook that is not there.
func NotFound(id string) error {
	return fault.New(fault.NotFound, "there is no hook %q", id).With("hook_not_found")
}

// ended are the events by which a run is over.
var ended = []Event{OnSuccess, OnFailure, OnCancel}

// OfDocument returns the hooks that a document has, without ids. Those that name no
// receiver are left out.
func OfDocument(d pipelines.Document) []Settings {
	var all []Settings
	for _, e := range events {
		h, there := d.Hooks[string(e)]
		if !there {
			continue
		}
		extra := h.Reads()
		s := Settings{
			Name: string(e), Type: Type(h.Type), URL: strings.TrimSpace(h.URL), To: extra.To, Channel: extra.Channel, Events: []Event{e}, Enabled: h.Enabled,
		}
		if s.Type == Email {
			s.URL = ""
		}
		if s.URL != "" || len(s.To) > 0 {
			all = append(all, s)
		}
	}
	if to := strings.TrimSpace(d.WebhookURL); to != "" {
		all = append(all, Settings{Name: pipelines.WebhookHook, Type: Webhook, URL: to, Events: ended, Enabled: true})
	}
	return all
}
