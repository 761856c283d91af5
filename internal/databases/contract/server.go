package contract

import (
	"context"
	"fmt"
	"net"
	"sync/atomic"
	"testing"

	"github.com/broked/broked/internal/batch"
	"github.com/broked/broked/internal/databases"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/outbound"
)

// line is a way to a server that is cut after some bytes.
type line struct {
	net.Listener

	to   int
	left atomic.Int64 // bytes in both directions until it is cut, once
}

// newLine returns a way to a port of this machine.
func newLine(t *testing.T, to int) *line {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &line{Listener: l, to: to}
	w.left.Store(1 << 60)
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return
			}
			go w.carry(context.WithoutCancel(t.Context()), near)
		}
	}()
	return w
}

func (w *line) port() int { return w.Addr().(*net.TCPAddr).Port } //nolint:forcetypeassert // it listens for TCP

func (w *line) carry(ctx context.Context, near net.Conn) {
	defer func() { _ = near.Close() }()
	far, err := (&outbound.Dialer{Policy: outbound.Policy{Allow: outbound.Loopback()}}).DialContext(ctx, "tcp", fmt.Sprintf("127.0.0.1:%d", w.to))
	if err != nil {
		return
	}
	defer func() { _ = far.Close() }()
	ended := make(chan struct{}, 2)
	for _, way := range [][2]net.Conn{{near, far}, {far, near}} {
		go func() {
			defer func() { ended <- struct{}{} }()
			room := make([]byte, 4096)
			for {
				n, err := way[0].Read(room)
				if w.left.Add(-int64(n)) < 0 {
					w.left.Store(1 << 60) // the next one holds
					return
				}
				if n > 0 {
					if _, err := way[1].Write(room[:n]); err != nil {
						return
					}
				}
				if err != nil {
					return
				}
			}
		}()
	}
	<-ended
}

// lost cuts the line in the middle, at every stage of a load, and tries again.
func lost(t *testing.T, s Sort) {
	t.Helper()
	db := s.New(t)
	script(t, db, "CREATE TABLE t (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(40)); INSERT INTO t VALUES (-1, 'there')")
	way := newLine(t, s.Server.Port(db))
	through := s.Server.Behind(t, db, way.port())
	for k, after := range []int64{1, 100, 2500, 500_000, 1_200_000} {
		load := databases.Load{Table: "t", Mode: databases.Overwrite, Attempt: databases.Attempt{Name: "lost", Held: func(context.Context) error { return nil }}}
		way.left.Store(after)
		n, err := through.Write(t.Context(), load, counted(nil))
		if err == nil || !fault.IsTransient(err) {
			t.Fatalf("after %d bytes: %d rows, %v", after, n, err)
		}
		if k == 0 {
			same(t, rows(t, db, "SELECT count(*) FROM t"), "1\n")
		}
		if n, err = through.Write(t.Context(), load, counted(nil)); err != nil || n != many {
			t.Fatalf("%d rows, %v", n, err)
		}
		same(t, rows(t, db, "SELECT count(*), min(id), max(id) FROM t"), fmt.Sprintf("%d|0|%d\n", many, many-1))
	}
	way.left.Store(300_000)
	read := 0
	err := through.Read(t.Context(), databases.Query{Text: "SELECT * FROM t"}, func(b batch.Batch) error {
		read += b.Rows
		return nil
	})
	if !fault.IsTransient(err) || read == many {
		t.Errorf("%d rows and %v", read, err)
	}
	// Whatever happens to the answer of COMMIT, what is said is true.
	for cut := range int64(12) {
		write(t, db, databases.Load{Table: "t", Mode: databases.Overwrite}, 1, pairs(0, "x"))
		held := 0
		_, err := through.Write(t.Context(), databases.Load{Table: "t", Attempt: databases.Attempt{Name: "commit", Held: func(context.Context) error {
			if held++; held == 2 {
				way.left.Store(30 + cut*10)
			}
			return nil
		}}}, of(pairs(1, "y")))
		way.left.Store(1 << 60)
		want := "1\n"
		if err == nil {
			want = "2\n"
		}
		same(t, rows(t, db, "SELECT count(*) FROM t"), want)
	}
}

func accounts(t *testing.T, s Sort) {
	t.Helper()
	db := s.New(t)
	script(t, db, "CREATE TABLE t (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(40))")
	script(t, db, s.Server.Nobody)
	nobody := s.Server.Login(t, db, "nobody_here")
	query := databases.Query{Text: "SELECT * FROM t"}
	ignore := func(batch.Batch) error { return nil }
	tells(t, nobody.Read(t.Context(), query, ignore), "permission_denied", "nobody_here")
	_, err := nobody.Write(t.Context(), databases.Load{Table: "t"}, of(pairs(1, "a")))
	tells(t, err, "permission_denied", "nobody_here")
	wrong := s.Server.Login(t, db, "")
	tells(t, wrong.Read(t.Context(), query, ignore), "login_failed", "")
	closed, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := closed.Addr().(*net.TCPAddr).Port //nolint:forcetypeassert // as it is
	_ = closed.Close()
	err = s.Server.Behind(t, db, port).Read(t.Context(), query, ignore)
	tells(t, err, "connection_failed", "nothing listens")
	if !fault.IsTransient(err) {
		t.Error("what does not listen may do so later")
	}
}

func slow(t *testing.T, s Sort) {
	t.Helper()
	query, db := s.Server.Slow(t, s.New(t))
	tells(t, db.Read(t.Context(), databases.Query{Text: query}, func(batch.Batch) error { return nil }), "statement_timeout", "")
}

// fence lets an attempt that has been given up go on.
func fence(t *testing.T, s Sort) {
	t.Helper()
	db := s.New(t)
	write(t, db, databases.Load{Table: "t", Create: true}, 1, pairs(0, "zero"))
	var newest atomic.Int64
	attempt := func(number int64) databases.Load {
		newest.Store(number)
		return databases.Load{Table: "t", Attempt: databases.Attempt{Name: "run/node", Held: func(context.Context) error {
			if newest.Load() != number {
				return fault.New(fault.Stale, "another attempt has begun").With("stale")
			}
			return nil
		}}}
	}
	old := attempt(1)
	_, err := db.Write(t.Context(), old, func(yield func(batch.Batch, error) bool) {
		if !yield(pairs(1, "one"), nil) {
			return
		}
		write(t, db, attempt(2), 2, pairs(1, "one", "two")) // while the old one has its rows in a transaction
		_ = yield(pairs(2, "two"), nil)
	})
	if err == nil {
		t.Error("the old attempt has committed")
	}
	same(t, rows(t, db, "SELECT id, name FROM t ORDER BY id"), "0|zero\n1|one\n2|two\n")
	if _, err = db.Write(t.Context(), old, of(pairs(1, "late"))); fault.KindOf(err) != fault.Stale {
		t.Errorf("got %v", err)
	}
	// Given up after the last row, before the commit.
	third := attempt(3)
	_, err = db.Write(t.Context(), third, func(yield func(batch.Batch, error) bool) {
		_ = yield(pairs(3, "three"), nil)
		newest.Store(4)
	})
	if fault.KindOf(err) != fault.Stale {
		t.Errorf("got %v", err)
	}
	same(t, rows(t, db, "SELECT count(*) FROM t"), "3\n")
}
