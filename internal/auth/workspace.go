package auth

import (
	"context"
	"regexp"

	"github.com/broked/broked/internal/fault"
)

// WorkspaceID names a workspace: 1 to 64 letters, digits, '_' and '-'.
type WorkspaceID string

// DefaultWorkspace is there from the start and cannot be deleted.
const DefaultWorkspace WorkspaceID = "default"

// nowhere is no workspace: nothing is in it, because none can have that name.
const nowhere WorkspaceID = "."

var (
	workspaceShape = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)
	notInWorkspace = regexp.MustCompile(`[^A-Za-z0-9_-]+`)
)

// Valid reports whether w could be the name of a workspace.
func (w WorkspaceID) Valid() bool { return workspaceShape.MatchString(string(w)) }

// CleanWorkspace returns text without the characters that no workspace has in
// its name, which Brokoli drops too.
func CleanWorkspace(text string) WorkspaceID {
	return WorkspaceID(notInWorkspace.ReplaceAllString(text, ""))
}

// NoWorkspace is the fault of naming a workspace that is not there, or that the
// caller does not belong to: nobody learns which.
func NoWorkspace(w WorkspaceID) error {
	return fault.New(fault.NotFound, "there is no workspace %q", w).With("workspace_not_found")
}

// Inside returns nil when a, who may make calls with permission p, is in a
// workspace to make them in. Wanted is the one that was named, or "". What is
// about the caller alone needs none, when none was named.
func (a Actor) Inside(p Permission, wanted WorkspaceID) error {
	switch {
	case a.Workspace != "" || p == Public:
		return nil
	case wanted != "":
		return NoWorkspace(wanted)
	case p == SignedIn || p == AnyPassword:
		return nil
	}
	return fault.New(fault.Denied, "you belong to no workspace: ask an administrator to add you to one").With("no_workspace")
}

// placed returns a, who was found out by a key or let in by open mode, in the
// wanted workspace: any when a is a superadmin, else only the one of the key.
func (s *Service) placed(ctx context.Context, a Actor, wanted WorkspaceID) (Actor, error) {
	if a.Role != Superadmin {
		if wanted != "" && wanted != a.Workspace {
			a.Workspace = ""
		}
		return a, nil
	}
	if wanted == "" || wanted == DefaultWorkspace {
		a.Workspace = DefaultWorkspace
		return a, nil
	}
	there, err := s.store.HasWorkspace(ctx, wanted)
	if there {
		a.Workspace = wanted
	}
	return a, err
}

type workspaceKey struct{}

// WithWorkspace returns ctx confined to w: what is in other workspaces is not
// there for whoever works with it. "" confines it to nothing at all.
func WithWorkspace(ctx context.Context, w WorkspaceID) context.Context {
	if w == "" {
		w = nowhere
	}
	return context.WithValue(ctx, workspaceKey{}, w)
}

// WorkspaceFrom returns what ctx is confined to; "" when it is not, as in the
// server's own work, which finds a thing by its id wherever it is.
func WorkspaceFrom(ctx context.Context) WorkspaceID {
	w, _ := ctx.Value(workspaceKey{}).(WorkspaceID)
	return w
}

// HomeFrom returns the workspace whose lists ctx sees and in which it makes new
// things: what it is confined to, else the default one.
func HomeFrom(ctx context.Context) WorkspaceID {
	if w := WorkspaceFrom(ctx); w != "" {
		return w
	}
	return DefaultWorkspace
}
