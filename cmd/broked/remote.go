package main

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/id"
	"github.com/broked/broked/internal/workspaces"
)

// remote is the accounts, the keys and the records of a server that runs.
type remote struct{ *client }

const (
	usersPath    = "/api/auth/users"
	servicesPath = "/api/services"

	workspacesPath = "/api/workspaces"
)

func userPath(user auth.UserID) string { return usersPath + "/" + url.PathEscape(string(user)) }

// Users implements admin.
func (r remote) Users(ctx context.Context) ([]auth.User, error) {
	var all []auth.User
	err := r.call(ctx, http.MethodGet, usersPath, nil, &all)
	return all, err
}

// CreateUser implements admin.
func (r remote) CreateUser(ctx context.Context, name string, role auth.Role) (auth.User, error) {
	var u auth.User
	err := r.call(ctx, http.MethodPost, usersPath, map[string]any{"username": name, "password": id.Secret(), "role": role}, &u)
	return u, err
}

// UpdateUser implements admin.
func (r remote) UpdateUser(ctx context.Context, user auth.UserID, n auth.UserUpdate) error {
	change := map[string]any{}
	if n.Role != nil {
		change["role"] = *n.Role
	}
	if n.Disabled != nil {
		change["disabled"] = *n.Disabled
	}
	return r.call(ctx, http.MethodPut, userPath(user), change, nil)
}

// DeleteUser implements admin.
func (r remote) DeleteUser(ctx context.Context, user auth.UserID) error {
	return r.call(ctx, http.MethodDelete, userPath(user), nil, nil)
}

// Unlock implements admin.
func (r remote) Unlock(ctx context.Context, user auth.UserID) error {
	return r.call(ctx, http.MethodPost, userPath(user)+"/unlock", nil, nil)
}

// ResetPassword implements admin.
func (r remote) ResetPassword(ctx context.Context, user auth.UserID) (string, error) {
	var made struct{ Password string }
	err := r.call(ctx, http.MethodPost, "/api/auth/admin-reset-password", map[string]any{"user_id": user}, &made)
	return made.Password, err
}

// Services implements admin.
func (r remote) Services(ctx context.Context) ([]auth.ServiceAccount, error) {
	var all []auth.ServiceAccount
	err := r.call(ctx, http.MethodGet, servicesPath, nil, &all)
	return all, err
}

// CreateService implements admin.
func (r remote) CreateService(ctx context.Context, n auth.NewServiceAccount) (auth.ServiceAccount, string, error) {
	var made madeService
	err := r.call(ctx, http.MethodPost, servicesPath, struct {
		Name        string            `json:"service_name"`
		Permissions []auth.Permission `json:"permissions"`
		ExpiresAt   *time.Time        `json:"expires_at,omitempty"`
	}{n.Name, n.Permissions, n.ExpiresAt}, &made)
	return made.ServiceAccount, made.Token, err
}

// RevokeService implements admin.
func (r remote) RevokeService(ctx context.Context, service auth.ServiceID) error {
	return r.call(ctx, http.MethodDelete, servicesPath+"/"+url.PathEscape(string(service)), nil, nil)
}

// RotateKeys implements admin.
func (r remote) RotateKeys(ctx context.Context, revokeAll bool) (auth.Rotated, error) {
	var done auth.Rotated
	err := r.call(ctx, http.MethodPost, "/api/auth/signing-key/rotate", map[string]any{"revoke_all": revokeAll}, &done)
	return done, err
}

// Audit implements admin.
func (r remote) Audit(ctx context.Context, limit int) ([]auth.AuditRecord, error) {
	const most = 500 // that one answer has
	all := []auth.AuditRecord{}
	for cursor := ""; len(all) < limit; {
		query := url.Values{"limit": {strconv.Itoa(min(limit-len(all), most))}}
		if cursor != "" {
			query.Set("after", cursor)
		}
		var page struct {
			Items  []auth.AuditRecord `json:"items"`
			Cursor string             `json:"cursor"`
		}
		if err := r.call(ctx, http.MethodGet, "/api/audit?"+query.Encode(), nil, &page); err != nil {
			return nil, err
		}
		all = append(all, page.Items...)
		if cursor = page.Cursor; cursor == "" {
			break
		}
	}
	return all, nil
}

// VerifyAudit implements admin.
func (r remote) VerifyAudit(ctx context.Context) (auth.AuditVerdict, error) {
	var v auth.AuditVerdict
	err := r.call(ctx, http.MethodGet, "/api/audit/verify", nil, &v)
	return v, err
}

func membersPath(id auth.WorkspaceID) string {
	return workspacesPath + "/" + url.PathEscape(string(id)) + "/members"
}

// Workspaces implements admin.
func (r remote) Workspaces(ctx context.Context) ([]workspaces.Workspace, error) {
	var all []workspaces.Workspace
	err := r.call(ctx, http.MethodGet, workspacesPath, nil, &all)
	return all, err
}

// CreateWorkspace implements admin.
func (r remote) CreateWorkspace(ctx context.Context, id auth.WorkspaceID, name string) error {
	return r.call(ctx, http.MethodPost, workspacesPath, map[string]any{"id": id, "name": name}, nil)
}

// DeleteWorkspace implements admin.
func (r remote) DeleteWorkspace(ctx context.Context, id auth.WorkspaceID) error {
	return r.call(ctx, http.MethodDelete, workspacesPath+"/"+url.PathEscape(string(id)), nil, nil)
}

// Members implements admin.
func (r remote) Members(ctx context.Context, id auth.WorkspaceID) ([]workspaces.Member, error) {
	var all []workspaces.Member
	err := r.call(ctx, http.MethodGet, membersPath(id), nil, &all)
	return all, err
}

// AddMember implements admin.
func (r remote) AddMember(ctx context.Context, id auth.WorkspaceID, user auth.UserID) error {
	return r.call(ctx, http.MethodPost, membersPath(id), map[string]any{"user_id": user}, nil)
}

// RemoveMember implements admin.
func (r remote) RemoveMember(ctx context.Context, id auth.WorkspaceID, user auth.UserID) error {
	return r.call(ctx, http.MethodDelete, membersPath(id)+"/"+url.PathEscape(string(user)), nil, nil)
}
