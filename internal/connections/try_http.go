package connections

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/calls"
	"github.com/broked/broked/internal/connection"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/id"
	"github.com/broked/broked/internal/outbound"
)

// reachHTTP asks for the path of the test, signed in, when it is its turn. Redirects are
// not followed.
func (s *Service) reachHTTP(ctx context.Context, c connection.Connection) (string, error) {
	var o connection.HTTPOptions
	if err := c.Into(&o); err != nil {
		return "", err
	}
	to, err := url.Parse(c.Base() + "/" + strings.TrimLeft(o.TestPath, "/"))
	if err != nil {
		return "", fault.New(fault.Invalid, "the host or the path of the test is not well-formed").With("bad_url")
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, to.String(), nil)
	if err != nil {
		return "", fault.New(fault.Invalid, "the host or the path of the test is not well-formed").With("bad_url")
	}
	from := calls.Caller{Out: s.Out(), Workspace: string(auth.HomeFrom(ctx)), Holder: id.New(), Once: true}
	client, err := calls.NewClient(s.Out(), outbound.Options{Timeout: tryTimeout, MaxBody: 1 << 20}, c, s.Calls.At(from, c))
	if err != nil {
		return "", err
	}
	res, err := client.Do(req)
	if err != nil {
		return "", err
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, 1<<16))
	_ = res.Body.Close()
	answered := to.Hostname() + " answered " + strconv.Itoa(res.StatusCode) + " " + http.StatusText(res.StatusCode)
	switch {
	case res.StatusCode == http.StatusUnauthorized:
		return "", fault.New(fault.Invalid, "%s: it does not accept who is calling", answered).With("login_failed")
	case res.StatusCode == http.StatusForbidden:
		return "", fault.New(fault.Invalid, "%s: whoever is calling may not ask for %s", answered, to.Path).With("permission_denied")
	case res.StatusCode >= http.StatusBadRequest:
		return "", fault.New(fault.Invalid, "%s to %s: set test_path to something that is there", answered, to.Path).With("bad_answer")
	}
	return answered, nil
}
