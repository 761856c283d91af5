package trials

import (
	"bytes"
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/node"
)

// Check returns an Invalid fault unless r can be pinned to a node.
func (r Rows) Check() error {
	_, _, err := r.lines()
	return err
}

// lines returns the rows as they lie in a file, one object a line, with their
// columns.
func (r Rows) lines() ([]byte, []node.Column, error) {
	if len(r.Rows) > MaxRows {
		return nil, nil, fault.New(fault.Invalid, "has more than %d rows", MaxRows)
	}
	var text bytes.Buffer
	found := newColumns()
	for i, row := range r.Rows {
		if err := found.read(row); err != nil {
			return nil, nil, fault.New(fault.Invalid, "row %d %s", i+1, fault.MessageOf(err))
		}
		if err := json.Compact(&text, row); err != nil {
			return nil, nil, fault.New(fault.Invalid, "row %d is not JSON", i+1)
		}
		text.WriteByte('\n')
		if text.Len() > MaxPinned {
			return nil, nil, fault.New(fault.Invalid, "has more than %d KB", MaxPinned>>10)
		}
	}
	columns := found.all()
	if len(r.Columns) > 0 {
		columns = r.Columns
	}
	if len(columns) == 0 {
		return nil, nil, fault.New(fault.Invalid, "has no columns: give a row, or columns")
	}
	for i, c := range columns {
		switch {
		case strings.TrimSpace(c.Name) == "":
			return nil, nil, fault.New(fault.Invalid, "has a column without a name")
		case slices.ContainsFunc(columns[:i], func(o node.Column) bool { return strings.EqualFold(o.Name, c.Name) }):
			return nil, nil, fault.New(fault.Invalid, "has two columns %q: names must differ in more than upper and lower case", c.Name)
		case !typeName.MatchString(c.Type):
			return nil, nil, fault.New(fault.Invalid, "the column %q has a type that cannot be pinned: %q", c.Name, c.Type)
		}
	}
	return text.Bytes(), columns, nil
}

// textColumns returns columns of text.
func textColumns(names []string) []node.Column {
	all := make([]node.Column, len(names))
	for i, name := range names {
		all[i] = node.Column{Name: name, Type: "VARCHAR"}
	}
	return all
}

// typeName is what the name of a type may be made of: it becomes a part of a
// statement.
var typeName = regexp.MustCompile(`^[A-Z][A-Z ]{1,30}(\(\d{1,2}(,\s?\d{1,2})?\))?(\[\])*$`)

// columns finds the columns of rows, in the order in which they show up, and the
// type that holds what was seen of each.
type columns struct {
	names []string
	types map[string]string
}

func newColumns() *columns { return &columns{types: make(map[string]string)} }

func (c *columns) all() []node.Column {
	all := make([]node.Column, len(c.names))
	for i, name := range c.names {
		if all[i] = (node.Column{Name: name, Type: c.types[name]}); all[i].Type == "" {
			all[i].Type = "VARCHAR"
		}
	}
	return all
}

func (c *columns) read(row Row) error {
	d := jsontext.NewDecoder(bytes.NewReader(row))
	if d.PeekKind() != '{' {
		return fault.New(fault.Invalid, "is not an object of values by their columns")
	}
	if _, err := d.ReadToken(); err != nil {
		return fault.New(fault.Invalid, "is not JSON")
	}
	for d.PeekKind() != '}' {
		name, err := d.ReadToken()
		if err != nil {
			return fault.New(fault.Invalid, "is not JSON, or has a column twice")
		}
		column := name.String()
		value, err := d.ReadValue()
		if err != nil {
			return fault.New(fault.Invalid, "is not JSON")
		}
		if _, known := c.types[column]; !known {
			c.names = append(c.names, column)
		}
		c.types[column] = holding(c.types[column], typeOf(value))
	}
	return nil
}

var (
	day     = regexp.MustCompile(`^"\d{4}-\d\d-\d\d"$`)
	instant = regexp.MustCompile(`^"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?"$`)
)

// typeOf returns the type that a value looks like; "" when it says nothing.
func typeOf(v jsontext.Value) string {
	switch v.Kind() { //nolint:exhaustive // the rest is nested
	case 'n':
		return ""
	case 't', 'f':
		return "BOOLEAN"
	case '0':
		if bytes.ContainsAny(v, ".eE") || len(v) > 18 {
			return "DOUBLE"
		}
		return "BIGINT"
	case '"':
		switch {
		case day.Match(v):
			return "DATE"
		case instant.Match(v):
			return "TIMESTAMP"
		}
		return "VARCHAR"
	}
	return "JSON"
}

// holding returns the type that holds values of both.
func holding(a, b string) string {
	pair := []string{a, b}
	switch {
	case a == b || b == "":
		return a
	case a == "":
		return b
	case slices.Contains(pair, "BIGINT") && slices.Contains(pair, "DOUBLE"):
		return "DOUBLE"
	case slices.Contains(pair, "DATE") && slices.Contains(pair, "TIMESTAMP"):
		return "TIMESTAMP"
	}
	return "VARCHAR"
}
