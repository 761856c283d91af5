// Package auth knows who is acting and what they may do: accounts, sessions,
// permissions, and the log of what was done.
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

// Actor is who a request acts for.
type Actor struct {
	User    UserID // "" in open mode and of a service account
	Name    string
	Role    Role         // "" of a service account
	Service ServiceID    // "" unless a service account
	Token   AccessToken  // by which a service account has come; the zero one by its key
	Granted []Permission // what a service account may do; others have their role's
	Session SessionID    // "" unless signed in by a session
	// Workspace is where the request acts: the one that it named, when the actor
	// belongs to it; the default one or their first when it named none; else "".
	Workspace WorkspaceID
	Open      bool // no account exists yet and the caller is on this machine
	Host      bool // the command line, used by someone who may read the data folder
	// MustChange reports that the actor signed in by a temporary password.
	MustChange bool
	// EditorsCode says that the role editor includes PipelinesCode on this server.
	EditorsCode bool
}

// of returns what a role may do on the server that a has come to, in a fixed order.
func (a Actor) of(role Role) []Permission {
	may := role.Permissions()
	if role == Editor && a.EditorsCode {
		may = append(may, PipelinesCode)
	}
	return may
}

// above returns a Denied fault when role is above a: nobody gives away what they
// do not have, or changes accounts that may do more than they. A service account
// has no role, and is measured by its permissions.
func (a Actor) above(role Role) error {
	within := a.Host || a.Role != "" && a.Role.atLeast(role)
	if !within && a.Role == "" {
		within = !slices.ContainsFunc(a.of(role), func(p Permission) bool { return !slices.Contains(a.Granted, p) })
	}
	if within {
		return nil
	}
	return fault.New(fault.Denied, "the role %s is above yours", role).With("above_own_role")
}

// Kind says what sort of actor a is, for the audit log.
func (a Actor) Kind() string {
	switch {
	case a.User != "":
		return "user"
	case a.Service != "":
		return "key"
	case a.Open:
		return "open"
	case a.Host:
		return "host"
	}
	return "anonymous"
}

// ID returns the id of the account or the service account that acts, or "".
func (a Actor) ID() string {
	if a.Service != "" {
		return string(a.Service)
	}
	return string(a.User)
}

// Permissions returns what a may do, in a fixed order.
func (a Actor) Permissions() []Permission {
	if a.Role == "" {
		return slices.Clone(a.Granted)
	}
	return a.of(a.Role)
}

// May returns nil when a has permission p, else a Denied fault.
func (a Actor) May(p Permission) error {
	if a.MustChange && p != Public && p != AnyPassword {
		return fault.New(fault.Denied, "your password is a temporary one: choose another first").With("password_change_required")
	}
	if p == Public || p == AnyPassword || slices.Contains(a.Permissions(), p) {
		return nil
	}
	if a.Token.Access == ByOAuth && !a.Token.carries(p) {
		return &ScopeError{Scope: p.scope(), Permission: p}
	}
	if a.Role == "" {
		return fault.New(fault.Denied, "the permission %s is not among those of %s", p, a.Name)
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
