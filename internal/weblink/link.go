// Package weblink reads the header Link (RFC 8288), by which an answer tells where
// others are that belong to it, such as the next page.
package weblink

import "strings"

// Find returns the target of the first link with the relation rel, as it is
// written, and false when there is none. What is not well-formed ends the reading.
func Find(headers []string, rel string) (string, bool) {
	for _, rest := range headers {
		for {
			rest = strings.TrimLeft(rest, " \t,")
			target, after, found := strings.Cut(strings.TrimPrefix(rest, "<"), ">")
			if !strings.HasPrefix(rest, "<") || !found {
				break
			}
			relations, next := relation(after)
			for one := range strings.FieldsSeq(relations) {
				if strings.EqualFold(one, rel) {
					return strings.TrimSpace(target), true
				}
			}
			rest = next
		}
	}
	return "", false
}

// relation reads the parameters of a link and returns the value of the first rel,
// and what follows the link.
func relation(text string) (relations, rest string) {
	first := true
	for {
		text = strings.TrimLeft(text, " \t")
		if !strings.HasPrefix(text, ";") {
			return relations, text
		}
		text = strings.TrimLeft(text[1:], " \t;")
		end := strings.IndexAny(text, "=;,")
		if end < 0 || text[end] != '=' { // without a value
			text = text[max(end, 0):]
			if end < 0 {
				return relations, ""
			}
			continue
		}
		name := strings.TrimRight(text[:end], " \t")
		var value string
		value, text = parameter(strings.TrimLeft(text[end+1:], " \t"))
		if first && strings.EqualFold(name, "rel") {
			relations, first = value, false
		}
	}
}

// parameter reads a value, in quotes or without, and returns what follows it.
func parameter(text string) (value, rest string) {
	if !strings.HasPrefix(text, `"`) {
		end := strings.IndexAny(text, ";,")
		if end < 0 {
			end = len(text)
		}
		return strings.TrimRight(text[:end], " \t"), text[end:]
	}
	var b strings.Builder
	for i := 1; i < len(text); i++ {
		switch {
		case text[i] == '"':
			return b.String(), text[i+1:]
		case text[i] == '\\' && i+1 < len(text):
			i++
		}
		b.WriteByte(text[i])
	}
	return b.String(), ""
}
