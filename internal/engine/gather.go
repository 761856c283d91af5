package engine

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	bindings "github.com/duckdb/duckdb-go-bindings"

	"github.com/broked/broked/internal/batch"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/node"
	"github.com/broked/broked/internal/sqltext"
)

// gatherer keeps the rows that a node writes in tables: a new one each time that
// the columns change.
type gatherer struct {
	db       *database
	conn     *sql.Conn // of its own: the other one may be reading
	handle   bindings.Connection
	prefix   string // of the tables' names
	tables   []gathered
	appender bindings.Appender
	chunk    bindings.DataChunk
	rows     int64
	open     bool
}

// gathered is one table.
type gathered struct {
	name    string
	columns []batch.Column // without values
}

func (db *database) gather(ctx context.Context, prefix string) (*gatherer, error) {
	db.spent = true // a connection more, and tables that are not listed
	conn, err := db.pool.Conn(ctx)
	if err != nil {
		return nil, fmt.Errorf("connect to DuckDB: %w", err)
	}
	g := &gatherer{db: db, conn: conn, prefix: prefix}
	var ok bool
	if g.handle, ok = (&database{conn: conn}).handle(); !ok {
		return nil, errors.Join(errors.New("gather: the driver has changed"), conn.Close())
	}
	return g, nil
}

// close removes the tables.
func (g *gatherer) close(ctx context.Context) error {
	err := g.end()
	for _, t := range g.tables {
		_, failed := g.conn.ExecContext(context.WithoutCancel(ctx), "DROP TABLE "+sqltext.Ident(t.name))
		err = errors.Join(err, failed)
	}
	return errors.Join(err, g.conn.Close())
}

// write keeps the rows of b.
func (g *gatherer) write(ctx context.Context, b batch.Batch) error {
	if ctx.Err() != nil {
		return g.db.fault(ctx, ctx.Err())
	}
	if !g.open || !slices.EqualFunc(g.tables[len(g.tables)-1].columns, b.Columns, func(x, y batch.Column) bool {
		return x.Name == y.Name && x.Type == y.Type && x.Kind == y.Kind
	}) {
		if err := g.begin(ctx, b.Columns); err != nil {
			return err
		}
	}
	g.rows += int64(b.Rows)
	if g.appender.Ptr == nil {
		return nil
	}
	most := int(bindings.VectorSize()) //nolint:gosec // 2048
	for from := 0; from < b.Rows; from += most {
		n := min(most, b.Rows-from)
		bindings.DataChunkReset(g.chunk)
		place := bindings.IdxT(0)
		for i := range b.Columns {
			if b.Columns[i].Kind != batch.Input {
				put(bindings.DataChunkGetVector(g.chunk, place), b.Columns[i], from, n)
				place++
			}
		}
		bindings.DataChunkSetSize(g.chunk, bindings.IdxT(n)) //nolint:gosec // at most 2048
		if bindings.AppendDataChunk(g.appender, g.chunk) == bindings.StateError {
			return g.db.streamFault(ctx, bindings.AppenderError(g.appender))
		}
	}
	return nil
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
	t := gathered{name: fmt.Sprintf("%s.%d", g.prefix, len(g.tables)), columns: kept}
	if len(types) == 0 {
		definitions = []string{"nothing BOOLEAN"}
	}
	if _, err := g.conn.ExecContext(ctx, "CREATE TABLE "+sqltext.Ident(t.name)+" ("+strings.Join(definitions, ", ")+")"); err != nil {
		return g.db.fault(ctx, err)
	}
	g.tables, g.open = append(g.tables, t), true
	if len(types) == 0 {
		return nil
	}
	if bindings.AppenderCreate(g.handle, "", t.name, &g.appender) == bindings.StateError {
		return fmt.Errorf("gather rows: %s", bindings.AppenderError(g.appender))
	}
	g.chunk = bindings.CreateDataChunk(types)
	return nil
}

// end closes the table that is being written.
func (g *gatherer) end() error {
	if !g.open {
		return nil
	}
	g.open = false
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

func carrierOf(kind batch.Kind) (string, bindings.Type) {
	switch kind {
	case batch.Int:
		return "BIGINT", bindings.TypeBigInt
	case batch.Float:
		return "DOUBLE", bindings.TypeDouble
	case batch.Bool:
		return "BOOLEAN", bindings.TypeBoolean
	case batch.Text, batch.Input:
	}
	return "VARCHAR", bindings.TypeVarchar
}

// relation returns all rows that were written, in order; in are those that were
// read. Typed tells the type of a
// column of which nobody knows one; note is told which columns became text because
// their types have nothing in common.
func (g *gatherer) relation(in node.Relation, typed func(name string) string, note func(column string)) (node.Relation, error) {
	if err := g.end(); err != nil {
		return node.Relation{}, err
	}
	var columns []node.Column
	at := make(map[string]int)
	for _, t := range g.tables {
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
			columns[i].Type = typed(c.Name)
		}
	}
	if len(columns) == 0 {
		return node.Relation{}, fault.New(fault.Invalid, "the node yields no columns: its rows have no names").With("no_columns")
	}
	if slices.ContainsFunc(g.tables, gathered.borrows) {
		return g.beside(in, columns)
	}
	parts := make([]string, len(g.tables))
	for k, t := range g.tables {
		picks := make([]string, len(columns))
		for i, c := range columns {
			picks[i] = landed(t, c) + " AS " + sqltext.Ident(c.Name)
		}
		parts[k] = "SELECT " + strings.Join(picks, ", ") + " FROM " + sqltext.Ident(t.name)
	}
	return node.Relation{SQL: strings.Join(parts, " UNION ALL "), Columns: columns, Rows: g.rows}, nil
}

// borrows reports whether a table lacks columns that are the input's.
func (t gathered) borrows() bool {
	return slices.ContainsFunc(t.columns, func(c batch.Column) bool { return c.Kind == batch.Input })
}

// beside is relation where some columns are those of the input.
func (g *gatherer) beside(in node.Relation, columns []node.Column) (node.Relation, error) {
	t := g.tables[0]
	if len(g.tables) > 1 || g.rows != in.Rows {
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

// landed returns the expression for a column of the result over one table.
func landed(t gathered, c node.Column) string {
	i := slices.IndexFunc(t.columns, func(o batch.Column) bool { return o.Name == c.Name })
	if i < 0 {
		return "CAST(NULL AS " + c.Type + ")"
	}
	name := sqltext.Ident(c.Name)
	if c.Type == "BLOB" {
		return "unhex(" + name + ")"
	}
	if carrier, _ := carrierOf(t.columns[i].Kind); carrier == c.Type {
		return name
	}
	if nested(c.Type) { // their texts are JSON
		return "CAST(CAST(" + name + " AS JSON) AS " + c.Type + ")"
	}
	return "CAST(" + name + " AS " + c.Type + ")"
}

// common returns the type that holds values of both types, and false with VARCHAR
// when it has to be text.
func common(a, b string) (string, bool) {
	rank := func(t string) int {
		return slices.Index([]string{"BIGINT", "HUGEINT", "DECIMAL", "DOUBLE"}, strings.SplitN(t, "(", 2)[0])
	}
	switch {
	case a == b || b == "":
		return a, true
	case a == "":
		return b, true
	case rank(a) >= 0 && rank(b) >= 0:
		return "DOUBLE", true
	case a == "DATE" && b == "TIMESTAMP" || a == "TIMESTAMP" && b == "DATE":
		return "TIMESTAMP", true
	}
	return "VARCHAR", false
}
