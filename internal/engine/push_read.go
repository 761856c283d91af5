package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/broked/broked/internal/batch"
	"github.com/broked/broked/internal/databases"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/job"
	"github.com/broked/broked/internal/node"
	"github.com/broked/broked/internal/pushdown"
	"github.com/broked/broked/internal/sqltext"
)

// computeThere reads the rows of the last member of a chain, with what is to be told of
// the others. It reports false when the database might compute something else than the
// engine; nothing was told then.
func (r *run) computeThere(ctx context.Context, c chain) (bool, error) {
	last := len(c.members) - 1
	counts, sound, err := r.survey(ctx, c)
	if err != nil {
		return false, err
	}
	if !sound {
		r.steps[c.source].env.Log(node.Info, "the nodes behind this one are not computed in the database: it has values there that it does not treat as this run would, or rows that the order leaves open")
		return false, nil
	}
	previews, err := r.previewsThere(ctx, c, len(c.members))
	if err != nil {
		return false, err
	}
	statement := c.last().Statement()
	to := c.members[last]
	kept, err := r.fetched(ctx, c, statement, c.rels[last].Columns, func(rel node.Relation) error {
		var err error
		r.steps[to].rel, err = r.db.write(ctx, r.artifact(to), rel)
		return err
	})
	if err != nil {
		return false, err
	}
	r.tellThere(ctx, c, append(counts, kept), previews)
	return true, nil
}

// survey returns the numbers of rows of the source and of all members but the last, and
// whether the rows of that may be read.
func (*run) survey(ctx context.Context, c chain) ([]int64, bool, error) {
	survey := c.last().Survey(c.tables[:max(len(c.tables)-1, 0)])
	values := make(map[string]int64)
	err := c.hosted.Read(ctx, survey.Query, func(b batch.Batch) error {
		for _, col := range b.Columns {
			if b.Rows == 1 && col.Kind == batch.Int && (col.Valid == nil || col.Valid[0]) {
				values[col.Name] = col.Ints[0]
			}
		}
		return nil
	})
	if _, counted := values["n"]; err == nil && !counted {
		err = errors.New("push down: the rows were not counted")
	}
	counts, sound := survey.Read(values)
	return counts, sound, err
}

// previewsThere returns the first rows of so many nodes, of which the source is the first.
func (r *run) previewsThere(ctx context.Context, c chain, upTo int) ([]*job.Sample, error) {
	most := r.job.Limits.PreviewRows + 1
	previews := make([]*job.Sample, upTo)
	for k := range previews {
		table, rel := c.hosted.Source, node.Relation{}
		if k > 0 {
			table, rel = c.tables[k-1], c.rels[k-1]
		}
		_, err := r.fetched(ctx, c, table.Head(most), c.planned(table, rel), func(rel node.Relation) error {
			var err error
			previews[k], err = r.db.preview(ctx, rel, r.job.Limits)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return previews, nil
}

// planned returns the columns of an earlier table as the engine has planned them, without
// a type where that is up to the values.
func (c chain) planned(earlier pushdown.Table, rel node.Relation) []node.Column {
	columns := slices.Clone(rel.Columns)
	typed := c.last().Typed(earlier)
	for i, of := range earlier.Columns() {
		if i == len(columns) {
			columns = append(columns, node.Column{Name: of.Name, Type: of.Type})
		}
		if !typed[i] {
			columns[i].Type = ""
		}
	}
	return columns
}

// fetched calls do with the rows of a query of the database, which have the columns that
// were planned, and returns their number.
func (r *run) fetched(ctx context.Context, c chain, q databases.Query, planned []node.Column, do func(node.Relation) error) (rows int64, err error) {
	g, err := r.db.gather(ctx, fmt.Sprintf("rows from there of %d", c.source), r.artifact(c.source), func(string) string { return "VARCHAR" })
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, g.close(ctx)) }()
	if err := c.hosted.Read(ctx, q, func(b batch.Batch) error { return g.write(ctx, b) }); err != nil {
		return 0, err
	}
	rel, err := g.relation(node.Relation{}, func(string) {})
	if err != nil {
		return 0, err
	}
	if len(planned) > 0 {
		if rel, err = as(rel, planned); err != nil {
			return 0, err
		}
	}
	return g.rows, do(rel)
}

// as returns rows with the columns that were planned for them, in place of those in
// which a database has them.
func as(rel node.Relation, planned []node.Column) (node.Relation, error) {
	if len(rel.Columns) != len(planned) {
		return rel, fault.New(fault.Internal, "push down: %d columns came for %d", len(rel.Columns), len(planned))
	}
	picks := make([]string, len(planned))
	for i, c := range planned {
		if c.Type == "" {
			planned[i].Type = rel.Columns[i].Type
			c = planned[i]
		}
		picks[i] = "CAST(" + sqltext.Ident(rel.Columns[i].Name) + " AS " + c.Type + ") AS " + sqltext.Ident(c.Name)
	}
	rel.SQL, rel.Columns = "SELECT "+strings.Join(picks, ", ")+" FROM ("+rel.SQL+")", planned
	return rel, nil
}

// mostTold is how many bytes of a statement are told.
const mostTold = 16 << 10

// tellThere says of a chain what is said of nodes that the engine has computed.
func (r *run) tellThere(ctx context.Context, c chain, counts []int64, previews []*job.Sample) {
	all := append([]int{c.source}, c.members...)
	last := r.steps[c.members[len(c.members)-1]]
	last.kept, r.traits[r.index(last)] = r.artifact(r.index(last)), traits{kept: true}
	previews = append(previews, r.look(ctx, r.index(last), last.rel))
	r.tellAll(all, c.last().Statement().Text, counts, previews)
}

// tellAll says of nodes that a statement of a database has computed them.
func (r *run) tellAll(all []int, text string, counts []int64, previews []*job.Sample) {
	if len(text) > mostTold {
		text = strings.ToValidUTF8(text[:mostTold], "") + " …"
	}
	r.steps[all[0]].env.Log(node.Info, "ran in the database, with the nodes up to %q, as one statement: %s", r.steps[all[len(all)-1]].ID, text)
	for k, m := range all {
		s := r.steps[m]
		r.begin(s)
		if previews[k] != nil {
			r.say(job.Message{Type: job.Preview, Node: s.ID, Table: previews[k]})
		}
		if s.kept != "" {
			r.say(job.Message{Type: job.Artifact, Node: s.ID, Path: s.kept, Rows: &counts[k]})
		}
		s.ended, s.pushed = true, true
		r.say(job.Message{Type: job.NodeFinished, Node: s.ID, Status: job.Success, Rows: &counts[k], Millis: millis(s), Pushed: text})
	}
}
