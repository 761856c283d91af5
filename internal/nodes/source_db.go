package nodes

import (
	"context"
	"encoding/json"

	"golang.org/x/sync/errgroup"

	"github.com/broked/broked/internal/batch"
	"github.com/broked/broked/internal/connection"
	"github.com/broked/broked/internal/databases"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/node"
)

// What the settings of all database nodes say about addresses.
const (
	addressHelp    = "An SQLite file: sqlite:///data/shop.db, sqlite://shop.db, or only shop.db; relative paths begin where those of file nodes do. Or a server: postgres://user@host:5432/database, mysql://user@host:3306/database, sqlserver://user@host:1433/database, clickhouse://user@host:9000/database, oracle://user@host:1521/SERVICE, and behind a ? sslmode (disable, prefer, require, verify-ca, verify-full), connect_timeout and statement_timeout in seconds. Everybody who may see the pipeline sees it, so a password belongs in a connection."
	connectionHelp = "The conn_id of a connection to a database, which takes the place of the address."
)

// connectionSetting is a setting that names a connection to a database.
func connectionSetting(title string) node.Schema {
	return node.Schema{Type: node.TypeString, Title: title, Format: node.FormatConnection, Types: []string{connection.Postgres, connection.MySQL, connection.SQLite, connection.Redshift, connection.Snowflake, connection.BigQuery, connection.MSSQL, connection.ClickHouse, connection.Oracle}, Help: connectionHelp}
}

// sourceDBSpec reads rows from a database.
var sourceDBSpec = node.Spec{
	Kind: "source_db", Title: "Database", Icon: "database", Category: node.Source,
	Summary: "Read the rows of a query from a database, a batch at a time. On a server it is one statement in a read-only transaction. In SQLite, a column that is declared as DECIMAL(p,s) or NUMERIC(p,s) is a decimal where its values are such: it keeps whole numbers and text exactly, and other numbers as fractions of fifteen digits, which are taken for the decimals that they were written as.",
	Settings: node.Schema{Type: node.TypeObject, Fields: append([]node.Field{
		{Name: "uri", Schema: node.Schema{Type: node.TypeString, Title: "Address", Help: addressHelp}},
		{Name: "query", Required: true, Schema: node.Schema{Type: node.TypeString, Title: "Query", MinLen: 1, MaxLen: 1 << 20, Format: node.FormatSQL, Help: "One SELECT, in the database's own SQL. A placeholder such as ${param.month} is a value that is bound; it is never part of the statement."}},
		{Name: "conn_id", Schema: connectionSetting("Connection")},
	}, append(cursorFields(),
		node.Field{Name: "partition_column", Schema: node.Schema{Type: node.TypeString, Title: "Column to divide by", MinLen: 1, Format: node.FormatColumn, Help: "Of PostgreSQL: a column of the result with whole numbers, decimals, dates or times. The rows are read in as many ranges of it as partitions says, all at once and all as of the same moment. They come in no order. It pays for large tables with an index on the column."}},
		node.Field{Name: "partitions", Schema: node.Schema{Type: node.TypeInteger, Title: "Ranges", Min: new(2.0), Max: new(16.0), Help: "How many connections read at once."}},
		node.Field{Name: "push_down", Schema: node.Schema{Type: node.TypeBoolean, Title: "Let the database do what it can", Default: true, Help: "What the nodes right behind this one do is done by the database itself, in one statement, where the result is sure to be the same: filters, choices of columns, aggregates, and what is sorted and limited. Only the rows that come out of them leave the database, and none do on the way to a table of the same PostgreSQL. The run shows the statement."}},
	)...)},
	New: newSourceDB,
}

// sourceDB is a configured query.
type sourceDB struct {
	URI    string `json:"uri"`
	Query  string `json:"query"`
	ConnID string `json:"conn_id"`
	dbCursor
	PartitionColumn string `json:"partition_column"`
	Partitions      int    `json:"partitions"`
	PushDown        bool   `json:"push_down"`

	query dbQuery
	from  opened
}

func (s *sourceDB) place() dbPlace { return dbPlace{"uri", s.URI, "conn_id", s.ConnID} }

func newSourceDB(config json.RawMessage) (node.Node, error) {
	s := &sourceDB{PushDown: true}
	if err := json.Unmarshal(config, s); err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "the settings of the database source are not readable")
	}
	if err := s.place().check(); err != nil {
		return nil, err
	}
	if err := s.checkCursor(); err != nil {
		return nil, err
	}
	if err := s.checkParts(); err != nil {
		return nil, err
	}
	var err error
	if s.query, err = readQuery(s.Query); err != nil {
		return nil, settingFault("query", "%s", err.Error())
	}
	return s, nil
}

func (s *sourceDB) checkParts() error {
	switch {
	case s.PartitionColumn == "" && s.Partitions == 0:
		return nil
	case s.PartitionColumn == "":
		return settingFault("partition_column", "is missing: the column by whose ranges the rows are divided")
	case s.Partitions == 0:
		return settingFault("partitions", "is missing: how many ranges are read at once")
	case s.CursorColumn != "":
		return settingFault("partition_column", "cannot be beside cursor_column, by which rows come in order")
	}
	if a, err := databases.Parse(s.URI); s.ConnID == "" && err == nil && a.Kind != databases.Postgres {
		return errNotDivided
	}
	return nil
}

var errNotDivided = settingFault("partition_column", "is for PostgreSQL: other databases are read over one connection")

// Open implements node.Opener.
func (s *sourceDB) Open(_ context.Context, env node.Env) (node.Access, error) {
	var err error
	var access node.Access
	s.from, access, err = s.place().open(env, reads)
	return access, err
}

// Process implements node.Procedural.
func (s *sourceDB) Process(ctx context.Context, env node.Env, _ node.Rows, write func(batch.Batch) error) error {
	q, err := s.query.bind(s.from.kind, env.Values)
	if err != nil {
		return settingFault("query", "%s", err.Error())
	}
	if s.Partitions > 0 {
		if s.from.kind != databases.Postgres {
			return errNotDivided
		}
		q.Text, q.Split = unended(q.Text), databases.Split{Column: s.PartitionColumn, Parts: s.Partitions}
	}
	if s.CursorColumn != "" {
		return about("query", s.begin(env.State, s.from.kind).read(ctx, env, s.from.in(env), q, write))
	}
	if s.from.kind != databases.Postgres {
		return about("query", s.from.in(env).Read(ctx, q, write))
	}
	return about("query", whileReading(ctx, write, func(ctx context.Context, write func(batch.Batch) error) error {
		return s.from.in(env).Read(ctx, q, write)
	}))
}

// whileReading has batches written while the next are read. They must be their taker's
// own; two of them are held.
func whileReading(ctx context.Context, write func(batch.Batch) error, read func(ctx context.Context, write func(batch.Batch) error) error) error {
	both, ctx := errgroup.WithContext(ctx)
	batches := make(chan batch.Batch)
	both.Go(func() error {
		for b := range batches {
			if err := write(b); err != nil {
				return err
			}
		}
		return nil
	})
	failed := read(ctx, func(b batch.Batch) error {
		select {
		case batches <- b:
			return nil
		case <-ctx.Done():
			return errNotTaken
		}
	})
	close(batches)
	if err := both.Wait(); err != nil {
		return err
	}
	return failed
}
