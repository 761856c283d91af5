// Package console answers questions in SQL about the rows that runs have kept.
package console

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/job"
	"github.com/broked/broked/internal/node"
	"github.com/broked/broked/internal/runs"
)

// Bounds of a query.
const (
	DefaultRows = 1000
	MaxRows     = 10_000    // that are shown
	MaxExport   = 1_000_000 // that a file has
	MaxTables   = 50        // that are at hand at once
	MaxSQL      = 64 << 10
	Timeout     = 50 * time.Second
	maxShown    = 8 << 20 // bytes of shown rows, as JSON
)

// Table is the rows of a node of a run, as SQL names them.
type Table struct {
	Name    string        `json:"table" doc:"What it is called in SQL; to be put in double quotes unless it is a plain name"`
	Run     runs.ID       `json:"run_id"`
	Node    string        `json:"node_id"`
	Title   string        `json:"node_name"`
	Rows    *int64        `json:"rows" doc:"Of the whole output; null when not known"`
	Kept    bool          `json:"kept" doc:"All rows are at hand; else it is a sample: the first rows, those of the preview"`
	Columns []node.Column `json:"columns" nullable:"false"`

	artifact runs.Artifact
	sample   *job.Sample
}

// OtherRun is another run whose tables a query may use as well.
type OtherRun struct {
	Run runs.ID `json:"run_id" maxLength:"128"`
	As  string  `json:"as" doc:"Its table of a node is called AS_NODE" pattern:"^[a-z][a-z0-9]{0,19}$" maxLength:"20"`
}

// Query is a question about the rows of runs.
type Query struct {
	Run  runs.ID
	SQL  string // one SELECT
	Rows int64  // at most; 0 is DefaultRows
	With []OtherRun
}

// Answer is the answer to a query.
type Answer struct {
	Columns []node.Column `json:"columns" nullable:"false"`
	Rows    [][]any       `json:"rows" nullable:"false" doc:"Values in the order of the columns; numbers that JavaScript would round are text"`
	Cut     bool          `json:"truncated" doc:"There are more rows"`
	Millis  int64         `json:"duration_ms"`
	Tables  []Table       `json:"tables" nullable:"false" doc:"The tables that the statement names"`
}

// Source is a file with rows that becomes a table.
type Source struct {
	Step     string // of the job
	Run      runs.ID
	Artifact runs.Artifact
}

// Ask is a job that answers a query.
type Ask struct {
	Job     job.Job
	Sources []Source
	Files   map[string][]byte // in the job's folder, by their names
	Hear    func(job.Message)
	// Take, unless nil, is given the job's folder when the job has succeeded.
	Take func(dir string) error
}

// Engine executes queries. Package executor implements it.
type Engine interface {
	// Has reports whether the rows of an artifact of a run can be read here.
	Has(run runs.ID, a runs.Artifact) bool
	// Ask executes the job of a query in a folder of its own, and removes that. A source
	// whose file is gone is a Conflict fault.
	Ask(ctx context.Context, a Ask) (job.Message, error)
}

// Service is what can be asked.
type Service struct {
	runs   *runs.Service
	engine Engine
}

// NewService returns a service that asks about the runs of r by engine.
func NewService(r *runs.Service, engine Engine) *Service { return &Service{runs: r, engine: engine} }

// Tables returns the tables of a run, in the order of its document: those of nodes of
// which something is left.
func (s *Service) Tables(ctx context.Context, run runs.ID) ([]Table, error) {
	return s.tables(ctx, OtherRun{Run: run}, "")
}

// tables returns those tables of a run that a statement names; all for "".
func (s *Service) tables(ctx context.Context, of OtherRun, sql string) ([]Table, error) {
	r, err := s.runs.Get(ctx, of.Run)
	if err != nil {
		return nil, err
	}
	d, err := s.runs.Document(ctx, r)
	if err != nil {
		return nil, err
	}
	all := []Table{}
	for _, n := range d.Nodes {
		t := Table{Name: n.ID, Run: r.ID, Node: n.ID, Title: n.Name, Columns: []node.Column{}}
		if of.As != "" {
			t.Name = of.As + "_" + n.ID
		}
		if sql != "" && !names(sql, t.Name) {
			continue
		}
		left, err := s.fill(ctx, &t)
		if err != nil {
			return nil, err
		}
		if left {
			all = append(all, t)
		}
	}
	return all, nil
}

// fill finds what is left of the rows of a table, and reports whether anything is.
func (s *Service) fill(ctx context.Context, t *Table) (bool, error) {
	p, err := s.runs.Preview(ctx, t.Run, t.Node)
	if err != nil && fault.KindOf(err) != fault.NotFound {
		return false, err
	}
	if err == nil {
		t.Columns, t.Rows, t.sample = p.Sample.Columns, p.Total, &p.Sample
	}
	if t.artifact, err = s.runs.Artifact(ctx, t.Run, t.Node); err != nil {
		return false, err
	}
	if t.Kept = t.artifact.File != "" && s.engine.Has(t.Run, t.artifact); t.Kept {
		t.Rows = &t.artifact.Rows
	}
	return t.Kept || t.sample != nil && len(t.Columns) > 0, nil
}

