package storetest

import (
	"context"
	"testing"
	"time"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/pipelines"
	"github.com/broked/broked/internal/runs"
	"github.com/broked/broked/internal/workspaces"
)

const north, south auth.WorkspaceID = "north", "south"

// workspace stores a workspace.
func workspace(t *testing.T, b Backend, id auth.WorkspaceID) {
	t.Helper()
	_, err := b.InsertWorkspace(t.Context(), workspaces.Workspace{ID: id, Name: string(id), CreatedAt: noon})
	must(t, err)
}

// addIn stores an account that belongs to one workspace.
func addIn(t *testing.T, b Backend, in auth.WorkspaceID, name string, role auth.Role) auth.User {
	t.Helper()
	u := user(name)
	u.Role = role
	must(t, b.InsertUser(auth.WithWorkspace(t.Context(), in), u, false))
	return u
}

// at returns the context of a request by u in a workspace.
func at(t *testing.T, u auth.User, in auth.WorkspaceID) context.Context {
	t.Helper()
	return auth.WithWorkspace(acting(t.Context(), u), in)
}

// savedIn returns the document of a pipeline in a workspace.
func savedIn(t *testing.T, b Backend, in auth.WorkspaceID, name string) pipelines.Document {
	t.Helper()
	d := document(name)
	d.Workspace = string(in)
	must(t, b.InsertPipeline(t.Context(), pipelines.Version{Document: d}))
	return d
}

func testWorkspaces(t *testing.T, b Backend) {
	ctx := t.Context()
	o, err := b.Organization(ctx)
	must(t, err)
	if o.ID != "default" || o.Name != "Default organization" {
		t.Errorf("the organization is %+v", o)
	}
	o, err = b.RenameOrganization(ctx, "Harbour Works")
	must(t, err)
	wantSame(t, "its name", o.Name, "Harbour Works")

	workspace(t, b, north)
	_, err = b.InsertWorkspace(ctx, workspaces.Workspace{ID: north, Name: "x", CreatedAt: noon})
	wantKind(t, err, fault.Conflict, "workspace_exists")
	w, err := b.RenameWorkspace(ctx, north, "A North")
	must(t, err)
	want := workspaces.Workspace{ID: north, Name: "A North", Organization: "default", CreatedAt: noon}
	wantSame(t, "renamed", w, want)
	d := savedIn(t, b, north, "p")
	ada := addIn(t, b, north, "ada", auth.Admin)
	want.Pipelines, want.Members = 1, 1
	w, err = b.Workspace(ctx, north)
	must(t, err)
	wantSame(t, "as read", w, want)
	all, err := b.Workspaces(ctx)
	must(t, err)
	if len(all) != 2 || all[0].ID != auth.DefaultWorkspace || all[1].ID != north {
		t.Errorf("workspaces %+v, want the default one first", all)
	}

	k := service("k", "")
	k.Workspace = north
	must(t, b.InsertServiceAccount(ctx, k, hashOf(k)))
	for _, left := range []struct {
		what   string
		remove func() error
	}{
		{`the workspace "north" is not empty, it has 1 pipeline, 1 key in use, 1 account that belongs to no other workspace`, func() error { return b.DeletePipelines(ctx, nil, d.ID) }},
		{`the workspace "north" is not empty, it has 1 key in use, 1 account that belongs to no other workspace`, func() error { return b.RevokeServiceAccount(ctx, k.ID, noon) }},
		{`the workspace "north" is not empty, it has 1 account that belongs to no other workspace`, func() error { return b.RemoveMember(ctx, north, ada.ID) }},
	} {
		err := b.DeleteWorkspace(ctx, north)
		wantKind(t, err, fault.Conflict, "workspace_not_empty")
		wantSame(t, "why", fault.MessageOf(err), left.what)
		must(t, left.remove())
	}
	must(t, b.DeleteWorkspace(ctx, north))
	wantKind(t, b.DeleteWorkspace(ctx, north), fault.NotFound, "workspace_not_found")
	_, err = b.Workspace(ctx, north)
	wantKind(t, err, fault.NotFound, "workspace_not_found")
	_, err = b.InsertWorkspace(ctx, workspaces.Workspace{ID: north, Name: "again", CreatedAt: noon})
	wantKind(t, err, fault.Conflict, "workspace_exists")
	wantKind(t, b.InsertPipeline(ctx, pipelines.Version{Document: d}), fault.NotFound, "workspace_not_found")
	wantKind(t, b.InsertServiceAccount(ctx, k, auth.KeyHash{1}), fault.NotFound, "workspace_not_found")
	wantKind(t, b.InsertUser(auth.WithWorkspace(ctx, north), user("bob"), false), fault.NotFound, "workspace_not_found")
	wantEvents(t, "what was done to it", audited(t, b, auth.AuditFilter{Target: string(north)}), "workspace_created", "workspace_renamed", "workspace_deleted")
}

