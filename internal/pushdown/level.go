package pushdown

import (
	"slices"

	"github.com/broked/broked/internal/databases"
	"github.com/broked/broked/internal/expr"
)

// level is one SELECT over another, or over the query of the source.
type level struct {
	from         *level // nil: the source
	picks        []pick
	where        []condition
	grouped      bool // by those picks that are keys
	order        []sortKey
	rows, offset int64
}

// unlimited is how many rows a level has that has no LIMIT.
const unlimited = -1

// pick is a column of a level, and what it is of the one below.
type pick struct {
	name     string
	function string // empty: the column itself
	of       databases.Described
	key      bool
}

type sortKey struct {
	of         databases.Described
	descending bool
}

// condition is a test over the columns below a level.
type condition struct {
	expr.Test

	parts     []condition
	of, other databases.Described
}

// nest returns the same rows by a SELECT of their own.
func (t Table) nest() Table {
	over := level{from: t.level, rows: unlimited}
	for _, c := range t.columns {
		over.picks = append(over.picks, pick{name: c.Name, of: c.Described})
	}
	t.level = &over
	return t
}

// open returns the same rows by a SELECT that takes further conditions, and may be
// written to.
func (t Table) open() Table {
	if t.level == nil || t.level.grouped || t.level.rows != unlimited {
		return t.nest()
	}
	own := *t.level
	t.level = &own
	return t
}

// condition returns a test of columns of t over those below its level.
func (t Table) condition(test expr.Test) condition {
	c := condition{Test: test}
	for _, part := range test.Tests {
		c.parts = append(c.parts, t.condition(part))
	}
	if i := t.index(test.Column); i >= 0 {
		c.of = t.level.picks[i].of
	}
	if i := t.index(test.Other); i >= 0 {
		c.other = t.level.picks[i].of
	}
	return c
}

// flat reports whether the rows are those of the source for which conditions hold.
func (t Table) flat() bool {
	return t.level == nil || t.level.from == nil && !t.level.grouped && t.level.rows == unlimited
}

// needed returns the columns of the source on which the result depends, in its order.
func (t Table) needed() []databases.Described {
	var all []databases.Described
	for _, c := range t.origins {
		_, used := t.used[c.Name]
		if used || slices.ContainsFunc(t.columns, func(own column) bool { return own.origin == c.Name }) {
			all = append(all, c)
		}
	}
	return all
}

// Typed returns for each column of a table that has led to t whether its values are of its
// type when the survey of t is sound.
func (t Table) Typed(earlier Table) []bool {
	needed := t.needed()
	typed := make([]bool, len(earlier.columns))
	for i, c := range earlier.columns {
		typed[i] = c.Type != "" && (c.Holds == "" || slices.ContainsFunc(needed, func(n databases.Described) bool { return n.Name == c.origin }))
	}
	return typed
}
