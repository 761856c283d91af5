package nodes

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/broked/broked/internal/expr"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/node"
	"github.com/broked/broked/internal/sqltext"
)

// check is one rule of a quality check.
type check struct {
	Rule      string      `json:"rule"`
	Column    string      `json:"column"`
	Params    checkParams `json:"params"`
	OnFailure string      `json:"on_failure"`
	expr      *expr.Expr  // of the rule condition
}

type checkParams struct {
	Min          any    `json:"min"`
	Max          any    `json:"max"`
	Pattern      string `json:"pattern"`
	ExpectedType string `json:"expected_type"`
	MaxHours     any    `json:"max_hours"`
	Values       []any  `json:"values"`
	Condition    string `json:"condition"`
}

// checkKind is a sort of rule: how it is set, and what breaks it.
type checkKind struct {
	node.Variant

	what string // the rows that break it do so
	// bad returns the SQL that is true for the rows that break it.
	bad func(c *check, l inspection, column expr.Column) (string, error)
}

// inspection is what the rules of a check look at.
type inspection struct {
	node.DB

	env     node.Env
	rel     node.Relation
	columns []expr.Column
}

func checkVariant(rule, help string, ofColumn bool, params ...node.Field) node.Variant {
	var fields []node.Field
	if ofColumn {
		fields = append(fields, node.Field{Name: "column", Required: true, Schema: node.Schema{Type: node.TypeString, Title: "Column", MinLen: 1, Format: node.FormatColumn}})
	}
	// Brokoli's clients send column and params whether a rule needs them or not.
	if !ofColumn {
		fields = append(fields, node.Field{Name: "column", Schema: node.Schema{Type: node.TypeString, Title: "Column", Help: "Not used: the rule is about all columns."}})
	}
	needed := slices.ContainsFunc(params, func(f node.Field) bool { return f.Required })
	fields = append(fields, node.Field{Name: "params", Required: needed, Schema: node.Schema{Type: node.TypeObject, Title: "Parameters", Fields: params}})
	fields = append(fields, node.Field{Name: "on_failure", Schema: onFailure(nil, "Fail the run, or warn.")})
	return node.Variant{Tag: rule, Schema: node.Schema{Title: strings.ReplaceAll(rule, "_", " "), Help: help, Fields: fields}}
}

func bound(name string, byDefault any) node.Field {
	return node.Field{Name: name, Schema: node.Schema{Title: strings.ToUpper(name[:1]) + name[1:], Default: byDefault, Help: "A number, or a date as text."}}
}

// checkKinds is every sort of rule, in the order in which they are offered.
var checkKinds = []checkKind{
	{checkVariant("not_null", "Every row has a value, and it is not empty text.", true), "have no value", notNull},
	{checkVariant("no_blank", "Every row has a value that is not only spaces.", true), "have nothing but spaces, or no value", noBlank},
	{checkVariant("unique", "No value is there twice. Missing values are not looked at.", true), "share their value with another", unique},
	{checkVariant("min", "No value is below; text that is no number is not looked at.", true, bound("min", 0)), "are below the minimum", outside},
	{checkVariant("max", "No value is above; text that is no number is not looked at.", true, bound("max", 0)), "are above the maximum", outside},
	{checkVariant("range", "No value is outside; one end may be left out.", true, bound("min", nil), bound("max", nil)), "are outside the range", outside},
	{checkVariant("regex", "Every value matches somewhere; ^ and $ tie a pattern to the ends. A missing value does not match.", true,
		node.Field{Name: "pattern", Required: true, Schema: node.Schema{Type: node.TypeString, Title: "Pattern", MinLen: 1, Help: "A regular expression (RE2)."}}), "do not match the pattern", noMatch},
	{checkVariant("row_count", "The number of rows is within bounds.", false,
		node.Field{Name: "min", Schema: node.Schema{Title: "Min", Default: 0, Help: "A number."}},
		node.Field{Name: "max", Schema: node.Schema{Title: "Max", Default: 0, Help: "A number; 0 means no bound."}}), "", nil},
	{checkVariant("type_check", "Every value that is there is of a type, or text that spells one.", true,
		node.Field{Name: "expected_type", Schema: node.Schema{Type: node.TypeString, Title: "Expected type", Default: "int", Enum: []string{"int", "float", "date", "email"}}}), "are of another type", otherType},
	{checkVariant("freshness", "No time is older than so many hours before the run; text that is no time is not looked at.", true,
		node.Field{Name: "max_hours", Schema: node.Schema{Title: "Max hours", Default: 24, Help: "A number."}}), "are too old", tooOld},
	{checkVariant("accepted_values", "Every value that is there is one of a list.", true,
		node.Field{Name: "values", Required: true, Schema: node.Schema{Type: node.TypeArray, Title: "Values", MinLen: 1, Items: &node.Schema{}}}), "have another value", notAccepted},
	{checkVariant("condition", "A condition is true for every row; null is not true.", false,
		node.Field{Name: "condition", Required: true, Schema: node.Schema{Type: node.TypeString, Title: "Condition", MinLen: 1, Format: node.FormatExpression}}), "do not meet the condition", notMet},
}

