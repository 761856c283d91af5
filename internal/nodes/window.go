package nodes

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/node"
)

// windowSpec computes columns from a row and its neighbours.
var windowSpec = oneRule(node.Spec{
	Kind: "window", Title: "Window", Icon: "window",
	Summary: "Add columns that look at other rows: numbers, ranks, the row before, running and moving sums. Every row stays, in its order.",
}, ruleKind{node.Variant{Schema: node.Schema{Fields: []node.Field{
	{Name: "partition_by", Schema: columnsHelp("Rows that are equal in these columns look at each other only. Left out, all rows do.")},
	{Name: "order_by", Schema: orderSetting},
	{Name: "functions", Required: true, Schema: node.Schema{Type: node.TypeArray, Title: "Functions", MinLen: 1, Items: &node.Schema{Type: node.TypeObject, Fields: []node.Field{
		{Name: "function", Required: true, Schema: node.Schema{Type: node.TypeString, Title: "Function", Enum: windowFunctions, Help: "rank and dense_rank give equal rows one number; lag and lead take a value from rows before and behind; the others run from the first row up to this one."}},
		{Name: "column", Schema: node.Schema{Type: node.TypeString, Title: "Column", Format: node.FormatColumn, Help: "Not for row_number and the ranks; count needs none."}},
		{Name: "alias", Schema: node.Schema{Type: node.TypeString, Title: "Name", Format: node.FormatNewColumn, Help: "Left out, it is the function and the column: lag_amount."}},
		{Name: "offset", Schema: node.Schema{Type: node.TypeInteger, Title: "Offset", Default: 1, Min: new(1.0), Max: new(float64(maxFrame)), Help: "Of lag and lead: so many rows away."}},
		{Name: "rows", Schema: node.Schema{Type: node.TypeInteger, Title: "Rows", Min: new(1.0), Max: new(float64(maxFrame)), Help: "Of sum, avg, min, max and count: the last so many rows, this one included. Left out, all up to this one."}},
	}}}},
}}}, func() rule { return &window{} }})

// orderSetting is sortKeys where the order is not what the node is about.
var orderSetting = func() node.Schema {
	s := sortKeys
	s.Title, s.Help = "Order by", "Which row comes before which. Rows that are equal in it, or all if it is left out, go in the order in which they come."
	return s
}()

// maxFrame bounds how far a function looks.
const maxFrame = 1 << 31

var (
	rankings        = []string{"row_number", "rank", "dense_rank"}
	shifts          = []string{"lag", "lead"}
	windowFunctions = slices.Concat(rankings, shifts, []string{"sum", "avg", "min", "max", "count"})
)

type window struct {
	PartitionBy []string         `json:"partition_by"`
	OrderBy     []sortKey        `json:"order_by"`
	Functions   []windowFunction `json:"functions"`
}

type windowFunction struct {
	aggregation

	Offset int64 `json:"offset"`
	Rows   int64 `json:"rows"`
}

func (w *window) check() []fault.Problem {
	var problems []fault.Problem
	for i, f := range w.Functions {
		problems = append(problems, f.check(entry("functions", i))...)
		if f.ranks() && f.Function != "row_number" && len(w.OrderBy) == 0 {
			problems = append(problems, problem("order_by", "is missing: %s needs it", f.Function)...)
		}
	}
	return problems
}

func (f windowFunction) ranks() bool  { return slices.Contains(rankings, f.Function) }
func (f windowFunction) shifts() bool { return slices.Contains(shifts, f.Function) }

// check returns which settings a function lacks, and which it cannot have.
func (f windowFunction) check(path string) (problems []fault.Problem) {
	switch {
	case f.ranks() && f.Column != "":
		problems = problem(path+".column", "is not for %s", f.Function)
	case !f.ranks() && f.Function != "count" && f.Column == "":
		problems = problem(path+".column", "is missing")
	}
	if f.Offset != 0 && !f.shifts() {
		problems = append(problems, problem(path+".offset", "is for lag and lead")...)
	}
	if f.Rows != 0 && (f.ranks() || f.shifts()) {
		problems = append(problems, problem(path+".rows", "is for sum, avg, min, max and count")...)
	}
	return problems
}

// apply numbers the rows, so that equal ones keep their order and the result has
// that of the input.
func (w *window) apply(q *query) []fault.Problem {
	row := q.number()
	order, problems := ordering(q, w.OrderBy, func(i int) string { return entry("order_by", i) + ".column" })
	parts, wrong := q.findAll("partition_by", w.PartitionBy)
	if problems = append(problems, wrong...); len(problems) > 0 {
		return problems
	}
	over := overs{partition: clause("PARTITION BY ", strings.Join(q.plainAll(parts), ", ")), order: order, row: row}
	input := *q
	for i, f := range w.Functions {
		column, wrong := f.compile(&input, over)
		if len(wrong) == 0 && q.has(column.name) {
			wrong = problem("alias", "there would be two columns %q", column.name)
		}
		for _, p := range wrong {
			problems = append(problems, fault.Problem{Path: entry("functions", i) + "." + p.Path, Message: p.Message})
		}
		q.columns = append(q.columns, column)
	}
	q.order = []string{row}
	return problems
}

// overs is what the windows of all functions have in common.
type overs struct {
	partition string
	order     []string
	row       string
}

// by returns a window; without ties the order is that of the rows in the end.
func (o overs) by(ties bool, frame string) string {
	order := slices.Clone(o.order)
	if !ties {
		order = append(order, o.row)
	}
	return strings.TrimSuffix(" OVER ("+o.partition+" ORDER BY "+strings.Join(order, ", ")+" "+frame, " ") + ")"
}

func (f windowFunction) compile(q *query, over overs) (queryColumn, []fault.Problem) {
	column := queryColumn{name: f.name(), typ: "BIGINT"}
	switch {
	case f.ranks():
		column.name = f.Function
		if f.Alias != "" {
			column.name = f.Alias
		}
		column.sql = f.Function + "()" + over.by(f.Function != "row_number", "")
		return column, nil
	case f.shifts():
		i, problems := q.find("column", f.Column)
		if len(problems) > 0 {
			return column, problems
		}
		column.typ = q.columns[i].typ
		column.sql = fmt.Sprintf("%s(%s, %d)%s", f.Function, q.columns[i].sql, max(1, f.Offset), over.by(false, ""))
		return column, nil
	}
	first := "UNBOUNDED"
	if f.Rows > 0 {
		first = strconv.FormatInt(f.Rows-1, 10)
	}
	fig, problems := f.aggregation.compile(q, over.row)
	column.typ, column.sql = fig.typ, fig.sql(over.by(false, "ROWS BETWEEN "+first+" PRECEDING AND CURRENT ROW"))
	return column, problems
}
