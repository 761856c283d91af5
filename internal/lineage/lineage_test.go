package lineage_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/broked/broked/internal/lineage"
	"github.com/broked/broked/internal/pipelines"
)

// drawn returns a graph as lines.
func drawn(g lineage.Lineage) []string {
	var lines []string
	for _, n := range g.Nodes {
		lines = append(lines, string(n.Type)+" "+n.ID+" "+n.Name)
	}
	for _, e := range g.Edges {
		lines = append(lines, e.From+" -> "+e.To)
	}
	return lines
}

func TestOf(t *testing.T) {
	t.Parallel()
	node := func(id, kind, config string) pipelines.Node {
		return pipelines.Node{ID: id, Type: kind, Name: id, Config: pipelines.RawObject(config)}
	}
	edge := func(from, to string) pipelines.Edge { return pipelines.Edge{From: from, To: to} }
	for name, tt := range map[string]struct {
		nodes []pipelines.Node
		edges []pipelines.Edge
		want  string
	}{
		"a file becomes another": {
			[]pipelines.Node{node("a", "source_file", `{"path":"./in/x.csv"}`), node("f", "filter", `{}`), node("b", "sink_file", `{"path":"out.parquet"}`)},
			[]pipelines.Edge{edge("a", "f"), edge("f", "b")},
			"file file:in/x.csv x.csv|file file:out.parquet out.parquet|processing proc:p:f f|file:in/x.csv -> proc:p:f|proc:p:f -> file:out.parquet",
		},
		"tables of a query": {
			[]pipelines.Node{
				node("a", "source_db", `{"query":"WITH recent AS (SELECT * FROM shop.orders -- FROM nothing\n) SELECT 'FROM text' FROM recent JOIN \"Order Lines\" USING (id), generate_series(1, 2)"}`),
				node("b", "sink_db", `{"table":"totals"}`),
			},
			[]pipelines.Edge{edge("a", "b")},
			"table table:Order Lines Order Lines|table table:shop.orders shop.orders|table table:totals totals|table:Order Lines -> table:totals|table:shop.orders -> table:totals",
		},
		"an address without its secrets": {
			[]pipelines.Node{node("a", "source_api", `{"url":"https://me:pw@api.example.org/v1/x?key=canary#f"}`), node("n", "notify", `{}`)},
			[]pipelines.Edge{edge("a", "n")},
			"api api:https://api.example.org/v1/x api.example.org/v1/x|processing proc:p:n n|api:https://api.example.org/v1/x -> proc:p:n",
		},
		"a node that reads and writes": {
			[]pipelines.Node{node("m", "migrate", `{"source_query":"select * from a","dest_table":"b"}`)},
			nil,
			"processing proc:p:m m|table table:a a|table table:b b|proc:p:m -> table:b|table:a -> proc:p:m",
		},
		"settings that say nothing": {
			[]pipelines.Node{node("a", "source_file", `{}`), node("b", "sink_api", `{"url":"${var.where}"}`), node("c", "code", `{"path":7}`)},
			[]pipelines.Edge{edge("a", "b"), edge("gone", "b")},
			"processing proc:p:a a|processing proc:p:b b|processing proc:p:c c|proc:p:a -> proc:p:b",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := lineage.Of([]pipelines.Document{{ID: "p", Name: "P", Nodes: tt.nodes, Edges: tt.edges}, {ID: "d", Draft: true, Nodes: tt.nodes}})
			if got := drawn(g); !slices.Equal(got, strings.Split(tt.want, "|")) {
				t.Errorf("got  %s\nwant %s", strings.Join(got, "|"), tt.want)
			}
		})
	}
}
