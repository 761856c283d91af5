package api

import (
	"context"
	"net/http"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/workspaces"
)

func (s *server) workspaceCalls() {
	register(s, call{
		method: http.MethodGet, path: "/api/organization", may: auth.WorkspacesView, tag: "workspaces",
		summary: "Read the organization", class: classDetail,
	}, s.getOrganization)
	register(s, call{
		method: http.MethodPut, path: "/api/organization", may: auth.WorkspacesCreate, tag: "workspaces",
		summary: "Rename the organization",
	}, s.putOrganization)
	register(s, call{
		method: http.MethodGet, path: "/api/workspaces", may: auth.WorkspacesView, tag: "workspaces",
		summary: "List the workspaces that the caller belongs to",
	}, s.listWorkspaces)
	register(s, call{
		method: http.MethodPost, path: "/api/workspaces", may: auth.WorkspacesCreate, tag: "workspaces", status: http.StatusCreated,
		summary: "Make a workspace",
	}, s.postWorkspace)
	register(s, call{
		method: http.MethodGet, path: "/api/workspaces/{id}", may: auth.WorkspacesView, tag: "workspaces",
		summary: "Read a workspace",
	}, s.getWorkspace)
	register(s, call{
		method: http.MethodPut, path: "/api/workspaces/{id}", may: auth.WorkspacesCreate, tag: "workspaces",
		summary: "Rename a workspace; its id stays",
	}, s.putWorkspace)
	register(s, call{
		method: http.MethodDelete, path: "/api/workspaces/{id}", may: auth.WorkspacesDelete, tag: "workspaces", status: http.StatusNoContent,
		summary: "Delete a workspace in which nothing is left",
	}, s.deleteWorkspace)
	register(s, call{
		method: http.MethodGet, path: "/api/workspaces/{id}/members", may: auth.WorkspacesMembers, tag: "workspaces",
		summary: "List the accounts that belong to a workspace",
	}, s.listMembers)
	register(s, call{
		method: http.MethodPost, path: "/api/workspaces/{id}/members", may: auth.WorkspacesMembers, tag: "workspaces", status: http.StatusCreated,
		summary: "Make an account belong to a workspace",
	}, s.postMember)
	register(s, call{
		method: http.MethodDelete, path: "/api/workspaces/{id}/members/{user_id}", may: auth.WorkspacesMembers, tag: "workspaces", status: http.StatusNoContent,
		summary: "End that an account belongs to a workspace, for it and the keys that it has made there",
	}, s.deleteMember)
}

func (s *server) getOrganization(ctx context.Context, _ *struct{}) (*body[workspaces.Organization], error) {
	o, err := s.Workspaces.Organization(ctx)
	return &body[workspaces.Organization]{o}, err
}

type rename struct {
	Name string `json:"name" maxLength:"512"`
}

func (s *server) putOrganization(ctx context.Context, in *struct{ Body rename }) (*body[workspaces.Organization], error) {
	o, err := s.Workspaces.RenameOrganization(ctx, in.Body.Name)
	return &body[workspaces.Organization]{o}, err
}

func (s *server) listWorkspaces(ctx context.Context, _ *struct{}) (*body[[]workspaces.Workspace], error) {
	all, err := s.Workspaces.All(ctx)
	return &body[[]workspaces.Workspace]{all}, err
}

type newWorkspace struct {
	ID   auth.WorkspaceID `json:"id" maxLength:"128" doc:"1 to 64 letters, digits, '_' and '-'; cannot be changed"`
	Name string           `json:"name,omitempty" maxLength:"512" doc:"The id when absent"`
}

func (s *server) postWorkspace(ctx context.Context, in *struct{ Body newWorkspace }) (*body[workspaces.Workspace], error) {
	w, err := s.Workspaces.Create(ctx, in.Body.ID, in.Body.Name)
	return &body[workspaces.Workspace]{w}, err
}

// ByWorkspace is the path of everything below one workspace.
type ByWorkspace struct {
	ID auth.WorkspaceID `path:"id" maxLength:"128"`
}

func (s *server) getWorkspace(ctx context.Context, in *ByWorkspace) (*body[workspaces.Workspace], error) {
	w, err := s.Workspaces.Get(ctx, in.ID)
	return &body[workspaces.Workspace]{w}, err
}

func (s *server) putWorkspace(ctx context.Context, in *struct {
	ByWorkspace
	Body rename
},
) (*body[workspaces.Workspace], error) {
	w, err := s.Workspaces.Rename(ctx, in.ID, in.Body.Name)
	return &body[workspaces.Workspace]{w}, err
}

func (s *server) deleteWorkspace(ctx context.Context, in *ByWorkspace) (*struct{}, error) {
	return nil, s.Workspaces.Delete(ctx, in.ID)
}

func (s *server) listMembers(ctx context.Context, in *ByWorkspace) (*body[[]workspaces.Member], error) {
	all, err := s.Workspaces.Members(ctx, in.ID)
	return &body[[]workspaces.Member]{all}, err
}

type newMember struct {
	User auth.UserID `json:"user_id" maxLength:"128"`
}

func (s *server) postMember(ctx context.Context, in *struct {
	ByWorkspace
	Body newMember
},
) (*body[workspaces.Member], error) {
	m, err := s.Workspaces.Add(ctx, in.ID, in.Body.User)
	return &body[workspaces.Member]{m}, err
}

func (s *server) deleteMember(ctx context.Context, in *struct {
	ByWorkspace
	User auth.UserID `path:"user_id" maxLength:"128"`
},
) (*struct{}, error) {
	return nil, s.Workspaces.Remove(ctx, in.ID, in.User)
}
