package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/id"
	"github.com/broked/broked/internal/postgres"
	"github.com/broked/broked/internal/store"
	"github.com/broked/broked/internal/workspaces"
)

// storedIn says where a stopped server keeps what it remembers.
type storedIn struct {
	DB   string `name:"db" help:"SQLite database or postgres:// URL; broked.db in the data folder when not given." env:"BROKOLI_DB" placeholder:"PATH"`
	Data string `help:"Data folder of a stopped server; ./broked-data when neither it nor a server is given." env:"BROKOLI_DATA" placeholder:"DIR"`
	// JWTSecret is the server's key when it is in no file.
	JWTSecret string `hidden:"" env:"BROKOLI_JWT_SECRET"`
}

// folder returns the data folder.
func (in *storedIn) folder() string {
	if in.Data == "" {
		return "./broked-data"
	}
	return in.Data
}

// signing returns the keys that the server signs sessions with.
func (in *storedIn) signing() (*auth.SigningKeys, error) {
	if _, err := os.Stat(secretName); in.JWTSecret == "" && errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("there is no %s here: do this in the folder in which the server is started", secretName)
	}
	return signingKeys(&folder{path: in.folder()}, in.JWTSecret)
}

// open calls do with the store in the database, which no server may hold, and a
// context in which the host acts. Instead says what does the same while a server
// runs.
func (in *storedIn) open(ctx context.Context, w world, instead string, do func(context.Context, *store.Store, *slog.Logger) error) error {
	database := in.DB
	if database == "" {
		database = filepath.Join(in.folder(), "broked.db")
	}
	if _, err := os.Stat(database); !postgres.Is(database) && errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("there is no database %s: start the server once, say where it is with --data, or name a server with --server", database)
	}
	data, err := openFolder(in.folder())
	if e, held := errors.AsType[*exitError](err); held {
		return &exitError{e.status, fmt.Errorf("%w; while it runs, use %s", err, instead)}
	}
	if err != nil {
		return err
	}
	defer data.close()
	log := slog.New(slog.NewTextHandler(w.err, &slog.HandlerOptions{Level: slog.LevelWarn}))
	db, err := store.Open(ctx, store.Options{Path: database, Log: log})
	if err != nil {
		return err
	}
	host := auth.WithActor(ctx, hostActor())
	err = do(host, store.New(db, nil), log)
	return errors.Join(err, db.Close(context.WithoutCancel(ctx)))
}

// host is the accounts, the keys and the records in the database of a server that
// is stopped.
type host struct {
	users  *auth.Service
	keys   *auth.Keys
	places *workspaces.Service
	// rotating returns accounts that know the key which sessions are signed with.
	rotating func(context.Context) (*auth.Service, error)
}

func newHost(ctx context.Context, memory *store.Store, signing func() (*auth.SigningKeys, error), log *slog.Logger) (*host, error) {
	keys := auth.NewKeys(memory, "", log)
	accounts := func(ctx context.Context, signing *auth.SigningKeys) (*auth.Service, error) {
		return auth.NewService(ctx, auth.Deps{
			Store: memory, Keys: keys, Log: log, Signing: signing, Now: time.Now, SetupToken: id.Secret(),
		})
	}
	// Nobody signs in here, so this key does not outlive the command.
	passing, err := auth.GivenSigningKey([]byte(id.Secret()))
	if err != nil {
		return nil, err
	}
	users, err := accounts(ctx, passing)
	if err != nil {
		return nil, err
	}
	return &host{users: users, keys: keys, places: workspaces.NewService(memory), rotating: func(ctx context.Context) (*auth.Service, error) {
		own, err := signing()
		if err != nil {
			return nil, err
		}
		return accounts(ctx, own)
	}}, nil
}

// Users implements admin.
func (h *host) Users(ctx context.Context) ([]auth.User, error) { return h.users.Users(ctx) }

// CreateUser implements admin.
func (h *host) CreateUser(ctx context.Context, name string, role auth.Role) (auth.User, error) {
	return h.users.CreateUser(ctx, hostActor(), auth.NewUser{Name: name, Password: id.Secret(), Role: role}, auth.Caller{Local: true})
}

// UpdateUser implements admin.
func (h *host) UpdateUser(ctx context.Context, user auth.UserID, n auth.UserUpdate) error {
	_, err := h.users.UpdateUser(ctx, hostActor(), user, n)
	return err
}

// DeleteUser implements admin.
func (h *host) DeleteUser(ctx context.Context, user auth.UserID) error {
	return h.users.DeleteUser(ctx, hostActor(), user)
}

// Unlock implements admin.
func (h *host) Unlock(ctx context.Context, user auth.UserID) error {
	return h.users.Unlock(ctx, hostActor(), user)
}

// ResetPassword implements admin.
func (h *host) ResetPassword(ctx context.Context, user auth.UserID) (string, error) {
	return h.users.ResetPassword(ctx, hostActor(), user, "")
}

// Services implements admin.
func (h *host) Services(ctx context.Context) ([]auth.ServiceAccount, error) { return h.keys.All(ctx) }

// CreateService implements admin.
func (h *host) CreateService(ctx context.Context, n auth.NewServiceAccount) (auth.ServiceAccount, string, error) {
	return h.keys.Create(ctx, n)
}

// RevokeService implements admin.
func (h *host) RevokeService(ctx context.Context, service auth.ServiceID) error {
	return h.keys.Revoke(ctx, service)
}

// RotateKeys implements admin.
func (h *host) RotateKeys(ctx context.Context, revokeAll bool) (auth.Rotated, error) {
	s, err := h.rotating(ctx)
	if err != nil {
		return auth.Rotated{}, err
	}
	return s.RotateKeys(ctx, revokeAll)
}

// Audit implements admin.
func (h *host) Audit(ctx context.Context, limit int) ([]auth.AuditRecord, error) {
	return h.users.Audit(ctx, hostActor(), auth.AuditFilter{Limit: limit})
}

// VerifyAudit implements admin.
func (h *host) VerifyAudit(ctx context.Context) (auth.AuditVerdict, error) {
	return h.users.VerifyAudit(ctx)
}

// Workspaces implements admin.
func (h *host) Workspaces(ctx context.Context) ([]workspaces.Workspace, error) {
	return h.places.All(ctx)
}

// CreateWorkspace implements admin.
func (h *host) CreateWorkspace(ctx context.Context, id auth.WorkspaceID, name string) error {
	_, err := h.places.Create(ctx, id, name)
	return err
}

// DeleteWorkspace implements admin.
func (h *host) DeleteWorkspace(ctx context.Context, id auth.WorkspaceID) error {
	return h.places.Delete(ctx, id)
}

// Members implements admin.
func (h *host) Members(ctx context.Context, id auth.WorkspaceID) ([]workspaces.Member, error) {
	return h.places.Members(ctx, id)
}

// AddMember implements admin.
func (h *host) AddMember(ctx context.Context, id auth.WorkspaceID, user auth.UserID) error {
	_, err := h.places.Add(ctx, id, user)
	return err
}

// RemoveMember implements admin.
func (h *host) RemoveMember(ctx context.Context, id auth.WorkspaceID, user auth.UserID) error {
	return h.places.Remove(ctx, id, user)
}

// hostActor is who acts on the command line: somebody who can read and write the
// database anyway.
func hostActor() auth.Actor {
	return auth.Actor{Name: "host", Role: auth.Superadmin, Host: true}
}
