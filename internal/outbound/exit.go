package outbound

import (
	"context"
	"crypto/x509"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"github.com/broked/broked/internal/fault"
)

// Exit is the way out of a process as plain data, so that it can be handed to
// another one: which addresses may be reached, and through which proxy. The zero
// Exit leads to public addresses, directly.
type Exit struct {
	Policy Policy `json:"policy"`
	// Proxy is the address of a proxy for HTTP, as ParseProxy reads it, or empty. It
	// may have a password, so it belongs in no log.
	Proxy string `json:"proxy,omitempty"`
}

// Client returns a client that keeps to o and leads through e; the policy and the
// proxy of o do not count. A proxy that cannot be read is an Invalid fault.
func (e Exit) Client(o Options) (*Client, error) {
	o.Policy, o.Proxy = e.Policy, nil
	if e.Proxy != "" {
		proxy, err := ParseProxy(e.Proxy)
		if err != nil {
			return nil, err
		}
		o.Proxy = proxy
	}
	if o.Resolver == nil {
		o.Resolver = goResolver()
	}
	return NewClient(o), nil
}

// Transport returns what makes single requests, guarded as those of Client are, for
// libraries with a client of their own. Of the limits of Client it has none; an answer
// has to begin within a minute after the request was sent. Roots are who is trusted to sign
// certificates; nil is the system's.
func (e Exit) Transport(roots *x509.CertPool) (http.RoundTripper, error) {
	o := Options{Policy: e.Policy, Resolver: goResolver(), Roots: roots, answer: DefaultTimeout}
	if e.Proxy != "" {
		proxy, err := ParseProxy(e.Proxy)
		if err != nil {
			return nil, err
		}
		o.Proxy = proxy
	}
	return o.transport(), nil
}

// Dialer returns a dialer that keeps to the policy. It leads to no proxy, which
// knows HTTP alone.
func (e Exit) Dialer() *Dialer { return &Dialer{Policy: e.Policy, Resolver: goResolver()} }

// goResolver looks names up without the system's library, which wants files that a
// confined process cannot have.
func goResolver() *net.Resolver { return &net.Resolver{PreferGo: true} }

// ParseProxy reads the address of a proxy: http or https, a host, perhaps a port,
// a name and a password. What is none is an Invalid fault without the text.
func ParseProxy(text string) (*url.URL, error) {
	u, err := url.Parse(strings.TrimSpace(text))
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.Port() == "0" || strings.Trim(u.Path, "/") != "" {
		return nil, fault.New(fault.Invalid, "the proxy must be an address such as http://proxy.example.com:3128")
	}
	return &url.URL{Scheme: u.Scheme, User: u.User, Host: u.Host}, nil
}

// guarded looks at where a request is bound for before it is handed to a proxy.
type guarded struct {
	http.RoundTripper
	policy   Policy
	resolver *net.Resolver
}

// RoundTrip implements http.RoundTripper.
func (g guarded) RoundTrip(req *http.Request) (*http.Response, error) {
	if err := g.check(req.Context(), req.URL); err != nil {
		if req.Body != nil {
			_ = req.Body.Close()
		}
		return nil, err
	}
	return g.RoundTripper.RoundTrip(req)
}

// check looks at every address that the host of u has here. Which one the proxy
// dials, and whether it knows the same ones, nobody here can tell.
func (g guarded) check(ctx context.Context, u *url.URL) error {
	host, port := u.Hostname(), uint16(80)
	if u.Scheme == "https" {
		port = 443
	}
	if n, err := strconv.ParseUint(u.Port(), 10, 16); err == nil {
		port = uint16(n)
	}
	if at, err := netip.ParseAddr(host); err == nil {
		return g.policy.Check(host, netip.AddrPortFrom(at, port))
	}
	resolver := g.resolver
	if resolver == nil {
		resolver = net.DefaultResolver
	}
	addresses, err := resolver.LookupNetIP(ctx, "ip", host)
	if err != nil && !foreign(host) {
		return fault.Wrap(fault.Denied, err, "%s may not be reached from this server: it is no name that a proxy can be trusted with", host).With("ssrf_blocked")
	}
	for _, at := range addresses {
		if err := g.policy.Check(host, netip.AddrPortFrom(at, port)); err != nil {
			return err
		}
	}
	return nil
}

// foreign reports whether host, of which nothing is known here, can only be a name
// of somewhere else: no spelling of an address, and not this machine.
func foreign(host string) bool {
	labels := strings.Split(canonical(host), ".")
	last := labels[len(labels)-1]
	return isName(host) && last != "" && last != "localhost" && (last[0] < '0' || last[0] > '9')
}
