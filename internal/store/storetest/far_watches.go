package storetest

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/connection"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/files"
	"github.com/broked/broked/internal/outbound"
	"github.com/broked/broked/internal/pipelines"
	"github.com/broked/broked/internal/remote"
	"github.com/broked/broked/internal/remote/remotetest"
	"github.com/broked/broked/internal/triggers"
)

// farWatch is a trigger that looks at a place of its own.
type farWatch struct {
	b    Backend
	t    *testing.T
	of   pipelines.Document
	w    triggers.Watch
	at   connection.Connection
	look triggers.Watcher
}

func watchingFar(t *testing.T, b Backend, at connection.Connection, w pipelines.Watcher) *farWatch {
	t.Helper()
	w.Type, w.ConnID = pipelines.WatchFiles, at.Name
	f := &farWatch{b: b, t: t, at: at}
	f.of, f.w = watching(t, b, "Far "+at.Name, w, asItIs)
	exit := func() outbound.Exit { return outbound.Exit{Policy: outbound.Policy{Allow: outbound.Loopback()}} }
	f.look = triggers.Watcher{Store: b, Log: slog.New(slog.DiscardHandler), Far: triggers.Elsewhere(func(_ context.Context, of auth.WorkspaceID, name string) (connection.Connection, error) {
		if of != "default" || name != at.Name {
			return connection.Connection{}, fault.New(fault.NotFound, "there is no connection %q", name)
		}
		return f.at, nil
	}, exit)}
	return f
}

// put stores a file at the place.
func (f *farWatch) put(name, text string) {
	f.t.Helper()
	place, err := remote.Open(f.at, outbound.Exit{Policy: outbound.Policy{Allow: outbound.Loopback()}})
	must(f.t, err)
	defer place.Close()
	file := filepath.Join(f.t.TempDir(), "it")
	must(f.t, os.WriteFile(file, []byte(text), 0o600))
	must(f.t, place.Store(f.t.Context(), name, file, func(context.Context) error { return nil }))
}

// sees has the trigger look so long after now, as a server would that has just been
// started, and fails unless that starts runs of the files.
func (f *farWatch) sees(in time.Duration, want ...string) {
	f.t.Helper()
	before, problem := len(of(f.t, f.b, f.of)), f.state().Problem
	started, failed, err := f.look.LookFar(f.t.Context(), f.state(), func() time.Time { return time.Now().Add(in) })
	must(f.t, err)
	all := of(f.t, f.b, f.of)
	got := map[string]bool{}
	for _, r := range all[:len(all)-before] {
		got[r.Params["file"]] = true
		if base := r.Params["file"][strings.LastIndexByte(r.Params["file"], '/')+1:]; r.Trigger != triggers.ByFile || r.Params["file_name"] != base {
			f.t.Errorf("a run is started by %s with %v", r.Trigger, r.Params)
		}
	}
	wanted := map[string]bool{}
	for _, name := range want {
		wanted[name] = true
	}
	wantSame(f.t, fmt.Sprintf("what started runs, %s from now, with the problem %q", in, problem), got, wanted)
	if started != len(want) || len(all)-before != len(want) || failed {
		f.t.Errorf("%d runs are said to be started, %d are, failed is %t", started, len(all)-before, failed)
	}
}

// state is the trigger as it is on record.
func (f *farWatch) state() triggers.Watch {
	f.t.Helper()
	all, err := f.b.Watches(f.t.Context())
	must(f.t, err)
	for _, w := range all {
		if w.Pipeline == f.of.ID {
			return w
		}
	}
	f.t.Fatal("the trigger is gone")
	return triggers.Watch{}
}

