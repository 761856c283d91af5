package sqlite

import (
	"context"
	"strings"

	"modernc.org/libc"

	"github.com/broked/broked/internal/databases"
	"github.com/broked/broked/internal/fault"
)

// script executes the statements of a text and returns how many there were. Where
// one ends is for SQLite to say, which knows texts, comments and triggers.
func (c *conn) script(ctx context.Context, text string) (int, error) {
	if strings.ContainsRune(text, 0) {
		return 0, fault.New(fault.Invalid, "the script has a NUL character in it")
	}
	z, err := libc.CString(text)
	if err != nil {
		return 0, err
	}
	defer libc.Xfree(c.tls, z)
	count := 0
	for at, end := z, z+uintptr(len(text)); at < end; {
		s, next, err := c.prepare(at)
		if err != nil {
			return count, databases.InScript(count+1, err)
		}
		own := text[at-z : next-z]
		at = next
		if s == nil {
			continue
		}
		count++
		err = c.scripted(s, own)
		s.close()
		if err != nil {
			return count, databases.InScript(count, err)
		}
		if ctx.Err() != nil {
			return count, ctx.Err()
		}
	}
	return count, nil
}

// scripted executes one statement of a script.
func (*conn) scripted(s *statement, text string) error {
	switch firstWord(text) {
	case "BEGIN", "COMMIT", "END":
		return nil
	case "ROLLBACK", "SAVEPOINT", "RELEASE":
		return databases.ErrDivides
	}
	for {
		if more, err := s.step(); err != nil || !more {
			return err
		}
	}
}

// firstWord returns the word that a statement begins with, in capitals.
func firstWord(text string) string {
	for {
		text = strings.TrimLeft(text, " \t\r\n\f;\ufeff")
		switch {
		case strings.HasPrefix(text, "--"):
			_, text, _ = strings.Cut(text, "\n")
		case strings.HasPrefix(text, "/*"):
			_, text, _ = strings.Cut(text[2:], "*/")
		default:
			end := strings.IndexFunc(text, func(r rune) bool { return r < 'A' || r > 'z' || r > 'Z' && r < 'a' })
			if end >= 0 {
				text = text[:end]
			}
			return strings.ToUpper(text)
		}
	}
}
