// Package rest is what databases that are asked by HTTP have in common: requests that are
// made again when they may be, and texts that become batches.
package rest

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/outbound"
)

// Client makes the requests of one connection. It is used by one goroutine at a time.
type Client struct {
	Base      string // scheme, host and perhaps port, without a slash at the end
	Transport http.RoundTripper
	// Sign returns the headers that say who is asking. Anew is set after the last ones
	// were refused (401).
	Sign func(ctx context.Context, anew bool) (map[string]string, error)
}

// Answer is an answer that was read whole.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// Bounds of requests.
const (
	mostTries  = 6
	mostAnswer = 256 << 20
	firstWait  = 250 * time.Millisecond
	mostWait   = 20 * time.Second
	longest    = time.Minute // that a server may ask for
)

// Endpoint returns the address of a server as Client has it: a whole https address. What is
// none is an Invalid fault.
func Endpoint(text string) (string, error) {
	u, err := url.Parse(strings.TrimRight(text, "/"))
	if err != nil || u.Scheme != "https" || outbound.CheckURL(u) != nil || u.Path != "" || u.RawQuery != "" || u.Fragment != "" {
		return "", fault.New(fault.Invalid, "the endpoint must be an address such as https://example.com, without a path").With("bad_address")
	}
	return u.Scheme + "://" + u.Host, nil
}

// Transport returns what makes requests by way of out; ca has certificates that are trusted
// besides, in PEM.
func Transport(out outbound.Exit, ca string) (http.RoundTripper, error) {
	if ca == "" {
		return out.Transport(nil)
	}
	roots, err := x509.SystemCertPool()
	if err != nil {
		roots = x509.NewCertPool()
	}
	if !roots.AppendCertsFromPEM([]byte(ca)) {
		return nil, fault.New(fault.Invalid, "ca_certificate is no certificate in PEM").With("bad_certificate")
	}
	return out.Transport(roots)
}

// Host is the name of the server.
func (c *Client) Host() string {
	u, err := url.Parse(c.Base)
	if err != nil {
		return c.Base
	}
	return u.Hostname()
}

// Do makes a request and reads the answer, whatever its status is. It is made again after a
// while when the server is busy (429, 502, 503, 504), as it asks for, or the connection was
// lost, and once with another sign-in when that was refused: it must do the same thing
// when it is made twice. In the end its errors are faults as those of outbound.Client.
func (c *Client) Do(ctx context.Context, method, path string, body []byte) (Answer, error) {
	anew := false
	for try := 1; ; try++ {
		a, err := c.once(ctx, method, path, body, anew)
		switch {
		case ctx.Err() != nil:
			return Answer{}, ctx.Err()
		case err == nil && a.Status == http.StatusUnauthorized && !anew:
			anew = true
			continue
		case try == mostTries, err != nil && !mayPass(err), err == nil && !busy(a.Status):
			return a, err
		}
		if err := Wait(ctx, pause(a, try)); err != nil {
			return Answer{}, err
		}
	}
}

// mayPass reports whether an error may not come again in a moment.
func mayPass(err error) bool {
	code := fault.CodeOf(err)
	return fault.IsTransient(err) && code != "tls_failed" && code != "host_not_found"
}

func busy(status int) bool {
	return status == http.StatusTooManyRequests || status == http.StatusBadGateway || status == http.StatusServiceUnavailable || status == http.StatusGatewayTimeout
}

func pause(a Answer, try int) time.Duration {
	if asked, is := outbound.RetryAfter(a.Header, time.Now()); is {
		return min(asked, longest)
	}
	return outbound.Backoff(try, firstWait, mostWait)
}

// Wait returns after a while, or with an error when ctx ends before.
func Wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (c *Client) once(ctx context.Context, method, path string, body []byte, anew bool) (Answer, error) {
	req, err := http.NewRequestWithContext(ctx, method, c.Base+path, bytes.NewReader(body))
	if err != nil {
		return Answer{}, fault.New(fault.Invalid, "the address of the database is not well-formed").With("bad_address")
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := c.Send(req, anew) //nolint:bodyclose // Read does
	if err != nil {
		return Answer{}, err
	}
	return c.Read(res)
}

// Send makes a request once, with the sign-in. Its errors are faults.
func (c *Client) Send(req *http.Request, anew bool) (*http.Response, error) {
	headers, err := c.Sign(req.Context(), anew)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", "broked")
	for name, value := range headers {
		req.Header.Set(name, value)
	}
	res, err := c.Transport.RoundTrip(req)
	if err != nil {
		return nil, outbound.Explain(c.Host(), err)
	}
	return res, nil
}

// Read reads an answer whole, out of gzip if it is in it.
func (c *Client) Read(res *http.Response) (Answer, error) {
	defer func() { _ = res.Body.Close() }()
	in := io.LimitReader(res.Body, mostAnswer+1)
	if strings.EqualFold(res.Header.Get("Content-Encoding"), "gzip") {
		unpacked, err := gzip.NewReader(in)
		if err != nil {
			return Answer{}, c.Lost(err)
		}
		in = io.LimitReader(unpacked, mostAnswer+1)
	}
	body, err := io.ReadAll(in)
	if err != nil {
		return Answer{}, c.Lost(err)
	}
	if len(body) > mostAnswer {
		return Answer{}, fault.New(fault.Unavailable, "%s sent more than may be read", c.Host()).With("answer_too_large")
	}
	if bytes.HasPrefix(body, []byte{0x1f, 0x8b}) { // packed, without saying so
		unpacked, err := gzip.NewReader(bytes.NewReader(body))
		if err == nil {
			body, err = io.ReadAll(io.LimitReader(unpacked, mostAnswer))
		}
		if err != nil {
			return Answer{}, c.Lost(err)
		}
	}
	return Answer{res.StatusCode, res.Header, body}, nil
}

// Lost is a fault about a connection that ended too early.
func (c *Client) Lost(err error) error {
	return fault.Transient(fault.Wrap(fault.Unavailable, err, "the connection to %s was lost", c.Host()).With("connection_lost"))
}

// Unexpected is a fault about an answer that nobody expects, with the beginning of what it
// says. It is transient when it may pass.
func (c *Client) Unexpected(a Answer) error {
	words := fmt.Sprintf("%s answered %d %s", c.Host(), a.Status, http.StatusText(a.Status))
	if said := outbound.Said(string(a.Body[:min(len(a.Body), 8<<10)])); said != "" {
		words += ": " + said
	}
	if outbound.MayPass(a.Status) {
		return fault.Transient(fault.New(fault.Unavailable, "%s", words).With("bad_answer"))
	}
	return fault.New(fault.Invalid, "%s", words).With("bad_answer")
}
