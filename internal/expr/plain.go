package expr

import (
	"strconv"
	"strings"

	"github.com/broked/broked/internal/sqltext"
)

// Test is a condition so plain that other databases than DuckDB understand it in the
// same way. A test of a null is null, as everywhere in the language.
type Test struct {
	Op       TestOp
	Tests    []Test  // of All, Any and Not
	Column   string  // of the others: the exact name
	Operator string  // of Compare: =, <>, <, <=, > or >=
	Other    string  // of Compare: the column on the other side; empty when it is a value
	Values   []Value // of Compare: one, unless there is Other; of Among: all
}

// TestOp says what is tested.
type TestOp int

// The tests.
const (
	All     TestOp = iota // every one of Tests
	Any                   // one of Tests
	Not                   // the one of Tests is not true
	Missing               // Column has no value
	Holds                 // Column, which is a truth value, is true
	Compare
	Among // Column is one of Values
)

// Value is a constant. Its text is digits of an Integer or Decimal, true or false of a
// Boolean, 2024-01-31 of a Date and 2024-01-31 15:04:05 of a Timestamp in UTC, with
// up to six digits of a second's fraction; of a Text it is the text itself.
type Value struct {
	Kind Kind
	Text string
}

// Plain returns the condition as a Test that is true for exactly the rows for which
// what Condition returns is, and false when it is more than a Test can say.
func (e *Expr) Plain(columns []Column, values func(name string) (string, bool)) (Test, bool) {
	named := make([]Column, len(columns))
	for i, c := range columns {
		named[i] = Column{Name: c.Name, Type: c.Type, SQL: sqltext.Ident(c.Name)}
	}
	c := plainly{compiler{src: e.src, columns: named, values: values}}
	return c.test(e.root)
}

// plainly finds out what a compiler would make of terms.
type plainly struct{ compiler }

func (c *plainly) test(t *term) (Test, bool) {
	switch t.op { //nolint:exhaustive // the others are not plain
	case opAnd:
		return c.tests(All, t.args)
	case opOr:
		return c.tests(Any, t.args)
	case opNot:
		return c.tests(Not, t.args)
	case opIsNull:
		return c.reversed(t.not)(c.onColumn(Missing, t.args[0]))
	case opName:
		of, is := c.onColumn(Holds, t)
		v, err := c.term(t)
		return of, is && err == nil && v.typ.Kind == Boolean
	case opCompare:
		return c.comparison(sqlOperators[t.text], t.args[0], t.args[1])
	case opBetween:
		low, is := c.comparison(">=", t.args[0], t.args[1])
		high, isToo := c.comparison("<=", t.args[0], t.args[2])
		return c.reversed(t.not)(Test{Op: All, Tests: []Test{low, high}}, is && isToo)
	case opIn:
		return c.reversed(t.not)(c.among(t))
	}
	return Test{}, false
}

func (c *plainly) tests(op TestOp, terms []*term) (Test, bool) {
	all := Test{Op: op}
	for _, t := range terms {
		one, is := c.test(t)
		if !is {
			return Test{}, false
		}
		all.Tests = append(all.Tests, one)
	}
	return all, true
}

func (*plainly) reversed(not bool) func(Test, bool) (Test, bool) {
	return func(t Test, is bool) (Test, bool) {
		if not {
			t = Test{Op: Not, Tests: []Test{t}}
		}
		return t, is
	}
}

func (c *plainly) onColumn(op TestOp, t *term) (Test, bool) {
	if t.op != opName {
		return Test{}, false
	}
	col, err := Find(c.columns, t.text)
	return Test{Op: op, Column: col.Name}, err == nil
}

// comparison is the test of two terms, one of which has to be a column.
func (c *plainly) comparison(operator string, left, right *term) (Test, bool) {
	if left.op != opName {
		mirrored := map[string]string{"=": "=", "<>": "<>", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
		if right.op != opName || right.quoted {
			return Test{}, false // a word in quotes may mean a text there
		}
		left, right, operator = right, left, mirrored[operator]
	}
	on, is := c.onColumn(Compare, left)
	value, other, fits := c.side(left, right, operator != "=" && operator != "<>")
	on.Operator, on.Other = operator, other
	if other == "" {
		on.Values = []Value{value}
	}
	return on, is && fits
}

func (c *plainly) among(t *term) (Test, bool) {
	on, is := c.onColumn(Among, t.args[0])
	for _, entry := range t.args[1:] {
		value, other, fits := c.side(t.args[0], entry, false)
		is = is && fits && other == ""
		on.Values = append(on.Values, value)
	}
	return on, is
}

// side returns what a column is compared with: a value, or another column. It is false
// where DuckDB would be told to compare something else than the column itself.
func (c *plainly) side(column, with *term, ordered bool) (value Value, other string, is bool) {
	l, err := c.term(column)
	if err != nil {
		return value, "", false
	}
	r, err := c.columnOrText(with, !ordered)
	if err != nil {
		return value, "", false
	}
	lit, before := r.lit != litNone, r.sql
	own, r, err := c.pair(l, r, ordered)
	switch {
	case err != nil || own.sql != l.sql:
		return value, "", false
	case lit:
		value, is = constant(r, l.typ)
		return value, "", is
	case with.op != opName || r.sql != before:
		return value, "", false
	}
	col, err := Find(c.columns, with.text)
	return value, col.Name, err == nil && alike(l.typ, r.typ)
}

// alike reports whether all databases compare values of the two types by themselves.
func alike(a, b Type) bool {
	if a.Kind == Integer || a.Kind == Decimal {
		return (b.Kind == Integer || b.Kind == Decimal) && exact(a, b)
	}
	return a.Kind == b.Kind && a.name == b.name && a.Kind != Double && a.Kind != Other
}

// constant returns a literal beside a column of a type.
func constant(v value, column Type) (Value, bool) {
	switch column.Kind {
	case Text:
		return Value{Text, v.raw}, v.lit == litText && v.typ.Kind == Text && !strings.ContainsRune(v.raw, 0)
	case Integer, Decimal:
		_, tooGreat := strconv.ParseInt(v.sql, 10, 64)
		return Value{v.typ.Kind, v.sql}, v.lit == litNumber && alike(column, v.typ) && (v.typ.Kind == Decimal || tooGreat == nil)
	case Boolean:
		return Value{Boolean, strings.ToLower(v.sql)}, v.sql == "TRUE" || v.sql == "FALSE"
	case Date, Timestamp:
		return constantMoment(v, column)
	case Null, Double, Time, Other:
	}
	return Value{}, false
}

func constantMoment(v value, column Type) (Value, bool) {
	_, quoted, _ := strings.Cut(strings.TrimSuffix(v.sql, "'"), "'")
	if column.Kind == Timestamp && v.typ.Kind == Date {
		return Value{Timestamp, quoted + " 00:00:00"}, true
	}
	return Value{column.Kind, quoted}, v.typ.Kind == column.Kind
}
