// Package expr is the small language in which people write conditions and
// computed columns. It reads an expression, checks it against the columns of a
// dataset and prints it as DuckDB SQL.
//
// The language is SQL's: or, and, not, comparisons, in, like, between, is null,
// arithmetic, case and the functions of [Functions]. It differs where people
// expect it: == means =, + joins text when either side is text, a division by
// zero is null, and a placeholder such as ${param.month} is a value, never text
// of the statement. A condition that is null for a row is not true for it.
package expr

import (
	"strings"

	"github.com/broked/broked/internal/fault"
)

// Limits of an expression. They are far beyond what people write and well below
// what the parsers here and in the database can bear.
const (
	maxLength = 64 << 10 // bytes
	maxDepth  = 100      // levels of nesting, a chain of operators counting as one each
	// maxGrowth bounds the SQL of one expression, as a few constructs write an
	// operand twice and doubling that over many levels would be endless.
	maxGrowth = 32
)

// Expr is an expression that has been read. It does not change, so any number
// of goroutines may use it at once.
type Expr struct {
	src  string
	root *term
}

// Parse reads an expression. What cannot be read is an Invalid fault which says
// where it is and what was expected there.
func Parse(src string) (*Expr, error) {
	switch {
	case len(src) > maxLength:
		return nil, fault.New(fault.Invalid, "the expression is too long: at most %d KiB", maxLength>>10)
	case strings.ContainsRune(src, 0) || strings.ToValidUTF8(src, "") != src:
		return nil, fault.New(fault.Invalid, "the expression holds characters that are no text")
	}
	p := parser{src: src}
	p.next()
	root := p.expression()
	if p.err == nil && p.tok.kind != tokEnd {
		p.expected("an operator or the end")
	}
	if p.err == nil && root.depth() > maxDepth {
		p.fail(root.pos, "the expression is nested too deeply: at most %d levels", maxDepth)
	}
	if p.err != nil {
		return nil, p.err
	}
	return &Expr{src: src, root: root}, nil
}

// Call returns the expression that applies a function of one argument to a
// column. An unknown function is an Invalid fault.
func Call(function, column string) (*Expr, error) {
	f, err := find(function)
	if err != nil {
		return nil, err
	}
	if !f.Takes(1) {
		return nil, fault.New(fault.Invalid, "%s is written %s", f.Name, f.Signature())
	}
	arg := &term{op: opName, text: column, quoted: true}
	return &Expr{src: column, root: &term{op: opCall, text: f.Name, args: []*term{arg}}}, nil
}

// String returns the expression in its plainest form. Parsing that yields the
// same expression.
func (e *Expr) String() string { return e.root.String() }

// Column is a column that an expression may name.
type Column struct {
	Name string
	Type string // the DuckDB type in capitals, such as BIGINT
	SQL  string // how the column is written in the statement
}

// Compiled is an expression over certain columns, as DuckDB SQL.
type Compiled struct {
	SQL     string
	Type    Type
	Columns []string // the columns that it reads, each once, in order of appearance
	Notes   []string // what the person may not have meant, for the log
}

// Compile checks e against columns and prints it as one SQL expression. Values
// looks up placeholders by their name, such as "param.month".
//
// What does not fit is an Invalid fault which says where: an unknown column, a
// missing placeholder, types that do not go together, a text that is no date.
func (e *Expr) Compile(columns []Column, values func(name string) (string, bool)) (Compiled, error) {
	c := compiler{src: e.src, columns: columns, values: values}
	v, err := c.term(e.root)
	if err != nil {
		return Compiled{}, err
	}
	if v.typ.Kind == Null {
		v = value{sql: "CAST(NULL AS VARCHAR)", typ: Type{Kind: Text}}
	}
	return Compiled{SQL: v.sql, Type: v.typ, Columns: c.used, Notes: c.notes}, nil
}

// Condition is Compile for an expression that must be true or false.
func (e *Expr) Condition(columns []Column, values func(name string) (string, bool)) (Compiled, error) {
	compiled, err := e.Compile(columns, values)
	if err == nil && compiled.Type.Kind != Boolean {
		c := compiler{src: e.src}
		err = c.errorf(e.root.pos, "a condition must be true or false, but this is %s", compiled.Type)
	}
	return compiled, err
}

// Find returns the column that name means: the one of exactly this name, else
// the only one that differs in upper and lower case. Neither is an Invalid fault
// that names what is near.
func Find(columns []Column, name string) (Column, error) {
	var near []Column
	names := make([]string, len(columns))
	for i, col := range columns {
		if col.Name == name {
			return col, nil
		}
		if strings.EqualFold(col.Name, name) {
			near = append(near, col)
		}
		names[i] = col.Name
	}
	if len(near) == 1 {
		return near[0], nil
	}
	if len(near) > 1 {
		return Column{}, fault.New(fault.Invalid, "%q could be %q or %q: write it exactly", name, near[0].Name, near[1].Name)
	}
	return Column{}, fault.New(fault.Invalid, "there is no column %q%s%s", name, fault.DidYouMean(name, names), listed(names))
}

// listed names the first columns of a dataset, for a message.
func listed(names []string) string {
	const most = 20
	switch n := len(names); {
	case n == 0:
		return "; the input has no columns"
	case n > most:
		return "; the columns are " + strings.Join(names[:most], ", ") + " and more"
	}
	return "; the columns are " + strings.Join(names, ", ")
}
