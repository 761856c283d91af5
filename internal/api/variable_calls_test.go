package api_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/broked/broked/internal/auth"
)

func TestVariableCalls(t *testing.T) {
	t.Parallel()
	w := newWorld(t).withAccounts()
	const path = "/api/variables"
	no := []string{"canary", "enc:v1"}
	for _, sc := range []scenario{
		{name: "list: nobody", method: "GET", path: path, want: 401},
		{name: "list: empty", as: auth.Viewer, method: "GET", path: path, want: 200, has: []string{"[]"}},
		{name: "make: nobody", method: "POST", path: path, body: `{"key":"a","value":"1"}`, want: 401},
		{name: "make: viewer", as: auth.Viewer, method: "POST", path: path, body: `{"key":"a","value":"1"}`, want: 403},
		{name: "make: no key", as: auth.Editor, method: "POST", path: path, body: `{"value":"1"}`, want: 400, has: []string{"key is required"}},
		{name: "make: bad key", as: auth.Editor, method: "POST", path: path, body: `{"key":"a b","value":"1"}`, want: 400, has: []string{`"path":"key"`}},
		{name: "make: no value", as: auth.Editor, method: "POST", path: path, body: `{"key":"a"}`, want: 400, has: []string{`"path":"value"`, "is missing"}},
		{name: "make: no such type", as: auth.Editor, method: "POST", path: path, body: `{"key":"a","value":"1","type":"date"}`, want: 400},
		{name: "make: no number", as: auth.Editor, method: "POST", path: path, body: `{"key":"a","value":"12x","type":"number"}`, want: 400, has: []string{"must be a number"}, hasNot: []string{"12x"}},
		{name: "make: NaN", as: auth.Editor, method: "POST", path: path, body: `{"key":"a","value":"NaN","type":"number"}`, want: 400},
		{name: "make: no boolean", as: auth.Editor, method: "POST", path: path, body: `{"key":"a","value":"yes","type":"boolean"}`, want: 400, has: []string{"true or false"}},
		{name: "make: no JSON", as: auth.Editor, method: "POST", path: path, body: `{"key":"a","value":"{","type":"json"}`, want: 400, has: []string{"must be JSON"}},
		{name: "make: a member twice", as: auth.Editor, method: "POST", path: path, body: `{"key":"a","value":"{\"a\":1,\"a\":2}","type":"json"}`, want: 400},
		{name: "make: NUL", as: auth.Editor, method: "POST", path: path, body: `{"key":"a","value":"a\u0000"}`, want: 400},
		{name: "make: too long", as: auth.Editor, method: "POST", path: path, body: `{"key":"a","value":"` + strings.Repeat("x", 64<<10+1) + `"}`, want: 400, has: []string{"64 KB"}},
		{name: "make: unknown member", as: auth.Editor, method: "POST", path: path, body: `{"key":"a","value":"1","color":"red"}`, want: 400},
		{name: "make: an empty secret", as: auth.Editor, method: "POST", path: path, body: `{"key":"a","value":"","type":"secret"}`, want: 400, has: []string{`"path":"value"`}},
		{name: "make: the mask", as: auth.Editor, method: "POST", path: path, body: `{"key":"a","value":"********","type":"secret"}`, want: 400, has: []string{`"path":"value"`}},
		{name: "make", as: auth.Editor, method: "POST", path: path, body: `{"key":" region ","value":"eu","description":"Where"}`, want: 200, has: []string{`"key":"region"`, `"type":"string"`, `"value":"eu"`, `"version":1`}},
		{name: "make: a number", as: auth.Editor, method: "POST", path: path, body: `{"key":"limit","value":12345678901234567890,"type":"number"}`, want: 200, has: []string{`"value":"12345678901234567890"`}},
		{name: "make: a boolean", as: auth.Editor, method: "POST", path: path, body: `{"key":"dry","value":true,"type":"boolean"}`, want: 200, has: []string{`"value":"true"`}},
		{name: "make: JSON", as: auth.Editor, method: "POST", path: path, body: `{"key":"map","value":{"a": [1, 2]},"type":"json"}`, want: 200, has: []string{`"value":"{\"a\":[1,2]}"`}},
		{name: "make: a secret", as: auth.Editor, method: "POST", path: path, body: `{"key":"token","value":"` + canary + `","type":"secret"}`, want: 200, has: []string{`"value":"********"`}, hasNot: no},
		{name: "make: over another", as: auth.Editor, method: "POST", path: path, body: `{"key":"region","value":"us"}`, want: 200, has: []string{`"value":"us"`, `"version":2`, `"description":"Where"`}},
		{name: "list", as: auth.Viewer, method: "GET", path: path, want: 200, has: []string{`"key":"dry"`, `"key":"token"`}, hasNot: no},
		{name: "list: a page", as: auth.Viewer, method: "GET", path: path + "?page=2&page_size=2", want: 200, has: []string{`"total":5`, `"key":"map"`}, hasNot: []string{"dry"}},
		{name: "list: after", as: auth.Viewer, method: "GET", path: path + "?after=dry&limit=1", want: 200, has: []string{`"has_next":true`, `"cursor":"limit"`}},
		{name: "show: nobody", method: "GET", path: path + "/token", want: 401},
		{name: "show: absent", as: auth.Viewer, method: "GET", path: path + "/nothing", want: 404, has: []string{"variable_not_found"}},
		{name: "show: an admin sees no secret either", as: auth.Superadmin, method: "GET", path: path + "/token", want: 200, has: []string{`"value":"********"`}, hasNot: no},
		{name: "change: viewer", as: auth.Viewer, method: "PUT", path: path + "/region", body: `{}`, want: 403},
		{name: "change: absent", as: auth.Editor, method: "PUT", path: path + "/nothing", body: `{"value":"1"}`, want: 404},
		{name: "change: another key", as: auth.Editor, method: "PUT", path: path + "/region", body: `{"key":"zone"}`, want: 400, has: []string{`"path":"key"`}},
		{name: "change: bad value", as: auth.Editor, method: "PUT", path: path + "/limit", body: `{"value":"x"}`, want: 400},
		{name: "change: type without a fitting value", as: auth.Editor, method: "PUT", path: path + "/region", body: `{"type":"number"}`, want: 400, has: []string{`"path":"value"`}},
		{name: "change: answer sent back", as: auth.Editor, method: "PUT", path: path + "/token", body: `{"id":"x","key":"token","type":"secret","value":"********","description":"Ours","version":1,"workspace_id":"default","created_at":"x","updated_at":"x"}`, want: 200, has: []string{`"description":"Ours"`, `"version":1`}, hasNot: no},
		{name: "change: no longer secret", as: auth.Editor, method: "PUT", path: path + "/token", body: `{"type":"string"}`, want: 400, has: []string{"does not become readable"}, hasNot: no},
		{name: "change: no longer secret, by the mask", as: auth.Editor, method: "PUT", path: path + "/token", body: `{"type":"string","value":"********"}`, want: 200, has: []string{`"value":"********"`}, hasNot: no},
		{name: "change: secret again", as: auth.Editor, method: "PUT", path: path + "/token", body: `{"type":"secret","value":"` + canary + `2"}`, want: 200, has: []string{`"version":3`}, hasNot: no},
		{name: "change: becomes a secret as it is", as: auth.Editor, method: "PUT", path: path + "/region", body: `{"type":"secret"}`, want: 200, has: []string{`"value":"********"`}},
		{name: "used by: nobody", method: "GET", path: path + "/token/used-by", want: 401},
		{name: "used by: absent", as: auth.Viewer, method: "GET", path: path + "/nothing/used-by", want: 404},
		{name: "used by: none", as: auth.Viewer, method: "GET", path: path + "/token/used-by", want: 200, has: []string{"[]"}},
		{name: "named: not there", as: auth.Editor, method: "POST", path: "/api/pipelines", body: naming(`${var.limti}`, `x`), want: 400, has: []string{`"path":"nodes[0].config.header"`, `did you mean \"var.limit\"`}},
		{name: "named: a secret in a path", as: auth.Editor, method: "POST", path: "/api/pipelines", body: naming(`${var.dry}`, `${secret.token}`), want: 400, has: []string{"is a secret and must not stand here"}},
		{name: "named: not of the type", as: auth.Editor, method: "POST", path: "/api/pipelines", body: naming(`${var.map}`, `x`), want: 400, has: []string{"must be true or false here"}},
		{name: "named", as: auth.Editor, method: "POST", path: "/api/pipelines", body: naming(`${var.skip}`, `${conn.shop.host}/${env.LANG}`), want: 400, has: []string{"${var.skip} has no value", "${conn.shop.host} has no value"}, hasNot: []string{"env.LANG"}},
		{name: "named: the variable", as: auth.Editor, method: "POST", path: "/api/variables", body: `{"key":"skip","value":true,"type":"boolean"}`, want: 200},
		{name: "named: the connection", as: auth.Editor, method: "POST", path: "/api/connections", body: `{"conn_id":"shop","type":"sqlite","host":"shop.db"}`, want: 201},
		{name: "named: all there", as: auth.Editor, method: "POST", path: "/api/pipelines", body: naming(`${var.skip}`, `${conn.shop.host}/${env.LANG}`), want: 201},
		{name: "names: nobody", method: "GET", path: "/api/names", want: 401},
		{name: "names", as: auth.Viewer, method: "GET", path: "/api/names", want: 200, has: []string{`{"name":"var.skip","secret":false,"value":"true"}`, `{"name":"secret.token","secret":true,"about":"Ours"}`, `"name":"conn.shop.host","secret":false,"value":"shop.db"`, `"name":"env.LANG"`}, hasNot: append(no, "of-LANG")},
		{name: "used by", as: auth.Viewer, method: "GET", path: path + "/skip/used-by", want: 200, has: []string{`"pipeline_name":"Naming"`, `"node_id":"in"`}},
		{name: "used by: another whose name begins so", as: auth.Viewer, method: "GET", path: path + "/map/used-by", want: 200, has: []string{"[]"}},
		{name: "taken from by a connection", as: auth.Editor, method: "POST", path: "/api/connections", body: `{"conn_id":"crm","type":"http","host":"h","password_ref":"secret://token"}`, want: 201, has: []string{"secret://token"}},
		{name: "used by a connection", as: auth.Viewer, method: "GET", path: path + "/token/used-by", want: 200, has: []string{`"conn_id":"crm"`}},
		{name: "found", as: auth.Viewer, method: "GET", path: "/api/search?q=TOK", want: 200, has: []string{`"type":"variable"`, `"id":"token"`}, hasNot: no},
		{name: "found: a connection", as: auth.Viewer, method: "GET", path: "/api/search?q=crm", want: 200, has: []string{`"type":"connection"`}},
		{name: "delete: viewer", as: auth.Viewer, method: "DELETE", path: path + "/dry", want: 403},
		{name: "delete: absent", as: auth.Editor, method: "DELETE", path: path + "/nothing", want: 404},
		{name: "delete", as: auth.Editor, method: "DELETE", path: path + "/dry", want: 204},
		{name: "deleted", as: auth.Editor, method: "GET", path: path + "/dry", want: 404},
		{name: "audit", as: auth.Admin, method: "GET", path: "/api/audit?limit=500", want: 200, has: []string{"variable_created", "variable_changed", "variable_deleted"}, hasNot: no},
	} {
		w.run(sc)
	}
	files, err := filepath.Glob(filepath.Join(filepath.Dir(w.file), "*"))
	must(t, err)
	for _, name := range files {
		if text, err := os.ReadFile(name); err == nil && strings.Contains(string(text), "canary") {
			t.Errorf("%s has a secret in clear", filepath.Base(name))
		}
	}
}

