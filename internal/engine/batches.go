package engine

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unsafe"

	bindings "github.com/duckdb/duckdb-go-bindings"

	"github.com/broked/broked/internal/batch"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/job"
	"github.com/broked/broked/internal/node"
	"github.com/broked/broked/internal/sqltext"
)

// A batch for a node has at least so many rows, or so many bytes of text, if there
// are more.
const (
	batchRows  = 10_000
	batchBytes = 8 << 20
)

// read returns the rows of rel in batches. The database does one thing at a time:
// until the last batch was read or the reading was ended, nothing else may be asked
// of db itself.
func (db *database) read(ctx context.Context, rel node.Relation) node.Rows {
	rows := node.Rows{Columns: make([]batch.Column, len(rel.Columns))}
	picks := make([]string, len(rel.Columns))
	for i, c := range rel.Columns {
		kind := batch.KindOf(c.Type)
		rows.Columns[i] = batch.Column{Name: c.Name, Type: c.Type, Kind: kind}
		picks[i] = carried(c, kind) + " AS " + sqltext.Ident(c.Name)
	}
	query := "SELECT " + strings.Join(picks, ", ") + " FROM (" + rel.SQL + ")"
	rows.Batches = func(yield func(batch.Batch, error) bool) {
		if len(picks) == 0 {
			return
		}
		if err := db.stream(ctx, query, rows.Columns, func(b batch.Batch) bool { return yield(b, nil) }); err != nil {
			yield(batch.Batch{}, err)
		}
	}
	return rows
}

// carried returns the expression for a column in the way in which it is carried.
func carried(c node.Column, kind batch.Kind) string {
	name := sqltext.Ident(c.Name)
	switch {
	case kind == batch.Int:
		return "CAST(" + name + " AS BIGINT)"
	case kind == batch.Float:
		return "CAST(" + name + " AS DOUBLE)"
	case kind == batch.Bool:
		return name
	case c.Type == "BLOB":
		return "hex(" + name + ")"
	case nested(c.Type):
		return "CAST(to_json(" + name + ") AS VARCHAR)"
	}
	return "CAST(" + name + " AS VARCHAR)"
}

func nested(typ string) bool {
	return strings.HasSuffix(typ, "]") || strings.HasPrefix(typ, "STRUCT") || strings.HasPrefix(typ, "MAP") || strings.HasPrefix(typ, "UNION")
}

// stream reads the result of a query until there is no more or yield is false.
func (db *database) stream(ctx context.Context, query string, columns []batch.Column, yield func(batch.Batch) bool) error {
	handle, ok := db.handle()
	if !ok {
		return errors.New("stream: the driver has changed")
	}
	var statement bindings.PreparedStatement
	defer bindings.DestroyPrepare(&statement)
	if bindings.Prepare(handle, query, &statement) == bindings.StateError {
		return db.streamFault(ctx, bindings.PrepareError(statement))
	}
	var result bindings.Result
	defer bindings.DestroyResult(&result)
	if bindings.ExecutePreparedStreaming(statement, &result) == bindings.StateError { //nolint:staticcheck // the other way holds all rows in memory
		return db.streamFault(ctx, bindings.ResultError(&result))
	}
	b, size := emptied(batch.Batch{Columns: slices.Clone(columns)}), 0
	for {
		if ctx.Err() != nil {
			return db.fault(ctx, ctx.Err())
		}
		chunk := bindings.FetchChunk(result)
		if chunk.Ptr == nil {
			if words := bindings.ResultError(&result); words != "" {
				return db.streamFault(ctx, words)
			}
			break
		}
		size += take(&b, chunk)
		bindings.DestroyDataChunk(&chunk)
		if b.Rows >= batchRows || size >= batchBytes {
			if !yield(b) {
				return nil
			}
			b, size = emptied(b), 0
		}
	}
	if b.Rows > 0 {
		yield(b)
	}
	return nil
}

// streamFault is fault for words that come without a type.
func (db *database) streamFault(ctx context.Context, words string) error {
	first, rest, _ := strings.Cut(words, ": ")
	if rest == "" {
		rest = first
	}
	rest, _, _ = strings.Cut(rest, "\n")
	if _, ours, is := strings.Cut(rest, node.ForPeople); is {
		return fault.New(fault.Invalid, "%s", ours).With("bad_value")
	}
	if ctx.Err() != nil {
		return db.fault(ctx, ctx.Err())
	}
	return fault.New(fault.Invalid, "the data could not be processed: %s", lower(rest)).With("query_failed")
}

