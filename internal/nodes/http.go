package nodes

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/limits"
	"github.com/broked/broked/internal/node"
	"github.com/broked/broked/internal/outbound"
)

// Bounds of calls over HTTP.
const (
	defaultRequestTimeout = 60   // seconds
	longestRequest        = 3600 // seconds
	mostAtOnce            = 16
	longestPause          = 300     // seconds that a server may ask for with Retry-After
	readOfAnswer          = 8 << 10 // bytes of it that are read
)

// httpFields are the settings of every node that makes calls over HTTP.
func httpFields(method string, methods ...string) []node.Field {
	return []node.Field{
		{Name: "url", Required: true, Schema: node.Schema{Type: node.TypeString, Title: "Address", MinLen: 1, Help: "The whole address, with http:// or https://. Which machines may be called is for the server's outbound rules."}},
		{Name: "method", Schema: node.Schema{Type: node.TypeString, Title: "Method", Default: method, Enum: methods}},
		{Name: "headers", Schema: node.Schema{Type: node.TypeObject, Title: "Headers", Values: &node.Schema{Type: node.TypeString}, Help: "Such as Authorization. They go to the server of the address and to no other."}},
		{Name: "auth_user", Schema: node.Schema{Type: node.TypeString, Title: "User", Help: "For basic authentication."}},
		{Name: "auth_password", Schema: node.Schema{Type: node.TypeString, Title: "Password"}},
		{Name: "request_timeout", Schema: node.Schema{Type: node.TypeNumber, Title: "Request timeout", Default: defaultRequestTimeout, Min: new(1.0), Max: new(float64(longestRequest)), Help: "Seconds that one request may take, with its answer."}},
	}
}

// retryFields are how often one request is made again, and how many are made. Their
// names begin with what is asked for by one.
func retryFields(prefix string) []node.Field {
	return []node.Field{
		{Name: "max_concurrency", Schema: node.Schema{Type: node.TypeInteger, Title: "Requests at once", Default: 1, Min: new(1.0), Max: new(float64(mostAtOnce))}},
		{Name: "requests_per_second", Schema: node.Schema{Type: node.TypeNumber, Title: "Requests per second", Min: new(0.001), Max: new(10000.0), Help: "At most. Left out, as fast as the answers come."}},
		{Name: prefix + "max_retries", Schema: node.Schema{Type: node.TypeInteger, Title: "Retries of a request", Default: 3, Min: new(0.0), Max: new(20.0), Help: "How often one is made again after no answer, a broken one, and 408, 425, 429, 500, 502, 503 and 504. Retry-After is kept to, up to five minutes."}},
		{Name: prefix + "retry_backoff", Schema: node.Schema{Type: node.TypeString, Title: "How waits grow", Default: "exponential", Enum: []string{"exponential", "linear", "fixed"}}},
		{Name: prefix + "retry_delay", Schema: node.Schema{Type: node.TypeInteger, Title: "First wait", Default: 1000, Min: new(0.0), Max: new(60000.0), Help: "Milliseconds. No wait grows beyond a minute."}},
	}
}

// endpoint is where requests go and what they carry.
type endpoint struct {
	URL            string            `json:"url"`
	Method         string            `json:"method"`
	Headers        map[string]string `json:"headers"`
	AuthUser       string            `json:"auth_user"`
	AuthPassword   string            `json:"auth_password"`
	RequestTimeout float64           `json:"request_timeout"`
}

// ours are headers that a request gets from what it is.
var ours = []string{"Connection", "Content-Length", "Host", "Keep-Alive", "Proxy-Authorization", "Proxy-Connection", "Te", "Trailer", "Transfer-Encoding", "Upgrade"}

