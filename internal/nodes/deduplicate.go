package nodes

import (
	"strings"

	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/node"
)

// deduplicateSpec keeps one row of those that are equal.
var deduplicateSpec = oneRule(node.Spec{
	Kind: "deduplicate", Title: "Deduplicate", Icon: "dedupe",
	Summary: "Keep one row of those that are equal in some columns, or in all.",
}, deduplicateRule)

// The values of keep.
const (
	keepFirst = "first"
	keepLast  = "last"
)

var deduplicateRule = ruleKind{node.Variant{Tag: "deduplicate", Aliases: []string{"dedup"}, Schema: node.Schema{
	Title: "Deduplicate", Help: "Keep the first row of those that are equal in some columns. Two nulls are equal here.",
	Fields: []node.Field{
		{Name: "columns", Schema: columnsHelp("Left out, rows must be equal in all columns.")},
		{Name: "keep", Schema: node.Schema{Type: node.TypeString, Title: "Keep", Default: keepFirst, Enum: []string{keepFirst, keepLast}, Help: "Which of them stays, in the order in which they come: sort before to decide."}},
	},
}}, func() rule { return &deduplicate{} }}

type deduplicate struct {
	Columns []string `json:"columns"`
	Keep    string   `json:"keep"`
}

func (*deduplicate) check() []fault.Problem { return nil }

// apply numbers the rows, because DISTINCT ON keeps any of them.
func (d *deduplicate) apply(q *query) []fault.Problem {
	places, problems := q.findAll("columns", d.Columns)
	if len(problems) > 0 {
		return problems
	}
	row := q.number()
	var keys []string
	for _, i := range places {
		keys = append(keys, q.columns[i].sql)
	}
	if len(d.Columns) == 0 {
		for _, c := range q.columns {
			keys = append(keys, c.sql)
		}
	}
	first := row
	if d.Keep == keepLast {
		first += " DESC"
	}
	q.qualify = "row_number() OVER (PARTITION BY " + strings.Join(keys, ", ") + " ORDER BY " + first + ") = 1"
	q.order = []string{row}
	q.sameRows = false
	return nil
}
