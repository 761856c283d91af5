package nodes

import (
	"regexp"
	"strings"

	"github.com/broked/broked/internal/expr"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/node"
)

// expressionRule is a rule that is one line of text, as SDKs write it.
var expressionRule = ruleKind{node.Variant{Tag: "expression", Schema: node.Schema{
	Title: "Expression", Help: "One line: a condition keeps the rows for which it is true, and name := expression puts a value into a column, which is made or replaced.",
	Fields: []node.Field{
		{Name: "expression", Required: true, Schema: node.Schema{Type: node.TypeString, Title: "Expression", MinLen: 1, Format: node.FormatExpression, Help: "Such as amount > 100, or total := price * quantity."}},
	},
}}, func() rule { return &expressionLine{} }}

// expressionLine is a condition, or the column that is set.
type expressionLine struct {
	Expression string `json:"expression"`

	column string // "": a condition
	filter filterRows
	expr   *expr.Expr
}

// assignment is a name, quoted or plain, in front of :=.
var assignment = regexp.MustCompile(`^\s*("(?:[^"]|"")+"|[\pL_][\pL\pN_]*)\s*:=`)

func (l *expressionLine) check() (problems []fault.Problem) {
	head := assignment.FindStringSubmatchIndex(l.Expression)
	if head == nil {
		l.filter.Condition = l.Expression
		return within("expression", l.filter.check())
	}
	l.column = l.Expression[head[2]:head[3]]
	if strings.HasPrefix(l.column, `"`) {
		l.column = strings.ReplaceAll(l.column[1:len(l.column)-1], `""`, `"`)
	}
	// Spaces in place of the name leave positions in messages as they are.
	l.expr, problems = parsed("expression", strings.Repeat(" ", len([]rune(l.Expression[:head[1]])))+l.Expression[head[1]:])
	return problems
}

func (l *expressionLine) apply(q *query) []fault.Problem {
	if l.column == "" {
		return within("expression", l.filter.apply(q))
	}
	return q.assign(l.column, l.expr)
}

// within returns problems as those of one setting.
func within(path string, problems []fault.Problem) []fault.Problem {
	for i := range problems {
		problems[i].Path = path
	}
	return problems
}
