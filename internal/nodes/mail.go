package nodes

import (
	"cmp"
	"strings"

	"github.com/broked/broked/internal/connection"
	"github.com/broked/broked/internal/message"
	"github.com/broked/broked/internal/node"
)

// mailFields are the settings of e-mail.
var mailFields = []node.Field{
	{Name: "smtp_host", Schema: node.Schema{Type: node.TypeString, Title: "Mail server"}},
	{Name: "smtp_port", Schema: node.Schema{Type: node.TypeInteger, Title: "Port", Min: new(1.0), Max: new(65535.0), Help: "Left out: 587, with tls 465, with none 25."}},
	{Name: "smtp_security", Schema: node.Schema{Type: node.TypeString, Title: "Encryption", Default: message.StartTLS, Enum: message.Securities, Help: "starttls and tls fail when the server has no certificate that is trusted."}},
	{Name: "smtp_user", Schema: node.Schema{Secrets: true, Type: node.TypeString, Title: "User"}},
	{Name: "smtp_password", Schema: node.Schema{Secrets: true, Type: node.TypeString, Format: node.FormatPassword, Title: "Password"}},
	{Name: "from", Schema: node.Schema{Type: node.TypeString, Title: "From", Help: "Such as Broked <broked@example.com>."}},
	{Name: "to", Schema: node.Schema{Type: node.TypeArray, Title: "To", Items: &node.Schema{Type: node.TypeString, MinLen: 1}}},
	{Name: "subject", Schema: node.Schema{Type: node.TypeString, Title: "Subject", Default: "{{pipeline}}", MaxLen: 500, Help: "May have what a message may."}},
}

// mail is an e-mail with its subject.
type mail struct {
	message.Mail
	Subject string `json:"subject"`
}

// checkMail refuses settings that no mail could be sent with. With a connection those of the
// server are its, and the sender may be.
func (m *mail) checkMail(named string) error {
	err := m.checkServer()
	switch {
	case named == "" && err != nil:
		return err
	case named != "" && (m.Host != "" || m.Port != 0 || m.User != "" || m.Password != ""):
		return settingFault("smtp_host", "and the other settings of the mail server are left out with a connection")
	case len(m.To) == 0:
		return settingFault("to", "is missing")
	}
	if err := checkPerson("from", m.From); err != nil {
		return err
	}
	for _, address := range m.To {
		if err := checkPerson("to", address); err != nil {
			return err
		}
	}
	return nil
}

func (m *mail) checkServer() error {
	switch {
	case m.Host == "":
		return settingFault("smtp_host", "is missing: a mail server, or a connection of the type smtp in conn_id")
	case m.From == "":
		return settingFault("from", "is missing")
	case m.User == "" && m.Password != "":
		return settingFault("smtp_user", "is missing: there is a password")
	case m.User != "" && m.Security == message.NoTLS:
		return settingFault("smtp_security", "must not be none when there is a user: everybody on the way could read the password")
	}
	return nil
}

func checkPerson(setting, address string) error {
	if err := message.CheckAddress(address); err != nil && address != "" && !strings.Contains(address, "${") {
		return settingFault(setting, "has %q, which is no address such as ann@example.com", address)
	}
	return nil
}

// server returns how the mail is sent: by a connection, if there is one.
func (m *mail) server(env node.Env, named string) (*message.Mail, error) {
	if named == "" {
		return &m.Mail, nil
	}
	c, err := env.Connection(named)
	switch {
	case err != nil:
		return nil, err
	case c.Type != connection.SMTP:
		return nil, settingFault("conn_id", "names a connection of the type %s: e-mail goes by one of the type smtp", c.Type)
	}
	by, err := message.ServerOf(c)
	by.From, by.To = cmp.Or(m.From, by.From), m.To
	if err == nil && by.From == "" {
		err = settingFault("from", "is missing, here and in the connection")
	}
	return &by, err
}
