package nodes

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/node"
	"github.com/broked/broked/internal/sqltext"
)

// rule changes the columns or the rows of one input.
type rule interface {
	// check reads what the settings say and returns what is wrong whatever the
	// input is. Paths begin inside the rule.
	check() []fault.Problem
	// apply does the rule's work on q, or returns why it does not fit.
	apply(q *query) []fault.Problem
}

// ruleKind is a sort of rule: how it is set and what does it.
type ruleKind struct {
	node.Variant
	make func() rule
}

// ruled is a node that works by rules: one after the other on the same input.
type ruled struct {
	rules []rule
	// place puts paths inside rule i into those of the node's settings.
	place func(i int, problems []fault.Problem) []fault.Problem
	said  map[string]bool // what has been logged: Select may be called again in one run
	// trial is what was described last, and columns are what it yields.
	trial   string
	columns []node.Column
}

// oneRule completes the spec of a kind that is a rule by itself: it takes one
// input, and its settings are those of the rule, unless it has its own.
func oneRule(s node.Spec, k ruleKind) node.Spec {
	s.Category, s.MinInputs, s.MaxInputs = node.Transform, 1, 1
	if s.Settings.Type == "" {
		s.Settings = node.Schema{Type: node.TypeObject, Fields: k.Fields}
	}
	s.New = func(config json.RawMessage) (node.Node, error) {
		r := k.make()
		if err := json.Unmarshal(config, r); err != nil {
			return nil, fault.Wrap(fault.Invalid, err, "the settings of the %s are not readable", s.Kind)
		}
		if problems := r.check(); len(problems) > 0 {
			return nil, fault.Rejected("the settings cannot be right", problems)
		}
		whole := func(_ int, problems []fault.Problem) []fault.Problem { return problems }
		return &ruled{rules: []rule{r}, place: whole, said: make(map[string]bool)}, nil
	}
	return s
}

// Select implements node.Relational. The rules are first tried on a relation of
// no rows, which tells the exact types without a look at the data.
func (r *ruled) Select(ctx context.Context, env node.Env, in []node.Relation) (node.Relation, error) {
	rel := in[0]
	if len(r.rules) == 0 {
		rel.SameRows = true
		return rel, nil
	}
	trial, err := r.build(env, node.Relation{SQL: shape(rel.Columns), Columns: rel.Columns})
	if err != nil {
		return node.Relation{}, err
	}
	columns, err := r.described(ctx, env.DB, trial.sql())
	if err != nil {
		return node.Relation{}, fmt.Errorf("describe what the rules yield: %w", err)
	}
	q, err := r.build(env, rel)
	if err != nil {
		return node.Relation{}, err
	}
	loose := q
	if !q.asItCame && rel.Loose != "" {
		if loose, err = r.build(env, rel.AnyOrder()); err != nil {
			return node.Relation{}, err
		}
	}
	return q.relation(loose, rel, columns), nil
}

// described returns the columns of a statement that has no rows. The engine selects a
// node again when its input was kept meanwhile; the statement is then the same.
func (r *ruled) described(ctx context.Context, db node.DB, trial string) ([]node.Column, error) {
	if r.trial != trial {
		columns, err := db.Describe(ctx, trial)
		if err != nil {
			return nil, err
		}
		r.trial, r.columns = trial, columns
	}
	return slices.Clone(r.columns), nil
}

// relation returns what q yields of the rows in rel. Loose is the same query over
// them in any order, where that does not change what comes out.
func (q *query) relation(loose *query, rel node.Relation, columns []node.Column) node.Relation {
	if q.settled {
		q = loose
	}
	out := node.Relation{SQL: q.sql(), Columns: columns, SameRows: q.sameRows, Heavy: rel.Heavy || q.settled || q.numbered, Rows: -1}
	if loose.order = nil; loose.sql() != out.SQL {
		out.Loose = loose.sql()
	}
	if q.sameRows {
		out.Rows = rel.Rows
	}
	return out
}

// Explain implements node.Explainer.
func (r *ruled) Explain(ctx context.Context, env node.Env, in []node.Relation) (node.Finding, error) {
	q, err := r.build(env, in[0])
	if err != nil {
		return node.Finding{}, err
	}
	for _, risk := range q.risks {
		columns, err := env.DB.Describe(ctx, risk.from)
		if err != nil {
			return node.Finding{}, err
		}
		fails := "TRY(CASE WHEN (" + risk.sql + ") IS NULL THEN 0 ELSE 1 END) IS NULL"
		bad := strings.Join(append(slices.Clone(risk.where), fails), " AND ")
		look := inspection{DB: env.DB, env: env, rel: node.Relation{SQL: risk.from, Columns: columns}}
		what := "cannot be computed"
		if len(risk.columns) > 0 {
			what = `have a value that does not do, in "` + strings.Join(risk.columns, `" or "`) + `"`
		}
		broken, err := look.broken(ctx, bad, what)
		if err != nil {
			return node.Finding{}, err
		}
		if broken.message != "" {
			return node.Finding{Level: node.Error, Code: "bad_value", Message: broken.message, Path: risk.path, Rows: broken.rows}, nil
		}
	}
	return node.Finding{}, nil
}

// Numbers implements node.Numberer. Behind other rules the rows of the input are not
// those that are numbered.
func (r *ruled) Numbers() bool {
	if len(r.rules) == 0 {
		return false
	}
	_, is := r.rules[0].(*deduplicate)
	return is
}

// build applies the rules to a statement with certain columns.
func (r *ruled) build(env node.Env, rel node.Relation) (*query, error) {
	q := newQuery(rel)
	q.values, q.legacy = env.Values, env.Legacy
	q.log = func(level node.Level, format string, args ...any) {
		line := fmt.Sprintf(format, args...)
		if !r.said[line] {
			r.said[line] = true
			env.Log(level, "%s", line)
		}
	}
	for i, one := range r.rules {
		known := len(q.risks)
		if problems := r.place(i, one.apply(q)); len(problems) > 0 {
			return nil, fault.Rejected("the settings do not fit the rows that come in", problems)
		}
		for k := range q.risks[known:] {
			at := r.place(i, problem(q.risks[known+k].path, ""))
			q.risks[known+k].path = at[0].Path
		}
	}
	return q, nil
}

// shape returns a statement that yields columns of the same types.
func shape(columns []node.Column) string {
	parts := make([]string, len(columns))
	for i, c := range columns {
		value := "CAST(NULL AS " + c.Type + ")"
		if c.Type == `"NULL"` {
			value = "NULL"
		}
		parts[i] = value + " AS " + sqltext.Ident(c.Name)
	}
	return "SELECT " + strings.Join(parts, ", ")
}

func problem(path, format string, args ...any) []fault.Problem {
	return []fault.Problem{{Path: path, Message: fmt.Sprintf(format, args...)}}
}
