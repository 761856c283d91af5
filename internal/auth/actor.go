// Package auth knows who is acting and what they may do: accounts, sessions and
// permissions.
package auth

import (
	"context"
	"slices"

	"github.com/broked/broked/internal/fault"
)

// UserID identifies an account.
type UserID string

// SessionID identifies a session: the SHA-256 of its token id, in hex.
type SessionID string

// Role is a named set of permissions.
type Role string

// The roles, from the weakest.
const (
	Viewer     Role = "viewer"
	Editor     Role = "editor"
	Admin      Role = "admin"
	Superadmin Role = "superadmin"
)

var roles = []Role{Viewer, Editor, Admin, Superadmin}

// Valid reports whether r is one of the roles.
func (r Role) Valid() bool { return slices.Contains(roles, r) }

// Permission is the right to make one kind of call.
type Permission string

// Public marks a call that needs no permission and no credentials.
const Public Permission = ""

// SignedIn is the permission that every caller with credentials has.
const SignedIn Permission = "self"

// The permissions of Brokoli's API that calls of this server are registered with.
const (
	PipelinesView   Permission = "pipelines.view"
	PipelinesCreate Permission = "pipelines.create"
	PipelinesEdit   Permission = "pipelines.edit"
	PipelinesDelete Permission = "pipelines.delete"
	PipelinesRun    Permission = "pipelines.run"
	PipelinesExport Permission = "pipelines.export"
	RunsView        Permission = "runs.view"
	RunsCancel      Permission = "runs.cancel"
	SettingsView    Permission = "settings.view"
	ManageUsers     Permission = "settings.manage_users"
)

var (
	viewerMay = []Permission{SignedIn, PipelinesView, RunsView, SettingsView}
	editorMay = append(slices.Clone(viewerMay), PipelinesCreate, PipelinesEdit, PipelinesDelete, PipelinesRun, PipelinesExport, RunsCancel)
	adminMay  = append(slices.Clone(editorMay), ManageUsers)
)

// grants is the table of what each role may do.
var grants = map[Role][]Permission{
	Viewer:     viewerMay,
	Editor:     editorMay,
	Admin:      adminMay,
	Superadmin: adminMay,
}

// Permissions returns what r may do, in a fixed order.
func (r Role) Permissions() []Permission { return slices.Clone(grants[r]) }

// May reports whether r has permission p.
func (r Role) May(p Permission) bool { return p == Public || slices.Contains(grants[r], p) }

// Actor is who a request acts for.
type Actor struct {
	User    UserID // "" in open mode
	Name    string
	Role    Role
	Session SessionID // "" unless signed in by a session
	Open    bool      // no account exists yet and the caller is on this machine
}

// May returns nil when a has permission p, else a Denied fault.
func (a Actor) May(p Permission) error {
	if a.Role.May(p) {
		return nil
	}
	return fault.New(fault.Denied, "your role %s does not include the permission %s", a.Role, p)
}

type actorKey struct{}

// WithActor returns ctx carrying a.
func WithActor(ctx context.Context, a Actor) context.Context {
	return context.WithValue(ctx, actorKey{}, a)
}

// ActorFrom returns the actor of ctx and whether there is one.
func ActorFrom(ctx context.Context) (Actor, bool) {
	a, ok := ctx.Value(actorKey{}).(Actor)
	return a, ok
}
