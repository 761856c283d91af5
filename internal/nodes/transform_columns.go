package nodes

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/broked/broked/internal/expr"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/node"
	"github.com/broked/broked/internal/sqltext"
)

// columnRules are the rules that change columns and leave the rows.
func columnRules() []ruleKind {
	required := columnsList
	required.MinLen = 1
	names := func(meaning node.Format, help string, values node.Schema) node.Schema {
		return node.Schema{Type: node.TypeObject, Title: "Mapping", Names: meaning, Values: &values, MinLen: 1, Help: help}
	}
	return []ruleKind{
		{node.Variant{Tag: "add_column", Schema: node.Schema{
			Title: "Add column", Help: "Compute a new column from the others.",
			Fields: computedFields,
		}}, func() rule { return &addColumn{} }},
		{node.Variant{Tag: "rename_columns", Aliases: []string{"rename"}, Schema: node.Schema{
			Title: "Rename columns", Help: "Give columns new names, all at once, so that two can change theirs.",
			Fields: []node.Field{{Name: "mapping", Required: true, Schema: names(node.FormatColumn, "Old names to new names.", node.Schema{Type: node.TypeString, Format: node.FormatNewColumn})}},
		}}, func() rule { return &renameColumns{} }},
		{node.Variant{Tag: "drop_columns", Aliases: []string{"drop"}, Schema: node.Schema{
			Title: "Drop columns", Help: "Remove columns.",
			Fields: []node.Field{{Name: "columns", Required: true, Schema: required}},
		}}, func() rule { return &dropColumns{} }},
		{node.Variant{Tag: "select_columns", Aliases: []string{"select", "keep_columns"}, Schema: node.Schema{
			Title: "Select columns", Help: "Keep these columns only, in this order.",
			Fields: []node.Field{{Name: "columns", Required: true, Schema: required}},
		}}, func() rule { return &selectColumns{} }},
		{node.Variant{Tag: "apply_function", Aliases: []string{"function"}, Schema: node.Schema{
			Title: "Apply function", Help: "Replace the values of columns by what a function makes of them; null stays null.",
			Fields: []node.Field{
				{Name: "function", Required: true, Schema: node.Schema{Type: node.TypeString, Title: "Function", Enum: columnFunctions()}},
				{Name: "column", Schema: columnSetting},
				{Name: "columns", Schema: columnsList},
			},
		}}, func() rule { return &applyFunction{} }},
		{node.Variant{Tag: "replace_values", Aliases: []string{"replace"}, Schema: node.Schema{
			Title: "Replace values", Help: "Replace values that are equal to a given one. The column keeps its type if all new values are of it; else it becomes text.",
			Fields: []node.Field{
				{Name: "column", Required: true, Schema: columnSetting},
				{Name: "mapping", Required: true, Schema: names("", "Old values to new values; null is no value.", node.Schema{})},
			},
		}}, func() rule { return &replaceValues{} }},
		{node.Variant{Tag: "convert_types", Aliases: []string{"cast"}, Schema: node.Schema{
			Title: "Convert types", Help: "Give columns another type. Empty text becomes null.",
			Fields: []node.Field{
				{Name: "mapping", Required: true, Schema: names(node.FormatColumn, "Columns to types: text, integer, number, boolean, date, time, timestamp, decimal or decimal(12,2).", node.Schema{Type: node.TypeString, Examples: slices.Sorted(maps.Keys(convertible))})},
				{Name: "on_error", Schema: node.Schema{Type: node.TypeString, Title: "What cannot be converted", Default: onErrorFail, Enum: []string{onErrorFail, onErrorNull}, Help: "Fail the run, or become null."}},
			},
		}}, func() rule { return &convertTypes{} }},
	}
}

type addColumn struct {
	Name       string `json:"name"`
	Expression string `json:"expression"`
	expr       *expr.Expr
}

func (a *addColumn) check() (problems []fault.Problem) {
	a.expr, problems = parsed("expression", a.Expression)
	return problems
}

func (a *addColumn) apply(q *query) []fault.Problem {
	if q.has(a.Name) {
		problems := problem("name", "there is a column %q already", a.Name)
		if !q.tolerate(problems) {
			return problems
		}
	}
	return q.assign(a.Name, a.expr)
}

// assign puts the value of an expression into a column, which is made unless it is
// there. The problems are those of a setting called expression.
func (q *query) assign(name string, e *expr.Expr) []fault.Problem {
	compiled, problems := q.compile("expression", e.Compile)
	if len(problems) > 0 {
		return problems
	}
	i := q.index(name)
	if i < 0 {
		q.columns = append(q.columns, queryColumn{name: name})
		i = len(q.columns) - 1
	}
	q.set(i, compiled.SQL, compiled.Type.SQL())
	return nil
}

type renameColumns struct {
	Mapping map[string]string `json:"mapping"`
}

