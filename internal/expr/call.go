package expr

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/sqltext"
)

// call compiles a call of a function.
func (c *compiler) call(t *term) (value, error) {
	f, err := find(t.text)
	if err != nil {
		return value{}, c.errorf(t.pos, "%s", fault.MessageOf(err))
	}
	args, err := c.terms(t.args)
	if err != nil {
		return value{}, err
	}
	for i := range args {
		if args[i], err = c.argument(f, i, args[i]); err != nil {
			return value{}, err
		}
	}
	if f.build != nil {
		return f.build(c, args)
	}
	sqls := make([]string, len(args))
	for i, a := range args {
		sqls[i] = a.sql
	}
	pairs := []string{"$*", strings.Join(sqls, ", ")}
	for i, sql := range sqls {
		pairs = append(pairs, "$"+strconv.Itoa(i+1), sql)
	}
	typ := Type{Kind: f.result}
	if typ.Kind == Integer {
		typ.whole = bigint
	}
	return value{sql: strings.NewReplacer(pairs...).Replace(f.sql), typ: typ, atom: true}, nil
}

// nulls are what null is for a parameter, as DuckDB chooses among functions by
// the types of their arguments.
var nulls = map[param]struct {
	sql  string
	kind Kind
}{
	textual: {"VARCHAR", Text}, numeric: {"DOUBLE", Double}, count: {"BIGINT", Integer}, day: {"TIMESTAMP", Timestamp}, clock: {"TIMESTAMP", Timestamp},
}

// argument brings an argument to what the function's parameter is.
func (c *compiler) argument(f Function, i int, v value) (value, error) {
	p := f.params[min(i, len(f.params)-1)]
	if null, ok := nulls[p]; ok && v.null() {
		v = value{sql: "NULL", pos: v.pos}
		return cast(v, null.sql, null.kind), nil
	}
	switch p {
	case textual:
		return asText(v), nil
	case numeric, count:
		v, err := c.number(v)
		if err != nil || p == numeric {
			return whole(v), err
		}
		return asBigint(v), nil
	case day, clock:
		return c.time(f, p, v)
	case pattern, layout, unit:
		return c.fixed(f, p, v)
	default:
		return v, nil
	}
}

func (c *compiler) time(f Function, p param, v value) (value, error) {
	switch {
	case v.typ.moment() || p == clock && v.typ.Kind == Time:
		return v, nil
	case v.lit == litText:
		read, err := c.read(v, Type{Kind: Timestamp})
		if p == clock && err != nil {
			read, err = c.read(v, Type{Kind: Time})
		}
		return read, err
	case v.typ.Kind == Text:
		return v, c.errorf(v.pos, "%s needs a date, but this is text: date(...) reads one", f.Name)
	}
	return v, c.errorf(v.pos, "%s needs a date, but this is %s", f.Name, v.typ)
}

var units = []string{"second", "minute", "hour", "day", "week", "month", "quarter", "year"}

// layouts are the letters behind % that DuckDB both reads and writes.
const layouts = "aAbBdfgHIjmMnpSyYzZ%"

// fixed checks an argument that must be known before the data is.
func (c *compiler) fixed(f Function, p param, v value) (value, error) {
	if v.lit != litText {
		return v, c.errorf(v.pos, "%s is written %s, with a text in single quotes here", f.Name, f.Signature())
	}
	switch p {
	case unit:
		v.raw = strings.ToLower(v.raw)
		if !slices.Contains(units, v.raw) {
			return v, c.errorf(v.pos, "%q is no unit of time%s: there are %s", v.raw, fault.DidYouMean(v.raw, units), strings.Join(units, ", "))
		}
	case layout:
		for rest := v.raw; ; {
			_, after, found := strings.Cut(rest, "%")
			if !found {
				break
			}
			after = strings.TrimPrefix(after, "-")
			if after == "" || !strings.Contains(layouts, after[:1]) {
				return v, c.errorf(v.pos, "the format %q has a %% with no letter of %s behind it", v.raw, layouts)
			}
			rest = after[1:]
		}
	default:
		if _, err := regexp.Compile(v.raw); err != nil || strings.Contains(v.raw, "(?<") {
			return v, c.errorf(v.pos, "%q is no regular expression", v.raw)
		}
	}
	v.sql = sqltext.Text(v.raw)
	return v, nil
}

