// Package xmltable makes rows of the elements of an XML document that repeat.
package xmltable

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"golang.org/x/text/encoding/htmlindex"
)

// Bounds on what a document may have.
const (
	maxDepth   = 64
	maxPaths   = 20_000 // different places of elements
	maxColumns = 5_000
	maxValue   = 16 << 20 // bytes of one value
)

// Shape is where the rows of a document are, and which columns they have.
type Shape struct {
	row     string   // the path of the elements that are rows, or the name of them
	named   bool     // it is a name
	columns []string // as found: attributes have an @ in front
	at      map[string]int
}

// Columns returns the names of the columns: those of attributes and of elements
// inside a row, with the names of what they are inside of in front and _ between. An
// attribute that is called like an element keeps an @ in front.
func (s Shape) Columns() []string {
	names := make([]string, len(s.columns))
	for i, c := range s.columns {
		names[i] = strings.Replace(c, "@", "", 1)
		if strings.Contains(c, "@") && slices.Contains(s.columns, names[i]) {
			names[i] = c
		}
	}
	return names
}

// Look finds the shape of a document. Rows are the elements called row, wherever
// they are. Without a name they are those that are there most often among the
// elements nearest to the root that are there more than once.
//
// The errors are for people: where the document is not well-formed, and what of it
// is too much.
func Look(ctx context.Context, in io.Reader, row string) (Shape, error) {
	f := &found{counts: make(map[string]int), columns: make(map[string][]string), known: make(map[string]bool)}
	w := &walker{row: row}
	w.enter = func(path []string, e xml.StartElement) error {
		key := strings.Join(path, "/")
		if f.counts[key]++; f.counts[key] == 1 {
			if f.order = append(f.order, key); len(f.order) > maxPaths {
				return fmt.Errorf("has more than %d sorts of elements", maxPaths)
			}
		}
		for _, a := range attributes(e) {
			if err := f.note(path, "@"+a.Name.Local, false); err != nil {
				return err
			}
		}
		return nil
	}
	w.leave = func(path []string, text string, leaf bool) error {
		blank := strings.TrimSpace(text) == ""
		if !leaf && blank {
			return nil
		}
		return f.note(path, "", blank)
	}
	if err := w.walk(ctx, in); err != nil {
		return Shape{}, err
	}
	if len(f.order) == 0 {
		return Shape{}, errors.New("has no elements: it is not XML")
	}
	return shaped(row, f.order, f.counts, f.columns)
}

// found is what elements there are, and for each what is inside of it.
type found struct {
	order   []string
	counts  map[string]int
	columns map[string][]string
	known   map[string]bool
}

// note remembers that there is text or an attribute at a path, for every element that
// it is inside of. An element without text has none as a row either.
func (f *found) note(path []string, attribute string, blank bool) error {
	for depth := range path {
		if blank && depth == len(path)-1 {
			continue
		}
		of, name := strings.Join(path[:depth+1], "/"), column(path[depth+1:], attribute)
		if id := of + "\x00" + name; !f.known[id] {
			f.known[id] = true
			f.columns[of] = append(f.columns[of], name)
			if len(f.known) > maxPaths*8 || len(f.columns[of]) > maxColumns {
				return errors.New("has more columns than a table can have")
			}
		}
	}
	return nil
}

// shaped picks the elements that are rows.
func shaped(row string, order []string, counts map[string]int, columns map[string][]string) (Shape, error) {
	s := Shape{row: row, named: row != "", at: make(map[string]int)}
	var found []string
	if s.named {
		for _, path := range order {
			if last(path) == row {
				found = append(found, path)
			}
		}
		if found == nil {
			return Shape{}, fmt.Errorf("has no elements called %q", row)
		}
	} else {
		s.row = repeated(order, counts)
		found = []string{s.row}
	}
	for _, path := range found {
		for _, c := range columns[path] {
			if _, there := s.at[c]; !there {
				s.at[c] = len(s.columns)
				s.columns = append(s.columns, c)
			}
		}
	}
	if len(s.columns) == 0 {
		return Shape{}, fmt.Errorf("has nothing inside its elements %q", last(s.row))
	}
	return s, nil
}

// repeated returns the path of the elements that are rows.
func repeated(order []string, counts map[string]int) string {
	for depth := 1; depth < maxDepth; depth++ {
		best := ""
		for _, path := range order {
			if strings.Count(path, "/") == depth && counts[path] > max(1, counts[best]) {
				best = path
			}
		}
		if best != "" {
			return best
		}
	}
	return order[0] // the root is the only row
}

