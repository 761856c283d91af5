package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"time"

	bindings "github.com/duckdb/duckdb-go-bindings"
	"github.com/duckdb/duckdb-go/v2"

	"github.com/broked/broked/internal/batch"
	"github.com/broked/broked/internal/node"
	"github.com/broked/broked/internal/sqltext"
)

// flow writes rows into a file while they come, so that only those are in memory that
// DuckDB collects for the next part of the file. To DuckDB it is a table function.
type flow struct {
	infos []duckdb.ColumnInfo
	types []bindings.LogicalType
	ctx   context.Context //nolint:containedctx // FillChunk is called by DuckDB, which knows of none
	stop  context.CancelFunc

	chunks chan bindings.DataChunk
	ended  chan struct{}
	rel    node.Relation // the rows in the file, once ended
	err    error         // or why there is no file
}

// flowAhead is how many chunks wait for DuckDB at most.
const flowAhead = 16

var errFlow = errors.New("the rows end here")

// pour has DuckDB write what relation makes of a function's rows into a file, on a
// connection of its own.
func (db *database) pour(ctx context.Context, name, path string, columns []batch.Column, relation func(function string) node.Relation) (*flow, error) {
	f := &flow{chunks: make(chan bindings.DataChunk, flowAhead), ended: make(chan struct{})}
	for _, c := range columns {
		_, carrier := carrierOf(c.Kind)
		info, err := duckdb.NewTypeInfo(carrier)
		if err != nil {
			return nil, fmt.Errorf("gather rows: %w", err)
		}
		f.infos = append(f.infos, duckdb.ColumnInfo{Name: c.Name, T: info})
		f.types = append(f.types, bindings.CreateLogicalType(carrier))
	}
	err := duckdb.RegisterTableUDF(db.conn, name, duckdb.ChunkTableFunction{
		BindArguments: func(map[string]any, ...any) (duckdb.ChunkTableSource, error) { return f, nil },
	})
	if err != nil {
		return nil, fmt.Errorf("gather rows: %w", err)
	}
	f.ctx, f.stop = context.WithCancel(ctx)
	go func() {
		defer close(f.ended)
		defer f.stop()
		f.rel, f.err = db.writeWith(f.ctx, path, relation(sqltext.Ident(name)+"()"), db.wait)
	}()
	return f, nil
}

// add hands over some rows of b, of the columns that the flow has.
func (f *flow) add(columns []batch.Column, from, n int) error {
	chunk := bindings.CreateDataChunk(f.types)
	for i, c := range columns {
		put(bindings.DataChunkGetVector(chunk, bindings.IdxT(i)), c, from, n)
	}
	bindings.DataChunkSetSize(chunk, bindings.IdxT(n)) //nolint:gosec // at most 2048
	select {
	case f.chunks <- chunk:
		return nil
	case <-f.ended:
		bindings.DestroyDataChunk(&chunk)
		return cmp.Or(f.err, errFlow) // it has not been told that this was all
	}
}

// end waits until all rows are in the file.
func (f *flow) end() error {
	close(f.chunks)
	<-f.ended
	f.free()
	return f.err
}

// cancel leaves the file unfinished, unless it has ended.
func (f *flow) cancel() {
	f.stop()
	<-f.ended
	f.free()
}

func (f *flow) free() {
	for {
		select {
		case chunk, more := <-f.chunks:
			if more {
				bindings.DestroyDataChunk(&chunk)
				continue
			}
		default:
		}
		break
	}
	for i := range f.types {
		bindings.DestroyLogicalType(&f.types[i])
	}
	f.types = nil
}

// ColumnInfos implements duckdb.ChunkTableSource.
func (f *flow) ColumnInfos() []duckdb.ColumnInfo { return f.infos }

// Cardinality implements duckdb.ChunkTableSource: nobody knows.
func (*flow) Cardinality() *duckdb.CardinalityInfo { return nil }

// Init implements duckdb.ChunkTableSource.
func (*flow) Init() {}

