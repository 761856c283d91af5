package nodes

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/node"
	"github.com/broked/broked/internal/runs"
	"github.com/broked/broked/internal/sqltext"
)

// mapSpec runs another pipeline for every row.
var mapSpec = node.Spec{
	Kind: "map", Title: "Map", Icon: "repeat", Category: node.Transform, MinInputs: 1, MaxInputs: 1, Effects: true, Waits: true,
	Summary:     "Run another pipeline of this workspace once for every row that comes in, some at a time, and wait for all, without a slot. The rows go on with what has become of their runs: `run_id`, `status` and `error`.",
	Permissions: []string{string(auth.PipelinesRun)}, Asks: []string{runs.AskPlan},
	Settings: node.Schema{Type: node.TypeObject, Fields: []node.Field{
		pipelineSetting,
		{Name: "params", Schema: node.Schema{Type: node.TypeObject, Title: "Parameters", Values: &node.Schema{Type: node.TypeString, Format: node.FormatTemplate}, Help: "Values of its parameters, over its own. `{column}` stands for the value of that column in the row, nothing when it has none; two braces are one. They may have placeholders of this run as well, such as `${run.date}`."}},
		{Name: "concurrency", Schema: node.Schema{Type: node.TypeInteger, Title: "Runs at once", Default: defaultAtOnce, Min: new(1.0), Max: new(1000.0), Help: "So many runs are queued or running at a time; the slots of the server are a limit as well."}},
		{Name: "on_error", Schema: node.Schema{Type: node.TypeString, Title: "When a run fails", Default: allOrNone, Enum: []string{allOrNone, goOn}, Help: "fail: the node fails, no more runs are started, and those under way are cancelled. continue: the others are done, and the row says `failed`."}},
		longestSetting,
	}},
	New: newMap,
}

const (
	defaultAtOnce = 4
	allOrNone     = "fail"
	goOn          = "continue"
)

// mostParams is how many bytes the parameters of all runs of a node have at most.
const mostParams = 32 << 20

type mapped struct {
	pace     node.Pace
	Pipeline string            `json:"pipeline"`
	Params   map[string]string `json:"params"`
	AtOnce   int               `json:"concurrency"`
	OnError  string            `json:"on_error"`
	Most     string            `json:"timeout"`

	names []string    // of Params, sorted
	parts [][]segment // of each
}

// segment is a piece of a parameter's value: text, the name of a column, or that of a
// value of the run.
type segment struct{ text, column, value string }

func newMap(config json.RawMessage) (node.Node, error) {
	m := &mapped{AtOnce: defaultAtOnce, OnError: allOrNone, Most: longestCall}
	if err := json.Unmarshal(config, m); err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "the settings of the map are not readable")
	}
	m.names = slices.Sorted(maps.Keys(m.Params))
	for _, name := range m.names {
		parts, err := segments(m.Params[name])
		if err != nil {
			return nil, settingFault("params."+name, "%s", fault.MessageOf(err))
		}
		m.parts = append(m.parts, parts)
	}
	var err error
	if m.pace, err = callPace(m.Most); err != nil {
		return nil, err
	}
	return m, nil
}

// segments takes a value apart.
func segments(value string) ([]segment, error) {
	var all []segment
	var text strings.Builder
	for rest := value; rest != ""; {
		switch {
		case strings.HasPrefix(rest, "{{"), strings.HasPrefix(rest, "}}"):
			text.WriteByte(rest[0])
			rest = rest[2:]
		case strings.HasPrefix(rest, "${"):
			end := strings.IndexByte(rest, '}')
			if end < 0 {
				return nil, fault.New(fault.Invalid, "has a ${ without its }")
			}
			all = append(all, segment{text: text.String()}, segment{value: rest[2:end]})
			text.Reset()
			rest = rest[end+1:]
		case rest[0] == '{':
			column, after, closed := strings.Cut(rest[1:], "}")
			if !closed || strings.TrimSpace(column) == "" {
				return nil, fault.New(fault.Invalid, "has a { without the name of a column and a }: write {{ for one that is text")
			}
			all = append(all, segment{text: text.String()}, segment{column: column})
			text.Reset()
			rest = after
		default:
			text.WriteByte(rest[0])
			rest = rest[1:]
		}
	}
	return append(all, segment{text: text.String()}), nil
}

