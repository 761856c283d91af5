package nodes

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/broked/broked/internal/expr"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/node"
	"github.com/broked/broked/internal/sqltext"
)

// joinSpec puts the rows of two inputs side by side.
var joinSpec = node.Spec{
	Kind: "join", Title: "Join", Icon: "join", Category: node.Transform, MinInputs: 2, MaxInputs: 2,
	Summary: "Put rows of two inputs side by side where their keys are equal. The first edge brings the left input, the second the right one.",
	Settings: node.Schema{Type: node.TypeObject, Fields: []node.Field{
		{Name: "join_type", Schema: node.Schema{Type: node.TypeString, Title: "Join type", Default: "inner", Enum: slices.Concat(joinTypes, joinAliases()), Help: "inner: rows with a partner. left, right, full: also those without one, of the left, the right, or both inputs. semi and anti: rows of the left input alone, those with and those without a partner."}},
		{Name: "left_key", Schema: node.Schema{Type: node.TypeString, Title: "Left key", Format: node.FormatColumn, Help: "A column of the left input. Keys are equal by their types; null is equal to nothing."}},
		{Name: "right_key", Schema: node.Schema{Type: node.TypeString, Title: "Right key", Format: node.FormatColumn, Help: "A column of the right input. Left out, it is called like the left one."}},
		{Name: "keys", Schema: node.Schema{Type: node.TypeArray, Title: "Keys", Help: "In place of left_key and right_key: several pairs, all of which must be equal.", Items: &node.Schema{Type: node.TypeObject, Fields: []node.Field{
			{Name: "left", Required: true, Schema: node.Schema{Type: node.TypeString, Title: "Left", MinLen: 1, Format: node.FormatColumn}},
			{Name: "right", Schema: node.Schema{Type: node.TypeString, Title: "Right", Format: node.FormatColumn, Help: "Left out, it is called like the left one."}},
		}}}},
		{Name: "collision_policy", Schema: node.Schema{Type: node.TypeString, Title: "Equal column names", Default: collidePrefix, Enum: []string{collidePrefix, collideError, collideAlias}, Help: "When another column than a shared key has its name on both sides: every column of the right input gets the prefix right_, or the run fails, or they get right_alias and an underscore as their prefix."}},
		{Name: "right_alias", Schema: node.Schema{Type: node.TypeString, Title: "Alias of the right input", Help: "Such as customer, which makes customer_name. For the policy alias."}},
	}},
	New: newJoin,
}

var joinTypes = []string{"inner", "left", "right", "full", "semi", "anti"}

// joinNames are other words for types of joins.
var joinNames = map[string]string{"": "inner", "outer": "full", "full_outer": "full", "left_outer": "left", "right_outer": "right"}

func joinAliases() []string { return []string{"outer", "full_outer", "left_outer", "right_outer"} }

// The values of collision_policy.
const (
	collidePrefix = "prefix"
	collideError  = "error"
	collideAlias  = "alias"
)

type join struct {
	JoinType        string      `json:"join_type"`
	LeftKey         string      `json:"left_key"`
	RightKey        string      `json:"right_key"`
	Keys            []joinKey   `json:"keys"`
	CollisionPolicy string      `json:"collision_policy"`
	RightAlias      string      `json:"right_alias"`
	places          [][2]string // where in the settings the sides of every key are
}

type joinKey struct {
	Left  string `json:"left"`
	Right string `json:"right"`
}

func newJoin(config json.RawMessage) (node.Node, error) {
	j := &join{}
	if err := json.Unmarshal(config, j); err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "the settings of the join are not readable")
	}
	if name, other := joinNames[j.JoinType]; other {
		j.JoinType = name
	}
	if j.CollisionPolicy == "" {
		j.CollisionPolicy = collidePrefix
		if j.RightAlias != "" {
			j.CollisionPolicy = collideAlias
		}
	}
	if problems := j.check(); len(problems) > 0 {
		return nil, fault.Rejected("the settings of the join cannot be right", problems)
	}
	for i := range j.Keys {
		j.places = append(j.places, [2]string{entry("keys", i) + ".left", entry("keys", i) + ".right"})
	}
	if len(j.Keys) == 0 {
		j.Keys, j.places = []joinKey{{j.LeftKey, j.RightKey}}, [][2]string{{"left_key", "right_key"}}
	}
	for i := range j.Keys {
		if k := &j.Keys[i]; k.Right == "" {
			k.Right = k.Left
		}
	}
	return j, nil
}

func (j *join) check() []fault.Problem {
	var problems []fault.Problem
	switch {
	case len(j.Keys) > 0 && j.LeftKey+j.RightKey != "":
		problems = problem("keys", "stand in place of left_key and right_key: use one of the two")
	case len(j.Keys) == 0 && j.LeftKey == "":
		problems = problem("left_key", "is missing")
	}
	switch {
	case j.CollisionPolicy == collideAlias && j.RightAlias == "":
		problems = append(problems, problem("right_alias", "is missing: the policy alias needs it")...)
	case j.CollisionPolicy != collideAlias && j.RightAlias != "":
		problems = append(problems, problem("right_alias", "is for the policy alias")...)
	}
	return problems
}

