package contacts

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/strictjson"
)

// Draft is what somebody wants a contact to be. What it does not mention stays.
type Draft struct {
	// Test asks for every check and for no change.
	Test      bool
	product   Product // "": not mentioned
	texts     map[string]string
	tags      *[]string
	documents *[]string
	custom    map[string]json.RawMessage // null: to be removed
	noCustom  bool                       // what is there is removed first
}

func itoa(n int) string { return strconv.Itoa(n) }

// members are those of a draft's JSON, besides the texts.
var members = []string{"product", "tags", "document_urls", "custom", "test", "keep_unknown"}

// known are all members that a draft may have.
func known() []string {
	all := slices.Clone(members)
	for _, t := range texts {
		all = append(all, t.name)
	}
	return all
}

// Read reads a draft from a JSON object. A member that is null or an empty text
// empties its field. Members that are unknown are wrong, unless "keep_unknown" is
// true: then they are kept in custom.
//
// What is no JSON object is an Invalid fault; what is one and wrong is an
// Unprocessable fault with everything that is wrong, by member.
func Read(body []byte) (Draft, error) {
	var raw jsontext.Value
	if err := strictjson.Decode(body, &raw); err != nil {
		return Draft{}, err
	}
	if raw.Kind() != '{' {
		return Draft{}, fault.New(fault.Invalid, "a contact is a JSON object").With("invalid_json")
	}
	var given map[string]jsontext.Value
	if err := strictjson.Decode(raw, &given); err != nil {
		return Draft{}, err
	}
	return readMembers(given)
}

func readMembers(given map[string]jsontext.Value) (Draft, error) {
	r := reader{given: given, draft: Draft{texts: make(map[string]string, len(given))}}
	r.read()
	if len(r.problems) > 0 {
		return Draft{}, rejected(r.problems)
	}
	return r.draft, nil
}

// reader collects what is wrong with a draft.
type reader struct {
	given    map[string]jsontext.Value
	draft    Draft
	problems []fault.Problem
}

func (r *reader) wrong(path, message string) {
	r.problems = append(r.problems, fault.Problem{Path: path, Message: message})
}

func (r *reader) read() {
	r.draft.Test = r.boolean("test")
	keep := r.boolean("keep_unknown")
	r.product()
	for _, t := range texts {
		if v, ok := r.given[t.name]; ok {
			r.text(t, v)
		}
	}
	r.draft.tags = r.list("tags", text{most: maxTag}, maxTags)
	r.draft.documents = r.list("document_urls", text{most: maxURL, check: checkURL}, maxDocuments)
	r.custom()
	r.unknown(keep)
}

func (r *reader) boolean(name string) bool {
	v, ok := r.given[name]
	if ok && v.Kind() != 't' && v.Kind() != 'f' {
		r.wrong(name, "must be true or false, without quotes")
	}
	return v.Kind() == 't'
}

func (r *reader) product() {
	v, ok := r.given["product"]
	if !ok || v.Kind() == 'n' {
		return
	}
	s, isText := word(v)
	r.draft.product = Product(s)
	if !isText || r.draft.product != Recruiting && r.draft.product != Retention {
		r.wrong("product", "must be recruiting or retention")
	}
}

func (r *reader) text(t text, v jsontext.Value) {
	s, isText := word(v)
	if !isText {
		r.wrong(t.name, "must be text")
		return
	}
	s, wrong := t.clean(s)
	if wrong != "" {
		r.wrong(t.name, wrong)
	}
	r.draft.texts[t.name] = s
}

// word returns the text that v is; null is an empty one.
func word(v jsontext.Value) (string, bool) {
	if v.Kind() == 'n' {
		return "", true
	}
	var s string
	if v.Kind() != '"' || json.Unmarshal(v, &s) != nil {
		return "", false
	}
	return s, true
}

