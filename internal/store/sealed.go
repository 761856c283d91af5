package store

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/broked/broked/internal/sealed"
)

var _ sealed.Texts = (*Store)(nil)

// A column with sealed texts adds its line here, to reseal and to sealedKeys.
const sealedOtherwise = `
	SELECT place, id, field, text
	FROM (
		SELECT 'connections' AS place, id, 'extra' AS field, extra AS text FROM connections WHERE extra <> ''
		UNION ALL
		SELECT 'connections', id, 'password', password FROM connections WHERE password <> ''
		UNION ALL
		SELECT 'hooks', id, 'secret', secret FROM hooks WHERE secret <> ''
		UNION ALL
		SELECT 'variables', id, 'value', value FROM variables WHERE type = 'secret'
	) AS texts
	WHERE substr(text, 8, 8) <> ?1 AND (place > ?2 OR place = ?2 AND (id > ?3 OR id = ?3 AND field > ?4))
	ORDER BY place, id, field
	LIMIT ?5`

// reseal are statements by tables and columns.
var reseal = map[string]string{
	"connections.extra":    `UPDATE connections SET extra = ?3 WHERE id = ?1 AND extra = ?2`,
	"connections.password": `UPDATE connections SET password = ?3 WHERE id = ?1 AND password = ?2`,
	"hooks.secret":         `UPDATE hooks SET secret = ?3 WHERE id = ?1 AND secret = ?2`,
	"variables.value":      `UPDATE variables SET value = ?3 WHERE id = ?1 AND value = ?2 AND type = 'secret'`,
}

// SealedOtherwise implements sealed.Texts.
func (s *Store) SealedOtherwise(ctx context.Context, key string, after sealed.Place, limit int) ([]sealed.Text, error) {
	rows, err := s.db.read.QueryContext(ctx, sealedOtherwise, key, after.Table, after.Row, after.Column, limit)
	all, err := collect(rows, err, func(r *sql.Rows) (t sealed.Text, err error) {
		err = r.Scan(&t.Table, &t.Row, &t.Column, &t.Sealed)
		return t, err
	})
	return all, border("sealed texts", err)
}

// Reseal implements sealed.Texts.
func (s *Store) Reseal(ctx context.Context, old sealed.Text, now string) error {
	statement, known := reseal[old.Table+"."+old.Column]
	if !known {
		return fmt.Errorf("nothing sealed is kept in %s.%s", old.Table, old.Column)
	}
	return s.change(ctx, "seal anew", func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, statement, old.Row, old.Sealed, now)
		return err
	})
}