// names reports whether a statement may name a table.
func names(sql, table string) bool {
	sql, table = strings.ToLower(sql), strings.ToLower(table)
	return strings.Contains(sql, table) || strings.Contains(sql, strings.ReplaceAll(table, `"`, `""`))
}

// answer is the name of the step that computes the result.
const answer = "_answer"

// Run answers a query. A statement that cannot be executed is an Invalid fault whose
// problem has the path sql.
func (s *Service) Run(ctx context.Context, q Query) (Answer, error) {
	began := time.Now()
	if q.Rows == 0 {
		q.Rows = DefaultRows
	}
	a, used, err := s.prepare(ctx, q)
	if err != nil {
		return Answer{}, err
	}
	a.Job.Query = &job.Query{Node: answer, Rows: q.Rows + 1}
	a.Job.Limits.PreviewRows, a.Job.Limits.PreviewBytes = int(q.Rows), maxShown
	var shown *job.Sample
	h := heard{}
	a.Hear = func(m job.Message) {
		h.hear(m)
		if m.Type == job.Preview && m.Node == answer {
			shown = m.Table
		}
	}
	last, err := s.engine.Ask(ctx, a)
	if err == nil {
		err = h.failure(last)
	}
	if err != nil {
		return Answer{}, err
	}
	if shown == nil {
		return Answer{}, errors.New("the engine shows no rows of an answer")
	}
	return Answer{Columns: shown.Columns, Rows: shown.Rows, Cut: shown.Truncated, Millis: time.Since(began).Milliseconds(), Tables: used}, nil
}

// Formats are those in which an answer can be had as a file, with how that is called.
var Formats = map[string]string{"csv": "text/csv; charset=utf-8", "ndjson": "application/x-ndjson", "parquet": "application/vnd.apache.parquet"}

// Export answers a query by a file, which the caller closes. The file has no name any
// more. Cut says that there are more than MaxExport rows. Faults are as those of Run.
func (s *Service) Export(ctx context.Context, q Query, format string, spreadsheet bool) (f *os.File, cut bool, err error) {
	a, _, err := s.prepare(ctx, q)
	if err != nil {
		return nil, false, err
	}
	name := "answer." + format
	config, err := json.Marshal(map[string]string{"path": name, "format": format})
	if err != nil {
		return nil, false, err
	}
	const file = "_file"
	a.Job.Query = &job.Query{Node: answer, Rows: MaxExport + 1, Spreadsheet: spreadsheet && format == "csv"}
	a.Job.Nodes = append(a.Job.Nodes, job.Step{ID: file, Name: file, Kind: "sink_file", Config: config})
	a.Job.Edges = append(a.Job.Edges, job.Edge{From: answer, To: file})
	a.Job.Limits.PreviewRows = 1
	h := heard{}
	a.Hear = func(m job.Message) {
		h.hear(m)
		if m.Node == file && m.Rows != nil {
			cut = *m.Rows > MaxExport
		}
	}
	a.Take = func(dir string) (err error) {
		f, err = os.Open(dir + "/" + name) //nolint:gosec // in a folder of ours
		return err
	}
	last, err := s.engine.Ask(ctx, a)
	if err == nil {
		err = h.failure(last)
	}
	if err != nil && f != nil {
		err = errors.Join(err, f.Close())
	}
	return f, cut, err
}

// prepare returns the job of a query, and the tables that it may name.
func (s *Service) prepare(ctx context.Context, q Query) (Ask, []Table, error) {
	if err := q.check(); err != nil {
		return Ask{}, nil, err
	}
	var at []Table
	for _, of := range append([]OtherRun{{Run: q.Run}}, q.With...) {
		some, err := s.tables(ctx, of, q.SQL)
		if err != nil {
			return Ask{}, nil, err
		}
		at = append(at, some...)
	}
	if len(at) == 0 { // so that the fault can say what there is
		var err error
		if at, err = s.Tables(ctx, q.Run); err != nil {
			return Ask{}, nil, err
		}
		at = at[:min(len(at), MaxTables)]
	}
	switch {
	case len(at) == 0:
		return Ask{}, nil, fault.New(fault.Conflict, "nothing is left of the rows of this run: look at a newer one").With("no_rows")
	case len(at) > MaxTables:
		return Ask{}, nil, wrong("names more than %d tables", MaxTables)
	}
	a, err := asking(q.SQL, at)
	return a, at, err
}

