// Package pushdown composes one statement for another database of what nodes do with
// the rows of a query in it. It knows few things that can be done with rows, and of
// those only the cases in which the database does the very same as the engine's own;
// everything else it refuses.
package pushdown

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/broked/broked/internal/databases"
	"github.com/broked/broked/internal/expr"
)

// Table is rows that a database can compute: those of a query, or what was made of
// them. It does not change; each step returns another, and false when the database
// might do something else than the engine. A Table has no order but that of Order.
type Table struct {
	kind    databases.Kind
	source  databases.Query
	origins []databases.Described // columns of the source
	level   *level                // nil: the source itself
	columns []column
	used    map[string]use // columns of the source on whose values the result depends

	order   []Key
	unique  bool       // no two rows are equal in the columns of order
	ties    [][2]Table // tables that have as many rows as each other unless there are ties
	pending bool       // the order decides nothing yet, and ties would
	inOrder bool       // the source has an order, which has a say in what the rows are
}

// use is what depends on the values of a column of the source.
type use int

const (
	passed   use = iota
	compared     // its texts are told apart or ordered
)

// column is a column of a Table.
type column struct {
	databases.Described

	origin string // the column of the source that its values come from; empty when they are counted
}

// Key is a column by which rows are ordered, nulls last.
type Key struct {
	Column     string
	Descending bool
}

// Figure is a number about the rows of a group. Function is count, count_distinct, sum,
// min or max; count needs no column.
type Figure struct {
	Name, Function, Column string
}

// Source returns the rows of a query, of which these are the columns. Ordered says that
// the query has an order.
func Source(kind databases.Kind, q databases.Query, columns []databases.Described, ordered bool) Table {
	t := Table{kind: kind, source: q, origins: columns, inOrder: ordered, used: make(map[string]use)}
	for _, c := range columns {
		t.columns = append(t.columns, column{c, c.Name})
	}
	return t
}

// Columns returns the columns. The type of one is empty when its values decide.
func (t Table) Columns() []expr.Column {
	all := make([]expr.Column, len(t.columns))
	for i, c := range t.columns {
		all[i] = expr.Column{Name: c.Name, Type: c.Type}
	}
	return all
}

// Whole reports whether the rows are worth reading in place of those of the source, and
// are what the engine would make of these.
func (t Table) Whole() bool {
	return t.level != nil && !t.pending && !t.inOrder && !slices.ContainsFunc(t.columns, func(c column) bool { return c.Type == "" })
}

// Lands reports whether the rows may go into a table of the same database as they are:
// the engine would make the same of them, and write the same.
func (t Table) Lands() bool {
	return !t.pending && !t.inOrder && !slices.ContainsFunc(t.columns, func(c column) bool { return c.Type == "" || c.Type == text && !c.Compares })
}

// Filter keeps the rows for which a test is true.
func (t Table) Filter(test expr.Test) (Table, bool) {
	over := t.open().apart()
	if t.pending || !over.takes(test) {
		return t, false
	}
	over.level.where = append(slices.Clone(over.level.where), over.condition(test))
	return over, true
}

// takes reports whether the columns of a test are such that it may be made, and notes
// that they are used; it is for tables that are apart.
func (t Table) takes(test expr.Test) bool {
	for _, part := range test.Tests {
		if !t.takes(part) {
			return false
		}
	}
	if test.Column == "" {
		return true
	}
	c, is := t.find(test.Column)
	if test.Op == expr.Missing {
		return is && c.Type != "" && t.use(c, passed)
	}
	return is && c.Compares && t.use(c, passed) && t.knows(test.Values) && t.beside(test.Other)
}

// beside reports whether a column may stand beside another in a test.
func (t Table) beside(name string) bool {
	c, is := t.find(name)
	return name == "" || is && c.Compares && t.use(c, passed)
}

// knows reports whether constants mean in the database what they mean here.
func (t Table) knows(values []expr.Value) bool {
	return !slices.ContainsFunc(values, func(v expr.Value) bool {
		// SQLite knows fractions of two only, and texts in place of moments.
		return t.kind == databases.SQLite && (v.Kind == expr.Decimal || v.Kind == expr.Timestamp)
	})
}

// Select keeps the columns of these names in this order, and calls each by its new name.
func (t Table) Select(names, as []string) (Table, bool) {
	if t.pending {
		return t, false
	}
	t = t.open()
	picks, columns := make([]pick, len(names)), make([]column, len(names))
	for k, name := range names {
		i := t.index(name)
		if i < 0 {
			return t, false
		}
		picks[k], columns[k] = t.level.picks[i], t.columns[i]
		picks[k].name, columns[k].Name = as[k], as[k]
	}
	order := slices.Clone(t.order)
	for i, key := range order {
		k := slices.Index(names, key.Column)
		if k < 0 {
			return t, false // nothing would be left to order by
		}
		order[i].Column = as[k]
	}
	t.level.picks, t.columns, t.order = picks, columns, order
	return t, true
}

