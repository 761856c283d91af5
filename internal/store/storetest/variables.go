package storetest

import (
	"testing"
	"time"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/connections"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/id"
	"github.com/broked/broked/internal/pipelines"
	"github.com/broked/broked/internal/runs"
	"github.com/broked/broked/internal/sealed"
	"github.com/broked/broked/internal/variables"
)

func testVariables(t *testing.T, b Backend) {
	ctx := t.Context()
	workspace(t, b, north)
	far := auth.WithWorkspace(ctx, north)
	variable := func(in auth.WorkspaceID, key string) variables.Stored {
		return variables.Stored{Variable: variables.Variable{
			ID: id.New(), Key: key, Type: variables.Secret, Value: "enc:v1:0a1b2c3d:xyz", Description: "d", Version: 1, Workspace: in, CreatedAt: noon, UpdatedAt: noon,
		}}
	}
	a := variable("default", "a")
	must(t, b.InsertVariable(ctx, a))
	must(t, b.InsertVariable(ctx, variable("default", "B")))
	must(t, b.InsertVariable(far, variable(north, "a")))
	wantKind(t, b.InsertVariable(ctx, variable("default", "a")), fault.Conflict, "variable_exists")
	got, err := b.Variable(ctx, "a")
	must(t, err)
	wantSame(t, "as it was stored", got, a)
	_, err = b.Variable(far, "B")
	wantKind(t, err, fault.NotFound, "variable_not_found")
	page, err := b.Variables(ctx, pipelines.Page{After: "B", Limit: 5})
	must(t, err)
	n, err := b.CountVariables(ctx)
	must(t, err)
	if len(page) != 1 || page[0].Key != "a" || n != 2 {
		t.Errorf("the page has %d, and all are %d", len(page), n)
	}
	a.Type, a.Value, a.Version, a.UpdatedAt = variables.String, "x", 2, after(1)
	must(t, b.ChangeVariable(ctx, a, noon))
	wantKind(t, b.ChangeVariable(ctx, a, noon.Add(-time.Second)), fault.Stale, "version_conflict")
	got, err = b.Variable(ctx, "a")
	must(t, err)
	wantSame(t, "as it was changed", got, a)
	must(t, b.DeleteVariable(ctx, "a"))
	wantKind(t, b.DeleteVariable(ctx, "a"), fault.NotFound, "variable_not_found")
	_, err = b.Variable(far, "a")
	must(t, err)
}

func testNamesOfRuns(t *testing.T, b Backend) {
	ctx := t.Context()
	c := claimed(t, b, saved(t, b, "Names"), "me")
	run := c.Run.ID
	for version := range 2 { // it was put back and begun again
		must(t, b.RecordEvents(ctx, run, c.Fence, []runs.Event{{Type: runs.Named, Names: []runs.Name{{Name: "var.a", Version: version + 1}, {Name: "env.B"}}}}))
	}
	got, err := b.Run(ctx, run)
	must(t, err)
	wantSame(t, "what the run has named", got.Names, []runs.Name{{Name: "env.B"}, {Name: "var.a", Version: 2}})
}

func testReseal(t *testing.T, b Backend) {
	ctx := t.Context()
	for i, kind := range []variables.Type{variables.Secret, variables.Secret, variables.String} {
		must(t, b.InsertVariable(ctx, variables.Stored{Variable: variables.Variable{
			ID: id.New(), Key: "k" + string(rune('a'+i)), Type: kind, Value: "enc:v1:0a1b2c3d:x", Workspace: "default", CreatedAt: noon, UpdatedAt: noon,
		}}))
	}
	must(t, b.InsertConnection(ctx, connections.Stored{Password: "enc:v1:0a1b2c3d:p", Extra: "enc:v1:ffffffff:e", Connection: connections.Connection{
		ID: id.New(), Name: "c", Type: "http", Workspace: "default", CreatedAt: noon, UpdatedAt: noon, PasswordRef: "secret://ka",
	}}))
	taking, err := b.ConnectionsTaking(ctx, "secret://ka")
	must(t, err)
	wantSame(t, "connections that take it", taking, []string{"c"})
	var all []sealed.Text
	for after := (sealed.Place{}); ; after = all[len(all)-1].Place {
		some, err := b.SealedOtherwise(ctx, "ffffffff", after, 2)
		must(t, err)
		if all = append(all, some...); len(some) < 2 {
			break
		}
	}
	var places []string
	for _, text := range all {
		places = append(places, text.Table+"."+text.Column)
		must(t, b.Reseal(ctx, text, "enc:v1:ffffffff:new"))
		must(t, b.Reseal(ctx, text, "enc:v1:ffffffff:late")) // it has been changed meanwhile
	}
	wantSame(t, "places", places, []string{"connections.password", "variables.value", "variables.value"})
	left, err := b.SealedOtherwise(ctx, "ffffffff", sealed.Place{}, 9)
	must(t, err)
	v, err := b.Variable(ctx, "ka")
	must(t, err)
	if len(left) != 0 || v.Value != "enc:v1:ffffffff:new" {
		t.Errorf("%v are left, and it is %s", left, v.Value)
	}
	keys, err := b.DB.SealedKeys(ctx)
	must(t, err)
	wantSame(t, "keys", keys, []string{"ffffffff"})
}
