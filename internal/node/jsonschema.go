package node

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// Dialect is the JSON Schema dialect that schemas are written in.
const Dialect = "https://json-schema.org/draft/2020-12/schema"

// MarshalJSON writes s as JSON Schema 2020-12. Members keep the order of the
// form, which JSON leaves open and every reader of ours preserves.
func (s Schema) MarshalJSON() ([]byte, error) {
	o := ordered{}
	s.write(&o)
	return o.json()
}

func (s Schema) write(o *ordered) {
	o.addIf(s.Type != "", "type", s.Type)
	o.addIf(s.Title != "", "title", s.Title)
	o.addIf(s.Help != "", "description", s.Help)
	o.addIf(s.Default != nil, "default", s.Default)
	o.addIf(s.Format != "", "format", s.Format)
	o.addIf(len(s.Enum) > 0, "enum", s.Enum)
	o.addIf(len(s.Examples) > 0, "examples", s.Examples)
	o.addIf(len(s.Types) > 0, "x-connection-types", s.Types)
	o.addIf(s.Old, "deprecated", true)
	o.addIf(s.Secrets, "x-secrets", true)
	o.addIf(s.EveryNode, "x-every-node", true)
	o.addIf(s.Min != nil, "minimum", s.Min)
	o.addIf(s.Max != nil, "maximum", s.Max)
	o.addIf(s.MaxLen > 0, "maxLength", s.MaxLen)
	switch s.Type {
	case TypeString:
		o.addIf(s.MinLen > 0, "minLength", s.MinLen)
	case TypeArray:
		o.addIf(s.MinLen > 0, "minItems", s.MinLen)
	case TypeObject:
		o.addIf(s.MinLen > 0, "minProperties", s.MinLen)
	default:
	}
	o.addIf(s.Items != nil, "items", s.Items)
	o.addIf(s.Names != "", "propertyNames", Schema{Format: s.Names})
	switch {
	case len(s.Variants) > 0:
		o.add("oneOf", s.variants())
	case s.Values != nil && len(s.Fields) == 0:
		o.add("additionalProperties", s.Values)
	case s.Type == TypeObject:
		writeFields(o, s.Fields, s.Values)
	}
}

func (s Schema) variants() []*ordered {
	var all []*ordered
	for _, v := range s.Variants {
		tags := append([]string{v.Tag}, v.Aliases...)
		tag := Field{Name: s.Tag, Required: true, Schema: Schema{Type: TypeString, Enum: tags, Default: v.Tag}}
		o := &ordered{}
		o.add("type", TypeObject)
		o.addIf(v.Title != "", "title", v.Title)
		o.addIf(v.Help != "", "description", v.Help)
		writeFields(o, append([]Field{tag}, v.Fields...), nil)
		all = append(all, o)
	}
	return all
}

func writeFields(o *ordered, fields []Field, others *Schema) {
	properties, required := &ordered{}, []string{}
	for _, f := range fields {
		properties.add(f.Name, f.Schema)
		if f.Required {
			required = append(required, f.Name)
		}
	}
	o.add("properties", properties)
	o.addIf(len(required) > 0, "required", required)
	if others != nil {
		o.add("additionalProperties", others)
		return
	}
	o.add("additionalProperties", false)
}

// ordered is a JSON object whose members keep their order.
type ordered struct {
	names  []string
	values []any
}

func (o *ordered) add(name string, value any) {
	o.names, o.values = append(o.names, name), append(o.values, value)
}

func (o *ordered) addIf(yes bool, name string, value any) {
	if yes {
		o.add(name, value)
	}
}

// MarshalJSON implements json.Marshaler.
func (o *ordered) MarshalJSON() ([]byte, error) { return o.json() }

func (o *ordered) json() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, name := range o.names {
		if i > 0 {
			b.WriteByte(',')
		}
		value, err := json.Marshal(o.values[i])
		if err != nil {
			return nil, fmt.Errorf("schema member %s: %w", name, err)
		}
		fmt.Fprintf(&b, "%q:%s", name, value)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}
