package pushdown

import (
	"strconv"
	"strings"

	"github.com/broked/broked/internal/databases"
	"github.com/broked/broked/internal/expr"
	"github.com/broked/broked/internal/sqltext"
)

// Statement returns the query of the rows, in their order.
func (t Table) Statement() databases.Query { return t.statement(unlimited) }

// Head returns the query of the first rows.
func (t Table) Head(rows int) databases.Query { return t.statement(int64(rows)) }

func (t Table) statement(rows int64) databases.Query {
	w := writer{kind: t.kind, source: t.source}
	if len(t.order) == 0 && rows == unlimited {
		w.level(t.level)
		return w.query()
	}
	w.text("SELECT * FROM (")
	w.level(t.level)
	w.text(") AS " + below)
	var order []sortKey
	for _, key := range t.order {
		c, _ := t.find(key.Column)
		order = append(order, sortKey{c.Described, key.Descending})
	}
	w.ordering(order)
	w.limit(rows, 0)
	return w.query()
}

// Survey is a query of one row of whole numbers.
type Survey struct {
	databases.Query

	members int
}

// Survey returns the query that counts the source and members, which have led to t, and
// looks whether t may be read in place of what the engine would compute.
func (t Table) Survey(members []Table) Survey {
	w := writer{kind: t.kind, source: t.source}
	w.text("SELECT " + below + ".*")
	for i, m := range members {
		if !m.flat() {
			w.counting(m, "m"+strconv.Itoa(i))
		}
	}
	for i, pair := range t.ties {
		w.counting(pair[0], "r"+strconv.Itoa(i))
		w.counting(pair[1], "d"+strconv.Itoa(i))
	}
	w.text(" FROM (SELECT count(*) AS " + w.name("n") + ", ")
	w.sound(t)
	w.text(" AS " + w.name("sound"))
	for i, m := range members {
		if m.flat() {
			w.text(", count(")
			w.flat(m)
			w.text(") AS " + w.name("m"+strconv.Itoa(i)))
		}
	}
	w.text(" FROM (")
	w.level(nil)
	w.text(") AS " + below + ") AS " + below)
	return Survey{w.query(), len(members)}
}

// Read returns the numbers of rows of the source and of members, from the values of the
// survey by name, and whether the statement may be read.
func (s Survey) Read(values map[string]int64) (counts []int64, sound bool) {
	counts = append(counts, values["n"])
	for i := range s.members {
		counts = append(counts, values["m"+strconv.Itoa(i)])
	}
	said, some := values["sound"]
	sound = !some || said == 1
	for i := 0; ; i++ {
		rows, there := values["r"+strconv.Itoa(i)]
		if !there {
			return counts, sound
		}
		sound = sound && rows == values["d"+strconv.Itoa(i)]
	}
}

// below is what the rows under a SELECT are called.
const below = "t"

// writer writes a statement from left to right, which is the order of parameters that
// have no numbers.
type writer struct {
	kind   databases.Kind
	source databases.Query
	out    strings.Builder
	params []any
}

func (w *writer) text(s string) { w.out.WriteString(s) }

// leading is what stands before part i of several.
func leading(i int, first, next string) string {
	if i == 0 {
		return first
	}
	return next
}

func (w *writer) query() databases.Query {
	q := databases.Query{Text: w.out.String(), Params: w.params}
	if w.kind != databases.MySQL { // the parameters of the source are numbered, and stand once
		q.Params = append(append([]any{}, w.source.Params...), w.params...)
	}
	return q
}

func (w *writer) name(name string) string {
	if w.kind == databases.MySQL {
		return "`" + strings.ReplaceAll(name, "`", "``") + "`"
	}
	return sqltext.Ident(name)
}

func (w *writer) column(c databases.Described) string { return below + "." + w.name(c.Name) }

// bytes is a column whose texts are compared byte by byte; others are themselves.
func (w *writer) bytes(c databases.Described) string {
	name := w.column(c)
	switch {
	case c.Type != text:
		return name
	case w.kind == databases.MySQL:
		return "CAST(CONVERT(" + name + " USING utf8mb4) AS BINARY)"
	case w.kind == databases.SQLite:
		return name + " COLLATE BINARY"
	}
	return name + ` COLLATE "C"`
}

// texts is what was made of bytes as texts again.
func (w *writer) texts(c databases.Described, sql string) string {
	if c.Type == text && w.kind == databases.MySQL {
		return "CONVERT(" + sql + " USING utf8mb4)"
	}
	return sql
}

func (w *writer) level(l *level) {
	if l == nil {
		w.text(w.source.Text)
		if w.kind == databases.MySQL {
			w.params = append(w.params, w.source.Params...)
		}
		return
	}
	w.text("SELECT ")
	var keys []string
	for i, p := range l.picks {
		w.text(leading(i, "", ", "))
		sql := w.pick(p)
		w.text(sql + " AS " + w.name(p.name))
		if p.key {
			keys = append(keys, w.bytes(p.of))
		}
	}
	w.text(" FROM (")
	w.level(l.from)
	w.text(") AS " + below)
	for i, c := range l.where {
		w.text(leading(i, " WHERE ", " AND "))
		w.condition(c)
	}
	if l.grouped && len(keys) > 0 {
		w.text(" GROUP BY " + strings.Join(keys, ", "))
	}
	w.ordering(l.order)
	w.limit(l.rows, l.offset)
}

