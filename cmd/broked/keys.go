package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
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

// keysCmd changes service accounts, and the key that sessions are signed with.
type keysCmd struct {
	Create keysCreateCmd `cmd:"" help:"Make a service account and print its key."`
	List   keysListCmd   `cmd:"" help:"List the service accounts, revoked ones too."`
	Revoke keysRevokeCmd `cmd:"" help:"Revoke the key of a service account for good."`
	Rotate keysRotateCmd `cmd:"" help:"Replace the key that sessions are signed with, or that of secrets."`
}

type keysCreateCmd struct {
	Name       string        `arg:"" help:"Name of the service."`
	Permission []string      `required:"" help:"A permission to give, such as pipelines.run; repeat it for more." placeholder:"P"`
	Expires    time.Duration `help:"How long the key works, such as 720h; until it is revoked when not given." placeholder:"DURATION"`
	target
}

// Validate implements kong's check of flags.
func (c *keysCreateCmd) Validate() error {
	if c.Expires < 0 {
		return errors.New("--expires must be a time that is still to come")
	}
	return nil
}

// madeService is a service account with its key, as the API shows it once.
type madeService struct {
	auth.ServiceAccount
	Token string `json:"token"`
}

// Run makes a service account and prints its key, alone on a line unless JSON is
// wanted.
func (c *keysCreateCmd) Run(ctx context.Context, w world) error {
	n := auth.NewServiceAccount{Name: c.Name}
	for _, p := range c.Permission {
		n.Permissions = append(n.Permissions, auth.Permission(p))
	}
	if c.Expires > 0 {
		n.ExpiresAt = new(time.Now().Add(c.Expires).UTC())
	}
	return c.admin(ctx, w, func(ctx context.Context, a admin) error {
		made, key, err := a.CreateService(ctx, n)
		if err != nil {
			return err
		}
		return c.print(w, madeService{made, key}, func(table io.Writer) { fmt.Fprintln(table, key) })
	})
}

type keysListCmd struct{ target }

// Run prints the service accounts.
func (c *keysListCmd) Run(ctx context.Context, w world) error {
	return c.admin(ctx, w, func(ctx context.Context, a admin) error {
		all, err := a.Services(ctx)
		if err != nil {
			return err
		}
		return c.print(w, all, func(table io.Writer) {
			fmt.Fprintln(table, "ID\tNAME\tKEY\tOWNER\tLAST USED\tENDS\tPERMISSIONS")
			for _, s := range all {
				ends := day(s.ExpiresAt)
				if s.RevokedAt != nil {
					ends = "revoked " + day(s.RevokedAt)
				}
				fmt.Fprintf(table, "%s\t%q\t%s...%s\t%q\t%s\t%s\t%s\n", s.ID, s.Name, s.Prefix, s.Last4, s.OwnerName,
					day(s.LastUsedAt), ends, words(s.Permissions))
			}
		})
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
	target
}

// Run revokes a key.
func (c *keysRevokeCmd) Run(ctx context.Context, w world) error {
	return c.admin(ctx, w, func(ctx context.Context, a admin) error { return a.RevokeService(ctx, auth.ServiceID(c.ID)) })
}

type keysRotateCmd struct {
	RevokeAll bool `help:"The old key is not to be trusted: it stops working at once, and everybody signs in anew."`
	Secrets   bool `help:"Replace the key that secrets in the database are sealed with instead. The server is to be stopped, unless keys are given by a file."`

	EncryptionKey     string `hidden:"" env:"BROKOLI_ENCRYPTION_KEY"`
	EncryptionKeyFile string `name:"encryption-key-file" help:"With --secrets: file with the keys of secrets, the new one first, as the servers have it." env:"BROKOLI_ENCRYPTION_KEY_FILE" placeholder:"FILE"`
	target
}

// Validate implements kong's check of flags.
func (c *keysRotateCmd) Validate() error {
	if c.Secrets && (c.RevokeAll || c.Server != "") {
		return errors.New("--secrets works on the database itself: leave out --revoke-all and --server")
	}
	return nil
}

// Run makes a new signing key and says what becomes of the old one.
func (c *keysRotateCmd) Run(ctx context.Context, w world) error {
	if c.Secrets {
		return c.open(ctx, w, "keys that are given by --encryption-key-file", func(ctx context.Context, memory *store.Store, _ *slog.Logger) error {
			return c.reseal(ctx, w, memory)
		})
	}
	return c.admin(ctx, w, func(ctx context.Context, a admin) error {
		r, err := a.RotateKeys(ctx, c.RevokeAll)
		if err != nil {
			return err
		}
		return c.print(w, r, func(table io.Writer) {
			if r.VerifiesUntil == nil {
				fmt.Fprintf(table, "a new key signs, the old one does not work any longer: %d sessions have ended, and everybody signs in anew\n", r.Ended)
				return
			}
			fmt.Fprintf(table, "a new key signs; sessions go on, and the old key works until %s\n", r.VerifiesUntil.Format(time.RFC3339))
		})
	})
}
