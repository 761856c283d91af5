package contacts

import (
	"context"
	"encoding/json"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/id"
	"github.com/broked/broked/internal/news"
)

// Store remembers contacts. Package store implements it; every method is one
// transaction and sees the workspace of the context alone.
type Store interface {
	// UpsertContact stores fresh when no contact has its e-mail address or its
	// agent_id; else it stores what merge makes of the one that has. It returns what
	// was stored and whether it is new. Of several that store the same person at once
	// one makes the record and the others change it. With dry nothing is stored.
	//
	// When the two keys belong to two contacts the fault is Taken.
	UpsertContact(ctx context.Context, fresh Saved, merge Merge, dry bool) (Contact, bool, error)
	// UpdateContact stores what merge makes of a contact. A key that belongs to
	// another contact is the fault Taken.
	UpdateContact(ctx context.Context, id ID, merge Merge, dry bool) (Contact, error)
	// Contact returns a contact, or the fault NoContact.
	Contact(ctx context.Context, id ID) (Contact, error)
	// Contacts returns contacts in the order of their last change.
	Contacts(ctx context.Context, f Filter) ([]Contact, error)
	// CountContacts returns how many contacts a filter chooses, whatever its page.
	CountContacts(ctx context.Context, f Filter) (int, error)
	// ContactHistory returns the newest changes of a contact, at most limit.
	ContactHistory(ctx context.Context, id ID, limit int) ([]Revision, error)
	// EraseContact removes a contact with its history and the rows of its
	// attachments: the one with an id or, without an id, with an e-mail address in
	// canonical form. It returns which it was. The audit log keeps the id alone.
	EraseContact(ctx context.Context, id ID, email string) (ID, error)
	// ContactAttachments returns the attachments of a contact, oldest first.
	ContactAttachments(ctx context.Context, id ID) ([]Attachment, error)
	// RetryAttachment makes a failed attachment pending.
	RetryAttachment(ctx context.Context, contact ID, attachment string, now time.Time) error
}

// Merge returns what becomes of a contact.
type Merge func(old Contact) (Saved, error)

// Saved is a contact as it is to be stored, with what is stored beside it.
type Saved struct {
	Contact     Contact
	Change      *Revision    // nil when nothing changes, and then nothing is stored
	Attachments []Attachment // files that are not known yet
}

// Filter chooses contacts; members with the zero value choose all.
type Filter struct {
	Product      Product
	Status       string
	Stage        string
	Source       string
	Tag          string
	Email        string // whatever its case
	AgentID      string
	UpdatedSince time.Time
	Oldest       bool // from the oldest change on; else from the newest back
	After        Cursor
	Skip         int // how many are left out first
	Limit        int // at least 1
}

// Cursor is a place in the order of changes. Behind it, from the oldest on, is
// exactly what was changed since, so that a reader can come back with it later.
type Cursor struct {
	At time.Time
	ID ID
}

// CursorOf returns the place of c.
func CursorOf(c Contact) Cursor { return Cursor{c.UpdatedAt, c.ID} }

// String returns what ParseCursor reads.
func (c Cursor) String() string { return strconv.FormatInt(c.At.UnixMicro(), 36) + "." + string(c.ID) }

// ParseCursor reads the cursor of a list; "" is its beginning.
func ParseCursor(text string) (Cursor, error) {
	if text == "" {
		return Cursor{}, nil
	}
	at, rest, ok := strings.Cut(text, ".")
	micros, err := strconv.ParseInt(at, 36, 64)
	if !ok || err != nil || !id.Plausible(rest) {
		return Cursor{}, fault.New(fault.Invalid, "the cursor in after is not one of a list of contacts").With("bad_cursor")
	}
	return Cursor{time.UnixMicro(micros).UTC(), ID(rest)}, nil
}

// Topic is what is posted on the board of news when a contact, or one of its
// attachments, has changed.
const Topic = "contacts"

// topicFiles is posted when a file is to be fetched.
const topicFiles = "contacts.files"

// Service is what can be done with contacts. It may be used by any number of
// goroutines at once.
type Service struct {
	store Store
	files Files
	news  *news.Board
}

// NewService returns a service whose records are in store and whose files are in
// files.
func NewService(store Store, files Files, board *news.Board) *Service {
	return &Service{store: store, files: files, news: board}
}

// Upsert stores a contact as d wants it and returns it with whether it is new.
// Source is which way it came. A contact with the same e-mail address or agent_id
// is changed instead; both keys at two different contacts are the fault Taken. A
// new one is a recruiting lead unless d says otherwise.
func (s *Service) Upsert(ctx context.Context, d Draft, source string) (Contact, bool, error) {
	fresh, err := d.create(ctx, source)
	if err != nil {
		return Contact{}, false, err
	}
	c, created, err := s.store.UpsertContact(ctx, fresh, d.merge(ctx, source), d.Test)
	if err == nil {
		s.tell(d)
	}
	return c, created, err
}

// Update changes a contact and returns it.
func (s *Service) Update(ctx context.Context, id ID, d Draft, source string) (Contact, error) {
	c, err := s.store.UpdateContact(ctx, id, d.merge(ctx, source), d.Test)
	if err == nil {
		s.tell(d)
	}
	return c, err
}

func (s *Service) tell(d Draft) {
	if d.Test {
		return
	}
	s.news.Post(Topic)
	if d.documents != nil || d.texts["resume_url"] != "" {
		s.news.Post(topicFiles)
	}
}

// Find returns a contact, or the fault NoContact.
func (s *Service) Find(ctx context.Context, id ID) (Contact, error) {
	return s.store.Contact(ctx, id)
}