func (w *writer) pick(p pick) string {
	switch {
	case p.key:
		return w.texts(p.of, w.bytes(p.of))
	case p.function == "":
		return w.column(p.of)
	case p.function == "count":
		return "count(*)"
	case p.function == "count_distinct":
		return "count(DISTINCT " + w.bytes(p.of) + ")"
	case p.function == "sum" && w.kind == databases.Postgres:
		return "CAST(sum(" + w.column(p.of) + ") AS " + summed(p.of.Type) + ")" // which fails on what is too great
	}
	return w.texts(p.of, p.function+"("+w.bytes(p.of)+")")
}

func (w *writer) ordering(keys []sortKey) {
	for i, key := range keys {
		w.text(leading(i, " ORDER BY ", ", "))
		direction := ""
		if key.descending {
			direction = " DESC"
		}
		if w.kind == databases.MySQL {
			w.text(w.column(key.of) + " IS NULL, " + w.bytes(key.of) + direction)
			continue
		}
		w.text(w.bytes(key.of) + direction + " NULLS LAST")
	}
}

func (w *writer) limit(rows, offset int64) {
	if rows == unlimited {
		return
	}
	w.text(" LIMIT " + strconv.FormatInt(rows, 10))
	if offset > 0 {
		w.text(" OFFSET " + strconv.FormatInt(offset, 10))
	}
}

// counting writes one more column with the number of rows of a table.
func (w *writer) counting(t Table, name string) {
	w.text(", (SELECT count(*) FROM (")
	w.level(t.level)
	w.text(") AS " + below + ") AS " + w.name(name))
}

// flat writes what has a value for each row of the source that is one of t.
func (w *writer) flat(t Table) {
	if t.level == nil || len(t.level.where) == 0 {
		w.text("*")
		return
	}
	w.text("CASE WHEN ")
	for i, c := range t.level.where {
		w.text(leading(i, "", " AND "))
		w.condition(c)
	}
	w.text(" THEN 1 END")
}

// mostCompared is how many characters of a text MySQL is sure to look at when it sorts
// and groups.
const mostCompared = 200

// sound writes what is 0 when a value on which t depends is not of its type, and 1 or
// null otherwise.
func (w *writer) sound(t Table) {
	var all []string
	for _, c := range t.needed() {
		name := w.column(c)
		if c.Holds != "" {
			all = append(all, "("+strings.ReplaceAll(c.Holds, "%s", name)+")")
		}
		if w.kind == databases.MySQL && c.Type == text && t.used[c.Name] == compared {
			all = append(all, "("+name+" IS NULL OR CHAR_LENGTH("+name+") <= "+strconv.Itoa(mostCompared)+")")
		}
	}
	if len(all) == 0 {
		w.text("1")
		return
	}
	w.text("min(CASE WHEN " + strings.Join(all, " AND ") + " THEN 1 ELSE 0 END)")
}

func (w *writer) condition(c condition) {
	switch c.Op {
	case expr.All:
		w.joined(c.parts, " AND ")
	case expr.Any:
		w.joined(c.parts, " OR ")
	case expr.Not:
		w.text("(NOT ")
		w.condition(c.parts[0])
		w.text(")")
	case expr.Missing:
		w.text("(" + w.column(c.of) + " IS NULL)")
	case expr.Holds:
		w.text("(" + w.column(c.of))
		if w.kind == databases.SQLite {
			w.text(" <> 0")
		}
		w.text(")")
	case expr.Compare:
		w.comparison(c)
	case expr.Among:
		w.text("(" + w.side(c, c.of) + " IN (")
		for i, v := range c.Values {
			w.text(leading(i, "", ", "))
			w.value(v, c.of.Type)
		}
		w.text("))")
	}
}

func (w *writer) joined(parts []condition, by string) {
	w.text("(")
	for i, part := range parts {
		w.text(leading(i, "", by))
		w.condition(part)
	}
	w.text(")")
}

func (w *writer) comparison(c condition) {
	w.text("(" + w.side(c, c.of) + " " + c.Operator + " ")
	if c.Other != "" {
		w.text(w.bytes(c.other))
	} else {
		w.value(c.Values[0], c.of.Type)
	}
	w.text(")")
}

// side is a column that something is compared with. An index on it is of use only where
// it stands by itself.
func (w *writer) side(c condition, of databases.Described) string {
	if of.Bytewise && c.Other == "" && (c.Operator == "" || c.Operator == "=" || c.Operator == "<>") {
		return w.column(of)
	}
	return w.bytes(of)
}

// value writes a constant. Texts are bound; the others have no character that means
// anything.
func (w *writer) value(v expr.Value, column string) {
	lite := w.kind == databases.SQLite
	switch {
	case v.Kind == expr.Text:
		w.bound(v.Text)
	case v.Kind == expr.Date && lite:
		w.text(sqltext.Text(v.Text))
	case v.Kind == expr.Date:
		w.text("DATE " + sqltext.Text(v.Text))
	case v.Kind == expr.Timestamp && w.kind == databases.Postgres && column == zoned:
		w.text("TIMESTAMP WITH TIME ZONE " + sqltext.Text(v.Text+"+00"))
	case v.Kind == expr.Timestamp:
		w.text("TIMESTAMP " + sqltext.Text(v.Text))
	case v.Kind == expr.Boolean && lite:
		w.text(map[bool]string{true: "1", false: "0"}[v.Text == "true"])
	default:
		w.text(v.Text)
	}
}

// bound writes a text that is bound.
func (w *writer) bound(text string) {
	w.params = append(w.params, text)
	switch number := strconv.Itoa(len(w.source.Params) + len(w.params)); w.kind {
	case databases.MySQL:
		w.text("CAST(CONVERT(? USING utf8mb4) AS BINARY)")
	case databases.SQLite:
		w.text("?" + number)
	default:
		w.text("CAST($" + number + " AS text)")
	}
}

const zoned = "TIMESTAMP WITH TIME ZONE"
