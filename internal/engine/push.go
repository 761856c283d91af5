package engine

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/broked/broked/internal/expr"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/node"
	"github.com/broked/broked/internal/pushdown"
	"github.com/broked/broked/internal/sqltext"
)

// chain is nodes, one behind the other, whose rows a database computes.
type chain struct {
	source  int
	members []int            // behind it
	tables  []pushdown.Table // theirs
	rels    []node.Relation  // what the engine would plan for them, over no rows
	hosted  node.Hosted
}

// last is the table of the last member, or the source when there are none.
func (c chain) last() pushdown.Table {
	if len(c.tables) == 0 {
		return c.hosted.Source
	}
	return c.tables[len(c.tables)-1]
}

// push has the database of source i compute the rows of nodes behind it, and reports
// whether it has. What the database does not do goes on as if nobody had asked it.
func (r *run) push(ctx context.Context, i int) (bool, error) {
	s := r.steps[i]
	host, is := s.node.(node.Host)
	if !is {
		return false, nil
	}
	behind := r.behind(i)
	done, err := r.settle(ctx, i, behind)
	if done || err != nil || len(behind) == 0 {
		return done, err
	}
	_, err = guarded(func() (struct{}, error) {
		return struct{}{}, host.Host(ctx, s.env, func(h node.Hosted) error {
			c := chain{source: i, hosted: h}
			if err := r.compose(ctx, &c, behind); err != nil || len(c.members) == 0 {
				return err
			}
			var err error
			done, err = r.computeThere(ctx, c)
			return err
		})
	})
	switch {
	case ctx.Err() != nil:
		return false, r.db.fault(ctx, ctx.Err())
	case err != nil && !done:
		s.env.Log(node.Info, "the nodes behind this one are not computed in the database: %s", fault.MessageOf(err))
	}
	return done, nil
}

// behind returns the nodes that a database might compute with source i: each takes
// the rows of the one before alone, and nobody else does.
func (r *run) behind(i int) []int {
	if r.job.Trial != nil || r.job.Query != nil || len(r.plan.inputs[i]) > 0 || !r.steps[i].plain() || r.steps[i].common.Keep {
		return nil
	}
	var all []int
	for at := i; r.plan.consumers[at] == 1 && !r.steps[at].common.Keep; {
		next := r.plan.takers[at][0] // it waits for this node, so that its inputs are as they were
		if _, is := r.steps[next].node.(node.Pusher); !is || len(r.plan.inputs[next]) != 1 || !r.steps[next].plain() {
			break
		}
		all, at = append(all, next), next
	}
	return all
}

// plain reports whether a node is computed, and nothing is to be done when it fails.
func (s *state) plain() bool { return !s.common.Careful() && !s.Given() && s.refused == nil }

// compose adds as many nodes to a chain as can be computed in the database.
func (r *run) compose(ctx context.Context, c *chain, behind []int) error {
	table := c.hosted.Source
	rel := node.Relation{Rows: -1}
	for _, column := range table.Columns() {
		if column.Type == "" {
			column.Type = "VARCHAR" // nobody behind may look at it
		}
		rel.Columns = append(rel.Columns, node.Column{Name: column.Name, Type: column.Type})
	}
	whole := 0
	for _, m := range behind {
		s := r.steps[m]
		pusher, _ := s.node.(node.Pusher)
		var is bool
		if table, is = pusher.Push(s.env, table); !is {
			break
		}
		s.env.DB = r.db
		start := time.Now()
		rel.Name, rel.SQL = r.steps[r.plan.inputs[m][0]].ID, nothing(rel.Columns)
		selected, err := pusher.Select(ctx, s.env, []node.Relation{rel})
		s.planning += time.Since(start)
		if err != nil {
			return err
		}
		rel = node.Relation{Columns: selected.Columns, SameRows: selected.SameRows, Rows: -1}
		if !slices.EqualFunc(table.Columns(), rel.Names(), func(c expr.Column, name string) bool { return c.Name == name }) {
			return fmt.Errorf("push down: %q has other columns there", s.ID)
		}
		c.members, c.tables, c.rels = append(c.members, m), append(c.tables, table), append(c.rels, rel)
		if table.Whole() {
			whole = len(c.members)
		}
	}
	c.members, c.tables, c.rels = c.members[:whole], c.tables[:whole], c.rels[:whole]
	return nil
}

// nothing returns a statement that yields no rows of columns.
func nothing(columns []node.Column) string {
	parts := make([]string, len(columns))
	for i, c := range columns {
		parts[i] = "CAST(NULL AS " + c.Type + ") AS " + sqltext.Ident(c.Name)
	}
	return "SELECT " + strings.Join(parts, ", ") + " WHERE false"
}
