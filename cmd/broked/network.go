package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"strconv"
	"time"

	"github.com/broked/broked/internal/api"
)

// networkFlags say how the server can be reached.
type networkFlags struct {
	Host        string            `help:"Address to listen on." env:"BROKOLI_HOST" default:"127.0.0.1"`
	Port        int               `short:"p" help:"Port to listen on; 0 takes a free one." env:"BROKOLI_PORT" default:"8080"`
	TLSCert     string            `name:"tls-cert" help:"Certificate (PEM) to answer HTTPS with, TLS 1.3 only." env:"BROKOLI_TLS_CERT" placeholder:"FILE"`
	TLSKey      string            `name:"tls-key" help:"Key (PEM) of the certificate." env:"BROKOLI_TLS_KEY" placeholder:"FILE"`
	PublicHost  string            `help:"Host name by which this machine may be called while no account exists." env:"BROKOLI_PUBLIC_HOST" placeholder:"NAME"`
	OpenNetwork bool              `help:"Let callers from everywhere in while no account exists. Dangerous: they can do everything." env:"BROKOLI_OPEN_NETWORK"`
	Proxies     []string          `name:"trusted-proxies" help:"Addresses of proxies whose word about their clients is taken, such as 127.0.0.1 or 10.0.0.0/8." env:"BROKOLI_TRUSTED_PROXIES" placeholder:"CIDR"`
	Origins     []string          `name:"cors-origins" help:"Origins of web pages from elsewhere that may call the API, such as https://ops.example.com." env:"BROKOLI_CORS_ORIGINS" placeholder:"ORIGIN"`
	Limit       map[string]string `help:"How often calls may be made, by class: people, auth, list, detail, write, report, bulk, webhook; such as write=100/min:200 or people=off." env:"BROKOLI_LIMIT" placeholder:"CLASS=RATE"`
}

func (f *networkFlags) check() error {
	if f.Port < 0 || f.Port > 65535 {
		return errors.New("--port must be between 0 and 65535")
	}
	if (f.TLSCert == "") != (f.TLSKey == "") {
		return errors.New("--tls-cert and --tls-key go together")
	}
	if _, err := f.proxies(); err != nil {
		return err
	}
	if err := api.Origins(f.Origins).Check(); err != nil {
		return fmt.Errorf("--cors-origins: %w", err)
	}
	if _, err := api.ParseLimits(f.Limit); err != nil {
		return fmt.Errorf("--limit: %w", err)
	}
	return nil
}

func (f *networkFlags) proxies() ([]netip.Prefix, error) {
	var all []netip.Prefix
	for _, text := range f.Proxies {
		prefix, err := netip.ParsePrefix(text)
		if err != nil {
			one, single := netip.ParseAddr(text)
			if single != nil {
				return nil, fmt.Errorf("--trusted-proxies: %q is no address and no range of addresses", text)
			}
			prefix = netip.PrefixFrom(one, one.BitLen())
		}
		all = append(all, prefix.Masked())
	}
	return all, nil
}

// listen returns the listener and the address that people use.
func (f *networkFlags) listen(ctx context.Context) (net.Listener, string, error) {
	ln, err := new(net.ListenConfig).Listen(ctx, "tcp", net.JoinHostPort(f.Host, strconv.Itoa(f.Port)))
	if err != nil {
		return nil, "", fmt.Errorf("listen: %w (is another server on this port? choose one with --port)", err)
	}
	address, err := netip.ParseAddrPort(ln.Addr().String())
	if err != nil {
		return nil, "", fmt.Errorf("listen: %w", err)
	}
	ln = atMost(ln, maxConnections)
	host := address.Addr().String()
	if address.Addr().IsUnspecified() {
		host = "127.0.0.1" // all addresses: this one works here
	}
	at := net.JoinHostPort(host, strconv.Itoa(int(address.Port())))
	if f.TLSCert == "" {
		return ln, "http://" + at, nil
	}
	pair, err := tls.LoadX509KeyPair(f.TLSCert, f.TLSKey)
	if err != nil {
		return nil, "", errors.Join(fmt.Errorf("TLS certificate: %w", err), ln.Close())
	}
	config := &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS13, NextProtos: []string{"h2", "http/1.1"}}
	return tls.NewListener(ln, config), "https://" + at, nil
}

// openWarning is how often a server that is open to everybody says so.
const openWarning = 10 * time.Minute

// warnWhileOpen returns the part of the server that warns while everybody may do
// everything.
func (s *assembled) warnWhileOpen(open bool, log *slog.Logger) func(context.Context) error {
	return func(ctx context.Context) error {
		if !open {
			return nil
		}
		ticker := time.NewTicker(openWarning)
		defer ticker.Stop()
		for {
			if needs, err := s.auth.NeedsSetup(ctx); err != nil || !needs {
				return nil // when nobody knows, nothing is open
			}
			log.WarnContext(ctx, "open to the network: anyone who reaches this server can do everything; make the first account")
			select {
			case <-ctx.Done():
				return nil
			case <-ticker.C:
			}
		}
	}
}
