package nodes

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/node"
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

// ruleKinds is every sort of rule, in the order in which they are offered.
func ruleKinds() []ruleKind {
	return append([]ruleKind{filterRule, sortRule, deduplicateRule, aggregateRule, expressionRule}, columnRules()...)
}

func ruleVariants() []node.Variant {
	kinds := ruleKinds()
	variants := make([]node.Variant, len(kinds))
	for i, k := range kinds {
		variants[i] = k.Variant
	}
	return variants
}

func newTransform(config json.RawMessage) (node.Node, error) {
	var settings struct {
		Rules []json.RawMessage `json:"rules"`
	}
	if err := json.Unmarshal(config, &settings); err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "the settings of the transform are not readable")
	}
	t := &ruled{place: inRule, said: make(map[string]bool)}
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