func (c *check) kind() checkKind {
	for _, k := range checkKinds {
		if k.Tag == c.Rule {
			return k
		}
	}
	return checkKind{}
}

func (c *check) title() string {
	if c.Column == "" {
		return c.Rule
	}
	return fmt.Sprintf("%s of %q", c.Rule, c.Column)
}

// check returns what is wrong whatever the rows are, with paths inside the rule.
func (c *check) check() (problems []fault.Problem) {
	p := &c.Params
	switch c.Rule {
	case "min":
		p.Min = orZero(p.Min)
	case "max":
		p.Max = orZero(p.Max)
	case "range":
		if p.Min == nil && p.Max == nil {
			return problem("params", "needs min or max")
		}
	case "row_count":
		return append(notNegative("params.min", p.Min), notNegative("params.max", p.Max)...)
	case "freshness":
		if p.MaxHours == nil {
			p.MaxHours = 24.0
		}
		return notNegative("params.max_hours", p.MaxHours)
	case "regex":
		if _, err := regexp.Compile(p.Pattern); err != nil {
			return problem("params.pattern", "%q is no regular expression", p.Pattern)
		}
	case "condition":
		c.expr, problems = parsed("params.condition", p.Condition)
		return problems
	}
	return p.literals()
}

// literals checks the parameters that are compared with values.
func (p checkParams) literals() (problems []fault.Problem) {
	for _, end := range []struct {
		name  string
		value any
	}{{"min", p.Min}, {"max", p.Max}} {
		if _, ok := literalOf(end.value); end.value != nil && !ok {
			problems = append(problems, problem("params."+end.name, "must be a number, or a date as text")...)
		}
	}
	for i, v := range p.Values {
		if _, ok := literalOf(v); !ok {
			problems = append(problems, problem(entry("params.values", i), "must be text, a number, true or false")...)
		}
	}
	return problems
}

func notNegative(path string, v any) []fault.Problem {
	if n, ok := numberOf(v); v != nil && (!ok || n < 0) {
		return problem(path, "must be a number and not negative")
	}
	return nil
}

func orZero(v any) any { //nolint:ireturn // a parameter is a number or text
	if v == nil {
		return 0.0
	}
	return v
}

// numberOf reads a number, which Brokoli's clients may have written as text.
func numberOf(v any) (float64, bool) {
	switch v := v.(type) {
	case float64:
		return v, true
	case string:
		n, err := strconv.ParseFloat(strings.TrimSpace(v), 64)
		return n, err == nil
	}
	return 0, false
}

// literalOf writes a parameter in the language of expressions. Text that spells a
// number is one.
func literalOf(v any) (string, bool) {
	switch v := v.(type) {
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64), true
	case bool:
		return strconv.FormatBool(v), true
	case string:
		return sqltext.Text(v), true
	}
	return "", false
}

// at puts what is wrong with a rule in its place among the settings.
func (*check) at(path string, err error) error {
	if fault.KindOf(err) != fault.Invalid {
		return err
	}
	if inside := fault.ProblemsOf(err); len(inside) > 0 {
		path += "." + inside[0].Path
	}
	return settingFault(path, "%s", fault.MessageOf(err))
}

// look returns how the rows break the rule.
func (c *check) look(ctx context.Context, l inspection) (breach, error) {
	if c.Rule == "row_count" {
		return c.countRows(ctx, l)
	}
	k := c.kind()
	var column expr.Column
	if k.Fields[0].Required {
		var err error
		if column, err = expr.Find(l.columns, c.Column); err != nil {
			return breach{message: fault.MessageOf(err)}, nil
		}
	}
	bad, err := k.bad(c, l, column)
	if err != nil {
		return breach{}, err
	}
	return l.broken(ctx, bad, k.what)
}

func (c *check) countRows(ctx context.Context, l inspection) (breach, error) {
	table, err := l.Query(ctx, "SELECT count(*) FROM ("+l.rel.SQL+")", 1)
	if err != nil {
		return breach{}, err
	}
	n, _ := table.Rows[0][0].(int64)
	least, _ := numberOf(c.Params.Min)
	most, _ := numberOf(c.Params.Max)
	switch {
	case float64(n) < least:
		return breach{message: fmt.Sprintf("there are %d rows, and at least %v are needed", n, least)}, nil
	case most > 0 && float64(n) > most:
		return breach{message: fmt.Sprintf("there are %d rows, and at most %v are allowed", n, most)}, nil
	}
	return breach{}, nil
}

