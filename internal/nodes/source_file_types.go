package nodes

import (
	"bytes"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/broked/broked/internal/node"
	"github.com/broked/broked/internal/sqltext"
)

// typeNames are the types that a person may ask for.
var typeNames = []string{"text", "integer", "decimal", "number", "boolean", "date", "timestamp"}

// defaultScale is the number of decimals of a decimal column whose data was not looked at.
const defaultScale = 6

// columnType is how the text of a column becomes values.
type columnType struct {
	sql     string // in DuckDB
	noun    string // for people
	pattern string // what a value must look like, in the language that Go and DuckDB share; empty means anything
	value   string // the conversion of %s, NULL when there is none; empty means a plain cast
	guessed string // the file whose first rows suggested the type; empty when a person asked for it
	re      *regexp.Regexp
}

// isText reports whether values stay as they are.
func (t columnType) isText() bool { return t.sql == "VARCHAR" }

// fits returns the condition that the text x is a value of the type, or NULL.
func (t columnType) fits(x string) string {
	cond := t.convert(x) + " IS NOT NULL"
	if t.pattern != "" {
		cond = "regexp_full_match(" + x + ", " + sqltext.Text(t.pattern) + ") AND " + cond
	}
	return x + " IS NULL OR (" + cond + ")"
}

// cast returns the value of the text x. A text that is no value of the type ends
// the statement: quietly losing it, or its leading zeros, would be worse.
func (t columnType) cast(x, column, file string) string {
	if t.isText() {
		return x
	}
	words := sqltext.Text(misfit + file)
	if t.guessed == "" {
		words = fmt.Sprintf("%s || left(%s, 60) || %s", sqltext.Text(fmt.Sprintf("%scolumn %q of %s has the value \"", node.ForPeople, column, filepath.Base(file))), x, sqltext.Text(`", which is not `+t.noun))
	}
	fail := "error(" + words + ")"
	value := fmt.Sprintf("coalesce(%s, %s)", t.convert(x), fail)
	if t.pattern != "" {
		value = fmt.Sprintf("CASE WHEN regexp_full_match(%s, %s) THEN %s ELSE %s END", x, sqltext.Text(t.pattern), value, fail)
	}
	return fmt.Sprintf("CASE WHEN %s IS NOT NULL THEN %s END", x, value)
}

// misfit begins the error of a statement that met a value which does not fit the
// guessed type of its column. The file follows.
const misfit = "a value does not fit the type that the first rows suggested: "

func (t columnType) convert(x string) string {
	if t.value != "" {
		return fmt.Sprintf(t.value, x)
	}
	return fmt.Sprintf("TRY_CAST(%s AS %s)", x, t.sql)
}

// askedType returns the type that a person asked for by its name. A decimal
// keeps scale digits behind the point.
func askedType(name string, scale int) columnType {
	switch name {
	case "integer":
		return columnType{sql: "BIGINT", noun: "a whole number", pattern: ` *[+-]?\d+ *`}
	case "decimal":
		return columnType{
			sql: fmt.Sprintf("DECIMAL(38,%d)", scale), noun: fmt.Sprintf("a decimal number with at most %d decimals", scale),
			pattern: fmt.Sprintf(` *[+-]?\d+(\.\d{0,%d})? *`, scale),
		}
	case "number":
		return columnType{sql: "DOUBLE", noun: "a number"}
	case "boolean":
		return columnType{sql: "BOOLEAN", noun: "true or false"}
	case "date":
		return columnType{
			sql: "DATE", noun: "a date such as 2026-01-31 or 31.01.2026",
			value: "coalesce(TRY_CAST(%[1]s AS DATE), CAST(try_strptime(%[1]s, ['%%d.%%m.%%Y', '%%Y/%%m/%%d', '%%Y%%m%%d']) AS DATE))",
		}
	case "timestamp":
		return columnType{
			sql: "TIMESTAMP", noun: "a time such as 2026-01-31 12:30:00",
			value: "coalesce(TRY_CAST(%[1]s AS TIMESTAMP), try_strptime(%[1]s, ['%%d.%%m.%%Y %%H:%%M:%%S', '%%d.%%m.%%Y %%H:%%M', '%%Y/%%m/%%d %%H:%%M:%%S']))",
		}
	}
	return columnType{sql: "VARCHAR", noun: "text"}
}

