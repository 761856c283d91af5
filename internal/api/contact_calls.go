package api

import (
	"context"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/contacts"
	"github.com/broked/broked/internal/pipelines"
)

// maxContacts bounds a file of contacts that is imported.
const maxContacts = 10 << 20

const csvType = "text/csv"

// door is where contacts of one product come in. Each finds all contacts by their
// ids, and lists those of its own product.
type door struct {
	path, one, many string
	product         contacts.Product
}

func (s *server) contactCalls() {
	for _, d := range []door{
		{"/v2/leads", "a lead", "leads", contacts.Recruiting},
		{"/v2/agents", "an agent", "agents", contacts.Retention},
	} {
		s.contactDoor(d)
		s.attachmentCalls(d)
	}
	register(s, call{
		method: http.MethodPost, path: "/v2/contacts/import", may: auth.ContactsCreate, tag: "contacts", class: classBulk, body: maxContacts,
		summary: "Store a contact for each row of a CSV file, whose first line names the fields", describe: csvFile,
	}, s.importContacts)
	register(s, call{
		method: http.MethodGet, path: "/v2/contacts/export", may: auth.ContactsView, tag: "contacts", class: classReport,
		summary: "Read contacts as CSV, from the oldest change on",
	}, s.exportContacts)
	register(s, call{
		method: http.MethodPost, path: "/v2/contacts/erase", may: auth.ContactsDelete, tag: "contacts", status: http.StatusNoContent,
		summary: "Erase the contact with an e-mail address, its history and its files",
	}, s.eraseContact)
}

func (s *server) contactDoor(d door) {
	contact := documents[contactInput](s, jsonType)
	register(s, call{
		method: http.MethodPost, path: d.path, may: auth.ContactsCreate, tag: "contacts", status: http.StatusCreated,
		summary:  "Make " + d.one + ", or change the contact with the same e-mail address or agent_id (204)",
		describe: func(op *huma.Operation) { contact(op); noContent(op) },
	}, s.postContact(d))
	register(s, call{
		method: http.MethodGet, path: d.path, may: auth.ContactsView, tag: "contacts",
		summary: "List " + d.many + " by their last change, newest first", describe: listed[contacts.Contact](s),
	}, s.listContacts(d))
	register(s, call{
		method: http.MethodGet, path: d.path + "/{id}", may: auth.ContactsView, tag: "contacts",
		summary: "Read " + d.one,
	}, s.getContact)
	register(s, call{
		method: http.MethodPut, path: d.path + "/{id}", may: auth.ContactsEdit, tag: "contacts", status: http.StatusNoContent,
		summary: "Change " + d.one + "; members that are absent keep their value", describe: contact,
	}, s.putContact)
	register(s, call{
		method: http.MethodDelete, path: d.path + "/{id}", may: auth.ContactsDelete, tag: "contacts", status: http.StatusNoContent,
		summary: "Erase " + d.one + ", its history and its files",
	}, s.deleteContact)
	register(s, call{
		method: http.MethodGet, path: d.path + "/{id}/history", may: auth.ContactsView, tag: "contacts", class: classDetail,
		summary: "List the changes of " + d.one + ", newest first",
	}, s.getContactHistory)
}

func (s *server) attachmentCalls(d door) {
	register(s, call{
		method: http.MethodGet, path: d.path + "/{id}/attachments", may: auth.ContactsView, tag: "contacts", class: classDetail,
		summary: "List the files of " + d.one + " and what became of them",
	}, s.listAttachments)
	register(s, call{
		method: http.MethodGet, path: d.path + "/{id}/attachments/{attachment}", may: auth.ContactsView, tag: "contacts",
		summary: "Read a file of " + d.one, describe: anyFile,
	}, s.getAttachment)
	register(s, call{
		method: http.MethodPost, path: d.path + "/{id}/attachments/{attachment}/retry", may: auth.ContactsEdit, tag: "contacts", status: http.StatusNoContent,
		summary: "Fetch a file of " + d.one + " again that has failed",
	}, s.retryAttachment)
}

