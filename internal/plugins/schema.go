package plugins

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/node"
)

// deepest is how deep the schema of settings may be nested.
const deepest = 16

// settingsOf returns the settings that a JSON Schema describes. Keywords that a form has
// no place for are problems, because they would be taken and not acted upon.
func settingsOf(schema json.RawMessage) (node.Schema, []fault.Problem) {
	if len(schema) == 0 || string(schema) == "null" {
		return node.Schema{Type: node.TypeObject, Values: &node.Schema{}}, nil
	}
	r := reader{}
	s := r.read("config_schema", schema, deepest)
	if len(r.problems) == 0 && s.Type != node.TypeObject {
		r.wrong("config_schema.type", "must be object")
	}
	for _, f := range s.Fields {
		if f.Name == streamSetting || slices.ContainsFunc(node.CommonSettings(), func(own node.Field) bool { return own.Name == f.Name }) {
			r.wrong("config_schema.properties."+f.Name, "has the name of a setting that all nodes of plugins have")
		}
	}
	return s, r.problems
}

type reader struct{ problems []fault.Problem }

func (r *reader) wrong(path, format string, args ...any) {
	r.problems = append(r.problems, fault.Problem{Path: path, Message: fmt.Sprintf(format, args...)})
}

// formats are those that a form has an input for. Others say what a text looks like,
// which a plugin checks itself.
var formats = []node.Format{node.FormatPassword, node.FormatConnection, node.FormatLongText, node.FormatColumn, node.FormatNewColumn}

// schema is the JSON Schema of one setting, as far as it has a meaning here.
type schema struct {
	Type                       string
	Title, Description, Format string
	Default                    any
	Enum, Examples             []string
	Minimum, Maximum           *float64
	MinLength, MaxLength       int
	MinItems, MinProperties    int
	Items, Properties          json.RawMessage
	Required                   []string
	AdditionalProperties       json.RawMessage
}

func (r *reader) read(path string, text json.RawMessage, depth int) node.Schema {
	var s schema
	given, err := members(text)
	if err == nil {
		err = json.Unmarshal(text, &s)
	}
	if err != nil || depth == 0 {
		r.wrong(path, "is no JSON Schema that can be read here: %v", err)
		return node.Schema{}
	}
	r.known(path, given)
	out := node.Schema{
		Type: node.Type(s.Type), Title: s.Title, Help: s.Description, Default: s.Default, Enum: s.Enum, Examples: s.Examples,
		Min: s.Minimum, Max: s.Maximum, MinLen: max(s.MinLength, s.MinItems, s.MinProperties), MaxLen: s.MaxLength,
	}
	if slices.Contains(formats, node.Format(s.Format)) {
		out.Format = node.Format(s.Format)
	}
	switch out.Type {
	case node.TypeObject:
		r.object(path, &out, s, depth)
	case node.TypeArray:
		out.Items = &node.Schema{}
		if len(s.Items) > 0 {
			out.Items = new(r.read(path+".items", s.Items, depth-1))
		}
	case node.TypeString, node.TypeInteger, node.TypeNumber, node.TypeBoolean:
	default:
		r.wrong(path+".type", "must be string, integer, number, boolean, array or object")
	}
	return out
}

// keywords are those of JSON Schema that have a meaning here.
var keywords = []string{
	"type", "title", "description", "default", "enum", "examples", "format", "minimum", "maximum", "minLength", "maxLength",
	"items", "minItems", "properties", "required", "additionalProperties", "minProperties",
}

// known finds the members that have no meaning here.
func (r *reader) known(path string, given []member) {
	for _, m := range given {
		switch {
		case m.name == "$ref":
			r.wrong(path+".$ref", "refers to something else: write it out in its place")
		case !slices.Contains(keywords, m.name) && !strings.HasPrefix(m.name, "$") && !strings.HasPrefix(m.name, "x-"):
			r.wrong(path+"."+m.name, "is a keyword that forms have no place for here: there are %s", strings.Join(keywords, ", "))
		}
	}
}

func (r *reader) object(path string, out *node.Schema, s schema, depth int) {
	fields, err := members(s.Properties)
	if err != nil && len(s.Properties) > 0 {
		r.wrong(path+".properties", "is no object")
	}
	for _, m := range fields {
		out.Fields = append(out.Fields, node.Field{
			Name: m.name, Required: slices.Contains(s.Required, m.name), Schema: r.read(path+".properties."+m.name, m.value, depth-1),
		})
	}
	for _, name := range s.Required {
		if !slices.ContainsFunc(fields, func(m member) bool { return m.name == name }) {
			r.wrong(path+".required", "names %q, which is none of the properties", name)
		}
	}
	switch strings.TrimSpace(string(s.AdditionalProperties)) {
	case "false":
	case "":
		if len(fields) == 0 {
			out.Values = &node.Schema{}
		}
	case "true":
		out.Values = &node.Schema{}
	default:
		out.Values = new(r.read(path+".additionalProperties", s.AdditionalProperties, depth-1))
	}
}

// member is one of a JSON object.
type member struct {
	name  string
	value json.RawMessage
}

// members returns those of a JSON object, in their order.
func members(object []byte) ([]member, error) {
	var all []member
	err := each(object, func(name string, value []byte) error {
		all = append(all, member{name, slices.Clone(json.RawMessage(value))})
		return nil
	})
	return all, err
}

// each gives the members of a JSON object to take, in their order. A value is valid during
// the call.
func each(object []byte, take func(name string, value []byte) error) error {
	d := jsontext.NewDecoder(bytes.NewBuffer(object))
	if d.PeekKind() != '{' {
		return errNoObject
	}
	if _, err := d.ReadToken(); err != nil {
		return err
	}
	for d.PeekKind() != '}' {
		name, err := d.ReadToken()
		if err != nil {
			return err
		}
		key := name.String()
		value, err := d.ReadValue()
		if err != nil {
			return err
		}
		if err := take(key, value); err != nil {
			return err
		}
	}
	_, err := d.ReadToken()
	return err
}

var errNoObject = errors.New("is no JSON object")

// streamSetting names what a node reads or writes, in the settings of nodes of sources and sinks.
const streamSetting = "stream"
