package node

import (
	"fmt"
	"maps"
	"slices"
)

// MapStrings returns value with every text in it replaced by what change makes
// of it. Change is told where the text stands, in the form of Check's paths, and
// what the schema says it means. The first error ends the walk and is returned.
// Value is JSON as decoded by encoding/json into any; it is not written to.
//
//nolint:ireturn // JSON has no narrower type
func (s Schema) MapStrings(value any, change func(path string, f Format, text string) (string, error)) (any, error) {
	return s.MapTexts(value, func(path string, at Schema, text string) (any, error) { return change(path, at.Format, text) })
}

// MapTexts is MapStrings for changes that are told all of the schema, and may put any
// value in the place of a text.
//
//nolint:ireturn // JSON has no narrower type
func (s Schema) MapTexts(value any, change func(path string, at Schema, text string) (any, error)) (any, error) {
	return s.mapTexts("", value, change)
}

type change = func(path string, at Schema, text string) (any, error)

func (s Schema) mapTexts(path string, value any, do change) (any, error) { //nolint:ireturn // as above
	switch v := value.(type) {
	case string:
		return do(path, s, v)
	case []any:
		out := make([]any, len(v))
		for i, item := range v {
			var err error
			if out[i], err = s.item().mapTexts(fmt.Sprintf("%s[%d]", path, i), item, do); err != nil {
				return nil, err
			}
		}
		return out, nil
	case map[string]any:
		out := make(map[string]any, len(v))
		for _, name := range slices.Sorted(maps.Keys(v)) {
			var err error
			if out[name], err = s.member(v, name).mapTexts(join(path, name), v[name], do); err != nil {
				return nil, err
			}
		}
		return out, nil
	}
	return value, nil
}

func (s Schema) item() Schema {
	if s.Items == nil {
		return Schema{Secrets: s.Secrets} // a value of any shape
	}
	return *s.Items
}

// member returns the schema of the member called name in the object v.
func (s Schema) member(v map[string]any, name string) Schema {
	fields := s.Fields
	tag, _ := v[s.Tag].(string)
	for _, variant := range s.Variants {
		if tag == variant.Tag || slices.Contains(variant.Aliases, tag) {
			fields = variant.Fields
		}
	}
	for _, f := range fields {
		if f.Name == name {
			return f.Schema
		}
	}
	if s.Values != nil {
		return *s.Values
	}
	return Schema{Secrets: s.Secrets && s.Type == ""}
}
