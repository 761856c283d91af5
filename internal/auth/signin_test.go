package auth_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/id"
)

// accounts returns the accounts in a database of their own.
func accounts(t *testing.T) *auth.Service {
	t.Helper()
	_, memory := open(t)
	log := slog.New(slog.DiscardHandler)
	signing, err := auth.GivenSigningKey([]byte(id.Secret()))
	must(t, err)
	s, err := auth.NewService(t.Context(), auth.Deps{
		Store: memory, Keys: auth.NewKeys(memory, "", log), Log: log, Signing: signing, Now: time.Now, SetupToken: "x",
	})
	must(t, err)
	return s
}

// TestEverySignInComputesAHash shows that no name is told from another by how
// long the answer takes: when no hash can be computed, none is answered.
func TestEverySignInComputesAHash(t *testing.T) {
	t.Parallel()
	s := accounts(t)
	host := auth.WithWorkspace(auth.WithActor(t.Context(), auth.Actor{Host: true}), auth.DefaultWorkspace)
	account := func(name string) auth.User {
		u, err := s.CreateUser(host, auth.Actor{Host: true}, auth.NewUser{Name: name, Password: "secure-password", Role: auth.Superadmin}, auth.Caller{})
		must(t, err)
		return u
	}
	account("known")
	disabled := account("disabled")
	_, err := s.UpdateUser(host, auth.Actor{Host: true}, disabled.ID, auth.UserUpdate{Disabled: new(true)})
	must(t, err)
	release := s.Fill()
	for _, name := range []string{"known", "disabled", "unknown"} {
		for _, password := range []string{"secure-password", "wrong", "", strings.Repeat("x", auth.MaxPassword+1)} {
			_, err := s.SignIn(t.Context(), name, password, auth.Caller{})
			if fault.KindOf(err) != fault.Unavailable && fault.CodeOf(err) != "login_locked" {
				t.Errorf("%s with %d characters is answered without a hash: %v", name, len(password), err)
			}
		}
	}
	release()
	ctx, end := context.WithCancel(t.Context())
	end()
	if _, err := s.SignIn(ctx, "nobody", "x", auth.Caller{}); err == nil {
		t.Error("a sign-in whose client has left succeeds")
	}
	records, err := s.Audit(t.Context(), auth.Actor{Role: auth.Superadmin}, auth.AuditFilter{Limit: 100})
	must(t, err)
	text, err := json.Marshal(records)
	must(t, err)
	if strings.Contains(string(text), "nobody") || strings.Contains(string(text), "unknown") {
		t.Errorf("names that never were are kept: %s", text)
	}
}
