// Package node says what a step of a pipeline is: its Spec (what it is called,
// what settings it takes) and the interfaces by which the engine runs it. It
// knows no kind by name; the built-in kinds live in package nodes.
package node

import (
	"context"
	"encoding/json"
	"iter"

	"github.com/broked/broked/internal/batch"
	"github.com/broked/broked/internal/connection"
	"github.com/broked/broked/internal/outbound"
)

// Column is one column of a dataset.
type Column struct {
	Name string `json:"name"`
	// Type is the DuckDB type in capitals: BIGINT, DOUBLE, DECIMAL(18,3), VARCHAR,
	// BOOLEAN, DATE, TIMESTAMP, VARCHAR[] and so on.
	Type string `json:"type"`
}

// Relation is rows that have not been computed yet: one SELECT and the columns
// that it yields, in order.
type Relation struct {
	// Name is the id of the node that the rows come from, in the inputs of another.
	Name    string
	SQL     string
	Columns []Column
	// SameRows says that there are exactly as many rows as in the first input,
	// so that the engine need not count them separately.
	SameRows bool
	// Rows is the exact number of rows when it is known without running, as with
	// Parquet files; -1 otherwise. Zero in a relation with SameRows means nothing.
	Rows int64
	// Head, unless empty, is a SELECT of the same rows that yields the first few at
	// less cost than SQL does. It may fail where SQL does not.
	Head string
	// Loose, unless empty, is a SELECT of the same rows in any order, for nodes to
	// which the order means nothing. It costs less than SQL.
	Loose string
	// Heavy says that the first rows cost about as much as all.
	Heavy bool
	// Numbered, unless nil, returns SQL with one more column of that name, whose numbers
	// grow in the order of the rows. It costs next to nothing, where a window over them
	// would be computed one row after the other.
	Numbered func(column string) string
	// Files are what SQL scans when it reads all rows of files and drops none, so
	// that the engine can tell their number from the statement's profile.
	Files []string
}

// AnyOrder returns r for a node to which the order of its rows means nothing.
func (r Relation) AnyOrder() Relation {
	if r.Loose != "" {
		r.SQL, r.Numbered = r.Loose, nil
	}
	return r
}

// Names returns the column names of r in order.
func (r Relation) Names() []string {
	names := make([]string, len(r.Columns))
	for i, c := range r.Columns {
		names[i] = c.Name
	}
	return names
}

// Level is how much a log line matters.
type Level string

// The levels of log lines.
const (
	Debug   Level = "debug"
	Info    Level = "info"
	Warning Level = "warning"
	Error   Level = "error"
)

// Table is a small result: its columns, and rows of values in column order.
type Table struct {
	Columns []Column
	Rows    [][]any
}

// DB is the analytical database of one run. Statements are the node's own; what
// a person wrote reaches them only through sqltext and expr.
type DB interface {
	// Query returns at most limit rows of a statement.
	Query(ctx context.Context, sql string, limit int) (Table, error)
	// Describe returns the columns that a SELECT would yield, without running it.
	Describe(ctx context.Context, sql string) ([]Column, error)
	// Exec runs a statement and returns the number of rows it wrote.
	Exec(ctx context.Context, sql string) (int64, error)
	// Read returns all rows of a relation, computed while they are read. Until the
	// last was read or the reading has ended, nothing else may be asked of the database.
	Read(ctx context.Context, rel Relation) Rows
}

// ForPeople begins what error('...') says in SQL when it is meant for people. The
// engine makes an Invalid fault of the rest; other words of a database stay inside.
const ForPeople = "broked says: "

// CodeChecks is the code of the fault with which checks of the rows end a run.
const CodeChecks = "quality_failed"

