package driven

import (
	"context"
	"iter"
	"regexp"
	"slices"
	"strings"

	"github.com/broked/broked/internal/databases"
	"github.com/broked/broked/internal/fault"
)

// Lexis is where texts, names and comments of statements begin and end.
type Lexis struct {
	Backslash bool   // escapes the quote inside of texts
	Hash      bool   // begins a comment
	Quotes    string // around texts and names; inside, twice is once
	Brackets  bool   // are around names
	Nested    bool   // are comments in comments
	Blank     bool   // is needed after -- for a comment
	// Whole is set where the statements of a script depend on going together.
	Whole bool
	// Forbidden are the words that no statement of a script may begin with, and Passed
	// those of statements that are passed over, because all is one transaction.
	Forbidden, Passed []string
	// Writes are words that a query may not have anywhere, and Divides those that a script
	// may not, in languages that need nothing between statements.
	Writes, Divides []string
	// Blocks are the words that statements begin with which go on to the end of the text.
	Blocks []string
	// Go is set where a line GO divides a script into parts, each of which goes together.
	Go bool
}

// Script executes the statements of a text and returns how many there were: all or
// none, as far as the database can undo them. What begins and ends transactions is passed
// over. A statement that the database does not take is an Invalid fault that says which
// one it is.
func (s Server) Script(ctx context.Context, text string) (int, error) {
	count := 0
	err := s.change(ctx, databases.Attempt{}, func(c *Conn) (*place, error) {
		var err error
		count, err = c.script(ctx, text)
		return nil, err
	})
	return count, err
}

func (c *Conn) script(ctx context.Context, text string) (int, error) {
	if strings.ContainsRune(text, 0) {
		return 0, fault.New(fault.Invalid, "the script has a NUL character in it")
	}
	count, l := 0, c.server.Dialect.Text
	if l.has(text, l.Divides) != "" {
		return 0, databases.ErrDivides
	}
	for statement, word := range l.statements(text) {
		count++
		if slices.Contains(l.Forbidden, word) {
			return count, databases.InScript(count, databases.ErrDivides)
		}
		if slices.Contains(l.Passed, word) || l.Whole {
			continue
		}
		if err := c.Run(ctx, statement); err != nil {
			if c.server.Dialect.Session.Lasting {
				return count, databases.InLasting(count, err)
			}
			return count, databases.InScript(count, err)
		}
	}
	if l.Whole && count > 0 {
		return count, c.whole(ctx, text)
	}
	return count, nil
}

var goLine = regexp.MustCompile(`(?im)^[ \t]*GO[ \t]*;?[ \t]*\r?$`)

// whole executes all statements of a text at once, or of each of its parts.
func (c *Conn) whole(ctx context.Context, text string) error {
	parts := []string{text}
	if c.server.Dialect.Text.Go {
		parts = goLine.Split(text, -1)
	}
	for _, part := range parts {
		if strings.TrimSpace(part) == "" {
			continue
		}
		if err := c.Run(ctx, part); err != nil {
			return err
		}
	}
	return nil
}

// has returns the first of some words, in capitals, that a text has outside of quotes and
// comments.
func (l Lexis) has(text string, words []string) string {
	for at := 0; len(words) > 0 && at < len(text); {
		piece, token := l.token(text[at:])
		if slices.Contains(words, token) {
			return token
		}
		at += len(piece)
	}
	return ""
}

// routines are the words of statements that have others inside of them.
var routines = []string{"PROCEDURE", "FUNCTION", "TRIGGER", "EVENT", "PACKAGE"}

// statements gives the statements of a text, each with the word that it begins with in
// capitals. One that makes a routine goes on to the end of the text.
func (l Lexis) statements(text string) iter.Seq2[string, string] {
	return func(yield func(statement, word string) bool) {
		from, word, routine := 0, "", false
		for at := 0; at < len(text); {
			piece, token := l.token(text[at:])
			switch {
			case piece == ";" && !routine:
				if word != "" && !yield(text[from:at], word) {
					return
				}
				from, word = at+1, ""
			case token == "":
			case word == "":
				word, routine = token, slices.Contains(l.Blocks, token)
			case (word == "CREATE" || word == "ALTER") && slices.Contains(routines, token):
				routine = true
			}
			at += len(piece)
		}
		if word != "" {
			yield(text[from:], word)
		}
	}
}

// token returns the first piece of a text, and the token that it is, in capitals; blanks
// and comments are none.
func (l Lexis) token(text string) (piece, token string) {
	length, plain := l.stretch(text)
	piece = text[:length]
	if plain {
		token = strings.ToUpper(strings.TrimSpace(piece))
	}
	return piece, token
}

// stretch returns how long the first token of a text is, and whether it is more than a
// comment. What never ends goes on to the end, and the database will say so.
func (l Lexis) stretch(text string) (length int, plain bool) {
	switch {
	case l.remarks(text):
		return through(text, '\n'), false
	case strings.HasPrefix(text, "/*"):
		return l.comment(text), strings.HasPrefix(text, "/*!") || strings.HasPrefix(text, "/*M!")
	case strings.IndexByte(l.Quotes, text[0]) >= 0:
		return l.quoted(text), true
	case l.Brackets && text[0] == '[':
		return through(text, ']'), true
	}
	length = strings.IndexFunc(text, func(r rune) bool { return !isWord(r) })
	switch length {
	case -1:
		return len(text), true
	case 0:
		return 1, true
	}
	return length, true
}

// remarks reports whether a text begins with a comment that goes to the end of its line.
func (l Lexis) remarks(text string) bool {
	if strings.HasPrefix(text, "--") {
		return !l.Blank || len(text) == 2 || text[2] <= ' '
	}
	return l.Hash && text[0] == '#'
}

// through returns the length of a text up to the end of what ends its first token.
func through(text string, end byte) int {
	if at := strings.IndexByte(text, end); at >= 0 {
		return at + 1
	}
	return len(text)
}

func isWord(r rune) bool {
	return r == '_' || r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' || r > 127
}

func (l Lexis) quoted(text string) int {
	for at := 1; at < len(text); at++ {
		switch {
		case l.Backslash && text[at] == '\\' && text[0] != '`':
			at++
		case text[at] == text[0] && at+1 < len(text) && text[at+1] == text[0]:
			at++
		case text[at] == text[0]:
			return at + 1
		}
	}
	return len(text)
}

func (l Lexis) comment(text string) int {
	depth := 0
	for at := 0; at < len(text); at++ {
		switch {
		case strings.HasPrefix(text[at:], "/*") && (l.Nested || depth == 0):
			depth++
			at++
		case strings.HasPrefix(text[at:], "*/"):
			at++
			if depth--; depth == 0 {
				return at + 1
			}
		}
	}
	return len(text)
}
