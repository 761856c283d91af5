package storetest

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/broked/broked/internal/id"
	"github.com/broked/broked/internal/postgres"
	"github.com/broked/broked/internal/queue"
	"github.com/broked/broked/internal/store"
	"github.com/broked/broked/migrations"
)

// postgresVariable names the URL of a PostgreSQL whose account may make databases.
const postgresVariable = "BROKED_TEST_POSTGRES"

// Postgres returns the URL of a database of its own for a test, with the newest
// schema and nothing in it. It is on the server that BROKED_TEST_POSTGRES names, or on
// one that is started for the tests of this package. Where PostgreSQL is not
// installed the test is skipped, or fails when CI is set.
func Postgres(tb testing.TB) string {
	tb.Helper()
	ctx := context.WithoutCancel(tb.Context())
	base, template, err := postgresReady(ctx)
	switch {
	case errors.Is(err, errNoPostgres) && os.Getenv("CI") == "":
		tb.Skip(err)
	case err != nil:
		tb.Fatal(err)
	}
	name := "broked_test_" + id.New()
	if _, err := setup.admin.ExecContext(ctx, `CREATE DATABASE "`+name+`" TEMPLATE "`+template+`" STRATEGY file_copy`); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if _, err := setup.admin.ExecContext(ctx, `DROP DATABASE "`+name+`" WITH (FORCE)`); err != nil {
			tb.Error(err)
		}
	})
	return within(base, name)
}

// within returns the URL of another database on the same server.
func within(base, name string) string {
	u, err := url.Parse(base)
	if err != nil {
		return base
	}
	u.Path = "/" + name
	return u.String()
}

func postgresAdmin(ctx context.Context, base, statement string) error {
	db, err := postgresOpen(base)
	if err != nil {
		return err
	}
	defer db.Close()
	_, err = db.ExecContext(ctx, statement)
	return err
}

func postgresOpen(base string) (*sql.DB, error) {
	config, err := postgres.Parse(base)
	if err != nil {
		return nil, err
	}
	return postgres.Pool(config, 2), nil
}

// setup is what the first test of a package does for all of them.
var setup struct {
	sync.Mutex

	done           bool
	base, template string
	err            error
	admin          *sql.DB   // may make databases
	server         *exec.Cmd // which ends when its standard input is closed, as by the collector of garbage
}

var errNoPostgres = errors.New("no PostgreSQL: install it (.ci/setup does), or name one in " + postgresVariable)

// postgresReady returns the URL of a server on which databases may be made, and the
// name of one there that has the newest schema.
func postgresReady(ctx context.Context) (base, template string, err error) {
	setup.Lock()
	defer setup.Unlock()
	if !setup.done {
		setup.done = true
		setup.base, setup.err = postgresServer(ctx)
		if setup.err == nil {
			setup.admin, setup.err = postgresOpen(setup.base)
		}
		if setup.err == nil {
			setup.template, setup.err = postgresTemplate(ctx, setup.admin, setup.base)
		}
	}
	return setup.base, setup.template, setup.err
}

// postgresTemplate returns the name of a database that has the newest schema. A server
// that outlives the tests keeps it for the next ones.
func postgresTemplate(ctx context.Context, db *sql.DB, base string) (string, error) {
	name, err := templateName()
	if err != nil {
		return "", err
	}
	return name, postgres.OneAtATime(ctx, db, func() error { return makeTemplate(ctx, db, base, name) })
}

// templateName changes with whatever the schema comes from.
func templateName() (string, error) {
	sum := sha256.New()
	err := fs.WalkDir(migrations.FS, "postgres", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := fs.ReadFile(migrations.FS, path)
		sum.Write(text)
		return err
	})
	return "broked_template_" + hex.EncodeToString(sum.Sum(nil))[:12], err
}

func makeTemplate(ctx context.Context, db *sql.DB, base, name string) error {
	var there bool
	if err := db.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM pg_database WHERE datname = ?1)`, name).Scan(&there); err != nil || there {
		return err
	}
	half := name + "_half"
	for _, statement := range []string{`DROP DATABASE IF EXISTS "` + half + `" WITH (FORCE)`, `CREATE DATABASE "` + half + `"`} {
		if _, err := db.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	if err := prepareTemplate(ctx, within(base, half)); err != nil {
		return err
	}
	_, err := db.ExecContext(ctx, `ALTER DATABASE "`+half+`" RENAME TO "`+name+`"`)
	return err
}

func prepareTemplate(ctx context.Context, database string) error {
	log := slog.New(slog.DiscardHandler)
	db, err := store.Open(ctx, store.Options{Path: database, Log: log})
	if err != nil {
		return err
	}
	q, err := queue.New(ctx, db.Writer(), log, queue.Options{Postgres: database})
	if err != nil {
		return err
	}
	q.Close()
	return db.Close(ctx)
}

func postgresServer(ctx context.Context) (string, error) {
	if given := os.Getenv(postgresVariable); given != "" {
		return given, nil
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
	if err != nil || len(found) == 0 {
		return "", errNoPostgres
	}
	slices.Sort(found)
	return startPostgres(ctx, filepath.Dir(found[len(found)-1]))
}

// script starts a server that does not wait for the disk, and ends and removes it
// when nobody holds its standard input any more: this process may be killed.
const script = `
	"$1/initdb" -D "$2/data" -U postgres -A trust -E UTF8 --locale C -N >"$2/log" 2>&1
	"$1/postgres" -D "$2/data" -k "$2" -h 127.0.0.1 -p "$3" -c fsync=off -c full_page_writes=off -c autovacuum=off -c wal_level=minimal -c max_wal_senders=0 -c max_wal_size=4GB -c max_connections=400 >>"$2/log" 2>&1 &
	read _
	kill -QUIT $!
	wait
	rm -rf "$2"`

func startPostgres(ctx context.Context, bin string) (string, error) {
	dir, err := os.MkdirTemp("", "broked-postgres-")
	if err != nil {
		return "", err
	}
	who, err := someone(dir)
	if err != nil {
		return "", err
	}
	port, err := freePort()
	if err != nil {
		return "", err
	}
	server := exec.CommandContext(ctx, "sh", "-c", script, "sh", bin, dir, port)
	server.SysProcAttr = &syscall.SysProcAttr{Credential: who}
	setup.server = server
	if _, err := server.StdinPipe(); err != nil {
		return "", err
	}
	if err := server.Start(); err != nil {
		return "", err
	}
	started := time.Now()
	base := "postgres://postgres@127.0.0.1:" + port + "/postgres?sslmode=disable"
	for tick := time.NewTicker(50 * time.Millisecond); ; <-tick.C { // it tells in no other way that it is ready
		err := postgresAdmin(ctx, base, `SELECT 1`)
		if err == nil {
			return base, nil
		}
		if started.Before(time.Now().Add(-time.Minute)) {
			return "", fmt.Errorf("the PostgreSQL in %s does not start: %w", dir, err)
		}
	}
}

// someone returns an account that is not root, which PostgreSQL refuses, and gives
// it dir.
func someone(dir string) (*syscall.Credential, error) {
	if os.Getuid() != 0 {
		return nil, nil //nolint:nilnil // the account that we are
	}
	const nobody = 65534
	return &syscall.Credential{Uid: nobody, Gid: nobody}, os.Chown(dir, nobody, nobody)
}

func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // at once
	if err != nil {
		return "", err
	}
	defer l.Close()
	return strconv.Itoa(l.Addr().(*net.TCPAddr).Port), nil //nolint:forcetypeassert // it is one of TCP
}
