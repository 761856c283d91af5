package engine

import (
	"cmp"
	"context"

	"github.com/broked/broked/internal/batch"
	"github.com/broked/broked/internal/databases"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/job"
	"github.com/broked/broked/internal/node"
)

// errElsewhere is why the rows of a chain leave their database.
var errElsewhere error = fault.New(fault.Invalid, "it might write something else than this run would, or not all of the nodes are left to it")

// settle has the rows of a run that is one chain, from source i through behind to a
// sink, computed and written by the database that they are in and belong to. It reports
// whether they are written.
func (r *run) settle(ctx context.Context, i int, behind []int) (bool, error) {
	to := r.end(i, behind)
	if to < 0 {
		return false, nil
	}
	host, _ := r.steps[i].node.(node.Host)
	sink, _ := r.steps[to].node.(node.Settler)
	c := chain{source: i}
	var counts []int64
	var previews []*job.Sample
	filled, err := guarded(func() (databases.Filled, error) {
		return sink.Settle(ctx, r.steps[to].env, node.Hosting{Host: host, Env: r.steps[i].env}, func(h node.Hosted) (databases.Filling, error) {
			c.hosted = h
			rows, err := r.landing(ctx, &c, behind)
			if err != nil {
				return rows, err
			}
			var sound bool
			if counts, sound, err = r.survey(ctx, c); err != nil || !sound {
				return rows, cmp.Or(err, errElsewhere)
			}
			previews, err = r.previewsThere(ctx, c, 1+len(c.members))
			return rows, err
		})
	})
	switch {
	case err == nil && filled.Statement == "":
		return false, nil
	case err == nil:
		for len(counts) < 2+len(behind) { // of the last member, if there are any, and of the sink
			counts = append(counts, filled.Rows)
		}
		r.tellAll(append(append([]int{i}, behind...), to), filled.Statement, counts, append(previews, previews[len(behind)]))
		return true, nil
	case fault.CodeOf(err) == "commit_unknown":
		return false, r.failed(r.steps[to], err)
	case ctx.Err() != nil:
		return false, r.db.fault(ctx, ctx.Err())
	}
	r.steps[to].env.Log(node.Info, "the rows are not written by the database itself: %s", fault.MessageOf(err))
	return false, nil
}

// end returns the sink to which nodes behind source i lead, when there are no others in
// the run; -1 otherwise.
func (r *run) end(i int, behind []int) int {
	last := append([]int{i}, behind...)[len(behind)]
	if r.job.Trial != nil || r.job.Query != nil || len(r.steps) != len(behind)+2 || r.plan.consumers[last] != 1 || !r.lets(i) || !r.lets(last) {
		return -1
	}
	to := r.plan.takers[last][0]
	if _, settles := r.steps[to].node.(node.Settler); !settles || len(r.plan.inputs[to]) != 1 || !r.lets(to) {
		return -1
	}
	return to
}

// lets reports whether the rows of a node need not be here.
func (r *run) lets(i int) bool { return r.steps[i].plain() && !r.steps[i].common.Keep }

// landing returns the rows of the last node of a chain on their way into a table, with the
// columns that the engine would give them.
func (r *run) landing(ctx context.Context, c *chain, behind []int) (databases.Filling, error) {
	if err := r.compose(ctx, c, behind); err != nil {
		return databases.Filling{}, err
	}
	if len(c.members) < len(behind) || !c.last().Lands() {
		return databases.Filling{}, errElsewhere
	}
	rows := databases.Filling{Query: c.last().Statement()}
	for k, column := range c.last().Columns() {
		if len(c.rels) > 0 && c.rels[len(c.rels)-1].Columns[k].Type != column.Type {
			return rows, errElsewhere
		}
		rows.Columns = append(rows.Columns, batch.Column{Name: column.Name, Type: column.Type, Kind: batch.KindOf(column.Type)})
	}
	return rows, nil
}
