package contacts

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/broked/broked/internal/fault"
)

// The questions of the nodes of pipelines that read and write contacts.
const (
	AskPage = "contacts.page" // a PageRequest, answered by a Page
	AskPut  = "contacts.put"  // a PutRequest, answered by a Put
)

// MaxPut is how many rows a PutRequest may have.
const MaxPut = 500

// maxPage is how many contacts a Page has at most.
const maxPage = 200

// PageRequest asks for some of the contacts that it chooses, from the oldest
// change on.
type PageRequest struct {
	Product      Product   `json:"product"`
	Status       string    `json:"status"`
	Stage        string    `json:"stage"`
	Source       string    `json:"source"`
	Tag          string    `json:"tag"`
	UpdatedSince time.Time `json:"updated_since"`
	After        string    `json:"after"` // a Page's; "" is the beginning
}

// Page is some contacts.
type Page struct {
	Contacts []Contact `json:"contacts"`
	After    string    `json:"after"` // the place behind the last of them
	Last     bool      `json:"last"`  // there were no more
}

// Page returns the next contacts that r chooses.
func (s *Service) Page(ctx context.Context, r PageRequest) (Page, error) {
	after, err := ParseCursor(r.After)
	if err != nil {
		return Page{}, err
	}
	all, err := s.List(ctx, Filter{
		Product: r.Product, Status: r.Status, Stage: r.Stage, Source: r.Source, Tag: r.Tag,
		UpdatedSince: r.UpdatedSince, Oldest: true, After: after, Limit: maxPage,
	})
	if err != nil {
		return Page{}, err
	}
	p := Page{Contacts: all, After: r.After, Last: len(all) < maxPage}
	if len(all) > 0 {
		p.After = CursorOf(all[len(all)-1]).String()
	}
	return p, nil
}

// PutRequest asks for a contact for each row.
type PutRequest struct {
	Columns     []string           `json:"columns"` // names of fields, and custom.NAME
	Rows        [][]jsontext.Value `json:"rows"`    // at most MaxPut; null is not mentioned
	Product     Product            `json:"product"` // of rows that do not say
	KeepUnknown bool               `json:"keep_unknown"`
	Test        bool               `json:"test"` // every check and no change
}

// Put is what became of the rows of a PutRequest.
type Put struct {
	Created  int           `json:"created"`
	Updated  int           `json:"updated"`
	Rejected []RejectedRow `json:"rejected"` // with the place in Rows, from 1, as their line
}

// Put stores a contact for each row like Upsert does, in their order. Cells that
// are null are not mentioned. In a list, a text is taken apart at |. A row that is
// wrong is told, and the others are stored. Columns that are no fields are an
// Unprocessable fault, and then nothing is stored.
func (s *Service) Put(ctx context.Context, r PutRequest) (Put, error) {
	columns, err := header(r.Columns, r.KeepUnknown)
	if err != nil {
		return Put{}, err
	}
	if len(r.Rows) > MaxPut {
		return Put{}, fault.New(fault.Invalid, "at most %d contacts are stored at once", MaxPut)
	}
	done := Put{Rejected: []RejectedRow{}}
	for i, row := range r.Rows {
		created, err := s.putRow(ctx, columns, row, r)
		switch {
		case ctx.Err() != nil || err != nil && fault.KindOf(err) == fault.Internal:
			return done, err
		case err != nil:
			done.Rejected = append(done.Rejected, RejectedRow{Line: i + 1, Error: fault.MessageOf(err), Problems: fault.ProblemsOf(err)})
		case created:
			done.Created++
		default:
			done.Updated++
		}
	}
	return done, nil
}

func (s *Service) putRow(ctx context.Context, columns []string, row []jsontext.Value, r PutRequest) (bool, error) {
	if len(row) != len(columns) {
		return false, rejected([]fault.Problem{{Message: "has another number of cells than there are columns"}})
	}
	g := newGiven()
	for i, cell := range row {
		if columns[i] == "" || cell.Kind() == 'n' {
			continue
		}
		v, err := meant(columns[i], cell)
		if err != nil {
			return false, err
		}
		g.set(columns[i], v)
	}
	if _, says := g.members["product"]; !says && r.Product != "" {
		product, err := json.Marshal(r.Product)
		if err != nil {
			return false, err
		}
		g.set("product", product)
	}
	d, err := g.draft(r.KeepUnknown)
	if err != nil {
		return false, err
	}
	d.Test = r.Test
	_, created, err := s.Upsert(ctx, d, "pipeline")
	return created, err
}

// meant returns what a cell says about a column. Lists and objects may be there as
// text, as in files.
func meant(column string, cell jsontext.Value) (jsontext.Value, error) {
	switch column {
	case "tags", "document_urls", "custom":
		if cell.Kind() != '"' {
			return cell, nil
		}
		var text string
		if err := json.Unmarshal(cell, &text); err != nil {
			return nil, err
		}
		if strings.TrimSpace(text) == "" {
			return jsontext.Value("null"), nil
		}
		return value(column, text)
	}
	return cell, nil
}

// given collects the members of a draft from the columns of a table.
type given struct{ members, custom map[string]jsontext.Value }

func newGiven() given {
	return given{members: map[string]jsontext.Value{}, custom: map[string]jsontext.Value{}}
}

func (g given) set(column string, v jsontext.Value) {
	if name, own := strings.CutPrefix(column, ownColumn); own {
		g.custom[name] = v
	} else {
		g.members[column] = v
	}
}

func (g given) draft(keepUnknown bool) (Draft, error) {
	if len(g.custom) > 0 {
		if g.members["custom"] != nil {
			return Draft{}, rejected([]fault.Problem{{Path: "custom", Message: "is there as a column and as custom.… columns"}})
		}
		v, err := json.Marshal(g.custom)
		if err != nil {
			return Draft{}, err
		}
		g.members["custom"] = v
	}
	if keepUnknown {
		g.members["keep_unknown"] = jsontext.Value("true")
	}
	return readMembers(g.members)
}

// Columns are the fields of a contact that a table of contacts has, in the order of
// the record; tags, document_urls and custom come behind them.
func Columns() []string {
	names := make([]string, len(texts))
	for i, t := range texts {
		names[i] = t.name
	}
	return names
}

// Text returns the value of the field that holds text and has this name.
func (c Contact) Text(name string) string {
	for _, t := range texts {
		if t.name == name {
			return *t.at(&c)
		}
	}
	return ""
}
