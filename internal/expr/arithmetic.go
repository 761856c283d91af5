package expr

import (
	"strconv"
	"strings"
)

// arithmetic compiles + - * / %.
func (c *compiler) arithmetic(t *term) (value, error) {
	side := c.term
	if t.text == "+" {
		side = func(t *term) (value, error) { return c.columnOrText(t, false) }
	}
	l, err := side(t.args[0])
	if err != nil {
		return value{}, err
	}
	r, err := side(t.args[1])
	if err != nil {
		return value{}, err
	}
	plus, minus := t.text == "+", t.text == "-"
	switch {
	case plus && (joins(l, r) || joins(r, l)):
		return join(l, r), nil
	case (plus || minus) && l.typ.Kind == Date:
		return c.days(l, r, t.text)
	case plus && r.typ.Kind == Date:
		return c.days(r, l, t.text)
	}
	return c.compute(l, r, t.text)
}

// negate compiles a minus sign.
func (c *compiler) negate(t *term) (value, error) {
	v, err := c.term(t.args[0])
	if err != nil {
		return v, err
	}
	if v, err = c.number(v); err != nil || v.null() {
		return v, err
	}
	v = whole(v)
	if v.typ.Kind == Integer && v.typ.whole < bigint {
		v = bigger(v)
	}
	return value{sql: "-(" + v.sql + ")", typ: computed(v.typ)}, nil
}

// joins reports whether v is text that + joins with other. What comes out of a
// placeholder is a number beside one.
func joins(v, other value) bool {
	number := v.bound && (other.typ.Number() || other.typ.Kind == Date)
	return v.typ.Kind == Text && !number
}

// join joins texts; null counts as empty. Joining three is one call of concat.
func join(vs ...value) value {
	var parts []string
	for _, v := range vs {
		if v.parts != nil {
			parts = append(parts, v.parts...)
		} else {
			parts = append(parts, asText(v).sql)
		}
	}
	return value{sql: "concat(" + strings.Join(parts, ", ") + ")", typ: Type{Kind: Text}, atom: true, parts: parts}
}

// days adds whole days to a date, or subtracts days or a date from it.
func (c *compiler) days(date, other value, operator string) (value, error) {
	if operator == "-" && other.lit == litText {
		if read, ok := literal(other.raw, date.typ); ok {
			other = read
		}
	}
	v := value{sql: date.operand() + " " + operator + " "}
	switch {
	case operator == "-" && other.typ.Kind == Date:
		v.sql, v.typ = v.sql+other.operand(), Type{Kind: Integer, whole: bigint}
		return v, nil
	case other.bound:
		var err error
		if other, err = c.number(other); err != nil {
			return v, err
		}
	}
	if other.typ.Kind != Integer && !other.null() {
		return v, c.errorf(other.pos, "a date takes whole days or, after a minus, a date; this is %s", other.typ)
	}
	v.sql, v.typ = v.sql+"TRY_CAST("+other.sql+" AS INTEGER)", Type{Kind: Date}
	return v, nil
}

// compute applies an operator to two numbers.
func (c *compiler) compute(l, r value, operator string) (value, error) {
	l, err := c.number(l)
	if err != nil {
		return l, err
	}
	r, err = c.number(r)
	if err != nil {
		return r, err
	}
	if l.null() || r.null() {
		return value{sql: "NULL", atom: true}, nil
	}
	l, r = whole(l), whole(r)
	typ := result(l.typ, r.typ, operator)
	l, r = widened(l, r, typ)
	if operator == "/" || operator == "%" {
		if r = unlessZero(r); r.null() {
			return cast(r, "DOUBLE", Double), nil
		}
	}
	return value{sql: l.operand() + " " + operator + " " + r.operand(), typ: typ}, nil
}

// widened casts operands that DuckDB would compute with in a type that is too
// narrow for the result.
func widened(l, r value, typ Type) (value, value) {
	switch {
	case typ.Kind == Integer && narrow(l) && narrow(r):
		return bigger(l), r
	case typ.Kind == Double && l.typ.Kind != Double && r.typ.Kind != Double && (l.typ.Kind == Decimal || r.typ.Kind == Decimal):
		return asDouble(l), asDouble(r)
	}
	return l, r
}

// number returns v if it is a number, and reads one that was bound as text.
func (c *compiler) number(v value) (value, error) {
	switch {
	case v.typ.Number() || v.null():
		return v, nil
	case v.bound:
		return c.read(v, Type{Kind: Double})
	case v.typ.Kind == Text:
		return v, c.errorf(v.pos, "this is text, but a number is needed: number(...) reads one")
	case v.typ.moment():
		return v, c.errorf(v.pos, "this is %s, but a number is needed: date_diff('day', from, to) counts the time between two", v.typ)
	}
	return v, c.errorf(v.pos, "this is %s, but a number is needed", v.typ)
}

// whole brings integers that arithmetic does not take to a type that it does.
func whole(v value) value {
	switch {
	case v.typ.Kind != Integer || v.lit != litNone:
	case v.typ.whole == ubigint:
		v = cast(v, "HUGEINT", Integer)
		v.typ.whole = hugeint
	case v.typ.whole >= beyond:
		return asDouble(v)
	}
	return v
}

// narrow reports whether v may be of an integer type below BIGINT, whose sums
// would overflow early.
func narrow(v value) bool { return v.typ.whole < bigint || v.lit != litNone }

func bigger(v value) value {
	v = cast(v, "BIGINT", Integer)
	v.typ.whole = bigint
	return v
}

// computed is t without the name of a column's exact type.
func computed(t Type) Type {
	t.name = ""
	return t
}

// result is the type of arithmetic: exact as long as the digits fit into a
// DECIMAL, if one is involved.
func result(l, r Type, operator string) Type {
	t := Type{Kind: Decimal, whole: max(l.whole, r.whole) + 1, scale: max(l.scale, r.scale)}
	switch {
	case operator == "/" || l.Kind == Double || r.Kind == Double:
		return Type{Kind: Double}
	case l.Kind == Integer && r.Kind == Integer:
		return Type{Kind: Integer, whole: max(bigint, l.whole, r.whole)}
	case operator == "*":
		t.whole, t.scale = l.whole+r.whole, l.scale+r.scale
	}
	if t.whole+t.scale > decimal {
		return Type{Kind: Double}
	}
	return t
}

// unlessZero returns null in place of zero. DuckDB's nullif is a macro that
// evaluates its operand twice, as CASE does here for all to see.
func unlessZero(v value) value {
	if v.lit == litNumber {
		if f, err := strconv.ParseFloat(v.raw, 64); err == nil && f == 0 {
			return value{sql: "NULL", pos: v.pos}
		}
		return v
	}
	v.sql = "CASE WHEN " + v.operand() + " = 0 THEN NULL ELSE " + v.sql + " END"
	v.atom = true
	return v
}
