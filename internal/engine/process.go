package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/broked/broked/internal/batch"
	"github.com/broked/broked/internal/job"
	"github.com/broked/broked/internal/node"
	"github.com/broked/broked/internal/sqltext"
)

// process has a node compute its rows from those of its input, and keeps them.
func (r *run) process(ctx context.Context, i int, n node.Procedural) error {
	s := r.steps[i]
	for _, in := range r.plan.inputs[i] {
		if !r.traits[in].kept {
			r.steps[in].table = fmt.Sprintf("input of %d", i)
			if err := r.execute(ctx, in); err != nil {
				return err
			}
		}
	}
	r.begin(s)
	if done, err := r.push(ctx, i); err != nil {
		return r.failed(s, err)
	} else if done {
		return nil
	}
	if err := r.processed(ctx, i, n); err != nil {
		return r.failed(s, err)
	}
	if err := r.forget(ctx, i); err != nil {
		return r.failed(s, err)
	}
	if sample := r.look(ctx, i, s.rel); sample != nil {
		r.say(job.Message{Type: job.Preview, Node: s.ID, Table: sample})
	}
	r.say(job.Message{Type: job.Artifact, Node: s.ID, Path: s.kept, Rows: &s.rel.Rows})
	r.finish(s, s.rel.Rows)
	return nil
}

// forget removes the inputs of node i that were kept for it alone.
func (r *run) forget(ctx context.Context, i int) error {
	for _, in := range r.plan.inputs[i] {
		if table := r.steps[in].table; table != "" {
			if _, err := r.db.Exec(context.WithoutCancel(ctx), "DROP TABLE "+sqltext.Ident(table)); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *run) processed(ctx context.Context, i int, n node.Procedural) (err error) {
	s := r.steps[i]
	in := node.Rows{Batches: func(func(batch.Batch, error) bool) {}}
	var input node.Relation
	if inputs := r.inputs(i); len(inputs) > 0 {
		input = inputs[0]
		in = r.db.Read(ctx, input)
	}
	g, err := r.db.gather(ctx, fmt.Sprintf("rows of %d", i), r.artifact(i), func(name string) string {
		if k := slices.IndexFunc(input.Columns, func(c node.Column) bool { return c.Name == name }); k >= 0 {
			return input.Columns[k].Type
		}
		return "VARCHAR"
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, g.close(ctx)) }()
	_, err = guarded(func() (struct{}, error) {
		return struct{}{}, n.Process(ctx, s.env, in, r.enough(i, func(b batch.Batch) error { return g.write(ctx, b) }))
	})
	if err != nil && !errors.Is(err, errEnough) {
		return err
	}
	rel, err := g.relation(input, func(column string) {
		s.env.Log(node.Warning, "column %s became text: its values have types that no other column could keep", column)
	})
	if err != nil {
		return err
	}
	rel = r.sampled(i, rel)
	s.rel, err = g.keep(ctx, r.db, r.artifact(i), rel)
	if err != nil {
		return err
	}
	s.kept, r.traits[i] = r.artifact(i), traits{kept: true}
	return nil
}