// headerName is a token of RFC 9110.
var headerName = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+.^_`|~-]+$")

// check returns what is wrong with the settings, as far as they have no
// placeholders in them.
func (e *endpoint) check() error {
	if err := checkAddress("url", e.URL); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(e.Headers)) {
		switch {
		case !headerName.MatchString(name):
			return settingFault("headers."+name, "is no name of a header")
		case slices.Contains(ours, http.CanonicalHeaderKey(name)):
			return settingFault("headers."+name, "cannot be set: it comes from the request itself")
		case strings.ContainsFunc(e.Headers[name], unicode.IsControl):
			return settingFault("headers."+name, "has a line break or another character that headers cannot have")
		case strings.EqualFold(name, "Authorization") && e.AuthUser != "":
			return settingFault("headers."+name, "and auth_user both say who is calling: leave one of them out")
		}
	}
	if e.AuthPassword != "" && e.AuthUser == "" {
		return settingFault("auth_user", "is missing: there is a password")
	}
	return nil
}

// checkAddress refuses what cannot be called, as far as text has no placeholders.
func checkAddress(setting, text string) error {
	if strings.HasPrefix(text, "/") {
		return settingFault(setting, "begins with / and so names no machine: write the whole address, such as https://api.example.com%s. A pipeline cannot call the server that it runs on", text)
	}
	if strings.Contains(text, "${") {
		return nil
	}
	u, err := url.Parse(strings.TrimSpace(text))
	if err != nil {
		return settingFault(setting, "is no address: write one such as https://api.example.com/v1/orders")
	}
	if err := outbound.CheckURL(u); err != nil {
		return settingFault(setting, "is no address that can be called: %s", fault.MessageOf(err))
	}
	return nil
}

func (e *endpoint) address() (*url.URL, error) {
	if err := checkAddress("url", e.URL); err != nil {
		return nil, err
	}
	return url.Parse(strings.TrimSpace(e.URL))
}

// client returns a client of a run for requests to e.
func (e *endpoint) client(env node.Env, o outbound.Options, perSecond float64) (*outbound.Client, error) {
	o.Timeout = time.Duration(e.RequestTimeout * float64(time.Second))
	if perSecond > 0 {
		o.Rate = limits.Rate{Every: time.Duration(float64(time.Second) / perSecond), Burst: 1}
	}
	return env.Out.Client(o)
}

// request makes a request to u with a body of that type; an empty type is none.
func (e *endpoint) request(ctx context.Context, u *url.URL, body []byte, contentType string) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, e.Method, u.String(), bytes.NewReader(body))
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "the request cannot be made: the address or the method is not well-formed").With("bad_url")
	}
	req.Header.Set("Accept", "application/json")
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	for name, value := range e.Headers {
		req.Header.Set(name, value)
	}
	if e.AuthUser != "" {
		req.SetBasicAuth(e.AuthUser, e.AuthPassword)
	}
	return req, nil
}

// success returns nil for an answer that is a success, and else a fault with the
// beginning of what it says. A failure that may pass is marked as transient, and
// says when it is to be tried again if the server did.
func (e *endpoint) success(res *http.Response) error {
	if res.StatusCode >= 200 && res.StatusCode < 300 {
		return nil
	}
	beginning, _ := io.ReadAll(io.LimitReader(res.Body, readOfAnswer))
	words := fmt.Sprintf("%s answered %d %s", res.Request.URL.Hostname(), res.StatusCode, http.StatusText(res.StatusCode))
	if said := e.shown(string(beginning)); said != "" {
		words += ": " + said
	}
	if !outbound.MayPass(res.StatusCode) {
		return fault.New(fault.Invalid, "%s", words).With("bad_answer")
	}
	err := fault.Transient(fault.New(fault.Unavailable, "%s", words).With("bad_answer"))
	if after, asked := outbound.RetryAfter(res.Header, time.Now()); asked {
		return &postponed{err, after}
	}
	return err
}

// shown returns what a server said in one line without control characters, and
// without what it was told in confidence.
func (e *endpoint) shown(said string) string {
	secrets := []string{e.AuthPassword}
	for _, value := range e.Headers {
		_, credentials, _ := strings.Cut(value, " ")
		secrets = append(secrets, value, credentials)
	}
	return outbound.Said(said, secrets...)
}

// postponed is a failure whose server has said when to come again.
type postponed struct {
	error
	after time.Duration
}

// Unwrap returns the failure.
func (p *postponed) Unwrap() error { return p.error }

// retries say how often one request is made again.
type retries struct {
	Most    int
	Backoff string
	Delay   int // milliseconds
}

// do tries until it succeeds, fails in a way that does not pass, or has been tried
// often enough. What names the thing that is tried, for the log.
func (r retries) do(ctx context.Context, env node.Env, what string, try func(context.Context) error) error {
	for attempt := 1; ; attempt++ {
		err := try(ctx)
		if err == nil || ctx.Err() != nil || attempt > r.Most || !fault.IsTransient(err) {
			return err
		}
		wait := r.wait(attempt)
		if p, asked := errors.AsType[*postponed](err); asked {
			if wait = p.after; wait > longestPause*time.Second {
				return err
			}
		}
		env.Log(node.Warning, "%s: %s; trying again in %v (%d of %d)", what, fault.MessageOf(err), wait.Round(time.Millisecond), attempt, r.Most)
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		}
	}
}

// wait returns how long to wait after an attempt, which counts from 1.
func (r retries) wait(attempt int) time.Duration {
	first := time.Duration(r.Delay) * time.Millisecond
	switch r.Backoff {
	case "fixed":
		return first
	case "linear":
		return min(first*time.Duration(attempt), time.Minute)
	}
	return outbound.Backoff(attempt, first, time.Minute)
}
