package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/fault"
)

func (s *server) authCalls() {
	register(s, call{
		method: http.MethodGet, path: "/api/auth/setup", may: auth.Public, tag: "auth",
		summary: "Tell whether the first account is still to be made",
	}, s.getSetup)
	register(s, call{
		method: http.MethodPost, path: "/api/auth/users", may: auth.Public, tag: "auth", class: classAuth, status: http.StatusCreated,
		summary: "Make an account: the first one without credentials, later ones as an admin",
	}, s.postUser)
	register(s, call{
		method: http.MethodPost, path: "/api/auth/login", may: auth.Public, tag: "auth", class: classAuth,
		summary: "Sign in with a password",
	}, s.login)
	register(s, call{
		method: http.MethodPost, path: "/api/auth/logout", may: auth.Public, tag: "auth",
		summary: "End the session of the caller",
	}, s.logout)
	register(s, call{
		method: http.MethodGet, path: "/api/auth/me", may: auth.AnyPassword, tag: "auth",
		summary: "Tell who and where the caller is",
	}, s.me)
	register(s, call{
		method: http.MethodGet, path: "/api/auth/me/permissions", may: auth.AnyPassword, tag: "auth",
		summary: "List what the caller may do",
	}, s.permissions)
}

type callerKey struct{}

// Peer is an input that needs to know where the request comes from.
type Peer struct {
	caller auth.Caller
}

// Resolve implements huma.Resolver.
func (p *Peer) Resolve(c huma.Context) []error {
	p.caller, _ = c.Context().Value(callerKey{}).(auth.Caller)
	return nil
}

type setupState struct {
	NeedsSetup    bool `json:"needs_setup" doc:"No account exists yet"`
	Open          bool `json:"open" doc:"The caller may use everything without signing in"`
	TokenRequired bool `json:"token_required" doc:"To make the first account from where the caller is, the setup token is needed"`
}

type body[T any] struct{ Body T }

func (s *server) getSetup(ctx context.Context, in *struct{ Peer }) (*body[setupState], error) {
	needs, err := s.Auth.NeedsSetup(ctx)
	if err != nil {
		return nil, err
	}
	return &body[setupState]{setupState{
		NeedsSetup: needs, Open: needs && in.caller.Local, TokenRequired: needs && !in.caller.Local,
	}}, nil
}

type newUser struct {
	Username string    `json:"username" maxLength:"512"`
	Password string    `json:"password" maxLength:"4096"`
	Role     auth.Role `json:"role,omitempty" enum:"viewer,editor,admin,superadmin" default:"viewer"`
}

func (s *server) postUser(ctx context.Context, in *struct {
	Peer
	SetupToken string `header:"X-Setup-Token" doc:"For the first account, from another machine"`
	Body       newUser
},
) (*body[auth.User], error) {
	actor, _ := auth.ActorFrom(ctx)
	u, err := s.Auth.CreateUser(ctx, actor, auth.NewUser{
		Name: in.Body.Username, Password: in.Body.Password, Role: in.Body.Role, SetupToken: in.SetupToken,
	}, in.caller)
	if err != nil {
		return nil, err
	}
	return &body[auth.User]{u}, nil
}

type credentials struct {
	Username string `json:"username" maxLength:"512"`
	Password string `json:"password" maxLength:"4096"`
}

type signedIn struct {
	Token string    `json:"token" doc:"A JWT for Authorization: Bearer"`
	User  auth.User `json:"user"`
}

type signedInAnswer struct {
	SetCookie []http.Cookie `header:"Set-Cookie"`
	Body      signedIn
}

// Browser is a Peer that may have signed in before.
type Browser struct {
	Peer
	Device string `cookie:"brokoli_device" doc:"Set by a sign-in: wrong passwords from elsewhere do not lock this browser out"`
}

// known returns the caller as the browser makes them known.
func (b Browser) known() auth.Caller {
	b.caller.Device = b.Device
	return b.caller
}

func (s *server) login(ctx context.Context, in *struct {
	Browser
	Body credentials
},
) (*signedInAnswer, error) {
	as, err := s.Auth.SignIn(ctx, in.Body.Username, in.Body.Password, in.known())
	if err != nil {
		return nil, err
	}
	return &signedInAnswer{
		SetCookie: signInCookies(as, in.caller.Secure),
		Body:      signedIn{Token: as.Token, User: as.User},
	}, nil
}

type statusAnswer struct {
	Status string `json:"status"`
}

type logoutAnswer struct {
	SetCookie     http.Cookie `header:"Set-Cookie"`
	ClearSiteData string      `header:"Clear-Site-Data"`
	Body          statusAnswer
}

func (s *server) logout(ctx context.Context, in *struct{ Peer }) (*logoutAnswer, error) {
	if actor, ok := auth.ActorFrom(ctx); ok {
		if err := s.Auth.SignOut(ctx, actor); err != nil {
			return nil, err
		}
	}
	return &logoutAnswer{
		SetCookie: sessionCookie("", time.Time{}, in.caller.Secure), ClearSiteData: `"cache", "storage"`, Body: statusAnswer{"ok"},
	}, nil
}

type whoami struct {
	Sub      auth.UserID    `json:"sub"`
	ID       auth.UserID    `json:"id"`
	Username string         `json:"username"`
	Role     auth.Role      `json:"role"`
	Service  auth.ServiceID `json:"service_id,omitempty" doc:"The service account whose key was shown"`
	Open     bool           `json:"open,omitempty" doc:"No account exists yet; anyone on this machine is let in"`
	// MustChange is told to interfaces, which then ask for another password.
	MustChange bool `json:"must_change_password" doc:"The password is a temporary one: nothing works until another is chosen"`

	Workspace  auth.WorkspaceID `json:"workspace_id" doc:"Where the request acts; empty when the caller belongs to no workspace"`
	Workspaces []workplace      `json:"workspaces" doc:"Those that the caller belongs to, the default one first"`
}

// workplace is a workspace by which to name it.
type workplace struct {
	ID   auth.WorkspaceID `json:"id"`
	Name string           `json:"name"`
}

func (s *server) me(ctx context.Context, _ *struct{}) (*body[whoami], error) {
	a, ok := auth.ActorFrom(ctx)
	if !ok {
		return nil, fault.New(fault.Unknown, "authentication required: sign in first")
	}
	all, err := s.Workspaces.All(ctx)
	if err != nil {
		return nil, err
	}
	who := whoami{
		Sub: a.User, ID: a.User, Username: a.Name, Role: a.Role, Service: a.Service, Open: a.Open, MustChange: a.MustChange,
		Workspace: a.Workspace, Workspaces: make([]workplace, 0, len(all)),
	}
	for _, w := range all {
		who.Workspaces = append(who.Workspaces, workplace{ID: w.ID, Name: w.Name})
	}
	return &body[whoami]{who}, nil
}

func (*server) permissions(ctx context.Context, _ *struct{}) (*body[[]auth.Permission], error) {
	a, _ := auth.ActorFrom(ctx)
	return &body[[]auth.Permission]{a.Permissions()}, nil
}
