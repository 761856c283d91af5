package nodes

import (
	"fmt"
	"slices"
	"strings"

	"github.com/broked/broked/internal/expr"
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

// apply keeps the rows with the least number of each group, or the greatest. Where the
// input has no numbers they are counted first.
func (d *deduplicate) apply(q *query) []fault.Problem {
	places, problems := q.findAll("columns", d.Columns)
	if len(problems) > 0 {
		return problems
	}
	row, there := q.numbers()
	if !there {
		d.count(q, places)
		return nil
	}
	if len(places) == 0 {
		for i := range q.columns {
			places = append(places, i)
		}
	}
	which := "min"
	if d.Keep == keepLast {
		which = "max"
	}
	q.where = []string{row + " IN (SELECT " + which + "(" + row + ") FROM (" + q.from + ") AS " + below +
		" GROUP BY " + strings.Join(q.plainAll(places), ", ") + ")"}
	q.order, q.sameRows = []string{row}, false
	return nil
}

// count numbers the rows, because DISTINCT ON keeps any of them, and takes the rest
// of the row with the least number of each group. Numbering them once more within
// their groups, by a window, takes a third longer.
func (d *deduplicate) count(q *query, places []int) {
	row := q.number()
	least, pick := "min", "arg_min"
	if d.Keep == keepLast {
		least, pick = "max", "arg_max"
	}
	columns := slices.Clone(q.columns)
	var keys, parts, rest []string
	for i, c := range q.columns {
		name := fmt.Sprintf("c%d", i)
		key := len(places) == 0 || slices.Contains(places, i)
		if key {
			keys, parts = append(keys, c.sql), append(parts, c.sql+" AS "+name)
		}
		// Equal numbers may be written in two ways, such as 0.0 and -0.0.
		if kind := expr.TypeOf(c.typ).Kind; key && kind != expr.Double && kind != expr.Other {
			columns[i].sql = below + "." + name
			continue
		}
		rest = append(rest, name+" := "+c.sql)
		columns[i].sql, columns[i].plain = below+".s."+name, false
	}
	if len(rest) > 0 {
		parts = append(parts, fmt.Sprintf("%s(struct_pack(%s), %s) AS s", pick, strings.Join(rest, ", "), row))
	}
	parts = append(parts, fmt.Sprintf("%s(%s) AS r", least, row))
	q.from = "SELECT " + strings.Join(parts, ", ") + " FROM (" + q.from + ") AS " + below + " GROUP BY " + strings.Join(keys, ", ")
	q.columns, q.where, q.qualify, q.order = columns, nil, "", []string{below + ".r"}
	q.sameRows = false
}
