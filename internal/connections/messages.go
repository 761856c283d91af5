//nolint:gosec // words about secrets are none
package connections

import (
	"cmp"
	"context"
	"net"
	"net/url"
	"strconv"
	"strings"

	"github.com/broked/broked/internal/connection"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/message"
	"github.com/broked/broked/internal/node"
	"github.com/broked/broked/internal/outbound"
)

// messageTypes are the types of connections by which people are told something, and the one
// that only holds values.
var messageTypes = []Type{
	{
		Type: connection.SMTP, Label: "E-mail (SMTP)", Category: "other", Summary: "A mail server that takes e-mail from here.",
		Fields: []string{host, port, login, password},
		Hints:  Hints{host: "mail.example.com", port: "587 when left out; with tls 465, with none 25", login: "Left out where the server takes mail without one"},
		Options: object(
			node.Field{Name: "security", Schema: node.Schema{Type: node.TypeString, Title: "Encryption", Default: message.StartTLS, Enum: message.Securities, Help: "starttls and tls fail when the server has no certificate that is trusted."}},
			node.Field{Name: "from", Schema: node.Schema{Type: node.TypeString, Title: "From", MaxLen: 300, Examples: []string{"Broked <broked@example.com>"}, Help: "Who mails are from where a notification does not say it."}},
		),
		Secret: object(), required: []string{host},
	},
	{
		Type: connection.Slack, Label: "Slack", Category: "other", Summary: "An incoming webhook of Slack, or of a chat that speaks as it does.",
		Fields: []string{password}, Labels: Hints{password: "Webhook address"},
		Hints:   Hints{password: "https://hooks.slack.com/services/... All of it is secret: whoever has it can write there"},
		Options: object(), Secret: object(),
	},
	{
		Type: connection.Generic, Label: "Generic", Category: "other", Summary: "Values that settings name as ${conn.NAME.host}, and a machine that a test can reach.",
		Fields:  []string{host, port, schema, login},
		Options: object(), Secret: object(), required: []string{host},
	},
}

// checkMail finds what no mail could be sent with.
func (c Connection) checkMail() []fault.Problem {
	if c.Type != connection.SMTP {
		return nil
	}
	var problems []fault.Problem
	if security, _ := c.Options["security"].(string); security == message.NoTLS && c.Login != "" {
		problems = append(problems, fault.Problem{Path: "options.security", Message: "must not be none when there is a login: everybody on the way could read the password"})
	}
	if from, _ := c.Options["from"].(string); from != "" {
		if err := message.CheckAddress(from); err != nil {
			problems = append(problems, fault.Problem{Path: "options.from", Message: "is no address such as ann@example.com"})
		}
	}
	return problems
}

// reachMail signs in to a mail server, and sends nothing.
func (s *Service) reachMail(ctx context.Context, c connection.Connection) (string, error) {
	m, err := message.ServerOf(c)
	if err != nil {
		return "", err
	}
	return c.Host + " takes mail from here", m.Try(ctx, s.Out().Dialer())
}

// reachChat connects to where a webhook is. Whether it takes messages is known only by sending one.
func (s *Service) reachChat(ctx context.Context, c connection.Connection) (string, error) {
	to, err := url.Parse(c.Password)
	if err != nil || to.Host == "" || to.Scheme != "https" && to.Scheme != "http" {
		return "", fault.New(fault.Invalid, "there is no webhook address, or it is none that begins with https://").With("secret_missing")
	}
	at := cmp.Or(to.Port(), map[string]string{"https": "443", "http": "80"}[to.Scheme])
	return to.Hostname() + " can be reached; the first message shows whether it takes them", s.dial(ctx, net.JoinHostPort(to.Hostname(), at))
}

// reachAny connects to the host and port of a connection, if it has a port.
func (s *Service) reachAny(ctx context.Context, c connection.Connection) (string, error) {
	if c.Port == 0 {
		return "There is no port, so nothing was reached", nil
	}
	return strings.TrimSpace(c.Host) + " answers at port " + strconv.Itoa(c.Port), s.dial(ctx, c.Address())
}

func (s *Service) dial(ctx context.Context, address string) error {
	conn, err := s.Out().Dialer().DialContext(ctx, "tcp", address)
	if err != nil {
		name, _, _ := net.SplitHostPort(address)
		return outbound.Explain(name, err)
	}
	return conn.Close()
}
