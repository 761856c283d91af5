package api_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/broked/broked/internal/api"
	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/outbound"
	"github.com/broked/broked/internal/store/storetest"
)

// TestTestsOfAPostgres tries connections to a real one and says what fails.
func TestTestsOfAPostgres(t *testing.T) {
	t.Parallel()
	u, err := url.Parse(storetest.Postgres(t))
	must(t, err)
	name := u.User.Username()
	w := newWorldWith(t, func(d *api.Deps) {
		d.Connections.Out = func() outbound.Exit { return outbound.Exit{Policy: outbound.Policy{Allow: outbound.Loopback()}} }
	}).withAccounts()
	password, _ := u.User.Password()
	good := `{"type":"postgres","host":"` + u.Hostname() + `","port":` + u.Port() + `,"schema":"` + strings.Trim(u.Path, "/") + `","login":"` + name + `","password":"` + password + `"`
	for end, has := range map[string]string{
		`}`: `"success":true`, `,"options":{"sslmode":"verify-full"}}`: `"failed":"tls"`,
	} {
		w.run(scenario{name: end, as: auth.Editor, method: "POST", path: "/api/test-connection", body: `{"connection":` + good + end + `}`, want: 200, has: []string{has}})
	}
	gone := strings.Replace(good, `"schema":"`, `"schema":"no_`, 1)
	w.run(scenario{name: "no database", as: auth.Editor, method: "POST", path: "/api/test-connection", body: `{"connection":` + gone + `}}`, want: 200, has: []string{`"failed":"database"`}})
	w.run(scenario{name: "bad mode", as: auth.Editor, method: "POST", path: "/api/test-connection", body: `{"connection":` + good + `,"options":{"sslmode":"maybe"}}}`, want: 400, has: []string{`"path":"options.sslmode"`}})
}
