package node_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/node"
)

// settings is a schema with one of everything.
var settings = node.Schema{Type: node.TypeObject, Fields: []node.Field{
	{Name: "path", Required: true, Schema: node.Schema{Type: node.TypeString, MinLen: 1, Format: node.FormatPath}},
	{Name: "format", Schema: node.Schema{Type: node.TypeString, Enum: []string{"csv", "parquet"}}},
	{Name: "rows", Schema: node.Schema{Type: node.TypeInteger, Min: new(1.0)}},
	{Name: "header", Schema: node.Schema{Type: node.TypeBoolean}},
	{Name: "types", Schema: node.Schema{Type: node.TypeObject, Values: &node.Schema{Type: node.TypeString}}},
	{Name: "rules", Schema: node.Schema{Type: node.TypeArray, Items: &node.Schema{
		Type: node.TypeObject, Tag: "type",
		Variants: []node.Variant{
			{Tag: "filter_rows", Aliases: []string{"filter"}, Schema: node.Schema{Fields: []node.Field{
				{Name: "condition", Required: true, Schema: node.Schema{Type: node.TypeString, Format: node.FormatExpression}},
			}}},
			{Tag: "drop_columns", Schema: node.Schema{Fields: []node.Field{
				{Name: "columns", Required: true, Schema: node.Schema{Type: node.TypeArray, MinLen: 1, Items: &node.Schema{Type: node.TypeString, Format: node.FormatColumn}}},
			}}},
		},
	}}},
}}

func TestCheckSaysWhereAndWhat(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		in   string
		want []fault.Problem
	}{
		"fine":    {`{"path":"a.csv","format":"csv","rows":3,"header":false,"types":{"a":"text"},"rules":[{"type":"filter","condition":"a > 1"}]}`, nil},
		"missing": {`{}`, []fault.Problem{{Path: "path", Message: "is missing"}}},
		"empty":   {`{"path":" "}`, []fault.Problem{{Path: "path", Message: "must not be empty"}}},
		"typo":    {`{"path":"a","fromat":"csv"}`, []fault.Problem{{Path: "fromat", Message: `is not a setting here (did you mean "format"?)`}}},
		"without a name": {`{"path":"a","types":{"":1},"":2}`, []fault.Problem{
			{Path: `types.""`, Message: "must be text, not a number"}, {Path: `""`, Message: "is not a setting here"},
		}},
		"everything at once": {`{"path":1,"format":"cvs","rows":0,"header":"yes"}`, []fault.Problem{
			{Path: "path", Message: "must be text, not a number"},
			{Path: "format", Message: `must be one of csv, parquet, not "cvs" (did you mean "csv"?)`},
			{Path: "rows", Message: "must be at least 1, not 0"},
			{Path: "header", Message: "must be true or false, not text"},
		}},
		"NUL":          {`{"path":"a\u0000b"}`, []fault.Problem{{Path: "path", Message: "must not hold NUL characters"}}},
		"fraction":     {`{"path":"a","rows":1.5}`, []fault.Problem{{Path: "rows", Message: "must be a whole number, not 1.5"}}},
		"no tag":       {`{"path":"a","rules":[{}]}`, []fault.Problem{{Path: "rules[0].type", Message: "is missing; it must be one of filter_rows, drop_columns"}}},
		"unknown tag":  {`{"path":"a","rules":[{"type":"drop_column"}]}`, []fault.Problem{{Path: "rules[0].type", Message: `must be one of filter_rows, drop_columns, not "drop_column" (did you mean "drop_columns"?)`}}},
		"inside a tag": {`{"path":"a","rules":[{"type":"drop_columns","columns":[]}]}`, []fault.Problem{{Path: "rules[0].columns", Message: "needs at least 1 entry"}}},
		"in a map":     {`{"path":"a","types":{"a":7}}`, []fault.Problem{{Path: "types.a", Message: "must be text, not a number"}}},
		"not a list":   {`{"path":"a","rules":{}}`, []fault.Problem{{Path: "rules", Message: "must be a list, not an object"}}},
		"not settings": {`[]`, []fault.Problem{{Message: "must be an object, not a list"}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var value any
			if err := json.Unmarshal([]byte(tc.in), &value); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, settings.Check(value)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestMapStringsKnowsWhatTextsMean(t *testing.T) {
	t.Parallel()
	var value any
	in := `{"path":"p","types":{"a":"t"},"rules":[{"type":"filter","condition":"c"},{"type":"drop_columns","columns":["d"]}]}`
	if err := json.Unmarshal([]byte(in), &value); err != nil {
		t.Fatal(err)
	}
	got := map[string]node.Format{}
	_, err := settings.MapStrings(value, func(path string, f node.Format, text string) (string, error) {
		got[path] = f
		return text, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]node.Format{
		"path": node.FormatPath, "types.a": "", "rules[0].type": "", "rules[0].condition": node.FormatExpression,
		"rules[1].type": "", "rules[1].columns[0]": node.FormatColumn,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestJSONSchemaKeepsTheOrderOfTheForm(t *testing.T) {
	t.Parallel()
	b, err := json.Marshal(node.Schema{Type: node.TypeObject, Fields: settings.Fields[:2]})
	if err != nil {
		t.Fatal(err)
	}
	want := `{"type":"object","properties":{"path":{"type":"string","format":"path","minLength":1},"format":{"type":"string","enum":["csv","parquet"]}},"required":["path"],"additionalProperties":false}`
	if string(b) != want {
		t.Errorf("got  %s\nwant %s", b, want)
	}
}

func TestJSONSchemaSaysWhatTheFormNeeds(t *testing.T) {
	t.Parallel()
	b, err := json.Marshal(node.Schema{Type: node.TypeObject, Fields: []node.Field{
		{Name: "password", Schema: node.Schema{Type: node.TypeString, Format: node.FormatPassword, Old: true}},
		{Name: "types", Schema: node.Schema{Type: node.TypeObject, Names: node.FormatColumn, Values: &node.Schema{Type: node.TypeString, Examples: []string{"text"}}}},
		{Name: "keep", Schema: node.Schema{Type: node.TypeBoolean, EveryNode: true}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	want := `{"type":"object","properties":{` +
		`"password":{"type":"string","format":"password","deprecated":true},` +
		`"types":{"type":"object","propertyNames":{"format":"column"},"additionalProperties":{"type":"string","examples":["text"]}},` +
		`"keep":{"type":"boolean","x-every-node":true}},"additionalProperties":false}`
	if string(b) != want {
		t.Errorf("got  %s\nwant %s", b, want)
	}
}
