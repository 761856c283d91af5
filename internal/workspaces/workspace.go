// Package workspaces is who works where: the organization, its workspaces and
// who belongs to them.
package workspaces

import (
	"context"
	"time"

	"github.com/broked/broked/internal/auth"
)

// Organization is whose server it is.
type Organization struct {
	ID        string    `json:"id"`
	Name      string    `json:"name"`
	CreatedAt time.Time `json:"created_at"`
}

// Workspace is a part of an organization with pipelines, runs, keys and members
// of its own.
type Workspace struct {
	ID           auth.WorkspaceID `json:"id" doc:"What X-Workspace-ID names"`
	Name         string           `json:"name"`
	Organization string           `json:"organization_id"`
	CreatedAt    time.Time        `json:"created_at"`
	Pipelines    int              `json:"pipelines" doc:"How many are in it"`
	Members      int              `json:"members" doc:"How many accounts were added to it; superadmins belong to it besides"`
}

// Member is an account that belongs to a workspace.
type Member struct {
	User     auth.UserID `json:"user_id"`
	Name     string      `json:"username"`
	Role     auth.Role   `json:"role" doc:"The same in every workspace"`
	Disabled bool        `json:"disabled"`
	Since    *time.Time  `json:"since,omitempty" doc:"Absent of a superadmin who was not added: superadmins belong to every workspace"`
}

// Store remembers workspaces. Package store implements it; every method is one
// transaction, with what it tells the audit log. A workspace that the actor of
// the context does not belong to is not there; superadmins, and the server
// itself, see all. Accounts are seen as in auth.Store.
type Store interface {
	// Organization returns the organization.
	Organization(ctx context.Context) (Organization, error)
	// RenameOrganization gives the organization another name.
	RenameOrganization(ctx context.Context, name string) (Organization, error)
	// Workspaces returns all workspaces by name, the default one first.
	Workspaces(ctx context.Context) ([]Workspace, error)
	// Workspace returns a workspace, or a NotFound fault.
	Workspace(ctx context.Context, id auth.WorkspaceID) (Workspace, error)
	// InsertWorkspace stores a workspace in the organization. An id that another one
	// has, or had before it was deleted, is a Conflict fault with code
	// workspace_exists.
	InsertWorkspace(ctx context.Context, w Workspace) (Workspace, error)
	// RenameWorkspace gives a workspace another name.
	RenameWorkspace(ctx context.Context, id auth.WorkspaceID, name string) (Workspace, error)
	// DeleteWorkspace deletes a workspace. While something is in it, or an account
	// belongs to no other, that is a Conflict fault with code workspace_not_empty
	// that says what.
	DeleteWorkspace(ctx context.Context, id auth.WorkspaceID) error
	// Members returns the accounts that belong to a workspace, by name.
	Members(ctx context.Context, id auth.WorkspaceID) ([]Member, error)
	// AddMember makes an account belong to a workspace and returns it. Adding it
	// again changes nothing.
	AddMember(ctx context.Context, id auth.WorkspaceID, user auth.UserID, now time.Time) (Member, error)
	// RemoveMember ends that an account belongs to a workspace, or returns a NotFound
	// fault with code member_not_found.
	RemoveMember(ctx context.Context, id auth.WorkspaceID, user auth.UserID) error
}
