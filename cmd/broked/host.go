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
	"github.com/broked/broked/internal/store"
)

// storedIn says where a stopped server keeps what it remembers.
type storedIn struct {
	DB   string `name:"db" help:"SQLite database; broked.db in the data folder when not given." env:"BROKOLI_DB" placeholder:"PATH"`
	Data string `help:"Data folder." env:"BROKOLI_DATA" default:"./broked-data" placeholder:"DIR"`
}

// open calls do with the store in the database, which no server may hold, and a
// context in which the host acts. API names the calls that do the same while a
// server runs.
func (in *storedIn) open(ctx context.Context, w world, api string, do func(context.Context, *store.Store, *slog.Logger) error) error {
	database := in.DB
	if database == "" {
		database = filepath.Join(in.Data, "broked.db")
	}
	if _, err := os.Stat(database); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("there is no database %s: start the server once, or say where it is with --data", database)
	}
	data, err := openFolder(in.Data)
	if e, held := errors.AsType[*exitError](err); held {
		return &exitError{e.status, fmt.Errorf("%w; while it runs, use its API: %s", err, api)}
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

// onHost returns the accounts in memory for use on the host.
func onHost(ctx context.Context, memory *store.Store, signing *auth.SigningKeys, log *slog.Logger) (*auth.Service, error) {
	return auth.NewService(ctx, auth.Deps{
		Store: memory, Keys: auth.NewKeys(memory, "", log), Log: log, Signing: signing, Now: time.Now, SetupToken: id.Secret(),
	})
}

// hostActor is who acts on the command line: somebody who can read and write the
// database anyway.
func hostActor() auth.Actor {
	return auth.Actor{Name: "host", Role: auth.Superadmin, Host: true}
}
