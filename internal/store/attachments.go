package store

import (
	"context"
	"database/sql"
	"time"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/contacts"
)

const (
	attachmentColumns = `
		a.id, a.contact_id, a.role, a.url, a.state, a.attempts, a.next_try, a.error, a.error_code,
		a.name, a.content_type, a.size, a.sha256, a.created_at, a.stored_at`
	contactAttachments = `
		SELECT ` + attachmentColumns + `
		FROM contact_attachments a
		JOIN contacts c ON c.id = a.contact_id
		WHERE a.contact_id = ?1 AND c.workspace_id = ?2
		ORDER BY a.id`
)

// ContactAttachments implements contacts.Store.
func (s *Store) ContactAttachments(ctx context.Context, id contacts.ID) ([]contacts.Attachment, error) {
	rows, err := s.db.read.QueryContext(ctx, contactAttachments, id, auth.HomeFrom(ctx))
	all, err := collect(rows, err, scanAttachment)
	return all, border("contact attachments", err)
}

func scanAttachment(r *sql.Rows) (contacts.Attachment, error) {
	var a contacts.Attachment
	var next, stored instant
	var created int64
	err := r.Scan(&a.ID, &a.Contact, &a.Role, &a.URL, &a.State, &a.Attempts, &next, &a.Error, &a.ErrorCode,
		&a.Name, &a.ContentType, &a.Size, &a.SHA256, &created, &stored)
	a.NextTry, a.CreatedAt, a.StoredAt = optional(next), moment(created), optional(stored)
	return a, err
}

const retryAttachment = `
	UPDATE contact_attachments
	SET state = 'pending', attempts = 0, next_try = ?4
	WHERE id = ?1 AND contact_id = ?2 AND state = 'failed'
		AND EXISTS (SELECT 1 FROM contacts WHERE id = ?2 AND workspace_id = ?3)`

// RetryAttachment implements contacts.Store.
func (s *Store) RetryAttachment(ctx context.Context, contact contacts.ID, attachment string, now time.Time) error {
	return s.change(ctx, "retry attachment", func(tx *sql.Tx) error {
		done, err := affected(tx.ExecContext(ctx, retryAttachment, attachment, contact, auth.HomeFrom(ctx), millis(now)))
		if err == nil && !done {
			return contacts.NoAttachment(attachment)
		}
		return err
	})
}

const (
	dueAttachments = `
		SELECT ` + attachmentColumns + `
		FROM contact_attachments a
		WHERE a.state = 'pending' AND a.next_try <= ?1
		ORDER BY a.next_try
		LIMIT ?2`
	nextAttachment = `
		SELECT min(next_try)
		FROM contact_attachments
		WHERE state = 'pending' AND next_try > ?1`
)

// DueAttachments implements contacts.AttachmentStore.
func (s *Store) DueAttachments(ctx context.Context, now time.Time, limit int) ([]contacts.Attachment, *time.Time, error) {
	var due []contacts.Attachment
	var next instant
	err := s.view(ctx, "due attachments", func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, dueAttachments, millis(now), limit)
		if due, err = collect(rows, err, scanAttachment); err != nil {
			return err
		}
		return tx.QueryRowContext(ctx, nextAttachment, millis(now)).Scan(&next)
	})
	return due, optional(next), err
}

const saveAttachment = `
	UPDATE contact_attachments
	SET state = ?2, attempts = ?3, next_try = ?4, error = ?5, error_code = ?6, name = ?7, content_type = ?8, size = ?9, sha256 = ?10, stored_at = ?11
	WHERE id = ?1`

// SaveAttachment implements contacts.AttachmentStore.
func (s *Store) SaveAttachment(ctx context.Context, a contacts.Attachment, event *auth.AuditEvent) (bool, error) {
	var there bool
	err := s.change(ctx, "save attachment", func(tx *sql.Tx) error {
		var err error
		there, err = affected(tx.ExecContext(ctx, saveAttachment, a.ID, a.State, a.Attempts, column(a.NextTry), a.Error, a.ErrorCode,
			a.Name, a.ContentType, a.Size, a.SHA256, column(a.StoredAt)))
		if err != nil || event == nil || !there {
			return err
		}
		return s.audit(ctx, tx, *event)
	})
	return there, err
}

const hasContact = `
	SELECT count(*)
	FROM contacts
	WHERE id = ?1`

// HasContact implements contacts.AttachmentStore.
func (s *Store) HasContact(ctx context.Context, id contacts.ID) (bool, error) {
	var n int
	err := s.db.read.QueryRowContext(ctx, hasContact, id).Scan(&n)
	return n > 0, border("has contact", err)
}
