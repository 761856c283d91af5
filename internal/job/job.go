// Package job is what the server and an engine process say to each other: one
// Job goes in on standard input, and after it a Reply to each question; Messages
// come out on standard output, all as JSON lines. Whoever changes it changes both ends, which are one binary.
package job

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/broked/broked/internal/connection"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/node"
	"github.com/broked/broked/internal/outbound"
)

// Job is one run's work. It holds everything that the engine may know.
type Job struct {
	Run    string            `json:"run"`
	Name   string            `json:"name"`  // of the pipeline
	Nodes  []Step            `json:"nodes"` // in document order
	Edges  []Edge            `json:"edges"` // in document order: the first into a node is its first input
	Values map[string]string `json:"values"`
	// Hidden are secrets in the settings. They must be shown nowhere.
	Hidden []string `json:"-"`
	Legacy bool     `json:"legacy"` // the document has no ir_version
	Roots  Roots    `json:"roots"`
	Dir    string   `json:"dir"` // the run's folder: artifacts and temporary files
	Limits Limits   `json:"limits"`
	Trial  *Trial   `json:"trial,omitempty"`
	Query  *Query   `json:"query,omitempty"`
	// Claim tells apart the times that the run was begun or went on, from 1. Files of rows
	// have other names each time, because a machine may still have those of an earlier one.
	Claim int64         `json:"claim,omitempty"`
	Out   outbound.Exit `json:"out"` // to other machines, for nodes that call them
}

// Params returns the values of the run's parameters by name.
func (j Job) Params() map[string]string {
	params := make(map[string]string)
	for name, value := range j.Values {
		if name, is := strings.CutPrefix(name, "param."); is {
			params[name] = value
		}
	}
	return params
}

// Wanted returns how many rows of every source are wanted; 0 is all.
func (j Job) Wanted() int64 {
	if j.Trial == nil || j.Trial.Share > 0 {
		return 0
	}
	return j.Trial.Rows
}

// Step is one node with its settings; placeholders are resolved, but for those
// in expressions, which the node binds from Values.
type Step struct {
	ID     string          `json:"id"`
	Name   string          `json:"name"`
	Kind   string          `json:"kind"`
	Config json.RawMessage `json:"config"`
	// State is what the node kept at the end of the pipeline's last run that
	// succeeded; nil when nothing.
	State json.RawMessage `json:"state,omitempty"`
	// Connections are those that the settings name, by their names, with their secrets.
	Connections map[string]connection.Connection `json:"connections,omitempty"`
	// Keep says that the rows become an artifact, whatever the settings say.
	Keep bool `json:"keep,omitempty"`
	// Restored, unless nil, is what another run has left of this node, which is not
	// computed again.
	Restored *Restored `json:"restored,omitempty"`
	// Pinned, unless nil, are rows that the node yields instead of its own.
	Pinned *Pinned `json:"pinned,omitempty"`
}

// Given reports whether the rows of the node come from elsewhere, so that nothing
// has to come into it.
func (s Step) Given() bool { return s.Restored != nil || s.Pinned != nil }

// Pinned is rows that somebody has written down.
type Pinned struct {
	// Path is a file in the run's folder with a JSON object a line.
	Path    string        `json:"path"`
	Columns []node.Column `json:"columns"`
}

// Trial says that a run is only to show what would happen: sinks and nodes that act
// on the world do nothing, and sources give the first of their rows.
type Trial struct {
	Rows  int64   `json:"rows"`  // of every source; 0 is all
	Share float64 `json:"share"` // of the rows of every source, chosen by chance; 0 is all
}

// Query says that a job answers a question about rows that are there already: only
// the rows of one node are shown, and no more than so many are computed.
type Query struct {
	Node string `json:"node"`
	Rows int64  `json:"rows"`
	// Spreadsheet has texts that a spreadsheet would take for a formula begin with a '.
	Spreadsheet bool `json:"spreadsheet,omitempty"`
}

// Restored is the result of a node that another run has computed.
type Restored struct {
	// Path is a Parquet file in the run's folder with the rows. It is empty when no
	// node that is computed takes them.
	Path string `json:"path,omitempty"`
	Rows int64  `json:"rows"`
	// Beside, unless empty, is a file in the run's folder with a JSON object a line, as
	// many as there are rows: the values of node.CallColumns, which the rows get. They
	// are kept together in an artifact whose name begins with Joined.
	Beside string `json:"beside,omitempty"`
}

// Joined begins the names of files whose rows have got the columns that were beside
// them. No other artifact is called so.
const Joined = "joined."

// Edge carries the rows of From to To.
type Edge struct {
	From string `json:"from"`
	To   string `json:"to"`
	// Condition is the answer with which rows flow, when From decides; nil is true.
	Condition *bool `json:"condition,omitempty"`
}

// Roots says which files the nodes of a run may reach. All paths are absolute.
type Roots struct {
	Base  string   `json:"base"`  // where relative paths begin
	Allow []string `json:"allow"` // folders that may be read and written
	Deny  []string `json:"deny"`  // files and folders that may not, though inside Allow
}

