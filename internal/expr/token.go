package expr

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

type tokenKind int

const (
	tokEnd tokenKind = iota
	tokNumber
	tokText        // 'text'
	tokWord        // a bare word: a keyword, a function or a column
	tokQuoted      // "a column"
	tokPlaceholder // ${param.x}
	tokSymbol
)

// token is one word of the source. Its text is what it means: without quotes,
// with doubled quotes undone.
type token struct {
	kind tokenKind
	text string
	pos  int // byte offset
}

// The patterns are matched at the start of what is left. A date without quotes
// is read as text, because 2024-01-31 is never meant to be a subtraction.
var (
	placeholder  = regexp.MustCompile(`\$\{([A-Za-z_][A-Za-z0-9_]*\.[A-Za-z0-9_.:| -]+)\}`)
	leadingDate  = regexp.MustCompile(`^\d{4}-\d{2}-\d{2}\b`)
	leadingNum   = regexp.MustCompile(`^(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?`)
	leadingWord  = regexp.MustCompile(`^[\pL_][\pL\pM\pN_]*(?:\.[\pL_][\pL\pM\pN_]*)*`)
	leadingValue = regexp.MustCompile(`^` + placeholder.String())
	symbols      = []string{"==", "!=", "<>", "<=", ">=", "=", "<", ">", "+", "-", "*", "/", "%", "(", ")", "[", "]", ","}
)

// advice says what to write in place of operators of other languages.
var advice = map[byte]string{
	'|': "+ joins text, and alternatives are written with or",
	'&': "conditions are joined with and",
	'!': "a condition is reversed with not",
	'$': "a placeholder is written ${param.name}",
	'`': "a column's name goes in double quotes",
	';': "there is one expression only",
}

// scan returns the token at pos and the offset behind it. What is no token is
// an error for people.
func scan(src string, pos int) (token, int, error) {
	rest := strings.TrimLeftFunc(src[pos:], unicode.IsSpace)
	pos = len(src) - len(rest)
	if rest == "" {
		return token{pos: pos}, pos, nil
	}
	switch rest[0] {
	case '\'', '"':
		return scanQuoted(rest, pos)
	case '$':
		if m := leadingValue.FindStringSubmatch(rest); m != nil {
			return token{tokPlaceholder, m[1], pos}, pos + len(m[0]), nil
		}
	}
	if date := leadingDate.FindString(rest); date != "" {
		return token{tokText, date, pos}, pos + len(date), nil
	}
	if num := leadingNum.FindString(rest); num != "" {
		return token{tokNumber, num, pos}, pos + len(num), nil
	}
	if word := leadingWord.FindString(rest); word != "" {
		return token{tokWord, word, pos}, pos + len(word), nil
	}
	for _, s := range symbols {
		if strings.HasPrefix(rest, s) {
			return token{tokSymbol, s, pos}, pos + len(s), nil
		}
	}
	r, _ := utf8.DecodeRuneInString(rest)
	if hint := advice[rest[0]]; hint != "" {
		return token{pos: pos}, pos, fmt.Errorf("%q means nothing here: %s", r, hint)
	}
	return token{pos: pos}, pos, fmt.Errorf("%q means nothing here", r)
}

// scanQuoted reads a text or a quoted name at the start of rest. A doubled
// quote inside stands for one.
func scanQuoted(rest string, pos int) (token, int, error) {
	quote, kind, what := rest[:1], tokText, "the text"
	if quote == `"` {
		kind, what = tokQuoted, "the name"
	}
	var text strings.Builder
	for at := 1; ; {
		end := strings.Index(rest[at:], quote)
		if end < 0 {
			return token{pos: pos}, pos, fmt.Errorf("%s that begins here has no closing %s", what, quote)
		}
		text.WriteString(rest[at : at+end])
		at += end + 1
		if !strings.HasPrefix(rest[at:], quote) {
			return token{kind, text.String(), pos}, pos + at, nil
		}
		text.WriteString(quote)
		at++
	}
}

// where tells a byte offset in words: characters count from 1, and lines too
// when there are several.
func where(src string, pos int) string {
	before := src[:min(pos, len(src))]
	line := strings.Count(before, "\n")
	column := utf8.RuneCountInString(before[strings.LastIndex(before, "\n")+1:]) + 1
	if strings.Contains(src, "\n") {
		return fmt.Sprintf("line %d, character %d", line+1, column)
	}
	return fmt.Sprintf("character %d", column)
}
