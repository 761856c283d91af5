package engine_test

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// The types here are a second, naive implementation of the relational kinds: a
// table is a slice of rows and everything is a loop. Property tests hold the
// engine against it.

type kind string

const (
	whole    kind = "integer"
	fraction kind = "number"
	words    kind = "text"
)

type column struct {
	name string
	kind kind
}

// table has cells that are nil, int64, float64 or string.
type table struct {
	columns []column
	rows    [][]any
	// ordered says that the rows have one order, by which first and last go.
	ordered bool
}

func (t table) find(name string) int {
	return slices.IndexFunc(t.columns, func(c column) bool { return c.name == name })
}

func (t table) with(columns []column, rows [][]any) table {
	return table{columns: columns, rows: rows, ordered: t.ordered}
}

func number(v any) float64 {
	if n, is := v.(int64); is {
		return float64(n)
	}
	return v.(float64)
}

// compare puts nulls last.
func compare(a, b any) int {
	switch {
	case a == nil || b == nil:
		return cmp.Compare(btoi(a == nil), btoi(b == nil))
	default:
		if s, is := a.(string); is {
			return strings.Compare(s, b.(string))
		}
		return cmp.Compare(number(a), number(b))
	}
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

func (t table) filter(keep func(row []any) bool) table {
	var rows [][]any
	for _, r := range t.rows {
		if keep(r) {
			rows = append(rows, r)
		}
	}
	return t.with(t.columns, rows)
}

func (t table) pick(places []int) table {
	var columns []column
	for _, p := range places {
		columns = append(columns, t.columns[p])
	}
	rows := make([][]any, len(t.rows))
	for i, r := range t.rows {
		for _, p := range places {
			rows[i] = append(rows[i], r[p])
		}
	}
	return t.with(columns, rows)
}

func (t table) compute(c column, value func(row []any) any) table {
	rows := make([][]any, len(t.rows))
	for i, r := range t.rows {
		rows[i] = append(slices.Clone(r), value(r))
	}
	return t.with(append(slices.Clone(t.columns), c), rows)
}

// sort is by the places given, and then by all, so that there is one order.
func (t table) sort(places []int, descending bool) table {
	rows := slices.Clone(t.rows)
	slices.SortStableFunc(rows, func(a, b []any) int {
		for _, p := range places {
			c := compare(a[p], b[p])
			if descending && a[p] != nil && b[p] != nil {
				c = -c
			}
			if c != 0 {
				return c
			}
		}
		return 0
	})
	sorted := t.with(t.columns, rows)
	sorted.ordered = true
	return sorted
}

func (t table) limit(rows, offset int) table {
	from := min(offset, len(t.rows))
	return t.with(t.columns, t.rows[from:min(from+rows, len(t.rows))])
}

func key(row []any, places []int) string {
	var b strings.Builder
	for _, p := range places {
		fmt.Fprintf(&b, "%T %[1]v|", row[p])
	}
	return b.String()
}

func (t table) deduplicate(places []int, last bool) table {
	kept := make(map[string]int)
	for i, r := range t.rows {
		if _, there := kept[key(r, places)]; !there || last {
			kept[key(r, places)] = i
		}
	}
	i := -1
	return t.filter(func(r []any) bool { i++; return kept[key(r, places)] == i })
}

// figure is one aggregate of the rows of a group.
func (t table) figure(function string, rows [][]any, p int) any { //nolint:ireturn // a cell is anything
	var values []any
	seen := map[string]bool{}
	for _, r := range rows {
		if r[p] != nil {
			values = append(values, r[p])
			seen[fmt.Sprint(r[p])] = true
		}
	}
	switch function {
	case "count":
		return int64(len(rows))
	case "count_distinct":
		return int64(len(seen))
	case "first":
		return rows[0][p]
	case "last":
		return rows[len(rows)-1][p]
	}
	if len(values) == 0 {
		return nil
	}
	switch function {
	case "min":
		return slices.MinFunc(values, compare)
	case "max":
		return slices.MaxFunc(values, compare)
	}
	sum := 0.0
	for _, v := range values {
		sum += number(v)
	}
	switch {
	case function == "avg":
		return sum / float64(len(values))
	case t.columns[p].kind == whole:
		return int64(sum)
	}
	return sum
}

func kindOf(function string, of kind) kind {
	switch function {
	case "count", "count_distinct", "row_number", "rank":
		return whole
	case "avg":
		return fraction
	}
	return of
}

func (t table) aggregate(groups []int, functions []string, places []int) table {
	grouped := map[string][][]any{}
	var order []string
	for _, r := range t.rows {
		k := key(r, groups)
		if grouped[k] == nil {
			order = append(order, k)
		}
		grouped[k] = append(grouped[k], r)
	}
	if len(groups) == 0 && len(order) == 0 {
		order = []string{""}
	}
	result := table{ordered: true}
	for _, g := range groups {
		result.columns = append(result.columns, t.columns[g])
	}
	for i, f := range functions {
		result.columns = append(result.columns, column{fmt.Sprintf("f%d", i), kindOf(f, t.columns[places[i]].kind)})
	}
	for _, k := range order {
		var row []any
		for _, g := range groups {
			row = append(row, grouped[k][0][g])
		}
		for i, f := range functions {
			row = append(row, t.figure(f, grouped[k], places[i]))
		}
		result.rows = append(result.rows, row)
	}
	var all []int
	for i := range groups {
		all = append(all, i)
	}
	return result.sort(all, false)
}

func equal(a, b any) bool { return a != nil && b != nil && compare(a, b) == 0 }

// join matches the columns l and r, which share their kind.
func (t table) join(other table, how string, l, r int) table {
	shares := t.columns[l].name == other.columns[r].name
	var right []int
	for i := range other.columns {
		if i != r || !shares {
			right = append(right, i)
		}
	}
	result := table{columns: slices.Clone(t.columns)}
	alone := how == "semi" || how == "anti"
	prefix := ""
	for _, i := range right {
		if t.find(other.columns[i].name) >= 0 {
			prefix = "right_"
		}
	}
	for _, i := range right {
		if !alone {
			result.columns = append(result.columns, column{prefix + other.columns[i].name, other.columns[i].kind})
		}
	}
	matched := make([]bool, len(other.rows))
	for _, a := range t.rows {
		partners := 0
		for k, b := range other.rows {
			if !equal(a[l], b[r]) {
				continue
			}
			partners++
			matched[k] = true
			if !alone {
				result.rows = append(result.rows, append(slices.Clone(a), at(b, right)...))
			}
		}
		switch {
		case how == "semi" && partners > 0, how == "anti" && partners == 0:
			result.rows = append(result.rows, a)
		case partners == 0 && (how == "left" || how == "full"):
			result.rows = append(result.rows, append(slices.Clone(a), make([]any, len(right))...))
		}
	}
	for k, b := range other.rows {
		if !matched[k] && (how == "right" || how == "full") {
			row := make([]any, len(t.columns))
			if shares {
				row[l] = b[r]
			}
			result.rows = append(result.rows, slices.Concat(row, at(b, right)))
		}
	}
	return result
}

func at(row []any, places []int) []any {
	var cells []any
	for _, p := range places {
		cells = append(cells, row[p])
	}
	return cells
}

// union is by name; columns of one name share their kind.
func (t table) union(other table) table {
	result := table{columns: slices.Clone(t.columns), ordered: t.ordered && other.ordered}
	for _, c := range other.columns {
		if t.find(c.name) < 0 {
			result.columns = append(result.columns, c)
		}
	}
	for _, from := range []table{t, other} {
		for _, r := range from.rows {
			row := make([]any, len(result.columns))
			for i, c := range result.columns {
				if p := from.find(c.name); p >= 0 {
					row[i] = r[p]
				}
			}
			result.rows = append(result.rows, row)
		}
	}
	return result
}

// window adds a function over the rows of equal p, in the order of o and then of
// the rows.
func (t table) window(function string, p, o, of int) table {
	value := func(i int) any {
		var before [][]any
		peers := 0
		for k, r := range t.rows {
			if key(r, []int{p}) != key(t.rows[i], []int{p}) {
				continue
			}
			c := compare(r[o], t.rows[i][o])
			if c < 0 {
				peers++
			}
			if c < 0 || c == 0 && k <= i {
				before = append(before, append(slices.Clone(r), int64(k)))
			}
		}
		slices.SortStableFunc(before, func(a, b []any) int {
			return cmp.Or(compare(a[o], b[o]), compare(a[len(a)-1], b[len(b)-1]))
		})
		switch function {
		case "row_number":
			return int64(len(before))
		case "rank":
			return int64(peers + 1)
		case "lag":
			if len(before) < 2 {
				return nil
			}
			return before[len(before)-2][of]
		}
		return t.figure(function, before, of)
	}
	i := -1
	return t.compute(column{"w", kindOf(function, t.columns[of].kind)}, func([]any) any { i++; return value(i) })
}

// unpivot makes rows of columns of one kind.
func (t table) unpivot(places []int) table {
	var rest []int
	for i := range t.columns {
		if !slices.Contains(places, i) {
			rest = append(rest, i)
		}
	}
	kept := t.pick(rest)
	result := t.with(append(kept.columns, column{"name", words}, column{"value", t.columns[places[0]].kind}), nil)
	for i, r := range t.rows {
		for _, p := range places {
			if r[p] != nil {
				result.rows = append(result.rows, append(slices.Clone(kept.rows[i]), t.columns[p].name, r[p]))
			}
		}
	}
	return result
}
