package main

import (
	"context"
	"fmt"
	"io"

	"github.com/broked/broked/internal/auth"
)

// workspacesCmd changes workspaces, and who belongs to them.
type workspacesCmd struct {
	List    workspacesListCmd   `cmd:"" help:"List the workspaces."`
	Create  workspacesCreateCmd `cmd:"" help:"Make a workspace."`
	Delete  workspacesDeleteCmd `cmd:"" help:"Delete a workspace in which nothing is left."`
	Members membersCmd          `cmd:"" help:"List, add and remove the accounts that belong to a workspace."`
}

// membersCmd changes who belongs to a workspace.
type membersCmd struct {
	List   membersListCmd   `cmd:"" help:"List the accounts that belong to a workspace."`
	Add    membersAddCmd    `cmd:"" help:"Make an account belong to a workspace."`
	Remove membersRemoveCmd `cmd:"" help:"End that an account belongs to a workspace."`
}

type workspacesListCmd struct{ target }

// Run prints the workspaces.
func (c *workspacesListCmd) Run(ctx context.Context, w world) error {
	return c.admin(ctx, w, func(ctx context.Context, a admin) error {
		all, err := a.Workspaces(ctx)
		if err != nil {
			return err
		}
		return c.print(w, all, func(table io.Writer) {
			fmt.Fprintln(table, "ID\tNAME\tPIPELINES\tMEMBERS\tMADE")
			for _, one := range all {
				fmt.Fprintf(table, "%s\t%q\t%d\t%d\t%s\n", one.ID, one.Name, one.Pipelines, one.Members, day(&one.CreatedAt))
			}
		})
	})
}

// theWorkspace is the workspace that a command is about.
type theWorkspace struct {
	ID auth.WorkspaceID `arg:"" help:"Id of the workspace."`
}

type workspacesCreateCmd struct {
	ID   auth.WorkspaceID `arg:"" help:"1 to 64 letters, digits, '_' and '-'; it cannot be changed."`
	Name string           `help:"What people call it; the id when not given."`
	target
}

// Run makes a workspace.
func (c *workspacesCreateCmd) Run(ctx context.Context, w world) error {
	return c.admin(ctx, w, func(ctx context.Context, a admin) error { return a.CreateWorkspace(ctx, c.ID, c.Name) })
}

type workspacesDeleteCmd struct {
	theWorkspace
	target
}

// Run deletes a workspace.
func (c *workspacesDeleteCmd) Run(ctx context.Context, w world) error {
	return c.admin(ctx, w, func(ctx context.Context, a admin) error { return a.DeleteWorkspace(ctx, c.ID) })
}

type membersListCmd struct {
	theWorkspace
	target
}

// Run prints the members of a workspace.
func (c *membersListCmd) Run(ctx context.Context, w world) error {
	return c.admin(ctx, w, func(ctx context.Context, a admin) error {
		all, err := a.Members(ctx, c.ID)
		if err != nil {
			return err
		}
		return c.print(w, all, func(table io.Writer) {
			fmt.Fprintln(table, "ID\tNAME\tROLE\tSINCE")
			for _, m := range all {
				since := "everywhere"
				if m.Since != nil {
					since = day(m.Since)
				}
				fmt.Fprintf(table, "%s\t%q\t%s\t%s\n", m.User, m.Name, m.Role, since)
			}
		})
	})
}

type membersAddCmd struct {
	theWorkspace
	named
}

// Run adds an account to a workspace.
func (c *membersAddCmd) Run(ctx context.Context, w world) error {
	return c.account(ctx, w, func(ctx context.Context, a admin, u auth.User) error { return a.AddMember(ctx, c.ID, u.ID) })
}

type membersRemoveCmd struct {
	theWorkspace
	named
}

// Run removes an account from a workspace.
func (c *membersRemoveCmd) Run(ctx context.Context, w world) error {
	return c.account(ctx, w, func(ctx context.Context, a admin, u auth.User) error { return a.RemoveMember(ctx, c.ID, u.ID) })
}
