package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/contacts"
)

const (
	contactColumns = `id, document, created_at, updated_at`
	// Times of change rise, also when the clock does not: a reader that comes back
	// with the last one it saw misses nothing.
	insertContact = `
		INSERT INTO contacts (id, workspace_id, email, agent_id, product, status, stage, source, tags, document, created_at, updated_at)
		VALUES (?1, ?2, nullif(?3, ''), nullif(?4, ''), ?5, ?6, ?7, ?8, ?9, ?10, ?11,
			coalesce((SELECT max(updated_at) + 1 FROM contacts WHERE workspace_id = ?2 AND updated_at >= ?12), ?12))
		ON CONFLICT DO NOTHING
		RETURNING updated_at`
	updateContact = `
		UPDATE contacts
		SET email = nullif(?3, ''), agent_id = nullif(?4, ''), product = ?5, status = ?6, stage = ?7, source = ?8, tags = ?9, document = ?10,
			updated_at = coalesce((SELECT max(updated_at) + 1 FROM contacts WHERE workspace_id = ?2 AND updated_at >= ?11), ?11)
		WHERE id = ?1 AND workspace_id = ?2
		RETURNING updated_at`
	contactsByKeys = `
		SELECT ` + contactColumns + `, email = ?2
		FROM contacts
		WHERE workspace_id = ?1 AND email = ?2
		UNION ALL
		SELECT ` + contactColumns + `, FALSE
		FROM contacts
		WHERE workspace_id = ?1 AND agent_id = ?3 AND (email IS NULL OR email <> ?2)`
)

// UpsertContact implements contacts.Store.
func (s *Store) UpsertContact(ctx context.Context, fresh contacts.Saved, merge contacts.Merge, dry bool) (contacts.Contact, bool, error) {
	var c contacts.Contact
	var created bool
	inside := context.WithoutCancel(ctx)
	upsert := func(tx *sql.Tx) error {
		c, created = fresh.Contact, true
		at, err := s.insertContact(inside, tx, c)
		if err == nil {
			c.UpdatedAt = at
			return s.putChange(inside, tx, fresh, at)
		}
		if !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		created = false
		old, err := s.sharing(inside, tx, c)
		if err != nil {
			return err
		}
		c, err = s.mergeContact(inside, tx, old, merge)
		return err
	}
	change := s.together
	if dry {
		change = s.try
	}
	err := change(ctx, "upsert contact", upsert)
	return c, created, err
}

// errDry undoes what was tried.
var errDry = errors.New("nothing is to be stored")

// try does what fn does, and undoes it.
func (s *Store) try(ctx context.Context, doing string, fn func(tx *sql.Tx) error) error {
	err := s.change(ctx, doing, func(tx *sql.Tx) error {
		if err := fn(tx); err != nil {
			return err
		}
		return errDry
	})
	if errors.Is(err, errDry) {
		return nil
	}
	return err
}

func (*Store) insertContact(ctx context.Context, tx *sql.Tx, c contacts.Contact) (time.Time, error) {
	tags, document, err := packContact(c)
	if err != nil {
		return time.Time{}, err
	}
	var at int64
	err = tx.QueryRowContext(ctx, insertContact,
		c.ID, auth.HomeFrom(ctx), contacts.Canonical(c.Email), string(c.AgentID), c.Product, c.Status, c.Stage, c.Source, tags, document,
		c.CreatedAt.UnixMicro(), time.Now().UnixMicro()).Scan(&at)
	return micros(at), err
}

func packContact(c contacts.Contact) (tags, document string, err error) {
	if tags, err = list(c.Tags); err != nil {
		return "", "", err
	}
	b, err := json.Marshal(c)
	return tags, string(b), err
}

// sharing returns the contact that has a key of c.
func (*Store) sharing(ctx context.Context, tx *sql.Tx, c contacts.Contact) (contacts.Contact, error) {
	type match struct {
		contacts.Contact
		byEmail bool
	}
	rows, err := tx.QueryContext(ctx, contactsByKeys, auth.HomeFrom(ctx), contacts.Canonical(c.Email), string(c.AgentID))
	found, err := collect(rows, err, func(r *sql.Rows) (match, error) {
		var m match
		var err error
		m.Contact, err = scanContact(r, &m.byEmail)
		return m, err
	})
	switch {
	case err != nil:
		return contacts.Contact{}, err
	case len(found) == 0:
		return contacts.Contact{}, errors.New("a key of a contact is taken, and nobody has it")
	case len(found) == 1:
		return found[0].Contact, nil
	case found[1].byEmail:
		return contacts.Contact{}, contacts.Taken(found[1].ID, found[0].ID)
	}
	return contacts.Contact{}, contacts.Taken(found[0].ID, found[1].ID)
}

