package engine

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"

	bindings "github.com/duckdb/duckdb-go-bindings"
	"github.com/duckdb/duckdb-go/v2"

	"github.com/broked/broked/internal/batch"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/node"
	"github.com/broked/broked/internal/sqltext"
)

// A batch for a node has at least so many rows, or so many bytes of text, if there
// are more.
const (
	batchRows  = 10_000
	batchBytes = 8 << 20
)

// Read implements node.DB: the database does one thing at a time.
func (db *database) Read(ctx context.Context, rel node.Relation) node.Rows {
	db.spent = true // a result may be left half read
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
		db.ahead(ctx, query, rows.Columns, yield)
	}
	return rows
}

// ahead gives the result of a query to yield, and computes the next batch meanwhile.
func (db *database) ahead(ctx context.Context, query string, columns []batch.Column, yield func(batch.Batch, error) bool) {
	ctx, stop := context.WithCancel(ctx)
	full, spare, ended := make(chan batch.Batch), make(chan batch.Batch, 1), make(chan error, 1)
	spare <- batch.Batch{Columns: slices.Clone(columns)}
	go func() {
		defer close(full)
		ended <- db.stream(ctx, query, columns, func(b batch.Batch) (batch.Batch, bool) {
			select {
			case full <- b:
			case <-ctx.Done():
				return batch.Batch{}, false
			}
			select {
			case b = <-spare:
				return emptied(b), true
			case <-ctx.Done():
				return batch.Batch{}, false
			}
		})
	}()
	wait := sync.OnceValue(func() error { return <-ended })
	defer func() {
		stop() // yield may want no more, or have panicked
		_ = wait()
	}()
	for b := range full {
		if !yield(b, nil) {
			return
		}
		spare <- b
	}
	if err := wait(); err != nil {
		yield(batch.Batch{}, err)
	}
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

// stream reads the result of a query until there is no more or give is false. Give
// returns the memory for the next batch.
func (db *database) stream(ctx context.Context, query string, columns []batch.Column, give func(batch.Batch) (batch.Batch, bool)) error {
	db.profile = duckdb.ProfilingInfo{} // that of another statement would tell wrong numbers
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
	if bindings.ExecutePreparedStreaming(statement, &result) == bindings.StateError { // deprecated, but the other way holds all rows in memory
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
			next, more := give(b)
			if !more {
				return nil
			}
			b, size = next, 0
		}
	}
	if b.Rows > 0 {
		give(b)
	}
	db.profile, _ = duckdb.GetProfilingInfo(db.conn)
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