// Inspect implements node.Inspector: it plans a run for every row.
func (m *mapped) Inspect(ctx context.Context, env node.Env, in []node.Relation) (node.Verdict, error) {
	values, err := m.values(env, in[0])
	if err != nil {
		return node.Verdict{}, err
	}
	if err := fewEnough(ctx, env.DB, in[0], values); err != nil {
		return node.Verdict{}, err
	}
	table, err := env.DB.Query(ctx, "SELECT "+strings.Join(append(values, "true"), ", ")+" FROM ("+in[0].SQL+")", runs.MaxChildren)
	if err != nil {
		return node.Verdict{}, err
	}
	env.Log(node.Info, "%d runs of %q, at most %d at once", len(table.Rows), m.Pipeline, m.AtOnce)
	request, size := runs.PlanRequest{}, 0
	for i, row := range table.Rows {
		params := make(map[string]string, len(m.names))
		for k, name := range m.names {
			params[name], _ = row[k].(string)
			size += len(name) + len(params[name])
		}
		request.Params = append(request.Params, params)
		if i+1 < len(table.Rows) && len(request.Params) < runs.MaxPlanned && size < mostSent {
			continue
		}
		if err := env.Ask(ctx, runs.AskPlan, request, &struct{}{}); err != nil {
			return node.Verdict{}, err
		}
		request, size = runs.PlanRequest{First: i + 1}, 0
	}
	if len(table.Rows) == 0 { // an earlier attempt may have planned some
		return node.Verdict{}, env.Ask(ctx, runs.AskPlan, request, &struct{}{})
	}
	return node.Verdict{}, nil
}

// values returns an expression for the value of each parameter over the rows of in.
func (m *mapped) values(env node.Env, in node.Relation) ([]string, error) {
	for _, own := range node.CallColumns() {
		if i := column(in, own.Name); i >= 0 {
			return nil, fault.New(fault.Invalid, "a column %q comes in, and the node adds one of that name: rename it before", in.Columns[i].Name).With("column_exists")
		}
	}
	all := make([]string, len(m.names))
	for k, name := range m.names {
		pieces := make([]string, len(m.parts[k]))
		for i, part := range m.parts[k] {
			var err error
			if pieces[i], err = part.expression(env, in); err != nil {
				return nil, settingFault("params."+name, "%s", fault.MessageOf(err))
			}
		}
		all[k] = strings.Join(pieces, " || ")
	}
	return all, nil
}

// expression returns the piece as an expression over the rows of in.
func (s segment) expression(env node.Env, in node.Relation) (string, error) {
	if s.column != "" {
		i := column(in, s.column)
		if i < 0 {
			return "", fault.New(fault.Invalid, "there is no column %q%s", s.column, fault.DidYouMean(s.column, in.Names()))
		}
		return "coalesce(CAST(" + sqltext.Ident(in.Columns[i].Name) + " AS VARCHAR), '')", nil
	}
	if s.value == "" {
		return sqltext.Text(s.text), nil
	}
	value, there := env.Values(s.value)
	if !there {
		return "", fault.New(fault.Invalid, "${%s} has no value", s.value).With("missing_value")
	}
	return sqltext.Text(value), nil
}

// column returns the place of a column; -1 when there is none.
func column(in node.Relation, name string) int {
	return slices.IndexFunc(in.Columns, func(c node.Column) bool { return strings.EqualFold(c.Name, name) })
}

// fewEnough refuses rows that are too many, or whose parameters are.
func fewEnough(ctx context.Context, db node.DB, in node.Relation, values []string) error {
	sizes := make([]string, len(values))
	for i, v := range values {
		sizes[i] = "strlen(" + v + ")"
	}
	table, err := db.Query(ctx, "SELECT count(*), CAST(coalesce(sum("+cmp.Or(strings.Join(sizes, " + "), "0")+"), 0) AS BIGINT) FROM ("+in.SQL+")", 1)
	if err != nil {
		return err
	}
	rows, _ := table.Rows[0][0].(int64)
	size, _ := table.Rows[0][1].(int64)
	switch {
	case rows > runs.MaxChildren:
		return runs.TooManyChildren()
	case size > mostParams:
		return fault.New(fault.Invalid, "the parameters of all runs have %d MB, and %d are the most: give the runs less", size>>20, mostParams>>20).With("too_many_runs")
	}
	return nil
}

// Select implements node.Relational: the server puts what has become of the runs
// beside the rows.
func (*mapped) Select(_ context.Context, _ node.Env, in []node.Relation) (node.Relation, error) {
	rel := in[0]
	rel.SameRows = true
	return rel, nil
}

// Rehearse implements node.Rehearser: all runs succeed, and have no id.
func (m *mapped) Rehearse(_ context.Context, env node.Env, in []node.Relation) (node.Relation, error) {
	if _, err := m.values(env, in[0]); err != nil {
		return node.Relation{}, err
	}
	env.Log(node.Info, "a trial: the pipeline %q would run here for every row, and counts as a success", m.Pipeline)
	return node.Relation{
		SQL:      "SELECT *, CAST(NULL AS VARCHAR) AS run_id, 'success' AS status, CAST(NULL AS VARCHAR) AS error FROM (" + in[0].SQL + ")",
		Columns:  append(slices.Clone(in[0].Columns), node.CallColumns()...),
		SameRows: true,
	}, nil
}

// Calls implements node.Caller.
func (m *mapped) Calls() node.Calls {
	return node.Calls{Pipeline: m.Pipeline, AtOnce: m.AtOnce, GoOn: m.OnError == goOn}
}

// Pace implements node.Patient.
func (m *mapped) Pace() node.Pace { return m.pace }

// Subject implements node.Patient.
func (m *mapped) Subject() string { return fmt.Sprintf("the runs of %q", m.Pipeline) }
