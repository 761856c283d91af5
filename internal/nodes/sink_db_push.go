package nodes

import (
	"context"
	"reflect"

	"github.com/broked/broked/internal/databases"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/node"
)

// filler is a database that can fill a table with rows of its own, in the transaction of
// the load. It has done nothing when it fails, unless the fault has the code
// commit_unknown.
type filler interface {
	Fill(ctx context.Context, load databases.Load, compose func(databases.Snapshot) (databases.Filling, error)) (databases.Filled, error)
}

// errUnsettled is why rows of a source are not for a sink to take where they are.
var errUnsettled = fault.New(fault.Invalid, "the columns of the query have no names of their own")

// Settle implements node.Settler.
func (s *sinkDB) Settle(ctx context.Context, env node.Env, from node.Hosting, compose func(node.Hosted) (databases.Filling, error)) (databases.Filled, error) {
	source, is := from.Host.(*sourceDB)
	if !is || !s.settles() || !reflect.DeepEqual(s.to.address, source.from.address) {
		return databases.Filled{}, nil
	}
	load, err := s.into(s.Table, s.to.kind, env)
	to, is := s.to.in(env).(filler)
	if err != nil || !is {
		return databases.Filled{}, err
	}
	hosted, is := source.hosted(from.Env)
	if !is {
		return databases.Filled{}, nil
	}
	return to.Fill(ctx, load, func(at databases.Snapshot) (databases.Filling, error) {
		h, is, err := hosted(ctx, at)
		if err != nil {
			return databases.Filling{}, err
		}
		if !is {
			return databases.Filling{}, errUnsettled
		}
		return compose(h)
	})
}

// settles reports whether the settings ask for nothing but rows in a table.
func (s *sinkDB) settles() bool {
	switch {
	case s.to.kind != databases.Postgres, s.Table == "", s.OnRowError == quarantine, databases.Mode(s.Mode).Merges():
		return false
	}
	return (s.NewColumns == "" || s.NewColumns == "fail") && (s.BatchSize == 0 || s.BatchSize == mostBatch)
}
