package outbound

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/limits"
)

// Bounds of a client that names none.
const (
	DefaultTimeout = 60 * time.Second
	DefaultMaxBody = 64 << 20
)

// mostRedirects is how many redirects a client can be told to follow.
const mostRedirects = 5

// agent is what this server calls itself, unless a request says otherwise.
const agent = "broked (+https://github.com/broked/broked)"

// Options say what a client may do. The zero value has the default bounds,
// reaches public addresses, follows no redirect and is not slowed down.
type Options struct {
	Policy    Policy
	Proxy     *url.URL       // through which everything goes; nil is none
	Resolver  *net.Resolver  // nil is the system's
	Roots     *x509.CertPool // who is trusted to sign certificates; nil is the system's
	Timeout   time.Duration  // of a whole exchange, its body too; 0 is DefaultTimeout
	MaxBody   int64          // bytes of an answer, after decompression; 0 is DefaultMaxBody
	Redirects int            // how many are followed, at most five
	AtOnce    int            // requests at once, until their bodies are closed; 0 is any number
	Rate      limits.Rate    // of requests; the zero Rate does not limit
	answer    time.Duration  // until one begins; 0 is no bound
}

// Client makes HTTP requests. It reads no proxy from the environment, keeps no
// cookies, and may be used by any number of goroutines at once.
type Client struct {
	http    http.Client
	maxBody int64
	pace    *Pace
}

// NewClient returns a client that keeps to o.
func NewClient(o Options) *Client {
	c := &Client{maxBody: o.MaxBody, pace: NewPace(o.AtOnce, o.Rate)}
	if c.maxBody <= 0 {
		c.maxBody = DefaultMaxBody
	}
	c.http = http.Client{
		Timeout:       o.Timeout,
		CheckRedirect: redirects(min(o.Redirects, mostRedirects)),
		Transport:     o.transport(),
	}
	if c.http.Timeout <= 0 {
		c.http.Timeout = DefaultTimeout
	}
	return c
}

// transport makes connections, guarded, or leaves that to the proxy and looks at
// each request instead.
func (o Options) transport() http.RoundTripper {
	t := &http.Transport{
		DialContext:            (&Dialer{Policy: o.Policy, Resolver: o.Resolver}).DialContext,
		Proxy:                  nil, // not what the environment says: that proxy would dial unguarded
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: o.Roots},
		TLSHandshakeTimeout:    dialTimeout,
		IdleConnTimeout:        30 * time.Second,
		MaxIdleConnsPerHost:    4,
		MaxResponseHeaderBytes: 64 << 10,
		ResponseHeaderTimeout:  o.answer,
		ForceAttemptHTTP2:      true,
	}
	if o.Proxy == nil {
		return t
	}
	t.DialContext = (&net.Dialer{Timeout: dialTimeout, Resolver: o.Resolver}).DialContext // to the proxy alone, which its owner has named
	t.Proxy = http.ProxyURL(o.Proxy)
	return guarded{RoundTripper: t, policy: o.Policy, resolver: o.Resolver}
}

// Do sends req when the limits of the client let it, and returns the answer
// whatever its status is; a redirect that is not followed is an error. The body
// must be closed, which also lets the next request go. Reading more of it than
// the client takes is an error.
//
// Its errors, and those of reading the body, are faults without the address of
// the request: those of Dialer.DialContext, Invalid with bad_url, Denied with
// redirect_refused, Unavailable with tls_failed, which is marked as transient, or
// answer_too_large, which is not. When ctx ends while it waits it returns ctx's
// error.
func (c *Client) Do(req *http.Request) (*http.Response, error) {
	if err := CheckURL(req.URL); err != nil {
		return nil, err
	}
	if err := c.pace.Wait(req.Context()); err != nil {
		return nil, err
	}
	if req.Header.Get("User-Agent") == "" {
		req = req.Clone(req.Context())
		req.Header.Set("User-Agent", agent)
	}
	host := req.URL.Hostname()
	res, err := c.http.Do(req) //nolint:gosec // the dialer looks at the address
	if err != nil {
		c.pace.Leave()
		return nil, explain(host, err)
	}
	res.Body = &answer{ReadCloser: res.Body, host: host, left: c.maxBody, done: sync.OnceFunc(c.pace.Leave)}
	if res.ContentLength > c.maxBody {
		return nil, errors.Join(tooLarge(host), res.Body.Close())
	}
	return res, nil
}

// CheckURL returns nil when u can be asked for: http or https, a host, a port
// that is not 0, and no name and password, which belong in headers. It does not
// say that the host may be reached.
func CheckURL(u *url.URL) error {
	var wrong string
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		wrong = "must begin with http:// or https://"
	case u.User != nil:
		wrong = "must not have a name or a password before the host"
	case u.Hostname() == "":
		wrong = "has no host"
	case u.Port() == "0":
		wrong = "has port 0, which nothing listens on"
	default:
		return nil
	}
	return fault.New(fault.Invalid, "the address %s", wrong).With("bad_url")
}

// answer is a body with an end, whatever the server sends.
type answer struct {
	io.ReadCloser
	host string
	left int64
	done func()
}

// Read implements io.Reader.
func (a *answer) Read(p []byte) (int, error) {
	if a.left < 0 {
		return 0, tooLarge(a.host)
	}
	if int64(len(p)) > a.left+1 {
		p = p[:a.left+1] // one byte more shows that there is more
	}
	n, err := a.ReadCloser.Read(p)
	if a.left -= int64(n); a.left < 0 {
		return n - 1, tooLarge(a.host)
	}
	if err != nil && !errors.Is(err, io.EOF) {
		err = explain(a.host, err)
	}
	return n, err
}

// Close implements io.Closer.
func (a *answer) Close() error {
	defer a.done()
	return a.ReadCloser.Close()
}

func tooLarge(host string) error {
	return fault.New(fault.Unavailable, "%s sent more than may be read", host).With("answer_too_large")
}
