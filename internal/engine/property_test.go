package engine_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/broked/broked/internal/job"
)

// TestPipelinesDoWhatTheNaiveOnesDo draws tables and pipelines of up to six
// relational nodes, and runs each in two forms: with a sink at its end, so that as
// much as possible is fused, and with a sink at every node, so that nothing is. Both
// must give what the loops of the naive implementation give, and the exact number
// of rows of every node, whatever the number of nodes that are at work at once.
func TestPipelinesDoWhatTheNaiveOnesDo(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		d := drawPipeline(r)
		w := newWorld(t, map[string]string{"a.csv": d.a.csv(), "b.csv": d.b.csv()})
		j := w.job(d.document("fused", false)+"\n"+d.document("apart", true), d.edges("fused", false)+d.edges("apart", true))
		j.Limits.Threads = rapid.IntRange(1, 4).Draw(r, "threads")
		out := execute(t.Context(), t, j)
		if out.end.Status != job.Success {
			r.Fatalf("%s\n%+v", d.document("fused", false), out.end.Error)
		}
		for _, form := range []string{"fused", "apart"} {
			for i, s := range d.steps {
				if got := *out.nodes[fmt.Sprintf("%s%d", form, i)].Rows; got != int64(len(s.result.rows)) {
					r.Fatalf("%s\nnode %d %s has %d rows, want %d", d.document(form, false), i, form, got, len(s.result.rows))
				}
			}
			last := d.steps[len(d.steps)-1].result
			if diff := cmp.Diff(last.lines(), w.table(form+".ndjson", last)); diff != "" {
				r.Fatalf("%s\n%s (-want +got)\n%s", d.document(form, false), form, diff)
			}
		}
	})
}

// drawnPipeline is two tables and what is done with them. Every step takes the one
// before it, and some take b as well.
type drawnPipeline struct {
	a, b  table
	steps []drawnStep
}

type drawnStep struct {
	kind     string
	settings map[string]any
	takesB   bool
	result   table
}

func drawPipeline(r *rapid.T) drawnPipeline {
	d := drawnPipeline{
		a: drawTable(r, []column{{"a", whole}, {"b", words}, {"c", fraction}, {"d", whole}}),
		b: drawTable(r, []column{{"a", whole}, {"b", words}, {"e", fraction}}),
	}
	now := d.a
	for range rapid.IntRange(1, 6).Draw(r, "nodes") {
		s := drawStep(r, now, d.b)
		now = s.result
		d.steps = append(d.steps, s)
	}
	return d
}

func drawTable(r *rapid.T, columns []column) table {
	t := table{columns: columns, ordered: true}
	cells := map[kind][]any{
		whole:    {nil, int64(-2), int64(0), int64(1), int64(2), int64(9), int64(10)},
		fraction: {nil, -1.5, 0.0, 1.0, 2.5, 10.0},
		words:    {nil, "x", "X", "9", "10", "00123", "it's", "ä,\"b\""},
	}
	for range rapid.IntRange(0, 12).Draw(r, "rows") {
		var row []any
		for _, c := range columns {
			row = append(row, rapid.SampledFrom(cells[c.kind]).Draw(r, c.name))
		}
		t.rows = append(t.rows, row)
	}
	return t
}

// drawStep tries kinds until one fits the columns.
func drawStep(r *rapid.T, t, b table) drawnStep {
	for {
		draw := rapid.SampledFrom([]func(*rapid.T, table, table) (drawnStep, bool){
			drawFilter, drawProject, drawCompute, drawSort, drawLimit, drawDeduplicate, drawAggregate, drawJoin, drawUnion, drawWindow, drawUnpivot,
		}).Draw(r, "kind")
		if s, fits := draw(r, t, b); fits {
			return s
		}
	}
}

type settings = map[string]any

func drawColumn(r *rapid.T, t table, kinds ...kind) int {
	var places []int
	for i, c := range t.columns {
		if len(kinds) == 0 || slices.Contains(kinds, c.kind) {
			places = append(places, i)
		}
	}
	if places == nil {
		return -1
	}
	return rapid.SampledFrom(places).Draw(r, "column")
}