// testFarArrivals: each version of a file elsewhere starts one run, also over failures and
// restarts, and what the first look has found starts none.
func testFarArrivals(t *testing.T, b Backend) {
	sftp, folder := remotetest.SFTP(t)
	for _, at := range []connection.Connection{remotetest.S3(t), remotetest.Azure(t), sftp} {
		f := watchingFar(t, b, at, pipelines.Watcher{Path: "in/*.csv", StableFor: "10s"})
		// It was made at noon of a day long gone, when nothing was there.
		f.put("in/a.csv", "id\n1\n")
		f.put("in/a.txt", "id\n1\n")
		f.put("other/a.csv", "id\n1\n")
		f.sees(0)
		f.sees(9 * time.Second)
		f.sees(11*time.Second, "in/a.csv")
		f.sees(time.Minute)

		f.put("in/b.csv", "id\n1\n")
		f.put("in/a.csv", "id\n1\n2\n")
		f.sees(time.Minute)
		f.put("in/b.csv", "id\n1\n22\n") // it grows
		f.sees(71*time.Second, "in/a.csv")
		f.sees(82*time.Second, "in/b.csv")

		f.fails(func(c *connection.Connection) { c.Login = "stranger" }, ": 127.0.0.1 ")
		f.fails(func(c *connection.Connection) { c.Name = "elsewhere"; c.Type = connection.HTTP }, "leads to no files")
		f.put("in/c d%.csv", "id\n")
		f.sees(2 * time.Minute)
		f.sees(3*time.Minute, "in/c d%.csv")
		f.sees(time.Hour)
		if w := f.state(); w.Problem != "" || !w.Looked {
			t.Errorf("%s: it is %+v", at.Name, w)
		}
	}
	if _, err := os.Stat(filepath.Join(folder, "in/c d%.csv")); err != nil {
		t.Error(err)
	}
}

// fails has the trigger look with a connection that is changed, which starts nothing, is
// told, and loses nothing.
func (f *farWatch) fails(change func(*connection.Connection), words string) {
	f.t.Helper()
	was := f.at
	change(&f.at)
	started, failed, err := f.look.LookFar(f.t.Context(), f.state(), time.Now)
	f.at = was
	must(f.t, err)
	w := f.state()
	if started != 0 || !failed || !strings.Contains(w.Problem, words) || !strings.HasPrefix(w.Problem, "connection ") || strings.Contains(w.Problem, remotetest.Secret) {
		f.t.Errorf("%d started, failed is %t, the problem is %q", started, failed, w.Problem)
	}
}

// testFarFirstLook: files that are older than their trigger start nothing, and one that gets
// an old time later does.
func testFarFirstLook(t *testing.T, b Backend) {
	at, folder := remotetest.SFTP(t)
	f := watchingFar(t, b, at, pipelines.Watcher{Path: "*.csv", StableFor: "0s"})
	old := func(name string) {
		t.Helper()
		f.put(name, "id\n1\n")
		must(t, os.Chtimes(filepath.Join(folder, name), noon.Add(-time.Hour), noon.Add(-time.Hour)))
	}
	old("there.csv")
	f.sees(0)
	old("moved.csv")
	f.sees(0, "moved.csv")
	must(t, os.Rename(filepath.Join(folder, "there.csv"), filepath.Join(folder, "renamed.csv")))
	f.sees(0, "renamed.csv")
	f.sees(time.Hour)

	// One that finds nothing at first has looked as well.
	g := watchingFar(t, b, named(remotetest.S3(t), "empty"), pipelines.Watcher{Path: "*.csv", StableFor: "0s"})
	g.sees(0)
	if !g.state().Looked {
		t.Error("nobody knows that it has looked")
	}
	// A store that puts the same size and time in a file with other content says so by its ETag.
	is := files.Found{Path: "x.csv", Size: 1, Modified: after(10), Changed: after(10), Version: "one"}
	b.sees(t, g.state(), 20, 1, is)
	is.Version = "two"
	b.sees(t, g.state(), 30, 1, is)
	b.sees(t, g.state(), 40, 0, is)

	h := watchingFar(t, b, named(remotetest.S3(t), "existing"), pipelines.Watcher{Path: "one.csv", StableFor: "0s", Existing: true})
	h.put("one.csv", "id\n")
	h.sees(0, "one.csv")
	h.sees(time.Hour)
}

func named(c connection.Connection, name string) connection.Connection {
	c.Name = name
	return c
}