// Limits bound what a run may use.
type Limits struct {
	Threads      int   `json:"threads"`
	Memory       int64 `json:"memory"`        // bytes for the analytical database; it spills to Dir beyond
	Spill        int64 `json:"spill"`         // bytes that it may write there for want of memory
	PreviewRows  int   `json:"preview_rows"`  // rows kept of every node's output
	PreviewBytes int   `json:"preview_bytes"` // of one preview, as JSON
}

// DefaultLimits is what a run gets when nobody said otherwise.
func DefaultLimits() Limits {
	return Limits{Threads: 2, Memory: 1 << 30, Spill: 16 << 30, PreviewRows: 100, PreviewBytes: 256 << 10}
}

// LeftoversFile is a file in the run's folder: a line for each path that must be
// removed when the engine dies before it could do so itself. A path has no line
// breaks; one that had would not be listed.
const LeftoversFile = "leftovers"

// Type names a kind of message. They are also the names of run events.
type Type string

// The messages of an engine, in the order in which a run says them.
const (
	Ready        Type = "ready"         // said before a job is taken
	Declined     Type = "declined"      // said in place of all others: the job is for an engine that has served nobody
	NodeStarted  Type = "node.started"  // Node
	NodeRetrying Type = "node.retrying" // Node, Message: which attempt of how many begins
	NodeProgress Type = "node.progress" // Node, Progress: at most twice a second
	Log          Type = "log"           // Node (or none), Level, Message; Error when it is about certain rows
	Preview      Type = "preview"       // Node, Table
	Artifact     Type = "artifact"      // Node, Path, Rows
	NodeFinished Type = "node.finished" // Node, Status, Rows, Millis, Error, Restored, Pushed
	Finished     Type = "finished"      // Status, Error, Again; nothing follows, but for Ready when Again

	// These two are for the server itself, and not events of the run.

	Ask  Type = "ask"  // Node, Question: a Reply is waited for
	Kept Type = "kept" // Node, State: for the pipeline's next run, if this one succeeds
)

// Question is what a node wants of the server, which alone has the record.
type Question struct {
	Node string          `json:"node"`
	ID   int64           `json:"id"` // differs from those of other questions of the run
	What string          `json:"what"`
	Body json.RawMessage `json:"body"`
}

// Reply answers the question with its ID: either Body or Error.
type Reply struct {
	ID    int64           `json:"id"`
	Body  json.RawMessage `json:"body,omitempty"`
	Error *Failure        `json:"error,omitempty"`
}

// Status is how a node or the whole job ended.
type Status string

// How things end.
const (
	Success Status = "success"
	Failed  Status = "failed"
	Skipped Status = "skipped" // a node that was not reached, or on a branch that was not taken
)

// Failure is why something failed, in words for people.
type Failure struct {
	Code     string          `json:"code"`
	Message  string          `json:"message"`
	Problems []fault.Problem `json:"problems,omitempty"` // paths inside the node's settings
	Rows     *Sample         `json:"rows,omitempty"`     // the first rows that it is about
}

// Message is one line from an engine. Which members are set depends on Type.
type Message struct {
	Type     Type       `json:"type"`
	At       time.Time  `json:"at"`
	Node     string     `json:"node,omitempty"`
	Level    node.Level `json:"level,omitempty"`
	Message  string     `json:"message,omitempty"`
	Status   Status     `json:"status,omitempty"`
	Progress *float64   `json:"progress,omitempty"` // 0 to 1
	Rows     *int64     `json:"rows,omitempty"`     // exact; nil when not told
	Millis   int64      `json:"millis,omitempty"`
	Path     string     `json:"path,omitempty"`
	Restored bool       `json:"restored,omitempty"` // it was not computed, but is what another run has left
	Pushed   string     `json:"pushed,omitempty"`   // the statement with which a database has computed the rows
	Error    *Failure   `json:"error,omitempty"`
	Table    *Sample    `json:"table,omitempty"`
	Again    bool       `json:"again,omitempty"` // the engine may serve another run that touches the same files

	Question *Question       `json:"question,omitempty"`
	State    json.RawMessage `json:"state,omitempty"`
}

// Sample is the first rows of a node's output, ready to be shown.
type Sample struct {
	Columns   []node.Column `json:"columns"`
	Rows      [][]any       `json:"rows"` // values as JSON: numbers that JavaScript would round are strings
	Truncated bool          `json:"truncated"`
}

// Named returns the names of the columns, and every row as its values by them.
func (s Sample) Named() ([]string, []map[string]any) {
	columns, rows := make([]string, len(s.Columns)), make([]map[string]any, len(s.Rows))
	for i, c := range s.Columns {
		columns[i] = c.Name
	}
	for i, values := range s.Rows {
		rows[i] = make(map[string]any, len(values))
		for k, v := range values {
			rows[i][columns[k]] = v
		}
	}
	return columns, rows
}

// FailureOf tells err in words for people, with its code and its problems.
func FailureOf(err error) *Failure {
	err = fault.OfDisk(err)
	return &Failure{Code: fault.CodeOf(err), Message: fault.MessageOf(err), Problems: fault.ProblemsOf(err)}
}
