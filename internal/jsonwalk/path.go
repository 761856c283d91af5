// Package jsonwalk takes the rows and a few values out of a JSON document while it
// is read, so that a document of any size takes the memory of one row.
package jsonwalk

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Path leads from the top of a document to a value in it: names of members, and
// places in lists. The zero Path is the document itself.
type Path []string

// Last is the place of the last entry of a list. Lookup understands it.
const Last = "-1"

// Parse reads a path such as data.items, $.data.items[*], data[0].id or
// data['a.b']. A dot in a name may have a backslash before it. [*] at the end means
// nothing more than the list itself.
func Parse(text string) (Path, error) {
	rest := strings.TrimPrefix(text, "$")
	rest = strings.TrimSuffix(strings.TrimSuffix(rest, "[*]"), ".*")
	var p Path
	for first := true; rest != ""; first = false {
		var segment string
		var err error
		switch {
		case rest[0] == '[':
			segment, rest, err = bracket(rest)
		case rest[0] == '.' || first:
			segment, rest, err = name(strings.TrimPrefix(rest, "."))
		default:
			err = errors.New("has something behind a bracket that is no dot")
		}
		if err != nil {
			return nil, fmt.Errorf("%q %w: write names with dots between them, such as data.items or data[0].id", text, err)
		}
		p = append(p, segment)
	}
	return p, nil
}

// bracket reads what begins with a bracket.
func bracket(text string) (segment, rest string, err error) {
	if len(text) > 1 && (text[1] == '\'' || text[1] == '"') {
		end := strings.Index(text[2:], text[1:2]+"]")
		if end <= 0 {
			return "", "", errors.New("has a name that is empty, or a quote or a bracket that is not closed")
		}
		return text[2 : 2+end], text[end+4:], nil
	}
	segment, rest, closed := strings.Cut(text[1:], "]")
	if n, err := strconv.Atoi(segment); !closed || err != nil || n < -1 || strconv.Itoa(n) != segment {
		return "", "", errors.New("has a bracket without a place in a list in it")
	}
	return segment, rest, nil
}

// name reads up to a dot or a bracket.
func name(text string) (segment, rest string, err error) {
	var b strings.Builder
	i := 0
	for ; i < len(text) && text[i] != '.' && text[i] != '['; i++ {
		if text[i] == '\\' && i+1 < len(text) {
			i++
		}
		b.WriteByte(text[i])
	}
	switch text[:i] {
	case "":
		return "", "", errors.New("has a name that is empty")
	case "*":
		return "", "", errors.New("has a * that is not at its end")
	}
	return b.String(), text[i:], nil
}

// String writes p so that Parse reads it again.
func (p Path) String() string {
	var b strings.Builder
	for i, segment := range p {
		if i > 0 {
			b.WriteByte('.')
		}
		for _, c := range []byte(segment) {
			if c == '.' || c == '[' || c == '\\' || c == '*' || c == '$' || c <= ' ' {
				b.WriteByte('\\')
			}
			b.WriteByte(c)
		}
	}
	return b.String()
}

// Lookup returns the value at p in a document, and false when there is none.
func Lookup(document json.RawMessage, p Path) (json.RawMessage, bool) {
	there := true
	for i := 0; i < len(p) && there; i++ {
		document, there = step(document, p[i])
	}
	return document, there
}

func step(document json.RawMessage, segment string) (json.RawMessage, bool) {
	document = bytes.TrimLeft(document, " \t\r\n")
	if bytes.HasPrefix(document, []byte("{")) {
		var members map[string]json.RawMessage
		if json.Unmarshal(document, &members) != nil {
			return nil, false
		}
		member, there := members[segment]
		return member, there
	}
	var entries []json.RawMessage
	n, err := strconv.Atoi(segment)
	if err != nil || !bytes.HasPrefix(document, []byte("[")) || json.Unmarshal(document, &entries) != nil {
		return nil, false
	}
	if segment == Last {
		n = len(entries) - 1
	}
	if n < 0 || n >= len(entries) {
		return nil, false
	}
	return entries[n], true
}