// emptied returns b without rows, keeping its memory.
func emptied(b batch.Batch) batch.Batch {
	b.Rows = 0
	for i := range b.Columns {
		c := &b.Columns[i]
		c.Valid, c.Ints, c.Floats, c.Bools, c.Texts = nil, c.Ints[:0], c.Floats[:0], c.Bools[:0], c.Texts[:0]
	}
	return b
}

// text is how DuckDB keeps a text: up to 12 bytes in place, else behind a pointer.
type text struct {
	length uint32
	short  [12]byte
}

const inPlace = 12

func (t *text) bytes() []byte {
	if t.length <= inPlace {
		return t.short[:t.length]
	}
	return unsafe.Slice(*(**byte)(unsafe.Pointer(&t.short[4])), t.length)
}

// take appends the rows of a chunk to b, whose columns say how they are carried,
// and returns how many bytes of text there were.
func take(b *batch.Batch, chunk bindings.DataChunk) (size int) {
	n := int(bindings.DataChunkGetSize(chunk)) //nolint:gosec // at most some thousand
	for i := range b.Columns {
		c := &b.Columns[i]
		vector := bindings.DataChunkGetVector(chunk, bindings.IdxT(i))
		data, mask := bindings.VectorGetData(vector), (*uint64)(bindings.VectorGetValidity(vector))
		if mask != nil || c.Valid != nil {
			for len(c.Valid) < b.Rows {
				c.Valid = append(c.Valid, true)
			}
			for row := range n {
				c.Valid = append(c.Valid, isValid(mask, row))
			}
		}
		switch c.Kind {
		case batch.Int:
			c.Ints = append(c.Ints, unsafe.Slice((*int64)(data), n)...)
		case batch.Float:
			c.Floats = append(c.Floats, unsafe.Slice((*float64)(data), n)...)
		case batch.Bool:
			for _, v := range unsafe.Slice((*byte)(data), n) {
				c.Bools = append(c.Bools, v != 0)
			}
		case batch.Text:
			size += takeTexts(c, unsafe.Slice((*text)(data), n), mask)
		}
	}
	b.Rows += n
	return size
}

// takeTexts copies the texts of a vector, all into one piece of memory.
func takeTexts(c *batch.Column, texts []text, mask *uint64) int {
	size := 0
	for row := range texts {
		if isValid(mask, row) {
			size += int(texts[row].length)
		}
	}
	all := make([]byte, 0, size)
	for row := range texts {
		if isValid(mask, row) {
			all = append(all, texts[row].bytes()...)
		}
	}
	joined, at := unsafe.String(unsafe.SliceData(all), len(all)), 0
	for row := range texts {
		length := 0
		if isValid(mask, row) {
			length = int(texts[row].length)
		}
		c.Texts = append(c.Texts, joined[at:at+length])
		at += length
	}
	return size
}

func isValid(mask *uint64, row int) bool {
	return mask == nil || unsafe.Slice(mask, row/64+1)[row/64]>>(row%64)&1 == 1
}

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
	if len(b.Columns) == 0 {
		return nil
	}
	most := int(bindings.VectorSize()) //nolint:gosec // 2048
	for from := 0; from < b.Rows; from += most {
		n := min(most, b.Rows-from)
		bindings.DataChunkReset(g.chunk)
		for i := range b.Columns {
			put(bindings.DataChunkGetVector(g.chunk, bindings.IdxT(i)), b.Columns[i], from, n)
		}
		bindings.DataChunkSetSize(g.chunk, bindings.IdxT(n))
		if bindings.AppendDataChunk(g.appender, g.chunk) == bindings.StateError {
			return g.db.streamFault(ctx, bindings.AppenderError(g.appender))
		}
	}
	g.rows += int64(b.Rows)
	return nil
}

// begin makes a table for rows of columns.
func (g *gatherer) begin(ctx context.Context, columns []batch.Column) error {
	if err := g.end(); err != nil {
		return err
	}
	seen := make(map[string]string)
	definitions := make([]string, len(columns))
	kept := make([]batch.Column, len(columns))
	types := make([]bindings.LogicalType, len(columns))
	for i, c := range columns {
		if strings.TrimSpace(c.Name) == "" || strings.ContainsRune(c.Name, 0) {
			return fault.New(fault.Invalid, "the result has a column without a name").With("bad_result")
		}
		if other, twice := seen[strings.ToLower(c.Name)]; twice {
			return fault.New(fault.Invalid, "the result has two columns %q and %q: names must differ in more than upper and lower case", other, c.Name).With("bad_result")
		}
		seen[strings.ToLower(c.Name)] = c.Name
		kept[i] = batch.Column{Name: c.Name, Type: c.Type, Kind: c.Kind}
		carrier, logical := carrierOf(c.Kind)
		definitions[i] = sqltext.Ident(c.Name) + " " + carrier
		types[i] = bindings.CreateLogicalType(logical)
		defer bindings.DestroyLogicalType(&types[i])
	}
	t := gathered{name: fmt.Sprintf("%s.%d", g.prefix, len(g.tables)), columns: kept}
	if len(columns) == 0 {
		definitions = []string{"nothing BOOLEAN"}
	}
	if _, err := g.conn.ExecContext(ctx, "CREATE TABLE "+sqltext.Ident(t.name)+" ("+strings.Join(definitions, ", ")+")"); err != nil {
		return g.db.fault(ctx, err)
	}
	g.tables, g.open = append(g.tables, t), true
	if len(columns) == 0 {
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
	case batch.Text:
	}
	return "VARCHAR", bindings.TypeVarchar
}

