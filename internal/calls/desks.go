package calls

import (
	"context"

	"github.com/broked/broked/internal/connection"
)

// Asking is a Desk that puts the questions of this package to a server.
type Asking func(ctx context.Context, what string, question, answer any) error

// Turn implements Desk.
func (a Asking) Turn(ctx context.Context, w Wanted) (Turn, error) {
	type given struct {
		turn Turn
		err  error
	}
	answers, gone := make(chan given), make(chan struct{})
	defer close(gone)
	go func() { // until the server has answered, which it does
		var g given
		late := context.WithoutCancel(ctx)
		g.err = a(late, AskTurn, w, &g.turn)
		select {
		case answers <- g:
		case <-gone:
			if g.err == nil && g.turn.Lease != 0 {
				a.Over(late, Over{Lease: g.turn.Lease})
			}
		}
	}()
	select {
	case g := <-answers:
		return g.turn, g.err
	case <-ctx.Done():
		return Turn{}, ctx.Err()
	}
}

// Over implements Desk.
func (a Asking) Over(ctx context.Context, o Over) {
	_ = a(ctx, AskOver, o, &struct{}{}) // a server that is gone has no use for it
}

// At is the Desk of a Keeper for one caller and the connection c.
func (k *Keeper) At(from Caller, c connection.Connection) Desk { //nolint:ireturn // it is made for NewClient
	return counter{k, from, c}
}

type counter struct {
	keeper *Keeper
	from   Caller
	c      connection.Connection
}

// Turn implements Desk.
func (d counter) Turn(ctx context.Context, w Wanted) (Turn, error) {
	return d.keeper.Turn(ctx, d.from, d.c, w)
}

// Over implements Desk.
func (d counter) Over(_ context.Context, o Over) { d.keeper.Over(d.from.Holder, o) }
