// Package outbound is the only way out: every connection that this server makes
// on somebody's behalf goes through its dialer, which looks at the address that
// is really dialled, or through its HTTP client, which has limits and does not
// carry credentials to other servers.
package outbound

import (
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/broked/broked/internal/fault"
)

// Policy says which addresses may be reached. The zero Policy lets nothing but
// public addresses be reached.
type Policy struct {
	// Private lets private networks be reached: RFC 1918, 100.64.0.0/10 and
	// fc00::/7, where databases live.
	Private bool `json:"private"`
	// Allow opens what is refused otherwise, but never addresses that hand out a
	// cloud's credentials, and none that is not of one machine.
	Allow []Exception `json:"allow"`
	// Own is where this server listens, which is never reached.
	Own []netip.AddrPort `json:"own"`
}

// Exception is a range of addresses, or a host by its name, that may be reached.
type Exception struct {
	Range netip.Prefix `json:"range"`
	Host  string       `json:"host"` // in lower case; "" when Range counts
	Port  uint16       `json:"port"` // 0 is every port
}

// Loopback opens this machine on ports, or on every port when there are none.
func Loopback(ports ...uint16) []Exception {
	var all []Exception
	for _, within := range []string{"127.0.0.0/8", "::1/128"} {
		for _, port := range ports {
			all = append(all, Exception{Range: netip.MustParsePrefix(within), Port: port})
		}
		if len(ports) == 0 {
			all = append(all, Exception{Range: netip.MustParsePrefix(within)})
		}
	}
	return all
}

// ParseException reads 10.0.0.0/8, 10.1.2.3, 10.1.2.3:5432, [fd00::1]:443,
// db.internal or db.internal:5432. What is none of them is an Invalid fault.
func ParseException(text string) (Exception, error) {
	if within, err := netip.ParsePrefix(text); err == nil {
		return Exception{Range: within.Masked()}, nil
	}
	if one, err := netip.ParseAddr(text); err == nil {
		return single(one, 0), nil
	}
	if one, err := netip.ParseAddrPort(text); err == nil && one.Port() != 0 {
		return single(one.Addr(), one.Port()), nil
	}
	host, port, hasPort := strings.Cut(text, ":")
	number, err := strconv.ParseUint(port, 10, 16)
	if hasPort && (err != nil || number == 0) || !isName(host) {
		return Exception{}, fault.New(fault.Invalid, "%q is no range of addresses, no address and no host: write 10.0.0.0/8, 10.1.2.3:5432 or db.internal:5432", text)
	}
	return Exception{Host: canonical(host), Port: uint16(number)}, nil
}

func single(a netip.Addr, port uint16) Exception {
	a = plain(a)
	return Exception{Range: netip.PrefixFrom(a, a.BitLen()), Port: port}
}

func isName(host string) bool {
	return host != "" && !strings.ContainsFunc(host, func(r rune) bool {
		return r != '-' && r != '.' && r != '_' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	})
}

// canonical returns a host name as names are compared.
func canonical(host string) string { return strings.ToLower(strings.TrimSuffix(host, ".")) }

// plain returns a without its zone, and IPv4 as IPv4.
func plain(a netip.Addr) netip.Addr { return a.Unmap().WithZone("") }

// matches reports whether e opens an address that was reached by a host's name.
func (e Exception) matches(host string, at netip.AddrPort) bool {
	if e.Port != 0 && e.Port != at.Port() {
		return false
	}
	if e.Host != "" {
		return e.Host == canonical(host)
	}
	return e.Range.IsValid() && e.Range.Contains(at.Addr())
}

// kind is a sort of addresses, in words.
type kind struct {
	words  string
	ranges []netip.Prefix
}

func ranges(words string, texts ...string) kind {
	k := kind{words: words}
	for _, text := range texts {
		k.ranges = append(k.ranges, netip.MustParsePrefix(text))
	}
	return k
}

// The ranges are those of the IANA special-purpose registries, and of addresses
// that wrap another one.
var (
	never = []kind{
		ranges("it hands out the credentials of a cloud", "169.254.169.254/32", "fd00:ec2::254/128", "100.100.100.200/32", "168.63.129.16/32"),
		ranges("it is no address of one machine", "0.0.0.0/8", "224.0.0.0/4", "240.0.0.0/4", "::/128", "ff00::/8"),
	}
	refused = []kind{
		ranges("it is this machine", "127.0.0.0/8", "::1/128"),
		ranges("it is link-local", "169.254.0.0/16", "fe80::/10", "fec0::/10"),
		ranges("it wraps another address", "::/96", "64:ff9b::/96", "64:ff9b:1::/48", "2001::/23", "2002::/16", "5f00::/16"),
		ranges("it is reserved", "192.0.0.0/24", "192.0.2.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
			"100::/64", "2001:db8::/32", "3fff::/20"),
	}
	private = ranges("it is in a private network", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")
)

// Check returns nil when at may be reached by the name host, else a Denied fault
// with the code ssrf_blocked. It tells the name and the reason, not the address.
func (p Policy) Check(host string, at netip.AddrPort) error {
	at = netip.AddrPortFrom(plain(at.Addr()), at.Port())
	if slices.ContainsFunc(p.Own, func(own netip.AddrPort) bool {
		return own == at || own.Port() == at.Port() && own.Addr().IsLoopback() && at.Addr().IsLoopback()
	}) {
		return blocked(host, at, "it is this server")
	}
	for _, k := range never {
		if k.has(at.Addr()) {
			return blocked(host, at, k.words)
		}
	}
	if slices.ContainsFunc(p.Allow, func(e Exception) bool { return e.matches(host, at) }) {
		return nil
	}
	for _, k := range append(slices.Clone(refused), private) {
		if k.has(at.Addr()) && (k.words != private.words || !p.Private) {
			return blocked(host, at, k.words)
		}
	}
	return nil
}

func (k kind) has(a netip.Addr) bool {
	return slices.ContainsFunc(k.ranges, func(r netip.Prefix) bool { return r.Contains(a) })
}

func blocked(host string, at netip.AddrPort, why string) error {
	cause := &net.AddrError{Err: "refused", Addr: at.String()}
	return fault.Wrap(fault.Denied, cause, "%s may not be reached from this server: %s", host, why).With("ssrf_blocked")
}
