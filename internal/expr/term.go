package expr

import (
	"strings"
)

// op says what a term is and how its members are used.
type op int

const (
	opNull    op = iota
	opBoolean    // text: true or false, as written
	opNumber     // text: digits as written, with a minus sign if negative
	opText       // text: the text, placeholders included
	opValue      // text: a placeholder's name
	opName       // text: a column's name; quoted: it was in double quotes
	opCall       // text: the function's name; args
	opCase       // args: condition and result in turn, then the else result if any
	opOr         // args: two or more
	opAnd        // args: two or more
	opNot        // args: one
	opCompare    // text: the operator; args: two
	opIn         // args: what is looked for, then the list
	opLike       // text: like or ilike; args: two
	opIsNull     // args: one
	opBetween    // args: three
	opArith      // text: the operator; args: two
	opNegate     // args: one
)

// term is one part of an expression and its operands.
type term struct {
	op     op
	pos    int // byte offset in the source, for messages
	text   string
	quoted bool
	not    bool // in, like, is null, between: reversed
	args   []*term
}

func (t *term) depth() int {
	deepest := 0
	for _, a := range t.args {
		deepest = max(deepest, a.depth())
	}
	return deepest + 1
}

// The strength of operators: one binds tighter than another of lower rank.
const (
	rankOr = iota
	rankAnd
	rankNot
	rankCompare
	rankAdd
	rankMultiply
	rankNegate
	rankAtom
)

func (t *term) rank() int {
	switch t.op {
	case opOr:
		return rankOr
	case opAnd:
		return rankAnd
	case opNot:
		return rankNot
	case opCompare, opIn, opLike, opIsNull, opBetween:
		return rankCompare
	case opArith:
		if t.text == "+" || t.text == "-" {
			return rankAdd
		}
		return rankMultiply
	case opNegate:
		return rankNegate
	case opNumber:
		if strings.HasPrefix(t.text, "-") {
			return rankNegate
		}
	default:
	}
	return rankAtom
}

// String writes t as source with as few parentheses as it takes.
func (t *term) String() string {
	switch t.op {
	case opCall:
		return t.text + "(" + t.join(", ", rankOr) + ")"
	case opCase:
		return t.caseString()
	case opOr:
		return t.join(" or ", rankAnd)
	case opAnd:
		return t.join(" and ", rankNot)
	case opNot:
		return "not " + t.operand(0, rankNot)
	case opCompare:
		return t.operand(0, rankAdd) + " " + t.text + " " + t.operand(1, rankAdd)
	case opArith:
		return t.operand(0, t.rank()) + " " + t.text + " " + t.operand(1, t.rank()+1)
	case opNegate:
		return "-" + t.operand(0, rankAtom)
	case opIn, opLike, opIsNull, opBetween:
		return t.testString()
	default:
		return t.leafString()
	}
}

func (t *term) leafString() string {
	switch {
	case t.op == opNull:
		return "null"
	case t.op == opText:
		return "'" + strings.ReplaceAll(t.text, "'", "''") + "'"
	case t.op == opValue:
		return "${" + t.text + "}"
	case t.quoted:
		return `"` + strings.ReplaceAll(t.text, `"`, `""`) + `"`
	}
	return t.text // a bare name, a number or a truth value, as written
}

func (t *term) testString() string {
	not := ""
	if t.not {
		not = "not "
	}
	left := t.operand(0, rankAdd) + " "
	switch t.op {
	case opIn:
		entries := term{args: t.args[1:]}
		return left + not + "in (" + entries.join(", ", rankAdd) + ")"
	case opLike:
		return left + not + t.text + " " + t.operand(1, rankAdd)
	case opIsNull:
		return left + "is " + not + "null"
	default:
		return left + not + "between " + t.operand(1, rankAdd) + " and " + t.operand(2, rankAdd)
	}
}

func (t *term) caseString() string {
	var b strings.Builder
	b.WriteString("case")
	for i := 0; i+1 < len(t.args); i += 2 {
		b.WriteString(" when " + t.args[i].String() + " then " + t.args[i+1].String())
	}
	if len(t.args)%2 == 1 {
		b.WriteString(" else " + t.args[len(t.args)-1].String())
	}
	return b.String() + " end"
}

// operand writes an operand, in parentheses if it binds less than rank.
func (t *term) operand(i, rank int) string {
	if t.args[i].rank() < rank {
		return "(" + t.args[i].String() + ")"
	}
	return t.args[i].String()
}

func (t *term) join(between string, rank int) string {
	parts := make([]string, len(t.args))
	for i := range t.args {
		parts[i] = t.operand(i, rank)
	}
	return strings.Join(parts, between)
}
