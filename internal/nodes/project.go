package nodes

import (
	"maps"
	"slices"

	"github.com/broked/broked/internal/expr"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/node"
)

// projectSpec decides which columns there are, and what they are called.
var projectSpec = oneRule(node.Spec{
	Kind: "project", Title: "Select columns", Icon: "columns",
	Summary: "Keep, order, rename and compute columns; every row stays.",
}, ruleKind{node.Variant{Schema: node.Schema{Fields: []node.Field{
	{Name: "columns", Schema: columnsHelp("The columns that stay, in this order. Left out, all stay.")},
	{Name: "rename", Schema: node.Schema{Type: node.TypeObject, Title: "New names", Names: node.FormatColumn, Values: &node.Schema{Type: node.TypeString, MinLen: 1, Format: node.FormatNewColumn}, Help: "Old names to new names, of columns that stay."}},
	{Name: "expressions", Schema: node.Schema{Type: node.TypeArray, Title: "Computed columns", Help: "Further columns, behind the others. Each is computed from the columns that come in, under their old names.", Items: &node.Schema{Type: node.TypeObject, Fields: computedFields}}},
}}}, func() rule { return &project{} }})

// computedFields are the settings of a column that is computed.
var computedFields = []node.Field{
	{Name: "name", Required: true, Schema: node.Schema{Type: node.TypeString, Title: "Name", MinLen: 1, Format: node.FormatNewColumn}},
	{Name: "expression", Required: true, Schema: node.Schema{Type: node.TypeString, Title: "Expression", MinLen: 1, Format: node.FormatExpression, Help: "Such as amount * 1.2, or first_name + ' ' + last_name. + joins text when either side is text; a division by zero is null."}},
}

type project struct {
	Columns     []string          `json:"columns"`
	Rename      map[string]string `json:"rename"`
	Expressions []struct {
		Name       string `json:"name"`
		Expression string `json:"expression"`
		expr       *expr.Expr
	} `json:"expressions"`
}

func (p *project) check() []fault.Problem {
	var problems []fault.Problem
	if len(p.Columns)+len(p.Rename)+len(p.Expressions) == 0 {
		problems = problem("columns", "needs at least 1 entry, or rename or expressions must")
	}
	for i := range p.Expressions {
		e, wrong := parsed(entry("expressions", i)+".expression", p.Expressions[i].Expression)
		p.Expressions[i].expr = e
		problems = append(problems, wrong...)
	}
	return problems
}

func (p *project) apply(q *query) []fault.Problem {
	computed, problems := p.compute(q)
	kept, wrong := p.keep(q)
	problems = append(problems, wrong...)
	kept, wrong = p.renamed(q, kept)
	problems = append(problems, wrong...)
	if len(problems) > 0 {
		return problems
	}
	for i, c := range computed {
		if (&query{columns: kept}).has(c.name) {
			problems = append(problems, problem(entry("expressions", i)+".name", "there would be two columns %q", c.name)...)
		}
		kept = append(kept, c)
	}
	q.columns = kept
	return problems
}

func (p *project) compute(q *query) ([]queryColumn, []fault.Problem) {
	var columns []queryColumn
	var problems []fault.Problem
	for i, e := range p.Expressions {
		compiled, wrong := q.compile(entry("expressions", i)+".expression", e.expr.Compile)
		problems = append(problems, wrong...)
		columns = append(columns, queryColumn{name: e.Name, typ: compiled.Type.SQL(), sql: compiled.SQL})
	}
	return columns, problems
}

func (p *project) keep(q *query) ([]queryColumn, []fault.Problem) {
	if len(p.Columns) == 0 {
		return slices.Clone(q.columns), nil
	}
	places, problems := q.findAll("columns", p.Columns)
	if len(problems) > 0 {
		return nil, problems
	}
	return picked(q, places)
}

// picked returns the columns at places, each of which may be named once.
func picked(q *query, places []int) ([]queryColumn, []fault.Problem) {
	columns := make([]queryColumn, len(places))
	for k, i := range places {
		if slices.Contains(places[:k], i) {
			return nil, problem(entry("columns", k), "%q is there twice", q.columns[i].name)
		}
		columns[k] = q.columns[i]
	}
	return columns, nil
}

// renamed gives those of columns new names that have one. They are all renamed
// at once, so that two can change theirs.
func (p *project) renamed(q *query, columns []queryColumn) ([]queryColumn, []fault.Problem) {
	var problems []fault.Problem
	result := query{}
	names := make(map[string]string) // by the exact old name
	for _, from := range slices.Sorted(maps.Keys(p.Rename)) {
		i, wrong := q.find("rename."+from, from)
		if len(wrong) == 0 {
			names[q.columns[i].name] = from
			if !slices.ContainsFunc(columns, func(c queryColumn) bool { return c.name == q.columns[i].name }) {
				wrong = problem("rename."+from, "%q is not among the columns that stay", from)
			}
		}
		problems = append(problems, wrong...)
	}
	for _, c := range columns {
		path := "columns"
		if from, changed := names[c.name]; changed {
			path, c.name = "rename."+from, p.Rename[from]
		}
		if result.has(c.name) {
			problems = append(problems, problem(path, "there would be two columns %q", c.name)...)
		}
		result.columns = append(result.columns, c)
	}
	return result.columns, problems
}
