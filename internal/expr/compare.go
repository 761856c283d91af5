package expr

import (
	"strings"
)

// sqlOperators are the comparisons as DuckDB writes them.
var sqlOperators = map[string]string{
	"=": "=", "==": "=", "!=": "<>", "<>": "<>", "<": "<", "<=": "<=", ">": ">", ">=": ">=",
}

// test compiles comparisons, in, like and between.
func (c *compiler) test(t *term) (value, error) {
	left, err := c.term(t.args[0])
	if err != nil {
		return value{}, err
	}
	var v value
	switch t.op {
	case opCompare:
		v, err = c.compare(t, left)
	case opIn:
		v, err = c.in(t, left)
	case opBetween:
		v, err = c.between(t, left)
	default:
		v, err = c.like(t, left)
	}
	v.typ = Type{Kind: Boolean}
	if t.not {
		v.sql = "NOT (" + v.sql + ")"
	}
	return v, err
}

func (c *compiler) compare(t *term, left value) (value, error) {
	operator := sqlOperators[t.text]
	ordered := operator != "=" && operator != "<>"
	right, err := c.columnOrText(t.args[1], !ordered)
	if err != nil {
		return value{}, err
	}
	left, right, err = c.pair(left, right, ordered)
	return value{sql: left.operand() + " " + operator + " " + right.operand()}, err
}

func (c *compiler) between(t *term, left value) (value, error) {
	low, err := c.columnOrText(t.args[1], false)
	if err != nil {
		return value{}, err
	}
	high, err := c.columnOrText(t.args[2], false)
	if err != nil {
		return value{}, err
	}
	fromLeft, low, err := c.pair(left, low, true)
	if err != nil {
		return value{}, err
	}
	toLeft, high, err := c.pair(left, high, true)
	if err != nil {
		return value{}, err
	}
	if fromLeft.sql == toLeft.sql {
		return value{sql: fromLeft.operand() + " BETWEEN " + low.operand() + " AND " + high.operand()}, nil
	}
	return value{sql: fromLeft.operand() + " >= " + low.operand() + " AND " + toLeft.operand() + " <= " + high.operand()}, nil
}

// in compares with every entry as = would. IN is for entries of one type; DuckDB
// would bring others to a type of its own choice.
func (c *compiler) in(t *term, left value) (value, error) {
	plain := true
	var first value
	var entries, tests []string
	kind := Null
	for i, arg := range t.args[1:] {
		entry, err := c.columnOrText(arg, true)
		if err != nil {
			return value{}, err
		}
		l, r, err := c.pair(left, entry, false)
		if err != nil {
			return value{}, err
		}
		if i == 0 {
			first, kind = l, r.typ.Kind
		}
		plain = plain && l.sql == first.sql && r.typ.Kind == kind
		entries = append(entries, r.sql)
		tests = append(tests, l.operand()+" = "+r.operand())
	}
	if plain {
		return value{sql: first.operand() + " IN (" + strings.Join(entries, ", ") + ")"}, nil
	}
	return value{sql: strings.Join(tests, " OR ")}, nil
}

func (c *compiler) like(t *term, left value) (value, error) {
	pattern, err := c.columnOrText(t.args[1], false)
	if err != nil {
		return value{}, err
	}
	return value{sql: asText(left).operand() + " " + strings.ToUpper(t.text) + " " + asText(pattern).operand()}, nil
}

// pair brings two sides of a comparison to types that compare as people mean it.
// Ordered is for < and its like, under which text is a number beside a number.
func (c *compiler) pair(l, r value, ordered bool) (value, value, error) {
	var err error
	switch {
	case l.sql == "NULL" || r.sql == "NULL":
		err = c.errorf(r.pos, "nothing is equal to null: write is null or is not null")
	case l.typ.Kind == Text:
		l, r, err = c.pairText(l, r, ordered)
	case r.typ.Kind == Text:
		r, l, err = c.pairText(r, l, ordered)
	case l.typ.moment() && r.typ.Number():
		err = c.errorf(r.pos, "%s cannot be compared with %s: dates go in quotes, as in '2024-01-31'", l.typ, r.typ)
	default:
		if _, ok := common(l.typ, r.typ); !ok {
			err = c.errorf(r.pos, "%s cannot be compared with %s", l.typ, r.typ)
		}
		l, r = comparably(l, r)
	}
	return l, r, err
}

// comparably casts two values of one kind where DuckDB does not compare them as
// they are, or would lose digits.
func comparably(l, r value) (value, value) {
	switch {
	case l.typ.Number() && r.typ.Number() && !exact(l.typ, r.typ):
		return asDouble(l), asDouble(r)
	case l.typ.name == zoned && r.typ.name == nanoseconds:
		return l, cast(r, "TIMESTAMP", Timestamp)
	case l.typ.name == nanoseconds && r.typ.name == zoned:
		return cast(l, "TIMESTAMP", Timestamp), r
	}
	return l, r
}

// pairText is pair for a side that is text. Beside anything else a literal
// takes the other's type; text of a column is equal to a number if it is
// spelled alike, and smaller or greater by the number that it spells.
func (c *compiler) pairText(text, other value, ordered bool) (value, value, error) {
	switch {
	case other.typ.Kind == Text:
		return text, other, nil
	case other.typ.Kind == Other || other.null():
		return text, asText(other), nil
	case text.lit == litText:
		read, err := c.read(text, other.typ)
		read, other = comparably(read, other)
		return read, other, err
	case other.typ.moment():
		return tryCast(text, "TIMESTAMP", Timestamp), other, nil
	case other.typ.Kind == Time:
		return tryCast(text, "TIME", Time), other, nil
	case other.typ.Number() && ordered:
		return tryCast(text, "DOUBLE", Double), other, nil
	}
	return text, asText(other), nil
}
