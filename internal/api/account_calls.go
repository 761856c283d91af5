package api

import (
	"context"
	"net/http"

	"github.com/broked/broked/internal/auth"
)

func (s *server) accountCalls() {
	register(s, call{
		method: http.MethodGet, path: "/api/auth/users", may: auth.ManageUsers, tag: "auth",
		summary: "List the accounts",
	}, s.listUsers)
	register(s, call{
		method: http.MethodGet, path: "/api/auth/users/{id}", may: auth.ManageUsers, tag: "auth",
		summary: "Read an account",
	}, s.getUser)
	register(s, call{
		method: http.MethodPut, path: "/api/auth/users/{id}", may: auth.ManageUsers, tag: "auth",
		summary: "Change the role of an account, or disable or enable it",
	}, s.putUser)
	register(s, call{
		method: http.MethodDelete, path: "/api/auth/users/{id}", may: auth.ManageUsers, tag: "auth", status: http.StatusNoContent,
		summary: "Delete an account and end its sessions",
	}, s.deleteUser)
	register(s, call{
		method: http.MethodPost, path: "/api/auth/users/{id}/unlock", may: auth.ManageUsers, tag: "auth", status: http.StatusNoContent,
		summary: "Forget the failed sign-ins of an account",
	}, s.unlockUser)
	register(s, call{
		method: http.MethodPost, path: "/api/auth/change-password", may: auth.AnyPassword, tag: "auth", class: classAuth,
		summary: "Change one's own password, which ends one's other sessions",
	}, s.changePassword)
	register(s, call{
		method: http.MethodPost, path: "/api/auth/admin-reset-password", may: auth.ManageUsers, tag: "auth",
		summary: "Give an account a temporary password and forget its failed sign-ins",
	}, s.resetPassword)
}

// UserPath is the account that a path names.
type UserPath struct {
	ID auth.UserID `path:"id" maxLength:"128"`
}

func (s *server) listUsers(ctx context.Context, _ *struct{}) (*body[[]auth.User], error) {
	users, err := s.Auth.Users(ctx)
	if err != nil {
		return nil, err
	}
	return &body[[]auth.User]{users}, nil
}

func (s *server) getUser(ctx context.Context, in *UserPath) (*body[auth.User], error) {
	u, err := s.Auth.User(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return &body[auth.User]{u}, nil
}

type userUpdate struct {
	Role     *auth.Role `json:"role,omitempty" enum:"viewer,editor,admin,superadmin"`
	Disabled *bool      `json:"disabled,omitempty"`
}

func (s *server) putUser(ctx context.Context, in *struct {
	UserPath
	Body userUpdate
},
) (*body[auth.User], error) {
	actor, _ := auth.ActorFrom(ctx)
	u, err := s.Auth.UpdateUser(ctx, actor, in.ID, auth.UserUpdate{Role: in.Body.Role, Disabled: in.Body.Disabled})
	if err != nil {
		return nil, err
	}
	return &body[auth.User]{u}, nil
}

func (s *server) deleteUser(ctx context.Context, in *UserPath) (*struct{}, error) {
	actor, _ := auth.ActorFrom(ctx)
	return nil, s.Auth.DeleteUser(ctx, actor, in.ID)
}

func (s *server) unlockUser(ctx context.Context, in *UserPath) (*struct{}, error) {
	actor, _ := auth.ActorFrom(ctx)
	return nil, s.Auth.Unlock(ctx, actor, in.ID)
}

type passwordChange struct {
	Current string `json:"current_password" maxLength:"4096"`
	New     string `json:"new_password" maxLength:"4096"`
}

type passwordChanged struct {
	Status string `json:"status"`
	Token  string `json:"token" doc:"Of the session that goes on; the others have ended"`
}

type passwordChangedAnswer struct {
	SetCookie []http.Cookie `header:"Set-Cookie"`
	Body      passwordChanged
}

func (s *server) changePassword(ctx context.Context, in *struct {
	Browser
	Body passwordChange
},
) (*passwordChangedAnswer, error) {
	actor, _ := auth.ActorFrom(ctx)
	as, err := s.Auth.ChangePassword(ctx, actor, in.Body.Current, in.Body.New, in.known())
	if err != nil {
		return nil, err
	}
	return &passwordChangedAnswer{
		SetCookie: signInCookies(as, in.caller.Secure),
		Body:      passwordChanged{Status: "password changed", Token: as.Token},
	}, nil
}

type passwordReset struct {
	User auth.UserID `json:"user_id" maxLength:"128"`
	New  string      `json:"new_password,omitempty" maxLength:"4096" doc:"Made up when it is not given"`
}

type passwordResetDone struct {
	Status   string `json:"status"`
	Password string `json:"password,omitempty" doc:"The password that was made up; it cannot be read again"`
}

func (s *server) resetPassword(ctx context.Context, in *struct{ Body passwordReset }) (*body[passwordResetDone], error) {
	actor, _ := auth.ActorFrom(ctx)
	made, err := s.Auth.ResetPassword(ctx, actor, in.Body.User, in.Body.New)
	if err != nil {
		return nil, err
	}
	return &body[passwordResetDone]{passwordResetDone{Status: "password reset", Password: made}}, nil
}
