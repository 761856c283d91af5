package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"strings"
	"time"

	jsonv2 "github.com/go-json-experiment/json"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/connections"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/pipelines"
)

var _ connections.Store = (*Store)(nil)

const (
	connectionColumns = `
		id, workspace_id, name, type, description, host, port, db_schema, login, options, password, password_ref, extra, extra_ref,
		created_at, updated_at`
	connectionPage = `
		SELECT` + connectionColumns + `
		FROM connections
		WHERE workspace_id = ?1 AND name > ?2
		ORDER BY name
		LIMIT ?3 OFFSET ?4`
	countConnections = `
		SELECT count(*)
		FROM connections
		WHERE workspace_id = ?1`
	connectionByName = `
		SELECT` + connectionColumns + `
		FROM connections
		WHERE workspace_id = ?1 AND name = ?2`
	insertConnection = `
		INSERT INTO connections (` + connectionColumns + `
		) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)`
	changeConnection = `
		UPDATE connections
		SET type = ?4, description = ?5, host = ?6, port = ?7, db_schema = ?8, login = ?9, options = ?10,
			password = ?11, password_ref = ?12, extra = ?13, extra_ref = ?14, updated_at = ?15
		WHERE id = ?1 AND workspace_id = ?2 AND updated_at = ?3`
	deleteConnection = `
		DELETE FROM connections
		WHERE workspace_id = ?1 AND name = ?2`
	connectionsTaking = `
		SELECT name
		FROM connections
		WHERE workspace_id = ?1 AND (password_ref = ?2 OR extra_ref = ?2)
		ORDER BY name`
	documentsHolding = `
		SELECT v.document
		FROM pipelines p
		JOIN pipeline_versions v ON v.pipeline_id = p.id AND v.number = p.version
		WHERE p.workspace_id = ?1 AND lower(v.document) LIKE ?2 ESCAPE '\'
		ORDER BY p.name, p.id`
)

func scanConnection(row scanner) (c connections.Stored, err error) {
	var options []byte
	var created, updated int64
	err = row.Scan(
		&c.ID, &c.Workspace, &c.Name, &c.Type, &c.Description, &c.Host, &c.Port, &c.Schema, &c.Login, &options, &c.Password, &c.PasswordRef,
		&c.Extra, &c.ExtraRef, &created, &updated)
	if err != nil {
		return c, err
	}
	c.CreatedAt, c.UpdatedAt = moment(created), moment(updated)
	return c, json.Unmarshal(options, &c.Options)
}

// Connections implements connections.Store.
func (s *Store) Connections(ctx context.Context, p pipelines.Page) ([]connections.Stored, error) {
	rows, err := s.db.read.QueryContext(ctx, connectionPage, auth.HomeFrom(ctx), p.After, p.Limit, p.Skip)
	all, err := collect(rows, err, func(r *sql.Rows) (connections.Stored, error) { return scanConnection(r) })
	return all, border("connections", err)
}

// CountConnections implements connections.Store.
func (s *Store) CountConnections(ctx context.Context) (n int, err error) {
	err = s.db.read.QueryRowContext(ctx, countConnections, auth.HomeFrom(ctx)).Scan(&n)
	return n, border("count connections", err)
}

// Connection implements connections.Store.
func (s *Store) Connection(ctx context.Context, name string) (connections.Stored, error) {
	c, err := scanConnection(s.db.read.QueryRowContext(ctx, connectionByName, auth.HomeFrom(ctx), name))
	if errors.Is(err, sql.ErrNoRows) {
		return connections.Stored{}, connections.NotFound(name)
	}
	return c, border("connection", err)
}

// InsertConnection implements connections.Store.
func (s *Store) InsertConnection(ctx context.Context, c connections.Stored) error {
	options, err := optionsOf(c)
	if err != nil {
		return err
	}
	return s.change(ctx, "insert connection", func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, insertConnection,
			c.ID, c.Workspace, c.Name, c.Type, c.Description, c.Host, c.Port, c.Schema, c.Login, options, c.Password, c.PasswordRef,
			c.Extra, c.ExtraRef, millis(c.CreatedAt), millis(c.UpdatedAt))
		if isTaken(err) {
			return fault.Wrap(fault.Conflict, err, "conn_id already exists").With("connection_exists")
		}
		if err != nil {
			return gone(err, c.Workspace)
		}
		return s.auditConnection(ctx, tx, "connection_created", c)
	})
}

