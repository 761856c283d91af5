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

// transformSpec changes columns and rows by a list of rules.
var transformSpec = node.Spec{
	Kind:      "transform",
	Title:     "Transform",
	Summary:   "Rename, compute, filter, sort, deduplicate and aggregate, rule after rule.",
	Category:  node.Transform,
	Icon:      "wand",
	MinInputs: 1,
	MaxInputs: 1,
	Settings: node.Schema{Type: node.TypeObject, Fields: []node.Field{
		{Name: "rules", Schema: node.Schema{
			Type: node.TypeArray, Title: "Rules", Default: []any{},
			Help:  "Each rule takes the rows that the one before it leaves. Without rules the rows pass unchanged.",
			Items: &node.Schema{Type: node.TypeObject, Tag: "type", Variants: ruleVariants()},
		}},
	}},
	New: newTransform,
}

// rule is one entry of the list.
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

// ruleKinds is every sort of rule, in the order in which they are offered.
func ruleKinds() []ruleKind { return slices.Concat(rowRules(), columnRules()) }

func ruleVariants() []node.Variant {
	kinds := ruleKinds()
	variants := make([]node.Variant, len(kinds))
	for i, k := range kinds {
		variants[i] = k.Variant
	}
	return variants
}

type transform struct {
	rules []rule
	said  map[string]bool // what has been logged: Select may be called again in one run
}

func newTransform(config json.RawMessage) (node.Node, error) {
	var settings struct {
		Rules []json.RawMessage `json:"rules"`
	}
	if err := json.Unmarshal(config, &settings); err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "the settings of the transform are not readable")
	}
	t := &transform{said: make(map[string]bool)}
	var problems []fault.Problem
	for i, raw := range settings.Rules {
		r, err := newRule(raw)
		if err != nil {
			return nil, err
		}
		problems = append(problems, inRule(i, r.check())...)
		t.rules = append(t.rules, r)
	}
	if len(problems) > 0 {
		return nil, fault.Rejected("the rules cannot be right", problems)
	}
	return t, nil
}

func newRule(raw json.RawMessage) (rule, error) {
	var tag struct {
		Type string `json:"type"`
	}
	if err := json.Unmarshal(raw, &tag); err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "a rule is not readable")
	}
	for _, k := range ruleKinds() {
		if tag.Type == k.Tag || slices.Contains(k.Aliases, tag.Type) {
			r := k.make()
			if err := json.Unmarshal(raw, r); err != nil {
				return nil, fault.Wrap(fault.Invalid, err, "the rule %s is not readable", k.Tag)
			}
			return r, nil
		}
	}
	return nil, fault.New(fault.Invalid, "there is no rule %q", tag.Type)
}

// inRule puts paths inside rule i into those of the node's settings.
func inRule(i int, problems []fault.Problem) []fault.Problem {
	for k := range problems {
		problems[k].Path = strings.TrimSuffix(fmt.Sprintf("rules[%d].%s", i, problems[k].Path), ".")
	}
	return problems
}

// Select implements node.Relational. The rules are first tried on a relation of
// no rows, which tells the exact types without a look at the data.
func (t *transform) Select(ctx context.Context, env node.Env, in []node.Relation) (node.Relation, error) {
	rel := in[0]
	if len(t.rules) == 0 {
		rel.SameRows = true
		return rel, nil
	}
	trial, err := t.build(env, shape(rel.Columns), rel.Columns)
	if err != nil {
		return node.Relation{}, err
	}
	columns, err := env.DB.Describe(ctx, trial.sql())
	if err != nil {
		return node.Relation{}, fmt.Errorf("describe what the rules yield: %w", err)
	}
	q, err := t.build(env, rel.SQL, rel.Columns)
	if err != nil {
		return node.Relation{}, err
	}
	out := node.Relation{SQL: q.sql(), Columns: columns, SameRows: q.sameRows, Rows: -1}
	if q.sameRows {
		out.Rows = rel.Rows
	}
	return out, nil
}

// build applies the rules to a statement with certain columns.
func (t *transform) build(env node.Env, sql string, columns []node.Column) (*query, error) {
	q := newQuery(sql, columns)
	q.values, q.legacy = env.Values, env.Legacy
	q.log = func(level node.Level, format string, args ...any) {
		line := fmt.Sprintf(format, args...)
		if !t.said[line] {
			t.said[line] = true
			env.Log(level, "%s", line)
		}
	}
	for i, r := range t.rules {
		if problems := inRule(i, r.apply(q)); len(problems) > 0 {
			return nil, fault.Rejected("the rules do not fit the rows that come in", problems)
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
