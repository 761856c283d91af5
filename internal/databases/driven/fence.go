package driven

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"

	"github.com/broked/broked/internal/databases"
	"github.com/broked/broked/internal/fault"
)

// ours is what tables of ours begin with; markTable is that of loads which are being
// committed.
const (
	ours      = "broked_"
	markTable = ours + "commits"
)

func (d *Dialect) markColumns() []Declared {
	return []Declared{{"attempt", d.Types.Declared("VARCHAR", false, true)}, {"mark", d.Types.Declared("VARCHAR", false, false)}}
}

// digest is a name made of others.
func digest(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:12])
}

// try is an attempt at a change, as it is told apart from others.
type try struct {
	attempt databases.Attempt
	id      string // of the session
	mark    string // empty when there is none
	place   *place
}

// stageOf is what a table is called until it takes the place of another.
func stageOf(attempt databases.Attempt, table string) string {
	return ours + "stage_" + digest(attempt.Name, table)
}

// stage returns the quoted name of a table for the rows of a load. Where sessions cannot be
// told apart, each attempt has its own, and removes those of older ones.
func (c *Conn) stage(ctx context.Context, load databases.Load, t *Table) (string, error) {
	d, name := c.server.Dialect, stageOf(load.Attempt, t.Shown)
	if d.SQL.Stages == "" {
		return d.quoted(t.Schema, name), nil
	}
	rows, err := c.Query(ctx, d.SQL.Stages, t.Schema, name)
	if err != nil {
		return "", err
	}
	for _, row := range rows {
		if err := c.define(ctx, d.SQL.Drop(d.quoted(t.Schema, row[0]))); err != nil {
			return "", err
		}
	}
	return d.quoted(t.Schema, name+"_"+strings.ToLower(rand.Text()[:12])), nil
}

// change calls do in a transaction, and keeps what it did unless it fails.
func (s Server) change(ctx context.Context, attempt databases.Attempt, do func(*Conn) (*place, error)) error {
	c, err := s.connect(ctx)
	if err != nil {
		return err
	}
	t := try{attempt: attempt, id: c.id}
	if err := c.fill(ctx, &t, do); err != nil {
		c.shut(ctx)
		s.discard(ctx, t.place)
		return databases.Stopped(ctx, err)
	}
	// From here on it is no longer to be stopped: nobody would know what has become of it.
	ctx = context.WithoutCancel(ctx)
	err = c.commit(ctx, t.place)
	if err == nil && t.mark != "" {
		c.unmark(ctx, attempt)
	}
	c.shut(ctx)
	switch {
	case err == nil:
		return nil
	case s.Dialect.Say(s.At, err) == nil:
		return s.became(ctx, t, err)
	}
	s.discard(ctx, t.place)
	return c.fault(err)
}

// fill does everything up to the commit.
func (c *Conn) fill(ctx context.Context, t *try, do func(*Conn) (*place, error)) error {
	marks, err := c.fence(ctx, t.attempt)
	if err == nil {
		err = c.begin(ctx, false)
	}
	if err == nil {
		t.place, err = do(c)
	}
	if err == nil && t.attempt.Held != nil {
		err = t.attempt.Held(ctx)
	}
	if err == nil && marks {
		t.mark, err = c.mark(ctx, t.attempt)
	}
	return err
}

// unmark removes the row of a load. Where that fails, the next attempt of the same name
// takes its place.
func (c *Conn) unmark(ctx context.Context, attempt databases.Attempt) {
	d := c.server.Dialect
	if c.begin(ctx, false) != nil {
		return
	}
	if c.Run(ctx, "DELETE FROM "+d.SQL.Quote(markTable)+" WHERE "+d.SQL.Quote("attempt")+" = "+d.SQL.Mark(1), c.server.lockName(attempt)) == nil {
		_ = c.tx.Commit()
		c.tx = nil
	}
}

// commit ends the transaction, and lets a table that was made take its place.
func (c *Conn) commit(ctx context.Context, p *place) error {
	tx := c.tx
	c.tx = nil
	if err := tx.Commit(); err != nil || p == nil || p.stage == "" {
		return err
	}
	d := c.server.Dialect
	name := d.quoted(p.Schema, p.Name)
	var into []string
	if p.adds {
		into = d.SQL.Attach(p.stage, name)
	} else {
		into = d.SQL.Rename(p.stage, name, p.over)
	}
	for i, statement := range into {
		// What comes after the first is putting away what is left.
		if _, err := c.conn.ExecContext(ctx, statement); err != nil && i == 0 {
			return err
		}
	}
	return nil
}

// discard removes a table that was made and will not be needed.
func (s Server) discard(ctx context.Context, p *place) {
	if p == nil || p.stage == "" {
		return
	}
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), killTimeout)
	defer stop()
	if c, err := s.connect(ctx); err == nil {
		_ = c.Run(ctx, s.Dialect.SQL.Drop(p.stage))
		c.shut(ctx)
	}
}

