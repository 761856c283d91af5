package postgres

import (
	"strings"
	"sync"
)

// phrases are what PostgreSQL says in other words. Whatever can be said in words of
// both databases is not here.
var phrases = strings.NewReplacer(
	"json_each(tags)", "json_array_elements_text(tags::json) AS each (value)",
	"CROSS JOIN runs r ON", "JOIN runs r ON", // which keeps SQLite from changing the order
)

// known are the translations of statements, which are constants, so there are not
// many.
var known sync.Map // of string by string

func translated(text string) string {
	if t, ok := known.Load(text); ok {
		return t.(string) //nolint:errcheck,forcetypeassert // nothing else is put there
	}
	t := Translate(text)
	known.Store(text, t)
	return t
}

// Translate returns a statement in the words of PostgreSQL: a parameter ?1 is $1,
// and the few functions that have another name get it. What stands in quotes or
// in comments stays as it is.
func Translate(text string) string {
	var b strings.Builder
	for text != "" {
		n := plain(text)
		b.WriteString(parameters(phrases.Replace(text[:n])))
		text = text[n:]
		n = quoted(text)
		b.WriteString(text[:n])
		text = text[n:]
	}
	return b.String()
}

// plain returns the length of what comes before quotes or a comment.
func plain(text string) int {
	for i := range len(text) {
		if text[i] == '\'' || text[i] == '"' || strings.HasPrefix(text[i:], "--") {
			return i
		}
	}
	return len(text)
}

// quoted returns the length of the quotes or the comment that text begins with.
func quoted(text string) int {
	if text == "" {
		return 0
	}
	end := "\n"
	if text[0] != '-' {
		end = text[:1] // a doubled quote is an end and a beginning
	}
	if i := strings.Index(text[1:], end); i >= 0 {
		return i + 2
	}
	return len(text)
}

// parameters writes $1 for ?1.
func parameters(text string) string {
	b := []byte(text)
	for i := range len(b) - 1 {
		if b[i] == '?' && b[i+1] >= '0' && b[i+1] <= '9' {
			b[i] = '$'
		}
	}
	return string(b)
}
