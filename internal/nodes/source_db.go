package nodes

import (
	"context"
	"encoding/json"

	"github.com/broked/broked/internal/batch"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/node"
)

// What the settings of all database nodes say about addresses.
const (
	addressHelp    = "An SQLite file: sqlite:///data/shop.db, sqlite://shop.db, or only shop.db. Relative paths begin where those of file nodes do."
	connectionHelp = "Connections are not offered by this server: an address takes their place."
)

// sourceDBSpec reads rows from a database.
var sourceDBSpec = node.Spec{
	Kind: "source_db", Title: "Database", Icon: "database", Category: node.Source,
	Summary: "Read the rows of a query from an SQLite database. A column that is declared as DECIMAL(p,s) or NUMERIC(p,s) is a decimal where its values are such: SQLite keeps whole numbers and text exactly, and other numbers as fractions of fifteen digits, which are taken for the decimals that they were written as.",
	Settings: node.Schema{Type: node.TypeObject, Fields: []node.Field{
		{Name: "uri", Schema: node.Schema{Type: node.TypeString, Title: "Address", Help: addressHelp}},
		{Name: "query", Required: true, Schema: node.Schema{Type: node.TypeString, Title: "Query", MinLen: 1, MaxLen: 1 << 20, Format: node.FormatSQL, Help: "One SELECT, in the database's own SQL. A placeholder such as ${param.month} is a value that is bound; it is never part of the statement."}},
		{Name: "conn_id", Schema: node.Schema{Type: node.TypeString, Title: "Connection", Help: connectionHelp}},
	}},
	New: newSourceDB,
}

// sourceDB is a configured query.
type sourceDB struct {
	URI    string `json:"uri"`
	Query  string `json:"query"`
	ConnID string `json:"conn_id"`

	query dbQuery
	from  database
}

func newSourceDB(config json.RawMessage) (node.Node, error) {
	s := &sourceDB{}
	if err := json.Unmarshal(config, s); err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "the settings of the database source are not readable")
	}
	if err := address("uri", s.URI, "conn_id", s.ConnID); err != nil {
		return nil, err
	}
	var err error
	if s.query, err = readQuery(s.Query); err != nil {
		return nil, settingFault("query", "%s", err.Error())
	}
	return s, nil
}

// Open implements node.Opener.
func (s *sourceDB) Open(_ context.Context, env node.Env) (node.Access, error) {
	var err error
	var access node.Access
	s.from, access, err = openDatabase(env, "uri", s.URI, reads)
	return access, err
}

// Process implements node.Procedural.
func (s *sourceDB) Process(ctx context.Context, env node.Env, _ node.Rows, write func(batch.Batch) error) error {
	q, err := s.query.bind(env.Values)
	if err != nil {
		return settingFault("query", "%s", err.Error())
	}
	return about("query", s.from.Read(ctx, q, write))
}