// drawColumns draws some columns, each once.
func drawColumns(r *rapid.T, t table, least int) []int {
	places := rapid.Permutation(indexes(t)).Draw(r, "columns")
	return places[:rapid.IntRange(min(least, len(places)), len(places)).Draw(r, "number")]
}

func indexes(t table) []int {
	all := make([]int, len(t.columns))
	for i := range all {
		all[i] = i
	}
	return all
}

func (t table) names(places []int) []string {
	names := []string{}
	for _, p := range places {
		names = append(names, t.columns[p].name)
	}
	return names
}

func quotedName(name string) string { return `"` + name + `"` }

// test is a condition, and what it is for a row: true, false or neither.
type test struct {
	source string
	holds  func(row []any) *bool
}

func drawTest(r *rapid.T, t table, depth int) test {
	if depth > 0 && rapid.Bool().Draw(r, "joined") {
		return drawLogic(r, t, depth)
	}
	p := drawColumn(r, t)
	name := quotedName(t.columns[p].name)
	if rapid.IntRange(0, 3).Draw(r, "null") == 0 {
		return test{name + " is null", func(row []any) *bool { return new(row[p] == nil) }}
	}
	limit, literal := any(1.0), "1"
	if t.columns[p].kind == words {
		limit, literal = "9", "'9'"
	}
	operator := rapid.SampledFrom([]string{"=", "!=", "<", "<=", ">", ">="}).Draw(r, "operator")
	return test{name + " " + operator + " " + literal, func(row []any) *bool {
		if row[p] == nil {
			return nil
		}
		c := compare(row[p], limit)
		return new(map[string]bool{"=": c == 0, "!=": c != 0, "<": c < 0, "<=": c <= 0, ">": c > 0, ">=": c >= 0}[operator])
	}}
}

func drawLogic(r *rapid.T, t table, depth int) test {
	x, y := drawTest(r, t, depth-1), drawTest(r, t, depth-1)
	switch rapid.SampledFrom([]string{"and", "or", "not"}).Draw(r, "logic") {
	case "and":
		return test{"(" + x.source + " and " + y.source + ")", func(row []any) *bool { return both(x.holds(row), y.holds(row), false) }}
	case "or":
		return test{"(" + x.source + " or " + y.source + ")", func(row []any) *bool { return both(x.holds(row), y.holds(row), true) }}
	}
	return test{"not (" + x.source + ")", func(row []any) *bool {
		if v := x.holds(row); v != nil {
			return new(!*v)
		}
		return nil
	}}
}

// both is and, or is or, where one side that is decides.
func both(x, y *bool, decides bool) *bool {
	switch {
	case x != nil && *x == decides || y != nil && *y == decides:
		return new(decides)
	case x == nil || y == nil:
		return nil
	}
	return new(!decides)
}

func drawFilter(r *rapid.T, t, _ table) (drawnStep, bool) {
	c := drawTest(r, t, 2)
	return drawnStep{kind: "filter", settings: settings{"condition": c.source}, result: t.filter(func(row []any) bool {
		v := c.holds(row)
		return v != nil && *v
	})}, true
}

func drawProject(r *rapid.T, t, _ table) (drawnStep, bool) {
	places := drawColumns(r, t, 1)
	result := t.pick(places)
	set := settings{"columns": t.names(places)}
	if len(places) > 1 && rapid.Bool().Draw(r, "swap") {
		x, y := result.columns[0].name, result.columns[1].name
		set["rename"] = map[string]string{x: y, y: x}
		result.columns[0].name, result.columns[1].name = y, x
	}
	return drawnStep{kind: "project", settings: set, result: result}, true
}

func drawCompute(r *rapid.T, t, _ table) (drawnStep, bool) {
	p := drawColumn(r, t, whole, fraction)
	if p < 0 || t.find("x") >= 0 {
		return drawnStep{}, false
	}
	c := column{"x", t.columns[p].kind}
	set := settings{"rules": []any{settings{"type": "add_column", "name": "x", "expression": quotedName(t.columns[p].name) + " * 2 + 1"}}}
	return drawnStep{kind: "transform", settings: set, result: t.compute(c, func(row []any) any {
		switch v := row[p].(type) {
		case int64:
			return v*2 + 1
		case float64:
			return v*2 + 1
		}
		return nil
	})}, true
}

