package engine

import (
	"context"
	"fmt"
	"iter"
	"path/filepath"
	"strings"

	"github.com/duckdb/duckdb-go/v2"

	"github.com/broked/broked/internal/node"
	"github.com/broked/broked/internal/sqltext"
)

// wanted yields those inputs of node i that must be kept before it is computed, to be
// counted or for the numbers of their rows, and how many bytes the run may read for
// them to stay in the database.
func (r *run) wanted(i int) iter.Seq2[int, int64] {
	return func(yield func(int, int64) bool) {
		if n, is := r.steps[i].node.(node.Numberer); is && n.Numbers() {
			for _, in := range r.plan.inputs[i] {
				if !r.traits[in].kept && !yield(in, r.job.Limits.Memory/maxHeld) {
					return
				}
			}
		}
		for _, in := range r.plan.untold(i, r.traits) {
			if !yield(in, maxPassed) {
				return
			}
		}
	}
}

const (
	// maxPassed is how many bytes a run may read for rows that are kept only to be
	// counted to stay in the database. Writing a file of them takes longer than computing
	// them, and so little is computed again when the run is resumed.
	maxPassed = 1 << 20
	// maxHeld is which part of its memory a run may read for rows to stay in the database.
	// There they take about twice what they take in a file.
	maxHeld = 8
)

// pass has the rows of node i kept in the database when they are for one other node
// alone, and the run reads no more than so many bytes.
func (r *run) pass(i int, most int64) {
	if s := r.steps[i]; !r.plan.shared(i) && !s.common.Keep && r.reads() <= most {
		s.table = fmt.Sprintf("passed by %d", i)
	}
}

// artifact returns the file that keeps the rows of a node.
func (r *run) artifact(i int) string {
	name := strings.Map(func(c rune) rune {
		if c == '-' || c == '_' || c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' {
			return c
		}
		return '_'
	}, r.steps[i].ID)
	if name != r.steps[i].ID || len(name) > 100 {
		name = fmt.Sprintf("%s.%d", name[:min(len(name), 100)], i)
	}
	if r.job.Claim > 1 {
		name = fmt.Sprintf("%s.c%d", name, r.job.Claim)
	}
	return filepath.Join(r.job.Dir, name+".parquet")
}

// keep computes rel into a table, which spills like everything in the database.
func (db *database) keep(ctx context.Context, table string, rel node.Relation) (node.Relation, error) {
	db.tables = append(db.tables, table)
	stop := db.watch()
	// Its result is the number of rows; as a mere statement it would not tell it.
	count, err := db.Query(ctx, "CREATE OR REPLACE TABLE "+sqltext.Ident(table)+" AS "+rel.SQL, 1)
	stop()
	if err != nil {
		return node.Relation{}, err
	}
	db.profile, _ = duckdb.GetProfilingInfo(db.conn)
	rel = node.Relation{SQL: "SELECT * FROM " + sqltext.Ident(table), Columns: rel.Columns}
	rel.Rows, _ = count.Rows[0][0].(int64)
	rel.Numbered = numbered(rel, "rowid", sqltext.Ident(table))
	return rel, nil
}

// write computes rel into a Parquet file, and returns what reads it.
func (db *database) write(ctx context.Context, path string, rel node.Relation) (node.Relation, error) {
	return db.writeWith(ctx, path, rel, db.Exec)
}

func (*database) writeWith(ctx context.Context, path string, rel node.Relation, exec func(ctx context.Context, statement string) (int64, error)) (node.Relation, error) {
	sql, note, err := carriedHuge(rel)
	if err != nil {
		return node.Relation{}, err
	}
	rows, err := exec(ctx, "COPY ("+sql+") TO "+sqltext.Text(path)+" (FORMAT parquet, COMPRESSION snappy"+note+")")
	if err != nil {
		return node.Relation{}, err
	}
	return written(path, rel.Columns, rows), nil
}

// written returns the rows that are in a file of write's.
func written(path string, columns []node.Column, rows int64) node.Relation {
	from := "read_parquet(" + sqltext.Text(path)
	all := "SELECT *" + recast(columns, func(typ string) string { return typ }) + " FROM " + from
	rel := node.Relation{SQL: all + ")", Columns: columns, Rows: rows}
	rel.Numbered = numbered(rel, "file_row_number", "("+all+", file_row_number = true))")
	return rel
}

// numbered returns what Relation.Numbered is for rows that come from a place that has
// numbers.
func numbered(rel node.Relation, number, from string) func(string) string {
	names := rel.Names()
	for i, name := range names {
		if strings.EqualFold(name, number) {
			return nil // which of the two would be meant?
		}
		names[i] = sqltext.Ident(name)
	}
	return func(column string) string {
		return "SELECT " + strings.Join(names, ", ") + ", " + number + " AS " + sqltext.Ident(column) + " FROM " + from
	}
}
