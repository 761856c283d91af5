package nodes

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/broked/broked/internal/sqltext"
)

// sqlText is a statement in the pieces that placeholders treat differently.
type sqlText []piece

// piece is a stretch of a statement.
type piece struct {
	kind pieceKind
	text string // with its quotes
}

type pieceKind int

const (
	code pieceKind = iota
	quotedText
	escapedText // E'...', in which a backslash means something
	quotedName
	dollarText // $$...$$
	comment
)

var (
	sqlPlaceholder = regexp.MustCompile(`\$\{([a-z]+\.[A-Za-z0-9_.-]+)\}`)
	dollarQuote    = regexp.MustCompile(`^\$[A-Za-z_]*\$`)
	// A word is one token, so that the E in NAME'...' begins nothing.
	plainToken = regexp.MustCompile(`^(?s:\$\{[^}]*\}|[\pL\pN_]+|.)`)
	firstWord  = regexp.MustCompile(`^[\s(]*([A-Za-z]*)`)
)

// selects are the words with which a SELECT begins.
var selects = []string{"select", "with", "from", "values", "unpivot"}

// readScript cuts a statement into pieces and refuses what is seen to be wrong
// without a database: quotes and brackets that are left open, several statements,
// and a statement that is no SELECT.
func readScript(text string) (sqlText, error) {
	all, err := pieces(text, nextPiece)
	if err != nil {
		return nil, err
	}
	return all, sqlText(all).check()
}

// pieces cuts a statement into those that next finds at the start of what is left.
func pieces(text string, next func(string) (piece, int)) ([]piece, error) {
	if strings.ContainsRune(text, 0) || strings.ToValidUTF8(text, "") != text {
		return nil, errors.New("holds characters that are no text")
	}
	var all []piece
	for rest := text; rest != ""; {
		p, length := next(rest)
		if length == 0 {
			return nil, fmt.Errorf("%.20q is never closed", rest)
		}
		all, rest = append(all, p), rest[length:]
	}
	return all, nil
}

// nextPiece reads one piece from the start of text. It has no length when it does
// not end.
func nextPiece(text string) (piece, int) {
	switch {
	case strings.HasPrefix(text, "--"):
		line, _, _ := strings.Cut(text, "\n")
		return piece{comment, line}, len(line)
	case strings.HasPrefix(text, "/*"):
		return until(comment, text, "*/", 2)
	case text[0] == '\'':
		return quoted(quotedText, text, 0)
	case len(text) > 1 && (text[0] == 'e' || text[0] == 'E') && text[1] == '\'':
		return quoted(escapedText, text, 1)
	case text[0] == '"':
		return quoted(quotedName, text, 0)
	}
	if tag := dollarQuote.FindString(text); tag != "" {
		return until(dollarText, text, tag, len(tag))
	}
	token := plainToken.FindString(text)
	return piece{code, token}, len(token)
}

// until reads a piece up to and with its end.
func until(kind pieceKind, text, end string, from int) (piece, int) {
	at := strings.Index(text[from:], end)
	if at < 0 {
		return piece{}, 0
	}
	length := from + at + len(end)
	return piece{kind, text[:length]}, length
}

// quoted reads a text or a name whose quote stands at from; a doubled quote inside
// is one, and in escaped text a backslash keeps the next character from ending it.
func quoted(kind pieceKind, text string, from int) (piece, int) {
	quote := text[from]
	for i := from + 1; i < len(text); i++ {
		switch {
		case kind == escapedText && text[i] == '\\':
			i++
		case text[i] == quote && i+1 < len(text) && text[i+1] == quote:
			i++
		case text[i] == quote:
			return piece{kind, text[:i+1]}, i + 1
		}
	}
	return piece{}, 0
}

func (s sqlText) check() error {
	var plain strings.Builder
	for _, p := range s {
		if p.kind == code {
			plain.WriteString(p.text)
		} else if p.kind != comment {
			plain.WriteString("x") // a value or a name
		}
	}
	text := strings.TrimSpace(plain.String())
	if before, after, more := strings.Cut(text, ";"); more {
		if strings.Trim(after, "; \t\r\n") != "" {
			return errors.New("must be one SELECT; there is more behind a semicolon")
		}
		text = strings.TrimSpace(before)
	}
	if text == "" {
		return errors.New("must be a SELECT over the inputs, such as SELECT * FROM input")
	}
	if err := balanced(text); err != nil {
		return err
	}
	if word := firstWord.FindStringSubmatch(text)[1]; !slices.Contains(selects, strings.ToLower(word)) {
		return fmt.Errorf("must be a SELECT over the inputs, and this begins with %q", word)
	}
	return s.placeable()
}

// balanced checks that every bracket has its other half.
func balanced(text string) error {
	depth := 0
	for _, r := range text {
		switch r {
		case '(':
			depth++
		case ')':
			depth--
		}
		if depth < 0 {
			return errors.New("has a ) that closes nothing")
		}
	}
	if depth > 0 {
		return errors.New("has a ( that is never closed")
	}
	return nil
}

// placeable checks that placeholders stand where values do.
func (s sqlText) placeable() error {
	for _, p := range s {
		if m := sqlPlaceholder.FindString(p.text); m != "" && (p.kind == quotedName || p.kind == dollarText) {
			return fmt.Errorf("%s stands in a name or in dollar quotes: a placeholder is a value, so that data cannot change the statement", m)
		}
	}
	return nil
}

// bind returns the statement without comments and without a semicolon at its end,
// with placeholders replaced by the values that they stand for, as text literals.
func (s sqlText) bind(values func(name string) (string, bool)) (string, error) {
	var out strings.Builder
	var missing error
	for _, p := range s {
		if p.kind == comment {
			out.WriteByte(' ')
			continue
		}
		out.WriteString(sqlPlaceholder.ReplaceAllStringFunc(p.text, func(m string) string {
			value, known := values(m[2 : len(m)-1])
			if !known {
				missing = fmt.Errorf("there is no value for %s", m)
			}
			literal := sqltext.Text(strings.ToValidUTF8(value, "\uFFFD"))
			switch p.kind {
			case quotedText:
				return literal[1 : len(literal)-1]
			case escapedText:
				return strings.ReplaceAll(literal[1:len(literal)-1], `\`, `\\`)
			default:
				return literal
			}
		}))
	}
	return strings.TrimRight(out.String(), "; \t\r\n"), missing
}
