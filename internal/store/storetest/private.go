package storetest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"
)

// Private is a PostgreSQL that one test has for itself, to do what it likes to it.
type Private struct {
	URL string // of an empty database

	tb         testing.TB
	bin, dir   string
	port       string
	who        *syscall.Credential
	postmaster *exec.Cmd // nil while it is down
}

// PrivatePostgres starts a PostgreSQL, as Postgres does with that of all tests, and ends
// it with the test.
func PrivatePostgres(tb testing.TB) *Private {
	tb.Helper()
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
	if err != nil || len(found) == 0 {
		if os.Getenv("CI") == "" {
			tb.Skip(errNoPostgres)
		}
		tb.Fatal(errNoPostgres)
	}
	slices.Sort(found)
	p := &Private{tb: tb, bin: filepath.Dir(found[len(found)-1])}
	if p.dir, err = os.MkdirTemp("", "broked-postgres-"); err != nil { //nolint:usetesting // another account has to reach it
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = os.RemoveAll(p.dir) })
	if p.who, err = someone(p.dir); err == nil {
		p.port, err = freePort()
	}
	if err != nil {
		tb.Fatal(err)
	}
	p.URL = "postgres://postgres@127.0.0.1:" + p.port + "/broked?sslmode=disable"
	initdb := p.command("initdb", "-D", filepath.Join(p.dir, "data"), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale", "C", "-N")
	if out, err := initdb.CombinedOutput(); err != nil {
		tb.Fatalf("%v: %s", err, out)
	}
	tb.Cleanup(p.Crash)
	p.Start()
	if err := postgresAdmin(context.WithoutCancel(tb.Context()), within(p.URL, "postgres"), `CREATE DATABASE broked`); err != nil {
		tb.Fatal(err)
	}
	return p
}

func (p *Private) command(name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(context.WithoutCancel(p.tb.Context()), filepath.Join(p.bin, name), args...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: p.who, Pdeathsig: syscall.SIGQUIT}
	return cmd
}

// Start starts it, and returns when it answers.
func (p *Private) Start() {
	p.tb.Helper()
	p.postmaster = p.command("postgres", "-D", filepath.Join(p.dir, "data"), "-k", p.dir, "-h", "127.0.0.1", "-p", p.port, "-c", "fsync=off", "-c", "full_page_writes=off")
	if err := p.postmaster.Start(); err != nil {
		p.tb.Fatal(err)
	}
	began := time.Now()
	for tick := time.NewTicker(50 * time.Millisecond); ; <-tick.C { // it tells in no other way that it is ready
		err := postgresAdmin(context.WithoutCancel(p.tb.Context()), within(p.URL, "postgres"), `SELECT 1`)
		if err == nil {
			return
		}
		if began.Before(time.Now().Add(-time.Minute)) {
			p.tb.Fatal(fmt.Errorf("the PostgreSQL in %s does not start: %w", p.dir, err))
		}
	}
}

// Crash ends it as `pg_ctl stop -m immediate` does: at once, without a checkpoint. One
// that is down stays so.
func (p *Private) Crash() {
	p.tb.Helper()
	if p.postmaster == nil {
		return
	}
	err := p.postmaster.Process.Signal(syscall.SIGQUIT)
	if ended := p.postmaster.Wait(); err != nil {
		p.tb.Error(errors.Join(err, ended))
	}
	p.postmaster = nil
}
