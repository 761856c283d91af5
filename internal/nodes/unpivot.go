package nodes

import (
	"cmp"
	"slices"
	"strings"

	"github.com/broked/broked/internal/expr"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/node"
	"github.com/broked/broked/internal/sqltext"
)

// unpivotSpec makes rows of columns.
var unpivotSpec = oneRule(node.Spec{
	Kind: "unpivot", Title: "Unpivot", Icon: "unpivot",
	Summary: "Make rows of columns: one row for each value, with the name of the column that it stood in. The other columns are repeated.",
}, ruleKind{node.Variant{Schema: node.Schema{Fields: []node.Field{
	{Name: "columns", Required: true, Schema: func() node.Schema {
		s := columnsHelp("The columns whose values become rows. Numbers of several sorts become the widest, anything beside text becomes text.")
		s.MinLen = 1
		return s
	}()},
	{Name: "name_column", Schema: node.Schema{Type: node.TypeString, Title: "Column for the names", Default: "name", MinLen: 1, Format: node.FormatNewColumn}},
	{Name: "value_column", Schema: node.Schema{Type: node.TypeString, Title: "Column for the values", Default: "value", MinLen: 1, Format: node.FormatNewColumn}},
	{Name: "keep_nulls", Schema: node.Schema{Type: node.TypeBoolean, Title: "Keep nulls", Default: false, Help: "Make a row of a missing value, too."}},
}}}, func() rule { return &unpivot{} }})

type unpivot struct {
	Columns     []string `json:"columns"`
	NameColumn  string   `json:"name_column"`
	ValueColumn string   `json:"value_column"`
	KeepNulls   bool     `json:"keep_nulls"`
}

func (u *unpivot) check() []fault.Problem {
	u.NameColumn, u.ValueColumn = cmp.Or(u.NameColumn, "name"), cmp.Or(u.ValueColumn, "value")
	return nil
}

func (u *unpivot) apply(q *query) []fault.Problem {
	places, problems := q.findAll("columns", u.Columns)
	if len(problems) > 0 {
		return problems
	}
	values, problems := picked(q, places)
	if len(problems) > 0 {
		return problems
	}
	q.nest() // unnest makes rows: nothing else may happen beside it
	var names []string
	var columns []expr.Column
	rest := query{columns: slices.Clone(q.columns)}
	for _, c := range values {
		names = append(names, c.name)
		columns = append(columns, expr.Column{Type: c.typ, SQL: below + "." + sqltext.Ident(c.name)})
		rest.columns = slices.DeleteFunc(rest.columns, func(o queryColumn) bool { return o.name == c.name })
	}
	fitted, typ, err := expr.Fit(columns)
	if err != nil {
		return problem("columns", "%s", fault.MessageOf(err))
	}
	for _, made := range []struct{ path, name, sql, typ string }{
		{"name_column", u.NameColumn, "unnest([" + sqltext.Texts(names) + "])", "VARCHAR"},
		{"value_column", u.ValueColumn, "unnest([" + strings.Join(fitted, ", ") + "])", typ.SQL()},
	} {
		if rest.has(made.name) {
			problems = append(problems, problem(made.path, "there would be two columns %q", made.name)...)
		}
		rest.columns = append(rest.columns, queryColumn{name: made.name, typ: made.typ, sql: made.sql})
	}
	q.columns = rest.columns
	q.nest()
	if !u.KeepNulls {
		q.where = append(q.where, q.columns[len(q.columns)-1].sql+" IS NOT NULL")
	}
	q.sameRows = false
	return problems
}
