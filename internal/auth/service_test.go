package auth_test

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/id"
)

// TestUnreadableHashIsTold checks that the log says when a stored hash cannot be
// verified, without it and without the password.
func TestUnreadableHashIsTold(t *testing.T) {
	t.Parallel()
	db, memory := open(t)
	var lines bytes.Buffer
	log := slog.New(slog.NewTextHandler(&lines, nil))
	signing, err := auth.GivenSigningKey([]byte(id.Secret()))
	must(t, err)
	accounts, err := auth.NewService(t.Context(), auth.Deps{
		Store: memory, Keys: auth.NewKeys(memory, "", log), Log: log, Signing: signing, Now: time.Now, SetupToken: "x",
	})
	must(t, err)
	u, err := accounts.CreateUser(t.Context(), auth.Actor{Host: true}, auth.NewUser{Name: "ada", Password: "secure-password", Role: auth.Admin}, auth.Caller{})
	must(t, err)
	const planted = "$argon2id$v=19$m=4194304,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	_, err = db.Writer().ExecContext(t.Context(), `UPDATE users SET hash = ?1`, planted)
	must(t, err)
	_, err = accounts.SignIn(t.Context(), "ada", "secure-password", auth.Caller{})
	wantFault(t, "a hash of 4 GiB", err, fault.Unknown, "invalid_credentials")
	if text := lines.String(); !strings.Contains(text, "level=ERROR") || !strings.Contains(text, "user="+string(u.ID)) ||
		strings.Contains(text, "secure-password") || strings.Contains(text, "argon2id") {
		t.Errorf("the log says %s", text)
	}
}
