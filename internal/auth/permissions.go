package auth

import (
	"slices"
	"strings"
)

// Permission is the right to make one kind of call.
type Permission string

// Public marks a call that needs no permission and no credentials.
const Public Permission = ""

// SignedIn is the permission that every caller with credentials has.
const SignedIn Permission = "self"

// AnyPassword is SignedIn for calls that are open to a temporary password, too.
const AnyPassword Permission = "self.any_password"

// The permissions that calls of this server are registered with.
const (
	PipelinesView   Permission = "pipelines.view"
	PipelinesCreate Permission = "pipelines.create"
	PipelinesEdit   Permission = "pipelines.edit"
	PipelinesDelete Permission = "pipelines.delete"
	PipelinesRun    Permission = "pipelines.run"
	PipelinesExport Permission = "pipelines.export"
	PipelinesCode   Permission = "pipelines.code"
	RunsView        Permission = "runs.view"
	RunsCancel      Permission = "runs.cancel"
	RunsResume      Permission = "runs.resume"
	RunsQuery       Permission = "runs.query"
	SettingsView    Permission = "settings.view"
	SettingsEdit    Permission = "settings.edit"
	ManageUsers     Permission = "settings.manage_users"
	RotateKeys      Permission = "settings.rotate_keys"
	AuditView       Permission = "audit.view"
	ServicesManage  Permission = "services.manage"
	UsersView       Permission = "users.view"
	SystemView      Permission = "system.view"
	ContactsView    Permission = "contacts.view"
	ContactsCreate  Permission = "contacts.create"
	ContactsEdit    Permission = "contacts.edit"
	ContactsDelete  Permission = "contacts.delete"
	IssuesView      Permission = "issues.view"
	IssuesEdit      Permission = "issues.edit"

	ConnectionsView   Permission = "connections.view"
	ConnectionsCreate Permission = "connections.create"
	ConnectionsEdit   Permission = "connections.edit"
	ConnectionsDelete Permission = "connections.delete"
	ConnectionsTest   Permission = "connections.test"

	VariablesView   Permission = "variables.view"
	VariablesCreate Permission = "variables.create"
	VariablesEdit   Permission = "variables.edit"
	VariablesDelete Permission = "variables.delete"

	WorkspacesView    Permission = "workspaces.view"
	WorkspacesCreate  Permission = "workspaces.create"
	WorkspacesMembers Permission = "workspaces.manage_members"
	WorkspacesDelete  Permission = "workspaces.delete"
)

// permission is a row of the table below.
type permission struct {
	name    Permission
	least   Role // the weakest role that has it; stronger ones have it too
	summary string
}

// permissions is who may do what: the strings of Brokoli's API, and after them
// those of the other doors.
var permissions = []permission{
	{PipelinesView, Viewer, "See pipelines and their versions"},
	{PipelinesCreate, Editor, "Make, import and copy pipelines"},
	{PipelinesEdit, Editor, "Change pipelines and go back to versions"},
	{PipelinesDelete, Editor, "Delete pipelines with their runs"},
	{PipelinesRun, Editor, "Start runs"},
	{PipelinesExport, Editor, "Export pipelines as YAML"},
	{RunsView, Viewer, "See runs, their logs and first rows"},
	{RunsCancel, Editor, "Cancel runs"},
	{RunsResume, Editor, "Resume failed runs"},
	{"runs.backfill", Editor, "Start runs for days that have passed"},
	{ConnectionsView, Viewer, "See connections without their secrets"},
	{ConnectionsCreate, Editor, "Make connections"},
	{ConnectionsEdit, Editor, "Change connections"},
	{ConnectionsDelete, Editor, "Delete connections"},
	{ConnectionsTest, Editor, "Try connections"},
	{VariablesView, Viewer, "See variables, secret ones without their value"},
	{VariablesCreate, Editor, "Make variables"},
	{VariablesEdit, Editor, "Change variables"},
	{VariablesDelete, Editor, "Delete variables"},
	{"variables.view_secrets", Admin, "See the values of secret variables"},
	{WorkspacesView, Viewer, "See the workspaces that one belongs to"},
	{WorkspacesCreate, Superadmin, "Make and rename workspaces, and name the organization"},
	{WorkspacesMembers, Admin, "Say who belongs to a workspace"},
	{"workspaces.manage_tokens", Admin, "Make and revoke tokens of a workspace"},
	{WorkspacesDelete, Superadmin, "Delete workspaces"},
	{SettingsView, Viewer, "See settings of the server"},
	{SettingsEdit, Admin, "Change settings of the server"},
	{ManageUsers, Admin, "Make, change, disable and delete accounts, and end sessions"},
	{"settings.manage_roles", Admin, "Change what roles may do"},
	{AuditView, Admin, "Read and verify the audit log"},
	{"audit.export", Admin, "Export the audit log"},
	{"gitsync.view", Viewer, "See which repositories pipelines come from"},
	{"gitsync.pull", Editor, "Take pipelines from a repository"},
	{"gitsync.push", Editor, "Put pipelines into a repository"},

	{PipelinesCode, Admin, "Write and change the programs of code, bash and dbt nodes"},
	{RunsQuery, Editor, "Ask in SQL about all rows that runs have kept"},
	{RotateKeys, Superadmin, "Replace the key that sessions are signed with"},
	{UsersView, Admin, "See the list of users"},
	{SystemView, Admin, "See the machines that execute runs"},
	{IssuesView, Viewer, "See issues and mark them as read"},
	{IssuesEdit, Editor, "Acknowledge, assign, mute and resolve issues"},
	{ServicesManage, Admin, "Make, change and revoke service accounts"},
	{ContactsView, Viewer, "See contacts"},
	{ContactsCreate, Editor, "Make contacts"},
	{ContactsEdit, Editor, "Change contacts"},
	{ContactsDelete, Editor, "Delete contacts"},
}

// PermissionInfo describes a permission to people who grant it.
type PermissionInfo struct {
	Name    Permission `json:"name"`
	Group   string     `json:"group" doc:"What it is about: the part before the dot"`
	Summary string     `json:"summary"`
}

// Permissions returns every permission that can be granted, in a fixed order.
func Permissions() []PermissionInfo {
	all := make([]PermissionInfo, 0, len(permissions))
	for _, p := range permissions {
		group, _, _ := strings.Cut(string(p.name), ".")
		all = append(all, PermissionInfo{Name: p.name, Group: group, Summary: p.summary})
	}
	return all
}

// Permissions returns what r may do on every server, in a fixed order. What an
// actor may do is for Actor.Permissions to tell.
func (r Role) Permissions() []Permission {
	if !r.Valid() {
		return nil
	}
	may := []Permission{SignedIn}
	for _, p := range permissions {
		if r.atLeast(p.least) {
			may = append(may, p.name)
		}
	}
	return may
}

// May reports whether r has permission p on every server.
func (r Role) May(p Permission) bool {
	switch p { //nolint:exhaustive // the others are rows
	case Public:
		return true
	case SignedIn, AnyPassword:
		return r.Valid()
	}
	return slices.ContainsFunc(permissions, func(row permission) bool {
		return row.name == p && r.atLeast(row.least)
	})
}

// atLeast reports whether r is other or a stronger role; what is no role is
// weaker than all.
func (r Role) atLeast(other Role) bool {
	return slices.Index(roles, r) >= slices.Index(roles, other)
}
