package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/postgres"
	"github.com/broked/broked/internal/private"
	"github.com/broked/broked/internal/sealed"
	"github.com/broked/broked/internal/store"
)

// resealed is what a rotation of the key of secrets has done.
type resealed struct {
	Key      string `json:"key"` // name of the one that seals now
	Resealed int    `json:"resealed"`
	Closed   int    `json:"closed"` // texts that no key opens, which stay
}

// reseal gives the secrets in the database another key: that which is first in the file that
// was given, or one that it makes in the data folder. One that was cut short goes on.
func (c *keysRotateCmd) reseal(ctx context.Context, w world, memory *store.Store) error {
	box, err := secretFlags{EncryptionKey: c.EncryptionKey, EncryptionKeyFile: c.EncryptionKeyFile}.given()
	if err != nil {
		return err
	}
	own := ""
	if box == nil {
		own = filepath.Join(c.folder(), "keys", "data.key")
		if box, err = c.anotherKey(ctx, memory, own); err != nil {
			return err
		}
	}
	r := resealed{Key: box.Key()}
	if r.Resealed, r.Closed, err = box.Reseal(ctx, memory); err != nil {
		return err
	}
	if own != "" && r.Closed == 0 {
		if err := forget(own); err != nil {
			return err
		}
	}
	err = memory.Note(ctx, auth.AuditEvent{Event: "data_key_rotated", Outcome: auth.Success, Details: map[string]any{"key": r.Key, "resealed": r.Resealed, "closed": r.Closed}})
	if err != nil {
		return err
	}
	return c.print(w, r, func(table io.Writer) {
		fmt.Fprintf(table, "%d secrets are sealed with the key %s\n", r.Resealed, r.Key)
		if r.Closed > 0 {
			fmt.Fprintf(table, "%d were sealed with a key that is not here, and stay as they are\n", r.Closed)
		}
		if own == "" {
			fmt.Fprintln(table, "the other keys can be removed from what servers and workers are given")
		}
	})
}

// anotherKey puts a new key before the one in a file, unless a rotation that was cut short has
// done so: then all secrets are to be sealed with that one first.
func (c *keysRotateCmd) anotherKey(ctx context.Context, memory *store.Store, path string) (*sealed.Box, error) {
	if postgres.Is(c.DB) {
		all, err := memory.Processes(ctx)
		if err != nil {
			return nil, err
		}
		if len(all) > 0 {
			return nil, errors.New("servers and workers use this database: stop them, or give all of them a file with both keys by --encryption-key-file, the new one first")
		}
	}
	text, err := private.Read(path)
	if err != nil {
		return nil, fmt.Errorf("key of secrets: %w", err)
	}
	keys := strings.Fields(string(text))
	if len(keys) == 1 {
		keys = []string{sealed.NewKey(), keys[0]}
	}
	box, err := sealed.Given(strings.Join(keys, " "))
	if err != nil {
		return nil, fmt.Errorf("key of secrets: %s: %w", path, err)
	}
	return box, private.Replace(path, []byte(strings.Join(keys, "\n")+"\n"))
}

// forget leaves the first key in a file, when nothing is sealed with the others any more.
func forget(path string) error {
	text, err := private.Read(path)
	if err != nil {
		return err
	}
	return private.Replace(path, []byte(strings.Fields(string(text))[0]+"\n"))
}
