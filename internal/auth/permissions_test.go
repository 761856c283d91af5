package auth_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/broked/broked/internal/auth"
)

// TestPermissions checks the table against what Brokoli's API names, and that a
// stronger role lacks nothing of a weaker one.
func TestPermissions(t *testing.T) {
	t.Parallel()
	var brokoli []auth.Permission
	for group, verbs := range map[string]string{
		"pipelines": "view create edit delete run export", "runs": "view cancel resume backfill",
		"connections": "view create edit delete test", "variables": "view create edit delete view_secrets",
		"workspaces": "view create manage_members manage_tokens delete", "settings": "view edit manage_users manage_roles",
		"audit": "view export", "gitsync": "view pull push",
	} {
		for verb := range strings.FieldsSeq(verbs) {
			brokoli = append(brokoli, auth.Permission(group+"."+verb))
		}
	}
	all := map[auth.Permission]auth.PermissionInfo{}
	for _, p := range auth.Permissions() {
		if _, twice := all[p.Name]; twice || p.Summary == "" || !strings.HasPrefix(string(p.Name), p.Group+".") {
			t.Errorf("%+v is there twice, or without words, or in the wrong group", p)
		}
		all[p.Name] = p
	}
	for _, name := range brokoli {
		if all[name].Name == "" {
			t.Errorf("%s is not in the table", name)
		}
	}
	if len(brokoli) != 34 {
		t.Errorf("%d permissions of Brokoli, want 34", len(brokoli))
	}
	weaker := []auth.Permission{}
	for _, role := range []auth.Role{auth.Viewer, auth.Editor, auth.Admin, auth.Superadmin} {
		may := role.Permissions()
		for _, p := range weaker {
			if !slices.Contains(may, p) {
				t.Errorf("%s lacks %s", role, p)
			}
		}
		for _, p := range may {
			if !role.May(p) {
				t.Errorf("%s has %s but may not use it", role, p)
			}
		}
		weaker = may
	}
	if len(weaker) != len(all)+1 {
		t.Errorf("a superadmin has %d permissions, want all %d and self", len(weaker), len(all))
	}
}

func TestWhoMayNot(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		role auth.Role
		p    auth.Permission
	}{
		{auth.Editor, auth.AuditView},
		{auth.Editor, auth.ManageUsers},
		{auth.Editor, "variables.view_secrets"},
		{auth.Viewer, auth.PipelinesRun},
		{"operator", auth.PipelinesView},
		{"", auth.SignedIn},
		{auth.Superadmin, "no.such"},
	} {
		if tc.role.May(tc.p) {
			t.Errorf("role %q may %s", tc.role, tc.p)
		}
	}
	if p := auth.Role("").Permissions(); p != nil {
		t.Errorf("no role has %v", p)
	}
}