func last(path string) string { return path[strings.LastIndex(path, "/")+1:] }

// column returns the name of what is inside a row: elements, and an attribute if any.
func column(path []string, attribute string) string {
	name := strings.Join(path, "_")
	switch {
	case attribute == "" && name == "":
		return "value"
	case attribute == "":
		return name
	case name == "":
		return attribute
	}
	return name + "_" + attribute
}

// isRow reports whether the element at a path is a row.
func (s Shape) isRow(path []string) bool {
	if s.named {
		return path[len(path)-1] == s.row
	}
	return strings.Join(path, "/") == s.row
}

// Rows gives every row of a document of a shape: the values of the columns, and
// whether there is one. Elements that are there several times in a row have their
// values joined by ", ". The slices are valid during the call.
func (s Shape) Rows(ctx context.Context, in io.Reader, give func(values []string, there []bool) error) error {
	values, there := make([]string, len(s.columns)), make([]bool, len(s.columns))
	begin := 0 // the depth of the row that is being read
	put := func(name, value string) {
		i, known := s.at[name]
		switch {
		case !known:
		case there[i]:
			values[i] += ", " + value
		default:
			values[i], there[i] = value, true
		}
	}
	w := &walker{row: s.row}
	w.enter = func(path []string, e xml.StartElement) error {
		if begin == 0 && s.isRow(path) {
			begin = len(path)
			clear(values)
			clear(there)
		}
		if begin > 0 {
			for _, a := range attributes(e) {
				put(column(path[begin:], "@"+a.Name.Local), a.Value)
			}
		}
		return nil
	}
	w.leave = func(path []string, text string, _ bool) error {
		if value := strings.TrimSpace(text); begin > 0 && value != "" {
			put(column(path[begin:], ""), value)
		}
		if len(path) != begin {
			return nil
		}
		begin = 0
		return give(values, there)
	}
	return w.walk(ctx, in)
}

// attributes returns those of an element that say something about it.
func attributes(e xml.StartElement) []xml.Attr {
	return slices.DeleteFunc(slices.Clone(e.Attr), func(a xml.Attr) bool {
		return a.Name.Space == "xmlns" || a.Name.Space == "" && a.Name.Local == "xmlns" || a.Name.Space == "http://www.w3.org/2001/XMLSchema-instance"
	})
}

// decoded returns text in UTF-8 that is in another encoding.
func decoded(label string, in io.Reader) (io.Reader, error) {
	e, err := htmlindex.Get(label)
	if err != nil {
		return nil, fmt.Errorf("is in the encoding %.40q, which is not known", label)
	}
	return e.NewDecoder().Reader(in), nil
}

// walker goes through a document.
type walker struct {
	row   string
	enter func(path []string, e xml.StartElement) error
	leave func(path []string, text string, leaf bool) error
}

// walk reads a document. Entities of its own are not known to the decoder, so that
// none can expand.
func (w *walker) walk(ctx context.Context, in io.Reader) error {
	d := xml.NewDecoder(in)
	d.CharsetReader = decoded
	var path []string
	var texts [][]byte
	var leaves []bool
	for {
		t, err := d.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			line, _ := d.InputPos()
			return fmt.Errorf("is not well-formed XML in line %d: %w", line, err)
		}
		switch e := t.(type) {
		case xml.StartElement:
			if len(path) >= maxDepth {
				return fmt.Errorf("has elements inside each other %d deep", maxDepth)
			}
			path, texts, leaves = append(path, e.Name.Local), append(texts, nil), append(leaves, true)
			leaves[max(0, len(leaves)-2)] = len(leaves) == 1
			err = w.enter(path, e)
		case xml.CharData:
			if n := len(texts); n > 0 {
				if texts[n-1] = append(texts[n-1], e...); len(texts[n-1]) > maxValue {
					err = fmt.Errorf("has a value of more than %d MB", maxValue>>20)
				}
			}
		case xml.EndElement:
			n := len(path) - 1
			if err = w.leave(path, string(texts[n]), leaves[n]); err == nil {
				err = ctx.Err()
			}
			path, texts, leaves = path[:n], texts[:n], leaves[:n]
		}
		if err != nil {
			return err
		}
	}
}
