package nodes

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/broked/broked/internal/expr"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/node"
	"github.com/broked/broked/internal/sqltext"
)

// unionSpec puts the rows of several inputs one below the other.
var unionSpec = node.Spec{
	Kind: "union", Title: "Union", Icon: "union", Category: node.Transform, MinInputs: 1, MaxInputs: -1, Merges: true,
	Summary: "Put the rows of several inputs one below the other, in the order of the edges.",
	Settings: node.Schema{Type: node.TypeObject, Fields: []node.Field{
		{Name: "match", Schema: node.Schema{Type: node.TypeString, Title: "Match columns by", Default: matchName, Enum: []string{matchName, matchPosition}, Help: "By name, columns that an input lacks are null for its rows. By position, every input has as many columns as the first, which names them."}},
		{Name: "missing", Schema: node.Schema{Type: node.TypeString, Title: "Missing columns", Default: missingNull, Enum: []string{missingNull, missingError}, Help: "By name: whether a column that an input lacks is null, or fails the run."}},
		{Name: "distinct", Schema: node.Schema{Type: node.TypeBoolean, Title: "Without duplicates", Default: false, Help: "Keep one row of those that are equal in all columns, in any order."}},
	}},
	New: func(config json.RawMessage) (node.Node, error) {
		u := &union{}
		if err := json.Unmarshal(config, u); err != nil {
			return nil, fault.Wrap(fault.Invalid, err, "the settings of the union are not readable")
		}
		if u.Match == matchPosition && u.Missing != "" {
			return nil, settingFault("missing", "is for columns that are matched by name")
		}
		return u, nil
	},
}

// The values of match and missing.
const (
	matchName     = "name"
	matchPosition = "position"
	missingNull   = "null"
	missingError  = "error"
)

type union struct {
	Match    string `json:"match"`
	Missing  string `json:"missing"`
	Distinct bool   `json:"distinct"`
}

// Select implements node.Relational.
func (u *union) Select(ctx context.Context, env node.Env, in []node.Relation) (node.Relation, error) {
	return described(ctx, env, in, func(from []string) (string, []fault.Problem) {
		rows, problems := u.rows(in)
		if len(problems) > 0 {
			return "", problems
		}
		selects := make([]string, len(in))
		for i := range in {
			selects[i] = "SELECT " + strings.Join(rows.of[i], ", ") + " FROM (" + from[i] + ") AS i"
		}
		sql := strings.Join(selects, " UNION ALL ")
		if u.Distinct {
			sql = "SELECT DISTINCT * FROM (" + sql + ")"
		}
		return sql, nil
	})
}

// stack is what the inputs select so that their rows fit on one another.
type stack struct {
	names []string
	of    [][]string // by input, then by column
}

func (u *union) rows(in []node.Relation) (stack, []fault.Problem) {
	s, problems := u.names(in)
	if len(problems) > 0 {
		return s, problems
	}
	s.of = make([][]string, len(in))
	for k, name := range s.names {
		columns := make([]expr.Column, len(in))
		for i, rel := range in {
			columns[i] = u.columnOf(rel, k, name)
		}
		fitted, _, err := expr.Fit(columns)
		if err != nil {
			problems = append(problems, problem("match", "the inputs differ in the column %q: %s", name, fault.MessageOf(err))...)
			continue
		}
		for i := range in {
			s.of[i] = append(s.of[i], fitted[i]+" AS "+sqltext.Ident(name))
		}
	}
	return s, problems
}

// names returns those of the result's columns.
func (u *union) names(in []node.Relation) (stack, []fault.Problem) {
	s := stack{names: in[0].Names()}
	var problems []fault.Problem
	for i, rel := range in[1:] {
		if u.Match == matchPosition {
			if len(rel.Columns) != len(s.names) {
				problems = append(problems, problem("match", "input %d has %d columns and the first has %d", i+2, len(rel.Columns), len(s.names))...)
			}
			continue
		}
		for _, name := range rel.Names() {
			if place(s.names, name) < 0 {
				s.names = append(s.names, name)
			}
		}
	}
	if u.Missing == missingError {
		for i, rel := range in {
			for _, name := range s.names {
				if place(rel.Names(), name) < 0 {
					problems = append(problems, problem("missing", "input %d has no column %q", i+1, name)...)
				}
			}
		}
	}
	return s, problems
}

// columnOf returns what an input has for column k of the result.
func (u *union) columnOf(rel node.Relation, k int, name string) expr.Column {
	if u.Match != matchPosition {
		k = place(rel.Names(), name)
	}
	if k < 0 {
		return expr.Column{Name: name, Type: `"NULL"`, SQL: "NULL"}
	}
	return sideOf(rel, "i")[k]
}

// place returns where in names the database finds name, or -1.
func place(names []string, name string) int {
	for i, n := range names {
		if folded(n) == folded(name) {
			return i
		}
	}
	return -1
}

// described returns the relation that build makes of inputs. It is first made of
// inputs without rows, which tells the exact types without a look at the data.
func described(ctx context.Context, env node.Env, in []node.Relation, build func(from []string) (string, []fault.Problem)) (node.Relation, error) {
	shapes, from := make([]string, len(in)), make([]string, len(in))
	for i, rel := range in {
		shapes[i], from[i] = shape(rel.Columns), rel.SQL
	}
	trial, problems := build(shapes)
	if len(problems) > 0 {
		return node.Relation{}, fault.Rejected("the settings do not fit the rows that come in", problems)
	}
	columns, err := env.DB.Describe(ctx, trial)
	if err != nil {
		return node.Relation{}, fmt.Errorf("describe what comes out: %w", err)
	}
	sql, _ := build(from)
	heavy := slices.ContainsFunc(in, func(rel node.Relation) bool { return rel.Heavy })
	return node.Relation{SQL: sql, Columns: columns, Heavy: heavy, Rows: -1}, nil
}
