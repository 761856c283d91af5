package storetest

import (
	"testing"
	"time"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/connections"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/id"
	"github.com/broked/broked/internal/pipelines"
)

func testConnections(t *testing.T, b Backend) {
	ctx := t.Context()
	workspace(t, b, north)
	far := auth.WithWorkspace(ctx, north)
	connect := func(in auth.WorkspaceID, name string) connections.Stored {
		return connections.Stored{
			Connection: connections.Connection{
				ID: id.New(), Name: name, Type: "http", Description: "d", Host: "h", Port: 8443, Schema: "s", Login: "l",
				Options: map[string]any{"auth": "bearer"}, ExtraRef: "env://X", Workspace: in, CreatedAt: noon, UpdatedAt: noon,
			},
			Password: "enc:v1:0a1b2c3d:xyz",
		}
	}
	a := connect("default", "a_1")
	must(t, b.InsertConnection(ctx, a))
	must(t, b.InsertConnection(ctx, connect("default", "b")))
	must(t, b.InsertConnection(far, connect(north, "a_1")))
	wantKind(t, b.InsertConnection(ctx, connect("default", "a_1")), fault.Conflict, "connection_exists")
	got, err := b.Connection(ctx, "a_1")
	must(t, err)
	wantSame(t, "as it was stored", got, a)
	_, err = b.Connection(far, "b")
	wantKind(t, err, fault.NotFound, "connection_not_found")
	page, err := b.Connections(ctx, pipelines.Page{After: "a_1", Limit: 5})
	must(t, err)
	n, err := b.CountConnections(ctx)
	must(t, err)
	if len(page) != 1 || page[0].Name != "b" || n != 2 {
		t.Errorf("the page has %d, and all are %d", len(page), n)
	}

	a.Host, a.Password, a.UpdatedAt = "other", "", after(1)
	must(t, b.ChangeConnection(ctx, a, noon))
	wantKind(t, b.ChangeConnection(ctx, a, noon.Add(-time.Second)), fault.Stale, "version_conflict")
	got, err = b.Connection(ctx, "a_1")
	must(t, err)
	wantSame(t, "as it was changed", got, a)

	d := document("Reads")
	d.Nodes[0].Config = pipelines.RawObject(`{"conn_id":"A_1"}`)
	must(t, b.InsertPipeline(ctx, pipelines.Version{Document: d}))
	for text, want := range map[string]int{"a_1": 1, "aX1": 0, "%": 0} {
		found, err := b.Holding(ctx, text)
		must(t, err)
		if len(found) != want {
			t.Errorf("%q is in %d documents, not %d", text, len(found), want)
		}
	}
	must(t, b.DeleteConnection(ctx, "a_1"))
	wantKind(t, b.DeleteConnection(ctx, "a_1"), fault.NotFound, "connection_not_found")
	_, err = b.Connection(far, "a_1")
	must(t, err)
}
