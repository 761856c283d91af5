package nodes

import (
	"fmt"

	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/node"
)

// sampleSpec keeps rows by chance.
var sampleSpec = oneRule(node.Spec{
	Kind: "sample", Title: "Sample", Icon: "dice",
	Summary: "Keep some rows by chance, in their order. The same rows and seed give the same sample.",
}, ruleKind{node.Variant{Schema: node.Schema{Fields: []node.Field{
	{Name: "rows", Schema: node.Schema{Type: node.TypeInteger, Title: "Rows", Min: new(0.0), Max: new(float64(maxRows)), Help: "Exactly so many rows, or all if there are fewer."}},
	{Name: "percent", Schema: node.Schema{Type: node.TypeNumber, Title: "Percent", Min: new(0.0), Max: new(100.0), Help: "In place of rows: each row stays with this probability."}},
	{Name: "seed", Schema: node.Schema{Type: node.TypeInteger, Title: "Seed", Default: 0, Min: new(0.0), Max: new(float64(maxRows)), Help: "Another number gives another sample."}},
}}}, func() rule { return &sample{} }})

type sample struct {
	Rows    *int64   `json:"rows"`
	Percent *float64 `json:"percent"`
	Seed    int64    `json:"seed"`
}

func (s *sample) check() []fault.Problem {
	switch {
	case s.Rows == nil && s.Percent == nil:
		return problem("rows", "is missing; it or percent is needed")
	case s.Rows != nil && s.Percent != nil:
		return problem("percent", "stands in place of rows: use one of the two")
	}
	return nil
}

// fine is how finely probabilities are told apart.
const fine = 1_000_000

// apply draws by the hash of a row's number and not by DuckDB's own sampling,
// which gives something else each time that it runs on several threads: a preview
// would not show what was written.
func (s *sample) apply(q *query) []fault.Problem {
	row := q.number()
	draw := fmt.Sprintf("hash(%s, %d::BIGINT)", row, s.Seed)
	if s.Percent != nil {
		q.where = append(q.where, fmt.Sprintf("%s %% %d < %d", draw, fine, int64(*s.Percent*fine/100)))
	} else {
		q.qualify = fmt.Sprintf("row_number() OVER (ORDER BY %s, %s) <= %d", draw, row, *s.Rows)
	}
	q.order = []string{row}
	q.sameRows = false
	return nil
}