func testWhereASessionIs(t *testing.T, b Backend) {
	ctx := t.Context()
	workspace(t, b, north)
	workspace(t, b, south)
	root, ada, both := add(t, b, "root", auth.Superadmin), addIn(t, b, south, "ada", auth.Admin), addIn(t, b, south, "both", auth.Viewer)
	for _, in := range []auth.WorkspaceID{north, auth.DefaultWorkspace} {
		_, err := b.AddMember(ctx, in, both.ID, noon)
		must(t, err)
	}
	nobody := addIn(t, b, south, "nobody", auth.Editor)
	must(t, b.RemoveMember(ctx, south, nobody.ID))
	for _, c := range []struct {
		user         auth.User
		wanted, want auth.WorkspaceID
	}{
		{root, "", "default"},
		{root, "south", "south"},
		{root, "absent", ""},
		{ada, "", "south"},
		{ada, "south", "south"},
		{ada, "default", ""},
		{ada, "absent", ""},
		{both, "", "default"},
		{both, "north", "north"},
		{nobody, "", ""},
		{nobody, "south", ""},
	} {
		s := session(c.user, noon)
		must(t, b.InsertSession(ctx, s, ""))
		got, _, err := b.SessionUser(ctx, s.ID, noon, c.wanted)
		must(t, err)
		if got.Workspace != c.want {
			t.Errorf("%s wants %q and is in %q, want %q", c.user.Name, c.wanted, got.Workspace, c.want)
		}
	}
	must(t, b.RemoveMember(ctx, auth.DefaultWorkspace, both.ID))
	s := session(both, noon)
	must(t, b.InsertSession(ctx, s, ""))
	got, _, err := b.SessionUser(ctx, s.ID, noon, "")
	must(t, err)
	wantSame(t, "the first of two", got.Workspace, north)
}

func testSight(t *testing.T, b Backend) {
	workspace(t, b, north)
	root, here := add(t, b, "root", auth.Superadmin), add(t, b, "here", auth.Admin)
	there, both := addIn(t, b, north, "there", auth.Admin), addIn(t, b, north, "both", auth.Viewer)
	_, err := b.AddMember(t.Context(), auth.DefaultWorkspace, both.ID, noon)
	must(t, err)
	key := auth.WithWorkspace(auth.WithActor(t.Context(), auth.Actor{Service: "k", Name: "k"}), north)
	sees := func(ctx context.Context, who string, want ...string) {
		t.Helper()
		users, err := b.Users(ctx)
		must(t, err)
		var got []string
		for _, u := range users {
			got = append(got, u.Name)
		}
		wantSame(t, who, got, want)
	}
	sees(t.Context(), "the server", "both", "here", "root", "there")
	sees(at(t, root, north), "superadmin", "both", "here", "root", "there")
	sees(at(t, here, auth.DefaultWorkspace), "admin", "both", "here", "root")
	sees(at(t, there, north), "admin elsewhere", "both", "root", "there")
	sees(at(t, both, north), "member of two", "both", "here", "root", "there")
	sees(key, "key", "both", "root", "there")
	sees(at(t, user("x"), ""), "member of none", "root")
	ctx := at(t, here, auth.DefaultWorkspace)
	_, err = b.User(ctx, there.ID)
	wantKind(t, err, fault.NotFound, "user_not_found")
	_, err = b.ChangeUser(ctx, there.ID, updated(lowered))
	wantKind(t, err, fault.NotFound, "user_not_found")
	wantKind(t, b.DeleteUser(ctx, there.ID, func(auth.User) error { return nil }), fault.NotFound, "user_not_found")
	_, err = b.AddMember(ctx, auth.DefaultWorkspace, there.ID, noon)
	wantKind(t, err, fault.NotFound, "user_not_found")
}