// Access lists what a node is going to touch. Paths are absolute with symbolic
// links resolved, already checked against the allowed roots.
type Access struct {
	Reads   []string
	Writes  []string
	Folders []string // written as a whole; they need not exist yet
	// Databases are files that a node reads or writes by a database library of its
	// own, which makes files beside them. The run's database does not touch them, and
	// several nodes may name the same.
	Databases []string
	// Programs are files and folders that programs of the node's are run from, with
	// what these read; only the programs use them. They may be missing.
	Programs []string
	// Grounds are files and folders in which programs of the node's read and write as
	// they like. The run's database does not touch them.
	Grounds []string
	// Leftovers are those of the above that are of no use once the node has ended.
	// The node removes them; the server does when the engine dies before that. Their
	// names begin with a dot and end with Leftover.
	Leftovers []string
	// Elsewhere are files on other machines that a node writes, each with where it is in front.
	// Only their being the same matters.
	Elsewhere []string
	// Network says that the node calls other machines. Without it no node of the run
	// can, where the system lets the engine shut itself in.
	Network bool
}

// Replaced is a file that a node replaces, which no other node of its pipeline may.
type Replaced struct {
	Conn string // the connection that leads there; empty is the server's disk
	Path string
}

// Replacer is implemented by nodes that replace a file, as their settings say.
type Replacer interface {
	Replaces() Replaced
}

// Leftover is how the names of files and folders end that only a node at work
// needs.
const Leftover = ".part"

// Env is what a node may use while it runs. It is valid during the call only.
type Env struct {
	DB DB // nil during Open
	// Pipeline is the name of the pipeline, Run the id of the run and Node that of the
	// node in it.
	Pipeline, Run, Node string
	// Roots resolves the paths that settings name, and refuses those outside.
	Roots Roots
	// Own is a part of names of leftovers, which other processes do not use. It is the same
	// in all runs of one, so that these touch the same.
	Own string
	// Temp is an existing folder for this node alone, removed after the run.
	Temp string
	// Memory is how many bytes a program of the node's may use, and Disk how many a node may
	// put into Temp of what it brings from elsewhere.
	Memory, Disk int64
	// Params are the run's parameters by name, without param. in front.
	Params map[string]string
	// Values looks up ${...} placeholders in expressions, such as "param.month".
	Values func(name string) (string, bool)
	// Out is the way to other machines; nil unless Access has Network.
	Out *outbound.Exit
	// Connection returns the connection that a setting with FormatConnection names, with its
	// secrets, also during Open. What no such setting of this node names is an Invalid fault.
	Connection func(name string) (connection.Connection, error)
	// Enough is how many rows of a source are wanted; 0 is all. More do no harm.
	Enough int64
	// Ask puts one of the questions of its kind's Asks to the server, and stores the
	// answer in what answer points to. It waits for it. Refusals of the server are
	// faults of their own kind.
	Ask func(ctx context.Context, what string, body, answer any) error
	// State is what Keep was last given in the pipeline's last run that succeeded;
	// nil when there is nothing.
	State json.RawMessage
	// Keep replaces State for the next run, if this one succeeds as a whole.
	Keep func(state json.RawMessage)
	// Log writes a line to the run's log. Cell values do not belong there.
	Log func(level Level, format string, args ...any)
	// Legacy says that the document has no ir_version, so Brokoli's defaults hold.
	Legacy bool
	// Access is what Open returned for this node.
	Access Access
}

// Roots decides which files a node may reach. Package files implements it.
type Roots interface {
	// Read returns the regular files that a path or glob pattern names, sorted.
	// None, a folder, a special file and one outside the roots are Invalid faults.
	Read(pattern string) ([]string, error)
	// Write returns the absolute path of a file that may be made or replaced,
	// after making its folder. A place outside the roots is an Invalid fault.
	Write(path string) (string, error)
	// Folder is Write for a folder of files; only the folders above it are made.
	Folder(path string) (string, error)
	// Existing returns the absolute path of a folder that is there. Everything else is an
	// Invalid fault.
	Existing(path string) (string, error)
	// Grounds returns files and folders that may be read and written with all that is in
	// them: the roots, or where something in one is closed, what is open beside it.
	Grounds() ([]string, error)
}

// Node is one configured step. It is also an Opener when it touches files or other machines, and
// exactly one of Relational, Procedural and Sink.
type Node any

