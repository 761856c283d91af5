package postgres

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/broked/broked/internal/databases"
	"github.com/broked/broked/internal/fault"
)

// attemptsTable has a row for each session that makes an attempt at a load and, in the
// transaction of the load, one with a mark by which it is known that it was committed.
const attemptsTable = "broked_attempts"

// session is a connection as the server tells it apart from all others.
type session struct{ pid, begun string }

// leanTry is an attempt at a change.
type leanTry struct {
	session

	name, mark string // of the attempt; empty when the server keeps none
}

// beforeError says that an earlier attempt has committed so many rows.
type beforeError int64

// Error implements error.
func (d beforeError) Error() string {
	return strconv.FormatInt(int64(d), 10) + " rows were committed before"
}

// changeLean calls do in a transaction of Redshift, and keeps what it did unless it fails.
// Whatever else is read or written for attempts and notes is so outside of it: Redshift
// lets no two transactions commit that have read what the other has written.
func (s Server) changeLean(ctx context.Context, c *conn, attempt databases.Attempt, load databases.Load, do func(*conn) error) error {
	t, err := c.fenceLean(ctx, attempt)
	if err != nil {
		return err
	}
	if load.Once {
		if err := c.onceLean(ctx, load); err != nil {
			return err
		}
	}
	if err := c.fillLean(ctx, &t, attempt, do); err != nil {
		return err
	}
	// From here on it is no longer to be stopped: nobody would know what has become of it.
	ctx = context.WithoutCancel(ctx)
	err = c.run(ctx, "COMMIT")
	if _, said := errors.AsType[*pgconn.PgError](err); err != nil && !said {
		return s.becameLean(ctx, t, err)
	}
	if err == nil && t.name != "" { // what is left is removed by a later one
		_ = c.run(ctx, "DELETE FROM "+attemptsTable+" WHERE attempt = $1 OR begun < $2", t.name, leanTime(time.Now().AddDate(0, 0, -databases.LoadsKept)))
	}
	return err
}

// fillLean does everything from the beginning of the transaction up to its commit.
func (c *conn) fillLean(ctx context.Context, t *leanTry, attempt databases.Attempt, do func(*conn) error) error {
	err := c.run(ctx, "BEGIN READ WRITE")
	if err == nil {
		err = do(c)
	}
	if err == nil && attempt.Held != nil {
		err = attempt.Held(ctx)
	}
	if err == nil && t.name != "" {
		t.mark = rand.Text()
		err = c.enter(ctx, *t)
	}
	return err
}

