package nodes

import (
	"slices"
	"strings"

	"github.com/broked/broked/internal/expr"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/node"
	"github.com/broked/broked/internal/sqltext"
)

// query is a SELECT that rules add to. As long as a rule's columns come straight
// from below, it joins the same SELECT; otherwise the SELECT becomes a subquery.
// Columns are always written with the alias of what is below, because a bare
// name could mean a column of the result.
type query struct {
	from     string // a statement
	columns  []queryColumn
	where    []string
	qualify  string
	order    []string
	sameRows bool
	asItCame bool // the order of the input has had a say in what the result is
	settled  bool // the result has an order of its own
	numbered bool // rows have been counted

	input node.Relation
	risks []risk // what may fail on a row

	values func(name string) (string, bool)
	legacy bool // the document has no ir_version
	log    func(level node.Level, format string, args ...any)
}

// risk is an expression that may fail on a row, over a statement.
type risk struct {
	path    string // of the setting that it comes from
	columns []string
	sql     string
	from    string
	where   []string
}

// risky remembers that an expression over the columns below may fail.
func (q *query) risky(path string, columns []string, sql string) {
	q.risks = append(q.risks, risk{path: path, columns: columns, sql: sql, from: q.from, where: slices.Clone(q.where)})
}

// queryColumn is a column of the result.
type queryColumn struct {
	name, typ string
	sql       string // what it is, over the statement below
	plain     bool   // sql is a column and nothing more
}

const below = "i"

func newQuery(rel node.Relation) *query {
	q := &query{from: rel.SQL, sameRows: true, input: rel}
	for _, c := range rel.Columns {
		q.columns = append(q.columns, plainColumn(c.Name, c.Type))
	}
	return q
}

func plainColumn(name, typ string) queryColumn {
	return queryColumn{name: name, typ: typ, sql: below + "." + sqltext.Ident(name), plain: true}
}

// sql returns the statement.
func (q *query) sql() string {
	return q.selecting("") + clause(" QUALIFY ", q.qualify) + clause(" ORDER BY ", strings.Join(q.order, ", "))
}

// selecting returns the statement with a further column, and without what comes
// behind WHERE.
func (q *query) selecting(further string) string {
	parts := make([]string, len(q.columns))
	for i, c := range q.columns {
		parts[i] = c.sql + " AS " + sqltext.Ident(c.name)
	}
	return "SELECT " + strings.Join(parts, ", ") + further + " FROM (" + q.from + ") AS " + below +
		clause(" WHERE ", strings.Join(q.where, " AND "))
}

func clause(word, rest string) string {
	if rest == "" {
		return ""
	}
	return word + rest
}

// nest makes the statement a subquery, so that its columns are plain.
func (q *query) nest() { q.over(q.sql()) }

// over starts a new SELECT with the same columns over a statement.
func (q *query) over(sql string) {
	q.from, q.where, q.qualify, q.order = sql, nil, "", nil
	for i, c := range q.columns {
		q.columns[i] = plainColumn(c.name, c.typ)
	}
}

// number makes the statement a subquery with a further column that counts the
// rows in their order, and returns how that is written.
func (q *query) number() string {
	q.asItCame, q.numbered = q.asItCame || len(q.order) == 0, true
	if q.qualify != "" {
		q.nest()
	}
	name := q.free("row")
	q.over(q.selecting(", row_number() OVER (" + clause("ORDER BY ", strings.Join(q.order, ", ")) + ") AS " + sqltext.Ident(name)))
	return below + "." + sqltext.Ident(name)
}

// numbers starts anew over the input's own numbers, and returns how they are written;
// false when there are none, or the statement is not just the input any more.
func (q *query) numbers() (string, bool) {
	if q.input.Numbered == nil || q.sql() != newQuery(q.input).sql() {
		return "", false
	}
	q.asItCame, q.numbered = true, true
	name := q.free("row")
	q.over(q.input.Numbered(name))
	return below + "." + sqltext.Ident(name), true
}

// free returns a name that the result does not have.
func (q *query) free(name string) string {
	for q.has(name) {
		name += "_"
	}
	return name
}

// has reports whether the result has a column of this name. The database does
// not tell upper and lower case of A to Z apart.
func (q *query) has(name string) bool { return q.index(name) >= 0 }

func (q *query) index(name string) int {
	for i, c := range q.columns {
		if folded(c.name) == folded(name) {
			return i
		}
	}
	return -1
}

func folded(name string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, name)
}

// find returns the place of the column that a setting names.
func (q *query) find(path, name string) (int, []fault.Problem) {
	column, err := expr.Find(q.inputs(), name)
	if err != nil {
		return -1, problem(path, "%s", fault.MessageOf(err))
	}
	for i, c := range q.columns {
		if c.name == column.Name {
			return i, nil
		}
	}
	return -1, nil
}

// findAll is find for a list of names.
func (q *query) findAll(path string, names []string) ([]int, []fault.Problem) {
	var places []int
	var problems []fault.Problem
	for i, name := range names {
		place, missing := q.find(entry(path, i), name)
		places, problems = append(places, place), append(problems, missing...)
	}
	return places, problems
}

func (q *query) inputs() []expr.Column {
	columns := make([]expr.Column, len(q.columns))
	for i, c := range q.columns {
		columns[i] = expr.Column{Name: c.name, Type: c.typ, SQL: c.sql}
	}
	return columns
}

// compiler is one of the ways to compile an expression.
type compiler func(columns []expr.Column, values func(string) (string, bool)) (expr.Compiled, error)

// compile compiles an expression over the columns of the result, and logs what
// it has to say.
func (q *query) compile(path string, as compiler) (expr.Compiled, []fault.Problem) {
	compiled, err := as(q.inputs(), q.values)
	if err == nil && !q.allPlain(compiled.Columns) {
		q.nest()
		compiled, err = as(q.inputs(), q.values)
	}
	if err != nil {
		return compiled, problem(path, "%s", fault.MessageOf(err))
	}
	q.risky(path, compiled.Columns, compiled.SQL)
	for _, note := range compiled.Notes {
		q.log(node.Info, "%s", note)
	}
	return compiled, nil
}

func (q *query) allPlain(names []string) bool {
	for _, name := range names {
		if i := q.index(name); i >= 0 && !q.columns[i].plain {
			return false
		}
	}
	return true
}

// plain returns how column i is written, after nesting if it is computed here.
func (q *query) plain(i int) string {
	if !q.columns[i].plain {
		q.nest()
	}
	return q.columns[i].sql
}

// plainAll is plain for several columns.
func (q *query) plainAll(places []int) []string {
	sqls := make([]string, len(places))
	for range 2 { // the second time none of them is computed any more
		for k, i := range places {
			sqls[k] = q.plain(i)
		}
	}
	return sqls
}

// set makes column i what sql says, of type typ.
func (q *query) set(i int, sql, typ string) {
	q.columns[i].sql, q.columns[i].typ, q.columns[i].plain = sql, typ, false
}

// tolerate reports whether something missing is passed over, as in Brokoli, and
// says so in the log.
func (q *query) tolerate(problems []fault.Problem) bool {
	if !q.legacy {
		return false
	}
	for _, p := range problems {
		q.log(node.Warning, "%s", p.Message)
	}
	return true
}
