package nodes

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	netmail "net/mail"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"

	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/node"
)

const mailTimeout = 30 * time.Second

// mailFields are the settings of e-mail.
var mailFields = []node.Field{
	{Name: "smtp_host", Schema: node.Schema{Type: node.TypeString, Title: "Mail server"}},
	{Name: "smtp_port", Schema: node.Schema{Type: node.TypeInteger, Title: "Port", Min: new(1.0), Max: new(65535.0), Help: "Left out: 587, with tls 465, with none 25."}},
	{Name: "smtp_security", Schema: node.Schema{Type: node.TypeString, Title: "Encryption", Default: "starttls", Enum: []string{"starttls", "tls", "none"}, Help: "starttls and tls fail when the server has no certificate that is trusted."}},
	{Name: "smtp_user", Schema: node.Schema{Type: node.TypeString, Title: "User"}},
	{Name: "smtp_password", Schema: node.Schema{Type: node.TypeString, Title: "Password"}},
	{Name: "from", Schema: node.Schema{Type: node.TypeString, Title: "From", Help: "Such as Broked <broked@example.com>."}},
	{Name: "to", Schema: node.Schema{Type: node.TypeArray, Title: "To", Items: &node.Schema{Type: node.TypeString, MinLen: 1}}},
	{Name: "subject", Schema: node.Schema{Type: node.TypeString, Title: "Subject", Default: "{{pipeline}}", MaxLen: 500, Help: "May have what a message may."}},
}

// mail is how e-mail is sent.
type mail struct {
	Host     string   `json:"smtp_host"`
	Port     int      `json:"smtp_port"`
	Security string   `json:"smtp_security"`
	User     string   `json:"smtp_user"`
	Password string   `json:"smtp_password"`
	From     string   `json:"from"`
	To       []string `json:"to"`
	Subject  string   `json:"subject"`
}

func (m *mail) checkMail() error {
	switch {
	case m.Host == "":
		return settingFault("smtp_host", "is missing")
	case m.From == "":
		return settingFault("from", "is missing")
	case len(m.To) == 0:
		return settingFault("to", "is missing")
	case m.User == "" && m.Password != "":
		return settingFault("smtp_user", "is missing: there is a password")
	case m.User != "" && m.Security == "none":
		return settingFault("smtp_security", "must not be none when there is a user: everybody on the way could read the password")
	}
	for setting, addresses := range map[string][]string{"from": {m.From}, "to": m.To} {
		for _, address := range addresses {
			if _, err := netmail.ParseAddress(address); err != nil && !strings.Contains(address, "${") {
				return settingFault(setting, "has %q, which is no address such as ann@example.com", address)
			}
		}
	}
	return nil
}

// send sends one message to all receivers, by the guarded dialer.
func (m *mail) send(ctx context.Context, env node.Env, subject, text string) error {
	msg := gomail.NewMsg()
	if err := errors.Join(msg.From(m.From), msg.To(m.To...)); err != nil {
		return fault.Wrap(fault.Invalid, err, "an address of the e-mail is not well-formed").With("bad_address")
	}
	msg.Subject(subject)
	msg.SetBodyString(gomail.TypeTextPlain, text)
	msg.SetDate()
	msg.SetMessageID()
	client, err := gomail.NewClient(m.Host, m.options(env)...)
	if err != nil {
		return fault.Wrap(fault.Invalid, err, "the settings of the mail server cannot be used").With("bad_address")
	}
	if err := client.DialWithContext(ctx); err != nil {
		return m.explain(err)
	}
	err = client.Send(msg)
	_ = client.Close() // how they part says nothing about the message
	return m.explain(err)
}

func (m *mail) options(env node.Env) []gomail.Option {
	port, policy, config := m.Port, gomail.TLSMandatory, &tls.Config{ServerName: m.Host, MinVersion: tls.VersionTLS12}
	dial := env.Out.Dialer().DialContext
	switch m.Security {
	case "tls":
		policy = gomail.NoTLS // it is encrypted already
		plain := dial
		dial = func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := plain(ctx, network, address)
			if err != nil {
				return nil, err
			}
			secure := tls.Client(conn, config)
			if err := secure.HandshakeContext(ctx); err != nil {
				return nil, errors.Join(err, conn.Close())
			}
			return secure, nil
		}
	case "none":
		policy = gomail.NoTLS
	}
	if port == 0 {
		port = map[string]int{"tls": 465, "none": 25}[m.Security]
	}
	if port == 0 {
		port = 587
	}
	options := []gomail.Option{
		gomail.WithPort(port), gomail.WithTLSPolicy(policy), gomail.WithTLSConfig(config), gomail.WithTimeout(mailTimeout), gomail.WithDialContextFunc(dial),
	}
	if m.User != "" {
		kind := gomail.SMTPAuthAutoDiscover
		if m.Security == "tls" {
			kind = gomail.SMTPAuthPlainNoEnc // go-mail does not know that it is encrypted
		}
		options = append(options, gomail.WithSMTPAuth(kind), gomail.WithUsername(m.User), gomail.WithPassword(m.Password))
	}
	return options
}

// explain makes a fault of what a mail server said, without what it was told in
// confidence.
func (m *mail) explain(err error) error {
	if err == nil {
		return nil
	}
	if known, is := errors.AsType[*fault.Error](err); is {
		if fault.IsTransient(err) {
			return fault.Transient(known)
		}
		return known
	}
	said := (&endpoint{AuthPassword: m.Password}).shown(err.Error())
	told := fault.Wrap(fault.Invalid, err, "%s did not take the e-mail: %s", m.Host, said).With("mail_failed")
	if sending, is := errors.AsType[*gomail.SendError](err); is && sending.IsTemp() {
		return fault.Transient(told)
	}
	return told
}
