package api

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/pipelines"
	"github.com/broked/broked/internal/workspaces"
)

func (s *server) accessCalls() {
	register(s, call{
		method: http.MethodGet, path: "/api/pipelines/{id}/access", may: auth.PipelinesView, tag: "pipelines",
		summary: "Tell who may see, change, run and delete a pipeline",
	}, s.access)
}

// access is who may do what with a pipeline.
type access struct {
	You      Rights           `json:"you"`
	Needs    []pipelines.Need `json:"needs" doc:"Parts of the pipeline that take permissions of their own to add or change"`
	Roles    []roleAccess     `json:"roles" doc:"What the accounts of each role may do, from the weakest role"`
	Members  *[]memberAccess  `json:"members,omitempty" doc:"The accounts that belong to the workspace and are not disabled; absent without users.view"`
	Services *[]serviceAccess `json:"services,omitempty" doc:"The service accounts whose keys work; absent without users.view and services.manage"`
}

// Rights is what somebody may do with a pipeline.
type Rights struct {
	See    bool              `json:"see"`
	Change bool              `json:"change"`
	Run    bool              `json:"run"`
	Delete bool              `json:"delete"`
	Lacks  []auth.Permission `json:"lacks" doc:"Of the permissions that its parts need, those that are missing; the rest of the pipeline may be changed without them"`
}

type roleAccess struct {
	Role auth.Role `json:"role"`
	Rights
}

type memberAccess struct {
	User auth.UserID `json:"user_id"`
	Name string      `json:"username"`
	Role auth.Role   `json:"role"`
}

type serviceAccess struct {
	Service auth.ServiceID `json:"id"`
	Name    string         `json:"service_name"`
	Rights
}

// granted returns what permissions allow with a pipeline whose parts have needs.
func granted(permissions []auth.Permission, needs []pipelines.Need) Rights {
	has := func(p auth.Permission) bool { return slices.Contains(permissions, p) }
	g := Rights{
		See: has(auth.PipelinesView), Change: has(auth.PipelinesEdit), Run: has(auth.PipelinesRun), Delete: has(auth.PipelinesDelete),
		Lacks: []auth.Permission{},
	}
	for _, n := range needs {
		for _, p := range n.Permissions {
			if !has(p) && !slices.Contains(g.Lacks, p) {
				g.Lacks = append(g.Lacks, p)
			}
		}
	}
	return g
}

func (s *server) access(ctx context.Context, in *ByID) (*body[access], error) {
	needs, err := s.Pipelines.Needs(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	actor, _ := auth.ActorFrom(ctx)
	out := access{You: granted(actor.Permissions(), needs), Needs: needs}
	for _, r := range auth.Roles() {
		out.Roles = append(out.Roles, roleAccess{r, granted(s.Auth.OfRole(r), needs)})
	}
	if seesUsers := actor.May(auth.UsersView) == nil; !seesUsers {
		return &body[access]{out}, nil
	}
	members, err := s.Workspaces.Members(ctx, auth.HomeFrom(ctx))
	if err != nil {
		return nil, err
	}
	members = slices.DeleteFunc(members, func(m workspaces.Member) bool { return m.Disabled })
	shown := make([]memberAccess, len(members))
	for i, m := range members {
		shown[i] = memberAccess{m.User, m.Name, m.Role}
	}
	out.Members = &shown
	if seesServices := actor.May(auth.ServicesManage) == nil; !seesServices {
		return &body[access]{out}, nil
	}
	out.Services, err = s.servicesWith(ctx, members, needs)
	return &body[access]{out}, err
}

// servicesWith returns what the service accounts in use may do. Each may no more than its
// owner, who is one of members or nobody in particular.
func (s *server) servicesWith(ctx context.Context, members []workspaces.Member, needs []pipelines.Need) (*[]serviceAccess, error) {
	all, err := s.Keys.All(ctx)
	if err != nil {
		return nil, err
	}
	now, shown := time.Now(), []serviceAccess{}
	for _, a := range all {
		owner := auth.Superadmin
		if a.Owner != "" {
			i := slices.IndexFunc(members, func(m workspaces.Member) bool { return m.User == a.Owner })
			if i < 0 {
				continue
			}
			owner = members[i].Role
		}
		if a.InUse(now) {
			shown = append(shown, serviceAccess{a.ID, a.Name, granted(a.Reach(owner), needs)})
		}
	}
	return &shown, nil
}
