package main

import (
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/broked/broked/internal/store/storetest"
)

// cable is a connection to a database that can be cut and mended.
type cable struct {
	t  *testing.T
	to string

	mu   sync.Mutex
	cut  bool
	open []net.Conn
}

// through returns the URL of a database by way of a cable.
func through(t *testing.T, database string) (string, *cable) {
	t.Helper()
	u, err := url.Parse(database)
	must(t, err)
	c := &cable{t: t, to: u.Host}
	ln, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	must(t, err)
	var copying sync.WaitGroup
	t.Cleanup(copying.Wait)
	t.Cleanup(func() { c.set(true) })
	t.Cleanup(func() { _ = ln.Close() })
	copying.Go(func() {
		for {
			near, err := ln.Accept()
			if err != nil {
				return
			}
			far, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", c.to)
			if err != nil || !c.take(near, far) {
				_ = near.Close()
				continue
			}
			for _, ends := range [][2]net.Conn{{near, far}, {far, near}} {
				copying.Go(func() {
					_, _ = io.Copy(ends[0], ends[1])
					_ = ends[0].Close()
					_ = ends[1].Close()
				})
			}
		}
	})
	u.Host = ln.Addr().String()
	return u.String(), c
}

// take keeps both ends of a connection, unless the cable is cut.
func (c *cable) take(ends ...net.Conn) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.open = append(c.open, ends...)
	return !c.cut
}

// set cuts the cable, or mends it.
func (c *cable) set(cut bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cut = cut
	for _, end := range c.open {
		_ = end.Close()
	}
	c.open = nil
}

// TestDatabaseGoesAndComes takes the database away while a run is going. The run goes
// on, and what it has done is on record when the database is back.
func TestDatabaseGoesAndComes(t *testing.T) {
	t.Parallel()
	database, cable := through(t, storetest.Postgres(t))
	dir := t.TempDir()
	rows(t, dir, "in.csv", 100_000)
	s := serve(t, dir, "--local-runs", "1", "--db", database)
	going := s.start("p", "in.csv", slow, "out.csv")
	s.events(going.ID, func(name string) bool { return name != "node.started" })
	cable.set(true)
	if answer := s.call("GET", "/ready", "", 503, nil); !strings.Contains(answer, "store") {
		t.Errorf("without its database the server says %s", answer)
	}
	s.call("GET", "/api/runs/"+going.ID, "", 503, nil)
	awaitFile(t, filepath.Join(dir, "out.csv")) // the run has ended by itself, and cannot say so
	cable.set(false)
	s.log.await(t, "cannot be heard or told")
	for {
		events := s.follow(going.ID)
		if slices.Contains(events, "run.finished") {
			break
		}
	}
	if got := s.run(going.ID); got.Status != "success" || got.Attempt != 0 {
		t.Errorf("the run that was going: %+v", got)
	}
	next := s.start("q", "in.csv", keepDE, "q.csv")
	s.follow(next.ID)
	if got := s.run(next.ID); got.Status != "success" {
		t.Errorf("a run after that: %+v", got)
	}
}

// awaitFile waits until a run has written a file.
func awaitFile(t *testing.T, name string) {
	t.Helper()
	look, timeout := time.NewTicker(10*time.Millisecond), time.After(soon)
	defer look.Stop()
	for {
		if _, err := os.Stat(name); err == nil {
			return
		}
		select {
		case <-look.C:
		case <-timeout:
			t.Fatalf("%s is not written", name)
		}
	}
}
