package workspaces

import (
	"context"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/id"
)

// Service keeps the organization, its workspaces and their members.
type Service struct{ store Store }

// NewService returns a service over store.
func NewService(store Store) *Service { return &Service{store: store} }

// Organization returns the organization.
func (s *Service) Organization(ctx context.Context) (Organization, error) {
	return s.store.Organization(ctx)
}

// RenameOrganization gives the organization another name.
func (s *Service) RenameOrganization(ctx context.Context, name string) (Organization, error) {
	name = strings.TrimSpace(name)
	if ps := checkName(name); len(ps) > 0 {
		return Organization{}, fault.Rejected("the organization cannot be renamed", ps)
	}
	return s.store.RenameOrganization(ctx, name)
}

// All returns the workspaces that the actor belongs to, the default one first.
func (s *Service) All(ctx context.Context) ([]Workspace, error) { return s.store.Workspaces(ctx) }

// Get returns a workspace that the actor belongs to.
func (s *Service) Get(ctx context.Context, w auth.WorkspaceID) (Workspace, error) {
	return s.store.Workspace(ctx, w)
}

// Create makes a workspace that has no members yet but the superadmins. An empty
// name means that it is called as its id.
func (s *Service) Create(ctx context.Context, w auth.WorkspaceID, name string) (Workspace, error) {
	if name = strings.TrimSpace(name); name == "" {
		name = string(w)
	}
	ps := checkName(name)
	if !w.Valid() {
		ps = append([]fault.Problem{{Path: "id", Message: "must have 1 to 64 letters, digits, '_' and '-'"}}, ps...)
	}
	if len(ps) > 0 {
		return Workspace{}, fault.Rejected("the workspace cannot be made", ps)
	}
	return s.store.InsertWorkspace(ctx, Workspace{ID: w, Name: name, CreatedAt: time.Now().UTC().Truncate(time.Millisecond)})
}

// Rename gives a workspace another name; its id stays.
func (s *Service) Rename(ctx context.Context, w auth.WorkspaceID, name string) (Workspace, error) {
	name = strings.TrimSpace(name)
	if ps := checkName(name); len(ps) > 0 {
		return Workspace{}, fault.Rejected("the workspace cannot be renamed", ps)
	}
	return s.store.RenameWorkspace(ctx, w, name)
}

var nameShape = regexp.MustCompile(`^[^\x00-\x1f\x7f]{1,128}$`)

func checkName(name string) []fault.Problem {
	if utf8.ValidString(name) && nameShape.MatchString(name) {
		return nil
	}
	return []fault.Problem{{Path: "name", Message: "must have 1 to 128 characters, none of them control characters"}}
}

// Delete deletes a workspace in which nothing is left. The default one stays.
func (s *Service) Delete(ctx context.Context, w auth.WorkspaceID) error {
	if w == auth.DefaultWorkspace {
		return fault.New(fault.Conflict, "the default workspace cannot be deleted").With("default_workspace")
	}
	return s.store.DeleteWorkspace(ctx, w)
}

// Members returns who belongs to a workspace, by name.
func (s *Service) Members(ctx context.Context, w auth.WorkspaceID) ([]Member, error) {
	return s.store.Members(ctx, w)
}

// Add makes an account in the actor's sight belong to a workspace.
func (s *Service) Add(ctx context.Context, w auth.WorkspaceID, user auth.UserID) (Member, error) {
	if !id.Plausible(string(user)) {
		return Member{}, auth.NoUser()
	}
	return s.store.AddMember(ctx, w, user, time.Now().UTC().Truncate(time.Millisecond))
}

// Remove ends that an account belongs to a workspace, with effect on its next
// request, and on that of the keys that it has made there. Nobody removes
// themselves, so that a workspace with members keeps one who manages it.
func (s *Service) Remove(ctx context.Context, w auth.WorkspaceID, user auth.UserID) error {
	if !id.Plausible(string(user)) {
		return NoMember(w)
	}
	if a, _ := auth.ActorFrom(ctx); a.User == user && a.Role != auth.Superadmin {
		return fault.New(fault.Conflict, "you cannot remove yourself: ask another administrator of the workspace").With("own_membership")
	}
	return s.store.RemoveMember(ctx, w, user)
}

// NoMember is the fault of naming an account that does not belong to a workspace.
func NoMember(w auth.WorkspaceID) error {
	return fault.New(fault.NotFound, "no such account was added to the workspace %q", w).With("member_not_found")
}
