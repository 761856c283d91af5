package engine

import (
	"context"
	"path/filepath"
	"slices"
	"strings"

	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/job"
	"github.com/broked/broked/internal/node"
	"github.com/broked/broked/internal/sqltext"
)

// needed returns the edges over which rows have to come: those into nodes that are
// computed.
func (r *run) needed() []job.Edge {
	restored := make(map[string]bool)
	for _, s := range r.job.Nodes {
		restored[s.ID] = s.Given()
	}
	return slices.DeleteFunc(slices.Clone(r.job.Edges), func(e job.Edge) bool { return restored[e.To] })
}

// restore has a node yield the rows that another run has left of it.
func (r *run) restore(ctx context.Context, i int) error {
	s := r.steps[i]
	r.traits[i] = traits{kept: true}
	s.rel, s.kept = node.Relation{Columns: []node.Column{}, Rows: s.Restored.Rows}, s.Restored.Path
	if s.kept == "" {
		if r.plan.consumers[i] > 0 {
			return r.failed(s, fault.New(fault.Invalid, "the rows of this node are needed, and the run before has not kept them: run the pipeline anew").With("artifact_missing"))
		}
		r.finishRestored(s)
		return nil
	}
	columns, err := r.db.columnsIn(ctx, s.kept)
	if err != nil {
		return r.failed(s, lost(err))
	}
	s.rel = written(s.kept, columns, s.Restored.Rows)
	table, err := r.db.Query(ctx, "SELECT count(*) FROM read_parquet("+sqltext.Text(s.kept)+")", 1)
	if err != nil {
		return r.failed(s, lost(err))
	}
	if n, _ := table.Rows[0][0].(int64); n != s.Restored.Rows {
		return r.failed(s, fault.New(fault.Invalid, "the file with the rows of this node has %d of %d: run the pipeline anew", n, s.Restored.Rows).With("artifact_missing"))
	}
	if err := r.join(ctx, i); err != nil {
		return r.failed(s, err)
	}
	if sample := r.look(ctx, i, s.rel); sample != nil {
		r.say(job.Message{Type: job.Preview, Node: s.ID, Table: sample})
	}
	r.say(job.Message{Type: job.Artifact, Node: s.ID, Path: s.kept, Rows: &s.rel.Rows})
	r.finishRestored(s)
	return nil
}

// join gives the restored rows of a node the columns that are beside them.
func (r *run) join(ctx context.Context, i int) error {
	s := r.steps[i]
	if s.Restored.Beside == "" {
		return nil
	}
	types := make([]string, 0, len(node.CallColumns()))
	for _, c := range node.CallColumns() {
		types = append(types, sqltext.Text(c.Name)+": "+sqltext.Text(c.Type))
	}
	sql := s.rel.SQL + " POSITIONAL JOIN read_json(" + sqltext.Text(s.Restored.Beside) + ", format = 'newline_delimited', columns = {" + strings.Join(types, ", ") + "})"
	own := r.artifact(i)
	s.kept = filepath.Join(filepath.Dir(own), job.Joined+filepath.Base(own))
	n, err := r.db.Exec(ctx, "COPY ("+sql+") TO "+sqltext.Text(s.kept)+" (FORMAT parquet, COMPRESSION snappy)")
	if err != nil {
		return lost(err)
	}
	if n != s.Restored.Rows {
		return fault.New(fault.Invalid, "%d runs were planned for the %d rows of this node: run the pipeline anew", n, s.Restored.Rows).With("artifact_missing")
	}
	s.rel.SQL, s.rel.Columns = "SELECT * FROM read_parquet("+sqltext.Text(s.kept)+")", append(s.rel.Columns, node.CallColumns()...)
	return nil
}

// lost says that a file of rows cannot be read.
func lost(err error) error {
	return fault.Wrap(fault.Invalid, err, "the rows that the run before has kept of this node cannot be read: run the pipeline anew").With("artifact_missing")
}

func (r *run) finishRestored(s *state) {
	s.ended = true
	r.say(job.Message{Type: job.NodeFinished, Node: s.ID, Status: job.Success, Rows: &s.rel.Rows, Restored: true})
}