// List returns contacts.
func (s *Service) List(ctx context.Context, f Filter) ([]Contact, error) {
	f.Email = Canonical(Key(f.Email))
	return s.store.Contacts(ctx, f)
}

// Count returns how many contacts a filter chooses.
func (s *Service) Count(ctx context.Context, f Filter) (int, error) {
	f.Email = Canonical(Key(f.Email))
	return s.store.CountContacts(ctx, f)
}

// maxHistory is how many changes of a contact are shown.
const maxHistory = 1000

// History returns the changes of a contact, newest first.
func (s *Service) History(ctx context.Context, id ID) ([]Revision, error) {
	if _, err := s.store.Contact(ctx, id); err != nil {
		return nil, err
	}
	return s.store.ContactHistory(ctx, id, maxHistory)
}

// Erase removes a contact with its history and its files.
func (s *Service) Erase(ctx context.Context, id ID) error {
	if _, err := s.store.EraseContact(ctx, id, ""); err != nil {
		return err
	}
	return s.files.Erase(id)
}

// EraseByEmail removes the contact with an e-mail address like Erase does, and
// returns its id.
func (s *Service) EraseByEmail(ctx context.Context, email string) (ID, error) {
	canonical := Canonical(Key(email))
	if canonical == "" {
		return "", fault.New(fault.Invalid, "say whose data is to be erased: an email").With("missing_parameter")
	}
	which, err := s.store.EraseContact(ctx, "", canonical)
	if err != nil {
		return "", err
	}
	return which, s.files.Erase(which)
}

// Attachments returns the attachments of a contact, oldest first.
func (s *Service) Attachments(ctx context.Context, id ID) ([]Attachment, error) {
	if _, err := s.store.Contact(ctx, id); err != nil {
		return nil, err
	}
	return s.store.ContactAttachments(ctx, id)
}

// Attachment returns an attachment of a contact.
func (s *Service) Attachment(ctx context.Context, contact ID, attachment string) (Attachment, error) {
	all, err := s.Attachments(ctx, contact)
	if err != nil {
		return Attachment{}, err
	}
	i := slices.IndexFunc(all, func(a Attachment) bool { return a.ID == attachment })
	if i < 0 {
		return Attachment{}, NoAttachment(attachment)
	}
	return all[i], nil
}

// Open returns the file of an attachment, which the caller closes. One that is
// not stored is a Conflict fault with the code not_stored.
func (s *Service) Open(ctx context.Context, contact ID, attachment string) (Attachment, *os.File, error) {
	a, err := s.Attachment(ctx, contact, attachment)
	if err != nil {
		return Attachment{}, nil, err
	}
	if a.State != Stored {
		return Attachment{}, nil, fault.New(fault.Conflict, "the file is not here: it is %s", a.State).With("not_stored")
	}
	f, err := s.files.open(a)
	return a, f, err
}

// Retry has a failed attachment fetched again.
func (s *Service) Retry(ctx context.Context, contact ID, attachment string) error {
	if err := s.store.RetryAttachment(ctx, contact, attachment, time.Now()); err != nil {
		return err
	}
	s.news.Post(topicFiles)
	return nil
}

// empty is what a contact is before anything is known.
func empty() Contact {
	return Contact{Tags: []string{}, DocumentURLs: []string{}, Custom: map[string]json.RawMessage{}}
}

// create returns the new contact that d wants.
func (d Draft) create(ctx context.Context, source string) (Saved, error) {
	old := empty()
	old.Product = Recruiting
	c, err := d.onto(old)
	if err != nil {
		return Saved{}, err
	}
	c.ID, c.CreatedAt = ID(id.New()), time.Now().UTC().Truncate(time.Microsecond)
	fields, _, err := c.differences(empty())
	return Saved{Contact: c, Change: change(ctx, "created", source, fields), Attachments: files(c, empty())}, err
}

// merge returns how d changes a contact.
func (d Draft) merge(ctx context.Context, source string) Merge {
	return func(old Contact) (Saved, error) {
		c, err := d.onto(old)
		if err != nil {
			return Saved{}, err
		}
		fields, before, err := c.differences(old)
		if err != nil || len(fields) == 0 {
			return Saved{Contact: old}, err
		}
		saved := Saved{Contact: c, Change: change(ctx, "updated", source, fields), Attachments: files(c, old)}
		saved.Change.Before = before
		return saved, nil
	}
}

func change(ctx context.Context, action, source string, fields []string) *Revision {
	actor, _ := auth.ActorFrom(ctx)
	return &Revision{Action: action, Source: source, Actor: actor.Name, Fields: fields, Before: map[string]json.RawMessage{}}
}

// files returns the attachments that c has and old has not.
func files(c, old Contact) []Attachment {
	var all []Attachment
	add := func(role Role, url string) {
		now := time.Now().UTC().Truncate(time.Millisecond)
		all = append(all, Attachment{ID: id.New(), Contact: c.ID, Role: role, URL: url, State: Pending, NextTry: &now, CreatedAt: now})
	}
	if c.ResumeURL != "" && c.ResumeURL != old.ResumeURL {
		add(Resume, c.ResumeURL)
	}
	for _, url := range c.DocumentURLs {
		if !slices.Contains(old.DocumentURLs, url) {
			add(Document, url)
		}
	}
	return all
}

// AsAgent returns d for the calls that take agents alone. A draft of something
// else is an Unprocessable fault.
func (d Draft) AsAgent() (Draft, error) {
	if d.product == Recruiting {
		return Draft{}, rejected([]fault.Problem{{Path: "product", Message: "is retention for an agent"}})
	}
	d.product = Retention
	return d, nil
}