func textOf(column expr.Column) string { return "CAST(" + column.SQL + " AS VARCHAR)" }

func notNull(_ *check, _ inspection, column expr.Column) (string, error) {
	if expr.TypeOf(column.Type).Kind == expr.Text {
		return "(" + column.SQL + " IS NULL OR " + column.SQL + " = '')", nil
	}
	return column.SQL + " IS NULL", nil
}

func noBlank(_ *check, _ inspection, column expr.Column) (string, error) {
	return "(" + column.SQL + " IS NULL OR NOT regexp_matches(" + textOf(column) + `, '\S'))`, nil
}

func unique(_ *check, l inspection, column expr.Column) (string, error) {
	inner := strings.Replace(column.SQL, below+".", "u.", 1)
	return fmt.Sprintf("%s IN (SELECT %s FROM (%s) AS u WHERE %[2]s IS NOT NULL GROUP BY %[2]s HAVING count(*) > 1)", column.SQL, inner, l.rel.SQL), nil
}

// outside compares by the language of expressions, so that a bound is read as what
// the column is.
func outside(c *check, l inspection, column expr.Column) (string, error) {
	var tests []string
	for _, b := range []struct {
		operator string
		bound    any
	}{{"<", c.Params.Min}, {">", c.Params.Max}} {
		if b.bound != nil {
			text, _ := literalOf(b.bound)
			if n, ok := numberOf(b.bound); ok {
				text = strconv.FormatFloat(n, 'f', -1, 64)
			}
			tests = append(tests, sqltext.Ident(column.Name)+" "+b.operator+" "+text)
		}
	}
	return compiledTest(strings.Join(tests, " or "), l, column)
}

// compiledTest compiles a test that was put together here, so that places in it mean
// nothing to people.
func compiledTest(src string, l inspection, column expr.Column) (string, error) {
	test, err := expr.Parse(src)
	if err != nil {
		return "", err
	}
	compiled, err := test.Condition([]expr.Column{column}, l.env.Values)
	if err != nil {
		_, words, _ := strings.Cut(fault.MessageOf(err), ": ")
		return "", settingFault("params", "%s", words)
	}
	return "(" + compiled.SQL + ")", nil
}

func noMatch(c *check, _ inspection, column expr.Column) (string, error) {
	return fmt.Sprintf("NOT coalesce(regexp_matches(%s, %s), FALSE)", textOf(column), sqltext.Text(c.Params.Pattern)), nil
}

func otherType(c *check, _ inspection, column expr.Column) (string, error) {
	kind := expr.TypeOf(column.Type)
	text := "trim(" + textOf(column) + ")"
	filled := text + " <> '' AND "
	switch expected := c.Params.ExpectedType; {
	case expected == "email":
		return "(" + filled + "NOT regexp_full_match(" + text + `, '[^@\s]+@[^@\s.]+(\.[^@\s.]+)+'))`, nil
	case expected == "date" && (kind.Kind == expr.Date || kind.Kind == expr.Timestamp), expected == "float" && kind.Number():
		return "FALSE", nil
	case expected == "date":
		return "(" + filled + "TRY_CAST(" + text + " AS TIMESTAMP) IS NULL)", nil
	case expected == "float":
		return "(" + filled + "TRY_CAST(" + text + " AS DOUBLE) IS NULL)", nil
	case kind.Number():
		return column.SQL + " <> floor(" + column.SQL + ")", nil
	}
	return "(" + filled + "NOT regexp_full_match(" + text + ", '[+-]?[0-9]+'))", nil
}

func tooOld(c *check, l inspection, column expr.Column) (string, error) {
	now := time.Now()
	if text, known := l.env.Values("run.started_at"); known {
		if started, err := time.Parse(time.RFC3339, text); err == nil {
			now = started
		}
	}
	hours, _ := numberOf(c.Params.MaxHours)
	oldest := now.Add(-time.Duration(hours * float64(time.Hour)))
	return "TRY_CAST(" + textOf(column) + " AS TIMESTAMP) < " + sqltext.Literal(oldest), nil
}

func notAccepted(c *check, l inspection, column expr.Column) (string, error) {
	list := make([]string, len(c.Params.Values))
	for i, v := range c.Params.Values {
		list[i], _ = literalOf(v)
	}
	return compiledTest(sqltext.Ident(column.Name)+" not in ("+strings.Join(list, ", ")+")", l, column)
}

func notMet(c *check, l inspection, _ expr.Column) (string, error) {
	compiled, err := c.expr.Condition(l.columns, l.env.Values)
	if err != nil {
		return "", settingFault("params.condition", "%s", fault.MessageOf(err))
	}
	return "NOT coalesce(" + compiled.SQL + ", FALSE)", nil
}
