package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/broked/broked/internal/auth"
)

// usersCmd changes accounts.
type usersCmd struct {
	List          usersListCmd    `cmd:"" help:"List the accounts."`
	Create        usersCreateCmd  `cmd:"" help:"Make an account and print a temporary password for it."`
	SetRole       usersRoleCmd    `cmd:"" help:"Give an account another role."`
	ResetPassword usersResetCmd   `cmd:"" help:"Give an account a temporary password and print it."`
	Unlock        usersUnlockCmd  `cmd:"" help:"Forget the failed sign-ins of an account."`
	Disable       usersDisableCmd `cmd:"" help:"Disable an account and end its sessions."`
	Enable        usersEnableCmd  `cmd:"" help:"Enable an account again."`
	Delete        usersDeleteCmd  `cmd:"" help:"Delete an account and end its sessions."`
}

type usersListCmd struct{ target }

// Run prints the accounts.
func (c *usersListCmd) Run(ctx context.Context, w world) error {
	return c.admin(ctx, w, func(ctx context.Context, a admin) error {
		all, err := a.Users(ctx)
		if err != nil {
			return err
		}
		return c.print(w, all, func(table io.Writer) {
			fmt.Fprintln(table, "ID\tNAME\tROLE\tDISABLED\tLAST SIGN-IN")
			for _, u := range all {
				fmt.Fprintf(table, "%s\t%q\t%s\t%t\t%s\n", u.ID, u.Name, u.Role, u.Disabled, day(u.LastLogin))
			}
		})
	})
}

// named is the account that a command is about.
type named struct {
	Name string `arg:"" help:"User name."`
	target
}

// account calls do with the account.
func (n *named) account(ctx context.Context, w world, do func(context.Context, admin, auth.User) error) error {
	return n.admin(ctx, w, func(ctx context.Context, a admin) error {
		all, err := a.Users(ctx)
		if err != nil {
			return err
		}
		for _, u := range all {
			if auth.Canonical(u.Name) == auth.Canonical(n.Name) {
				return do(ctx, a, u)
			}
		}
		return fmt.Errorf("there is no account %q", n.Name)
	})
}

// update changes the account.
func (n *named) update(ctx context.Context, w world, change auth.UserUpdate) error {
	return n.account(ctx, w, func(ctx context.Context, a admin, u auth.User) error { return a.UpdateUser(ctx, u.ID, change) })
}

// reset gives an account a temporary password and prints it, alone on a line
// unless JSON is wanted.
func (n *named) reset(ctx context.Context, w world, a admin, u auth.User) error {
	password, err := a.ResetPassword(ctx, u.ID)
	if err != nil {
		return err
	}
	made := struct {
		ID       auth.UserID `json:"id"`
		Name     string      `json:"username"`
		Password string      `json:"password"`
	}{u.ID, u.Name, password}
	return n.print(w, made, func(table io.Writer) { fmt.Fprintln(table, password) })
}

type usersCreateCmd struct {
	Role auth.Role `help:"viewer, editor, admin or superadmin." default:"viewer"`
	named
}

// Run makes an account. Its password is replaced at once by one that must be
// changed.
func (c *usersCreateCmd) Run(ctx context.Context, w world) error {
	return c.admin(ctx, w, func(ctx context.Context, a admin) error {
		u, err := a.CreateUser(ctx, c.Name, c.Role)
		if err != nil {
			return err
		}
		return c.reset(ctx, w, a, u)
	})
}

type usersRoleCmd struct {
	named
	Role auth.Role `arg:"" help:"viewer, editor, admin or superadmin."`
}

// Run changes the role of an account.
func (c *usersRoleCmd) Run(ctx context.Context, w world) error {
	return c.update(ctx, w, auth.UserUpdate{Role: &c.Role})
}

type usersResetCmd struct{ named }

// Run gives an account a temporary password.
func (c *usersResetCmd) Run(ctx context.Context, w world) error {
	return c.account(ctx, w, func(ctx context.Context, a admin, u auth.User) error { return c.reset(ctx, w, a, u) })
}

type usersUnlockCmd struct{ named }

// Run forgets the failed sign-ins of an account.
func (c *usersUnlockCmd) Run(ctx context.Context, w world) error {
	return c.account(ctx, w, func(ctx context.Context, a admin, u auth.User) error { return a.Unlock(ctx, u.ID) })
}

type usersDisableCmd struct{ named }

// Run disables an account.
func (c *usersDisableCmd) Run(ctx context.Context, w world) error {
	return c.update(ctx, w, auth.UserUpdate{Disabled: new(true)})
}

type usersEnableCmd struct{ named }

// Run enables an account.
func (c *usersEnableCmd) Run(ctx context.Context, w world) error {
	return c.update(ctx, w, auth.UserUpdate{Disabled: new(false)})
}

type usersDeleteCmd struct{ named }

// Run deletes an account.
func (c *usersDeleteCmd) Run(ctx context.Context, w world) error {
	return c.account(ctx, w, func(ctx context.Context, a admin, u auth.User) error { return a.DeleteUser(ctx, u.ID) })
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
