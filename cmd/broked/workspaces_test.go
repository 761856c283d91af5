package main

import (
	"strings"
	"testing"
)

// TestWorkspacesFromTheCommandLine does the same on a server that runs and in
// the data folder of one that is stopped.
func TestWorkspacesFromTheCommandLine(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := withRoot(t, dir)
	far := person{t: t, dir: t.TempDir()}
	if _, errs, status := far.run("secure-password\n", "login", "--server", s.url, "-u", "root"); status != 0 {
		t.Fatalf("login: %s", errs)
	}
	keyOfNorth := keepsWorkspaces(far, "north")
	if status, text := s.by("Authorization", "Bearer "+keyOfNorth, "GET", "/api/auth/me", ""); status != 200 || !strings.Contains(text, `"workspace_id":"north"`) {
		t.Errorf("the key made for north: %d %s", status, text)
	}
	here := person{t: t, dir: dir}
	here.wants(exitLocked, "with --server", "workspaces", "list")
	s.kill()
	here.wants(0, `"Name of north"`, "workspaces", "list")
	keepsWorkspaces(here, "south")
}

// keepsWorkspaces makes a workspace with a member and a key, and one more that
// it deletes. It returns the key.
func keepsWorkspaces(p person, id string) string {
	p.t.Helper()
	ada, bob := "ada of "+id, "bob of "+id
	p.wants(0, "", "workspaces", "create", id, "--name", "Name of "+id)
	p.wants(1, "already a workspace", "workspaces", "create", id)
	p.wants(1, "letters", "workspaces", "create", "no "+id)
	p.wants(0, `"name": "Name of `+id+`"`, "workspaces", "list", "-o", "json")
	p.wants(0, "", "users", "create", ada, "--role", "admin", "--workspace", id)
	p.wants(1, "no workspace", "users", "create", bob, "--workspace", "absent")
	p.wants(0, "", "users", "create", bob)
	members := []string{"workspaces", "members", "list", id}
	if out := p.wants(0, ada, members...); strings.Contains(out, bob) || !strings.Contains(out, "everywhere") {
		p.t.Errorf("members of %s: %s", id, out)
	}
	p.wants(0, "", "workspaces", "members", "add", id, strings.ToUpper(bob))
	p.wants(0, bob, members...)
	p.wants(1, "no account", "workspaces", "members", "add", id, "ghost")
	p.wants(1, "no workspace", "workspaces", "members", "add", "absent", bob)
	p.wants(0, "", "workspaces", "members", "remove", id, bob)
	p.wants(1, "no such account", "workspaces", "members", "remove", id, bob)
	key := p.wants(0, "brk_", "keys", "create", "k", "--permission", "pipelines.view", "--workspace", id)
	if out := p.wants(0, "", "keys", "list", "--workspace", "default"); strings.Contains(out, key[:8]) {
		p.t.Errorf("keys of default: %s", out)
	}
	p.wants(1, "is not empty, it has 1 key in use", "workspaces", "delete", id)
	p.wants(0, "", "workspaces", "create", id+"-2")
	p.wants(0, "", "workspaces", "delete", id+"-2")
	p.wants(1, "cannot be deleted", "workspaces", "delete", "default")
	return key
}
