package engine

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	bindings "github.com/duckdb/duckdb-go-bindings"

	"github.com/broked/broked/internal/batch"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/node"
	"github.com/broked/broked/internal/sqltext"
)

// gatherer keeps the rows that a node writes: in a table, a new one each time that the
// columns change, and in a file once there are many of the same columns.
type gatherer struct {
	db       *database                // with a connection of its own: the other one may be reading
	typed    func(name string) string // the type of a column of which nobody knows one
	prefix   string                   // of the tables' names
	path     string                   // of the files, without their numbers
	handle   bindings.Connection
	parts    []gathered
	appender bindings.Appender
	chunk    bindings.DataChunk
	flow     *flow // where the rows of the last part go on
	rows     int64
	open     bool
}

// gather returns what keeps the rows of a node, in files that begin with path if there
// are many.
func (db *database) gather(ctx context.Context, prefix, path string, typed func(name string) string) (*gatherer, error) {
	db.spent = true // a connection more, and tables that are not listed
	conn, err := db.pool.Conn(ctx)
	if err != nil {
		return nil, fmt.Errorf("connect to DuckDB: %w", err)
	}
	g := &gatherer{db: &database{pool: db.pool, conn: conn, translate: db.translate}, prefix: prefix, path: path, typed: typed}
	var ok bool
	if g.handle, ok = g.db.handle(); !ok {
		return nil, errors.Join(errors.New("gather: the driver has changed"), conn.Close())
	}
	return g, nil
}

// close removes the tables and the files.
func (g *gatherer) close(ctx context.Context) error {
	if g.flow != nil {
		g.flow.cancel()
		g.flow = nil
	}
	err := g.end()
	for _, t := range g.parts {
		_, failed := g.db.conn.ExecContext(context.WithoutCancel(ctx), "DROP TABLE "+sqltext.Ident(t.name))
		err = errors.Join(err, failed)
		if t.file != "" {
			if failed := os.Remove(t.file); !errors.Is(failed, fs.ErrNotExist) {
				err = errors.Join(err, failed)
			}
		}
	}
	return errors.Join(err, g.db.conn.Close())
}

// write keeps the rows of b.
func (g *gatherer) write(ctx context.Context, b batch.Batch) error {
	if ctx.Err() != nil {
		return g.db.fault(ctx, ctx.Err())
	}
	if err := g.ready(ctx, b); err != nil {
		return err
	}
	if g.appender.Ptr == nil && g.flow == nil {
		return nil
	}
	carried := slices.DeleteFunc(slices.Clone(b.Columns), func(c batch.Column) bool { return c.Kind == batch.Input })
	most := int(bindings.VectorSize()) //nolint:gosec // 2048
	for from := 0; from < b.Rows; from += most {
		if err := g.add(ctx, carried, from, min(most, b.Rows-from)); err != nil {
			return err
		}
	}
	return nil
}

// ready sees to it that the last part takes the rows of b, and counts them.
func (g *gatherer) ready(ctx context.Context, b batch.Batch) error {
	if !g.open || !g.parts[len(g.parts)-1].takes(b) {
		if err := g.begin(ctx, b.Columns); err != nil {
			return err
		}
	}
	part := &g.parts[len(g.parts)-1]
	if g.flow == nil && g.appender.Ptr != nil && part.large() {
		if err := g.pour(ctx, part); err != nil {
			return err
		}
	}
	g.rows, part.rows, part.size = g.rows+int64(b.Rows), part.rows+int64(b.Rows), part.size+textOf(b)
	return nil
}

// add keeps n rows of columns that are carried.
func (g *gatherer) add(ctx context.Context, columns []batch.Column, from, n int) error {
	if g.flow != nil {
		return g.flow.add(columns, from, n)
	}
	bindings.DataChunkReset(g.chunk)
	for i, c := range columns {
		put(bindings.DataChunkGetVector(g.chunk, bindings.IdxT(i)), c, from, n)
	}
	bindings.DataChunkSetSize(g.chunk, bindings.IdxT(n)) //nolint:gosec // at most 2048
	if bindings.AppendDataChunk(g.appender, g.chunk) == bindings.StateError {
		return g.db.streamFault(ctx, bindings.AppenderError(g.appender))
	}
	return nil
}

