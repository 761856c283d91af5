package nodes

import (
	"github.com/broked/broked/internal/expr"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/node"
)

// filterSpec keeps the rows that a condition is true for.
var filterSpec = oneRule(node.Spec{
	Kind: "filter", Title: "Filter", Icon: "filter",
	Summary: "Keep the rows for which a condition is true and drop the others.",
}, filterRule)

var filterRule = ruleKind{node.Variant{Tag: "filter_rows", Aliases: []string{"filter"}, Schema: node.Schema{
	Title: "Filter rows", Help: "Keep the rows for which the condition is true. Where it is null, as with values that are missing, the row goes.",
	Fields: []node.Field{
		{Name: "condition", Required: true, Schema: node.Schema{Type: node.TypeString, Title: "Condition", MinLen: 1, Format: node.FormatExpression, Help: "Such as amount > 100 and status in ('paid', 'sent')."}},
	},
}}, func() rule { return &filterRows{} }}

type filterRows struct {
	Condition string `json:"condition"`
	expr      *expr.Expr
}

func (f *filterRows) check() (problems []fault.Problem) {
	f.expr, problems = parsed("condition", f.Condition)
	return problems
}

func parsed(path, src string) (*expr.Expr, []fault.Problem) {
	e, err := expr.Parse(src)
	if err != nil {
		return nil, problem(path, "%s", fault.MessageOf(err))
	}
	return e, nil
}

func (f *filterRows) apply(q *query) []fault.Problem {
	if q.qualify != "" {
		q.nest() // WHERE would drop rows before QUALIFY has seen them
	}
	compiled, problems := q.compile("condition", f.expr.Condition)
	q.where = append(q.where, "("+compiled.SQL+")")
	q.sameRows = false
	return problems
}
