package expr

import (
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/broked/broked/internal/fault"
)

// hostile are pieces that have broken quoting somewhere.
var hostile = []string{
	`'`, `"`, `''`, `' OR 1=1 --`, `"; DROP TABLE t; --`, `\`, `\'`, `$$`, `/*`, `*/`, `--`, `E'\''`, "\u2019", "%", "_", "{", "}", "?", "$1", "$*",
}

// generator writes random expressions that are mostly sound.
type generator struct{ *rand.Rand }

func (g generator) pick(from ...string) string { return from[g.IntN(len(from))] }

func (g generator) expression(depth int) string {
	if depth <= 0 {
		return g.leaf()
	}
	sub := func() string { return g.expression(depth - 1 - g.IntN(2)) }
	switch g.IntN(12) {
	case 0, 1:
		return "(" + sub() + ") " + g.pick("+", "-", "*", "/", "%") + " (" + sub() + ")"
	case 2, 3:
		return "(" + sub() + ") " + g.pick("=", "==", "!=", "<>", "<", "<=", ">", ">=") + " (" + sub() + ")"
	case 4:
		return "(" + sub() + ") " + g.pick("and", "or") + " (" + sub() + ")"
	case 5:
		return "not (" + sub() + ")"
	case 6:
		return "(" + sub() + ") " + g.pick("in", "not in") + " ((" + sub() + "), " + g.leaf() + ")"
	case 7:
		return "(" + sub() + ") " + g.pick("like", "not ilike", "between 1 and", "between '2024-01-01' and") + " (" + sub() + ")"
	case 8:
		return "case when " + sub() + " then " + sub() + " else " + sub() + " end"
	case 9:
		return g.pick("-", "") + "(" + sub() + ")" + g.pick("", " is null", " is not null")
	default:
		return g.call(sub)
	}
}

func (g generator) call(sub func() string) string {
	f := functions[g.IntN(len(functions))]
	n := len(f.params) - g.IntN(f.optional+1)
	args := make([]string, n)
	for i := range args {
		switch f.params[i] {
		case unit:
			args[i] = "'" + units[g.IntN(len(units))] + "'"
		case layout:
			args[i] = "'%" + string(layouts[g.IntN(len(layouts))]) + "%-d'"
		case pattern:
			args[i] = g.pick(`'a+'`, `'(?i)x|[^y]'`, `'\pL'`, `'(?P<n>a)'`)
		default:
			args[i] = sub()
		}
	}
	return f.Name + "(" + strings.Join(args, ", ") + ")"
}

func (g generator) leaf() string {
	switch g.IntN(10) {
	case 0:
		return g.pick("0", "1", "-3", "2.50", "1e3", "007", "99999999999", "123456789012345678901234567890", "0.0000000000000000000000000000000001")
	case 1:
		return "'" + strings.ReplaceAll(g.pick(append(hostile, "x", "5", "2024-01-31", "15:04", "true")...), "'", "''") + "'"
	case 2:
		return g.pick("true", "false", "null", "${param.min}", "${param.day}", "${param.quote}", "'a${param.quote}'", "2024-02-29")
	default:
		return `"` + strings.ReplaceAll(sample[g.IntN(len(sample))].name, `"`, `""`) + `"`
	}
}

// accepted checks everything that holds for any text: it is refused as Invalid,
// or printing it is stable and the database takes the SQL and agrees about its
// type. It reports whether the text was an expression that fits the columns.
func accepted(tb testing.TB, db *sql.DB, src string) bool {
	tb.Helper()
	e, err := Parse(src)
	if err != nil {
		if fault.KindOf(err) != fault.Invalid {
			tb.Errorf("%q: %v", src, err)
		}
		return false
	}
	again, err := Parse(e.String())
	if err != nil || again.String() != e.String() {
		tb.Errorf("%q prints as %q, which is read as %v, %v", src, e, again, err)
		return false
	}
	compiled, err := e.Compile(sampleColumns(), lookup)
	if err != nil {
		if fault.KindOf(err) != fault.Invalid {
			tb.Errorf("%q: %v", src, err)
		}
		return false
	}
	rows, err := db.QueryContext(tb.Context(), "SELECT ("+compiled.SQL+") FROM t LIMIT 0")
	if err != nil {
		tb.Errorf("%q: %s: %v", src, compiled.SQL, err)
		return false
	}
	defer rows.Close()
	types, err := rows.ColumnTypes()
	if err = errors.Join(err, rows.Err()); err != nil {
		tb.Fatal(err)
	}
	if len(types) != 1 {
		tb.Errorf("%q: %s: %d columns", src, compiled.SQL, len(types))
		return false
	}
	got := TypeOf(types[0].DatabaseTypeName())
	if got.name == "TIMESTAMPTZ" { // what the driver calls it
		got.Kind = Timestamp
	}
	if got.Kind != compiled.Type.Kind {
		tb.Errorf("%q: %s: is %s (%s), said to be %s", src, compiled.SQL, got, got.name, compiled.Type)
		return false
	}
	return true
}

func TestGeneratedExpressions(t *testing.T) {
	t.Parallel()
	db := open(t)
	const n = 3000
	fitting := 0
	for seed := range uint64(n) {
		g := generator{rand.New(rand.NewPCG(seed, 4321))}
		if accepted(t, db, g.expression(1+int(seed%4))) {
			fitting++
		}
	}
	if fitting < n/10 {
		t.Errorf("only %d of %d expressions fit; the test tells little", fitting, n)
	}
}

func FuzzGenerated(f *testing.F) {
	db := open(f)
	f.Add(uint64(1), 3)
	f.Fuzz(func(t *testing.T, seed uint64, depth int) {
		g := generator{rand.New(rand.NewPCG(seed, 11))}
		accepted(t, db, g.expression(depth%6))
	})
}

func FuzzSource(f *testing.F) {
	db := open(f)
	for _, src := range []string{
		"amount > 100 and status in ('a', [b]) or not qty is null", "case when a then 1 else 'x' end", `"a""b" == "c"`, "1.5e-3 -- 2", "${param.min} + '${param.quote}'",
	} {
		f.Add(src)
	}
	for _, bad := range hostile {
		f.Add(fmt.Sprintf("status = '%s'", bad))
		f.Add(fmt.Sprintf(`status = "%s"`, bad))
		f.Add("status = " + bad)
	}
	f.Fuzz(func(t *testing.T, src string) { accepted(t, db, src) })
}
