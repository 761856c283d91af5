package nodes

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/node"
	"github.com/broked/broked/internal/sqltext"
)

// sqlSpec computes rows by a SELECT that a person has written.
var sqlSpec = node.Spec{
	Kind: "sql", Title: "SQL", Icon: "sql", Category: node.Transform, MinInputs: 1, MaxInputs: -1,
	Summary: "Compute rows by one SELECT in DuckDB's SQL. The inputs are tables: each is called like the id of its node, and also input1, input2 and so on, in the order of the edges; input is the first.",
	Settings: node.Schema{Type: node.TypeObject, Fields: []node.Field{
		{Name: "query", Required: true, Schema: node.Schema{Type: node.TypeString, Title: "Query", MinLen: 1, Format: node.FormatSQL, Help: "One SELECT over the inputs. It reaches no files, no network and no settings. A placeholder such as ${param.month} is a value; it is never part of the statement."}},
	}},
	New: func(config json.RawMessage) (node.Node, error) {
		var settings struct {
			Query string `json:"query"`
		}
		if err := json.Unmarshal(config, &settings); err != nil {
			return nil, fault.Wrap(fault.Invalid, err, "the settings of the SQL node are not readable")
		}
		script, err := readScript(settings.Query)
		if err != nil {
			return nil, settingFault("query", "%s", err.Error())
		}
		return &statement{script: script}, nil
	},
}

// statement is one statement of a person's.
type statement struct {
	script  sqlText
	checked string // the statement that has been found harmless
}

// Select implements node.Relational.
func (s *statement) Select(ctx context.Context, env node.Env, in []node.Relation) (node.Relation, error) {
	text, err := s.script.bind(env.Values)
	if err != nil {
		return node.Relation{}, settingFault("query", "%s", err.Error())
	}
	tables := tableNames(in)
	if s.checked != text {
		if err := harmless(ctx, env.DB, text, tables); err != nil {
			return node.Relation{}, err
		}
		s.checked = text
	}
	rel, err := described(ctx, env, in, func(from []string) (string, []fault.Problem) {
		var with []string
		for name, i := range tables {
			with = append(with, sqltext.Ident(name)+" AS ("+from[i]+")")
		}
		slices.Sort(with)
		return "WITH " + strings.Join(with, ", ") + " SELECT * FROM (" + text + "\n)", nil
	})
	if fault.KindOf(err) == fault.Invalid {
		return rel, settingFault("query", "%s", strings.TrimPrefix(fault.MessageOf(err), "the data could not be processed: "))
	}
	return rel, err
}

// tableNames returns what the inputs are called, and which of them that is.
func tableNames(in []node.Relation) map[string]int {
	names := map[string]int{"input": 0}
	for i := range in {
		names[fmt.Sprintf("input%d", i+1)] = i
	}
	for i, rel := range in { // an id that is written like one of the above wins
		for name := range names {
			if folded(name) == folded(rel.Name) {
				delete(names, name)
			}
		}
		names[rel.Name] = i
	}
	return names
}

// harmless checks that text is one SELECT over certain tables. DuckDB reads
// it, because nobody else knows for certain what it would make of it. The database
// is shut in as well: this is there to say what is wrong in time.
func harmless(ctx context.Context, db node.DB, text string, tables map[string]int) error {
	table, err := db.Query(ctx, "SELECT CAST(json_serialize_sql("+sqltext.Text(text)+") AS VARCHAR)", 1)
	if err != nil {
		return err
	}
	serialised, _ := table.Rows[0][0].(string)
	var tree struct {
		Error      bool   `json:"error"`
		Type       string `json:"error_type"`
		Message    string `json:"error_message"`
		Statements []any  `json:"statements"`
	}
	if err := json.Unmarshal([]byte(serialised), &tree); err != nil {
		return fmt.Errorf("read the tree of a statement: %w", err)
	}
	switch {
	case tree.Error && tree.Type == "parser":
		return settingFault("query", "cannot be read: %s", tree.Message)
	case tree.Error:
		return settingFault("query", "must be a SELECT: a node computes rows and changes nothing else")
	case len(tree.Statements) != 1:
		return settingFault("query", "must be one SELECT, not %d", len(tree.Statements))
	}
	w := walk{tables: tables}
	w.names(tree.Statements)
	w.look(tree.Statements)
	if w.problem != "" {
		return settingFault("query", "%s", w.problem)
	}
	return nil
}

// walk looks at every part of a statement's tree.
type walk struct {
	tables  map[string]int
	with    []string // the names that the statement gives to parts of itself
	problem string
}

// harmlessTables are the functions that a statement may select from.
var harmlessTables = []string{"range", "generate_series", "unnest", "repeat", "repeat_row", "json_each", "json_tree", "unpivot"}

// secretive are functions that tell about the server or reach beyond the rows.
var secretive = []string{"getenv", "current_setting", "getvariable", "write_log", "nextval", "currval", "json_execute_serialized_sql"}

// names collects what WITH gives names to.
func (w *walk) names(tree any) {
	each(tree, func(part map[string]any) {
		if list, is := part["cte_map"].(map[string]any); is {
			each(list["map"], func(entry map[string]any) {
				if name, is := entry["key"].(string); is {
					w.with = append(w.with, folded(name))
				}
			})
		}
	})
}

// look remembers the first thing that a statement must not do.
func (w *walk) look(tree any) {
	each(tree, func(part map[string]any) {
		kind, _ := part["type"].(string)
		name, _ := part["table_name"].(string)
		schema, _ := part["schema_name"].(string)
		function, _ := part["function_name"].(string)
		call, _ := part["function"].(map[string]any)
		inner, _ := call["function_name"].(string)
		switch {
		case w.problem != "":
		case kind == "BASE_TABLE" && (schema != "" || !w.known(name)):
			w.problem = fmt.Sprintf("there is no table %q%s: the inputs are %s", name, fault.DidYouMean(name, w.list()), strings.Join(w.list(), ", "))
		case kind == "TABLE_FUNCTION" && !slices.Contains(harmlessTables, inner):
			w.problem = inner + " cannot be used: a statement reads its inputs and nothing else"
		case kind == "SHOW_REF":
			w.problem = "must be a SELECT over the inputs"
		case slices.Contains(secretive, function):
			w.problem = function + " cannot be used: a statement reads its inputs and nothing else"
		}
		if named, is := part["named_param_map"].([]any); is && len(named) > 0 && w.problem == "" {
			w.problem = "has a parameter in the way of SQL: a value of the run is written ${param.name}"
		}
	})
}

func (w *walk) known(name string) bool {
	if slices.Contains(w.with, folded(name)) {
		return true
	}
	return place(w.list(), name) >= 0
}

func (w *walk) list() []string {
	return slices.Sorted(maps.Keys(w.tables))
}

// each calls do with every object in a tree of JSON.
func each(tree any, do func(map[string]any)) {
	switch v := tree.(type) {
	case []any:
		for _, item := range v {
			each(item, do)
		}
	case map[string]any:
		do(v)
		for _, name := range slices.Sorted(maps.Keys(v)) {
			each(v[name], do)
		}
	}
}
