// Package mysqltest gives tests databases on a MySQL or MariaDB.
package mysqltest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/broked/broked/internal/batch"
	"github.com/broked/broked/internal/connection"
	"github.com/broked/broked/internal/databases"
	"github.com/broked/broked/internal/databases/mysql"
	"github.com/broked/broked/internal/id"
	"github.com/broked/broked/internal/outbound"
)

// variable names a server whose account may make databases and accounts.
const variable = "BROKED_TEST_MYSQL"

// Dialer reaches this machine.
func Dialer() *outbound.Dialer {
	return &outbound.Dialer{Policy: outbound.Policy{Allow: outbound.Loopback()}}
}

// New returns a database of its own for a test, with nothing in it. It is on the
// server that BROKED_TEST_MYSQL names (mysql://user:password@host:port/mysql), or on a
// MariaDB that is started for the tests of this package. Where that is not installed the
// test is skipped, or fails when CI is set.
func New(tb testing.TB) connection.Connection {
	tb.Helper()
	ctx := context.WithoutCancel(tb.Context())
	at, err := ready(ctx)
	switch {
	case errors.Is(err, errNone) && os.Getenv("CI") == "":
		tb.Skip(err)
	case err != nil:
		tb.Fatal(err)
	}
	name := "broked_test_" + strings.ReplaceAll(id.New(), "-", "")
	admin := mysql.At(at, Dialer())
	if _, err := admin.Script(ctx, "CREATE DATABASE "+name); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if _, err := admin.Script(ctx, "DROP DATABASE "+name); err != nil {
			tb.Error(err)
		}
	})
	at.Schema = name
	return at
}

// server is what the first test of a package starts for all of them.
var server struct {
	sync.Mutex

	done    bool
	at      connection.Connection
	err     error
	process *exec.Cmd // which ends when its standard input is closed
}

var errNone = errors.New("no MariaDB: install it (.ci/setup does), or name a MySQL in " + variable)

func ready(ctx context.Context) (connection.Connection, error) {
	server.Lock()
	defer server.Unlock()
	if !server.done {
		server.done = true
		server.at, server.err = find(ctx)
	}
	return server.at, server.err
}

func find(ctx context.Context) (connection.Connection, error) {
	if given := os.Getenv(variable); given != "" {
		a, err := databases.Parse(given)
		return a.Server, err
	}
	for _, program := range []string{"/usr/sbin/mariadbd", "/usr/bin/mariadb-install-db"} {
		if _, err := os.Stat(program); err != nil {
			return connection.Connection{}, errNone
		}
	}
	return start(ctx)
}

// script starts a server that does not wait for the disk, and ends and removes it when
// nobody holds its standard input any more: this process may be killed.
const script = `
	/usr/bin/mariadb-install-db --no-defaults --datadir="$1/data" --auth-root-authentication-method=normal --skip-test-db >"$1/log" 2>&1
	/usr/sbin/mariadbd --no-defaults --datadir="$1/data" --socket="$1/s" --bind-address=127.0.0.1 --port="$2" --innodb-flush-log-at-trx-commit=0 --innodb-flush-method=nosync --skip-log-bin --local-infile=1 --max-connections=300 --innodb-buffer-pool-size=64M >>"$1/log" 2>&1 &
	read _
	kill -KILL $!
	wait
	rm -rf "$1"`

func start(ctx context.Context) (connection.Connection, error) {
	dir, err := os.MkdirTemp("", "broked-mysql-")
	if err != nil {
		return connection.Connection{}, err
	}
	var who *syscall.Credential
	if os.Getuid() == 0 { // which MariaDB refuses
		const nobody = 65534
		if who, err = &(syscall.Credential{Uid: nobody, Gid: nobody}), os.Chown(dir, nobody, nobody); err != nil {
			return connection.Connection{}, err
		}
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return connection.Connection{}, err
	}
	port := l.Addr().(*net.TCPAddr).Port //nolint:forcetypeassert // it is one of TCP
	_ = l.Close()
	process := exec.CommandContext(ctx, "sh", "-c", script, "sh", dir, strconv.Itoa(port))
	process.SysProcAttr = &syscall.SysProcAttr{Credential: who}
	server.process = process
	if _, err := process.StdinPipe(); err != nil {
		return connection.Connection{}, err
	}
	if err := process.Start(); err != nil {
		return connection.Connection{}, err
	}
	at := connection.Connection{Type: connection.MySQL, Host: "127.0.0.1", Port: port, Schema: "mysql", Login: "root"}
	started := time.Now()
	for tick := time.NewTicker(50 * time.Millisecond); ; <-tick.C { // it tells in no other way that it is ready
		err := mysql.At(at, Dialer()).Read(ctx, databases.Query{Text: "SELECT 1"}, func(batch.Batch) error { return nil })
		if err == nil {
			return at, nil
		}
		if started.Before(time.Now().Add(-time.Minute)) {
			return connection.Connection{}, fmt.Errorf("the MariaDB in %s does not start: %w", dir, err)
		}
	}
}
