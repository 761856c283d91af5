package executor

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/broked/broked/internal/node"
	"github.com/broked/broked/internal/nodes"
	"github.com/broked/broked/internal/pipelines"
	"github.com/broked/broked/internal/runs"
)

// TestWhatRunsAgain goes through what a run may have left. A graph is written as
// "id:kind" and "from>to"; nodes that are not named in done have not finished.
func TestWhatRunsAgain(t *testing.T) {
	t.Parallel()
	kinds, err := node.NewRegistry(nodes.All()...)
	if err != nil {
		t.Fatal(err)
	}
	const (
		line   = "in:source_file work:filter out:sink_file in>work work>out"
		fork   = "in:source_file f:filter g:filter a:sink_file b:sink_file in>f in>g f>a g>b"
		choice = "in:source_file if:condition y:filter n:filter both:union out:sink_file in>if if>y if>n y>both n>both both>out"
	)
	for name, tc := range map[string]struct {
		graph, done, files, from string
		want                     string
	}{
		"all finished rows are there":            {line, "in work", "in work", "", "out"},
		"only the last rows are there":           {line, "in work", "work", "", "out"},
		"the last rows are not":                  {line, "in work", "in", "", "work out"},
		"no rows are there":                      {line, "in work", "", "", "in work out"},
		"nothing has finished":                   {line, "", "", "", "in work out"},
		"everything has":                         {line, "in work out", "", "", ""},
		"from a finished node":                   {line, "in work out", "in", "work", "work out"},
		"from the sink alone":                    {line, "in work out", "work", "out", "out"},
		"from a node behind one that failed":     {line, "in", "in", "out", "work out"},
		"a finished sink is not written again":   {fork, "in f a g", "in f g", "", "b"},
		"nor when what it took was lost":         {fork, "in f a g", "", "", "in g b"},
		"nor when its source runs again":         {fork, "f a", "f", "", "in f g b"},
		"unless somebody asks":                   {fork, "in f a g b", "in f g", "in", "in f g a b"},
		"a branch that was not taken":            {choice, "in if y both", "in if y both", "", "if n both out"},
		"a condition that nobody needs":          {choice, "in if y n both", "in both", "", "out"},
		"a condition whose input is lost":        {choice, "in if y", "y", "", "in if y n both out"},
		"rows that act are not made again":       {"m:migrate f:filter o:sink_file m>f f>o", "m", "", "", "f o"},
		"a read that changes spoils its kin":     {"in:source_file f:filter j:join o:sink_file in>f in>j f>j j>o", "in f", "f", "", "in f j o"},
		"but not what nobody takes any more":     {"in:source_file f:filter a:sink_file g:filter b:sink_file in>f f>a in>g g>b", "in f a", "f", "", "in g b"},
		"a node that failed and was passed over": {"in:source_file f:filter g:filter a:sink_file b:sink_file in>f f>g g>a in>b", "in g a", "in g", "", "f g b"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var d pipelines.Document
			for word := range strings.FieldsSeq(tc.graph) {
				if from, to, edge := strings.Cut(word, ">"); edge {
					d.Edges = append(d.Edges, pipelines.Edge{From: from, To: to})
				} else {
					id, kind, _ := strings.Cut(word, ":")
					d.Nodes = append(d.Nodes, pipelines.Node{ID: id, Type: kind})
				}
			}
			before, files := map[string]runs.NodeRun{}, map[string]string{}
			for id := range strings.FieldsSeq(tc.done) {
				before[id] = runs.NodeRun{Status: runs.NodeSuccess}
			}
			for id := range strings.FieldsSeq(tc.files) {
				files[id] = id
			}
			s, err := newSalvage(d, kinds, before, files)
			if err != nil {
				t.Fatal(err)
			}
			s.decide(tc.from)
			want := slices.Sorted(strings.FieldsSeq(tc.want))
			if got := slices.Sorted(maps.Keys(s.again)); !slices.Equal(got, want) {
				t.Errorf("got %v, want %v: %v", got, want, s.again)
			}
		})
	}
}
