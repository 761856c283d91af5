package nodes

import (
	"fmt"

	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/node"
)

// limitSpec keeps the first rows.
var limitSpec = oneRule(node.Spec{
	Kind: "limit", Title: "Limit", Icon: "limit",
	Summary: "Keep the first rows, in the order in which they come, and drop the rest.",
}, ruleKind{node.Variant{Schema: node.Schema{Fields: []node.Field{
	{Name: "rows", Required: true, Schema: node.Schema{Type: node.TypeInteger, Title: "Rows", Min: new(0.0), Max: new(float64(maxRows)), Help: "How many are kept."}},
	{Name: "offset", Schema: node.Schema{Type: node.TypeInteger, Title: "Offset", Default: 0, Min: new(0.0), Max: new(float64(maxRows)), Help: "So many are passed over before."}},
}}}, func() rule { return &limit{} }})

// maxRows is the largest number of rows that a setting may name: up to here JSON
// readers keep whole numbers exact.
const maxRows = 1 << 53

type limit struct {
	Rows   int64 `json:"rows"`
	Offset int64 `json:"offset"`
}

func (*limit) check() []fault.Problem { return nil }

func (l *limit) apply(q *query) []fault.Problem {
	q.asItCame = q.asItCame || len(q.order) == 0
	q.over(q.sql() + fmt.Sprintf(" LIMIT %d OFFSET %d", l.Rows, l.Offset))
	q.sameRows = false
	return nil
}
