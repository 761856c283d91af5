package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/store"
)

type generateKeyCmd struct{}

// Run prints a new key for serve --api-key.
func (generateKeyCmd) Run(w world) error {
	_, err := fmt.Fprintln(w.out, auth.NewKey())
	return err
}

// keysCmd changes service accounts on the host, while no server runs.
type keysCmd struct {
	Create keysCreateCmd `cmd:"" help:"Make a service account and print its key."`
	List   keysListCmd   `cmd:"" help:"List the service accounts, revoked ones too."`
	Revoke keysRevokeCmd `cmd:"" help:"Revoke the key of a service account for good."`
	Rotate keysRotateCmd `cmd:"" help:"Replace the key that sessions are signed with."`
}

// storedKeys is a database whose service accounts are changed.
type storedKeys struct{ storedIn }

// keys calls do with the keys of the database, which no server may hold, and a
// context in which the host acts.
func (in *storedKeys) keys(ctx context.Context, w world, do func(context.Context, *auth.Keys) error) error {
	return in.open(ctx, w, "POST, GET and DELETE /api/services", func(ctx context.Context, memory *store.Store, log *slog.Logger) error {
		return do(ctx, auth.NewKeys(memory, "", log))
	})
}

type keysCreateCmd struct {
	Name       string        `arg:"" help:"Name of the service."`
	Permission []string      `required:"" help:"A permission to give, such as pipelines.run; repeat it for more." placeholder:"P"`
	Expires    time.Duration `help:"How long the key works, such as 720h; until it is revoked when not given." placeholder:"DURATION"`
	storedKeys
}

// Validate implements kong's check of flags.
func (c *keysCreateCmd) Validate() error {
	if c.Expires < 0 {
		return errors.New("--expires must be a time that is still to come")
	}
	return nil
}

// Run makes a service account and prints its key alone on a line.
func (c *keysCreateCmd) Run(ctx context.Context, w world) error {
	n := auth.NewServiceAccount{Name: c.Name}
	for _, p := range c.Permission {
		n.Permissions = append(n.Permissions, auth.Permission(p))
	}
	if c.Expires > 0 {
		ends := time.Now().Add(c.Expires).UTC()
		n.ExpiresAt = &ends
	}
	return c.keys(ctx, w, func(ctx context.Context, keys *auth.Keys) error {
		_, key, err := keys.Create(ctx, n)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(w.out, key)
		return err
	})
}

type keysListCmd struct{ storedKeys }

// Run prints the service accounts as a table.
func (c *keysListCmd) Run(ctx context.Context, w world) error {
	return c.keys(ctx, w, func(ctx context.Context, keys *auth.Keys) error {
		all, err := keys.All(ctx)
		if err != nil {
			return err
		}
		table := tabwriter.NewWriter(w.out, 0, 0, 2, ' ', 0)
		fmt.Fprintln(table, "ID\tNAME\tKEY\tOWNER\tLAST USED\tENDS\tPERMISSIONS")
		for _, a := range all {
			ends := day(a.ExpiresAt)
			if a.RevokedAt != nil {
				ends = "revoked " + day(a.RevokedAt)
			}
			fmt.Fprintf(table, "%s\t%q\t%s...%s\t%q\t%s\t%s\t%s\n", a.ID, a.Name, a.Prefix, a.Last4, a.OwnerName,
				day(a.LastUsedAt), ends, words(a.Permissions))
		}
		return table.Flush()
	})
}

func day(t *time.Time) string {
	if t == nil {
		return "never"
	}
	return t.Format(time.DateOnly)
}

func words(ps []auth.Permission) string {
	all := make([]string, len(ps))
	for i, p := range ps {
		all[i] = string(p)
	}
	return strings.Join(all, " ")
}

type keysRevokeCmd struct {
	ID string `arg:"" help:"Id of the service account; keys list shows it."`
	storedKeys
}

// Run revokes a key.
func (c *keysRevokeCmd) Run(ctx context.Context, w world) error {
	return c.keys(ctx, w, func(ctx context.Context, keys *auth.Keys) error {
		return keys.Revoke(ctx, auth.ServiceID(c.ID))
	})
}

type keysRotateCmd struct {
	RevokeAll bool   `help:"The old key is not to be trusted: it stops working at once, and everybody signs in anew."`
	JWTSecret string `hidden:"" env:"BROKOLI_JWT_SECRET"`
	storedIn
}

// Run makes a new signing key and says what becomes of the old one.
func (c *keysRotateCmd) Run(ctx context.Context, w world) error {
	if _, err := os.Stat(secretName); c.JWTSecret == "" && errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("there is no %s here: do this in the folder in which the server is started", secretName)
	}
	return c.open(ctx, w, "POST /api/auth/signing-key/rotate", func(ctx context.Context, memory *store.Store, log *slog.Logger) error {
		signing, err := signingKeys(&folder{path: c.Data}, c.JWTSecret)
		if err != nil {
			return err
		}
		s, err := onHost(ctx, memory, signing, log)
		if err != nil {
			return err
		}
		r, err := s.RotateKeys(ctx, c.RevokeAll)
		if err != nil {
			return err
		}
		return printRotated(w, r)
	})
}

func printRotated(w world, r auth.Rotated) error {
	if r.VerifiesUntil == nil {
		_, err := fmt.Fprintf(w.out, "a new key signs, the old one does not work any longer: %d sessions have ended, and everybody signs in anew\n", r.Ended)
		return err
	}
	_, err := fmt.Fprintf(w.out, "a new key signs; sessions go on, and the old key works until %s\n", r.VerifiesUntil.Format(time.RFC3339))
	return err
}