// Select implements node.Relational.
func (j *join) Select(ctx context.Context, env node.Env, in []node.Relation) (node.Relation, error) {
	in = []node.Relation{in[0].AnyOrder(), in[1].AnyOrder()}
	return described(ctx, env, in, func(from []string) (string, []fault.Problem) {
		left, right := sideOf(in[0], "l"), sideOf(in[1], "r")
		on, pairs, problems := j.match(left, right)
		if len(problems) > 0 {
			return "", problems
		}
		columns, problems := j.columns(left, right, pairs)
		if len(problems) > 0 {
			return "", problems
		}
		parts := make([]string, len(columns))
		for i, c := range columns {
			parts[i] = c.SQL + " AS " + sqltext.Ident(c.Name)
		}
		return "SELECT " + strings.Join(parts, ", ") + " FROM (" + from[0] + ") AS l " + strings.ToUpper(j.JoinType) +
			" JOIN (" + from[1] + ") AS r ON " + strings.Join(on, " AND "), nil
	})
}

// sideOf returns the columns of an input, as they are written under an alias.
func sideOf(rel node.Relation, alias string) []expr.Column {
	columns := make([]expr.Column, len(rel.Columns))
	for i, c := range rel.Columns {
		columns[i] = expr.Column{Name: c.Name, Type: c.Type, SQL: alias + "." + sqltext.Ident(c.Name)}
	}
	return columns
}

// match returns the tests of the keys, and the pairs of columns that they are.
func (j *join) match(left, right []expr.Column) (on []string, pairs [][2]expr.Column, problems []fault.Problem) {
	for i, k := range j.Keys {
		l, err := expr.Find(left, k.Left)
		if err != nil {
			problems = append(problems, problem(j.places[i][0], "left input: %s", fault.MessageOf(err))...)
		}
		r, rightErr := expr.Find(right, k.Right)
		if rightErr != nil {
			problems = append(problems, problem(j.places[i][1], "right input: %s", fault.MessageOf(rightErr))...)
		}
		if err != nil || rightErr != nil {
			continue
		}
		test, err := expr.Equal(l, r)
		if err != nil {
			problems = append(problems, problem(j.places[i][0], "%q and %q do not match: %s", l.Name, r.Name, fault.MessageOf(err))...)
		}
		on, pairs = append(on, test), append(pairs, [2]expr.Column{l, r})
	}
	return on, pairs, problems
}

// columns returns those of the result. A key that is called alike on both sides
// is there once.
func (j *join) columns(left, right []expr.Column, pairs [][2]expr.Column) ([]expr.Column, []fault.Problem) {
	if j.JoinType == "semi" || j.JoinType == "anti" {
		return left, nil
	}
	result := slices.Clone(left)
	for _, p := range pairs {
		if folded(p[0].Name) != folded(p[1].Name) {
			continue
		}
		right = slices.DeleteFunc(slices.Clone(right), func(c expr.Column) bool { return c.Name == p[1].Name })
		if j.JoinType != "right" && j.JoinType != "full" {
			continue
		}
		both, _, err := expr.Fit(p[:])
		if err != nil {
			return nil, problem("left_key", "%s", fault.MessageOf(err))
		}
		i := slices.IndexFunc(left, func(c expr.Column) bool { return c.Name == p[0].Name })
		result[i].SQL = "coalesce(" + strings.Join(both, ", ") + ")"
	}
	right, problems := j.named(left, right)
	return append(result, right...), problems
}

// named gives the right columns other names if one of them is there on the left.
func (j *join) named(left, right []expr.Column) ([]expr.Column, []fault.Problem) {
	twice := shared(left, right)
	if len(twice) == 0 {
		return right, nil
	}
	prefix := "right_"
	switch j.CollisionPolicy {
	case collideError:
		return nil, problem("collision_policy", "both inputs have the columns %s: rename them, or choose another policy", strings.Join(twice, ", "))
	case collideAlias:
		prefix = j.RightAlias + "_"
	}
	right = slices.Clone(right)
	for i := range right {
		right[i].Name = prefix + right[i].Name
	}
	if twice = shared(left, right); len(twice) > 0 {
		return nil, problem("collision_policy", "there would be two columns %s, with the prefix %q too: rename them before the join", strings.Join(twice, ", "), prefix)
	}
	return right, nil
}

// shared returns the names that columns of both lists have.
func shared(left, right []expr.Column) []string {
	var names []string
	for _, r := range right {
		if slices.ContainsFunc(left, func(l expr.Column) bool { return folded(l.Name) == folded(r.Name) }) {
			names = append(names, r.Name)
		}
	}
	return names
}