// mergeContact stores what merge makes of old.
func (s *Store) mergeContact(ctx context.Context, tx *sql.Tx, old contacts.Contact, merge contacts.Merge) (contacts.Contact, error) {
	saved, err := merge(old)
	if err != nil || saved.Change == nil {
		return saved.Contact, err
	}
	c := saved.Contact
	if contacts.Canonical(c.Email) != contacts.Canonical(old.Email) || c.AgentID != old.AgentID {
		if err := keysFree(ctx, tx, c); err != nil {
			return c, err
		}
	}
	tags, document, err := packContact(c)
	if err != nil {
		return c, err
	}
	var at int64
	err = tx.QueryRowContext(ctx, updateContact,
		c.ID, auth.HomeFrom(ctx), contacts.Canonical(c.Email), string(c.AgentID), c.Product, c.Status, c.Stage, c.Source, tags, document,
		time.Now().UnixMicro()).Scan(&at)
	if err != nil {
		return c, err
	}
	c.UpdatedAt = micros(at)
	return c, s.putChange(ctx, tx, saved, c.UpdatedAt)
}

// keysFree returns a fault when keys of c belong to others.
func keysFree(ctx context.Context, tx *sql.Tx, c contacts.Contact) error {
	byEmail, err1 := owner(tx.QueryRowContext(ctx, contactOfEmail, auth.HomeFrom(ctx), contacts.Canonical(c.Email), c.ID))
	byAgent, err2 := owner(tx.QueryRowContext(ctx, contactOfAgent, auth.HomeFrom(ctx), string(c.AgentID), c.ID))
	if err := errors.Join(err1, err2); err != nil || byEmail == "" && byAgent == "" {
		return err
	}
	return contacts.Taken(byEmail, byAgent)
}

// owner scans the id of a contact, "" when there is none.
func owner(row *sql.Row) (contacts.ID, error) {
	var id contacts.ID
	if err := row.Scan(&id); err != nil && !errors.Is(err, sql.ErrNoRows) {
		return "", err
	}
	return id, nil
}

const (
	contactOfEmail = `
		SELECT id
		FROM contacts
		WHERE workspace_id = ?1 AND email = ?2 AND id <> ?3`
	contactOfAgent = `
		SELECT id
		FROM contacts
		WHERE workspace_id = ?1 AND agent_id = ?2 AND id <> ?3`
	insertChange = `
		INSERT INTO contact_changes (contact_id, at, action, source, actor, fields, before)
		VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)`
	insertAttachment = `
		INSERT INTO contact_attachments (
			id, contact_id, role, url, state, attempts, next_try, error, error_code, name, content_type, size, sha256, created_at
		) VALUES (?1, ?2, ?3, ?4, 'pending', 0, ?5, '', '', '', '', 0, '', ?6)
		ON CONFLICT (contact_id, role, url) DO UPDATE
		SET state = 'pending', attempts = 0, next_try = excluded.next_try
		WHERE contact_attachments.state = 'failed'`
)

// putChange stores what is stored beside a contact that was changed at a time.
func (*Store) putChange(ctx context.Context, tx *sql.Tx, saved contacts.Saved, at time.Time) error {
	fields, err := list(saved.Change.Fields)
	if err != nil {
		return err
	}
	before, err := json.Marshal(saved.Change.Before)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, insertChange,
		saved.Contact.ID, at.UnixMicro(), saved.Change.Action, saved.Change.Source, saved.Change.Actor, fields, string(before))
	if err != nil {
		return err
	}
	for _, a := range saved.Attachments {
		if _, err := tx.ExecContext(ctx, insertAttachment, a.ID, a.Contact, a.Role, a.URL, column(a.NextTry), millis(a.CreatedAt)); err != nil {
			return err
		}
	}
	return nil
}

// UpdateContact implements contacts.Store.
func (s *Store) UpdateContact(ctx context.Context, id contacts.ID, merge contacts.Merge, dry bool) (contacts.Contact, error) {
	var c contacts.Contact
	change := s.change
	if dry {
		change = s.try
	}
	err := change(ctx, "update contact", func(tx *sql.Tx) error {
		old, err := scanContact(tx.QueryRowContext(ctx, contact, id, auth.HomeFrom(ctx)))
		if errors.Is(err, sql.ErrNoRows) {
			return contacts.NoContact(id)
		}
		if err != nil {
			return err
		}
		c, err = s.mergeContact(ctx, tx, old, merge)
		return err
	})
	return c, err
}

const contact = `
	SELECT ` + contactColumns + `
	FROM contacts
	WHERE id = ?1 AND workspace_id = ?2`

// Contact implements contacts.Store.
func (s *Store) Contact(ctx context.Context, id contacts.ID) (contacts.Contact, error) {
	c, err := scanContact(s.db.read.QueryRowContext(ctx, contact, id, auth.HomeFrom(ctx)))
	if errors.Is(err, sql.ErrNoRows) {
		return contacts.Contact{}, contacts.NoContact(id)
	}
	return c, border("contact", err)
}

// scanContact scans the columns of a contact, and others behind them.
func scanContact(row scanner, others ...any) (contacts.Contact, error) {
	var c contacts.Contact
	var id contacts.ID
	var document []byte
	var created, updated int64
	if err := row.Scan(append([]any{&id, &document, &created, &updated}, others...)...); err != nil {
		return contacts.Contact{}, err
	}
	err := json.Unmarshal(document, &c)
	c.ID, c.CreatedAt, c.UpdatedAt = id, micros(created), micros(updated)
	return c, err
}