// alias is what another run may be called.
var alias = regexp.MustCompile(`^[a-z][a-z0-9]{0,19}$`)

func (q Query) check() error {
	var problems []fault.Problem
	add := func(is bool, path, format string, args ...any) {
		if is {
			problems = append(problems, fault.Problem{Path: path, Message: fmt.Sprintf(format, args...)})
		}
	}
	add(strings.TrimSpace(q.SQL) == "", "sql", "is missing: write a SELECT over the tables of the run")
	add(len(q.SQL) > MaxSQL, "sql", "has more than %d KB", MaxSQL>>10)
	add(q.Rows < 0 || q.Rows > MaxRows, "rows", "must be 1 to 10,000")
	add(len(q.With) > 4, "with", "has more than 4 runs")
	for i, w := range q.With {
		add(!alias.MatchString(w.As), fmt.Sprintf("with[%d].as", i), "must be small letters and digits, at most 20, and begin with a letter")
		add(slices.ContainsFunc(q.With[:i], func(o OtherRun) bool { return o.As == w.As }), fmt.Sprintf("with[%d].as", i), "is there twice")
	}
	if len(problems) > 0 {
		return fault.Rejected("the query cannot be run", problems)
	}
	return nil
}

// asking returns the job that answers a statement over tables.
func asking(sql string, at []Table) (Ask, error) {
	idle, err := json.Marshal(map[string]string{"query": "SELECT 1"})
	if err != nil {
		return Ask{}, err
	}
	config, err := json.Marshal(map[string]string{"query": sql})
	if err != nil {
		return Ask{}, err
	}
	a := Ask{Job: job.Job{Run: "query", Name: "query", Values: map[string]string{}, Limits: job.DefaultLimits()}, Files: map[string][]byte{}}
	for i, t := range at {
		if slices.ContainsFunc(at[:i], func(o Table) bool { return strings.EqualFold(o.Name, t.Name) }) {
			return Ask{}, wrong("two tables are called %q: choose another alias", t.Name)
		}
		step := job.Step{ID: t.Name, Name: t.Name, Kind: "sql", Config: idle}
		if t.Kept {
			step.Restored = &job.Restored{Rows: t.artifact.Rows}
			a.Sources = append(a.Sources, Source{Step: t.Name, Run: t.Run, Artifact: t.artifact})
		} else {
			name := fmt.Sprintf("sample-%d.ndjson", i)
			step.Pinned = &job.Pinned{Path: name, Columns: sampled(t.Columns)}
			if a.Files[name], err = lines(t.sample); err != nil {
				return Ask{}, err
			}
		}
		a.Job.Nodes = append(a.Job.Nodes, step)
		a.Job.Edges = append(a.Job.Edges, job.Edge{From: t.Name, To: answer})
	}
	a.Job.Nodes = append(a.Job.Nodes, job.Step{ID: answer, Name: "the query", Kind: "sql", Config: config})
	return a, nil
}

// sampled returns the columns that a sample has: what is nested is shown as text, which
// may be cut.
func sampled(columns []node.Column) []node.Column {
	all := slices.Clone(columns)
	for i, c := range all {
		if strings.HasSuffix(c.Type, "]") || strings.HasPrefix(c.Type, "STRUCT") || strings.HasPrefix(c.Type, "MAP") {
			all[i].Type = "VARCHAR"
		}
	}
	return all
}

// lines returns the rows of a sample as they lie in a file.
func lines(s *job.Sample) ([]byte, error) {
	var text []byte
	_, rows := s.Named()
	for _, row := range rows {
		line, err := json.Marshal(row)
		if err != nil {
			return nil, fmt.Errorf("write a sample: %w", err)
		}
		text = append(append(text, line...), '\n')
	}
	return text, nil
}

// heard is what an engine has said of failures.
type heard struct{ why *job.Failure }

func (h *heard) hear(m job.Message) {
	if m.Type == job.NodeFinished && m.Error != nil && h.why == nil {
		h.why = m.Error
	}
}

// failure returns why the job has failed whose last message this is, or nil.
func (h *heard) failure(last job.Message) error {
	if last.Status == job.Success {
		return nil
	}
	why := h.why
	if why == nil {
		why = last.Error
	}
	message := why.Message
	if len(why.Problems) > 0 {
		message = why.Problems[0].Message
	}
	f := wrong("%s", strings.TrimPrefix(message, "the data could not be processed: "))
	if why.Code == "out_of_memory" || why.Code == "spill_limit" {
		return f.With("query_too_large")
	}
	return f
}

func wrong(format string, args ...any) *fault.Error {
	message := fmt.Sprintf(format, args...)
	f := fault.New(fault.Invalid, "%s", message).With("query_failed")
	f.Problems = []fault.Problem{{Path: "sql", Message: message}}
	return f
}