// Opener is a node that touches files or other machines. Open is called before the database is
// locked down, and what it lists is all that the database may touch.
type Opener interface {
	Open(ctx context.Context, env Env) (Access, error)
}

// Relational is a node whose output is one SELECT over its inputs. Neighbours
// of this sort are fused into a single statement by the engine.
type Relational interface {
	// Select returns the output's relation. It may look at the data (sniff a file)
	// through env.DB, but leaves computing the rows to the engine.
	//
	// What the person can mend is an Invalid fault whose problems, if any, have
	// paths inside the node's settings.
	Select(ctx context.Context, env Env, in []Relation) (Relation, error)
}

// Numberer is a Relational node that may need numbers of its input's rows. The engine
// keeps the input when it does, so that they are at hand.
type Numberer interface {
	Relational
	// Numbers reports whether Select will make use of the input's Numbered.
	Numbers() bool
}

// Procedural is a node whose rows are computed outside the database.
type Procedural interface {
	// Process reads the rows of in and gives its own to write, in order. A node
	// without inputs has no columns and no rows in.
	//
	// A column that has other types in other batches gets the type that holds them
	// all, and text if none does; a batch may lack columns. Write may be given a batch
	// of no rows, to say which columns there are. Columns that are the input's own
	// need no values: batch.Input says what they take.
	Process(ctx context.Context, env Env, in Rows, write func(batch.Batch) error) error
}

// Rows are the rows of a relation, to be read once. The batches are valid until
// the next is read.
type Rows struct {
	Columns []batch.Column // without values
	Batches iter.Seq2[batch.Batch, error]
}

// Inspector is a Relational node that must know something about all rows of its
// inputs before its own rows can be told, or that has none and brings its rows from
// elsewhere first.
type Inspector interface {
	Relational
	// Inspect is called once, before Select, with relations over rows that are kept,
	// so that looking at them several times is cheap.
	//
	// What the person can mend is an Invalid fault, as with Select. Rows that do not
	// pass a check are a fault, too, when the check blocks; else a finding.
	Inspect(ctx context.Context, env Env, in []Relation) (Verdict, error)
}

// Verdict is what an Inspector has found.
type Verdict struct {
	// No closes the edges out of the node that are not marked false, and a Verdict
	// without it those that are.
	No       bool
	Findings []Finding
}

// Finding is something about the rows that a person should know.
type Finding struct {
	Level   Level
	Code    string // for programs
	Message string // for people, without values of cells
	Path    string // of the setting that it is about
	// Rows is a SELECT of the rows that it is about, or empty.
	Rows Relation
}

// RowsError is an error of a node that can show the rows, or what is wrong with them.
type RowsError struct {
	Err  error
	Rows Relation // needs no input
}

// Error implements error.
func (e *RowsError) Error() string { return e.Err.Error() }

// Unwrap returns the error without the rows.
func (e *RowsError) Unwrap() error { return e.Err }

// Explainer is a Relational node that can tell on which rows its own statement
// fails, which the database does not.
type Explainer interface {
	// Explain is called after a statement that the node is a part of has failed on a
	// value. Without a message in the finding, the node is not to blame.
	Explain(ctx context.Context, env Env, in []Relation) (Finding, error)
}

// Reviser is a Relational node that guesses, such as the types of columns from
// the first rows of a file, and whose relation fails when the guess was wrong.
type Reviser interface {
	// Revise is told the failure of a statement over the node's rows. It returns
	// true when it has learnt from it, so that the statement is worth another try
	// with what Select says now. It does so a bounded number of times.
	Revise(ctx context.Context, env Env, failure error) (bool, error)
}

// Sink is a node at which rows leave the pipeline.
type Sink interface {
	// Write moves all rows of in to where they belong and returns their number.
	// After an error nothing has changed there, unless the error says what has. Where the written rows can be read
	// again cheaply, back is a relation over them, for previews; else it is empty.
	Write(ctx context.Context, env Env, in Relation) (rows int64, back Relation, err error)
}
