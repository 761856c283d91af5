package node

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/broked/broked/internal/fault"
)

// Type is the JSON type of a setting.
type Type string

// The types of settings.
const (
	TypeString  Type = "string"
	TypeInteger Type = "integer"
	TypeNumber  Type = "number"
	TypeBoolean Type = "boolean"
	TypeArray   Type = "array"
	TypeObject  Type = "object"
)

// Format says what a string means, so that the interface can offer the right
// input and the server knows how placeholders enter it.
type Format string

// The formats of string settings.
const (
	FormatPath       Format = "path"       // a file, or a glob pattern of files
	FormatColumn     Format = "column"     // the name of a column of the input
	FormatNewColumn  Format = "new-column" // a name for a column of the output
	FormatExpression Format = "expression" // package expr; placeholders are bound, never spliced
	FormatSQL        Format = "sql"        // one SELECT; placeholders are bound, never spliced
	FormatPython     Format = "python"     // a script; it has no placeholders
	FormatTemplate   Format = "template"   // text with {column}; placeholders are put in by the node
	FormatCode       Format = "code"       // a program in another language; it has no placeholders
	FormatPipeline   Format = "pipeline"   // the slug or id of a pipeline of the same workspace
	FormatConnection Format = "connection" // the conn_id of a connection of the same workspace
	FormatPassword   Format = "password"   // a secret, which is not shown until it is asked for
	FormatLongText   Format = "long-text"  // text of several lines
)

// Bound reports whether the node itself puts values in the place of placeholders,
// so that they cannot change what the text says.
func (f Format) Bound() bool {
	return f == FormatExpression || f == FormatSQL || f == FormatPython || f == FormatCode || f == FormatTemplate
}

// Schema is the shape of a setting, as data. It is written out as JSON Schema
// 2020-12 and checks values itself, because a person needs better words than a
// general validator has. The zero Schema takes any value.
type Schema struct {
	Type    Type
	Title   string
	Help    string
	Default any
	Format  Format
	Enum    []string // of a string: the only values
	// Examples of a string are values that the interface offers; others are taken as well.
	Examples []string
	// Types are those of the connections that a FormatConnection may name, by their names.
	Types []string
	// Old marks a setting that is taken and means what another one says better, or
	// nothing any more. The interface offers only those that have a value.
	Old bool
	// Secrets says that secrets may be put into the text: it goes to another system, or to a
	// program, and becomes no part of rows, names or statements.
	Secrets bool
	// EveryNode marks a setting that nodes of all kinds have.
	EveryNode bool
	Min       *float64 // of a number: the least value
	Max       *float64
	OrText    bool // of a number: text that is one is taken as well, as clients send it
	MinLen    int  // of a string or array
	MaxLen    int  // of a string: characters, 0 means no limit
	Items     *Schema
	// Fields of an object, in the order of the form. Unknown members are refused,
	// unless there is a schema of Values.
	Fields []Field
	// Values is the schema of every member of an object with free names: of all that
	// Fields does not name.
	Values *Schema
	// Names says what the free names mean, such as FormatColumn.
	Names Format
	// Refused are members that other systems have and this one does not, with the
	// reason in words that follow the name.
	Refused map[string]string
	// Variants of an object, told apart by the string member Tag.
	Tag      string
	Variants []Variant
}

// Field is a named member of an object.
type Field struct {
	Name     string
	Required bool
	Schema
}

// Variant is one form that a tagged object takes.
type Variant struct {
	Tag     string   // the value of the tag member
	Aliases []string // other values that mean the same
	Schema
}

// Check returns everything that is wrong with value, which is JSON as decoded
// by encoding/json into any. Paths begin inside the value: "rules[0].column".
func (s Schema) Check(value any) []fault.Problem {
	c := checker{}
	c.check("", s, value)
	return c.problems
}

type checker struct{ problems []fault.Problem }

func (c *checker) add(path, format string, args ...any) {
	c.problems = append(c.problems, fault.Problem{Path: path, Message: fmt.Sprintf(format, args...)})
}

func (c *checker) check(path string, s Schema, value any) {
	switch s.Type {
	case TypeString:
		c.text(path, s, value)
	case TypeInteger, TypeNumber:
		c.number(path, s, value)
	case TypeBoolean:
		if _, ok := value.(bool); !ok {
			c.add(path, "must be true or false, not %s", describe(value))
		}
	case TypeArray:
		c.array(path, s, value)
	case TypeObject:
		c.object(path, s, value)
	}
}

