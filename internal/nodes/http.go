package nodes

import (
	"bytes"
	"cmp"
	"context"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/broked/broked/internal/calls"
	"github.com/broked/broked/internal/connection"
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
		{Name: "conn_id", Schema: connectionSchema},
		{Name: "url", Schema: node.Schema{Secrets: true, Type: node.TypeString, Title: "Address", Help: "The whole address, with http:// or https://, or with a connection the path behind its address, such as /orders. Which machines may be called is for the server's outbound rules."}},
		{Name: "method", Schema: node.Schema{Type: node.TypeString, Title: "Method", Default: method, Enum: methods}},
		{Name: "headers", Schema: node.Schema{Type: node.TypeObject, Title: "Headers", Values: &node.Schema{Secrets: true, Type: node.TypeString}, Help: "Such as Authorization. They go to the server of the address and to no other."}},
		{Name: "auth_user", Schema: node.Schema{Secrets: true, Type: node.TypeString, Title: "User", Help: "For basic authentication."}},
		{Name: "auth_password", Schema: node.Schema{Secrets: true, Type: node.TypeString, Format: node.FormatPassword, Title: "Password"}},
		{Name: "request_timeout", Schema: node.Schema{Type: node.TypeNumber, Title: "Request timeout", Default: defaultRequestTimeout, Min: new(1.0), Max: new(float64(longestRequest)), Help: "Seconds that one request may take, with its answer."}},
	}
}

// connectionSchema is the setting that names an HTTP connection.
var connectionSchema = node.Schema{
	Type: node.TypeString, Format: node.FormatConnection, Types: []string{connection.HTTP}, Title: "Connection",
	Help: "The conn_id of a connection of the type http. Requests begin with its address and carry its headers and its sign-in, which go to its server and to no other.",
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
	ConnID         string            `json:"conn_id"`

	setting string                // that the address is in; empty is url
	conn    connection.Connection // once it is known
	calls   *calls.Client         // once it is made
}

// ours are headers that a request gets from what it is.
var ours = []string{"Connection", "Content-Length", "Host", "Keep-Alive", "Proxy-Authorization", "Proxy-Connection", "Te", "Trailer", "Transfer-Encoding", "Upgrade"}

// headerName is a token of RFC 9110.
var headerName = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+.^_`|~-]+$")

// check returns what is wrong with the settings, as far as they have no
// placeholders in them.
func (e *endpoint) check() error {
	if err := e.checkAddress(); err != nil {
		return err
	}
	if e.ConnID != "" && e.AuthUser != "" {
		return settingFault("auth_user", "and conn_id both say who is calling: leave one of them out")
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

// checkAddress is checkAddress for a setting that may be a path behind a connection's
// address.
func (e *endpoint) checkAddress() error {
	setting := cmp.Or(e.setting, "url")
	switch {
	case e.ConnID == "" && strings.TrimSpace(e.URL) == "":
		return settingFault(setting, "is missing: an address, or a connection in conn_id")
	case e.ConnID != "" && !strings.Contains(e.URL, "://"):
		return nil
	}
	return checkAddress(setting, e.URL)
}

// address returns where requests go, and makes the sign-in of the connection known to
// those that follow. An address that is not on the server of the connection is a Denied
// fault: that server alone may see its secrets.
func (e *endpoint) address(env node.Env) (*url.URL, error) {
	if err := e.checkAddress(); err != nil {
		return nil, err
	}
	text := strings.TrimSpace(e.URL)
	if e.ConnID == "" {
		return url.Parse(text)
	}
	c, err := env.Connection(e.ConnID)
	if err != nil {
		return nil, err
	}
	e.conn = c
	return e.behind(c, text)
}

// behind returns the address of a setting's text, which is a path behind that of the
// connection, or whole.
func (e *endpoint) behind(c connection.Connection, text string) (*url.URL, error) {
	base, err := url.Parse(c.Base())
	if err != nil {
		return nil, fault.New(fault.Invalid, "the host of connection %s is no address", c.Name).With("bad_url")
	}
	switch {
	case text == "":
		return base, nil
	case strings.Contains(text, "://"):
	case strings.HasPrefix(text, "?"):
		text = c.Base() + text
	default:
		text = c.Base() + "/" + strings.TrimLeft(text, "/")
	}
	setting := cmp.Or(e.setting, "url")
	u, err := url.Parse(text)
	if err != nil {
		return nil, settingFault(setting, "is no path and no address")
	}
	if u.Scheme != base.Scheme || u.Host != base.Host || u.User != nil {
		refused := fault.New(fault.Denied, "the connection %s is for %s://%s, and its sign-in goes nowhere else", c.Name, base.Scheme, base.Host).With("other_server")
		refused.Problems = []fault.Problem{{Path: setting, Message: "is not on the server of the connection: write the path alone"}}
		return nil, refused
	}
	return u, nil
}

// asks are the questions of kinds that make calls over HTTP.
var asks = []string{calls.AskTurn, calls.AskOver}

// client returns a client of a run for requests to e, whose address is known.
func (e *endpoint) client(env node.Env, o outbound.Options, perSecond float64) (*calls.Client, error) {
	o.Timeout = time.Duration(e.RequestTimeout * float64(time.Second))
	if perSecond > 0 {
		o.Rate = limits.Rate{Every: time.Duration(float64(time.Second) / perSecond), Burst: 1}
	}
	var err error
	e.calls, err = calls.NewClient(*env.Out, o, e.conn, calls.Asking(env.Ask))
	return e.calls, err
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

// success returns nil for an answer that is a success, and else outbound.Failure of it,
// without what the server was told in confidence.
func (e *endpoint) success(res *http.Response) error {
	secrets := []string{e.AuthPassword}
	headers, _ := e.conn.Headers() // which have been sent, so that they can be had
	for _, headers := range []map[string]string{e.Headers, headers} {
		for _, value := range headers {
			_, credentials, _ := strings.Cut(value, " ")
			secrets = append(secrets, value, credentials)
		}
	}
	return outbound.Failure(res, slices.Concat(secrets, e.conn.Secrets(), e.calls.Secrets())...)
}

// retries say how often one request is made again.
type retries struct {
	Most    int
	Backoff string
	Delay   int // milliseconds
}

// do tries until it succeeds, fails in a way that does not pass, or has been tried
// often enough. What names the thing that is tried, for the log.
func (r retries) do(ctx context.Context, env node.Env, what string, try func(context.Context) error) error {
	patience := longestPause * time.Second // for waits that are asked for by who is busy
	for attempt := 1; ; attempt++ {
		err := try(ctx)
		if err == nil || ctx.Err() != nil || attempt > r.Most || !fault.IsTransient(err) {
			return err
		}
		wait, counts := r.pause(attempt, err, &patience)
		if wait > longestPause*time.Second {
			return err
		}
		if !counts {
			attempt--
		}
		env.Log(node.Warning, "%s: %s; trying again in %v (%d of %d)", what, fault.MessageOf(err), wait.Round(time.Millisecond), max(attempt, 1), r.Most)
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		}
	}
}

// pause returns how long to wait after a failure of an attempt, and whether it counts as
// one: a server that is busy has refused nothing, while there is patience.
func (r retries) pause(attempt int, err error, patience *time.Duration) (wait time.Duration, counts bool) {
	p := outbound.Postponement(err)
	if p == nil {
		return r.wait(attempt), true
	}
	if !p.Busy || p.After <= 0 || p.After > *patience {
		return p.After, true
	}
	*patience -= p.After
	return p.After, false
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