func testMembers(t *testing.T, b Backend) {
	workspace(t, b, north)
	root, here := add(t, b, "root", auth.Superadmin), add(t, b, "here", auth.Admin)
	there := addIn(t, b, north, "there", auth.Admin)
	ctx := at(t, there, north)
	m, err := b.AddMember(at(t, root, north), north, here.ID, noon.Add(time.Hour))
	must(t, err)
	since := noon.Add(time.Hour)
	want := workspaces.Member{User: here.ID, Name: "here", Role: auth.Admin, Since: &since}
	wantSame(t, "added", m, want)
	m, err = b.AddMember(ctx, north, here.ID, noon.Add(2*time.Hour))
	must(t, err)
	wantSame(t, "added again", m, want)
	all, err := b.Members(ctx, north)
	must(t, err)
	at0 := noon
	wantSame(t, "members", all, []workspaces.Member{
		want, {User: root.ID, Name: "root", Role: auth.Superadmin}, {User: there.ID, Name: "there", Role: auth.Admin, Since: &at0},
	})
	must(t, b.RemoveMember(ctx, north, here.ID))
	wantKind(t, b.RemoveMember(ctx, north, here.ID), fault.NotFound, "member_not_found")
	wantKind(t, b.RemoveMember(ctx, north, "nobody"), fault.NotFound, "member_not_found")
	for _, id := range []auth.WorkspaceID{auth.DefaultWorkspace, "absent"} {
		_, err := b.Members(ctx, id)
		wantKind(t, err, fault.NotFound, "workspace_not_found")
		_, err = b.AddMember(ctx, id, there.ID, noon)
		wantKind(t, err, fault.NotFound, "workspace_not_found")
		wantKind(t, b.RemoveMember(ctx, id, here.ID), fault.NotFound, "workspace_not_found")
		_, err = b.RenameWorkspace(ctx, id, "x")
		wantKind(t, err, fault.NotFound, "workspace_not_found")
		wantKind(t, b.DeleteWorkspace(ctx, id), fault.NotFound, "workspace_not_found")
	}
	seen, err := b.Workspaces(ctx)
	must(t, err)
	if len(seen) != 1 || seen[0].ID != north {
		t.Errorf("an admin of north sees %+v", seen)
	}
	wantEvents(t, "in the log of the workspace", audited(t, b, auth.AuditFilter{Workspace: north}),
		"workspace_created", "user_created", "member_added", "member_removed")
}

