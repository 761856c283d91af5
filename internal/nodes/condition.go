package nodes

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"

	"github.com/broked/broked/internal/expr"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/node"
)

// conditionSpec decides which branch the rows take.
var conditionSpec = node.Spec{
	Kind: "condition", Title: "Condition", Icon: "branch", Category: node.Transform, MinInputs: 1, MaxInputs: 2, Branches: true,
	Summary: "Ask one question about all rows and send them on over the edges that are marked with the answer; nodes behind the others are skipped. With a second input the question is about that one, and the rows of the first go on.",
	Settings: node.Schema{Type: node.TypeObject, Fields: []node.Field{
		{Name: "expression", Schema: node.Schema{Type: node.TypeString, Title: "Question", Format: node.FormatExpression, Default: "always_true", Help: `One of: row_count > 0; column_exists("email"); null_pct("email") < 5, in percent; min("amount") >= 0; max("day") >= '2026-01-01'; always_true; always_false. The right side may be any expression without columns.`}},
	}},
	New: newCondition,
}

var (
	// question is what may be asked. Groups: the figure, a function, its column, the
	// rest with the comparison.
	question = regexp.MustCompile(`^(\s*(?:row_count|(null_pct|min|max)\s*\(\s*("(?:[^"]|"")+"|'[^']+'|[^()"']+?)\s*\)))(\s*(?:==|=|!=|<>|>=|<=|>|<)(?s:.*))$`)
	exists   = regexp.MustCompile(`^\s*column_exists\s*\(\s*("(?:[^"]|"")+"|'[^']+'|[^()"']+?)\s*\)\s*$`)
)

type condition struct {
	text     string
	figure   string // row_count, null_pct, min, max, or empty
	column   string
	exists   bool // asks for the column itself
	constant *bool
	test     *expr.Expr // of the figure, which is called v
}

func newCondition(config json.RawMessage) (node.Node, error) {
	var settings struct {
		Expression string `json:"expression"`
	}
	if err := json.Unmarshal(config, &settings); err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "the settings of the condition are not readable")
	}
	c := &condition{text: strings.TrimSpace(settings.Expression)}
	switch c.text {
	case "", "always_true":
		c.constant = new(true)
		return c, nil
	case "always_false":
		c.constant = new(false)
		return c, nil
	}
	if m := exists.FindStringSubmatch(settings.Expression); m != nil {
		c.exists, c.column = true, unquoted(m[1])
		return c, nil
	}
	m := question.FindStringSubmatch(settings.Expression)
	if m == nil {
		return nil, settingFault("expression", `is not a question about the rows: write one such as row_count > 0, column_exists("c"), null_pct("c") < 5, min("c") >= 0, max("c") < 10, always_true or always_false`)
	}
	c.figure, c.column = m[2], unquoted(m[3])
	if c.figure == "" {
		c.figure = "row_count"
	}
	// The figure stands where it stood, so that places in messages are right.
	figure := `"v"`
	test, err := expr.Parse(figure + strings.Repeat(" ", max(0, len(m[1])-len(figure))) + m[4])
	if err != nil {
		return nil, settingFault("expression", "%s", fault.MessageOf(err))
	}
	c.test = test
	return c, nil
}

// unquoted returns the name that a text stands for.
func unquoted(text string) string {
	switch {
	case strings.HasPrefix(text, `"`):
		return strings.ReplaceAll(text[1:len(text)-1], `""`, `"`)
	case strings.HasPrefix(text, `'`):
		return text[1 : len(text)-1]
	}
	return text
}

// Select implements node.Relational: the rows go on as they are.
func (*condition) Select(_ context.Context, _ node.Env, in []node.Relation) (node.Relation, error) {
	rel := in[0]
	rel.SameRows = true
	return rel, nil
}

// Inspect implements node.Inspector.
func (c *condition) Inspect(ctx context.Context, env node.Env, in []node.Relation) (node.Verdict, error) {
	yes, err := c.ask(ctx, env, in[len(in)-1])
	if err != nil {
		return node.Verdict{}, err
	}
	text := c.text
	if text == "" {
		text = "always_true"
	}
	return node.Verdict{No: !yes, Findings: []node.Finding{{
		Level: node.Info, Message: fmt.Sprintf("The answer to %s is %t", text, yes),
	}}}, nil
}

func (c *condition) ask(ctx context.Context, env node.Env, in node.Relation) (bool, error) {
	if c.constant != nil {
		return *c.constant, nil
	}
	column, err := expr.Find(sideOf(in, "i"), c.column)
	switch {
	case c.exists:
		return err == nil, nil
	case err != nil && c.figure != "row_count":
		return false, settingFault("expression", "%s", fault.MessageOf(err))
	}
	figure, typ := c.compute(column)
	compiled, err := c.test.Condition([]expr.Column{{Name: "v", Type: typ, SQL: "f.v"}}, env.Values)
	if err != nil {
		return false, settingFault("expression", "%s", fault.MessageOf(err))
	}
	table, err := env.DB.Query(ctx, "SELECT coalesce("+compiled.SQL+", FALSE) FROM (SELECT "+figure+" AS v FROM ("+in.SQL+") AS i) AS f", 1)
	if err != nil {
		return false, err
	}
	yes, _ := table.Rows[0][0].(bool)
	return yes, nil
}

// compute returns the figure that is asked about, and its type.
func (c *condition) compute(column expr.Column) (sql, typ string) {
	switch c.figure {
	case "row_count":
		return "count(*)", "BIGINT"
	case "null_pct":
		missing := "count(*) FILTER (WHERE " + column.SQL + " IS NULL)"
		return "CASE WHEN count(*) = 0 THEN 0 ELSE 100.0::DOUBLE * " + missing + " / count(*) END", "DOUBLE"
	}
	return c.figure + "(" + column.SQL + ")", column.Type
}