// naming is a pipeline with two settings.
func naming(header, path string) string {
	return `{"name":"Naming","nodes":[{"id":"in","type":"source_file","config":{"path":"` + path + `","format":"csv","header":"` + header + `"}}]}`
}

// TestKeysThatOnlyMake checks that whoever may only make variables changes none.
func TestKeysThatOnlyMake(t *testing.T) {
	t.Parallel()
	w := newWorld(t).withAccounts()
	w.run(scenario{name: "names: without connections", as: auth.Editor, method: "POST", path: "/api/connections", body: `{"conn_id":"shop","type":"sqlite","host":"shop.db"}`, want: 201})
	_, looking := w.service("looking", auth.VariablesView)
	w.run(scenario{name: "names: without connections", method: "GET", path: "/api/names", header: bearer(looking), want: 200, has: []string{"env.LANG"}, hasNot: []string{"shop"}})
	_, key := w.service("maker", auth.VariablesCreate)
	w.run(scenario{name: "find: only what it may see", method: "GET", path: "/api/search?q=a", header: bearer(key), want: 403})
	for _, sc := range []scenario{
		{name: "make", method: "POST", body: `{"key":"a","value":"1"}`, want: 200},
		{name: "over it", method: "POST", body: `{"key":"a","value":"2"}`, want: 403},
	} {
		sc.path, sc.header = "/api/variables", bearer(key)
		w.run(sc)
	}
}
