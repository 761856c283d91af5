package nodes

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/message"
	"github.com/broked/broked/internal/node"
	"github.com/broked/broked/internal/outbound"
	"github.com/broked/broked/internal/sqltext"
)

const (
	defaultMessage = "{{pipeline}}: {{rows}} rows"
	longestMessage = 10_000
)

// notifySpec tells people or another system that rows have arrived.
var notifySpec = node.Spec{
	Kind: "notify", Title: "Notification", Icon: "bell", Category: node.Target, MinInputs: 1, MaxInputs: 1,
	Summary: "Tell Slack, Teams, a webhook or somebody by e-mail how many rows have arrived here.",
	Settings: node.Schema{Type: node.TypeObject, Fields: append([]node.Field{
		{Name: "notify_type", Schema: node.Schema{Type: node.TypeString, Title: "By", Default: "webhook", Enum: []string{"webhook", "slack", "teams", "email"}}},
		{Name: "message", Schema: node.Schema{Type: node.TypeString, Title: "Message", Default: defaultMessage, MaxLen: longestMessage, Help: "{{pipeline}}, {{run_id}} and {{rows}} stand for the name of the pipeline, the id of the run and the number of rows."}},
		{Name: "webhook_url", Schema: node.Schema{Type: node.TypeString, Title: "Address", Help: "Of the webhook, for all but e-mail. A webhook gets pipeline, run_id, message, row_count and timestamp as JSON."}},
		{Name: "headers", Schema: node.Schema{Type: node.TypeObject, Title: "Headers", Values: &node.Schema{Type: node.TypeString}, Help: "For webhooks, such as Authorization."}},
		{Name: "channel", Schema: node.Schema{Type: node.TypeString, Title: "Channel", Help: "For Slack, where its webhook lets one be chosen."}},
	}, mailFields...)},
	New: newNotify,
}

// notify is a configured notification.
type notify struct {
	Type       string            `json:"notify_type"`
	Message    string            `json:"message"`
	WebhookURL string            `json:"webhook_url"`
	Headers    map[string]string `json:"headers"`
	Channel    string            `json:"channel"`
	mail
}

func newNotify(config json.RawMessage) (node.Node, error) {
	n := &notify{Type: "webhook", Message: defaultMessage, mail: mail{Mail: message.Mail{Security: "starttls"}, Subject: "{{pipeline}}"}}
	if err := json.Unmarshal(config, n); err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "the settings of the notification are not readable")
	}
	if n.Type == "email" {
		return n, n.checkMail()
	}
	switch {
	case n.WebhookURL == "":
		return nil, settingFault("webhook_url", "is missing")
	case n.Channel != "" && n.Type != "slack":
		return nil, settingFault("channel", "is for slack")
	case len(n.Headers) > 0 && n.Type != "webhook":
		return nil, settingFault("headers", "are for webhook")
	}
	if err := checkAddress("webhook_url", n.WebhookURL); err != nil {
		return nil, err
	}
	e := n.endpoint()
	return n, e.check()
}

func (n *notify) endpoint() *endpoint {
	return &endpoint{URL: n.WebhookURL, Method: "POST", Headers: n.Headers, RequestTimeout: 30}
}

// Open implements node.Opener.
func (*notify) Open(context.Context, node.Env) (node.Access, error) {
	return node.Access{Network: true}, nil
}

// Write implements node.Sink. The rows themselves go nowhere.
func (n *notify) Write(ctx context.Context, env node.Env, in node.Relation) (int64, node.Relation, error) {
	path := sqltext.Text(filepath.Join(env.Temp, "rows.parquet"))
	rows, err := env.DB.Exec(ctx, "COPY ("+in.AnyOrder().SQL+") TO "+path+" (FORMAT parquet)")
	if err != nil {
		return 0, node.Relation{}, err
	}
	fill := strings.NewReplacer("{{pipeline}}", env.Pipeline, "{{run_id}}", env.Run, "{{rows}}", strconv.FormatInt(rows, 10)).Replace
	again := retries{Most: 3, Delay: 1000}
	err = again.do(ctx, env, "the notification", func(ctx context.Context) error {
		if n.Type == "email" {
			return n.Send(ctx, env.Out.Dialer(), fill(n.Subject), fill(n.Message))
		}
		return n.post(ctx, env, n.body(env, fill(n.Message), rows))
	})
	back := node.Relation{SQL: "SELECT * FROM read_parquet(" + path + ", hive_partitioning=false)", Columns: in.Columns, Rows: rows}
	return rows, back, err
}

// body returns what the receiver wants.
func (n *notify) body(env node.Env, text string, rows int64) map[string]any {
	switch n.Type {
	case "slack":
		return message.Slack(text, n.Channel)
	case "teams":
		return message.Teams(text)
	}
	return map[string]any{
		"pipeline": env.Pipeline, "run_id": env.Run, "message": text, "row_count": rows, "timestamp": time.Now().UTC().Format(time.RFC3339),
	}
}

func (n *notify) post(ctx context.Context, env node.Env, content any) error {
	body, err := json.Marshal(content)
	if err != nil {
		return fmt.Errorf("notification: %w", err)
	}
	e := n.endpoint()
	to, err := url.Parse(strings.TrimSpace(e.URL))
	if err != nil {
		return settingFault("webhook_url", "is no address")
	}
	client, err := e.client(env, outbound.Options{}, 0)
	if err != nil {
		return err
	}
	req, err := e.request(ctx, to, body, "application/json")
	if err != nil {
		return err
	}
	res, err := client.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	err = e.success(res)
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, readOfAnswer))
	return err
}