// drawSort sorts by all columns, so that there is one order.
func drawSort(r *rapid.T, t, _ table) (drawnStep, bool) {
	places := drawColumns(r, t, len(t.columns))
	descending := rapid.Bool().Draw(r, "descending")
	return drawnStep{kind: "sort", settings: settings{"columns": t.names(places), "ascending": !descending}, result: t.sort(places, descending)}, true
}

func drawLimit(r *rapid.T, t, _ table) (drawnStep, bool) {
	rows, offset := rapid.IntRange(0, 12).Draw(r, "rows"), rapid.IntRange(0, 3).Draw(r, "offset")
	return drawnStep{kind: "limit", settings: settings{"rows": rows, "offset": offset}, result: t.limit(rows, offset)}, t.ordered
}

func drawDeduplicate(r *rapid.T, t, _ table) (drawnStep, bool) {
	places := drawColumns(r, t, 1)
	if !t.ordered {
		places = indexes(t) // of equal rows any may stay
	}
	keep := rapid.SampledFrom([]string{"first", "last"}).Draw(r, "keep")
	return drawnStep{kind: "deduplicate", settings: settings{"columns": t.names(places), "keep": keep}, result: t.deduplicate(places, keep == "last")}, true
}

func drawAggregate(r *rapid.T, t, _ table) (drawnStep, bool) {
	groups := drawColumns(r, t, 0)
	groups = groups[:min(2, len(groups))]
	var functions []string
	var places []int
	var list []any
	for i := range rapid.IntRange(1, 3).Draw(r, "functions") {
		p := drawColumn(r, t)
		can := []string{"count", "count_distinct", "min", "max"}
		if t.columns[p].kind != words {
			can = append(can, "sum", "avg")
		}
		if t.ordered && len(groups) > 0 {
			can = append(can, "first", "last")
		}
		f := rapid.SampledFrom(can).Draw(r, "function")
		functions, places = append(functions, f), append(places, p)
		list = append(list, settings{"function": f, "column": t.columns[p].name, "alias": fmt.Sprintf("f%d", i)})
	}
	for _, g := range groups {
		if strings.HasPrefix(t.columns[g].name, "f") {
			return drawnStep{}, false
		}
	}
	return drawnStep{kind: "aggregate", settings: settings{"group_by": t.names(groups), "aggregations": list}, result: t.aggregate(groups, functions, places)}, true
}

func drawJoin(r *rapid.T, t, b table) (drawnStep, bool) {
	l := drawColumn(r, t)
	right := drawColumn(r, b, t.columns[l].kind)
	if right < 0 || len(t.rows) > 200 {
		return drawnStep{}, false
	}
	how := rapid.SampledFrom([]string{"inner", "left", "right", "full", "semi", "anti"}).Draw(r, "type")
	result := t.join(b, how, l, right)
	for i, c := range result.columns {
		if result.find(c.name) != i {
			return drawnStep{}, false // refused, and tested elsewhere
		}
	}
	set := settings{"join_type": how, "left_key": t.columns[l].name, "right_key": b.columns[right].name}
	return drawnStep{kind: "join", settings: set, takesB: true, result: result}, true
}

func drawUnion(_ *rapid.T, t, b table) (drawnStep, bool) {
	for _, c := range t.columns {
		if p := b.find(c.name); p >= 0 && b.columns[p].kind != c.kind {
			return drawnStep{}, false
		}
	}
	return drawnStep{kind: "union", settings: settings{}, takesB: true, result: t.union(b)}, true
}

func drawWindow(r *rapid.T, t, _ table) (drawnStep, bool) {
	if !t.ordered || t.find("w") >= 0 {
		return drawnStep{}, false
	}
	p, o, of := drawColumn(r, t), drawColumn(r, t), drawColumn(r, t, whole, fraction)
	can := []string{"row_number", "rank"}
	if of >= 0 {
		can = append(can, "lag", "sum", "max", "count")
	}
	f := settings{"function": rapid.SampledFrom(can).Draw(r, "function"), "alias": "w"}
	if name, _ := f["function"].(string); name != "row_number" && name != "rank" {
		f["column"] = t.columns[of].name
	}
	set := settings{"partition_by": t.names([]int{p}), "order_by": []any{settings{"column": t.columns[o].name}}, "functions": []any{f}}
	return drawnStep{kind: "window", settings: set, result: t.window(f["function"].(string), p, o, max(of, 0))}, true
}

