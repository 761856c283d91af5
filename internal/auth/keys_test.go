package auth_test

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/id"
	"github.com/broked/broked/internal/store"
	"github.com/broked/broked/internal/store/storetest"
)

// open returns a database and a store in it.
func open(t *testing.T) (*store.DB, *store.Store) {
	t.Helper()
	db, err := store.Open(t.Context(), store.Options{Path: storetest.SQLite(t), Log: slog.New(slog.DiscardHandler)})
	must(t, err)
	t.Cleanup(func() { _ = db.Close(context.WithoutCancel(t.Context())) })
	return db, store.New(db, nil)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantFault(t *testing.T, what string, err error, kind fault.Kind, code string) {
	t.Helper()
	if err == nil || fault.KindOf(err) != kind || fault.CodeOf(err) != code {
		t.Errorf("%s: got error %v (kind %d, code %s), want kind %d, code %s", what, err, fault.KindOf(err), fault.CodeOf(err), kind, code)
	}
}

// slow is a store in which making a service account takes until it may go on.
type slow struct {
	auth.KeyStore
	entered, goOn chan struct{}
}

func (s slow) InsertServiceAccount(ctx context.Context, a auth.ServiceAccount, hash auth.KeyHash) error {
	s.entered <- struct{}{}
	<-s.goOn
	return s.KeyStore.InsertServiceAccount(ctx, a, hash)
}

func TestServicesAreMadeOneAtATime(t *testing.T) {
	t.Parallel()
	_, memory := open(t)
	s := slow{KeyStore: memory, entered: make(chan struct{}), goOn: make(chan struct{})}
	keys := auth.NewKeys(s, "", slog.New(slog.DiscardHandler))
	ctx := auth.WithActor(t.Context(), auth.Actor{Role: auth.Admin})
	done := make(chan error)
	go func() {
		_, _, err := keys.Create(ctx, auth.NewServiceAccount{Name: "first"})
		done <- err
	}()
	<-s.entered
	_, _, err := keys.Create(ctx, auth.NewServiceAccount{Name: "second"})
	wantFault(t, "while the first is being made", err, fault.Conflict, "busy")
	close(s.goOn)
	must(t, <-done)
	go func() { <-s.entered }()
	_, _, err = keys.Create(ctx, auth.NewServiceAccount{Name: "second"})
	must(t, err)
}

func TestMalformedKeysAreRefusedWithoutTheDatabase(t *testing.T) {
	t.Parallel()
	db, memory := open(t)
	log := slog.New(slog.DiscardHandler)
	signing, err := auth.GivenSigningKey([]byte(id.Secret()))
	must(t, err)
	server := auth.KeyPrefix + strings.Repeat("0f", 24)
	accounts, err := auth.NewService(t.Context(), auth.Deps{
		Store: memory, Keys: auth.NewKeys(memory, server, log), Log: log, Signing: signing, Now: time.Now, SetupToken: "x",
	})
	must(t, err)
	must(t, db.Close(t.Context())) // whoever looks into it gets another error
	key := auth.NewKey()
	_, err = accounts.Authenticate(t.Context(), key, auth.Caller{Local: true})
	wantFault(t, "well-formed", err, fault.Internal, "internal")
	for _, bad := range []string{auth.KeyPrefix, key[:len(key)-1], strings.ToLower(key) + "A", server[:51] + "0", key + "/"} {
		_, err := accounts.Authenticate(t.Context(), bad, auth.Caller{Local: true})
		wantFault(t, bad, err, fault.Unknown, "invalid_token")
	}
	actor, err := accounts.Authenticate(t.Context(), server, auth.Caller{})
	must(t, err)
	if actor.Role != auth.Superadmin || actor.Service != auth.ServerKey {
		t.Errorf("the server's key is %+v", actor)
	}
}
