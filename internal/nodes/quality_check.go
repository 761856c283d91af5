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

// qualityCheckSpec looks whether the rows are as they should be.
var qualityCheckSpec = node.Spec{
	Kind: "quality_check", Title: "Quality check", Icon: "checklist", Category: node.Quality, MinInputs: 1, MaxInputs: 1,
	Summary: "Check the rows by rules before they go on. A rule that is broken fails the run or warns, and shows how many rows broke it and the first of them.",
	Settings: node.Schema{Type: node.TypeObject, Fields: []node.Field{
		{Name: "rules", Schema: checksSetting("Rules", "Every rule is checked, whatever the others find.", false)},
		{Name: "checks", Schema: checksSetting("Rules, by their other name", "Another name of rules.", true)},
		{Name: "on_failure", Schema: onFailure(warn, "Of rules that do not say themselves.")},
	}},
	New: newQualityCheck,
}

// The values of on_failure.
const (
	block = "block"
	warn  = "warn"
)

func onFailure(byDefault any, help string) node.Schema {
	return node.Schema{Type: node.TypeString, Title: "When it is broken", Default: byDefault, Enum: []string{block, warn}, Help: help}
}

func checksSetting(title, help string, old bool) node.Schema {
	variants := make([]node.Variant, len(checkKinds))
	for i, k := range checkKinds {
		variants[i] = k.Variant
	}
	return node.Schema{Type: node.TypeArray, Title: title, Help: help, Old: old, Items: &node.Schema{Type: node.TypeObject, Tag: "rule", Variants: variants}}
}

type qualityCheck struct {
	Rules     []*check `json:"rules"`
	Checks    []*check `json:"checks"`
	OnFailure string   `json:"on_failure"`
	setting   string   // the one of the two that is used
}

func newQualityCheck(config json.RawMessage) (node.Node, error) {
	q := &qualityCheck{setting: "rules"}
	if err := json.Unmarshal(config, q); err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "the settings of the quality check are not readable")
	}
	switch {
	case len(q.Rules) > 0 && len(q.Checks) > 0:
		return nil, settingFault("checks", "means the same as rules: use one of them")
	case len(q.Checks) > 0:
		q.Rules, q.setting = q.Checks, "checks"
	case len(q.Rules) == 0:
		return nil, settingFault("rules", "needs at least 1 entry")
	}
	var problems []fault.Problem
	for i, c := range q.Rules {
		if c.OnFailure == "" {
			c.OnFailure = q.OnFailure
		}
		for _, p := range c.check() {
			problems = append(problems, fault.Problem{Path: entry(q.setting, i) + "." + p.Path, Message: p.Message})
		}
	}
	if len(problems) > 0 {
		return nil, fault.Rejected("the rules cannot be right", problems)
	}
	return q, nil
}

// Select implements node.Relational: the rows go on as they are.
func (*qualityCheck) Select(_ context.Context, _ node.Env, in []node.Relation) (node.Relation, error) {
	rel := in[0]
	rel.SameRows = true
	return rel, nil
}

// Inspect implements node.Inspector.
func (q *qualityCheck) Inspect(ctx context.Context, env node.Env, in []node.Relation) (node.Verdict, error) {
	look := inspection{DB: env.DB, env: env, rel: in[0], columns: sideOf(in[0], below)}
	var verdict node.Verdict
	var blocking []fault.Problem
	for i, c := range q.Rules {
		path := entry(q.setting, i)
		broken, err := c.look(ctx, look)
		if err != nil {
			return verdict, c.at(path, err)
		}
		if broken.message == "" {
			continue
		}
		finding := node.Finding{Level: node.Warning, Code: node.CodeChecks, Path: path, Message: c.title() + ": " + broken.message, Rows: broken.rows}
		if c.OnFailure == block {
			finding.Level = node.Error
			blocking = append(blocking, fault.Problem{Path: path, Message: finding.Message})
		}
		verdict.Findings = append(verdict.Findings, finding)
	}
	if len(blocking) == 0 {
		return verdict, nil
	}
	words := fault.New(fault.Invalid, "%s", blocking[0].Message).With(node.CodeChecks)
	if more := len(blocking) - 1; more > 0 {
		words.Msg += fmt.Sprintf(" (and %d more)", more)
	}
	words.Problems = blocking
	return verdict, words
}

// shownRows is how many broken rows are shown, and namedRows how many are named.
const (
	shownRows = 10
	namedRows = 5
)

// breach is how a rule was broken; without a message it was not.
type breach struct {
	message string
	rows    node.Relation
}

// broken returns what there is to say about the rows that bad is true for.
func (l inspection) broken(ctx context.Context, bad, what string) (breach, error) {
	table, err := l.Query(ctx, fmt.Sprintf("SELECT count(*), (SELECT count(*) FROM (%[1]s)) FROM (%[1]s) AS %[2]s WHERE %[3]s", l.rel.SQL, below, bad), 1)
	if err != nil {
		return breach{}, err
	}
	broken, _ := table.Rows[0][0].(int64)
	total, _ := table.Rows[0][1].(int64)
	return l.rows(ctx, broken, total, bad, what)
}

// rows tells which rows are broken: how many of all, the numbers of the first, and
// a relation that shows them. Rows count from 1, in the order in which they came.
func (l inspection) rows(ctx context.Context, broken, total int64, bad, what string) (breach, error) {
	if broken == 0 {
		return breach{}, nil
	}
	name := "row"
	for place(l.rel.Names(), name) >= 0 {
		name += "_"
	}
	sql := fmt.Sprintf("SELECT * FROM (SELECT row_number() OVER () AS %s, * FROM (%s)) AS %s WHERE %s ORDER BY %[1]s LIMIT %[5]d",
		sqltext.Ident(name), l.rel.SQL, below, bad, shownRows)
	table, err := l.Query(ctx, "SELECT "+sqltext.Ident(name)+" FROM ("+sql+")", namedRows)
	if err != nil {
		return breach{}, err
	}
	var numbers []string
	for _, r := range table.Rows {
		numbers = append(numbers, fmt.Sprint(r[0]))
	}
	which := "row " + strings.Join(numbers, ", ")
	if len(numbers) > 1 {
		which = "rows" + strings.TrimPrefix(which, "row")
	}
	if broken > int64(len(numbers)) {
		which = "first " + which
	}
	return breach{
		message: fmt.Sprintf("%d of %d rows %s: %s", broken, total, what, which),
		rows:    node.Relation{SQL: sql, Columns: append([]node.Column{{Name: name, Type: "BIGINT"}}, slices.Clone(l.rel.Columns)...), Rows: -1},
	}, nil
}
