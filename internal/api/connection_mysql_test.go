package api_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/broked/broked/internal/api"
	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/databases/mysql/mysqltest"
	"github.com/broked/broked/internal/outbound"
)

// TestTestsOfAMySQL tries connections to a real one and says what fails.
func TestTestsOfAMySQL(t *testing.T) {
	t.Parallel()
	at := mysqltest.New(t)
	w := newWorldWith(t, func(d *api.Deps) {
		d.Connections.Out = func() outbound.Exit { return outbound.Exit{Policy: outbound.Policy{Allow: outbound.Loopback()}} }
	}).withAccounts()
	good := fmt.Sprintf(`{"type":"mysql","host":%q,"port":%d,"schema":%q,"login":%q,"password":%q`, at.Host, at.Port, at.Schema, at.Login, at.Password)
	for sent, has := range map[string]string{
		good + `}`: `"success":true`,
		good + `,"options":{"sslmode":"verify-full"}}`:                            `"failed":"tls"`,
		strings.Replace(good, `"schema":"`, `"schema":"no_`, 1) + `}`:             `"failed":"database"`,
		strings.Replace(good, `"login":"`, `"login":"nobody_`, 1) + `}`:           `"failed":"login"`,
		strings.Replace(good, `"host":"127.0.0.1"`, `"host":"10.0.0.1"`, 1) + `}`: `"failed":"blocked"`,
	} {
		w.run(scenario{name: sent, as: auth.Editor, method: "POST", path: "/api/test-connection", body: `{"connection":` + sent + `}`, want: 200, has: []string{has}})
	}
	w.run(scenario{name: "address", as: auth.Editor, method: "POST", path: "/api/test-connection", body: fmt.Sprintf(`{"uri":"mariadb://%s:%s@%s:%d/%s"}`, at.Login, at.Password, at.Host, at.Port, at.Schema), want: 200, has: []string{`"success":true`}})
	w.run(scenario{name: "bad mode", as: auth.Editor, method: "POST", path: "/api/test-connection", body: `{"connection":` + good + `,"options":{"sslmode":"maybe"}}}`, want: 400, has: []string{`"path":"options.sslmode"`}})
}