// put writes n values of a column, beginning with row from, into a vector.
func put(vector bindings.Vector, c batch.Column, from, n int) {
	data := bindings.VectorGetData(vector)
	if c.Valid != nil {
		bindings.VectorEnsureValidityWritable(vector)
		mask := unsafe.Slice((*uint64)(bindings.VectorGetValidity(vector)), (n+63)/64)
		for row := range n {
			if !c.Valid[from+row] {
				mask[row/64] &^= 1 << (row % 64)
			}
		}
	}
	switch c.Kind {
	case batch.Int:
		copy(unsafe.Slice((*int64)(data), n), c.Ints[from:])
	case batch.Float:
		copy(unsafe.Slice((*float64)(data), n), c.Floats[from:])
	case batch.Bool:
		copy(unsafe.Slice((*bool)(data), n), c.Bools[from:])
	case batch.Text:
		texts := unsafe.Slice((*text)(data), n)
		for row := range n {
			v := c.Texts[from+row]
			if len(v) > inPlace {
				bindings.VectorAssignStringElement(vector, bindings.IdxT(row), v)
				continue
			}
			texts[row] = text{length: uint32(len(v))} //nolint:gosec // at most 12
			copy(texts[row].short[:], v)
		}
	}
}

// relation returns all rows that were written, in order. Typed tells the type of a
// column of which nobody knows one; note is told which columns became text because
// their types have nothing in common.
func (g *gatherer) relation(typed func(name string) string, note func(column string)) (node.Relation, error) {
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

// process has a node compute its rows from those of its input, and keeps them.
func (r *run) process(ctx context.Context, i int, n node.Procedural) error {
	s := r.steps[i]
	for _, in := range r.plan.inputs[i] {
		if !r.traits[in].kept {
			if err := r.execute(ctx, in); err != nil {
				return err
			}
		}
	}
	r.begin(s)
	if err := r.processed(ctx, i, n); err != nil {
		return r.failed(s, err)
	}
	if sample := r.look(ctx, i, s.rel); sample != nil {
		r.say(job.Message{Type: job.Preview, Node: s.ID, Table: sample})
	}
	r.say(job.Message{Type: job.Artifact, Node: s.ID, Path: s.kept, Rows: &s.rel.Rows})
	r.finish(s, s.rel.Rows)
	return nil
}

func (r *run) processed(ctx context.Context, i int, n node.Procedural) (err error) {
	s := r.steps[i]
	in := node.Rows{Batches: func(func(batch.Batch, error) bool) {}}
	var input []node.Column
	if inputs := r.inputs(i); len(inputs) > 0 {
		in, input = r.db.read(ctx, inputs[0]), inputs[0].Columns
	}
	g, err := r.db.gather(ctx, fmt.Sprintf("rows of %d", i))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, g.close(ctx)) }()
	_, err = guarded(func() (struct{}, error) {
		return struct{}{}, n.Process(ctx, s.env, in, func(b batch.Batch) error { return g.write(ctx, b) })
	})
	if err != nil {
		return err
	}
	rel, err := g.relation(func(name string) string {
		if k := slices.IndexFunc(input, func(c node.Column) bool { return c.Name == name }); k >= 0 {
			return input[k].Type
		}
		return "VARCHAR"
	}, func(column string) {
		s.env.Log(node.Warning, "column %s became text: its values have types that no other column could keep", column)
	})
	if err != nil {
		return err
	}
	path := sqltext.Text(r.artifact(i))
	rel.Rows, err = r.db.Exec(ctx, "COPY ("+rel.SQL+") TO "+path+" (FORMAT parquet, COMPRESSION snappy)")
	if err != nil {
		return err
	}
	s.kept, r.traits[i] = r.artifact(i), traits{kept: true}
	s.rel = node.Relation{SQL: "SELECT * FROM read_parquet(" + path + ")", Columns: rel.Columns, Rows: rel.Rows}
	return nil
}