// guessable are the types that data suggests, the first that fits being taken.
// What looks like a number but would read differently when printed again is text:
// leading zeros, plus signs, whole numbers of more digits than fit. Dates are ISO.
var guessable = compiled(
	columnType{sql: "BIGINT", pattern: `0|-?[1-9]\d{0,17}`},
	columnType{sql: "DOUBLE", pattern: `-?(0(\.0*\d{1,17})?|` + exactDecimals() + `)([eE][+-]\d{1,3})?`},
	columnType{sql: "BOOLEAN", pattern: `(?i:true|false)`},
	columnType{sql: "DATE", pattern: isoDate},
	columnType{sql: "TIMESTAMP", pattern: isoDate + isoTime},
	columnType{sql: "TIMESTAMP WITH TIME ZONE", pattern: isoDate + isoTime + `(Z|[+-]\d\d(:\d\d)?)`},
)

const (
	isoDate = `\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])`
	isoTime = `[ T]([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,6})?)?`
)

// exactDecimals matches numbers without leading zeros: whole ones of at most 15
// digits, which a DOUBLE holds exactly, and others of at most 17, which is what
// programs print to keep a DOUBLE whole.
func exactDecimals() string {
	var forms []string
	for whole := 1; whole <= 15; whole++ {
		forms = append(forms, fmt.Sprintf(`[1-9]\d{%d}(\.\d{1,%d})?`, whole-1, 17-whole))
	}
	return strings.Join(forms, "|")
}

func compiled(types ...columnType) []columnType {
	for i := range types {
		// Spaces around a value are common after a comma, and casts ignore them.
		types[i].pattern = ` *(?:` + types[i].pattern + `) *`
		types[i].re = regexp.MustCompile(`^(?:` + types[i].pattern + `)$`)
	}
	return types
}

// guess narrows down the type of one column, value by value.
type guess struct {
	seen     bool
	out      [8]bool // which of guessable are ruled out
	number   bool    // nothing but the two number types, which come first, is left
	decimals int     // the most digits behind the point
}

// see takes one value into account.
func (g *guess) see(value []byte) {
	g.seen = true
	if dot := bytes.LastIndexByte(value, '.'); dot >= 0 {
		g.decimals = max(g.decimals, min(len(value)-dot-1, 18))
	}
	if g.number {
		if short, whole := isShortNumber(value); short {
			g.out[0] = g.out[0] || !whole
			return
		}
	}
	g.number = true
	for i, t := range guessable {
		if !g.out[i] && !t.re.Match(value) {
			g.out[i] = true
		}
		if i > 1 && !g.out[i] {
			g.number = false
		}
	}
}

// isShortNumber reports whether value is a plain number of few digits, which every
// number column takes, and whether it is a whole one. It spares most values of
// number columns the patterns, which are ten times slower.
func isShortNumber(value []byte) (short, whole bool) {
	if len(value) == 0 || len(value) > 15 || value[0] < '1' || value[0] > '9' || value[len(value)-1] == '.' {
		return false, false
	}
	dots := 0
	for _, b := range value {
		switch {
		case b == '.':
			dots++
		case b < '0' || b > '9':
			return false, false
		}
	}
	return dots <= 1, dots == 0
}

// best returns the type that fits all values seen in a file.
func (g *guess) best(file string) columnType {
	for i, t := range guessable {
		if g.seen && !g.out[i] {
			t.guessed = file
			return t
		}
	}
	return columnType{sql: "VARCHAR"}
}
