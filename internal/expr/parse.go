package expr

import (
	"fmt"
	"slices"
	"strings"

	"github.com/broked/broked/internal/fault"
)

// keywords cannot be columns unless they are in double quotes.
var keywords = []string{
	"and", "between", "case", "else", "end", "false", "ilike", "in", "is", "like", "not", "null", "or", "then", "true", "when",
}

// parser reads tokens from left to right. After the first error it sees nothing
// but the end, so that every loop ends by itself.
type parser struct {
	src   string
	tok   token
	after int // offset behind tok
	depth int
	err   error
}

func (p *parser) next() {
	if p.err != nil {
		return
	}
	tok, after, err := scan(p.src, p.after)
	p.tok, p.after = tok, after
	if err != nil {
		p.fail(tok.pos, "%s", err.Error())
	}
}

func (p *parser) fail(pos int, format string, args ...any) {
	if p.err == nil {
		p.err = fault.New(fault.Invalid, "%s: %s", where(p.src, pos), fmt.Sprintf(format, args...))
	}
	p.tok = token{pos: pos}
}

func (p *parser) expected(what string) {
	found := fmt.Sprintf("%q", p.tok.text)
	switch {
	case p.tok.kind == tokEnd:
		found = "the end"
	case p.tok.kind == tokText:
		found = "the text '" + p.tok.text + "'"
	case p.tok.kind == tokWord && slices.Contains(keywords, strings.ToLower(p.tok.text)):
		found = fmt.Sprintf("the keyword %s (a column of that name goes in double quotes)", p.tok.text)
	}
	p.fail(p.tok.pos, "expected %s, found %s", what, found)
}

// at reports whether the next token is the keyword word.
func (p *parser) at(word string) bool {
	return p.tok.kind == tokWord && strings.EqualFold(p.tok.text, word)
}

// keyword reports whether the next token is the keyword word, and takes it.
func (p *parser) keyword(word string) bool {
	if p.at(word) {
		p.next()
		return true
	}
	return false
}

func (p *parser) symbol(s string) bool {
	if p.tok.kind == tokSymbol && p.tok.text == s {
		p.next()
		return true
	}
	return false
}

func (p *parser) require(found bool, what string) {
	if !found {
		p.expected(what)
	}
}

// deeper goes one level down, as far as the limit, and returns the way back up.
func (p *parser) deeper() func() {
	if p.depth++; p.depth > maxDepth {
		p.fail(p.tok.pos, "the expression is nested too deeply: at most %d levels", maxDepth)
	}
	return func() { p.depth-- }
}

func (p *parser) expression() *term {
	defer p.deeper()()
	return p.list(opOr, "or", p.conjunction)
}

func (p *parser) conjunction() *term { return p.list(opAnd, "and", p.negation) }

// list reads one or more terms joined by a keyword.
func (p *parser) list(op op, word string, part func() *term) *term {
	first := part()
	if !p.at(word) {
		return first
	}
	all := &term{op: op, pos: first.pos, args: []*term{first}}
	for p.keyword(word) {
		all.args = append(all.args, part())
	}
	return all
}

func (p *parser) negation() *term {
	pos := p.tok.pos
	if !p.keyword("not") {
		return p.comparison()
	}
	defer p.deeper()()
	return &term{op: opNot, pos: pos, args: []*term{p.negation()}}
}

var comparisons = []string{"=", "==", "!=", "<>", "<", "<=", ">", ">="}

func (p *parser) comparison() *term {
	left := p.sum()
	t := p.test(left)
	if t != left && p.tok.kind == tokSymbol && slices.Contains(comparisons, p.tok.text) {
		p.fail(p.tok.pos, "comparisons cannot be chained: join two with and")
	}
	return t
}

// test reads what follows a sum and makes it a test, or returns it as it is.
func (p *parser) test(left *term) *term {
	pos := p.tok.pos
	if p.tok.kind == tokSymbol && slices.Contains(comparisons, p.tok.text) {
		t := &term{op: opCompare, pos: pos, text: p.tok.text}
		p.next()
		t.args = []*term{left, p.sum()}
		return t
	}
	if p.keyword("is") {
		not := p.keyword("not")
		p.require(p.keyword("null"), "null")
		return &term{op: opIsNull, pos: pos, not: not, args: []*term{left}}
	}
	not := p.keyword("not")
	switch {
	case p.keyword("in"):
		return &term{op: opIn, pos: pos, not: not, args: p.inList(left)}
	case p.keyword("between"):
		low := p.sum()
		p.require(p.keyword("and"), "and")
		return &term{op: opBetween, pos: pos, not: not, args: []*term{left, low, p.sum()}}
	case p.keyword("like"):
		return &term{op: opLike, pos: pos, not: not, text: "like", args: []*term{left, p.sum()}}
	case p.keyword("ilike"):
		return &term{op: opLike, pos: pos, not: not, text: "ilike", args: []*term{left, p.sum()}}
	case not:
		p.expected("in, like, ilike or between")
	}
	return left
}