func drawUnpivot(r *rapid.T, t, _ table) (drawnStep, bool) {
	p := drawColumn(r, t)
	var places []int
	for i, c := range t.columns {
		if c.kind == t.columns[p].kind {
			places = append(places, i)
		}
		if c.name == "name" || c.name == "value" {
			return drawnStep{}, false
		}
	}
	return drawnStep{kind: "unpivot", settings: settings{"columns": t.names(places)}, result: t.unpivot(places)}, true
}

// document returns the nodes of one form of the pipeline.
func (d drawnPipeline) document(form string, apart bool) string {
	var lines []string
	for _, t := range []struct {
		name  string
		table table
	}{{"a", d.a}, {"b", d.b}} {
		types := map[string]string{}
		for _, c := range t.table.columns {
			types[c.name] = string(c.kind)
		}
		lines = append(lines, fmt.Sprintf("%s-%s source_file %s", form, t.name, text(settings{"path": t.name + ".csv", "types": types})))
	}
	for i, s := range d.steps {
		lines = append(lines, fmt.Sprintf("%s%d %s %s", form, i, s.kind, text(s.settings)))
		if apart && i < len(d.steps)-1 {
			lines = append(lines, fmt.Sprintf("%s%d-out sink_file {\"path\":\"%[1]s%[2]d.parquet\"}", form, i))
		}
	}
	lines = append(lines, fmt.Sprintf("%s-out sink_file {\"path\":\"%[1]s.ndjson\"}", form), fmt.Sprintf("%s-rest sink_file {\"path\":\"%[1]s-b.parquet\"}", form))
	return strings.Join(lines, "\n")
}

// edges returns those of document.
func (d drawnPipeline) edges(form string, apart bool) string {
	var edges strings.Builder
	from := form + "-a"
	fmt.Fprintf(&edges, " %s-b>%[1]s-rest", form)
	for i, s := range d.steps {
		node := fmt.Sprintf("%s%d", form, i)
		fmt.Fprintf(&edges, " %s>%s", from, node)
		if s.takesB {
			fmt.Fprintf(&edges, " %s-b>%s", form, node)
		}
		if apart && i < len(d.steps)-1 {
			fmt.Fprintf(&edges, " %s>%[1]s-out", node)
		}
		from = node
	}
	return edges.String() + fmt.Sprintf(" %s>%s-out", from, form)
}

func text(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(b)
}

func (t table) csv() string {
	var b strings.Builder
	b.WriteString(strings.Join(t.names(indexes(t)), ",") + "\n")
	for _, r := range t.rows {
		for i, v := range r {
			if i > 0 {
				b.WriteByte(',')
			}
			if s, is := v.(string); is {
				v = `"` + strings.ReplaceAll(s, `"`, `""`) + `"`
			}
			if v != nil {
				fmt.Fprint(&b, v)
			}
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// lines tells a table row by row; without an order, in that of the lines.
func (t table) lines() []string {
	lines := []string{}
	for _, r := range t.rows {
		var cells []string
		for i, v := range r {
			cells = append(cells, t.columns[i].name+"="+fmt.Sprint(v))
		}
		lines = append(lines, strings.Join(cells, " "))
	}
	if !t.ordered {
		slices.Sort(lines)
	}
	return lines
}

// table reads back what a run has written, and tells it as like does.
func (w *world) table(name string, like table) []string {
	got := table{columns: like.columns, ordered: like.ordered}
	for line := range strings.Lines(w.read(name)) {
		cells := map[string]any{}
		decoder := json.NewDecoder(bytes.NewReader([]byte(line)))
		decoder.UseNumber()
		ok(w.t, decoder.Decode(&cells))
		var row []any
		for _, c := range like.columns {
			v := cells[c.name]
			if n, is := v.(json.Number); is {
				f, err := n.Float64()
				ok(w.t, err)
				if v = f; c.kind == whole {
					v = int64(f)
				}
			}
			row = append(row, v)
		}
		if len(cells) != len(like.columns) {
			row = append(row, cells)
		}
		got.rows = append(got.rows, row)
	}
	return got.lines()
}
