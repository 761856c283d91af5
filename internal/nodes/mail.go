package nodes

import (
	"strings"

	"github.com/broked/broked/internal/message"
	"github.com/broked/broked/internal/node"
)

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

// mail is an e-mail with its subject.
type mail struct {
	message.Mail
	Subject string `json:"subject"`
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
			if err := message.CheckAddress(address); err != nil && !strings.Contains(address, "${") {
				return settingFault(setting, "has %q, which is no address such as ann@example.com", address)
			}
		}
	}
	return nil
}
