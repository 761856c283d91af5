package nodes

import (
	"fmt"
	"slices"
	"strings"

	"github.com/broked/broked/internal/expr"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/node"
)

// aggregateSpec makes one row of every group of rows.
var aggregateSpec = oneRule(node.Spec{
	Kind: "aggregate", Title: "Aggregate", Icon: "sum",
	Summary: "Make one row of every group: counts, sums, averages and other figures.",
}, aggregateRule)

var aggregateRule = ruleKind{node.Variant{Tag: "aggregate", Aliases: []string{"agg"}, Schema: node.Schema{
	Title: "Aggregate", Help: "Make one row of every group of rows, in the order of the columns that they are grouped by, nulls last. Nulls are left out of all functions but count, first and last; of nothing but nulls the result is null.",
	Fields: []node.Field{
		{Name: "group_by", Schema: columnsHelp("Left out, all rows are one group.")},
		{Name: "aggregations", Schema: aggregationsSetting},
		{Name: "agg_fields", Schema: aggFieldsSetting()},
	},
}}, func() rule { return &aggregate{} }}

func aggFieldsSetting() node.Schema {
	s := aggregationsSetting
	s.Title, s.Help, s.Old = "Aggregations, by their old name", "Another name of aggregations.", true
	return s
}

var aggregateFunctions = []string{"count", "count_distinct", "sum", "avg", "min", "max", "first", "last"}

var aggregationsSetting = node.Schema{
	Type: node.TypeArray, Title: "Aggregations",
	Items: &node.Schema{Type: node.TypeObject, Fields: []node.Field{
		{Name: "function", Required: true, Schema: node.Schema{Type: node.TypeString, Title: "Function", Enum: aggregateFunctions, Help: "count counts all rows of the group, whatever the column holds. first and last take the value of the group's first and last row."}},
		{Name: "column", Schema: node.Schema{Type: node.TypeString, Title: "Column", Format: node.FormatColumn, Help: "count needs none."}},
		{Name: "alias", Schema: node.Schema{Type: node.TypeString, Title: "Name", Format: node.FormatNewColumn, Help: "Left out, it is the function and the column: sum_amount."}},
	}},
}

type aggregate struct {
	GroupBy      []string      `json:"group_by"`
	Aggregations []aggregation `json:"aggregations"`
	AggFields    []aggregation `json:"agg_fields"`
	setting      string        // the one of the two that is used
}

type aggregation struct {
	Function string `json:"function"`
	Column   string `json:"column"`
	Alias    string `json:"alias"`
}

func (a *aggregate) check() []fault.Problem {
	a.setting = "aggregations"
	switch {
	case len(a.AggFields) > 0 && len(a.Aggregations) > 0:
		return problem("agg_fields", "means the same as aggregations: use one of them")
	case len(a.AggFields) > 0:
		a.Aggregations, a.setting = a.AggFields, "agg_fields"
	case len(a.Aggregations)+len(a.GroupBy) == 0:
		return problem("aggregations", "needs at least 1 entry")
	}
	var problems []fault.Problem
	for i, f := range a.Aggregations {
		if f.everyRow() || f.Column != "" {
			continue
		}
		problems = append(problems, problem(a.path(i)+".column", "is missing; only count needs none")...)
	}
	return problems
}

func (a *aggregate) path(i int) string { return entry(a.setting, i) }

func entry(list string, i int) string { return fmt.Sprintf("%s[%d]", list, i) }

// everyRow reports whether f looks at no column.
func (f aggregation) everyRow() bool {
	return f.Function == "count" && (f.Column == "" || f.Column == "*")
}

func (f aggregation) name() string {
	switch {
	case f.Alias != "":
		return f.Alias
	case f.everyRow():
		return f.Function
	}
	return f.Function + "_" + f.Column
}

// rows makes the statement a subquery and returns how the number of a row is
// written in it, when a function asks for the first or the last: numbering costs
// a fifth of the time.
func (a *aggregate) rows(q *query) string {
	for _, f := range a.Aggregations {
		if f.Function == "first" || f.Function == "last" {
			return q.number()
		}
	}
	q.nest()
	return ""
}

