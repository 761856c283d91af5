package storetest

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/contacts"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/news"
)

func people(t *testing.T, b Backend) *contacts.Service {
	t.Helper()
	return contacts.NewService(b.Store, contacts.Files(t.TempDir()), &news.Board{})
}

func draft(t *testing.T, text string, args ...any) contacts.Draft {
	t.Helper()
	d, err := contacts.Read(fmt.Appendf(nil, text, args...))
	must(t, err)
	return d
}

// person stores a contact.
func person(t *testing.T, s *contacts.Service, text string, args ...any) (contacts.Contact, bool) {
	t.Helper()
	c, created, err := s.Upsert(t.Context(), draft(t, text, args...), "api")
	must(t, err)
	return c, created
}

func testContacts(t *testing.T, b Backend) {
	s := people(t, b)
	ada, created := person(t, s, `{"email": "Ada@Example.com", "agent_id": "a1", "first_name": "Ada", "tags": ["x", "y"], "custom": {"n": 12345678901234567890}}`)
	if !created || ada.Product != contacts.Recruiting || ada.UpdatedAt.IsZero() {
		t.Errorf("created %t: %+v", created, ada)
	}
	got, err := s.Find(t.Context(), ada.ID)
	must(t, err)
	wantSame(t, "contact", got, ada)

	same, created := person(t, s, `{"email": "aDA@example.COM", "last_name": "Lovelace", "product": "retention", "custom": {"m": [1], "n": null}}`)
	if created || same.ID != ada.ID || same.FirstName != "Ada" || same.LastName != "Lovelace" || same.Email != "aDA@example.COM" ||
		same.Product != contacts.Retention || len(same.Custom) != 1 || !same.UpdatedAt.After(ada.UpdatedAt) {
		t.Errorf("by e-mail: created %t: %+v", created, same)
	}
	again, created := person(t, s, `{"agent_id": "a1", "last_name": "Lovelace"}`)
	if created || again.UpdatedAt != same.UpdatedAt {
		t.Errorf("what changes nothing: created %t, updated at %v, want %v", created, again.UpdatedAt, same.UpdatedAt)
	}
	bob, _ := person(t, s, `{"email": "bob@example.com"}`)
	_, _, err = s.Upsert(t.Context(), draft(t, `{"email": "bob@example.com", "agent_id": "a1"}`), "api")
	wantKind(t, err, fault.Unprocessable, "duplicate_contact")
	wantSame(t, "owners", fault.ProblemsOf(err), []fault.Problem{
		{Path: "email", Message: "belongs to the contact " + string(bob.ID)}, {Path: "agent_id", Message: "belongs to the contact " + string(ada.ID)},
	})
	_, err = s.Update(t.Context(), bob.ID, draft(t, `{"email": "ADA@example.com", "phone": "+1 555 010 0199"}`), "api")
	wantKind(t, err, fault.Unprocessable, "duplicate_contact")
	bob, err = s.Update(t.Context(), bob.ID, draft(t, `{"email": null, "agent_id": "b1"}`), "api")
	must(t, err)
	if bob.Email != "" || bob.AgentID != "b1" {
		t.Errorf("updated: %+v", bob)
	}
	_, err = s.Update(t.Context(), bob.ID, draft(t, `{"agent_id": ""}`), "api")
	wantKind(t, err, fault.Invalid, "missing_parameter")
	_, err = s.Update(t.Context(), "nobody", draft(t, `{"phone": "+1 555 010 0199"}`), "api")
	wantKind(t, err, fault.NotFound, "contact_not_found")
}

