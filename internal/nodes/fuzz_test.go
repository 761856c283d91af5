package nodes

import (
	"encoding/json"
	"path/filepath"
	"slices"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/node"
	"github.com/broked/broked/internal/pipelines"
)

// FuzzSettings makes a node of every kind of whatever settings. What is wrong with
// them must be told as problems that have places, unless they are no settings at all.
func FuzzSettings(f *testing.F) {
	specs := All()
	examples, err := filepath.Glob("examples/*.txtar")
	if err != nil {
		f.Fatal(err)
	}
	for _, path := range examples {
		archive, err := txtar.ParseFile(path)
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range archive.Files {
			if file.Name != "pipeline.yaml" {
				continue
			}
			d, err := pipelines.DecodeYAML(file.Data)
			if err != nil {
				f.Fatal(err)
			}
			for _, n := range d.Nodes {
				which := slices.IndexFunc(specs, func(s node.Spec) bool { return s.Kind == n.Type })
				f.Add(uint8(which), []byte(n.Settings()))
			}
		}
	}
	f.Fuzz(func(t *testing.T, which uint8, config []byte) {
		spec := specs[int(which)%len(specs)]
		n, problems := spec.Build(config)
		if (n == nil) != (len(problems) > 0) {
			t.Fatalf("%s: %s: a node %v and problems %v", spec.Kind, config, n, problems)
		}
		var settings map[string]json.RawMessage
		whole := json.Unmarshal(config, &settings) == nil && settings != nil
		stock := fault.MessageOf(nil)
		for _, p := range problems {
			if p.Message == "" || p.Message == stock || p.Path == "" && whole {
				t.Errorf("%s: %s: problem %+v", spec.Kind, config, p)
			}
		}
		if n == nil {
			return
		}
		if _, err := spec.Common(config); err != nil {
			t.Errorf("%s: %s: %v", spec.Kind, config, err)
		}
		if spec.Lacks != nil {
			for _, p := range spec.Lacks(config) {
				if p.Path == "" || p.Message == "" {
					t.Errorf("%s: %s: lacks %+v", spec.Kind, config, p)
				}
			}
		}
	})
}