// FillChunk implements duckdb.ChunkTableSource: the next chunk takes the place of into,
// without being copied.
func (f *flow) FillChunk(into duckdb.DataChunk) error {
	var chunk bindings.DataChunk
	select {
	case next, more := <-f.chunks:
		if !more {
			return into.SetSize(0)
		}
		chunk = next
	case <-f.ctx.Done():
		return errFlow
	}
	defer bindings.DestroyDataChunk(&chunk)
	handle, wanted, ok := insideOf(&into)
	if !ok {
		return errors.New("gather rows: the driver has changed")
	}
	for i, place := range wanted {
		if place >= 0 {
			bindings.VectorReferenceVector(bindings.DataChunkGetVector(handle, bindings.IdxT(place)), bindings.DataChunkGetVector(chunk, bindings.IdxT(i)))
		}
	}
	return into.SetSize(int(bindings.DataChunkGetSize(chunk))) //nolint:gosec // at most 2048
}

// insideOf returns DuckDB's own chunk, and at which place of it every column is wanted,
// -1 for none. The driver keeps both to itself, and offers to set one value at a time.
func insideOf(c *duckdb.DataChunk) (handle bindings.DataChunk, wanted []int, ok bool) {
	v := reflect.ValueOf(c).Elem()
	chunk, projection := v.FieldByName("chunk"), v.FieldByName("projection")
	if !chunk.IsValid() || !projection.IsValid() {
		return handle, nil, false
	}
	handle.Ptr = chunk.FieldByName("Ptr").UnsafePointer()
	wanted = make([]int, projection.Len())
	for i := range wanted {
		wanted[i] = int(projection.Index(i).Int())
	}
	return handle, wanted, true
}

// pause is how long wait leaves a statement alone that others are at work on. Asked again
// at once, as the driver does, DuckDB says so many thousand times, on a processor that
// those who bring the rows could use.
const pause = time.Millisecond

// wait is Exec for a statement that waits for others.
func (db *database) wait(ctx context.Context, statement string) (int64, error) {
	handle, ok := db.handle()
	if !ok {
		return 0, errors.New("execute: the driver has changed")
	}
	var prepared bindings.PreparedStatement
	defer bindings.DestroyPrepare(&prepared)
	if bindings.Prepare(handle, statement, &prepared) == bindings.StateError {
		return 0, db.worded(ctx, bindings.PrepareError(prepared))
	}
	var pending bindings.PendingResult
	defer bindings.DestroyPending(&pending)
	if bindings.PendingPrepared(prepared, &pending) == bindings.StateError {
		return 0, db.worded(ctx, bindings.PendingError(pending))
	}
	tick := time.NewTicker(pause)
	defer tick.Stop()
	for {
		state := bindings.PendingExecuteTask(pending)
		if state == bindings.PendingStateError {
			return 0, db.worded(ctx, bindings.PendingError(pending))
		}
		if bindings.PendingExecutionIsFinished(state) {
			break
		}
		if ctx.Err() != nil {
			bindings.Interrupt(handle)
		}
		if state == bindings.PendingStateNoTasksAvailable {
			<-tick.C
		}
	}
	var result bindings.Result
	defer bindings.DestroyResult(&result)
	if bindings.ExecutePending(pending, &result) == bindings.StateError {
		return 0, db.worded(ctx, bindings.ResultError(&result))
	}
	return int64(bindings.RowsChanged(&result)), nil //nolint:gosec // a number of rows
}

// worded is fault for words that begin with what sort of error they are about.
func (db *database) worded(ctx context.Context, words string) error {
	db.spent = true
	e := &duckdb.Error{Type: duckdb.ErrorTypeInvalid, Msg: words}
	for prefix, typ := range map[string]duckdb.ErrorType{
		"Conversion Error: ": duckdb.ErrorTypeConversion, "Out of Range Error: ": duckdb.ErrorTypeOutOfRange,
		"IO Error: ": duckdb.ErrorTypeIO, "Out of Memory Error: ": duckdb.ErrorTypeOutOfMemory,
	} {
		if strings.HasPrefix(words, prefix) {
			e.Type = typ
		}
	}
	return db.fault(ctx, e)
}
