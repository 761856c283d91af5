package engine

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/broked/broked/internal/batch"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/node"
	"github.com/broked/broked/internal/sqltext"
)

// given returns what takes the place of a node: the rows that somebody has pinned
// to it and, in a trial, what does nothing in place of what acts on the world.
func (r *run) given(s *state) {
	switch {
	case s.Pinned != nil:
		s.node = pinned{path: s.Pinned.Path, columns: s.Pinned.Columns}
	case r.job.Trial == nil:
	case !s.spec.HasOutput():
		s.node = dry{}
	case s.spec.Effects:
		r.idles(s)
	}
}

// idles replaces a node that acts on the world by what it has for trials.
func (*run) idles(s *state) {
	if n, is := s.node.(node.Rehearser); is {
		s.node = rehearsal{n}
		return
	}
	s.node = idle{}
}

// rehearsal is a node that acts on the world, without acting, and knows what to show.
type rehearsal struct{ node.Rehearser }

// Select implements node.Relational.
func (r rehearsal) Select(ctx context.Context, env node.Env, in []node.Relation) (node.Relation, error) {
	return r.Rehearse(ctx, env, in)
}

// pinned is a node whose rows were given: one JSON object a line.
type pinned struct {
	path    string
	columns []node.Column
}

// Select implements node.Relational.
func (p pinned) Select(ctx context.Context, env node.Env, _ []node.Relation) (node.Relation, error) {
	if len(p.columns) == 0 {
		return node.Relation{}, fault.New(fault.Invalid, "the rows that are pinned to this node have no columns").With("no_columns")
	}
	types := make([]string, len(p.columns))
	for i, c := range p.columns {
		types[i] = sqltext.Text(c.Name) + ": " + sqltext.Text(carrier(c.Type))
	}
	sql := "SELECT * FROM read_json(" + sqltext.Text(p.path) + ", format = 'newline_delimited', columns = {" + strings.Join(types, ", ") + "})"
	picks := make([]string, len(p.columns))
	for i, c := range p.columns {
		picks[i] = sqltext.Ident(c.Name)
		if c.Type != "" && carrier(c.Type) != c.Type {
			picks[i] = "CAST(" + picks[i] + " AS " + c.Type + ") AS " + picks[i]
		}
	}
	sql = "SELECT " + strings.Join(picks, ", ") + " FROM (" + sql + ")"
	columns, err := env.DB.Describe(ctx, sql)
	if err != nil {
		return node.Relation{}, fault.Wrap(fault.Invalid, err, "the rows that are pinned to this node cannot be read: %s", fault.MessageOf(err)).With("bad_pin")
	}
	return node.Relation{SQL: sql, Columns: columns, Rows: -1}, nil
}

// carrier returns the type as which a value is read from JSON: as text, where JSON
// has no form of its own for it.
func carrier(typ string) string {
	if batch.KindOf(typ) != batch.Text {
		return typ
	}
	if nested(typ) {
		return typ
	}
	return "VARCHAR"
}

// dry is a sink that takes all rows and puts them nowhere.
type dry struct{}

// Write implements node.Sink.
func (dry) Write(ctx context.Context, env node.Env, in node.Relation) (int64, node.Relation, error) {
	table, err := env.DB.Query(ctx, "SELECT count(*) FROM ("+in.SQL+")", 1)
	if err != nil {
		return 0, node.Relation{}, err
	}
	n, _ := table.Rows[0][0].(int64)
	env.Log(node.Info, "a trial: %d rows would be written", n)
	return n, node.Relation{}, nil
}

// idle is a node that acts on the world, without acting: it hands its rows on.
type idle struct{}

// Select implements node.Relational.
func (idle) Select(_ context.Context, env node.Env, in []node.Relation) (node.Relation, error) {
	env.Log(node.Info, "a trial: this node would act here, and does nothing")
	if len(in) > 0 {
		rel := in[0]
		rel.SameRows = true
		return rel, nil
	}
	return node.Nothing(), nil
}

// sampled returns so much of what source i yields as a trial wants.
func (r *run) sampled(i int, rel node.Relation) node.Relation {
	if r.asked(i) {
		return bounded(rel, *r.job.Query)
	}
	t := r.job.Trial
	if t == nil || len(r.plan.inputs[i]) > 0 || r.steps[i].Pinned != nil {
		return rel
	}
	sql := "SELECT * FROM (" + rel.SQL + ")"
	if t.Share > 0 {
		sql += fmt.Sprintf(" USING SAMPLE %g PERCENT (bernoulli, 1)", t.Share*100)
	}
	if t.Rows > 0 {
		sql = "SELECT * FROM (" + sql + fmt.Sprintf(") LIMIT %d", t.Rows)
	}
	return node.Relation{Name: rel.Name, SQL: sql, Columns: rel.Columns, Rows: -1, Heavy: rel.Heavy}
}

// errEnough ends the work of a source that has given as many rows as a trial wants.
var errEnough = errors.New("a trial has rows enough")

// enough wraps the writing of node i so that it ends when there are rows enough.
func (r *run) enough(i int, write func(batch.Batch) error) func(batch.Batch) error {
	t := r.job.Trial
	if t == nil || t.Rows == 0 || len(r.plan.inputs[i]) > 0 {
		return write
	}
	var rows int64
	return func(b batch.Batch) error {
		if err := write(b); err != nil {
			return err
		}
		if rows += int64(b.Rows); rows >= t.Rows {
			return errEnough
		}
		return nil
	}
}
