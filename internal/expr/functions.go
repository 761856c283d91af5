package expr

import (
	"strings"

	"github.com/broked/broked/internal/fault"
)

// Function is a function of the language, for the reference page and for the
// compiler.
type Function struct {
	Name string
	Args string // as people write them, optional ones in square brackets
	Doc  string // one line: what it yields

	params   []param
	optional int  // so many of the last params may be left out
	more     bool // the last param may be repeated
	result   Kind
	// sql is the DuckDB expression: $1 and so on are the arguments, $* is all of
	// them. A function that needs more than that has build instead.
	sql   string
	build func(c *compiler, args []value) (value, error)
}

// param says what an argument must be.
type param int

const (
	anything param = iota
	textual        // anything, as text
	numeric        // a number
	count          // a number, rounded to a whole one
	day            // a date or timestamp
	clock          // a date, timestamp or time
	pattern        // a text literal: a regular expression
	layout         // a text literal: what strftime takes
	unit           // a text literal: a unit of time
)

// functions is the whole language, in the order of the reference page. An
// argument stands in sql once; twice would double at every level of nesting.
var functions = []Function{
	{Name: "lower", Args: "text", Doc: "The text in small letters.", params: []param{textual}, result: Text, sql: "lower($1)"},
	{Name: "upper", Args: "text", Doc: "The text in capital letters.", params: []param{textual}, result: Text, sql: "upper($1)"},
	{Name: "title", Args: "text", Doc: "The text with a capital letter at the start of every word, the others small.", params: []param{textual}, result: Text, sql: titleSQL},
	{Name: "trim", Args: "text", Doc: "The text without spaces at both ends.", params: []param{textual}, result: Text, sql: "trim($1)"},
	{Name: "ltrim", Args: "text", Doc: "The text without spaces at its start.", params: []param{textual}, result: Text, sql: "ltrim($1)"},
	{Name: "rtrim", Args: "text", Doc: "The text without spaces at its end.", params: []param{textual}, result: Text, sql: "rtrim($1)"},
	{Name: "length", Args: "text", Doc: "The number of characters.", params: []param{textual}, result: Integer, sql: "length($1)"},
	{Name: "substr", Args: "text, start, [length]", Doc: "A part of the text; the first character is 1.", params: []param{textual, count, count}, optional: 1, result: Text, sql: "substring($*)"},
	{Name: "left", Args: "text, length", Doc: "The first characters.", params: []param{textual, count}, result: Text, sql: "left($*)"},
	{Name: "right", Args: "text, length", Doc: "The last characters.", params: []param{textual, count}, result: Text, sql: "right($*)"},
	{Name: "replace", Args: "text, old, new", Doc: "The text with every old replaced by new.", params: []param{textual, textual, textual}, result: Text, sql: "replace($*)"},
	{Name: "concat", Args: "value, ...", Doc: "The values joined as text; null counts as empty.", params: []param{anything}, more: true, build: func(_ *compiler, args []value) (value, error) { return join(args...), nil }},
	{Name: "split_part", Args: "text, separator, number", Doc: "One part of a separated text, the first being 1; null if there are fewer.", params: []param{textual, textual, count}, result: Text, sql: "CAST(string_split($1, $2)[$3] AS VARCHAR)"},
	{Name: "contains", Args: "text, part", Doc: "Whether the part is in the text.", params: []param{textual, textual}, result: Boolean, sql: "contains($*)"},
	{Name: "starts_with", Args: "text, part", Doc: "Whether the text begins with the part.", params: []param{textual, textual}, result: Boolean, sql: "starts_with($*)"},
	{Name: "ends_with", Args: "text, part", Doc: "Whether the text ends with the part.", params: []param{textual, textual}, result: Boolean, sql: "suffix($*)"},
	{Name: "regexp_matches", Args: "text, 'pattern'", Doc: "Whether the regular expression (RE2) fits anywhere in the text.", params: []param{textual, pattern}, result: Boolean, sql: "regexp_matches($*)"},
	{Name: "regexp_replace", Args: "text, 'pattern', new", Doc: `The text with every match replaced; \1 stands for the first group.`, params: []param{textual, pattern, textual}, result: Text, sql: "regexp_replace($*, 'g')"},

	{Name: "round", Args: "number, [digits]", Doc: "The number rounded to so many digits behind the point, or to a whole one.", params: []param{numeric, count}, optional: 1, build: (*compiler).round},
	{Name: "floor", Args: "number", Doc: "The next whole number below.", params: []param{numeric}, build: wholeNumber("floor")},
	{Name: "ceil", Args: "number", Doc: "The next whole number above.", params: []param{numeric}, build: wholeNumber("ceil")},
	{Name: "abs", Args: "number", Doc: "The number without its sign.", params: []param{numeric}, build: absolute},
	{Name: "sqrt", Args: "number", Doc: "The square root; null for negative numbers.", params: []param{numeric}, result: Double, sql: "TRY(sqrt($1))"},
	{Name: "power", Args: "number, exponent", Doc: "The number to the power of the exponent.", params: []param{numeric, numeric}, result: Double, sql: "pow($*)"},
	{Name: "mod", Args: "number, divisor", Doc: "The rest of a division; null if the divisor is 0.", params: []param{numeric, numeric}, build: func(c *compiler, args []value) (value, error) { return c.compute(args[0], args[1], "%") }},

	{Name: "coalesce", Args: "value, ...", Doc: "The first value that is not null.", params: []param{anything}, more: true, build: chosen("coalesce")},
	{Name: "nullif", Args: "value, other", Doc: "The value, or null if it equals the other.", params: []param{anything, anything}, build: (*compiler).nullIf},
	{Name: "greatest", Args: "value, ...", Doc: "The greatest of the values that are not null.", params: []param{anything}, more: true, build: chosen("greatest")},
	{Name: "least", Args: "value, ...", Doc: "The least of the values that are not null.", params: []param{anything}, more: true, build: chosen("least")},
	{Name: "iif", Args: "condition, value, other", Doc: "The value if the condition is true, else the other.", params: []param{anything, anything, anything}, build: func(c *compiler, args []value) (value, error) { return c.cases(args[:1], args[1:]) }},

	{Name: "year", Args: "date", Doc: "The year.", params: []param{day}, result: Integer, sql: "year($1)"},
	{Name: "quarter", Args: "date", Doc: "The quarter, 1 to 4.", params: []param{day}, result: Integer, sql: "quarter($1)"},
	{Name: "month", Args: "date", Doc: "The month, 1 to 12.", params: []param{day}, result: Integer, sql: "month($1)"},
	{Name: "day", Args: "date", Doc: "The day of the month.", params: []param{day}, result: Integer, sql: "day($1)"},
	{Name: "weekday", Args: "date", Doc: "The day of the week, from 1 for Monday to 7.", params: []param{day}, result: Integer, sql: "isodow($1)"},
	{Name: "hour", Args: "time", Doc: "The hour, 0 to 23.", params: []param{clock}, result: Integer, sql: "hour($1)"},
	{Name: "minute", Args: "time", Doc: "The minute.", params: []param{clock}, result: Integer, sql: "minute($1)"},
	{Name: "second", Args: "time", Doc: "The second.", params: []param{clock}, result: Integer, sql: "second($1)"},
	{Name: "date_trunc", Args: "'unit', date", Doc: "The start of the year, quarter, month, week, day, hour, minute or second.", params: []param{unit, day}, build: truncated},
	{Name: "date_diff", Args: "'unit', from, to", Doc: "How many borders of the unit lie between two dates.", params: []param{unit, day, day}, result: Integer, sql: "date_diff($*)"},
	{Name: "strftime", Args: "date, 'format'", Doc: "The date as text, as in '%d.%m.%Y'.", params: []param{day, layout}, result: Text, sql: "strftime($*)"},

	{Name: "text", Args: "value", Doc: "The value as text.", params: []param{textual}, result: Text, sql: "$1"},
	{Name: "number", Args: "value", Doc: "The number that the text spells; null if it spells none.", params: []param{anything}, build: converted("DOUBLE", Double)},
	{Name: "integer", Args: "value", Doc: "The value as a whole number, rounded; null if it is none.", params: []param{anything}, build: converted("BIGINT", Integer)},
	{Name: "date", Args: "value, ['format']", Doc: "The date that the text spells, in the format if one is given; null if it spells none.", params: []param{anything, layout}, optional: 1, build: dated("DATE", Date)},
	{Name: "timestamp", Args: "value, ['format']", Doc: "The timestamp that the text spells, in the format if one is given; null if it spells none.", params: []param{anything, layout}, optional: 1, build: dated("TIMESTAMP", Timestamp)},
}

// titleSQL cuts a text into words and what is between them.
const titleSQL = `list_reduce(list_transform(regexp_extract_all(lower($1), '[\pL\pM\pN'']+|[^\pL\pM\pN'']+'), ` +
	`lambda w: upper(w[1]) || w[2:]), lambda a, b: a || b, '')`

// Functions returns all functions, in the order of the reference page.
func Functions() []Function { return functions }

// Signature returns how the function is called, such as left(text, length).
func (f Function) Signature() string { return f.Name + "(" + f.Args + ")" }

// Takes reports whether the function can be called with n arguments.
func (f Function) Takes(n int) bool {
	return n >= len(f.params)-f.optional && (f.more || n <= len(f.params))
}

// find returns a function by its name in any case.
func find(name string) (Function, error) {
	names := make([]string, len(functions))
	for i, f := range functions {
		if strings.EqualFold(f.Name, name) {
			return f, nil
		}
		names[i] = f.Name
	}
	return Function{}, fault.New(fault.Invalid, "there is no function %q%s", name, fault.DidYouMean(name, names))
}