// inList reads a list in round or square brackets and puts left before it.
func (p *parser) inList(left *term) []*term {
	closing := ")"
	if p.tok.kind == tokSymbol && p.tok.text == "[" {
		closing = "]"
	}
	p.require(p.symbol("(") || p.symbol("["), "a list such as ('a', 'b')")
	args := []*term{left, p.sum()}
	for p.symbol(",") {
		args = append(args, p.sum())
	}
	p.require(p.symbol(closing), "a comma or "+closing)
	return args
}

func (p *parser) sum() *term { return p.chain([]string{"+", "-"}, p.product) }

func (p *parser) product() *term { return p.chain([]string{"*", "/", "%"}, p.sign) }

// chain reads operands joined by operators of one rank, from the left.
func (p *parser) chain(operators []string, part func() *term) *term {
	left := part()
	for p.tok.kind == tokSymbol && slices.Contains(operators, p.tok.text) {
		t := &term{op: opArith, pos: p.tok.pos, text: p.tok.text}
		p.next()
		t.args = []*term{left, part()}
		left = t
	}
	return left
}

func (p *parser) sign() *term {
	pos := p.tok.pos
	switch {
	case p.symbol("-"):
		if p.tok.kind == tokNumber {
			t := p.primary()
			t.pos, t.text = pos, "-"+t.text
			return t
		}
	case p.symbol("+"):
	default:
		return p.primary()
	}
	defer p.deeper()()
	if p.src[pos] == '+' {
		return p.sign()
	}
	return &term{op: opNegate, pos: pos, args: []*term{p.sign()}}
}

func (p *parser) primary() *term {
	t := &term{pos: p.tok.pos, text: p.tok.text}
	switch p.tok.kind {
	case tokNumber:
		t.op = opNumber
	case tokText:
		t.op = opText
	case tokPlaceholder:
		t.op = opValue
	case tokQuoted:
		t.op, t.quoted = opName, true
	case tokWord:
		return p.word()
	default:
		if p.symbol("(") {
			t = p.expression()
			p.require(p.symbol(")"), "an operator or )")
			return t
		}
		p.expected("a value")
	}
	p.next()
	return t
}

func (p *parser) word() *term {
	t := &term{op: opName, pos: p.tok.pos, text: p.tok.text}
	switch lower := strings.ToLower(t.text); {
	case lower == "null":
		t.op = opNull
	case lower == "true" || lower == "false":
		t.op = opBoolean
	case lower == "case":
		p.next()
		return p.choice(t.pos)
	case slices.Contains(keywords, lower):
		p.expected("a value")
	}
	p.next()
	if t.op == opName && p.symbol("(") {
		return p.call(t)
	}
	return t
}

func (p *parser) call(t *term) *term {
	f, err := find(t.text)
	if err != nil {
		p.fail(t.pos, "%s", fault.MessageOf(err))
		return t
	}
	t.op, t.text = opCall, f.Name
	if !p.symbol(")") {
		t.args = append(t.args, p.expression())
		for p.symbol(",") {
			t.args = append(t.args, p.expression())
		}
		p.require(p.symbol(")"), "a comma or )")
	}
	if p.err == nil && !f.Takes(len(t.args)) {
		p.fail(t.pos, "%s is written %s", f.Name, f.Signature())
	}
	return t
}

// choice reads the rest of a case. The form with an operand is turned into
// comparisons with it.
func (p *parser) choice(pos int) *term {
	t := &term{op: opCase, pos: pos}
	var operand *term
	if !p.at("when") {
		operand = p.expression()
	}
	for p.keyword("when") {
		when := p.expression()
		if operand != nil {
			when = &term{op: opCompare, pos: when.pos, text: "=", args: []*term{operand, when}}
		}
		p.require(p.keyword("then"), "then")
		t.args = append(t.args, when, p.expression())
	}
	p.require(len(t.args) > 0, "when")
	if p.keyword("else") {
		t.args = append(t.args, p.expression())
	}
	p.require(p.keyword("end"), "when, else or end")
	return t
}
