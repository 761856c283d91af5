package jsonwalk

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
)

// Found is what Walk has come across.
type Found struct {
	// Values are those that were wanted, by Path.String. What is not in the document
	// is not here.
	Values map[string]json.RawMessage
	// There reports whether there is anything at the path of the records.
	There bool
	// List reports whether that is a list, and not a record by itself.
	List bool
	// Last is the last record, nil when there was none.
	Last json.RawMessage
	// Names are the members that the object has in which a part of the path of the
	// records is missing, at most 20.
	Names []string
}

// Walk reads one document to its end. Record is given every entry of the list at
// records in order, or what is there when it is no list and not null; what it is
// given is its own. Wanted values may lie anywhere but inside of a list of records.
//
// Its errors are those of reading, of record, and others for what is not one
// well-formed document.
func Walk(document io.Reader, records Path, wanted []Path, record func(json.RawMessage) error) (Found, error) {
	w := &walker{dec: json.NewDecoder(document), record: record, found: Found{Values: map[string]json.RawMessage{}}}
	w.dec.UseNumber()
	goals := []goal{{rest: records, records: true}}
	for _, p := range wanted {
		goals = append(goals, goal{rest: p, key: p.String()})
	}
	if err := w.value(goals); err != nil {
		return w.found, whole(err)
	}
	if _, err := w.dec.Token(); !errors.Is(err, io.EOF) {
		if err == nil {
			err = errors.New("there is more behind the end")
		}
		return w.found, err
	}
	return w.found, nil
}

// whole says of a document that ends too early that it does.
func whole(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// goal is the rest of a path to what is looked for.
type goal struct {
	rest    Path
	key     string
	records bool
}

type walker struct {
	dec    *json.Decoder
	record func(json.RawMessage) error
	found  Found
}

// value reads the next value, in which goals lie.
func (w *walker) value(goals []goal) error {
	here := slices.IndexFunc(goals, func(g goal) bool { return len(g.rest) == 0 && g.records })
	if here >= 0 {
		return w.records(slices.Delete(slices.Clone(goals), here, here+1))
	}
	if slices.ContainsFunc(goals, func(g goal) bool { return len(g.rest) == 0 }) {
		var all json.RawMessage
		if err := w.dec.Decode(&all); err != nil {
			return err
		}
		return w.inside(all, goals)
	}
	token, err := w.dec.Token()
	switch {
	case err != nil:
		return err
	case token == json.Delim('{'):
		return w.object(goals)
	case token == json.Delim('['):
		return w.array(goals)
	}
	return nil
}

// inside finds goals in a value that is in memory.
func (w *walker) inside(all json.RawMessage, goals []goal) error {
	for _, g := range goals {
		at, there := Lookup(all, g.rest)
		switch {
		case !there:
		case !g.records:
			w.found.Values[g.key] = at
		default:
			inner := &walker{dec: json.NewDecoder(bytes.NewReader(at)), record: w.record, found: w.found}
			inner.dec.UseNumber()
			err := inner.records(nil)
			w.found = inner.found
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// object reads the members of an object that has begun.
func (w *walker) object(goals []goal) error {
	var names []string
	found := map[string]bool{}
	missing := slices.ContainsFunc(goals, func(g goal) bool { return g.records })
	for w.dec.More() {
		name, err := w.name()
		if err != nil {
			return err
		}
		if len(names) < 20 {
			names = append(names, name)
		}
		deeper := descend(goals, name)
		if len(deeper) > 0 {
			if found[name] {
				return fmt.Errorf("the member %q is there twice", name)
			}
			found[name] = true
		}
		missing = missing && !slices.ContainsFunc(deeper, func(g goal) bool { return g.records })
		if err := w.member(deeper); err != nil {
			return err
		}
	}
	if missing {
		w.found.Names = names
	}
	_, err := w.dec.Token()
	return err
}

func (w *walker) name() (string, error) {
	token, err := w.dec.Token()
	if err != nil {
		return "", err
	}
	name, is := token.(string)
	if !is {
		return "", fmt.Errorf("%v is no name", token)
	}
	return name, nil
}

func (w *walker) array(goals []goal) error {
	for i := 0; w.dec.More(); i++ {
		if err := w.member(descend(goals, strconv.Itoa(i))); err != nil {
			return err
		}
	}
	_, err := w.dec.Token()
	return err
}

// member reads the next value, which is of no interest when there are no goals.
func (w *walker) member(goals []goal) error {
	if len(goals) > 0 {
		return w.value(goals)
	}
	for depth := 0; ; {
		token, err := w.dec.Token()
		if err != nil {
			return err
		}
		switch token {
		case json.Delim('{'), json.Delim('['):
			depth++
		case json.Delim('}'), json.Delim(']'):
			depth--
		}
		if depth == 0 {
			return nil
		}
	}
}

// descend returns the goals that lie in the member called name.
func descend(goals []goal, name string) []goal {
	var deeper []goal
	for _, g := range goals {
		if g.rest[0] == name {
			g.rest = g.rest[1:]
			deeper = append(deeper, g)
		}
	}
	return deeper
}

// records reads the list of records, or the one record that there is; others are
// goals that lie in it.
func (w *walker) records(others []goal) error {
	token, err := w.dec.Token()
	if err != nil {
		return err
	}
	w.found.There = true
	switch token {
	case json.Delim('['):
		w.found.List = true
		for w.dec.More() {
			var one json.RawMessage
			if err := w.dec.Decode(&one); err != nil {
				return err
			}
			w.found.Last = one
			if err := w.record(one); err != nil {
				return err
			}
		}
		_, err := w.dec.Token()
		return err
	case json.Delim('{'):
		one, err := w.rest()
		if err != nil {
			return err
		}
		w.found.Last = one
		if err := w.inside(one, others); err != nil {
			return err
		}
		return w.record(one)
	case nil:
		return nil
	}
	one, err := json.Marshal(token)
	if err != nil {
		return err
	}
	w.found.Last = one
	return w.record(one)
}

// rest reads an object that has begun, and returns all of it.
func (w *walker) rest() (json.RawMessage, error) {
	all := []byte{'{'}
	for w.dec.More() {
		name, err := w.name()
		if err != nil {
			return nil, err
		}
		var value json.RawMessage
		if err := w.dec.Decode(&value); err != nil {
			return nil, err
		}
		key, err := json.Marshal(name)
		if err != nil {
			return nil, err
		}
		if len(all) > 1 {
			all = append(all, ',')
		}
		all = append(append(append(all, key...), ':'), value...)
	}
	_, err := w.dec.Token()
	return append(all, '}'), err
}