func micros(n int64) time.Time { return time.UnixMicro(n).UTC() }

const (
	contactFilter = `
		FROM contacts
		WHERE workspace_id = ?1 AND (?2 = '' OR product = ?2) AND (?3 = '' OR status = ?3) AND (?4 = '' OR stage = ?4) AND (?5 = '' OR source = ?5)
			AND (?6 = '' OR EXISTS (SELECT 1 FROM json_each(tags) WHERE value = ?6))
			AND (?7 = '' OR email = ?7) AND (?8 = '' OR agent_id = ?8) AND updated_at >= ?9`
	oldestContacts = `
		SELECT ` + contactColumns + contactFilter + ` AND (updated_at, id) > (?10, ?11)
		ORDER BY updated_at, id
		LIMIT ?12 OFFSET ?13`
	newestContacts = `
		SELECT ` + contactColumns + contactFilter + ` AND (updated_at, id) < (?10, ?11)
		ORDER BY updated_at DESC, id DESC
		LIMIT ?12 OFFSET ?13`
	countContacts = `
		SELECT count(*)` + contactFilter
)

// lastMicros is behind every change.
const lastMicros = 1 << 62

// Contacts implements contacts.Store.
func (s *Store) Contacts(ctx context.Context, f contacts.Filter) ([]contacts.Contact, error) {
	text, after := oldestContacts, int64(0)
	if !f.Oldest {
		text, after = newestContacts, lastMicros
	}
	if f.After.ID != "" {
		after = f.After.At.UnixMicro()
	}
	rows, err := s.db.read.QueryContext(ctx, text, append(contactFilterValues(ctx, f), after, f.After.ID, f.Limit, f.Skip)...)
	all, err := collect(rows, err, func(r *sql.Rows) (contacts.Contact, error) { return scanContact(r) })
	return all, border("contacts", err)
}

// CountContacts implements contacts.Store.
func (s *Store) CountContacts(ctx context.Context, f contacts.Filter) (int, error) {
	var n int
	err := s.db.read.QueryRowContext(ctx, countContacts, contactFilterValues(ctx, f)...).Scan(&n)
	return n, border("count contacts", err)
}

// contactFilterValues returns the parameters of contactFilter.
func contactFilterValues(ctx context.Context, f contacts.Filter) []any {
	var since int64
	if !f.UpdatedSince.IsZero() {
		since = f.UpdatedSince.UnixMicro()
	}
	return []any{auth.HomeFrom(ctx), f.Product, f.Status, f.Stage, f.Source, f.Tag, f.Email, f.AgentID, since}
}

const contactHistory = `
	SELECT h.at, h.action, h.source, h.actor, h.fields, h.before
	FROM contact_changes h
	JOIN contacts c ON c.id = h.contact_id
	WHERE h.contact_id = ?1 AND c.workspace_id = ?2
	ORDER BY h.at DESC
	LIMIT ?3`

// ContactHistory implements contacts.Store.
func (s *Store) ContactHistory(ctx context.Context, id contacts.ID, limit int) ([]contacts.Revision, error) {
	rows, err := s.db.read.QueryContext(ctx, contactHistory, id, auth.HomeFrom(ctx), limit)
	all, err := collect(rows, err, func(r *sql.Rows) (contacts.Revision, error) {
		var c contacts.Revision
		var at int64
		var fields, before []byte
		if err := r.Scan(&at, &c.Action, &c.Source, &c.Actor, &fields, &before); err != nil {
			return c, err
		}
		c.At = micros(at)
		return c, errors.Join(json.Unmarshal(fields, &c.Fields), json.Unmarshal(before, &c.Before))
	})
	return all, border("contact history", err)
}

const eraseContact = `
	DELETE FROM contacts
	WHERE workspace_id = ?1 AND (?2 <> '' AND id = ?2 OR ?2 = '' AND email = ?3)
	RETURNING id, product`

// EraseContact implements contacts.Store.
func (s *Store) EraseContact(ctx context.Context, id contacts.ID, email string) (contacts.ID, error) {
	var which contacts.ID
	err := s.change(ctx, "erase contact", func(tx *sql.Tx) error {
		var product string
		err := tx.QueryRowContext(ctx, eraseContact, auth.HomeFrom(ctx), id, email).Scan(&which, &product)
		if errors.Is(err, sql.ErrNoRows) && id == "" {
			return contacts.NoEmail()
		}
		if errors.Is(err, sql.ErrNoRows) {
			return contacts.NoContact(id)
		}
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, noteDeletion, auth.HomeFrom(ctx), time.Now().UnixMicro(), product); err != nil {
			return err
		}
		return s.audit(ctx, tx, auth.AuditEvent{Event: "contact_erased", Target: string(which), Outcome: auth.Success})
	})
	return which, err
}
