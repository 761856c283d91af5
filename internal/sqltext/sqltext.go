// Package sqltext writes names and values into DuckDB SQL so that no text of a
// person's can become part of a statement. It is the only place that quotes.
package sqltext

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Ident returns name as a quoted identifier. Every string is a valid name, the
// NUL character excepted, which is dropped because DuckDB ends its text there.
func Ident(name string) string {
	return `"` + strings.ReplaceAll(clean(name), `"`, `""`) + `"`
}

// Idents returns names as quoted identifiers with commas between them.
func Idents(names []string) string { return list(names, Ident) }

// Text returns s as a text literal. NUL characters are dropped, as in Ident.
func Text(s string) string {
	return `'` + strings.ReplaceAll(clean(s), `'`, `''`) + `'`
}

// Texts returns ss as text literals with commas between them.
func Texts(ss []string) string { return list(ss, Text) }

// Literal returns v as a literal of the fitting type: nil, bool, string, every
// integer and float64, and time.Time (a timestamp in UTC). Anything else is a
// mistake in the program and panics.
func Literal(v any) string {
	switch v := v.(type) {
	case nil:
		return "NULL"
	case bool:
		return strings.ToUpper(strconv.FormatBool(v))
	case string:
		return Text(v)
	case int:
		return strconv.Itoa(v)
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return fmt.Sprintf("CAST('%v' AS DOUBLE)", v)
		}
		return "CAST(" + strconv.FormatFloat(v, 'g', -1, 64) + " AS DOUBLE)"
	case time.Time:
		return "TIMESTAMP " + Text(v.UTC().Format("2006-01-02 15:04:05.999999"))
	}
	panic(fmt.Sprintf("sqltext: no literal for %T", v))
}

func clean(s string) string { return strings.ReplaceAll(s, "\x00", "") }

func list(words []string, quote func(string) string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = quote(w)
	}
	return strings.Join(quoted, ", ")
}