// textOf returns how many bytes of text there are in b.
func textOf(b batch.Batch) (size int) {
	for _, c := range b.Columns {
		if c.Kind == batch.Text {
			for _, t := range c.Texts {
				size += len(t)
			}
		}
	}
	return size
}

// pour has the rows of a part go into a file from now on, those of its table first.
func (g *gatherer) pour(ctx context.Context, part *gathered) error {
	if err := g.endTable(); err != nil {
		return err
	}
	part.file = fmt.Sprintf("%s.%d", g.path, len(g.parts))
	columns := make([]node.Column, len(part.columns))
	picks := make([]string, len(columns))
	for i, c := range part.columns {
		if columns[i] = (node.Column{Name: c.Name, Type: c.Type}); c.Type == "" {
			columns[i].Type = g.typed(c.Name)
		}
		picks[i] = landed(*part, columns[i]) + " AS " + sqltext.Ident(c.Name)
	}
	var err error
	g.flow, err = g.db.pour(ctx, part.name, part.file, part.columns, func(function string) node.Relation {
		rows := "SELECT * FROM " + sqltext.Ident(part.name) + " UNION ALL SELECT * FROM " + function
		return node.Relation{SQL: "SELECT " + strings.Join(picks, ", ") + " FROM (" + rows + ")", Columns: columns}
	})
	return err
}

// begin makes a table for rows of columns.
func (g *gatherer) begin(ctx context.Context, columns []batch.Column) error {
	if err := g.end(); err != nil {
		return err
	}
	seen := make(map[string]string)
	definitions := make([]string, 0, len(columns))
	kept := make([]batch.Column, len(columns))
	types := make([]bindings.LogicalType, 0, len(columns))
	for i, c := range columns {
		if strings.TrimSpace(c.Name) == "" || strings.ContainsRune(c.Name, 0) {
			return fault.New(fault.Invalid, "the result has a column without a name").With("bad_result")
		}
		if other, twice := seen[strings.ToLower(c.Name)]; twice {
			return fault.New(fault.Invalid, "the result has two columns %q and %q: names must differ in more than upper and lower case", other, c.Name).With("bad_result")
		}
		seen[strings.ToLower(c.Name)] = c.Name
		kept[i] = batch.Column{Name: c.Name, Type: c.Type, Kind: c.Kind}
		if c.Kind == batch.Input {
			continue
		}
		carrier, logical := carrierOf(c.Kind)
		definitions, types = append(definitions, sqltext.Ident(c.Name)+" "+carrier), append(types, bindings.CreateLogicalType(logical))
		defer bindings.DestroyLogicalType(&types[len(types)-1])
	}
	t := gathered{name: fmt.Sprintf("%s.%d", g.prefix, len(g.parts)), columns: kept}
	if len(types) == 0 {
		definitions = []string{"nothing BOOLEAN"}
	}
	if _, err := g.db.conn.ExecContext(ctx, "CREATE TABLE "+sqltext.Ident(t.name)+" ("+strings.Join(definitions, ", ")+")"); err != nil {
		return g.db.fault(ctx, err)
	}
	g.parts, g.open = append(g.parts, t), true
	if len(types) == 0 {
		return nil
	}
	if bindings.AppenderCreate(g.handle, "", t.name, &g.appender) == bindings.StateError {
		return fmt.Errorf("gather rows: %s", bindings.AppenderError(g.appender))
	}
	g.chunk = bindings.CreateDataChunk(types)
	return nil
}

// end closes the part that is being written.
func (g *gatherer) end() error {
	if !g.open {
		return nil
	}
	g.open = false
	if g.flow == nil {
		return g.endTable()
	}
	err := g.flow.end()
	g.parts[len(g.parts)-1].rel, g.flow = g.flow.rel, nil
	return err
}

func (g *gatherer) endTable() error {
	if g.appender.Ptr == nil {
		return nil
	}
	defer bindings.DestroyDataChunk(&g.chunk)
	defer bindings.AppenderDestroy(&g.appender)
	if bindings.AppenderClose(g.appender) == bindings.StateError {
		return fmt.Errorf("gather rows: %s", bindings.AppenderError(g.appender))
	}
	return nil
}

