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
	"github.com/broked/broked/internal/runs"
	"github.com/broked/broked/internal/sqltext"
)

// sinkDBSpec writes rows into a database.
var sinkDBSpec = node.Spec{
	Kind: "sink_db", Title: "Database", Icon: "database", Category: node.Target, MinInputs: 1, MaxInputs: 1, Asks: []string{runs.AskHeld},
	Summary: "Write the rows into a table of a PostgreSQL, MySQL, MariaDB, SQL Server, ClickHouse, Oracle or SQLite database, all or none: others see the table as it was until the last row is there, and nothing of a run that was stopped, or that another worker has taken over. Without a table, the one row that sql_generate yields is executed, in one transaction. SQLite itself keeps decimals that are not whole as fractions of fifteen digits: for more, let the table have a column of text.",
	Settings: node.Schema{Type: node.TypeObject, Fields: append([]node.Field{
		{Name: "uri", Schema: node.Schema{Type: node.TypeString, Title: "Address", Help: addressHelp}},
		{Name: "table", Schema: node.Schema{Type: node.TypeString, Title: "Table", Help: "Columns go to those of the same name. Left out, the input is one row whose column sql_output is a script."}},
		{Name: "conn_id", Schema: connectionSetting("Connection")},
		{Name: "on_row_error", Schema: node.Schema{Type: node.TypeString, Title: "Rows that are refused", Default: onErrorFail, Enum: []string{onErrorFail, quarantine}, Help: "What becomes of a row that the table does not take, such as one that breaks a constraint. fail writes nothing, and shows the first five. quarantine puts such rows into another table and goes on."}},
		{Name: "quarantine_table", Schema: node.Schema{Type: node.TypeString, Title: "Table of refused rows", MinLen: 1, Help: "In the same database, and made if need be. Without it, the name of the table with _rejected behind it. Rows are added: run_id, node_id, rejected_at, row_number, column_name, reason and, as JSON, row."}},
		{Name: "batch_size", Schema: node.Schema{Type: node.TypeInteger, Title: "Rows at a time", Default: mostBatch, Min: new(1.0), Max: new(float64(mostBatch)), Help: "How many rows are sent at a time. All of them are one transaction. Fewer are gentler to a small server, and slower."}},
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
	BatchSize       int    `json:"batch_size"`
	tableLoad

	to opened
}

func (s *sinkDB) place() dbPlace { return dbPlace{"uri", s.URI, "conn_id", s.ConnID} }

func newSinkDB(config json.RawMessage) (node.Node, error) {
	s := &sinkDB{}
	if err := json.Unmarshal(config, s); err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "the settings of the database sink are not readable")
	}
	if err := s.place().check(); err != nil {
		return nil, err
	}
	if s.Table == "" && !s.isPlain() {
		return nil, settingFault("table", "is missing: mode, key_columns, truncate, create_table and what else is about a table")
	}
	if err := s.checkQuarantine(); err != nil {
		return nil, err
	}
	return s, s.checkLoad()
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
	case s.Mode == string(databases.MergeDelete):
		return settingFault("on_row_error", "cannot put rows aside with merge-delete: what is in the table for such a row would have to stay and to go")
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
	s.to, access, err = s.place().open(env, writes)
	return access, err
}

// Write implements node.Sink.
func (s *sinkDB) Write(ctx context.Context, env node.Env, in node.Relation) (int64, node.Relation, error) {
	rows := env.DB.Read(ctx, in)
	if s.Table == "" {
		err := s.script(ctx, env, rows)
		return 1, node.Relation{}, err
	}
	load, err := s.into(s.Table, s.to.kind, env)
	if err != nil {
		return 0, node.Relation{}, err
	}
	load.Refusals = &databases.Refusals{Table: s.QuarantineTable, Run: env.Run, Node: env.Node}
	n, err := s.to.in(env).Write(ctx, load, atMost(s.BatchSize, withColumns(rows)))
	if err = about("table", err); err != nil && s.QuarantineTable == "" && load.Refusals.Count > 0 {
		err = &node.RowsError{Err: err, Rows: refusedRows(load.Refusals.First)}
	}
	if err == nil {
		s.tell(env, load.Told)
	}
	if refused := load.Refusals.Count; err == nil && refused > 0 {
		env.Log(node.Warning, "%d of %d rows were refused and are in %s; the first is row %d: %s", refused, n+refused, s.QuarantineTable, load.Refusals.First[0].Row, load.Refusals.First[0].Reason)
	}
	return n, node.Relation{}, err
}

// attemptOf is the attempt at a load that a run makes in a node, which is to commit
// only while the run is not being executed elsewhere.
func attemptOf(env node.Env) databases.Attempt {
	return databases.Attempt{
		Name: env.Run + "/" + env.Node,
		Held: func(ctx context.Context) error { return env.Ask(ctx, runs.AskHeld, struct{}{}, &struct{}{}) },
	}
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

// mostBatch is how many rows are sent at a time at most.
const mostBatch = 10_000

// atMost returns rows in batches of at most so many; 0 leaves them as they are.
func atMost(most int, rows iter.Seq2[batch.Batch, error]) iter.Seq2[batch.Batch, error] {
	if most == 0 || most == mostBatch {
		return rows
	}
	return func(yield func(batch.Batch, error) bool) {
		for b, err := range rows {
			if err != nil || b.Rows <= most {
				if !yield(b, err) {
					return
				}
				continue
			}
			for from := 0; from < b.Rows; from += most {
				if !yield(b.Slice(from, min(from+most, b.Rows)), nil) {
					return
				}
			}
		}
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
	n, err := s.to.in(env).Script(ctx, text)
	if err == nil {
		env.Log(node.Info, "%d statements executed", n)
	}
	return err
}
