package connections

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/outbound"
)

// vault answers as Vault does, as far as its documentation says.
func vault(t *testing.T) *httptest.Server {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var said struct {
			Role   string `json:"role_id"`
			Secret string `json:"secret_id"`
		}
		token := r.Header.Get("X-Vault-Token")
		switch {
		case r.Header.Get("X-Vault-Request") != "true" || r.Header.Get("X-Vault-Namespace") != "team":
			w.WriteHeader(http.StatusPreconditionFailed)
		case r.Method == http.MethodPost && r.URL.Path == "/v1/auth/approle/login":
			if json.NewDecoder(r.Body).Decode(&said) != nil || said.Role != "role" || said.Secret != "canary-id" {
				w.WriteHeader(http.StatusBadRequest)
				_, _ = w.Write([]byte(`{"errors":["invalid secret id canary-id"]}`))
				return
			}
			_, _ = w.Write([]byte(`{"auth":{"client_token":"s.good"}}`))
		case token != "s.good":
			w.WriteHeader(http.StatusForbidden)
		case r.Method == http.MethodGet && r.URL.Path == "/v1/secret/data/broked/crm":
			_, _ = w.Write([]byte(`{"data":{"data":{"password":"from-vault","port":5432},"metadata":{"version":3}}}`))
		case r.URL.Path == "/v1/secret/data/broked/odd":
			_, _ = w.Write([]byte(`<html>`))
		default:
			w.WriteHeader(http.StatusNotFound)
			_, _ = w.Write([]byte(`{"errors":[]}`))
		}
	}))
	t.Cleanup(srv.Close)
	return srv
}

func TestSecretsInVault(t *testing.T) {
	t.Parallel()
	srv := vault(t)
	for name, tc := range map[string]struct{ token, role, secret, ref, want, problem string }{
		"by a token":        {token: "s.good", ref: "secret/broked/crm#password", want: "from-vault"},
		"as its API has it": {token: "s.good", ref: "secret/data/broked/crm#password", want: "from-vault"},
		"by a role":         {role: "role", secret: "canary-id", ref: "secret/broked/crm#password", want: "from-vault"},
		"a wrong token":     {token: "s.bad", ref: "secret/broked/crm#password", problem: "does not let this server have"},
		"a wrong role":      {role: "other", secret: "canary-id", ref: "secret/broked/crm#password", problem: "does not let this server have"},
		"nothing":           {ref: "secret/broked/crm#password", problem: "--vault-token-file"},
		"no such secret":    {token: "s.good", ref: "secret/broked/none#password", problem: "has no secret"},
		"no such field":     {token: "s.good", ref: "secret/broked/crm#key", problem: "has no text key"},
		"no text":           {token: "s.good", ref: "secret/broked/crm#port", problem: "has no text port"},
		"no JSON":           {token: "s.good", ref: "secret/broked/odd#a", problem: "is not readable"},
		"another path":      {token: "s.good", ref: "secret/other/crm#password", problem: "--vault-paths"},
		"out of the path":   {token: "s.good", ref: "secret/broked/../other#password", problem: "must be vault://"},
		"no field":          {token: "s.good", ref: "secret/broked/crm", problem: "must be vault://"},
	} {
		r := References{Vault: &Vault{
			Address: srv.URL, Namespace: "team", Paths: []string{"secret/broked/"},
			Token: func() (string, error) { return tc.token, nil }, Role: func() (string, string, error) { return tc.role, tc.secret, nil },
			Out: func() outbound.Exit { return outbound.Exit{Policy: outbound.Policy{Allow: outbound.Loopback()}} },
		}}
		got, err := r.read(t.Context(), "default", "vault://"+tc.ref)
		if got != tc.want || (err != nil) != (tc.problem != "") {
			t.Errorf("%s: %q, %v", name, got, err)
			continue
		}
		if err != nil && (fault.CodeOf(err) != "secret_missing" || !strings.Contains(fault.MessageOf(err), tc.problem) || strings.Contains(err.Error(), "canary")) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if why := (References{}).check("vault://secret/broked/crm#password"); !strings.Contains(why, "--vault-address") {
		t.Errorf("without one: %s", why)
	}
}

func TestSecretsOfVariables(t *testing.T) {
	t.Parallel()
	r := References{Secret: func(_ context.Context, in auth.WorkspaceID, key string) (string, error) {
		if in != "north" || key != "crm" {
			return "", fault.New(fault.NotFound, "there is no variable %q", key)
		}
		return "kept", nil
	}}
	if got, err := r.read(t.Context(), "north", "secret://crm"); err != nil || got != "kept" {
		t.Errorf("%q, %v", got, err)
	}
	for _, ref := range []string{"secret://other", "secret://a b", "secret://"} {
		if got, err := r.read(t.Context(), "north", ref); fault.CodeOf(err) != "secret_missing" || got != "" {
			t.Errorf("%s: %q, %v", ref, got, err)
		}
	}
}
