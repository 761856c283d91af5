package main

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/broked/broked/internal/hooks"
	"github.com/broked/broked/internal/message"
	"github.com/broked/broked/internal/outbound"
)

// hookFlags say how hooks tell what happens to runs.
type hookFlags struct {
	PublicURL  string `name:"public-url" help:"Address at which people reach this server, for links in what hooks tell." env:"BROKOLI_PUBLIC_URL" placeholder:"URL"`
	MailServer string `name:"mail-server" help:"Mail server for hooks that send e-mail: smtp://name:password@host:587, smtps://... or smtp+plain://..." env:"BROKOLI_MAIL_SERVER" placeholder:"URL"`
	MailFrom   string `name:"mail-from" help:"Who that e-mail is from, such as Broked <broked@example.com>." env:"BROKOLI_MAIL_FROM" placeholder:"ADDRESS"`
}

func (f hookFlags) checkHooks() error {
	if _, err := f.base(); err != nil {
		return err
	}
	if _, err := f.mail(); err != nil {
		return err
	}
	return nil
}

// base returns the address of this server without a slash at the end, or "".
func (f hookFlags) base() (string, error) {
	if f.PublicURL == "" {
		return "", nil
	}
	u, err := url.Parse(f.PublicURL)
	if err != nil || outbound.CheckURL(u) != nil || u.RawQuery != "" || u.Fragment != "" {
		return "", errors.New("--public-url must be an address such as https://broked.example.com")
	}
	return strings.TrimRight(f.PublicURL, "/"), nil
}

// mail returns how e-mail is sent, or nil.
func (f hookFlags) mail() (*message.Mail, error) {
	if f.MailServer == "" {
		return nil, nil
	}
	m, err := message.ParseServer(f.MailServer, f.MailFrom)
	if err != nil {
		return nil, fmt.Errorf("--mail-server and --mail-from: the server %w", err)
	}
	return &m, nil
}

// sender returns what tells the receivers of hooks, by a way out.
func (f hookFlags) sender(s *assembled, out outbound.Exit) (*hooks.Sender, error) {
	client, err := out.Client(outbound.Options{Timeout: hooks.Timeout})
	if err != nil {
		return nil, err
	}
	mail, err := f.mail()
	if err != nil {
		return nil, err
	}
	base, err := f.base()
	return hooks.NewSender(hooks.SenderDeps{
		Outbox: s.memory, Client: client, Dialer: out.Dialer(), Mail: mail, Box: s.box, News: s.board, Log: s.log, Base: base,
	}), err
}
