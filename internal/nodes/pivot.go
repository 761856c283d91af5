package nodes

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/node"
	"github.com/broked/broked/internal/sqltext"
)

// pivotSpec makes columns of values.
var pivotSpec = func() node.Spec {
	s := oneRule(node.Spec{
		Kind: "pivot", Title: "Pivot", Icon: "pivot",
		Summary: "Make columns of values: a row for each group, a column for each value of a column, and in them a sum or another figure.",
	}, ruleKind{node.Variant{Schema: node.Schema{Fields: []node.Field{
		{Name: "group_by", Schema: columnsHelp("One row for each of their values, in their order. Left out, there is one row.")},
		{Name: "column", Required: true, Schema: node.Schema{Type: node.TypeString, Title: "Column", MinLen: 1, Format: node.FormatColumn, Help: "Its values become the names of columns. Rows in which it is null are in none of them."}},
		{Name: "value", Schema: node.Schema{Type: node.TypeString, Title: "Value", Format: node.FormatColumn, Help: "What the function is applied to; count needs none."}},
		{Name: "function", Schema: node.Schema{Type: node.TypeString, Title: "Function", Default: "sum", Enum: aggregateFunctions}},
		{Name: "values", Schema: node.Schema{Type: node.TypeArray, Title: "Values", Items: &node.Schema{Type: node.TypeString, MinLen: 1}, Help: fmt.Sprintf("Which values become columns, in this order. Left out, all that there are do, at most %d.", maxPivot)}},
	}}}, func() rule { return &pivot{} }})
	plain := s.New
	s.New = func(config json.RawMessage) (node.Node, error) {
		n, err := plain(config)
		if err != nil {
			return nil, err
		}
		if r, is := n.(*ruled); is {
			if p, is := r.rules[0].(*pivot); is && len(p.Values) == 0 {
				return &lookingPivot{ruled: r, pivot: p}, nil
			}
		}
		return n, nil
	}
	return s
}()

// maxPivot is how many columns values may become without being listed.
const maxPivot = 1000

type pivot struct {
	GroupBy  []string `json:"group_by"`
	Column   string   `json:"column"`
	Value    string   `json:"value"`
	Function string   `json:"function"`
	Values   []string `json:"values"`
}

func (p *pivot) check() []fault.Problem {
	if p.Function == "" {
		p.Function = "sum"
	}
	if p.Function != "count" && p.Value == "" {
		return problem("value", "is missing; only count needs none")
	}
	for i, v := range p.Values {
		if place(p.Values[:i], v) >= 0 {
			return problem(entry("values", i), "there would be two columns %q", v)
		}
	}
	return nil
}

func (p *pivot) apply(q *query) []fault.Problem {
	groups, problems := q.findAll("group_by", p.GroupBy)
	names, wrong := q.find("column", p.Column)
	if problems = append(problems, wrong...); len(problems) > 0 {
		return problems
	}
	f := aggregation{Function: p.Function, Column: p.Value}
	row := (&aggregate{Aggregations: []aggregation{f}}).rows(q)
	fig, wrong := f.compile(q, row)
	for _, w := range wrong {
		problems = append(problems, fault.Problem{Path: strings.Replace(w.Path, "column", "value", 1), Message: w.Message})
	}
	result := query{from: q.from, risks: q.risks, asItCame: q.asItCame, numbered: q.numbered, values: q.values, legacy: q.legacy, log: q.log}
	var keys []string
	for _, i := range groups {
		result.columns, keys = append(result.columns, q.columns[i]), append(keys, q.columns[i].sql)
	}
	for _, v := range p.Values {
		if strings.Trim(v, "\x00") == "" {
			problems = append(problems, problem("column", "%q holds empty text, which cannot be the name of a column: give it a value before, or list values", q.columns[names].name)...)
		}
		if result.has(v) {
			problems = append(problems, problem("values", "there would be two columns %q", v)...)
		}
		is := fmt.Sprintf(" FILTER (WHERE CAST(%s AS VARCHAR) = %s)", q.columns[names].sql, sqltext.Text(v))
		result.columns = append(result.columns, queryColumn{name: v, typ: fig.typ, sql: fig.sql(is)})
	}
	if len(problems) > 0 {
		return problems
	}
	result.group(keys)
	*q = result
	return nil
}

// lookingPivot is a pivot that takes its values from the rows.
type lookingPivot struct {
	*ruled

	pivot *pivot
}

// Inspect implements node.Inspector.
func (l *lookingPivot) Inspect(ctx context.Context, env node.Env, in []node.Relation) (node.Verdict, error) {
	q := newQuery(in[0])
	i, problems := q.find("column", l.pivot.Column)
	if len(problems) > 0 {
		return node.Verdict{}, fault.Rejected("the settings do not fit the rows that come in", problems)
	}
	name := q.columns[i].sql
	table, err := env.DB.Query(ctx, fmt.Sprintf("SELECT CAST(v AS VARCHAR) FROM (SELECT DISTINCT %s AS v FROM (%s) AS %s WHERE %s IS NOT NULL) ORDER BY v",
		name, in[0].SQL, below, name), maxPivot+1)
	if err != nil {
		return node.Verdict{}, err
	}
	if len(table.Rows) > maxPivot {
		return node.Verdict{}, settingFault("column", "%q has more than %d values: list those that become columns in values", l.pivot.Column, maxPivot)
	}
	l.pivot.Values = nil
	for _, r := range table.Rows {
		if text, is := r[0].(string); is {
			l.pivot.Values = append(l.pivot.Values, text)
		}
	}
	if len(l.pivot.Values)+len(l.pivot.GroupBy) == 0 {
		return node.Verdict{}, settingFault("column", "%q has no values that could become columns", l.pivot.Column)
	}
	return node.Verdict{}, nil
}
