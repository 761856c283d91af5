package nodes

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/broked/broked/internal/batch"
	"github.com/broked/broked/internal/databases"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/node"
	"github.com/broked/broked/internal/sqltext"
)

// loadFields are the settings of a load into a table, but for the table itself.
func loadFields() []node.Field {
	return []node.Field{
		{Name: "mode", Schema: node.Schema{Type: node.TypeString, Title: "Mode", Default: "append", Enum: []string{"append", "overwrite", "replace", "upsert"}, Help: "What becomes of the rows that the table has: append keeps them, overwrite (or replace) removes them, upsert updates those with the key of a new row."}},
		{Name: "key_columns", Schema: node.Schema{Type: node.TypeArray, Title: "Key columns", Items: &node.Schema{Type: node.TypeString, MinLen: 1, Format: node.FormatColumn}, Help: "Of upsert: the columns that tell rows apart. The table needs a unique key of them."}},
		{Name: "truncate", Schema: node.Schema{Type: node.TypeBoolean, Title: "Empty the table first", Default: false}},
		{Name: "create_table", Schema: node.Schema{Type: node.TypeBoolean, Title: "Make the table", Default: false, Help: "When there is none, one is made of the columns and their types, and with it the file. A table that is to be overwritten and lacks columns is made anew."}},
	}
}

// tableLoad is what loadFields mean.
type tableLoad struct {
	Mode        string   `json:"mode"`
	KeyColumns  []string `json:"key_columns"`
	Truncate    bool     `json:"truncate"`
	CreateTable bool     `json:"create_table"`
}

func (l tableLoad) check() error {
	upsert := l.Mode == string(databases.Upsert)
	switch {
	case upsert && len(l.KeyColumns) == 0:
		return settingFault("key_columns", "are needed for upsert: the columns that tell rows apart")
	case !upsert && len(l.KeyColumns) > 0:
		return settingFault("key_columns", "are for upsert: set mode to upsert, or leave them out")
	}
	return nil
}

func (l tableLoad) into(table string) databases.Load {
	mode := databases.Mode(l.Mode)
	switch l.Mode {
	case "":
		mode = databases.Append
	case "replace":
		mode = databases.Overwrite
	}
	return databases.Load{Table: table, Mode: mode, Keys: l.KeyColumns, Truncate: l.Truncate, Create: l.CreateTable}
}

// sinkDBSpec writes rows into a database.
var sinkDBSpec = node.Spec{
	Kind: "sink_db", Title: "Database", Icon: "database", Category: node.Target, MinInputs: 1, MaxInputs: 1,
	Summary: "Write the rows into a table of an SQLite database, all or none. Without a table, the one row that sql_generate yields is executed, in one transaction. SQLite itself keeps decimals that are not whole as fractions of fifteen digits: for more, let the table have a column of text.",
	Settings: node.Schema{Type: node.TypeObject, Fields: append([]node.Field{
		{Name: "uri", Schema: node.Schema{Type: node.TypeString, Title: "Address", Help: addressHelp}},
		{Name: "table", Schema: node.Schema{Type: node.TypeString, Title: "Table", Help: "Columns go to those of the same name. Left out, the input is one row whose column sql_output is a script."}},
		{Name: "conn_id", Schema: node.Schema{Type: node.TypeString, Title: "Connection", Help: connectionHelp}},
		{Name: "on_row_error", Schema: node.Schema{Type: node.TypeString, Title: "Rows that are refused", Default: onErrorFail, Enum: []string{onErrorFail, quarantine}, Help: "What becomes of a row that the table does not take, such as one that breaks a constraint. fail writes nothing, and shows the first five. quarantine puts such rows into another table and goes on."}},
		{Name: "quarantine_table", Schema: node.Schema{Type: node.TypeString, Title: "Table of refused rows", MinLen: 1, Help: "In the same database, and made if need be. Without it, the name of the table with _rejected behind it. Rows are added: run_id, node_id, rejected_at, row_number, column_name, reason and, as JSON, row."}},
	}, loadFields()...)},
	New: newSinkDB,
}

// sinkDB is a configured table, or a place for scripts.
type sinkDB struct {
	URI             string `json:"uri"`
	Table           string `json:"table"`
	ConnID          string `json:"conn_id"`
	OnRowError      string `json:"on_row_error"`
	QuarantineTable string `json:"quarantine_table"`
	tableLoad

	to database
}

func newSinkDB(config json.RawMessage) (node.Node, error) {
	s := &sinkDB{}
	if err := json.Unmarshal(config, s); err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "the settings of the database sink are not readable")
	}
	if err := address("uri", s.URI, "conn_id", s.ConnID); err != nil {
		return nil, err
	}
	if s.Table == "" && (len(s.KeyColumns) > 0 || s.Truncate || s.CreateTable || s.Mode != "" && s.Mode != "append") {
		return nil, settingFault("table", "is missing: mode, key_columns, truncate and create_table are about a table")
	}
	if err := s.checkQuarantine(); err != nil {
		return nil, err
	}
	return s, s.check()
}

