package outbound

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"syscall"
	"time"

	"github.com/broked/broked/internal/fault"
)

const dialTimeout = 10 * time.Second

// Dialer makes TCP connections to addresses that its policy lets be reached. It
// may be used by any number of goroutines at once.
type Dialer struct {
	Policy   Policy
	Resolver *net.Resolver // nil is the system's
}

// DialContext connects to address, a host and a port, over the network tcp, tcp4
// or tcp6. What is checked is the address of each attempt, after the name has
// been resolved, so a name that changes its mind gains nothing.
//
// Its errors are faults: Denied with the code ssrf_blocked, Invalid with bad_address,
// Unavailable with host_not_found, timed_out or connection_failed, which are marked
// as transient.
func (d *Dialer) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	number, bad := strconv.ParseUint(port, 10, 16)
	if err != nil || bad != nil || number == 0 || host == "" {
		return nil, fault.New(fault.Invalid, "the address needs a host and a port from 1 to 65535").With("bad_address")
	}
	if network != "tcp" && network != "tcp4" && network != "tcp6" {
		return nil, fault.New(fault.Invalid, "only TCP connections are made").With("bad_address")
	}
	dialer := net.Dialer{
		Timeout:  dialTimeout,
		Resolver: d.Resolver,
		ControlContext: func(_ context.Context, _, literal string, _ syscall.RawConn) error {
			at, err := netip.ParseAddrPort(literal)
			if err != nil {
				return err
			}
			return d.Policy.Check(host, at)
		},
	}
	conn, err := dialer.DialContext(ctx, network, address)
	if err != nil {
		return nil, explain(host, err)
	}
	return conn, nil
}

// Explain makes a fault of an error of the network, of the sorts that Client.Do has, for
// those who speak over a Dialer or a Transport themselves. The message names the host alone.
// A fault stays as it is, and when somebody has called off it is context.Canceled.
func Explain(host string, err error) error { return explain(host, err) }

// explain makes a fault of an error of the network. The message names the host
// alone: addresses may carry passwords.
func explain(host string, err error) error {
	if known, ok := errors.AsType[*fault.Error](err); ok {
		if fault.IsTransient(err) {
			return fault.Transient(known)
		}
		return known
	}
	if errors.Is(err, context.Canceled) {
		return context.Canceled
	}
	if request, ok := errors.AsType[*url.Error](err); ok {
		err = request.Err // without the address
	}
	code, words := "connection_failed", "%s could not be reached"
	dns, named := errors.AsType[*net.DNSError](err)
	slow, timed := errors.AsType[net.Error](err)
	switch {
	case named && dns.IsNotFound:
		code, words = "host_not_found", "there is no host named %s"
	case timed && slow.Timeout():
		code, words = "timed_out", "%s took too long to answer"
	case errors.Is(err, syscall.ECONNREFUSED):
		words = "nothing listens at %s on this port"
	case isTLS(err):
		code, words = "tls_failed", "%s has no certificate that this server trusts, or does not speak TLS"
	}
	return fault.Transient(fault.Wrap(fault.Unavailable, err, words, host).With(code))
}

func isTLS(err error) bool {
	_, untrusted := errors.AsType[*tls.CertificateVerificationError](err)
	_, other := errors.AsType[tls.RecordHeaderError](err)
	_, alert := errors.AsType[tls.AlertError](err)
	return untrusted || other || alert || errors.Is(err, http.ErrSchemeMismatch)
}
