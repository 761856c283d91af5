package main

import (
	"net"
	"net/netip"
	"testing"
)

func TestOutboundFlags(t *testing.T) {
	t.Parallel()
	f := outboundFlags{OutboundPrivate: true, OutboundLoopback: []string{"9000", "9001"}, OutboundAllow: []string{" db.internal:5432", "192.0.2.0/24"}}
	p, err := f.policy(netip.MustParseAddrPort("127.0.0.1:9001"))
	if err != nil {
		t.Fatal(err)
	}
	for at, want := range map[string]bool{
		"127.0.0.1:9000": true, "[::1]:9000": true, "127.0.0.1:9001": false, "127.0.0.1:80": false, "10.0.0.1:80": true, "192.0.2.7:80": true, "169.254.169.254:80": false,
	} {
		if got := p.Check("x", netip.MustParseAddrPort(at)) == nil; got != want {
			t.Errorf("%s may be reached: %t, want %t", at, got, want)
		}
	}
	if p.Check("DB.internal", netip.MustParseAddrPort("127.0.0.1:5432")) != nil {
		t.Error("the host that was named may not be reached")
	}
	for _, wrong := range []outboundFlags{{OutboundLoopback: []string{"x"}}, {OutboundAllow: []string{"a b"}}} {
		if _, err := wrong.policy(); err == nil {
			t.Errorf("%+v is taken", wrong)
		}
	}
}

func TestOwnAddressesAreKnown(t *testing.T) {
	t.Parallel()
	ln, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "0.0.0.0:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	own, err := reachedAt(ln)
	if err != nil {
		t.Fatal(err)
	}
	f := outboundFlags{OutboundPrivate: true, OutboundLoopback: []string{"all"}}
	p, err := f.policy(own...)
	if err != nil {
		t.Fatal(err)
	}
	for _, at := range own {
		if p.Check("x", at) == nil {
			t.Errorf("the server may call itself at %s", at)
		}
	}
	if len(own) == 0 || p.Check("x", netip.AddrPortFrom(netip.MustParseAddr("127.0.0.3"), own[0].Port())) == nil {
		t.Errorf("the server may call itself by another loopback address; own: %v", own)
	}
}
