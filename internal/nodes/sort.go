package nodes

import (
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/node"
)

// sortSpec orders rows.
var sortSpec = oneRule(node.Spec{
	Kind: "sort", Title: "Sort", Icon: "sort",
	Summary: "Order the rows by one or more columns, each by its type.",
	Settings: node.Schema{Type: node.TypeObject, Fields: []node.Field{
		{Name: "columns", Schema: columnsHelp("The first decides; the next decides among rows that are equal in it. Missing values come last.")},
		{Name: "ascending", Schema: node.Schema{Type: node.TypeBoolean, Title: "Ascending", Default: true, Help: "Of all columns."}},
		{Name: "by", Schema: sortKeys},
	}},
}, ruleKind{make: func() rule { return &sortRows{} }})

// sortKeys is the setting that gives every column a direction of its own.
var sortKeys = node.Schema{
	Type: node.TypeArray, Title: "Columns with directions", Help: "In place of columns, when they have different directions.",
	Items: &node.Schema{Type: node.TypeObject, Fields: []node.Field{
		{Name: "column", Required: true, Schema: columnSetting},
		{Name: "ascending", Schema: node.Schema{Type: node.TypeBoolean, Title: "Ascending", Default: true}},
	}},
}

// sortRule is sortSpec within a transform. Brokoli had no other.
var sortRule = ruleKind{node.Variant{Tag: "sort", Schema: node.Schema{
	Title: "Sort", Help: "Order the rows by columns, by the type of each; missing values come last. Rows that are equal in them come in any order: name a further column if theirs matters.",
	Fields: []node.Field{
		{Name: "columns", Schema: columnsList},
		{Name: "column", Schema: columnSetting},
		{Name: "ascending", Schema: node.Schema{Type: node.TypeBoolean, Title: "Ascending", Default: true, Help: "Left out, it is true; in documents without ir_version it is false, as it was in Brokoli."}},
	},
}}, func() rule { return &sortRows{brokoli: true} }}

type sortRows struct {
	Columns   []string  `json:"columns"`
	Column    string    `json:"column"`
	Ascending *bool     `json:"ascending"`
	By        []sortKey `json:"by"`
	brokoli   bool      // descending, when an old document does not say
}

type sortKey struct {
	Column    string `json:"column"`
	Ascending *bool  `json:"ascending"`
}

func (s *sortRows) check() []fault.Problem {
	switch {
	case len(s.Columns) > 0 && s.Column != "":
		return problem("column", "is for one column and columns for several: use one of them")
	case len(s.By) > 0 && len(s.Columns) > 0:
		return problem("by", "gives every column a direction and columns one for all: use one of them")
	case len(s.By) > 0 && s.Ascending != nil:
		return problem("ascending", "is for columns: every entry of by has its own")
	case s.Column != "":
		s.Columns = []string{s.Column}
	case len(s.Columns)+len(s.By) == 0:
		return problem("columns", "needs at least 1 entry")
	}
	return nil
}

func (s *sortRows) apply(q *query) []fault.Problem {
	keys, place := s.keys(q.legacy)
	order, problems := ordering(q, keys, place)
	q.order, q.settled = append(order, q.order...), true // an earlier order decides among equals
	return problems
}

// keys returns the columns with their directions, and where key i is in the settings.
func (s *sortRows) keys(legacy bool) (keys []sortKey, place func(i int) string) {
	if len(s.By) > 0 {
		return s.By, func(i int) string { return entry("by", i) + ".column" }
	}
	ascending := s.Ascending
	if ascending == nil && s.brokoli && legacy {
		ascending = new(false)
	}
	for _, c := range s.Columns {
		keys = append(keys, sortKey{c, ascending})
	}
	return keys, func(i int) string { return entry("columns", i) }
}

// ordering returns keys as they stand behind ORDER BY. Place tells where in the
// settings key i is.
func ordering(q *query, keys []sortKey, place func(i int) string) ([]string, []fault.Problem) {
	var problems []fault.Problem
	places := make([]int, len(keys))
	for i, k := range keys {
		var missing []fault.Problem
		places[i], missing = q.find(place(i), k.Column)
		problems = append(problems, missing...)
	}
	if len(problems) > 0 {
		return nil, problems
	}
	order := q.plainAll(places)
	for i, k := range keys {
		if k.Ascending != nil && !*k.Ascending {
			order[i] += " DESC NULLS LAST"
		} else {
			order[i] += " ASC NULLS LAST"
		}
	}
	return order, nil
}
