package api_test

import (
	"fmt"
	"testing"

	"github.com/broked/broked/internal/auth"
)

// TestKindsWithPermissions sees that a node which reads contacts is added and
// changed only by those who may see contacts, and left where it is by others.
func TestKindsWithPermissions(t *testing.T) {
	t.Parallel()
	w := newWorld(t).withAccounts()
	_, key := w.service("plain", auth.PipelinesView, auth.PipelinesCreate, auth.PipelinesEdit)
	plain := map[string]string{"X-API-Key": key}
	with := func(config string) string {
		return fmt.Sprintf(`{"name":"people","nodes":[
			{"id":"all","type":"source_contacts","config":%s},
			{"id":"file","type":"sink_file","config":{"path":"people.csv"}}],
			"edges":[{"from":"all","to":"file"}]}`, config)
	}
	for _, sc := range []scenario{
		{name: "add", method: "POST", path: "/api/pipelines", header: plain, body: with(`{}`), want: 403, has: []string{"permission_for_kind", `"path":"nodes[0]"`, "contacts.view"}},
		{name: "add to a draft", method: "POST", path: "/api/pipelines", header: plain, body: `{"draft":true,` + with(`{}`)[1:], want: 403},
		{name: "import", method: "POST", path: "/api/pipelines/import", header: plain, body: with(`{}`), want: 403},
		{name: "add with it", as: auth.Editor, method: "POST", path: "/api/pipelines", body: with(`{"stage": "new", "tag": "a"}`), want: 201},
		{name: "copy", method: "POST", path: "/api/pipelines/people/clone", header: plain, want: 403},
		{name: "change", method: "PUT", path: "/api/pipelines/people", header: plain, body: with(`{"stage":"old"}`), want: 403},
		{name: "leave as it is", method: "PUT", path: "/api/pipelines/people", header: plain, body: with(`{"tag":"a",   "stage":"new"}`), want: 200},
		{name: "take away", method: "PUT", path: "/api/pipelines/people", header: plain, body: `{"nodes":[{"id":"in","type":"source_file","config":{"path":"a.csv"}}],"edges":[]}`, want: 200},
		{name: "watch contacts", method: "PUT", path: "/api/pipelines/people", header: plain, body: `{"triggers":[{"name":"t","type":"contacts"}]}`, want: 403, has: []string{`"path":"triggers[0]"`, "contacts.view"}},
		{name: "watch files", method: "PUT", path: "/api/pipelines/people", header: plain, body: `{"triggers":[{"name":"t","type":"file","path":"in.csv"}]}`, want: 200},
		{name: "bring back", method: "POST", path: "/api/pipelines/people/rollback", header: plain, body: `{"version":1}`, want: 403},
	} {
		w.run(sc)
	}
}

// TestProgramsNeedAPermission sees that a script is written and changed only by
// those who may do that, whichever way it comes in.
func TestProgramsNeedAPermission(t *testing.T) {
	t.Parallel()
	w := newWorld(t).withAccounts()
	_, key := w.service("coder", auth.PipelinesView, auth.PipelinesCreate, auth.PipelinesEdit, auth.PipelinesCode)
	coder := map[string]string{"X-API-Key": key}
	with := func(name, script string) string {
		return fmt.Sprintf(`{"name":%q,"nodes":[
			{"id":"rows","type":"code","config":{"script":%q}},
			{"id":"file","type":"sink_file","config":{"path":"rows.csv"}}],
			"edges":[{"from":"rows","to":"file"}]}`, name, script)
	}
	refused := []string{"permission_for_kind", `"path":"nodes[0]"`, "pipelines.code"}
	for _, sc := range []scenario{
		{name: "editor", as: auth.Editor, method: "POST", path: "/api/pipelines", body: with("one", "pass"), want: 403, has: refused},
		{name: "editor imports", as: auth.Editor, method: "POST", path: "/api/pipelines/import", body: with("one", "pass"), want: 403, has: refused},
		{name: "admin", as: auth.Admin, method: "POST", path: "/api/pipelines", body: with("one", "pass"), want: 201},
		{name: "service", method: "POST", path: "/api/pipelines", header: coder, body: with("two", "pass"), want: 201},
		{name: "editor leaves it", as: auth.Editor, method: "PUT", path: "/api/pipelines/one", body: `{"description":"d"}`, want: 200},
		{name: "editor changes it", as: auth.Editor, method: "PUT", path: "/api/pipelines/one", body: with("one", "import os"), want: 403, has: refused},
		{name: "editor imports over it", as: auth.Editor, method: "POST", path: "/api/pipelines/import?update=true", body: `{"pipeline_id":"one",` + with("one", "import os")[1:], want: 403, has: refused},
		{name: "admin changes it", as: auth.Admin, method: "PUT", path: "/api/pipelines/one", body: with("one", "import os"), want: 200},
		{name: "editor goes back", as: auth.Editor, method: "POST", path: "/api/pipelines/one/rollback", body: `{"version":1}`, want: 403, has: refused},
		{name: "editor copies", as: auth.Editor, method: "POST", path: "/api/pipelines/one/clone", want: 403, has: refused},
	} {
		w.run(sc)
	}
}