// ChangeConnection implements connections.Store.
func (s *Store) ChangeConnection(ctx context.Context, c connections.Stored, read time.Time) error {
	options, err := optionsOf(c)
	if err != nil {
		return err
	}
	return s.change(ctx, "change connection", func(tx *sql.Tx) error {
		done, err := affected(tx.ExecContext(ctx, changeConnection,
			c.ID, c.Workspace, millis(read), c.Type, c.Description, c.Host, c.Port, c.Schema, c.Login, options, c.Password, c.PasswordRef,
			c.Extra, c.ExtraRef, millis(c.UpdatedAt)))
		if err == nil && !done {
			err = fault.New(fault.Stale, "somebody else has changed the connection %q: look at it again", c.Name).With("version_conflict")
		}
		if err != nil {
			return err
		}
		return s.auditConnection(ctx, tx, "connection_changed", c)
	})
}

// DeleteConnection implements connections.Store.
func (s *Store) DeleteConnection(ctx context.Context, name string) error {
	return s.change(ctx, "delete connection", func(tx *sql.Tx) error {
		c, err := scanConnection(tx.QueryRowContext(ctx, connectionByName, auth.HomeFrom(ctx), name))
		if errors.Is(err, sql.ErrNoRows) {
			return connections.NotFound(name)
		}
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, deleteConnection, c.Workspace, name); err != nil {
			return err
		}
		return s.auditConnection(ctx, tx, "connection_deleted", c)
	})
}

// ConnectionsTaking implements connections.Store.
func (s *Store) ConnectionsTaking(ctx context.Context, ref string) ([]string, error) {
	rows, err := s.db.read.QueryContext(ctx, connectionsTaking, auth.HomeFrom(ctx), ref)
	all, err := collect(rows, err, func(r *sql.Rows) (name string, err error) {
		err = r.Scan(&name)
		return name, err
	})
	return all, border("connections that take a secret", err)
}

func optionsOf(c connections.Stored) (string, error) {
	if c.Options == nil {
		return "{}", nil
	}
	text, err := json.Marshal(c.Options)
	return string(text), err
}

// auditConnection notes what has become of a connection. Where it leads is noted, too,
// because that is where its secrets go.
func (s *Store) auditConnection(ctx context.Context, tx *sql.Tx, event string, c connections.Stored) error {
	return s.audit(ctx, tx, auth.AuditEvent{
		Event: event, Target: c.Name, Outcome: auth.Success,
		Details: map[string]any{"id": c.ID, "type": c.Type, "host": c.Host, "port": c.Port, "login": c.Login},
	})
}

// likeText makes a pattern of LIKE that finds text anywhere.
var likeText = strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`)

// Holding implements connections.Store.
func (s *Store) Holding(ctx context.Context, text string) ([]pipelines.Document, error) {
	rows, err := s.db.read.QueryContext(ctx, documentsHolding, auth.HomeFrom(ctx), "%"+likeText.Replace(strings.ToLower(text))+"%")
	all, err := collect(rows, err, func(r *sql.Rows) (d pipelines.Document, err error) {
		var document []byte
		if err := r.Scan(&document); err != nil {
			return d, err
		}
		return d, jsonv2.Unmarshal(document, &d)
	})
	return all, border("documents", err)
}

const sealedKeys = `
	SELECT substr(secret, 8, 8) FROM hooks WHERE secret <> ''
	UNION
	SELECT substr(password, 8, 8) FROM connections WHERE password <> ''
	UNION
	SELECT substr(extra, 8, 8) FROM connections WHERE extra <> ''
	UNION
	SELECT substr(value, 8, 8) FROM variables WHERE type = 'secret'`

// SealedKeys returns the names of the keys with which secrets of this database are
// sealed: see sealed.Box.Key.
func (d *DB) SealedKeys(ctx context.Context) ([]string, error) {
	rows, err := d.read.QueryContext(ctx, sealedKeys)
	all, err := collect(rows, err, func(r *sql.Rows) (key string, err error) {
		err = r.Scan(&key)
		return key, err
	})
	return all, border("keys of secrets", err)
}