// contactInput is what a body may have, for the documentation; contacts.Read
// reads it.
type contactInput struct {
	Product       contacts.Product `json:"product,omitempty" enum:"recruiting,retention" doc:"recruiting is a lead, retention an agent"`
	FirstName     string           `json:"first_name,omitempty"`
	LastName      string           `json:"last_name,omitempty"`
	Email         string           `json:"email,omitempty" doc:"This or agent_id is required"`
	Phone         string           `json:"phone,omitempty"`
	Birthday      string           `json:"birthday,omitempty" doc:"DD/MM/YYYY"`
	AgentID       string           `json:"agent_id,omitempty"`
	LicenseNumber string           `json:"license_number,omitempty"`
	Address       string           `json:"address,omitempty"`
	Address2      string           `json:"address2,omitempty"`
	City          string           `json:"city,omitempty"`
	State         string           `json:"state,omitempty"`
	Zip           string           `json:"zip,omitempty"`
	Country       string           `json:"country,omitempty"`
	Source        string           `json:"source,omitempty"`
	Stage         string           `json:"stage,omitempty"`
	Status        string           `json:"status,omitempty"`
	Tags          []string         `json:"tags,omitempty"`
	Notes         string           `json:"notes,omitempty"`
	Custom        map[string]any   `json:"custom,omitempty" doc:"Fields of your own; null removes one"`
	ResumeURL     string           `json:"resume_url,omitempty" doc:"A PDF, which is fetched after the answer"`
	DocumentURLs  []string         `json:"document_urls,omitempty" doc:"Other files, which are fetched after the answer"`
	Test          bool             `json:"test,omitempty" doc:"Make every check and answer, and store nothing"`
	KeepUnknown   bool             `json:"keep_unknown,omitempty" doc:"Keep members that are no field in custom"`
}

// noContent documents the answer to a contact that is there already.
func noContent(op *huma.Operation) {
	op.Responses = map[string]*huma.Response{"204": {Description: "The contact was there and has been changed"}}
}

func csvFile(op *huma.Operation) {
	op.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{csvType: {Schema: &huma.Schema{Type: huma.TypeString}}}}
	op.SkipValidateBody = true
}

func anyFile(op *huma.Operation) {
	op.Responses = map[string]*huma.Response{"200": {
		Description: "The file",
		Content:     map[string]*huma.MediaType{"application/octet-stream": {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}},
	}}
}

// wayIn says which way a change came: from a page of the interface or from a
// program.
func wayIn(ctx context.Context) string {
	if a, _ := auth.ActorFrom(ctx); a.Session != "" {
		return "interface"
	}
	return "api"
}

type postedContact struct {
	Status   int
	Location string `header:"Location"`
	Body     *contacts.Contact
}

func (s *server) postContact(d door) func(context.Context, *RawInput) (*postedContact, error) {
	return func(ctx context.Context, in *RawInput) (*postedContact, error) {
		draft, err := contacts.Read(in.RawBody)
		if err == nil && d.product == contacts.Retention {
			draft, err = draft.AsAgent()
		}
		if err != nil {
			return nil, err
		}
		c, created, err := s.Contacts.Upsert(ctx, draft, wayIn(ctx))
		switch {
		case err != nil:
			return nil, err
		case !created:
			return &postedContact{Status: http.StatusNoContent}, nil
		case draft.Test:
			c.Email = ""
			return &postedContact{Status: http.StatusCreated, Body: &c}, nil
		}
		return &postedContact{Status: http.StatusCreated, Location: d.path + "/" + string(c.ID), Body: &c}, nil
	}
}

// ByContact is the path of everything below one contact.
type ByContact struct {
	ID contacts.ID `path:"id" maxLength:"128"`
}

