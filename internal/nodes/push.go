package nodes

import (
	"maps"
	"slices"

	"github.com/broked/broked/internal/expr"
	"github.com/broked/broked/internal/node"
	"github.com/broked/broked/internal/pushdown"
)

// pusher is a rule that a database may follow.
type pusher interface {
	// push is apply for rows in a database; false when it cannot follow the rule, or
	// apply would find something wrong.
	push(env node.Env, t pushdown.Table) (pushdown.Table, bool)
}

// Push implements node.Pusher.
func (r *ruled) Push(env node.Env, in pushdown.Table) (pushdown.Table, bool) {
	for _, one := range r.rules {
		p, is := one.(pusher)
		if !is {
			return in, false
		}
		if in, is = p.push(env, in); !is {
			return in, false
		}
	}
	return in, true
}

func (f *filterRows) push(env node.Env, t pushdown.Table) (pushdown.Table, bool) {
	test, is := f.expr.Plain(t.Columns(), env.Values)
	if !is {
		return t, false
	}
	return t.Filter(test)
}

// exactly returns the names of columns as they are written in t.
func exactly(t pushdown.Table, names []string) ([]string, bool) {
	all := make([]string, len(names))
	for i, name := range names {
		c, err := expr.Find(t.Columns(), name)
		if err != nil {
			return nil, false
		}
		all[i] = c.Name
	}
	return all, true
}

func namesOf(t pushdown.Table) []string {
	var all []string
	for _, c := range t.Columns() {
		all = append(all, c.Name)
	}
	return all
}

// renamedIn keeps columns of t and gives those new names that have one.
func renamedIn(t pushdown.Table, names []string, mapping map[string]string) (pushdown.Table, bool) {
	as := slices.Clone(names)
	for _, from := range slices.Sorted(maps.Keys(mapping)) {
		exact, is := exactly(t, []string{from})
		if !is {
			return t, false
		}
		i := slices.Index(names, exact[0])
		if i < 0 {
			return t, false
		}
		as[i] = mapping[from]
	}
	return t.Select(names, as)
}

func (p *project) push(_ node.Env, t pushdown.Table) (pushdown.Table, bool) {
	names, is := namesOf(t), len(p.Expressions) == 0
	if len(p.Columns) > 0 && is {
		names, is = exactly(t, p.Columns)
	}
	if !is {
		return t, false
	}
	return renamedIn(t, names, p.Rename)
}

func (r *renameColumns) push(_ node.Env, t pushdown.Table) (pushdown.Table, bool) {
	return renamedIn(t, namesOf(t), r.Mapping)
}

func (d *dropColumns) push(_ node.Env, t pushdown.Table) (pushdown.Table, bool) {
	dropped, is := exactly(t, d.Columns)
	names := slices.DeleteFunc(namesOf(t), func(name string) bool { return slices.Contains(dropped, name) })
	if !is || len(names) == 0 {
		return t, false
	}
	return t.Select(names, names)
}

func (s *selectColumns) push(_ node.Env, t pushdown.Table) (pushdown.Table, bool) {
	names, is := exactly(t, s.Columns)
	if !is {
		return t, false
	}
	return t.Select(names, names)
}

func (a *aggregate) push(_ node.Env, t pushdown.Table) (pushdown.Table, bool) {
	by, is := exactly(t, a.GroupBy)
	if !is {
		return t, false
	}
	figures := make([]pushdown.Figure, len(a.Aggregations))
	for i, f := range a.Aggregations {
		figures[i] = pushdown.Figure{Name: f.name(), Function: f.Function}
		if f.everyRow() {
			continue
		}
		column, is := exactly(t, []string{f.Column})
		if !is {
			return t, false
		}
		figures[i].Column = column[0]
	}
	return t.Aggregate(by, figures)
}

func (s *sortRows) push(env node.Env, t pushdown.Table) (pushdown.Table, bool) {
	var keys []pushdown.Key
	sorting, _ := s.keys(env.Legacy)
	for _, k := range sorting {
		column, is := exactly(t, []string{k.Column})
		if !is {
			return t, false
		}
		keys = append(keys, pushdown.Key{Column: column[0], Descending: k.Ascending != nil && !*k.Ascending})
	}
	return t.Sort(keys)
}

func (l *limit) push(_ node.Env, t pushdown.Table) (pushdown.Table, bool) {
	return t.Limit(l.Rows, l.Offset)
}

// push leaves to the database which of equal rows stays, where they are equal in all.
func (d *deduplicate) push(_ node.Env, t pushdown.Table) (pushdown.Table, bool) {
	if len(d.Columns) > 0 {
		return t, false
	}
	return t.Distinct()
}
