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
		{name: "bring back", method: "POST", path: "/api/pipelines/people/rollback", header: plain, body: `{"version":1}`, want: 403},
	} {
		w.run(sc)
	}
}
