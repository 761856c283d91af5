package pipelines

import (
	"encoding/json"
	"maps"
	"net/mail"
	"net/url"
	"slices"
	"strings"

	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/outbound"
)

// WebhookHook is the name of the hook that the member webhook_url of a document stands
// for.
const WebhookHook = "webhook_url"

// HookExtra is what a hook says beside its address.
type HookExtra struct {
	To      []string // receivers of e-mail
	Channel string   // of Slack
}

// Reads returns what the extra of h says. What cannot be read is left out; checks of
// the document tell of it.
func (h RunHook) Reads() HookExtra {
	extra, _ := h.extra()
	return extra
}

// extra reads the extra of h and returns the members of it that mean nothing.
func (h RunHook) extra() (extra HookExtra, unused []string) {
	var members map[string]json.RawMessage
	if len(h.Extra) > 0 && json.Unmarshal(h.Extra, &members) != nil {
		return extra, []string{""}
	}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		switch value := members[name]; {
		case h.Type == "email" && name == "to" && readAddresses(value, &extra.To):
		case h.Type == "slack" && name == "channel" && json.Unmarshal(value, &extra.Channel) == nil:
		default:
			unused = append(unused, name)
		}
	}
	return extra, unused
}

// readAddresses reads one address, some with commas between them, or a list.
func readAddresses(value json.RawMessage, into *[]string) bool {
	var one string
	if json.Unmarshal(value, &one) != nil {
		return json.Unmarshal(value, into) == nil
	}
	for part := range strings.SplitSeq(one, ",") {
		*into = append(*into, strings.TrimSpace(part))
	}
	return true
}

func (d Document) checkHooks(f *Findings) {
	for _, name := range slices.Sorted(maps.Keys(d.Hooks)) {
		h, path := d.Hooks[name], "hooks."+name
		if !slices.Contains([]string{"on_start", "on_success", "on_failure", "on_node_failure"}, name) {
			f.add(path, "must be on_start, on_success, on_failure or on_node_failure")
		}
		if !slices.Contains([]string{"webhook", "slack", "teams", "email"}, h.Type) {
			f.add(path+".type", "must be webhook, slack, teams or email, not %q", h.Type)
		}
		h.checkReceiver(f, path)
	}
	if d.WebhookURL != "" {
		checkHookURL(f, WebhookHook, d.WebhookURL)
	}
}

// checkReceiver looks at who is told. That nobody is named is a warning: clients write
// hooks before they know an address.
func (h RunHook) checkReceiver(f *Findings, path string) {
	extra, unused := h.extra()
	for _, name := range unused {
		f.warn(joinPath(path+".extra", name), "is kept, but means nothing for a hook of type %s", h.Type)
	}
	switch {
	case h.Type == "email" && len(extra.To) == 0:
		f.warn(path+".extra.to", "names nobody, so nobody is told")
	case h.Type == "email":
		for _, one := range extra.To {
			if _, err := mail.ParseAddress(one); err != nil {
				f.add(path+".extra.to", "has %q, which is no address such as ann@example.com", one)
			}
		}
	case h.URL == "":
		f.warn(path+".url", "is empty, so nobody is told")
	default:
		checkHookURL(f, path+".url", h.URL)
	}
}

func checkHookURL(f *Findings, path, text string) {
	u, err := url.Parse(strings.TrimSpace(text))
	if err != nil {
		f.add(path, "is no address such as https://example.com/hook")
		return
	}
	if err := outbound.CheckURL(u); err != nil {
		f.add(path, "is no address that can be called: %s", fault.MessageOf(err))
	}
}
