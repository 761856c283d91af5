package api

import (
	"net"
	"net/http"
	"net/netip"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/broked/broked/internal/auth"
)

// Network says how the server can be reached.
type Network struct {
	// PublicHost is a host name under which this machine may be called in open mode;
	// "" means none.
	PublicHost string
	// Open lets callers from everywhere in while no account exists.
	Open bool
	// Proxies are the addresses whose word about their clients is taken. Without
	// them a request that names a proxy comes from nowhere in particular.
	Proxies []netip.Prefix
	// Origins are those of pages from elsewhere that may call the API.
	Origins Origins
}

// forwarding lists the headers by which proxies say that they stand in between.
var forwarding = []string{"Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-Ip"}

// caller tells where a request comes from. It is local only when the peer is
// this machine, no proxy stands in between, and the name it was called by cannot
// be a stranger's that points here (DNS rebinding).
func (s *server) caller(c huma.Context) auth.Caller {
	peer := address(c.RemoteAddr())
	caller := auth.Caller{Address: peer.String(), Agent: c.Header("User-Agent"), Secure: c.TLS() != nil, Workspace: workspace(c)}
	proxied := false
	for _, header := range forwarding {
		proxied = proxied || c.Header(header) != ""
	}
	switch {
	case !proxied:
		caller.Local = peer.IsLoopback() && s.trustedHost(c.Host())
	case s.trusts(peer):
		caller.Address = s.client(peer, c.Header("X-Forwarded-For")).String()
		caller.Secure = c.Header("X-Forwarded-Proto") == "https"
	}
	caller.Local = caller.Local || s.Network.Open
	return caller
}

// workspace returns the workspace that a request names, or "". Links and event
// streams of browsers cannot set headers: they have it in the address.
func workspace(c huma.Context) auth.WorkspaceID {
	named := c.Header("X-Workspace-ID")
	if named == "" && c.Method() == http.MethodGet {
		named = c.Query("workspace")
	}
	return auth.CleanWorkspace(named)
}

// address returns the address of a host:port, or the zero address.
func address(hostport string) netip.Addr {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		host = hostport
	}
	a, err := netip.ParseAddr(strings.TrimSpace(host))
	if err != nil {
		return netip.Addr{}
	}
	return a.Unmap().WithZone("")
}

func (s *server) trusts(a netip.Addr) bool {
	for _, p := range s.Network.Proxies {
		if a.IsValid() && p.Contains(a) {
			return true
		}
	}
	return false
}

// client returns the address that the proxies speak for: the last one in the
// list that is not itself a trusted proxy. What stands before it anyone may have
// written.
func (s *server) client(peer netip.Addr, forwarded string) netip.Addr {
	hops := strings.Split(forwarded, ",")
	client := peer
	for i := len(hops) - 1; i >= 0 && s.trusts(client); i-- {
		hop := address(hops[i])
		if !hop.IsValid() {
			break
		}
		client = hop
	}
	return client
}

func (s *server) trustedHost(hostport string) bool {
	host := hostport
	if h, _, err := net.SplitHostPort(hostport); err == nil {
		host = h
	}
	host = strings.ToLower(strings.Trim(host, "[]"))
	if addr, err := netip.ParseAddr(host); err == nil {
		return addr.Unmap().IsLoopback()
	}
	return host == "localhost" || s.Network.PublicHost != "" && host == strings.ToLower(s.Network.PublicHost)
}

// strict tells browsers that came by TLS to do so for a year.
func strict(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.TLS != nil {
			w.Header().Set("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
		}
		next.ServeHTTP(w, r)
	})
}

// addressed refuses requests that are meant for somebody else: a target with a
// host of its own is what proxies are sent, and two methods are for
// proxies alone.
func (s *server) addressed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Method == http.MethodConnect || r.Method == http.MethodTrace:
			writeProblem(w, r, http.StatusMethodNotAllowed, "method_not_allowed", r.Method+" is not a method of this server")
		case r.URL.IsAbs() && !s.trustedHost(r.Host):
			writeProblem(w, r, http.StatusMisdirectedRequest, "misdirected_request", "this server is no proxy: "+r.Host+" is not its name")
		default:
			next.ServeHTTP(w, r)
		}
	})
}