func testContactHistory(t *testing.T, b Backend) {
	s := people(t, b)
	ctx := acting(t.Context(), user("ada"))
	c, _, err := s.Upsert(ctx, draft(t, `{"email": "a@example.com", "phone": "+1 555 010 0199"}`), "api")
	must(t, err)
	_, err = s.Update(ctx, c.ID, draft(t, `{"phone": "", "tags": ["new"]}`), "interface")
	must(t, err)
	all, err := s.History(t.Context(), c.ID)
	must(t, err)
	for i := range all {
		if all[i].At.IsZero() {
			t.Error("a change without a time")
		}
		all[i].At = time.Time{}
	}
	before := `"+1 555 010 0199"`
	if len(all) != 2 || string(all[0].Before["phone"]) != before || string(all[0].Before["tags"]) != `[]` {
		t.Fatalf("history: %+v", all)
	}
	all[0].Before, all[1].Before = nil, nil
	wantSame(t, "history", all, []contacts.Revision{
		{Action: "updated", Source: "interface", Actor: "ada", Fields: []string{"phone", "tags"}},
		{Action: "created", Source: "api", Actor: "ada", Fields: []string{"product", "email", "phone"}},
	})
}

func testContactDryRun(t *testing.T, b Backend) {
	s := people(t, b)
	ada, _ := person(t, s, `{"email": "ada@example.com", "agent_id": "a1"}`)
	person(t, s, `{"email": "bob@example.com"}`)
	c, created := person(t, s, `{"email": "new@example.com", "test": true}`)
	if !created || c.ID == "" {
		t.Errorf("created %t: %+v", created, c)
	}
	c, created = person(t, s, `{"email": "ADA@example.com", "first_name": "Ada", "test": true}`)
	if created || c.ID != ada.ID || c.FirstName != "Ada" {
		t.Errorf("created %t: %+v", created, c)
	}
	_, _, err := s.Upsert(t.Context(), draft(t, `{"email": "bob@example.com", "agent_id": "a1", "test": true}`), "api")
	wantKind(t, err, fault.Unprocessable, "duplicate_contact")
	_, err = s.Update(t.Context(), ada.ID, draft(t, `{"first_name": "Ada", "test": true}`), "api")
	must(t, err)
	all, err := s.List(t.Context(), contacts.Filter{Limit: 10})
	must(t, err)
	if len(all) != 2 || all[1].FirstName != "" {
		t.Errorf("a dry run stored something: %+v", all)
	}
}

func testParallelContacts(t *testing.T, b Backend) {
	s := people(t, b)
	const n = 24
	made := make([]bool, n)
	won, errs := atOnce(n, func(i int) error {
		var err error
		email := "same@example.com"
		if i%2 == 0 {
			email = "SAME@example.com"
		}
		_, made[i], err = s.Upsert(t.Context(), draft(t, `{"email": %q, "first_name": "n%d"}`, email, i), "api")
		return err
	})
	created := 0
	for _, yes := range made {
		if yes {
			created++
		}
	}
	all, err := s.List(t.Context(), contacts.Filter{Limit: n})
	must(t, err)
	if won != n || created != 1 || len(all) != 1 {
		t.Fatalf("%d of %d passed (%v), %d created, %d stored; want all, one and one", won, n, errs, created, len(all))
	}
	history, err := s.History(t.Context(), all[0].ID)
	must(t, err)
	if len(history) != n {
		t.Errorf("%d changes are told, want %d", len(history), n)
	}
}

func testContactLists(t *testing.T, b Backend) {
	s := people(t, b)
	var made []contacts.Contact
	for i, rest := range []string{
		`"status": "new", "tags": ["a", "b"]`, `"status": "new", "stage": "first"`, `"source": "fair", "product": "retention"`, `"agent_id": "a1", "tags": ["b"]`,
	} {
		c, _ := person(t, s, `{"email": "p%d@example.com", %s}`, i, rest)
		made = append(made, c)
	}
	for name, tc := range map[string]struct {
		f    contacts.Filter
		want []int
	}{
		"all":     {contacts.Filter{}, []int{3, 2, 1, 0}},
		"oldest":  {contacts.Filter{Oldest: true}, []int{0, 1, 2, 3}},
		"product": {contacts.Filter{Product: contacts.Retention}, []int{2}},
		"status":  {contacts.Filter{Status: "new"}, []int{1, 0}},
		"stage":   {contacts.Filter{Stage: "first"}, []int{1}},
		"source":  {contacts.Filter{Source: "fair"}, []int{2}},
		"tag":     {contacts.Filter{Tag: "b"}, []int{3, 0}},
		"email":   {contacts.Filter{Email: " P1@EXAMPLE.com"}, []int{1}},
		"agent":   {contacts.Filter{AgentID: "a1"}, []int{3}},
		"since":   {contacts.Filter{UpdatedSince: made[2].UpdatedAt}, []int{3, 2}},
		"several": {contacts.Filter{Status: "new", Tag: "a"}, []int{0}},
		"behind":  {contacts.Filter{After: contacts.CursorOf(made[2])}, []int{1, 0}},
		"forward": {contacts.Filter{Oldest: true, After: contacts.CursorOf(made[2])}, []int{3}},
	} {
		tc.f.Limit = 10
		got, err := s.List(t.Context(), tc.f)
		must(t, err)
		var want []contacts.Contact
		for _, i := range tc.want {
			want = append(want, made[i])
		}
		wantSame(t, name, got, want)
		if n, err := s.Count(t.Context(), tc.f); tc.f.After.ID == "" && (n != len(want) || err != nil) {
			t.Errorf("%s: %d are counted, want %d (%v)", name, n, len(want), err)
		}
	}
	second, err := s.List(t.Context(), contacts.Filter{Skip: 1, Limit: 1})
	must(t, err)
	wantSame(t, "the second", second, made[2:3])
}

