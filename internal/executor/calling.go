package executor

import (
	"context"
	"encoding/json"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/calls"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/outbound"
)

// Turns returns the Answer to calls.AskTurn, for the connections that the settings of the
// asking node name. Their tokens are got by way of out.
func Turns(k *calls.Keeper, out func() outbound.Exit) Answer {
	return func(ctx context.Context, from Asker, body json.RawMessage) (any, error) {
		var w calls.Wanted
		if err := json.Unmarshal(body, &w); err != nil {
			return nil, fault.Wrap(fault.Invalid, err, "the question is not readable")
		}
		c, named := from.Step.Connections[w.Connection]
		if !named {
			return nil, fault.New(fault.Denied, "the settings of node %s name no connection %q", from.Step.ID, w.Connection)
		}
		return k.Turn(ctx, calls.Caller{Out: out(), Workspace: string(auth.HomeFrom(ctx)), Holder: string(from.Run)}, c, w)
	}
}

// TurnsOver returns the Answer to calls.AskOver.
func TurnsOver(k *calls.Keeper) Answer {
	return func(_ context.Context, from Asker, body json.RawMessage) (any, error) {
		var o calls.Over
		if err := json.Unmarshal(body, &o); err != nil {
			return nil, fault.Wrap(fault.Invalid, err, "the question is not readable")
		}
		k.Over(string(from.Run), o)
		return struct{}{}, nil
	}
}
