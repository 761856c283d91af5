package expr

import (
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/broked/broked/internal/sqltext"
)

// Literal returns text as a DuckDB literal of type t, or false if it is none:
// 'abc' is no number, 1.5 no whole number and 2024-02-30 no date. Of a type that
// is no number, truth value, date or time every text is a literal, as text.
func Literal(text string, t Type) (string, bool) {
	v, ok := literal(text, t)
	exactly := v.typ.Kind == t.Kind || t.Kind != Integer && t.Kind != Date
	return v.sql, ok && exactly
}

func literal(text string, t Type) (value, bool) {
	switch t.Kind {
	case Integer, Decimal, Double:
		return number(strings.TrimSpace(text))
	case Boolean:
		switch strings.ToLower(strings.TrimSpace(text)) {
		case "true":
			return value{sql: "TRUE", typ: t, atom: true}, true
		case "false":
			return value{sql: "FALSE", typ: t, atom: true}, true
		}
		return value{}, false
	case Date, Timestamp:
		return moment(strings.TrimSpace(text))
	case Time:
		for _, layout := range []string{"15:04:05", "15:04"} {
			if at, err := time.Parse(layout, strings.TrimSpace(text)); err == nil {
				return value{sql: "TIME " + sqltext.Text(at.Format("15:04:05.999999")), typ: t, atom: true}, true
			}
		}
		return value{}, false
	default:
		clean := strings.ToValidUTF8(text, "\uFFFD")
		return value{sql: sqltext.Text(clean), typ: Type{Kind: Text}, atom: true, lit: litText, raw: clean}, true
	}
}

// moment reads a date or a timestamp. A zone is applied, so that the result is
// in UTC, as timestamps without a zone are understood to be.
func moment(text string) (value, bool) {
	if day, err := time.Parse(time.DateOnly, text); err == nil {
		return value{sql: "DATE " + sqltext.Text(day.Format(time.DateOnly)), typ: Type{Kind: Date}, atom: true}, true
	}
	for _, layout := range []string{
		time.DateTime, "2006-01-02T15:04:05", time.RFC3339, "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04", "2006-01-02T15:04",
	} {
		if at, err := time.Parse(layout, text); err == nil {
			return value{sql: sqltext.Literal(at), typ: Type{Kind: Timestamp}, atom: true}, true
		}
	}
	return value{}, false
}

// number reads a number and prints it again: digits with a point stay exact,
// anything with an exponent or more digits than a DECIMAL has is a double.
func number(text string) (value, bool) {
	digits, negative := strings.CutPrefix(text, "-")
	if digits == "" || leadingNum.FindString(digits) != digits {
		return value{}, false
	}
	f, err := strconv.ParseFloat(digits, 64)
	if err != nil || math.IsInf(f, 0) {
		return value{}, false
	}
	v := value{lit: litNumber, raw: text, atom: !negative}
	if v.sql, v.typ = exactNumber(digits); v.typ.Kind == Double {
		v.sql = sqltext.Literal(f)
	}
	switch {
	case v.typ.Kind != Integer:
	case f <= math.MaxInt32:
		v.typ.whole = integer
	case f < math.MaxInt64:
		v.typ.whole = bigint
	default:
		v.typ.whole = hugeint
	}
	if negative {
		v.sql = "-" + v.sql
	}
	return v, true
}

// exactNumber writes digits as DuckDB keeps them, or says that a double it is.
func exactNumber(digits string) (string, Type) {
	whole, fraction, _ := strings.Cut(digits, ".")
	if whole = strings.TrimLeft(whole, "0"); whole == "" {
		whole = "0"
	}
	switch {
	case strings.ContainsAny(digits, "eE") || len(whole)+len(fraction) > decimal:
		return "", Type{Kind: Double}
	case fraction == "":
		return whole, Type{Kind: Integer}
	}
	return whole + "." + fraction, Type{Kind: Decimal, whole: len(whole), scale: len(fraction)}
}
