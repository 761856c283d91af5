package expr

import (
	"fmt"
	"slices"
	"strings"

	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/sqltext"
)

// compiler turns one expression into SQL, from the leaves up.
type compiler struct {
	src     string
	columns []Column
	values  func(name string) (string, bool)
	used    []string
	notes   []string
}

// value is a term as SQL, with what the terms around it must know.
type value struct {
	sql   string
	typ   Type
	atom  bool // needs no parentheses as an operand
	pos   int
	lit   literalKind
	raw   string   // of a literal: its text as written
	bound bool     // came out of a placeholder, so it takes the type that is wanted
	parts []string // of joined text: what is joined
	word  error    // why a word that was read as text is no column
}

// literalKind says which sort of literal a value is, if any.
type literalKind int

const (
	litNone literalKind = iota
	litText
	litNumber
	litBoolean
)

// operand returns v's SQL so that operators may stand beside it.
func (v value) operand() string {
	if v.atom {
		return v.sql
	}
	return "(" + v.sql + ")"
}

func (v value) null() bool { return v.typ.Kind == Null }

func (c *compiler) errorf(pos int, format string, args ...any) error {
	return fault.New(fault.Invalid, "%s: %s", where(c.src, pos), fmt.Sprintf(format, args...))
}

func (c *compiler) term(t *term) (value, error) {
	v, err := c.compile(t)
	v.pos = t.pos
	if err == nil && len(v.sql) > maxGrowth*(len(c.src)+1024) {
		err = c.errorf(t.pos, "this is too complicated: compute a part of it in a column of its own")
	}
	return v, err
}

func (c *compiler) compile(t *term) (value, error) {
	switch t.op {
	case opNull, opBoolean, opNumber:
		return c.constant(t)
	case opText, opValue:
		return c.text(t)
	case opName:
		return c.column(t)
	case opOr, opAnd, opNot:
		return c.logic(t)
	case opNegate:
		return c.negate(t)
	case opArith:
		return c.arithmetic(t)
	case opIsNull:
		return c.isNull(t)
	case opCase:
		return c.choice(t)
	case opCall:
		return c.call(t)
	default:
		return c.test(t)
	}
}

func (c *compiler) constant(t *term) (value, error) {
	switch t.op {
	case opNull:
		return value{sql: "NULL", atom: true}, nil
	case opBoolean:
		return value{sql: strings.ToUpper(t.text), typ: Type{Kind: Boolean}, atom: true, lit: litBoolean, raw: t.text}, nil
	default:
		v, ok := number(t.text)
		if !ok {
			return v, c.errorf(t.pos, "%s is not a number that can be computed with", t.text)
		}
		return v, nil
	}
}

func (c *compiler) terms(ts []*term) ([]value, error) {
	vs := make([]value, len(ts))
	for i, t := range ts {
		v, err := c.term(t)
		if err != nil {
			return nil, err
		}
		vs[i] = v
	}
	return vs, nil
}

// text compiles a text literal with the placeholders inside it, or a
// placeholder that stands by itself.
func (c *compiler) text(t *term) (value, error) {
	if t.op == opValue {
		text, err := c.lookup(t.text, t.pos)
		v, _ := literal(text, Type{Kind: Text})
		v.bound = true
		return v, err
	}
	var missing error
	text := placeholder.ReplaceAllStringFunc(t.text, func(match string) string {
		found, err := c.lookup(match[2:len(match)-1], t.pos)
		if err != nil && missing == nil {
			missing = err
		}
		return found
	})
	v, _ := literal(text, Type{Kind: Text})
	return v, missing
}

func (c *compiler) lookup(name string, pos int) (string, error) {
	if c.values != nil {
		if found, ok := c.values(name); ok {
			return found, nil
		}
	}
	return "", c.errorf(pos, "there is no value for ${%s}", name)
}

func (c *compiler) column(t *term) (value, error) {
	col, err := Find(c.columns, t.text)
	if err != nil {
		hint := ""
		if t.quoted {
			hint = " (text goes in single quotes)"
		}
		return value{}, c.errorf(t.pos, "%s%s", fault.MessageOf(err), hint)
	}
	if !slices.Contains(c.used, col.Name) {
		c.used = append(c.used, col.Name)
	}
	sql := col.SQL
	if sql == "" {
		sql = sqltext.Ident(col.Name)
	}
	return value{sql: sql, typ: TypeOf(col.Type), atom: true}, nil
}

// column or text: in Brokoli status == "active" and country == DE compare with
// text. A word that is no column is read so, and a note says that it was. A
// quoted word with a placeholder is always text, lest data choose a column.
func (c *compiler) columnOrText(t *term, bare bool) (value, error) {
	if t.op != opName || !t.quoted && !bare {
		return c.term(t)
	}
	if placeholder.MatchString(t.text) {
		return c.term(&term{op: opText, pos: t.pos, text: t.text})
	}
	v, err := c.term(t)
	if err == nil {
		return v, nil
	}
	v, _ = literal(t.text, Type{Kind: Text})
	v.pos, v.word = t.pos, err
	note := fmt.Sprintf("read %s as text, because the input has no column of that name", t.text)
	if !slices.Contains(c.notes, note) {
		c.notes = append(c.notes, note)
	}
	return v, nil
}

func (c *compiler) logic(t *term) (value, error) {
	args, err := c.terms(t.args)
	if err != nil {
		return value{}, err
	}
	parts := make([]string, len(args))
	for i, a := range args {
		if a.typ.Kind != Boolean && !a.null() {
			return value{}, c.errorf(a.pos, "and, or and not join conditions, but this is %s", a.typ)
		}
		parts[i] = a.operand()
		if a.null() {
			parts[i] = "CAST(NULL AS BOOLEAN)"
		}
	}
	v := value{typ: Type{Kind: Boolean}}
	switch t.op {
	case opOr:
		v.sql = strings.Join(parts, " OR ")
	case opAnd:
		v.sql = strings.Join(parts, " AND ")
	default:
		v.sql = "NOT " + parts[0]
	}
	return v, nil
}

func (c *compiler) isNull(t *term) (value, error) {
	v, err := c.term(t.args[0])
	if err != nil {
		return value{}, err
	}
	test := " IS NULL"
	if t.not {
		test = " IS NOT NULL"
	}
	return value{sql: v.operand() + test, typ: Type{Kind: Boolean}}, nil
}

func (c *compiler) choice(t *term) (value, error) {
	args, err := c.terms(t.args)
	if err != nil {
		return value{}, err
	}
	var conditions, results []value
	for i := 0; i+1 < len(args); i += 2 {
		conditions, results = append(conditions, args[i]), append(results, args[i+1])
	}
	if len(args)%2 == 1 {
		results = append(results, args[len(args)-1])
	}
	return c.cases(conditions, results)
}

// cases builds a CASE; one result more than conditions is what else holds.
func (c *compiler) cases(conditions, results []value) (value, error) {
	results, typ, err := c.unify(results)
	if err != nil || typ.Kind == Null {
		return value{sql: "NULL", atom: true}, err
	}
	var b strings.Builder
	b.WriteString("CASE")
	for i, when := range conditions {
		if when.typ.Kind != Boolean && !when.null() {
			return value{}, c.errorf(when.pos, "a condition must be true or false, but this is %s", when.typ)
		}
		b.WriteString(" WHEN " + when.sql + " THEN " + results[i].sql)
	}
	if len(results) > len(conditions) {
		b.WriteString(" ELSE " + results[len(results)-1].sql)
	}
	b.WriteString(" END")
	return value{sql: b.String(), typ: typ, atom: true}, nil
}
