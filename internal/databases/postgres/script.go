package postgres

import (
	"context"
	"regexp"
	"strings"

	"github.com/broked/broked/internal/databases"
	"github.com/broked/broked/internal/fault"
)

// script executes the statements of a text and returns how many there were.
func (c *conn) script(ctx context.Context, text string) (int, error) {
	if strings.ContainsRune(text, 0) {
		return 0, fault.New(fault.Invalid, "the script has a NUL character in it")
	}
	count := 0
	for statement, word := range statements(text) {
		count++
		switch word {
		case "BEGIN", "COMMIT", "END", "START":
			continue
		case "ROLLBACK", "ABORT", "SAVEPOINT", "RELEASE", "PREPARE":
			return count, databases.InScript(count, databases.ErrDivides)
		case "TRUNCATE":
			if c.redshift() {
				return count, databases.InScript(count, errTruncates)
			}
		case "COPY":
			if c.redshift() { // which reads files by it
				break
			}
			return count, databases.InScript(count, fault.New(fault.Invalid, "COPY is not for scripts: a table takes rows"))
		}
		// One by one: the protocol takes no second statement in the text of one.
		if err := c.run(ctx, statement); err != nil {
			return count, databases.InScript(count, err)
		}
	}
	return count, nil
}

var (
	// token is a stretch of a script inside which a semicolon ends nothing, or one
	// character; comments in comments are seen to elsewhere.
	token     = regexp.MustCompile(`^(?s:--[^\n]*|[eE]'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*'|"(?:[^"]|"")*"|[\pL_][\pL\pN_$]*|.)`)
	dollarTag = regexp.MustCompile(`^\$(?:[\pL_][\pL\pN_]*)?\$`)
	plainWord = regexp.MustCompile(`^[A-Za-z]+$`)
)

// statements gives the statements of a text, each with the word that it begins with in
// capitals.
func statements(text string) func(yield func(statement, word string) bool) {
	return func(yield func(statement, word string) bool) {
		from, word := 0, ""
		end := func(at int) bool { return word == "" || yield(text[from:at], word) }
		for at := 0; at < len(text); {
			length := stretch(text[at:])
			piece := text[at : at+length]
			switch {
			case piece == ";":
				if !end(at) {
					return
				}
				from, word = at+1, ""
			case word == "" && strings.TrimSpace(piece) != "" && !strings.HasPrefix(piece, "--") && !strings.HasPrefix(piece, "/*"):
				if word = "?"; plainWord.MatchString(piece) {
					word = strings.ToUpper(piece)
				}
			}
			at += length
		}
		end(len(text))
	}
}

// stretch returns how long the first token of a text is. What never ends goes on to
// the end, and PostgreSQL will say so.
func stretch(text string) int {
	if strings.HasPrefix(text, "/*") {
		return nestedComment(text)
	}
	if tag := dollarTag.FindString(text); tag != "" {
		if end := strings.Index(text[len(tag):], tag); end >= 0 {
			return len(tag) + end + len(tag)
		}
		return len(text)
	}
	return len(token.FindString(text))
}

func nestedComment(text string) int {
	depth := 0
	for at := 0; at < len(text); at++ {
		switch {
		case strings.HasPrefix(text[at:], "/*"):
			depth++
			at++
		case strings.HasPrefix(text[at:], "*/"):
			depth--
			if at++; depth == 0 {
				return at + 1
			}
		}
	}
	return len(text)
}
