package pipelines_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/broked/broked/internal/node"
	"github.com/broked/broked/internal/pipelines"
)

// kinds is a registry of a source, a step, a pair and a sink.
func kinds(t *testing.T) *node.Registry {
	t.Helper()
	text := node.Schema{Type: node.TypeString}
	settings := node.Schema{Type: node.TypeObject, Fields: []node.Field{
		{Name: "path", Schema: text},
		{Name: "when", Schema: node.Schema{Type: node.TypeString, Format: node.FormatExpression}},
	}}
	made := func(json.RawMessage) (node.Node, error) { return struct{}{}, nil }
	r, err := node.NewRegistry(
		node.Spec{Kind: "source", Category: node.Source, Settings: settings, New: made},
		node.Spec{Kind: "step", Category: node.Transform, MinInputs: 1, MaxInputs: 1, Settings: settings, New: made},
		node.Spec{Kind: "pair", Category: node.Transform, MinInputs: 2, MaxInputs: 2, Settings: settings, New: made},
		node.Spec{Kind: "sink", Category: node.Target, MinInputs: 1, MaxInputs: 1, Settings: settings, New: made},
	)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestCheckFindsEverythingAtOnce(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		in   string
		want []string // path: beginning of the message
	}{
		"fine":                 {`{"name":"n","nodes":[{"id":"a","type":"source"},{"id":"b","type":"sink"}],"edges":[{"from":"a","to":"b"}]}`, nil},
		"empty":                {`{}`, []string{"name: is missing", "nodes: are missing"}},
		"name":                 {`{"name":"a<b","nodes":[{"id":"a","type":"source"}]}`, []string{"name: must not have any of"}},
		"long":                 {`{"name":"` + strings.Repeat("n", 256) + `","description":"` + strings.Repeat("d", 2001) + `","nodes":[{"id":"a","type":"source"}]}`, []string{"name: must be at most 255", "description: must be at most 2000"}},
		"ir_version":           {`{"name":"n","ir_version":"9","nodes":[{"id":"a","type":"source"}]}`, []string{"ir_version: must be"}},
		"two of one id":        {`{"name":"n","nodes":[{"id":"a","type":"source"},{"id":"a","type":"source"}]}`, []string{`nodes[1].id: "a" is used already by nodes[0]`, "nodes[0]: ", "nodes[1]: "}},
		"bad ids":              {`{"name":"n","draft":true,"nodes":[{"id":"","type":"x"},{"id":"../x","type":"x"}]}`, []string{"nodes[0].id: is missing", "nodes[1].id: must be letters"}},
		"edges":                {`{"name":"n","draft":true,"nodes":[{"id":"abc","type":"x"}],"edges":[{"from":"abd","to":"abc"},{"from":"abc","to":"abc"}]}`, []string{`edges[0].from: there is no node "abd" (did you mean "abc"?)`, "edges[1]: joins"}},
		"an edge twice":        {`{"name":"n","draft":true,"nodes":[{"id":"a"},{"id":"b"}],"edges":[{"from":"a","to":"b"},{"from":"a","to":"b"}]}`, []string{"edges[1]: joins"}},
		"times":                {`{"name":"n","schedule":"* * *","schedule_timezone":"../x","sla_deadline":"7:3","sla_timezone":"Local","nodes":[{"id":"a","type":"source"}]}`, []string{"schedule: is not", "schedule_timezone: there", "sla_timezone: there", "sla_deadline: must"}},
		"dependencies":         {`{"name":"n","dependency_rules":[{"pipeline_id":"","state":"x","mode":"y","within_seconds":-1}],"nodes":[{"id":"a","type":"source"}]}`, []string{"dependency_rules[0].state: must", "dependency_rules[0].mode: must", "dependency_rules[0].within_seconds: must", "dependency_rules[0].pipeline_id: is missing"}},
		"hooks":                {`{"name":"n","hooks":{"on_x":{"type":"fax"}},"nodes":[{"id":"a","type":"source"}]}`, []string{"hooks.on_x: must", "hooks.on_x.type: must"}},
		"types and settings":   {`{"name":"n","nodes":[{"id":"a","type":"sourc","config":{}},{"id":"b","type":"source","config":{"pth":1}}]}`, []string{`nodes[0].type: there is no node type "sourc" (did you mean "source"?)`, `nodes[1].config.pth: is not a setting here (did you mean "path"?)`, "nodes[1]: "}},
		"placeholders":         {`{"name":"n","nodes":[{"id":"a","type":"source","config":{"path":"${param.x}/${run.dat}/${var.y}/${other.z}"}}]}`, []string{`nodes[0].config.path: ${run.dat} has no value (did you mean "run.date"?)`, "nodes[0].config.path: ${other.z} has no value"}},
		"too many inputs":      {`{"name":"n","nodes":[{"id":"a","type":"source"},{"id":"b","type":"source"},{"id":"c","type":"step"}],"edges":[{"from":"a","to":"c"},{"from":"b","to":"c"}]}`, []string{`nodes[2]: step "c" takes at most 1 input`}},
		"too few inputs":       {`{"name":"n","nodes":[{"id":"a","type":"source"},{"id":"c","type":"pair"}],"edges":[{"from":"a","to":"c"}]}`, []string{`nodes[1]: pair "c" needs 2 inputs and has 1`}},
		"into a source":        {`{"name":"n","nodes":[{"id":"a","type":"source"},{"id":"b","type":"source"}],"edges":[{"from":"a","to":"b"}]}`, []string{`nodes[1]: source "b" takes no input`}},
		"out of a sink":        {`{"name":"n","nodes":[{"id":"a","type":"source"},{"id":"b","type":"sink"},{"id":"c","type":"sink"}],"edges":[{"from":"a","to":"b"},{"from":"b","to":"c"}]}`, []string{`nodes[1]: sink "b" gives no output`}},
		"circle":               {`{"name":"n","nodes":[{"id":"s","type":"source"},{"id":"a","type":"pair"},{"id":"b","type":"step"}],"edges":[{"from":"s","to":"a"},{"from":"a","to":"b"},{"from":"b","to":"a"}]}`, []string{"edges: go round in a circle: a -> b -> a"}},
		"notes":                {`{"name":"n","draft":true,"notes":[{"id":"a","text":"t","position":{"x":0,"y":0}},{"id":"a","color":"pink","width":-1},{"id":"b c","text":"` + strings.Repeat("t", 4001) + `"}]}`, []string{`notes[1].id: "a" is used already`, "notes[1].color: must be one of yellow", "notes[1]: must not have a negative size", "notes[2].id: must be letters", "notes[2].text: must be at most 4000"}},
		"groups":               {`{"name":"n","draft":true,"nodes":[{"id":"a"}],"groups":[{"id":"g","name":"G","nodes":["a","b"]},{"id":"","name":"H","nodes":["a"]}]}`, []string{`groups[0].nodes[1]: there is no node "b"`, "groups[1].id: is missing", `groups[1].nodes[0]: "a" is in group "g" already`}},
		"a draft may be empty": {`{"name":"n","draft":true}`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, err := pipelines.Decode([]byte(tc.in))
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, p := range d.Check(kinds(t)).Problems {
				got = append(got, p.Path+": "+p.Message)
			}
			if !slices.EqualFunc(got, tc.want, strings.HasPrefix) {
				t.Errorf("got  %q\nwant %q", got, tc.want)
			}
		})
	}
}

