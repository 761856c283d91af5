package pipelines_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/node"
	"github.com/broked/broked/internal/pipelines"
)

// calling is a registry of one kind that has settings of every sort.
func calling(t *testing.T) *node.Registry {
	t.Helper()
	number := node.Schema{Type: node.TypeInteger, Min: new(1.0), Max: new(100.0)}
	r, err := node.NewRegistry(node.Spec{Kind: "source", Category: node.Source, New: func(json.RawMessage) (node.Node, error) { return struct{}{}, nil }, Settings: node.Schema{Type: node.TypeObject, Fields: []node.Field{
		{Name: "text", Schema: node.Schema{Type: node.TypeString}},
		{Name: "mode", Schema: node.Schema{Type: node.TypeString, Enum: []string{"a", "b"}}},
		{Name: "number", Schema: number},
		{Name: "yes", Schema: node.Schema{Type: node.TypeBoolean}},
		{Name: "list", Schema: node.Schema{Type: node.TypeArray, MinLen: 1, Items: &node.Schema{Type: node.TypeString}}},
		{Name: "any", Schema: node.Schema{}},
		{Name: "when", Schema: node.Schema{Type: node.TypeString, Format: node.FormatExpression}},
		{Name: "code", Schema: node.Schema{Type: node.TypeString, Format: node.FormatCode}},
		{Name: "header", Schema: node.Schema{Type: node.TypeString, Secrets: true}},
		{Name: "body", Schema: node.Schema{Secrets: true}},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

var meanings = &pipelines.Known{
	Named: map[string]pipelines.Meaning{
		"var.region": {Text: "eu"}, "var.limit": {Text: "12", JSON: true, Version: 3}, "var.vast": {Text: "1000", JSON: true},
		"var.yes": {Text: "true", JSON: true}, "var.list": {Text: `["x","y"]`, JSON: true}, "var.none": {Text: `[]`, JSON: true}, "var.mode": {Text: "b"}, "var.bad": {Text: "q"},
		"secret.token": {Text: "s3cret-token", Secret: true}, "var.token": {Text: "s3cret-token", Secret: true}, "conn.crm.host": {Text: "h"},
	},
	All: []string{"var.region", "var.token", "secret.token"},
}

func TestSettingsThatName(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		config  string
		want    string            // the settings
		values  pipelines.Values  // that the node binds
		secrets int               // that are masked
		problem string            // or what is said at the start of a run
		save    string            // and when it is saved; "-" is nothing
		params  map[string]string // of the run
	}{
		"text":                        {config: `{"text":"x-${var.region}-${conn.crm.host}"}`, want: `{"text":"x-eu-h"}`},
		"one pass":                    {config: `{"text":"${param.p}"}`, params: map[string]string{"p": "${secret.token}"}, want: `{"text":"${secret.token}"}`},
		"a number":                    {config: `{"number":"${var.limit}"}`, want: `{"number":12}`},
		"a number among text":         {config: `{"text":"${var.limit}"}`, want: `{"text":"12"}`},
		"a parameter for a number":    {config: `{"number":"${param.n}"}`, params: map[string]string{"n": " 7 "}, want: `{"number":7}`},
		"no number":                   {config: `{"number":"${var.region}"}`, problem: "config.number: ${var.region} must be a whole number here"},
		"a number that is too large":  {config: `{"number":"${var.vast}"}`, problem: "config.number: must be at most 100"},
		"a parameter too large":       {config: `{"number":"${param.n}"}`, params: map[string]string{"n": "101"}, problem: "config.number: must be at most 100", save: "-"},
		"a truth":                     {config: `{"yes":"${var.yes}"}`, want: `{"yes":true}`},
		"a list":                      {config: `{"list":"${var.list}"}`, want: `{"list":["x","y"]}`},
		"an empty list":               {config: `{"list":"${var.none}"}`, problem: "config.list: needs at least 1"},
		"a parameter for a list":      {config: `{"list":"${param.l}"}`, params: map[string]string{"l": "[\"z\"]"}, want: `{"list":["z"]}`},
		"one of":                      {config: `{"mode":"${var.mode}"}`, want: `{"mode":"b"}`},
		"none of":                     {config: `{"mode":"${var.bad}"}`, problem: "config.mode: must be one of a, b"},
		"of any type":                 {config: `{"any":{"a":"${var.limit}","b":"${var.region}","c":"n ${var.limit}"}}`, want: `{"any":{"a":12,"b":"eu","c":"n 12"}}`},
		"bound":                       {config: `{"when":"x = ${var.region}"}`, want: `{"when":"x = ${var.region}"}`, values: pipelines.Values{"var.region": "eu"}},
		"code has none":               {config: `{"code":"${var.nothing}"}`, want: `{"code":"${var.nothing}"}`},
		"a secret where it may stand": {config: `{"header":"Bearer ${secret.token}","body":{"key":"${var.token}"}}`, want: `{"body":{"key":"s3cret-token"},"header":"Bearer s3cret-token"}`, secrets: 2},
		"a secret in text":            {config: `{"text":"${secret.token}"}`, problem: "config.text: ${secret.token} is a secret and must not stand here"},
		"a secret as a variable":      {config: `{"text":"${var.token}"}`, problem: "config.text: ${var.token} is a secret"},
		"a secret in an expression":   {config: `{"when":"x = ${secret.token}"}`, problem: "config.when: ${secret.token} is a secret"},
		"a secret of any type":        {config: `{"any":"${secret.token}"}`, problem: "config.any: ${secret.token} is a secret"},
		"not there":                   {config: `{"text":"${var.regoin}"}`, problem: `config.text: ${var.regoin} has no value (did you mean "var.region"?)`},
		"no secret":                   {config: `{"header":"${secret.region}"}`, problem: "config.header: ${secret.region} has no value: the variable is no secret"},
		"not let be read":             {config: `{"text":"${env.HOME}"}`, problem: "config.text: ${env.HOME} has no value: the server's environment"},
		"a connection as a whole":     {config: `{"text":"${conn.crm}"}`, problem: "config.text: ${conn.crm} has no value: write ${conn.crm.host}"},
		"no such prefix":              {config: `{"text":"${other.x}"}`, problem: "config.text: ${other.x} has no value"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := decode(t, fmt.Sprintf(`{"name":"n","nodes":[{"id":"a","type":"source","config":%s}]}`, tc.config))
			got, err := d.Resolve(calling(t), pipelines.NewValues("r", fixed, nil, tc.params), meanings)
			found := d.CheckWith(calling(t), meanings).Problems
			if tc.problem != "" {
				if problems := fault.ProblemsOf(err); len(problems) != 1 || !strings.HasPrefix(problems[0].Path+": "+problems[0].Message, "nodes[0]."+tc.problem) {
					t.Errorf("at the start: %v, %v", err, problems)
				}
				if wanted := tc.save != "-"; wanted != (len(found) == 1) {
					t.Errorf("when it is saved: %v", found)
				}
				return
			}
			if err != nil || len(found) > 0 {
				t.Fatalf("%v, %v", err, found)
			}
			if string(got.Configs[0]) != tc.want || len(got.Secrets) != tc.secrets {
				t.Errorf("%s and %d secrets, want %s and %d", got.Configs[0], len(got.Secrets), tc.want, tc.secrets)
			}
			for full, want := range tc.values {
				if got.Values[full] != want {
					t.Errorf("%s is bound to %q", full, got.Values[full])
				}
			}
			for full := range got.Values {
				if _, bound := tc.values[full]; !bound && !strings.HasPrefix(full, "run.") && !strings.HasPrefix(full, "param.") {
					t.Errorf("%s is told to the engine, which has no use for it", full)
				}
			}
		})
	}
}

// TestNamesThatNobodyKnows checks a document where nobody can say what names stand for.
func TestNamesThatNobodyKnows(t *testing.T) {
	t.Parallel()
	d := decode(t, `{"name":"n","nodes":[{"id":"a","type":"source","config":{"text":"${var.x}","number":"${var.n}","list":"${var.l}","mode":"${env.M}","yes":"${param.y}"}}]}`)
	if found := d.Check(calling(t)).Problems; len(found) > 0 {
		t.Errorf("%v", found)
	}
	if diff := cmp.Diff([]string{"env.M", "var.l", "var.n", "var.x"}, d.Names()); diff != "" {
		t.Error(diff)
	}
	if _, err := d.Resolve(calling(t), pipelines.NewValues("r", fixed, nil, nil), nil); len(fault.ProblemsOf(err)) != 5 {
		t.Errorf("a run begins: %v", err)
	}
}
