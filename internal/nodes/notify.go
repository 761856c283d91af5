package nodes

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/broked/broked/internal/connection"
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
	Kind: "notify", Title: "Notification", Icon: "bell", Category: node.Target, MinInputs: 1, MaxInputs: 1, Asks: asks,
	Summary: "Tell Slack, Teams, a webhook or somebody by e-mail how many rows have arrived here.",
	Settings: node.Schema{Type: node.TypeObject, Fields: append([]node.Field{
		{Name: "notify_type", Schema: node.Schema{Type: node.TypeString, Title: "By", Default: "webhook", Enum: []string{"webhook", "slack", "teams", "email"}}},
		{Name: "message", Schema: node.Schema{Type: node.TypeString, Format: node.FormatLongText, Title: "Message", Default: defaultMessage, MaxLen: longestMessage, Help: "{{pipeline}}, {{run_id}} and {{rows}} stand for the name of the pipeline, the id of the run and the number of rows."}},
		{Name: "conn_id", Schema: node.Schema{
			Type: node.TypeString, Format: node.FormatConnection, Types: []string{connection.HTTP, connection.Slack, connection.SMTP}, Title: "Connection",
			Help: "For slack, a connection of the type slack; for email, one of the type smtp, in place of the settings of the mail server; for all but email, one of the type http, whose address requests begin with.",
		}},
		{Name: "webhook_url", Schema: node.Schema{Secrets: true, Type: node.TypeString, Title: "Address", Help: "Of the webhook, for all but e-mail: a whole address, or with a connection the path behind its address. A webhook gets pipeline, run_id, message, row_count and timestamp as JSON."}},
		{Name: "headers", Schema: node.Schema{Type: node.TypeObject, Title: "Headers", Values: &node.Schema{Secrets: true, Type: node.TypeString}, Help: "For webhooks, such as Authorization."}},
		{Name: "channel", Schema: node.Schema{Type: node.TypeString, Title: "Channel", Help: "For Slack, where its webhook lets one be chosen."}},
	}, mailFields...)},
	New: newNotify,
}

// notify is a configured notification.
type notify struct {
	Type       string            `json:"notify_type"`
	Message    string            `json:"message"`
	WebhookURL string            `json:"webhook_url"`
	ConnID     string            `json:"conn_id"`
	Headers    map[string]string `json:"headers"`
	Channel    string            `json:"channel"`
	mail
}

func newNotify(config json.RawMessage) (node.Node, error) {
	n := &notify{Type: "webhook", Message: defaultMessage, mail: mail{Mail: message.Mail{Security: message.StartTLS}, Subject: "{{pipeline}}"}}
	if err := json.Unmarshal(config, n); err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "the settings of the notification are not readable")
	}
	if n.Type == "email" {
		return n, n.checkMail(n.ConnID)
	}
	switch {
	case n.Channel != "" && n.Type != "slack":
		return nil, settingFault("channel", "is for slack")
	case len(n.Headers) > 0 && n.Type != "webhook":
		return nil, settingFault("headers", "are for webhook")
	}
	e := n.endpoint()
	return n, e.check()
}

func (n *notify) endpoint() *endpoint {
	return &endpoint{URL: n.WebhookURL, Method: "POST", Headers: n.Headers, RequestTimeout: 30, ConnID: n.ConnID, setting: "webhook_url"}
}

// place returns where the notification goes: the whole address, when it is that of a
// connection to a chat.
func (n *notify) place(env node.Env) (*endpoint, error) {
	e := n.endpoint()
	if n.ConnID == "" {
		return e, nil
	}
	c, err := env.Connection(n.ConnID)
	switch {
	case err != nil:
		return nil, err
	case c.Type == connection.HTTP:
		return e, nil
	case c.Type != connection.Slack || n.Type != "slack":
		return nil, settingFault("conn_id", "names a connection of the type %s, which is not for %s", c.Type, n.Type)
	case n.WebhookURL != "":
		return nil, settingFault("webhook_url", "is left out with a connection of the type slack, which has the address")
	case c.Password == "":
		return nil, settingFault("conn_id", "names a connection without a webhook address")
	}
	e.URL, e.ConnID = c.Password, ""
	return e, nil
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
			m, err := n.server(env, n.ConnID)
			if err != nil {
				return err
			}
			return m.Send(ctx, env.Out.Dialer(), fill(n.Subject), fill(n.Message))
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
	e, err := n.place(env)
	if err != nil {
		return err
	}
	to, err := e.address(env)
	if err != nil {
		return err
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