// lockName is what a load is called in its database.
func (s Server) lockName(attempt databases.Attempt) string {
	return "broked:" + digest(s.At.Schema, attempt.Name)
}

// fence lets no older attempt at a load commit any more: attempts hold a lock as long
// as their session lasts, and the one that has it is ended by its successor. One that gets
// the lock later than its successor finds that it is not held. It reports whether the
// commit can leave a mark.
func (c *Conn) fence(ctx context.Context, attempt databases.Attempt) (marks bool, err error) {
	session := c.server.Dialect.Session
	if attempt.Held == nil {
		return false, nil
	}
	got, name := true, c.server.lockName(attempt)
	if session.Lock != nil {
		if got, err = session.Lock(ctx, c, name, false); err != nil {
			return false, err
		}
	}
	if err := attempt.Held(ctx); err != nil {
		return false, err
	}
	if !got {
		if err := c.outlive(ctx, name); err != nil {
			return false, err
		}
	}
	if !session.Marks || c.tx != nil { // then the lock is a row of it
		return session.Marks, nil
	}
	d := c.server.Dialect
	err = c.Run(ctx, d.SQL.Create(d.SQL.Quote(markTable), d.markColumns(), []string{"attempt"}, true))
	if fault.CodeOf(err) == "permission_denied" { // then what becomes of a lost commit is not known
		return false, nil
	}
	return err == nil, err
}

// outlive takes a lock, ending the session that has it.
func (c *Conn) outlive(ctx context.Context, name string) error {
	session := c.server.Dialect.Session
	if session.Holder != nil {
		holder, err := session.Holder(ctx, c, name)
		if err != nil {
			return err
		}
		if holder != "" {
			_ = c.Run(ctx, session.Kill(holder)) // it may be gone by now
		}
	}
	got, err := session.Lock(ctx, c, name, true)
	if err == nil && !got {
		return fault.Transient(fault.New(fault.Conflict, "an older attempt at the same load is still writing to %s, and cannot be ended", c.server.name()).With("database_locked"))
	}
	return err
}

// mark leaves a row in the transaction by which it is known that it was committed.
func (c *Conn) mark(ctx context.Context, attempt databases.Attempt) (string, error) {
	d, name := c.server.Dialect, c.server.lockName(attempt)
	mark := digest(name, c.id, time.Now().String())
	// One statement: a DELETE that finds nothing would lock others out of the gap.
	t := &Table{Quoted: d.SQL.Quote(markTable), Columns: d.markColumns()}
	return mark, c.Run(ctx, d.SQL.Insert(t, []string{"attempt", "mark"}, []string{"attempt"}, 1), name, mark)
}

// askedAgain is how often, and askedEvery how long apart, the server is asked what has
// become of a transaction.
const (
	askedAgain = 20
	askedEvery = 500 * time.Millisecond
)

// became finds out whether a transaction was committed whose connection was lost.
func (s Server) became(ctx context.Context, t try, lost error) error {
	tick := time.NewTicker(askedEvery)
	defer tick.Stop()
	for range askedAgain {
		if t.mark == "" {
			break
		}
		done, err := s.ask(ctx, t)
		if err == nil && done {
			return nil
		}
		if err == nil {
			s.discard(ctx, t.place)
			return fault.Transient(fault.Wrap(fault.Unavailable, lost, "the connection to %s was lost", s.name()).With("connection_lost"))
		}
		<-tick.C
	}
	return fault.Wrap(fault.Unavailable, lost, "the connection to %s was lost while the rows were committed, and it is not known whether they were: look before you run this again", s.name()).With("commit_unknown")
}

// ask ends the session that was lost, so that nothing more becomes of it, and looks for
// its mark. Rows in a table that has not taken its place yet count as not there.
func (s Server) ask(ctx context.Context, t try) (bool, error) {
	ctx, stop := context.WithTimeout(ctx, 10*time.Second)
	defer stop()
	c, err := s.connect(ctx)
	if err != nil {
		return false, err
	}
	defer c.shut(ctx)
	name := s.lockName(t.attempt)
	if kill := s.Dialect.Session.Kill; kill != nil {
		_ = c.Run(ctx, kill(t.id))
	}
	if err := c.outlive(ctx, name); err != nil {
		return false, err
	}
	table := s.Dialect.SQL.Quote(markTable)
	found, err := c.one(ctx, "SELECT "+s.Dialect.SQL.Quote("mark")+" FROM "+table+" WHERE "+s.Dialect.SQL.Quote("attempt")+" = "+s.Dialect.SQL.Mark(1), name)
	if err != nil || found != t.mark {
		return false, err
	}
	c.unmark(ctx, t.attempt)
	if t.place == nil || t.place.stage == "" {
		return true, nil
	}
	stage := Table{Schema: t.place.Schema, Name: stageOf(t.attempt, t.place.Shown)}
	err = stage.look(ctx, c)
	return len(stage.Columns) == 0, err
}