func testServicesOfWorkspaces(t *testing.T, b Backend) {
	workspace(t, b, north)
	ada := addIn(t, b, north, "ada", auth.Admin)
	ctx, away := auth.WithWorkspace(t.Context(), north), auth.WithWorkspace(t.Context(), auth.DefaultWorkspace)
	k, other := service("Nightly", ada.ID), service("nightly", "") // a name is taken in its workspace only
	k.Workspace = north
	must(t, b.InsertServiceAccount(ctx, k, hashOf(k)))
	must(t, b.InsertServiceAccount(ctx, other, hashOf(other)))
	has := func(ctx context.Context, want ...auth.ServiceAccount) {
		t.Helper()
		all, err := b.ServiceAccounts(ctx)
		must(t, err)
		wantSame(t, "services", all, want)
	}
	has(ctx, k)
	has(away, other)
	has(t.Context(), k, other)
	_, err := b.ServiceAccount(away, k.ID)
	wantKind(t, err, fault.NotFound, "service_not_found")
	wantKind(t, b.RevokeServiceAccount(away, k.ID, noon), fault.NotFound, "service_not_found")
	got, _, err := b.KeyHolder(t.Context(), hashOf(k), noon)
	must(t, err)
	wantSame(t, "where a key works", got.Workspace, north)
	must(t, b.NoteShownKey(t.Context(), hashOf(k), noon))
	wantEvents(t, "a key that was shown", audited(t, b, auth.AuditFilter{Workspace: north, Event: "key_in_address"}), "key_in_address")

	must(t, b.RemoveMember(t.Context(), north, ada.ID))
	_, _, err = b.KeyHolder(t.Context(), hashOf(k), noon)
	wantKind(t, err, fault.NotFound, "service_not_found") // its owner does not belong there any more
	_, err = b.ChangeUser(t.Context(), ada.ID, updated(func(u *auth.User) { u.Role = auth.Superadmin }))
	must(t, err)
	_, _, err = b.KeyHolder(t.Context(), hashOf(k), noon)
	must(t, err)
}

func testPipelinesOfWorkspaces(t *testing.T, b Backend) {
	workspace(t, b, north)
	here, there := saved(t, b, "Sales"), savedIn(t, b, north, "Sales") // a slug is taken in its workspace only
	ctx := auth.WithWorkspace(t.Context(), north)
	for _, ref := range []string{"sales", string(there.ID)} {
		got, err := b.Pipeline(ctx, ref)
		must(t, err)
		wantSame(t, ref, got.Document, there)
	}
	_, err := b.Pipeline(ctx, string(here.ID))
	wantKind(t, err, fault.NotFound, "pipeline_not_found")
	wantKind(t, b.InsertPipeline(ctx, pipelines.Version{Document: func() pipelines.Document {
		d := document("sales")
		d.Workspace = "north"
		return d
	}()}), fault.Conflict, "pipeline_exists")
	for _, id := range []pipelines.ID{here.ID, there.ID} { // the server itself finds all
		got, err := b.Pipeline(t.Context(), string(id))
		must(t, err)
		wantSame(t, "by id", got.Document.ID, id)
	}
	for in, want := range map[auth.WorkspaceID]pipelines.ID{auth.DefaultWorkspace: here.ID, north: there.ID} {
		ctx := auth.WithWorkspace(t.Context(), in)
		all, err := b.Pipelines(ctx, pipelines.Page{Limit: 10})
		must(t, err)
		n, err := b.CountPipelines(ctx)
		must(t, err)
		if len(all) != 1 || all[0].ID != want || n != 1 {
			t.Errorf("in %s there are %d pipelines, %+v", in, n, all)
		}
	}
	if all, err := b.Pipelines(auth.WithWorkspace(t.Context(), ""), pipelines.Page{Limit: 10}); err != nil || len(all) > 0 {
		t.Errorf("who belongs nowhere sees %v (%v)", all, err)
	}
	_, err = b.Pipeline(auth.WithWorkspace(t.Context(), ""), string(here.ID))
	wantKind(t, err, fault.NotFound, "pipeline_not_found")
}

