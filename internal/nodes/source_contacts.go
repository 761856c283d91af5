package nodes

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/batch"
	"github.com/broked/broked/internal/contacts"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/node"
)

var productSetting = node.Schema{Type: node.TypeString, Title: "Product", Enum: []string{string(contacts.Recruiting), string(contacts.Retention)}}

// sourceContactsSpec reads the contacts of the server.
var sourceContactsSpec = node.Spec{
	Kind: "source_contacts", Title: "Contacts", Icon: "contacts", Category: node.Source, MaxInputs: 0,
	Summary:     "Read the contacts of this server's workspace, those that were changed longest ago first; all of them, or those that were changed since the last run.",
	Permissions: []string{string(auth.ContactsView)}, Asks: []string{contacts.AskPage},
	Settings: node.Schema{Type: node.TypeObject, Fields: []node.Field{
		{Name: "incremental", Schema: node.Schema{Type: node.TypeBoolean, Title: "Changed since the last run", Default: false, Help: "Read only what was added or changed since the last run that succeeded. The first run reads everything, and so does the first after other filters were set. How far it has read can be forgotten on the page of the pipeline."}},
		{Name: "product", Schema: withHelp(productSetting, "Recruiting for leads, retention for agents; left out, both.")},
		{Name: "status", Schema: node.Schema{Type: node.TypeString, Title: "Status"}},
		{Name: "stage", Schema: node.Schema{Type: node.TypeString, Title: "Stage"}},
		{Name: "source", Schema: node.Schema{Type: node.TypeString, Title: "Source"}},
		{Name: "tag", Schema: node.Schema{Type: node.TypeString, Title: "Tag"}},
		{Name: "updated_since", Schema: node.Schema{Type: node.TypeString, Title: "Changed since", Help: "A day such as 2026-11-30, or a time such as 2026-11-30T08:00:00Z."}},
		{Name: "custom_columns", Schema: node.Schema{Type: node.TypeArray, Title: "Own fields", Items: &node.Schema{Type: node.TypeString, MinLen: 1}, Help: "Fields in custom that get a column each, called custom.NAME."}},
	}},
	New: newSourceContacts,
}

func withHelp(s node.Schema, help string) node.Schema {
	s.Help = help
	return s
}

// sourceContacts is a configured source of contacts.
type sourceContacts struct {
	Incremental   bool             `json:"incremental"`
	Product       contacts.Product `json:"product"`
	Status        string           `json:"status"`
	Stage         string           `json:"stage"`
	Source        string           `json:"source"`
	Tag           string           `json:"tag"`
	UpdatedSince  string           `json:"updated_since"`
	CustomColumns []string         `json:"custom_columns"`
}

// contactsRead is how far a source has read.
type contactsRead struct {
	After  string               `json:"after"`
	Filter contacts.PageRequest `json:"filter"` // with which it did
}

func newSourceContacts(config json.RawMessage) (node.Node, error) {
	s := &sourceContacts{}
	if err := json.Unmarshal(config, s); err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "the settings of the contacts source are not readable")
	}
	if _, err := s.request(); err != nil {
		return nil, unlessPlaceholder(s.UpdatedSince, err)
	}
	return s, nil
}

func (s *sourceContacts) request() (contacts.PageRequest, error) {
	r := contacts.PageRequest{Product: s.Product, Status: s.Status, Stage: s.Stage, Source: s.Source, Tag: s.Tag}
	if s.UpdatedSince == "" {
		return r, nil
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if at, err := time.Parse(layout, s.UpdatedSince); err == nil {
			r.UpdatedSince = at.UTC()
			return r, nil
		}
	}
	return r, settingFault("updated_since", "must be a day such as 2026-11-30 or a time such as 2026-11-30T08:00:00Z, not %q", s.UpdatedSince)
}

// Process implements node.Procedural.
func (s *sourceContacts) Process(ctx context.Context, env node.Env, _ node.Rows, write func(batch.Batch) error) error {
	filter, err := s.request()
	if err != nil {
		return err
	}
	var last contactsRead
	if s.Incremental && env.State != nil && json.Unmarshal(env.State, &last) == nil && last.Filter != filter {
		last = contactsRead{} // what other filters left out would be missing
	}
	r := filter
	r.After = last.After
	if err := write(s.table(nil)); err != nil { // the columns, if there is no contact
		return err
	}
	for {
		var page contacts.Page
		if err := env.Ask(ctx, contacts.AskPage, r, &page); err != nil {
			return err
		}
		if len(page.Contacts) > 0 {
			if err := write(s.table(page.Contacts)); err != nil {
				return err
			}
		}
		r.After = page.After
		if page.Last {
			return s.keep(env, contactsRead{After: page.After, Filter: filter})
		}
	}
}

func (s *sourceContacts) keep(env node.Env, read contactsRead) error {
	if !s.Incremental {
		return nil
	}
	state, err := json.Marshal(read)
	if err == nil {
		env.Keep(state)
	}
	return err
}

// contactTime is how times of contacts are written: no two changes have the same.
const contactTime = "2006-01-02 15:04:05.000000"

// table returns contacts as rows.
func (s *sourceContacts) table(all []contacts.Contact) batch.Batch {
	b := batch.Batch{Rows: len(all)}
	add := func(name, typ string, value func(c *contacts.Contact) string) {
		column := batch.Column{Name: name, Type: typ, Kind: batch.Text, Texts: make([]string, len(all)), Valid: make([]bool, len(all))}
		for i := range all {
			column.Texts[i] = value(&all[i])
			column.Valid[i] = column.Texts[i] != ""
		}
		b.Columns = append(b.Columns, column)
	}
	add("id", "VARCHAR", func(c *contacts.Contact) string { return string(c.ID) })
	add("product", "VARCHAR", func(c *contacts.Contact) string { return string(c.Product) })
	for _, name := range contacts.Columns() {
		add(name, "VARCHAR", func(c *contacts.Contact) string { return c.Text(name) })
	}
	add("tags", "VARCHAR", func(c *contacts.Contact) string { return strings.Join(c.Tags, "|") })
	add("document_urls", "VARCHAR", func(c *contacts.Contact) string { return strings.Join(c.DocumentURLs, "|") })
	add("custom", "VARCHAR", func(c *contacts.Contact) string { return s.rest(c.Custom) })
	for _, name := range s.CustomColumns {
		add("custom."+name, "VARCHAR", func(c *contacts.Contact) string { return word(c.Custom[name]) })
	}
	add("created_at", "TIMESTAMP", func(c *contacts.Contact) string { return c.CreatedAt.UTC().Format(contactTime) })
	add("updated_at", "TIMESTAMP", func(c *contacts.Contact) string { return c.UpdatedAt.UTC().Format(contactTime) })
	return b
}

// rest returns the own fields that have no column, as a JSON object.
func (s *sourceContacts) rest(custom map[string]json.RawMessage) string {
	others := make(map[string]json.RawMessage, len(custom))
	for name, v := range custom {
		if !slices.Contains(s.CustomColumns, name) {
			others[name] = v
		}
	}
	if len(others) == 0 {
		return ""
	}
	text, err := json.Marshal(others)
	if err != nil {
		return ""
	}
	return string(text)
}

// word returns a JSON value as it stands in a cell: texts without their quotes.
func word(v json.RawMessage) string {
	var text string
	if json.Unmarshal(v, &text) == nil {
		return text
	}
	return string(v)
}
