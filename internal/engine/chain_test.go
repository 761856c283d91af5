package engine_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/broked/broked/internal/job"
)

// chainJob is a source, so many nodes one after the other, and a sink.
func (w *world) chainJob(length int, node string) job.Job {
	var nodes, edges strings.Builder
	nodes.WriteString("in source_file {\"path\": \"in.csv\"}\n")
	last := "in"
	for i := range length {
		fmt.Fprintf(&nodes, "n%d %s\n", i, node)
		fmt.Fprintf(&edges, "%s>n%d ", last, i)
		last = fmt.Sprint("n", i)
	}
	nodes.WriteString("out sink_file {\"path\": \"out.csv\"}\n")
	return w.job(nodes.String(), edges.String()+last+">out")
}

// chained are nodes of which a long chain must cost little: one that keeps the number
// of rows, one that does not, and one that is kept.
var chained = map[string]string{
	"same-rows": `sort {"columns": ["a"], "ascending": true}`,
	"filter":    `filter {"condition": "a >= 0"}`,
	"project":   `project {"columns": ["a"]}`,
	"kept":      `filter {"condition": "a >= 0", "keep": true}`,
}

// BenchmarkChain measures what a node costs beyond its rows, in chains of several
// lengths: the time of a node must not grow with their number.
func BenchmarkChain(b *testing.B) {
	for name, node := range chained {
		for _, length := range []int{50, 100, 200, 400} {
			b.Run(fmt.Sprintf("%s-%d", name, length), func(b *testing.B) {
				w := newWorld(b, map[string]string{"in.csv": "a\n1\n2\n"})
				j := w.chainJob(length, node)
				for b.Loop() {
					if r := execute(b.Context(), b, j); r.end.Status != job.Success {
						b.Fatal(r.end.Error)
					}
				}
				b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*length), "µs/node")
			})
		}
	}
}

// TestLongChainsAreCountedRight runs chains that are longer than what is fused.
func TestLongChainsAreCountedRight(t *testing.T) {
	t.Parallel()
	for name, node := range chained {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, map[string]string{"in.csv": "a\n1\n2\n"})
			j := w.chainJob(40, node)
			r := execute(t.Context(), t, j)
			if got, want := r.rows(j), strings.TrimSuffix(strings.Repeat("2/", 42), "/"); got != want {
				t.Errorf("got %s", got)
			}
			for _, s := range j.Nodes {
				if p := r.previews[s.ID]; p == nil || len(p.Rows) != 2 {
					t.Errorf("the preview of %s is %+v", s.ID, p)
				}
			}
			if got := w.read("out.csv"); got != "a\n1\n2\n" {
				t.Errorf("got %q", got)
			}
		})
	}
}
