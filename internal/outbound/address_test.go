package outbound_test

import (
	"net/netip"
	"testing"

	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/outbound"
)

func exceptions(t *testing.T, texts ...string) []outbound.Exception {
	t.Helper()
	var all []outbound.Exception
	for _, text := range texts {
		e, err := outbound.ParseException(text)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, e)
	}
	return all
}

func TestWhichAddressesMayBeReached(t *testing.T) {
	t.Parallel()
	public, private := outbound.Policy{}, outbound.Policy{Private: true}
	own := outbound.Policy{Private: true, Allow: outbound.Loopback(), Own: []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:80"), netip.MustParseAddrPort("10.1.2.3:80")}}
	named := outbound.Policy{Allow: exceptions(t, "DB.internal:80", "10.0.0.0/8", "127.0.0.1:80", "0.0.0.0/0")}
	for _, tc := range []struct {
		name   string
		policy outbound.Policy
		host   string
		yes    []string
		no     []string
	}{
		{
			name: "nothing but public", policy: public,
			yes: []string{"1.1.1.1", "8.8.8.8", "192.0.1.1", "223.255.255.255", "2606:4700::1111", "2a00::1", "100.128.0.1", "172.32.0.1"},
			no: []string{
				"0.0.0.0", "0.1.2.3", "127.0.0.1", "127.255.255.254", "169.254.1.1", "169.254.169.254", "192.0.0.8", "192.0.2.1", "198.18.0.1",
				"198.19.255.255", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255",
				"::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::1", "100::1", "2001::1", "2001:db8::1",
				"2002:7f00:1::", "3fff::1", "5f00::1", "fe80::1", "fe80::1%lo", "fec0::1", "ff02::1", "fd00:ec2::254", "100.100.100.200", "168.63.129.16",
				"10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "100.64.0.1", "fc00::1", "fd12::1",
			},
		},
		{
			name: "private networks too", policy: private,
			yes: []string{"10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1", "fc00::1", "::ffff:10.0.0.1"},
			no:  []string{"127.0.0.1", "::1", "169.254.169.254", "fd00:ec2::254", "100.100.100.200", "0.0.0.0", "::ffff:169.254.169.254"},
		},
		{name: "never ourselves", policy: own, yes: []string{"10.1.2.4"}, no: []string{"127.0.0.1", "127.0.0.2", "::1", "::ffff:127.0.0.1", "10.1.2.3"}},
		{
			name: "exceptions", policy: named,
			yes: []string{"10.1.2.3", "127.0.0.1", "::ffff:127.0.0.1", "192.168.0.1"},
			no:  []string{"169.254.169.254", "224.0.0.1", "0.0.0.0", "::1", "fd00::1"},
		},
		{name: "a host by its name", policy: outbound.Policy{Allow: exceptions(t, "DB.internal:80")}, host: "db.Internal.", yes: []string{"127.0.0.1", "10.1.1.1"}, no: []string{"169.254.169.254"}},
		{name: "another port of that host", policy: outbound.Policy{Allow: exceptions(t, "db.internal:81")}, host: "db.internal", no: []string{"127.0.0.1"}},
		{name: "loopback on a port", policy: outbound.Policy{Allow: outbound.Loopback(80, 90)}, yes: []string{"127.0.0.9", "::1"}, no: []string{"10.0.0.1"}},
		{name: "loopback on another port", policy: outbound.Policy{Allow: outbound.Loopback(81)}, no: []string{"127.0.0.1", "::1"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			for want, texts := range map[bool][]string{true: tc.yes, false: tc.no} {
				for _, text := range texts {
					err := tc.policy.Check(tc.host, netip.AddrPortFrom(netip.MustParseAddr(text), 80))
					if (err == nil) != want {
						t.Errorf("%s: %v", text, err)
					}
					if err != nil && (fault.CodeOf(err) != "ssrf_blocked" || fault.KindOf(err) != fault.Denied) {
						t.Errorf("%s: code %s", text, fault.CodeOf(err))
					}
				}
			}
		})
	}
}

func TestParseException(t *testing.T) {
	t.Parallel()
	for _, wrong := range []string{"", "db:0", "db:99999", "db:x", "10.0.0.0/33", "http://db", "a b", "10.0.0.1:0", ":80", "[::1]", "*.internal", "user@db"} {
		if e, err := outbound.ParseException(wrong); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%q is read as %+v, %v", wrong, e, err)
		}
	}
	for _, right := range []string{"10.1.2.3", "10.1.2.3:5432", "[fd00::1]:443", "fd00::1", "fd00::/8", "db.internal", "db-1.internal:5432", "localhost"} {
		if _, err := outbound.ParseException(right); err != nil {
			t.Errorf("%q: %v", right, err)
		}
	}
}
