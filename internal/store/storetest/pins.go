package storetest

import (
	"testing"

	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/node"
	"github.com/broked/broked/internal/pipelines"
	"github.com/broked/broked/internal/trials"
)

func testPins(t *testing.T, b Backend) {
	ctx := t.Context()
	d, other := saved(t, b, "Sales"), saved(t, b, "Stock")
	pin := trials.Pin{
		Node: "a", By: "ada", At: noon,
		Rows: trials.Rows{Columns: []node.Column{{Name: "x", Type: "BIGINT"}}, Rows: []trials.Row{trials.Row(`{"x":9007199254740993}`)}},
	}
	must(t, b.PutPin(ctx, d.ID, trials.Pin{Node: "a", Rows: trials.Rows{Rows: []trials.Row{}}, At: noon}))
	must(t, b.PutPin(ctx, d.ID, pin))
	must(t, b.PutPin(ctx, other.ID, pin))
	all, err := b.Pins(ctx, d.ID)
	must(t, err)
	wantSame(t, "pins", all, []trials.Pin{pin})
	few := trials.Pin{Node: "b", Rows: trials.Rows{Rows: []trials.Row{}}, At: noon}
	must(t, b.PutPin(ctx, d.ID, few))
	d.Version++
	must(t, b.AppendVersion(ctx, pipelines.Version{Document: d, Renamed: map[string]string{"a": "b", "b": "a", "absent": "c"}}))
	all, err = b.Pins(ctx, d.ID)
	must(t, err)
	swapped, first := pin, few
	swapped.Node, first.Node = "b", "a"
	wantSame(t, "pins of nodes with each other's names", all, []trials.Pin{first, swapped})
	d.Version++
	stale := pipelines.Version{Document: d, Renamed: map[string]string{"a": "c"}}
	stale.Document.Version++
	wantKind(t, b.AppendVersion(ctx, stale), fault.Stale, "version_conflict")
	must(t, b.AppendVersion(ctx, pipelines.Version{Document: d, Renamed: map[string]string{"b": "a", "a": "c"}}))
	must(t, b.DeletePin(ctx, d.ID, "c"))
	must(t, b.DeletePin(ctx, d.ID, "a"))
	wantKind(t, b.DeletePin(ctx, d.ID, "a"), fault.NotFound, "no_pin")
	must(t, b.DeletePipelines(ctx, nil, other.ID))
	all, err = b.Pins(ctx, other.ID)
	if must(t, err); len(all) > 0 {
		t.Errorf("a pipeline that is gone has the pins %v", all)
	}
}
