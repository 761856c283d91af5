// Package trials is what a pipeline would do: it is run on a sample of its rows, or
// on rows that somebody has pinned to a node, without writing anything anywhere and
// without being on record.
package trials

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/job"
	"github.com/broked/broked/internal/node"
	"github.com/broked/broked/internal/pipelines"
)

// Bounds of a trial.
const (
	DefaultRows = 100    // of every source
	MaxRows     = 10_000 // of every source, and of pinned rows
	MaxPinned   = 1 << 20
	Timeout     = 50 * time.Second
)

// Rows are rows that somebody has written down.
type Rows struct {
	// Columns may be absent: then they are those of the rows, in the order in which
	// they come, and their types are those that the values look like.
	Columns []node.Column `json:"columns,omitempty"`
	Rows    []Row         `json:"rows" nullable:"false"`
}

// Row is a JSON object: the values by their columns. A column that is missing is null.
type Row = json.RawMessage

// Trial asks what a pipeline would do.
type Trial struct {
	Document pipelines.Document
	Params   map[string]string
	Until    string          // the node behind which nothing is of interest; "" is none
	Rows     int64           // of every source; 0 is DefaultRows
	Share    float64         // instead of the first rows, so many of them by chance: above 0, at most 1
	Pins     map[string]Rows // of nodes that yield these instead of their own
	Shown    int             // rows that are shown of each node
	Bytes    int             // that these may have as JSON; 0 is what previews may have
}

// NodeResult is how a node fared.
type NodeResult struct {
	ID       string           `json:"node_id"`
	Name     string           `json:"name"`
	Status   job.Status       `json:"status" enum:"success,failed,skipped"`
	RowCount *int64           `json:"row_count,omitempty" doc:"Absent of a node that has not succeeded"`
	Pinned   bool             `json:"pinned,omitempty" doc:"Its rows were pinned"`
	Columns  []string         `json:"columns" nullable:"false"`
	Types    []node.Column    `json:"types" nullable:"false"`
	Rows     []map[string]any `json:"rows" nullable:"false" doc:"The first rows that come out of it; of a sink, those that come in"`
	Cut      bool             `json:"truncated,omitempty" doc:"There are more rows"`
	Error    string           `json:"error,omitempty"`
	Failure  *job.Failure     `json:"failure,omitempty"`
	Log      []Line           `json:"log" nullable:"false"`
}

// Line is a line of a node's log.
type Line struct {
	Level   node.Level `json:"level"`
	Message string     `json:"message"`
}

// Result is what a trial has shown.
type Result struct {
	Status  job.Status            `json:"status" enum:"success,failed"`
	Results map[string]NodeResult `json:"results" nullable:"false" doc:"By the ids of the nodes"`
	Failure *job.Failure          `json:"failure,omitempty"`
}

// Engine executes trials. Package executor implements it.
type Engine interface {
	// Job returns the job of a run of d with parameters.
	Job(ctx context.Context, d pipelines.Document, params map[string]string) (job.Job, error)
	// Try executes a job as a trial and hands over what its engine says. The run's
	// folder is made for it, with what files say in it by their names, and removed.
	Try(ctx context.Context, document pipelines.Document, j job.Job, files map[string][]byte, hear func(job.Message)) (job.Message, error)
}

// Run executes a trial, whose document has been checked. A node that does not exist,
// pins that cannot be used and values that are missing are Invalid faults; a node
// that fails is a result.
func Run(ctx context.Context, e Engine, t Trial) (Result, error) {
	j, err := e.Job(ctx, t.Document, t.Params)
	if err != nil {
		return Result{}, err
	}
	files, err := pin(&j, t.Pins)
	if err != nil {
		return Result{}, err
	}
	if err := trim(&j, t.Until); err != nil {
		return Result{}, err
	}
	j.Trial = &job.Trial{Rows: t.Rows, Share: t.Share}
	if t.Rows == 0 {
		j.Trial.Rows = DefaultRows
	}
	j.Limits.PreviewRows = t.Shown
	if t.Bytes > 0 {
		j.Limits.PreviewBytes = t.Bytes
	}
	seen := newRecord(j)
	last, err := e.Try(ctx, t.Document, j, files, seen.hear)
	if err != nil {
		return Result{}, err
	}
	return Result{Status: last.Status, Failure: last.Error, Results: seen.nodes}, nil
}

