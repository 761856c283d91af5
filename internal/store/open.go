package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/pressly/goose/v3"
	"golang.org/x/mod/semver"
	_ "modernc.org/sqlite" // the driver "sqlite"

	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/postgres"
	"github.com/broked/broked/migrations"
)

// Options says which database to open. Every field is required.
type Options struct {
	Path string // of a SQLite file, which is made when it is not there, or a postgres:// URL
	Log  *slog.Logger
}

// DB is an open database with the newest schema.
type DB struct {
	write  *sql.DB // one connection: there is one writer, and a queue here is fair
	read   *reader
	shared *shared // nil on SQLite: no other server writes
}

const (
	readers = 4
	// oldest is the first SQLite whose write-ahead log does not lose commits when
	// it is reset while a checkpoint runs (https://sqlite.org/wal.html#walresetbug).
	oldest = "v3.51.3"
)

// Open opens the database, checks that it is sound and brings its schema up to
// date. Nobody but this user may read a file that it makes.
//
// A damaged file, one of a newer release and a PostgreSQL that cannot be reached
// are faults that say so. For a file the data folder's lock must be held: two
// servers on one would each take the other's runs for orphans. Any number of
// servers may share a PostgreSQL.
func Open(ctx context.Context, o Options) (*DB, error) {
	if postgres.Is(o.Path) {
		return openShared(ctx, o)
	}
	path, err := filepath.Abs(o.Path)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	existed, err := prepare(path)
	if err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "the database %s cannot be opened: %s", path, reason(err))
	}
	db := &DB{}
	if db.write, err = openFile(dsn(path, writing)); err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	read, err := openFile(dsn(path, reading))
	if err != nil {
		return nil, errors.Join(err, db.write.Close())
	}
	db.read = &reader{read}
	db.write.SetMaxOpenConns(1)
	db.read.SetMaxOpenConns(readers)
	db.read.SetMaxIdleConns(readers)
	started := time.Now()
	if err := db.ready(ctx, path, existed); err != nil {
		return nil, errors.Join(err, db.read.Close(), db.write.Close())
	}
	o.Log.DebugContext(ctx, "database open", "path", path, "took", time.Since(started))
	return db, nil
}

// prepare makes sure that there is a file that only we may read, and reports
// whether something was in it.
func prepare(path string) (existed bool, err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return false, err
	}
	// SQLite gives its -wal and -shm files the mode of this one.
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600) //nolint:gosec // the operator names the database
	if err != nil {
		return false, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = errors.New("not a regular file")
	}
	if err == nil && info.Mode().Perm()&0o077 != 0 {
		err = f.Chmod(0o600)
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return false, err
	}
	return info.Size() > 0, nil
}

// reason returns what the system said, without the path, which is told anyway.
func reason(err error) string {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err.Error()
	}
	return err.Error()
}

// writing, migrating and reading are what connections are set to. The driver
// applies busy_timeout before the others, so that switching to WAL may wait.
var (
	writing = url.Values{
		// A transaction that began by reading cannot become a writer once another
		// has written, however long it waits (SQLITE_BUSY_SNAPSHOT).
		"_txlock": {"immediate"},
		"_pragma": {
			"busy_timeout(5000)", "journal_mode(WAL)", "synchronous(FULL)",
			"fullfsync(1)", "checkpoint_fullfsync(1)", // macOS: fsync alone does not reach the disk
			"foreign_keys(1)", "trusted_schema(0)", "cell_size_check(1)", "journal_size_limit(67108864)",
		},
	}
	// With foreign keys a table that others refer to could not be made anew:
	// dropping it would delete what refers to it.
	migrating = url.Values{
		"_txlock": {"immediate"},
		"_pragma": {"busy_timeout(5000)", "synchronous(FULL)", "foreign_keys(0)", "trusted_schema(0)"},
	}
	reading = url.Values{
		"mode":    {"ro"},
		"_pragma": {"busy_timeout(5000)", "query_only(1)", "trusted_schema(0)", "cell_size_check(1)"},
	}
)

func dsn(path string, settings url.Values) string {
	u := url.URL{Scheme: "file", Path: path, RawQuery: settings.Encode()}
	return u.String()
}

// ready checks the engine and the file and brings the schema up to date.
func (db *DB) ready(ctx context.Context, path string, existed bool) error {
	var version string
	if err := db.write.QueryRowContext(ctx, `SELECT sqlite_version()`).Scan(&version); err != nil {
		return unsound(path, err)
	}
	if semver.Compare("v"+version, oldest) < 0 {
		return fmt.Errorf("SQLite %s is older than %s and may lose commits", version, oldest)
	}
	if existed {
		if err := db.check(ctx, path); err != nil {
			return err
		}
	}
	return db.migrate(ctx, path)
}