// relation returns all rows that were written, in order; in are those that were
// read. Note is told which columns became text because their types have nothing in
// common.
func (g *gatherer) relation(in node.Relation, note func(column string)) (node.Relation, error) {
	if err := g.end(); err != nil {
		return node.Relation{}, err
	}
	columns := g.columns(note)
	if len(columns) == 0 {
		return node.Relation{}, fault.New(fault.Invalid, "the node yields no columns: its rows have no names").With("no_columns")
	}
	if slices.ContainsFunc(g.parts, gathered.borrows) {
		return g.beside(in, columns)
	}
	parts := slices.DeleteFunc(slices.Clone(g.parts), func(t gathered) bool { return t.rows == 0 })
	if len(parts) == 0 {
		parts = g.parts
	}
	if len(parts) == 1 && slices.Equal(parts[0].rel.Columns, columns) {
		return parts[0].rel, nil
	}
	selects := make([]string, len(parts))
	for k, t := range parts {
		picks := make([]string, len(columns))
		for i, c := range columns {
			picks[i] = landed(t, c) + " AS " + sqltext.Ident(c.Name)
		}
		selects[k] = "SELECT " + strings.Join(picks, ", ") + " FROM " + t.from()
	}
	return node.Relation{SQL: strings.Join(selects, " UNION ALL "), Columns: columns, Rows: g.rows}, nil
}

// columns returns those of all parts together.
func (g *gatherer) columns(note func(column string)) []node.Column {
	var columns []node.Column
	at := make(map[string]int)
	for _, t := range g.parts {
		for _, c := range t.columns {
			place, there := at[c.Name]
			if !there {
				at[c.Name] = len(columns)
				columns = append(columns, node.Column{Name: c.Name, Type: c.Type})
				continue
			}
			typ, fits := common(columns[place].Type, c.Type)
			if !fits {
				note(c.Name)
			}
			columns[place].Type = typ
		}
	}
	for i, c := range columns {
		if c.Type == "" {
			columns[i].Type = g.typed(c.Name)
		}
	}
	return columns
}

// keep has the rows of rel in the file at path, and returns what reads it. What is in one
// file already only gets another name.
func (g *gatherer) keep(ctx context.Context, db *database, path string, rel node.Relation) (node.Relation, error) {
	for _, t := range g.parts {
		if t.file != "" && t.rel.SQL == rel.SQL {
			if err := os.Rename(t.file, path); err != nil {
				return node.Relation{}, fmt.Errorf("keep rows: %w", err)
			}
			return written(path, rel.Columns, rel.Rows), nil
		}
	}
	return db.write(ctx, path, rel)
}

// beside is relation where some columns are those of the input.
func (g *gatherer) beside(in node.Relation, columns []node.Column) (node.Relation, error) {
	t := g.parts[0]
	if len(g.parts) > 1 || g.rows != in.Rows {
		return node.Relation{}, fault.New(fault.Invalid, "the result has columns of the input, but not its rows").With("bad_result")
	}
	picks := make([]string, len(columns))
	var borrowed []string
	for k, c := range t.columns {
		if c.Kind != batch.Input {
			picks[k] = landed(t, columns[k]) + " AS " + sqltext.Ident(c.Name)
			continue
		}
		if !slices.ContainsFunc(in.Columns, func(o node.Column) bool { return o.Name == c.Name }) {
			return node.Relation{}, fault.New(fault.Invalid, "the input has no column %q that could go on as it is", c.Name).With("bad_result")
		}
		picks[k] = sqltext.Ident(c.Name)
		borrowed = append(borrowed, "CAST("+picks[k]+" AS "+c.Type+") AS "+picks[k])
	}
	from := "(SELECT " + strings.Join(borrowed, ", ") + " FROM (" + in.SQL + "))"
	if len(borrowed) < len(columns) {
		from += " POSITIONAL JOIN " + sqltext.Ident(t.name)
	}
	return node.Relation{SQL: "SELECT " + strings.Join(picks, ", ") + " FROM " + from, Columns: columns, Rows: g.rows}, nil
}
