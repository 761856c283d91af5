package pipelines_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/pipelines"
)

const commented = `# Sales by country.
version: "1"
name: sales
pipeline_id: sales
description: Every morning.
# Who looks after it.
tags: [finance]
nodes:
  # The file comes by sftp at five.
  - id: in
    type: source_file
    name: In
    config:
      path: in.csv # a week's worth
    position: {x: 50, y: 50}
  - id: out
    type: sink_file
    name: Out
    config: {path: out.csv}
    position: {x: 330, y: 50}
edges:
  - {from: in, to: out} # as it is
params: {month: "03", day: 2026-01-05}
`

func TestYAMLKeepsCommentsThroughASave(t *testing.T) {
	t.Parallel()
	d, err := pipelines.DecodeYAML([]byte(commented))
	if err != nil {
		t.Fatal(err)
	}
	if d.Params["month"] != "03" || d.Params["day"] != "2026-01-05" {
		t.Errorf("parameters %v: text must stay what was written", d.Params)
	}
	d.Description = "Every evening."
	d.Nodes[0].Config = pipelines.RawObject(`{"path":"other.csv","format":"csv"}`)
	text, err := pipelines.EncodeYAML(d, commented)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"# Sales by country.\n", "# Who looks after it.\n", "# The file comes by sftp at five.\n", "path: other.csv # a week's worth\n",
		"# as it is\n", "description: Every evening.\n", `month: "03"`, "format: csv",
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("no %q in:\n%s", want, text)
		}
	}
}

func TestYAMLRoundTripLosesNothing(t *testing.T) {
	t.Parallel()
	yes := true
	d, err := pipelines.Decode([]byte(`{"name":"all","ir_version":"2.1","description":"d: #","schedule":"0 6 * * 1-5","schedule_timezone":"Europe/Berlin",
		"enabled":false,"depends_on":["x"],"dependency_rules":[{"pipeline_id":"y","state":"failed","within_seconds":60,"mode":"trigger"}],
		"hooks":{"on_failure":{"type":"slack","url":"https://x","enabled":true,"extra":{"a":[1,2.5,null,"t"]}}},"webhook_url":"https://y",
		"sla_deadline":"07:30","sla_timezone":"UTC","extensions":{"owner":{"team":"data"}},"params":{"n":"007","yes":"true","empty":""},
		"nodes":[{"id":"a","type":"t","name":"A","config":{"z":1,"a":"multi\nline","n":{"deep":[true]}},"position":{"x":1.5,"y":-2}}],
		"notes":[{"id":"n","text":"two\nlines","position":{"x":1,"y":2},"width":200,"color":"blue"}],"groups":[{"id":"g","name":"G","nodes":["a"]}],
		"edges":[{"from":"a","to":"b","condition":true}]}`))
	if err != nil {
		t.Fatal(err)
	}
	text, err := pipelines.EncodeYAML(d, "")
	if err != nil {
		t.Fatal(err)
	}
	back, err := pipelines.DecodeYAML(text)
	if err != nil {
		t.Fatalf("%v in:\n%s", err, text)
	}
	if diff := cmp.Diff(plain(t, d), plain(t, back)); diff != "" {
		t.Errorf("%s\nin:\n%s", diff, text)
	}
	if back.Edges[0].Condition == nil || *back.Edges[0].Condition != yes {
		t.Error("the edge lost its condition")
	}
}

// plain returns d as maps, in which the order of members does not matter.
func plain(t *testing.T, d pipelines.Document) map[string]any {
	t.Helper()
	text, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	var m map[string]any
	if err := json.Unmarshal(text, &m); err != nil {
		t.Fatal(err)
	}
	return m
}

func TestYAMLLaysOutWhatHasNoPlace(t *testing.T) {
	t.Parallel()
	d, err := pipelines.DecodeYAML([]byte("name: n\nnodes:\n- {id: a, type: t}\n- {id: b, type: t}\n- {id: c, type: t}\nedges:\n- {from: a, to: c}\n- {from: b, to: c}\n"))
	if err != nil {
		t.Fatal(err)
	}
	want := []pipelines.Position{{X: 50, Y: 50}, {X: 50, Y: 150}, {X: 330, Y: 50}}
	for i, n := range d.Nodes {
		if n.Position != want[i] {
			t.Errorf("%s is at %v, want %v", n.ID, n.Position, want[i])
		}
	}
}

func TestYAMLThatCannotBeRead(t *testing.T) {
	t.Parallel()
	bomb := "a: &a [x,x,x,x,x,x,x,x,x]\n" + "b: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\n" + "c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\n" +
		"d: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\n" + "e: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d]\n" + "f: [*e,*e,*e,*e,*e,*e,*e,*e,*e]\n"
	for name, tc := range map[string]struct{ text, want string }{
		"empty":           {"", "empty"},
		"not YAML":        {"a: [", "cannot be read"},
		"list":            {"- a\n", "a pipeline is a mapping"},
		"two documents":   {"name: a\n---\nname: b\n", "more than one"},
		"a key twice":     {"name: a\nname: b\n", "name"},
		"another version": {"version: 2\nname: a\n", "must be \"1\""},
		"alias bomb":      {bomb, ""},
		"merge keys":      {"x: &x {a: 1}\nname: n\nextensions: {<<: *x}\n", "plain text"},
		"wrong type":      {"name: [a]\n", "must be text"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := pipelines.DecodeYAML([]byte(tc.text))
			if fault.KindOf(err) != fault.Invalid || !strings.Contains(fault.MessageOf(err), tc.want) {
				t.Errorf("got %v, want an Invalid fault with %q", err, tc.want)
			}
		})
	}
}

func FuzzDecodeYAML(f *testing.F) {
	f.Add([]byte(commented))
	f.Add([]byte("name: &a [*a]"))
	f.Fuzz(func(t *testing.T, text []byte) {
		d, err := pipelines.DecodeYAML(text)
		if err != nil {
			if fault.KindOf(err) != fault.Invalid {
				t.Fatalf("%v is no Invalid fault", err)
			}
			return
		}
		again, err := pipelines.EncodeYAML(d, string(text))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := pipelines.DecodeYAML(again); err != nil {
			t.Fatalf("what was written cannot be read: %v\n%s", err, again)
		}
	})
}