// check refuses a damaged file: what is written into one may be lost as well.
func (db *DB) check(ctx context.Context, path string) error {
	var found string
	if err := db.write.QueryRowContext(ctx, `PRAGMA quick_check(1)`).Scan(&found); err != nil {
		return unsound(path, err)
	}
	if found != "ok" {
		return damaged(path, errors.New(found))
	}
	return nil
}

func damaged(path string, cause error) error {
	return fault.Wrap(fault.Unavailable, cause,
		"the database %s is damaged, or is not a SQLite file; it was left as it is: restore it from a backup, or name another", path).With("database_damaged")
}

// unsound says that a file is damaged when err means that.
func unsound(path string, err error) error {
	if isDamage(err) {
		return damaged(path, err)
	}
	return border("open database", err)
}

func (db *DB) migrate(ctx context.Context, path string) error {
	p, err := provider(db.write)
	if err != nil {
		return err
	}
	current, newest, err := p.GetVersions(ctx)
	if err != nil {
		return unsound(path, err)
	}
	if current > newest {
		return tooNew(path, current, newest)
	}
	pending, err := p.HasPending(ctx)
	if err != nil || !pending {
		return border("migrate", err)
	}
	return border("migrate", upgrade(ctx, path))
}

func tooNew(name string, current, newest int64) error {
	return fault.New(fault.Invalid, "the database %s was written by a newer release (schema %d; this one knows up to %d): use that release, or restore a backup", name, current, newest).With("schema_too_new")
}

// upgrade brings the schema up to date, each step in a transaction, and makes
// sure that no row refers to one that is not there.
func upgrade(ctx context.Context, path string) (err error) {
	db, err := sql.Open("sqlite", dsn(path, migrating))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	db.SetMaxOpenConns(1)
	p, err := provider(db)
	if err != nil {
		return err
	}
	if _, err := p.Up(ctx); err != nil {
		return err
	}
	var orphans int
	if err := db.QueryRowContext(ctx, `SELECT count(*) FROM pragma_foreign_key_check`).Scan(&orphans); err != nil {
		return err
	}
	if orphans > 0 {
		return fmt.Errorf("%d rows refer to what is not there", orphans)
	}
	return nil
}

func provider(db *sql.DB) (*goose.Provider, error) {
	folder, err := fs.Sub(migrations.FS, "sqlite")
	if err != nil {
		return nil, err
	}
	return goose.NewProvider(goose.DialectSQLite3, db, folder, goose.WithDisableGlobalRegistry(true), outOfOrder)
}

// outOfOrder lets a migration be done after one of a higher number: those of changes
// that are made side by side land in any order.
var outOfOrder = goose.WithAllowOutofOrder(true)

// Writer returns the pool of one connection that may write, for the queue, whose
// entries share our transactions.
func (db *DB) Writer() *sql.DB { return db.write }

// Ping returns nil when the database can be read and a write could begin now.
func (db *DB) Ping(ctx context.Context) error {
	var one int
	if err := db.read.QueryRowContext(ctx, `SELECT 1`).Scan(&one); err != nil {
		return border("read", err)
	}
	tx, err := db.write.BeginTx(ctx, nil)
	if err != nil {
		return border("begin to write", err)
	}
	return border("begin to write", tx.Rollback())
}

// Info is what an operator may want to know of the database.
type Info struct {
	Engine string `json:"engine"` // with its version
	Schema int64  `json:"schema"` // number of the newest migration
	Bytes  int64  `json:"bytes"`  // of the file, without its log; of everything on PostgreSQL
}

const info = `
	SELECT
		sqlite_version(),
		(SELECT max(version_id) FROM goose_db_version),
		(SELECT page_count FROM pragma_page_count) * (SELECT page_size FROM pragma_page_size)`

// Info returns facts about the database.
func (db *DB) Info(ctx context.Context) (Info, error) {
	if db.shared != nil {
		return db.sharedInfo(ctx)
	}
	var i Info
	err := db.read.QueryRowContext(ctx, info).Scan(&i.Engine, &i.Schema, &i.Bytes)
	i.Engine = "SQLite " + i.Engine
	return i, border("database info", err)
}

// Close folds the write-ahead log of a file into it, so that the file alone is the
// whole database, and closes the database.
func (db *DB) Close(ctx context.Context) error {
	err := db.read.Close() // a reader would keep the log from being cut
	if db.shared != nil {
		return border("close database", errors.Join(err, db.write.Close()))
	}
	if _, e := db.write.ExecContext(ctx, `PRAGMA wal_checkpoint(TRUNCATE)`); e != nil {
		err = errors.Join(err, e)
	}
	return border("close database", errors.Join(err, db.write.Close()))
}