func leanTime(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05") }

// onceLean returns a beforeError for a load that was committed, and makes the place for notes.
// The note itself is written blindly, with the rows.
func (c *conn) onceLean(ctx context.Context, load databases.Load) error {
	err := c.run(ctx, "CREATE TABLE IF NOT EXISTS "+databases.LoadsTable+" (load varchar(500), written bigint, committed_at timestamp)")
	if err != nil && fault.CodeOf(err) != "permission_denied" { // who may not make tables may be given it
		return databases.OnceFault(err)
	}
	written, err := c.texts(ctx, "SELECT written FROM "+databases.LoadsTable+" WHERE load = $1", load.Attempt.Name)
	if err != nil {
		return databases.OnceFault(err)
	}
	if len(written) == 0 {
		_ = c.run(ctx, "DELETE FROM "+databases.LoadsTable+" WHERE committed_at < $1", leanTime(time.Now().AddDate(0, 0, -databases.LoadsKept)))
		return nil
	}
	if load.Told != nil {
		load.Told.Before = true
	}
	rows, err := strconv.ParseInt(written[0], 10, 64)
	if err != nil {
		return err
	}
	return beforeError(rows)
}

// enter writes a row about an attempt.
func (c *conn) enter(ctx context.Context, t leanTry) error {
	return c.run(ctx, "INSERT INTO "+attemptsTable+" (attempt, pid, session, mark, begun) VALUES ($1, $2, $3, $4, $5)", t.name, t.pid, t.begun, t.mark, leanTime(time.Now()))
}

// fenceLean lets no older attempt at a load commit any more: the sessions of attempts are
// on record before the run is asked for, and those that are there end. A session that comes
// on record later than its successor finds that it is not held.
func (c *conn) fenceLean(ctx context.Context, attempt databases.Attempt) (leanTry, error) {
	if attempt.Held == nil {
		return leanTry{}, nil
	}
	t, err := c.record(ctx, attempt)
	if fault.KindOf(err) == fault.Invalid {
		t, err = leanTry{}, nil // then the run alone is asked, here and before the commit
	}
	if err != nil {
		return leanTry{}, err
	}
	if err := attempt.Held(ctx); err != nil || t.name == "" {
		return leanTry{}, err
	}
	others, err := c.lines(ctx, "SELECT pid, session FROM "+attemptsTable+" WHERE attempt = $1 AND mark = '' AND pid <> $2", t.name, t.pid)
	if err != nil {
		return leanTry{}, err
	}
	for _, other := range others {
		if err := c.endSession(ctx, session{other[0], other[1]}); err != nil {
			return leanTry{}, err
		}
	}
	return t, nil
}

// record puts the session on record. What this account may not do there is an Invalid fault.
func (c *conn) record(ctx context.Context, attempt databases.Attempt) (leanTry, error) {
	err := c.run(ctx, "CREATE TABLE IF NOT EXISTS "+attemptsTable+" (attempt varchar(64), pid integer, session varchar(64), mark varchar(64), begun timestamp)")
	if err != nil && fault.CodeOf(err) != "permission_denied" { // who may not make tables may be given it
		return leanTry{}, err
	}
	pid, err := c.texts(ctx, "SELECT pg_backend_pid()")
	if err != nil {
		return leanTry{}, err
	}
	me, err := c.lines(ctx, "SELECT process, starttime FROM stv_sessions WHERE process = $1", pid[0])
	if err != nil || len(me) == 0 {
		return leanTry{}, err
	}
	sum := sha256.Sum256([]byte(attempt.Name))
	t := leanTry{session: session{me[0][0], me[0][1]}, name: hex.EncodeToString(sum[:16])}
	return t, c.enter(ctx, t)
}

// endSession ends a session, if it is there still, and waits until it is gone.
func (c *conn) endSession(ctx context.Context, s session) error {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for range 300 {
		there, err := c.lines(ctx, "SELECT process, starttime FROM stv_sessions WHERE process = $1", s.pid)
		if err != nil {
			return err
		}
		if len(there) == 0 || there[0][1] != s.begun { // another one may have its number
			return nil
		}
		if err := c.run(ctx, "SELECT pg_terminate_backend("+s.pid+")"); err != nil {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return fault.Transient(fault.New(fault.Conflict, "an older attempt at the same load is still writing to %s, and cannot be ended", c.name()).With("database_locked"))
}

// becameLean finds out whether a transaction was committed whose connection was lost.
func (s Server) becameLean(ctx context.Context, t leanTry, lost error) error {
	tick := time.NewTicker(askedEvery)
	defer tick.Stop()
	for range askedAgain {
		if t.mark == "" {
			break
		}
		found, err := s.askLean(ctx, t)
		switch {
		case err == nil && found:
			return nil
		case err == nil:
			return lost
		}
		<-tick.C
	}
	return fault.Wrap(fault.Unavailable, lost, "the connection to %s was lost while the rows were committed, and it is not known whether they were: look before you run this again", (&conn{at: s.At}).name()).With("commit_unknown")
}

// askLean ends the session that was lost, so that nothing more becomes of it, and looks for
// its mark.
func (s Server) askLean(ctx context.Context, t leanTry) (bool, error) {
	ctx, stop := context.WithTimeout(ctx, 10*time.Second)
	defer stop()
	c, err := s.connect(ctx)
	if err != nil {
		return false, err
	}
	defer c.shut(ctx)
	if err := c.endSession(ctx, t.session); err != nil {
		return false, err
	}
	found, err := c.texts(ctx, "SELECT mark FROM "+attemptsTable+" WHERE mark = $1", t.mark)
	return len(found) > 0, err
}