// trim takes those nodes out of j that no node of interest needs: the one with id
// last or, without it, those at the ends of the graph.
func trim(j *job.Job, last string) error {
	ids := make([]string, len(j.Nodes))
	for i, s := range j.Nodes {
		ids[i] = s.ID
	}
	if last != "" && !slices.Contains(ids, last) {
		return refused("until", fmt.Sprintf("there is no node %q%s", last, fault.DidYouMean(last, ids)))
	}
	given := make(map[string]bool)
	for _, s := range j.Nodes {
		given[s.ID] = s.Given()
	}
	wanted := interest(j, last)
	for grown := true; grown; {
		grown = false
		for _, e := range j.Edges {
			if wanted[e.To] && !given[e.To] && !wanted[e.From] {
				wanted[e.From], grown = true, true
			}
		}
	}
	j.Nodes = slices.DeleteFunc(j.Nodes, func(s job.Step) bool { return !wanted[s.ID] })
	j.Edges = slices.DeleteFunc(j.Edges, func(e job.Edge) bool { return !wanted[e.From] || !wanted[e.To] || given[e.To] })
	return nil
}

// interest returns the node with id last or, without it, those that nothing follows.
func interest(j *job.Job, last string) map[string]bool {
	if last != "" {
		return map[string]bool{last: true}
	}
	ends := make(map[string]bool)
	for _, s := range j.Nodes {
		ends[s.ID] = true
	}
	for _, e := range j.Edges {
		ends[e.From] = false
	}
	return ends
}

func refused(path, message string) error {
	return fault.Rejected("the trial cannot be run", []fault.Problem{{Path: path, Message: message}})
}

// pin gives nodes of j their rows, and returns the files that have them.
func pin(j *job.Job, pins map[string]Rows) (map[string][]byte, error) {
	files := make(map[string][]byte, len(pins))
	left := maps.Clone(pins)
	for i := range j.Nodes {
		s := &j.Nodes[i]
		rows, is := pins[s.ID]
		if !is {
			continue
		}
		delete(left, s.ID)
		text, columns, err := rows.lines()
		if err != nil {
			return nil, refused("pins."+s.ID, fault.MessageOf(err))
		}
		name := fmt.Sprintf("pin-%d.ndjson", i)
		files[name] = text
		s.Pinned = &job.Pinned{Path: name, Columns: columns}
	}
	for _, id := range slices.Sorted(maps.Keys(left)) {
		return nil, refused("pins."+id, "there is no such node")
	}
	return files, nil
}

// record gathers what an engine says.
type record struct{ nodes map[string]NodeResult }

func newRecord(j job.Job) *record {
	r := &record{nodes: make(map[string]NodeResult, len(j.Nodes))}
	for _, s := range j.Nodes {
		r.nodes[s.ID] = NodeResult{ID: s.ID, Name: s.Name, Status: job.Skipped, Pinned: s.Pinned != nil, Columns: []string{}, Types: []node.Column{}, Rows: []map[string]any{}, Log: []Line{}}
	}
	return r
}

// maxLines is how many lines of a node's log are kept.
const maxLines = 200

func (r *record) hear(m job.Message) {
	n, known := r.nodes[m.Node]
	if !known {
		return
	}
	switch m.Type { //nolint:exhaustive // the others say nothing of results
	case job.Log:
		if len(n.Log) < maxLines {
			n.Log = append(n.Log, Line{m.Level, m.Message})
		}
	case job.Preview:
		n.Types, n.Cut = m.Table.Columns, m.Table.Truncated
		n.Columns, n.Rows = m.Table.Named()
	case job.NodeFinished:
		n.Status, n.RowCount, n.Failure = m.Status, m.Rows, m.Error
		if m.Error != nil {
			n.Error = m.Error.Message
		}
	}
	r.nodes[m.Node] = n
}