func (r *renameColumns) check() []fault.Problem {
	var problems []fault.Problem
	for _, from := range slices.Sorted(maps.Keys(r.Mapping)) {
		if r.Mapping[from] == "" {
			problems = append(problems, problem("mapping."+from, "must not be empty")...)
		}
	}
	return problems
}

func (r *renameColumns) apply(q *query) []fault.Problem {
	var problems []fault.Problem
	renamed := make(map[int]string) // from a column's place to its old name
	for _, from := range slices.Sorted(maps.Keys(r.Mapping)) {
		i, wrong := q.find("mapping."+from, from)
		if len(wrong) > 0 && q.tolerate(wrong) {
			continue
		}
		if len(wrong) == 0 && renamed[i] != "" {
			wrong = problem("mapping."+from, "%q has a new name already", q.columns[i].name)
		}
		problems = append(problems, wrong...)
		renamed[i] = from
	}
	if len(problems) > 0 {
		return problems
	}
	seen := make(map[string]int)
	for i := range q.columns {
		from, changed := renamed[i]
		if changed {
			q.columns[i].name = r.Mapping[from]
		}
		name := q.columns[i].name
		if first, twice := seen[folded(name)]; twice {
			problems = append(problems, problem("mapping."+cmp.Or(from, renamed[first]), "there would be two columns %q", name)...)
		}
		seen[folded(name)] = i
	}
	return problems
}

type dropColumns struct {
	Columns []string `json:"columns"`
}

func (*dropColumns) check() []fault.Problem { return nil }

func (d *dropColumns) apply(q *query) []fault.Problem {
	places, problems := q.findAll("columns", d.Columns)
	if len(problems) > 0 && !q.tolerate(problems) {
		return problems
	}
	var kept []queryColumn
	for i, c := range q.columns {
		if !slices.Contains(places, i) {
			kept = append(kept, c)
		}
	}
	if len(kept) == 0 {
		return problem("columns", "no column would be left")
	}
	q.columns = kept
	return nil
}

type selectColumns struct {
	Columns []string `json:"columns"`
}

func (*selectColumns) check() []fault.Problem { return nil }

func (s *selectColumns) apply(q *query) []fault.Problem {
	places, problems := q.findAll("columns", s.Columns)
	if len(problems) > 0 {
		return problems
	}
	selected, problems := picked(q, places)
	if len(problems) == 0 {
		q.columns = selected
	}
	return problems
}

// columnFunctions are the functions that can be called with a column alone.
func columnFunctions() []string {
	var names []string
	for _, f := range expr.Functions() {
		if f.Takes(1) && !f.Takes(3) { // coalesce of one value would change nothing
			names = append(names, f.Name)
		}
	}
	return names
}

type applyFunction struct {
	Function string   `json:"function"`
	Column   string   `json:"column"`
	Columns  []string `json:"columns"`
}

func (a *applyFunction) check() []fault.Problem {
	switch {
	case a.Column != "" && len(a.Columns) > 0:
		return problem("column", "is for one column and columns for several: use one of them")
	case a.Column == "" && len(a.Columns) == 0:
		return problem("column", "is missing")
	}
	return nil
}

func (a *applyFunction) apply(q *query) []fault.Problem {
	if a.Column != "" {
		return a.applyTo(q, "column", a.Column)
	}
	var problems []fault.Problem
	for i, name := range a.Columns {
		problems = append(problems, a.applyTo(q, entry("columns", i), name)...)
	}
	return problems
}

func (a *applyFunction) applyTo(q *query, path, column string) []fault.Problem {
	i, problems := q.find(path, column)
	if len(problems) > 0 {
		return problems
	}
	call, err := expr.Call(a.Function, q.columns[i].name)
	if err != nil {
		return problem("function", "%s", fault.MessageOf(err))
	}
	compiled, problems := q.compile(path, call.Compile)
	if len(problems) > 0 {
		return problems
	}
	q.set(i, compiled.SQL, compiled.Type.SQL())
	return nil
}

type replaceValues struct {
	Column  string                     `json:"column"`
	Mapping map[string]json.RawMessage `json:"mapping"`
	// values are the new values as text, nil for null.
	values map[string]*string
}

func (r *replaceValues) check() []fault.Problem {
	var problems []fault.Problem
	r.values = make(map[string]*string)
	for _, old := range slices.Sorted(maps.Keys(r.Mapping)) {
		raw := r.Mapping[old]
		var text string
		switch {
		case string(raw) == "null":
			r.values[old] = nil
			continue
		case raw[0] == '{' || raw[0] == '[':
			problems = append(problems, problem("mapping."+old, "must be text, a number, true, false or null")...)
			continue
		case json.Unmarshal(raw, &text) != nil:
			text = string(raw) // a number or a truth value, as it is written
		}
		r.values[old] = &text
	}
	return problems
}

