package nodes

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/node"
)

// drawSetting draws a value that mostly fits a schema, and sometimes anything.
func drawSetting(t *rapid.T, s node.Schema, depth int) any { //nolint:ireturn // JSON has no narrower type
	if depth <= 0 || rapid.IntRange(0, 30).Draw(t, "odd") == 0 {
		return rapid.SampledFrom([]any{nil, true, -1.0, 1e300, 0.5, "", "\x00", []any{}, map[string]any{}, []any{nil}, map[string]any{"": ""}}).Draw(t, "anything")
	}
	switch s.Type {
	case node.TypeString:
		return drawText(t, s)
	case node.TypeInteger:
		return float64(rapid.IntRange(0, 4).Draw(t, "n"))
	case node.TypeNumber:
		return rapid.Float64Range(0, 100).Draw(t, "x")
	case node.TypeBoolean:
		return rapid.Bool().Draw(t, "b")
	case node.TypeArray:
		list := []any{}
		for range rapid.IntRange(1, 3).Draw(t, "length") {
			list = append(list, drawSetting(t, *s.Items, depth-1))
		}
		return list
	case node.TypeObject:
		return drawObject(t, s, depth)
	}
	return rapid.SampledFrom([]any{1.0, "1", "2024-01-01", "x", true}).Draw(t, "value")
}

func drawObject(t *rapid.T, s node.Schema, depth int) map[string]any {
	fields, o := s.Fields, map[string]any{}
	if len(s.Variants) > 0 {
		v := rapid.SampledFrom(s.Variants).Draw(t, "variant")
		fields, o[s.Tag] = v.Fields, v.Tag
	}
	for _, f := range fields {
		if f.Required || rapid.IntRange(0, 2).Draw(t, "left out") == 0 {
			o[f.Name] = drawSetting(t, f.Schema, depth-1)
		}
	}
	if s.Values != nil {
		o[drawText(t, node.Schema{Format: node.FormatColumn})] = drawSetting(t, *s.Values, depth-1)
	}
	return o
}

func drawText(t *rapid.T, s node.Schema) string {
	if len(s.Enum) > 0 {
		return rapid.SampledFrom(s.Enum).Draw(t, "choice")
	}
	hostile := []string{`'`, `"`, `x'; DROP TABLE t; --`, `--`, `/*`, `$1`, `${param.country}`, "\n", "i", "row", "é", "%s"}
	switch s.Format {
	case node.FormatColumn:
		return rapid.SampledFrom(append(hostile, "id", "name", "country", "zip", "amount", "day", "price", "flag", "ID", "id", "name", "amount")).Draw(t, "column")
	case node.FormatExpression:
		return rapid.SampledFrom([]string{"amount > 1", "id + 1", "upper(name)", "row_count > 2", `max("day") > '2024-01-01'`, "price * amount", "name + zip", "country in (DE)", "nix", "1 +", "null", "${param.country}"}).Draw(t, "expression")
	case node.FormatSQL:
		return rapid.SampledFrom([]string{"SELECT * FROM input", "SELECT id, count(*) FROM input GROUP BY id", "SELECT ${param.country} AS c", "SELECT 'x", "FROM nix"}).Draw(t, "query")
	default:
	}
	return rapid.SampledFrom(append(hostile, "x", "y", "DE", "integer", "left")).Draw(t, "text")
}

// TestNoKindBreaksDown draws settings for every relational kind. What is wrong with
// them must be told as problems; what passes must be a statement that DuckDB takes,
// with the columns that were promised.
func TestNoKindBreaksDown(t *testing.T) {
	t.Parallel()
	db := newDuck(t)
	columns, err := db.Describe(t.Context(), orders)
	if err != nil {
		t.Fatal(err)
	}
	for _, spec := range All() {
		if spec.Kind == bashSpec.Kind || spec.Kind == dbtKind {
			continue // it would execute what is drawn
		}
		t.Run(spec.Kind, func(t *testing.T) {
			t.Parallel()
			rapid.Check(t, func(r *rapid.T) {
				config, err := json.Marshal(drawSetting(r, spec.Form(), 6))
				if err != nil {
					r.Skip()
				}
				n, problems := spec.Build(config)
				selecter, relational := n.(node.Relational)
				if len(problems) > 0 || !relational || spec.MaxInputs == 0 {
					return
				}
				env := node.Env{
					DB: db, Legacy: rapid.Bool().Draw(r, "legacy"), Log: func(node.Level, string, ...any) {},
					Ask:    func(context.Context, string, any, any) error { return nil },
					Values: func(name string) (string, bool) { return "D'E", name == "param.country" },
				}
				in := []node.Relation{{Name: "a", SQL: orders, Columns: columns, Rows: 4}, {Name: "b", SQL: orders, Columns: columns, Rows: 4}}
				if spec.MaxInputs == 1 {
					in = in[:1]
				}
				if inspector, is := n.(node.Inspector); is {
					if _, err := inspector.Inspect(t.Context(), env, in); err != nil {
						sound(r, config, err)
						return
					}
				}
				rel, err := selecter.Select(t.Context(), env, in)
				if err != nil {
					sound(r, config, err)
					return
				}
				got, err := db.Describe(t.Context(), rel.SQL)
				if err != nil || !slices.Equal(got, rel.Columns) {
					r.Fatalf("%s\n%s\n%v, promised %v: %v", config, rel.SQL, got, rel.Columns, err)
				}
			})
		})
	}
}

// sound checks that an error is one for people, or one that a person's own SQL has
// from the database, which the engine translates.
func sound(r *rapid.T, config []byte, err error) {
	if fault.KindOf(err) != fault.Invalid && !strings.Contains(string(config), "query") && !strings.Contains(err.Error(), "Conversion Error") {
		r.Fatalf("%s: %v", config, err)
	}
}
