package api_test

import (
	"encoding/json"
	"testing"

	"github.com/broked/broked/internal/auth"
)

func TestAuditCalls(t *testing.T) {
	t.Parallel()
	w := newWorld(t).withAccounts()
	id := w.create(auth.Editor, "first")
	for _, sc := range []scenario{
		{name: "list: nobody", method: "GET", path: "/api/audit", want: 401},
		{name: "list: viewer", as: auth.Viewer, method: "GET", path: "/api/audit", want: 403, has: []string{"permission_denied"}},
		{name: "list: editor", as: auth.Editor, method: "GET", path: "/api/audit", want: 403},
		{name: "list: bad limit", as: auth.Admin, method: "GET", path: "/api/audit?limit=501", want: 400, has: []string{"limit"}},
		{name: "list: bad cursor", as: auth.Admin, method: "GET", path: "/api/audit?after=x", want: 400, has: []string{"after"}},
		{name: "list: bad time", as: auth.Admin, method: "GET", path: "/api/audit?since=yesterday", want: 400, has: []string{"since"}},
		{
			name: "list: by target", as: auth.Admin, method: "GET", path: "/api/audit?target=" + id, want: 200,
			has:    []string{`"event":"pipeline_created"`, `"actor":"editor"`, `"actor_kind":"user"`, `"address":"127.0.0.1"`, `"request_id":"`, `"details":{"name":"first","version":1}`, `"has_next":false`, `"limit":25`},
			hasNot: []string{"user_created", "in.csv"},
		},
		{name: "list: secrets", as: auth.Superadmin, method: "GET", path: "/api/audit?limit=500", want: 200, has: []string{"authn_login_success", "user_created"}, hasNot: []string{password, "argon2", w.tokenOf(auth.Viewer)}},
		{name: "list: nothing", as: auth.Admin, method: "GET", path: "/api/audit?event=none&since=2020-01-01T00:00:00Z&until=2021-01-01T00:00:00Z", want: 200, has: []string{`"items":[]`}},
		{name: "verify: nobody", method: "GET", path: "/api/audit/verify", want: 401},
		{name: "verify: editor", as: auth.Editor, method: "GET", path: "/api/audit/verify", want: 403},
		{name: "verify", as: auth.Admin, method: "GET", path: "/api/audit/verify", want: 200, has: []string{`{"ok":true,"checked":11,"head":"`}},
	} {
		w.run(sc)
	}
	seen := map[int64]bool{}
	for path, pages := "/api/audit?limit=4", 0; path != ""; pages++ {
		var page struct {
			Items   []auth.AuditRecord `json:"items"`
			HasNext bool               `json:"has_next"`
			Cursor  string             `json:"cursor"`
		}
		must(t, json.Unmarshal([]byte(w.run(scenario{name: "page", as: auth.Admin, method: "GET", path: path, want: 200})), &page))
		for _, r := range page.Items {
			seen[r.Seq] = true
		}
		path = ""
		if page.HasNext && pages < 9 {
			path = "/api/audit?limit=4&after=" + page.Cursor
		}
	}
	if len(seen) != 11 {
		t.Errorf("%d records on all pages, want 11", len(seen))
	}
}
