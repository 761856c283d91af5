package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/broked/broked/internal/connections"
	"github.com/broked/broked/internal/files"
	"github.com/broked/broked/internal/names"
	"github.com/broked/broked/internal/node"
	"github.com/broked/broked/internal/outbound"
	"github.com/broked/broked/internal/private"
	"github.com/broked/broked/internal/sealed"
	"github.com/broked/broked/internal/store"
	"github.com/broked/broked/internal/variables"
)

// secretFlags say with what secrets in the database are sealed, and where others may be.
type secretFlags struct {
	vaultFlags
	SecretEnv         []string `name:"secret-env" help:"Variables of the environment that connections may take secrets from, as env://NAME; a star at the end stands for the rest. BROKED_SECRET_* may be taken in any case." env:"BROKOLI_SECRET_ENV" placeholder:"NAME"`
	SecretFiles       []string `name:"secret-files" help:"Folders with files that connections may take secrets from, as file:///path." env:"BROKOLI_SECRET_FILES" default:"/run/secrets" sep:":" placeholder:"DIR"`
	PipelineEnv       []string `name:"pipeline-env" help:"Variables of the environment that settings of nodes may have, as ${env.NAME}." env:"BROKOLI_PIPELINE_ENV" placeholder:"NAME"`
	EncryptionKey     string   `hidden:"" env:"BROKOLI_ENCRYPTION_KEY"`
	EncryptionKeyFile string   `name:"encryption-key-file" help:"File with the key that secrets in the database are sealed with, 32 bytes in base64. A server makes one in its data folder when there is none; others that share its database need the same." env:"BROKOLI_ENCRYPTION_KEY_FILE" placeholder:"FILE"`
}

func (f secretFlags) checkSecrets() error {
	if f.EncryptionKey != "" && f.EncryptionKeyFile != "" {
		return errors.New("BROKOLI_ENCRYPTION_KEY and --encryption-key-file are both given: leave one of them out")
	}
	if f.EncryptionKey != "" {
		if _, err := sealed.Given(f.EncryptionKey); err != nil {
			return fmt.Errorf("BROKOLI_ENCRYPTION_KEY %w", err)
		}
	}
	if err := f.checkVault(); err != nil {
		return err
	}
	for _, dir := range f.SecretFiles {
		if !filepath.IsAbs(dir) {
			return fmt.Errorf("--secret-files: %q is no absolute path", dir)
		}
	}
	return nil
}

// given returns the box of the key that was given, or nil.
func (f secretFlags) given() (*sealed.Box, error) {
	switch {
	case f.EncryptionKey != "":
		return sealed.Given(f.EncryptionKey)
	case f.EncryptionKeyFile != "":
		text, err := private.Read(f.EncryptionKeyFile)
		if err != nil {
			return nil, fmt.Errorf("--encryption-key-file: %w", err)
		}
		box, err := sealed.Given(strings.TrimSpace(string(text)))
		if err != nil {
			return nil, fmt.Errorf("--encryption-key-file: %w", err)
		}
		return box, nil
	}
	return nil, nil //nolint:nilnil // none was given
}

// box returns what seals the secrets that this server keeps: with the given key, else
// with that of the data folder. A key that does not fit what is sealed is an error,
// before anything is written.
func (f secretFlags) box(ctx context.Context, db *store.DB, data *folder) (*sealed.Box, error) {
	used, err := db.SealedKeys(ctx)
	if err != nil {
		return nil, err
	}
	box, err := f.given()
	if err != nil {
		return nil, err
	}
	path := data.in("keys/data.key")
	if _, err := os.Lstat(path); box == nil && len(used) > 0 && errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("the database has secrets that were sealed with a key which is not here: put it at %s, or give it by BROKOLI_ENCRYPTION_KEY_FILE", path)
	}
	if box == nil {
		if box, err = sealed.Open(path); err != nil {
			return nil, err
		}
	}
	return box, fits(box, used)
}

// fits returns an error when others than the key of box were used, and it was not. Where
// several were, because servers on one database were given none, each still opens its own.
func fits(box *sealed.Box, used []string) error {
	if len(used) == 0 || slices.ContainsFunc(box.Keys(), func(key string) bool { return slices.Contains(used, key) }) {
		return nil
	}
	return fmt.Errorf("the secrets in the database were sealed with the key %s, and this one is %s: give the right one by BROKOLI_ENCRYPTION_KEY_FILE, or put it in keys/data.key of the data folder; nothing was changed", strings.Join(used, ", "), box.Key())
}

// borrowed returns what opens the secrets on a machine that makes no key of its own, or
// nil when it was given none.
func (f secretFlags) borrowed(ctx context.Context, db *store.DB) (*sealed.Box, error) {
	box, err := f.given()
	if err != nil || box == nil {
		return nil, err
	}
	used, err := db.SealedKeys(ctx)
	if err != nil {
		return nil, err
	}
	return box, fits(box, used)
}

// connected makes what knows the connections, and what names in settings stand for.
func (s *assembled) connected(f secretFlags, kinds *node.Registry) {
	s.variables = variables.NewService(s.memory, s.box)
	s.connections = connections.NewService(connections.Deps{
		Store: s.memory, Box: s.box, Kinds: kinds,
		References: connections.References{
			Env: f.SecretEnv, Files: f.SecretFiles, Lookup: os.LookupEnv, Secret: s.variables.Secret,
			Vault: f.vault(func() outbound.Exit { return s.executing.Out }),
		},
		Out:   func() outbound.Exit { return s.executing.Out },
		Calls: s.calls,
		Roots: func() files.Roots { return files.Roots(s.executing.Roots) },
	})
	s.executing.Connection = s.connections.Resolve
	s.names = &names.Names{Variables: s.variables, Connections: s.connections, Env: f.PipelineEnv, Lookup: os.LookupEnv}
	s.executing.Names = s.names.Resolve
	s.pipelines.Knows(s.names)
}