func (c *checker) text(path string, s Schema, value any) {
	v, ok := value.(string)
	switch {
	case !ok:
		c.add(path, "must be text, not %s", describe(value))
	case strings.ContainsRune(v, 0):
		c.add(path, "must not hold NUL characters")
	case len(s.Enum) > 0 && !slices.Contains(s.Enum, v):
		c.add(path, "must be one of %s, not %q%s", strings.Join(s.Enum, ", "), v, fault.DidYouMean(v, s.Enum))
	case len(strings.TrimSpace(v)) < s.MinLen:
		c.add(path, "must not be empty")
	case s.MaxLen > 0 && len([]rune(v)) > s.MaxLen:
		c.add(path, "must be at most %d characters long", s.MaxLen)
	}
}

func (c *checker) number(path string, s Schema, value any) {
	v, ok := value.(float64)
	if text, is := value.(string); is && s.OrText {
		n, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
		v, ok = n, err == nil && !math.IsNaN(n)
	}
	switch {
	case !ok:
		c.add(path, "must be a number, not %s", describe(value))
	case s.Type == TypeInteger && v != float64(int64(v)):
		c.add(path, "must be a whole number, not %v", v)
	case s.Min != nil && v < *s.Min:
		c.add(path, "must be at least %v, not %v", *s.Min, v)
	case s.Max != nil && v > *s.Max:
		c.add(path, "must be at most %v, not %v", *s.Max, v)
	}
}

func (c *checker) array(path string, s Schema, value any) {
	v, ok := value.([]any)
	if !ok {
		c.add(path, "must be a list, not %s", describe(value))
		return
	}
	if len(v) < s.MinLen {
		c.add(path, "needs at least %d %s", s.MinLen, plural(s.MinLen, "entry", "entries"))
	}
	for i, item := range v {
		c.check(fmt.Sprintf("%s[%d]", path, i), *s.Items, item)
	}
}

func (c *checker) object(path string, s Schema, value any) {
	v, ok := value.(map[string]any)
	if !ok {
		c.add(path, "must be an object, not %s", describe(value))
		return
	}
	switch {
	case len(s.Variants) > 0:
		c.variant(path, s, v)
	default:
		c.fields(path, s, v)
		if len(v) < s.MinLen {
			c.add(path, "must not be empty")
		}
	}
}

func (c *checker) variant(path string, s Schema, v map[string]any) {
	tag, _ := v[s.Tag].(string)
	var known []string
	for _, variant := range s.Variants {
		if tag == variant.Tag || slices.Contains(variant.Aliases, tag) {
			c.fields(path, variant.Schema, v, s.Tag)
			return
		}
		known = append(known, variant.Tag)
	}
	if tag == "" {
		c.add(join(path, s.Tag), "is missing; it must be one of %s", strings.Join(known, ", "))
		return
	}
	c.add(join(path, s.Tag), "must be one of %s, not %q%s", strings.Join(known, ", "), tag, fault.DidYouMean(tag, known))
}

// note begins the names of settings that are notes of the program that wrote the
// document, such as _schema_hint. They stay with the node and mean nothing here.
const note = "_"

// fields checks the members of an object. Those named in tags have been looked at
// already.
func (c *checker) fields(path string, s Schema, v map[string]any, tags ...string) {
	var names []string
	for _, f := range s.Fields {
		names = append(names, f.Name)
		switch member, there := v[f.Name]; {
		case there:
			c.check(join(path, f.Name), f.Schema, member)
		case f.Required:
			c.add(join(path, f.Name), "is missing")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(v)) {
		switch {
		case slices.Contains(tags, name) || slices.Contains(names, name):
		case path == "" && strings.HasPrefix(name, note):
		case s.Refused[name] != "":
			c.add(join(path, name), "%s", s.Refused[name])
		case s.Values != nil:
			c.check(join(path, name), *s.Values, v[name])
		default:
			c.add(join(path, name), "is not a setting here%s", fault.DidYouMean(name, names))
		}
	}
}

func join(path, name string) string {
	if name == "" {
		name = `""`
	}
	if path == "" {
		return name
	}
	return path + "." + name
}

func plural(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

func describe(value any) string {
	switch v := value.(type) {
	case nil:
		return "null"
	case string:
		return "text"
	case bool:
		return strconv.FormatBool(v)
	case float64:
		return "a number"
	case []any:
		return "a list"
	}
	return "an object"
}
