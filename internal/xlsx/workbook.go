package xlsx

import (
	"encoding/xml"
	"path"
	"regexp"
	"strconv"
	"strings"

	"github.com/broked/broked/internal/fault"
)

// sheet is one of a workbook's, in the order of its tabs.
type sheet struct{ name, id, part string }

// sheets returns the sheets, and whether days are counted from 1904.
func (b *book) sheets() (all []sheet, from1904 bool, err error) {
	err = b.tokens("xl/workbook.xml", func(t xml.Token) (bool, error) {
		if e, is := t.(xml.StartElement); is {
			switch e.Name.Local {
			case "workbookPr":
				v := attribute(e, "date1904")
				from1904 = v == "1" || v == "true"
			case "sheet":
				all = append(all, sheet{name: attribute(e, "name"), id: relation(e)})
			}
		}
		return true, nil
	})
	if err != nil {
		return nil, false, err
	}
	if len(all) == 0 {
		return nil, false, b.bad(nil, "has no sheets: it is not an Excel workbook (.xlsx)")
	}
	return all, from1904, b.locate(all)
}

// locate finds the parts of sheets.
func (b *book) locate(all []sheet) error {
	parts := make(map[string]string)
	err := b.tokens("xl/_rels/workbook.xml.rels", func(t xml.Token) (bool, error) {
		if e, is := t.(xml.StartElement); is && e.Name.Local == "Relationship" {
			target := attribute(e, "Target")
			if !strings.HasPrefix(target, "/") {
				target = "/xl/" + target
			}
			parts[attribute(e, "Id")] = strings.TrimPrefix(path.Clean(target), "/")
		}
		return true, nil
	})
	for i := range all {
		all[i].part = parts[all[i].id]
	}
	return err
}

// relation returns the identifier by which an element names another part.
func relation(e xml.StartElement) string {
	for _, a := range e.Attr {
		if a.Name.Local == "id" && a.Name.Space != "" {
			return a.Value
		}
	}
	return ""
}

// pick returns the sheet that is asked for by name or by number from 1; the first
// when nothing is asked.
func (b *book) pick(all []sheet, asked string) (sheet, error) {
	if asked == "" {
		asked = "1"
	}
	var names []string
	for _, s := range all {
		if s.name == asked {
			return s, nil
		}
		names = append(names, s.name)
	}
	if n, err := strconv.Atoi(asked); err == nil && n >= 1 && n <= len(all) {
		return all[n-1], nil
	}
	words := fault.New(fault.Invalid, "%s has no sheet %q%s; there are: %s", b.name, asked, fault.DidYouMean(asked, names), strings.Join(names, ", "))
	words.Problems = []fault.Problem{{Path: "sheet", Message: words.Msg}}
	return sheet{}, words
}

// shared returns the texts that cells share.
func (b *book) shared() ([]string, error) {
	var all []string
	var text strings.Builder
	size, inText, phonetic := 0, false, false
	err := b.tokens("xl/sharedStrings.xml", func(t xml.Token) (bool, error) {
		switch e := t.(type) {
		case xml.StartElement:
			switch e.Name.Local {
			case "si":
				text.Reset()
			case "t":
				inText = !phonetic
			case "rPh":
				phonetic = true
			}
		case xml.CharData:
			if inText {
				text.Write(e)
			}
		case xml.EndElement:
			switch e.Name.Local {
			case "t":
				inText = false
			case "rPh":
				phonetic = false
			case "si":
				all = append(all, unescaped(text.String()))
				if size += text.Len() + 16; size > maxShared {
					return false, b.bad(nil, "has more than %d MB of texts", maxShared>>20)
				}
			}
		}
		return true, nil
	})
	return all, err
}

// how a number is shown.
type shown byte

const (
	asNumber shown = iota
	asDate
	asTimestamp
	asTime
)

// styles returns how the numbers of each style of cells are shown.
func (b *book) styles() ([]shown, error) {
	formats, cells := map[string]shown{}, false
	var all []shown
	err := b.tokens("xl/styles.xml", func(t xml.Token) (bool, error) {
		switch e := t.(type) {
		case xml.StartElement:
			switch e.Name.Local {
			case "numFmt":
				formats[attribute(e, "numFmtId")] = formatOf(attribute(e, "formatCode"))
			case "cellXfs":
				cells = true
			case "xf":
				if cells {
					id := attribute(e, "numFmtId")
					how, own := formats[id]
					if !own {
						how = builtIn[id]
					}
					all = append(all, how)
				}
			}
		case xml.EndElement:
			cells = cells && e.Name.Local != "cellXfs"
		}
		return true, nil
	})
	return all, err
}

// builtIn are the formats for dates and times that have numbers and no text.
var builtIn = map[string]shown{
	"14": asDate, "15": asDate, "16": asDate, "17": asDate, "18": asTime, "19": asTime, "20": asTime, "21": asTime, "22": asTimestamp,
	"27": asDate, "28": asDate, "29": asDate, "30": asDate, "31": asDate, "32": asTime, "33": asTime, "34": asTime, "35": asTime, "36": asDate,
	"45": asTime, "46": asTime, "47": asTime, "50": asDate, "51": asDate, "52": asDate, "53": asDate, "54": asDate, "57": asDate, "58": asDate,
}

// literal is what a format code shows as it is: quoted and escaped text, colours and
// languages in brackets.
var literal = regexp.MustCompile(`"[^"]*"|\\.|_.|\*.|\[[^\]hms][^\]]*\]`)

// formatOf returns what a format code shows.
func formatOf(code string) shown {
	first, _, _ := strings.Cut(code, ";")
	plain := strings.ToLower(literal.ReplaceAllString(first, ""))
	if strings.Contains(plain, "general") {
		return asNumber
	}
	days, times := strings.ContainsAny(plain, "yd"), strings.ContainsAny(plain, "hs")
	switch {
	case days && times:
		return asTimestamp
	case days, !times && strings.Contains(plain, "m"):
		return asDate
	case times:
		return asTime
	}
	return asNumber
}

// escape is how a character stands in a text that XML cannot hold.
var escape = regexp.MustCompile(`_x([0-9A-Fa-f]{4})_`)

func unescaped(text string) string {
	if !strings.Contains(text, "_x") {
		return text
	}
	return escape.ReplaceAllStringFunc(text, func(m string) string {
		n, err := strconv.ParseUint(m[2:6], 16, 16)
		if err != nil {
			return m
		}
		return string(rune(n))
	})
}