func TestSlug(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"Weather by Month": "weather-by-month", "  a -- b_c  ": "a-b-c", "Größe": "gre", "日本": "", "x/y": "xy",
	} {
		if got := pipelines.Slug(name); got != want {
			t.Errorf("Slug(%q) = %q, want %q", name, got, want)
		}
	}
}

func TestDiffMatchesNodesById(t *testing.T) {
	t.Parallel()
	before := decode(t, `{"name":"n","nodes":[{"id":"a","type":"source","config":{"path":"1"}},{"id":"b","type":"step"}],"edges":[{"from":"a","to":"b"}]}`)
	after := decode(t, `{"name":"n","nodes":[{"id":"c","type":"sink"},{"id":"a","type":"source","config":{"path":"2"}}],"edges":[{"from":"a","to":"c"}],"description":"new"}`)
	changes, err := pipelines.Diff(before, after)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range changes {
		got = append(got, fmt.Sprintf("%s %s", c.Op, c.Path))
	}
	want := []string{
		"changed description", "removed edges[a -> b]", "added edges[a -> c]", "changed nodes[a].config.path", "removed nodes[b]", "added nodes[c]",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func decode(t *testing.T, text string) pipelines.Document {
	t.Helper()
	d, err := pipelines.Decode([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// fixed is a moment on the day when clocks in Europe go forward.
var fixed = time.Date(2026, 3, 29, 1, 30, 0, 0, time.UTC)

func TestResolveFillsTextsAndLeavesExpressions(t *testing.T) {
	t.Parallel()
	d := decode(t, `{"name":"n","params":{"dir":"in","day":"1"},"nodes":[{"id":"a","type":"source","config":{"path":"${param.dir}/${param.day}/$5/${other}","when":"x = ${param.day}"}}]}`)
	values := pipelines.NewValues("r", fixed, d.Params, map[string]string{"day": `2" or "`})
	got, err := d.Resolve(kinds(t), values, nil)
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"path":"in/2\" or \"/$5/${other}","when":"x = ${param.day}"}`; string(got.Configs[0]) != want {
		t.Errorf("got %s, want %s", got.Configs[0], want)
	}
	if v, _ := values.Lookup("run.date"); v != "2026-03-29" {
		t.Errorf("run.date is %s", v)
	}
	d = decode(t, `{"name":"n","params":{"month":"1"},"nodes":[{"id":"a","type":"source","config":{"path":"${param.mnth}"}}]}`)
	_, err = d.Resolve(kinds(t), pipelines.NewValues("r", fixed, d.Params, nil), nil)
	if err == nil || !strings.Contains(err.Error(), `nodes[0].config.path: ${param.mnth} has no value (did you mean "param.month"?)`) {
		t.Errorf("got %v", err)
	}
}
