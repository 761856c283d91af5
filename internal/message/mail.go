package message

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	netmail "net/mail"
	"net/textproto"
	"net/url"
	"strconv"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"

	"github.com/broked/broked/internal/connection"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/outbound"
)

const mailTimeout = 30 * time.Second

// The ways in which mail is encrypted on its way to the server.
const (
	StartTLS = "starttls" // asked for in plain text, and insisted on
	TLS      = "tls"      // from the first byte
	NoTLS    = "none"     // without it, and so without a password
)

// Securities are all of them, as forms offer them.
var Securities = []string{StartTLS, TLS, NoTLS}

// ServerOf returns how mail is sent by a connection of the type SMTP: all but the
// receivers. From may be empty.
func ServerOf(c connection.Connection) (Mail, error) {
	options := struct {
		Security string `json:"security"`
		From     string `json:"from"`
	}{Security: StartTLS}
	err := c.Into(&options)
	return Mail{Host: c.Host, Port: c.Port, Security: options.Security, User: c.Login, Password: c.Password, From: options.From}, err
}

// Try signs in to the mail server and sends nothing. What is wrong is an Invalid fault with the
// code of the outbound client, login_failed, tls_failed or mail_failed.
func (m *Mail) Try(ctx context.Context, out *outbound.Dialer) error {
	client, err := gomail.NewClient(m.Host, m.options(out)...)
	if err != nil {
		return fault.Wrap(fault.Invalid, err, "the settings of the mail server cannot be used").With("bad_address")
	}
	if err := client.DialWithContext(ctx); err != nil {
		said := fault.Wrap(fault.Invalid, err, "%s", fault.MessageOf(m.explain(err)))
		switch refusal, is := errors.AsType[*textproto.Error](err); {
		case errors.As(err, new(*fault.Error)):
			return m.explain(err)
		case is && (refusal.Code == 530 || refusal.Code == 534 || refusal.Code == 535):
			return said.With("login_failed")
		case isTLS(err):
			return said.With("tls_failed")
		}
		return said.With("mail_failed")
	}
	_ = client.Close()
	return nil
}

// isTLS reports whether an error is about a certificate, or about no TLS where it is wanted.
func isTLS(err error) bool {
	if _, is := errors.AsType[*tls.CertificateVerificationError](err); is {
		return true
	}
	if _, is := errors.AsType[tls.RecordHeaderError](err); is {
		return true
	}
	return strings.Contains(err.Error(), "STARTTLS")
}

// Mail is how e-mail is sent.
type Mail struct {
	Host     string   `json:"smtp_host"`
	Port     int      `json:"smtp_port"`     // 0: 587, with tls 465, with none 25
	Security string   `json:"smtp_security"` // starttls, tls or none
	User     string   `json:"smtp_user"`     // "": none
	Password string   `json:"smtp_password"`
	From     string   `json:"from"`
	To       []string `json:"to"`
}

// ParseServer reads the address of a mail server: smtp://name:password@host:port, which
// is encrypted by STARTTLS, smtps:// by TLS from the first byte, and smtp+plain:// not at
// all, which takes no password. From is who the mail is from.
func ParseServer(text, from string) (Mail, error) {
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" || u.Path != "" && u.Path != "/" {
		return Mail{}, errors.New("must be an address such as smtp://name:password@mail.example.com:587")
	}
	m := Mail{Host: u.Hostname(), User: u.User.Username(), From: from}
	m.Password, _ = u.User.Password()
	m.Security = map[string]string{"smtp": "starttls", "smtps": "tls", "smtp+plain": "none"}[u.Scheme]
	switch {
	case m.Security == "":
		return Mail{}, errors.New("must begin with smtp://, smtps:// or smtp+plain://")
	case m.Security == "none" && m.User != "":
		return Mail{}, errors.New("must not have a password with smtp+plain://: everybody on the way could read it")
	}
	if u.Port() != "" {
		port, err := strconv.ParseUint(u.Port(), 10, 16)
		if err != nil || port == 0 {
			return Mail{}, errors.New("must have a port between 1 and 65535, or none")
		}
		m.Port = int(port)
	}
	if err := CheckAddress(from); err != nil {
		return Mail{}, fmt.Errorf("needs a sender: %w", err)
	}
	return m, nil
}

// CheckAddress returns an error when text is no address of e-mail.
func CheckAddress(text string) error {
	if _, err := netmail.ParseAddress(text); err != nil {
		return fmt.Errorf("%q is no address such as ann@example.com", text)
	}
	return nil
}

// Send sends one message to all receivers by way of a dialer. What the server refuses
// is an Invalid fault with the code mail_failed, marked as transient when the server
// calls it that.
func (m *Mail) Send(ctx context.Context, out *outbound.Dialer, subject, text string) error {
	msg := gomail.NewMsg()
	if err := errors.Join(msg.From(m.From), msg.To(m.To...)); err != nil {
		return fault.Wrap(fault.Invalid, err, "an address of the e-mail is not well-formed").With("bad_address")
	}
	msg.Subject(subject)
	msg.SetBodyString(gomail.TypeTextPlain, text)
	msg.SetDate()
	msg.SetMessageID()
	client, err := gomail.NewClient(m.Host, m.options(out)...)
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

func (m *Mail) options(out *outbound.Dialer) []gomail.Option {
	port, policy, config := m.Port, gomail.TLSMandatory, &tls.Config{ServerName: m.Host, MinVersion: tls.VersionTLS12}
	dial := out.DialContext
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
func (m *Mail) explain(err error) error {
	if err == nil {
		return nil
	}
	if known, is := errors.AsType[*fault.Error](err); is {
		if fault.IsTransient(err) {
			return fault.Transient(known)
		}
		return known
	}
	said := outbound.Said(err.Error(), m.Password)
	told := fault.Wrap(fault.Invalid, err, "%s did not take the e-mail: %s", m.Host, said).With("mail_failed")
	if sending, is := errors.AsType[*gomail.SendError](err); is && sending.IsTemp() {
		return fault.Transient(told)
	}
	return told
}
