package api

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/broked/broked/internal/auth"
)

func (s *server) keyCalls() {
	register(s, call{
		method: http.MethodGet, path: "/api/permissions", may: auth.SignedIn, tag: "services",
		summary: "List every permission that can be granted",
	}, s.listPermissions)
	register(s, call{
		method: http.MethodPost, path: "/api/services", may: auth.ServicesManage, tag: "services", status: http.StatusCreated,
		summary: "Make a service account; its key is in the answer and never again",
	}, s.postService)
	register(s, call{
		method: http.MethodGet, path: "/api/services", may: auth.ServicesManage, tag: "services",
		summary: "List the service accounts, revoked ones too",
	}, s.listServices)
	register(s, call{
		method: http.MethodGet, path: "/api/services/{id}", may: auth.ServicesManage, tag: "services",
		summary: "Read a service account",
	}, s.getService)
	register(s, call{
		method: http.MethodPut, path: "/api/services/{id}", may: auth.ServicesManage, tag: "services",
		summary: "Give a service account other permissions, from its next request on",
	}, s.putService)
	register(s, call{
		method: http.MethodDelete, path: "/api/services/{id}", may: auth.ServicesManage, tag: "services", status: http.StatusNoContent,
		summary: "Revoke the key of a service account for good",
	}, s.deleteService)
}

func (*server) listPermissions(context.Context, *struct{}) (*body[[]auth.PermissionInfo], error) {
	return &body[[]auth.PermissionInfo]{auth.Permissions()}, nil
}

type newService struct {
	Name        string            `json:"service_name" maxLength:"512"`
	Permissions []auth.Permission `json:"permissions" maxItems:"200" nullable:"false"`
	ExpiresAt   *time.Time        `json:"expires_at,omitempty" doc:"When the key stops working; never when absent"`
}

type madeService struct {
	auth.ServiceAccount
	Token string `json:"token" doc:"The key, shown this once"`
}

func (s *server) postService(ctx context.Context, in *struct{ Body newService }) (*body[madeService], error) {
	a, key, err := s.Keys.Create(ctx, auth.NewServiceAccount{
		Name: in.Body.Name, Permissions: in.Body.Permissions, ExpiresAt: in.Body.ExpiresAt,
	})
	if err != nil {
		return nil, err
	}
	return &body[madeService]{madeService{a, key}}, nil
}

func (s *server) listServices(ctx context.Context, _ *struct{}) (*body[[]auth.ServiceAccount], error) {
	all, err := s.Keys.All(ctx)
	return &body[[]auth.ServiceAccount]{all}, err
}

// ByService is an input that names a service account in its path.
type ByService struct {
	Service auth.ServiceID `path:"id" maxLength:"128"`
}

func (s *server) getService(ctx context.Context, in *ByService) (*body[auth.ServiceAccount], error) {
	a, err := s.Keys.Find(ctx, in.Service)
	return &body[auth.ServiceAccount]{a}, err
}

type serviceChange struct {
	Name        string            `json:"service_name,omitempty" maxLength:"512" doc:"Stays when absent"`
	Permissions []auth.Permission `json:"permissions" maxItems:"200" nullable:"false"`
	ExpiresAt   ending            `json:"expires_at,omitzero" doc:"When the key stops working; never when null; stays when absent"`
}

// ending is a moment that may be absent, which is not the same as null.
type ending struct {
	given bool
	at    *time.Time
}

// UnmarshalJSON implements json.Unmarshaler. It is not called for what is absent.
func (e *ending) UnmarshalJSON(text []byte) error {
	e.given = true
	return json.Unmarshal(text, &e.at)
}

// Schema implements huma.SchemaProvider.
func (ending) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Format: "date-time", Nullable: true}
}

func (s *server) putService(ctx context.Context, in *struct {
	ByService
	Body serviceChange
},
) (*body[auth.ServiceAccount], error) {
	a, err := s.Keys.Change(ctx, in.Service, auth.ServiceChange{
		NewServiceAccount: auth.NewServiceAccount{Name: in.Body.Name, Permissions: in.Body.Permissions, ExpiresAt: in.Body.ExpiresAt.at},
		KeepExpiry:        !in.Body.ExpiresAt.given,
	})
	return &body[auth.ServiceAccount]{a}, err
}

func (s *server) deleteService(ctx context.Context, in *ByService) (*struct{}, error) {
	return nil, s.Keys.Revoke(ctx, in.Service)
}
