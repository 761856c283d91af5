package postgres

import (
	"context"
	"errors"
	"hash/fnv"
	"iter"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/broked/broked/internal/batch"
	"github.com/broked/broked/internal/databases"
	"github.com/broked/broked/internal/fault"
)

// Write puts rows into a table by COPY, all or none, and returns their number. The
// first batch says which columns there are, and may have no rows. Until all of it is
// committed, others see the table as it was.
//
// An older attempt at the same load that is still in its transaction is ended first,
// and this one commits only while it is held. When the connection is lost while
// committing, the server is asked what became of it.
//
// Where the person can mend it, as with a table that is not there or a row that the
// table refuses, the error is an Invalid fault; its problems name the settings table
// and key_columns. A connection that cannot be made or is lost is a transient fault.
func (s Server) Write(ctx context.Context, load databases.Load, rows iter.Seq2[batch.Batch, error]) (int64, error) {
	if s.redshift() {
		return s.insert(ctx, load, rows)
	}
	var written int64
	err := s.change(ctx, load.Attempt, func(c *conn) error {
		n, done, err := c.doneBefore(ctx, load)
		if err != nil || done {
			written = n
			return err
		}
		w := &writer{c: c, load: load}
		for b, err := range rows {
			if err == nil {
				err = w.write(ctx, b)
			}
			if err != nil {
				return err
			}
		}
		written = w.rows
		if load.Refusals != nil {
			written -= load.Refusals.Count
		}
		if w.failed != nil {
			return w.failed
		}
		if err := w.end(ctx); err != nil {
			return err
		}
		return c.noteLoad(ctx, load, written)
	})
	return written, err
}

// Script executes the statements of a text, all or none, and returns how many there
// were. BEGIN, COMMIT and END in it are passed over, because all of it is one
// transaction. A statement that PostgreSQL does not take is an Invalid fault that says
// which one it is.
func (s Server) Script(ctx context.Context, text string) (int, error) {
	count := 0
	err := s.change(ctx, databases.Attempt{}, func(c *conn) error {
		var err error
		count, err = c.script(ctx, text)
		return err
	})
	return count, err
}

// change calls do in a transaction, and keeps what it did unless it fails.
func (s Server) change(ctx context.Context, attempt databases.Attempt, do func(*conn) error) error {
	return s.changeAs(ctx, "", attempt, do)
}

// ofOneMoment is the isolation of a transaction that sees the database as it was when it
// began, with what it does itself.
const ofOneMoment = ", ISOLATION LEVEL REPEATABLE READ"

// changeAs is change with an isolation of its own.
func (s Server) changeAs(ctx context.Context, isolation string, attempt databases.Attempt, do func(*conn) error) error {
	c, err := s.connect(ctx)
	if err != nil {
		return err
	}
	defer c.shut(ctx) // without COMMIT nothing is kept
	if s.redshift() {
		return databases.Stopped(ctx, s.changeLean(ctx, c, attempt, databases.Load{}, do))
	}
	if err := c.begin(ctx, isolation, attempt); err != nil {
		return databases.Stopped(ctx, err)
	}
	if err := do(c); err != nil {
		return databases.Stopped(ctx, err)
	}
	if attempt.Held != nil {
		if err := attempt.Held(ctx); err != nil {
			return databases.Stopped(ctx, err)
		}
	}
	id, err := c.texts(ctx, "SELECT txid_current()::text")
	if err != nil {
		return databases.Stopped(ctx, err)
	}
	// From here on it is no longer to be stopped: nobody would know what has become of it.
	ctx = context.WithoutCancel(ctx)
	err = c.run(ctx, "COMMIT")
	if _, said := errors.AsType[*pgconn.PgError](err); err == nil || said {
		return err
	}
	return s.became(ctx, id[0], err)
}

// begin begins a transaction in which no older attempt can commit any more.
func (c *conn) begin(ctx context.Context, isolation string, attempt databases.Attempt) error {
	if isolation != "" { // nor can it at the moment that the transaction sees
		if err := c.fence(ctx, attempt, ofSession); err != nil {
			return err
		}
	}
	if err := c.run(ctx, "BEGIN READ WRITE"+isolation); err != nil {
		return err
	}
	return c.fence(ctx, attempt, ofTransaction)
}

// fence lets no older attempt at a load commit any more: attempts hold a lock while
// they are in their transaction, and the one that has it is ended by its successor.
// One that gets the lock later than its successor finds that it is not held.
func (c *conn) fence(ctx context.Context, attempt databases.Attempt, until string) error {
	if attempt.Held == nil {
		return nil
	}
	h := fnv.New64a()
	_, _ = h.Write([]byte(attempt.Name))
	key := strconv.FormatInt(int64(h.Sum64()), 10) //nolint:gosec // any number does
	got, err := c.texts(ctx, "SELECT pg_try_advisory"+until+"($1)::text", key)
	if err != nil {
		return err
	}
	if err := attempt.Held(ctx); err != nil {
		return err
	}
	if got[0] == "true" {
		return nil
	}
	if _, err := c.texts(ctx, endHolder, key); err != nil {
		return err
	}
	return c.run(ctx, "SELECT pg_advisory"+until+"($1)", key)
}

// Until when a lock is held.
const (
	ofTransaction = "_xact_lock"
	ofSession     = "_lock"
)

// endHolder ends the connection that has a lock; two accounts of one name may end each
// other's.
const endHolder = `
	SELECT pg_terminate_backend(pid)::text FROM pg_locks
	WHERE locktype = 'advisory' AND granted AND objsubid = 1 AND pid <> pg_backend_pid()
		AND (classid::bigint << 32) | objid::bigint = $1::bigint`

// askedAgain is how often, and askedEvery how long apart, the server is asked what has
// become of a transaction.
const (
	askedAgain = 20
	askedEvery = 500 * time.Millisecond
)

// became finds out whether a transaction was committed whose connection was lost.
func (s Server) became(ctx context.Context, id string, lost error) error {
	tick := time.NewTicker(askedEvery)
	defer tick.Stop()
	for range askedAgain {
		if c, err := s.connect(ctx); err == nil {
			status, err := c.texts(ctx, "SELECT coalesce(txid_status($1), 'unknown')", id)
			c.shut(ctx)
			if err == nil && status[0] == "committed" {
				return nil
			}
			if err == nil && status[0] == "aborted" {
				return lost
			}
		}
		<-tick.C
	}
	return fault.Wrap(fault.Unavailable, lost, "the connection to %s was lost while the rows were committed, and it is not known whether they were: look before you run this again", (&conn{at: s.At}).name()).With("commit_unknown")
}
