package nodes

import (
	"context"
	"encoding/json"
	"errors"
	"slices"

	"github.com/broked/broked/internal/batch"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/node"
	"github.com/broked/broked/internal/runs"
)

const defaultChunk = 5000

// migrateSpec copies rows from one database to another.
var migrateSpec = node.Spec{
	Kind: "migrate", Effects: true, Title: "Migrate", Icon: "database", Category: node.Source, Alone: true, Asks: []string{runs.AskHeld},
	Summary: "Copy the rows of a query from one database into a table of another, all or none. One row comes out: migrated_rows, table and chunks.",
	Settings: node.Schema{Type: node.TypeObject, Fields: append([]node.Field{
		{Name: "source_uri", Schema: node.Schema{Type: node.TypeString, Title: "From", Help: addressHelp}},
		{Name: "source_query", Required: true, Schema: node.Schema{Type: node.TypeString, Title: "Query", MinLen: 1, MaxLen: 1 << 20, Format: node.FormatSQL, Help: "One SELECT, in the source's own SQL. A placeholder is a value that is bound."}},
		{Name: "dest_uri", Schema: node.Schema{Type: node.TypeString, Title: "To", Help: "Another database than that of the source."}},
		{Name: "dest_table", Required: true, Schema: node.Schema{Type: node.TypeString, Title: "Table", MinLen: 1}},
		{Name: "chunk_size", Schema: node.Schema{Type: node.TypeInteger, Title: "Rows at a time", Default: defaultChunk, Min: new(1.0), Max: new(1e6), Help: "How many rows are held in memory at a time. All of them are one transaction."}},
		{Name: "dialect", Schema: node.Schema{Type: node.TypeString, Title: "Dialect", Default: "generic", Enum: []string{"generic", "postgres", "postgresql", "mysql", "sqlite"}, Help: "Of the destination. It is known from the address, and must be the same."}},
		{Name: "source_conn_id", Schema: connectionSetting("From connection")},
		{Name: "dest_conn_id", Schema: connectionSetting("To connection")},
	}, loadFields()...)},
	New: newMigrate,
}

// migrate is a configured copy.
type migrate struct {
	SourceURI    string `json:"source_uri"`
	SourceQuery  string `json:"source_query"`
	DestURI      string `json:"dest_uri"`
	DestTable    string `json:"dest_table"`
	ChunkSize    int    `json:"chunk_size"`
	SourceConnID string `json:"source_conn_id"`
	DestConnID   string `json:"dest_conn_id"`
	tableLoad

	query    dbQuery
	from, to opened
}

func (m *migrate) source() dbPlace {
	return dbPlace{"source_uri", m.SourceURI, "source_conn_id", m.SourceConnID}
}

func (m *migrate) dest() dbPlace { return dbPlace{"dest_uri", m.DestURI, "dest_conn_id", m.DestConnID} }

func newMigrate(config json.RawMessage) (node.Node, error) {
	m := &migrate{ChunkSize: defaultChunk}
	if err := json.Unmarshal(config, m); err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "the settings of the migration are not readable")
	}
	if err := m.source().check(); err != nil {
		return nil, err
	}
	if err := m.dest().check(); err != nil {
		return nil, err
	}
	var err error
	if m.query, err = readQuery(m.SourceQuery); err != nil {
		return nil, settingFault("source_query", "%s", err.Error())
	}
	return m, m.checkLoad()
}

// Open implements node.Opener.
func (m *migrate) Open(_ context.Context, env node.Env) (node.Access, error) {
	from, reading, err := m.source().open(env, reads)
	if err != nil {
		return node.Access{}, err
	}
	to, writing, err := m.dest().open(env, writes)
	if err != nil {
		return node.Access{}, err
	}
	if len(reading.Databases) > 0 && slices.Equal(reading.Databases, writing.Databases) {
		return node.Access{}, settingFault(m.dest().at(), "is the database that is read: use source_db and sink_db to copy inside one")
	}
	m.from, m.to = from, to
	return joined(reading, writing), nil
}

// errNotTaken ends the reading of rows that nobody takes any more.
var errNotTaken = errors.New("enough")

// Process implements node.Procedural.
func (m *migrate) Process(ctx context.Context, env node.Env, _ node.Rows, write func(batch.Batch) error) error {
	q, err := m.query.bind(m.from.kind, env.Values)
	if err != nil {
		return settingFault("source_query", "%s", err.Error())
	}
	q.BatchRows = m.ChunkSize
	var chunks int64
	var failed error
	load, err := m.into(m.DestTable, m.to.kind, env)
	if err != nil {
		return err
	}
	load.Widening = true
	n, err := m.to.in(env).Write(ctx, load, func(yield func(batch.Batch, error) bool) {
		failed = about("source_query", m.from.in(env).Read(ctx, q, func(b batch.Batch) error {
			if b.Rows > 0 {
				chunks++
			}
			if !yield(b, nil) {
				return errNotTaken
			}
			return nil
		}))
		if failed != nil && !errors.Is(failed, errNotTaken) {
			yield(batch.Batch{}, failed)
		}
	})
	if err != nil {
		return renamed(about("table", err), map[string]string{"table": "dest_table"})
	}
	m.tell(env, load.Told)
	return write(batch.Batch{Rows: 1, Columns: []batch.Column{
		{Name: "migrated_rows", Type: "BIGINT", Kind: batch.Int, Ints: []int64{n}},
		{Name: "table", Type: "VARCHAR", Kind: batch.Text, Texts: []string{m.DestTable}},
		{Name: "chunks", Type: "BIGINT", Kind: batch.Int, Ints: []int64{chunks}},
	}})
}

// renamed returns err with problems at settings that have other names here.
func renamed(err error, names map[string]string) error {
	e, is := errors.AsType[*fault.Error](err)
	if !is {
		return err
	}
	c := *e
	c.Problems = nil
	for _, p := range e.Problems {
		if name := names[p.Path]; name != "" {
			p.Path = name
		}
		c.Problems = append(c.Problems, p)
	}
	return &c
}
