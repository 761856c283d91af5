package sqlite

import (
	"strings"
	"time"
)

// isDate reports whether text is a date such as 2026-01-31.
func isDate(text string) bool {
	_, err := time.Parse(time.DateOnly, text)
	return err == nil
}

// isTimestamp reports whether text is a date, or a date and a time without a zone,
// in the form that SQLite's own functions write.
func isTimestamp(text string) bool {
	if len(text) <= len(time.DateOnly) {
		return isDate(text)
	}
	return isDate(text[:len(time.DateOnly)]) && (text[10] == ' ' || text[10] == 'T') && isTime(text[11:])
}

// isTime reports whether text is hours, minutes and, if it goes on, seconds with
// up to six decimals.
func isTime(text string) bool {
	if len(text) == len("15:04") {
		_, err := time.Parse("15:04", text)
		return err == nil
	}
	whole, decimals, has := strings.Cut(text, ".")
	if has && (decimals == "" || len(decimals) > 6 || strings.Trim(decimals, "0123456789") != "") {
		return false
	}
	_, err := time.Parse(time.TimeOnly, whole)
	return err == nil && len(whole) == len(time.TimeOnly)
}

// isInstant reports whether text is a date and a time with its distance from UTC.
func isInstant(text string) bool {
	if plain, is := strings.CutSuffix(text, "Z"); is {
		return len(plain) > len(time.DateOnly) && isTimestamp(plain)
	}
	at := strings.LastIndexAny(text, "+-")
	if at <= len(time.DateOnly) || !isTimestamp(text[:at]) {
		return false
	}
	for _, form := range []string{"15", "15:04"} {
		if _, err := time.Parse(form, text[at+1:]); err == nil && len(text)-at-1 == len(form) {
			return true
		}
	}
	return false
}