// Aggregate makes one row of each group of rows that are equal in the columns by, in
// their order.
func (t Table) Aggregate(by []string, figures []Figure) (Table, bool) {
	if t.pending {
		return t, false
	}
	t = t.apart()
	over := level{from: t.level, rows: unlimited, grouped: true}
	var columns []column
	var order []Key
	for _, name := range by {
		c, is := t.find(name)
		if !is || !c.Compares || !t.use(c, compared) {
			return t, false
		}
		columns, order = append(columns, c), append(order, Key{Column: name})
		over.picks = append(over.picks, pick{name: name, of: c.Described, key: true})
	}
	for _, f := range figures {
		c, p, is := t.figure(f)
		if !is {
			return t, false
		}
		columns, over.picks = append(columns, c), append(over.picks, p)
	}
	t.level, t.columns, t.order, t.unique, t.inOrder = &over, columns, order, true, false
	return t, true
}

// text is the DuckDB type of texts.
const text = "VARCHAR"

// summed returns the type that a sum of values of a type has in the engine.
func summed(typ string) string {
	if _, digits, is := strings.Cut(typ, "DECIMAL("); is {
		_, scale, _ := strings.Cut(digits, ",")
		return "DECIMAL(" + strconv.Itoa(databases.MostDigits) + "," + scale
	}
	if typ == "UBIGINT" {
		return "HUGEINT"
	}
	return "BIGINT"
}

func (t Table) figure(f Figure) (column, pick, bool) {
	whole := databases.Described{Name: f.Name, Type: "BIGINT", Compares: true}
	if f.Function == "count" {
		return column{whole, ""}, pick{name: f.Name, function: f.Function}, true
	}
	c, is := t.find(f.Column)
	p := pick{name: f.Name, function: f.Function, of: c.Described}
	if !is || !c.Compares {
		return c, p, false
	}
	switch f.Function {
	case "count_distinct":
		return column{whole, ""}, p, t.use(c, compared)
	case "sum":
		kind := expr.TypeOf(c.Type).Kind
		sum := databases.Described{Name: f.Name, Type: summed(c.Type), Compares: t.kind != databases.MySQL} // which goes on where ours fails
		return column{sum, c.origin}, p, (kind == expr.Integer || kind == expr.Decimal) && t.use(c, passed)
	case "min", "max":
		c.Name = f.Name
		return c, p, c.Type != "BOOLEAN" && t.use(c, compared)
	}
	return c, p, false
}

// Distinct keeps one of those rows that are equal.
func (t Table) Distinct() (Table, bool) {
	if t.pending || t.inOrder || len(t.order) > 0 {
		return t, false // the order would be that of the first of each
	}
	t = t.apart()
	over := level{from: t.level, rows: unlimited, grouped: true}
	for _, c := range t.columns {
		if !c.Compares || !t.use(c, compared) {
			return t, false
		}
		over.picks = append(over.picks, pick{name: c.Name, of: c.Described, key: true})
	}
	t.level = &over
	return t, true
}

// Sort orders the rows. Unless that leaves no ties it has to be followed by Limit.
func (t Table) Sort(keys []Key) (Table, bool) {
	if t.pending {
		return t, false
	}
	t = t.nest().apart()
	for _, key := range keys {
		if c, is := t.find(key.Column); !is || !c.Compares || !t.use(c, compared) {
			return t, false
		}
	}
	t.pending = !t.unique || slices.ContainsFunc(t.order, func(old Key) bool {
		return !slices.ContainsFunc(keys, func(k Key) bool { return k.Column == old.Column })
	})
	t.order, t.unique = keys, !t.pending
	return t, true
}

// mostKept is how many rows a limit may keep that is left to the database.
const mostKept = 100_000

// Limit keeps so many rows in the order that Sort has given them. Survey finds out
// whether the order alone decides which they are.
func (t Table) Limit(rows, offset int64) (Table, bool) {
	if len(t.order) == 0 || rows > mostRows || offset > mostRows || t.pending && rows+offset > mostKept {
		return t, false
	}
	if t.pending {
		t.ties = append(slices.Clone(t.ties), t.tie(rows+offset+1))
	}
	t = t.first(rows, offset)
	t.pending, t.unique, t.inOrder = false, true, false
	return t, true
}

// first returns the first rows in the order of t.
func (t Table) first(rows, offset int64) Table {
	t = t.nest()
	t.level.rows, t.level.offset = rows, offset
	for _, key := range t.order {
		c, _ := t.find(key.Column)
		t.level.order = append(t.level.order, sortKey{c.Described, key.Descending})
	}
	return t
}

// tie returns the first rows, and what is different among them in the columns that they
// are ordered by.
func (t Table) tie(rows int64) [2]Table {
	var keys []string
	for _, key := range t.order {
		if !slices.Contains(keys, key.Column) {
			keys = append(keys, key.Column)
		}
	}
	top := t.first(rows, 0)
	top.pending, top.inOrder, top.order = false, false, nil
	top, _ = top.Select(keys, keys)
	different, _ := top.Distinct()
	return [2]Table{top, different}
}

// mostRows is the greatest number behind a LIMIT.
const mostRows = 1 << 53

func (t Table) find(name string) (column, bool) {
	i := t.index(name)
	if i < 0 {
		return column{}, false
	}
	return t.columns[i], true
}

func (t Table) index(name string) int {
	return slices.IndexFunc(t.columns, func(c column) bool { return c.Name == name })
}

// apart returns t so that what is noted of columns is noted of it alone.
func (t Table) apart() Table {
	t.used = maps.Clone(t.used)
	return t
}

// use notes that the result depends on a column. It is for tables that are apart.
func (t Table) use(c column, how use) bool {
	if c.origin != "" {
		t.used[c.origin] = max(t.used[c.origin], how)
	}
	return true
}