func testRunsOfWorkspaces(t *testing.T, b Backend) {
	workspace(t, b, north)
	here, there := saved(t, b, "Here"), savedIn(t, b, north, "There")
	mine, theirs := pending(t, b, here), pending(t, b, there)
	for in, want := range map[auth.WorkspaceID]struct {
		run, other   runs.ID
		pipeline, of pipelines.ID
	}{
		auth.DefaultWorkspace: {mine, theirs, here.ID, there.ID},
		north:                 {theirs, mine, there.ID, here.ID},
	} {
		ctx := auth.WithWorkspace(t.Context(), in)
		_, err := b.Run(ctx, want.run)
		must(t, err)
		_, err = b.Run(ctx, want.other)
		wantKind(t, err, fault.NotFound, "run_not_found")
		for name, f := range map[string]struct {
			filter runs.Filter
			want   []runs.ID
		}{
			"all":                     {runs.Filter{}, []runs.ID{want.run}},
			"by status":               {runs.Filter{Status: runs.Pending}, []runs.ID{want.run}},
			"of a pipeline":           {runs.Filter{Pipeline: want.pipeline}, []runs.ID{want.run}},
			"of a pipeline elsewhere": {runs.Filter{Pipeline: want.of}, nil},
		} {
			f.filter.Limit = 10
			all, err := b.Runs(ctx, f.filter)
			must(t, err)
			var got []runs.ID
			for _, r := range all {
				got = append(got, r.ID)
			}
			wantSame(t, name, got, f.want)
			n, err := b.CountRuns(ctx, f.filter)
			must(t, err)
			wantSame(t, name+", counted", n, len(f.want))
		}
		recent, err := b.RecentRuns(ctx, 5)
		must(t, err)
		if len(recent) != 1 || len(recent[want.pipeline].Runs) != 1 || recent[want.pipeline].Counts[runs.Pending] != 1 {
			t.Errorf("recent runs in %s: %+v", in, recent)
		}
	}
	// Who works on runs does so wherever they are.
	c, err := b.ClaimRun(t.Context(), theirs, "me", noon)
	must(t, err)
	must(t, b.FinishRun(t.Context(), theirs, c.Fence, runs.Outcome{Status: runs.Success, At: noon}, nil))
	wantEvents(t, "its record is where it is", audited(t, b, auth.AuditFilter{Workspace: north, Target: string(theirs)}), "run_triggered")
}

func testAuditOfWorkspaces(t *testing.T, b Backend) {
	// As it is after an upgrade: a record from before there were workspaces.
	old := auth.WithActor(t.Context(), auth.Actor{Name: "old"})
	must(t, b.FailAttempt(old, "early", noon))
	workspace(t, b, north)
	here, there := add(t, b, "here", auth.Admin), addIn(t, b, north, "there", auth.Admin)
	for _, u := range []auth.User{here, there} { // sign-ins are in no workspace
		must(t, b.InsertSession(t.Context(), session(u, noon), ""))
	}
	must(t, b.InsertPipeline(at(t, there, north), pipelines.Version{Document: func() pipelines.Document {
		d := document("p")
		d.Workspace = "north"
		return d
	}()}))
	wantEvents(t, "all", audited(t, b, auth.AuditFilter{}),
		"authn_login_fail", "workspace_created", "user_created", "user_created", "authn_login_success", "authn_login_success", "pipeline_created")
	wantEvents(t, "default", audited(t, b, auth.AuditFilter{Workspace: auth.DefaultWorkspace}),
		"authn_login_fail", "user_created", "authn_login_success")
	wantEvents(t, "north", audited(t, b, auth.AuditFilter{Workspace: north}),
		"workspace_created", "user_created", "authn_login_success", "pipeline_created")
	wantEvents(t, "nowhere", audited(t, b, auth.AuditFilter{Workspace: "."}))
	v, err := b.VerifyAudit(t.Context())
	must(t, err)
	if !v.OK || v.Checked != 7 {
		t.Errorf("verdict %+v, want 7 sound records", v)
	}
	b.dropTrigger(t, "audit_is_not_changed", "audit")
	_, err = b.DB.Writer().ExecContext(t.Context(), `UPDATE audit SET workspace_id = 'default' WHERE seq = 7`)
	must(t, err)
	if v, err := b.VerifyAudit(t.Context()); v.OK || v.BrokenAt != 7 || err != nil {
		t.Errorf("a record moved to another workspace: verdict %+v, error %v", v, err)
	}
}
