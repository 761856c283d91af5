package store

import (
	"context"
	"database/sql"
	"errors"
	"strconv"
	"time"

	"github.com/broked/broked/internal/pipelines"
	"github.com/broked/broked/internal/triggers"
)

const (
	seenTo = `
		SELECT t.seen_to, t.deletions_to, p.workspace_id,
			coalesce((SELECT max(c.updated_at) FROM contacts c WHERE c.workspace_id = p.workspace_id), 0),
			coalesce((SELECT max(d.at) FROM contact_deletions d WHERE d.workspace_id = p.workspace_id), 0)
		FROM pipeline_triggers t
		JOIN pipelines p ON p.id = t.pipeline_id
		WHERE t.pipeline_id = ?1 AND t.name = ?2`
	contactsChanged = `
		SELECT count(*), coalesce(sum(created), 0), coalesce(min(first), 0), coalesce(max(last), 0)
		FROM (
			SELECT c.updated_at AS last, h.first, h.created
			FROM contacts c
			JOIN (
				SELECT n.id AS contact_id, min(m.at) AS first, max(CASE WHEN m.action = 'created' THEN 1 ELSE 0 END) AS created
				FROM contacts n
				JOIN contact_changes m ON m.contact_id = n.id AND m.at > ?2
				WHERE n.workspace_id = ?1 AND n.updated_at > ?2
				GROUP BY n.id
			) AS h ON h.contact_id = c.id
			WHERE (?3 = '' OR c.product = ?3) AND (h.created = 1 AND ?4 = 1 OR h.created = 0 AND ?5 = 1)
		) AS changed`
	contactsDeleted = `
		SELECT count(*), coalesce(min(at), 0), coalesce(max(at), 0)
		FROM contact_deletions
		WHERE workspace_id = ?1 AND at > ?2 AND (?3 = '' OR product = ?3)`
	seeTo = `
		UPDATE pipeline_triggers
		SET seen_to = ?3, deletions_to = ?4
		WHERE pipeline_id = ?1 AND name = ?2`
	// The newest one stays: the next must be higher.
	forgetDeletions = `
		DELETE FROM contact_deletions
		WHERE workspace_id = ?1
			AND at < (SELECT max(d.at) FROM contact_deletions d WHERE d.workspace_id = ?1)
			AND at <= (
				SELECT min(t.deletions_to)
				FROM pipeline_triggers t
				JOIN pipelines p ON p.id = t.pipeline_id
				WHERE t.type = 'contacts' AND p.workspace_id = ?1
			)`
	noteDeletion = `
		INSERT INTO contact_deletions (workspace_id, at, product)
		SELECT ?1, coalesce((SELECT max(d.at) + 1 FROM contact_deletions d WHERE d.workspace_id = ?1 AND d.at >= ?2), ?2), ?3
		WHERE EXISTS (SELECT 1 FROM pipeline_triggers t JOIN pipelines p ON p.id = t.pipeline_id WHERE t.type = 'contacts' AND p.workspace_id = ?1)`
)

// contactChanges is what has changed since a trigger has started a run.
type contactChanges struct {
	workspace                 string
	seen, deletions           int64 // up to which it had
	newest, lastDeletion      int64 // up to which there is something
	changed, created, deleted int
	first, last               int64 // of what it is for
}

func readChanges(ctx context.Context, tx *sql.Tx, w triggers.Watch) (c contactChanges, err error) {
	err = tx.QueryRowContext(ctx, seenTo, w.Pipeline, w.Name).Scan(&c.seen, &c.deletions, &c.workspace, &c.newest, &c.lastDeletion)
	if err != nil {
		return c, err
	}
	flag := func(event string) int {
		if w.Wants(event) {
			return 1
		}
		return 0
	}
	if c.newest > c.seen {
		err = tx.QueryRowContext(ctx, contactsChanged, c.workspace, c.seen, w.Product, flag(pipelines.ContactCreated), flag(pipelines.ContactUpdated)).
			Scan(&c.changed, &c.created, &c.first, &c.last)
	}
	if err != nil || c.lastDeletion <= c.deletions || !w.Wants(pipelines.ContactDeleted) {
		return c, err
	}
	var first, last int64
	err = tx.QueryRowContext(ctx, contactsDeleted, c.workspace, c.deletions, w.Product).Scan(&c.deleted, &first, &last)
	if c.deleted > 0 {
		c.last = max(c.last, last)
		if c.changed == 0 || first < c.first {
			c.first = first
		}
	}
	return c, err
}

// moved reports whether there is something that the trigger has not seen.
func (c contactChanges) moved() bool { return c.newest > c.seen || c.lastDeletion > c.deletions }

// due reports whether what has changed has waited for long enough.
func (c contactChanges) due(w triggers.Watch, now time.Time) bool {
	quiet, waited := now.UnixMicro()-c.last, now.UnixMicro()-c.first
	return quiet >= w.Quiet().Microseconds() || waited >= w.Longest().Microseconds()
}

// SeeContacts implements triggers.WatchStore.
func (s *Store) SeeContacts(ctx context.Context, w triggers.Watch, now time.Time) (started int, err error) {
	var c contactChanges
	err = s.view(ctx, "contacts of a trigger", func(tx *sql.Tx) (err error) {
		c, err = readChanges(ctx, tx, w)
		return err
	})
	some := c.changed+c.deleted > 0
	if err != nil || !c.moved() || some && !c.due(w, now) {
		return 0, goneWatch(err)
	}
	err = s.leaving(ctx, "see contacts", func(tx *sql.Tx) (bool, error) {
		c, err := readChanges(ctx, tx, w)
		if err != nil {
			return false, err
		}
		if c.changed+c.deleted > 0 {
			if !c.due(w, now) {
				return false, nil
			}
			did, err := s.tellChanges(ctx, tx, w, c, now)
			if err != nil || !did {
				return false, err
			}
			started = 1
		}
		if _, err := tx.ExecContext(ctx, seeTo, w.Pipeline, w.Name, max(c.seen, c.newest), max(c.deletions, c.lastDeletion)); err != nil {
			return false, err
		}
		_, err = tx.ExecContext(ctx, forgetDeletions, c.workspace)
		return started > 0, err
	})
	return started, goneWatch(err)
}

// goneWatch passes over that a trigger was removed while it was looked at.
func goneWatch(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	return err
}

// tellChanges starts a run that is told what has changed, and reports whether it has.
func (s *Store) tellChanges(ctx context.Context, tx *sql.Tx, w triggers.Watch, c contactChanges, now time.Time) (bool, error) {
	v, err := scanVersion(tx.QueryRowContext(ctx, pipeline, w.Pipeline, ""))
	if err != nil {
		return false, err
	}
	return s.arrive(ctx, tx, w, v.Document, arrival{cause: triggers.ByContacts, at: now, given: map[string]string{
		"contacts_changed": strconv.Itoa(c.changed + c.deleted),
		"contacts_created": strconv.Itoa(c.created),
		"contacts_updated": strconv.Itoa(c.changed - c.created),
		"contacts_deleted": strconv.Itoa(c.deleted),
		"contacts_since":   time.UnixMicro(c.seen + 1).UTC().Format(time.RFC3339Nano),
	}})
}