// list reads a list of texts; what is there twice counts once.
func (r *reader) list(name string, each text, most int) *[]string {
	v, ok := r.given[name]
	if !ok {
		return nil
	}
	all := []string{}
	var items []jsontext.Value
	if v.Kind() != 'n' && (v.Kind() != '[' || strictjson.Decode(v, &items) != nil) {
		r.wrong(name, "must be a list of texts")
		return nil
	}
	if len(items) > most {
		r.wrong(name, "has more than "+itoa(most)+" items")
		return nil
	}
	for i, item := range items {
		s, isText := word(item)
		wrong := "must be text"
		if isText {
			s, wrong = each.clean(s)
		}
		if wrong != "" {
			r.wrong(name+"["+itoa(i)+"]", wrong)
		} else if s != "" && !slices.Contains(all, s) {
			all = append(all, s)
		}
	}
	return &all
}

func (r *reader) custom() {
	v, ok := r.given["custom"]
	if !ok {
		return
	}
	if v.Kind() == 'n' {
		r.draft.noCustom = true
		return
	}
	if v.Kind() != '{' || json.Unmarshal(v, &r.draft.custom) != nil {
		r.wrong("custom", "must be an object")
	}
}

// unknown keeps members that are no field, or says that they are wrong.
func (r *reader) unknown(keep bool) {
	fields := known()
	for _, name := range slices.Sorted(maps.Keys(r.given)) {
		switch {
		case slices.Contains(fields, name):
		case !keep:
			r.wrong(name, "is not a field"+fault.DidYouMean(name, fields)+`; with "keep_unknown": true it is kept in custom`)
		case r.draft.custom[name] != nil:
			r.wrong(name, "is also in custom")
		default:
			if r.draft.custom == nil {
				r.draft.custom = make(map[string]json.RawMessage)
			}
			r.draft.custom[name] = json.RawMessage(r.given[name])
		}
	}
}

// onto returns old with what d mentions.
func (d Draft) onto(old Contact) (Contact, error) {
	c := old
	if d.product != "" {
		c.Product = d.product
	}
	for _, t := range texts {
		if s, ok := d.texts[t.name]; ok {
			*t.at(&c) = s
		}
	}
	if d.tags != nil {
		c.Tags = *d.tags
	}
	if d.documents != nil {
		c.DocumentURLs = *d.documents
	}
	c.Custom = map[string]json.RawMessage{}
	if !d.noCustom {
		maps.Copy(c.Custom, old.Custom)
	}
	for name, v := range d.custom {
		if string(v) == "null" {
			delete(c.Custom, name)
			continue
		}
		var compact bytes.Buffer
		if err := json.Compact(&compact, v); err != nil {
			return Contact{}, err
		}
		c.Custom[name] = compact.Bytes()
	}
	return c, c.check()
}

// check looks at what only the whole record shows.
func (c Contact) check() error {
	if c.Email == "" && c.AgentID == "" {
		return fault.New(fault.Invalid, "a contact needs an email or an agent_id").With("missing_parameter")
	}
	size := 0
	for name, v := range c.Custom {
		size += len(name) + len(v)
		if name == "" || len(name) > 255 || strings.ContainsRune(name, 0) {
			return rejected([]fault.Problem{{Path: "custom", Message: "has a name that is empty or too long"}})
		}
	}
	if size > maxCustom {
		return rejected([]fault.Problem{{Path: "custom", Message: "has more than " + itoa(maxCustom>>10) + " KiB"}})
	}
	return nil
}

// differences returns the names of the fields in which c differs from old, and
// what old held in them.
func (c Contact) differences(old Contact) ([]string, map[string]json.RawMessage, error) {
	names, before := []string{}, make(map[string]json.RawMessage)
	var failed error
	note := func(name string, differs bool, held any) {
		if !differs {
			return
		}
		b, err := json.Marshal(held)
		names, before[name], failed = append(names, name), b, errors.Join(failed, err)
	}
	note("product", c.Product != old.Product, old.Product)
	for _, t := range texts {
		now, then := *t.at(&c), *t.at(&old)
		note(t.name, now != then, then)
	}
	note("tags", !slices.Equal(c.Tags, old.Tags), old.Tags)
	note("document_urls", !slices.Equal(c.DocumentURLs, old.DocumentURLs), old.DocumentURLs)
	note("custom", !maps.EqualFunc(c.Custom, old.Custom, func(a, b json.RawMessage) bool { return bytes.Equal(a, b) }), old.Custom)
	return names, before, failed
}