func (s *server) getContact(ctx context.Context, in *ByContact) (*body[contacts.Contact], error) {
	c, err := s.Contacts.Find(ctx, in.ID)
	return &body[contacts.Contact]{c}, err
}

func (s *server) putContact(ctx context.Context, in *struct {
	ByContact
	RawInput
},
) (*struct{}, error) {
	draft, err := contacts.Read(in.RawBody)
	if err != nil {
		return nil, err
	}
	_, err = s.Contacts.Update(ctx, in.ID, draft, wayIn(ctx))
	return nil, err
}

func (s *server) deleteContact(ctx context.Context, in *ByContact) (*struct{}, error) {
	return nil, s.Contacts.Erase(ctx, in.ID)
}

func (s *server) eraseContact(ctx context.Context, in *struct {
	Body struct {
		Email string `json:"email" maxLength:"1024" doc:"Whatever its case"`
	}
},
) (*struct{}, error) {
	_, err := s.Contacts.EraseByEmail(ctx, in.Body.Email)
	return nil, err
}

func (s *server) getContactHistory(ctx context.Context, in *ByContact) (*body[[]contacts.Revision], error) {
	all, err := s.Contacts.History(ctx, in.ID)
	return &body[[]contacts.Revision]{all}, err
}

// ContactFilter chooses contacts by what they hold, exactly.
type ContactFilter struct {
	Product      string    `query:"product" enum:"recruiting,retention,any" doc:"Leads are recruiting, agents are retention; any is both"`
	Status       string    `query:"status" maxLength:"255"`
	Stage        string    `query:"stage" maxLength:"255"`
	Source       string    `query:"source" maxLength:"255"`
	Tag          string    `query:"tag" maxLength:"255"`
	Email        string    `query:"email" maxLength:"1024" doc:"Whatever its case"`
	AgentID      string    `query:"agent_id" maxLength:"255"`
	UpdatedSince time.Time `query:"updated_since" doc:"Changed at this time or later, such as 2026-03-01T12:00:00Z"`
}

func (f ContactFilter) choice(otherwise contacts.Product) contacts.Filter {
	product := contacts.Product(f.Product)
	switch f.Product {
	case "":
		product = otherwise
	case "any":
		product = ""
	}
	return contacts.Filter{
		Product: product, Status: f.Status, Stage: f.Stage, Source: f.Source, Tag: f.Tag, Email: f.Email, AgentID: f.AgentID, UpdatedSince: f.UpdatedSince,
	}
}

// query returns f as it stands in an address.
func (f ContactFilter) query() url.Values {
	q := url.Values{}
	for name, value := range map[string]string{
		"product": f.Product, "status": f.Status, "stage": f.Stage, "source": f.Source, "tag": f.Tag, "email": f.Email, "agent_id": f.AgentID,
	} {
		if value != "" {
			q.Set(name, value)
		}
	}
	if !f.UpdatedSince.IsZero() {
		q.Set("updated_since", f.UpdatedSince.Format(time.RFC3339Nano))
	}
	return q
}

// ContactList is the input of a list of contacts.
type ContactList struct {
	Paging
	ContactFilter
	Order string `query:"order" enum:"newest,oldest" default:"newest" doc:"Of changes. From the oldest on, the cursor of the last part is where a later call finds what was changed since"`
}

