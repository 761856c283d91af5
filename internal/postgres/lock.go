package postgres

import (
	"context"
	"database/sql"
	"errors"

	"github.com/jackc/pgx/v5/pgconn"
)

const (
	waitLong = `
		SET lock_timeout = '120s'`
	lockSchema = `
		SELECT pg_advisory_lock(7810779, 1)`
	unlockSchema = `
		SELECT pg_advisory_unlock(7810779, 1)`
	waitAgain = `
		RESET lock_timeout`
)

// OneAtATime calls change while no other server is in such a call: servers that
// start together would all make the same tables. Change needs a connection of db
// besides the one that is taken here.
func OneAtATime(ctx context.Context, db *sql.DB, change func() error) error {
	c, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	for _, text := range []string{waitLong, lockSchema} {
		if _, err := c.ExecContext(ctx, text); err != nil {
			return errors.Join(err, c.Close())
		}
	}
	err = change()
	for _, text := range []string{unlockSchema, waitAgain} {
		_, e := c.ExecContext(context.WithoutCancel(ctx), text)
		err = errors.Join(err, e)
	}
	return errors.Join(err, c.Close())
}

// Reason returns what the server or the network said, without the URL.
func Reason(err error) string {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return e.Message
	}
	if e, ok := errors.AsType[*pgconn.ConnectError](err); ok {
		return e.Unwrap().Error()
	}
	return err.Error()
}