// round keeps decimals exact where DuckDB can: it must know the digits.
func (c *compiler) round(args []value) (value, error) {
	x := args[0]
	if len(args) == 1 {
		return wholeNumber("round")(c, args)
	}
	digits := "TRY_CAST(" + args[1].sql + " AS INTEGER)"
	if args[1].lit == litNumber {
		n, err := strconv.Atoi(args[1].raw)
		if err != nil || n < -decimal || n > decimal {
			return x, c.errorf(args[1].pos, "digits must be a whole number from -%d to %d", decimal, decimal)
		}
		digits = strconv.Itoa(n)
	} else if x.typ.Kind == Decimal {
		x = asDouble(x)
	}
	typ := computed(x.typ)
	if typ.Kind == Decimal {
		typ.whole++
	}
	return value{sql: "round(" + x.sql + ", " + digits + ")", typ: typ, atom: true}, nil
}

// wholeNumber builds a function that leaves whole numbers as they are.
func wholeNumber(name string) func(*compiler, []value) (value, error) {
	return func(_ *compiler, args []value) (value, error) {
		v := args[0]
		if v.typ.Kind == Integer {
			return v, nil
		}
		typ := computed(v.typ)
		if typ.Kind == Decimal {
			typ = Type{Kind: Decimal, whole: typ.whole + 1}
		}
		return value{sql: name + "(" + v.sql + ")", typ: typ, atom: true}, nil
	}
}

func absolute(_ *compiler, args []value) (value, error) {
	return value{sql: "abs(" + args[0].sql + ")", typ: computed(args[0].typ), atom: true}, nil
}

// chosen builds a function that yields one of its arguments.
func chosen(name string) func(*compiler, []value) (value, error) {
	return func(c *compiler, args []value) (value, error) {
		args, typ, err := c.unify(args)
		if err != nil || typ.Kind == Null {
			return value{sql: "NULL", atom: true}, err
		}
		sqls := make([]string, len(args))
		for i, a := range args {
			sqls[i] = a.sql
		}
		return value{sql: name + "(" + strings.Join(sqls, ", ") + ")", typ: typ, atom: true}, nil
	}
}

func (c *compiler) nullIf(args []value) (value, error) {
	l, r, err := c.pair(args[0], args[1], false)
	sql := "CASE WHEN " + l.operand() + " = " + r.operand() + " THEN NULL ELSE " + args[0].sql + " END"
	return value{sql: sql, typ: args[0].typ, atom: true}, err
}

func truncated(_ *compiler, args []value) (value, error) {
	v := value{sql: "date_trunc(" + args[0].sql + ", " + args[1].sql + ")", typ: Type{Kind: Timestamp}, atom: true}
	if args[1].typ.Kind == Date && slices.Index(units, args[0].raw) >= slices.Index(units, "day") {
		v = cast(v, "DATE", Date)
	}
	return v, nil
}

// converted builds a function that reads text as a number.
func converted(sql string, kind Kind) func(*compiler, []value) (value, error) {
	return func(c *compiler, args []value) (value, error) {
		v := args[0]
		switch {
		case v.typ.moment() || v.typ.Kind == Time:
			return v, c.errorf(v.pos, "%s is no number", v.typ)
		case v.typ.Kind == kind && v.typ.whole <= bigint:
			return v, nil
		case v.typ.Kind == Other:
			v = asText(v)
		}
		v = tryCast(v, sql, kind)
		if kind == Integer {
			v.typ.whole = bigint
		}
		return v, nil
	}
}

// dated builds a function that reads text as a date or timestamp.
func dated(sql string, kind Kind) func(*compiler, []value) (value, error) {
	return func(c *compiler, args []value) (value, error) {
		v := args[0]
		if len(args) == 2 {
			v = value{sql: "try_strptime(" + asText(v).sql + ", " + args[1].sql + ")", typ: Type{Kind: Timestamp}, atom: true, pos: v.pos}
		} else if v.lit == litText {
			var err error
			if v, err = c.read(v, Type{Kind: kind}); err != nil {
				return v, err
			}
		}
		switch {
		case v.typ.Kind == kind:
			return v, nil
		case v.typ.moment():
			return cast(v, sql, kind), nil
		case v.typ.Kind == Text || v.null():
			return tryCast(v, sql, kind), nil
		}
		return v, c.errorf(v.pos, "%s cannot be made %s", v.typ, Type{Kind: kind})
	}
}