// testContactCursor checks that a reader who comes back with its cursor sees
// every change, whatever is written meanwhile.
func testContactCursor(t *testing.T, b Backend) {
	s := people(t, b)
	const writers, each = 4, 15
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, errs := atOnce(writers, func(w int) error {
			for i := range each {
				_, _, err := s.Upsert(t.Context(), draft(t, `{"email": "w%d@example.com", "notes": "%d"}`, w, i), "api")
				if err != nil {
					return err
				}
			}
			return nil
		})
		for _, err := range errs {
			t.Error(err)
		}
	}()
	last := make(map[contacts.Key]string)
	var cursor contacts.Cursor
	for ended := false; ; {
		page, err := s.List(t.Context(), contacts.Filter{Oldest: true, After: cursor, Limit: 3})
		must(t, err)
		for _, c := range page {
			cursor, last[c.Email] = contacts.CursorOf(c), c.Notes
		}
		if len(page) == 0 && ended {
			break
		}
		select {
		case <-done:
			ended = true
		default:
		}
	}
	for w := range writers {
		if got := last[contacts.Key(fmt.Sprintf("w%d@example.com", w))]; got != strconv.Itoa(each-1) {
			t.Errorf("writer %d: the last that was seen is %q", w, got)
		}
	}
	read, err := contacts.ParseCursor(cursor.String())
	must(t, err)
	wantSame(t, "cursor", read, cursor)
}

func testEraseContact(t *testing.T, b Backend) {
	s := people(t, b)
	ada, _ := person(t, s, `{"email": "Ada@example.com", "resume_url": "https://example.com/a.pdf"}`)
	bob, _ := person(t, s, `{"email": "bob@example.com"}`)
	which, err := s.EraseByEmail(t.Context(), " ADA@example.com ")
	must(t, err)
	if which != ada.ID {
		t.Errorf("erased %s, want %s", which, ada.ID)
	}
	must(t, s.Erase(t.Context(), bob.ID))
	wantKind(t, s.Erase(t.Context(), bob.ID), fault.NotFound, "contact_not_found")
	_, err = s.EraseByEmail(t.Context(), "ada@example.com")
	wantKind(t, err, fault.NotFound, "contact_not_found")
	_, err = s.EraseByEmail(t.Context(), " ")
	wantKind(t, err, fault.Invalid, "missing_parameter")
	for _, table := range []string{"contacts", "contact_changes", "contact_attachments"} {
		var n int
		must(t, b.DB.Writer().QueryRowContext(t.Context(), `SELECT count(*) FROM `+table).Scan(&n))
		if n != 0 {
			t.Errorf("%d rows are left in %s", n, table)
		}
	}
	wantEvents(t, "audit", audited(t, b, auth.AuditFilter{}), "contact_erased", "contact_erased")
}