// quarantine is the value of on_row_error with which a load goes on.
const quarantine = "quarantine"

func (s *sinkDB) checkQuarantine() error {
	switch {
	case s.OnRowError != quarantine && s.QuarantineTable != "":
		return settingFault("quarantine_table", "is for on_row_error: quarantine")
	case s.OnRowError != quarantine:
		return nil
	case s.Table == "":
		return settingFault("on_row_error", "is about rows, and without a table the input is a script")
	case strings.EqualFold(s.QuarantineTable, s.Table):
		return settingFault("quarantine_table", "is the table that refuses the rows: name another")
	case s.QuarantineTable == "":
		s.QuarantineTable = s.Table + "_rejected"
	}
	return nil
}

// Open implements node.Opener.
func (s *sinkDB) Open(_ context.Context, env node.Env) (node.Access, error) {
	var err error
	var access node.Access
	s.to, access, err = openDatabase(env, "uri", s.URI, writes)
	return access, err
}

// Write implements node.Sink.
func (s *sinkDB) Write(ctx context.Context, env node.Env, in node.Relation) (int64, node.Relation, error) {
	rows := env.DB.Read(ctx, in)
	if s.Table == "" {
		err := s.script(ctx, env, rows)
		return 1, node.Relation{}, err
	}
	load := s.into(s.Table)
	load.Refusals = &databases.Refusals{Table: s.QuarantineTable, Run: env.Run, Node: env.Node}
	n, err := s.to.Write(ctx, load, withColumns(rows))
	if err = about("table", err); err != nil && s.QuarantineTable == "" && load.Refusals.Count > 0 {
		err = &node.RowsError{Err: err, Rows: refusedRows(load.Refusals.First)}
	}
	if refused := load.Refusals.Count; err == nil && refused > 0 {
		env.Log(node.Warning, "%d of %d rows were refused and are in %s; the first is row %d: %s", refused, n+refused, s.QuarantineTable, load.Refusals.First[0].Row, load.Refusals.First[0].Reason)
	}
	return n, node.Relation{}, err
}

// refusedRows shows rows that a table has refused.
func refusedRows(refused []databases.Refusal) node.Relation {
	values := make([]string, len(refused))
	for i, r := range refused {
		values[i] = fmt.Sprintf("(CAST(%d AS BIGINT), %s, %s, %s)", r.Row, sqltext.Text(r.Column), sqltext.Text(r.Value), sqltext.Text(r.Reason))
	}
	return node.Relation{
		SQL:     `SELECT * FROM (VALUES ` + strings.Join(values, ", ") + `) AS refused("row", "column", "value", "reason")`,
		Columns: []node.Column{{Name: "row", Type: "BIGINT"}, {Name: "column", Type: "VARCHAR"}, {Name: "value", Type: "VARCHAR"}, {Name: "reason", Type: "VARCHAR"}},
		Rows:    int64(len(refused)),
	}
}

// withColumns returns the batches of rows behind one that only says what columns
// there are.
func withColumns(rows node.Rows) iter.Seq2[batch.Batch, error] {
	return func(yield func(batch.Batch, error) bool) {
		if !yield(batch.Batch{Columns: rows.Columns}, nil) {
			return
		}
		rows.Batches(yield)
	}
}

// scriptColumn is where sql_generate leaves its statements.
const scriptColumn = "sql_output"

// script executes the script that is the one row of the input.
func (s *sinkDB) script(ctx context.Context, env node.Env, rows node.Rows) error {
	at := slices.IndexFunc(rows.Columns, func(c batch.Column) bool { return c.Name == scriptColumn })
	if at < 0 {
		return settingFault("table", "is missing: it names the table for the rows. Only rows with a column %s, as sql_generate yields them, need none", scriptColumn)
	}
	var text string
	count := 0
	for b, err := range rows.Batches {
		if err != nil {
			return err
		}
		for row := range b.Rows {
			if c := b.Columns[at]; c.Kind == batch.Text && (c.Valid == nil || c.Valid[row]) {
				text = c.Texts[row]
			}
		}
		count += b.Rows
	}
	if count != 1 || text == "" {
		return fault.New(fault.Invalid, "a script is one row with text in %s, and there are %d rows: set table to write rows", scriptColumn, count).With("bad_input")
	}
	n, err := s.to.Script(ctx, text)
	if err == nil {
		env.Log(node.Info, "%d statements executed", n)
	}
	return err
}