func (a *aggregate) apply(q *query) []fault.Problem {
	groups, problems := q.findAll("group_by", a.GroupBy)
	if len(problems) > 0 {
		return problems
	}
	row := a.rows(q)
	result := query{from: q.from, risks: q.risks, asItCame: q.asItCame, numbered: q.numbered, values: q.values, legacy: q.legacy, log: q.log}
	var keys []string
	for k, i := range groups {
		if result.has(q.columns[i].name) {
			return problem(entry("group_by", k), "%q is there twice", q.columns[i].name)
		}
		result.columns = append(result.columns, q.columns[i])
		keys = append(keys, q.columns[i].sql)
	}
	for k, f := range a.Aggregations {
		fig, wrong := f.compile(q, row)
		if len(wrong) == 0 && result.has(f.name()) {
			wrong = problem("alias", "there would be two columns %q", f.name())
		}
		for _, p := range wrong {
			problems = append(problems, fault.Problem{Path: a.path(k) + "." + p.Path, Message: p.Message})
		}
		result.columns = append(result.columns, queryColumn{name: f.name(), typ: fig.typ, sql: fig.sql("")})
	}
	if len(problems) > 0 {
		return problems
	}
	result.group(keys)
	*q = result
	return nil
}

// group makes the statement one that groups by keys, in their order.
func (q *query) group(keys []string) {
	sql := q.selecting("")
	if len(keys) > 0 {
		by := strings.Join(keys, ", ")
		sql += " GROUP BY " + by + " ORDER BY " + by
	}
	q.over(sql)
	q.sameRows, q.settled = false, true
}

// wideIntegers have sums that a BIGINT may not hold.
var wideIntegers = []string{"UBIGINT", "HUGEINT", "UHUGEINT", "BIGNUM"}

// figure is a call of an aggregate function and the type of what it yields.
type figure struct {
	call, typ string
	cast      bool // DuckDB would yield another type
}

// sql returns the call with what comes behind it, such as a FILTER or an OVER.
func (f figure) sql(behind string) string {
	if f.cast {
		return "CAST(" + f.call + behind + " AS " + f.typ + ")"
	}
	return f.call + behind
}

// compile returns the aggregate over q's columns. Row is how the number of a row
// is written, for first and last.
func (f aggregation) compile(q *query, row string) (figure, []fault.Problem) {
	if f.everyRow() {
		return figure{call: "count(*)", typ: "BIGINT"}, nil
	}
	i, problems := q.find("column", f.Column)
	if len(problems) > 0 {
		return figure{}, problems
	}
	c := q.columns[i]
	switch f.Function {
	case "count":
		return figure{call: "count(*)", typ: "BIGINT"}, nil
	case "count_distinct":
		return figure{call: "count(DISTINCT " + c.sql + ")", typ: "BIGINT"}, nil
	case "min", "max":
		return figure{call: f.Function + "(" + c.sql + ")", typ: c.typ}, nil
	case "first":
		return figure{call: "arg_min_null(" + c.sql + ", " + row + ")", typ: c.typ}, nil
	case "last":
		return figure{call: "arg_max_null(" + c.sql + ", " + row + ")", typ: c.typ}, nil
	}
	return f.compute(q, c)
}

// compute is compile for the functions that take numbers.
func (f aggregation) compute(q *query, c queryColumn) (figure, []fault.Problem) {
	kind, call := expr.TypeOf(c.typ), f.Function+"("+c.sql+")"
	switch {
	case kind.Kind == expr.Text:
		q.log(node.Warning, "the column %q is text: %s leaves out what is no number", c.name, f.Function)
		return figure{call: f.Function + "(TRY_CAST(" + c.sql + " AS DOUBLE))", typ: "DOUBLE"}, nil
	case !kind.Number():
		return figure{}, problem("column", "%s needs numbers, but %q is %s", f.Function, c.name, kind)
	case f.Function == "avg":
		return figure{call: call, typ: "DOUBLE"}, nil
	case kind.Kind == expr.Integer && !slices.Contains(wideIntegers, c.typ):
		return figure{call: call, typ: "BIGINT", cast: true}, nil
	case kind.Kind == expr.Integer:
		return figure{call: call, typ: "HUGEINT"}, nil
	}
	return figure{call: call, typ: c.typ}, nil
}