func (s *server) listContacts(d door) func(context.Context, *ContactList) (*listing, error) {
	return func(ctx context.Context, in *ContactList) (*listing, error) {
		f := in.choice(d.product)
		f.Oldest = in.Order == "oldest"
		out, err := list(ctx, in.Paging, source[contacts.Contact]{
			path: d.path,
			bare: bareMost,
			key:  func(c contacts.Contact) string { return contacts.CursorOf(c).String() },
			fetch: func(ctx context.Context, p pipelines.Page) ([]contacts.Contact, error) {
				f.Skip, f.Limit = p.Skip, p.Limit
				var err error
				if f.After, err = contacts.ParseCursor(p.After); err != nil {
					return nil, err
				}
				return s.Contacts.List(ctx, f)
			},
			count: func(ctx context.Context) (int, error) { return s.Contacts.Count(ctx, f) },
		})
		if err != nil {
			return nil, err
		}
		q := in.query()
		q.Set("order", in.Order)
		out.Link = strings.Replace(out.Link, "?", "?"+q.Encode()+"&", 1)
		if page, ok := out.Body.(cursorPage[contacts.Contact]); ok {
			page.Cursor = in.After // nothing has changed since
			if n := len(page.Items); n > 0 {
				page.Cursor = contacts.CursorOf(page.Items[n-1]).String()
			}
			out.Body = page
		}
		return out, nil
	}
}

func (s *server) listAttachments(ctx context.Context, in *ByContact) (*body[[]contacts.Attachment], error) {
	all, err := s.Contacts.Attachments(ctx, in.ID)
	return &body[[]contacts.Attachment]{all}, err
}

// ByAttachment is the path of everything below one file of a contact.
type ByAttachment struct {
	ByContact
	Attachment string `path:"attachment" maxLength:"128"`
}

func (s *server) retryAttachment(ctx context.Context, in *ByAttachment) (*struct{}, error) {
	return nil, s.Contacts.Retry(ctx, in.ID, in.Attachment)
}

// getAttachment sends a file that somebody else made: browsers are to keep it,
// not to show it.
func (s *server) getAttachment(ctx context.Context, in *ByAttachment) (*huma.StreamResponse, error) {
	a, f, err := s.Contacts.Open(ctx, in.ID, in.Attachment)
	if err != nil {
		return nil, err
	}
	return &huma.StreamResponse{Body: func(c huma.Context) {
		defer func() { _ = f.Close() }()
		r, w := humachi.Unwrap(c)
		h := w.Header()
		h.Set("Content-Type", "application/octet-stream")
		if a.Role == contacts.Resume {
			h.Set("Content-Type", "application/pdf")
		}
		h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": a.Name}))
		h.Set("Content-Security-Policy", "sandbox; default-src 'none'")
		http.ServeContent(w, r, "", *a.StoredAt, f)
	}}, nil
}

func (s *server) importContacts(ctx context.Context, in *struct {
	RawInput
	KeepUnknown bool `query:"keep_unknown" doc:"Keep columns that are no field in custom"`
	Test        bool `query:"test" doc:"Make every check and store nothing"`
},
) (*body[contacts.Imported], error) {
	done, err := s.Contacts.Import(ctx, in.RawBody, contacts.ImportOptions{KeepUnknown: in.KeepUnknown, Test: in.Test})
	return &body[contacts.Imported]{done}, err
}

// exportTime is how long an export may take.
const exportTime = 10 * time.Minute

func (s *server) exportContacts(_ context.Context, in *struct {
	ContactFilter
	Spreadsheet bool `query:"spreadsheet" doc:"Put a ' before cells that a spreadsheet would take for a formula"`
},
) (*huma.StreamResponse, error) {
	return &huma.StreamResponse{Body: func(c huma.Context) {
		_, w := humachi.Unwrap(c)
		w.Header().Set("Content-Type", csvType+"; charset=utf-8")
		w.Header().Set("Content-Disposition", `attachment; filename="contacts.csv"`)
		rc := http.NewResponseController(w)
		_ = rc.SetWriteDeadline(time.Now().Add(exportTime)) // else that of the server holds
		if err := s.Contacts.Export(c.Context(), w, in.choice(""), in.Spreadsheet); err != nil {
			s.Log.ErrorContext(c.Context(), "export ends", "error", err, "request_id", requestID(c.Context()))
			_ = rc.SetWriteDeadline(time.Unix(1, 0)) // the client sees that the answer was cut
		}
	}}, nil
}
