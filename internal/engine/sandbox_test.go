package engine_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	ll "github.com/landlock-lsm/go-landlock/landlock/syscall"

	"github.com/broked/broked/internal/job"
	"github.com/broked/broked/internal/node"
)

// prowlSpec is a node that tries in Go what DuckDB's own lock does not see. It
// fails when it gets anywhere.
var prowlSpec = node.Spec{
	Kind: "prowl", Category: node.Transform, MinInputs: 1, MaxInputs: 1,
	Settings: node.Schema{Type: node.TypeObject, Fields: []node.Field{{Name: "outside", Schema: node.Schema{Type: node.TypeString}}}},
	New: func(config json.RawMessage) (node.Node, error) {
		var p prowl
		err := json.Unmarshal(config, &p)
		return p, err
	},
}

type prowl struct {
	Outside string `json:"outside"`
}

func (p prowl) Select(_ context.Context, _ node.Env, in []node.Relation) (node.Relation, error) {
	if _, err := os.ReadFile("/etc/passwd"); !errors.Is(err, os.ErrPermission) {
		return node.Relation{}, fmt.Errorf("/etc/passwd can be read: %w", err)
	}
	if err := os.WriteFile(filepath.Join(p.Outside, "x"), nil, 0o600); !errors.Is(err, os.ErrPermission) {
		return node.Relation{}, fmt.Errorf("%s can be written: %w", p.Outside, err)
	}
	if _, err := os.ReadDir(p.Outside); !errors.Is(err, os.ErrPermission) {
		return node.Relation{}, fmt.Errorf("%s can be listed: %w", p.Outside, err)
	}
	in[0].SameRows = true
	return in[0], nil
}

func TestConfinedProcess(t *testing.T) {
	t.Parallel()
	if version, err := ll.LandlockGetABIVersion(); err != nil || version < 2 {
		t.Skip("this machine has no Landlock")
	}
	w := newWorld(t, map[string]string{"in.csv": "a,b\n" + strings.Repeat("1,00123\n", 20000) + "x,7\n"})
	secret := t.TempDir()
	j := w.job(fmt.Sprintf(`
		in source_file {"path": "in.csv"}
		p prowl {"outside": %q}
		w where {"sql": "b = '00123' OR b = '7'"}
		out sink_file {"path": "deep/out.csv"}
		parts sink_file {"path": "parts", "partition_by": ["a"]}`, secret), "in>p p>w w>out w>parts")
	r, _, _ := inProcess(t, j)
	if r.end.Status != job.Success || r.rows(j) != "20001/20001/20001/20001/20001" {
		t.Fatalf("%+v %s\n%s", r.end.Error, r.rows(j), r.log)
	}
}

// TestScriptsInAConfinedProcess runs a script as the server does it: the engine is
// shut in, and the script more so.
func TestScriptsInAConfinedProcess(t *testing.T) {
	t.Parallel()
	w := newWorld(t, map[string]string{"in.csv": "a,b\n" + strings.Repeat("1,é \n", 30000)})
	j := w.job(`
		in source_file {"path": "in.csv"}
		py code {"script": "try:\n    os.listdir(config['data'])\n    print('the data can be listed')\nexcept OSError:\n    pass\nfor i, row in enumerate(rows):\n    row['n'] = i", "data": "DATA"}
		out sink_file {"path": "out.csv"}`, "in>py py>out")
	j.Nodes[1].Config = json.RawMessage(strings.Replace(string(j.Nodes[1].Config), "DATA", w.data, 1))
	r, _, _ := inProcess(t, j)
	if r.end.Status != job.Success || r.rows(j) != "30000/30000/30000" {
		t.Fatalf("%+v %s\n%s", r.end.Error, r.rows(j), r.log)
	}
	for _, m := range r.messages {
		if m.Type == job.Log {
			t.Errorf("log: %s", m.Message)
		}
	}
	if out := w.read("out.csv"); !strings.HasPrefix(out, "a,b,n\n1,é ,0\n") || !strings.HasSuffix(out, "1,é ,29999\n") {
		t.Errorf("out.csv has %d bytes and begins %.40q", len(out), out)
	}
	// Memory that a script takes is its own affair.
	j = w.job(`
		py code {"script": "x = []\nwhile True: x.append(bytearray(30_000_000))"}
		out sink_file {"path": "out2.csv"}`, "py>out")
	j.Limits.Memory = 256 << 20
	r, _, _ = inProcess(t, j)
	if r.end.Error == nil || r.end.Error.Code != "out_of_memory" {
		t.Errorf("%+v\n%s", r.end.Error, r.log)
	}
}
