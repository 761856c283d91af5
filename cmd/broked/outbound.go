package main

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"

	"github.com/broked/broked/internal/contacts"
	"github.com/broked/broked/internal/executor"
	"github.com/broked/broked/internal/files"
	"github.com/broked/broked/internal/node"
	"github.com/broked/broked/internal/outbound"
)

// outboundFlags say which addresses the server may call for somebody else.
type outboundFlags struct {
	OutboundPrivate  bool     `name:"outbound-private" help:"Let private networks be reached, where databases live." env:"BROKOLI_OUTBOUND_ALLOW_PRIVATE" default:"true" negatable:""`
	OutboundLoopback []string `name:"outbound-loopback" help:"Ports of this machine that may be reached, or all." env:"BROKOLI_OUTBOUND_ALLOW_LOOPBACK" placeholder:"PORT"`
	OutboundProxy    string   `name:"outbound-proxy" help:"Proxy for calls by HTTP, such as http://proxy.example.com:3128." env:"BROKOLI_OUTBOUND_PROXY" placeholder:"URL"`
	OutboundAllow    []string `name:"outbound-allow" help:"What else may be reached: 192.0.2.0/24, 10.1.2.3:5432 or db.internal:5432." env:"BROKOLI_OUTBOUND_ALLOW_CIDRS" placeholder:"WHERE"`
}

// exit returns the way out that the flags say, for a server that listens at own.
func (f *outboundFlags) exit(own ...netip.AddrPort) (outbound.Exit, error) {
	policy, err := f.policy(own...)
	if err != nil {
		return outbound.Exit{}, err
	}
	if f.OutboundProxy != "" {
		if _, err := outbound.ParseProxy(f.OutboundProxy); err != nil {
			return outbound.Exit{}, fmt.Errorf("--outbound-proxy: %w", err)
		}
	}
	return outbound.Exit{Policy: policy, Proxy: f.OutboundProxy}, nil
}

// policy returns which addresses may be reached, for a server that listens at own.
func (f *outboundFlags) policy(own ...netip.AddrPort) (outbound.Policy, error) {
	p := outbound.Policy{Private: f.OutboundPrivate, Own: own}
	for _, text := range f.OutboundAllow {
		e, err := outbound.ParseException(strings.TrimSpace(text))
		if err != nil {
			return p, fmt.Errorf("--outbound-allow: %w", err)
		}
		p.Allow = append(p.Allow, e)
	}
	for _, text := range f.OutboundLoopback {
		switch text {
		case "all", "true", "1":
			p.Allow = append(p.Allow, outbound.Loopback()...)
		case "", "false", "0":
		default:
			port, err := strconv.ParseUint(text, 10, 16)
			if err != nil {
				return p, fmt.Errorf("--outbound-loopback: %q is no port: write ports with commas between them, or all", text)
			}
			p.Allow = append(p.Allow, outbound.Loopback(uint16(port))...)
		}
	}
	return p, nil
}

// callers makes the parts that call other machines, for a server that listens on
// ln: what executes runs, and what fetches the files of contacts, which is
// returned.
func (c *serveCmd) callers(ctx context.Context, s *assembled, ln net.Listener) (*contacts.Fetcher, error) {
	own, err := reachedAt(ln)
	if err != nil {
		return nil, err
	}
	out, err := c.exit(own...)
	if err != nil {
		return nil, err
	}
	kept, err := c.openArtifacts(ctx, out, s.log)
	if err != nil {
		return nil, err
	}
	s.executing.Out = out
	s.keepsAt(kept)
	if kept != nil {
		s.remote = c.remoteSweeper(kept, s.memory, s.log)
	}
	s.executor = executor.New(s.executing)
	s.keeper = &executor.Keeper{
		Store: s.memory, Kinds: s.executing.Kinds, News: s.executing.News, Log: s.log,
		Around:   node.Surroundings{Roots: files.Roots(s.executing.Roots), Out: out, Succeeded: s.runs.SucceededSince},
		Children: s.runs, Dir: s.executing.Dir, Artifacts: s.executing.Artifacts, Names: s.executing.Names,
	}
	if s.sender, err = c.sender(s, out); err != nil {
		return nil, err
	}
	deps := s.files
	deps.Client, err = out.Client(outbound.Options{MaxBody: contacts.MaxFile, Redirects: 5})
	return contacts.NewFetcher(deps), err
}

// reachedAt returns every address by which this machine reaches a listener.
func reachedAt(ln net.Listener) ([]netip.AddrPort, error) {
	at, err := netip.ParseAddrPort(ln.Addr().String())
	if err != nil {
		return nil, fmt.Errorf("own address: %w", err)
	}
	if !at.Addr().IsUnspecified() {
		return []netip.AddrPort{netip.AddrPortFrom(at.Addr().Unmap(), at.Port())}, nil
	}
	interfaces, err := net.InterfaceAddrs()
	if err != nil {
		return nil, fmt.Errorf("own addresses: %w", err)
	}
	var all []netip.AddrPort
	for _, one := range interfaces {
		if within, err := netip.ParsePrefix(one.String()); err == nil {
			all = append(all, netip.AddrPortFrom(within.Addr().Unmap().WithZone(""), at.Port()))
		}
	}
	return all, nil
}
