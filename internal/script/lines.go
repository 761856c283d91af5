package script

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"sync"
	"unicode"
)

// bounds are how much of what is printed is handed on.
type bounds struct {
	line, all int // bytes of one, and of all together
	lines     int
}

var (
	ofScripts  = bounds{line: 4 << 10, all: 1 << 20, lines: 2000}
	ofCommands = bounds{line: 16 << 10, all: 10 << 20, lines: 10_000}
)

// lines hands on what a script prints, line by line and not more than a person
// would read.
type lines struct {
	tell func(Stream, string)
	// heard, unless nil, is told every line, those that are left out as well.
	heard func(Stream, string)
	bounds

	mu    sync.Mutex
	parts [2]struct {
		text []byte
		more bool // the line was longer
	}
	told, size, left int
}

type writer func([]byte) (int, error)

func (w writer) Write(b []byte) (int, error) { return w(b) }

// from returns what takes the text of one stream. It never fails.
func (l *lines) from(s Stream) io.Writer {
	return writer(func(b []byte) (int, error) {
		l.mu.Lock()
		defer l.mu.Unlock()
		for rest := b; len(rest) > 0; {
			line, after, found := bytes.Cut(rest, []byte("\n"))
			p := &l.parts[s]
			keep := min(len(line), l.line-len(p.text))
			p.more = p.more || keep < len(line)
			p.text = append(p.text, line[:keep]...)
			if found {
				l.whole(s)
			}
			rest = after
		}
		return len(b), nil
	})
}

// whole hands on the line that a stream has so far.
func (l *lines) whole(s Stream) {
	p := &l.parts[s]
	text := Clean(string(p.text))
	if p.more {
		text += " …"
	}
	p.text, p.more = p.text[:0], false
	if l.heard != nil {
		l.heard(s, text)
	}
	if l.told >= l.lines || l.size+len(text) > l.all {
		l.left++
		return
	}
	if strings.TrimSpace(text) == "" {
		return
	}
	l.told, l.size = l.told+1, l.size+len(text)
	l.tell(s, text)
}

// end hands on what came without a line's end, and how much was left out.
func (l *lines) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for s := range l.parts {
		if len(l.parts[s].text) > 0 {
			l.whole(Stream(s))
		}
	}
	if l.left > 0 {
		l.tell(Warning, fmt.Sprintf("%d more lines were printed, which are left out", l.left))
	}
}

// Clean makes text of bytes that anybody has written: no control characters, and
// what is not UTF-8 is replaced.
func Clean(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\t' || r == '\n' || r == '\r':
			return ' '
		case unicode.IsControl(r):
			return unicode.ReplacementChar
		}
		return r
	}, strings.TrimRight(strings.ToValidUTF8(text, string(unicode.ReplacementChar)), "\r\n"))
}