func (r *replaceValues) apply(q *query) []fault.Problem {
	i, problems := q.find("column", r.Column)
	if len(problems) > 0 {
		return problems
	}
	column := q.plain(i)
	typ := expr.TypeOf(q.columns[i].typ)
	if typ.Kind == expr.Other || typ.Kind == expr.Null {
		column, typ = "CAST("+column+" AS VARCHAR)", expr.TypeOf("VARCHAR")
	}
	keeps := typ.Kind == expr.Text || r.allOf(typ)
	var whens strings.Builder
	for _, old := range slices.Sorted(maps.Keys(r.values)) {
		is, possible := expr.Literal(old, typ)
		if !possible {
			continue // no value of the column can be equal to it
		}
		becomes := "NULL"
		if text := r.values[old]; text != nil {
			becomes = sqltext.Text(*text)
			if keeps {
				becomes, _ = expr.Literal(*text, typ)
			}
		}
		whens.WriteString(" WHEN " + is + " THEN " + becomes)
	}
	switch {
	case whens.Len() == 0:
		return nil
	case keeps:
		q.set(i, "CASE "+column+whens.String()+" ELSE "+column+" END", typ.SQL())
	default:
		q.set(i, "CASE "+column+whens.String()+" ELSE CAST("+column+" AS VARCHAR) END", "VARCHAR")
	}
	return nil
}

// allOf reports whether all new values are of a type.
func (r *replaceValues) allOf(typ expr.Type) bool {
	for _, text := range r.values {
		if text == nil {
			continue
		}
		if _, ok := expr.Literal(*text, typ); !ok {
			return false
		}
	}
	return true
}

// The values of on_error.
const (
	onErrorFail = "fail"
	onErrorNull = "null"
)

// convertible are the DuckDB types of what convert_types offers.
var convertible = map[string]string{
	"text": "VARCHAR", "integer": "BIGINT", "number": "DOUBLE", "decimal": fmt.Sprintf("DECIMAL(38,%d)", defaultScale),
	"boolean": "BOOLEAN", "date": "DATE", "time": "TIME", "timestamp": "TIMESTAMP",
}

var exactDecimal = regexp.MustCompile(`^decimal\( *([1-9]\d?) *, *(\d\d?) *\)$`)

type convertTypes struct {
	Mapping map[string]string `json:"mapping"`
	OnError string            `json:"on_error"`
	types   map[string]string
}

func (c *convertTypes) check() []fault.Problem {
	var problems []fault.Problem
	c.types = make(map[string]string)
	for _, column := range slices.Sorted(maps.Keys(c.Mapping)) {
		typ := strings.ToLower(strings.TrimSpace(c.Mapping[column]))
		c.types[column] = convertible[typ]
		if m := exactDecimal.FindStringSubmatch(typ); m != nil && validDecimal(m[1], m[2]) {
			c.types[column] = "DECIMAL(" + m[1] + "," + m[2] + ")"
		}
		if c.types[column] == "" {
			known := slices.Sorted(maps.Keys(convertible))
			problems = append(problems, problem("mapping."+column, "must be one of %s or decimal(12,2), not %q%s", strings.Join(known, ", "), typ, fault.DidYouMean(typ, known))...)
		}
	}
	return problems
}

// validDecimal reports whether DuckDB has DECIMAL(width, scale).
func validDecimal(width, scale string) bool {
	w, _ := strconv.Atoi(width)
	s, _ := strconv.Atoi(scale)
	return w <= 38 && s <= w
}

func (c *convertTypes) apply(q *query) []fault.Problem {
	word := "CAST("
	if c.OnError == onErrorNull {
		word = "TRY_CAST("
	}
	var problems []fault.Problem
	for _, name := range slices.Sorted(maps.Keys(c.types)) {
		i, missing := q.find("mapping."+name, name)
		if len(missing) > 0 {
			problems = append(problems, missing...)
			continue
		}
		sql, from, to := q.plain(i), q.columns[i].typ, c.types[name]
		switch {
		case from == to:
			continue
		case from == "VARCHAR":
			sql = "nullif(trim(" + sql + "), '')"
		case !castable(expr.TypeOf(from), expr.TypeOf(to)):
			problems = append(problems, problem("mapping."+name, "%s cannot become %s", expr.TypeOf(from), expr.TypeOf(to))...)
		}
		q.set(i, word+sql+" AS "+to+")", to)
		q.risky("mapping."+name, []string{q.columns[i].name}, q.columns[i].sql)
	}
	return problems
}

// castable reports whether DuckDB casts between the types at all.
func castable(from, to expr.Type) bool {
	switch {
	case to.Kind == expr.Text || from.Kind == expr.Null:
		return true
	case from.Kind == expr.Other:
		return false
	case from.Number() || from.Kind == expr.Boolean:
		return to.Number() || to.Kind == expr.Boolean
	case from.Kind == expr.Timestamp:
		return to.Kind == expr.Date || to.Kind == expr.Time || to.Kind == expr.Timestamp
	}
	return from.Kind == expr.Date && to.Kind == expr.Timestamp
}
