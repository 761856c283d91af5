package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/id"
	"github.com/broked/broked/internal/store"
)

// usersCmd changes accounts on the host, while no server runs.
type usersCmd struct {
	List          usersListCmd    `cmd:"" help:"List the accounts."`
	Create        usersCreateCmd  `cmd:"" help:"Make an account and print a temporary password for it."`
	Unlock        usersUnlockCmd  `cmd:"" help:"Forget the failed sign-ins of an account."`
	ResetPassword usersResetCmd   `cmd:"" help:"Give an account a temporary password and print it."`
	Disable       usersDisableCmd `cmd:"" help:"Disable an account and end its sessions."`
}

// storedUsers is a database whose accounts are changed.
type storedUsers struct{ storedIn }

// accounts calls do with the accounts of the database and a context in which the
// host acts.
func (in *storedUsers) accounts(ctx context.Context, w world, do func(context.Context, *auth.Service) error) error {
	return in.open(ctx, w, "/api/auth/users and POST /api/auth/admin-reset-password", func(ctx context.Context, memory *store.Store, log *slog.Logger) error {
		// Nobody signs in here, so the key does not outlive the command.
		signing, err := auth.GivenSigningKey([]byte(id.Secret()))
		if err != nil {
			return err
		}
		s, err := onHost(ctx, memory, signing, log)
		if err != nil {
			return err
		}
		return do(ctx, s)
	})
}

// named is the account that a command is about.
type named struct {
	Name string `arg:"" help:"User name."`
	storedUsers
}

// account calls do with the id of the account.
func (n *named) account(ctx context.Context, w world, do func(context.Context, *auth.Service, auth.UserID) error) error {
	return n.accounts(ctx, w, func(ctx context.Context, s *auth.Service) error {
		all, err := s.Users(ctx)
		if err != nil {
			return err
		}
		for _, u := range all {
			if u.Canonical == auth.Canonical(n.Name) {
				return do(ctx, s, u.ID)
			}
		}
		return fmt.Errorf("there is no account %q", n.Name)
	})
}

type usersListCmd struct{ storedUsers }

// Run prints the accounts as a table.
func (c *usersListCmd) Run(ctx context.Context, w world) error {
	return c.accounts(ctx, w, func(ctx context.Context, s *auth.Service) error {
		all, err := s.Users(ctx)
		if err != nil {
			return err
		}
		table := tabwriter.NewWriter(w.out, 0, 0, 2, ' ', 0)
		fmt.Fprintln(table, "ID\tNAME\tROLE\tDISABLED\tLAST SIGN-IN")
		for _, u := range all {
			fmt.Fprintf(table, "%s\t%q\t%s\t%t\t%s\n", u.ID, u.Name, u.Role, u.Disabled, day(u.LastLogin))
		}
		return table.Flush()
	})
}

type usersCreateCmd struct {
	Role auth.Role `help:"viewer, editor, admin or superadmin." default:"viewer"`
	named
}

// Run makes an account and prints its password alone on a line.
func (c *usersCreateCmd) Run(ctx context.Context, w world) error {
	return c.accounts(ctx, w, func(ctx context.Context, s *auth.Service) error {
		// The password is replaced at once by one that must be changed.
		u, err := s.CreateUser(ctx, hostActor(), auth.NewUser{Name: c.Name, Password: id.Secret(), Role: c.Role}, auth.Caller{Local: true})
		if err != nil {
			return err
		}
		return printReset(ctx, w, s, u.ID)
	})
}

func printReset(ctx context.Context, w world, s *auth.Service, user auth.UserID) error {
	made, err := s.ResetPassword(ctx, hostActor(), user, "")
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(w.out, made)
	return err
}

type usersUnlockCmd struct{ named }

// Run forgets the failed sign-ins of an account.
func (c *usersUnlockCmd) Run(ctx context.Context, w world) error {
	return c.account(ctx, w, func(ctx context.Context, s *auth.Service, user auth.UserID) error {
		return s.Unlock(ctx, hostActor(), user)
	})
}

type usersResetCmd struct{ named }

// Run gives an account a temporary password and prints it alone on a line.
func (c *usersResetCmd) Run(ctx context.Context, w world) error {
	return c.account(ctx, w, func(ctx context.Context, s *auth.Service, user auth.UserID) error {
		return printReset(ctx, w, s, user)
	})
}

type usersDisableCmd struct{ named }

// Run disables an account.
func (c *usersDisableCmd) Run(ctx context.Context, w world) error {
	return c.account(ctx, w, func(ctx context.Context, s *auth.Service, user auth.UserID) error {
		yes := true
		_, err := s.UpdateUser(ctx, hostActor(), user, auth.UserUpdate{Disabled: &yes})
		return err
	})
}

// firstUserFlags make the first account where nobody can sit at a browser.
type firstUserFlags struct {
	AdminUsername     string `help:"Make this superadmin while no account exists." env:"BROKOLI_ADMIN_USERNAME" placeholder:"NAME"`
	AdminPasswordFile string `help:"File with the password of --admin-username." env:"BROKOLI_ADMIN_PASSWORD_FILE" placeholder:"FILE"`
}

// makeFirstUser makes the account unless there is one already. A password that cannot be
// read is an error: a server that was to have an account must not open without.
func (f firstUserFlags) makeFirstUser(ctx context.Context, s *auth.Service) error {
	if f == (firstUserFlags{}) {
		return nil
	}
	if f.AdminUsername == "" || f.AdminPasswordFile == "" {
		return errors.New("--admin-username and --admin-password-file need each other")
	}
	needs, err := s.NeedsSetup(ctx)
	if err != nil || !needs {
		return err
	}
	text, err := os.ReadFile(f.AdminPasswordFile)
	if err != nil {
		return fmt.Errorf("password of the first account: %w", err)
	}
	password := strings.TrimRight(string(text), "\r\n")
	if password == "" {
		return fmt.Errorf("password of the first account: %s is empty", f.AdminPasswordFile)
	}
	_, err = s.CreateUser(ctx, auth.Actor{}, auth.NewUser{Name: f.AdminUsername, Password: password, Role: auth.Superadmin}, auth.Caller{Local: true})
	if err != nil {
		return fmt.Errorf("first account: %w", err)
	}
	return nil
}