func testContactWorkspaces(t *testing.T, b Backend) {
	_, err := b.DB.Writer().ExecContext(t.Context(),
		`INSERT INTO workspaces (id, organization_id, name, created_at) SELECT 'other', id, 'Other', 0 FROM organizations LIMIT 1`)
	must(t, err)
	s := people(t, b)
	there := auth.WithWorkspace(t.Context(), "other")
	ada, _ := person(t, s, `{"email": "ada@example.com"}`)
	_, created, err := s.Upsert(there, draft(t, `{"email": "ada@example.com"}`), "api")
	must(t, err)
	if !created {
		t.Error("the contact of another workspace is changed")
	}
	for name, ctx := range map[string]context.Context{"other": there, "none": auth.WithWorkspace(t.Context(), "")} {
		_, find := s.Find(ctx, ada.ID)
		_, history := s.History(ctx, ada.ID)
		_, files := s.Attachments(ctx, ada.ID)
		_, update := s.Update(ctx, ada.ID, draft(t, `{"phone": "+1 555 010 0199"}`), "api")
		for _, err := range []error{find, history, files, update, s.Erase(ctx, ada.ID)} {
			if fault.CodeOf(err) != "contact_not_found" {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	all, err := s.List(there, contacts.Filter{Limit: 10})
	must(t, err)
	if len(all) != 1 || all[0].ID == ada.ID {
		t.Errorf("listed: %+v", all)
	}
}

func testAttachments(t *testing.T, b Backend) {
	s := people(t, b)
	c, _ := person(t, s, `{"email": "a@example.com", "resume_url": "https://example.com/a.pdf", "document_urls": ["https://example.com/b", "https://example.com/c"]}`)
	person(t, s, `{"email": "a@example.com", "document_urls": ["https://example.com/c", "https://example.com/d"]}`)
	now := time.Now()
	due, next, err := b.DueAttachments(t.Context(), now.Add(time.Second), 3)
	must(t, err)
	if len(due) != 3 || next != nil || due[0].State != contacts.Pending || due[0].Contact != c.ID {
		t.Fatalf("due: %+v, next %v", due, next)
	}
	later := now.Add(time.Hour).UTC().Truncate(time.Millisecond)
	stored, failed, waits := due[0], due[1], due[2]
	stored.State, stored.NextTry, stored.Attempts, stored.Name, stored.Size, stored.SHA256, stored.StoredAt = contacts.Stored, nil, 1, "a.pdf", 7, "00", &later
	failed.State, failed.NextTry, failed.Error, failed.ErrorCode = contacts.Failed, nil, "gone", "bad_answer"
	waits.NextTry = &later
	for _, a := range []contacts.Attachment{stored, failed, waits} {
		there, err := b.SaveAttachment(t.Context(), a, nil)
		must(t, err)
		if !there {
			t.Error("an attachment is gone")
		}
	}
	due, next, err = b.DueAttachments(t.Context(), now.Add(time.Second), 3)
	must(t, err)
	if len(due) != 1 || next == nil || !next.Equal(later) {
		t.Errorf("due: %+v, next %v, want one and %v", due, next, later)
	}
	all, err := s.Attachments(t.Context(), c.ID)
	must(t, err)
	wantSame(t, "attachments", all, []contacts.Attachment{stored, failed, waits, due[0]})

	wantKind(t, s.Retry(t.Context(), c.ID, stored.ID), fault.NotFound, "attachment_not_found")
	wantKind(t, s.Retry(auth.WithWorkspace(t.Context(), "other"), c.ID, failed.ID), fault.NotFound, "attachment_not_found")
	must(t, s.Retry(t.Context(), c.ID, failed.ID))
	due, _, err = b.DueAttachments(t.Context(), now.Add(time.Minute), 9)
	must(t, err)
	if !slices.ContainsFunc(due, func(a contacts.Attachment) bool { return a.ID == failed.ID && a.Attempts == 0 }) {
		t.Errorf("due after asking for another attempt: %+v", due)
	}
	must(t, s.Erase(t.Context(), c.ID))
	there, err := b.SaveAttachment(t.Context(), stored, nil)
	must(t, err)
	known, err := b.HasContact(t.Context(), c.ID)
	must(t, err)
	if there || known {
		t.Error("the attachment of an erased contact is stored")
	}
}
