package node

import (
	"context"

	"github.com/broked/broked/internal/batch"
	"github.com/broked/broked/internal/databases"
	"github.com/broked/broked/internal/pushdown"
)

// Host is a Procedural node whose rows are in a database that can compute other rows of
// them.
type Host interface {
	Procedural
	// Host calls do with the node's rows, once and while nothing of the database changes
	// for it. It does not call it when they must be read by Process.
	Host(ctx context.Context, env Env, do func(Hosted) error) error
}

// Hosted is the rows of a Host.
type Hosted struct {
	Source pushdown.Table
	// Read gives the rows of a query that was composed over Source.
	Read func(ctx context.Context, q databases.Query, give func(batch.Batch) error) error
}

// Hosting is a Host with what it may use.
type Hosting struct {
	Host
	Env Env
}

// Settler is a Sink whose rows may be those of a Host in the very database to which they
// are to go.
type Settler interface {
	Sink
	// Settle writes the rows that compose makes of those of from, all or none, and what is
	// written there is what Write would write. Nothing of the database changes for compose
	// and those rows. It has done nothing when it fails, unless the fault has the code
	// commit_unknown, nor when it tells no statement: then they are for Write.
	Settle(ctx context.Context, env Env, from Hosting, compose func(Hosted) (databases.Filling, error)) (databases.Filled, error)
}

// Pusher is a Relational node of one input that may be able to say what it does in a way
// in which other databases can do it.
type Pusher interface {
	Relational
	// Push returns what the node makes of in: the very rows of Select, with the columns
	// of Select in their order. It is false when that cannot be said.
	Push(env Env, in pushdown.Table) (pushdown.Table, bool)
}
